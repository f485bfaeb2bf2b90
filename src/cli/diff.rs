//! `diff`: rows gained, lost and changed, by drafts, without objects, between pods or dumps; who else is concerned.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::args::{Cli, DiffArgs, ReportArgs, ReportFormat};
use super::drafts::{self, Drafts};
use super::exit::{Ended, Exit};
use super::reference::PodReference;
use super::rows::{self, EndpointTableOf};
use super::{headless, input, print};
use crate::app::Namespaces;
use crate::app::view::Shown;
use crate::app::view::counted;
use crate::app::view::table::endpoints::EndpointRow;
use crate::mesh::diff::{Compared, Impact, Radius, Weights, WhatIf};
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::scope::{self, Class, EndpointTable, Governing, Row, Weight};
use crate::mesh::world::World;
use crate::output::{self, Chosen, Columns, Entry, Language, Report, Sheet, SheetRow};

/// Prints what differs; the exit code says whether anything does.
pub(super) async fn diff(cli: &Cli, args: &DiffArgs) -> Result<Exit, Ended> {
    let pod = args.pod.as_deref().map(PodReference::parse).transpose()?;
    let other = args.other.as_deref().map(PodReference::parse).transpose()?;
    let dumps = args.from.from.iter().chain(&args.to);
    input::check_standard_input(dumps.chain(&args.drafts.with))?;
    let mut drafts = Drafts::read(&args.drafts.with, &args.without)?;
    let kinds = scope::needed_kinds();
    let (input, shown) = headless::gather_objects(cli, &args.from, kinds, Kind::Pod, pod.as_ref()).await?;
    let at = input.as_of();
    let before = input.world();
    let to_path = args.to.as_deref().or(args.to_at.and(args.from.from.as_deref()));
    let to = to_path.map(|path| input::read(cli, path, args.to_at)).transpose()?;
    let mut after = to.as_ref().map_or(before, input::Input::world).clone();
    let default = default_namespace(&shown);
    let pods = match &pod {
        None => None,
        Some(pod) => Some((pod.find(before, &default)?, other.as_ref().unwrap_or(pod))),
    };
    let home = input.home(&cli.scope, pods.as_ref().map(|(pod, _)| pod));
    let changes = drafts.apply(&mut after, &home, at)?;
    drafts.say();
    let settings = input::settings(&cli.cluster);
    let mut what_if = match to {
        Some(_) => WhatIf::between(before, &after, &settings),
        None => WhatIf::after(before, &after, &changes, &settings),
    };
    let mut missing = headless::missing(before, kinds);
    missing.extend(headless::missing(&after, kinds));
    for input in [Some(&input), to.as_ref()].into_iter().flatten() {
        input.say_absent();
        missing.extend(input.strange(kinds));
    }
    missing.dedup();
    let mut answer = Answer::default();
    if let Some((pod, reference)) = pods {
        let other = reference.find(&after, &default)?;
        let is_of_two = pod != other;
        let compared = what_if.compare(&pod, &other);
        let compared = compared.map_err(|(pod, state)| headless::no_such_table(&state, &pod))?;
        answer.rows = Some(Rows::of(&compared, (before, &after), at, is_of_two.then_some(&other))?);
        answer.weights = what_if.weigh(&pod, &other).ok();
        answer.pod = Some((compared, other));
    }
    if args.all_pods {
        answer.radius = Some(what_if.radius());
    }
    answer.said = drafts.said;
    answer.print(&args.report, &missing, at)?;
    let exit = headless::say_incomplete(&missing);
    Ok(if exit == Exit::Ok && answer.differs() {
        Exit::No
    } else {
        exit
    })
}

/// Where a name without a namespace is looked for.
pub(super) fn default_namespace(shown: &Namespaces) -> String {
    let first = input::names(shown).first().map(ToString::to_string);
    first.unwrap_or_else(|| "default".to_owned())
}

/// All that was found out.
#[derive(Default)]
struct Answer {
    pod: Option<(Compared, Key)>,
    rows: Option<Rows>,
    weights: Option<Weights>,
    radius: Option<Radius>,
    said: drafts::Said,
}

/// Rows ready for every format, each with the reason why it differs.
struct Rows {
    added: Vec<(SheetRow, String)>,
    removed: Vec<(SheetRow, String)>,
    changed: Vec<(SheetRow, SheetRow, String)>,
}

impl Rows {
    /// `other` is the second pod, where there are two.
    fn of(
        compared: &Compared,
        (before, after): (&World, &World),
        at: Timestamp,
        other: Option<&Key>,
    ) -> Result<Self, Ended> {
        let columns = rows::endpoint_columns(Chosen::Table);
        let columns = columns.map_err(|error| Ended::new(Exit::Internal, error.to_string()))?;
        let (diff, reasons) = (&compared.diff, &compared.reasons);
        let counts = |row: &Row| row.class != Class::Bootstrap;
        let old = |row: &Row| sheet_row(&columns, row, before, at);
        let new = |row: &Row| sheet_row(&columns, row, after, at);
        let of_removed = |row: &Row| match other {
            Some(other) => reasons.of_missing(row, &other.to_string()),
            None => reasons.of_removed(row),
        };
        let added = diff.added.iter().filter(|(_, row)| counts(row));
        let removed = diff.removed.iter().filter(|(_, row)| counts(row));
        let changed = diff.changed.iter().filter(|(_, row, _)| counts(row));
        Ok(Self {
            added: added.map(|(_, row)| (new(row), reasons.of_added(row))).collect(),
            removed: removed.map(|(_, row)| (old(row), of_removed(row))).collect(),
            changed: changed
                .map(|(_, from, to)| (old(from), new(to), reasons.of_changed(from, to)))
                .collect(),
        })
    }

    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// `added`, `removed`, `changed`, as documents have them.
    fn lists(&self) -> BTreeMap<&'static str, Vec<Entry<'_>>> {
        fn differing((row, reason): &(SheetRow, String)) -> Entry<'_> {
            Entry::Differing { row, reason }
        }
        let changed = self.changed.iter();
        let changed = changed.map(|(before, after, reason)| Entry::Changed { before, after, reason });
        [
            ("added", self.added.iter().map(differing).collect()),
            ("removed", self.removed.iter().map(differing).collect()),
            ("changed", changed.collect()),
        ]
        .into()
    }

    /// The rows with their sign, in the table's order within each sign.
    fn sheet(&self) -> Sheet {
        let line = |sign: &str, row: &SheetRow, old: Option<&SheetRow>, reason: &str| {
            let mut cells = vec![Shown::from(sign)];
            for (at, cell) in row.cells.iter().enumerate() {
                let before = old.and_then(|old| old.cells.get(at)).filter(|before| *before != cell);
                cells.push(match before {
                    Some(before) => Shown::from(format!("{before} -> {cell}")),
                    None => cell.clone(),
                });
            }
            cells.push(Shown::from(reason));
            SheetRow {
                cells,
                ..SheetRow::default()
            }
        };
        let removed = self.removed.iter().map(|(row, reason)| line("-", row, None, reason));
        let added = self.added.iter().map(|(row, reason)| line("+", row, None, reason));
        let changed = self
            .changed
            .iter()
            .map(|(old, new, reason)| line("~", new, Some(old), reason));
        let heads = ["", "ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER", "REASON"];
        Sheet {
            heads: heads.map(Shown::from).to_vec(),
            rows: removed.chain(added).chain(changed).collect(),
            ..Sheet::default()
        }
    }
}

fn sheet_row(columns: &Columns<EndpointTableOf>, row: &Row, world: &World, at: Timestamp) -> SheetRow {
    let behind = row.backend.pod.as_ref().and_then(|key| world.pods.get(key));
    let view = EndpointRow {
        row,
        behind: behind.map(AsRef::as_ref),
        sync: None,
        actual: None,
    };
    SheetRow {
        why: Some(Arc::clone(&row.why)),
        ..columns.row(row.address.to_string(), &view, at)
    }
}

impl Answer {
    /// Rows count, and names in scope: a headless service has no rows, and is reached by its name.
    fn differs(&self) -> bool {
        let in_table = self.rows.as_ref().is_some_and(|rows| !rows.is_empty());
        let in_scope = self.pod.as_ref().is_some_and(|(compared, _)| {
            !compared.diff.hosts_added.is_empty() || !compared.diff.hosts_removed.is_empty()
        });
        let elsewhere = self.radius.as_ref().is_some_and(|radius| !radius.workloads.is_empty());
        in_table || in_scope || elsewhere
    }

    fn print(&self, report: &ReportArgs, missing: &[String], at: Timestamp) -> Result<(), Ended> {
        let document = || Report {
            kind: "EndpointDiff",
            as_of: Some(at),
            missing: missing.to_vec(),
            body: self.body(),
            lists: self.rows.as_ref().map(Rows::lists).unwrap_or_default(),
        };
        match report.format {
            ReportFormat::Json => print::document(&document(), Language::Json),
            ReportFormat::Yaml => print::document(&document(), Language::Yaml),
            ReportFormat::Table => self.tables(report),
        }
    }

    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        let mut say = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        if let Some((compared, _)) = &self.pod {
            say("before", side(&compared.before));
            say("after", side(&compared.after));
            say("hostsAdded", texts(&compared.diff.hosts_added));
            say("hostsRemoved", texts(&compared.diff.hosts_removed));
        }
        if let Some(weights) = &self.weights {
            say("weight", weight(weights));
        }
        for (name, lines) in self.said.lists() {
            say(name, json!(lines));
        }
        if let Some(radius) = &self.radius {
            let pods = json!({ "compared": radius.pods, "affected": radius.affected, "unmatched": radius.unmatched });
            say("pods", pods);
            say("workloads", radius.workloads.iter().map(workload).collect());
        }
        body
    }

    fn tables(&self, report: &ReportArgs) -> Result<(), Ended> {
        if let (Some(rows), Some((compared, other))) = (&self.rows, &self.pod) {
            if !rows.is_empty() {
                print::out(&output::table(&rows.sheet(), !report.no_headers))?;
            }
            print::err(&summary(rows, compared, other));
            if let Some(weights) = &self.weights {
                print::err(&weight_line(weights));
            }
        }
        let Some(radius) = &self.radius else {
            return Ok(());
        };
        if !radius.workloads.is_empty() {
            let between = if self.rows.as_ref().is_some_and(|rows| !rows.is_empty()) {
                "\n"
            } else {
                ""
            };
            let text = output::table(&radius_sheet(radius), !report.no_headers);
            print::out(&format!("{between}{text}"))?;
        }
        let unmatched = match radius.unmatched {
            0 => String::new(),
            count => format!("; {count} have no counterpart and were not compared"),
        };
        print::err(&format!(
            "{} of {} see a difference, in {}{unmatched}",
            radius.affected,
            counted(radius.pods, "pod"),
            counted(radius.workloads.len(), "workload")
        ));
        Ok(())
    }
}

/// One line: how much differs, and the names that come and go without rows.
fn summary(rows: &Rows, compared: &Compared, other: &Key) -> String {
    let pod = &compared.before.pod;
    let (added, removed, changed) = (rows.added.len(), rows.removed.len(), rows.changed.len());
    let is_of_two = pod != other;
    let mut line = if is_of_two {
        format!("-{removed} only on {pod}, +{added} only on {other}, ~{changed} not the same")
    } else {
        format!("{pod}: +{added} -{removed} ~{changed}")
    };
    let ways = if is_of_two {
        [format!("only in scope of {other}"), format!("only in scope of {pod}")]
    } else {
        ["in scope".to_owned(), "out of scope".to_owned()]
    };
    let hosts = [&compared.diff.hosts_added, &compared.diff.hosts_removed];
    for (way, hosts) in ways.into_iter().zip(hosts) {
        if !hosts.is_empty() {
            let names: Vec<&str> = hosts.iter().take(5).map(Text::as_str).collect();
            let more = match hosts.len().saturating_sub(names.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let _ = write!(line, "; {way}: {}{more}", names.join(", "));
        }
    }
    if let Some((before, after)) = &compared.diff.governing {
        let after = compared.reasons.marked(governing(after));
        let _ = if is_of_two {
            write!(line, "; governed by {} and {after}", governing(before))
        } else {
            write!(line, "; governed by {after}, was {}", governing(before))
        };
    }
    line
}

/// One line: how much config that is.
fn weight_line(weights: &Weights) -> String {
    let words = |weight: Weight| {
        let clusters = counted(weight.clusters, "cluster");
        format!("{clusters} and {}", counted(weight.endpoints, "endpoint"))
    };
    format!(
        "config weight: {} before, {} after; {} by default (*/*)",
        words(weights.before),
        words(weights.after),
        words(weights.by_default)
    )
}

fn governing(governing: &Governing) -> String {
    governing
        .key()
        .map_or_else(|| "no Sidecar".to_owned(), |key| format!("Sidecar {key}"))
}

/// Whose table, and by which Sidecar.
fn side(table: &EndpointTable) -> Value {
    json!({
        "pod": { "namespace": table.pod.namespace.as_str(), "name": table.pod.name.as_str() },
        "sidecar": table.governing.key().map(ToString::to_string),
        "revision": table.plane.revision.as_str(),
        "istioVersion": table.plane.version.as_str(),
        "caveats": texts(table.caveats.iter()),
    })
}

/// How much config the first pod is sent, the second, and the first if no Sidecar governed it; without inbound and
/// bootstrap clusters, which no Sidecar's hosts change.
fn weight(weights: &Weights) -> Value {
    let weight = |weight: Weight| json!({ "clusters": weight.clusters, "endpoints": weight.endpoints });
    json!({
        "before": weight(weights.before),
        "after": weight(weights.after),
        "byDefault": weight(weights.by_default),
    })
}

fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Value {
    texts.into_iter().map(|text| json!(text.as_ref())).collect()
}

/// Of the rows it counts those of one pod, the `example`, which sees the greatest difference: not of all together.
fn workload(impact: &Impact) -> Value {
    let sidecar = |governing: &Governing| json!(governing.key().map(ToString::to_string));
    let sidecars = impact.governing.as_ref();
    json!({
        "namespace": impact.namespace.as_str(),
        "kind": impact.workload.kind.as_str(),
        "name": impact.workload.name.as_str(),
        "pods": impact.pods,
        "affected": impact.affected,
        "example": impact.example.name.as_str(),
        "added": impact.added,
        "removed": impact.removed,
        "changed": impact.changed,
        "sidecar": sidecars.map(|(before, after)| json!({ "before": sidecar(before), "after": sidecar(after) })),
        "hostsAdded": texts(&impact.hosts_added),
        "hostsRemoved": texts(&impact.hosts_removed),
    })
}

fn radius_sheet(radius: &Radius) -> Sheet {
    let heads = [
        "NAMESPACE",
        "WORKLOAD",
        "AFFECTED",
        "ADDED EACH",
        "REMOVED EACH",
        "CHANGED EACH",
        "IN SCOPE",
        "OUT OF SCOPE",
    ];
    let line = |impact: &Impact| {
        let names = |hosts: &mut dyn Iterator<Item = &str>| hosts.collect::<Vec<_>>().join(",");
        let cells = [
            impact.namespace.to_string(),
            format!("{}/{}", impact.workload.kind.to_lowercase(), impact.workload.name),
            format!("{}/{}", impact.affected, impact.pods),
            format!("+{}", impact.added),
            format!("-{}", impact.removed),
            format!("~{}", impact.changed),
            names(&mut impact.hosts_added.iter().map(Text::as_str)),
            names(&mut impact.hosts_removed.iter().map(Text::as_str)),
        ];
        SheetRow {
            cells: cells.map(Shown::from).to_vec(),
            ..SheetRow::default()
        }
    };
    Sheet {
        heads: heads.map(Shown::from).to_vec(),
        rows: radius.workloads.iter().map(line).collect(),
        ..Sheet::default()
    }
}
