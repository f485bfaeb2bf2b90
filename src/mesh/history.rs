//! The past: what changed, when, by whose hand, and what it did to a pod's table.
//!
//! One mechanism: every change of the world goes, with its inverse, into the bounded [`Journal`]. From it follow the
//! world as it was, the [`Edit`]s, the change marks of objects and of any pod's endpoint rows (also of a pod that is
//! chosen after the edit), and the timeline. A function of the journal: given the same entries, the same history.
//! Time comes in with each delta; the scope engine comes in as [`Tables`]. Not here: how it looks.
//!
//! How to use it: [`History::apply`] for every delta; [`History::follow`] for each pod whose table is shown; after each
//! batch [`History::advance`] for these pods; once after `follow`, the [`Walk`] of [`History::older`] to its end (as a
//! background job if it is long), given back with [`History::absorb`]; [`History::expire`] on a tick.

mod causes;
mod edits;
mod journal;
mod marks;
mod pods;
mod relevance;
mod span;
mod timeline;
mod walk;
mod weight;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use self::causes::{Cause, PodEvent};
pub use self::edits::{Author, Edit, EditLog, Verb};
pub use self::journal::{Entry, Journal, Limits, OlderThan, Seq};
pub use self::marks::{Counts, Glow, Mark, MarkKind, MarkSet, Marked, Step, Turn};
use self::pods::Present;
pub use self::pods::{Effect, PodHistory};
pub use self::span::Span;
pub use self::timeline::{Before, Happening, Line, Past, Telling, Timeline, TimelineVersion, Untold};
pub use self::walk::{Outcome, Progress, Tables, Walk};
use crate::mesh::model::{Key, Kind, Object, Uid};
use crate::mesh::world::{Change, Delta, Found, ListScope, World};

/// How many pods' histories are kept; the one asked for longest ago goes first.
const PODS: usize = 64;

/// The identity of an object: one of the same name made anew is another. Ordered by key, as tables are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId {
    /// Namespace and name.
    pub key: Key,
    /// Zero where a dump has none.
    pub uid: Uid,
}

impl ObjectId {
    /// The identity of this object.
    pub fn of(object: &Object) -> Self {
        Self {
            key: object.key().clone(),
            uid: object.meta().uid,
        }
    }
}

/// How much is held: every number is bounded, whatever the cluster does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sizes {
    /// Pods whose history is kept.
    pub pods: usize,
    /// Marks of all tables.
    pub marks: usize,
    /// Effects of all pods.
    pub effects: usize,
    /// Happenings before the start.
    pub past: usize,
}

/// Everything that is known of the past.
#[derive(Clone, Debug, Default)]
pub struct History {
    journal: Journal,
    edits: EditLog,
    past: Past,
    settled: BTreeMap<Kind, BTreeSet<ListScope>>,
    /// Counts deltas that changed the world without being news: after one, a table computed before is no yardstick.
    baselines: u64,
    objects: BTreeMap<Kind, MarkSet<ObjectId, Object>>,
    pods: BTreeMap<Key, PodHistory>,
    asked: u64,
}

impl History {
    /// An empty history that keeps at most this much.
    pub fn new(limits: Limits) -> Self {
        Self {
            journal: Journal::new(limits),
            ..Self::default()
        }
    }

    /// The only way into the world: takes in one delta that arrived at this time, and says what changed.
    ///
    /// Until a kind (or a namespace of it) is first completely listed, its objects are the baseline: they change the
    /// world, and are no news. Events of Kubernetes are never news: they are themselves about the past.
    pub fn apply(&mut self, world: &mut World, at: Timestamp, delta: Delta) -> Vec<Change> {
        if let Delta::Coverage(kind, scope, found) = &delta {
            self.settle(world, *kind, scope, *found);
            self.baselines += 1;
        }
        let changes = world.apply(delta);
        let news: Vec<Change> = changes.iter().filter(|change| self.is_news(change)).cloned().collect();
        if news.len() < changes.len() {
            self.baselines += 1;
        }
        if !news.is_empty() {
            self.record(at, news);
        }
        changes
    }

    fn settle(&mut self, world: &World, kind: Kind, scope: &ListScope, found: Found) {
        match found {
            Found::All | Found::NoSuchKind => {
                if self.settled.entry(kind).or_default().insert(scope.clone()) {
                    self.past.seed(world, kind, scope);
                }
            }
            Found::Pending | Found::Denied => {}
        }
    }

    fn is_news(&self, change: &Change) -> bool {
        let Some((kind, key)) = change.identity() else {
            return false;
        };
        let Some(scopes) = self.settled.get(&kind) else {
            return false;
        };
        kind != Kind::Event
            && (scopes.contains(&ListScope::All) || scopes.contains(&ListScope::Namespace(key.namespace.clone())))
    }

    fn record(&mut self, at: Timestamp, changes: Vec<Change>) {
        let at = self.journal.not_before(at);
        let seq = self.journal.head().next();
        let edits: Vec<Arc<Edit>> = changes
            .iter()
            .filter_map(|change| self.edits.read(seq, at, change))
            .collect();
        for change in &changes {
            self.mark_object(at, change, &edits);
        }
        self.journal.push(at, changes.into(), edits);
    }

    fn mark_object(&mut self, at: Timestamp, change: &Change, edits: &[Arc<Edit>]) {
        let Some((kind, _)) = change.identity() else { return };
        if !has_rows(kind) {
            return;
        }
        let marks = self.objects.entry(kind).or_default();
        let cause = causes::of_object(change, edits);
        let mut note = |object: &Object, turn| {
            let cause = cause.clone();
            marks.note(ObjectId::of(object), Step { turn, at, cause });
        };
        match (change.before.clone(), change.after.clone()) {
            (Some(before), Some(after)) if before.meta().uid == after.meta().uid => {
                note(&after.clone(), Turn::Changed(before, after));
            }
            (before, after) => {
                if let Some(before) = before {
                    note(&before.clone(), Turn::Removed(before));
                }
                if let Some(after) = after {
                    note(&after.clone(), Turn::Added(after));
                }
            }
        }
    }

    /// The entries, newest changes last.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The edits, also of before the journal's reach.
    pub fn edits(&self) -> &EditLog {
        &self.edits
    }

    /// What happened before each kind was first listed, as far as objects still tell.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// The marks of one kind's objects; `None` if there is none yet, or if the kind has no rows of its own.
    pub fn objects(&self, kind: Kind) -> Option<&MarkSet<ObjectId, Object>> {
        self.objects.get(&kind)
    }

    /// The same, to mark as seen or acknowledge.
    pub fn objects_mut(&mut self, kind: Kind) -> Option<&mut MarkSet<ObjectId, Object>> {
        self.objects.get_mut(&kind)
    }

    /// Begins to keep the history of this pod's table; of one that is kept already, that it is still wanted.
    pub fn follow(&mut self, pod: &Key) {
        self.asked += 1;
        let (asked, head) = (self.asked, self.journal.head());
        self.pods
            .entry(pod.clone())
            .or_insert_with(|| PodHistory::new(pod.clone(), head))
            .asked = asked;
        while self.pods.len() > PODS {
            let oldest = self
                .pods
                .values()
                .min_by_key(|pod| pod.asked)
                .map(|pod| pod.pod().clone());
            let Some(oldest) = oldest else { break };
            self.pods.remove(&oldest);
        }
    }

    /// The history of a pod that is followed.
    pub fn pod(&self, pod: &Key) -> Option<&PodHistory> {
        self.pods.get(pod)
    }

    /// The same, to mark rows as seen or acknowledge.
    pub fn pod_mut(&mut self, pod: &Key) -> Option<&mut PodHistory> {
        self.pods.get_mut(pod)
    }

    /// Brings a followed pod's marks and effects up to the newest entry, comparing at most `budget` pairs of tables
    /// (more changes than that are compared in groups, so that the work of a call is bounded and nothing waits).
    ///
    /// `world` is the present one, up to which `tables` has followed; both are left as they were. Asks for one table
    /// where at most one change since the last call can matter to the pod.
    pub fn advance(&mut self, world: &World, pod: &Key, tables: &mut dyn Tables, budget: usize) {
        let Some(history) = self.pods.get_mut(pod) else { return };
        let present = Present {
            journal: &self.journal,
            world,
            baselines: self.baselines,
        };
        history.advance(&present, tables, budget);
    }

    /// The walk that finds what happened to a followed pod's table before it was followed; `None` if that is known as
    /// far as the journal reaches. To be asked after [`History::advance`]; `fork` gives the walk an engine of its own,
    /// which has followed up to the present `world`.
    pub fn older(&mut self, world: &World, pod: &Key, fork: impl FnOnce() -> Box<dyn Tables>) -> Option<Walk> {
        self.pods.get_mut(pod)?.older(&self.journal, world, fork)
    }

    /// Takes in what a walk found until now; it may go on.
    pub fn absorb(&mut self, walk: &mut Walk) {
        if let Some(pod) = self.pods.get_mut(walk.pod()) {
            pod.absorb_older(walk);
        }
    }

    /// Drops the marks that have been on the screen for `retention`, and journal entries that are too old.
    pub fn expire(&mut self, now: Timestamp, retention: SignedDuration) {
        self.journal.expire(now);
        for marks in self.objects.values_mut() {
            marks.expire(now, retention);
        }
        for pod in self.pods.values_mut() {
            pod.marks_mut().expire(now, retention);
        }
    }

    /// How much is held.
    pub fn sizes(&self) -> Sizes {
        let marks: usize = self.objects.values().map(MarkSet::len).sum();
        Sizes {
            pods: self.pods.len(),
            marks: marks + self.pods.values().map(|pod| pod.marks().len()).sum::<usize>(),
            effects: self.pods.values().map(|pod| pod.effects().count()).sum(),
            past: self.past.config().len() + self.past.pods().len(),
        }
    }

    /// When [`History::expire`] next has a mark to drop, at the earliest; `None`: not by time alone.
    pub fn next_expiry(&self, retention: SignedDuration) -> Option<Timestamp> {
        let objects = self.objects.values().filter_map(|marks| marks.next_expiry(retention));
        let pods = self.pods.values().filter_map(|pod| pod.marks().next_expiry(retention));
        objects.chain(pods).min()
    }
}

/// Kinds whose objects are rows of a table, and so carry marks.
fn has_rows(kind: Kind) -> bool {
    match kind {
        Kind::Pod | Kind::Service | Kind::Sidecar => true,
        Kind::Namespace
        | Kind::Node
        | Kind::EndpointSlice
        | Kind::MeshConfigMap
        | Kind::Istiod
        | Kind::RevisionTag
        | Kind::VirtualService
        | Kind::DestinationRule
        | Kind::ServiceEntry
        | Kind::WorkloadEntry
        | Kind::Gateway
        | Kind::EnvoyFilter
        | Kind::HTTPRoute
        | Kind::GRPCRoute
        | Kind::TCPRoute
        | Kind::TLSRoute
        | Kind::Event => false,
    }
}
