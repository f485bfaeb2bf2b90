//! One control plane prepared: what istiod calls its push context, without endpoints.
//!
//! Depends on configuration kinds only, so that an EndpointSlice or a pod event leaves it as it is. Each part is
//! shared: a change of a kind remakes only the parts that read it.

use std::sync::Arc;

use crate::mesh::model::{Istiod, Kind, Text};
use crate::mesh::world::{Change, World};

use super::destination_rules::DestinationRules;
use super::discovery::Discovery;
use super::flags::Flags;
use super::gateways::Gateways;
use super::mesh_settings::Mesh;
use super::registry::Registry;
use super::sidecars::Sidecars;
use super::table::PlaneName;
use super::version::Version;
use super::virtual_services::{Context, VirtualServices};

/// A control plane, prepared.
#[derive(Clone, Debug)]
pub(crate) struct Plane {
    /// Revision, version, namespace. Whether it was assumed is a matter of the pod.
    pub(crate) name: PlaneName,
    /// istiod's release; the judged one where it cannot be read.
    pub(crate) version: Version,
    /// The release could be read, or was given.
    pub(crate) is_version_known: bool,
    pub(crate) flags: Arc<Flags>,
    pub(crate) mesh: Arc<Mesh>,
    pub(crate) discovery: Arc<Discovery>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) virtual_services: Arc<VirtualServices>,
    pub(crate) rules: Arc<DestinationRules>,
    pub(crate) sidecars: Arc<Sidecars>,
    pub(crate) gateways: Arc<Gateways>,
    /// Flags of istiod whose values cannot be read (`valueFrom`), of those that matter.
    pub(crate) unreadable: Arc<[Text]>,
}

/// Names of the environment that say nothing about rows: their `valueFrom` is no gap.
const HARMLESS_ENV: &[&str] = &[
    "POD_NAME",
    "POD_NAMESPACE",
    "SERVICE_ACCOUNT",
    "KUBECONFIG",
    "GOMEMLIMIT",
    "GOMAXPROCS",
    "PLATFORM",
    "INSTANCE_IP",
    "POD_IP",
    "NODE_NAME",
    "HOST_IP",
];

impl Plane {
    /// Prepares everything from scratch.
    pub(crate) fn of(world: &World, namespace: &Text, istiod: Option<&Istiod>, version: Option<&Text>) -> Self {
        let tag = istiod.map(|istiod| istiod.image_tag.clone()).unwrap_or_default();
        let text = version.cloned().unwrap_or(tag);
        let known = Version::parse(&text);
        let version = known.unwrap_or(Version::JUDGED);
        let flags = Flags::of(istiod, version);
        let mesh = Mesh::of(world, namespace, &flags);
        let discovery = Arc::new(Discovery::of(world, &mesh, &flags));
        let unreadable = istiod.map(|istiod| &*istiod.unreadable_env).unwrap_or_default();
        let unreadable = unreadable.iter().filter(|name| !HARMLESS_ENV.contains(&name.as_str()));
        let revision = if flags.revision.is_empty() {
            Text::from("default")
        } else {
            flags.revision.clone()
        };
        let name = PlaneName {
            revision,
            version: if known.is_some() { text } else { Text::default() },
            namespace: namespace.clone(),
            assumed: false,
        };
        let mut plane = Self {
            name,
            version,
            is_version_known: known.is_some(),
            registry: Arc::default(),
            virtual_services: Arc::default(),
            rules: Arc::default(),
            sidecars: Arc::default(),
            gateways: Arc::default(),
            unreadable: unreadable.cloned().collect(),
            flags: Arc::new(flags),
            mesh: Arc::new(mesh),
            discovery,
        };
        plane.remake(world, Parts::ALL);
        plane
    }

    /// The plane after these changes; `None` if everything must be prepared anew.
    ///
    /// A change that touches no part gives the plane with the very same parts.
    pub(crate) fn after(&self, world: &World, changes: &[Change]) -> Option<Self> {
        let mut parts = Parts::NONE;
        for change in changes {
            parts = parts.and(self.parts_of(world, change)?);
        }
        let mut plane = self.clone();
        plane.remake(world, parts);
        Some(plane)
    }

    /// Whether a service with the same endpoints gives the same rows under both.
    pub(crate) fn makes_same_rows(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.mesh, &other.mesh)
            && Arc::ptr_eq(&self.flags, &other.flags)
            && Arc::ptr_eq(&self.rules, &other.rules)
            && Arc::ptr_eq(&self.gateways, &other.gateways)
            && (!self.flags.filter_gateway_clusters || Arc::ptr_eq(&self.virtual_services, &other.virtual_services))
    }

    /// What a change touches; `None` for everything.
    fn parts_of(&self, world: &World, change: &Change) -> Option<Parts> {
        let (kind, _) = change.identity()?;
        match kind {
            Kind::MeshConfigMap | Kind::Istiod => None,
            Kind::Namespace => {
                let is_same = Discovery::of(world, &self.mesh, &self.flags) == *self.discovery;
                is_same.then_some(Parts::REGISTRY)
            }
            Kind::Service | Kind::ServiceEntry => Some(Parts::REGISTRY.and(Parts::VIRTUAL_SERVICES_IF_ROUTES)),
            Kind::VirtualService | Kind::HTTPRoute | Kind::GRPCRoute | Kind::TCPRoute | Kind::TLSRoute => {
                Some(Parts::VIRTUAL_SERVICES)
            }
            Kind::DestinationRule => Some(Parts::RULES),
            Kind::Sidecar => Some(Parts::SIDECARS),
            Kind::EnvoyFilter | Kind::Gateway => Some(Parts::GATEWAYS),
            Kind::Node | Kind::Pod | Kind::EndpointSlice | Kind::WorkloadEntry | Kind::RevisionTag | Kind::Event => {
                Some(Parts::NONE)
            }
        }
    }

    fn remake(&mut self, world: &World, parts: Parts) {
        let domain = &self.flags.domain;
        if parts.has(Parts::REGISTRY) {
            let wanted = (domain.as_str(), self.version);
            let registry = Registry::of(world, &self.mesh, &self.discovery, wanted, &self.registry);
            self.registry = Arc::new(registry);
        }
        let has_routes = parts.has(Parts::VIRTUAL_SERVICES_IF_ROUTES) && has_routes(world);
        if parts.has(Parts::VIRTUAL_SERVICES) || has_routes {
            let context = Context {
                world,
                mesh: &self.mesh,
                flags: &self.flags,
                discovery: &self.discovery,
            };
            self.virtual_services = Arc::new(VirtualServices::of(&context));
        }
        if parts.has(Parts::RULES) {
            let enhanced = self.flags.enhanced_rule_merge;
            self.rules = Arc::new(DestinationRules::of(
                world,
                &self.mesh,
                &self.discovery,
                domain,
                enhanced,
            ));
        }
        if parts.has(Parts::SIDECARS) {
            self.sidecars = Arc::new(Sidecars::of(world, &self.discovery, &self.mesh.root_namespace));
        }
        if parts.has(Parts::GATEWAYS) {
            self.gateways = Arc::new(Gateways::of(world, &self.discovery, &self.mesh));
        }
    }
}

fn has_routes(world: &World) -> bool {
    !(world.http_routes.is_empty()
        && world.grpc_routes.is_empty()
        && world.tcp_routes.is_empty()
        && world.tls_routes.is_empty())
}

/// A set of a plane's parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Parts(u8);

impl Parts {
    const NONE: Parts = Parts(0);
    const REGISTRY: Parts = Parts(1);
    const VIRTUAL_SERVICES: Parts = Parts(1 << 1);
    const RULES: Parts = Parts(1 << 2);
    const SIDECARS: Parts = Parts(1 << 3);
    const GATEWAYS: Parts = Parts(1 << 4);
    /// `VirtualServices`, but only if there are Gateway API routes, which look at Services.
    const VIRTUAL_SERVICES_IF_ROUTES: Parts = Parts(1 << 5);
    const ALL: Parts = Parts(0x3f);

    const fn and(self, other: Parts) -> Parts {
        Parts(self.0 | other.0)
    }

    const fn has(self, other: Parts) -> bool {
        self.0 & other.0 != 0
    }
}
