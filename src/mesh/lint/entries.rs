//! `ServiceEntries` that crash istiod, depend on chance, or give no service (scope rules §2.2, §9, §21).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Spot, Subject};
use crate::mesh::model::{Key, Kind, PolicySettings, ServiceEntry, Text, TrafficPolicy};
use crate::mesh::scope::{MeshService, Protocol, TrafficDistribution, is_subset, is_wildcard, resolve_short_name};

impl Subject<'_> {
    fn entries(&self) -> impl Iterator<Item = &Arc<ServiceEntry>> {
        let all = self.world.service_entries.iter();
        all.filter(|entry| self.counts(Kind::ServiceEntry, &entry.meta))
    }

    /// The services that each ServiceEntry gives.
    fn services_of_entries(&self) -> BTreeMap<&Key, Vec<&Arc<MeshService>>> {
        let mut by_entry: BTreeMap<&Key, Vec<&Arc<MeshService>>> = BTreeMap::new();
        for service in &self.plane().registry.all {
            let (kind, key) = service.source.object();
            if kind == Kind::ServiceEntry {
                by_entry.entry(key).or_default().push(service);
            }
        }
        by_entry
    }

    /// What asks for failover by priority between the localities of a host: words for a reader.
    fn failover_of(&self, service: &MeshService) -> Option<String> {
        if service.distribution != TrafficDistribution::Any {
            return Some("traffic distribution".to_owned());
        }
        let asks = |settings: &PolicySettings| {
            let locality = settings
                .load_balancer
                .as_ref()
                .and_then(|balancer| balancer.locality.as_ref());
            locality.is_some_and(|locality| !locality.failover_priority.is_empty())
        };
        let any_asks =
            |policy: &TrafficPolicy| asks(&policy.settings) || policy.ports.iter().any(|port| asks(&port.settings));
        let has_outlier = |policy: &TrafficPolicy| {
            policy.settings.outlier_detection.is_some()
                || policy
                    .ports
                    .iter()
                    .any(|port| port.settings.outlier_detection.is_some())
        };
        let mesh_asks = !self.plane().mesh.locality.failover_priority.is_empty();
        for rule in self.world.destination_rules.iter() {
            let key = &rule.meta.key;
            let host = resolve_short_name(&rule.host, &key.namespace, self.domain());
            if !is_subset(&service.host, &host) || !self.counts(Kind::DestinationRule, &rule.meta) {
                continue;
            }
            let subsets = rule.subsets.iter().filter_map(|subset| subset.policy.as_ref());
            let policies: Vec<_> = rule.policy.iter().chain(subsets).collect();
            let ejects = policies.iter().any(|policy| has_outlier(policy));
            if ejects && (mesh_asks || policies.iter().any(|policy| any_asks(policy))) {
                return Some(format!(
                    "failoverPriority with outlierDetection of DestinationRule {key}"
                ));
            }
        }
        None
    }

    /// The localities of the endpoints of a ServiceEntry, inline ones or those that it selects.
    fn localities(&self, entry: &ServiceEntry) -> BTreeSet<Text> {
        let Some(selector) = &entry.selector else {
            let inline = entry.endpoints.iter();
            return inline.map(|endpoint| endpoint.locality.clone()).collect();
        };
        let here = self.world.workload_entries.in_namespace(&entry.meta.key.namespace);
        let selected = here.filter(|workload| selector.is_subset_of(&workload.workload.labels));
        selected.map(|workload| workload.workload.locality.clone()).collect()
    }
}

/// SC040
pub(super) fn crashes_istiod(subject: &Subject<'_>) -> Vec<Spot> {
    let services = subject.services_of_entries();
    let mut found = Vec::new();
    for entry in subject.entries() {
        let localities = subject.localities(entry);
        let given = services.get(&entry.meta.key).into_iter().flatten();
        let mut dns = given.filter(|service| service.resolution.is_dns());
        if localities.len() < 2 {
            continue;
        }
        if let Some(cause) = dns.find_map(|service| subject.failover_of(service)) {
            let places: Vec<&str> = localities.iter().map(Text::as_str).collect();
            let spot = Spot::at(Kind::ServiceEntry, &entry.meta.key, "spec.endpoints", places.join(", "));
            found.push(spot.because(cause));
        }
    }
    found
}

/// SC041
pub(super) fn order_by_chance(subject: &Subject<'_>) -> Vec<Spot> {
    let mut first: BTreeMap<(&Text, &Text, jiff::Timestamp), &Key> = BTreeMap::new();
    let mut found = Vec::new();
    for entry in subject.entries() {
        let Some(created) = entry.meta.created else {
            continue;
        };
        for (at, host) in entry.hosts.iter().enumerate() {
            let key = &entry.meta.key;
            let other = *first.entry((host, &key.namespace, created)).or_insert(key);
            if other != key {
                let spot = Spot::at(Kind::ServiceEntry, key, format!("spec.hosts[{at}]"), host);
                found.push(spot.because(format!("ServiceEntry {other} is of the same second")));
            }
        }
    }
    found
}

/// SC042: from 1.25 istiod gives most entries an address by itself.
///
/// istio: `pilot/pkg/serviceregistry/serviceentry`, `ShouldV2AutoAllocateIP`.
pub(super) fn no_address(subject: &Subject<'_>) -> Vec<Spot> {
    let allocates = subject.plane().version.is_at_least(25);
    let mut found = Vec::new();
    for entry in subject.entries().filter(|entry| entry.addresses.is_empty()) {
        let is_literal = |host: &Text| !is_wildcard(host);
        let resolves = !matches!(entry.resolution.as_str(), "" | "NONE");
        if allocates && resolves && entry.hosts.iter().all(is_literal) {
            continue;
        }
        for (at, port) in entry.ports.iter().enumerate() {
            let is_tcp = port.protocol.is_empty() || Protocol::parse(&port.protocol) == Protocol::Tcp;
            if is_tcp {
                let field = format!("spec.ports[{at}].protocol");
                found.push(Spot::at(Kind::ServiceEntry, &entry.meta.key, field, &port.protocol));
            }
        }
    }
    found
}

/// SC043
pub(super) fn protocols_differ(subject: &Subject<'_>) -> Vec<Spot> {
    let mut first: BTreeMap<(&Text, u32), (&Key, Protocol)> = BTreeMap::new();
    let mut found = Vec::new();
    for entry in subject.entries() {
        let key = &entry.meta.key;
        for (at, port) in entry.ports.iter().enumerate() {
            let protocol = Protocol::parse(&port.protocol);
            for host in entry.hosts.iter() {
                let (other, its) = *first.entry((host, port.number)).or_insert((key, protocol));
                if other != key && its != protocol {
                    let spot = Spot::at(
                        Kind::ServiceEntry,
                        key,
                        format!("spec.ports[{at}].protocol"),
                        &port.protocol,
                    );
                    found.push(spot.because(format!("host '{host}' is also of ServiceEntry {other}")));
                }
            }
        }
    }
    found
}

/// SC044
pub(super) fn no_valid_address(subject: &Subject<'_>) -> Vec<Spot> {
    let services = subject.services_of_entries();
    let lost = subject.entries().filter(|entry| {
        !entry.hosts.is_empty() && !entry.addresses.is_empty() && !services.contains_key(&entry.meta.key)
    });
    lost.map(|entry| {
        let addresses: Vec<&str> = entry.addresses.iter().map(Text::as_str).collect();
        Spot::at(
            Kind::ServiceEntry,
            &entry.meta.key,
            "spec.addresses",
            addresses.join(", "),
        )
    })
    .collect()
}
