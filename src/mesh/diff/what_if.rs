//! What would be: a pod's table in this world and in another, and which workloads of the mesh would see a difference.
//!
//! The other world is this one after some changes (drafts applied, objects taken away), or one of its own (another
//! dump). Nothing here touches a cluster. A fork costs pointers; what the changes do not concern is not worked out
//! twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::mesh::model::{Key, Kind, Owner, Text};
use crate::mesh::scope::{Cache, EndpointTable, Governing, NoTable, Settings, Weight};
use crate::mesh::world::{Change, World};

use super::{Reasons, TableDiff, tables};

/// So many hosts that leave a scope are looked into; of more the rows say only that they left.
const MOST_EXPLAINED: usize = 200;

/// Two worlds, of which the second is the question.
#[derive(Debug)]
pub struct WhatIf<'a> {
    before: &'a World,
    after: &'a World,
    known: Cache,
    asked: Cache,
    /// What leads from the first to the second; `None` if they have nothing to do with each other.
    changes: Option<&'a [Change]>,
    /// What of that is only proposed.
    proposed: &'a [Change],
}

/// Two tables and what differs.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The table as it is.
    pub before: Arc<EndpointTable>,
    /// The table as it would be.
    pub after: Arc<EndpointTable>,
    /// From the first to the second.
    pub diff: TableDiff,
    /// Why each row differs.
    pub reasons: Reasons,
}

/// How much config is sent (see [`Weight`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weights {
    /// To the pod as it is.
    pub before: Weight,
    /// To the pod, the same or another, as it would be.
    pub after: Weight,
    /// To the pod as it is, if no Sidecar governed it: `*/*`.
    pub by_default: Weight,
}

/// What a workload's pods would see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Impact {
    /// Of the workload.
    pub namespace: Text,
    /// Such as a Deployment; a pod of its own stands for itself.
    pub workload: Owner,
    /// Its pods that have a table in both worlds.
    pub pods: usize,
    /// How many of them see a difference.
    pub affected: usize,
    /// The pod that sees the greatest difference; the numbers are its.
    pub example: Key,
    /// Rows that come.
    pub added: usize,
    /// Rows that go.
    pub removed: usize,
    /// Rows that say something else.
    pub changed: usize,
    /// The governing Sidecar before and after, if it is another.
    pub governing: Option<(Governing, Governing)>,
    /// Names that come into the scope of any of its pods.
    pub hosts_added: BTreeSet<Text>,
    /// Names that leave the scope of any of its pods.
    pub hosts_removed: BTreeSet<Text>,
}

/// What the whole mesh would see.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Radius {
    /// Workloads that see a difference, by namespace, kind and name.
    pub workloads: Vec<Impact>,
    /// Pods that were compared.
    pub pods: usize,
    /// Pods that see a difference.
    pub affected: usize,
    /// Pods with a table in one of the worlds only, or without a counterpart of their workload: not compared.
    pub unmatched: usize,
}

impl<'a> WhatIf<'a> {
    /// Two worlds that have nothing to do with each other.
    pub fn between(before: &'a World, after: &'a World, settings: &Settings) -> Self {
        Self {
            before,
            after,
            known: Cache::new(settings.clone()),
            asked: Cache::new(settings.clone()),
            changes: None,
            proposed: &[],
        }
    }

    /// A world and what `changes` make of it.
    pub fn after(before: &'a World, after: &'a World, changes: &'a [Change], settings: &Settings) -> Self {
        let mut asked = Cache::new(settings.clone());
        asked.apply(changes);
        Self {
            before,
            after,
            known: Cache::new(settings.clone()),
            asked,
            changes: Some(changes),
            proposed: changes,
        }
    }

    /// Two worlds that were there one after the other, and the changes that lead from the first to the second.
    pub fn of_past(before: &'a World, after: &'a World, changes: &'a [Change], settings: &Settings) -> Self {
        Self {
            proposed: &[],
            ..Self::after(before, after, changes, settings)
        }
    }

    /// The table of a pod before, and of a pod (the same, or another) after.
    ///
    /// # Errors
    /// The pod that has no table, and why.
    pub fn compare(&mut self, pod: &Key, other: &Key) -> Result<Compared, (Key, NoTable)> {
        let before = self.known.table(self.before, pod);
        let before = before.map_err(|state| (pod.clone(), state))?;
        let after = self.asked.table(self.after, other);
        let after = after.map_err(|state| (other.clone(), state))?;
        let diff = tables(&before, &after);
        let mut reasons = Reasons::of(&before, &after);
        reasons.note_drafts(self.proposed);
        for host in diff.hosts_removed.iter().take(MOST_EXPLAINED) {
            let answer = self.asked.explain(self.after, other, host, None);
            reasons.note(host, answer);
        }
        Ok(Compared {
            before,
            after,
            diff,
            reasons,
        })
    }

    /// How much config a pod is sent before, and a pod (the same, or another) after.
    ///
    /// # Errors
    /// The pod that has no proxy that is told of anything.
    pub fn weigh(&mut self, pod: &Key, other: &Key) -> Result<Weights, (Key, NoTable)> {
        let of = |whose: &Key| {
            let whose = whose.clone();
            move |state| (whose, state)
        };
        Ok(Weights {
            before: self.known.weight(self.before, pod).map_err(of(pod))?,
            by_default: self.known.weight_by_default(self.before, pod).map_err(of(pod))?,
            after: self.asked.weight(self.after, other).map_err(of(other))?,
        })
    }

    /// Every pod of the mesh, by workload.
    pub fn radius(&mut self) -> Radius {
        self.radius_while(|| true).unwrap_or_default()
    }

    /// The same, as long as somebody wants it; `None` if nobody does any more.
    pub fn radius_while(&mut self, is_wanted: impl Fn() -> bool) -> Option<Radius> {
        let mut radius = Radius::default();
        let (mut before, mut after) = (by_workload(self.before), by_workload(self.after));
        let workloads: BTreeSet<Workload> = before.keys().chain(after.keys()).cloned().collect();
        for workload in workloads {
            let old = before.remove(&workload).unwrap_or_default();
            let new = after.remove(&workload).unwrap_or_default();
            let (pairs, unmatched) = paired(&old, &new);
            radius.unmatched += unmatched;
            let mut impact = None;
            let mut compared = 0;
            for (old, new) in &pairs {
                if !is_wanted() {
                    return None;
                }
                let Some(diff) = self.difference(old, new) else {
                    radius.unmatched += usize::from(self.has_one_table(old, new));
                    continue;
                };
                compared += 1;
                if !diff.has_no_rows() || !diff.hosts_added.is_empty() || !diff.hosts_removed.is_empty() {
                    note(&mut impact, &workload, new, diff);
                }
            }
            radius.pods += compared;
            if let Some(mut impact) = impact {
                impact.pods = compared;
                radius.affected += impact.affected;
                radius.workloads.push(impact);
            }
        }
        Some(radius)
    }

    /// What differs for a pod; `None` if it has no table in one of the worlds.
    fn difference(&mut self, old: &Key, new: &Key) -> Option<TableDiff> {
        if old == new && self.is_out_of_reach(old) {
            return Some(TableDiff::default());
        }
        let before = self.known.table(self.before, old).ok();
        let after = self.asked.table(self.after, new).ok();
        self.known.forget(old);
        self.asked.forget(new);
        let (before, after) = (before?, after?);
        Some(tables(&before, &after))
    }

    fn has_one_table(&mut self, old: &Key, new: &Key) -> bool {
        let before = self.known.governing(self.before, old).is_ok();
        let after = self.asked.governing(self.after, new).is_ok();
        before != after
    }

    /// Whether the changes cannot concern a pod: they are Sidecars only, none of them governs it, and none comes to.
    fn is_out_of_reach(&mut self, pod: &Key) -> bool {
        let Some(changes) = self.changes else {
            return false;
        };
        let mut identities = changes.iter().filter_map(Change::identity);
        if identities.any(|(kind, _)| kind != Kind::Sidecar) {
            return false;
        }
        let before = self.known.governing(self.before, pod);
        let after = self.asked.governing(self.after, pod);
        let (Ok(before), Ok(after)) = (before, after) else {
            return false;
        };
        let changed: FxHashSet<&Key> = changes
            .iter()
            .filter_map(Change::identity)
            .map(|(_, key)| key)
            .collect();
        before == after && before.key().is_none_or(|key| !changed.contains(key))
    }
}

/// Namespace, kind, name.
type Workload = (Text, Text, Text);

fn by_workload(world: &World) -> BTreeMap<Workload, Vec<Key>> {
    let mut found: BTreeMap<Workload, Vec<Key>> = BTreeMap::new();
    for pod in world.pods.iter().filter(|pod| pod.proxy.is_some()) {
        let key = &pod.meta.key;
        let owner = pod.workload().unwrap_or_else(|| Owner {
            kind: "Pod".into(),
            name: key.name.clone(),
        });
        let workload = (key.namespace.clone(), owner.kind, owner.name);
        found.entry(workload).or_default().push(key.clone());
    }
    found
}

/// Pods of one name with each other, then the rest in order, since a rollout renames them; how many are left over.
fn paired(old: &[Key], new: &[Key]) -> (Vec<(Key, Key)>, usize) {
    let names: FxHashSet<&Key> = new.iter().collect();
    let (same, gone): (Vec<Key>, Vec<Key>) = old.iter().cloned().partition(|key| names.contains(key));
    let names: FxHashSet<&Key> = old.iter().collect();
    let come: Vec<Key> = new.iter().filter(|key| !names.contains(key)).cloned().collect();
    let unmatched = gone.len().abs_diff(come.len());
    let mut pairs: Vec<(Key, Key)> = same.into_iter().map(|key| (key.clone(), key)).collect();
    pairs.extend(gone.into_iter().zip(come));
    (pairs, unmatched)
}

/// Adds a pod's difference to that of its workload.
fn note(impact: &mut Option<Impact>, workload: &Workload, pod: &Key, diff: TableDiff) {
    let (namespace, kind, name) = workload;
    let impact = impact.get_or_insert_with(|| Impact {
        namespace: namespace.clone(),
        workload: Owner {
            kind: kind.clone(),
            name: name.clone(),
        },
        pods: 0,
        affected: 0,
        example: pod.clone(),
        added: 0,
        removed: 0,
        changed: 0,
        governing: None,
        hosts_added: BTreeSet::new(),
        hosts_removed: BTreeSet::new(),
    });
    impact.affected += 1;
    let counts = [diff.added.len(), diff.removed.len(), diff.changed.len()];
    if counts.iter().sum::<usize>() > impact.added + impact.removed + impact.changed {
        [impact.added, impact.removed, impact.changed] = counts;
        impact.example = pod.clone();
    }
    impact.governing = impact.governing.take().or(diff.governing);
    impact.hosts_added.extend(diff.hosts_added);
    impact.hosts_removed.extend(diff.hosts_removed);
}

#[cfg(test)]
mod tests;
