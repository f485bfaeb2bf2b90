//! Which Sidecar governs, and which does nothing (scope rules §3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Spot, Subject};
use crate::mesh::model::{Key, Kind, Labels, Meta, Pod, Sidecar, Text};
use crate::mesh::scope::Surveyed;
use crate::mesh::world::ListScope;

const SELECTOR: &str = "spec.workloadSelector";

/// Labels as kubectl writes a selector.
pub(super) fn written(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(",")
}

fn selector_text(sidecar: &Sidecar) -> String {
    sidecar.selector.as_ref().map(written).unwrap_or_default()
}

impl Subject<'_> {
    /// The Sidecars that istiod takes notice of.
    pub(super) fn sidecars(&self) -> impl Iterator<Item = &Arc<Sidecar>> {
        let all = self.world.sidecars.iter();
        all.filter(|sidecar| self.counts(Kind::Sidecar, &sidecar.meta))
    }

    /// The sidecar proxies of a namespace that a Sidecar could govern.
    fn proxies_in<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = &'s Surveyed> {
        let proxies = self.survey.proxies.iter();
        proxies.filter(move |proxy| !proxy.facts.is_router && proxy.pod.namespace == *namespace)
    }
}

fn fits(sidecar: &Sidecar, proxy: &Surveyed) -> bool {
    let selector = sidecar.selector.as_ref();
    selector.is_none_or(|selector| proxy.facts.labels.matches(selector))
}

/// SC001
pub(super) fn shadowed(subject: &Subject<'_>) -> Vec<Spot> {
    let governing: BTreeSet<&Key> = subject
        .survey
        .proxies
        .iter()
        .filter_map(|proxy| proxy.governing.key())
        .collect();
    let idle = subject
        .sidecars()
        .filter(|sidecar| !governing.contains(&sidecar.meta.key));
    idle.filter_map(|sidecar| {
        let key = &sidecar.meta.key;
        let mut fitting = subject.proxies_in(&key.namespace).filter(|proxy| fits(sidecar, proxy));
        let winner = fitting.next()?.governing.key()?;
        let spot = Spot::at(Kind::Sidecar, key, SELECTOR, selector_text(sidecar));
        Some(spot.because(format!("Sidecar {winner} goes before it")))
    })
    .collect()
}

/// SC002
pub(super) fn conflicting_selectors(subject: &Subject<'_>) -> Vec<Spot> {
    let mut by_namespace: FxHashMap<&Text, Vec<&Arc<Sidecar>>> = FxHashMap::default();
    for sidecar in subject.sidecars() {
        if sidecar.selector.as_ref().is_some_and(|selector| !selector.is_empty()) {
            by_namespace
                .entry(&sidecar.meta.key.namespace)
                .or_default()
                .push(sidecar);
        }
    }
    let mut found: BTreeMap<Key, Spot> = BTreeMap::new();
    for (namespace, sidecars) in by_namespace.iter().filter(|(_, sidecars)| sidecars.len() > 1) {
        for proxy in subject.proxies_in(namespace) {
            let fitting: Vec<_> = sidecars.iter().filter(|sidecar| fits(sidecar, proxy)).collect();
            if fitting.len() < 2 {
                continue;
            }
            for sidecar in &fitting {
                let key = &sidecar.meta.key;
                let others = fitting
                    .iter()
                    .map(|other| &other.meta.key)
                    .filter(|other| *other != key);
                let others: Vec<String> = others.map(ToString::to_string).collect();
                let detail = format!("pod {} is also selected by Sidecar {}", proxy.pod, others.join(", "));
                let spot = || Spot::at(Kind::Sidecar, key, SELECTOR, selector_text(sidecar)).because(detail);
                found.entry(key.clone()).or_insert_with(spot);
            }
        }
    }
    found.into_values().collect()
}

/// SC003
pub(super) fn several_defaults(subject: &Subject<'_>) -> Vec<Spot> {
    let mut by_namespace: BTreeMap<&Text, Vec<&Key>> = BTreeMap::new();
    for sidecar in subject.sidecars().filter(|sidecar| sidecar.selector.is_none()) {
        by_namespace
            .entry(&sidecar.meta.key.namespace)
            .or_default()
            .push(&sidecar.meta.key);
    }
    let several = by_namespace.into_values().filter(|keys| keys.len() > 1);
    let spots = several.flat_map(|keys| {
        let names: Vec<String> = keys.iter().map(|key| key.name.to_string()).collect();
        let spot = |key: &Key| {
            let others: Vec<&str> = names
                .iter()
                .map(String::as_str)
                .filter(|name| key.name != *name)
                .collect();
            Spot::at(Kind::Sidecar, key, SELECTOR, "").because(format!("also Sidecar {}", others.join(", ")))
        };
        keys.into_iter().map(spot).collect::<Vec<_>>()
    });
    spots.collect()
}

/// SC004
pub(super) fn empty_selector(subject: &Subject<'_>) -> Vec<Spot> {
    let empty = |sidecar: &&Arc<Sidecar>| sidecar.selector.as_ref().is_some_and(Labels::is_empty);
    let found = subject.sidecars().filter(empty);
    found
        .map(|sidecar| Spot::at(Kind::Sidecar, &sidecar.meta.key, SELECTOR, "{}"))
        .collect()
}

/// SC005: an uninjected pod is no match either, but another problem, which is said.
pub(super) fn selects_nothing(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for sidecar in subject.sidecars() {
        let key = &sidecar.meta.key;
        let Some(selector) = sidecar.selector.as_ref().filter(|selector| !selector.is_empty()) else {
            continue;
        };
        if subject.proxies_in(&key.namespace).any(|proxy| fits(sidecar, proxy)) {
            continue;
        }
        let mut bare = subject.world.pods.in_namespace(&key.namespace);
        let bare = bare.find(|pod| selector.is_subset_of(&pod.meta.labels) && !is_ambient(pod));
        if subject
            .world
            .pods
            .in_namespace(&key.namespace)
            .any(|pod| is_ambient(pod) && bare.is_none())
        {
            continue;
        }
        let spot = Spot::at(Kind::Sidecar, key, SELECTOR, written(selector));
        found.push(match bare {
            Some(pod) => spot.because(format!("pod {} fits and has no sidecar", pod.meta.key.name)),
            None => spot,
        });
    }
    found
}

/// SC006
pub(super) fn root_selector(subject: &Subject<'_>) -> Vec<Spot> {
    let here = subject
        .sidecars()
        .filter(|sidecar| sidecar.meta.key.namespace == *subject.root());
    let with_selector = here.filter(|sidecar| sidecar.selector.is_some());
    with_selector
        .map(|sidecar| Spot::at(Kind::Sidecar, &sidecar.meta.key, SELECTOR, selector_text(sidecar)))
        .collect()
}

/// SC007
pub(super) fn empty_spec(subject: &Subject<'_>) -> Vec<Spot> {
    let is_empty = |sidecar: &&Arc<Sidecar>| {
        sidecar.selector.is_none()
            && sidecar.egress.is_empty()
            && sidecar.ingress.is_empty()
            && sidecar.outbound_mode.is_none()
    };
    let found = subject.sidecars().filter(is_empty);
    found
        .map(|sidecar| Spot::at(Kind::Sidecar, &sidecar.meta.key, "spec", "{}"))
        .collect()
}

fn is_ambient(pod: &Pod) -> bool {
    let redirection = pod.meta.annotations.get("ambient.istio.io/redirection");
    pod.proxy.is_none() && redirection.is_some_and(|value| *value == "enabled")
}

/// SC008
pub(super) fn ambient(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for sidecar in subject.sidecars() {
        let key = &sidecar.meta.key;
        match &sidecar.selector {
            Some(selector) => {
                let mut pods = subject.world.pods.in_namespace(&key.namespace);
                if let Some(pod) = pods.find(|pod| is_ambient(pod) && selector.is_subset_of(&pod.meta.labels)) {
                    let spot = Spot::at(Kind::Sidecar, key, SELECTOR, written(selector));
                    found.push(spot.because(format!("pod {} is in ambient mode", pod.meta.key.name)));
                }
            }
            None => {
                let namespace = subject.world.namespaces.get(&Key::new("", key.namespace.clone()));
                let mode = namespace.and_then(|namespace| namespace.meta.labels.get("istio.io/dataplane-mode"));
                if mode.is_some_and(|mode| *mode == "ambient") {
                    let spot = Spot::at(Kind::Sidecar, key, SELECTOR, "");
                    found.push(spot.because(format!("namespace {} is in ambient mode", key.namespace)));
                }
            }
        }
    }
    found
}

/// Kinds that istiod filters by revision.
const REVISIONED: &[Kind] = &[
    Kind::Sidecar,
    Kind::VirtualService,
    Kind::DestinationRule,
    Kind::ServiceEntry,
    Kind::WorkloadEntry,
    Kind::Gateway,
    Kind::EnvoyFilter,
];

/// SC009
pub(super) fn revision(subject: &Subject<'_>) -> Vec<Spot> {
    let world = subject.world;
    let mut found = Vec::new();
    let mut look = |kind: Kind, meta: &Meta| {
        let label = meta.labels.get("istio.io/rev");
        let known = &subject.survey.revisions;
        if let Some(label) = label.filter(|label| !known.contains(label)) {
            let served: Vec<&str> = known.iter().map(Text::as_str).collect();
            let spot = Spot::at(kind, &meta.key, "metadata.labels[\"istio.io/rev\"]", label);
            found.push(spot.because(format!("there is {}", served.join(", "))));
        }
    };
    for kind in REVISIONED {
        world.each_in(*kind, &ListScope::All, &mut |object| look(*kind, object.meta()));
    }
    found
}
