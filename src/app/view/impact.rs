//! Who gained or lost what, by workload: as a table of lines, with all of it below for the line under the cursor.

use super::comparison::governing;
use super::counted;
use super::cut::{Cut, cut};
use super::words::fact;
use super::{Line, Role, Shown, Span};
use crate::app::rows::{Listed, Target};
use crate::mesh::diff::{Impact, Radius};
use crate::mesh::model::Text;

/// Cells that one column takes at most.
const WIDEST: usize = 44;

/// How many of how many, in one sentence.
pub(in crate::app) fn sentence(radius: &Radius) -> String {
    let unmatched = match radius.unmatched {
        0 => String::new(),
        1 => "; 1 has a table at one end only".to_owned(),
        count => format!("; {count} have a table at one end only"),
    };
    if radius.affected == 0 {
        return format!("none of {} sees a difference{unmatched}", counted(radius.pods, "pod"));
    }
    format!(
        "{} of {} see a difference, in {}{unmatched}",
        radius.affected,
        counted(radius.pods, "pod"),
        counted(radius.workloads.len(), "workload")
    )
}

/// The heads and a line for each workload.
pub(super) fn table<'a>(impacts: impl Iterator<Item = &'a Impact>) -> (Line, Vec<Line>) {
    let cells = |impact: &Impact| {
        let sign = |role: Role, sign: char, count: usize| {
            let role = if count == 0 { Role::Dim } else { role };
            Span::new(role, format!("{sign}{count}"))
        };
        vec![
            Span::new(Role::Text, impact.namespace.as_str()),
            Span::new(
                Role::Name,
                format!("{}/{}", impact.workload.kind.to_lowercase(), impact.workload.name),
            ),
            Span::new(Role::Number, format!("{}/{}", impact.affected, impact.pods)),
            sign(Role::Added, '+', impact.added),
            sign(Role::Removed, '-', impact.removed),
            sign(Role::Changed, '~', impact.changed),
            Span::new(
                Role::Dim,
                format!("+{} -{}", impact.hosts_added.len(), impact.hosts_removed.len()),
            ),
        ]
    };
    let rows: Vec<Vec<Span>> = impacts.map(cells).collect();
    columns(&["NAMESPACE", "WORKLOAD", "PODS", "ROWS", "", "", "NAMES"], rows)
}

/// The rows of the list; Enter on one goes to the pod that sees the greatest difference.
pub(in crate::app) fn listed(radius: &Radius) -> (Line, Vec<Listed>) {
    let (heads, lines) = table(radius.workloads.iter());
    let listed = lines.into_iter().zip(&radius.workloads).map(|(line, impact)| Listed {
        line,
        detail: detail(impact),
        target: Target::Pod(impact.example.clone()),
    });
    (heads, listed.collect())
}

fn detail(impact: &Impact) -> Vec<Line> {
    let mut lines = vec![fact("Numbers of", Role::Name, impact.example.to_string())];
    let hosts = [
        ("Into scope", Role::Added, &impact.hosts_added),
        ("Out of scope", Role::Removed, &impact.hosts_removed),
    ];
    for (label, role, hosts) in hosts.into_iter().filter(|(_, _, hosts)| !hosts.is_empty()) {
        let names: Vec<&str> = hosts.iter().map(Text::as_str).collect();
        lines.push(fact(label, role, names.join(", ")));
    }
    if let Some((before, after)) = &impact.governing {
        let text = format!("{}, was {}", governing(after), governing(before));
        lines.push(fact("Governed by", Role::Changed, text));
    }
    lines
}

/// Cells in columns as wide as the widest of them.
pub(super) fn columns(heads: &[&str], rows: Vec<Vec<Span>>) -> (Line, Vec<Line>) {
    let mut widths: Vec<usize> = heads.iter().map(|head| head.len()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text.width().min(WIDEST));
        }
    }
    let last = heads.len().saturating_sub(1);
    let padded = |(at, cell): (usize, Span)| {
        if at == last {
            return vec![cell];
        }
        let width = widths.get(at).copied().unwrap_or(0);
        let text: Shown = cut(cell.text.as_str(), width, Cut::Middle);
        let gap = width.saturating_sub(text.width()) + 2;
        vec![Span { text, role: cell.role }, Span::new(Role::Text, " ".repeat(gap))]
    };
    let line = |cells: Vec<Span>| cells.into_iter().enumerate().flat_map(padded).collect::<Line>();
    let head = heads.iter().map(|head| Span::new(Role::Head, *head)).collect();
    (line(head), rows.into_iter().map(line).collect())
}
