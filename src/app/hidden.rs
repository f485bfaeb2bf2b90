//! The picker of hosts that the chosen pod does not reach; Enter says why.
//!
//! The list is made when it opens. Why a host is hidden is worked out for the lines that are shown only.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::App;
use super::dialog::Dialog;
use super::filter::Fuzzy;
use super::input::Input;
use super::key::{KeyCode, KeyPress};
use super::view::{Role, explain};
use crate::mesh::model::{Key, Sidecar, Text, is_misspelt};

/// Lines shown at once; of more one types a part of the name.
const MOST: usize = 18;
/// Lines of a Sidecar that are compared with every host.
const MOST_LINES: usize = 100;

/// Hosts that a pod does not reach.
#[derive(Clone, Debug)]
pub(super) struct HiddenDialog {
    /// Which pod.
    pub pod: Key,
    /// What is typed.
    pub input: Input,
    /// All of them, in order.
    pub hosts: Vec<Text>,
    /// Those that the governing Sidecar nearly names: likely meant, so they come first.
    pub near: BTreeSet<Text>,
    /// How many match what is typed.
    pub matching: usize,
    /// The best of those, each with the first thing that keeps it out.
    pub shown: Vec<(Text, String)>,
    /// Which line the cursor is on.
    pub at: usize,
}

/// Hosts that a Sidecar names in part, for another namespace, or a letter or two off.
fn nearly_named(sidecar: &Sidecar, hosts: &[Text]) -> BTreeSet<Text> {
    let lines = sidecar.egress.iter().flat_map(|listener| listener.hosts.iter());
    let names = lines.map(|line| line.split_once('/').map_or(line.as_str(), |(_, name)| name));
    let names: Vec<&str> = names
        .filter(|name| !name.starts_with(['*', '~']))
        .take(MOST_LINES)
        .collect();
    let begins = |host: &str, name: &str| host.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    let is_near = |host: &&Text| {
        let nearly = |name: &&str| {
            let mut labels = host.split('.').zip(name.split('.')).take(2);
            *host == *name || begins(host, name) || labels.any(|(a, b)| a == b) && is_misspelt(name, host)
        };
        names.iter().any(nearly)
    };
    hosts.iter().filter(is_near).cloned().collect()
}

impl App {
    /// Opens the picker for the chosen pod.
    pub(super) fn open_hidden(&mut self, now: Timestamp) {
        let Some(pod) = self.ui.chosen.as_ref().map(|chosen| chosen.key.clone()) else {
            self.say(now, Role::Dim, "no pod is chosen (1)");
            return;
        };
        let facts = &mut self.facts;
        match facts.engine.hidden_hosts(&facts.world, &pod) {
            Ok(hosts) => {
                let governing = facts.engine.governing(&facts.world, &pod).ok();
                let sidecar = governing.and_then(|governing| facts.world.sidecars.get(governing.key()?));
                let near = sidecar.map_or_else(BTreeSet::new, |sidecar| nearly_named(sidecar, &hosts));
                self.ui.dialogs.push(Dialog::Hidden(HiddenDialog {
                    pod,
                    input: Input::default(),
                    hosts,
                    near,
                    matching: 0,
                    shown: Vec::new(),
                    at: 0,
                }));
                self.match_hidden();
            }
            Err(_) => self.say(
                now,
                Role::Warn,
                format!("pod {pod} has no sidecar that could reach anything"),
            ),
        }
    }

    /// Fits the lines of an open picker to what is typed.
    pub(super) fn match_hidden(&mut self) {
        let Some(Dialog::Hidden(dialog)) = self.ui.dialogs.last_mut() else {
            return;
        };
        let fuzzy = Fuzzy::new(dialog.input.text());
        let scored = dialog.hosts.iter().filter_map(|host| Some((fuzzy.score(host)?, host)));
        let mut scored: Vec<(u32, &Text)> = scored.collect();
        dialog.matching = scored.len();
        scored.sort_by_key(|(score, host)| (Reverse(*score), !dialog.near.contains(*host), *host));
        let facts = &mut self.facts;
        let why = |(_, host): (u32, &Text)| {
            let explanation = facts.engine.explain(&facts.world, &dialog.pod, host, None);
            let barrier = explanation.as_ref().and_then(explain::first_barrier);
            (host.clone(), barrier.map(ToString::to_string).unwrap_or_default())
        };
        dialog.shown = scored.into_iter().take(MOST).map(why).collect();
    }

    pub(super) fn press_hidden(&mut self, now: Timestamp, mut dialog: HiddenDialog, key: KeyPress) {
        let mut is_typed = false;
        if key.code == KeyCode::Esc {
            return;
        }
        let chosen = dialog.shown.get(dialog.at).map(|(host, _)| host.clone());
        if let (KeyCode::Enter, Some(host)) = (key.code, chosen) {
            let pod = dialog.pod.clone();
            self.ui.dialogs.push(Dialog::Hidden(dialog));
            self.explain_host(now, &pod, &host);
            return;
        }
        if let Some(at) = Self::step_in(dialog.at, dialog.shown.len(), key) {
            dialog.at = at;
        } else if dialog.input.press(key) {
            dialog.at = 0;
            is_typed = true;
        }
        self.ui.dialogs.push(Dialog::Hidden(dialog));
        if is_typed {
            self.match_hidden();
        }
    }
}
