//! `WorkloadEntries`: as workloads, and as endpoints of the Kubernetes Services that select them (scope rules §8.2).
//!
//! istio: `pilot/pkg/serviceregistry/kube/controller/controller.go` (`collectWorkloadInstanceEndpoints`), `util.go`
//! (`findServiceTargetPort`), `serviceentry/conversion.go` (`convertWorkloadEntryToWorkloadInstance`,
//! `getTLSModeFromWorkloadEntry`).

use std::sync::Arc;

use super::{Endpoint, EndpointHealth, TLS_MODE, Workload, home, network_of};
use crate::mesh::model::{self, Key, Kind, Labels, Service, ServicePort, TargetPort, Text, WorkloadEntry};
use crate::mesh::scope::host::{is_ip, parse_ip};
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::service::{MeshPort, Resolution};
use crate::mesh::scope::table::Backend;
use crate::mesh::scope::topology::{Place, WorkloadLabels, from_label};
use crate::mesh::world::World;

pub(super) const UNIX: &str = "unix://";

/// The workload that a WorkloadEntry, or an inline endpoint with these labels, stands for.
pub(super) fn workload_of(world: &World, plane: &Plane, entry: &model::Workload, labels: Labels) -> Workload {
    let text = if entry.locality.is_empty() {
        from_label(&labels).unwrap_or_default()
    } else {
        entry.locality.clone()
    };
    let place = Place::parse(&text);
    let network = if entry.network.is_empty() {
        network_of(home(world, plane), &labels)
    } else {
        entry.network.clone()
    };
    let labels = WorkloadLabels {
        own: labels,
        locality: Arc::clone(&place.locality),
        cluster: plane.flags.cluster.clone(),
        node: Text::default(),
        network: Some(network).filter(|network| !network.is_empty()),
    };
    let has_account = entry.has_account && labels.own.get(TLS_MODE).is_none();
    let backend = Backend {
        locality: place.locality,
        weight: entry.weight.max(1),
        ..Backend::default()
    };
    let mut workload = Workload::labelled(plane, labels, place.text, backend);
    workload.has_mtls |= has_account;
    workload
}

/// Labels of the spec with those of the object, which win.
pub(crate) fn labels_of(entry: &WorkloadEntry) -> Labels {
    if entry.workload.labels.is_empty() {
        return entry.meta.labels.clone();
    }
    let all = entry.workload.labels.iter().chain(entry.meta.labels.iter());
    all.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether istiod counts it: with health checks asked for, only once it is said to be healthy.
///
/// istio: `serviceentry/conversion.go`, `isHealthy`.
pub(super) fn is_healthy(plane: &Plane, entry: &WorkloadEntry) -> bool {
    let asked = entry.meta.annotations.get("proxy.istio.io/health-checks-enabled");
    let is_asked = asked.is_some_and(|text| matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"));
    !(plane.flags.workload_entry_health && is_asked) || entry.healthy == Some(true)
}

/// Whether its address is one that only a DNS ServiceEntry can use.
pub(super) fn is_for_dns_only(address: &str) -> bool {
    !address.is_empty() && !is_ip(address)
}

/// Every WorkloadEntry of a namespace that istiod counts, by name.
pub(super) fn in_namespace<'w>(
    world: &'w World,
    plane: &'w Plane,
    namespace: &str,
) -> impl Iterator<Item = &'w Arc<WorkloadEntry>> {
    let entries = world.workload_entries.in_namespace(namespace);
    entries.filter(|entry| plane.discovery.has(Kind::WorkloadEntry, &entry.meta) && is_healthy(plane, entry))
}

/// Adds the `WorkloadEntries` that a Service selects.
pub(super) fn collect(world: &World, plane: &Plane, name: &Key, out: &mut Vec<Endpoint>) {
    if !plane.flags.services_select_workload_entries || world.workload_entries.is_empty() {
        return;
    }
    let Some(service) = world.services.get(name).filter(|service| !service.selector.is_empty()) else {
        return;
    };
    let host = super::super::host::service_host(&name.name, &name.namespace, &plane.flags.domain);
    let Some(mesh_service) = plane.registry.find(&host, &name.namespace) else {
        return;
    };
    if !mesh_service.source.is_kubernetes() || mesh_service.resolution != Resolution::ClientSide {
        return;
    }
    for entry in in_namespace(world, plane, &name.namespace) {
        if is_for_dns_only(&entry.workload.address) {
            continue;
        }
        let workload = workload_of(world, plane, &entry.workload, labels_of(entry));
        if !workload.labels.matches(&service.selector) {
            continue;
        }
        let workload = Arc::new(workload);
        let listed_by = Arc::new((Kind::WorkloadEntry, entry.meta.key.clone()));
        for wanted in mesh_service.ports.iter() {
            let first = mesh_service
                .ports
                .iter()
                .find(|port| port.number == wanted.number)
                .unwrap_or(wanted);
            if let Some(port) = port_of(service, first, &entry.workload) {
                out.push(Endpoint {
                    address: entry.workload.address.clone(),
                    ip: parse_ip(&entry.workload.address),
                    port,
                    port_name: first.name.clone(),
                    entry_port: 0,
                    health: EndpointHealth::Healthy,
                    workload: Arc::clone(&workload),
                    listed_by: Arc::clone(&listed_by),
                    is_chance: false,
                });
            }
        }
    }
}

/// The port of a WorkloadEntry behind a service port; `None` if the Service asks for a name that it does not have.
pub(crate) fn port_of(service: &Service, port: &MeshPort, entry: &model::Workload) -> Option<u32> {
    let is_meant = |candidate: &&ServicePort| candidate.name == port.name || u32::from(candidate.number) == port.number;
    let found = service.ports.iter().find(is_meant);
    let mapped = |name: &Text| {
        let port = entry.ports.iter().find(|(known, _)| known == name);
        port.map(|(_, number)| *number).filter(|number| *number != 0)
    };
    match found.map(|found| (found, found.target.as_ref())) {
        Some((found, Some(TargetPort::Number(number)))) if *number > 0 => Some(
            mapped(&found.name)
                .filter(|_| !found.name.is_empty())
                .unwrap_or((*number).into()),
        ),
        Some((_, Some(TargetPort::Name(name)))) if !name.is_empty() => mapped(name),
        Some((_, Some(TargetPort::Number(_) | TargetPort::Name(_)) | None)) | None => Some(port.number),
    }
}
