//! Descriptions in words: objects, events, reasons, edits, rows as text and as commands.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::age::age;
use super::table::pods::status_role;
use super::table::timeline::clock;
use super::{Line, Role, Span};
use crate::app::tables::Marked;
use crate::app::workloads::WorkloadId;
use crate::mesh::history::{Before, Edit, Happening, MarkKind};
use crate::mesh::model::{Key, Kind, Labels, Object, Pod, ProxyKind, Text};
use crate::mesh::scope::Governing;
use crate::mesh::world::World;

/// A label and what it says.
pub(in crate::app) fn fact(label: &str, role: Role, text: impl Into<String>) -> Line {
    vec![
        Span::new(Role::Dim, format!("{label:<16}")),
        Span::new(role, text.into()),
    ]
}

pub(in crate::app) fn heading(text: &str) -> Line {
    vec![Span::new(Role::Strong, text)]
}

/// YAML with its keys told from its values.
pub(crate) fn yaml_lines(text: &str) -> Vec<Line> {
    text.lines()
        .map(|line| {
            let indent = line.len() - line.trim_start_matches([' ', '-']).len();
            let (lead, rest) = line.split_at(indent);
            match rest.split_once(':') {
                Some((key, value)) if !key.contains(' ') && !key.starts_with(['"', '\'']) => vec![
                    Span::new(Role::Dim, lead),
                    Span::new(Role::Name, key),
                    Span::new(Role::Dim, ":"),
                    Span::new(Role::Text, value),
                ],
                _ => vec![Span::new(Role::Text, line)],
            }
        })
        .collect()
}

/// An object in words, from what is held of it.
pub(crate) fn describe(
    object: &Object,
    governing: Option<&Governing>,
    world: &World,
    now: Timestamp,
    zone: &TimeZone,
) -> Vec<Line> {
    let meta = object.meta();
    let mut lines = vec![
        fact("Name", Role::Name, meta.key.name.to_string()),
        fact("Namespace", Role::Text, meta.key.namespace.to_string()),
    ];
    if let Some(created) = meta.created {
        let at = created
            .to_zoned(zone.clone())
            .strftime("%a %d %b %Y %H:%M:%S %Z")
            .to_string();
        lines.push(fact(
            "Created",
            Role::Text,
            format!("{at} ({} ago)", age(Some(created), now)),
        ));
    }
    if let Some(deleting) = meta.deleting {
        lines.push(fact("Deleting since", Role::Warn, clock(deleting, now, zone)));
    }
    if meta.generation > 0 {
        lines.push(fact("Generation", Role::Text, meta.generation.to_string()));
    }
    lines.extend(labels("Labels", &meta.labels));
    if let Object::Pod(pod) = object {
        lines.extend(describe_pod(pod, governing, world));
    } else if let Object::Service(service) = object {
        lines.push(fact("Type", Role::Text, service.service_type.to_string()));
        lines.extend(labels("Selector", &service.selector));
        lines.push(fact("Cluster IPs", Role::Number, join(&service.cluster_ips)));
        for port in service.ports.iter() {
            let app = port
                .app_protocol
                .as_ref()
                .map(|app| format!(" appProtocol {app}"))
                .unwrap_or_default();
            lines.push(fact(
                "Port",
                Role::Number,
                format!("{} {}/{}{app}", port.name, port.number, port.protocol),
            ));
        }
        let (ready, total) = super::table::services::count_endpoints(world, service);
        lines.push(fact("Endpoints", Role::Number, format!("{ready} ready of {total}")));
    }
    if let Some(provenance) = object.provenance() {
        if !provenance.managers.is_empty() {
            lines.push(Vec::new());
            lines.push(heading("Written by (programs; Kubernetes names no person)"));
        }
        for manager in provenance.managers.iter() {
            let at = manager
                .time
                .map_or_else(|| "at an unknown time".to_owned(), |time| clock(time, now, zone));
            lines.push(fact(
                &format!("  {at}"),
                Role::Text,
                format!("{} ({})", manager.manager, manager.operation),
            ));
        }
        if let Some(text) = crate::mesh::diff::ObjectText::of(provenance) {
            lines.push(Vec::new());
            lines.extend(yaml_lines(&text.yaml()));
        }
    }
    lines
}

fn describe_pod(pod: &Pod, governing: Option<&Governing>, world: &World) -> Vec<Line> {
    let workload = WorkloadId::of(pod);
    let printed = &pod.printed;
    let mut lines = vec![
        fact("Workload", Role::Name, format!("{} {}", workload.kind, workload.name)),
        fact("Status", status_role(&printed.status), printed.status.to_string()),
        fact(
            "Ready",
            Role::Number,
            format!("{}/{} containers", printed.ready, printed.total),
        ),
        fact("Addresses", Role::Number, join(&pod.ips)),
        fact("Node", Role::Text, pod.node.to_string()),
        fact("Service account", Role::Text, pod.service_account.to_string()),
    ];
    for port in pod.ports.iter() {
        lines.push(fact(
            "Port",
            Role::Number,
            format!("{} {}/{}", port.name, port.number, port.protocol),
        ));
    }
    lines.push(Vec::new());
    match &pod.proxy {
        Some(proxy) => {
            lines.push(fact(
                "Proxy",
                Role::Strong,
                format!("{} {}", proxy_word(proxy.kind), proxy.image_tag),
            ));
            let governed = governing.map_or_else(|| "not known".to_owned(), governing_sentence);
            lines.push(fact("Governed by", Role::Name, governed));
        }
        None => lines.extend(super::state::why_no_proxy(pod, world)),
    }
    lines
}

fn proxy_word(kind: ProxyKind) -> &'static str {
    match kind {
        ProxyKind::Sidecar => "sidecar",
        ProxyKind::Router => "router",
        ProxyKind::Waypoint => "waypoint",
        ProxyKind::Ztunnel => "ztunnel",
    }
}

/// Which Sidecar governs, as a sentence.
pub(crate) fn governing_sentence(governing: &Governing) -> String {
    match governing {
        Governing::Own(key) => format!("Sidecar {key}"),
        Governing::RootDefault(key) => format!("Sidecar {key}, the root namespace's default"),
        Governing::BuiltIn => "no Sidecar: istiod's own default, */*".to_owned(),
        Governing::Gateway => "no Sidecar: gateways are not governed by one".to_owned(),
    }
}

fn labels(label: &str, labels: &Labels) -> Vec<Line> {
    if labels.is_empty() {
        return vec![fact(label, Role::Dim, "<none>")];
    }
    let name = |at: usize| if at == 0 { label } else { "" };
    labels
        .iter()
        .enumerate()
        .map(|(at, (key, value))| fact(name(at), Role::Text, format!("{key}={value}")))
        .collect()
}

fn join(texts: &[Text]) -> String {
    if texts.is_empty() {
        return "<none>".to_owned();
    }
    texts.iter().map(Text::as_str).collect::<Vec<_>>().join(", ")
}

/// The events of an object that are held here, the newest last, as `kubectl events` prints them.
pub(crate) fn events(world: &World, kind: Kind, key: &Key, now: Timestamp) -> Vec<Line> {
    let of_object = world.events.in_namespace(&key.namespace);
    let mut events: Vec<_> = of_object
        .filter(|event| event.object == *key && event.object_kind == kind.name())
        .collect();
    events.sort_by(|a, b| a.last.cmp(&b.last).then_with(|| a.meta.key.cmp(&b.meta.key)));
    let mut lines: Vec<Line> = Vec::new();
    for event in events {
        let role = if event.event_type == "Warning" {
            Role::Warn
        } else {
            Role::Text
        };
        let times = if event.count > 1 {
            format!(" (x{})", event.count)
        } else {
            String::new()
        };
        lines.push(vec![
            Span::new(Role::Number, format!("{:<8}", age(event.last, now))),
            Span::new(role, format!("{:<9}{:<20}", event.event_type, event.reason)),
            Span::new(Role::Text, format!("{}{times}", event.message)),
        ]);
    }
    lines
}

/// A number with its noun: `1 pod`, `2 pods`.
pub fn counted(count: impl std::fmt::Display, noun: &str) -> String {
    let count = count.to_string();
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// A change mark in words.
pub(crate) fn mark_lines(marked: &Marked, now: Timestamp, zone: &TimeZone) -> Vec<Line> {
    let what = match marked.kind {
        MarkKind::Added => "appeared",
        MarkKind::Changed if marked.is_back => "went and came back as it was",
        MarkKind::Changed => "changed",
        MarkKind::Removed => "went",
    };
    let (since, at) = marked.times;
    let times = if marked.steps > 1 {
        format!(
            "{} changes, {} to {}",
            marked.steps,
            clock(since, now, zone),
            clock(at, now, zone)
        )
    } else {
        clock(at, now, zone)
    };
    let mut lines = vec![
        heading("What changed"),
        fact("  it", mark_role(marked.kind), format!("{what} at {times}")),
        fact("  because", Role::Text, marked.cause.clone()),
    ];
    for (column, before, after) in &marked.changes {
        lines.push(fact(
            &format!("  {column}"),
            Role::Changed,
            format!("{before} -> {after}"),
        ));
    }
    lines
}

/// The part that a mark plays.
pub(crate) fn mark_role(kind: MarkKind) -> Role {
    match kind {
        MarkKind::Added => Role::Added,
        MarkKind::Changed => Role::Changed,
        MarkKind::Removed => Role::Removed,
    }
}

/// Who did an edit, when, to what.
pub(crate) fn edit_head(edit: &Edit, now: Timestamp, zone: &TimeZone) -> Vec<Line> {
    let by = edit.author.as_ref().map_or_else(
        || "unknown (Kubernetes does not say)".to_owned(),
        |author| format!("{} ({})", author.manager, author.operation),
    );
    let mut lines = vec![
        fact("What", Role::Strong, edit.verb.as_str()),
        fact("By", Role::Text, by),
        fact("Arrived", Role::Number, clock(edit.at, now, zone)),
    ];
    if let Some(written) = edit.written() {
        lines.push(fact(
            "Written",
            Role::Number,
            format!("{} by the server's clock", clock(written, now, zone)),
        ));
    }
    let generation = match edit.generation {
        (Some(before), Some(after)) if before != after => format!("{before} -> {after}"),
        (_, Some(after)) if after > 0 => after.to_string(),
        _ => return lines,
    };
    lines.push(fact("Generation", Role::Number, generation));
    lines
}

/// Something that happened before the start.
pub(crate) fn before(before: &Before, zone: &TimeZone) -> Vec<Line> {
    let at = before
        .at
        .to_zoned(zone.clone())
        .strftime("%a %d %b %Y %H:%M:%S %Z")
        .to_string();
    let mut lines = vec![fact("At", Role::Number, at)];
    match &before.what {
        Happening::Created => lines.push(fact("What", Role::Text, "created")),
        Happening::Ready(true) => lines.push(fact("What", Role::Good, "became ready")),
        Happening::Ready(false) => lines.push(fact("What", Role::Bad, "became not ready")),
        Happening::Written(author, fields) => {
            lines.push(fact(
                "Written by",
                Role::Text,
                format!("{} ({})", author.manager, author.operation),
            ));
            lines.push(Vec::new());
            lines.push(heading("Fields that it owns now (what they were before is not known)"));
            lines.extend(fields.iter().map(|field| fact("", Role::Text, field.to_string())));
        }
        Happening::Event {
            event_type,
            reason,
            message,
            count,
        } => {
            lines.push(fact(
                "What",
                Role::Text,
                format!("{event_type} {reason}, {count} times"),
            ));
            lines.push(fact("Message", Role::Text, message.to_string()));
        }
    }
    lines
}
