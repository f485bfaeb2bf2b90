//! One to three lines below the panes: the full text of the row under the cursor, what changed, and why.

use jiff::Timestamp;

use super::super::column::Place;
use super::super::reasons::{sync_sentence, traffic};
use super::super::table::endpoints::short_host;
use super::super::table::pods::status_role;
use super::super::table::timeline::clock;
use super::super::words::{governing_sentence, mark_role};
use super::super::{Line, Role, Span};
use crate::app::App;
use crate::app::actions::Action;
use crate::app::list::ItemId;
use crate::app::panel::Standing;
use crate::app::sync::Sync;
use crate::app::tables::{Marked, Subject, TableId};
use crate::app::workloads::WorkloadId;
use crate::mesh::history::{Line as Moment, MarkKind, ObjectId};
use crate::mesh::model::Pod;
use crate::mesh::scope::Cluster;

impl App {
    /// At most `rows` lines about the row under the cursor; what must be read and what changed come first where room is
    /// short.
    pub(super) fn inspector(&self, now: Timestamp, rows: usize) -> Vec<Line> {
        let table = self.ui.active();
        let list = self.ui.find_list(table);
        let Some(id) = list.and_then(|list| list.current()) else {
            return Vec::new();
        };
        let Some(subject) = self.subject(now, table, id) else {
            return Vec::new();
        };
        let text = full_text(&subject, self.is_gone(table, id), now);
        let change = self.marked(now, table, id).map(|marked| self.change(&marked, now));
        let (urgent, notes) = self.notes(now, table, id, &subject);
        let has_urgent = urgent.is_some();
        let mut lines: Vec<Line> = urgent.into_iter().chain(change).collect();
        // what is in the row can be read there, if need be
        if lines.len() < rows || !has_urgent && rows > 1 {
            lines.insert(0, text);
        }
        lines.extend(notes);
        lines.truncate(rows);
        lines.into_iter().map(lead).collect()
    }

    /// The key that shows all of a row, for where the inspector has no room for it.
    pub(super) fn whole_hint(&self) -> Option<Line> {
        let action = match self.ui.active() {
            TableId::Endpoints(_) | TableId::Traffic => Action::Explain,
            TableId::Pods | TableId::Services | TableId::Sidecars => Action::Describe,
            TableId::Timeline | TableId::Packets => Action::Drill,
            TableId::Workloads | TableId::Elsewhere => return None,
        };
        let key = self.options.keys.hint(action)?;
        Some(vec![
            Span::new(Role::Key, format!(" {key}")),
            Span::new(Role::Dim, " all"),
        ])
    }

    fn change(&self, marked: &Marked, now: Timestamp) -> Line {
        let zone = &self.options.time_zone;
        let (sign, what) = match marked.kind {
            MarkKind::Added => ("+", "appeared"),
            MarkKind::Changed if marked.is_back => ("~", "went and came back as it was"),
            MarkKind::Changed => ("~", "changed"),
            MarkKind::Removed => ("-", "gone"),
        };
        let role = mark_role(marked.kind);
        let mut line = vec![
            Span::new(role, format!("{sign} {what} ")),
            Span::new(Role::Number, clock(marked.times.1, now, zone)),
        ];
        for (column, before, after) in &marked.changes {
            line.push(Span::new(Role::Dim, format!("  {column} ")));
            line.push(Span::new(Role::Changed, format!("{before} -> {after}")));
        }
        line.push(Span::new(Role::Dim, "  because "));
        line.push(Span::new(Role::Text, marked.cause.as_str()));
        line
    }

    /// What else there is to say of the row: what must be read, if anything, and what may be.
    fn notes(&self, now: Timestamp, table: TableId, id: &ItemId, subject: &Subject<'_>) -> (Option<Line>, Vec<Line>) {
        if let (Some(slot), ItemId::Endpoint(row)) = (table.slot(), id) {
            return self.endpoint_notes(now, slot, row);
        }
        match (table, id, subject) {
            (_, _, Subject::Packet(row)) => {
                let words = row.directory.words(row.place);
                let joined = vec![Span::new(Role::Dim, "of "), Span::new(Role::Name, words)];
                (None, vec![joined])
            }
            (TableId::Pods, ItemId::Object(pod), Subject::Pod(_)) => self.pod_notes(pod),
            (_, _, Subject::Service(row)) if row.service.selector.is_empty() => {
                let text = "no selector: its endpoints come from slices that somebody else writes";
                (None, vec![vec![Span::new(Role::Dim, text)]])
            }
            (_, _, Subject::Service(row)) => {
                let selector = super::super::Value::Labels(row.service.selector.clone());
                let selects = Span::new(Role::Text, selector.text(now).into_owned());
                (None, vec![vec![Span::new(Role::Dim, "selects "), selects]])
            }
            (_, ItemId::Object(sidecar), Subject::Sidecar(row)) if row.findings.is_some() => {
                let found = self.facts.findings.of(&sidecar.key).unwrap_or_default();
                (
                    None,
                    super::super::findings::line(found, &self.options.keys.named(Action::Explain))
                        .into_iter()
                        .collect(),
                )
            }
            (_, _, Subject::Moment(row)) => match row.line {
                Moment::Edit(..) => {
                    let asks = [
                        (Action::Drill, " what it did"),
                        (Action::Then, " as it was then"),
                        (Action::Diff, " since then"),
                        (Action::Radius, " who else"),
                    ];
                    let asks = asks.into_iter().flat_map(|(action, what)| {
                        let key = Span::new(Role::Key, self.options.keys.named(action));
                        [key, Span::new(Role::Dim, format!("{what}  "))]
                    });
                    (None, vec![asks.collect()])
                }
                Moment::Endpoints(..) | Moment::Start | Moment::Before(_) => (None, Vec::new()),
            },
            _ => (None, Vec::new()),
        }
    }

    fn endpoint_notes(&self, now: Timestamp, slot: u8, id: &crate::mesh::diff::RowId) -> (Option<Line>, Vec<Line>) {
        let Some(panel) = self.ui.panel(slot) else {
            return (None, Vec::new());
        };
        let Some(line) = panel.find(id) else {
            return (None, Vec::new());
        };
        let envoy = self.facts.envoys.get(&panel.pod).filter(|_| panel.is_present());
        let why = vec![
            Span::new(Role::Dim, "why "),
            Span::new(Role::Text, line.row.why.short()),
            Span::new(Role::Dim, "  class "),
            Span::new(Role::Text, line.row.class.as_str()),
        ];
        let mut notes = vec![why];
        if envoy.is_some() && !line.gone {
            let sync = vec![
                Span::new(Role::Dim, "in Envoy "),
                Span::new(Role::Text, sync_sentence(line, envoy, now)),
            ];
            let at = if line.sync == Some(Sync::Both) { notes.len() } else { 0 };
            notes.insert(at, sync);
            // what goes on is wanted sooner than why the row is here
            let actual = line.actual.zip(envoy);
            let traffic = actual.and_then(|(at, envoy)| traffic(envoy, at));
            if let Some(traffic) = traffic {
                notes.insert(usize::from(at == 0), traffic);
            }
        }
        let gone = match &panel.standing {
            Standing::Past { since, .. } => {
                let successor = self.ui.chosen.as_ref().and_then(|gone| self.successor(gone));
                Some(self.gone_note(*since, now, successor.as_ref()))
            }
            Standing::Present
            | Standing::None(_)
            | Standing::Computing(_)
            | Standing::Broken(_)
            | Standing::Recalling
            | Standing::Then(_) => None,
        };
        (gone, notes)
    }

    fn pod_notes(&self, pod: &ObjectId) -> (Option<Line>, Vec<Line>) {
        if self
            .facts
            .world
            .pods
            .get(&pod.key)
            .is_none_or(|living| living.meta.uid != pod.uid)
        {
            let text = match self.successor(pod) {
                Some(successor) => vec![
                    Span::new(Role::Warn, "gone; "),
                    Span::new(Role::Key, self.options.keys.named(Action::Drill)),
                    Span::new(Role::Text, format!(" follows its successor {}", successor.key.name)),
                ],
                None => vec![Span::new(Role::Warn, "gone, and nothing of its workload is left")],
            };
            return (Some(text), Vec::new());
        }
        let governed = self.facts.governed.of(&pod.key).map(|governing| {
            vec![
                Span::new(Role::Dim, "governed by "),
                Span::new(Role::Name, governing_sentence(governing)),
            ]
        });
        (None, governed.into_iter().collect())
    }

    fn gone_note(&self, since: Timestamp, now: Timestamp, successor: Option<&ObjectId>) -> Line {
        let mut line = vec![Span::new(
            Role::Warn,
            format!("the pod is gone since {}", self.clock_text(since, now)),
        )];
        if let Some(successor) = successor {
            line.push(Span::new(
                Role::Text,
                format!(
                    "; {} on it in the pods follows {}",
                    self.options.keys.named(Action::Drill),
                    successor.key.name
                ),
            ));
        }
        line
    }
}

fn lead(mut line: Line) -> Line {
    line.insert(0, Span::new(Role::Text, " "));
    line
}

/// The row with nothing cut out of it.
fn full_text(subject: &Subject<'_>, gone: bool, now: Timestamp) -> Line {
    let was = if gone { "was " } else { "" };
    if let Subject::Packet(row) = subject {
        return vec![Span::new(Role::Text, &*row.captured.line)];
    }
    if let Subject::Endpoint(row) | Subject::Flow(row) = subject {
        let (cluster, host) = (row.row.cluster.as_ref(), row.row.cluster.host());
        let mut line = vec![
            Span::new(Role::Number, row.row.address.to_string()),
            Span::new(Role::Text, format!("  {was}{}  ", row.row.health.as_str())),
            Span::new(Role::Name, cluster.to_string()),
        ];
        if let (Some(pod), Cluster::Traffic { .. }) = (&row.row.backend.pod, cluster) {
            let place = if row.row.backend.node.is_empty() {
                String::new()
            } else {
                format!(" on {}", row.row.backend.node)
            };
            line.push(Span::new(Role::Dim, format!("  pod {pod}{place}")));
        } else if !host.is_empty() {
            line.push(Span::new(
                Role::Dim,
                format!("  no pod behind {}", short_host(&host.into())),
            ));
        }
        return line;
    }
    if let Subject::Pod(row) = subject {
        return pod_text(row.pod, was, now);
    }
    let mut line: Line = Vec::new();
    // an object has its name first, and a head before each number; a moment's cells speak for themselves
    let text_of = |id: &str| subject.datum_of(id).map(|datum| datum.value.text(now).into_owned());
    let name = text_of("name").zip(text_of("namespace"));
    if let Some((name, namespace)) = &name {
        let name = match subject {
            Subject::Sidecar(_) => format!("{namespace}/{name}"),
            Subject::Pod(_)
            | Subject::Workload(_)
            | Subject::Service(_)
            | Subject::Endpoint(_)
            | Subject::Moment(_)
            | Subject::Flow(_)
            | Subject::Packet(_)
            | Subject::Place(_) => format!("{name}.{namespace}"),
        };
        line.push(Span::new(Role::Name, name));
    }
    for (at, spec) in subject.specs().into_iter().enumerate() {
        let is_said = name.is_some() && ["name", "namespace"].contains(&spec.id);
        if is_said || spec.place == Place::Wide || gone && spec.buried.is_some() {
            continue;
        }
        let Some(datum) = subject.datum(at) else { continue };
        let text = datum.value.text(now);
        let is_nothing = matches!(datum.value, super::super::Value::Findings(0, _));
        if text.is_empty() || text == "<none>" || is_nothing {
            continue;
        }
        if !line.is_empty() {
            line.push(Span::new(Role::Text, "  "));
        }
        if name.is_some() {
            line.push(Span::new(Role::Dim, format!("{} ", spec.head.to_lowercase())));
        }
        line.push(Span::new(datum.role, text.into_owned()));
    }
    line
}

/// A pod by its full name, its state, where it is, what made it and what is in it.
fn pod_text(pod: &Pod, was: &str, now: Timestamp) -> Line {
    let printed = &pod.printed;
    let workload = WorkloadId::of(pod);
    let mut line = vec![
        Span::new(Role::Name, format!("{}.{}", pod.meta.key.name, pod.meta.key.namespace)),
        Span::new(
            status_role(&printed.status),
            format!("  {was}{} {}/{}", printed.status, printed.ready, printed.total),
        ),
    ];
    if let Some(ip) = pod.ips.first() {
        line.push(Span::new(Role::Number, format!("  {ip}")));
    }
    if !pod.node.is_empty() {
        line.push(Span::new(Role::Dim, format!(" on {}", pod.node)));
    }
    line.push(Span::new(Role::Dim, format!("  {} {}", workload.kind, workload.name)));
    if let Some(proxy) = &pod.proxy {
        line.push(Span::new(Role::Dim, format!("  proxy {}", proxy.image_tag)));
    }
    if printed.restarts > 0 {
        let restarts = super::super::Value::Restarts(printed.restarts, printed.last_restart);
        line.push(Span::new(Role::Warn, format!("  restarts {}", restarts.text(now))));
    }
    line
}
