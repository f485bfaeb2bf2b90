//! What locality load balancing takes away: only `distribute` removes rows (scope rules §8.8).
//!
//! Failover and zone-aware routing only set priorities, which the table does not show. istio:
//! `pilot/pkg/networking/core/loadbalancer/loadbalancer.go`, `GetEffectiveLbSetting`, `applyLocalityWeights`.

use crate::mesh::model::{Distribute, LoadBalancer, LocalityLb};
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::service::TrafficDistribution;
use crate::mesh::scope::table::Locality;
use crate::mesh::scope::topology::locality_matches;

/// The `distribute` in force.
pub(super) struct InForce<'a> {
    distribute: &'a [Distribute],
    /// It is the mesh config's.
    pub(super) is_of_mesh: bool,
}

/// The setting in force, if it distributes.
pub(super) fn in_force<'a>(
    plane: &'a Plane,
    balancer: Option<&'a LoadBalancer>,
    near: TrafficDistribution,
) -> Option<InForce<'a>> {
    let knows_zones = plane.version.is_at_least(31);
    if knows_zones && balancer.is_some_and(|balancer| balancer.zone_aware.is_some()) {
        return None;
    }
    let (setting, is_of_mesh) = match balancer.and_then(|balancer| balancer.locality.as_ref()) {
        Some(own) => (own, false),
        None if near != TrafficDistribution::Any => return None,
        None if knows_zones && plane.mesh.zone_aware.is_some() => return None,
        None => (&plane.mesh.locality, true),
    };
    let is_on = |setting: &LocalityLb| setting.enabled.unwrap_or(true) && !setting.distribute.is_empty();
    is_on(setting).then_some(InForce {
        distribute: &setting.distribute,
        is_of_mesh,
    })
}

impl<'a> InForce<'a> {
    /// The entry for a proxy in this place; without one nothing is removed.
    pub(super) fn entry_for(&self, proxy: &Locality) -> Option<&'a Distribute> {
        self.distribute
            .iter()
            .find(|entry| locality_matches(proxy, &entry.from))
    }
}

/// Whether endpoints of this place stay.
pub(super) fn keeps(entry: &Distribute, place: &Locality) -> bool {
    entry.to.iter().any(|(to, _)| locality_matches(place, to))
}
