//! Causes: which of the changes between two tables made a row come, go or change.
//!
//! Where the changes do not say it, the cause is [`Cause::Unknown`] or one of several; it is never guessed. Slices
//! follow pods and Services, so a slice's change is put down to the pod's or the Service's, where that is known.

use std::fmt;
use std::sync::Arc;

use jiff::SignedDuration;

use super::edits::Edit;
use super::journal::{Entry, Journal};
use crate::mesh::model::{EndpointSlice, Key, Kind, Object, Pod, SliceEndpoint};
use crate::mesh::scope::{Address, Row};
use crate::mesh::world::Change;

/// Why something changed.
#[derive(Clone, PartialEq, Debug)]
pub enum Cause {
    /// An edit.
    Edit(Arc<Edit>),
    /// One of these edits, which came at once.
    OneOf(Arc<[Arc<Edit>]>),
    /// Something happened to a pod.
    Pod(Key, PodEvent),
    /// The endpoints of a Service changed, and no pod is known to be why.
    Endpoints(Key),
    /// A node has other labels, or is gone.
    Node(Key),
    /// Another pod has taken the place of this one.
    Successor(Key),
    /// Nothing tells.
    Unknown,
}

impl fmt::Display for Cause {
    /// In plain words, short, such as `Sidecar shop/default edited by kubectl-edit`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Edit(edit) => {
                write!(f, "{} {} {}", edit.kind.name(), edit.key, edit.verb.as_str())?;
                match &edit.author {
                    Some(author) => write!(f, " by {}", author.manager),
                    None => write!(f, ", by: unknown"),
                }
            }
            Cause::OneOf(edits) => write!(f, "one of {} edits that came at once", edits.len()),
            Cause::Pod(pod, event) => write!(f, "pod {pod} {}", event.as_str()),
            Cause::Endpoints(service) => write!(f, "endpoints of service {service} changed"),
            Cause::Node(node) => write!(f, "node {node} changed"),
            Cause::Successor(pod) => write!(f, "in place of pod {pod}"),
            Cause::Unknown => write!(f, "unknown"),
        }
    }
}

/// What happened to a pod.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PodEvent {
    /// It is new.
    Created,
    /// It is gone.
    Deleted,
    /// It was made anew under the same name.
    Recreated,
    /// Its deletion has begun.
    Terminating,
    /// It became ready.
    Ready,
    /// It is not ready any more.
    NotReady,
    /// It has other labels.
    Relabelled,
    /// It has other addresses.
    Readdressed,
    /// Anything else.
    Changed,
}

impl PodEvent {
    /// The verb to a pod's name.
    pub fn as_str(self) -> &'static str {
        match self {
            PodEvent::Created => "was created",
            PodEvent::Deleted => "was deleted",
            PodEvent::Recreated => "was made anew",
            PodEvent::Terminating => "is terminating",
            PodEvent::Ready => "became ready",
            PodEvent::NotReady => "became not ready",
            PodEvent::Relabelled => "got other labels",
            PodEvent::Readdressed => "got other addresses",
            PodEvent::Changed => "changed",
        }
    }

    /// Whether it can have made an endpoint of this pod, as a slice holds it, into another.
    fn explains(self, was: Option<&SliceEndpoint>, is: Option<&SliceEndpoint>) -> bool {
        let is_better = |was: Option<&SliceEndpoint>, is: Option<&SliceEndpoint>| {
            was.is_none() && is.is_some() || !was.is_some_and(is_ready) && is.is_some_and(is_ready)
        };
        match self {
            PodEvent::Created | PodEvent::Ready => is_better(was, is),
            PodEvent::Deleted | PodEvent::Terminating | PodEvent::NotReady => is_better(is, was),
            PodEvent::Recreated | PodEvent::Relabelled | PodEvent::Readdressed => true,
            PodEvent::Changed => false,
        }
    }

    /// What a change of a pod amounts to.
    fn of(before: Option<&Pod>, after: Option<&Pod>) -> Self {
        let (Some(before), Some(after)) = (before, after) else {
            return if after.is_some() {
                PodEvent::Created
            } else {
                PodEvent::Deleted
            };
        };
        if before.meta.uid != after.meta.uid {
            PodEvent::Recreated
        } else if before.meta.deleting.is_none() && after.meta.deleting.is_some() {
            PodEvent::Terminating
        } else if before.ready != after.ready {
            if after.ready {
                PodEvent::Ready
            } else {
                PodEvent::NotReady
            }
        } else if before.meta.labels != after.meta.labels {
            PodEvent::Relabelled
        } else if before.ips != after.ips {
            PodEvent::Readdressed
        } else {
            PodEvent::Changed
        }
    }
}

/// Whether a pod has, or had, this address.
fn has_address(change: &Change, address: &Address) -> bool {
    let Address::Socket(ip, _) = address else {
        return false;
    };
    let sides = [&change.before, &change.after].into_iter().flatten();
    sides.filter_map(as_pod).any(|pod| pod.ips.iter().any(|own| own == ip))
}

/// Why an object's own row has a mark.
pub(super) fn of_object(change: &Change, edits: &[Arc<Edit>]) -> Cause {
    if let Some((kind, key)) = change.identity()
        && let Some(edit) = edits.iter().find(|edit| edit.kind == kind && edit.key == *key)
    {
        return Cause::Edit(Arc::clone(edit));
    }
    pod_event(change).map_or(Cause::Unknown, |(pod, event)| Cause::Pod(pod, event))
}

fn pod_event(change: &Change) -> Option<(Key, PodEvent)> {
    let before = change.before.as_ref().and_then(as_pod);
    let after = change.after.as_ref().and_then(as_pod);
    let key = after.or(before)?.meta.key.clone();
    Some((key, PodEvent::of(before, after)))
}

fn as_pod(object: &Object) -> Option<&Pod> {
    if let Object::Pod(pod) = object { Some(pod) } else { None }
}

/// The changes between two tables of one pod, from which each row's cause is read.
pub(super) struct Span<'a> {
    /// Newest first, without gaps.
    pub(super) entries: &'a [&'a Entry],
    /// For what led to a slice's change.
    pub(super) journal: &'a Journal,
    /// Whose table it is.
    pub(super) pod: &'a Key,
}

impl Span<'_> {
    /// Why a row is another than before; both sides are given where there are both.
    pub(super) fn cause(&self, before: Option<&Row>, after: Option<&Row>) -> Cause {
        let Some(row) = after.or(before) else {
            return Cause::Unknown;
        };
        self.slice_behind(row)
            .or_else(|| self.edit_behind(before, after))
            .or_else(|| self.pod_behind(before, after))
            .or_else(|| self.node_behind(row))
            .unwrap_or(Cause::Unknown)
    }

    /// Why names came into scope or left it, where no row did.
    pub(super) fn cause_of_scope(&self) -> Cause {
        self.edit_behind(None, None).unwrap_or(Cause::Unknown)
    }

    fn changes(&self) -> impl Iterator<Item = (&Entry, &Change)> {
        self.entries
            .iter()
            .flat_map(|entry| entry.changes.iter().rev().map(move |change| (*entry, change)))
    }

    fn slice_behind(&self, row: &Row) -> Option<Cause> {
        let Address::Socket(ip, _) = &row.address else {
            return None;
        };
        self.changes().find_map(|(entry, change)| {
            let (before, after) = (
                change.before.as_ref().and_then(as_slice),
                change.after.as_ref().and_then(as_slice),
            );
            let slice = after.or(before)?;
            let service = service_of(slice);
            if !host_is_of(row.cluster.host(), &service) {
                return None;
            }
            let (was, is) = (endpoint(before, ip), endpoint(after, ip));
            if was == is && before.map(|slice| &slice.ports) == after.map(|slice| &slice.ports) {
                return None;
            }
            Some(self.behind_slice(entry, service, was, is))
        })
    }

    /// What led to a slice's change: the edit of its Service, the pod's own event, or the endpoint's own conditions.
    fn behind_slice(
        &self,
        entry: &Entry,
        service: Key,
        was: Option<&SliceEndpoint>,
        is: Option<&SliceEndpoint>,
    ) -> Cause {
        let pod = is.or(was).and_then(|endpoint| endpoint.pod.clone());
        let recent = self
            .journal
            .back_from(entry.seq)
            .take(LOOK_BACK)
            .take_while(|other| entry.at.duration_since(other.at) <= LAG);
        for other in recent {
            if let Some(edit) = other.edits.iter().find(|edit| selects_anew(edit, &service)) {
                return Cause::Edit(Arc::clone(edit));
            }
            let mut events = other.changes.iter().filter_map(pod_event);
            let led_here = |(key, event): &(Key, PodEvent)| Some(key) == pod.as_ref() && event.explains(was, is);
            if let Some((pod, event)) = events.rfind(led_here) {
                return Cause::Pod(pod, event);
            }
        }
        let Some(pod) = pod else {
            return Cause::Endpoints(service);
        };
        match (was.map(is_ready), is.map(is_ready)) {
            (Some(false), Some(true)) => Cause::Pod(pod, PodEvent::Ready),
            (Some(true), Some(false)) => Cause::Pod(pod, PodEvent::NotReady),
            _ => Cause::Endpoints(service),
        }
    }

    fn edit_behind(&self, before: Option<&Row>, after: Option<&Row>) -> Option<Cause> {
        let edits: Vec<&Arc<Edit>> = self.entries.iter().flat_map(|entry| entry.edits.iter().rev()).collect();
        let named = |row: Option<&Row>| {
            let (kind, key) = row?.why.by()?;
            edits.iter().find(|edit| edit.kind == kind && edit.key == key).copied()
        };
        match edits.as_slice() {
            [] => None,
            [edit] => Some(Cause::Edit(Arc::clone(edit))),
            several => Some(match named(after).or_else(|| named(before)) {
                Some(edit) => Cause::Edit(Arc::clone(edit)),
                None => Cause::OneOf(several.iter().map(|edit| Arc::clone(edit)).collect()),
            }),
        }
    }

    /// What happened to the row's pod, to one that has or had its address, or to the pod whose table it is.
    ///
    /// An endpoint whose pod istiod does not know waits for the pod with its address.
    /// istio: `pilot/pkg/serviceregistry/kube/controller/pod.go`, `PodCache.queueEndpointEventOnPodArrival`.
    fn pod_behind(&self, before: Option<&Row>, after: Option<&Row>) -> Option<Cause> {
        let events: Vec<_> = self
            .changes()
            .filter_map(|(_, change)| Some((change, pod_event(change)?)))
            .collect();
        let of = |pod: &Key| events.iter().find(|(_, (key, _))| key == pod);
        let rows = || [after, before].into_iter().flatten();
        let named = || rows().filter_map(|row| row.backend.pod.as_ref()).find_map(of);
        let at_address = || {
            let has = |change: &Change| rows().any(|row| has_address(change, &row.address));
            events.iter().find(|(change, _)| has(change))
        };
        let (_, (pod, event)) = named().or_else(at_address).or_else(|| of(self.pod))?;
        Some(Cause::Pod(pod.clone(), *event))
    }

    fn node_behind(&self, row: &Row) -> Option<Cause> {
        let nodes: Vec<&Key> = self
            .changes()
            .filter_map(|(_, change)| change.identity())
            .filter_map(|(kind, key)| (kind == Kind::Node).then_some(key))
            .collect();
        match nodes.iter().find(|node| node.name == row.backend.node) {
            Some(node) => Some(Cause::Node((*node).clone())),
            None => match nodes.as_slice() {
                [node] => Some(Cause::Node((*node).clone())),
                _ => None,
            },
        }
    }
}

/// How long the slice controller may take to follow, and how many entries are looked at for it.
const LAG: SignedDuration = SignedDuration::from_secs(10);
const LOOK_BACK: usize = 256;

pub(super) fn as_slice(object: &Object) -> Option<&EndpointSlice> {
    if let Object::EndpointSlice(slice) = object {
        Some(slice)
    } else {
        None
    }
}

/// The Service that a slice belongs to.
pub(super) fn service_of(slice: &EndpointSlice) -> Key {
    Key {
        namespace: slice.meta.key.namespace.clone(),
        name: slice.service.clone(),
    }
}

/// Whether a host is the name of this Service in the cluster's domain (`NAME.NAMESPACE.svc.*`).
pub(super) fn host_is_of(host: &str, service: &Key) -> bool {
    host.strip_prefix(service.name.as_str())
        .and_then(|rest| rest.strip_prefix('.'))
        .and_then(|rest| rest.strip_prefix(service.namespace.as_str()))
        .is_some_and(|rest| rest.starts_with(".svc."))
}

/// An endpoint that does not say is ready.
///
/// Kubernetes: `discovery.k8s.io/v1`, `EndpointConditions.ready`.
fn is_ready(endpoint: &SliceEndpoint) -> bool {
    endpoint.ready.unwrap_or(true)
}

fn endpoint<'a>(slice: Option<&'a EndpointSlice>, ip: &str) -> Option<&'a SliceEndpoint> {
    let endpoints = &slice?.endpoints;
    endpoints
        .iter()
        .find(|endpoint| endpoint.addresses.iter().any(|address| address == ip))
}

/// Whether an edit makes the slice controller choose other endpoints for this Service.
fn selects_anew(edit: &Edit, service: &Key) -> bool {
    if edit.kind != Kind::Service || edit.key != *service {
        return false;
    }
    match (&edit.change.before, &edit.change.after) {
        (Some(Object::Service(before)), Some(Object::Service(after))) => {
            before.selector != after.selector || before.ports != after.ports
        }
        _ => true,
    }
}
