//! The services that lead to a pod, with the pod's port behind each of their ports (scope rules §7.5).
//!
//! istio: `pilot/pkg/serviceregistry/kube/controller/controller.go`, `GetProxyServiceTargets`;
//! `serviceentry/controller.go`; `pilot/pkg/model/context.go`, `SetServiceTargets` (the order).

use std::sync::Arc;

use jiff::Timestamp;

use crate::mesh::model::{
    ContainerPort, Key, Kind, Labels, Pod, Service, ServicePort, TargetPort, Text, WorkloadEntry,
};
use crate::mesh::scope::endpoints::{self, PodWorkloads, Shard};
use crate::mesh::scope::host::service_host;
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::protocol::Protocol;
use crate::mesh::scope::proxy::ProxyFacts;
use crate::mesh::scope::registry::HostKey;
use crate::mesh::scope::service::{MeshPort, MeshService, Resolution};
use crate::mesh::world::World;

/// A port of a service, and the port of the pod behind it.
#[derive(Clone, Debug)]
pub(super) struct ServiceTarget {
    /// Of the pod.
    pub(super) port: u32,
    /// Of the service.
    pub(super) host: Text,
    /// The object that gives the service.
    pub(super) object: (Kind, Key),
    created: Option<Timestamp>,
}

/// All of them, by age of the service, then host.
pub(super) fn of(world: &World, plane: &Plane, proxy: &ProxyFacts) -> Vec<ServiceTarget> {
    let mut targets = of_entries(world, plane, proxy);
    targets.extend(of_kubernetes(world, plane, proxy));
    targets.sort_by(|a, b| a.created.cmp(&b.created).then_with(|| a.host.cmp(&b.host)));
    targets
}

fn target(service: &MeshService, port: u32) -> ServiceTarget {
    let (kind, key) = service.source.object();
    ServiceTarget {
        port,
        host: service.host.clone(),
        object: (kind, key.clone()),
        created: service.created,
    }
}

/// `ServiceEntries` of the pod's namespace with an endpoint that has one of the pod's addresses.
fn of_entries(world: &World, plane: &Plane, proxy: &ProxyFacts) -> Vec<ServiceTarget> {
    let mut targets = Vec::new();
    for source in plane.registry.entries_in(proxy.namespace()) {
        let found = endpoints::of_entry(world, plane, source, &mut PodWorkloads::of_world(world, plane));
        let own = found.iter().filter(|endpoint| proxy.ips.contains(&endpoint.address));
        targets.extend(own.map(|endpoint| target(&source.service, endpoint.port)));
    }
    targets
}

fn of_kubernetes(world: &World, plane: &Plane, proxy: &ProxyFacts) -> Vec<ServiceTarget> {
    if let Some(entry) = endpoints::workload_entry_at(world, plane, &proxy.pod) {
        return of_workload_entry(world, plane, entry);
    }
    if !plane.discovery.has_namespace(proxy.namespace()) {
        return Vec::new();
    }
    let services = selecting(world, proxy.namespace(), |selector| {
        selector.is_subset_of(&proxy.pod.meta.labels)
    });
    if services.is_empty() {
        return of_slices(world, plane, proxy);
    }
    services
        .iter()
        .flat_map(|service| of_service(plane, service, &proxy.pod))
        .collect()
}

/// Services of a namespace with a selector that fits.
fn selecting<'w>(world: &'w World, namespace: &str, fits: impl Fn(&Labels) -> bool) -> Vec<&'w Arc<Service>> {
    let services = world.services.in_namespace(namespace);
    services
        .filter(|service| !service.selector.is_empty() && fits(&service.selector))
        .collect()
}

fn mesh_service<'p>(plane: &'p Plane, key: &Key) -> Option<&'p Arc<MeshService>> {
    let host = service_host(&key.name, &key.namespace, &plane.flags.domain);
    plane
        .registry
        .find(&host, &key.namespace)
        .filter(|service| service.source.is_kubernetes())
}

fn of_service(plane: &Plane, service: &Service, pod: &Pod) -> Vec<ServiceTarget> {
    let Some(known) = mesh_service(plane, &service.meta.key) else {
        return Vec::new();
    };
    let mut seen: Vec<(u32, Protocol)> = Vec::new();
    for port in service.ports.iter() {
        let mesh_port = known.ports.iter().find(|candidate| candidate.name == port.name);
        if let (Some(number), Some(mesh_port)) = (pod_port(pod, port), mesh_port) {
            let one = (number, mesh_port.protocol);
            if !seen.contains(&one) {
                seen.push(one);
            }
        }
    }
    seen.into_iter().map(|(port, _)| target(known, port)).collect()
}

/// The pod's port behind a service port: the number, or the container port of that name and protocol.
fn pod_port(pod: &Pod, port: &ServicePort) -> Option<u32> {
    match &port.target {
        None => Some(port.number.into()),
        Some(TargetPort::Number(number)) => Some((*number).into()),
        Some(TargetPort::Name(name)) => {
            let is_meant = |candidate: &&ContainerPort| candidate.name == *name && candidate.protocol == port.protocol;
            pod.ports.iter().find(is_meant).map(|found| found.number.into())
        }
    }
}

/// Services whose slices list the pod's first address: for a pod that no selector selects.
fn of_slices(world: &World, plane: &Plane, proxy: &ProxyFacts) -> Vec<ServiceTarget> {
    let Some(first) = proxy.ips.first() else {
        return Vec::new();
    };
    let mut targets = Vec::new();
    for service in world.services.in_namespace(proxy.namespace()) {
        let Some(known) = mesh_service(plane, &service.meta.key) else {
            continue;
        };
        let key = HostKey {
            host: known.host.clone(),
            namespace: known.namespace.clone(),
        };
        let shard = Shard::of_slices(world, plane, &key);
        let own = shard.endpoints.iter().filter(|endpoint| endpoint.address == *first);
        let named = own.filter(|endpoint| known.ports.iter().any(|port| port.name == endpoint.port_name));
        targets.extend(named.map(|endpoint| target(known, endpoint.port)));
    }
    targets
}

/// A WorkloadEntry with the pod's address stands for the pod.
fn of_workload_entry(world: &World, plane: &Plane, entry: &WorkloadEntry) -> Vec<ServiceTarget> {
    let workload = endpoints::of_workload_entry(world, plane, entry);
    let services = selecting(world, &entry.meta.key.namespace, |selector| {
        workload.labels.matches(selector)
    });
    let mut targets = Vec::new();
    for service in services {
        let Some(known) = mesh_service(plane, &service.meta.key) else {
            continue;
        };
        if known.resolution != Resolution::ClientSide {
            continue;
        }
        let ports = known
            .ports
            .iter()
            .filter(|port: &&MeshPort| port.protocol != Protocol::Udp);
        let ports = ports.filter_map(|port| endpoints::port_behind_service(service, port, &entry.workload));
        targets.extend(ports.map(|port| target(known, port)));
    }
    targets
}
