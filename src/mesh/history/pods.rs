//! The history of one pod's table: its change marks, and what each entry of the journal did to it.
//!
//! Two ends grow: the newer with each batch ([`super::History::advance`]), the older once, when a pod is chosen
//! ([`super::History::older`]). Both give what a reading of all entries in their order would give.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::causes::Cause;
use super::journal::{Entry, Journal, Seq};
use super::marks::MarkSet;
use super::relevance::Reach;
use super::walk::{Outcome, Tables, Walk, compare, steps};
use crate::mesh::diff::{self, RowId, TableDiff};
use crate::mesh::model::Key;
use crate::mesh::scope::{EndpointTable, NoTable, Row};
use crate::mesh::world::World;

/// For how many entries effects are kept.
const EFFECTS: usize = 4_096;

/// What an entry did to a table: `+added -removed ~changed`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Effect {
    /// Rows that came.
    pub added: usize,
    /// Rows that went.
    pub removed: usize,
    /// Rows that differ.
    pub changed: usize,
    /// Names that came into scope.
    pub hosts_added: usize,
    /// Names that left it.
    pub hosts_removed: usize,
    /// How many entries share this effect, because they came too fast to be told apart; 1 as a rule, 0 where nothing
    /// was compared because nothing could matter.
    pub entries: usize,
}

impl Effect {
    pub(super) fn of(diff: &TableDiff, entries: usize) -> Self {
        Self {
            added: diff.added.len(),
            removed: diff.removed.len(),
            changed: diff.changed.len(),
            hosts_added: diff.hosts_added.len(),
            hosts_removed: diff.hosts_removed.len(),
            entries,
        }
    }

    /// Whether nothing came of it.
    pub fn is_none(&self) -> bool {
        self.added + self.removed + self.changed + self.hosts_added + self.hosts_removed == 0
    }
}

/// What a pod's history is brought up to.
#[derive(Clone, Copy)]
pub(super) struct Present<'a> {
    pub(super) journal: &'a Journal,
    pub(super) world: &'a World,
    /// How many deltas changed the world without being news.
    pub(super) baselines: u64,
}

/// What is told of a pod's past follows from this.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct EffectsVersion {
    known: (Seq, Option<Seq>),
    effects: (usize, Option<Seq>),
    /// The oldest effect whose entry is still there.
    told: Option<Seq>,
    /// Rows come and go with marks, but for the first ones.
    marks: u64,
    rows: usize,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct PodHistory {
    pod: Key,
    pub(super) asked: u64,
    marks: MarkSet<RowId, Row>,
    effects: BTreeMap<Seq, (Effect, Cause)>,
    /// Marks and effects are known for the entries after `from`, up to `to`.
    from: Seq,
    to: Seq,
    /// The table in state `to`, and after how many baselines it was computed.
    newest: Option<(Outcome, u64)>,
    /// The newest table that there was, and since when there is none.
    last: Option<(Arc<EndpointTable>, Option<Timestamp>)>,
    reach: Reach,
}

impl PodHistory {
    pub(super) fn new(pod: Key, head: Seq) -> Self {
        Self {
            pod,
            asked: 0,
            marks: MarkSet::default(),
            effects: BTreeMap::new(),
            from: head,
            to: head,
            newest: None,
            last: None,
            reach: Reach::default(),
        }
    }

    /// Whose it is.
    pub fn pod(&self) -> &Key {
        &self.pod
    }

    /// The table as of the last [`super::History::advance`]; `None` before the first.
    pub fn table(&self) -> Option<Result<&Arc<EndpointTable>, &NoTable>> {
        self.newest.as_ref().map(|(table, _)| table.as_ref())
    }

    /// The newest table that there was, and since when there is none (the pod has vanished, say).
    pub fn last_table(&self) -> Option<(&Arc<EndpointTable>, Option<Timestamp>)> {
        self.last.as_ref().map(|(table, gone)| (table, *gone))
    }

    /// The change marks of its rows, by identity, in the table's order.
    pub fn marks(&self) -> &MarkSet<RowId, Row> {
        &self.marks
    }

    /// The same, to mark as seen or acknowledge.
    pub fn marks_mut(&mut self) -> &mut MarkSet<RowId, Row> {
        &mut self.marks
    }

    /// What this entry did to the table; `None` if that is not known (yet, or any more).
    pub fn effect(&self, seq: Seq) -> Option<Effect> {
        let kept_from = match self.effects.first_key_value() {
            Some((first, _)) if self.effects.len() >= EFFECTS => self.from.max(first.before()),
            _ => self.from,
        };
        (kept_from < seq && seq <= self.to)
            .then(|| self.effects.get(&seq).map(|(effect, _)| *effect).unwrap_or_default())
    }

    /// The entries that did something to the table, newest first.
    pub fn effects(&self) -> impl Iterator<Item = (Seq, Effect)> {
        self.effects.iter().rev().map(|(seq, (effect, _))| (*seq, *effect))
    }

    /// Why this entry did something to the table: the cause of its first row. `None` if it did nothing.
    pub fn cause(&self, seq: Seq) -> Option<&Cause> {
        self.effects.get(&seq).map(|(_, cause)| cause)
    }

    /// What its effects tell, where the journal reaches back to the one entry and the other is the newest edit.
    pub(super) fn version(&self, oldest: Seq, edit: Option<Seq>) -> EffectsVersion {
        EffectsVersion {
            known: (self.from, edit.map(|edit| edit.min(self.to))),
            effects: (self.effects.len(), self.effects.last_key_value().map(|(seq, _)| *seq)),
            told: self.effects.range(oldest..).next().map(|(seq, _)| *seq),
            marks: self.marks.version(),
            rows: self.last.as_ref().map_or(0, |(table, _)| table.rows.len()),
        }
    }

    /// The states that are known: after the first, up to the second.
    pub fn known(&self) -> (Seq, Seq) {
        (self.from, self.to)
    }

    /// Marks what differs from the table of the pod whose place this one takes.
    pub fn mark_against(&mut self, predecessor: &EndpointTable, at: Timestamp) {
        if let Some((Ok(now), _)) = &self.newest {
            let cause = Cause::Successor(predecessor.pod.clone());
            let diff = diff::tables(predecessor, now);
            for (id, step) in steps(diff, |_, _| (at, cause.clone())) {
                self.marks.note(id, step);
            }
        }
    }

    pub(super) fn advance(&mut self, present: &Present<'_>, tables: &mut dyn Tables, budget: usize) {
        let Present {
            journal,
            world,
            baselines,
        } = *present;
        let head = journal.head();
        let known = self.newest.take().filter(|(_, then)| *then == baselines);
        if self.to == head
            && let Some(known) = known
        {
            self.newest = Some(known);
            return;
        }
        if self.to < journal.oldest() {
            self.to = journal.oldest();
            self.from = self.to;
        }
        let now = tables.table(world, &self.pod);
        let pending = |table: &Outcome| matches!(table, Err(NoTable::Pending(_)));
        if pending(&now) || known.as_ref().is_some_and(|(table, _)| pending(table)) {
            self.from = head;
        } else {
            let known = known.map(|(table, _)| table);
            self.read(present, known.as_ref(), &now, tables, budget);
        }
        self.to = head;
        self.remember(now, baselines, journal);
    }

    /// Compares the tables around each entry after `to` that can matter, in groups if these are more than the budget.
    fn read(
        &mut self,
        present: &Present<'_>,
        known: Option<&Outcome>,
        now: &Outcome,
        tables: &mut dyn Tables,
        budget: usize,
    ) {
        let Present { journal, world, .. } = *present;
        let entries: Vec<&Entry> = journal
            .back_from(journal.head())
            .take_while(|entry| entry.seq > self.to)
            .collect();
        let relevant = self.relevant(&entries, known, now);
        let group = relevant.len().div_ceil(budget.max(1)).max(1);
        let mut past = world.clone();
        let mut after = now.clone();
        let mut found = Vec::new();
        let mut undone = 0;
        for (nth, chunk) in relevant.chunks(group).enumerate() {
            let Some(&last) = chunk.last() else { continue };
            let is_oldest = (nth + 1) * group >= relevant.len();
            let before = match known {
                Some(known) if is_oldest => known.clone(),
                Some(_) | None => {
                    for entry in entries.get(undone..=last).unwrap_or_default() {
                        entry.take_back(&mut past, tables);
                    }
                    undone = last + 1;
                    tables.table(&past, &self.pod)
                }
            };
            let span: Vec<&Entry> = chunk.iter().filter_map(|at| entries.get(*at).copied()).collect();
            found.extend(compare(&before, &after, &span, journal, &self.pod));
            after = before;
        }
        for entry in entries.iter().take(undone).rev() {
            tables.follow(&entry.changes);
        }
        if relevant.is_empty()
            && let (Some(Ok(known)), Ok(now), Some(newest)) = (known, now, entries.first())
            && !Arc::ptr_eq(known, now)
        {
            for (id, step) in steps(diff::tables(known, now), |_, _| (newest.at, Cause::Unknown)) {
                self.marks.note(id, step);
            }
        }
        for found in found.into_iter().rev() {
            self.keep(&found.entries, found.effect, &found.cause);
            for (id, step) in found.steps {
                self.marks.note(id, step);
            }
        }
    }

    /// Places of the entries that can matter. What is in scope is known at both ends only: if the scope may have
    /// changed between, every entry can.
    fn relevant(&mut self, entries: &[&Entry], known: Option<&Outcome>, now: &Outcome) -> Vec<usize> {
        let mut ends = vec![Reach::default()];
        self.reach.follow(now);
        if let Some(known) = known {
            for reach in &mut ends {
                reach.follow(known);
            }
        }
        let edited = entries.iter().any(|entry| !entry.edits.is_empty());
        let matters = |entry: &Entry| {
            edited || self.reach.matters(entry, &self.pod) || ends.iter().any(|end| end.matters(entry, &self.pod))
        };
        (0..)
            .zip(entries)
            .filter_map(|(at, entry)| matters(entry).then_some(at))
            .collect()
    }

    fn keep(&mut self, entries: &[Seq], effect: Effect, cause: &Cause) {
        for seq in entries {
            self.effects.insert(*seq, (effect, cause.clone()));
        }
        while self.effects.len() > EFFECTS {
            self.effects.pop_first();
        }
    }

    fn remember(&mut self, now: Outcome, baselines: u64, journal: &Journal) {
        let at = journal.iter().next_back().map(|entry| entry.at);
        match (&now, &mut self.last) {
            (Ok(table), last) => *last = Some((Arc::clone(table), None)),
            (Err(_), Some((_, gone))) if gone.is_none() => *gone = at,
            (Err(_), _) => {}
        }
        self.newest = Some((now, baselines));
    }

    pub(super) fn older(
        &mut self,
        journal: &Journal,
        world: &World,
        fork: impl FnOnce() -> Box<dyn Tables>,
    ) -> Option<Walk> {
        let (table, _) = self.newest.as_ref()?;
        if matches!(table, Err(NoTable::Pending(_))) || self.to < journal.head() || self.from <= journal.oldest() {
            return None;
        }
        self.reach.follow(table);
        // What is in scope differs only from the first entry on that matters.
        if !journal
            .back_from(self.from)
            .any(|entry| self.reach.matters(entry, &self.pod))
        {
            self.from = journal.oldest();
            return None;
        }
        Some(Walk::new(
            self.pod.clone(),
            journal.clone(),
            world.clone(),
            fork(),
            self.from,
            table.clone(),
        ))
    }

    pub(super) fn absorb_older(&mut self, walk: &mut Walk) {
        for found in walk.take_found() {
            // What was followed, forgotten and followed again in the meantime is known already.
            if found.entries.iter().any(|seq| *seq > self.from) {
                continue;
            }
            self.keep(&found.entries, found.effect, &found.cause);
            for (id, step) in found.steps {
                self.marks.note_older(id, step);
            }
        }
        self.from = self.from.min(walk.at());
    }
}
