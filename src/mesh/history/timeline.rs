//! The timeline: edits newest first with their effect on a pod, then what objects still tell of the time before they
//! were first listed.
//!
//! What was before is read from `managedFields`, creation times, pods' conditions and Events of Kubernetes: who wrote
//! when, never what it was before. Older texts and deletions are unknown, and said to be.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;
use rustc_hash::FxHashSet;

use super::causes::Cause;
use super::edits::Edit;
use super::journal::Seq;
use super::pods::{Effect, EffectsVersion, PodHistory};
use super::{Author, History};
use crate::mesh::model::{Key, Kind, Object, Pod, Text};
use crate::mesh::world::{ListScope, World};

/// How many happenings before the start are kept of configuration, and of pods.
const CONFIG: usize = 2_000;
const PODS: usize = 20_000;
/// How many of pods a timeline shows, and how many rows a table may have for the pods behind them to be looked up.
const SHOWN: usize = 500;
const ROWS: usize = 10_000;

/// What an object still tells of the time before it was first listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happening {
    /// It was created.
    Created,
    /// It was written last by this manager; the fields it owns (dotted paths, cut at three levels).
    Written(Author, Arc<[Text]>),
    /// A pod became ready (`true`) or not ready.
    Ready(bool),
    /// An Event: type, reason, message, how often.
    Event {
        /// `Normal` or `Warning`.
        event_type: Text,
        /// Such as `Unhealthy`.
        reason: Text,
        /// In the words of its source.
        message: Text,
        /// How often.
        count: u32,
    },
}

/// One happening before the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Before {
    /// The server's time, at one second.
    pub at: Timestamp,
    /// Of what.
    pub kind: Kind,
    /// Of which.
    pub key: Key,
    /// What.
    pub what: Happening,
}

/// What is known of the time before the start; newest first.
#[derive(Clone, Debug, Default)]
pub struct Past {
    config: Vec<Before>,
    pods: Vec<Before>,
    dropped: usize,
}

impl Past {
    /// Writes and creations of configuration, newest first.
    pub fn config(&self) -> &[Before] {
        &self.config
    }

    /// Creations, readiness and Events of pods, newest first.
    pub fn pods(&self) -> &[Before] {
        &self.pods
    }

    /// How many older happenings were left out.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Reads what the objects of a kind tell, once they are listed for the first time.
    pub(super) fn seed(&mut self, world: &World, kind: Kind, scope: &ListScope) {
        let mut found = Vec::new();
        world.each_in(kind, scope, &mut |object| tell(&object, &mut found));
        let of_pods = matches!(kind, Kind::Pod | Kind::Event);
        let (list, limit) = if of_pods {
            (&mut self.pods, PODS)
        } else {
            (&mut self.config, CONFIG)
        };
        list.append(&mut found);
        list.sort_by(|a, b| (Reverse(a.at), a.kind, &a.key).cmp(&(Reverse(b.at), b.kind, &b.key)));
        self.dropped += list.len().saturating_sub(limit);
        list.truncate(limit);
        list.shrink_to_fit();
    }
}

/// Of what happened in the same second the later is told first: nothing comes before an object's creation.
fn tell(object: &Object, found: &mut Vec<Before>) {
    let (kind, key) = (object.kind(), object.key());
    let mut add = |at: Option<Timestamp>, key: &Key, what: Happening| {
        if let Some(at) = at {
            found.push(Before {
                at,
                kind,
                key: key.clone(),
                what,
            });
        }
    };
    if let Object::Pod(pod) = object {
        add(readiness(pod), key, Happening::Ready(pod.ready));
        add(pod.meta.created, key, Happening::Created);
    } else if let Object::Event(event) = object {
        add(
            event.last,
            &event.object,
            Happening::Event {
                event_type: event.event_type.clone(),
                reason: event.reason.clone(),
                message: event.message.clone(),
                count: event.count,
            },
        );
    } else if let Some(provenance) = object.provenance() {
        for manager in provenance.managers.iter() {
            let written = Happening::Written(manager.into(), Arc::clone(&manager.fields));
            add(manager.time, key, written);
        }
        add(object.meta().created, key, Happening::Created);
    }
}

/// A pod that never was ready has had its condition since it was made: that is no happening.
fn readiness(pod: &Pod) -> Option<Timestamp> {
    let since = pod.ready_since?;
    let is_first = !pod.ready && pod.meta.created.is_some_and(|created| since <= created);
    (!is_first).then_some(since)
}

/// One line of the timeline.
#[derive(Clone, PartialEq, Debug)]
pub enum Line {
    /// An edit that was seen, and what it did to the pod; `None` while that is not known, or if no pod is asked about.
    Edit(Arc<Edit>, Option<Effect>),
    /// Endpoints that came, went or changed without an edit, and why the first of them did.
    Endpoints(Seq, Timestamp, Effect, Cause),
    /// "Before sidescope started: older text and deletions unknown".
    Start,
    /// What was before.
    Before(Before),
}

/// Of which pods a timeline tells what they say of the time before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Telling {
    /// Of the pod that is asked about, and of those behind the rows of its table.
    #[default]
    Near,
    /// Of all.
    All,
}

/// What a timeline leaves out of the time before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Untold {
    /// Of pods that are not behind the rows of the table, or of too many.
    pub others: usize,
    /// Too old to be kept or shown.
    pub older: usize,
}

/// A timeline, and what it leaves out.
#[derive(Clone, PartialEq, Debug)]
pub struct Timeline {
    /// Newest first.
    pub lines: Vec<Line>,
    /// How much of the time before is not among them.
    pub untold: Untold,
}

/// What a timeline follows from: as long as this is the same, so is that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimelineVersion {
    edit: Option<Seq>,
    past: usize,
    telling: Telling,
    pod: Option<(Key, EffectsVersion)>,
}

impl History {
    /// The version of a timeline.
    pub fn timeline_version(&self, pod: Option<&Key>, telling: Telling) -> TimelineVersion {
        let (oldest, edit) = (self.journal.oldest(), self.edits.newest());
        let version = |pod: &Key| {
            let followed = self.pod(pod);
            followed
                .map(|followed| followed.version(oldest, edit))
                .unwrap_or_default()
        };
        TimelineVersion {
            edit,
            past: self.past.config.len() + self.past.pods.len() + self.past.dropped,
            telling,
            pod: pod.map(|pod| (pod.clone(), version(pod))),
        }
    }

    /// The timeline, newest first, of all configuration; with a pod: with the effects on it, and the past of itself and
    /// of the pods behind its rows, or of all.
    pub fn timeline(&self, pod: Option<&Key>, telling: Telling) -> Timeline {
        let followed = pod.and_then(|pod| self.pod(pod));
        let mut seen: Vec<(Seq, Line)> = self
            .edits
            .iter()
            .map(|edit| {
                let effect = followed.and_then(|pod| pod.effect(edit.seq));
                (edit.seq, Line::Edit(Arc::clone(edit), effect))
            })
            .collect();
        seen.extend(followed.into_iter().flat_map(|pod| self.without_edit(pod)));
        seen.sort_by_key(|(seq, _)| Reverse(*seq));
        let near = behind(pod, followed);
        let is_told = |before: &&Before| telling == Telling::All || near.contains(&before.key);
        let own: Vec<&Before> = self.past.pods.iter().filter(is_told).collect();
        let untold = Untold {
            others: self.past.pods.len() - own.len(),
            older: own.len().saturating_sub(SHOWN) + self.past.dropped,
        };
        let own = own.into_iter().take(SHOWN);
        let mut before: Vec<&Before> = self.past.config.iter().chain(own).collect();
        before.sort_by_key(|before| Reverse(before.at));
        let lines = seen
            .into_iter()
            .map(|(_, line)| line)
            .chain([Line::Start])
            .chain(before.into_iter().cloned().map(Line::Before));
        Timeline {
            lines: lines.collect(),
            untold,
        }
    }

    fn without_edit(&self, pod: &PodHistory) -> Vec<(Seq, Line)> {
        pod.effects()
            .filter_map(|(seq, effect)| {
                let entry = self.journal.get(seq)?;
                if !entry.edits.is_empty() || effect.is_none() {
                    return None;
                }
                let cause = pod.cause(seq).cloned().unwrap_or(Cause::Unknown);
                Some((seq, Line::Endpoints(seq, entry.at, effect, cause)))
            })
            .collect()
    }
}

/// A pod, and the pods behind the rows of its table.
fn behind<'a>(pod: Option<&'a Key>, followed: Option<&'a PodHistory>) -> FxHashSet<&'a Key> {
    let table = followed.and_then(PodHistory::last_table).map(|(table, _)| table);
    let rows = table.map_or(&[][..], |table| &table.rows);
    let rows = if rows.len() <= ROWS { rows } else { &[] };
    rows.iter()
        .filter_map(|row| row.backend.pod.as_ref())
        .chain(pod)
        .collect()
}
