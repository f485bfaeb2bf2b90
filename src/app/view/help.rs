//! Help of a view, and the manual's keys: both made from the table of actions and the columns.

use super::{Line, Role, Span};
use crate::app::actions::{ACTIONS, Entry, Group, Keymap, Where};
use crate::app::ask::COPY;
use crate::app::dialog::{Purpose, TextDialog};
use crate::app::options::Play;
use crate::app::tables::TableId;

/// What every key does where this table has the keys, then what its columns and signs mean.
pub fn help(table: TableId, play: Play, keys: &Keymap) -> TextDialog {
    let mut lines: Vec<Line> = Vec::new();
    for group in Group::ALL {
        let entries: Vec<_> = ACTIONS
            .iter()
            .filter(|entry| entry.group == *group && entry.works_in(table, play))
            .collect();
        if entries.is_empty() {
            continue;
        }
        lines.push(vec![Span::new(Role::Strong, group.title())]);
        for entry in entries {
            let name = if entry.name.is_empty() {
                String::new()
            } else {
                format!("  :{}", entry.name)
            };
            lines.push(vec![
                Span::new(Role::Key, format!("  {:<14}", keys.text(entry))),
                Span::new(Role::Text, entry.help),
                Span::new(Role::Dim, name),
            ]);
        }
        lines.push(Vec::new());
    }
    lines.push(vec![Span::new(Role::Strong, "In a text such as this")]);
    for (key, what) in READING {
        lines.push(vec![
            Span::new(Role::Key, format!("  {key:<14}")),
            Span::new(Role::Text, *what),
        ]);
    }
    lines.push(Vec::new());
    lines.push(vec![Span::new(Role::Strong, "Copy (after c)")]);
    for (key, what) in COPY {
        lines.push(vec![
            Span::new(Role::Key, format!("  {:<14}", key.to_string())),
            Span::new(Role::Text, *what),
        ]);
    }
    lines.push(Vec::new());
    lines.push(vec![Span::new(Role::Strong, "Signs")]);
    for (role, sign, what) in SIGNS {
        lines.push(vec![
            Span::new(*role, format!("  {sign:<14}")),
            Span::new(Role::Text, *what),
        ]);
    }
    lines.push(Vec::new());
    lines.push(vec![Span::new(Role::Strong, format!("Columns of {}", table.title()))]);
    for spec in table.specs() {
        lines.push(vec![
            Span::new(Role::Head, format!("  {:<16}", spec.head)),
            Span::new(Role::Text, spec.help),
        ]);
    }
    let mut dialog = TextDialog::new(format!("Help: {}", table.title()), lines).broken(18);
    dialog.purpose = Purpose::Help;
    dialog
}

const READING: &[(&str, &str)] = &[
    ("j k g G", "move; Space and Ctrl-f, Ctrl-b by pages"),
    ("h l", "scroll to the side"),
    ("c", "copy all of it"),
    ("Esc q", "close it"),
    ("? F1", "this help, over what is open; F1 also where something is typed"),
];

const SIGNS: &[(Role, &str, &str)] = &[
    (
        Role::Added,
        "+",
        "appeared: bright for 5 s, normal to 30 s, then dim; goes 10 min after it was seen",
    ),
    (Role::Changed, "~", "changed: the inspector says from what to what"),
    (
        Role::Removed,
        "-",
        "gone: a tombstone, struck, in its place; 'gone' stands where it told of its state",
    ),
    (Role::Dim, "=", "SYNC: computed, and in Envoy"),
    (Role::Warn, ">", "SYNC: computed, not yet in Envoy"),
    (Role::Warn, "<", "SYNC: in Envoy, no longer computed"),
    (Role::Dim, "?", "SYNC: nobody can know"),
];

/// Every action by heading: its keys as they are written, what it does and where, its `:name`; for the manual.
pub fn reference() -> Vec<(&'static str, Vec<[String; 3]>)> {
    let line = |entry: &Entry| {
        let keys: Vec<String> = entry.keys.iter().map(ToString::to_string).collect();
        let place = match entry.valid {
            Where::Everywhere => String::new(),
            Where::In(_) | Where::Told | Where::Replay => format!(" ({})", entry.where_text()),
        };
        let name = if entry.name.is_empty() {
            String::new()
        } else {
            format!(":{}", entry.name)
        };
        [keys.join(" "), format!("{}{place}", entry.help), name]
    };
    let of = |group: &Group| ACTIONS.iter().filter(|entry| entry.group == *group).map(line).collect();
    let mut sections: Vec<_> = Group::ALL.iter().map(|group| (group.title(), of(group))).collect();
    let reading = READING
        .iter()
        .map(|(key, what)| [(*key).to_owned(), (*what).to_owned(), String::new()]);
    sections.push(("In a text", reading.collect()));
    let copy = COPY
        .iter()
        .map(|(key, what)| [format!("c {key}"), (*what).to_owned(), String::new()]);
    sections.push(("Copy", copy.collect()));
    let signs = SIGNS
        .iter()
        .map(|(_, sign, what)| [(*sign).to_owned(), (*what).to_owned(), String::new()]);
    sections.push(("Signs", signs.collect()));
    sections
}
