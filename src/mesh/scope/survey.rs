//! Control planes and all their proxies at once: for who judges objects rather than pods (`mesh::lint`).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::mesh::model::{Key, Text};
use crate::mesh::world::World;

use super::plane::Plane;
use super::planes::{self, PlaneKey};
use super::proxy::ProxyFacts;
use super::settings::Settings;
use super::sidecar_scope::{ScopeKey, SidecarScope};
use super::table::Governing;

/// Every proxy with the Sidecar that governs it.
#[derive(Debug)]
pub(in crate::mesh) struct Survey {
    /// The control plane that most proxies belong to.
    pub(in crate::mesh) plane: Arc<Plane>,
    /// By key.
    pub(in crate::mesh) proxies: Vec<Surveyed>,
    /// Every revision that an istiod serves; empty where no istiod is known.
    pub(in crate::mesh) revisions: Vec<Text>,
    /// What tells the scopes of that plane apart, in order.
    keys: Vec<ScopeKey>,
}

/// A proxy.
#[derive(Debug)]
pub(in crate::mesh) struct Surveyed {
    /// The pod.
    pub(in crate::mesh) pod: Key,
    /// What istiod knows of it.
    pub(in crate::mesh) facts: ProxyFacts,
    /// Which Sidecar governs it.
    pub(in crate::mesh) governing: Governing,
}

impl Survey {
    /// Looks at every pod.
    pub(in crate::mesh) fn of(world: &World, settings: &Settings) -> Self {
        let mut planes: FxHashMap<PlaneKey, (Arc<Plane>, usize)> = FxHashMap::default();
        let mut prepared = |key: PlaneKey| {
            let make = || (Arc::new(planes::prepare(world, &key, settings)), 0);
            let entry = planes.entry(key.clone()).or_insert_with(make);
            entry.1 += 1;
            Arc::clone(&entry.0)
        };
        let mut proxies: Vec<(Surveyed, Arc<Plane>)> = Vec::new();
        for pod in world.pods.iter().filter(|pod| pod.proxy.is_some()) {
            let plane = prepared(planes::choose(world, settings, pod).key);
            let Ok(facts) = ProxyFacts::of(world, &plane, pod) else {
                continue;
            };
            let surveyed = Surveyed {
                pod: pod.meta.key.clone(),
                governing: facts.governing(&plane),
                facts,
            };
            proxies.push((surveyed, plane));
        }
        let assumed = planes::choose(world, settings, &crate::mesh::model::Pod::default()).key;
        let assumed = prepared(assumed);
        // of equally many the first by name
        let most = planes
            .iter()
            .max_by(|(a, (_, one)), (b, (_, other))| one.cmp(other).then_with(|| b.cmp(a)));
        let plane = most.map_or(assumed, |(_, (plane, _))| Arc::clone(plane));
        let mut keys: Vec<ScopeKey> = proxies
            .iter()
            .filter(|(_, its)| Arc::ptr_eq(its, &plane))
            .map(|(proxy, _)| ScopeKey {
                governing: proxy.governing.clone(),
                namespace: proxy.facts.namespace().clone(),
            })
            .collect();
        keys.sort();
        keys.dedup();
        Self {
            keys,
            revisions: planes::revisions(world),
            proxies: proxies.into_iter().map(|(proxy, _)| proxy).collect(),
            plane,
        }
    }

    /// Scopes of the plane, each once.
    pub(in crate::mesh) fn scopes(&self) -> Vec<SidecarScope> {
        self.keys.iter().map(|key| SidecarScope::of(&self.plane, key)).collect()
    }

    /// Those of pods that this Sidecar governs.
    pub(in crate::mesh) fn scopes_of(&self, sidecar: &Key) -> Vec<SidecarScope> {
        let keys = self.keys.iter().filter(|key| key.governing.key() == Some(sidecar));
        keys.map(|key| SidecarScope::of(&self.plane, key)).collect()
    }
}
