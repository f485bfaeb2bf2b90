//! Why a row is in a table, link by link, and what Envoy says of it.

use jiff::Timestamp;

use super::age::age;
use super::table::endpoints::health_role;
use super::value::{rate as per_second, spark};
use super::words::{fact, governing_sentence, heading};
use super::{Line, Role, Span};
use crate::app::facts::Envoy;
use crate::app::panel::{Line as EndpointLine, Panel};
use crate::app::sync::Sync;
use crate::mesh::model::{Key, Text};
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
    let actual = line.actual.zip(envoy);
    if let Some(mut traffic) = actual.and_then(|(at, envoy)| traffic(envoy, at)) {
        traffic.insert(0, Span::new(Role::Dim, format!("{:<16}", "Its traffic")));
        lines.push(traffic);
    }
    lines
}

/// What a host does, and how it has done in the last minute: so short at first that all of it is on 80 columns.
pub(crate) fn traffic(envoy: &Envoy, at: usize) -> Option<Line> {
    let host = envoy.host(at)?;
    let counters = &host.counters;
    let mut line = Vec::new();
    if let Some(rate) = host.rate {
        let (what, each) = if counters.rq_total > 0 {
            ("req/s", rate.requests)
        } else {
            ("conn/s", rate.connections)
        };
        line.push(Span::new(Role::Number, per_second(each)));
        line.push(Span::new(Role::Dim, format!(" {what} ")));
        if let Some(past) = host.past {
            let past: Vec<Option<u64>> = past.iter().copied().collect();
            line.push(Span::new(Role::Number, spark(&past)));
            line.push(Span::new(Role::Dim, " "));
        }
        let role = if rate.errors > 0 { Role::Bad } else { Role::Dim };
        line.push(Span::new(role, per_second(rate.errors)));
        line.push(Span::new(Role::Dim, " err/s"));
    }
    let mut add = |label: &'static str, role: Role, text: String| {
        let gap = if line.is_empty() { "" } else { "  " };
        line.push(Span::new(Role::Dim, format!("{gap}{label} ")));
        line.push(Span::new(role, text));
    };
    add("open", Role::Number, counters.cx_active.to_string());
    add("requests", Role::Number, counters.rq_total.to_string());
    let bad = [
        ("failed", counters.rq_error),
        ("not connected", counters.cx_connect_fail),
    ];
    for (what, count) in bad.into_iter().filter(|(_, count)| *count > 0) {
        add(what, Role::Bad, count.to_string());
    }
    for fault in host.row.faults.iter() {
        add("Envoy:", Role::Bad, fault.as_str().to_owned());
    }
    add("weight", Role::Dim, host.row.row.backend.weight.to_string());
    add("priority", Role::Dim, host.row.priority.to_string());
    let locality = &host.row.row.backend.locality;
    let parts = [&locality.region, &locality.zone, &locality.sub_zone].map(Text::as_str);
    let parts: Vec<&str> = parts.into_iter().take_while(|part| !part.is_empty()).collect();
    if !parts.is_empty() {
        add("in", Role::Dim, parts.join("/"));
    }
    Some(line)
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
