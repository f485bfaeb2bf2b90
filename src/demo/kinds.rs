//! The table of kinds that the demo serves: one line a kind, everything else derives from it.
//!
//! Not the schemas. Versions, scopes, short names and subresources are those of Kubernetes 1.36, of Istio's
//! `manifests/charts/base/files/crd-all.gen.yaml` and of the Gateway API's CRDs. A kind of [`Origin::Custom`] is served only
//! while its `CustomResourceDefinition` is in the store, as in a real cluster.

/// A kind that is served. Plural names are unique among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(
    missing_docs,
    reason = "the names are the plurals of Kubernetes' and Istio's own kinds"
)]
pub enum Resource {
    Namespaces,
    Nodes,
    Pods,
    Services,
    ConfigMaps,
    Events,
    Deployments,
    ReplicaSets,
    EndpointSlices,
    MutatingWebhookConfigurations,
    CustomResourceDefinitions,
    Sidecars,
    VirtualServices,
    DestinationRules,
    ServiceEntries,
    WorkloadEntries,
    Gateways,
    EnvoyFilters,
    ProxyConfigs,
    HttpRoutes,
    GrpcRoutes,
    TcpRoutes,
    TlsRoutes,
}

/// Where a kind comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Compiled into kube-apiserver: strategic merge patches work, list items carry no kind, unknown fields are dropped.
    BuiltIn,
    /// Defined by a `CustomResourceDefinition`.
    Custom,
}

/// Whether objects live in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Names are unique in the cluster.
    Cluster,
    /// Names are unique in a namespace.
    Namespaced,
}

/// Whether `/status` is written apart from the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The kind has no status, or it is an ordinary field.
    Plain,
    /// A write to the object leaves `status` alone and a write to `/status` leaves everything else alone.
    Subresource,
}

/// What makes `metadata.generation` grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// The kind has no generation.
    None,
    /// Any change outside `metadata` and `status`.
    Content,
}

/// The names and properties of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Served versions, the preferred (and stored) one first; never empty.
    pub versions: &'static [&'static str],
    /// Kind, such as `Sidecar`.
    pub kind: &'static str,
    /// Plural name, as in URLs.
    pub plural: &'static str,
    /// Singular name, as kubectl takes it.
    pub singular: &'static str,
    /// Short names, as kubectl takes them.
    pub short_names: &'static [&'static str],
    /// Categories, such as `all` or `istio-io`.
    pub categories: &'static [&'static str],
    /// Built in or custom.
    pub origin: Origin,
    /// Whether objects live in a namespace.
    pub scope: Scope,
    /// Whether there is a `/status`.
    pub status: Status,
    /// What makes the generation grow.
    pub generation: Generation,
    /// Fields that field selectors may name besides `metadata.name` and `metadata.namespace`.
    pub fields: &'static [&'static str],
}

const ISTIO: &str = "networking.istio.io";
const GATEWAY_API: &str = "gateway.networking.k8s.io";
const ISTIO_VERSIONS: &[&str] = &["v1", "v1beta1", "v1alpha3"];
const POD_FIELDS: &[&str] = &[
    "spec.hostNetwork",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.nominatedNodeName",
    "status.phase",
    "status.podIP",
];
const EVENT_FIELDS: &[&str] = &[
    "involvedObject.apiVersion",
    "involvedObject.fieldPath",
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.resourceVersion",
    "involvedObject.uid",
    "reason",
    "reportingComponent",
    "source",
    "type",
];

impl Resource {
    /// Every kind, in the order of the table.
    pub const ALL: [Self; 23] = [
        Self::Namespaces,
        Self::Nodes,
        Self::Pods,
        Self::Services,
        Self::ConfigMaps,
        Self::Events,
        Self::Deployments,
        Self::ReplicaSets,
        Self::EndpointSlices,
        Self::MutatingWebhookConfigurations,
        Self::CustomResourceDefinitions,
        Self::Sidecars,
        Self::VirtualServices,
        Self::DestinationRules,
        Self::ServiceEntries,
        Self::WorkloadEntries,
        Self::Gateways,
        Self::EnvoyFilters,
        Self::ProxyConfigs,
        Self::HttpRoutes,
        Self::GrpcRoutes,
        Self::TcpRoutes,
        Self::TlsRoutes,
    ];

    /// The kind's line of the table.
    pub const fn spec(self) -> Spec {
        match self {
            Self::Namespaces => built_in("", "Namespace", "namespaces", "namespace")
                .cluster()
                .short(&["ns"])
                .status()
                .fields(&["status.phase"]),
            Self::Nodes => built_in("", "Node", "nodes", "node")
                .cluster()
                .short(&["no"])
                .status()
                .fields(&["spec.unschedulable"]),
            Self::Pods => built_in("", "Pod", "pods", "pod")
                .short(&["po"])
                .categories(&["all"])
                .status()
                .generation()
                .fields(POD_FIELDS),
            Self::Services => built_in("", "Service", "services", "service")
                .short(&["svc"])
                .categories(&["all"])
                .status()
                .fields(&["spec.clusterIP", "spec.type"]),
            Self::ConfigMaps => built_in("", "ConfigMap", "configmaps", "configmap").short(&["cm"]),
            Self::Events => built_in("", "Event", "events", "event")
                .short(&["ev"])
                .fields(EVENT_FIELDS),
            Self::Deployments => built_in("apps", "Deployment", "deployments", "deployment")
                .short(&["deploy"])
                .categories(&["all"])
                .status()
                .generation(),
            Self::ReplicaSets => built_in("apps", "ReplicaSet", "replicasets", "replicaset")
                .short(&["rs"])
                .categories(&["all"])
                .status()
                .generation()
                .fields(&["status.replicas"]),
            Self::EndpointSlices => {
                built_in("discovery.k8s.io", "EndpointSlice", "endpointslices", "endpointslice").generation()
            }
            Self::MutatingWebhookConfigurations => built_in(
                "admissionregistration.k8s.io",
                "MutatingWebhookConfiguration",
                "mutatingwebhookconfigurations",
                "mutatingwebhookconfiguration",
            )
            .cluster()
            .categories(&["api-extensions"])
            .generation(),
            Self::CustomResourceDefinitions => built_in(
                "apiextensions.k8s.io",
                "CustomResourceDefinition",
                "customresourcedefinitions",
                "customresourcedefinition",
            )
            .cluster()
            .short(&["crd", "crds"])
            .categories(&["api-extensions"])
            .status()
            .generation(),
            Self::Sidecars => istio("Sidecar", "sidecars", "sidecar"),
            Self::VirtualServices => istio("VirtualService", "virtualservices", "virtualservice").short(&["vs"]),
            Self::DestinationRules => istio("DestinationRule", "destinationrules", "destinationrule").short(&["dr"]),
            Self::ServiceEntries => istio("ServiceEntry", "serviceentries", "serviceentry").short(&["se"]),
            Self::WorkloadEntries => istio("WorkloadEntry", "workloadentries", "workloadentry").short(&["we"]),
            Self::Gateways => istio("Gateway", "gateways", "gateway").short(&["gw"]),
            Self::EnvoyFilters => istio("EnvoyFilter", "envoyfilters", "envoyfilter").versions(&["v1alpha3"]),
            Self::ProxyConfigs => istio("ProxyConfig", "proxyconfigs", "proxyconfig").versions(&["v1beta1"]),
            Self::HttpRoutes => route("HTTPRoute", "httproutes", "httproute", &["v1", "v1beta1"]),
            Self::GrpcRoutes => route("GRPCRoute", "grpcroutes", "grpcroute", &["v1"]),
            Self::TcpRoutes => route("TCPRoute", "tcproutes", "tcproute", &["v1", "v1alpha2"]),
            Self::TlsRoutes => route("TLSRoute", "tlsroutes", "tlsroute", &["v1", "v1alpha3", "v1alpha2"]),
        }
    }

    /// Finds a kind by its plural, singular, short name or kind, as a person types it; case does not count.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| {
            let spec = resource.spec();
            let is = |candidate: &str| candidate.eq_ignore_ascii_case(name);
            is(spec.plural) || is(spec.singular) || is(spec.kind) || spec.short_names.iter().any(|short| is(short))
        })
    }

    /// Finds the kind that a manifest's `apiVersion` and `kind` name; only served versions count.
    pub fn of_manifest(api_version: &str, kind: &str) -> Option<Self> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::ALL.into_iter().find(|resource| {
            let spec = resource.spec();
            spec.group == group && spec.kind == kind && spec.versions.contains(&version)
        })
    }

    /// Finds the kind behind `/apis/GROUP/VERSION/PLURAL`.
    pub fn of_url(group: &str, version: &str, plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| {
            let spec = resource.spec();
            spec.group == group && spec.plural == plural && spec.versions.contains(&version)
        })
    }
}

impl Spec {
    /// `group/version`, or the bare version in the core group.
    pub fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() {
            version.to_owned()
        } else {
            format!("{}/{version}", self.group)
        }
    }

    /// The preferred version, which is the stored one.
    pub fn preferred(&self) -> &'static str {
        self.versions.first().copied().unwrap_or("v1")
    }

    /// `plural.group`, or the bare plural in the core group: how errors name a resource, and how a definition is called.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    const fn cluster(mut self) -> Self {
        self.scope = Scope::Cluster;
        self
    }
    const fn short(mut self, names: &'static [&'static str]) -> Self {
        self.short_names = names;
        self
    }
    const fn categories(mut self, categories: &'static [&'static str]) -> Self {
        self.categories = categories;
        self
    }
    const fn status(mut self) -> Self {
        self.status = Status::Subresource;
        self
    }
    const fn generation(mut self) -> Self {
        self.generation = Generation::Content;
        self
    }
    const fn fields(mut self, fields: &'static [&'static str]) -> Self {
        self.fields = fields;
        self
    }
    const fn versions(mut self, versions: &'static [&'static str]) -> Self {
        self.versions = versions;
        self
    }
}

const fn built_in(group: &'static str, kind: &'static str, plural: &'static str, singular: &'static str) -> Spec {
    Spec {
        group,
        versions: &["v1"],
        kind,
        plural,
        singular,
        short_names: &[],
        categories: &[],
        origin: Origin::BuiltIn,
        scope: Scope::Namespaced,
        status: Status::Plain,
        generation: Generation::None,
        fields: &[],
    }
}

const fn istio(kind: &'static str, plural: &'static str, singular: &'static str) -> Spec {
    Spec {
        group: ISTIO,
        versions: ISTIO_VERSIONS,
        kind,
        plural,
        singular,
        short_names: &[],
        categories: &["istio-io", "networking-istio-io"],
        origin: Origin::Custom,
        scope: Scope::Namespaced,
        status: Status::Subresource,
        generation: Generation::Content,
        fields: &[],
    }
}

const fn route(
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
    versions: &'static [&'static str],
) -> Spec {
    Spec {
        group: GATEWAY_API,
        versions,
        categories: &["gateway-api"],
        ..istio(kind, plural, singular)
    }
}
