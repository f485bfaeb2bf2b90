//! Istio's Gateway, the Gateway API's routes and EnvoyFilter, cut down to what rules read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Labels, Meta, Provenance, Text};

/// `networking.istio.io Gateway`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gateway {
    /// Key, age, labels.
    pub meta: Meta,
    /// Who wrote it, and its text.
    pub provenance: Provenance,
    /// `spec.selector`: labels of the pods that it configures; empty means all.
    pub selector: Labels,
    /// `spec.servers` in order.
    pub servers: Arc<[Server]>,
}

/// One entry of `spec.servers`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Server {
    /// `port.number`.
    pub port: u32,
    /// `port.protocol`, as written.
    pub protocol: Text,
    /// `hosts`, as written.
    pub hosts: Arc<[Text]>,
    /// `tls.mode`, as written; empty where absent. `AUTO_PASSTHROUGH` adds clusters of its own.
    pub tls_mode: Text,
}

/// What `HTTPRoute`, `GRPCRoute`, `TCPRoute` and `TLSRoute` share: which Service they hang on and where they send.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RouteSpec {
    /// `spec.parentRefs` in order.
    pub parents: Arc<[ParentRef]>,
    /// `spec.rules` in order.
    pub rules: Arc<[RouteRule]>,
}

/// One entry of `spec.parentRefs`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ParentRef {
    /// `group`; `None` if absent (the Gateway API's own), empty for core kinds.
    pub group: Option<Text>,
    /// `kind`; `None` if absent (`Gateway`).
    pub kind: Option<Text>,
    /// `namespace`; `None` if absent (the route's own).
    pub namespace: Option<Text>,
    /// `name`.
    pub name: Text,
    /// `sectionName`; empty where absent.
    pub section_name: Text,
    /// `port`; `None` if absent.
    pub port: Option<u32>,
}

/// One entry of `spec.rules`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RouteRule {
    /// `backendRefs` in order; empty where absent.
    pub backends: Arc<[BackendRef]>,
    /// `filters[].requestMirror.backendRef` in order.
    pub mirrors: Arc<[BackendRef]>,
    /// There is a filter `RequestRedirect`.
    pub redirects: bool,
    /// A filter of the rule or of a backend is of a type that istiod refuses (then the whole route counts for
    /// nothing): anything but `RequestHeaderModifier`, `ResponseHeaderModifier`, `RequestRedirect`, `RequestMirror`,
    /// `URLRewrite`, `CORS` on a rule, and the first two on a backend.
    pub has_refused_filter: bool,
}

/// A backend of a rule, or of a mirror.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BackendRef {
    /// `group`; `None` if absent (core).
    pub group: Option<Text>,
    /// `kind`; `None` if absent (`Service`).
    pub kind: Option<Text>,
    /// `namespace`; `None` if absent (the route's own).
    pub namespace: Option<Text>,
    /// `name`.
    pub name: Text,
    /// `port`; `None` if absent.
    pub port: Option<u32>,
    /// `weight`; 1 where absent.
    pub weight: i32,
}

macro_rules! routes {
    ($($name:ident)*) => {
        $(
            #[doc = concat!("`gateway.networking.k8s.io ", stringify!($name), "`.")]
            #[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
            #[serde(default)]
            pub struct $name {
                /// Key, age, labels.
                pub meta: Meta,
                /// Who wrote it, and its text.
                pub provenance: Provenance,
                /// Parents and rules.
                pub spec: RouteSpec,
            }
        )*
    };
}

routes!(HTTPRoute GRPCRoute TCPRoute TLSRoute);

/// `networking.istio.io EnvoyFilter`: whom it concerns and what it does to clusters.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvoyFilter {
    /// Key, age, labels.
    pub meta: Meta,
    /// Who wrote it, and its text.
    pub provenance: Provenance,
    /// `spec.workloadSelector.labels`: `None` if the selector is absent.
    pub selector: Option<Labels>,
    /// `spec.targetRefs` is there (only gateways and waypoints are then meant).
    pub has_target_refs: bool,
    /// `spec.priority`; 0 where absent.
    pub priority: i32,
    /// `spec.configPatches` with `applyTo: CLUSTER`, in order; all others are left out.
    pub clusters: Arc<[ClusterPatch]>,
}

/// One entry of `spec.configPatches` with `applyTo: CLUSTER`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterPatch {
    /// `patch.operation`, as written; empty where absent.
    pub operation: Text,
    /// `match.context`, as written; empty where absent (`ANY`).
    pub context: Text,
    /// `match.proxy` is there and asks for a version or for metadata.
    pub has_proxy_match: bool,
    /// `match.proxy.proxyVersion`, a regular expression; empty where absent.
    pub proxy_version: Text,
    /// `match.cluster`; `None` if absent (every cluster is then meant).
    pub cluster: Option<ClusterMatch>,
    /// `patch.value.name`; empty where absent.
    pub value_name: Text,
}

/// `match.cluster` of a patch.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterMatch {
    /// `portNumber`; 0 where absent.
    pub port: u32,
    /// `service`; empty where absent.
    pub service: Text,
    /// `subset`; empty where absent.
    pub subset: Text,
    /// `name`; empty where absent.
    pub name: Text,
}
