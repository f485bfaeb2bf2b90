//! `meshConfig`, as far as rules read it: what was written, not what istiod makes of it.
//!
//! `None` or empty where a field is absent, so that one document can be laid over another (`SHARED_MESH_CONFIG`).
//! Defaults live with the rules (`mesh::scope`). istio: `pkg/config/mesh/mesh.go`, `DefaultMeshConfig`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Labels, Text};

/// Key `mesh` of istiod's `ConfigMap`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MeshConfig {
    /// `rootNamespace`.
    pub root_namespace: Option<Text>,
    /// `defaultServiceExportTo`.
    pub default_service_export_to: Option<Arc<[Text]>>,
    /// `defaultVirtualServiceExportTo`.
    pub default_virtual_service_export_to: Option<Arc<[Text]>>,
    /// `defaultDestinationRuleExportTo`.
    pub default_destination_rule_export_to: Option<Arc<[Text]>>,
    /// `outboundTrafficPolicy.mode`; `REGISTRY_ONLY` where the policy has no mode.
    pub outbound_mode: Option<Text>,
    /// `inboundTrafficPolicy.mode`; `PASSTHROUGH` where the policy has no mode.
    pub inbound_mode: Option<Text>,
    /// `discoverySelectors`: namespaces that match any of them count; `None` or empty means all.
    pub discovery_selectors: Option<Arc<[LabelSelector]>>,
    /// `localityLbSetting`.
    pub locality: Option<LocalityLb>,
    /// `zoneAwareLbSetting`.
    pub zone_aware: Option<ZoneAwareLb>,
    /// `serviceEntryVisibility`.
    pub service_entry_visibility: Option<ServiceEntryVisibility>,
    /// `defaultConfig`; every proxy starts from it.
    pub default_config: ProxyConfig,
}

/// `ProxyConfig`, in `meshConfig.defaultConfig`, in annotation `proxy.istio.io/config` and in the proxy container's
/// `PROXY_CONFIG`: what names ports and paths of Envoy's own static clusters.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxyConfig {
    /// `proxyAdminPort`.
    pub proxy_admin_port: Option<u16>,
    /// `statusPort`.
    pub status_port: Option<u16>,
    /// `configPath`.
    pub config_path: Option<Text>,
    /// `interceptionMode`, as written.
    pub interception_mode: Option<Text>,
    /// The address of the tracer in `tracing`, with the name of Envoy's cluster for it (`zipkin`, `lightstep`,
    /// `datadog_agent` ...).
    pub tracing: Option<(Text, Text)>,
    /// `envoyMetricsService.address`.
    pub metrics_service: Option<Text>,
    /// `envoyAccessLogService.address`.
    pub access_log_service: Option<Text>,
    /// `customConfigFile` is set: the bootstrap is somebody's own.
    pub has_custom_bootstrap: bool,
}

/// A Kubernetes label selector. Empty selects everything.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelSelector {
    /// `matchLabels`.
    pub labels: Labels,
    /// `matchExpressions`: all must hold.
    pub expressions: Arc<[Requirement]>,
}

/// One entry of `matchExpressions`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Requirement {
    /// `key`.
    pub key: Text,
    /// `operator`, as written: `In`, `NotIn`, `Exists`, `DoesNotExist`.
    pub operator: Text,
    /// `values`.
    pub values: Arc<[Text]>,
}

/// `localityLbSetting` of the mesh or of a DestinationRule.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LocalityLb {
    /// `enabled`; `None` if absent (which means yes).
    pub enabled: Option<bool>,
    /// `distribute` in order.
    pub distribute: Arc<[Distribute]>,
    /// `failover` in order: from, to.
    pub failover: Arc<[(Text, Text)]>,
    /// `failoverPriority` in order.
    pub failover_priority: Arc<[Text]>,
}

/// One entry of `distribute`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Distribute {
    /// `from`: the proxy's locality, parts may be `*`.
    pub from: Text,
    /// `to`: locality and weight, by locality.
    pub to: Arc<[(Text, u32)]>,
}

/// `zoneAwareLbSetting` of the mesh or of a DestinationRule.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ZoneAwareLb {
    /// `enabled`; `None` if absent.
    pub enabled: Option<bool>,
}

/// `serviceEntryVisibility`: caps how far a ServiceEntry is seen, by the labels of its namespace.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceEntryVisibility {
    /// `applyToSidecars`; without it nothing here concerns sidecars.
    pub applies_to_sidecars: bool,
    /// `defaultVisibility`, as written; empty where absent (`PUBLIC`).
    pub default: Text,
    /// `policies` in order: the first whose rules all match decides.
    pub policies: Arc<[VisibilityPolicy]>,
}

/// One entry of `policies`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VisibilityPolicy {
    /// `visibility`, as written; empty where absent.
    pub visibility: Text,
    /// `matchingRules[].namespaceSelector` in order; `None` for a rule without one.
    pub rules: Arc<[Option<LabelSelector>]>,
}
