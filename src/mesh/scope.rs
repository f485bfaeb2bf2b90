//! istiod's rules: which Sidecar governs a pod, what it imports, and the endpoint table that follows.
//!
//! Total: bad input gives a result and caveats, never an error or a panic. The plan is istiod's own, one file a step:
//!
//! | step | file | depends on |
//! |---|---|---|
//! | which objects count, with which flags | `version`, `flags`, `mesh_settings`, `discovery` | istiod, mesh config, namespaces |
//! | services in istiod's order, who sees which | `service`, `registry` | Services, `ServiceEntries` |
//! | `VirtualServices`, `DestinationRules`, Sidecars, `EnvoyFilters` | `virtual_services`, `gamma`, `destination_rules`, `sidecars`, `gateways` | their kinds |
//! | all of these for one control plane | `plane`, `planes` | |
//! | the services a proxy is told of | `sidecar_scope` | plane, Sidecar, namespace |
//! | endpoints of a host | `endpoints` | slices, pods, nodes, `WorkloadEntries` |
//! | clusters and rows of a service for a proxy | `clusters`, `proxy` | scope, endpoints, proxy |
//! | inbound and bootstrap rows | `inbound`, `bootstrap` | pod |
//! | the table, kept and renewed | `build`, `cache` | |
//! | why a host is in it or not, on demand | `reason`, `explain`, `symptom` | all of these |
//! | all proxies at once, for `mesh::lint` | `survey` | |
//! | what a Sidecar that is not there yet would keep, for `mesh::suggest` | `drafting`, `weight` | |
//!
//! Not here: what Envoy really holds (that is asked, `sources::envoy`), how a row looks (`app::view`).

mod bootstrap;
mod build;
mod cache;
mod clusters;
mod destination_rules;
mod discovery;
mod drafting;
mod endpoints;
mod explain;
mod export;
mod flags;
mod gamma;
mod gateways;
mod host;
mod inbound;
mod mesh_settings;
mod plane;
mod planes;
mod protocol;
mod proxy;
mod reason;
mod registry;
mod service;
mod settings;
mod sidecar_scope;
mod sidecars;
mod survey;
mod symptom;
mod table;
mod topology;
mod version;
mod virtual_services;
mod weight;

use std::sync::Arc;

use crate::mesh::model::Key;
use crate::mesh::world::World;

pub use self::cache::{Cache, Counters};
pub use self::clusters::{ClusterAnswer, WithheldEndpoint};
pub use self::explain::{Candidate, Explanation, Outcome, Sight, Unexplained, explain};
pub use self::planes::unknown_revision;
pub use self::reason::{Barrier, Lack, NearMiss, Place, Preference, Reason, RouteMiss, Why, Withheld};
pub use self::settings::{Settings, needed_kinds};
pub use self::sidecar_scope::{ScopeKey, SidecarScope};
pub use self::sidecars::{Passed, Regoverned};
pub use self::symptom::Symptom;
pub use self::table::{
    Address, Backend, Class, Cluster, Direction, EndpointTable, Governing, Health, Locality, NoTable, PlaneName, Row,
};
pub use self::topology::zone_of;
pub use self::version::Version;
pub use self::weight::Weight;
pub(in crate::mesh) use self::{
    drafting::Drafting,
    export::ExportTo,
    host::{is_ip, is_subset, is_wildcard, overlap, resolve_short_name},
    plane::Plane,
    protocol::Protocol,
    service::{MeshService, Resolution, TrafficDistribution},
    sidecar_scope::{Judge, LineFate, Need, ServiceNeed, unreached},
    survey::{Survey, Surveyed},
    virtual_services::resolve_gateway,
};

/// The endpoint table of `pod`, from scratch. Who asks more than once keeps a [`Cache`].
///
/// # Errors
/// The state in which there is no table, each of which a reader can act on.
pub fn endpoint_table(world: &World, pod: &Key, settings: &Settings) -> Result<EndpointTable, NoTable> {
    Cache::new(settings.clone()).table(world, pod).map(Arc::unwrap_or_clone)
}
