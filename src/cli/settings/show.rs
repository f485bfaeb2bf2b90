//! `sidescope config`: each setting, its value, and where it comes from; and the table of them for README.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::super::args::{Cli, ConfigArgs, ConfigFormat};
use super::super::exit::{Ended, Exit};
use super::super::print;
use super::table::{Put, SETTINGS, Setting};
use super::{Origin, Settled};
use crate::app::view::Shown;
use crate::output::{Language, Report};

/// Prints them.
pub(in crate::cli) fn show(cli: &Cli, settled: &Settled, args: &ConfigArgs) -> Result<Exit, Ended> {
    if args.keys {
        print::out(&keys(cli))?;
        return Ok(Exit::Ok);
    }
    match args.output {
        ConfigFormat::Table => print::out(&table(cli, settled))?,
        ConfigFormat::Json => print::document(&document(cli, settled), Language::Json)?,
    }
    Ok(Exit::Ok)
}

/// Lines of NAME, VALUE, FROM; before them, on a line of its own, the file.
pub(super) fn table(cli: &Cli, settled: &Settled) -> String {
    let file = match &settled.file {
        Some(path) if settled.is_there => format!("# settings of {}", shown(&path.display().to_string())),
        Some(path) => format!(
            "# no settings file: {} is not there",
            shown(&path.display().to_string())
        ),
        None => "# no settings file: neither HOME nor XDG_CONFIG_HOME is set".to_owned(),
    };
    let mut rows = vec![["SETTING", "VALUE", "FROM"].map(str::to_owned)];
    for (setting, origin) in SETTINGS.iter().zip(&settled.origins) {
        rows.push([setting.name(), words(&(setting.get)(cli)), settled.words(origin)]);
    }
    for (name, keys, at) in settled.remapped(cli) {
        rows.push([format!("keys.{name}"), keys, settled.words(&Origin::Line(at))]);
    }
    let rows: Vec<[Shown; 3]> = rows.iter().map(|row| row.each_ref().map(|cell| shown(cell))).collect();
    let width = |column: fn(&[Shown; 3]) -> &Shown| rows.iter().map(|row| column(row).width()).max();
    let (first, second) = (width(|row| &row[0]).unwrap_or(0), width(|row| &row[1]).unwrap_or(0));
    let gap = |cell: &Shown, width: usize| " ".repeat(width.saturating_sub(cell.width()) + 2);
    let mut text = format!("{file}\n");
    for [name, value, from] in &rows {
        let _ = writeln!(text, "{name}{}{value}{}{from}", gap(name, first), gap(value, second));
    }
    text
}

fn shown(text: &str) -> Shown {
    Shown::from(text)
}

/// `{kind: Settings, file, items: [{name, value, from: flag|environment|file|default, variable?, line?}]}`
pub(super) fn document(cli: &Cli, settled: &Settled) -> Report<'static> {
    let items = SETTINGS.iter().zip(&settled.origins).map(|(setting, origin)| {
        let mut item = json!({ "name": setting.name(), "value": (setting.get)(cli) });
        let (from, detail) = match origin {
            Origin::Flag => ("flag", None),
            Origin::Variable(name) => ("environment", Some(("variable", json!(name)))),
            Origin::Line(at) => ("file", Some(("line", json!(at)))),
            Origin::Default => ("default", None),
        };
        if let Json::Object(fields) = &mut item {
            fields.insert("from".to_owned(), json!(from));
            fields.extend(detail.map(|(name, value)| (name.to_owned(), value)));
        }
        item
    });
    let keys = settled.remapped(cli);
    let keys = keys
        .iter()
        .map(|(name, keys, at)| json!({ "name": format!("keys.{name}"), "value": keys, "from": "file", "line": at }));
    let mut body = Map::new();
    body.insert(
        "file".to_owned(),
        json!(settled.file.as_ref().filter(|_| settled.is_there)),
    );
    body.insert("items".to_owned(), items.chain(keys).collect());
    Report {
        kind: "Settings",
        body,
        ..Report::default()
    }
}

/// Lines of ACTION, KEYS, WHAT.
fn keys(cli: &Cli) -> String {
    let mut text = format!("{:<18}  {:<16}  WHAT\n", "ACTION", "KEYS");
    for (name, keys, help) in cli.screen.keys.list() {
        let _ = writeln!(text, "{name:<18}  {keys:<16}  {help}");
    }
    text
}

impl Settled {
    /// Actions whose keys the file says: name, keys, line.
    fn remapped(&self, cli: &Cli) -> Vec<(String, String, usize)> {
        let all = cli.screen.keys.list();
        let line = |(name, at): &(String, usize)| {
            let (_, keys, _) = all.iter().find(|(other, ..)| other == name)?;
            Some((name.clone(), keys.clone(), *at))
        };
        self.keys.iter().filter_map(line).collect()
    }

    fn words(&self, origin: &Origin) -> String {
        match origin {
            Origin::Flag => "flag".to_owned(),
            Origin::Variable(name) => format!("environment {name}"),
            Origin::Line(at) => match &self.file {
                Some(path) => format!("{}:{at}", path.display()),
                None => format!("line {at}"),
            },
            Origin::Default => "default".to_owned(),
        }
    }
}

/// A value in one line; `-`: nothing is said, so what the flag's own words say holds.
fn words(value: &Json) -> String {
    match value {
        Json::Null => "-".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(","),
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => value.to_string(),
    }
}

/// A setting in words, made from its flag.
pub(in crate::cli) struct Reference {
    pub(in crate::cli) name: String,
    /// Its variable of the environment.
    pub(in crate::cli) variable: String,
    /// What stands in the file, in a word or two.
    pub(in crate::cli) kind: &'static str,
    /// As in Markdown; empty if it has none.
    pub(in crate::cli) default: String,
    pub(in crate::cli) help: String,
}

/// Every setting in words.
pub(in crate::cli) fn reference() -> Vec<Reference> {
    SETTINGS.iter().map(words_of).collect()
}

fn words_of(setting: &Setting) -> Reference {
    let flag = setting.flag();
    let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
    let (help, in_words) = match help.split_once(" [default: ") {
        Some((help, default)) => (help.to_owned(), default.trim_end_matches(']').to_owned()),
        None => (help, String::new()),
    };
    let defaults = flag.get_default_values().iter();
    let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
    let default = if defaults.is_empty() {
        in_words
    } else {
        format!("`{}`", defaults.join(","))
    };
    let kind = match setting.put {
        Put::Text(_) => "text",
        Put::Texts(_) => "text or list",
        Put::Switch(_) => "true, false",
    };
    let values = flag.get_possible_values();
    let names: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
    let choices = if matches!(setting.put, Put::Text(_)) && !names.is_empty() {
        format!(": {}", names.join(", "))
    } else {
        String::new()
    };
    Reference {
        name: setting.name(),
        variable: setting.variable(),
        kind,
        default,
        help: help + &choices,
    }
}

/// The table of settings for README, in Markdown.
#[cfg(test)]
pub(super) fn markdown() -> String {
    let mut text = String::from("| setting | type | default | |\n|---|---|---|---|\n");
    for one in reference() {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            one.name, one.kind, one.default, one.help
        );
    }
    text
}
