//! istiod's rules: which Sidecar governs a pod, what it imports, and the endpoint table that follows.
//!
//! Total: bad input gives a result and diagnostics, never an error or a panic. The plan is istiod's own, one file a
//! step. Not here: what Envoy really holds (that is asked, `sources::envoy`), how a row looks (`app::view`).

mod settings;
mod table;

use crate::mesh::model::Key;
use crate::mesh::world::World;

pub use self::settings::{Settings, needed_kinds};
pub use self::table::{
    Address, Class, Cluster, Direction, EndpointTable, Governing, Health, Locality, NoTable, PlaneName, Row, Why,
};

/// The endpoint table of `pod`, from scratch.
///
/// # Errors
/// The state in which there is no table, each of which a reader can act on.
pub fn endpoint_table(world: &World, pod: &Key, _settings: &Settings) -> Result<EndpointTable, NoTable> {
    let pending: Vec<_> = world.coverage.pending(needed_kinds()).collect();
    if !pending.is_empty() {
        return Err(NoTable::Pending(pending));
    }
    let found = world.pods.get(pod).ok_or(NoTable::NoSuchPod)?;
    match &found.proxy {
        None => Err(NoTable::NoProxy),
        Some(_) => Err(NoTable::NoAddress),
    }
}
