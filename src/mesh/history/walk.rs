//! A walk back through the journal that compares a pod's table before and after each entry that can matter to it.
//!
//! It owns its snapshot of the world and of the journal, so it may run anywhere, in pieces, while the world goes on.

use std::sync::Arc;

use jiff::Timestamp;

use super::causes::{Cause, Span};
use super::journal::{Entry, Journal, Seq, take_back};
use super::marks::{Step, Turn};
use super::pods::Effect;
use super::relevance::Reach;
use crate::mesh::diff::{self, RowId, TableDiff};
use crate::mesh::model::Key;
use crate::mesh::scope::{EndpointTable, NoTable, Row};
use crate::mesh::world::World;

/// The scope engine: the table of a pod in a world. It may keep a cache.
pub type TableOf<'a> = &'a mut dyn FnMut(&World, &Key) -> Outcome;

/// A table, or why there is none.
pub type Outcome = Result<Arc<EndpointTable>, NoTable>;

/// How many entries are taken back for each pair of tables that may be compared, at most, before a walk pauses.
const ENTRIES: usize = 1_024;

/// Whether a walk has come to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// There is more to do.
    More,
    /// It is at its end.
    Done,
}

/// What one comparison found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The entries it spans, newest first; one, but where changes came too fast.
    pub(super) entries: Vec<Seq>,
    /// Rows gained, lost, changed.
    pub(super) effect: Effect,
    /// Why the first of its rows differs.
    pub(super) cause: Cause,
    /// What happened to which row.
    pub(super) steps: Vec<(RowId, Step<Row>)>,
}

/// See the module. Made by [`super::History::older`].
#[derive(Clone, Debug)]
pub struct Walk {
    pod: Key,
    journal: Journal,
    /// As it was in state `at`.
    world: World,
    at: Seq,
    until: Seq,
    /// The pod's table in state `at`.
    table: Option<Outcome>,
    reach: Reach,
    found: Vec<Found>,
}

impl Walk {
    pub(super) fn new(pod: Key, journal: Journal, world: World, at: Seq) -> Self {
        let until = journal.oldest();
        Self {
            pod,
            journal,
            world,
            at,
            until,
            table: None,
            reach: Reach::default(),
            found: Vec::new(),
        }
    }

    /// Whose table it is about.
    pub fn pod(&self) -> &Key {
        &self.pod
    }

    /// The oldest state it has come to.
    pub fn at(&self) -> Seq {
        self.at
    }

    /// Goes on, comparing at most `budget` pairs of tables.
    pub fn run(&mut self, tables: TableOf<'_>, budget: usize) -> Progress {
        let (mut pairs, mut entries) = (budget, budget.saturating_mul(ENTRIES));
        while self.at > self.until {
            if pairs == 0 || entries == 0 {
                return Progress::More;
            }
            entries -= 1;
            let Some(entry) = self.journal.get(self.at).cloned() else {
                return Progress::Done;
            };
            let after = match self.table.take() {
                Some(table) => table,
                None => tables(&self.world, &self.pod),
            };
            self.reach.follow(&after);
            let matters = self.reach.matters(&entry, &self.pod);
            take_back(&mut self.world, &entry);
            self.at = self.at.before();
            if !matters {
                self.table = Some(after);
                continue;
            }
            pairs -= 1;
            let before = tables(&self.world, &self.pod);
            if let Some(found) = compare(&before, &after, &[&entry], &self.journal, &self.pod) {
                self.found.push(found);
            }
            self.table = Some(before);
        }
        Progress::Done
    }

    pub(super) fn take_found(&mut self) -> Vec<Found> {
        std::mem::take(&mut self.found)
    }
}

/// What happened between two tables of a pod, through these entries (newest first). `None` if there is nothing to say:
/// a table is compared only with a table, so a pod that comes or goes marks no rows.
pub(super) fn compare(
    before: &Outcome,
    after: &Outcome,
    entries: &[&Entry],
    journal: &Journal,
    pod: &Key,
) -> Option<Found> {
    let (Ok(before), Ok(after)) = (before, after) else {
        return None;
    };
    if Arc::ptr_eq(before, after) {
        return None;
    }
    let diff = diff::tables(before, after);
    let at = entries.first()?.at;
    if diff.is_empty() {
        return None;
    }
    let span = Span { entries, journal, pod };
    let effect = Effect::of(&diff, entries.len());
    let steps = steps(diff, |before, after| (at, span.cause(before, after)));
    Some(Found {
        entries: entries.iter().map(|entry| entry.seq).collect(),
        effect,
        cause: match steps.first() {
            Some((_, step)) => step.cause.clone(),
            None => span.cause_of_scope(),
        },
        steps,
    })
}

/// A table's difference as steps of its rows.
pub(super) fn steps(
    diff: TableDiff,
    mut why: impl FnMut(Option<&Row>, Option<&Row>) -> (Timestamp, Cause),
) -> Vec<(RowId, Step<Row>)> {
    let mut step = |turn: Turn<Row>| {
        let (at, cause) = match &turn {
            Turn::Added(after) => why(None, Some(after)),
            Turn::Changed(before, after) => why(Some(before), Some(after)),
            Turn::Removed(before) => why(Some(before), None),
        };
        Step { turn, at, cause }
    };
    let mut steps = Vec::with_capacity(diff.added.len() + diff.removed.len() + diff.changed.len());
    for (id, row) in diff.removed {
        steps.push((id, step(Turn::Removed(row))));
    }
    for (id, before, after) in diff.changed {
        steps.push((id, step(Turn::Changed(before, after))));
    }
    for (id, row) in diff.added {
        steps.push((id, step(Turn::Added(row))));
    }
    steps
}
