//! The reverse look-up: which pods are told of a host.
//!
//! Pods of one Sidecar and namespace share the answer, and an answer costs one host, not a scope: so all pods of a big
//! mesh can be asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Cache, Governing, NoTable, taken_by};
use crate::mesh::model::{Key, Pod, Text};
use crate::mesh::scope::planes::PlaneKey;
use crate::mesh::scope::reason::Reason;
use crate::mesh::scope::sidecar_scope::{ScopeKey, SidecarScope};
use crate::mesh::world::World;

/// What a pod is told of a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sight {
    /// The Sidecar that governs the pod.
    pub governing: Governing,
    /// Ports in scope, in order; empty if the host is not, or has none.
    pub ports: Vec<u32>,
    /// What let the host in; empty if nothing did.
    pub reasons: Vec<Reason>,
}

impl Sight {
    /// Whether the host is in scope, on this port if one is given.
    pub fn is_in_scope(&self, port: Option<u32>) -> bool {
        !self.reasons.is_empty() && port.is_none_or(|port| self.ports.contains(&port))
    }
}

impl Cache {
    /// The ports that services of a host (its full name) have, in order, as the default control plane knows them.
    pub fn ports_of(&mut self, world: &World, host: &Text) -> BTreeSet<u32> {
        let (_, plane) = self.plane_of(world, &Pod::default());
        let services = plane.registry.all.iter().filter(|service| service.host == *host);
        let ports = services.flat_map(|service| service.ports.iter().map(|port| port.number));
        ports.collect()
    }

    /// What each pod with a proxy is told of a host (its full name), in the order of pods.
    pub fn who_sees(&mut self, world: &World, host: &Text) -> Vec<(Key, Arc<Sight>)> {
        let mut known: FxHashMap<(PlaneKey, ScopeKey), Arc<Sight>> = FxHashMap::default();
        let mut seen = Vec::new();
        for pod in world.pods.keys() {
            if let Ok(sight) = self.sight(world, pod, host, &mut known) {
                seen.push((pod.clone(), sight));
            }
        }
        seen
    }

    fn sight(
        &mut self,
        world: &World,
        pod: &Key,
        host: &Text,
        known: &mut FxHashMap<(PlaneKey, ScopeKey), Arc<Sight>>,
    ) -> Result<Arc<Sight>, NoTable> {
        let found = self.find(world, pod)?;
        let key = (found.choice.key.clone(), found.scope_key());
        if let Some(sight) = known.get(&key) {
            return Ok(Arc::clone(sight));
        }
        let scope = SidecarScope::of_host(&found.plane, &key.1, host);
        let taken = scope.find(host);
        let sight = Arc::new(Sight {
            governing: scope.key.governing.clone(),
            ports: taken
                .into_iter()
                .flat_map(|taken| taken.ports.iter().map(|port| port.number))
                .collect(),
            reasons: taken
                .map(|taken| taken_by(&found.plane, &scope, &taken.service))
                .unwrap_or_default(),
        });
        known.insert(key, Arc::clone(&sight));
        Ok(sight)
    }
}
