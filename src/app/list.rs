//! One table's rows as they are shown: filtered, sorted, with a cursor that belongs to an identity.
//!
//! Not the rows themselves: those are made from the world when they are drawn. Kept up to date row by row
//! ([`List::update`]); only what a person does (another filter, another sort) goes over all rows ([`List::rebuild`]).
//! Invariant: the cursor is on what it was put on, wherever that goes; it moves to the neighbour only when that is
//! gone for good, and never because of what happens to other rows.

mod order;
#[cfg(test)]
mod tests;

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::order::Ordered;
use super::filter::Filter;
use super::traffic::Place;
use super::view::SortKey;
use super::workloads::WorkloadId;
use crate::mesh::diff::RowId;
use crate::mesh::history::{ObjectId, Seq};
use crate::mesh::model::{Key, Kind};

/// What a row is, wherever it stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum ItemId {
    /// A pod, a service, a Sidecar.
    Object(ObjectId),
    /// A row of an endpoint table.
    Endpoint(RowId),
    /// A workload.
    Workload(WorkloadId),
    /// A line of the timeline.
    Moment(MomentId),
    /// A packet, by its number.
    Packet(u64),
    /// Something that packets go to.
    Place(Place),
}

/// What a line of the timeline is; the newest comes first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum MomentId {
    /// A change that was seen: its entry in the journal, and which object of it (`None`: endpoints alone).
    Seen(Reverse<Seq>, Option<(Kind, Key)>),
    /// The line between what was seen and what was before.
    Start,
    /// Something before the start; the number tells apart what one object tells of one second.
    Before(Reverse<Timestamp>, Kind, Key, u32),
}

/// A row's place. Of objects of one name the tombstones stand below the one that lives.
#[derive(Clone, Debug)]
struct Entry {
    key: SortKey,
    id: ItemId,
    /// It is a tombstone; the other way round where the list is shown from its end.
    is_late: bool,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        let late = || {
            if let (ItemId::Object(one), ItemId::Object(two)) = (&self.id, &other.id) {
                one.key.cmp(&two.key).then(self.is_late.cmp(&other.is_late))
            } else {
                Ordering::Equal
            }
        };
        let by_key = self.key.cmp(&other.key);
        by_key.then_with(late).then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

/// By what a list is sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sort {
    /// The column's id.
    pub column: &'static str,
    /// From the largest down.
    pub descending: bool,
}

/// What there is to know of a row to place it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Placed {
    /// Of the column that is sorted by. If none is, what the table's own order goes by before identity;
    /// [`SortKey::Absent`] if nothing.
    pub key: SortKey,
    /// Whether it passes the filter.
    pub passes: bool,
    /// Whether it is a tombstone.
    pub gone: bool,
}

/// The rows of one table.
#[derive(Debug, Default)]
pub(super) struct List {
    rows: Ordered<Entry>,
    /// Of the rows shown, those that are present: to find the rows again when the key is another.
    keys: BTreeMap<ItemId, SortKey>,
    hidden: BTreeSet<ItemId>,
    /// Tombstones, shown or hidden.
    gone: BTreeSet<ItemId>,
    sort: Option<Sort>,
    filter: Filter,
    cursor: Option<Entry>,
    /// The line of the pane on which the cursor stands.
    line: usize,
    /// Rows that fit the pane when it was last laid out.
    height: usize,
    picked: BTreeSet<ItemId>,
    /// Columns scrolled away.
    skipped_columns: usize,
    /// The widest content of each column that was on the screen, so that columns do not jump when one scrolls.
    widths: BTreeMap<&'static str, u16>,
}

impl List {
    /// How many rows pass the filter.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many rows pass the filter that are no tombstones.
    pub(super) fn living(&self) -> usize {
        let buried = self.gone.iter().filter(|id| !self.hidden.contains(*id)).count();
        self.rows.len().saturating_sub(buried)
    }

    /// The tombstones, shown or hidden.
    pub(super) fn gone(&self) -> &BTreeSet<ItemId> {
        &self.gone
    }

    /// Whether no row passes.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many rows the filter hides.
    pub(super) fn hidden(&self) -> usize {
        self.hidden.len()
    }

    /// By what it is sorted; `None`: in its own order.
    pub(super) fn sort(&self) -> Option<Sort> {
        self.sort
    }

    /// The filter.
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Puts all rows in their places anew, for this sort and filter.
    pub(super) fn rebuild(&mut self, sort: Option<Sort>, filter: Filter, rows: impl Iterator<Item = (ItemId, Placed)>) {
        let mut shown = Vec::new();
        self.clear(sort, filter);
        let is_descending = self.is_descending();
        for (id, Placed { key, passes, gone }) in rows {
            let is_late = gone != is_descending;
            if gone {
                self.gone.insert(id.clone());
            }
            if let Some(cursor) = &mut self.cursor
                && cursor.id == id
            {
                (cursor.key, cursor.is_late) = (key.clone(), is_late);
            }
            if !passes {
                self.hidden.insert(id);
                continue;
            }
            if key != SortKey::Absent {
                self.keys.insert(id.clone(), key.clone());
            }
            shown.push(Entry { key, id, is_late });
        }
        self.settle(Ordered::from_unsorted(shown));
    }

    fn clear(&mut self, sort: Option<Sort>, filter: Filter) {
        self.hidden.clear();
        self.gone.clear();
        self.keys.clear();
        if self.sort != sort || self.filter.text() != filter.text() {
            self.forget_widths();
        }
        self.sort = sort;
        self.filter = filter;
    }

    fn settle(&mut self, rows: Ordered<Entry>) {
        self.rows = rows;
        if !self.picked.is_empty() {
            let picked = std::mem::take(&mut self.picked);
            let is_there = |id: &ItemId| self.hidden.contains(id) || self.rows.rank(&self.entry_of(id)).1;
            self.picked = picked.into_iter().filter(is_there).collect();
        }
    }

    /// Takes all rows as they are, in their order and none of them hidden; each with whether it is a tombstone.
    pub(super) fn fill(&mut self, rows: impl Iterator<Item = (ItemId, bool)>) {
        self.clear(None, Filter::default());
        let mut gone = Vec::new();
        let rows = rows.map(|(id, is_gone)| {
            if is_gone {
                gone.push(id.clone());
            }
            Entry {
                key: SortKey::Absent,
                id,
                is_late: is_gone,
            }
        });
        let rows = Ordered::from_sorted(rows);
        self.gone = gone.into_iter().collect();
        if let Some(cursor) = &mut self.cursor {
            cursor.key = SortKey::Absent;
        }
        self.settle(rows);
    }

    /// Puts one row in its place: it is new, it says something else, or (`None`) it is gone.
    pub(super) fn update(&mut self, id: &ItemId, placed: Option<Placed>) {
        let old = self.entry_of(id);
        let Some(Placed { key, passes, gone }) = placed else {
            if self.cursor.as_ref().is_some_and(|cursor| cursor.id == *id) {
                self.leave(&old);
            }
            self.rows.remove(&old);
            self.keys.remove(id);
            self.hidden.remove(id);
            self.gone.remove(id);
            self.picked.remove(id);
            return;
        };
        if gone {
            self.gone.insert(id.clone());
        } else {
            self.gone.remove(id);
        }
        let is_late = gone != self.is_descending();
        if let Some(cursor) = &mut self.cursor
            && cursor.id == *id
        {
            (cursor.key, cursor.is_late) = (key.clone(), is_late);
        }
        if old.key != key || old.is_late != is_late || !passes {
            self.rows.remove(&old);
        }
        if !passes {
            self.keys.remove(id);
            self.hidden.insert(id.clone());
            return;
        }
        self.hidden.remove(id);
        if key == SortKey::Absent {
            self.keys.remove(id);
        } else {
            self.keys.insert(id.clone(), key.clone());
        }
        let id = id.clone();
        self.rows.insert(Entry { key, id, is_late });
    }

    /// The cursor's row is going: on to the one that takes its place, else to the one before.
    fn leave(&mut self, old: &Entry) {
        let position = self.position_of(old);
        let neighbour = self
            .entry_at(position + 1)
            .or_else(|| self.entry_at(position.checked_sub(1)?));
        self.cursor = neighbour.filter(|entry| entry.id != old.id).cloned();
    }

    /// The place of a row, as long as it is there.
    fn entry_of(&self, id: &ItemId) -> Entry {
        Entry {
            key: self.keys.get(id).cloned().unwrap_or_default(),
            id: id.clone(),
            is_late: self.gone.contains(id) != self.is_descending(),
        }
    }

    /// The position at which this entry stands, or would.
    fn position_of(&self, entry: &Entry) -> usize {
        let (rank, found) = self.rows.rank(entry);
        if self.is_descending() {
            let after = if found { rank + 1 } else { rank };
            self.rows.len().saturating_sub(after)
        } else {
            rank
        }
    }

    fn entry_at(&self, position: usize) -> Option<&Entry> {
        if self.is_descending() {
            self.rows.get(self.rows.len().checked_sub(position + 1)?)
        } else {
            self.rows.get(position)
        }
    }

    fn is_descending(&self) -> bool {
        self.sort.is_some_and(|sort| sort.descending)
    }

    /// Rows from a position on, in the order shown.
    pub(super) fn rows_from(&self, position: usize) -> Box<dyn Iterator<Item = &ItemId> + '_> {
        if self.is_descending() {
            match self.rows.len().checked_sub(position + 1) {
                Some(last) => Box::new(self.rows.back_from(last).map(|entry| &entry.id)),
                None => Box::new(std::iter::empty()),
            }
        } else {
            Box::new(self.rows.from(position).map(|entry| &entry.id))
        }
    }

    /// The position of a row, if it is shown.
    pub(super) fn find(&self, id: &ItemId) -> Option<usize> {
        let entry = self.entry_of(id);
        self.rows.rank(&entry).1.then(|| self.position_of(&entry))
    }

    /// The position of the cursor. Where its row is hidden: that of the row which stands in its place.
    pub(super) fn position(&self) -> usize {
        let position = self.cursor.as_ref().map_or(0, |cursor| self.position_of(cursor));
        position.min(self.rows.len().saturating_sub(1))
    }

    /// The row under the cursor.
    pub(super) fn current(&self) -> Option<&ItemId> {
        self.entry_at(self.position()).map(|entry| &entry.id)
    }

    /// Whether the cursor was ever put on something.
    pub(super) fn has_cursor(&self) -> bool {
        self.cursor.is_some()
    }

    /// Puts the cursor on a row; `false` if it is not shown.
    pub(super) fn select(&mut self, id: &ItemId) -> bool {
        let Some(position) = self.find(id) else {
            return false;
        };
        self.go_to(position);
        true
    }

    /// Puts the cursor on what is under it now, so that it stays there.
    pub(super) fn hold(&mut self) {
        self.go_to(self.position());
    }

    /// Puts the cursor on the row at a position, or the last one.
    pub(super) fn go_to(&mut self, position: usize) {
        let position = position.min(self.rows.len().saturating_sub(1));
        let (here, line) = (self.position(), self.line);
        self.line = if position >= here {
            (line + (position - here)).min(self.height.saturating_sub(1))
        } else {
            line.saturating_sub(here - position)
        };
        self.cursor = self.entry_at(position).cloned();
    }

    /// Lets the cursor be on whatever is first, now and later.
    pub(super) fn follow_top(&mut self) {
        self.go_to(0);
        self.cursor = None;
    }

    /// Moves the cursor by rows.
    pub(super) fn step(&mut self, rows: isize) {
        self.go_to(self.position().saturating_add_signed(rows));
    }

    /// Rows of a page.
    pub(super) fn page(&self) -> isize {
        isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1)
    }

    /// Whether the cursor is on the last row, or was never put on any.
    pub(super) fn is_at_end(&self) -> bool {
        self.cursor.is_none() || self.position() + 1 >= self.rows.len()
    }

    /// Fits the rows to a pane of this height: the position of the first row shown. The cursor stays on its line
    /// where that is possible.
    pub(super) fn lay_out(&mut self, height: usize) -> usize {
        self.height = height;
        let position = self.position();
        let last_top = self.rows.len().saturating_sub(height);
        let line = self.line.min(height.saturating_sub(1));
        let top = position.saturating_sub(line).min(last_top);
        self.line = position - top;
        top
    }

    /// The line of the pane on which the cursor stands.
    #[cfg(test)]
    pub(crate) fn line(&self) -> usize {
        self.line
    }

    /// Picks or unpicks the row under the cursor.
    pub(super) fn toggle_pick(&mut self) {
        if let Some(id) = self.current().cloned()
            && !self.picked.remove(&id)
        {
            self.picked.insert(id);
        }
    }

    /// The picked rows, in their own order.
    pub(super) fn picked(&self) -> &BTreeSet<ItemId> {
        &self.picked
    }

    /// Unpicks all; says whether any was picked.
    pub(super) fn unpick_all(&mut self) -> bool {
        let any = !self.picked.is_empty();
        self.picked.clear();
        any
    }

    /// Scrolls columns; of `columns` that can scroll at least one stays.
    pub(super) fn scroll_columns(&mut self, by: isize, columns: usize) {
        let skipped = self.skipped_columns.saturating_add_signed(by);
        self.skipped_columns = skipped.min(columns.saturating_sub(1));
    }

    /// Columns scrolled away.
    pub(super) fn skipped_columns(&self) -> usize {
        self.skipped_columns
    }

    /// Columns may become narrower: what is shown now is something else.
    pub(super) fn forget_widths(&mut self) {
        self.widths.clear();
    }

    /// The widest content of a column until now, with this one.
    pub(super) fn widen(&mut self, column: &'static str, width: u16) -> u16 {
        let widest = self.widths.entry(column).or_default();
        *widest = width.max(*widest);
        *widest
    }
}
