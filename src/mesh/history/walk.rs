//! A walk back through the journal that compares a pod's table before and after each entry that can matter to it.
//!
//! It owns its snapshot of the world and of the journal, and its own scope engine, so it may run anywhere, in pieces,
//! while the world goes on.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::causes::{Cause, Span};
use super::journal::{Entry, Journal, Seq};
use super::marks::{Step, Turn};
use super::pods::Effect;
use super::relevance::Reach;
use crate::mesh::diff::{self, RowId, TableDiff};
use crate::mesh::model::Key;
use crate::mesh::scope::{Cache, EndpointTable, NoTable, Row};
use crate::mesh::world::{Change, World};

/// A table, or why there is none.
pub type Outcome = Result<Arc<EndpointTable>, NoTable>;

/// The scope engine, as history asks it.
pub trait Tables: fmt::Debug + Send {
    /// The table of a pod in the world that the engine has followed up to now.
    fn table(&mut self, world: &World, pod: &Key) -> Outcome;

    /// The world that is asked about from now on differs from the one before by these changes, in their order.
    fn follow(&mut self, changes: &[Change]);
}

impl Tables for Cache {
    fn table(&mut self, world: &World, pod: &Key) -> Outcome {
        Cache::table(self, world, pod)
    }

    fn follow(&mut self, changes: &[Change]) {
        self.apply(changes);
    }
}

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
#[derive(Debug)]
pub struct Walk {
    pod: Key,
    journal: Journal,
    tables: Box<dyn Tables>,
    /// As it was in state `at`.
    world: World,
    at: Seq,
    /// What came after this state is known already.
    from: Seq,
    until: Seq,
    /// The pod's table in state `at`, once it is known.
    table: Option<Outcome>,
    reach: Reach,
    found: Vec<Found>,
}

impl Walk {
    /// A walk from the present (`world`, the journal's head, `tables`) to the state `from` without looking, and from
    /// there to the oldest one. `table` is the pod's present table.
    pub(super) fn new(
        pod: Key,
        journal: Journal,
        world: World,
        tables: Box<dyn Tables>,
        from: Seq,
        table: Outcome,
    ) -> Self {
        let (at, until) = (journal.head(), journal.oldest());
        Self {
            pod,
            journal,
            tables,
            world,
            at,
            from,
            until,
            table: (at == from).then_some(table),
            reach: Reach::default(),
            found: Vec::new(),
        }
    }

    /// Whose table it is about.
    pub fn pod(&self) -> &Key {
        &self.pod
    }

    /// The oldest state up to which everything is found.
    pub fn at(&self) -> Seq {
        self.at.min(self.from)
    }

    /// Goes on, comparing at most `budget` pairs of tables.
    pub fn run(&mut self, budget: usize) -> Progress {
        let (mut pairs, mut entries) = (budget, budget.saturating_mul(ENTRIES));
        while self.at > self.until {
            if pairs == 0 || entries == 0 {
                return Progress::More;
            }
            entries -= 1;
            let Some(entry) = self.journal.get(self.at).cloned() else {
                return Progress::Done;
            };
            if self.at > self.from {
                self.step_back(&entry);
                continue;
            }
            let after = match self.table.take() {
                Some(table) => table,
                None => self.tables.table(&self.world, &self.pod),
            };
            self.reach.follow(&after);
            let matters = self.reach.matters(&entry, &self.pod);
            self.step_back(&entry);
            if !matters {
                self.table = Some(after);
                continue;
            }
            pairs -= 1;
            let before = self.tables.table(&self.world, &self.pod);
            if let Some(found) = compare(&before, &after, &[&entry], &self.journal, &self.pod) {
                self.found.push(found);
            }
            self.table = Some(before);
        }
        Progress::Done
    }

    fn step_back(&mut self, entry: &Entry) {
        entry.take_back(&mut self.world, self.tables.as_mut());
        self.at = self.at.before();
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
