//! The picker of contexts, and the way to another one: everything here goes on until its cluster has answered.
//!
//! Invariant: as long as it is connected to, the picker lies over the panes and says so; Esc gives it up. A context that
//! cannot be opened leaves all as it was, with one line that says why.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::App;
use super::dialog::Dialog;
use super::filter::Fuzzy;
use super::input::Input;
use super::key::{KeyCode, KeyPress};
use super::message::{Command, Context};
use super::options::Play;
use super::view::Role;
use crate::mesh::model::Text;

/// Which context to go to.
#[derive(Clone, Debug, Default)]
pub(super) struct ContextDialog {
    /// What is typed.
    pub input: Input,
    /// All of them, those used most first; none as long as it is not known which there are.
    pub choices: Vec<Context>,
    /// The one that is on the screen.
    pub here: Text,
    /// Which the cursor is on, of those that match.
    pub at: usize,
    /// What goes on.
    pub state: Going,
}

/// How far one is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Going {
    /// The kubeconfig is read.
    #[default]
    Reading,
    /// One chooses.
    Choosing,
    /// The last choice cannot be gone to: one line that says why. One chooses again.
    Failed(String),
    /// This one is connected to.
    Connecting(Text),
}

impl ContextDialog {
    /// The contexts that match what is typed, the best first.
    pub(super) fn matches(&self) -> Vec<&Context> {
        if self.input.text().is_empty() {
            return self.choices.iter().collect();
        }
        let fuzzy = Fuzzy::new(self.input.text());
        let scored = self.choices.iter();
        let scored = scored.filter_map(|context| Some((fuzzy.score(&context.name)?, context)));
        let mut scored: Vec<_> = scored.collect();
        // of those that match as well, what is used more stays before
        scored.sort_by_key(|(score, _)| Reverse(*score));
        scored.into_iter().map(|(_, context)| context).collect()
    }

    /// Whether it was chosen, and nothing moves.
    pub(super) fn is_connecting(&self) -> bool {
        matches!(self.state, Going::Connecting(_))
    }

    fn fill(&mut self, choices: Vec<Context>) {
        let at = self.matches().get(self.at).map(|context| context.name.clone());
        let under_cursor = at.unwrap_or_else(|| self.here.clone());
        self.choices = choices;
        let matches = self.matches();
        let at = matches.iter().position(|context| context.name == under_cursor);
        self.at = at.unwrap_or(0);
        if self.state == Going::Reading {
            self.state = Going::Choosing;
        }
    }
}

impl App {
    /// Opens the picker, where there can be another context.
    pub(super) fn open_contexts(&mut self, now: Timestamp) -> Vec<Command> {
        if !self.has_contexts(now) {
            return Vec::new();
        }
        let mut dialog = ContextDialog {
            here: self.facts.cluster.context.clone(),
            ..ContextDialog::default()
        };
        if !self.facts.contexts.is_empty() {
            dialog.fill(self.ordered_contexts(now));
        }
        self.ui.dialogs.push(Dialog::Contexts(dialog));
        // the file may be another by now
        vec![Command::ListContexts]
    }

    /// Goes to a context by its name.
    pub(super) fn go_to_context(&mut self, now: Timestamp, name: &str) -> Vec<Command> {
        if !self.has_contexts(now) {
            return Vec::new();
        }
        let mut commands = self.open_contexts(now);
        let known = &self.facts.contexts;
        if !known.is_empty() && !known.iter().any(|context| &*context.name == name) {
            // a part of a name: what is like it, to choose from
            if let Some(Dialog::Contexts(dialog)) = self.ui.dialogs.last_mut() {
                dialog.input.insert(name);
                dialog.at = 0;
            }
            return commands;
        }
        if let Some(Dialog::Contexts(mut dialog)) = self.ui.dialogs.pop() {
            commands.extend(self.choose_context(now, &mut dialog, &name.into()));
            if dialog.state != Going::Choosing && dialog.state != Going::Reading {
                self.ui.dialogs.push(Dialog::Contexts(dialog));
            }
        }
        commands
    }

    fn has_contexts(&mut self, now: Timestamp) -> bool {
        let why = match self.options.play {
            Play::Cluster => return true,
            Play::Demo => "the demo is a cluster of its own: 'sidescope' without 'demo' has the kubeconfig's contexts",
            Play::Replay => "a recording is of one cluster: 'sidescope' without 'replay' has the kubeconfig's contexts",
        };
        self.say(now, Role::Dim, why);
        false
    }

    /// Those used most first, the rest by name.
    fn ordered_contexts(&self, now: Timestamp) -> Vec<Context> {
        let mut contexts = self.facts.contexts.clone();
        let uses = &self.recall.known.contexts;
        contexts.sort_by(|a, b| uses.compare(now, &a.name, &b.name));
        contexts
    }

    /// The picker's list has come; without one it is of no use.
    pub(super) fn hear_contexts(&mut self, now: Timestamp, contexts: Result<Vec<Context>, String>) {
        let mut dialogs = self.ui.dialogs.iter();
        let place = dialogs.position(|dialog| matches!(dialog, Dialog::Contexts(_)));
        match contexts {
            Ok(contexts) => {
                self.facts.contexts = contexts;
                self.learn_cluster_names();
                let choices = self.ordered_contexts(now);
                for picker in self.ui.dialogs.iter_mut().filter_map(Dialog::contexts_mut) {
                    picker.fill(choices.clone());
                }
            }
            Err(why) => {
                if let Some(place) = place {
                    self.ui.dialogs.remove(place);
                    self.say(now, Role::Bad, why);
                }
            }
        }
    }

    pub(super) fn press_contexts(&mut self, now: Timestamp, mut dialog: ContextDialog, key: KeyPress) -> Vec<Command> {
        if let Going::Connecting(name) = dialog.state {
            if key.code == KeyCode::Esc {
                self.say(now, Role::Dim, format!("still in '{}'", dialog.here));
                return vec![Command::GiveUpContext];
            }
            dialog.state = Going::Connecting(name);
            self.ui.dialogs.push(Dialog::Contexts(dialog));
            return Vec::new();
        }
        if key.code == KeyCode::Esc {
            return Vec::new();
        }
        let mut commands = Vec::new();
        if key.code == KeyCode::Enter {
            let chosen = dialog.matches().get(dialog.at).map(|context| context.name.clone());
            // where there is none, the list says so
            if let Some(name) = chosen {
                commands = self.choose_context(now, &mut dialog, &name);
                if commands.is_empty() {
                    return commands;
                }
            }
        } else if let Some(at) = Self::step_in(dialog.at, dialog.matches().len(), key) {
            dialog.at = at;
        } else if dialog.input.press(key) {
            dialog.at = 0;
        }
        self.ui.dialogs.push(Dialog::Contexts(dialog));
        commands
    }

    /// Begins to connect to a context; nothing if one is there already.
    fn choose_context(&mut self, now: Timestamp, dialog: &mut ContextDialog, name: &Text) -> Vec<Command> {
        if *name == dialog.here {
            self.say(now, Role::Dim, format!("this is context '{name}'"));
            return Vec::new();
        }
        dialog.state = Going::Connecting(name.clone());
        vec![Command::OpenContext(name.to_string())]
    }

    /// A context's cluster has answered, or not: on to it, if it is still wanted.
    pub(super) fn hear_opened(&mut self, now: Timestamp, name: &Text, result: Result<(), String>) -> Option<Command> {
        let mut pickers = self.ui.dialogs.iter_mut().filter_map(Dialog::contexts_mut);
        let waiting = pickers.find(|picker| picker.state == Going::Connecting(name.clone()))?;
        match result {
            Ok(()) => Some(Command::SwitchContext),
            Err(why) => {
                waiting.state = Going::Failed(why.clone());
                self.facts.note(now, format!("context '{name}': {why}"));
                None
            }
        }
    }
}
