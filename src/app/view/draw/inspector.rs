//! One to three lines below the panes: the full text of the row under the cursor, what changed, and why.

use jiff::Timestamp;

use super::super::table::endpoints::short_host;
use super::super::table::timeline::clock;
use super::super::words::{governing_sentence, mark_role, sync_sentence};
use super::super::{Line, Role, Span};
use crate::app::App;
use crate::app::list::ItemId;
use crate::app::panel::Standing;
use crate::app::tables::{Marked, Subject, TableId};
use crate::mesh::history::{Line as Moment, MarkKind, ObjectId};
use crate::mesh::scope::Cluster;

impl App {
    /// At most `rows` lines about the row under the cursor; what changed comes first where room is short.
    pub(super) fn inspector(&self, now: Timestamp, rows: usize) -> Vec<Line> {
        let table = self.ui.active();
        let list = self.ui.find_list(table);
        let Some(id) = list.and_then(|list| list.current()) else {
            return Vec::new();
        };
        let Some(subject) = self.subject(now, table, id) else {
            return Vec::new();
        };
        let mut lines = vec![full_text(&subject, now)];
        let changed = self.marked(now, table, id).map(|marked| self.change(&marked, now));
        let note = self.note(now, table, id, &subject);
        match (changed, rows) {
            (Some(changed), 1) => return vec![changed],
            (Some(changed), _) => {
                lines.push(changed);
                lines.extend(note);
            }
            (None, _) => lines.extend(note),
        }
        lines.truncate(rows);
        lines.into_iter().map(lead).collect()
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
        line.push(Span::new(Role::Dim, "  by "));
        line.push(Span::new(Role::Text, marked.cause.as_str()));
        line
    }

    /// What else there is to say of the row.
    fn note(&self, now: Timestamp, table: TableId, id: &ItemId, subject: &Subject<'_>) -> Vec<Line> {
        match (table, id, subject) {
            (TableId::Endpoints(slot), ItemId::Endpoint(row), _) => self.endpoint_notes(now, slot, row),
            (TableId::Pods, ItemId::Object(pod), Subject::Pod(_)) => self.pod_notes(pod),
            (_, _, Subject::Service(row)) => {
                let selector = super::super::Value::Labels(row.service.selector.clone());
                vec![vec![
                    Span::new(Role::Dim, "selects "),
                    Span::new(Role::Text, selector.text(now).into_owned()),
                ]]
            }
            (_, _, Subject::Moment(row)) => match row.line {
                Moment::Edit(..) => vec![vec![Span::new(Role::Dim, "Enter shows the diff and the rows it moved")]],
                Moment::Endpoints(..) | Moment::Start | Moment::Before(_) => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn endpoint_notes(&self, now: Timestamp, slot: u8, id: &crate::mesh::diff::RowId) -> Vec<Line> {
        let Some(panel) = self.ui.panel(slot) else {
            return Vec::new();
        };
        let Some(line) = panel.find(id) else { return Vec::new() };
        let envoy = self.facts.envoys.get(&panel.pod);
        let mut notes = vec![vec![
            Span::new(Role::Dim, "why "),
            Span::new(Role::Text, line.row.why.short()),
            Span::new(Role::Dim, "  class "),
            Span::new(Role::Text, line.row.class.as_str()),
        ]];
        if envoy.is_some() {
            notes.push(vec![
                Span::new(Role::Dim, "in Envoy "),
                Span::new(Role::Text, sync_sentence(line, envoy, now)),
            ]);
        }
        if let Standing::Past { since, .. } = &panel.standing {
            let successor = self.ui.chosen.as_ref().and_then(|gone| self.successor(gone));
            notes.insert(0, self.gone_note(*since, now, successor.as_ref()));
        }
        notes
    }

    fn pod_notes(&self, pod: &ObjectId) -> Vec<Line> {
        if self
            .facts
            .world
            .pods
            .get(&pod.key)
            .is_none_or(|living| living.meta.uid != pod.uid)
        {
            let successor = self.successor(pod);
            return match successor {
                Some(successor) => vec![vec![
                    Span::new(Role::Warn, "gone; "),
                    Span::new(Role::Key, "Enter"),
                    Span::new(Role::Text, format!(" follows its successor {}", successor.key.name)),
                ]],
                None => vec![vec![Span::new(Role::Warn, "gone, and nothing of its workload is left")]],
            };
        }
        match self.facts.governed.of(&pod.key) {
            Some(governing) => vec![vec![
                Span::new(Role::Dim, "governed by "),
                Span::new(Role::Name, governing_sentence(governing)),
            ]],
            None => Vec::new(),
        }
    }

    fn gone_note(&self, since: Timestamp, now: Timestamp, successor: Option<&ObjectId>) -> Line {
        let mut line = vec![Span::new(
            Role::Warn,
            format!("the pod is gone since {}", self.clock_text(since, now)),
        )];
        if let Some(successor) = successor {
            line.push(Span::new(
                Role::Text,
                format!("; Enter on it in the pods follows {}", successor.key.name),
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
fn full_text(subject: &Subject<'_>, now: Timestamp) -> Line {
    if let Subject::Endpoint(row) = subject {
        let (cluster, host) = (row.row.cluster.as_ref(), row.row.cluster.host());
        let mut line = vec![
            Span::new(Role::Number, row.row.address.to_string()),
            Span::new(Role::Text, format!("  {}  ", row.row.health.as_str())),
            Span::new(Role::Name, cluster.to_string()),
        ];
        if let (Some(pod), Cluster::Traffic { .. }) = (&row.row.pod, cluster) {
            let place = if row.row.node.is_empty() {
                String::new()
            } else {
                format!(" on {}", row.row.node)
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
    let cells = (0..).map_while(|at| subject.datum(at));
    let mut line: Line = Vec::new();
    for datum in cells {
        let text = datum.value.text(now);
        if text.is_empty() || text == "<none>" {
            continue;
        }
        if !line.is_empty() {
            line.push(Span::new(Role::Text, "  "));
        }
        line.push(Span::new(datum.role, text.into_owned()));
    }
    line
}
