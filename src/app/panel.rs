//! The endpoint table of one pod as it is shown: computed rows, tombstones in their places, rows that only Envoy has.
//!
//! Derived from [`Facts`]; rebuilt when one of its inputs changed, and only then.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::facts::Facts;
use super::lag::effects;
use super::sync::{Comparison, Sync};
use super::then::Then;
use crate::mesh::diff::{RowId, numbers};
use crate::mesh::history::{History, Mark, MarkSet, PodHistory, Seq};
use crate::mesh::model::Key;
use crate::mesh::scope::{Class, Cluster, EndpointTable, NoTable, Row};
use crate::mesh::world::World;

/// How many pairs of tables are compared for the marks of one batch, as long as they are no larger than this ...
const BUDGET: usize = 16;
const BUDGET_ROWS: usize = 2_000;

/// A row of it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// What it says.
    pub row: Row,
    /// The number that its identity has (see [`RowId`]).
    pub nth: u32,
    /// Computed against actual; `None` if Envoy was not asked (or the row is a tombstone).
    pub sync: Option<Sync>,
    /// Its place in Envoy's table, if Envoy has it.
    pub actual: Option<usize>,
    /// It is a tombstone.
    pub gone: bool,
}

impl Line {
    /// Its identity.
    pub(super) fn id(&self) -> RowId {
        RowId::new(&self.row, self.nth)
    }

    /// By identity.
    fn order(&self, other: &Self) -> Ordering {
        self.row.order(&other.row).then(self.nth.cmp(&other.nth))
    }
}

/// Why a table is shown as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// It is the present one.
    Present,
    /// There is none now, this is the last one that there was.
    Past {
        /// Since when there is none.
        since: Timestamp,
        /// Why there is none.
        why: NoTable,
    },
    /// There is none, and there never was.
    None(NoTable),
    /// It is being worked out, from so many services.
    Computing(usize),
    /// The work at it, over so many services, broke: a fault of ours.
    Broken(usize),
    /// That of another time is being worked out.
    Recalling,
    /// It is that of another time: right after this, or of the beginning.
    Then(Option<Timestamp>),
}

/// So many rows are brought up to date at any time.
const FEW_ROWS: usize = 1_000;
/// For each row more a table rests this long after it was, so that a busy mesh costs little of a core ...
const REST: SignedDuration = SignedDuration::from_micros(25);
/// ... but never longer than this,
const LONGEST_REST: SignedDuration = SignedDuration::from_millis(500);
/// and so many times shorter once somebody has edited something.
const HASTE: i32 = 16;

/// The table of a pod.
#[derive(Debug)]
pub(super) struct Panel {
    /// Whose.
    pub pod: Key,
    /// Its rows, by identity.
    lines: Vec<Line>,
    /// The table it was made from.
    pub table: Option<Arc<EndpointTable>>,
    /// The world it was made in, where that is not the present one.
    pub world: Option<World>,
    /// How it stands with it.
    pub standing: Standing,
    /// Rows of Envoy's own that are not shown.
    pub hidden_bootstrap: usize,
    /// Computed rows that are shown.
    pub living: usize,
    /// When it was brought up to date.
    refreshed: Timestamp,
    /// From what its rows were made; `None` if it is not the present table.
    made_from: Option<MadeFrom>,
}

/// What the rows of a present table follow from, besides that table; as long as all of it is the same, they are.
#[derive(Clone, PartialEq, Eq, Debug)]
struct MadeFrom {
    standing: Standing,
    /// The version of the change marks.
    marks: u64,
    /// The number of Envoy's answer.
    answer: Option<u64>,
    with_bootstrap: bool,
    /// The newest edit, of whatever.
    edit: Option<Seq>,
}

impl Panel {
    /// The table of a pod, from what is known.
    pub(super) fn new(pod: Key, facts: &mut Facts, with_bootstrap: bool, now: Timestamp) -> Self {
        let mut panel = Self::without_table(pod, Standing::None(NoTable::NoSuchPod), now);
        panel.refresh(facts, with_bootstrap, now);
        panel
    }

    /// A pod's place, as long as its table is worked out from so many services.
    pub(super) fn computing(pod: Key, services: usize, now: Timestamp) -> Self {
        Self::without_table(pod, Standing::Computing(services), now)
    }

    /// A pod's place after the work at its table broke.
    pub(super) fn broken(pod: Key, services: usize, now: Timestamp) -> Self {
        Self::without_table(pod, Standing::Broken(services), now)
    }

    /// A pod's table of another time, as far as it is worked out: no marks, nothing of Envoy.
    pub(super) fn then(then: &Then, with_bootstrap: bool, now: Timestamp) -> Self {
        let Some((table, world)) = &then.found else {
            return Self::without_table(then.pod.clone(), Standing::Recalling, now);
        };
        let mut panel = Self::without_table(then.pod.clone(), Standing::Then(then.point.at), now);
        let rows = numbers(&table.rows).filter(|(_, row)| shows(with_bootstrap, row));
        panel.lines = rows
            .map(|(nth, row)| Line {
                row: row.clone(),
                nth,
                sync: None,
                actual: None,
                gone: false,
            })
            .collect();
        panel.living = panel.lines.len();
        panel.hidden_bootstrap = table.rows.len() - panel.living;
        panel.table = Some(Arc::clone(table));
        panel.world = Some(world.clone());
        panel
    }

    fn without_table(pod: Key, standing: Standing, now: Timestamp) -> Self {
        Self {
            pod,
            lines: Vec::new(),
            table: None,
            world: None,
            standing,
            hidden_bootstrap: 0,
            living: 0,
            refreshed: now,
            made_from: None,
        }
    }

    /// Until when it stays as it is, whatever happens, since it is so large.
    pub(super) fn rests_until(&self, history: &History) -> Timestamp {
        let rows = i32::try_from(self.lines.len().saturating_sub(FEW_ROWS)).unwrap_or(i32::MAX);
        let rest = REST.saturating_mul(rows).min(LONGEST_REST);
        let newest = history.edits().newest();
        let is_urgent = self.made_from.as_ref().is_some_and(|known| known.edit != newest);
        let rest = if is_urgent { rest / HASTE } else { rest };
        self.refreshed.saturating_add(rest).unwrap_or(self.refreshed)
    }

    /// Brings it up to what is known now; whether any of its rows is another.
    pub(super) fn refresh(&mut self, facts: &mut Facts, with_bootstrap: bool, now: Timestamp) -> bool {
        self.refreshed = now;
        self.world = None;
        let Facts {
            world,
            history,
            engine,
            envoys,
            ..
        } = facts;
        history.follow(&self.pod);
        let edit = history.edits().newest();
        // ... or somebody has edited something: what an edit did is told apart from what pods do at the time
        let is_edited = self.made_from.as_ref().is_some_and(|known| known.edit != edit);
        let budget = if is_edited {
            BUDGET
        } else {
            (BUDGET * BUDGET_ROWS / self.lines.len().max(1)).clamp(1, BUDGET)
        };
        history.advance(world, &self.pod, engine.tables(), budget);
        let Some(followed) = history.pod(&self.pod) else {
            return false;
        };
        let before = self.table.take();
        self.stand(followed);
        let made_from = MadeFrom {
            standing: self.standing.clone(),
            marks: followed.marks().version(),
            answer: envoys.get(&self.pod).map(|envoy| envoy.nth),
            with_bootstrap,
            edit,
        };
        let is_same_table = match (&before, &self.table) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if let Some(known) = &mut self.made_from
            && is_same_table
        {
            known.edit = edit;
            if *known == made_from {
                return false;
            }
        }
        self.made_from = Some(made_from);
        self.fill(facts, with_bootstrap, now);
        true
    }

    /// Makes the rows anew, for the table and the standing that it has now.
    fn fill(&mut self, facts: &mut Facts, with_bootstrap: bool, now: Timestamp) {
        let Facts {
            history, envoys, lags, ..
        } = facts;
        let Some(followed) = history.pod(&self.pod) else { return };
        let rows: &[Row] = self.table.as_ref().map_or(&[], |table| &table.rows);
        let is_shown = |row: &Row| shows(with_bootstrap, row);
        let compared = match (envoys.get_mut(&self.pod), &self.standing) {
            (Some(envoy), Standing::Present) => match &envoy.answer {
                Ok(actual) => {
                    let before = envoy.comparison.differences();
                    envoy.comparison = Comparison::new(rows, actual, now, &envoy.comparison);
                    let lags = lags.entry(self.pod.clone()).or_default();
                    let changes = effects(followed, history.journal());
                    lags.follow(changes, (before, &envoy.comparison), envoy.times, now);
                    Some(Ok((&envoy.comparison, actual)))
                }
                Err(_) => Some(Err(())),
            },
            _ => None,
        };
        let mut lines = Vec::with_capacity(rows.len());
        for (at, (nth, row)) in numbers(rows).enumerate() {
            if !is_shown(row) {
                continue;
            }
            let (sync, actual) = match &compared {
                None => (None, None),
                Some(Err(())) => (Some(Sync::Unknown), None),
                Some(Ok((comparison, _))) => match comparison.computed.get(at) {
                    Some((sync, actual)) => (Some(*sync), *actual),
                    None => (Some(Sync::Unknown), None),
                },
            };
            lines.push(Line {
                row: row.clone(),
                nth,
                sync,
                actual,
                gone: false,
            });
        }
        self.hidden_bootstrap = rows.len() - lines.len();
        self.living = lines.len();
        let computed = lines.len();
        if let Some(Ok((comparison, actual))) = compared {
            for (id, sync, at) in &comparison.only_actual {
                let is_own = |row: &Row| matches!(*row.cluster, Cluster::Named(_));
                let row = actual
                    .rows
                    .get(*at)
                    .filter(|actual| with_bootstrap || !is_own(&actual.row));
                lines.extend(row.map(|row| Line {
                    row: row.row.clone(),
                    nth: id.nth,
                    sync: Some(*sync),
                    actual: Some(*at),
                    gone: false,
                }));
            }
        }
        let graves = followed.marks().tombstones().filter(|(_, mark)| is_shown(&mark.row));
        lines.extend(graves.map(|(id, mark)| Line {
            row: mark.row.clone(),
            nth: id.nth,
            sync: None,
            actual: None,
            gone: true,
        }));
        // the table's own rows are in order
        if lines.len() > computed {
            lines.sort_by(|a, b| a.order(b).then(a.gone.cmp(&b.gone)));
            lines.dedup_by(|later, first| later.order(first).is_eq());
        }
        self.lines = lines;
    }

    fn stand(&mut self, followed: &PodHistory) {
        (self.standing, self.table) = match (followed.table(), followed.last_table()) {
            (Some(Ok(table)), _) => (Standing::Present, Some(Arc::clone(table))),
            (Some(Err(why)), Some((table, Some(since)))) => (
                Standing::Past {
                    since,
                    why: why.clone(),
                },
                Some(Arc::clone(table)),
            ),
            (Some(Err(why)), _) => (Standing::None(why.clone()), None),
            (None, _) => (Standing::None(NoTable::Pending(Vec::new())), None),
        };
    }

    /// Whether a row is none of those that are left out.
    pub(super) fn shows(&self, row: &Row) -> bool {
        let with_bootstrap = self.made_from.as_ref().is_none_or(|known| known.with_bootstrap);
        shows(with_bootstrap, row)
    }

    /// All rows, by identity.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether it is not that of another time.
    pub(super) fn is_present(&self) -> bool {
        !matches!(self.standing, Standing::Then(_) | Standing::Recalling)
    }

    /// The row of this identity.
    pub(super) fn find(&self, id: &RowId) -> Option<&Line> {
        let at = self.lines.binary_search_by(|line| line.id().cmp(id)).ok()?;
        self.lines.get(at)
    }

    /// The change mark of a row.
    pub(super) fn mark<'a>(&self, facts: &'a Facts, id: &RowId) -> Option<&'a Mark<Row>> {
        self.marks(facts)?.get(id)
    }

    /// All change marks of it; none of another time.
    pub(super) fn marks<'a>(&self, facts: &'a Facts) -> Option<&'a MarkSet<RowId, Row>> {
        let followed = facts.history.pod(&self.pod).filter(|_| self.is_present());
        followed.map(PodHistory::marks)
    }
}

fn shows(with_bootstrap: bool, row: &Row) -> bool {
    with_bootstrap || row.class != Class::Bootstrap
}
