//! Services whose ports, exports or slices break something (scope rules §2, §21).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Spot, Subject};
use crate::mesh::model::{Key, Kind, Pod, Service, ServicePort, TargetPort, Text};
use crate::mesh::scope::{Protocol, Resolution};

/// A port of a service as it is told: its number and protocol.
fn is_udp(protocol: Protocol) -> bool {
    protocol == Protocol::Udp
}

/// SC030
pub(super) fn one_number_twice(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for service in &subject.plane().registry.all {
        if service.resolution == Resolution::Alias {
            continue;
        }
        let mut seen = BTreeSet::new();
        for (at, port) in service
            .ports
            .iter()
            .enumerate()
            .filter(|(_, port)| !is_udp(port.protocol))
        {
            if !seen.insert(port.number) {
                let (kind, key) = service.source.object();
                found.push(Spot::at(kind, key, format!("spec.ports[{at}]"), port.number));
            }
        }
    }
    found
}

/// SC031
pub(super) fn udp_first(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for service in &subject.plane().registry.all {
        for (at, port) in service
            .ports
            .iter()
            .enumerate()
            .filter(|(_, port)| !is_udp(port.protocol))
        {
            let mut before = service.ports.iter().take(at);
            if before.any(|other| other.number == port.number && is_udp(other.protocol)) {
                let (kind, key) = service.source.object();
                found.push(Spot::at(kind, key, format!("spec.ports[{at}]"), port.number));
            }
        }
    }
    found
}

/// SC032
pub(super) fn mixed_export(subject: &Subject<'_>) -> Vec<Spot> {
    const EXPORT_TO: &str = "networking.istio.io/exportTo";
    let found = subject.world.services.iter().filter_map(|service| {
        let list = service.meta.annotations.get(EXPORT_TO)?;
        let entries: BTreeSet<&str> = list.split(',').map(str::trim).collect();
        let is_mixed = entries.contains("~") && entries.len() > 1;
        let field = format!("metadata.annotations[{EXPORT_TO:?}]");
        is_mixed.then(|| Spot::at(Kind::Service, &service.meta.key, field, list))
    });
    found.collect()
}

fn port_spots(service: &Service, is_bad: impl Fn(&ServicePort) -> bool) -> Vec<Spot> {
    let bad = service.ports.iter().enumerate().filter(|(_, port)| is_bad(port));
    bad.map(|(at, port)| {
        Spot::at(
            Kind::Service,
            &service.meta.key,
            format!("spec.ports[{at}].name"),
            &port.name,
        )
    })
    .collect()
}

fn is_untold(port: &ServicePort) -> bool {
    port.app_protocol.is_none() && Protocol::of(port) == Protocol::Unsupported
}

/// SC033: Kubernetes' own namespace is not the reader's to mend.
pub(super) fn port_name(subject: &Subject<'_>) -> Vec<Spot> {
    let services = subject.world.services.iter();
    let services = services
        .filter(|service| service.service_type != "ExternalName" && !service.meta.key.namespace.starts_with("kube-"));
    services.flat_map(|service| port_spots(service, is_untold)).collect()
}

/// SC034
pub(super) fn external_name_port(subject: &Subject<'_>) -> Vec<Spot> {
    let services = subject
        .world
        .services
        .iter()
        .filter(|service| service.service_type == "ExternalName");
    services.flat_map(|service| port_spots(service, is_untold)).collect()
}

/// SC035
pub(super) fn slices_differ(subject: &Subject<'_>) -> Vec<Spot> {
    // what each slice says of an address and port name: its number, and whether it is ready
    type Said<'a> = (u16, Option<bool>, &'a Key);
    let mut said: BTreeMap<(Key, &Text, &Text), Said<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for slice in subject.world.slices.iter().filter(|slice| !slice.service.is_empty()) {
        let service = Key::new(slice.meta.key.namespace.clone(), slice.service.clone());
        for endpoint in slice.endpoints.iter() {
            for (address, port) in endpoint
                .addresses
                .iter()
                .flat_map(|address| slice.ports.iter().map(move |port| (address, port)))
            {
                let now = (port.number, endpoint.ready, &slice.meta.key);
                let before = said.entry((service.clone(), address, &port.name)).or_insert(now);
                if before.2 != now.2 && (before.0, before.1.unwrap_or(true)) != (now.0, now.1.unwrap_or(true)) {
                    let value = format!("{address} {}", port.name);
                    let spot = Spot::at(Kind::EndpointSlice, &slice.meta.key, "endpoints", value.trim_end());
                    found.push(spot.because(format!("EndpointSlice {} says otherwise", before.2)));
                }
            }
        }
    }
    found
}

/// A workload of a namespace, by one of its pods, with the Services that select it.
struct Workload<'a> {
    name: String,
    services: Vec<&'a Arc<Service>>,
}

/// Workloads behind two Services or more.
fn shared_workloads<'a>(subject: &'a Subject<'_>) -> Vec<Workload<'a>> {
    let mut one_of: BTreeMap<(Text, Text, Text), &Arc<Pod>> = BTreeMap::new();
    for pod in subject.world.pods.iter() {
        if let Some(owner) = pod.workload() {
            let key = (pod.meta.key.namespace.clone(), owner.kind, owner.name);
            one_of.entry(key).or_insert(pod);
        }
    }
    let mut by_namespace: FxHashMap<&Text, Vec<&Arc<Service>>> = FxHashMap::default();
    for service in subject
        .world
        .services
        .iter()
        .filter(|service| !service.selector.is_empty())
    {
        by_namespace
            .entry(&service.meta.key.namespace)
            .or_default()
            .push(service);
    }
    let mut found = Vec::new();
    for ((namespace, kind, name), pod) in one_of {
        let here = by_namespace.get(&namespace).into_iter().flatten().copied();
        let services: Vec<_> = here
            .filter(|service| service.selector.is_subset_of(&pod.meta.labels))
            .collect();
        if services.len() > 1 {
            let name = format!("{kind} {namespace}/{name}");
            found.push(Workload { name, services });
        }
    }
    found
}

/// SC036
pub(super) fn protocols_of_a_port(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for workload in shared_workloads(subject) {
        let mut first: FxHashMap<u16, (&Key, Protocol)> = FxHashMap::default();
        for service in &workload.services {
            let key = &service.meta.key;
            for (at, port) in service.ports.iter().enumerate() {
                let protocol = Protocol::of(port);
                let (other, its) = *first.entry(port.number).or_insert((key, protocol));
                if other != key && its != protocol {
                    let name = if port.name.is_empty() {
                        &port.protocol
                    } else {
                        &port.name
                    };
                    let spot = Spot::at(
                        Kind::Service,
                        key,
                        format!("spec.ports[{at}]"),
                        format!("{} {name}", port.number),
                    );
                    found.push(spot.because(format!("Service {other} says otherwise for {}", workload.name)));
                }
            }
        }
    }
    found
}

/// SC037
pub(super) fn ports_of_a_target(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for workload in shared_workloads(subject) {
        let mut first: FxHashMap<String, (&Key, u16)> = FxHashMap::default();
        for service in &workload.services {
            let key = &service.meta.key;
            for (at, port) in service.ports.iter().enumerate() {
                let target = match &port.target {
                    None => port.number.to_string(),
                    Some(TargetPort::Number(number)) => number.to_string(),
                    Some(TargetPort::Name(name)) => name.to_string(),
                };
                let (other, number) = *first.entry(target.clone()).or_insert((key, port.number));
                if other != key && number != port.number {
                    let spot = Spot::at(Kind::Service, key, format!("spec.ports[{at}].targetPort"), target);
                    let detail = format!(
                        "port {} here, {number} of Service {other}, for {}",
                        port.number, workload.name
                    );
                    found.push(spot.because(detail));
                }
            }
        }
    }
    found
}
