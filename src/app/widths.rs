//! Which columns of a table are on the screen, and how wide: from what is on it and was on it, never from all rows.

use jiff::Timestamp;

use super::App;
use super::list::{ItemId, MomentId};
use super::tables::TableId;
use super::ui::Toggle;
use super::view::column::{Place, Spec, fit};
use super::view::{Pane, Shown};

/// From this width of a pane on, Envoy's full cluster names are shown.
const BROAD: u16 = 110;

impl App {
    pub(super) fn fit_columns(
        &mut self,
        now: Timestamp,
        table: TableId,
        width: u16,
        top: usize,
        rows: usize,
    ) -> (Vec<(usize, u16)>, (usize, usize)) {
        let candidates = self.wanted_columns(table, width);
        let is_fixed = |spec: &Spec| spec.place == Place::Fixed || spec.place == Place::Namespace;
        let scrolling = candidates.iter().filter(|(_, spec)| !is_fixed(spec)).count();
        let skipped = self.ui.list(table).skipped_columns().min(scrolling.saturating_sub(1));
        let in_order = skipped > 0 || self.ui.is_on(Toggle::Wide) || self.choice(table).is_some();
        let mut to_skip = skipped;
        let sorted = self.ui.list(table).sort().map(|sort| sort.column);
        let left: Vec<(usize, Spec)> = candidates
            .into_iter()
            .filter(|(_, spec)| {
                let skip = to_skip > 0 && !is_fixed(spec);
                to_skip -= usize::from(skip);
                !skip
            })
            .enumerate()
            .map(|(at, (column, spec))| {
                // once somebody scrolls or chooses, columns stand in their order and not by importance
                let by_order = u8::try_from(at).unwrap_or(u8::MAX);
                let priority = match (is_fixed(spec), in_order) {
                    (true, true) => 0,
                    (false, true) => by_order.saturating_add(1),
                    (_, false) if sorted == Some(spec.id) => 0,
                    (_, false) => spec.priority,
                };
                (column, Spec { priority, ..*spec })
            })
            .collect();
        let measured = self.measure(now, table, &left, top, rows);
        // a column in which nothing stands gives its place to others, unless all are asked for
        let (left, wanted): (Vec<(usize, Spec)>, Vec<u16>) = left
            .into_iter()
            .zip(measured)
            .filter(|((_, spec), wanted)| *wanted > 0 || in_order || is_fixed(spec))
            .unzip();
        let references: Vec<&Spec> = left.iter().map(|(_, spec)| spec).collect();
        let fitted = fit(&references, &wanted, width, Pane::GAP);
        let hidden = left.len() - fitted.len();
        let columns = fitted
            .into_iter()
            .filter_map(|(at, width)| left.get(at).map(|(column, _)| (*column, width)))
            .collect();
        (columns, (skipped, hidden))
    }

    pub(super) fn fit_names(
        &mut self,
        now: Timestamp,
        table: TableId,
        width: u16,
        top: usize,
        rows: usize,
    ) -> (Vec<(usize, u16)>, (usize, usize)) {
        let specs = table.specs().into_iter().enumerate();
        let names: Vec<(usize, Spec)> = specs
            .filter(|(_, spec)| is_name(table, spec))
            .map(|(at, spec)| (at, *spec))
            .collect();
        let wanted = self.measure(now, table, &names, top, rows);
        let references: Vec<&Spec> = names.iter().map(|(_, spec)| spec).collect();
        let fitted = fit(&references, &wanted, width, Pane::GAP).into_iter();
        let columns = fitted.filter_map(|(at, width)| names.get(at).map(|(column, _)| (*column, width)));
        (columns.collect(), (0, 0))
    }

    /// The columns that a file has: those of the screen, were it broad enough for all.
    pub(super) fn columns_of_file(&self, table: TableId) -> Vec<usize> {
        let wanted = self.wanted_columns(table, u16::MAX);
        wanted.into_iter().map(|(at, _)| at).collect()
    }

    /// Whether a column that nobody chose belongs on the screen.
    pub(super) fn is_usual(&self, table: TableId, spec: &Spec, width: u16) -> bool {
        match spec.place {
            Place::Namespace => match &self.ui.namespaces {
                super::Namespaces::All => true,
                super::Namespaces::Some(names) => names.len() > 1,
            },
            Place::Normal if spec.id == "sync" => self.has_sync(table),
            Place::Fixed | Place::Normal => true,
            Place::Narrow => width < BROAD,
            Place::Broad => width >= BROAD,
            Place::Wide => self.ui.is_on(Toggle::Wide),
            Place::Never => false,
        }
    }

    pub(super) fn has_sync(&self, table: TableId) -> bool {
        let panel = table.slot().and_then(|slot| self.ui.panel(slot));
        panel.is_some_and(|panel| self.facts.envoys.contains_key(&panel.pod))
    }

    /// What each column takes with its head, by the rows on the screen and those that were there before; 0 where nothing
    /// stands in any of them.
    fn measure(
        &mut self,
        now: Timestamp,
        table: TableId,
        columns: &[(usize, Spec)],
        top: usize,
        rows: usize,
    ) -> Vec<u16> {
        let sorted = self.ui.list(table).sort().map(|sort| sort.column);
        let head = |spec: &Spec| spec.head.len() + usize::from(sorted == Some(spec.id));
        let mut widths = vec![0_usize; columns.len()];
        let ids: Vec<ItemId> = match self.ui.find_list(table) {
            Some(list) => list
                .rows_from(top)
                .take(rows)
                .filter(|id| **id != ItemId::Moment(MomentId::Start))
                .cloned()
                .collect(),
            None => Vec::new(),
        };
        for id in &ids {
            let Some(subject) = self.subject(now, table, id) else {
                continue;
            };
            for ((column, _), width) in columns.iter().zip(&mut widths) {
                if let Some(datum) = subject.datum(*column) {
                    let text = self.masked(datum.value.text(now));
                    *width = (*width).max(Shown::width_of(&text));
                }
            }
        }
        let list = self.ui.list(table);
        columns
            .iter()
            .zip(widths)
            .map(|((_, spec), width)| {
                let content = list.widen(spec.id, u16::try_from(width).unwrap_or(u16::MAX));
                if content == 0 && !ids.is_empty() {
                    return 0;
                }
                content.max(u16::try_from(head(spec)).unwrap_or(u16::MAX))
            })
            .collect()
    }
}

/// The columns that name the rows of a table.
fn is_name(table: TableId, spec: &Spec) -> bool {
    let names: &[&str] = match table {
        TableId::Pods | TableId::Workloads | TableId::Services => &["name"],
        TableId::Endpoints(_) => &["endpoint", "host"],
        TableId::Sidecars => &["namespace", "name"],
        TableId::Timeline => &["time", "object"],
        TableId::Traffic => &["endpoint", "rps", "cluster"],
        TableId::Packets => &["line"],
        TableId::Elsewhere => &["address", "what"],
    };
    names.contains(&spec.id)
}
