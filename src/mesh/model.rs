//! Plain data in Kubernetes' and Istio's own nouns, compact: what survives of an object once it has been decoded.
//!
//! Not here: where objects come from (`sources`), what follows from them ([`super::scope`]), how they look
//! (`app::view`). Equality of two objects means that no reader could see a difference; that makes it the filter for
//! events that say nothing new. A new watched kind is a struct here, a decode file, and a line in `kinds!`.

mod brief;
mod config;
mod core;
mod diagnostic;
mod entry;
mod gateway;
mod host;
mod interner;
mod mesh_config;
mod meta;
mod near;
mod packet;
mod text;
mod traffic;

use std::sync::Arc;

pub use self::brief::brief;
pub use self::config::{EgressListener, IngressListener, Istiod, ListenerPort, MeshConfigMap, RevisionTag, Sidecar};
pub use self::core::{
    ContainerPort, EndpointSlice, Event, Namespace, Node, Pod, PodPrinted, Proxy, ProxyKind, Service, ServicePort,
    SliceEndpoint, SlicePort, TargetPort,
};
pub use self::diagnostic::Diagnostic;
pub use self::entry::{EntryPort, ServiceEntry, Workload, WorkloadEntry};
pub use self::gateway::{
    BackendRef, ClusterMatch, ClusterPatch, EnvoyFilter, GRPCRoute, Gateway, HTTPRoute, ParentRef, RouteRule,
    RouteSpec, Server, TCPRoute, TLSRoute,
};
pub use self::host::{HostCounters, HostFault};
pub use self::interner::Interner;
pub use self::mesh_config::{
    Distribute, LabelSelector, LocalityLb, MeshConfig, ProxyConfig, Requirement, ServiceEntryVisibility,
    VisibilityPolicy, ZoneAwareLb,
};
pub use self::meta::{FieldManager, Key, Meta, Owner, Provenance, Uid};
pub use self::near::{is_misspelt, nearest, nearest_host};
pub use self::packet::{BadIp, Content, Extension, Layer, Packet, Routing, Seen, Segment, Socket, Unread};
pub use self::text::{Labels, Text};
pub use self::traffic::{
    Delegate, Destination, DestinationRule, HttpMatch, HttpRoute, LoadBalancer, OutlierDetection, PolicySettings,
    PortPolicy, StringMatch, Subset, TrafficPolicy, VirtualService,
};

/// Calls `$then!` with every watched kind: `Variant table_field "kubectl name" config|core`.
///
/// The table of kinds: [`Kind`], [`Object`], the world's tables and the decoders are made from it.
#[macro_export]
#[doc(hidden)]
macro_rules! kinds {
    ($then:ident) => {
        $then! {
            Namespace namespaces "namespaces" core,
            Node nodes "nodes" core,
            Pod pods "pods" core,
            Service services "services" config,
            EndpointSlice slices "endpointslices.discovery.k8s.io" core,
            MeshConfigMap mesh_configs "configmaps" config,
            Istiod istiods "deployments.apps" config,
            RevisionTag revision_tags "mutatingwebhookconfigurations.admissionregistration.k8s.io" core,
            Sidecar sidecars "sidecars.networking.istio.io" config,
            VirtualService virtual_services "virtualservices.networking.istio.io" config,
            DestinationRule destination_rules "destinationrules.networking.istio.io" config,
            ServiceEntry service_entries "serviceentries.networking.istio.io" config,
            WorkloadEntry workload_entries "workloadentries.networking.istio.io" config,
            Gateway gateways "gateways.networking.istio.io" config,
            EnvoyFilter envoy_filters "envoyfilters.networking.istio.io" config,
            HTTPRoute http_routes "httproutes.gateway.networking.k8s.io" config,
            GRPCRoute grpc_routes "grpcroutes.gateway.networking.k8s.io" config,
            TCPRoute tcp_routes "tcproutes.gateway.networking.k8s.io" config,
            TLSRoute tls_routes "tlsroutes.gateway.networking.k8s.io" config,
            Event events "events" core,
        }
    };
}

macro_rules! define_objects {
    ($($variant:ident $field:ident $plural:literal $class:ident,)*) => {
        /// A kind of object that is watched.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Kind {
            $(#[doc = concat!("`", $plural, "`")] $variant,)*
        }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)*];

            /// The name by which `kubectl get` and RBAC rules know it.
            pub fn plural(self) -> &'static str {
                match self { $(Kind::$variant => $plural,)* }
            }

            /// Whether people (or their tools) write it to steer the mesh: such objects keep their text and managers.
            pub fn is_config(self) -> bool {
                match self { $(Kind::$variant => define_objects!(@ $class),)* }
            }

            /// The kind as a manifest names it, such as `Sidecar`.
            pub fn name(self) -> &'static str {
                match self {
                    Kind::MeshConfigMap => "ConfigMap",
                    Kind::Istiod => "Deployment",
                    Kind::RevisionTag => "MutatingWebhookConfiguration",
                    other => other.variant_name(),
                }
            }

            fn variant_name(self) -> &'static str {
                match self { $(Kind::$variant => stringify!($variant),)* }
            }
        }

        /// One object of any kind.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum Object {
            $(#[doc = concat!("`", $plural, "`")] $variant(Arc<$variant>),)*
        }

        impl Object {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Object::$variant(_) => Kind::$variant,)* }
            }

            /// Key, age, labels.
            pub fn meta(&self) -> &Meta {
                match self { $(Object::$variant(object) => &object.meta,)* }
            }

            /// The same object under other metadata.
            #[must_use]
            pub fn with_meta(self, meta: Meta) -> Self {
                match self {
                    $(Object::$variant(object) => {
                        let mut object = Arc::unwrap_or_clone(object);
                        object.meta = meta;
                        Object::$variant(Arc::new(object))
                    })*
                }
            }

            /// Who wrote it and its text; `None` for kinds that are not configuration.
            pub fn provenance(&self) -> Option<&Provenance> {
                match self { $(Object::$variant(_object) => define_objects!(@provenance $class _object),)* }
            }
        }

        $(impl From<$variant> for Object {
            fn from(object: $variant) -> Self {
                Object::$variant(Arc::new(object))
            }
        })*
    };
    (@ config) => { true };
    (@ core) => { false };
    (@provenance config $object:ident) => { Some(&$object.provenance) };
    (@provenance core $object:ident) => { None };
}

kinds!(define_objects);

impl Object {
    /// Namespace and name.
    pub fn key(&self) -> &Key {
        &self.meta().key
    }
}
