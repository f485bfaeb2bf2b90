//! Which changes can matter to a pod's table: asked for each entry, so answered without looking at all rows.
//!
//! Wide on purpose: an edit always can, a slice only if its Service is in scope or the pod itself is in it. A change
//! that is wrongly left out is still found by [`super::History::advance`], but as [`super::Cause::Unknown`].

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::causes::{as_slice, service_of};
use super::journal::Entry;
use super::walk::Outcome;
use crate::mesh::model::{EndpointSlice, Key, Kind, Object, Pod, Text};
use crate::mesh::world::Change;

/// What a table reaches, for quick questions.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    hosts: Option<Arc<[Text]>>,
    /// `NAME.NAMESPACE` of Services in scope.
    services: FxHashSet<Text>,
    namespaces: FxHashSet<Text>,
    /// Some host is no Service's: pods of any namespace may stand behind it.
    foreign: bool,
}

impl Reach {
    /// Learns the scope of this table, unless it is the one it knows.
    pub(super) fn follow(&mut self, table: &Outcome) {
        let Ok(table) = table else {
            *self = Self::default();
            return;
        };
        if self
            .hosts
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, &table.hosts))
        {
            return;
        }
        *self = Self {
            hosts: Some(Arc::clone(&table.hosts)),
            ..Self::default()
        };
        for host in table.hosts.iter() {
            let service = host.split_once(".svc.").map(|(service, _)| service);
            match service.and_then(|service| Some((service, service.split_once('.')?.1))) {
                Some((service, namespace)) => {
                    self.services.insert(service.into());
                    if !self.namespaces.contains(namespace) {
                        self.namespaces.insert(namespace.into());
                    }
                }
                None => self.foreign = true,
            }
        }
    }

    /// Whether this entry can have made the pod's table another.
    pub(super) fn matters(&self, entry: &Entry, pod: &Key) -> bool {
        entry.changes.iter().any(|change| self.change_matters(change, pod))
    }

    fn change_matters(&self, change: &Change, pod: &Key) -> bool {
        let Some((kind, key)) = change.identity() else {
            return false;
        };
        match kind {
            Kind::Event => false,
            Kind::Pod => key == pod || (self.may_serve(key) && serves_otherwise(change)),
            Kind::EndpointSlice => {
                let sides = change.before.iter().chain(&change.after);
                let mut slices = sides.filter_map(as_slice);
                slices.any(|slice| self.serves(slice) || names(slice, pod))
            }
            Kind::Namespace => match (&change.before, &change.after) {
                (Some(before), Some(after)) => before.meta().labels != after.meta().labels,
                _ => true,
            },
            Kind::Node
            | Kind::Service
            | Kind::MeshConfigMap
            | Kind::Istiod
            | Kind::RevisionTag
            | Kind::Sidecar
            | Kind::VirtualService
            | Kind::DestinationRule
            | Kind::ServiceEntry
            | Kind::WorkloadEntry
            | Kind::Gateway
            | Kind::EnvoyFilter
            | Kind::HTTPRoute
            | Kind::GRPCRoute
            | Kind::TCPRoute
            | Kind::TLSRoute => true,
        }
    }

    fn may_serve(&self, pod: &Key) -> bool {
        self.foreign || self.namespaces.contains(&pod.namespace)
    }

    fn serves(&self, slice: &EndpointSlice) -> bool {
        let service = service_of(slice);
        self.services
            .contains(format!("{}.{}", service.name, service.namespace).as_str())
    }
}

fn names(slice: &EndpointSlice, pod: &Key) -> bool {
    slice
        .endpoints
        .iter()
        .any(|endpoint| endpoint.pod.as_ref() == Some(pod))
}

/// Whether what a rule reads of another pod differs: most changes of a pod (restarts, status words) are none of these.
fn serves_otherwise(change: &Change) -> bool {
    let part = |pod: &Pod| {
        (
            pod.meta.uid,
            pod.meta.labels.clone(),
            pod.meta.deleting.is_some(),
            pod.ips.clone(),
            pod.node.clone(),
            pod.ready,
            pod.phase.clone(),
            pod.service_account.clone(),
        )
    };
    match (&change.before, &change.after) {
        (Some(Object::Pod(before)), Some(Object::Pod(after))) => part(before) != part(after),
        _ => true,
    }
}
