//! The last line: what is typed, a message, or what the keys do here.

use jiff::Timestamp;

use super::super::{Line, Role, Shown, Span, counted};
use super::{cut_line, line_width, two_sided};
use crate::app::App;
use crate::app::actions::{Action, entry};
use crate::app::contexts::Going;
use crate::app::dialog::{Dialog, Purpose};
use crate::app::tables::TableId;
use crate::app::ui::Toast;

impl App {
    /// The line, and the column of the text cursor if something is typed there.
    pub(super) fn foot(&self, now: Timestamp, width: u16) -> (Line, Option<u16>) {
        match self.ui.dialogs.last() {
            Some(Dialog::Filter(dialog)) => {
                let mut right = Vec::new();
                if let Some(error) = &dialog.error {
                    right.push(Span::new(Role::Bad, format!("{error} ")));
                } else if dialog.input.text().is_empty() {
                    right.push(Span::new(
                        Role::Dim,
                        "regex  !regex  -f fuzzy  -l labels  COLUMN:regex ",
                    ));
                } else {
                    let list = self.ui.find_list(dialog.table);
                    let (shown, hidden) = list.map_or((0, 0), |list| (list.len(), list.hidden()));
                    right.push(Span::new(Role::Dim, format!("{shown} of {} ", shown + hidden)));
                }
                typed("/", &dialog.input, right, width)
            }
            Some(Dialog::Palette(dialog)) => typed(":", &dialog.input, Vec::new(), width),
            Some(Dialog::Namespaces(dialog)) => {
                let help = vec![Span::new(
                    Role::Dim,
                    "↓ ↑ Ctrl-n Ctrl-p move  Space picks  Enter shows  Esc closes ",
                )];
                typed("namespaces: ", &dialog.input, help, width)
            }
            Some(Dialog::Contexts(dialog)) => {
                let help = match dialog.state {
                    Going::Connecting(_) => "Esc gives it up ",
                    Going::Reading | Going::Choosing | Going::Failed(_) => {
                        "↓ ↑ Ctrl-n Ctrl-p move  Enter goes there  Esc closes "
                    }
                };
                typed("context: ", &dialog.input, vec![Span::new(Role::Dim, help)], width)
            }
            Some(Dialog::Hidden(dialog)) => {
                let help = vec![Span::new(Role::Dim, "Enter explains  Esc closes ")];
                typed("hidden from the pod: ", &dialog.input, help, width)
            }
            Some(Dialog::Find(dialog)) => {
                let help = vec![Span::new(Role::Dim, "Enter goes there  Tab next kind  Esc closes ")];
                typed("find: ", &dialog.input, help, width)
            }
            Some(Dialog::Text(text)) if text.search.typing.is_some() => {
                let input = text.search.typing.clone().unwrap_or_default();
                let found = match text.found().len() {
                    _ if input.text().is_empty() => "Enter, then n N go on  Esc ends ".to_owned(),
                    0 => "nowhere ".to_owned(),
                    found => format!("in {} ", counted(found, "line")),
                };
                typed("/", &input, vec![Span::new(Role::Dim, found)], width)
            }
            Some(Dialog::Text(_) | Dialog::Rows(_)) if self.toast(now).is_some() => {
                (self.message_or_keys(now, width), None)
            }
            Some(Dialog::Rows(_)) => {
                let mut hints = self.reading_hints(true);
                hints.insert(1, ("Enter".to_owned(), "go there"));
                (keys(&borrowed(&hints), width), None)
            }
            Some(Dialog::Text(text)) => {
                // a comparison's lines are broken: there is nothing at the side
                let is_whole = matches!(text.purpose, Purpose::Comparison(_) | Purpose::Misread { .. });
                let mut hints = self.reading_hints(!is_whole);
                let own = text.purpose.actions().iter();
                let own = own.map(|(action, what)| (self.options.keys.named(*action), *what));
                hints.splice(0..0, own);
                if !text.search.sought.is_empty() {
                    hints.insert(0, ("n N".to_owned(), "next, before"));
                }
                if let Purpose::Confirm(_) = text.purpose {
                    hints.insert(0, ("y".to_owned(), "ask the server"));
                }
                (keys(&borrowed(&hints), width), None)
            }
            Some(Dialog::Sort(_)) => (
                keys(&[("j k", "move"), ("Enter", "sort"), ("Esc", "close")], width),
                None,
            ),
            Some(Dialog::Columns(_)) => (
                keys(
                    &[
                        ("Space", "show, hide"),
                        ("J K", "move it"),
                        ("r", "the usual ones"),
                        ("Enter", "take"),
                        ("Esc", "leave as it was"),
                    ],
                    width,
                ),
                None,
            ),
            Some(Dialog::Copy | Dialog::Save) => (keys(&[("Esc", "close")], width), None),
            None => (self.message_or_keys(now, width), None),
        }
    }

    fn toast(&self, now: Timestamp) -> Option<&Toast> {
        self.ui.toast.as_ref().filter(|toast| toast.until > now)
    }

    fn message_or_keys(&self, now: Timestamp, width: u16) -> Line {
        if let Some(toast) = self.toast(now) {
            return cut_line(vec![Span::new(toast.role, format!(" {}", toast.text))], width);
        }
        if let Some(frozen) = &self.ui.frozen {
            let waits = match frozen.deltas {
                0 => String::new(),
                1 => " 1 change waits;".to_owned(),
                waiting => format!(" {waiting} changes wait;"),
            };
            let key = self.options.keys.named(Action::Freeze);
            let text = format!(" held still;{waits} {key} goes on");
            return cut_line(vec![Span::new(Role::Warn, text)], width);
        }
        keys(&borrowed(&self.hints()), width)
    }

    /// The keys of what is read.
    fn reading_hints(&self, scrolls: bool) -> Vec<(String, &'static str)> {
        let both = |one: Action, other: Action| {
            let keys = &self.options.keys;
            format!("{} {}", keys.named(one), keys.named(other))
        };
        let mut hints = vec![(both(Action::Down, Action::Up), "move")];
        if scrolls {
            hints.push((both(Action::ColumnsLeft, Action::ColumnsRight), "scroll"));
        }
        hints.push((self.options.keys.named(Action::Copy), "copy"));
        hints.push(("Esc".to_owned(), "close"));
        hints
    }

    /// The keys that matter most here.
    fn hints(&self) -> Vec<(String, &'static str)> {
        let drill = match self.ui.active() {
            TableId::Pods => "endpoints",
            TableId::Workloads | TableId::Sidecars => "its pods",
            TableId::Services => "who sees it",
            TableId::Endpoints(_) => "why",
            TableId::Timeline => "what it did",
            TableId::Traffic | TableId::Elsewhere => "its packets",
            TableId::Packets => "all of it",
        };
        let has_packets = self.facts.packets.source().is_some();
        let on_enter = if self.ui.active() == TableId::Traffic && !has_packets {
            (Action::Explain, "why")
        } else {
            (Action::Drill, drill)
        };
        let mut hints = vec![
            (Action::Help, "help"),
            on_enter,
            (Action::Filter, "filter"),
            (Action::Namespaces, "namespaces"),
        ];
        // what only one table has stands before what all have
        let own = [
            (Action::EditDraft, "what if"),
            (Action::Radius, "who else"),
            (Action::Then, "as it was"),
        ];
        let table = self.ui.active();
        let works = |action: Action| entry(action).is_some_and(|entry| entry.works_in(table, self.options.play));
        hints.extend(own.into_iter().filter(|(action, _)| works(*action)));
        hints.push((Action::NextChange, "next change"));
        let more: &[(Action, &'static str)] = if self.options.play.is_told() {
            &[
                (Action::DemoStep, "next step"),
                (Action::Pin, "pin"),
                (Action::Palette, "commands"),
                (Action::BackOrQuit, "quit"),
            ]
        } else {
            &[
                (Action::Pin, "pin"),
                (Action::FaultsOnly, "faults"),
                (Action::Palette, "commands"),
                (Action::BackOrQuit, "quit"),
            ]
        };
        hints.extend(more.iter().filter(|(action, _)| works(*action)));
        let key = |action: Action| self.options.keys.hint(action);
        hints
            .into_iter()
            .filter_map(|(action, what)| Some((key(action)?, what)))
            .collect()
    }
}

fn borrowed<'a>(hints: &'a [(String, &'static str)]) -> Vec<(&'a str, &'a str)> {
    hints.iter().map(|(key, what)| (key.as_str(), *what)).collect()
}

fn keys(hints: &[(&str, &str)], width: u16) -> Line {
    let mut line = Vec::new();
    for (key, what) in hints {
        let piece = vec![
            Span::new(Role::Key, format!(" {key}")),
            Span::new(Role::Dim, format!(" {what} ")),
        ];
        if line_width(&line) + line_width(&piece) > usize::from(width) {
            break;
        }
        line.extend(piece);
    }
    line
}

/// A prompt with what is typed; the end that is being typed is always shown.
fn typed(prompt: &str, input: &crate::app::input::Input, right: Line, width: u16) -> (Line, Option<u16>) {
    let before = Shown::from(input.before_cursor()).width() + prompt.len();
    let room = usize::from(width).saturating_sub(1);
    let line = vec![Span::new(Role::Key, prompt), Span::new(Role::Text, input.text())];
    if line_width(&line) > room {
        let tail: String = tail(input.before_cursor(), room.saturating_sub(prompt.len() + 2));
        let line = vec![Span::new(Role::Key, prompt), Span::new(Role::Text, format!("…{tail}"))];
        let column = line_width(&line);
        return (cut_line(line, width), u16::try_from(column).ok());
    }
    let right_fits = line_width(&line) + line_width(&right) < room;
    let line = two_sided(line, if right_fits { right } else { Vec::new() }, width);
    (line, u16::try_from(before).ok())
}

fn tail(text: &str, width: usize) -> String {
    let mut left = width;
    let mut kept: Vec<char> = Vec::new();
    for c in text.chars().rev() {
        let cells = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if cells > left {
            break;
        }
        left -= cells;
        kept.push(c);
    }
    kept.iter().rev().collect()
}
