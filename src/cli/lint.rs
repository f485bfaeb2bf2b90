//! `lint`: what is wrong, where, what follows and what to do; with drafts, what they would add.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::args::{Cli, LintArgs, ReportArgs, ReportFormat};
use super::drafts::{Drafts, Said};
use super::exit::{Ended, Exit};
use super::{headless, input, print};
use crate::app::Namespaces;
use crate::app::view::Shown;
use crate::app::view::counted;
use crate::mesh::lint::{self, Finding, LINTS, Level, Lint};
use crate::mesh::model::{Key, Kind, Text, brief};
use crate::mesh::scope;
use crate::mesh::world::World;
use crate::output::{self, Language, Report, Sheet, SheetRow};

/// A finding, and whether the drafts bring it.
type Marked = (Finding, bool);

/// Prints what is wrong; the exit code says whether any of it is an error.
pub(super) async fn lint(cli: &Cli, args: &LintArgs) -> Result<Exit, Ended> {
    if args.list {
        return list(&args.report);
    }
    input::check_standard_input(args.from.from.iter().chain(&args.drafts.with))?;
    let mut drafts = Drafts::read(&args.drafts.with, &[])?;
    let kinds = scope::needed_kinds();
    let (input, shown) = headless::gather_objects(cli, &args.from, kinds, Kind::Sidecar, None).await?;
    let at = input.as_of();
    let mut world = input.world().clone();
    drafts.apply(&mut world, &input.home(&cli.scope, None), at)?;
    drafts.say();
    let settings = input::settings(&cli.cluster);
    let level = Level::from(args.level);
    let drafted: BTreeSet<(Kind, &Key)> = drafts.keys().collect();
    let known = if drafted.is_empty() {
        Vec::new()
    } else {
        lint::lint(input.world(), &settings)
    };
    let known: BTreeSet<_> = known.iter().map(Finding::identity).collect();
    let mut found: Vec<Marked> = Vec::new();
    let mut elsewhere = 0;
    for finding in lint::lint(&world, &settings) {
        let is_new = !drafted.is_empty() && !known.contains(&finding.identity());
        let (kind, key) = &finding.object;
        let is_drafted = drafted.contains(&(*kind, key));
        // what drafts bring is shown wherever it is
        if finding.lint.level >= level && (is_new || is_drafted || shows(&shown, *kind, key)) {
            found.push((finding, is_new));
        } else if finding.lint.level >= level {
            elsewhere += 1;
        }
    }
    let mut missing = headless::missing(&world, kinds);
    missing.extend(input.strange(kinds));
    let unchecked = unchecked(&world, level);
    let body = || body(&found, &unchecked, &drafts.said, !drafted.is_empty());
    let report = || Report {
        kind: "FindingList",
        as_of: Some(at),
        missing: missing.clone(),
        body: body(),
        ..Report::default()
    };
    match args.report.format {
        ReportFormat::Json => print::document(&report(), Language::Json)?,
        ReportFormat::Yaml => print::document(&report(), Language::Yaml)?,
        ReportFormat::Table => {
            if !found.is_empty() {
                let sheet = sheet(&found, !drafted.is_empty());
                print::out(&output::table(&sheet, !args.report.no_headers))?;
            }
            let mut line = summary(&found, &unchecked, &shown);
            if elsewhere > 0 {
                let _ = write!(line, "; {elsewhere} more in other namespaces: see them with -A");
            }
            print::err(&line);
        }
    }
    let exit = headless::say_incomplete(&missing);
    // warnings are no reason to stop a pipeline, as for 'istioctl analyze'
    let has_errors = found.iter().any(|(finding, _)| finding.lint.level == Level::Error);
    Ok(if exit == Exit::Ok && has_errors { Exit::No } else { exit })
}

/// A namespace is shown with what is in it.
fn shows(shown: &Namespaces, kind: Kind, key: &Key) -> bool {
    let namespace = if kind == Kind::Namespace {
        &key.name
    } else {
        &key.namespace
    };
    shown.shows(namespace)
}

/// Codes of what could not be checked, with the kinds that lack.
fn unchecked(world: &World, level: Level) -> Vec<(&'static str, &'static str)> {
    let lints = lint::unchecked(world).filter(|lint| lint.level >= level);
    let lacking = lints.map(|lint| {
        let lacks = lint.needs.iter().find(|kind| world.count(**kind) == 0);
        (lint.code, lacks.map_or("", |kind| kind.plural()))
    });
    lacking.collect()
}

fn body(found: &[Marked], unchecked: &[(&str, &str)], said: &Said, has_drafts: bool) -> Map<String, Value> {
    let items = found.iter().map(|(finding, is_new)| {
        let mut fields = fields(finding);
        if has_drafts {
            fields.insert("new".to_owned(), json!(is_new));
        }
        Value::Object(fields)
    });
    let mut body = Map::new();
    body.insert("items".to_owned(), items.collect());
    let lacking = unchecked.iter().map(|(code, kind)| json!({ "code": code, "no": kind }));
    body.insert("unchecked".to_owned(), lacking.collect());
    for (name, lines) in said.lists() {
        body.insert(name.to_owned(), json!(lines));
    }
    body
}

fn fields(finding: &Finding) -> Map<String, Value> {
    let (kind, key) = &finding.object;
    let object = json!({ "kind": kind.name(), "namespace": key.namespace.as_str(), "name": key.name.as_str() });
    let fields = [
        ("code", json!(finding.lint.code)),
        ("level", json!(finding.lint.level.as_str())),
        ("analyzer", json!(finding.lint.analyzer)),
        ("object", object),
        ("field", json!(finding.field)),
        ("value", json!(finding.value)),
        ("finds", json!(finding.lint.finds)),
        ("detail", json!(finding.detail)),
        ("consequence", json!(finding.consequence())),
        ("remedy", json!(finding.lint.remedy)),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn row(cells: impl IntoIterator<Item = String>) -> SheetRow {
    SheetRow {
        cells: cells.into_iter().map(Shown::from).collect(),
        ..SheetRow::default()
    }
}

fn sheet(found: &[Marked], has_drafts: bool) -> Sheet {
    let heads = ["CODE", "LEVEL", "OBJECT", "FIELD", "VALUE", "CONSEQUENCE", "REMEDY"];
    let mark = has_drafts.then_some("");
    let line = |(finding, is_new): &Marked| {
        let (kind, key) = &finding.object;
        let sign = has_drafts.then(|| if *is_new { "+" } else { "" }.to_owned());
        let cells = [
            finding.lint.code.to_owned(),
            finding.lint.level.as_str().to_owned(),
            format!("{} {key}", kind.name()),
            finding.field.clone(),
            brief(&finding.value).into_owned(),
            finding.consequence(),
            finding.lint.remedy.to_owned(),
        ];
        row(sign.into_iter().chain(cells))
    };
    Sheet {
        heads: mark.into_iter().chain(heads).map(Shown::from).collect(),
        rows: found.iter().map(line).collect(),
        ..Sheet::default()
    }
}

fn summary(found: &[Marked], unchecked: &[(&str, &str)], shown: &Namespaces) -> String {
    let count = |level: Level| found.iter().filter(|(finding, _)| finding.lint.level == level).count();
    let place = match shown {
        Namespaces::All => "all namespaces".to_owned(),
        Namespaces::Some(names) => {
            let names: Vec<&str> = names.iter().map(Text::as_str).collect();
            format!("namespace {}", names.join(", "))
        }
    };
    let mut line = format!(
        "{}, {}, {} in {place}",
        counted(count(Level::Error), "error"),
        counted(count(Level::Warning), "warning"),
        counted(count(Level::Info), "info")
    );
    let kinds: BTreeSet<&str> = unchecked.iter().map(|(_, kind)| *kind).collect();
    if !kinds.is_empty() {
        let codes: Vec<&str> = unchecked.iter().map(|(code, _)| *code).collect();
        let kinds: Vec<&str> = kinds.into_iter().collect();
        let _ = write!(
            line,
            "; not checked, since there are no {}: {}",
            kinds.join(", "),
            codes.join(" ")
        );
    }
    line
}

/// The table of lints itself.
fn list(report: &ReportArgs) -> Result<Exit, Ended> {
    let fields = |lint: &Lint| {
        json!({
            "code": lint.code,
            "level": lint.level.as_str(),
            "analyzer": lint.analyzer,
            "finds": lint.finds,
            "consequence": lint.follows,
            "remedy": lint.remedy,
        })
    };
    let document = || Report {
        kind: "LintList",
        body: [("items".to_owned(), LINTS.iter().map(fields).collect())]
            .into_iter()
            .collect(),
        ..Report::default()
    };
    match report.format {
        ReportFormat::Json => print::document(&document(), Language::Json)?,
        ReportFormat::Yaml => print::document(&document(), Language::Yaml)?,
        ReportFormat::Table => {
            let line = |lint: &Lint| {
                let cells = [
                    lint.code,
                    lint.level.as_str(),
                    lint.analyzer,
                    lint.finds,
                    lint.follows,
                    lint.remedy,
                ];
                row(cells.map(str::to_owned))
            };
            let heads = ["CODE", "LEVEL", "ISTIOCTL", "FINDS", "CONSEQUENCE", "REMEDY"];
            let sheet = Sheet {
                heads: heads.map(Shown::from).to_vec(),
                rows: LINTS.iter().map(line).collect(),
                ..Sheet::default()
            };
            print::out(&output::table(&sheet, !report.no_headers))?;
        }
    }
    Ok(Exit::Ok)
}
