//! What was found, as lines under headings: an address says pod, node, zone and readiness, an orphan that it is one.

use super::counted;
use super::cut::{Cut, cut};
use super::{Line, Role, Span};
use crate::app::facts::Facts;
use crate::app::find::{FindDialog, Found, Group, Hit, name_of};
use crate::app::panel::Panel;
use crate::mesh::diff::RowId;
use crate::mesh::model::{EndpointSlice, Key, Kind, Pod, Text};
use crate::mesh::scope::{Address, zone_of};
use crate::mesh::world::Coverage;

impl Group {
    fn title(self) -> &'static str {
        match self {
            Group::Addresses => "Addresses",
            Group::Pods => "Pods",
            Group::Services => "Services",
            Group::Hosts => "Hosts of the chosen pod",
            Group::Clusters => "Clusters of the chosen pod",
            Group::Sidecars => "Sidecars",
            Group::Namespaces => "Namespaces",
        }
    }
}

/// What was found, as it is listed.
pub(super) struct Listed {
    pub(super) title: String,
    pub(super) lines: Vec<Line>,
    /// For each line the hit that it is, counted over the groups; `None` for headings.
    pub(super) hits: Vec<Option<usize>>,
    /// The line that the cursor is on.
    pub(super) chosen: Option<usize>,
}

/// See [`Listed`].
pub(super) fn listed(dialog: &FindDialog, facts: &Facts, panel: Option<&Panel>) -> Listed {
    let search = &dialog.search;
    let title = if search.is_done() {
        "Find in all namespaces"
    } else {
        "Find in all namespaces: looking ..."
    };
    let mut lines: Vec<Line> = Vec::new();
    let mut hits: Vec<Option<usize>> = Vec::new();
    let mut at = 0;
    for (group, found) in search.groups() {
        lines.push(head(group, found));
        hits.push(None);
        for hit in found.hits() {
            lines.push(line(hit, facts, panel));
            hits.push(Some(at));
            at += 1;
        }
        let more = found.matching - found.len();
        if more > 0 {
            let text = format!("  and {more} more: type more of it");
            lines.push(vec![Span::new(Role::Dim, text)]);
            hits.push(None);
        }
    }
    if let Some(ip) = search.whole_address().filter(|_| search.is_done())
        && search.groups().all(|(group, _)| group != Group::Addresses)
    {
        let text = format!(
            "{ip}: no pod, service, slice or endpoint of the chosen pod{} has it",
            known(facts)
        );
        lines.insert(0, vec![Span::new(Role::Warn, text)]);
        hits.insert(0, None);
    } else if lines.is_empty() {
        lines.push(nothing(dialog, facts));
    }
    let chosen = hits.iter().position(|hit| *hit == Some(dialog.at));
    Listed {
        title: title.to_owned(),
        lines,
        hits,
        chosen,
    }
}

fn nothing(dialog: &FindDialog, facts: &Facts) -> Line {
    if dialog.input.text().trim().is_empty() {
        let world = &facts.world;
        let text = format!(
            "a part of a name, or an address, of {}, {}, {}",
            counted(world.pods.len(), "pod"),
            counted(world.services.len(), "service"),
            counted(world.sidecars.len(), "Sidecar")
        );
        return vec![Span::new(Role::Dim, text)];
    }
    let text = if dialog.search.is_done() {
        format!("nothing{} is like that", known(facts))
    } else {
        "looking ...".to_owned()
    };
    vec![Span::new(Role::Warn, text)]
}

/// Said of what is not there, where not everything may be read.
fn known(facts: &Facts) -> &'static str {
    let kinds = [Kind::Pod, Kind::Service, Kind::EndpointSlice];
    let is_whole = |kind| matches!(facts.coverage(kind), Coverage::Complete);
    if kinds.into_iter().all(is_whole) {
        ""
    } else {
        " that can be read (:sources)"
    }
}

fn head(group: Group, found: &Found) -> Line {
    vec![
        Span::new(Role::Head, group.title()),
        Span::new(Role::Dim, format!("  {}", found.matching)),
    ]
}

fn line(hit: &Hit, facts: &Facts, panel: Option<&Panel>) -> Line {
    match hit {
        Hit::PodAddress(ip, key) => {
            let mut line = address(ip);
            line.extend(of_pod(facts, key));
            line
        }
        Hit::ServiceAddress(ip, key) => {
            let mut line = address(ip);
            line.push(Span::new(Role::Dim, "address of service "));
            line.push(name(key));
            line
        }
        Hit::Endpoint(ip, service) => endpoint(facts, ip, service),
        Hit::Row(row) => of_row(facts, panel, row),
        Hit::Pod(key) => {
            let mut line = vec![Span::new(Role::Text, "  ")];
            line.extend(of_pod(facts, key));
            let pod = facts.world.pods.get(key);
            let ip = pod.and_then(|pod| pod.ips.first());
            line.extend(ip.map(|ip| Span::new(Role::Dim, format!("  {ip}"))));
            line
        }
        Hit::Service(key) => {
            let mut line = vec![Span::new(Role::Text, "  "), name(key)];
            let service = facts.world.services.get(key);
            let ip = service.and_then(|service| service.cluster_ips.first());
            let text = match (service, ip) {
                (Some(service), Some(ip)) => format!("  {}  {ip}", service.service_type),
                (Some(service), None) => format!("  {}", service.service_type),
                (None, _) => "  gone".to_owned(),
            };
            line.push(Span::new(Role::Dim, text));
            line
        }
        Hit::Host(host) => vec![Span::new(Role::Text, "  "), long(host)],
        Hit::Cluster(row) => vec![Span::new(Role::Text, "  "), long(&row.cluster.to_string())],
        Hit::Sidecar(key) => {
            let governs = format!("  governs {}", counted(facts.governed.count(key), "pod"));
            vec![
                Span::new(Role::Text, "  "),
                long(&key.to_string()),
                Span::new(Role::Dim, governs),
            ]
        }
        Hit::Namespace(name) => {
            let pods = facts.world.pods.in_namespace(name).count();
            vec![
                Span::new(Role::Text, "  "),
                long(name),
                Span::new(Role::Dim, format!("  {}", counted(pods, "pod"))),
            ]
        }
    }
}

fn long(text: &str) -> Span {
    Span {
        text: cut(text, 72, Cut::Middle),
        role: Role::Name,
    }
}

fn name(key: &Key) -> Span {
    Span {
        text: cut(&name_of(key), 56, Cut::Middle),
        role: Role::Name,
    }
}

fn address(ip: &str) -> Line {
    vec![Span::new(Role::Number, format!("  {ip:<15} "))]
}

/// Readiness first: it must be read even where the line is cut.
fn of_pod(facts: &Facts, key: &Key) -> Line {
    let Some(pod) = facts.world.pods.get(key) else {
        return vec![Span::new(Role::Warn, "gone       "), name(key)];
    };
    let mut line = vec![readiness(pod), name(key)];
    let zone = zone_of(&facts.world, pod);
    for part in [&pod.node, &zone] {
        if !part.is_empty() {
            line.push(Span::new(Role::Dim, format!("  {part}")));
        }
    }
    line
}

fn readiness(pod: &Pod) -> Span {
    if pod.ready {
        Span::new(Role::Good, "ready      ")
    } else {
        Span::new(Role::Bad, "not ready  ")
    }
}

/// An endpoint of a slice: which service's, and whether any pod has its address.
fn endpoint(facts: &Facts, ip: &Text, service: &Key) -> Line {
    let mut line = address(ip);
    let slices = facts.world.slices_of(service);
    let (mut is_there, mut is_ready) = (false, false);
    for endpoint in slices.flat_map(|slice: &std::sync::Arc<EndpointSlice>| slice.endpoints.iter()) {
        if endpoint.addresses.contains(ip) {
            is_there = true;
            is_ready |= endpoint.ready.unwrap_or(true);
        }
    }
    line.push(match (is_there, is_ready) {
        (false, _) => Span::new(Role::Warn, "gone       "),
        (true, true) => Span::new(Role::Good, "ready      "),
        (true, false) => Span::new(Role::Bad, "not ready  "),
    });
    line.extend(orphaned(facts, ip));
    line.push(Span::new(Role::Dim, "endpoint of "));
    line.push(name(service));
    line
}

fn of_row(facts: &Facts, panel: Option<&Panel>, row: &RowId) -> Line {
    let text = row.address.to_string();
    let mut line = address(&text);
    let found = panel.and_then(|panel| panel.find(row));
    if found.is_none_or(|line| line.gone) {
        line.push(Span::new(Role::Warn, "gone       "));
    }
    if let Address::Socket(ip, _) = &row.address {
        line.extend(orphaned(facts, ip));
    }
    line.push(long(&row.cluster.to_string()));
    line
}

/// Said of an address that no pod has.
fn orphaned(facts: &Facts, ip: &str) -> Option<Span> {
    let is_orphan = facts.world.pods_with_ip(ip).next().is_none();
    let text = match facts.coverage(Kind::Pod) {
        Coverage::Complete => "no pod has it  ",
        Coverage::Pending | Coverage::Partial { .. } | Coverage::Absent | Coverage::Denied => {
            "no pod that can be read has it  "
        }
    };
    is_orphan.then(|| Span::new(Role::Warn, text))
}
