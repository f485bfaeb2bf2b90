//! From a key to what it does: the topmost dialog first, then the table of actions.

use jiff::Timestamp;

use super::App;
use super::actions::{Action, Entry};
use super::dialog::{Dialog, TextDialog};
use super::go::Direction;
use super::key::{KeyCode, KeyPress};
use super::list::Sort;
use super::message::Command;
use super::replay::ReplayControl;
use super::tables::TableId;
use super::ui::{Stale, Toggle, View};
use super::view::Role;

impl App {
    /// A key was pressed.
    pub(super) fn press(&mut self, now: Timestamp, key: KeyPress) -> Vec<Command> {
        self.ui.toast = None;
        let is_interrupt = key == KeyPress::ctrl('c');
        let asks = self.options.keys.find_in_text(key) == Some(Action::Help);
        if asks && self.ui.dialogs.last().is_some_and(|dialog| dialog.takes_help(key)) {
            return self.perform(now, Action::Help);
        }
        if key.alt && !self.ui.dialogs.is_empty() {
            return self.press_escaped(now, key);
        }
        if !is_interrupt && let Some(dialog) = self.ui.dialogs.pop() {
            return self.press_dialog(now, dialog, key);
        }
        if let Some(entry) = self.options.keys.find(key, self.ui.active(), self.options.play) {
            return self.try_perform(now, entry);
        }
        if key.alt {
            return self.press_escaped(now, key);
        }
        let help = self
            .options
            .keys
            .hint(Action::Help)
            .unwrap_or_else(|| ":help".to_owned());
        self.say(
            now,
            Role::Dim,
            format!("'{key}' does nothing here; {help} shows the keys"),
        );
        Vec::new()
    }

    /// Esc with a key right behind it: terminals send Alt with a key in the same way, and no such key was put on anything.
    fn press_escaped(&mut self, now: Timestamp, key: KeyPress) -> Vec<Command> {
        let mut commands = self.press(now, KeyPress::plain(KeyCode::Esc));
        commands.extend(self.press(now, KeyPress { alt: false, ..key }));
        commands
    }

    /// Text was pasted: into the open input, or nowhere.
    pub(super) fn paste(&mut self, now: Timestamp, text: &str) {
        let pasted = match self.ui.dialogs.last_mut() {
            Some(Dialog::Filter(dialog)) => {
                dialog.input.insert(text);
                true
            }
            Some(Dialog::Palette(dialog)) => {
                dialog.input.insert(text);
                true
            }
            Some(Dialog::Namespaces(dialog)) => {
                dialog.input.insert(text);
                true
            }
            Some(Dialog::Contexts(dialog)) => {
                dialog.input.insert(text);
                true
            }
            Some(Dialog::Hidden(dialog)) => {
                dialog.input.insert(text);
                true
            }
            Some(Dialog::Find(dialog)) => {
                dialog.insert(text);
                true
            }
            Some(Dialog::Text(dialog)) => dialog.insert(text),
            Some(Dialog::Rows(_) | Dialog::Sort(_) | Dialog::Columns(_) | Dialog::Copy | Dialog::Save) | None => false,
        };
        if !pasted {
            self.say(now, Role::Dim, "pasted text goes into / : F n or C; nothing is open");
        } else if matches!(self.ui.dialogs.last(), Some(Dialog::Filter(_)))
            && let Some(Dialog::Filter(dialog)) = self.ui.dialogs.pop()
        {
            let dialog = self.try_filter(now, dialog);
            self.ui.dialogs.push(Dialog::Filter(dialog));
        } else {
            self.match_hidden();
        }
    }

    /// Does it if it works here; says where it does if not.
    pub(super) fn try_perform(&mut self, now: Timestamp, entry: &Entry) -> Vec<Command> {
        self.catch_up(now, entry.group);
        if entry.works_in(self.ui.active(), self.options.play) {
            return self.perform(now, entry.action);
        }
        let name = self.options.keys.text(entry);
        self.say(
            now,
            Role::Dim,
            format!("{name}: {} - works {}", entry.help, entry.where_text()),
        );
        Vec::new()
    }

    /// Does it.
    pub(super) fn perform(&mut self, now: Timestamp, action: Action) -> Vec<Command> {
        let table = self.ui.active();
        let page = self.ui.list(table).page();
        match action {
            Action::Quit => return vec![Command::Quit { code: 0 }],
            Action::BackOrQuit if self.is_at_root() => return vec![Command::Quit { code: 0 }],
            Action::BackOrQuit | Action::StepBack => self.step_back(now),
            Action::Suspend => return vec![Command::Suspend],
            Action::Redraw => return vec![Command::Redraw],
            Action::NextTheme => return vec![Command::NextTheme],
            Action::LogIn => return vec![Command::LogIn],
            Action::Relist => {
                self.ui.broken.clear();
                self.ui.stale.insert(Stale::Panels);
                self.say(now, Role::Dim, "listing everything anew");
                return vec![Command::Relist];
            }
            Action::DemoStep => return self.steer(ReplayControl::Step),
            Action::DemoPause => return self.steer(ReplayControl::Pause),
            Action::DemoRestart => return self.steer(ReplayControl::Restart),
            Action::Seek => self.say(now, Role::Dim, ":seek 02:51, :seek 02:51:07, or :seek -5m from the end"),
            Action::Speed => self.say(
                now,
                Role::Dim,
                ":speed 10x is ten times as fast as it was; :speed 1x as it was",
            ),
            Action::Record => return self.toggle_recording(now, None),
            Action::Overview => self.go(now, View::Overview),
            Action::Tab1 => self.go(now, View::Pods),
            Action::Tab2 => self.go(now, View::Services),
            Action::Tab3 => self.go(now, View::Endpoints),
            Action::Tab4 => self.go(now, View::Sidecars),
            Action::Tab5 => self.go(now, View::Timeline),
            Action::Tab6 => self.go(now, View::Traffic),
            Action::NextPane => self.turn_pane(1),
            Action::PreviousPane => self.turn_pane(-1),
            Action::Zoom => self.ui.switch(Toggle::Zoom, !self.ui.is_on(Toggle::Zoom)),
            Action::Pin => self.pin(now),
            Action::HistoryBack => self.travel(now, Direction::Back),
            Action::HistoryForward => self.travel(now, Direction::Forward),
            Action::HistoryLast => self.travel(now, Direction::Last),
            Action::Namespaces => self.open_namespaces(now),
            Action::Contexts => return self.open_contexts(now),
            Action::AllNamespaces => return self.toggle_all_namespaces(now),
            Action::Workloads => self.toggle_workloads(now),
            Action::Find => self.open_find(""),
            Action::Up => self.ui.list(table).step(-1),
            Action::Down => self.ui.list(table).step(1),
            Action::Top => self.go_to_top(now, table),
            Action::Bottom => self.ui.list(table).go_to(usize::MAX),
            Action::PageUp => self.ui.list(table).step(-page),
            Action::PageDown => self.ui.list(table).step(page),
            Action::HalfPageUp => self.ui.list(table).step(-(page / 2).max(1)),
            Action::HalfPageDown => self.ui.list(table).step((page / 2).max(1)),
            Action::ColumnsLeft => self.ui.list(table).scroll_columns(-1, table.specs().len()),
            Action::ColumnsRight => self.scroll_right(now, table),
            Action::SortLeft => self.turn_sort(now, table, -1),
            Action::SortRight => self.turn_sort(now, table, 1),
            Action::Sort => self.open_sort(table),
            Action::InvertSort => self.invert_sort(now, table),
            Action::Wide => self.toggle_wide(now),
            Action::Columns => self.open_columns(table),
            Action::Pick => self.pick(now, table),
            Action::Drill => return self.drill(now, table),
            Action::Describe => self.describe(now, table),
            Action::Yaml => return self.yaml(now, table),
            Action::Events => return self.events(now, table),
            Action::Explain => self.explain(now, table),
            Action::HiddenHosts => self.open_hidden(now),
            Action::WhoSees => self.open_who(now, table),
            Action::Diff => self.compare(now, table),
            Action::Radius => self.open_radius(now, table),
            Action::Then => self.open_then(now),
            Action::EditDraft => return self.edit_draft(now, table),
            Action::EditAgain | Action::DraftYaml | Action::DryRun => self.say(now, Role::Dim, "no draft is open"),
            Action::WhatIf => self.open_kept_draft(now),
            Action::Copy => self.ui.dialogs.push(Dialog::Copy),
            Action::Save => self.ui.dialogs.push(Dialog::Save),
            Action::NextChange => self.jump_to_change(now, table, 1),
            Action::PreviousChange => self.jump_to_change(now, table, -1),
            Action::Acknowledge => self.acknowledge(now, table),
            Action::AcknowledgeAll => self.acknowledge_all(now, table),
            Action::FaultsOnly => self.toggle_faults(now),
            Action::Privacy => self.toggle_privacy(now),
            Action::Freeze => self.toggle_freeze(now),
            Action::OwnRows => self.toggle_bootstrap(now),
            Action::OtherPods => self.toggle_other_pods(now),
            Action::Filter => self.open_filter(table),
            Action::Palette => self.open_palette(),
            Action::Help => self.open_text(super::view::help::help(table, self.options.play, &self.options.keys)),
            Action::Sources => self.open_text(super::view::sources::sources(&self.facts, now)),
            Action::Log => self.open_text(super::view::sources::log(&self.facts, now, &self.options.time_zone)),
        }
        Vec::new()
    }

    pub(super) fn open_text(&mut self, dialog: TextDialog) {
        self.ui.dialogs.push(Dialog::Text(dialog));
    }

    fn scroll_right(&mut self, now: Timestamp, table: TableId) {
        let hidden = self
            .ui
            .laid
            .iter()
            .find(|laid| laid.table == table)
            .map(|laid| laid.hidden_columns.1);
        if hidden.unwrap_or(0) == 0 {
            let more = if self.ui.is_on(Toggle::Wide) {
                String::new()
            } else {
                format!("; {} shows more", self.options.keys.named(Action::Wide))
            };
            self.say(now, Role::Dim, format!("no more columns to the right{more}"));
            return;
        }
        self.ui.list(table).scroll_columns(1, table.specs().len());
    }

    fn turn_sort(&mut self, now: Timestamp, table: TableId, by: isize) {
        let columns = self.columns_in_order(table);
        let sort = self.ui.list(table).sort();
        let here = sort.and_then(|sort| columns.iter().position(|column| *column == sort.column));
        // one place more than there are columns: the table's own order
        let places = columns.len() + 1;
        let at = here.map_or(0, |at| at + 1);
        let next = at.saturating_add_signed(by.rem_euclid(isize::try_from(places).unwrap_or(1))) % places;
        let sort = next.checked_sub(1).and_then(|at| columns.get(at)).map(|column| Sort {
            column,
            descending: false,
        });
        self.sort_by(now, table, sort);
    }

    fn invert_sort(&mut self, now: Timestamp, table: TableId) {
        let Some(sort) = self.ui.list(table).sort() else {
            self.say(
                now,
                Role::Dim,
                "the table is in its own order; < > or o sort it by a column",
            );
            return;
        };
        let descending = !sort.descending;
        self.sort_by(now, table, Some(Sort { descending, ..sort }));
    }

    /// Sorts by a column; `None`: its own order.
    pub(super) fn sort_by(&mut self, now: Timestamp, table: TableId, sort: Option<Sort>) {
        let filter = self.ui.list(table).filter().clone();
        self.rebuild_with(now, table, sort, filter);
        let text = match sort.and_then(|sort| Some((table.spec(sort.column)?.head, sort.descending))) {
            Some((head, true)) => format!("sorted by {head}, from the largest down"),
            Some((head, false)) => format!("sorted by {head}"),
            None => "in its own order".to_owned(),
        };
        self.say(now, Role::Dim, text);
    }

    fn toggle_wide(&mut self, now: Timestamp) {
        self.ui.turn(Toggle::Wide);
        let text = if self.ui.is_on(Toggle::Wide) {
            "wide: all columns, h l scroll"
        } else {
            "as many columns as fit"
        };
        self.say(now, Role::Dim, text);
    }

    fn pick(&mut self, now: Timestamp, table: TableId) {
        let list = self.ui.list(table);
        list.toggle_pick();
        list.step(1);
        let picked = list.picked().len();
        let back = self.options.keys.named(Action::StepBack);
        self.say(now, Role::Dim, format!("{picked} picked; {back} unpicks"));
    }

    fn toggle_faults(&mut self, now: Timestamp) {
        self.ui.turn(Toggle::Faults);
        self.rebuild_all(now);
        if self.ui.is_on(Toggle::Faults) {
            let [again, back] = [Action::FaultsOnly, Action::StepBack].map(|action| self.options.keys.named(action));
            let line = format!("only rows with which something is wrong; {again} or {back} shows all");
            self.say(now, Role::Dim, line);
        }
    }

    fn toggle_freeze(&mut self, now: Timestamp) {
        if self.ui.frozen.is_some() {
            self.thaw(now);
            self.say(now, Role::Dim, "the screen goes on");
        } else {
            self.freeze();
        }
    }

    /// To the first row; where new ones come above, to them too.
    fn go_to_top(&mut self, now: Timestamp, table: TableId) {
        if !table.follows() {
            return self.ui.list(table).go_to(0);
        }
        self.ui.list(table).follow_top();
        if table == TableId::Timeline {
            self.say(now, Role::Dim, "the newest, and those that come; any move holds still");
        }
    }

    fn toggle_other_pods(&mut self, now: Timestamp) {
        self.ui.turn(Toggle::OtherPods);
        let text = if self.ui.is_on(Toggle::OtherPods) {
            "with what all pods tell of the time before"
        } else {
            "of the time before, what the chosen pod and those behind its rows tell"
        };
        self.say(now, Role::Dim, text);
    }

    fn toggle_bootstrap(&mut self, now: Timestamp) {
        self.ui.turn(Toggle::Bootstrap);
        self.ui.stale.insert(Stale::Panels);
        let text = if self.ui.is_on(Toggle::Bootstrap) {
            "with Envoy's own rows"
        } else {
            "without Envoy's own rows"
        };
        self.say(now, Role::Dim, text);
    }
}
