//! Which Sidecar governs a pod, which others were considered, and why they lost: in the order in which istiod tries.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::age::age;
use super::table::timeline::clock;
use super::words::{fact, governing_sentence, heading};
use super::{Line, Role, Span};
use crate::mesh::model::{Key, Labels, Sidecar, Text};
use crate::mesh::scope::{Governing, Passed};
use crate::mesh::world::World;

/// The winner, and why it won.
pub(in crate::app) fn winner(
    governing: &Governing,
    world: &World,
    siblings: usize,
    (now, zone): (Timestamp, &TimeZone),
) -> Vec<Line> {
    let mut lines = vec![fact("Governed by", Role::Good, governing_sentence(governing))];
    lines.extend(written(governing, world, now, zone));
    let winner = governing.key().and_then(|key| world.sidecars.get(key));
    lines.push(fact("Since", Role::Text, since(governing, winner.map(AsRef::as_ref))));
    if let Some(winner) = winner {
        let hosts = winner.egress.iter().flat_map(|listener| listener.hosts.iter());
        let hosts: Vec<&str> = hosts.map(Text::as_str).collect();
        let hosts = match hosts.as_slice() {
            [] => "no egress: as without a Sidecar".to_owned(),
            hosts => hosts.join(", "),
        };
        lines.push(fact("Lets in", Role::Text, hosts));
        lines.push(fact("Governs", Role::Number, super::counted(siblings, "pod")));
    }
    lines
}

/// The losers.
pub(in crate::app) fn losers(governing: &Governing, passed: &[(Key, Passed)], world: &World) -> Vec<Line> {
    let mut lines = vec![Vec::new()];
    if passed.is_empty() {
        let none = match governing {
            Governing::Gateway => "gateways are not governed by Sidecars: none was considered",
            Governing::Own(_) | Governing::RootDefault(_) | Governing::BuiltIn => {
                "no other Sidecar of its namespace or of the root namespace could have governed it"
            }
        };
        lines.push(vec![Span::new(Role::Dim, none)]);
        return lines;
    }
    lines.push(heading("Considered too, in istiod's order, and not taken"));
    for (key, why) in passed {
        lines.push(vec![
            Span::new(Role::Name, format!("  Sidecar {key}")),
            Span::new(Role::Dim, selector_text(world.sidecars.get(key).map(AsRef::as_ref))),
        ]);
        lines.push(vec![
            Span::new(Role::Text, "      "),
            Span::new(Role::Warn, why.to_string()),
        ]);
    }
    lines
}

/// Who wrote the Sidecar that governs last, when and what of its spec: the first thing to ask when something has begun to
/// fail. `None` where no Sidecar does, or it does not say.
pub(crate) fn written(governing: &Governing, world: &World, now: Timestamp, zone: &TimeZone) -> Option<Line> {
    let sidecar = world.sidecars.get(governing.key()?)?;
    let last = sidecar.provenance.managers.first()?;
    let at = last.time?;
    let of_spec = last.fields.iter().filter(|field| field.starts_with("spec"));
    let fields: Vec<&str> = of_spec.map(Text::as_str).collect();
    let mut text = format!("by {} at {}", last.manager, clock(at, now, zone));
    // the time is by the server's clock, which may be ahead of ours
    if at <= now {
        let _ = write!(text, ", {} ago", age(Some(at), now));
    }
    if !fields.is_empty() {
        let _ = write!(text, ": {}", fields.join(", "));
    }
    Some(fact("  written", Role::Text, text))
}

/// istio: `pilot/pkg/model/push_context.go`, `getSidecarScope`: a selector in the namespace, then one without, then the
/// root namespace's, then the default.
fn since(governing: &Governing, winner: Option<&Sidecar>) -> String {
    match (governing, winner) {
        (
            Governing::Own(_),
            Some(Sidecar {
                selector: Some(selector),
                ..
            }),
        ) => {
            format!(
                "it is in the pod's namespace and its workloadSelector {} fits",
                labels(selector)
            )
        }
        (Governing::Own(_), _) => {
            "it is in the pod's namespace, for all its pods, and no Sidecar there selects this pod by labels".to_owned()
        }
        (Governing::RootDefault(_), _) => {
            "no Sidecar of the pod's namespace governs it, and this one of the root namespace is for all".to_owned()
        }
        (Governing::BuiltIn, _) => "no Sidecar of its namespace or of the root namespace fits the pod".to_owned(),
        (Governing::Gateway, _) => "it is a gateway".to_owned(),
    }
}

fn selector_text(sidecar: Option<&Sidecar>) -> String {
    match sidecar {
        None => String::new(),
        Some(Sidecar { selector: None, .. }) => "  for all pods".to_owned(),
        Some(Sidecar {
            selector: Some(selector),
            ..
        }) => format!("  for pods with {}", labels(selector)),
    }
}

fn labels(labels: &Labels) -> String {
    if labels.is_empty() {
        return "without labels, which fits every pod,".to_owned();
    }
    let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}
