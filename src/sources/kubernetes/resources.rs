//! Where each kind lives in the API: group, versions from best to oldest, plural name, and how much of it is asked for.

use crate::mesh::model::{Kind, Text};
use crate::mesh::world::ListScope;

/// Where to ask for a kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource {
    /// Empty for the core group.
    pub(super) group: &'static str,
    /// The best served one is used.
    pub(super) versions: &'static [&'static str],
    /// Lower case, plural.
    pub(super) plural: &'static str,
    /// Where its objects are looked for.
    pub(super) place: Place,
    /// Selectors that leave out what nobody reads, ready for a query; empty for none.
    pub(super) query: &'static str,
}

/// Where objects of a kind are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// The kind has no namespace.
    ClusterScoped,
    /// In all namespaces.
    Everywhere,
    /// Only in the namespace of the control plane.
    ControlPlane,
}

const V1: &[&str] = &["v1"];
const ISTIO: &[&str] = &["v1", "v1beta1", "v1alpha3"];

/// The table of resources.
pub(super) fn resource(kind: Kind) -> Resource {
    use Place::{ClusterScoped, ControlPlane, Everywhere};
    let core = |plural, place, query| Resource {
        group: "",
        versions: V1,
        plural,
        place,
        query,
    };
    let of = |group, versions, plural| Resource {
        group,
        versions,
        plural,
        place: Everywhere,
        query: "",
    };
    let istio = |plural| of("networking.istio.io", ISTIO, plural);
    let gateway_api = |versions, plural| of("gateway.networking.k8s.io", versions, plural);
    match kind {
        Kind::Namespace => core("namespaces", ClusterScoped, ""),
        Kind::Node => core("nodes", ClusterScoped, ""),
        Kind::Pod => core("pods", Everywhere, ""),
        Kind::Service => core("services", Everywhere, ""),
        // of all events those of pods that somebody on call would look for
        Kind::Event => core(
            "events",
            Everywhere,
            "fieldSelector=involvedObject.kind%3DPod,type%3DWarning",
        ),
        Kind::MeshConfigMap => core("configmaps", ControlPlane, ""),
        Kind::Istiod => Resource {
            query: "labelSelector=app%3Distiod",
            ..of("apps", V1, "deployments")
        },
        Kind::EndpointSlice => of("discovery.k8s.io", V1, "endpointslices"),
        Kind::RevisionTag => Resource {
            place: ClusterScoped,
            query: "labelSelector=istio.io%2Ftag",
            ..of("admissionregistration.k8s.io", V1, "mutatingwebhookconfigurations")
        },
        Kind::Sidecar => istio("sidecars"),
        Kind::VirtualService => istio("virtualservices"),
        Kind::DestinationRule => istio("destinationrules"),
        Kind::ServiceEntry => istio("serviceentries"),
        Kind::WorkloadEntry => istio("workloadentries"),
        Kind::Gateway => istio("gateways"),
        Kind::EnvoyFilter => of("networking.istio.io", &["v1alpha3"], "envoyfilters"),
        Kind::HTTPRoute => gateway_api(&["v1", "v1beta1"], "httproutes"),
        Kind::GRPCRoute => gateway_api(&["v1", "v1alpha2"], "grpcroutes"),
        Kind::TCPRoute => gateway_api(&["v1", "v1alpha2"], "tcproutes"),
        Kind::TLSRoute => gateway_api(&["v1", "v1alpha3", "v1alpha2"], "tlsroutes"),
    }
}

/// What an object of a kind may have as its `apiVersion`, from best to oldest.
pub(in crate::sources) fn api_versions(kind: Kind) -> impl Iterator<Item = String> {
    let Resource { group, versions, .. } = resource(kind);
    versions.iter().map(move |version| match group {
        "" => (*version).to_owned(),
        group => format!("{group}/{version}"),
    })
}

impl Resource {
    /// The path of the collection in this scope, at the `version`-th served version.
    pub(super) fn path(&self, version: &str, scope: &ListScope, istio_namespace: &str) -> String {
        let base = match self.group {
            "" => format!("/api/{version}"),
            group => format!("/apis/{group}/{version}"),
        };
        let plural = self.plural;
        match (self.place, scope) {
            (Place::ClusterScoped, _) | (Place::Everywhere, ListScope::All) => format!("{base}/{plural}"),
            (Place::Everywhere, ListScope::Namespace(namespace)) => format!("{base}/namespaces/{namespace}/{plural}"),
            (Place::ControlPlane, _) => format!("{base}/namespaces/{istio_namespace}/{plural}"),
        }
    }

    /// Whether a `CustomResourceDefinition` makes it.
    pub(super) fn is_custom(&self) -> bool {
        matches!(self.group, "networking.istio.io" | "gateway.networking.k8s.io")
    }

    /// The path of the discovery of the `version`-th version's group; `None` for what every server has.
    pub(super) fn discovery(&self, version: usize) -> Option<String> {
        let version = self.versions.get(version).filter(|_| self.is_custom())?;
        Some(format!("/apis/{}/{version}", self.group))
    }

    /// The namespace that a refusal in this scope is about; empty for the whole cluster.
    pub(super) fn namespace_of(&self, scope: &ListScope, istio_namespace: &str) -> Text {
        match (self.place, scope) {
            (Place::ControlPlane, _) => istio_namespace.into(),
            (Place::Everywhere, ListScope::Namespace(namespace)) => namespace.clone(),
            (Place::ClusterScoped, _) | (Place::Everywhere, ListScope::All) => Text::default(),
        }
    }
}
