//! Why a row is in one table and not in the other, in words.
//!
//! A row that came says so itself ([`Row::why`]); of one that went the other table must be asked: is its host still in
//! scope (and if not, what keeps it out), has its cluster still rows, or did only the endpoint go?

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::mesh::model::Text;
use crate::mesh::scope::{EndpointTable, Explanation, Governing, Outcome, Reason, Row, Unexplained};
use crate::mesh::world::Change;

/// What the two tables know about each other's rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reasons {
    governing: Option<(Governing, Governing)>,
    hosts: FxHashSet<Text>,
    clusters: FxHashSet<String>,
    /// What keeps hosts out that left the scope, as far as it was asked for.
    barriers: FxHashMap<Text, String>,
    /// Objects that are only proposed, such as `Sidecar shop/default`.
    drafts: Vec<String>,
}

impl Reasons {
    /// Reads the tables before and after.
    pub fn of(before: &EndpointTable, after: &EndpointTable) -> Self {
        let differs = before.governing != after.governing;
        Self {
            governing: differs.then(|| (before.governing.clone(), after.governing.clone())),
            hosts: after.hosts.iter().cloned().collect(),
            clusters: after.rows.iter().map(|row| row.cluster.name()).collect(),
            barriers: FxHashMap::default(),
            drafts: Vec::new(),
        }
    }

    /// Takes note of objects that are only proposed: words about the later table tell them from those that are there.
    pub(super) fn note_drafts<'c>(&mut self, changes: impl IntoIterator<Item = &'c Change>) {
        let proposed = changes.into_iter().filter_map(|change| change.after.as_ref());
        // a file may have an object twice
        let proposed: BTreeSet<String> = proposed
            .map(|object| format!("{} {}", object.kind().name(), object.key()))
            .collect();
        self.drafts = proposed.into_iter().collect();
    }

    /// Words about the later table, with a mark behind what is only proposed.
    pub fn marked(&self, text: String) -> String {
        let mut text = text;
        for draft in &self.drafts {
            let mut marked = String::new();
            let mut rest = text.as_str();
            while let Some((before, behind)) = rest.split_once(draft.as_str()) {
                let is_whole = !behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.');
                marked.push_str(before);
                marked.push_str(draft);
                marked.push_str(if is_whole { " (draft)" } else { "" });
                rest = behind;
            }
            marked.push_str(rest);
            text = marked;
        }
        text
    }

    /// Takes note of what keeps a host out that left the scope.
    pub(super) fn note(&mut self, host: &Text, answer: Result<Explanation, Unexplained>) {
        let words = match answer {
            Ok(explanation) => {
                let barriers = explanation.candidates.iter().filter_map(|one| match &one.outcome {
                    Outcome::Out(barriers) => Some(barriers),
                    Outcome::Taken(_) | Outcome::Merged => None,
                });
                let words: Vec<String> = barriers.flatten().map(ToString::to_string).collect();
                words.join("; ")
            }
            Err(Unexplained::NoSuchHost(..)) => "nothing has this name any more".to_owned(),
            Err(Unexplained::NoTable(_)) => String::new(),
        };
        if !words.is_empty() {
            self.barriers.insert(host.clone(), self.marked(words));
        }
    }

    /// Why a row came: its own chain.
    pub fn of_added(&self, row: &Row) -> String {
        self.marked(row.why.to_string())
    }

    /// Why a row went.
    pub fn of_removed(&self, row: &Row) -> String {
        let host = row.cluster.host();
        let listed = row.why.chain.iter().rev().find_map(|reason| {
            let Reason::ListedBy { object: (kind, key) } = reason else {
                return None;
            };
            Some(format!("{} {key}", kind.name()))
        });
        let text = if host.is_empty() {
            format!("cluster '{}' has it no more", row.cluster)
        } else if !self.hosts.contains(host) {
            match self.barriers.get(host) {
                Some(barriers) => format!("'{host}' is in the scope no more: {barriers}"),
                None => format!("'{host}' is in the scope no more; before: {}", row.why.short()),
            }
        } else if !self.clusters.contains(&row.cluster.name()) {
            format!(
                "'{host}' is still in scope, but cluster '{}' has no endpoint left",
                row.cluster
            )
        } else {
            let by = listed.map_or_else(String::new, |object| format!("; it was listed by {object}"));
            format!("the cluster has other endpoints, this one no more{by}")
        };
        self.with_governing(text)
    }

    /// Why the second of two pods, which is called so, lacks a row of the first.
    pub fn of_missing(&self, row: &Row, whose: &str) -> String {
        let host = row.cluster.host();
        if host.is_empty() {
            format!("cluster '{}' of {whose} does not have it", row.cluster)
        } else if !self.hosts.contains(host) {
            let barriers = self.barriers.get(host).cloned();
            let why = barriers.unwrap_or_else(|| format!("the other has it by {}", row.why.short()));
            format!("'{host}' is not in the scope of {whose}: {why}")
        } else if !self.clusters.contains(&row.cluster.name()) {
            format!(
                "'{host}' is in the scope of {whose} too, but cluster '{}' has no endpoint there",
                row.cluster
            )
        } else {
            format!("the cluster has other endpoints for {whose}, not this one")
        }
    }

    /// What changed about a row.
    pub fn of_changed(&self, before: &Row, after: &Row) -> String {
        let text = |pod: &Row| {
            pod.backend
                .pod
                .as_ref()
                .map_or_else(|| "none".to_owned(), ToString::to_string)
        };
        let place = |row: &Row| {
            let locality = &row.backend.locality;
            format!("{}/{}/{}", locality.region, locality.zone, locality.sub_zone)
        };
        let facts = [
            (
                "status",
                before.health.as_str().to_owned(),
                after.health.as_str().to_owned(),
            ),
            (
                "class",
                before.class.as_str().to_owned(),
                after.class.as_str().to_owned(),
            ),
            ("pod", text(before), text(after)),
            ("node", before.backend.node.to_string(), after.backend.node.to_string()),
            ("locality", place(before), place(after)),
            (
                "weight",
                before.backend.weight.to_string(),
                after.backend.weight.to_string(),
            ),
        ];
        let differ = facts.iter().filter(|(_, old, new)| old != new);
        let said: Vec<String> = differ
            .map(|(name, old, new)| format!("{name} {old} -> {new}"))
            .collect();
        said.join(", ")
    }

    /// The other Sidecar comes first: it explains most.
    fn with_governing(&self, text: String) -> String {
        match &self.governing {
            None => text,
            Some((before, after)) => format!("{} instead of {}; {text}", self.marked(name(after)), name(before)),
        }
    }
}

fn name(governing: &Governing) -> String {
    match governing {
        Governing::Own(key) => format!("Sidecar {key}"),
        Governing::RootDefault(key) => format!("the mesh's default Sidecar {key}"),
        Governing::BuiltIn => "no Sidecar".to_owned(),
        Governing::Gateway => "none, as for a gateway,".to_owned(),
    }
}
