//! Which columns of a table are shown, and in which order: as a person chose them, else by the place of each.
//!
//! A choice holds for a table wherever it is shown, broad or narrow; where there is no room for all of it, the last ones
//! are left out, and `h` `l` scroll. What names a row cannot be hidden. What a list is sorted by does not depend on it.

use jiff::Timestamp;

use super::App;
use super::dialog::{Dialog, step};
use super::key::{KeyCode, KeyPress};
use super::tables::TableId;
use super::ui::Toggle;
use super::view::column::{Place, Spec};
use super::view::{Pane, Role};

/// All columns of a table, in the order in which they are shown, each with whether it is.
pub(super) type Choice = Vec<(&'static str, bool)>;

/// The columns of a table while they are chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ColumnsDialog {
    /// Of which table.
    pub table: TableId,
    /// As they would be.
    pub columns: Choice,
    /// Which the cursor is on.
    pub at: usize,
    /// As they are without a choice.
    usual: Choice,
}

/// Whether a column names the row: it is always shown.
pub(super) fn is_fixed(spec: &Spec) -> bool {
    spec.place == Place::Fixed
}

impl ColumnsDialog {
    fn turn(&mut self) {
        let table = self.table;
        if let Some((column, is_shown)) = self.columns.get_mut(self.at)
            && table.spec(column).is_some_and(|spec| !is_fixed(spec))
        {
            *is_shown = !*is_shown;
        }
    }

    fn push(&mut self, by: isize) {
        let to = self.at.saturating_add_signed(by);
        if to < self.columns.len() && to != self.at {
            self.columns.swap(self.at, to);
            self.at = to;
        }
    }
}

/// All endpoint tables have the columns of the chosen pod's.
fn family(table: TableId) -> TableId {
    match table {
        TableId::Endpoints(_) => TableId::Endpoints(0),
        TableId::Pods
        | TableId::Workloads
        | TableId::Services
        | TableId::Sidecars
        | TableId::Timeline
        | TableId::Traffic
        | TableId::Packets
        | TableId::Elsewhere => table,
    }
}

/// A choice in which each column of the table stands once; a column that it does not name stands behind the one that it
/// stands behind in the table, and is shown as `usual` says.
pub(super) fn completed(table: TableId, wanted: &[(&str, bool)], usual: impl Fn(&Spec) -> bool) -> Choice {
    let mut choice: Choice = Vec::new();
    for (name, is_shown) in wanted {
        if let Some(spec) = table.spec(name)
            && !choice.iter().any(|(column, _)| *column == spec.id)
        {
            choice.push((spec.id, *is_shown || is_fixed(spec)));
        }
    }
    let mut before = None;
    for spec in table.specs() {
        if !choice.iter().any(|(column, _)| *column == spec.id) {
            let place = before.and_then(|before| choice.iter().position(|(column, _)| *column == before));
            choice.insert(place.map_or(0, |place| place + 1), (spec.id, usual(spec)));
        }
        before = Some(spec.id);
    }
    choice
}

impl App {
    /// The columns that a person chose for a table, if so.
    pub(super) fn choice(&self, table: TableId) -> Option<&Choice> {
        self.ui.columns.get(&family(table))
    }

    /// Chooses them; `None`: as always.
    pub(super) fn choose_columns(&mut self, table: TableId, choice: Option<Choice>) {
        match choice {
            Some(choice) => self.ui.columns.insert(family(table), choice),
            None => self.ui.columns.remove(&family(table)),
        };
    }

    /// The ids of all columns in the order in which they stand.
    pub(super) fn columns_in_order(&self, table: TableId) -> Vec<&'static str> {
        match self.choice(table) {
            Some(choice) => choice.iter().map(|(column, _)| *column).collect(),
            None => table.specs().into_iter().map(|spec| spec.id).collect(),
        }
    }

    /// The columns that belong on the screen where a pane has this width, in their order, by their place in the table.
    pub(super) fn wanted_columns(&self, table: TableId, width: u16) -> Vec<(usize, &'static Spec)> {
        let specs = || table.specs().into_iter().enumerate();
        let Some(choice) = self.choice(table) else {
            return specs().filter(|(_, spec)| self.is_usual(table, spec, width)).collect();
        };
        let all = self.ui.is_on(Toggle::Wide);
        let find = |(column, _): &(&'static str, bool)| specs().find(|(_, spec)| spec.id == *column);
        let shown = choice.iter().filter(|(_, is_shown)| *is_shown).filter_map(find);
        // wide adds what is hidden, behind what was chosen
        let hidden = choice.iter().filter(|(_, is_shown)| !*is_shown && all).filter_map(find);
        let hidden = hidden.filter(|(_, spec)| self.is_usual(table, spec, width));
        let chosen = shown.filter(|(_, spec)| spec.id != "sync" || self.has_sync(table));
        chosen.chain(hidden).collect()
    }

    pub(super) fn open_columns(&mut self, table: TableId) {
        let width = self.ui.laid.iter().find(|laid| laid.table == table);
        let width = width.map_or(u16::MAX, |laid| Pane::inner(laid.area).width);
        let usual = completed(table, &[], |spec| self.is_usual(table, spec, width));
        let columns = self.choice(table).cloned().unwrap_or_else(|| usual.clone());
        self.ui.dialogs.push(Dialog::Columns(ColumnsDialog {
            table,
            columns,
            at: 0,
            usual,
        }));
    }

    pub(super) fn press_columns(&mut self, now: Timestamp, mut dialog: ColumnsDialog, key: KeyPress) {
        match (key.code, key.ctrl) {
            (KeyCode::Esc, _) | (KeyCode::Char('q'), false) => return,
            (KeyCode::Enter, _) => return self.take_columns(now, dialog),
            (KeyCode::Char(' '), false) => dialog.turn(),
            (KeyCode::Char('K' | '<'), false) => dialog.push(-1),
            (KeyCode::Char('J' | '>'), false) => dialog.push(1),
            (KeyCode::Char('r'), false) => dialog.columns.clone_from(&dialog.usual),
            _ => {
                if let Some(at) = step(dialog.at, dialog.columns.len(), key, true) {
                    dialog.at = at;
                }
            }
        }
        self.ui.dialogs.push(Dialog::Columns(dialog));
    }

    fn take_columns(&mut self, now: Timestamp, dialog: ColumnsDialog) {
        let table = dialog.table;
        let is_usual = dialog.columns == dialog.usual;
        let hidden = dialog.columns.iter().filter(|(_, is_shown)| !is_shown).count();
        self.choose_columns(table, (!is_usual).then_some(dialog.columns));
        let skipped = self.ui.list(table).skipped_columns();
        let list = self.ui.list(table);
        list.scroll_columns(-isize::try_from(skipped).unwrap_or(isize::MAX), usize::MAX);
        let text = if is_usual {
            "columns as always".to_owned()
        } else {
            format!("columns as chosen; {hidden} hidden")
        };
        self.say(now, Role::Dim, text);
    }
}
