//! `DestinationRules` that hide each other or fit nothing (scope rules §6).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::sidecars::written;
use super::{Spot, Subject};
use crate::mesh::model::{DestinationRule, Key, Kind, Labels, Text};
use crate::mesh::scope::{ExportTo, MeshService, is_subset, is_wildcard, resolve_short_name};

impl Subject<'_> {
    /// The `DestinationRules` that istiod takes notice of, with their hosts in full.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&Arc<DestinationRule>, Text)> {
        let all = self.world.destination_rules.iter();
        let counted = all.filter(|rule| self.counts(Kind::DestinationRule, &rule.meta));
        counted.map(|rule| {
            let host = resolve_short_name(&rule.host, &rule.meta.key.namespace, self.domain());
            (rule, host)
        })
    }

    /// The services that a host, plain or wildcarded, stands for.
    pub(super) fn services_at<'s>(&'s self, host: &'s str) -> impl Iterator<Item = &'s Arc<MeshService>> {
        let registry = &self.plane().registry;
        let plain = registry.with_host(host).iter();
        let covered = registry.all.iter().filter(move |_| is_wildcard(host));
        plain.chain(covered.filter(move |service| is_subset(&service.host, host)))
    }
}

/// SC050: pods of the root namespace look at other tiers first.
pub(super) fn hides_the_owners(subject: &Subject<'_>) -> Vec<Spot> {
    let mut by_namespace: FxHashMap<&Text, Vec<(&Arc<DestinationRule>, Text)>> = FxHashMap::default();
    let rules: Vec<_> = subject.rules().collect();
    for (rule, host) in &rules {
        by_namespace
            .entry(&rule.meta.key.namespace)
            .or_default()
            .push((rule, host.clone()));
    }
    let mut found = Vec::new();
    for (rule, host) in &rules {
        let key = &rule.meta.key;
        let export = ExportTo::from(&*rule.export_to);
        let is_at_home = export.is_unset()
            || [ExportTo::PUBLIC, ExportTo::PRIVATE, key.namespace.as_str()]
                .iter()
                .any(|to| export.contains(to));
        if key.namespace == *subject.root() || !(is_at_home || rule.selector.is_some()) {
            continue;
        }
        let hidden = subject
            .services_at(host)
            .filter(|service| service.namespace != key.namespace)
            .find_map(|service| {
                let theirs = by_namespace.get(&service.namespace)?.iter();
                let mut seen = theirs.filter(|(other, its)| {
                    let export = ExportTo::from(&*other.export_to);
                    let is_seen =
                        export.is_unset() || export.contains(ExportTo::PUBLIC) || export.contains(&key.namespace);
                    is_seen && other.selector.is_none() && is_subset(&service.host, its)
                });
                seen.next().map(|(other, _)| (other, service))
            });
        if let Some((other, service)) = hidden {
            let spot = Spot::at(Kind::DestinationRule, key, "spec.host", &rule.host);
            found.push(spot.because(format!(
                "hides DestinationRule {} for '{}'",
                other.meta.key, service.host
            )));
        }
    }
    found
}

/// SC051
pub(super) fn unknown_host(subject: &Subject<'_>) -> Vec<Spot> {
    let unknown = subject.rules().filter(|(_, host)| {
        let is_covered = || subject.wildcard_hosts().any(|wide| is_subset(host, wide));
        subject.services_at(host).next().is_none() && !is_covered()
    });
    unknown
        .map(|(rule, _)| Spot::at(Kind::DestinationRule, &rule.meta.key, "spec.host", &rule.host))
        .collect()
}

impl Subject<'_> {
    /// Hosts of services that stand for many names.
    pub(super) fn wildcard_hosts(&self) -> impl Iterator<Item = &Text> {
        let hosts = self.plane().registry.all.iter().map(|service| &service.host);
        hosts.filter(|host| is_wildcard(host))
    }

    /// Whether any workload behind a service has these labels; `None` if its workloads cannot be told.
    fn has_endpoint(&self, service: &MeshService, labels: &Labels) -> Option<bool> {
        let (kind, key) = service.source.object();
        let namespace = &service.namespace;
        if kind == Kind::Service {
            let selector = &self.world.services.get(key)?.selector;
            let mut pods = self.world.pods.in_namespace(namespace);
            let has_pod =
                pods.any(|pod| selector.is_subset_of(&pod.meta.labels) && labels.is_subset_of(&pod.meta.labels));
            return (!selector.is_empty() && !self.has_workload_entries(namespace)).then_some(has_pod);
        }
        let entry = self.world.service_entries.get(key)?;
        let has_inline = entry
            .endpoints
            .iter()
            .any(|endpoint| labels.is_subset_of(&endpoint.labels));
        (entry.selector.is_none() && !entry.endpoints.is_empty()).then_some(has_inline)
    }

    fn has_workload_entries(&self, namespace: &str) -> bool {
        self.world.workload_entries.in_namespace(namespace).next().is_some()
    }
}

/// SC052: labels that istiod adds (zone, node) are not the pod's own, and not judged.
pub(super) fn empty_subset(subject: &Subject<'_>) -> Vec<Spot> {
    const ADDED: &[&str] = &[
        "topology.kubernetes.io/",
        "topology.istio.io/",
        "kubernetes.io/hostname",
    ];
    let mut found = Vec::new();
    for (rule, host) in subject.rules().filter(|(_, host)| !is_wildcard(host)) {
        for (at, subset) in rule.subsets.iter().enumerate() {
            let is_added = |name: &Text| ADDED.iter().any(|prefix| name.starts_with(prefix));
            if subset.labels.is_empty() || subset.labels.iter().any(|(name, _)| is_added(name)) {
                continue;
            }
            let told: Vec<Option<bool>> = subject
                .services_at(&host)
                .map(|service| subject.has_endpoint(service, &subset.labels))
                .collect();
            if !told.is_empty() && told.iter().all(|told| *told == Some(false)) {
                let spot = Spot::at(
                    Kind::DestinationRule,
                    &rule.meta.key,
                    format!("spec.subsets[{at}].labels"),
                    written(&subset.labels),
                );
                found.push(spot.because(format!("subset '{}' of '{host}'", subset.name)));
            }
        }
    }
    found
}

/// SC053
pub(super) fn swallowed(subject: &Subject<'_>) -> Vec<Spot> {
    let mut with_selector: FxHashMap<(Text, Text), &Key> = FxHashMap::default();
    for (rule, host) in subject.rules().filter(|(rule, _)| rule.selector.is_some()) {
        let key = &rule.meta.key;
        with_selector.entry((key.namespace.clone(), host)).or_insert(key);
    }
    let private = subject.rules().filter(|(rule, _)| {
        rule.selector.is_none() && rule.export_to.len() == 1 && rule.export_to.iter().all(|to| *to == ExportTo::PRIVATE)
    });
    private
        .filter_map(|(rule, host)| {
            let key = &rule.meta.key;
            let other = with_selector.get(&(key.namespace.clone(), host))?;
            let spot = Spot::at(Kind::DestinationRule, key, "spec.exportTo", ".");
            Some(spot.because(format!("DestinationRule {other} has a selector")))
        })
        .collect()
}
