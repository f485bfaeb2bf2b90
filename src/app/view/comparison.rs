//! What differs, in blocks of lines: head, rows with their reasons beside the object's text, then who else saw it.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::counted;
use super::impact;
use super::table::endpoints::short_host;
use super::table::timeline::{clock as time, telling_fields};
use super::words::{edit_head, fact, heading};
use super::{Line, Role, Span};
use crate::app::comparison::{Comparison, Point, Subject};
use crate::app::study::Unknown;
use crate::app::tables::Clock;
use crate::app::text::Block;
use crate::mesh::diff::{Compared, Radius, Side, TableDiff, Weights, lines};
use crate::mesh::history::{Cause, Edit, Effect};
use crate::mesh::model::Text;
use crate::mesh::scope::{Class, Cluster, Governing, Row, Weight};

/// Rows that are listed one by one; of more a number is given.
const ROWS: usize = 400;
/// Fields, hosts and edits that are named in the head.
const NAMED: usize = 6;
/// Workloads that are named below.
const WORKLOADS: usize = 10;

/// The label of how much config a pod is sent.
const WEIGHT: &str = "Config weight";

/// All that is known by now.
pub(in crate::app) fn blocks(comparison: &Comparison, clock: Clock<'_>) -> Vec<Block> {
    let mut blocks = vec![Block::broken(head(comparison, clock), 16)];
    let rows = match &comparison.rows {
        Some(Ok(compared)) => row_lines(compared, matches!(comparison.subject, Subject::Pods)),
        Some(Err(_)) | None => Vec::new(),
    };
    let text = match &comparison.subject {
        Subject::Edit(edit, _) => {
            let mut text = vec![heading("The object's text, before and after")];
            text.extend(text_lines(edit));
            text
        }
        Subject::Draft(_, (before, after)) => {
            let mut text = vec![heading("The text as it is, and as drafted")];
            text.extend(text_diff(before, after));
            text
        }
        Subject::Happening(..) | Subject::Times(..) | Subject::Pods => Vec::new(),
    };
    let below = radius_lines(comparison.radius.as_ref());
    for part in [pair(rows, text), vec![Block::broken(below, 4)]] {
        let is_blank = part.iter().all(|block| match block {
            Block::Lines { lines, .. } => lines.is_empty(),
            Block::Beside(..) => false,
        });
        if !is_blank {
            blocks.push(Block::broken(vec![Vec::new()], 0));
            blocks.extend(part);
        }
    }
    blocks
}

fn pair(rows: Vec<Line>, text: Vec<Line>) -> Vec<Block> {
    if rows.is_empty() {
        return vec![Block::broken(text, 4)];
    }
    if text.is_empty() {
        return vec![Block::broken(rows, 4)];
    }
    vec![Block::Beside(rows, text)]
}

fn head(comparison: &Comparison, clock: Clock<'_>) -> Vec<Line> {
    let mut lines = match &comparison.subject {
        Subject::Edit(edit, _) => {
            let mut lines = edit_head(edit, clock.now, clock.zone);
            let fields = telling_fields(edit);
            let label = |at: usize| if at == 0 { "Fields" } else { "" };
            let shown = fields.iter().take(NAMED).enumerate();
            lines.extend(shown.map(|(at, field)| fact(label(at), Role::Text, field.as_str())));
            lines.extend(more(fields.len(), "fields"));
            lines
        }
        Subject::Happening(at, cause) => vec![
            fact("Arrived", Role::Number, time(*at, clock.now, clock.zone)),
            fact("What", Role::Text, cause.to_string()),
        ],
        Subject::Times(from, to, edits) => {
            let mut lines = vec![
                fact("From", Role::Number, point(from, "the start", clock)),
                fact("To", Role::Number, point(to, "now", clock)),
            ];
            let label = |at: usize| if at == 0 { "Edits between" } else { "" };
            let told = edits.iter().rev().take(NAMED).enumerate();
            lines.extend(told.map(|(at, edit)| fact(label(at), Role::Text, told_edit(edit, clock))));
            lines.extend(more(edits.len(), "edits"));
            lines
        }
        Subject::Pods => {
            let pods = comparison.pods.iter().flat_map(|(one, two)| [("A", one), ("B", two)]);
            pods.map(|(side, pod)| fact(side, Role::Name, pod.to_string()))
                .collect()
        }
        Subject::Draft(what_if, _) => {
            let notes = what_if.draft.notes.iter();
            notes.map(|note| fact("Note", Role::Warn, note.as_str())).collect()
        }
    };
    lines.extend(effect_lines(comparison));
    lines.extend(weight_line(comparison));
    if comparison.has_radius() {
        lines.push(mesh_line(comparison.radius.as_ref()));
    }
    lines
}

fn more(count: usize, of: &str) -> Option<Line> {
    let more = count.saturating_sub(NAMED);
    (more > 0).then(|| fact("", Role::Dim, format!("and {more} more {of}")))
}

fn told_edit(edit: &Arc<Edit>, clock: Clock<'_>) -> String {
    let at = time(edit.written().unwrap_or(edit.at), clock.now, clock.zone);
    format!("{at} {}", Cause::Edit(Arc::clone(edit)))
}

fn point(point: &Point, otherwise: &str, clock: Clock<'_>) -> String {
    let at = point.at.map(|at| time(at, clock.now, clock.zone));
    let at = at.unwrap_or_else(|| otherwise.to_owned());
    if point.what.is_empty() {
        at
    } else {
        format!("{at}, {}", point.what)
    }
}

/// How many rows of the pod differ, names that came and went, another Sidecar.
fn effect_lines(comparison: &Comparison) -> Vec<Line> {
    let Some((pod, _)) = &comparison.pods else {
        return vec![fact(
            "Rows",
            Role::Dim,
            "no pod is chosen (1): nobody's rows are compared",
        )];
    };
    let label = match comparison.subject {
        Subject::Pods => "Differences".to_owned(),
        Subject::Edit(..) | Subject::Happening(..) | Subject::Times(..) | Subject::Draft(..) => {
            format!("Effect on {pod}: ")
        }
    };
    let mut lines = match &comparison.rows {
        None => return vec![fact(&label, Role::Dim, "being worked out ...")],
        Some(Err(unknown)) => return vec![fact(&label, Role::Warn, unknown_text(unknown))],
        Some(Ok(compared)) if matches!(comparison.subject, Subject::Pods) => sides(&label, compared),
        Some(Ok(compared)) => counts(&label, compared),
    };
    if let Subject::Edit(_, Some(Effect { entries, .. })) = &comparison.subject
        && *entries > 1
    {
        let text = format!("with {} other changes, which came at once", entries - 1);
        lines.push(fact("The timeline counts it together", Role::Dim, text));
    }
    lines
}

fn counts(label: &str, compared: &Compared) -> Vec<Line> {
    let diff = &compared.diff;
    let (added, removed, changed) = countable(diff);
    let mut line = vec![Span::new(Role::Dim, format!("{label:<16}"))];
    if added + removed + changed == 0 {
        line.push(Span::new(Role::Text, "no row differs"));
    } else {
        let numbers = [
            (Role::Added, '+', added),
            (Role::Removed, '-', removed),
            (Role::Changed, '~', changed),
        ];
        line.extend(numbers.into_iter().map(|(role, sign, count)| {
            let role = if count == 0 { Role::Dim } else { role };
            Span::new(role, format!("{sign}{count} "))
        }));
    }
    let mut lines = vec![line];
    let hosts = [
        ("  into scope", Role::Added, &diff.hosts_added),
        ("  out of scope", Role::Removed, &diff.hosts_removed),
    ];
    let hosts = hosts.into_iter().filter(|(_, _, hosts)| !hosts.is_empty());
    lines.extend(hosts.map(|(label, role, hosts)| fact(label, role, names(hosts))));
    if let Some((before, after)) = &diff.governing {
        let text = format!("{}, was {}", governing(after), governing(before));
        lines.push(fact("  governed by", Role::Changed, text));
    }
    lines
}

/// How much config the pods are sent; nothing where there is no table to speak of.
fn weight_line(comparison: &Comparison) -> Option<Line> {
    comparison.pods.as_ref()?;
    let weights = match &comparison.weights {
        None => return Some(fact(WEIGHT, Role::Dim, "being worked out ...")),
        Some(Err(_)) => return None,
        Some(Ok(weights)) => weights,
    };
    let Weights {
        before,
        after,
        by_default,
    } = weights;
    let text = match comparison.subject {
        Subject::Pods => format!("A {}; B {}", weight_text(*before), weight_text(*after)),
        Subject::Edit(..) | Subject::Happening(..) | Subject::Times(..) | Subject::Draft(..) if before == after => {
            format!("{}, as before; {}", weight_text(*before), by_default_text(*by_default))
        }
        Subject::Edit(..) | Subject::Happening(..) | Subject::Times(..) | Subject::Draft(..) => format!(
            "clusters {} -> {}, endpoints {} -> {}; {}",
            before.clusters,
            after.clusters,
            before.endpoints,
            after.endpoints,
            by_default_text(*by_default)
        ),
    };
    Some(fact(WEIGHT, Role::Number, text))
}

/// How much config the Sidecar in force is, and how much it would be without.
pub(in crate::app) fn weight_of(weights: Option<&Result<Weights, Unknown>>) -> Line {
    match weights {
        None => fact(WEIGHT, Role::Dim, "being worked out ..."),
        Some(Err(unknown)) => fact(WEIGHT, Role::Warn, unknown_text(unknown)),
        Some(Ok(weights)) => {
            let (now, by_default) = (weight_text(weights.before), by_default_text(weights.by_default));
            fact(WEIGHT, Role::Number, format!("{now}; {by_default}"))
        }
    }
}

fn weight_text(weight: Weight) -> String {
    let (clusters, endpoints) = (
        counted(weight.clusters, "cluster"),
        counted(weight.endpoints, "endpoint"),
    );
    format!("{clusters}, {endpoints}")
}

fn by_default_text(weight: Weight) -> String {
    format!("by default (*/*) {} and {}", weight.clusters, weight.endpoints)
}

/// How much only one of two pods has, and which Sidecar governs each.
fn sides(label: &str, compared: &Compared) -> Vec<Line> {
    let diff = &compared.diff;
    let (on_b, on_a, differ) = countable(diff);
    let text = match on_a + on_b + differ {
        0 => "no row differs".to_owned(),
        _ => format!("{on_a} only on A, {on_b} only on B, {differ} not the same"),
    };
    let mut lines = vec![fact(label, Role::Text, text)];
    let hosts = [("  only on A", &diff.hosts_removed), ("  only on B", &diff.hosts_added)];
    let hosts = hosts.into_iter().filter(|(_, hosts)| !hosts.is_empty());
    lines.extend(hosts.map(|(label, hosts)| fact(label, Role::Changed, names(hosts))));
    if let Some((a, b)) = &diff.governing {
        let text = format!("A by {}, B by {}", governing(a), governing(b));
        lines.push(fact("  governed", Role::Changed, text));
    }
    lines
}

/// Rows that came, went, differ, without those of Envoy's own.
fn countable(diff: &TableDiff) -> (usize, usize, usize) {
    let count = |rows: &mut dyn Iterator<Item = &Row>| rows.filter(|row| counts_row(row)).count();
    (
        count(&mut diff.added.iter().map(|(_, row)| row)),
        count(&mut diff.removed.iter().map(|(_, row)| row)),
        count(&mut diff.changed.iter().map(|(_, row, _)| row)),
    )
}

fn counts_row(row: &Row) -> bool {
    row.class != Class::Bootstrap
}

fn names(hosts: &[Text]) -> String {
    let shown: Vec<Text> = hosts.iter().take(NAMED).map(short_host).collect();
    let shown: Vec<&str> = shown.iter().map(Text::as_str).collect();
    match hosts.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A Sidecar by its name, or that there is none.
pub(super) fn governing(governing: &Governing) -> String {
    governing
        .key()
        .map_or_else(|| "no Sidecar".to_owned(), |key| format!("Sidecar {key}"))
}

/// Why something is not known.
pub(in crate::app) fn unknown_text(unknown: &Unknown) -> String {
    match unknown {
        Unknown::Older(_) => "not known: what was before is not kept any more".to_owned(),
        Unknown::NoTable(pod, state) => format!("nothing to compare: {}", super::why::no_table(state, pod)),
        Unknown::GivenUp => "given up".to_owned(),
        Unknown::Broke => "not known: the work at it broke, by a fault of sidescope (:log)".to_owned(),
    }
}

fn mesh_line(radius: Option<&Result<Arc<Radius>, Unknown>>) -> Line {
    match radius {
        None => fact("In the mesh", Role::Dim, "being worked out ..."),
        Some(Err(unknown)) => fact("In the mesh", Role::Warn, unknown_text(unknown)),
        Some(Ok(radius)) => fact("In the mesh", Role::Text, impact::sentence(radius)),
    }
}

/// The first workloads that saw a difference.
fn radius_lines(radius: Option<&Result<Arc<Radius>, Unknown>>) -> Vec<Line> {
    let Some(Ok(radius)) = radius else { return Vec::new() };
    if radius.workloads.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![heading("Who else gained or lost rows")];
    let (heads, rows) = impact::table(radius.workloads.iter().take(WORKLOADS));
    lines.push(heads);
    lines.extend(rows);
    let more = radius.workloads.len().saturating_sub(WORKLOADS);
    if more > 0 {
        lines.push(vec![Span::new(Role::Dim, format!("and {more} more workloads"))]);
    }
    lines
}

/// Rows that went, came and differ, those of one reason together; of two pods those of either.
fn row_lines(compared: &Compared, is_of_pods: bool) -> Vec<Line> {
    let (diff, reasons) = (&compared.diff, &compared.reasons);
    let mut groups = Groups::default();
    for (_, row) in diff.removed.iter().filter(|(_, row)| counts_row(row)) {
        if is_of_pods {
            groups.add(Role::Changed, "only on A", row, reasons.of_missing(row, "B"));
        } else {
            groups.add(Role::Removed, "-", row, reasons.of_removed(row));
        }
    }
    for (_, row) in diff.added.iter().filter(|(_, row)| counts_row(row)) {
        let sign = if is_of_pods { "only on B" } else { "+" };
        let role = if is_of_pods { Role::Changed } else { Role::Added };
        groups.add(role, sign, row, reasons.marked(row.why.short()));
    }
    for (_, before, after) in diff.changed.iter().filter(|(_, row, _)| counts_row(row)) {
        groups.add(Role::Changed, "~", after, reasons.of_changed(before, after));
    }
    groups.lines()
}

/// Rows by sign and reason, in the order in which each came first.
#[derive(Default)]
struct Groups {
    places: FxHashMap<(&'static str, String), usize>,
    found: Vec<(Vec<Line>, String)>,
    rows: usize,
}

impl Groups {
    fn add(&mut self, role: Role, sign: &'static str, row: &Row, reason: String) {
        self.rows += 1;
        if self.rows > ROWS {
            return;
        }
        let (address, place) = (row.address.to_string(), place_of(&row.cluster));
        let line = vec![
            Span::new(role, format!("{sign} {address:<21} ")),
            Span::new(role, place),
        ];
        let at = *self.places.entry((sign, reason.clone())).or_insert(self.found.len());
        match self.found.get_mut(at) {
            Some((lines, _)) => lines.push(line),
            None => self.found.push((vec![line], reason)),
        }
    }

    fn lines(self) -> Vec<Line> {
        if self.found.is_empty() {
            return Vec::new();
        }
        let mut all = vec![heading("Rows, and why")];
        for (lines, reason) in self.found {
            all.extend(lines);
            all.push(vec![Span::new(Role::Dim, format!("    {reason}"))]);
        }
        let more = self.rows.saturating_sub(ROWS);
        if more > 0 {
            all.push(vec![Span::new(
                Role::Dim,
                format!("and {} not listed", counted(more, "row")),
            )]);
        }
        all
    }
}

/// Port, subset and host in as few cells as can be.
fn place_of(cluster: &Cluster) -> String {
    match cluster {
        Cluster::Traffic { port, subset, host, .. } if subset.is_empty() => format!("{port} {}", short_host(host)),
        Cluster::Traffic { port, subset, host, .. } => format!("{port}|{subset} {}", short_host(host)),
        Cluster::Named(name) => name.to_string(),
    }
}

/// The text of an edited object, before and after, word by word.
fn text_lines(edit: &Edit) -> Vec<Line> {
    let (before, after) = edit.yaml();
    if before.is_empty() && after.is_empty() {
        return vec![vec![Span::new(Role::Dim, "no text of it is kept")]];
    }
    text_diff(&before, &after)
}

/// Two texts, line by line, and word by word where a line was replaced.
pub(super) fn text_diff(before: &str, after: &str) -> Vec<Line> {
    let line = |line: crate::mesh::diff::TextLine| {
        let (sign, whole, differs) = match line.side {
            Side::Both => ("  ", Role::Dim, Role::Dim),
            Side::Before => ("- ", Role::Removed, Role::Removed),
            Side::After => ("+ ", Role::Added, Role::Added),
        };
        let mut spans = vec![Span::new(differs, sign)];
        spans.extend(line.words.iter().map(|(marked, text)| {
            let role = if *marked { Role::Strong } else { whole };
            Span::new(role, text.as_str())
        }));
        spans
    };
    lines(before, after, 3).into_iter().map(line).collect()
}
