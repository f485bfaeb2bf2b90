//! Change marks from row to row: the next one, acknowledged one by one or all at once.

use jiff::Timestamp;

use super::App;
use super::list::ItemId;
use super::tables::TableId;
use super::view::Role;
use crate::mesh::history::{Line as Moment, MarkSet};

impl App {
    /// The cursor on the next row with a change mark.
    pub(super) fn jump_to_change(&mut self, now: Timestamp, table: TableId, by: isize) {
        let list = self.ui.list(table);
        let here = list.position();
        let marked: Vec<usize> = {
            let Some(list) = self.ui.find_list(table) else { return };
            self.marked_ids(table).iter().filter_map(|id| list.find(id)).collect()
        };
        let next = if by > 0 {
            marked
                .iter()
                .copied()
                .filter(|at| *at > here)
                .min()
                .or(marked.iter().copied().min())
        } else {
            marked
                .iter()
                .copied()
                .filter(|at| *at < here)
                .max()
                .or(marked.iter().copied().max())
        };
        match next {
            Some(at) => self.ui.list(table).go_to(at),
            None => self.say(now, Role::Dim, format!("no changes in {}", table.title())),
        }
    }

    /// Rows with a change mark, in the table's own order.
    pub(super) fn marked_ids(&self, table: TableId) -> Vec<ItemId> {
        match table {
            TableId::Traffic | TableId::Endpoints(_) => {
                let slot = table.slot().unwrap_or_default();
                let marks = self.ui.panel(slot).and_then(|panel| panel.marks(&self.facts));
                let ids = marks.into_iter().flat_map(MarkSet::iter);
                ids.map(|(id, _)| ItemId::Endpoint(id.clone())).collect()
            }
            TableId::Pods | TableId::Services | TableId::Sidecars => {
                let marks = table.kind().and_then(|kind| self.facts.history.objects(kind));
                let ids = marks.into_iter().flat_map(MarkSet::iter);
                ids.map(|(id, _)| ItemId::Object(id.clone())).collect()
            }
            TableId::Timeline => {
                let seen = self
                    .ui
                    .moments
                    .iter()
                    .filter(|(_, line)| matches!(line, Moment::Edit(..)));
                seen.map(|(id, _)| ItemId::Moment(id.clone())).collect()
            }
            TableId::Workloads | TableId::Packets | TableId::Elsewhere => Vec::new(),
        }
    }

    /// The row's change mark has been understood.
    pub(super) fn acknowledge(&mut self, now: Timestamp, table: TableId) {
        let Some(id) = self.ui.list(table).current().cloned() else {
            return;
        };
        let was_marked = match (table.slot(), &id) {
            (Some(slot), ItemId::Endpoint(row)) => {
                let pod = self.ui.panel(slot).map(|panel| panel.pod.clone());
                let followed = pod.and_then(|pod| self.facts.history.pod_mut(&pod));
                followed.is_some_and(|followed| followed.marks_mut().acknowledge(row))
            }
            (_, ItemId::Object(object)) => {
                let marks = table.kind().and_then(|kind| self.facts.history.objects_mut(kind));
                marks.is_some_and(|marks| marks.acknowledge(object))
            }
            (
                _,
                ItemId::Endpoint(_) | ItemId::Workload(_) | ItemId::Moment(_) | ItemId::Packet(_) | ItemId::Place(_),
            ) => false,
        };
        if was_marked {
            self.clear_graves(now);
        } else {
            self.say(now, Role::Dim, "this row has no change mark; } goes to the next one");
        }
    }

    /// All change marks of the table have been understood.
    pub(super) fn acknowledge_all(&mut self, now: Timestamp, table: TableId) {
        let count = match table {
            TableId::Traffic | TableId::Endpoints(_) => {
                let slot = table.slot().unwrap_or_default();
                let pod = self.ui.panel(slot).map(|panel| panel.pod.clone());
                let followed = pod.and_then(|pod| self.facts.history.pod_mut(&pod));
                followed.map_or(0, |followed| {
                    let count = followed.marks().len();
                    followed.marks_mut().acknowledge_all();
                    count
                })
            }
            TableId::Pods
            | TableId::Services
            | TableId::Sidecars
            | TableId::Workloads
            | TableId::Timeline
            | TableId::Packets
            | TableId::Elsewhere => {
                let marks = table.kind().and_then(|kind| self.facts.history.objects_mut(kind));
                marks.map_or(0, |marks| {
                    let count = marks.len();
                    marks.acknowledge_all();
                    count
                })
            }
        };
        self.clear_graves(now);
        self.say(
            now,
            Role::Dim,
            format!("{count} marks of {} acknowledged", table.title()),
        );
    }
}
