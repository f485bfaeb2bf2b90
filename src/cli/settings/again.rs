//! The settings read again while the screen is up: what is other than it was, and what of that holds at once.
//!
//! Flags and environment win as at the start. Where something is wrong, all stays as it was, and one line says what.

use std::sync::{Arc, Mutex};

use clap::{ArgMatches, FromArgMatches as _};
use jiff::SignedDuration;
use serde_json::Value as Json;

use super::table::SETTINGS;
use super::{Setting, settle};
use crate::app::message::{NewLook, NewSettings};
use crate::app::{Keymap, Message};
use crate::cli::args::Cli;
use crate::cli::{screen, variable};
use crate::runtime::SettingsFile;
use crate::tui::{Glyphs, Look};

/// Settings that a screen takes over while it is up; the others hold from the next start.
const AT_ONCE: &[&str] = &["theme", "ascii", "retention", "utc"];

/// Where the settings of a run came from.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Source {
    /// The file, whether or not it is there.
    pub(super) path: std::path::PathBuf,
    /// The command line.
    pub(super) matches: ArgMatches,
}

/// The file of this run's settings, to be followed; `None` if there can be none.
pub(in crate::cli) fn follow(cli: &Cli) -> Option<SettingsFile> {
    let source = Arc::clone(cli.screen.source.as_ref()?);
    // a pipe is read once
    let can_change = std::fs::metadata(&source.path).map_or(true, |found| found.is_file());
    let mut known = Known {
        held: Held::of(cli),
        wrong: None,
    };
    let path = source.path.clone();
    can_change.then(|| SettingsFile {
        path,
        read: Arc::new(Mutex::new(move || known.again(&source))),
    })
}

/// What a run goes by.
#[derive(Clone, PartialEq, Debug)]
struct Held {
    /// In the order of the table.
    values: Vec<Json>,
    keys: Keymap,
    look: Look,
}

impl Held {
    fn of(cli: &Cli) -> Self {
        Self {
            values: SETTINGS.iter().map(|setting| (setting.get)(cli)).collect(),
            keys: cli.screen.keys.clone(),
            look: screen::look(&cli.screen),
        }
    }
}

struct Known {
    held: Held,
    /// What was wrong when it was read last, and told.
    wrong: Option<String>,
}

impl Known {
    fn again(&mut self, source: &Source) -> Option<Message> {
        let mut cli = Cli::from_arg_matches(&source.matches).ok()?;
        if let Err(ended) = settle(&mut cli, &source.matches, &variable) {
            let line = format!("{}; all stays as it was", in_one_line(&ended.line));
            let is_new = self.wrong.as_ref() != Some(&line);
            self.wrong = Some(line.clone());
            return is_new.then_some(Message::Problem(line));
        }
        let was_wrong = self.wrong.take().is_some();
        let before = std::mem::replace(&mut self.held, Held::of(&cli));
        if before == self.held {
            return was_wrong.then(|| Message::Said("settings: as they were".to_owned()));
        }
        Some(Message::Settings(Box::new(NewSettings {
            keys: self.held.keys.clone(),
            time_zone: screen::time_zone(&cli.log),
            retention: SignedDuration::try_from(cli.screen.retention).unwrap_or(SignedDuration::MAX),
            look: (before.look != self.held.look).then(|| NewLook {
                theme: self.held.look.theme.name().into(),
                is_ascii: self.held.look.glyphs == Glyphs::Ascii,
            }),
            said: said(&before, &self.held),
        })))
    }
}

/// What became of the settings, in one line: `settings: theme light, keys; namespace: from the next start`.
fn said(before: &Held, after: &Held) -> String {
    let values = SETTINGS.iter().zip(before.values.iter().zip(&after.values));
    let (mut now, mut later): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (setting, (_, after)) in values.filter(|(_, (before, after))| before != after) {
        if is_at_once(setting) {
            now.push(match after {
                Json::String(value) => format!("{} {value}", setting.name()),
                Json::Bool(_) => format!("{} {after}", setting.name()),
                Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => setting.name(),
            });
        } else {
            later.push(setting.name());
        }
    }
    if before.keys != after.keys {
        now.push("keys".to_owned());
    }
    let later = (!later.is_empty()).then(|| format!("{}: from the next start", later.join(", ")));
    let now = (!now.is_empty()).then(|| now.join(", "));
    let parts: Vec<String> = now.into_iter().chain(later).collect();
    format!("settings: {}", parts.join("; "))
}

fn is_at_once(setting: &Setting) -> bool {
    AT_ONCE.contains(&setting.id)
}

/// The first of several lines, and how many follow.
fn in_one_line(lines: &str) -> String {
    let first = lines.lines().next().unwrap_or_default();
    match lines.lines().count() {
        0 | 1 => first.to_owned(),
        count => format!("{first} (and {} more)", count - 1),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory as _;

    use super::*;

    /// A run with these arguments over this file, whose next readings are given.
    fn run(path: &Path, arguments: &[&str]) -> SettingsFile {
        let path = path.to_str().unwrap();
        let arguments = [&["sidescope", "--config", path], arguments].concat();
        let matches = Cli::command().try_get_matches_from(arguments).unwrap();
        let mut cli = Cli::from_arg_matches(&matches).unwrap();
        settle(&mut cli, &matches, &|_: &str| None).unwrap();
        follow(&cli).unwrap()
    }

    fn settings(message: Option<Message>) -> NewSettings {
        match message {
            Some(Message::Settings(settings)) => *settings,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_changes_holds_at_once_or_from_the_next_start_and_flags_still_win() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "").unwrap();
        let file = run(&path, &["--retention", "1m"]);
        assert_eq!(file.again(), None, "nothing changed");
        let text = "theme = 'light'\nutc = true\nretention = '5m'\nnamespace = 'shop'\n[keys]\ndescribe = 'X'\n";
        std::fs::write(&path, text).unwrap();
        let new = settings(file.again());
        assert_eq!(
            new.said,
            "settings: theme light, utc true, keys; namespace: from the next start"
        );
        assert_eq!(new.retention, SignedDuration::from_mins(1), "the flag wins");
        assert_eq!(new.time_zone, jiff::tz::TimeZone::UTC);
        assert_eq!(new.look.unwrap().theme, "light");
        // without the line it is as it was; a look that did not change is not asked for again
        std::fs::write(&path, "theme = 'light'\n").unwrap();
        let new = settings(file.again());
        assert_eq!(new.look, None);
        assert_eq!(new.keys, Keymap::default());
    }

    #[test]
    fn a_mistake_is_told_once_with_its_line_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "theme = 'dark'\n").unwrap();
        let file = run(&path, &[]);
        std::fs::write(&path, "theme = 'dark'\nutcc = true\nthem = 1\n").unwrap();
        let Some(Message::Problem(line)) = file.again() else {
            panic!("no problem")
        };
        assert!(
            line.contains("config.toml:2: no setting 'utcc': did you mean 'utc'?"),
            "{line}"
        );
        assert!(line.ends_with(" (and 1 more); all stays as it was"), "{line}");
        assert_eq!(file.again(), None, "once");
        std::fs::write(&path, "theme = 'dark'\n").unwrap();
        assert_eq!(file.again(), Some(Message::Said("settings: as they were".to_owned())));
    }
}
