//! `:` commands: every named action, the short names that k9s users type, and their arguments.

use jiff::Timestamp;

use super::App;
use super::actions::{ACTIONS, Action, Entry, Where, entry};
use super::dialog::{Dialog, PaletteDialog};
use super::filter::Fuzzy;
use super::key::{KeyCode, KeyPress};
use super::list::ItemId;
use super::message::Command;
use super::options::{Namespaces, Play};
use super::settle::identity;
use super::tables::TableId;
use super::ui::{Toggle, View};
use super::view::Role;
use crate::mesh::model::{Key, Text};

/// Short names, as k9s and kubectl have them.
static ALIASES: &[(&str, Action)] = &[
    ("po", Action::Tab1),
    ("pod", Action::Tab1),
    ("svc", Action::Tab2),
    ("service", Action::Tab2),
    ("ep", Action::Tab3),
    ("sc", Action::Tab4),
    ("tl", Action::Tab5),
    ("ns", Action::Namespaces),
    ("ctx", Action::Contexts),
    ("contexts", Action::Contexts),
    ("wl", Action::Workloads),
    ("deploy", Action::Workloads),
    ("q", Action::Quit),
    ("q!", Action::Quit),
    ("h", Action::Help),
];

/// How many suggestions are shown.
const SUGGESTIONS: usize = 10;
/// How many of what was typed before are suggested, where nothing is typed yet, and behind what fits what is typed.
const TYPED: (usize, usize) = (5, 3);

/// What an action may be told besides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Argument {
    None,
    /// Which namespace to show.
    Namespace,
    /// Which context to go to.
    Context,
    /// Which pod to choose.
    Pod,
    /// What to look for.
    Anything,
    /// Which host.
    Host,
    /// Which file.
    File,
    /// When to go to.
    Time,
    /// How fast.
    Speed,
    /// Into which file.
    NewFile,
    /// Into which file, whose ending says as what.
    SavedFile,
}

fn argument(action: Action) -> Argument {
    const NAMESPACE: &[Action] = &[
        Action::Tab1,
        Action::Tab2,
        Action::Tab4,
        Action::Namespaces,
        Action::Workloads,
    ];
    const POD: &[Action] = &[Action::Tab3, Action::Pin];
    if NAMESPACE.contains(&action) {
        Argument::Namespace
    } else if POD.contains(&action) {
        Argument::Pod
    } else {
        let others = [
            (Action::Contexts, Argument::Context),
            (Action::Find, Argument::Anything),
            (Action::Seek, Argument::Time),
            (Action::Speed, Argument::Speed),
            (Action::Record, Argument::NewFile),
            (Action::Save, Argument::SavedFile),
            (Action::WhoSees, Argument::Host),
            (Action::WhatIf, Argument::File),
        ];
        let found = others.into_iter().find(|(other, _)| *other == action);
        found.map_or(Argument::None, |(_, argument)| argument)
    }
}

/// Something that can be typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Suggestion {
    /// The whole command.
    pub text: String,
    /// What it does.
    pub help: String,
}

fn find(word: &str) -> Option<&'static Entry> {
    let named = ACTIONS.iter().find(|entry| entry.name == word && !word.is_empty());
    named.or_else(|| {
        ALIASES
            .iter()
            .find(|(alias, _)| *alias == word)
            .and_then(|(_, action)| entry(*action))
    })
}

impl App {
    pub(super) fn open_palette(&mut self) {
        self.ui.dialogs.push(Dialog::Palette(PaletteDialog::default()));
    }

    /// What can be typed next, the likeliest first.
    pub(super) fn suggest(&self, typed: &str) -> Vec<Suggestion> {
        match typed.split_once(' ') {
            None if typed.is_empty() => {
                let mut all = self.typed_before(typed, TYPED.0);
                all.extend(suggest_commands(typed, self.options.play));
                all.truncate(SUGGESTIONS);
                all
            }
            None => {
                let mut all = suggest_commands(typed, self.options.play);
                let before = self.typed_before(typed, TYPED.1);
                all.truncate(SUGGESTIONS - before.len());
                all.extend(before);
                all
            }
            Some((word, rest)) => match find(word) {
                Some(entry) => self.suggest_arguments(word, entry.action, rest.trim_start()),
                None => Vec::new(),
            },
        }
    }

    /// What was typed before and begins so, the last first.
    fn typed_before(&self, typed: &str, most: usize) -> Vec<Suggestion> {
        let before = self.recall.known.typed.iter().rev();
        // a command without more behind it is suggested anyway
        let says_more = |text: &str| typed.is_empty() || text.contains(' ');
        let fitting = before.filter(|text| text.starts_with(typed) && *text != typed && says_more(text));
        let suggestion = |text: &String| Suggestion {
            text: text.clone(),
            help: "typed before".to_owned(),
        };
        fitting.take(most).map(suggestion).collect()
    }

    fn suggest_arguments(&self, word: &str, action: Action, typed: &str) -> Vec<Suggestion> {
        let names: Vec<String> = match argument(action) {
            Argument::None
            | Argument::Anything
            | Argument::File
            | Argument::NewFile
            | Argument::SavedFile
            | Argument::Time
            | Argument::Speed => Vec::new(),
            Argument::Namespace => self.facts.namespaces().iter().map(ToString::to_string).collect(),
            Argument::Context => {
                let contexts = self.facts.contexts.iter();
                contexts.map(|context| context.name.to_string()).collect()
            }
            Argument::Host => {
                let services = self.facts.world.services.keys();
                let shown = services.filter(|key| self.ui.namespaces.shows(&key.namespace));
                shown.map(pod_name).collect()
            }
            Argument::Pod => {
                let pods = self.facts.world.pods.keys();
                let shown = pods.filter(|key| self.ui.namespaces.shows(&key.namespace));
                shown.map(pod_name).collect()
            }
        };
        let fuzzy = Fuzzy::new(typed);
        let scored = names.into_iter().filter_map(|name| Some((fuzzy.score(&name)?, name)));
        let mut scored: Vec<(u32, String)> = scored.collect();
        scored.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let suggestion = |(_, name): (u32, String)| Suggestion {
            text: format!("{word} {name}"),
            help: String::new(),
        };
        scored.into_iter().take(SUGGESTIONS).map(suggestion).collect()
    }

    pub(super) fn press_palette(&mut self, now: Timestamp, mut dialog: PaletteDialog, key: KeyPress) -> Vec<Command> {
        let suggestions = self.suggest(dialog.input.text());
        let is_empty = dialog.input.text().is_empty();
        if key.code == KeyCode::Esc || (key.code == KeyCode::Backspace && is_empty) {
            return Vec::new();
        }
        if key.code == KeyCode::Enter {
            let typed = dialog.input.text().trim().to_owned();
            let is_whole = dialog.at == 0 && typed.split(' ').next().is_some_and(|word| find(word).is_some());
            let text = match (suggestions.get(dialog.at), suggestions.as_slice()) {
                (Some(suggestion), _) if !is_whole => suggestion.text.clone(),
                // what is typed behind the command is a part of one name alone
                (_, [only]) if completes(&typed) => only.text.clone(),
                (Some(_) | None, _) => typed,
            };
            return self.run(now, &text);
        }
        if key.code == KeyCode::Tab {
            if let Some(suggestion) = suggestions.get(dialog.at) {
                dialog.input = super::input::Input::new(&format!("{} ", suggestion.text));
                dialog.at = 0;
            }
        } else if let Some(at) = Self::step_in(dialog.at, suggestions.len(), key) {
            dialog.at = at;
        } else if dialog.input.press(key) {
            dialog.at = 0;
        }
        let commands = self.ask_contexts(dialog.input.text());
        self.ui.dialogs.push(Dialog::Palette(dialog));
        commands
    }

    /// Has contexts listed, for what is suggested behind `:context`, if they are not known yet.
    fn ask_contexts(&self, typed: &str) -> Vec<Command> {
        let is_asked = typed
            .strip_suffix(' ')
            .and_then(find)
            .is_some_and(|entry| argument(entry.action) == Argument::Context);
        if is_asked && self.facts.contexts.is_empty() && self.options.play == Play::Cluster {
            return vec![Command::ListContexts];
        }
        Vec::new()
    }

    /// Does what is suggested in a place for what is typed, and closes the palette; nothing if nothing is.
    pub(super) fn run_suggestion(&mut self, now: Timestamp, typed: &str, at: usize) -> Vec<Command> {
        let Some(suggestion) = self.suggest(typed).into_iter().nth(at) else {
            return Vec::new();
        };
        self.ui.dialogs.pop();
        self.run(now, &suggestion.text)
    }

    /// Does what was typed.
    fn run(&mut self, now: Timestamp, text: &str) -> Vec<Command> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim();
        if word.is_empty() {
            return Vec::new();
        }
        let Some(entry) = find(word) else {
            let near = suggest_commands(word, self.options.play)
                .first()
                .map(|near| format!("; do you mean :{}?", near.text));
            self.say(
                now,
                Role::Bad,
                format!("no command ':{word}'{}", near.unwrap_or_default()),
            );
            return Vec::new();
        };
        // what ends the program is not offered again as the first thing
        if entry.action != Action::Quit {
            self.recall.type_in(text.trim());
        }
        match argument(entry.action) {
            _ if rest.is_empty() || (entry.valid == Where::Replay && self.options.play != Play::Replay) => {
                self.try_perform(now, entry)
            }
            Argument::None => {
                self.say(now, Role::Bad, format!("':{word}' takes nothing behind it"));
                Vec::new()
            }
            Argument::Namespace => self.run_in_namespace(now, entry, rest),
            Argument::Pod => self.run_for_pod(now, entry, rest),
            Argument::Context => self.go_to_context(now, rest),
            Argument::Host => {
                self.open_who_of(now, rest);
                Vec::new()
            }
            Argument::File => vec![Command::ReadDraft(rest.to_owned())],
            Argument::Anything => {
                self.open_find(rest);
                Vec::new()
            }
            Argument::Time => self.seek(now, rest),
            Argument::Speed => self.set_speed(now, rest),
            Argument::NewFile => self.toggle_recording(now, Some(rest.to_owned())),
            Argument::SavedFile => self.save_into(now, rest),
        }
    }

    fn run_in_namespace(&mut self, now: Timestamp, entry: &Entry, name: &str) -> Vec<Command> {
        let known = self.facts.namespaces();
        let names: Vec<Text> = name
            .split([',', ' '])
            .filter(|name| !name.is_empty())
            .map(Text::from)
            .collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(*name)) {
            let fuzzy = Fuzzy::new(unknown);
            let near = known.iter().find(|name| fuzzy.score(name).is_some());
            let near = near.map(|near| format!("; do you mean '{near}'?")).unwrap_or_default();
            self.say(now, Role::Bad, format!("no namespace '{unknown}'{near}"));
            return Vec::new();
        }
        let mut commands = Vec::new();
        if entry.action != Action::Namespaces {
            commands.extend(self.try_perform(now, entry));
        }
        commands.extend(self.show_namespaces(now, Namespaces::Some(names)));
        commands
    }

    fn run_for_pod(&mut self, now: Timestamp, entry: &Entry, name: &str) -> Vec<Command> {
        let Some(key) = self.find_pod(name) else {
            let near = self.near_pods(name);
            let near = if near.is_empty() {
                String::new()
            } else {
                format!("; near: {}", near.join(", "))
            };
            self.say(now, Role::Bad, format!("no pod '{name}'{near}"));
            return Vec::new();
        };
        let mut commands = Vec::new();
        if !self.ui.namespaces.shows(&key.namespace) {
            commands.extend(self.show_namespaces(now, Namespaces::Some(vec![key.namespace.clone()])));
        }
        if self.ui.is_on(Toggle::Workloads) {
            self.toggle_workloads(now);
        }
        self.set_filter(now, TableId::Pods, "");
        if let Some(pod) = self.facts.world.pods.get(&key) {
            let id = ItemId::Object(identity(pod));
            self.ui.list(TableId::Pods).select(&id);
        }
        self.choose(now);
        if entry.action == Action::Pin {
            self.pin(now);
        } else {
            self.go(now, View::Endpoints);
        }
        commands
    }

    /// A pod by `NAME.NAMESPACE`, `NAMESPACE/NAME`, or its name alone: of the shown namespaces first.
    fn find_pod(&self, name: &str) -> Option<Key> {
        let pods = &self.facts.world.pods;
        let split = name.rsplit_once('.').map(|(name, namespace)| Key::new(namespace, name));
        let slash = name.split_once('/').map(|(namespace, name)| Key::new(namespace, name));
        if let Some(found) = [split, slash].into_iter().flatten().find(|key| pods.get(key).is_some()) {
            return Some(found);
        }
        let named: Vec<&Key> = pods.keys().filter(|key| key.name == name).collect();
        let shown = named.iter().find(|key| self.ui.namespaces.shows(&key.namespace));
        shown.or(named.first()).map(|key| (*key).clone())
    }
}

/// Whether what stands behind the command may be a part of a name: of one thing that is there for certain.
fn completes(typed: &str) -> bool {
    let Some((word, rest)) = typed.split_once(' ') else {
        return false;
    };
    let is_name = find(word).is_some_and(|entry| match argument(entry.action) {
        Argument::Namespace | Argument::Context | Argument::Pod => true,
        Argument::None
        | Argument::Anything
        | Argument::Host
        | Argument::File
        | Argument::Time
        | Argument::Speed
        | Argument::NewFile
        | Argument::SavedFile => false,
    });
    is_name && !rest.contains([',', ' '])
}

/// As istioctl names a pod; a service is named so too.
fn pod_name(key: &Key) -> String {
    format!("{}.{}", key.name, key.namespace)
}

/// Commands that begin like this, or are like it; those of the demo in the demo only.
fn suggest_commands(typed: &str, play: Play) -> Vec<Suggestion> {
    let named = ACTIONS
        .iter()
        .filter(|entry| !entry.name.is_empty())
        .map(|entry| (entry.name, entry));
    let short = ALIASES
        .iter()
        .filter_map(|(alias, action)| Some((*alias, entry(*action)?)));
    let fuzzy = Fuzzy::new(typed);
    let mut found: Vec<(bool, u32, &str, &Entry)> = named
        .chain(short)
        .filter(|(_, entry)| match entry.valid {
            Where::Everywhere | Where::In(_) => true,
            Where::Told => play.is_told(),
            Where::Replay => play == Play::Replay,
            Where::Draft => false,
        })
        .filter_map(|(name, entry)| Some((!name.starts_with(typed), fuzzy.score(name)?, name, entry)))
        .collect();
    found.sort_by(|a, b| (a.0, a.2.len(), a.2).cmp(&(b.0, b.2.len(), b.2)));
    let mut seen: Vec<Action> = Vec::new();
    let distinct = found.into_iter().filter(|(.., entry)| {
        let is_new = !seen.contains(&entry.action);
        seen.push(entry.action);
        is_new
    });
    distinct
        .take(SUGGESTIONS)
        .map(|(.., name, entry)| Suggestion {
            text: name.to_owned(),
            help: entry.help.to_owned(),
        })
        .collect()
}
