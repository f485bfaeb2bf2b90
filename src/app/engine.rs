//! The scope engine as the app asks it: tables of pods, and which Sidecar governs which pod.
//!
//! The only file of the app that calls [`crate::mesh::scope`] to compute something.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::mesh::model::{Key, Text};
use crate::mesh::scope::{Cache, Explanation, Governing, NoTable, Passed, Regoverned, Settings};
use crate::mesh::world::{Change, World};

/// Computes tables of the present world, and gives forks for others.
#[derive(Debug, Default)]
pub(super) struct Engine {
    cache: Cache,
}

impl Engine {
    /// An engine that takes these overrides into account.
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            cache: Cache::new(settings),
        }
    }

    /// Takes note of changes of the present world.
    pub(super) fn follow(&mut self, changes: &[Change]) {
        self.cache.apply(changes);
    }

    /// Whose governing Sidecar may be another one after a change.
    pub(super) fn regoverned(&self, change: &Change) -> Regoverned {
        self.cache.regoverned(change)
    }

    /// Gives the tables of the present world.
    pub(super) fn tables(&mut self) -> &mut Cache {
        &mut self.cache
    }

    /// How many services there are to go through for a pod, if that takes longer than a frame.
    pub(super) fn long_work(&mut self, present: &World, pod: &Key) -> Option<usize> {
        self.cache.long_work(present, pod)
    }

    /// Takes over what a fork has worked out for a pod.
    pub(super) fn adopt(&mut self, pod: &Key, fork: Cache) {
        self.cache.adopt(pod, fork);
    }

    /// Gives the tables of a pod in a fork of the present world, as far as it is told what differs.
    pub(super) fn fork(&self, pod: &Key) -> Cache {
        self.cache.fork(pod)
    }

    /// Why a pod reaches a host, or does not, in the present world; `None` if it has no table, or there is no such host.
    pub(super) fn explain(&mut self, present: &World, pod: &Key, host: &str, port: Option<u32>) -> Option<Explanation> {
        self.cache.explain(present, pod, host, port).ok()
    }

    /// Hosts of the present world that a pod is not told of, in order.
    pub(super) fn hidden_hosts(&mut self, present: &World, pod: &Key) -> Result<Vec<Text>, NoTable> {
        self.cache.hidden_hosts(present, pod)
    }

    /// Which Sidecar governs a pod.
    pub(super) fn governing(&mut self, present: &World, pod: &Key) -> Result<Governing, NoTable> {
        self.cache.governing(present, pod)
    }

    /// The host that a text means, for clients of one of these namespaces; all hosts that there are if none.
    pub(super) fn complete_host(
        &mut self,
        present: &World,
        namespaces: &[Text],
        text: &str,
    ) -> Result<Text, Vec<Text>> {
        let mut known = Vec::new();
        for namespace in namespaces {
            match self.cache.complete_host(present, namespace, text) {
                Ok(host) => return Ok(host),
                Err(all) => known = all,
            }
        }
        Err(known)
    }

    /// The host under which a pod knows a Kubernetes Service.
    pub(super) fn host_of(&mut self, present: &World, pod: &Key, service: &Key) -> Option<Text> {
        self.cache.host_of(present, pod, service).ok()
    }

    /// Sidecars that could have governed a pod and do not, in the order in which they are tried.
    pub(super) fn passed_over(&mut self, present: &World, pod: &Key) -> Vec<(Key, Passed)> {
        self.cache.passed_over(present, pod).unwrap_or_default()
    }
}

/// Which Sidecar governs which pod, as far as it was asked for; follows the world.
#[derive(Debug, Default)]
pub(super) struct Governed {
    by_pod: FxHashMap<Key, Governing>,
    pods_of: BTreeMap<Key, BTreeSet<Key>>,
    stale: Stale,
}

/// Pods to be asked about anew.
#[derive(Debug, Default)]
struct Stale {
    all: bool,
    namespaces: BTreeSet<Text>,
    pods: BTreeSet<Key>,
}

impl Governed {
    /// Takes note of a change of the world.
    pub(super) fn follow(&mut self, regoverned: Regoverned) {
        match regoverned {
            Regoverned::Nobody => {}
            Regoverned::Pod(key) => {
                self.stale.pods.insert(key);
            }
            Regoverned::Namespace(namespace) => {
                self.stale.namespaces.insert(namespace);
            }
            Regoverned::Everybody => self.stale.all = true,
        }
    }

    /// Whether there is something to be asked anew.
    pub(super) fn is_stale(&self) -> bool {
        self.stale.all || !self.stale.namespaces.is_empty() || !self.stale.pods.is_empty()
    }

    /// Asks about every pod that may be governed by another Sidecar than before: those whose answer changed.
    pub(super) fn refresh(&mut self, engine: &mut Engine, world: &World) -> Vec<Key> {
        let Stale { all, namespaces, pods } = std::mem::take(&mut self.stale);
        let mut changed = Vec::new();
        let mut ask = |key: &Key| {
            let governing = engine.cache.governing(world, key).ok();
            if self.set(key, governing) {
                changed.push(key.clone());
            }
        };
        // one that is gone changed itself
        pods.iter().for_each(&mut ask);
        if all {
            world.pods.keys().for_each(ask);
        } else {
            let others = namespaces
                .iter()
                .flat_map(|namespace| world.pods.in_namespace(namespace));
            others.for_each(|pod| ask(&pod.meta.key));
        }
        changed
    }

    fn set(&mut self, pod: &Key, governing: Option<Governing>) -> bool {
        if self.by_pod.get(pod) == governing.as_ref() {
            return false;
        }
        if let Some(before) = self.by_pod.remove(pod).as_ref().and_then(Governing::key)
            && let Some(pods) = self.pods_of.get_mut(before)
        {
            pods.remove(pod);
            if pods.is_empty() {
                self.pods_of.remove(before);
            }
        }
        if let Some(governing) = governing {
            if let Some(sidecar) = governing.key() {
                self.pods_of.entry(sidecar.clone()).or_default().insert(pod.clone());
            }
            self.by_pod.insert(pod.clone(), governing);
        }
        true
    }

    /// The Sidecar that governs a pod.
    pub(super) fn of(&self, pod: &Key) -> Option<&Governing> {
        self.by_pod.get(pod)
    }

    /// How many pods a Sidecar governs.
    pub(super) fn count(&self, sidecar: &Key) -> usize {
        self.pods_of.get(sidecar).map_or(0, BTreeSet::len)
    }

    /// How many pods have the same Sidecar as a pod.
    pub(super) fn siblings(&self, pod: &Key) -> usize {
        let sidecar = self.of(pod).and_then(Governing::key);
        sidecar.map_or(0, |sidecar| self.count(sidecar))
    }

    /// The pods that a Sidecar governs, in order.
    pub(super) fn pods_of(&self, sidecar: &Key) -> impl Iterator<Item = &Key> {
        self.pods_of.get(sidecar).into_iter().flatten()
    }
}
