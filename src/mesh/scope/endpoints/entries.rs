//! Endpoints that `ServiceEntries` give: inline, by selector, or the host itself (scope rules §9).
//!
//! istio: `pilot/pkg/serviceregistry/serviceentry/conversion.go`, `services`, `convertServiceEntryToInstances`,
//! `mergeServicesInstancesByNamespaceHost`.

use std::sync::Arc;

use super::workloads::{UNIX, in_namespace, is_for_dns_only, labels_of, workload_of};
use super::{Endpoint, EndpointHealth, PodWorkloads, Workload, is_in_use};
use crate::mesh::model::{ContainerPort, EntryPort, Key, Kind, Labels, Pod, ServiceEntry, Text};
use crate::mesh::scope::host::parse_ip;
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::registry::{EntrySource, HostKey};
use crate::mesh::scope::service::Resolution;
use crate::mesh::world::World;

/// Adds the endpoints of every ServiceEntry of this host and namespace, by age.
pub(super) fn collect(world: &World, plane: &Plane, key: &HostKey, pods: &mut PodWorkloads, out: &mut Vec<Endpoint>) {
    let mut seen_ports: Vec<u32> = Vec::new();
    for source in plane.registry.entries_of(key) {
        let once = of_source(world, plane, source, pods);
        let takes_one = source.service.resolution == Resolution::DnsRoundRobin;
        for endpoint in once.iter().cycle().take(once.len().saturating_mul(source.copies)) {
            if takes_one && seen_ports.contains(&endpoint.entry_port) {
                continue;
            }
            if !seen_ports.contains(&endpoint.entry_port) {
                seen_ports.push(endpoint.entry_port);
            }
            out.push(endpoint.clone());
        }
    }
}

/// The endpoints of one ServiceEntry for one of its hosts.
pub(crate) fn of_source(world: &World, plane: &Plane, source: &EntrySource, pods: &mut PodWorkloads) -> Vec<Endpoint> {
    let entry = &source.entry;
    let is_dns = source.service.resolution.is_dns();
    let mut out = Vec::new();
    if let Some(selector) = &entry.selector {
        for selected in select(world, plane, (entry, selector), is_dns, pods) {
            selected.add_endpoints(&entry.ports, &mut out);
        }
    } else if entry.endpoints.is_empty() && is_dns {
        let workload = Arc::new(Workload::default());
        for port in entry.ports.iter() {
            let number = if port.target > 0 { port.target } else { port.number };
            let listed_by = Arc::new((Kind::ServiceEntry, entry.meta.key.clone()));
            out.push(endpoint(
                source.service.host.clone(),
                number,
                port,
                &workload,
                listed_by,
            ));
        }
    } else {
        for inline in entry.endpoints.iter() {
            let selected = Selected {
                address: inline.address.clone(),
                ports: inline.ports.to_vec(),
                workload: Arc::new(workload_of(world, plane, inline, inline.labels.clone())),
                listed_by: Arc::new((Kind::ServiceEntry, entry.meta.key.clone())),
            };
            selected.add_endpoints(&entry.ports, &mut out);
        }
    }
    out
}

/// A workload with the ports that it names.
struct Selected {
    address: Text,
    ports: Vec<(Text, u32)>,
    workload: Arc<Workload>,
    listed_by: Arc<(Kind, Key)>,
}

impl Selected {
    /// Unix socket, else the workload's own port of that name, else the entry's target port, else its number.
    fn add_endpoints(&self, ports: &[EntryPort], out: &mut Vec<Endpoint>) {
        for port in ports {
            let own = self
                .ports
                .iter()
                .find(|(name, number)| *name == port.name && *number > 0);
            let (address, number) = match (self.address.strip_prefix(UNIX), own) {
                (Some(path), _) => (Text::from(path), 0),
                (None, Some((_, number))) => (self.address.clone(), *number),
                (None, None) if port.target > 0 => (self.address.clone(), port.target),
                (None, None) => (self.address.clone(), port.number),
            };
            out.push(endpoint(
                address,
                number,
                port,
                &self.workload,
                Arc::clone(&self.listed_by),
            ));
        }
    }
}

fn endpoint(address: Text, number: u32, port: &EntryPort, workload: &Arc<Workload>, by: Arc<(Kind, Key)>) -> Endpoint {
    Endpoint {
        ip: parse_ip(&address),
        address,
        port: number,
        port_name: port.name.clone(),
        entry_port: port.number,
        health: EndpointHealth::Healthy,
        workload: Arc::clone(workload),
        listed_by: by,
        is_chance: false,
    }
}

/// Pods, then `WorkloadEntries` of the entry's namespace that the selector selects, each by name.
fn select(
    world: &World,
    plane: &Plane,
    (entry, selector): (&ServiceEntry, &Labels),
    is_dns: bool,
    pods: &mut PodWorkloads,
) -> Vec<Selected> {
    let namespace = &entry.meta.key.namespace;
    let mut selected = Vec::new();
    if plane.flags.entries_select_pods {
        for pod in world.pods.in_namespace(namespace) {
            if is_in_use(pod) {
                selected.extend(select_pod(pod, pods.of(world, plane, pod), selector));
            }
        }
    }
    for one in in_namespace(world, plane, namespace) {
        if is_for_dns_only(&one.workload.address) && !is_dns {
            continue;
        }
        let workload = workload_of(world, plane, &one.workload, labels_of(one));
        if workload.labels.matches(selector) {
            selected.push(Selected {
                address: one.workload.address.clone(),
                ports: one.workload.ports.to_vec(),
                workload: Arc::new(workload),
                listed_by: Arc::new((Kind::WorkloadEntry, one.meta.key.clone())),
            });
        }
    }
    selected
}

fn select_pod(pod: &Pod, workload: Arc<Workload>, selector: &Labels) -> Option<Selected> {
    if !workload.labels.matches(selector) {
        return None;
    }
    let is_named = |port: &&ContainerPort| !port.name.is_empty() && port.protocol == "TCP";
    let ports = pod
        .ports
        .iter()
        .filter(is_named)
        .map(|port| (port.name.clone(), port.number.into()));
    Some(Selected {
        address: pod.ips.first().cloned()?,
        ports: ports.collect(),
        workload,
        listed_by: Arc::new((Kind::Pod, pod.meta.key.clone())),
    })
}
