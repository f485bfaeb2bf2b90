//! Which pods have a host in scope, by workload: for the screen, and the groups for other outputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::comparison::governing;
use super::counted;
use super::impact::columns;
use super::words::fact;
use super::{Line, Role, Span};
use crate::app::rows::{Listed, Target};
use crate::mesh::model::{Key, Pod, Text};
use crate::mesh::scope::{Reason, Sight, needed_kinds};
use crate::mesh::world::World;

/// Pods that stand in one line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Group {
    /// Of all of them.
    pub namespace: Text,
    /// `deployment/reviews-v1`; a pod of its own stands for itself.
    pub workload: String,
    /// The Sidecar that governs them; `<none>` if none does.
    pub sidecar: String,
    /// What lets the host in; empty if nothing does.
    pub let_in_by: String,
}

impl Group {
    fn of(world: &World, pod: &Key, sight: &Sight) -> Self {
        let owner = world.pods.get(pod).and_then(|pod| Pod::workload(pod));
        let sidecar = sight.governing.key().map(ToString::to_string);
        Self {
            namespace: pod.namespace.clone(),
            workload: owner.map_or_else(
                || format!("pod/{}", pod.name),
                |owner| format!("{}/{}", owner.kind.to_lowercase(), owner.name),
            ),
            sidecar: sidecar.unwrap_or_else(|| "<none>".to_owned()),
            // exportTo comes first; what let the host in follows
            let_in_by: sight.reasons.get(1).map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// Pods of one workload and one reason together, in order.
pub fn groups<'a>(
    world: &World,
    seen: impl IntoIterator<Item = &'a (Key, Arc<Sight>)>,
) -> BTreeMap<Group, (Vec<&'a Key>, &'a Sight)> {
    let mut groups: BTreeMap<Group, (Vec<&Key>, &Sight)> = BTreeMap::new();
    for (pod, sight) in seen {
        let group = groups.entry(Group::of(world, pod, sight));
        group.or_insert_with(|| (Vec::new(), sight)).0.push(pod);
    }
    groups
}

/// The rows of the list, and what stands above them.
pub(in crate::app) struct Listing {
    pub(in crate::app) head: Vec<Line>,
    pub(in crate::app) heads: Line,
    pub(in crate::app) rows: Vec<Listed>,
    /// The row of the chosen pod, else the first.
    pub(in crate::app) at: usize,
}

/// Those who see a host, then those who do not.
pub(in crate::app) fn listed(world: &World, host: &Text, seen: &[(Key, Arc<Sight>)], chosen: Option<&Key>) -> Listing {
    let (has, lacks): (Vec<_>, Vec<_>) = seen.iter().partition(|(_, sight)| sight.is_in_scope(None));
    let (count, total) = (has.len(), seen.len());
    let has = groups(world, has);
    let verdict = match (count, total) {
        (_, 0) => (Role::Warn, "no pod has a sidecar".to_owned()),
        (0, _) => (
            Role::Warn,
            format!("none of {} with a sidecar has it in scope", counted(total, "pod")),
        ),
        (count, total) => (
            Role::Text,
            format!(
                "{count} of {} with a sidecar have it in scope, in {}",
                counted(total, "pod"),
                counted(has.len(), "workload")
            ),
        ),
    };
    let mut head = vec![vec![Span::new(verdict.0, verdict.1)]];
    if world.coverage.gaps(needed_kinds()).next().is_some() {
        let text = "not all objects may be read (:sources): more pods may see it";
        head.push(vec![Span::new(Role::Bad, text)]);
    }
    let all = has.into_iter().chain(groups(world, lacks));
    let all: Vec<(Group, (Vec<&Key>, &Sight))> = all.collect();
    let is_chosen = |(_, (pods, _)): &(Group, (Vec<&Key>, &Sight))| chosen.is_some_and(|chosen| pods.contains(&chosen));
    let at = all.iter().position(is_chosen);
    let lines = all.iter().map(|group| cells(group, is_chosen(group))).collect();
    let (heads, lines) = columns(&["", "NAMESPACE", "WORKLOAD", "PODS", "SIDECAR", "LET IN BY"], lines);
    let row = |(line, group): (Line, &(Group, (Vec<&Key>, &Sight)))| {
        let (pods, sight) = &group.1;
        let mine = chosen.filter(|_| is_chosen(group));
        let pod = mine.or(pods.first().copied()).cloned().unwrap_or_default();
        let target = if sight.is_in_scope(None) {
            Target::Host(pod, host.clone())
        } else {
            Target::Why(pod, host.clone())
        };
        let detail = detail(pods, sight, mine);
        Listed { line, detail, target }
    };
    Listing {
        head,
        heads,
        rows: lines.into_iter().zip(&all).map(row).collect(),
        at: at.unwrap_or(0),
    }
}

fn cells((group, (pods, sight)): &(Group, (Vec<&Key>, &Sight)), is_chosen: bool) -> Vec<Span> {
    let (role, verdict) = if sight.is_in_scope(None) {
        (Role::Good, "sees")
    } else {
        (Role::Dim, "no")
    };
    let why = if sight.is_in_scope(None) {
        group.let_in_by.clone()
    } else {
        "not in scope".to_owned()
    };
    vec![
        Span::new(role, verdict),
        Span::new(Role::Text, group.namespace.as_str()),
        Span::new(
            if is_chosen { Role::Strong } else { Role::Name },
            group.workload.as_str(),
        ),
        Span::new(Role::Number, pods.len().to_string()),
        Span::new(Role::Text, group.sidecar.as_str()),
        Span::new(Role::Dim, why),
    ]
}

fn detail(pods: &[&Key], sight: &Sight, chosen: Option<&Key>) -> Vec<Line> {
    let names: Vec<&str> = pods.iter().map(|pod| pod.name.as_str()).collect();
    let mut named = fact("Pods", Role::Name, names.join(", "));
    if chosen.is_some() {
        named.push(Span::new(Role::Strong, "  with the chosen pod"));
    }
    let mut lines = vec![named, fact("Governed by", Role::Text, governing(&sight.governing))];
    if !sight.is_in_scope(None) {
        lines.push(vec![
            Span::new(Role::Key, "Enter"),
            Span::new(Role::Dim, " says what keeps it out"),
        ]);
        return lines;
    }
    let ports: Vec<String> = sight.ports.iter().map(ToString::to_string).collect();
    lines.push(fact("Ports", Role::Number, ports.join(", ")));
    let is_way = |reason: &&Reason| !matches!(reason, Reason::Exported { .. });
    let ways: Vec<String> = sight.reasons.iter().filter(is_way).map(ToString::to_string).collect();
    lines.push(fact("Let in by", Role::Text, ways.join("; ")));
    lines
}
