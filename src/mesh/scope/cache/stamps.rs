//! Versions of everything that endpoints are read from: a number that grows with each change.

use rustc_hash::FxHashMap;

use crate::mesh::model::{Key, Kind, Object, Text};
use crate::mesh::scope::registry::HostKey;
use crate::mesh::world::Change;

/// Counts changes by what they can affect. Only grows; namespaces and services that are gone leave a number behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamps {
    now: u64,
    slices: FxHashMap<Key, u64>,
    pods: FxHashMap<Text, u64>,
    workload_entries: FxHashMap<Text, u64>,
    /// Slices that name pods of another namespace: then a change of any pod may matter.
    any_pod: u64,
    has_foreign_pods: bool,
    nodes: u64,
    namespaces: u64,
}

/// The versions of what one host's endpoints, or a proxy's own facts, were read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ShardStamp {
    slices: u64,
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
        let now = self.now;
        for object in [&change.before, &change.after].into_iter().flatten() {
            let key = object.key();
            match object {
                Object::EndpointSlice(slice) => {
                    let service = Key::new(key.namespace.clone(), slice.service.clone());
                    self.slices.insert(service, now);
                    let is_foreign = |pod: &Key| pod.namespace != key.namespace;
                    let mut pods = slice.endpoints.iter().filter_map(|endpoint| endpoint.pod.as_ref());
                    self.has_foreign_pods |= pods.any(is_foreign);
                }
                Object::Pod(_) => {
                    self.pods.insert(key.namespace.clone(), now);
                    self.any_pod = now;
                }
                Object::WorkloadEntry(_) => {
                    self.workload_entries.insert(key.namespace.clone(), now);
                }
                Object::Node(_) => self.nodes = now,
                Object::Namespace(_) => self.namespaces = now,
                Object::Service(_) => {
                    self.slices.insert(key.clone(), now);
                }
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
    }

    /// The version of what a host's endpoints are read from.
    pub(super) fn of_host(&self, key: &HostKey, domain: &str) -> ShardStamp {
        let name = key
            .host
            .strip_suffix(domain)
            .and_then(|rest| rest.strip_suffix(".svc."));
        let name = name.and_then(|rest| rest.strip_suffix(key.namespace.as_str())?.strip_suffix('.'));
        let service = name.map(|name| Key::new(key.namespace.clone(), name));
        ShardStamp {
            slices: service
                .and_then(|service| self.slices.get(&service))
                .copied()
                .unwrap_or_default(),
            ..self.of_proxy(&key.namespace)
        }
    }

    /// The version of what a proxy's own facts are read from.
    pub(super) fn of_proxy(&self, namespace: &Text) -> ShardStamp {
        let own = self.pods.get(namespace).copied().unwrap_or_default();
        ShardStamp {
            slices: 0,
            pods: if self.has_foreign_pods { self.any_pod } else { own },
            workload_entries: self.workload_entries.get(namespace).copied().unwrap_or_default(),
            nodes: self.nodes,
            namespaces: self.namespaces,
        }
    }
}
