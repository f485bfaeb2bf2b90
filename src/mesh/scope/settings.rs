//! What a person may say about the control plane where it cannot be told from the objects.

use crate::mesh::model::{Kind, Text};

/// Overrides; `None` means that the objects decide.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Settings {
    /// The namespace istiod runs in (else that of the Deployment labelled `app: istiod`, else `istio-system`).
    pub istio_namespace: Option<Text>,
    /// The revision every pod is taken to belong to (else what the pod says).
    pub revision: Option<Text>,
    /// istiod's version, such as `1.29.2` (else its image's tag).
    pub istio_version: Option<Text>,
}

/// The kinds that an endpoint table is computed from: before all of them are listed there is none, and one that
/// cannot be read makes it incomplete.
pub fn needed_kinds() -> &'static [Kind] {
    &[
        Kind::Namespace,
        Kind::Node,
        Kind::Pod,
        Kind::Service,
        Kind::EndpointSlice,
        Kind::MeshConfigMap,
        Kind::Istiod,
        Kind::Sidecar,
        Kind::VirtualService,
        Kind::DestinationRule,
        Kind::ServiceEntry,
        Kind::WorkloadEntry,
        Kind::Gateway,
        Kind::EnvoyFilter,
        Kind::HTTPRoute,
        Kind::GRPCRoute,
        Kind::TCPRoute,
        Kind::TLSRoute,
    ]
}
