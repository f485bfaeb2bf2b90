//! The objects of a large mesh as they are, and what happens to them in a long hour.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sidescope::mesh::model::{Key, Kind, Object, Pod, Text};
use sidescope::mesh::world::{Delta, Found, ListScope};

use super::large::{PODS_PER_NAMESPACE, SERVICES_PER_NAMESPACE, SIZES, deltas, namespace, sidecar, slice};

/// Ten endpoints and two pods each.
const SERVICES: usize = SIZES[1];
const NAMESPACES: usize = SERVICES / SERVICES_PER_NAMESPACE;
/// Half of all events are in these.
const BUSY: u64 = 20;
/// Whose table is shown: it is never replaced.
const CHOSEN: (usize, usize) = (0, 7);

/// Every object, and whose turn it is.
pub(crate) struct Mesh {
    objects: BTreeMap<(Kind, Key), Object>,
    /// The pods of each namespace, by their place.
    pods: Vec<Vec<Pod>>,
    events: usize,
    dice: u64,
}

impl Mesh {
    /// With what a first list gives.
    pub(crate) fn new() -> Self {
        let mut mesh = Self {
            objects: BTreeMap::new(),
            pods: vec![Vec::new(); NAMESPACES],
            events: 0,
            dice: 1,
        };
        for delta in deltas(SERVICES) {
            mesh.note(&delta);
        }
        // in the order of their names, and of their namespaces'
        let homes: BTreeMap<Text, usize> = (0..NAMESPACES).map(|home| (namespace(home), home)).collect();
        for object in mesh.objects.values() {
            if let Object::Pod(pod) = object {
                mesh.pods[homes[&pod.meta.key.namespace]].push(Pod::clone(pod));
            }
        }
        mesh
    }

    /// The pod whose table is shown.
    pub(crate) fn chosen(&self) -> Key {
        self.pods[CHOSEN.0][CHOSEN.1].meta.key.clone()
    }

    pub(crate) fn pods(&self) -> usize {
        self.pods.iter().map(Vec::len).sum()
    }

    fn note(&mut self, delta: &Delta) {
        match delta {
            Delta::Put(object) => {
                self.objects
                    .insert((object.kind(), object.key().clone()), object.clone());
            }
            Delta::Remove(kind, key) => {
                self.objects.remove(&(*kind, key.clone()));
            }
            Delta::ListStart(..) | Delta::ListEnd(..) | Delta::Coverage(..) => {}
        }
    }

    /// A number below this; the same ones in every run.
    fn below(&mut self, bound: u64) -> usize {
        // Knuth's constants (MMIX); the low bits of such a sequence repeat soon
        self.dice = self
            .dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.dice >> 33) % bound).unwrap()
    }

    /// The next event: mostly readiness, then restarts, now and then another pod in a pod's place, rarely a Sidecar.
    pub(crate) fn next(&mut self, now: Timestamp) -> Vec<Delta> {
        self.events += 1;
        if self.events.is_multiple_of(10_000) {
            let others = 3 + self.events / 10_000 % 2;
            return self.noted(vec![Delta::Put(sidecar(CHOSEN.0, NAMESPACES, others).into())]);
        }
        let homes = if self.below(2) == 0 { BUSY } else { NAMESPACES as u64 };
        let home = self.below(homes);
        let place = self.below(PODS_PER_NAMESPACE as u64);
        let deltas = match self.below(20) {
            0 if (home, place) != CHOSEN => {
                let turn = self.events;
                let pod = &mut self.pods[home][place];
                let gone = pod.meta.key.clone();
                pod.meta.key.name = Text::from(format!("pod-{place:02}-{turn}"));
                pod.meta.created = Some(now);
                vec![Delta::Remove(Kind::Pod, gone), Delta::Put(pod.clone().into())]
            }
            0..=6 => {
                let pod = &mut self.pods[home][place];
                pod.printed.restarts += 1;
                vec![Delta::Put(pod.clone().into())]
            }
            _ => {
                let service = self.below(SERVICES_PER_NAMESPACE as u64);
                let unready = self.below(3);
                let slice = slice(&namespace(home), service, &self.pods[home], unready);
                vec![Delta::Put(slice.into())]
            }
        };
        self.noted(deltas)
    }

    fn noted(&mut self, deltas: Vec<Delta>) -> Vec<Delta> {
        for delta in &deltas {
            self.note(delta);
        }
        deltas
    }

    /// All objects, as a first list gives them.
    pub(crate) fn listed(&self) -> Vec<Delta> {
        let complete = Kind::ALL
            .iter()
            .map(|kind| Delta::Coverage(*kind, ListScope::All, Found::All));
        self.objects.values().cloned().map(Delta::Put).chain(complete).collect()
    }
}
