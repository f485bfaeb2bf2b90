//! Why a row is in a table, link by link, and what Envoy says of it.

use jiff::Timestamp;

use super::age::age;
use super::table::endpoints::health_role;
use super::words::{fact, governing_sentence, heading};
use super::{Line, Role};
use crate::app::facts::Envoy;
use crate::app::panel::{Line as EndpointLine, Panel};
use crate::app::sync::Sync;
use crate::mesh::model::Key;
use crate::mesh::scope::{Class, Explanation, Passed, Reason, Row};

/// Why a row is in the table: Sidecar, losers, host line, port, endpoint; then what Envoy says.
pub(crate) fn explain(
    panel: &Panel,
    line: &EndpointLine,
    losers: &[(Key, Passed)],
    explanation: Option<&Explanation>,
    (envoy, now): (Option<&Envoy>, Timestamp),
) -> Vec<Line> {
    let row = &line.row;
    let mut lines = vec![
        fact("Endpoint", Role::Number, row.address.to_string()),
        fact("Cluster", Role::Name, row.cluster.to_string()),
        if line.gone {
            fact("Status", Role::Dim, format!("gone, was {}", row.health.as_str()))
        } else {
            fact("Status", health_role(row.health), row.health.as_str())
        },
        fact("Class", Role::Text, class_sentence(row.class)),
    ];
    if let Some(pod) = &row.backend.pod {
        lines.push(fact("Pod", Role::Name, pod.to_string()));
    }
    if !row.backend.node.is_empty() {
        lines.push(fact("Node", Role::Text, row.backend.node.to_string()));
    }
    lines.push(Vec::new());
    let heading_text = if line.gone { "Why it was here" } else { "Why it is here" };
    lines.push(heading(heading_text));
    // a row that is gone was let in by who governed then
    let then = row.why.chain.iter().find_map(|reason| {
        if let Reason::Governed(governing) = reason {
            Some(governing)
        } else {
            None
        }
    });
    let now_governing = panel
        .table
        .as_ref()
        .map(|table| &table.governing)
        .filter(|_| !line.gone);
    if let Some(governing) = now_governing.or(then) {
        lines.push(fact("  governed by", Role::Name, governing_sentence(governing)));
    }
    if !line.gone {
        lines.extend(losers.iter().map(super::explain::passed));
    }
    lines.extend(why_lines(row));
    let others = explanation.filter(|_| !line.gone).map(super::explain::others);
    lines.extend(others.unwrap_or_default());
    lines.push(Vec::new());
    lines.push(fact("In Envoy", Role::Text, sync_sentence(line, envoy, now)));
    lines
}

/// The links behind the first, which says who governs and stands above already.
fn why_lines(row: &Row) -> Vec<Line> {
    let links = row
        .why
        .chain
        .iter()
        .filter(|reason| !matches!(reason, Reason::Governed(_)));
    links
        .enumerate()
        .map(|(at, reason)| {
            let label = if at == 0 { "  let in by" } else { "  then" };
            fact(label, Role::Text, reason.to_string())
        })
        .collect()
}

/// How surely a row is computed.
fn class_sentence(class: Class) -> &'static str {
    match class {
        Class::Exact => "exact: follows from API objects alone",
        Class::Bootstrap => "bootstrap: Envoy's own, from the start",
        Class::Runtime => "runtime: comes and goes with traffic",
        Class::Dns => "dns: depends on names as the pod resolves them",
        Class::Unknown => "unknown: cannot be told from API objects",
    }
}

/// Computed against actual, in a sentence.
pub(crate) fn sync_sentence(line: &EndpointLine, envoy: Option<&Envoy>, now: Timestamp) -> String {
    match (line.sync, envoy.map(|envoy| &envoy.answer)) {
        (_, Some(Err(error))) => format!("nobody can know: {}", super::state::no_envoy(error)),
        (None, _) if line.gone => "not asked: the row is gone".to_owned(),
        (None, _) => "not asked".to_owned(),
        (Some(Sync::Both), _) => "yes, as computed".to_owned(),
        (Some(Sync::Computed { since }), _) => format!("not yet, for {}", age(Some(since), now)),
        (Some(Sync::Actual { since }), _) => format!("still, though no longer computed, for {}", age(Some(since), now)),
        (Some(Sync::Unknown), _) => "nobody can know: rows of this class are not computed".to_owned(),
    }
}
