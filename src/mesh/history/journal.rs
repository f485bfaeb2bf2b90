//! Every change of the world, in the order of its arrival, bounded in number, bytes and age.
//!
//! A change is its own inverse, so the past is the present with the newest entries taken back. What fell out is said
//! ([`OlderThan`]), never guessed. Invariant: an entry's number is that of the one before plus one; times never go
//! backwards.

use std::fmt;
use std::sync::Arc;

use imbl::Vector;
use jiff::{SignedDuration, Timestamp};

use super::edits::Edit;
use super::walk::Tables;
use super::weight;
use crate::mesh::world::{Change, World};

/// The number of an entry, and of the state of the world right after it. 0 is the state before any entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Seq(pub u64);

impl Seq {
    /// The number after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The state before this entry.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// What one delta changed.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Its number.
    pub seq: Seq,
    /// When it arrived here (our clock).
    pub at: Timestamp,
    /// In the order in which they were applied; more than one only where a list found objects gone.
    pub changes: Arc<[Change]>,
    /// Those of the changes that are edits.
    pub edits: Arc<[Arc<Edit>]>,
    bytes: usize,
}

impl Entry {
    /// What undoes it: the inverses of its changes, last first.
    pub fn inverse(&self) -> impl Iterator<Item = Change> {
        self.changes.iter().rev().map(Change::inverse)
    }

    /// Undoes it in a world and in the engine that follows this world.
    pub(super) fn take_back(&self, world: &mut World, tables: &mut dyn Tables) {
        let inverse: Vec<Change> = self.inverse().collect();
        for change in &inverse {
            world.apply_change(change);
        }
        tables.follow(&inverse);
    }
}

/// How much is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Entries.
    pub entries: usize,
    /// Bytes of objects that only the journal holds, about.
    pub bytes: usize,
    /// Age.
    pub age: SignedDuration,
}

impl Default for Limits {
    /// 30 minutes, 200,000 entries, 64 MiB.
    fn default() -> Self {
        Self {
            entries: 200_000,
            bytes: 64 << 20,
            age: SignedDuration::from_mins(30),
        }
    }
}

/// The state asked for is older than the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OlderThan {
    /// The oldest time that can be told.
    pub oldest: Timestamp,
}

impl fmt::Display for OlderThan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let oldest = self.oldest;
        write!(
            f,
            "the journal begins at {oldest}; what was before is not kept any more"
        )
    }
}

impl std::error::Error for OlderThan {}

/// The changes that are kept. A clone costs a pointer.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: Vector<Entry>,
    head: Seq,
    last: Option<Timestamp>,
    bytes: usize,
    limits: Limits,
    lost: Option<Timestamp>,
    /// Most entries share it.
    no_edits: Arc<[Arc<Edit>]>,
}

impl Journal {
    /// An empty journal that keeps at most this much.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// `at`, or the newest entry's time if our clock has gone backwards since.
    pub(super) fn not_before(&self, at: Timestamp) -> Timestamp {
        self.last.map_or(at, |last| last.max(at))
    }

    pub(super) fn push(&mut self, at: Timestamp, changes: Arc<[Change]>, edits: Vec<Arc<Edit>>) {
        self.head = self.head.next();
        self.last = Some(at);
        let bytes = weight::of_changes(&changes);
        self.bytes += bytes;
        let edits = if edits.is_empty() {
            Arc::clone(&self.no_edits)
        } else {
            edits.into()
        };
        self.entries.push_back(Entry {
            seq: self.head,
            at,
            changes,
            edits,
            bytes,
        });
        while self.entries.len() > self.limits.entries || self.bytes > self.limits.bytes {
            self.drop_oldest();
        }
        self.expire(at);
    }

    pub(super) fn expire(&mut self, now: Timestamp) {
        while self
            .entries
            .front()
            .is_some_and(|oldest| now.duration_since(oldest.at) > self.limits.age)
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.bytes;
            self.lost = Some(entry.at);
        }
    }

    /// The newest state.
    pub fn head(&self) -> Seq {
        self.head
    }

    /// The oldest state that can be reached: the one before the oldest entry that is kept.
    pub fn oldest(&self) -> Seq {
        self.entries.front().map_or(self.head, |entry| entry.seq.before())
    }

    /// If entries fell out: when the newest of them arrived. What is older is not known.
    pub fn lost(&self) -> Option<Timestamp> {
        self.lost
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes that only the journal holds, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The entry of this number, if it is kept.
    pub fn get(&self, seq: Seq) -> Option<&Entry> {
        let oldest = self.entries.front()?.seq;
        let at = usize::try_from(seq.0.checked_sub(oldest.0)?).ok()?;
        self.entries.get(at)
    }

    /// All entries, oldest first; `rev()` for newest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entries up to and with this one, newest first.
    pub fn back_from(&self, seq: Seq) -> impl Iterator<Item = &Entry> {
        let newer = usize::try_from(self.head.0.saturating_sub(seq.0)).unwrap_or(usize::MAX);
        let kept = self.entries.len().saturating_sub(newer);
        (0..kept).rev().filter_map(|at| self.entries.get(at))
    }

    /// The state at this time: after the newest entry that had arrived by then.
    ///
    /// # Errors
    /// The time lies before the journal's reach.
    pub fn at_time(&self, time: Timestamp) -> Result<Seq, OlderThan> {
        if let Some(lost) = self.lost
            && time < lost
        {
            return Err(OlderThan { oldest: lost });
        }
        let (mut low, mut high) = (0, self.entries.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.entries.get(middle).is_some_and(|entry| entry.at <= time) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(Seq(self.oldest().0 + low as u64))
    }

    /// The world as it was in this state, given the present one: what is known of each kind's completeness, and events
    /// of Kubernetes, stay as they are now.
    ///
    /// # Errors
    /// The state lies before the journal's reach.
    pub fn world_at(&self, present: &World, seq: Seq) -> Result<World, OlderThan> {
        if let Some(oldest) = self.lost.filter(|_| seq < self.oldest()) {
            return Err(OlderThan { oldest });
        }
        let mut world = present.clone();
        for entry in self.iter().rev().take_while(|entry| entry.seq > seq) {
            for change in entry.inverse() {
                world.apply_change(&change);
            }
        }
        Ok(world)
    }
}
