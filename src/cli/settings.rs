//! Settings: what holds for every run, until a flag says otherwise.
//!
//! A setting is a flag that may also stand in the environment and in the settings file. [`SETTINGS`] is the one table of
//! them: the file is read by it, `config` prints it, README lists it. Its names, words, defaults and possible values are
//! those of the flags, so that no setting can mean another thing than its flag.
//!
//! A flag wins over the environment, that over the file, that over the default. All that stands in the file is checked,
//! also what a flag overrides: a mistake shows at once, not on the day when it counts.

mod again;
mod file;
mod show;
mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory as _, FromArgMatches as _};

pub(super) use self::again::{Source, follow};
use self::file::File;
pub(super) use self::show::{reference, show};
use self::table::{About, OPPOSITES, Put, SETTINGS, Setting};
use super::args::{Cli, Command};
use super::exit::{Ended, Exit};
use crate::app::Keymap;

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// The command line.
    Flag,
    /// This variable of the environment.
    Variable(String),
    /// This line of the settings file.
    Line(usize),
    /// Nobody said anything.
    Default,
}

/// A value as it stands in the environment or in the file.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Value {
    Text(String),
    Texts(Vec<String>),
    Switch(bool),
}

/// Which settings hold, and since when.
#[derive(Debug)]
pub(super) struct Settled {
    /// The settings file, whether or not it is there; absent where there is no home.
    file: Option<PathBuf>,
    /// Whether the file is there.
    is_there: bool,
    /// Of each setting, in the order of the table.
    origins: Vec<Origin>,
    /// Actions whose keys the file says, each with its line.
    keys: Vec<(String, usize)>,
}

/// Lets environment and file say what the flags do not. `matches` is what `cli` was made from.
///
/// # Errors
/// A file that cannot be read or was asked for and is not there; any value, in file or environment, that is none.
pub(super) fn settle(
    cli: &mut Cli,
    matches: &ArgMatches,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Settled, Ended> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let (path, is_asked_for) = file::path(cli.screen.config.as_deref(), &variable);
    let file = match &path {
        Some(path) => file::read(path, is_asked_for, variable("HOME").as_deref())?,
        None => None,
    };
    let is_there = file.is_some();
    let file = file.unwrap_or_default();
    cli.screen.source = path.clone().map(|path| {
        let matches = matches.clone();
        Arc::new(Source { path, matches })
    });
    let keys = check(&file, matches)?;
    if About::Look.holds_for(cli.command.as_ref()) {
        cli.screen.keys = keys;
    }
    let environment = environment(&variable)?;
    let mut origins = Vec::new();
    for setting in SETTINGS {
        let said = |setting: &Setting| Said {
            flag: setting.is_flagged(matches),
            variable: environment.iter().find(|(other, ..)| other.id == setting.id),
            line: file.values.iter().find(|line| line.setting.id == setting.id),
        };
        let own = said(setting);
        // who says 'all namespaces' now does not mean the one of the file
        let rival = setting.rival.and_then(find).map(said);
        let level = rival.map_or(Level::Nothing, |rival| rival.level());
        let origin = match (own.level(), own.variable, own.line) {
            (Level::Flag, ..) => Origin::Flag,
            _ if !setting.about.holds_for(cli.command.as_ref()) || own.level() < level => Origin::Default,
            (_, Some((_, name, value)), _) => {
                put(cli, setting, value).map_err(|problem| wrong(format!("{name}: {problem}")))?;
                Origin::Variable(name.clone())
            }
            (_, None, Some(line)) => {
                put(cli, setting, &line.value).map_err(|problem| wrong(file.say(line.at, setting.name(), &problem)))?;
                Origin::Line(line.at)
            }
            (_, None, None) => Origin::Default,
        };
        origins.push(origin);
    }
    Ok(Settled {
        file: path,
        is_there,
        origins,
        keys: file.keys.into_iter().map(|line| (line.action, line.at)).collect(),
    })
}

/// Who says what a setting is.
struct Said<'a> {
    flag: bool,
    variable: Option<&'a (&'static Setting, String, Value)>,
    line: Option<&'a file::Line>,
}

/// How much a voice counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Level {
    Nothing,
    File,
    Environment,
    Flag,
}

impl Said<'_> {
    fn level(&self) -> Level {
        if self.flag {
            Level::Flag
        } else if self.variable.is_some() {
            Level::Environment
        } else if self.line.is_some() {
            Level::File
        } else {
            Level::Nothing
        }
    }
}

fn wrong(line: String) -> Ended {
    Ended::new(Exit::Usage, line)
}

fn find(id: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.id == id)
}

/// Which keys the settings file of this text asks for, all its lines checked; `path` is what problems call the file.
///
/// # Errors
/// A line for each line of the file that is none.
pub fn keys_of(path: &Path, text: &str) -> Result<Keymap, Ended> {
    let file = file::parse(path, text, None).map_err(|problems| wrong(problems.join("\n")))?;
    let matches = Cli::command().try_get_matches_from(["sidescope"]);
    let matches = matches.map_err(|error| Ended::new(Exit::Internal, error.to_string()))?;
    check(&file, &matches)
}

/// Fails where a line of the file is none, whether or not it would be used, naming all such lines. What keys do.
fn check(file: &File, matches: &ArgMatches) -> Result<Keymap, Ended> {
    let mut scratch = Cli::from_arg_matches(matches).map_err(|error| Ended::new(Exit::Internal, error.to_string()))?;
    let mut problems = Vec::new();
    for line in &file.values {
        if let Err(problem) = put(&mut scratch, line.setting, &line.value) {
            problems.push(file.say(line.at, line.setting.name(), &problem));
        }
        let rival = line.setting.rival.and_then(find);
        let rival = rival.and_then(|rival| {
            file.values
                .iter()
                .find(|other| other.setting.id == rival.id && other.at < line.at)
        });
        if let Some(rival) = rival {
            let problem = format!(
                "'{}' of line {} says otherwise: keep one",
                rival.setting.name(),
                rival.at
            );
            problems.push(file.say(line.at, line.setting.name(), &problem));
        }
    }
    let wanted: Vec<(String, Vec<String>)> = file
        .keys
        .iter()
        .map(|line| (line.action.clone(), line.keys.clone()))
        .collect();
    let keys = Keymap::of(&wanted).unwrap_or_else(|wrong_keys| {
        for (place, problem) in wrong_keys {
            problems.extend(
                file.keys
                    .get(place)
                    .map(|line| file.say(line.at, &line.action, &problem)),
            );
        }
        Keymap::default()
    });
    if problems.is_empty() {
        Ok(keys)
    } else {
        Err(wrong(problems.join("\n")))
    }
}

/// What the environment says.
fn environment(variable: &impl Fn(&str) -> Option<String>) -> Result<Vec<(&'static Setting, String, Value)>, Ended> {
    let mut said = Vec::new();
    for setting in SETTINGS {
        let name = setting.variable();
        let Some(text) = variable(&name) else { continue };
        let value = match setting.put {
            Put::Text(_) => Value::Text(text),
            Put::Texts(_) => Value::Texts(text.split(',').map(|part| part.trim().to_owned()).collect()),
            Put::Switch(_) => Value::Switch(match text.as_str() {
                "true" | "1" => true,
                "false" | "0" => false,
                _ => return Err(wrong(format!("{name}: '{text}' is neither true nor false"))),
            }),
        };
        said.push((setting, name, value));
    }
    Ok(said)
}

/// Makes a value hold.
fn put(cli: &mut Cli, setting: &Setting, value: &Value) -> Result<(), String> {
    match (setting.put, value) {
        (Put::Text(put), Value::Text(text)) => put(cli, text),
        (Put::Texts(put), Value::Texts(texts)) => put(cli, texts),
        (Put::Switch(put), Value::Switch(on)) => {
            put(cli, *on);
            Ok(())
        }
        (Put::Text(_) | Put::Texts(_) | Put::Switch(_), Value::Text(_) | Value::Texts(_) | Value::Switch(_)) => {
            Err(format!("expected {}", setting.put.expected()))
        }
    }
}

impl About {
    /// Whether environment and file count for this command.
    fn holds_for(self, command: Option<&Command>) -> bool {
        let is_demo = matches!(command, Some(Command::Demo(_)));
        let is_start = matches!(command, None | Some(Command::Config(_)));
        match self {
            // the demo is a cluster of its own
            About::Cluster => !is_demo,
            About::Start => is_start,
            About::Look => is_start || is_demo || matches!(command, Some(Command::Replay(_))),
            About::Everything => true,
        }
    }
}

impl Setting {
    /// Its name in the file: that of its flag.
    fn name(&self) -> String {
        self.flag().get_long().unwrap_or(self.id).to_owned()
    }

    /// Its variable of the environment.
    fn variable(&self) -> String {
        format!("SIDESCOPE_{}", self.name().to_uppercase().replace('-', "_"))
    }

    /// Whether the command line says it, in either way.
    fn is_flagged(&self, matches: &ArgMatches) -> bool {
        let opposite = OPPOSITES.iter().find(|(id, _)| *id == self.id).map(|(_, other)| *other);
        let mut flags = std::iter::once(self.id).chain(opposite);
        flags.any(|flag| matches.value_source(flag) == Some(ValueSource::CommandLine))
    }

    /// Its flag.
    fn flag(&self) -> Arg {
        let command = Cli::command();
        let flag = command.get_arguments().find(|argument| argument.get_id() == self.id);
        flag.cloned().unwrap_or_else(|| Arg::new(self.id))
    }
}

#[cfg(test)]
mod tests;
