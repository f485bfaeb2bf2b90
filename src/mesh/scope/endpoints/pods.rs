//! Pods as workloads, each worked out once for all the services that have it.
//!
//! Nothing is decided here: what is kept counts only while the objects it was made from are the very same.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Workload, find_pod, home, is_known};
use crate::mesh::model::{Key, Namespace, Node, Pod, Text};
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::topology::{Place, from_label};
use crate::mesh::world::{Table, World};

/// The workloads of one control plane's pods, as far as they were asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct PodWorkloads {
    /// istiod's namespace, which may name a network.
    home: Option<Arc<Namespace>>,
    places: FxHashMap<Text, (Arc<Node>, Place)>,
    pods: FxHashMap<Key, Known>,
    /// The tables of the last check, and how often they were others than before.
    seen: (Table<Pod>, Table<Node>),
    turn: u64,
}

#[derive(Clone, Debug)]
struct Known {
    pod: Arc<Pod>,
    node: Option<Arc<Node>>,
    workload: Arc<Workload>,
    /// Whether istiod takes notice of the pod: what is discovered stays for as long as a control plane does.
    is_noticed: bool,
    /// The last turn in which pod and node were found to be the same.
    turn: u64,
}

impl PodWorkloads {
    /// None so far, in this world.
    pub(crate) fn of_world(world: &World, plane: &Plane) -> Self {
        let mut pods = Self::default();
        pods.check(world, plane);
        pods
    }

    /// The workload that a pod is which istiod knows, in the world of the last check.
    pub(crate) fn find(&mut self, world: &World, plane: &Plane, key: &Key) -> Option<Arc<Workload>> {
        if let Some(known) = self.pods.get(key).filter(|known| known.turn == self.turn) {
            return known.is_noticed.then(|| Arc::clone(&known.workload));
        }
        let pod = find_pod(world, plane, key)?;
        Some(self.of(world, plane, pod))
    }

    /// The workload that a pod is, in the world of the last check.
    pub(crate) fn of(&mut self, world: &World, plane: &Plane, pod: &Arc<Pod>) -> Arc<Workload> {
        let node = world.nodes.get(&Key::new(Text::default(), pod.node.clone()));
        self.of_node(plane, pod, node)
    }

    fn of_node(&mut self, plane: &Plane, pod: &Arc<Pod>, node: Option<&Arc<Node>>) -> Arc<Workload> {
        if let Some(known) = self.pods.get_mut(&pod.meta.key)
            && Arc::ptr_eq(&known.pod, pod)
            && is_same(known.node.as_ref(), node)
        {
            known.turn = self.turn;
            return Arc::clone(&known.workload);
        }
        let place = self.place_of(pod, node);
        let workload = Arc::new(Workload::of_pod_at(self.home.as_ref(), plane, pod, place));
        let known = Known {
            pod: Arc::clone(pod),
            node: node.cloned(),
            workload: Arc::clone(&workload),
            is_noticed: is_known(plane, pod),
            turn: self.turn,
        };
        self.pods.insert(pod.meta.key.clone(), known);
        workload
    }

    /// Works out all pods in one walk, which takes less than to look up most of them one by one.
    pub(crate) fn fill(&mut self, world: &World, plane: &Plane) {
        self.check(world, plane);
        self.pods.reserve(world.pods.len());
        let nodes: FxHashMap<&Text, &Arc<Node>> = world.nodes.iter().map(|node| (&node.meta.key.name, node)).collect();
        for pod in world.pods.iter() {
            self.of_node(plane, pod, nodes.get(&pod.node).copied());
        }
    }

    /// Drops what no longer counts: all, if the network may be another or most pods are gone.
    pub(crate) fn check(&mut self, world: &World, plane: &Plane) {
        let home = home(world, plane);
        let is_crowded = self.pods.len() > 2 * world.pods.len() || self.places.len() > 2 * world.nodes.len();
        if is_crowded || !is_same(self.home.as_ref(), home) {
            *self = Self {
                home: home.cloned(),
                ..Self::default()
            };
        }
        let (pods, nodes) = &self.seen;
        if !(pods.is_same_snapshot(&world.pods) && nodes.is_same_snapshot(&world.nodes)) {
            self.seen = (world.pods.clone(), world.nodes.clone());
            self.turn += 1;
        }
    }

    /// Where a pod is: one place for all pods of a node that do not say otherwise.
    fn place_of(&mut self, pod: &Pod, node: Option<&Arc<Node>>) -> Place {
        let Some(node) = node.filter(|_| from_label(&pod.meta.labels).is_none()) else {
            return Place::of_pod(pod, None);
        };
        match self.places.get(&pod.node) {
            Some((known, place)) if Arc::ptr_eq(known, node) => place.clone(),
            Some(_) | None => {
                let place = Place::of_node(node);
                self.places.insert(pod.node.clone(), (Arc::clone(node), place.clone()));
                place
            }
        }
    }
}

fn is_same<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
