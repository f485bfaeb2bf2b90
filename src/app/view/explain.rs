//! Why a pod reaches a host, or does not, in lines: for the screen and for standard output.

use rustc_hash::FxHashMap;

use super::counted;
use super::table::endpoints::health_role;
use super::words::{fact, governing_sentence, heading};
use super::{Line, Role, Span};
use crate::mesh::model::{Key, Kind};
use crate::mesh::scope::{Barrier, Candidate, ClusterAnswer, Explanation, Outcome, Passed, Reason, Row, Symptom};

/// Endpoints of a cluster that are listed one by one; of more a number is given.
const MOST: usize = 20;

/// The whole explanation: the answer, then its links in order, then what to expect. `written`: who wrote the Sidecar last.
pub fn lines(explanation: &Explanation, written: Option<Line>) -> Vec<Line> {
    let mut lines = vec![answer(explanation), Vec::new()];
    lines.push(fact(
        "Governed by",
        Role::Name,
        governing_sentence(&explanation.governing),
    ));
    lines.extend(written);
    lines.extend(explanation.passed.iter().map(passed));
    lines.push(Vec::new());
    for candidate in &explanation.candidates {
        lines.extend(candidate_lines(candidate));
    }
    if let Some(lack) = &explanation.port_lack {
        let port = explanation.port.unwrap_or_default();
        lines.push(fact(&format!("Port {port}"), Role::Bad, lack.to_string()));
    }
    let clusters = &explanation.clusters;
    if !clusters.is_empty() {
        lines.push(Vec::new());
        lines.push(heading("Clusters and their endpoints"));
    }
    lines.extend(clusters.iter().flat_map(cluster_lines));
    lines.push(Vec::new());
    let role = symptom_role(explanation.symptom);
    lines.push(fact("Expect", role, explanation.symptom.to_string()));
    lines
}

/// The answer in one line.
pub fn answer(explanation: &Explanation) -> Line {
    let (role, verdict) = match (explanation.is_in_scope(), explanation.gaps.is_empty()) {
        (true, _) => (Role::Good, "is in scope of"),
        (false, true) => (Role::Bad, "is not in scope of"),
        (false, false) => (Role::Warn, "is not known to be in scope of"),
    };
    let port = explanation.port.map(|port| format!(":{port}")).unwrap_or_default();
    let pod = &explanation.pod;
    vec![
        Span::new(Role::Name, format!("{}{port} ", explanation.host)),
        Span::new(role, verdict),
        Span::new(Role::Name, format!(" {}.{}", pod.name, pod.namespace)),
    ]
}

/// A Sidecar that could have governed the pod.
pub(crate) fn passed((sidecar, why): &(Key, Passed)) -> Line {
    fact("  not by", Role::Dim, format!("Sidecar {sidecar}: {why}"))
}

/// To whom the service of a row is exported, and the objects of the same host that are not behind the row.
pub(crate) fn others(explanation: &Explanation) -> Vec<Line> {
    let mut lines = Vec::new();
    for candidate in &explanation.candidates {
        match &candidate.outcome {
            Outcome::Taken(reasons) => {
                let exported = reasons
                    .iter()
                    .filter(|reason| matches!(reason, Reason::Exported { .. }));
                lines.extend(exported.map(|reason| fact("  it is", Role::Text, reason.to_string())));
            }
            Outcome::Merged => {}
            Outcome::Out(barriers) => {
                let why = barriers.first().map(ToString::to_string).unwrap_or_default();
                lines.push(fact("  not", Role::Dim, format!("{}: {why}", named(&candidate.object))));
            }
        }
    }
    lines
}

/// The first thing that keeps a host out, for a line in a list; `None` if nothing does.
pub(crate) fn first_barrier(explanation: &Explanation) -> Option<&Barrier> {
    explanation
        .candidates
        .iter()
        .find_map(|candidate| match &candidate.outcome {
            Outcome::Out(barriers) => barriers.first(),
            Outcome::Taken(_) | Outcome::Merged => None,
        })
}

fn named((kind, key): &(Kind, Key)) -> String {
    format!("{} {key}", kind.name())
}

fn candidate_lines(candidate: &Candidate) -> Vec<Line> {
    let name = |role: Role, verdict: &str| {
        vec![
            Span::new(Role::Strong, named(&candidate.object)),
            Span::new(role, format!("  {verdict}")),
        ]
    };
    match &candidate.outcome {
        Outcome::Taken(reasons) => {
            let mut lines = vec![name(Role::Good, "in scope")];
            lines.extend(
                reasons
                    .iter()
                    .map(|reason| fact(label_of(reason), Role::Text, reason.to_string())),
            );
            lines
        }
        Outcome::Merged => vec![name(
            Role::Good,
            "in scope: its ports are part of the one that came first",
        )],
        Outcome::Out(barriers) => {
            let mut lines = vec![name(Role::Bad, "not in scope")];
            lines.extend(
                barriers
                    .iter()
                    .map(|barrier| fact("  since", Role::Warn, barrier.to_string())),
            );
            lines
        }
    }
}

fn label_of(reason: &Reason) -> &'static str {
    let lets_in = matches!(
        reason,
        Reason::EgressHost { .. }
            | Reason::EgressDefault { .. }
            | Reason::VirtualService { .. }
            | Reason::GatewayImportsAll
    );
    match lets_in {
        true => "  let in by",
        false if matches!(reason, Reason::Exported { .. }) => "  it is",
        false => "  then",
    }
}

fn cluster_lines(answer: &ClusterAnswer) -> Vec<Line> {
    let mut lines = vec![vec![
        Span::new(Role::Name, format!("  {}", answer.cluster)),
        match &answer.lack {
            Some(lack) => Span::new(Role::Warn, format!("  {lack}")),
            None => Span::new(Role::Dim, format!("  {}", counted(answer.rows.len(), "endpoint"))),
        },
    ]];
    let groups = by_tail(&answer.rows);
    let mut left = MOST.max(groups.len());
    for (at, (tail, rows)) in groups.iter().enumerate() {
        // what comes after keeps a line for each reason
        let shown = left.saturating_sub(groups.len() - at - 1).min(rows.len());
        for (nth, row) in rows.iter().take(shown).enumerate() {
            let mut line = vec![
                Span::new(Role::Number, format!("    {:<22}", row.address.to_string())),
                Span::new(health_role(row.health), format!(" {:<10}", row.health.as_str())),
            ];
            if nth == 0 {
                let count = match (groups.len(), rows.len()) {
                    (1, _) | (_, 1) => String::new(),
                    (_, count) => format!("for {count}: "),
                };
                line.push(Span::new(Role::Dim, format!(" {count}{tail}")));
            }
            lines.push(line);
        }
        left -= shown;
    }
    for endpoint in answer.withheld.iter().take(MOST) {
        lines.push(vec![
            Span::new(Role::Number, format!("    {:<22}", endpoint.address.to_string())),
            Span::new(Role::Warn, " withheld  "),
            Span::new(
                Role::Dim,
                format!(" {}; listed by {}", endpoint.why, named(&endpoint.listed_by)),
            ),
        ]);
    }
    let more = answer.rows.len().saturating_sub(MOST.max(groups.len())) + answer.withheld.len().saturating_sub(MOST);
    if more > 0 {
        lines.push(vec![Span::new(Role::Dim, format!("    and {more} more"))]);
    }
    lines
}

/// Rows by what is told of them, in the order in which each is told first.
fn by_tail(rows: &[Row]) -> Vec<(String, Vec<&Row>)> {
    let mut groups: Vec<(String, Vec<&Row>)> = Vec::new();
    let mut places: FxHashMap<String, usize> = FxHashMap::default();
    for row in rows {
        let tail = tail_of(row);
        let place = *places.entry(tail.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((tail, vec![row])),
        }
    }
    groups
}

/// The links behind those that let the service in: DestinationRule, subset, endpoint, status.
fn tail_of(row: &Row) -> String {
    let is_of_service = |reason: &&Reason| {
        matches!(
            reason,
            Reason::Rule { .. }
                | Reason::Subset { .. }
                | Reason::Ready
                | Reason::NoHealth
                | Reason::UnreadyListed
                | Reason::DrainingListed
                | Reason::Distributed { .. }
                | Reason::ListedBy { .. }
                | Reason::DnsTargetIsAddress
                | Reason::DependsOnPast
                | Reason::SlicesDiffer
                | Reason::Patched { .. }
        )
    };
    let links: Vec<String> = row
        .why
        .chain
        .iter()
        .filter(is_of_service)
        .map(ToString::to_string)
        .collect();
    links.join("; ")
}

fn symptom_role(symptom: Symptom) -> Role {
    match symptom {
        Symptom::Reaches => Role::Good,
        Symptom::Direct | Symptom::ByDns | Symptom::Alias | Symptom::NotCaptured => Role::Text,
        Symptom::Passthrough => Role::Warn,
        Symptom::BlackHole | Symptom::NoRoute | Symptom::NoHealthyUpstream | Symptom::NoCluster => Role::Bad,
    }
}
