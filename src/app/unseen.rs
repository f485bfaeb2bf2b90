//! Changes that were never on the screen: how many rows above and below a pane have one.

use super::App;
use super::list::{ItemId, List};
use super::panel::{Line, Panel};
use super::settle::Laid;
use super::tables::TableId;
use crate::mesh::history::{Mark, MarkSet};

/// How many are looked for in a list that is sorted or filtered: each one's place has to be found for every frame.
const UNSEEN: usize = 2_000;

impl App {
    /// How many rows above and below the rows of a pane have a change mark that was never on the screen.
    pub(super) fn unseen_around(&self, laid: &Laid, list: &List) -> (usize, usize) {
        let end = (laid.top + laid.rows).min(list.len());
        if let TableId::Endpoints(slot) = laid.table
            && self.takes_lines_as_they_are(slot)
        {
            let panel = self.ui.panel(slot);
            return panel.map_or((0, 0), |panel| self.unseen_lines(panel, laid.top, end));
        }
        let places: Vec<usize> = self.unseen(laid.table).iter().filter_map(|id| list.find(id)).collect();
        let count = |is_there: &dyn Fn(usize) -> bool| places.iter().filter(|at| is_there(**at)).count();
        (count(&|at| at < laid.top), count(&|at| at >= end))
    }

    /// Marks of endpoints stand in the order of the lines, so none has to be looked for.
    fn unseen_lines(&self, panel: &Panel, top: usize, end: usize) -> (usize, usize) {
        let Some(marks) = panel.marks(&self.facts).filter(|marks| marks.counts().unseen > 0) else {
            return (0, 0);
        };
        let id = |at: usize| panel.lines().get(at).map(Line::id);
        let above = id(top).map_or(0, |first| {
            let marks = marks.range(..first);
            marks
                .filter(|(_, mark)| is_unseen(mark) && panel.shows(&mark.row))
                .count()
        });
        let below = id(end).map_or(0, |next| {
            let marks = marks.range(next..);
            marks
                .filter(|(_, mark)| is_unseen(mark) && panel.shows(&mark.row))
                .count()
        });
        (above, below)
    }

    fn unseen(&self, table: TableId) -> Vec<ItemId> {
        match table {
            TableId::Traffic | TableId::Endpoints(_) => {
                let slot = table.slot().unwrap_or_default();
                let marks = self.ui.panel(slot).and_then(|panel| panel.marks(&self.facts));
                unseen(marks, |id| ItemId::Endpoint(id.clone()))
            }
            TableId::Pods | TableId::Services | TableId::Sidecars => {
                let marks = table.kind().and_then(|kind| self.facts.history.objects(kind));
                unseen(marks, |id| ItemId::Object(id.clone()))
            }
            TableId::Workloads | TableId::Timeline | TableId::Packets | TableId::Elsewhere => Vec::new(),
        }
    }
}

fn is_unseen<T>(mark: &Mark<T>) -> bool {
    mark.seen.is_none()
}

fn unseen<I, T>(marks: Option<&MarkSet<I, T>>, id: impl Fn(&I) -> ItemId) -> Vec<ItemId> {
    let marks = marks.filter(|marks| marks.counts().unseen > 0);
    let unseen = marks
        .into_iter()
        .flat_map(MarkSet::iter)
        .filter(|(_, mark)| is_unseen(mark));
    unseen.take(UNSEEN).map(|(of, _)| id(of)).collect()
}
