//! `DestinationRules`: merged by host, by who may see them, and the one that counts for a service (scope rules §6).
//!
//! istio: `pilot/pkg/model/push_context.go` (`setDestinationRules`, `destinationRule`), `destination_rule.go`
//! (`mergeDestinationRule`), `sidecar.go` (`DestinationRule`).

mod policy;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::mesh::model::{DestinationRule, Key, Kind, Labels, Subset, Text, TrafficPolicy};
use crate::mesh::world::World;

use super::discovery::Discovery;
use super::export::ExportTo;
use super::host::{HostMap, resolve_short_name};
use super::mesh_settings::Mesh;
use super::topology::WorkloadLabels;

pub(crate) use self::policy::Policy;

/// One or more `DestinationRules` of one host and namespace, merged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MergedRule {
    /// The first of the rules; it gives the selector and the exportTo.
    pub(crate) first: Arc<DestinationRule>,
    /// All that were merged into it, the first included.
    pub(crate) from: Vec<Key>,
    /// `None` without a selector.
    pub(crate) selector: Option<Labels>,
    /// Subsets in order; of one name the first counts.
    pub(crate) subsets: Vec<Subset>,
    /// The policy for the whole host.
    pub(crate) policy: Option<Arc<TrafficPolicy>>,
    export_to: ExportTo,
}

impl MergedRule {
    fn of(rule: &Arc<DestinationRule>, export_to: &ExportTo) -> Self {
        Self {
            first: Arc::clone(rule),
            from: vec![rule.meta.key.clone()],
            selector: rule.selector.clone(),
            subsets: rule.subsets.to_vec(),
            policy: rule.policy.clone(),
            export_to: export_to.clone(),
        }
    }

    fn fold_in(&mut self, rule: &DestinationRule) {
        self.from.push(rule.meta.key.clone());
        for subset in rule.subsets.iter() {
            if !self.subsets.iter().any(|known| known.name == subset.name) {
                self.subsets.push(subset.clone());
            }
        }
        if self.policy.is_none() {
            self.policy.clone_from(&rule.policy);
        }
    }

    /// The labels of a subset: empty for every endpoint, also for a name that no subset has.
    pub(crate) fn subset_labels(&self, name: &str) -> Labels {
        let found = self.subsets.iter().find(|subset| subset.name == *name);
        found.map(|subset| subset.labels.clone()).unwrap_or_default()
    }

    /// `tls.mode` for a port of a subset; the subset's own counts before the host's. `None` if neither says.
    ///
    /// istio: `pilot/pkg/xds/endpoints/mtls_checker.go`, `tlsModeForDestinationRule`.
    pub(crate) fn tls_mode(&self, port: u32, subset: &str) -> Option<&Text> {
        let whole = || policy::tls_mode(self.policy.as_deref()?, port);
        if subset.is_empty() {
            return whole();
        }
        let inner = self.subsets.iter().find(|known| known.name == *subset)?;
        let own = inner
            .policy
            .as_deref()
            .and_then(|policy| policy::tls_mode(policy, port));
        own.or_else(whole)
    }

    /// What holds for a port of a subset (empty name: of the whole host).
    ///
    /// istio: `getSubsetTrafficPolicy`.
    pub(crate) fn policy_for(&self, port: u32, subset: &str) -> Policy<'_> {
        let inner = self.subsets.iter().find(|known| known.name == *subset);
        Policy::of(self.policy.as_deref(), port).under(inner.and_then(|subset| subset.policy.as_deref()), port)
    }
}

/// Rules by host: of one host all merged entries, in order.
type RulesByHost = HostMap<Vec<MergedRule>>;

/// All `DestinationRules` that istiod takes notice of, prepared for look-up.
#[derive(Clone, Debug, Default)]
pub(crate) struct DestinationRules {
    local: FxHashMap<Text, RulesByHost>,
    exported: FxHashMap<Text, RulesByHost>,
    root_local: RulesByHost,
    root_namespace: Text,
}

impl DestinationRules {
    /// Prepares every rule.
    pub(crate) fn of(world: &World, mesh: &Mesh, discovery: &Discovery, domain: &str, enhanced: bool) -> Self {
        let counted = world.destination_rules.iter();
        let mut rules: Vec<&Arc<DestinationRule>> = counted
            .filter(|rule| discovery.has(Kind::DestinationRule, &rule.meta))
            .collect();
        rules.sort_by(|a, b| {
            let by_key = || {
                let (a, b) = (&a.meta.key, &b.meta.key);
                a.name.cmp(&b.name).then_with(|| a.namespace.cmp(&b.namespace))
            };
            let selector_first = a.selector.is_none().cmp(&b.selector.is_none());
            selector_first
                .then(a.meta.created.cmp(&b.meta.created))
                .then_with(by_key)
        });
        let mut index = Self {
            root_namespace: mesh.root_namespace.clone(),
            ..Self::default()
        };
        for rule in rules {
            index.add(rule, mesh, domain, enhanced);
        }
        index
    }

    fn add(&mut self, rule: &Arc<DestinationRule>, mesh: &Mesh, domain: &str, enhanced: bool) {
        let namespace = &rule.meta.key.namespace;
        let host = resolve_short_name(&rule.host, namespace, domain);
        let export = match rule.selector {
            Some(_) => ExportTo::from(ExportTo::PRIVATE),
            None => ExportTo::from(&*rule.export_to),
        };
        let is_home = export.contains(ExportTo::PRIVATE) || export.contains(namespace);
        if export.is_unset() || export.contains(ExportTo::PUBLIC) || is_home {
            let local = self.local.entry(namespace.clone()).or_default();
            merge_into(local.entry(&host), rule, &export, enhanced);
        }
        let is_private_by_default = mesh.destination_rule_export_to.contains(ExportTo::PRIVATE);
        let is_private = if export.is_unset() {
            is_private_by_default
        } else {
            export.len() == 1 && is_home
        };
        if !is_private {
            let exported = self.exported.entry(namespace.clone()).or_default();
            merge_into(exported.entry(&host), rule, &export, enhanced);
        } else if *namespace == mesh.root_namespace {
            merge_into(self.root_local.entry(&host), rule, &export, enhanced);
        }
    }

    /// The rules of the first tier that has this host: the client's namespace, the service's, the root namespace.
    pub(crate) fn find<'a>(&'a self, client: &str, host: &str, service_namespace: &str) -> Vec<&'a MergedRule> {
        let own = if self.root_namespace == *client {
            Some(&self.root_local)
        } else {
            self.local.get(client)
        };
        if let Some(rules) = own.and_then(|rules| rules.find(host)) {
            return rules.iter().collect();
        }
        let mut exported = [service_namespace, self.root_namespace.as_str()]
            .into_iter()
            .map(|namespace| {
                let rules = self.exported.get(namespace).and_then(|rules| rules.find(host));
                let seen = rules.into_iter().flatten().filter(|rule| {
                    let export = &rule.export_to;
                    export.is_unset() || export.contains(ExportTo::PUBLIC) || export.contains(client)
                });
                seen.collect::<Vec<_>>()
            });
        exported.find(|rules| !rules.is_empty()).unwrap_or_default()
    }
}

/// The rule for a pod: the first of its own namespace whose selector fits, else the last without a selector.
pub(crate) fn choose<'a>(rules: &[&'a MergedRule], namespace: &str, labels: &WorkloadLabels) -> Option<&'a MergedRule> {
    let fits = |rule: &&&MergedRule| {
        let selector = rule.selector.as_ref();
        rule.first.meta.key.namespace == *namespace && selector.is_some_and(|selector| labels.matches(selector))
    };
    let selected = rules.iter().find(fits);
    selected
        .or_else(|| rules.iter().rfind(|rule| rule.selector.is_none()))
        .copied()
}

/// Quirks and all: whether the rule also stands by itself is decided by the last entry looked at.
fn merge_into(entries: &mut Vec<MergedRule>, rule: &Arc<DestinationRule>, export: &ExportTo, enhanced: bool) {
    let mut stands_alone = true;
    for entry in entries.iter_mut() {
        if enhanced {
            if *export == entry.export_to {
                stands_alone = false;
            } else {
                stands_alone = true;
                if entry.export_to.is_unset() || !export.is_superset_of(&entry.export_to) {
                    continue;
                }
            }
        }
        match (&rule.selector, &entry.selector) {
            (Some(new), Some(old)) if new != old => {
                stands_alone = true;
                continue;
            }
            (Some(_), Some(_)) | (None, None) => stands_alone = false,
            (Some(_), None) | (None, Some(_)) => {}
        }
        entry.fold_in(rule);
    }
    if stands_alone {
        entries.push(MergedRule::of(rule, export));
    }
}
