//! Help of a view, and the README's tables: both made from the table of actions and the columns.

use std::fmt::Write as _;

use super::{Line, Role, Span};
use crate::app::actions::{ACTIONS, Group, Keymap};
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

/// The table of keys for the README, in Markdown.
pub fn markdown_keys() -> String {
    let mut text = String::from("| keys | do |\n|---|---|\n");
    for group in Group::ALL {
        for entry in ACTIONS
            .iter()
            .filter(|entry| entry.group == *group && !entry.keys.is_empty())
        {
            let keys: Vec<String> = entry.keys.iter().map(|key| markdown_code(&key.to_string())).collect();
            let place = match entry.valid {
                crate::app::actions::Where::Everywhere => String::new(),
                crate::app::actions::Where::In(_)
                | crate::app::actions::Where::Told
                | crate::app::actions::Where::Replay => {
                    format!(" ({})", entry.where_text())
                }
            };
            let help = entry.help.replace('|', "\\|");
            let _ = writeln!(text, "| {} | {help}{place} |", keys.join(" "));
        }
    }
    text
}

fn markdown_code(key: &str) -> String {
    if key == "`" {
        "`` ` ``".to_owned()
    } else {
        format!("`{}`", key.replace('|', "\\|"))
    }
}
