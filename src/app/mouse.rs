//! What clicks and the wheel do: what keys do too, at the place that is pointed at.
//!
//! A click means what was on the screen when it was made: rows are found by identity, wherever they are by now, and a
//! click on what is gone does nothing. Not here: what is where ([`Spot`]), and whether the mouse is asked for at all
//! (`--mouse`): without it no such message comes.

use jiff::Timestamp;

use super::App;
use super::actions::{Action, entry};
use super::ask::COPY;
use super::dialog::Dialog;
use super::key::{KeyCode, KeyPress};
use super::list::{ItemId, Sort};
use super::message::Command;
use super::save::SAVE;
use super::tables::TableId;
use super::view::spots::Spot;

/// Lines that one notch of the wheel moves by.
const LINES: usize = 3;

/// Something that the mouse did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MouseEvent {
    /// What.
    pub kind: MouseKind,
    /// In which column; 0 is the leftmost.
    pub x: u16,
    /// In which row; 0 is the topmost.
    pub y: u16,
}

/// What the mouse did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MouseKind {
    /// The left button went down.
    Click,
    /// The wheel was turned away from the person.
    WheelUp,
    /// The wheel was turned towards the person.
    WheelDown,
}

impl App {
    /// The mouse did something.
    pub(super) fn take_mouse(&mut self, now: Timestamp, event: MouseEvent) -> Vec<Command> {
        let Some(spot) = self.ui.spots.find(event.x, event.y, self.ui.dialogs.len()).cloned() else {
            return Vec::new();
        };
        self.ui.toast = None;
        match event.kind {
            MouseKind::Click => self.click(now, spot),
            MouseKind::WheelUp => self.wheel(now, &spot, KeyCode::Up),
            MouseKind::WheelDown => self.wheel(now, &spot, KeyCode::Down),
        }
    }

    fn click(&mut self, now: Timestamp, spot: Spot) -> Vec<Command> {
        if matches!(self.ui.dialogs.last(), Some(Dialog::Filter(_))) {
            // its rows are what one types for: the click takes what is typed
            self.press(now, KeyPress::plain(KeyCode::Enter));
        }
        match spot {
            Spot::Tab(view) => self.go(now, view),
            Spot::Pane(table) => {
                self.activate(table);
            }
            Spot::Head(table, column) => self.click_head(now, table, column),
            Spot::Row(table, id) => return self.click_row(now, table, &id),
            Spot::Beside => return self.press(now, KeyPress::plain(KeyCode::Esc)),
            Spot::Dialog => {}
            Spot::Choice(at) => return self.click_choice(now, at),
        }
        Vec::new()
    }

    /// Gives a pane the keys; `false` if the view has it no more.
    fn activate(&mut self, table: TableId) -> bool {
        let is_there = self.ui.tables(self.ui.view).contains(&table);
        if is_there {
            self.ui.active.insert(self.ui.view, table);
        }
        is_there
    }

    /// Selects the row; goes into the one that was selected already.
    fn click_row(&mut self, now: Timestamp, table: TableId, id: &ItemId) -> Vec<Command> {
        let had_keys = self.ui.active() == table;
        if !self.activate(table) {
            return Vec::new();
        }
        if had_keys
            && self.ui.list(table).current() == Some(id)
            && let Some(entry) = entry(Action::Drill)
        {
            return self.try_perform(now, entry);
        }
        self.ui.list(table).select(id);
        Vec::new()
    }

    /// Sorts by the column; by which it is sorted already, the other way round.
    fn click_head(&mut self, now: Timestamp, table: TableId, column: &'static str) {
        if !self.activate(table) {
            return;
        }
        let sort = self.ui.list(table).sort();
        let is_again = sort.filter(|sort| sort.column == column);
        let descending = is_again.is_some_and(|sort| !sort.descending);
        self.sort_by(now, table, Some(Sort { column, descending }));
    }

    /// Puts the dialog's cursor on a choice; takes the one that it was on already. Where there is no cursor the choice is
    /// taken at once.
    fn click_choice(&mut self, now: Timestamp, at: usize) -> Vec<Command> {
        let Some(dialog) = self.ui.dialogs.last_mut() else {
            return Vec::new();
        };
        let taken = match dialog {
            Dialog::Copy => COPY.get(at).map(|(letter, _)| KeyPress::char(*letter)),
            Dialog::Save => SAVE.get(at).map(|(letter, ..)| KeyPress::char(*letter)),
            // a list to tick off: Enter takes all of it
            Dialog::Columns(_) => Some(KeyPress::char(' ')),
            Dialog::Text(_)
            | Dialog::Filter(_)
            | Dialog::Palette(_)
            | Dialog::Namespaces(_)
            | Dialog::Contexts(_)
            | Dialog::Sort(_)
            | Dialog::Hidden(_)
            | Dialog::Rows(_)
            | Dialog::Find(_) => Some(KeyPress::plain(KeyCode::Enter)),
        };
        if let Some((cursor, choices)) = dialog.cursor() {
            if at >= choices {
                return Vec::new();
            }
            if *cursor != at {
                *cursor = at;
                return Vec::new();
            }
        }
        if let Dialog::Palette(palette) = dialog {
            let typed = palette.input.text().to_owned();
            return self.run_suggestion(now, &typed, at);
        }
        taken.map(|key| self.press(now, key)).unwrap_or_default()
    }

    /// Moves what is under the pointer: the cursor of a pane, whether or not it has the keys, or the dialog.
    fn wheel(&mut self, now: Timestamp, spot: &Spot, towards: KeyCode) -> Vec<Command> {
        match spot {
            Spot::Row(table, _) | Spot::Head(table, _) | Spot::Pane(table) => {
                let by = isize::try_from(LINES).unwrap_or(1);
                let by = if towards == KeyCode::Up { -by } else { by };
                self.ui.list(*table).step(by);
                Vec::new()
            }
            Spot::Dialog | Spot::Choice(_) => match self.ui.dialogs.last() {
                Some(
                    Dialog::Text(_)
                    | Dialog::Palette(_)
                    | Dialog::Namespaces(_)
                    | Dialog::Contexts(_)
                    | Dialog::Sort(_)
                    | Dialog::Columns(_)
                    | Dialog::Hidden(_)
                    | Dialog::Rows(_)
                    | Dialog::Find(_),
                ) => {
                    let keys = std::iter::repeat_n(KeyPress::plain(towards), LINES);
                    keys.flat_map(|key| self.press(now, key)).collect()
                }
                // nothing of them moves
                Some(Dialog::Filter(_) | Dialog::Copy | Dialog::Save) | None => Vec::new(),
            },
            Spot::Tab(_) | Spot::Beside => Vec::new(),
        }
    }
}
