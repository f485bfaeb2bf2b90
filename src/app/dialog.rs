//! What lies over the panes or at the foot and takes the keys: texts, pickers, inputs.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::App;
use super::columns::ColumnsDialog;
use super::contexts::ContextDialog;
use super::filter::Fuzzy;
use super::find::FindDialog;
use super::hidden::HiddenDialog;
use super::input::Input;
use super::key::{KeyCode, KeyPress};
use super::list::Sort;
use super::message::{Command, Fetch, Request};
use super::options::Namespaces;
use super::rows::RowsDialog;
use super::tables::TableId;
pub(in crate::app) use super::text::{Purpose, TextDialog};
use super::view::{Role, Span};
use crate::mesh::model::Text;

/// Rows that a page key moves a text by.
const PAGE: usize = 10;

/// Something that takes the keys.
#[derive(Clone, Debug)]
pub(super) enum Dialog {
    /// A text to read: help, a description, a diff.
    Text(TextDialog),
    /// The filter of a table.
    Filter(FilterDialog),
    /// The palette.
    Palette(PaletteDialog),
    /// Which namespaces are shown.
    Namespaces(NamespaceDialog),
    /// Which context to go to.
    Contexts(ContextDialog),
    /// By which column a table is sorted.
    Sort(SortDialog),
    /// Which columns a table has.
    Columns(ColumnsDialog),
    /// Hosts that a pod does not reach.
    Hidden(HiddenDialog),
    /// Rows to go to: workloads that see a service, or that an edit concerns.
    Rows(RowsDialog),
    /// Anything, by its name or address.
    Find(FindDialog),
    /// What is to be copied.
    Copy,
    /// As what the view is to be saved.
    Save,
}

impl Dialog {
    /// The text that it is.
    pub(super) fn text(&self) -> Option<&TextDialog> {
        match self {
            Dialog::Text(text) => Some(text),
            Dialog::Filter(_)
            | Dialog::Palette(_)
            | Dialog::Namespaces(_)
            | Dialog::Contexts(_)
            | Dialog::Sort(_)
            | Dialog::Columns(_)
            | Dialog::Hidden(_)
            | Dialog::Rows(_)
            | Dialog::Find(_)
            | Dialog::Copy
            | Dialog::Save => None,
        }
    }

    /// The text that it is.
    pub(super) fn text_mut(&mut self) -> Option<&mut TextDialog> {
        match self {
            Dialog::Text(text) => Some(text),
            Dialog::Filter(_)
            | Dialog::Palette(_)
            | Dialog::Namespaces(_)
            | Dialog::Contexts(_)
            | Dialog::Sort(_)
            | Dialog::Columns(_)
            | Dialog::Hidden(_)
            | Dialog::Rows(_)
            | Dialog::Find(_)
            | Dialog::Copy
            | Dialog::Save => None,
        }
    }

    /// The picker of contexts that it is.
    pub(super) fn contexts_mut(&mut self) -> Option<&mut ContextDialog> {
        match self {
            Dialog::Contexts(picker) => Some(picker),
            Dialog::Text(_)
            | Dialog::Filter(_)
            | Dialog::Palette(_)
            | Dialog::Namespaces(_)
            | Dialog::Sort(_)
            | Dialog::Columns(_)
            | Dialog::Hidden(_)
            | Dialog::Rows(_)
            | Dialog::Find(_)
            | Dialog::Copy
            | Dialog::Save => None,
        }
    }

    /// The place of its cursor, and how many places there are; `None` where there is no cursor.
    pub(super) fn cursor(&mut self) -> Option<(&mut usize, usize)> {
        match self {
            // what is suggested is for whoever runs it to find
            Dialog::Palette(palette) => Some((&mut palette.at, usize::MAX)),
            Dialog::Namespaces(picker) => {
                let choices = picker.len();
                Some((&mut picker.at, choices))
            }
            Dialog::Contexts(picker) => {
                let choices = if picker.is_connecting() {
                    0
                } else {
                    picker.matches().len()
                };
                Some((&mut picker.at, choices))
            }
            Dialog::Sort(picker) => Some((&mut picker.at, picker.columns.len() + 1)),
            Dialog::Columns(picker) => Some((&mut picker.at, picker.columns.len())),
            Dialog::Hidden(picker) => Some((&mut picker.at, picker.shown.len())),
            Dialog::Rows(rows) => {
                let choices = rows.len();
                Some((&mut rows.at, choices))
            }
            Dialog::Find(find) => Some((&mut find.at, find.search.len())),
            Dialog::Text(_) | Dialog::Filter(_) | Dialog::Copy | Dialog::Save => None,
        }
    }

    /// Whether this key, which asks for help, does so here: a letter may be typed where something is typed.
    pub(super) fn takes_help(&self, key: KeyPress) -> bool {
        let is_letter = matches!(key.code, KeyCode::Char(_)) && !key.ctrl && !key.alt;
        match self {
            Dialog::Text(text) if text.search.typing.is_some() => !is_letter,
            Dialog::Text(text) => !matches!(text.purpose, Purpose::Help),
            Dialog::Sort(_) | Dialog::Columns(_) | Dialog::Rows(_) | Dialog::Copy | Dialog::Save => true,
            Dialog::Filter(_)
            | Dialog::Palette(_)
            | Dialog::Namespaces(_)
            | Dialog::Contexts(_)
            | Dialog::Hidden(_)
            | Dialog::Find(_) => !is_letter,
        }
    }
}

/// The filter of a table, while it is typed.
#[derive(Clone, Debug)]
pub(super) struct FilterDialog {
    /// Of which table.
    pub table: TableId,
    /// What is typed.
    pub input: Input,
    /// The filter before.
    pub before: String,
    /// Why what is typed is no filter; the last good one stays.
    pub error: Option<String>,
}

/// The palette.
#[derive(Clone, Debug, Default)]
pub(super) struct PaletteDialog {
    /// What is typed.
    pub input: Input,
    /// Which suggestion the cursor is on.
    pub at: usize,
}

/// Which namespaces are shown.
#[derive(Clone, Debug)]
pub(super) struct NamespaceDialog {
    /// What is typed.
    pub input: Input,
    /// All of them with the number of their pods, those used most first.
    pub choices: Vec<(Text, usize)>,
    /// Those picked.
    pub picked: BTreeSet<Text>,
    /// Which choice the cursor is on; 0 is "all".
    pub at: usize,
}

impl NamespaceDialog {
    /// The choices that match what is typed, the best first; without "all".
    pub(super) fn matches(&self) -> Vec<&(Text, usize)> {
        if self.input.text().is_empty() {
            return self.choices.iter().collect();
        }
        let fuzzy = Fuzzy::new(self.input.text());
        let scored = self
            .choices
            .iter()
            .filter_map(|choice| Some((fuzzy.score(&choice.0)?, choice)));
        let mut scored: Vec<_> = scored.collect();
        // of those that match as well, what is used more stays before
        scored.sort_by_key(|(score, _)| Reverse(*score));
        scored.into_iter().map(|(_, choice)| choice).collect()
    }

    /// Whether "all namespaces" is offered: until something is typed.
    pub(super) fn offers_all(&self) -> bool {
        self.input.text().is_empty()
    }

    /// The choice under the cursor; `None` for "all".
    pub(super) fn current(&self) -> Option<Text> {
        let at = if self.offers_all() {
            self.at.checked_sub(1)?
        } else {
            self.at
        };
        self.matches().get(at).map(|choice| choice.0.clone())
    }

    fn len(&self) -> usize {
        self.matches().len() + usize::from(self.offers_all())
    }

    /// Picks or unpicks the choice under the cursor, and goes on to the next.
    fn toggle(&mut self) {
        if let Some(name) = self.current() {
            if !self.picked.remove(&name) {
                self.picked.insert(name);
            }
            self.at = (self.at + 1).min(self.len().saturating_sub(1));
        }
    }

    /// What was chosen; `None` if nothing is like what is typed.
    fn answer(&self) -> Option<Namespaces> {
        if !self.picked.is_empty() {
            return Some(Namespaces::Some(self.picked.iter().cloned().collect()));
        }
        match self.current() {
            Some(name) => Some(Namespaces::Some(vec![name])),
            None => self.offers_all().then_some(Namespaces::All),
        }
    }
}

/// By which column a table is sorted.
#[derive(Clone, Debug)]
pub(super) struct SortDialog {
    /// Of which table.
    pub table: TableId,
    /// Ids of its columns.
    pub columns: Vec<&'static str>,
    /// Which the cursor is on; 0 is the table's own order.
    pub at: usize,
}

/// How a list in a dialog is moved through; `None` for any other key. Letters move only where nothing is typed.
pub(super) fn step(at: usize, len: usize, key: KeyPress, letters: bool) -> Option<usize> {
    let last = len.saturating_sub(1);
    match (key.code, key.ctrl) {
        (KeyCode::Down, _) | (KeyCode::Char('n'), true) => Some((at + 1).min(last)),
        (KeyCode::Up, _) | (KeyCode::Char('p'), true) => Some(at.saturating_sub(1)),
        (KeyCode::PageDown, _) => Some((at + PAGE).min(last)),
        (KeyCode::PageUp, _) => Some(at.saturating_sub(PAGE)),
        (KeyCode::Char('j'), false) if letters => Some((at + 1).min(last)),
        (KeyCode::Char('k'), false) if letters => Some(at.saturating_sub(1)),
        (KeyCode::Char('g'), false) if letters => Some(0),
        (KeyCode::Char('G'), false) if letters => Some(last),
        _ => None,
    }
}

impl App {
    /// A key for the topmost dialog, which was taken off the stack: who wants it to stay puts it back.
    pub(super) fn press_dialog(&mut self, now: Timestamp, dialog: Dialog, key: KeyPress) -> Vec<Command> {
        match dialog {
            Dialog::Text(dialog) => self.press_text(now, dialog, key),
            Dialog::Filter(dialog) => {
                self.press_filter(now, dialog, key);
                Vec::new()
            }
            Dialog::Palette(dialog) => self.press_palette(now, dialog, key),
            Dialog::Namespaces(dialog) => self.press_namespaces(now, dialog, key),
            Dialog::Contexts(dialog) => self.press_contexts(now, dialog, key),
            Dialog::Sort(dialog) => {
                self.press_sort(now, dialog, key);
                Vec::new()
            }
            Dialog::Columns(dialog) => {
                self.press_columns(now, dialog, key);
                Vec::new()
            }
            Dialog::Hidden(dialog) => {
                self.press_hidden(now, dialog, key);
                Vec::new()
            }
            Dialog::Rows(dialog) => self.press_rows(now, dialog, key),
            Dialog::Find(dialog) => self.press_find(now, dialog, key),
            Dialog::Copy => self.press_copy(now, key),
            Dialog::Save => self.press_save(now, key),
        }
    }

    pub(super) fn open_filter(&mut self, table: TableId) {
        let before = self.ui.list(table).filter().text().to_owned();
        self.ui.dialogs.push(Dialog::Filter(FilterDialog {
            table,
            input: Input::default(),
            before,
            error: None,
        }));
    }

    fn press_filter(&mut self, now: Timestamp, mut dialog: FilterDialog, key: KeyPress) {
        let table = dialog.table;
        if key.code == KeyCode::Enter {
            if let Some(error) = dialog.error {
                let kept = self.ui.list(table).filter().text().to_owned();
                self.say(now, Role::Bad, format!("{error}; still showing '{kept}'"));
            }
            return;
        }
        if key.code == KeyCode::Esc {
            self.set_filter(now, table, &dialog.before);
            return;
        }
        if key.code == KeyCode::Up {
            self.ui.list(table).step(-1);
        } else if key.code == KeyCode::Down {
            self.ui.list(table).step(1);
        } else if dialog.input.press(key) {
            dialog = self.try_filter(now, dialog);
        }
        self.ui.dialogs.push(Dialog::Filter(dialog));
    }

    /// Filters by what is typed, if it can be read.
    pub(super) fn try_filter(&mut self, now: Timestamp, mut dialog: FilterDialog) -> FilterDialog {
        match Self::parse_filter(dialog.table, dialog.input.text()) {
            Ok(filter) => {
                self.filter_by(now, dialog.table, filter);
                dialog.error = None;
            }
            Err(error) => dialog.error = Some(error),
        }
        dialog
    }

    pub(super) fn open_namespaces(&mut self, now: Timestamp) {
        let pods = &self.facts.world.pods;
        let count = |namespace: &Text| pods.in_namespace(namespace).count();
        let names = self.facts.namespaces();
        let mut choices: Vec<(Text, usize)> = names.into_iter().map(|name| (name.clone(), count(&name))).collect();
        let uses = &self.recall.known.namespaces;
        choices.sort_by(|(a, _), (b, _)| uses.compare(now, a, b));
        let shown = self.namespace_names();
        let first = shown
            .first()
            .and_then(|first| choices.iter().position(|(name, _)| name == first));
        self.ui.dialogs.push(Dialog::Namespaces(NamespaceDialog {
            input: Input::default(),
            choices,
            picked: if shown.len() > 1 {
                shown.into_iter().collect()
            } else {
                BTreeSet::new()
            },
            at: first.map_or(0, |at| at + 1),
        }));
    }

    fn press_namespaces(&mut self, now: Timestamp, mut dialog: NamespaceDialog, key: KeyPress) -> Vec<Command> {
        if key.code == KeyCode::Esc {
            return Vec::new();
        }
        if key.code == KeyCode::Enter {
            if let Some(namespaces) = dialog.answer() {
                return self.show_namespaces(now, namespaces);
            }
            let typed = dialog.input.text();
            self.say(now, Role::Bad, format!("no namespace is like '{typed}'"));
        } else if key.code == KeyCode::Char(' ') {
            dialog.toggle();
        } else if let Some(at) = step(dialog.at, dialog.len(), key, false) {
            dialog.at = at;
        } else if dialog.input.press(key) {
            dialog.at = 0;
        }
        self.ui.dialogs.push(Dialog::Namespaces(dialog));
        Vec::new()
    }

    pub(super) fn open_sort(&mut self, table: TableId) {
        let columns = self.columns_in_order(table);
        let sort = self.ui.list(table).sort();
        let here = sort.and_then(|sort| columns.iter().position(|column| *column == sort.column));
        self.ui.dialogs.push(Dialog::Sort(SortDialog {
            table,
            columns,
            at: here.map_or(0, |at| at + 1),
        }));
    }

    fn press_sort(&mut self, now: Timestamp, mut dialog: SortDialog, key: KeyPress) {
        if matches!(key.code, KeyCode::Esc | KeyCode::Char('q')) {
            return;
        }
        if key.code == KeyCode::Enter {
            let column = dialog.at.checked_sub(1).and_then(|at| dialog.columns.get(at));
            let sort = column.map(|column| Sort {
                column,
                descending: false,
            });
            self.sort_by(now, dialog.table, sort);
            return;
        }
        if let Some(at) = step(dialog.at, dialog.columns.len() + 1, key, true) {
            dialog.at = at;
        }
        self.ui.dialogs.push(Dialog::Sort(dialog));
    }

    /// Text that was asked for has come: into the dialog that waits for it, if it is still open.
    pub(super) fn show_fetched(&mut self, request: &Request, text: Result<String, String>) {
        let text = match request.what {
            Fetch::Yaml => text.map(|text| self.masked_yaml(text)),
            Fetch::Events => text,
        };
        let mut texts = self.ui.dialogs.iter_mut().filter_map(Dialog::text_mut);
        let waiting = texts.find(|dialog| dialog.waits_for.as_ref() == Some(request));
        let Some(dialog) = waiting else { return };
        dialog.waits_for = None;
        dialog.replace(match text {
            Ok(text) => super::view::words::yaml_lines(&text),
            Err(error) => vec![vec![Span::new(Role::Bad, error)]],
        });
    }

    /// The list under the palette or a picker is moved through.
    pub(super) fn step_in(at: usize, len: usize, key: KeyPress) -> Option<usize> {
        step(at, len, key, false)
    }
}
