//! Versions of everything that endpoints are read from: a number that grows with each change.

use rustc_hash::FxHashMap;

use crate::mesh::model::{Kind, Object, Text};
use crate::mesh::world::Change;

/// Names that have a number of their own. In a cluster that makes ever new ones all numbers are forgotten at this point,
/// and everything is worked out once more.
const MOST_NAMES: usize = 100_000;

/// Counts changes by what they can affect.
#[derive(Clone, Debug, Default)]

pub(super) struct Stamps {
    now: u64,
    asked: u64,
    /// The number of what has none of its own.
    floor: u64,
    /// Names with a number of their own.
    names: usize,
    /// By namespace, then service: of slices, and of the Service itself.
    services: FxHashMap<Text, FxHashMap<Text, u64>>,
    pods: FxHashMap<Text, u64>,
    workload_entries: FxHashMap<Text, u64>,
    /// Some slice named a pod of another namespace: then a change of any pod may matter to it.
    any_pod: u64,
    has_foreign_pods: bool,
    nodes: u64,
    namespaces: u64,
}

/// The versions of what one host's endpoints were read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ShardStamp {
    service: u64,
    pods: u64,
    workload_entries: u64,
    nodes: u64,
    namespaces: u64,
}

/// Whether a change can matter to a prepared control plane.
pub(super) fn touches_planes(change: &Change) -> bool {
    change.identity().is_some_and(|(kind, _)| match kind {
        Kind::Namespace
        | Kind::Service
        | Kind::MeshConfigMap
        | Kind::Istiod
        | Kind::RevisionTag
        | Kind::Sidecar
        | Kind::VirtualService
        | Kind::DestinationRule
        | Kind::ServiceEntry
        | Kind::Gateway
        | Kind::EnvoyFilter
        | Kind::HTTPRoute
        | Kind::GRPCRoute
        | Kind::TCPRoute
        | Kind::TLSRoute => true,
        Kind::Node | Kind::Pod | Kind::EndpointSlice | Kind::WorkloadEntry | Kind::Event => false,
    })
}

impl Stamps {
    /// Counts a change.
    pub(super) fn note(&mut self, change: &Change) {
        self.now += 1;
        for object in [&change.before, &change.after].into_iter().flatten() {
            self.note_object(object);
        }
    }

    /// Gives each name the same number, which none had before.
    fn forget(&mut self) {
        self.services.clear();
        self.pods.clear();
        self.workload_entries.clear();
        self.names = 0;
        self.floor = self.now;
    }

    fn note_object(&mut self, object: &Object) {
        if self.names >= MOST_NAMES {
            self.forget();
        }
        let now = self.now;
        let key = object.key();
        match object {
            Object::EndpointSlice(slice) => {
                self.note_service(&key.namespace, &slice.service);
                let mut pods = slice.endpoints.iter().filter_map(|endpoint| endpoint.pod.as_ref());
                self.has_foreign_pods |= pods.any(|pod| pod.namespace != key.namespace);
            }
            Object::Service(_) => self.note_service(&key.namespace, &key.name),
            Object::Pod(_) => {
                self.names += usize::from(self.pods.insert(key.namespace.clone(), now).is_none());
                self.any_pod = now;
            }
            Object::WorkloadEntry(_) => {
                let before = self.workload_entries.insert(key.namespace.clone(), now);
                self.names += usize::from(before.is_none());
            }
            Object::Node(_) => self.nodes = now,
            Object::Namespace(_) => self.namespaces = now,
            Object::MeshConfigMap(_)
            | Object::Istiod(_)
            | Object::RevisionTag(_)
            | Object::Sidecar(_)
            | Object::VirtualService(_)
            | Object::DestinationRule(_)
            | Object::ServiceEntry(_)
            | Object::Gateway(_)
            | Object::EnvoyFilter(_)
            | Object::HTTPRoute(_)
            | Object::GRPCRoute(_)
            | Object::TCPRoute(_)
            | Object::TLSRoute(_)
            | Object::Event(_) => {}
        }
    }

    fn note_service(&mut self, namespace: &Text, name: &Text) {
        let services = self.services.entry(namespace.clone()).or_default();
        self.names += usize::from(services.insert(name.clone(), self.now).is_none());
    }

    /// The version of everything.
    pub(super) fn version(&self) -> u64 {
        self.now
    }

    /// A number that grows with each question.
    pub(super) fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// The version of what a host's endpoints are read from.
    pub(super) fn of_host(&self, host: &str, namespace: &Text, domain: &str) -> ShardStamp {
        let name = host.strip_suffix(domain).and_then(|rest| rest.strip_suffix(".svc."));
        let name = name.and_then(|rest| rest.strip_suffix(namespace.as_str())?.strip_suffix('.'));
        let service = name.and_then(|name| self.services.get(namespace)?.get(name));
        let own = self.pods.get(namespace).copied().unwrap_or(self.floor);
        ShardStamp {
            service: service.copied().unwrap_or(self.floor),
            pods: if self.has_foreign_pods { self.any_pod } else { own },
            workload_entries: self.workload_entries.get(namespace).copied().unwrap_or(self.floor),
            nodes: self.nodes,
            namespaces: self.namespaces,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::model::{Key, Meta, Service};
    use std::sync::Arc;

    fn service(name: &str) -> Change {
        let meta = Meta {
            key: Key::new("shop", name),
            ..Meta::default()
        };
        Change {
            before: None,
            after: Some(Object::Service(Arc::new(Service {
                meta,
                ..Service::default()
            }))),
        }
    }

    #[test]
    fn ever_new_names_do_not_pile_up_and_no_change_is_missed() {
        let mut stamps = Stamps::default();
        let stamp = |stamps: &Stamps| stamps.of_host("a.shop.svc.cluster.local", &"shop".into(), "cluster.local");
        stamps.note(&service("a"));
        let first = stamp(&stamps);
        for n in 0..2 * MOST_NAMES {
            stamps.note(&service(&format!("s{n}")));
        }
        assert!(
            stamps.names <= MOST_NAMES && stamps.services.values().map(FxHashMap::len).sum::<usize>() <= MOST_NAMES
        );
        let forgotten = stamp(&stamps);
        assert_ne!(forgotten, first);
        stamps.note(&service("a"));
        assert_ne!(stamp(&stamps), forgotten);
    }
}
