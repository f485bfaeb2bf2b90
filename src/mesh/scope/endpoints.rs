//! The endpoints that istiod holds of a host in a namespace, before any proxy is looked at (scope rules §8.1, §8.2, §9).
//!
//! Not here: which of them a proxy gets ([`super::clusters`]). istio: `pilot/pkg/model/endpointshards.go`.

mod entries;
mod pods;
mod slices;
mod workloads;

pub(crate) use self::entries::of_source as of_entry;
pub(crate) use self::pods::PodWorkloads;
pub(crate) use self::workloads::port_of as port_behind_service;

use std::net::IpAddr;
use std::sync::Arc;

use crate::mesh::model::{Key, Kind, Labels, Namespace, Pod, Text, WorkloadEntry};
use crate::mesh::world::World;

use super::plane::Plane;
use super::reason::Withheld;
use super::registry::HostKey;
use super::service::MeshService;
use super::table::Backend;
use super::topology::{NETWORK, Place, WorkloadLabels};

/// By which a workload says whether it takes mutual TLS.
const TLS_MODE: &str = "security.istio.io/tlsMode";

/// One endpoint of a host, as istiod holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Endpoint {
    /// An IP, a host name or the path of a socket; may be empty.
    pub(crate) address: Text,
    /// The address, if it is an IP, without its zone.
    pub(crate) ip: Option<IpAddr>,
    /// 0 means that the address is a socket's path.
    pub(crate) port: u32,
    /// By which it is matched to the service's port in EDS.
    pub(crate) port_name: Text,
    /// Of a ServiceEntry: the number of the entry's port, by which DNS clusters match; 0 for Kubernetes.
    pub(crate) entry_port: u32,
    /// As sent; `None` is a workload that has no health.
    pub(crate) health: EndpointHealth,
    /// What is behind it.
    pub(crate) workload: Arc<Workload>,
    /// The object that lists it.
    pub(crate) listed_by: Arc<(Kind, Key)>,
    /// istiod has several of this address and port name that differ, and keeps any.
    pub(crate) is_chance: bool,
}

/// istio's `model.HealthStatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EndpointHealth {
    /// Ready, or of a kind that has no health.
    Healthy,
    /// Not ready.
    Unhealthy,
    /// Leaving, but still serving sessions.
    Draining,
    /// Leaving: never sent.
    Terminating,
}

/// What is behind endpoints: a pod, a WorkloadEntry, an inline endpoint of a ServiceEntry, or nothing known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Workload {
    /// With those istiod adds; subsets are chosen by them.
    pub(crate) labels: WorkloadLabels,
    /// Its locality as istiod holds it, by which endpoints are grouped (see [`Place`]).
    pub(crate) place: Text,
    /// What its rows show.
    pub(crate) backend: Arc<Backend>,
    /// Takes tunnelled traffic (istio: `supportTunnel`).
    pub(crate) takes_tunnel: bool,
    /// Has a sidecar that takes Istio's mutual TLS (istio: `IstioEndpoint.TLSMode`).
    pub(crate) has_mtls: bool,
    /// Has the label by which istiod is told that it drains.
    pub(crate) is_labelled_draining: bool,
}

impl Workload {
    /// Something with these labels.
    fn labelled(plane: &Plane, labels: WorkloadLabels, place: Text, backend: Backend) -> Self {
        let has = |name: &str, value: &str| {
            let found = labels.get(name);
            found.is_some_and(|found| found.split(',').any(|one| one == value))
        };
        let draining = &plane.flags.draining_label;
        Self {
            takes_tunnel: has("gateway.istio.io/managed", "istio.io-mesh-controller")
                || has("networking.istio.io/tunnel", "http"),
            has_mtls: labels.own.get(TLS_MODE).is_some_and(|mode| *mode == "istio"),
            is_labelled_draining: !draining.is_empty() && labels.get(draining).is_some_and(|value| !value.is_empty()),
            labels,
            place,
            backend: Arc::new(backend),
        }
    }

    /// A pod.
    pub(crate) fn of_pod(world: &World, plane: &Plane, pod: &Pod) -> Self {
        let node = world.nodes.get(&Key::new(Text::default(), pod.node.clone()));
        let place = Place::of_pod(pod, node.map(|node| &**node));
        Self::of_pod_at(home(world, plane), plane, pod, place)
    }

    /// A pod that is there; `home` is istiod's namespace.
    fn of_pod_at(home: Option<&Arc<Namespace>>, plane: &Plane, pod: &Pod, place: Place) -> Self {
        let redirection = pod.meta.annotations.get("ambient.istio.io/redirection");
        let is_redirected = plane.flags.ambient && redirection.is_some_and(|value| *value == "enabled");
        let labels = WorkloadLabels {
            own: pod.meta.labels.clone(),
            locality: Arc::clone(&place.locality),
            cluster: plane.flags.cluster.clone(),
            node: pod.node.clone(),
            network: Some(network_of(home, &pod.meta.labels)),
        };
        let backend = Backend {
            pod: Some(pod.meta.key.clone()),
            node: pod.node.clone(),
            locality: place.locality,
            weight: 1,
        };
        let mut workload = Self::labelled(plane, labels, place.text, backend);
        workload.takes_tunnel |= is_redirected;
        workload
    }

    /// An address with nothing known behind it.
    fn unknown(world: &World, plane: &Plane) -> Self {
        let labels = WorkloadLabels {
            cluster: plane.flags.cluster.clone(),
            network: Some(network_of(home(world, plane), &Labels::default())),
            ..WorkloadLabels::default()
        };
        Self::labelled(plane, labels, Text::default(), Backend::default())
    }
}

/// istiod's namespace, which may name a network.
fn home<'w>(world: &'w World, plane: &Plane) -> Option<&'w Arc<Namespace>> {
    world.namespaces.get(&Key::new("", plane.name.namespace.clone()))
}

/// The network of a workload: its own label, else that of istiod's namespace; empty if neither says.
///
/// istio: `networkManager.Network`. Networks by address range are not followed.
fn network_of(home: Option<&Arc<Namespace>>, labels: &Labels) -> Text {
    let own = labels.get(NETWORK).filter(|network| !network.is_empty());
    let home = home.and_then(|namespace| namespace.meta.labels.get(NETWORK));
    own.or(home).cloned().unwrap_or_default()
}

/// All endpoints of one host in one namespace.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Shard {
    /// Those of `ServiceEntries`, then those of Kubernetes.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Whether istiod has those of Kubernetes depends on the order of past events (`~` in the Service's exportTo).
    pub(crate) depends_on_past: bool,
}

impl Shard {
    /// Collects them.
    pub(crate) fn of(world: &World, plane: &Plane, key: &HostKey, pods: &mut PodWorkloads) -> Self {
        pods.check(world, plane);
        let mut endpoints = Vec::new();
        entries::collect(world, plane, key, pods, &mut endpoints);
        let mut depends_on_past = false;
        if let Some(name) = kubernetes_name(key, &plane.flags.domain) {
            let service = Key::new(key.namespace.clone(), name);
            depends_on_past = slices::collect(world, plane, key, &service, pods, &mut endpoints);
            workloads::collect(world, plane, &service, &mut endpoints);
        }
        Self {
            endpoints,
            depends_on_past,
        }
    }

    /// Endpoints that slices of the Kubernetes Service of this host list and istiod drops: address, pod, slice and why.
    pub(crate) fn dropped(world: &World, plane: &Plane, key: &HostKey) -> Vec<(Text, Option<Key>, Key, Withheld)> {
        let name = kubernetes_name(key, &plane.flags.domain);
        let dropped = name.map(|name| slices::dropped(world, plane, &Key::new(key.namespace.clone(), name)));
        dropped.unwrap_or_default()
    }

    /// Only those that slices of the Kubernetes Service of this host list.
    pub(crate) fn of_slices(world: &World, plane: &Plane, key: &HostKey) -> Self {
        let mut shard = Self::default();
        if let Some(name) = kubernetes_name(key, &plane.flags.domain) {
            let service = Key::new(key.namespace.clone(), name);
            let pods = &mut PodWorkloads::of_world(world, plane);
            shard.depends_on_past = slices::collect(world, plane, key, &service, pods, &mut shard.endpoints);
        }
        shard
    }

    /// Those of a port of a DNS service: matched by number for `ServiceEntries`, by name for Kubernetes.
    ///
    /// istio: `EndpointShards.CopyEndpoints`; of several services of one host and namespace the youngest that finds
    /// any decides (`initServiceRegistry`).
    pub(crate) fn for_dns_port(&self, services: &[&MeshService], number: u32) -> Vec<&Endpoint> {
        let of_service = |service: &&MeshService| {
            let has_port = service.ports.iter().any(|port| port.number == number);
            let is_meant = |endpoint: &&Endpoint| {
                if endpoint.entry_port != 0 {
                    return has_port && endpoint.entry_port == number;
                }
                let named = service.ports.iter().rfind(|port| port.name == endpoint.port_name);
                named.is_some_and(|port| port.number == number)
            };
            self.endpoints.iter().filter(is_meant).collect::<Vec<_>>()
        };
        services
            .iter()
            .rev()
            .map(of_service)
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }
}

/// The name of the Kubernetes Service that this host means in its own namespace.
fn kubernetes_name<'a>(key: &'a HostKey, domain: &str) -> Option<&'a str> {
    let name = key.host.strip_suffix(domain)?.strip_suffix(".svc.")?;
    let name = name.strip_suffix(key.namespace.as_str())?.strip_suffix('.')?;
    (!name.is_empty()).then_some(name)
}

/// The pod, if istiod knows it.
fn find_pod<'w>(world: &'w World, plane: &Plane, key: &Key) -> Option<&'w Arc<Pod>> {
    world.pods.get(key).filter(|pod| is_known(plane, pod))
}

/// Whether istiod knows a pod: not failed, and in a namespace that is discovered.
fn is_known(plane: &Plane, pod: &Pod) -> bool {
    pod.phase != "Failed" && plane.discovery.has_namespace(&pod.meta.key.namespace)
}

/// Whether a pod may be found by its address: ready, running, not leaving.
///
/// istio: `pilot/pkg/serviceregistry/kube/controller/pod.go`, `PodCache.onEvent`.
fn is_in_use(pod: &Pod) -> bool {
    let is_over = pod.phase == "Failed" || pod.phase == "Succeeded";
    pod.ready && !is_over && pod.meta.deleting.is_none() && !pod.ips.is_empty()
}

/// The WorkloadEntry that stands for a pod since it has the pod's first address: of several the one named like the pod,
/// else one of its namespace, else the first.
///
/// istio: `pilot/pkg/serviceregistry/util/workloadinstances`, `GetInstanceForProxy`.
pub(crate) fn workload_entry_at<'w>(world: &'w World, plane: &Plane, pod: &Pod) -> Option<&'w Arc<WorkloadEntry>> {
    if !plane.flags.services_select_workload_entries {
        return None;
    }
    let ip = pod.ips.first()?;
    let has_address = |entry: &&Arc<WorkloadEntry>| {
        entry.workload.address == *ip
            && plane.discovery.has(Kind::WorkloadEntry, &entry.meta)
            && workloads::is_healthy(plane, entry)
    };
    let found: Vec<&Arc<WorkloadEntry>> = world.workload_entries.iter().filter(has_address).collect();
    let own = &pod.meta.key;
    let named = found.iter().find(|entry| entry.meta.key == *own);
    let near = || found.iter().find(|entry| entry.meta.key.namespace == own.namespace);
    named.or_else(near).or(found.first()).copied()
}

/// What a WorkloadEntry stands for.
pub(crate) fn of_workload_entry(world: &World, plane: &Plane, entry: &WorkloadEntry) -> Workload {
    workloads::workload_of(world, plane, &entry.workload, workloads::labels_of(entry))
}
