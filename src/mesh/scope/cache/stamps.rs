//! Versions of everything that endpoints are read from: a number that grows with each change.

use rustc_hash::FxHashMap;

use crate::mesh::model::{Kind, Object, Text};
use crate::mesh::world::Change;

/// Counts changes by what they can affect. Only grows; namespaces and services that are gone leave a number behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamps {
    now: u64,
    asked: u64,
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

    fn note_object(&mut self, object: &Object) {
        let now = self.now;
        let key = object.key();
        match object {
            Object::EndpointSlice(slice) => {
                self.services
                    .entry(key.namespace.clone())
                    .or_default()
                    .insert(slice.service.clone(), now);
                let mut pods = slice.endpoints.iter().filter_map(|endpoint| endpoint.pod.as_ref());
                self.has_foreign_pods |= pods.any(|pod| pod.namespace != key.namespace);
            }
            Object::Service(_) => {
                self.services
                    .entry(key.namespace.clone())
                    .or_default()
                    .insert(key.name.clone(), now);
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
        let own = self.pods.get(namespace).copied().unwrap_or_default();
        ShardStamp {
            service: service.copied().unwrap_or_default(),
            pods: if self.has_foreign_pods { self.any_pod } else { own },
            workload_entries: self.workload_entries.get(namespace).copied().unwrap_or_default(),
            nodes: self.nodes,
            namespaces: self.namespaces,
        }
    }
}
