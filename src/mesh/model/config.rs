//! Sidecar, and what configures istiod itself, cut down to what rules and views read.
//!
//! The decoder keeps the difference between absent and empty wherever istiod does. Nothing is validated: istiod
//! does not validate on read either (scope rules §1.3).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Labels, MeshConfig, Meta, Provenance, Text};

/// `networking.istio.io Sidecar`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sidecar {
    /// Key, age, labels.
    pub meta: Meta,
    /// Who wrote it, and its text.
    pub provenance: Provenance,
    /// `spec.workloadSelector`: `None` if absent, empty labels if present without labels (these differ, §3).
    pub selector: Option<Labels>,
    /// `spec.egress` in order; empty where absent (which means one listener `*/*`).
    pub egress: Arc<[EgressListener]>,
    /// `spec.ingress` in order.
    pub ingress: Arc<[IngressListener]>,
    /// `spec.outboundTrafficPolicy.mode`; `None` if the policy is absent, `REGISTRY_ONLY` if it has no mode.
    pub outbound_mode: Option<Text>,
}

/// One entry of `spec.egress`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EgressListener {
    /// `port`; absent means all ports.
    pub port: Option<ListenerPort>,
    /// `bind`; empty where absent.
    pub bind: Text,
    /// `hosts` in order, as written.
    pub hosts: Arc<[Text]>,
}

/// One entry of `spec.ingress`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressListener {
    /// `port`.
    pub port: ListenerPort,
    /// `bind`; empty where absent.
    pub bind: Text,
    /// `defaultEndpoint`; empty where absent.
    pub default_endpoint: Text,
}

/// The port of a listener.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListenerPort {
    /// 0 where absent.
    pub number: u32,
    /// As written.
    pub protocol: Text,
    /// As written.
    pub name: Text,
}

/// `v1/ConfigMap` that holds a mesh config: `istio`, `istio-<revision>`, or the one `SHARED_MESH_CONFIG` names.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MeshConfigMap {
    /// Key.
    pub meta: Meta,
    /// Who wrote it, and its text.
    pub provenance: Provenance,
    /// Key `mesh`, as far as rules read it; `None` if the key is absent.
    pub mesh: Option<Arc<MeshConfig>>,
    /// Key `meshNetworks` holds a gateway.
    pub has_network_gateways: bool,
}

/// `apps/v1 Deployment` of an istiod: what its flags are.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Istiod {
    /// Key, labels (`istio.io/rev`).
    pub meta: Meta,
    /// Who wrote it, and its text.
    pub provenance: Provenance,
    /// Literal environment of container `discovery`.
    pub env: Labels,
    /// Names of variables whose value comes from elsewhere (`valueFrom`), so that it cannot be read; of an `envFrom`,
    /// whose names are not known either, `PREFIX* of configmap/NAME`.
    pub unreadable_env: Arc<[Text]>,
    /// Arguments of container `discovery`.
    pub args: Arc<[Text]>,
    /// The image's tag; empty if there is none.
    pub image_tag: Text,
}

/// `admissionregistration.k8s.io MutatingWebhookConfiguration` that maps a revision tag to a revision.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RevisionTag {
    /// Key; labels `istio.io/tag` and `istio.io/rev` say the rest.
    pub meta: Meta,
}
