//! Which key does what: the keys of the table, and those that a person put in their place.
//!
//! A map that exists is sound: no key means two things in one place, no action is out of reach, Ctrl-c always quits. The
//! keys of dialogs (Esc, Enter, what is typed) are their own.

use std::collections::BTreeMap;

use super::{ACTIONS, Action, Entry, Where, entry};
use crate::app::key::{KeyCode, KeyPress};
use crate::app::options::Play;
use crate::app::tables::TableId;
use crate::mesh::model::nearest;

/// Keys of actions, as far as they are others than the table's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Keymap {
    keys: BTreeMap<Action, Vec<KeyPress>>,
}

impl Keymap {
    /// The map with these actions, by name, on these keys instead of the table's; no keys: only by its `:name`.
    ///
    /// # Errors
    /// All that is wrong, each with its place in `wanted`.
    pub fn of(wanted: &[(String, Vec<String>)]) -> Result<Self, Vec<(usize, String)>> {
        let mut map = Self::default();
        let mut places: BTreeMap<Action, usize> = BTreeMap::new();
        let mut problems = Vec::new();
        for (place, (name, texts)) in wanted.iter().enumerate() {
            match read(name, texts) {
                Ok((action, keys)) => {
                    map.keys.insert(action, keys);
                    places.insert(action, place);
                }
                Err(problem) => problems.push((place, problem)),
            }
        }
        for (at, one) in ACTIONS.iter().enumerate() {
            if let Some(place) = places.get(&one.action)
                && map.keys(one).is_empty()
                && one.name.is_empty()
            {
                problems.push((*place, "has no key left, and no :command does it".to_owned()));
            }
            for other in ACTIONS.iter().skip(at + 1).filter(|other| meet(one, other)) {
                let shared = map.keys(one).iter().find(|key| map.keys(other).contains(key));
                // the later of the two is told
                let told = places.get(&one.action).max(places.get(&other.action)).copied();
                if let (Some(key), Some(place)) = (shared, told) {
                    let whose = if places.get(&one.action) == Some(&place) {
                        other
                    } else {
                        one
                    };
                    let problem = format!("'{key}' is also '{}': give that another key", whose.action.id());
                    problems.push((place, problem));
                }
            }
        }
        problems.sort();
        if problems.is_empty() { Ok(map) } else { Err(problems) }
    }

    /// Every action by name, with its keys and what it does, in the order of help.
    pub fn list(&self) -> Vec<(&'static str, String, &'static str)> {
        let line = |entry: &Entry| (entry.action.id(), self.text(entry), entry.help);
        ACTIONS.iter().map(line).collect()
    }

    /// The keys of an action; the first is the one that hints show.
    pub(in crate::app) fn keys<'a>(&'a self, entry: &'a Entry) -> &'a [KeyPress] {
        self.keys.get(&entry.action).map_or(entry.keys, Vec::as_slice)
    }

    /// They as help writes them.
    pub(in crate::app) fn text(&self, entry: &Entry) -> String {
        let keys: Vec<String> = self.keys(entry).iter().map(ToString::to_string).collect();
        keys.join(" ")
    }

    /// The key that hints show for an action, if it has one.
    pub(in crate::app) fn hint(&self, action: Action) -> Option<String> {
        self.keys(entry(action)?).first().map(ToString::to_string)
    }

    /// The key of an action, in a sentence; where it has none, its command.
    pub(in crate::app) fn named(&self, action: Action) -> String {
        let name = || entry(action).map(|entry| format!(":{}", entry.name));
        self.hint(action).or_else(name).unwrap_or_default()
    }

    /// The action of a key in a text.
    pub(in crate::app) fn find_in_text(&self, key: KeyPress) -> Option<Action> {
        let mut entries = ACTIONS.iter().filter(|entry| entry.works_in_texts());
        let found = entries.find(|entry| self.keys(entry).contains(&key));
        found.map(|entry| entry.action)
    }

    /// The action of a key where this table has the keys; else the one that it has elsewhere.
    pub(in crate::app) fn find(&self, key: KeyPress, table: TableId, play: Play) -> Option<&'static Entry> {
        let of_tables = ACTIONS.iter().filter(|entry| entry.valid != Where::Draft);
        let mut entries = of_tables.filter(|entry| self.keys(entry).contains(&key));
        let first = entries.next()?;
        let works = |entry: &&Entry| entry.works_in(table, play);
        Some(std::iter::once(first).chain(entries).find(works).unwrap_or(first))
    }
}

/// Whether there is a place where both work.
fn meet(one: &Entry, other: &Entry) -> bool {
    match (one.valid, other.valid) {
        (Where::Draft, _) | (_, Where::Draft) => one.works_in_texts() && other.works_in_texts(),
        (Where::In(panes), Where::In(others)) => panes.iter().any(|pane| others.contains(pane)),
        (Where::Everywhere | Where::Told | Where::Replay, _) | (_, Where::Everywhere | Where::Told | Where::Replay) => {
            true
        }
    }
}

fn read(name: &str, texts: &[String]) -> Result<(Action, Vec<KeyPress>), String> {
    let Some(found) = ACTIONS.iter().find(|entry| entry.action.id() == name) else {
        let names: Vec<&str> = ACTIONS.iter().map(|entry| entry.action.id()).collect();
        return Err(match nearest(name, &names) {
            Some(near) => format!("is no action: did you mean '{near}'?"),
            None => "is no action: 'sidescope config --keys' lists all".to_owned(),
        });
    };
    let mut keys = texts
        .iter()
        .map(|text| text.parse())
        .collect::<Result<Vec<KeyPress>, String>>()?;
    if let Some((key, whose)) = keys.iter().find_map(|key| Some((key, taken(*key, found.action)?))) {
        return Err(format!("'{key}' {whose}"));
    }
    let interrupt = KeyPress::ctrl('c');
    if found.action == Action::Quit && !keys.contains(&interrupt) {
        keys.push(interrupt);
    }
    Ok((found.action, keys))
}

/// Why a key never comes to this action, if so.
fn taken(key: KeyPress, action: Action) -> Option<&'static str> {
    let KeyCode::Char(letter) = key.code else { return None };
    match letter {
        'c' if key.ctrl && action != Action::Quit => Some("always quits"),
        'i' if key.ctrl => Some("is Tab for most terminals"),
        'm' if key.ctrl => Some("is Enter for most terminals"),
        '[' if key.ctrl => Some("is Esc for most terminals"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wanted: &[(&str, &[&str])]) -> Result<Keymap, Vec<(usize, String)>> {
        let wanted: Vec<(String, Vec<String>)> = wanted
            .iter()
            .map(|(name, keys)| ((*name).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect()))
            .collect();
        Keymap::of(&wanted)
    }

    fn action(map: &Keymap, key: KeyPress, table: TableId) -> Option<Action> {
        map.find(key, table, Play::Cluster).map(|entry| entry.action)
    }

    #[test]
    fn a_key_that_was_moved_works_in_its_new_place_alone() {
        let map = of(&[("describe", &["X", "F2"])]).unwrap();
        assert_eq!(action(&map, KeyPress::char('X'), TableId::Pods), Some(Action::Describe));
        assert_eq!(
            action(&map, KeyPress::plain(KeyCode::F(2)), TableId::Pods),
            Some(Action::Describe)
        );
        assert_eq!(action(&map, KeyPress::char('d'), TableId::Pods), None);
        assert_eq!(action(&map, KeyPress::char('y'), TableId::Pods), Some(Action::Yaml));
    }

    #[test]
    fn two_actions_share_a_key_only_where_they_never_meet() {
        let map = of(&[("bootstrap", &["e"]), ("events", &["E"])]).unwrap();
        assert_eq!(
            action(&map, KeyPress::char('e'), TableId::Endpoints(0)),
            Some(Action::OwnRows)
        );
        let problem = "'e' is also 'events': give that another key".to_owned();
        assert_eq!(of(&[("bootstrap", &["e"])]).unwrap_err(), [(0, problem)]);
        // 'p' pins a pod's rows, 'x' explains; services have no pin
        let apart = of(&[("explain", &["V"]), ("events", &["V"])]);
        assert!(apart.is_err(), "both work in endpoints");
    }

    #[test]
    fn what_works_in_a_drafts_text_meets_what_else_does_and_nothing_more() {
        assert!(of(&[("dry-run", &["x"])]).is_ok(), "x explains in tables");
        assert!(of(&[("yaml", &["d"]), ("describe", &["y"])]).is_ok(), "in tables alone");
        let problem = "'c' is also 'copy': give that another key".to_owned();
        assert_eq!(of(&[("dry-run", &["c"])]).unwrap_err(), [(0, problem)]);
        let map = of(&[("copy", &["Y"])]).unwrap();
        assert_eq!(map.find_in_text(KeyPress::char('Y')), Some(Action::Copy));
        assert_eq!(map.find_in_text(KeyPress::char('c')), None);
        assert_eq!(map.find_in_text(KeyPress::char('d')), Some(Action::DryRun));
    }

    #[test]
    fn keys_that_change_places_are_sound_whichever_comes_first() {
        let map = of(&[("describe", &["y"]), ("yaml", &["d"])]).unwrap();
        assert_eq!(action(&map, KeyPress::char('d'), TableId::Pods), Some(Action::Yaml));
        assert_eq!(action(&map, KeyPress::char('y'), TableId::Pods), Some(Action::Describe));
    }

    #[test]
    fn what_could_not_be_reached_any_more_is_refused() {
        let problem = "has no key left, and no :command does it".to_owned();
        assert_eq!(of(&[("down", &[])]).unwrap_err(), [(0, problem.clone())]);
        assert_eq!(of(&[("palette", &[])]).unwrap_err(), [(0, problem)]);
        assert!(of(&[("describe", &[])]).is_ok(), ":describe does it");
    }

    #[test]
    fn keys_that_never_arrive_are_refused() {
        let problem = |key: &str| of(&[("wide", &[key])]).unwrap_err().remove(0).1;
        assert_eq!(problem("Ctrl-c"), "'Ctrl-c' always quits");
        assert_eq!(problem("Ctrl-i"), "'Ctrl-i' is Tab for most terminals");
        assert_eq!(
            problem("Hyper-x"),
            "'Hyper-x' is no key: write it as x, X, Ctrl-x, Alt-x, F2, Enter, Space, PgDn"
        );
        let map = of(&[("quit", &["X"])]).unwrap();
        assert_eq!(action(&map, KeyPress::ctrl('c'), TableId::Pods), Some(Action::Quit));
    }

    #[test]
    fn a_name_that_is_none_asks_for_the_nearest() {
        assert_eq!(
            of(&[("descibe", &["X"])]).unwrap_err()[0].1,
            "is no action: did you mean 'describe'?"
        );
    }

    #[test]
    fn every_action_has_a_name_of_its_own_and_its_own_keys_are_sound() {
        let list = Keymap::default().list();
        let names: std::collections::BTreeSet<&str> = list.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names.len(), ACTIONS.len());
        let all: Vec<(String, Vec<String>)> = ACTIONS
            .iter()
            .map(|entry| {
                (
                    entry.action.id().to_owned(),
                    entry.keys.iter().map(ToString::to_string).collect(),
                )
            })
            .collect();
        let map = Keymap::of(&all).unwrap();
        for entry in ACTIONS {
            assert_eq!(map.keys(entry), entry.keys, "what help writes is what is read");
        }
    }
}
