//! VirtualService and DestinationRule, cut down to what rules read.
//!
//! Hosts, gateways and exportTo are as written: short names are expanded by the rules (`mesh::scope`), because that
//! needs istiod's DNS suffix. Nothing is validated.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Labels, LocalityLb, Meta, Provenance, Text, ZoneAwareLb};

/// `networking.istio.io VirtualService`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VirtualService {
    /// Key, age, labels.
    pub meta: Meta,
    /// Who wrote it, and its text.
    pub provenance: Provenance,
    /// `spec.hosts`; empty makes it a delegate.
    pub hosts: Arc<[Text]>,
    /// `spec.gateways`; empty means `mesh`.
    pub gateways: Arc<[Text]>,
    /// `spec.exportTo`; empty where absent (the mesh default then counts).
    pub export_to: Arc<[Text]>,
    /// `spec.http` in order.
    pub http: Arc<[HttpRoute]>,
    /// `spec.tcp`: the destinations of each route, in order.
    pub tcp: Arc<[Arc<[Destination]>]>,
    /// `spec.tls`: the destinations of each route, in order.
    pub tls: Arc<[Arc<[Destination]>]>,
}

/// One entry of `spec.http`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpRoute {
    /// `match` in order; empty where absent.
    pub matches: Arc<[HttpMatch]>,
    /// `route[].destination` in order; a `route` without `destination` is left out.
    pub destinations: Arc<[Destination]>,
    /// `mirror`.
    pub mirror: Option<Destination>,
    /// `mirrors[].destination` in order; empty where absent.
    pub mirrors: Arc<[Destination]>,
    /// `delegate`.
    pub delegate: Option<Delegate>,
}

/// `delegate` of a route.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Delegate {
    /// `name`.
    pub name: Text,
    /// `namespace`; empty where absent (then the root VirtualService's own).
    pub namespace: Text,
}

/// One entry of `http[].match`: all of it, for whether a delegate's match is in conflict with its root's.
///
/// istio: `pilot/pkg/model/virtualservice.go`, `hasConflict`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpMatch {
    /// `uri`, `scheme`, `method`, `authority`, in this order.
    pub request: [Option<StringMatch>; 4],
    /// `headers`, by name.
    pub headers: Arc<[(Text, StringMatch)]>,
    /// `withoutHeaders`, by name.
    pub without_headers: Arc<[(Text, StringMatch)]>,
    /// `queryParams`, by name.
    pub query_params: Arc<[(Text, StringMatch)]>,
    /// `ignoreUriCase`.
    pub ignore_uri_case: bool,
    /// `port`; 0 where absent.
    pub port: u32,
    /// `sourceNamespace`; empty where absent.
    pub source_namespace: Text,
    /// `sourceLabels`.
    pub source_labels: Labels,
    /// `gateways`, as written; empty where absent.
    pub gateways: Arc<[Text]>,
}

/// How a text must look.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum StringMatch {
    /// Present, but says nothing (`{}`).
    #[default]
    Unset,
    /// `exact`
    Exact(Text),
    /// `prefix`
    Prefix(Text),
    /// `regex`
    Regex(Text),
}

/// `destination` of a route or a mirror.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Destination {
    /// `host`, as written.
    pub host: Text,
    /// `subset`; empty where absent.
    pub subset: Text,
    /// `port.number`: `None` where `port` is absent, 0 where it is there without a number.
    pub port: Option<u32>,
}

/// `networking.istio.io DestinationRule`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DestinationRule {
    /// Key, age, labels.
    pub meta: Meta,
    /// Who wrote it, and its text.
    pub provenance: Provenance,
    /// `spec.host`, as written.
    pub host: Text,
    /// `spec.exportTo`; empty where absent.
    pub export_to: Arc<[Text]>,
    /// `spec.workloadSelector.matchLabels`: `None` if the selector is absent, empty if it is there without labels.
    pub selector: Option<Labels>,
    /// `spec.trafficPolicy`; `None` if absent.
    pub policy: Option<Arc<TrafficPolicy>>,
    /// `spec.subsets` in order.
    pub subsets: Arc<[Subset]>,
}

/// One entry of `spec.subsets`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Subset {
    /// `name`.
    pub name: Text,
    /// `labels`; empty means every endpoint.
    pub labels: Labels,
    /// `trafficPolicy`; `None` if absent.
    pub policy: Option<Arc<TrafficPolicy>>,
}

/// `trafficPolicy` of a rule or a subset.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrafficPolicy {
    /// `loadBalancer`, `outlierDetection` and `tls`.
    pub settings: PolicySettings,
    /// `portLevelSettings` in order.
    pub ports: Arc<[PortPolicy]>,
}

/// One entry of `portLevelSettings`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PortPolicy {
    /// `port.number`: `None` if `port` is absent (the entry then never counts).
    pub port: Option<u32>,
    /// What it sets.
    pub settings: PolicySettings,
}

/// What a policy can say at rule, subset or port level, as far as it changes endpoints.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicySettings {
    /// `loadBalancer`; `None` if absent.
    pub load_balancer: Option<Arc<LoadBalancer>>,
    /// `outlierDetection`; `None` if absent.
    pub outlier_detection: Option<OutlierDetection>,
    /// `tls.mode` as written; `None` if `tls` is absent, empty if it has no mode.
    pub tls_mode: Option<Text>,
}

/// `loadBalancer`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadBalancer {
    /// `simple`, as written (`PASSTHROUGH` takes the endpoints away); empty where absent.
    pub simple: Text,
    /// `localityLbSetting`; `None` if absent.
    pub locality: Option<LocalityLb>,
    /// `zoneAwareLbSetting`; `None` if absent.
    pub zone_aware: Option<ZoneAwareLb>,
}

/// `outlierDetection`: that it is there, and the share of healthy endpoints it asks for.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OutlierDetection {
    /// `minHealthPercent`; 0 where absent. More than 0 keeps unhealthy endpoints out of the table.
    pub min_health_percent: i32,
}
