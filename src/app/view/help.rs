//! Help of a view, and the manual's keys: both made from the table of actions and the columns.

use super::{Role, Span};
use crate::app::actions::{ACTIONS, Action, Entry, Group, Keymap, Where};
use crate::app::ask::COPY;
use crate::app::dialog::{Purpose, TextDialog};
use crate::app::options::Play;
use crate::app::tables::TableId;

/// What every key does where this table has the keys, then what its columns and signs mean.
pub fn help(table: TableId, play: Play, keys: &Keymap) -> TextDialog {
    let mut lines = vec![vec![Span::new(Role::Strong, "I want to know")]];
    lines.extend(ANSWERS.iter().map(|(way, what)| {
        vec![
            Span::new(Role::Key, format!("  {:<14}", written(way, keys))),
            Span::new(Role::Text, *what),
        ]
    }));
    lines.push(Vec::new());
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
    for (steps, what) in READING {
        let key = written(steps, keys);
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
    lines.push(vec![Span::new(Role::Strong, "Mouse (with --mouse)")]);
    for (what, does) in MOUSE {
        lines.push(vec![
            Span::new(Role::Key, format!("  {what:<14}")),
            Span::new(Role::Text, *does),
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

/// A step on the way to an answer.
enum Step {
    /// An action, by its key.
    Press(Action),
    /// What stands there as it is.
    Type(&'static str),
}

impl Step {
    fn text(&self, keys: &Keymap) -> String {
        match self {
            Step::Press(action) => keys.named(*action),
            Step::Type(text) => (*text).to_owned(),
        }
    }
}

/// Steps one after the other.
fn written(steps: &[Step], keys: &Keymap) -> String {
    let steps: Vec<String> = steps.iter().map(|step| step.text(keys)).collect();
    steps.join(" ")
}

use Step::{Press, Type};

/// The questions that this program is for, each with the keys that lead to its answer from wherever one is.
const ANSWERS: &[(&[Step], &str)] = &[
    (
        &[Press(Action::Tab5), Press(Action::Drill)],
        "what changed, who did it, which rows came and went",
    ),
    (
        &[Press(Action::Tab3), Press(Action::Explain)],
        "why the pod reaches a host, or not: the chain, broken where",
    ),
    (&[Press(Action::HiddenHosts)], "which hosts it does not reach, and why"),
    (
        &[Press(Action::Tab1), Press(Action::Explain)],
        "which Sidecar governs the pod, and which lost",
    ),
    (
        &[Press(Action::Tab3), Type("SYNC")],
        "whether Envoy has what it should: = both, > not yet, < still",
    ),
    (
        &[Press(Action::NextChange), Press(Action::Acknowledge)],
        "what is new since I look; mark it as seen",
    ),
    (
        &[Press(Action::Tab4), Press(Action::Radius)],
        "whom a Sidecar touches, and with what",
    ),
    (
        &[Press(Action::Tab4), Press(Action::Explain)],
        "what is wrong with a Sidecar (lint)",
    ),
    (
        &[Press(Action::Tab4), Press(Action::EditDraft)],
        "what a draft would change and weigh, or :what-if FILE",
    ),
    (
        &[Press(Action::Tab2), Press(Action::Drill)],
        "who reaches a service, and who does not",
    ),
    (
        &[Press(Action::Find)],
        "whose an IP is: pod, node, zone, readiness; where a name is",
    ),
    (&[Press(Action::Tab6)], "which endpoint gets the traffic; packets"),
    (
        &[Press(Action::Tab5), Press(Action::Then)],
        "how it was then; two lines picked: what differs",
    ),
    (
        &[Press(Action::Tab1), Press(Action::Pick), Press(Action::Diff)],
        "how the picked pod differs from the one under the cursor",
    ),
    (
        &[Press(Action::Record)],
        "what happens, kept for later: 'sidescope replay FILE'",
    ),
    (
        &[Type("in a shell")],
        "'sidescope suggest POD': the smallest Sidecar, its weight",
    ),
    (
        &[Type("in a shell")],
        "'lint', 'explain POD HOST', 'diff POD --with FILE', 'who-sees HOST'",
    ),
    (
        &[Type("in a shell")],
        "'record FILE', 'replay FILE', 'export FILE --markdown'; 'man' for all",
    ),
];

const READING: &[(&[Step], &str)] = &[
    (
        &[
            Press(Action::Down),
            Press(Action::Up),
            Press(Action::Top),
            Press(Action::Bottom),
        ],
        "move",
    ),
    (
        &[Type("Space"), Press(Action::PageDown), Press(Action::PageUp)],
        "move by pages",
    ),
    (
        &[Press(Action::ColumnsLeft), Press(Action::ColumnsRight)],
        "scroll to the side",
    ),
    (
        &[Press(Action::Filter), Type("n N")],
        "look for a word in it; the next, the one before",
    ),
    (&[Press(Action::Copy)], "copy all of it"),
    (&[Press(Action::Save)], "save it"),
    (
        &[Press(Action::Radius)],
        "of an edit or a draft: who else gained or lost rows",
    ),
    (&[Press(Action::EditAgain)], "of a draft: edit it again"),
    (&[Press(Action::EditDraft)], "of a draft: begin anew from the object"),
    (&[Press(Action::DraftYaml)], "of a draft: its YAML, to copy or to save"),
    (&[Press(Action::DryRun)], "of a draft: a dry run by the API server"),
    (&[Type("Esc"), Press(Action::BackOrQuit)], "close it"),
    (
        &[Press(Action::Help), Type("F1")],
        "this help, over what is open; F1 also where something is typed",
    ),
];

const MOUSE: &[(&str, &str)] = &[
    (
        "click",
        "a row or line: onto it, then as Enter; a tab: there; beside a dialog: as Esc",
    ),
    ("click a head", "sort by that column, then the other way round"),
    ("wheel", "move what is under the pointer"),
    ("Shift", "held in most terminals: their own selection"),
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
            Where::In(_) | Where::Told | Where::Replay | Where::Draft => format!(" ({})", entry.where_text()),
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
        .map(|(steps, what)| [written(steps, &Keymap::default()), (*what).to_owned(), String::new()]);
    sections.push(("In a text", reading.collect()));
    let copy = COPY
        .iter()
        .map(|(key, what)| [format!("c {key}"), (*what).to_owned(), String::new()]);
    sections.push(("Copy", copy.collect()));
    let mouse = MOUSE
        .iter()
        .map(|(what, does)| [(*what).to_owned(), (*does).to_owned(), String::new()]);
    sections.push(("Mouse (with --mouse)", mouse.collect()));
    let signs = SIGNS
        .iter()
        .map(|(_, sign, what)| [(*sign).to_owned(), (*what).to_owned(), String::new()]);
    sections.push(("Signs", signs.collect()));
    sections
}
