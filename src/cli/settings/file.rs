//! The settings file: where it is, and what each of its lines says.
//!
//! Not here: what a value means (the table's own parsers). No mistake is passed over: an unknown name and a wrong type are
//! errors that say file and line.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::super::exit::Ended;
use super::table::{PATHS, Put, SETTINGS, Setting};
use super::{Value, wrong};
use crate::mesh::model::nearest;
use crate::runtime::open;

/// Settings are never so long.
const MOST_BYTES: u64 = 1 << 20;

/// What a settings file says.
#[derive(Default)]
pub(super) struct File {
    path: PathBuf,
    /// In the order of its lines.
    pub(super) values: Vec<Line>,
    /// `[keys]`: actions with their keys, in the order of lines.
    pub(super) keys: Vec<KeyLine>,
}

/// A line of `[keys]`.
pub(super) struct KeyLine {
    pub(super) action: String,
    pub(super) keys: Vec<String>,
    /// The number of its line, from 1.
    pub(super) at: usize,
}

/// A setting in the file.
pub(super) struct Line {
    pub(super) setting: &'static Setting,
    pub(super) value: Value,
    /// The number of its line, from 1.
    pub(super) at: usize,
}

impl File {
    /// A problem with the value of a line.
    pub(super) fn say(&self, at: usize, name: impl AsRef<str>, problem: &str) -> String {
        format!("{}:{at}: '{}': {problem}", self.path.display(), name.as_ref())
    }
}

/// Where the file is, and whether somebody asked for it: then it has to be there.
pub(super) fn path(flag: Option<&Path>, variable: &impl Fn(&str) -> Option<String>) -> (Option<PathBuf>, bool) {
    let asked = flag
        .map(Path::to_owned)
        .or_else(|| variable("SIDESCOPE_CONFIG").map(PathBuf::from));
    if asked.is_some() {
        return (asked, true);
    }
    // a relative path counts as none, as the specification of XDG asks
    let base = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(Path::new(&variable("HOME")?).join(".config")));
    (base.map(|base| base.join("sidescope").join("config.toml")), false)
}

/// Reads it; nothing if it is not there and need not be.
pub(super) fn read(path: &Path, is_asked_for: bool, home: Option<&str>) -> Result<Option<File>, Ended> {
    let text = match bounded(path) {
        Ok(text) => text,
        // a home that is no folder has none either
        Err(error) if is_absent(&error) && !is_asked_for => return Ok(None),
        Err(error) => return Err(wrong(format!("cannot read settings of '{}': {error}", path.display()))),
    };
    parse(path, &text, home)
        .map(Some)
        .map_err(|problems| wrong(problems.join("\n")))
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The text of a file that may be anything: a device without end, a pipe that nobody writes into.
fn bounded(path: &Path) -> std::io::Result<String> {
    let text = open::text(path, MOST_BYTES)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MOST_BYTES {
        return Err(std::io::Error::other("it is longer than settings ever are (1 MiB)"));
    }
    Ok(text)
}

/// Takes the text apart; `~/` of a path is `home`.
pub(super) fn parse(path: &Path, text: &str, home: Option<&str>) -> Result<File, Vec<String>> {
    let line_of = |offset: usize| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    let mut file = File {
        path: path.to_owned(),
        ..File::default()
    };
    let table = DeTable::parse(text).map_err(|error| {
        let at = line_of(error.span().map_or(0, |span| span.start));
        vec![format!("{}:{at}: {}", path.display(), error.message())]
    })?;
    let mut names: Vec<String> = SETTINGS.iter().map(Setting::name).collect();
    names.push("keys".to_owned());
    let mut problems = Vec::new();
    for (key, value) in table.get_ref() {
        let (name, at) = (key.get_ref().as_ref(), line_of(key.span().start));
        if name == "keys" {
            let Some(table) = value.get_ref().as_table() else {
                problems.push(file.say(at, name, "expected a table: [keys], then lines such as describe = 'X'"));
                continue;
            };
            for (key, value) in table {
                let (action, at) = (key.get_ref().to_string(), line_of(key.span().start));
                match texts(value.get_ref()) {
                    Some(keys) => file.keys.push(KeyLine { action, keys, at }),
                    None => problems.push(file.say(
                        at,
                        action,
                        &format!("expected {}", Put::Texts(|_, _| Ok(())).expected()),
                    )),
                }
            }
            continue;
        }
        let Some((setting, _)) = SETTINGS.iter().zip(&names).find(|(_, other)| *other == name) else {
            let near = nearest(name, &names).map_or_else(
                || "'sidescope config' lists all".to_owned(),
                |near| format!("did you mean '{near}'?"),
            );
            problems.push(format!("{}:{at}: no setting '{name}': {near}", path.display()));
            continue;
        };
        match value_of(value.get_ref(), setting, home) {
            Ok(value) => file.values.push(Line { setting, value, at }),
            Err(problem) => problems.push(file.say(at, name, &problem)),
        }
    }
    file.values.sort_by_key(|line| line.at);
    file.keys.sort_by_key(|line| line.at);
    problems.sort_by_key(|problem| line_number(problem, path));
    if problems.is_empty() { Ok(file) } else { Err(problems) }
}

/// Problems are told in the order of lines.
fn line_number(problem: &str, path: &Path) -> usize {
    let rest = problem.strip_prefix(&*path.display().to_string());
    let number = rest.and_then(|rest| rest.split(':').nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A text, or a list of them.
fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    let text = |value: &DeValue<'_>| value.as_str().map(str::to_owned);
    match value.as_array() {
        Some(items) => items.iter().map(|item| text(item.get_ref())).collect(),
        None => text(value).map(|text| vec![text]),
    }
}

fn value_of(value: &DeValue<'_>, setting: &Setting, home: Option<&str>) -> Result<Value, String> {
    let wrong = || format!("is of type {}, expected {}", value.type_str(), setting.put.expected());
    let text = |value: &DeValue<'_>| value.as_str().map(|text| at_home(text, setting, home));
    match setting.put {
        Put::Text(_) => text(value).map(Value::Text),
        Put::Switch(_) => value.as_bool().map(Value::Switch),
        Put::Texts(_) => texts(value).map(Value::Texts),
    }
    .ok_or_else(wrong)
}

/// A path that begins with `~/`, from the home.
fn at_home(text: &str, setting: &Setting, home: Option<&str>) -> String {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) if PATHS.contains(&setting.id) => format!("{home}/{rest}"),
        (Some(_) | None, _) => text.to_owned(),
    }
}
