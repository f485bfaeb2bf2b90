//! Change marks: `+`, `~`, `-` on whatever has an identity. What a mark says follows from three facts: what the row was
//! before, whether it is gone, and whether the mark has been seen.
//!
//! The rules:
//! * Changes that nobody has seen yet are folded into one mark that spans them all: its `before` is what was there before
//!   the first. So a row that was added and then changed is `+`; one that was added and then removed is `-` (it is
//!   still seen, however short it lived); one that went and came back is `~`, with [`Mark::is_back`] if it came back as
//!   it was.
//! * A change after the mark was seen begins a new mark: a tombstone that was seen and is filled again is `+`.
//! * A mark that was seen goes after the retention time; one that was not stays. Beyond the bound the oldest are
//!   dropped and counted ([`Counts::dropped`]): "and 4,310 more".

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::causes::Cause;
use crate::mesh::diff;
use crate::mesh::model::Object;
use crate::mesh::scope::Row;

/// How many marks one table carries.
const LIMIT: usize = 10_000;
const BRIGHT: SignedDuration = SignedDuration::from_secs(5);
const NORMAL: SignedDuration = SignedDuration::from_secs(30);

/// What happened to something with an identity.
#[derive(Clone, PartialEq, Debug)]
pub enum Turn<T> {
    /// It appeared, like this.
    Added(T),
    /// It was like the first, and is like the second.
    Changed(T, T),
    /// It went; this is what it was.
    Removed(T),
}

/// A turn with its time and cause.
#[derive(Clone, PartialEq, Debug)]
pub struct Step<T> {
    /// What happened.
    pub turn: Turn<T>,
    /// When it became known here.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
}

/// `+`, `~` or `-`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MarkKind {
    /// It was not there before.
    Added,
    /// It was there before, and is.
    Changed,
    /// It is gone: a tombstone stands in its place.
    Removed,
}

/// How bright a mark is: by the age of its last change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Glow {
    /// Up to 5 s.
    Bright,
    /// Up to 30 s.
    Normal,
    /// Older.
    Dim,
}

/// The mark of one row.
#[derive(Clone, PartialEq, Debug)]
pub struct Mark<T> {
    /// The row before the first change that this mark spans; `None` if it was not there (a tombstone with `None`
    /// came and went unseen).
    pub before: Option<T>,
    /// The row after the last change; if it is gone: as it last was.
    pub row: T,
    /// Whether it is gone, so that `row` is a tombstone.
    pub gone: bool,
    /// When the first of the changes became known.
    pub since: Timestamp,
    /// When the last of them became known.
    pub at: Timestamp,
    /// How many changes it spans.
    pub steps: u32,
    /// Why the last of them happened.
    pub cause: Cause,
    /// When it was first on the screen.
    pub seen: Option<Timestamp>,
    stamp: i64,
}

impl<T> Mark<T> {
    /// Its sign.
    pub fn kind(&self) -> MarkKind {
        match (&self.before, self.gone) {
            (_, true) => MarkKind::Removed,
            (None, false) => MarkKind::Added,
            (Some(_), false) => MarkKind::Changed,
        }
    }

    /// How bright it is now.
    pub fn glow(&self, now: Timestamp) -> Glow {
        let age = now.duration_since(self.at);
        if age < BRIGHT {
            Glow::Bright
        } else if age < NORMAL {
            Glow::Normal
        } else {
            Glow::Dim
        }
    }

    /// When it gets dimmer next; `None` if it is dim already.
    pub fn dims_at(&self, now: Timestamp) -> Option<Timestamp> {
        let after = match self.glow(now) {
            Glow::Bright => BRIGHT,
            Glow::Normal => NORMAL,
            Glow::Dim => return None,
        };
        self.at.checked_add(after).ok()
    }
}

/// Something that carries marks.
pub trait Marked {
    /// Whether there is no difference that would be a mark.
    fn says_the_same_as(&self, other: &Self) -> bool;
}

impl Marked for Object {
    fn says_the_same_as(&self, other: &Self) -> bool {
        self == other
    }
}

impl Marked for Row {
    fn says_the_same_as(&self, other: &Self) -> bool {
        diff::says_the_same(self, other)
    }
}

impl<T: Marked> Mark<T> {
    /// Whether it is again as it was: it went and came back, or changed and changed back.
    pub fn is_back(&self) -> bool {
        let before = self.before.as_ref();
        !self.gone && before.is_some_and(|before| before.says_the_same_as(&self.row))
    }
}

/// How many marks there are of each sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// `+`
    pub added: usize,
    /// `~`
    pub changed: usize,
    /// `-`
    pub removed: usize,
    /// Of all these, those that were never on the screen.
    pub unseen: usize,
    /// Marks beyond the bound, which are not kept; 0 again once all are acknowledged.
    pub dropped: usize,
}

impl Counts {
    fn slot(&mut self, kind: MarkKind) -> &mut usize {
        match kind {
            MarkKind::Added => &mut self.added,
            MarkKind::Changed => &mut self.changed,
            MarkKind::Removed => &mut self.removed,
        }
    }
}

/// The marks of one table, by identity, in the table's order.
#[derive(Clone, Debug)]
pub struct MarkSet<I, T> {
    by_id: BTreeMap<I, Mark<T>>,
    /// Stamps grow for newer changes and fall below zero for older ones.
    by_age: BTreeMap<i64, I>,
    seen: BTreeSet<(Timestamp, I)>,
    counts: Counts,
    limit: usize,
    version: u64,
}

impl<I, T> Default for MarkSet<I, T> {
    fn default() -> Self {
        Self::bounded(LIMIT)
    }
}

impl<I, T> MarkSet<I, T> {
    /// An empty set of at most so many marks.
    pub fn bounded(limit: usize) -> Self {
        Self {
            by_id: BTreeMap::new(),
            by_age: BTreeMap::new(),
            seen: BTreeSet::new(),
            counts: Counts::default(),
            limit,
            version: 0,
        }
    }

    /// How many of each sign.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many marks there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// All marks in the table's order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&I, &Mark<T>)> {
        self.by_id.iter()
    }

    /// The rows that are gone, in the table's order: each stays in its place.
    pub fn tombstones(&self) -> impl DoubleEndedIterator<Item = (&I, &Mark<T>)> {
        self.by_id.iter().filter(|(_, mark)| mark.gone)
    }

    /// Grows when a mark comes, goes or changes; not when one is seen.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Drops all marks.
    pub fn acknowledge_all(&mut self) {
        let version = self.version + 1;
        *self = Self {
            version,
            ..Self::bounded(self.limit)
        };
    }

    /// When the next mark expires.
    pub fn next_expiry(&self, retention: SignedDuration) -> Option<Timestamp> {
        let (seen, _) = self.seen.iter().next()?;
        seen.checked_add(retention).ok()
    }
}

impl<I: Ord + Clone, T: Clone> MarkSet<I, T> {
    /// The mark of this identity.
    pub fn get(&self, id: &I) -> Option<&Mark<T>> {
        self.by_id.get(id)
    }

    /// The marks in this range of identities, in order: those between two rows, or of a namespace.
    pub fn range(&self, range: impl std::ops::RangeBounds<I>) -> impl DoubleEndedIterator<Item = (&I, &Mark<T>)> {
        self.by_id.range(range)
    }

    /// Takes in a change that is newer than all before it.
    pub fn note(&mut self, id: I, step: Step<T>) {
        let older = self.take(&id).filter(|old| old.seen.is_none());
        let newest = self.by_age.last_key_value().map_or(0, |(stamp, _)| *stamp);
        let mut mark = first(step, newest + 1);
        if let Some(older) = older {
            mark.before = older.before;
            mark.since = older.since;
            mark.steps = older.steps.saturating_add(1);
        }
        self.insert(id, mark);
    }

    /// Takes in a change that is older than all of this identity that are known: of a journal that is read backwards.
    pub fn note_older(&mut self, id: I, step: Step<T>) {
        let oldest = self.by_age.first_key_value().map_or(0, |(stamp, _)| *stamp);
        let mut mark = first(step, oldest - 1);
        if let Some(newer) = self.take(&id) {
            mark = Mark {
                before: mark.before,
                since: mark.since,
                steps: newer.steps.saturating_add(1),
                ..newer
            };
        }
        self.insert(id, mark);
    }

    /// These identities are on the screen now: retention begins for the marks that were not seen before.
    pub fn see<'a>(&mut self, ids: impl IntoIterator<Item = &'a I>, now: Timestamp)
    where
        I: 'a,
    {
        for id in ids {
            if let Some(mark) = self.by_id.get_mut(id)
                && mark.seen.is_none()
            {
                mark.seen = Some(now);
                self.counts.unseen -= 1;
                self.seen.insert((now, id.clone()));
            }
        }
    }

    /// Drops the mark of this identity; says whether there was one.
    pub fn acknowledge(&mut self, id: &I) -> bool {
        self.take(id).is_some()
    }

    /// Drops the marks that were first seen `retention` ago or earlier.
    pub fn expire(&mut self, now: Timestamp, retention: SignedDuration) {
        while let Some((seen, id)) = self.seen.first()
            && now.duration_since(*seen) >= retention
        {
            let id = id.clone();
            self.take(&id);
        }
    }

    fn insert(&mut self, id: I, mark: Mark<T>) {
        self.version += 1;
        *self.counts.slot(mark.kind()) += 1;
        match mark.seen {
            Some(seen) => {
                self.seen.insert((seen, id.clone()));
            }
            None => self.counts.unseen += 1,
        }
        self.by_age.insert(mark.stamp, id.clone());
        self.by_id.insert(id, mark);
        while self.by_id.len() > self.limit
            && let Some((_, oldest)) = self.by_age.first_key_value()
        {
            let oldest = oldest.clone();
            self.take(&oldest);
            self.counts.dropped += 1;
        }
    }

    fn take(&mut self, id: &I) -> Option<Mark<T>> {
        let mark = self.by_id.remove(id)?;
        self.version += 1;
        self.by_age.remove(&mark.stamp);
        *self.counts.slot(mark.kind()) -= 1;
        match mark.seen {
            Some(seen) => {
                self.seen.remove(&(seen, id.clone()));
            }
            None => self.counts.unseen -= 1,
        }
        Some(mark)
    }
}

fn first<T: Clone>(step: Step<T>, stamp: i64) -> Mark<T> {
    let (before, row, gone) = match step.turn {
        Turn::Added(row) => (None, row, false),
        Turn::Changed(before, row) => (Some(before), row, false),
        Turn::Removed(row) => (Some(row.clone()), row, true),
    };
    Mark {
        before,
        row,
        gone,
        since: step.at,
        at: step.at,
        steps: 1,
        cause: step.cause,
        seen: None,
        stamp,
    }
}

#[cfg(test)]
mod tests;
