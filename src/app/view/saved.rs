//! A table of the screen as a file has it: all its rows, as they are filtered and sorted, of any width.
//!
//! Not the formats (`output`). What heads a document of the command line is made here too, so that both say the same.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Shown;
use crate::app::App;
use crate::app::list::{ItemId, MomentId};
use crate::app::options::Namespaces;
use crate::app::tables::{Marked, Subject, TableId};
use crate::mesh::history::MarkKind;
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::scope::{EndpointTable, Why, needed_kinds};
use crate::mesh::world::{Coverage, Gap, World};

/// A table.
#[derive(Clone, PartialEq, Debug)]
pub struct Saved {
    /// The list's kind in JSON, such as `PodList`.
    pub kind: &'static str,
    /// Column heads, left to right.
    pub heads: Vec<Shown>,
    /// The rows, in order.
    pub rows: Vec<SavedRow>,
    /// When this was true.
    pub as_of: Timestamp,
    /// What could not be read; empty if the rows are complete.
    pub missing: Vec<String>,
    /// Facts about the whole list.
    pub about: Map<String, Value>,
}

/// One row.
#[derive(Clone, PartialEq, Debug)]
pub struct SavedRow {
    /// One for each head.
    pub cells: Vec<Shown>,
    /// What a program reads, by the ids of columns.
    pub fields: Map<String, Value>,
    /// Of an endpoint: why it is here.
    pub why: Option<Arc<Why>>,
    /// Its change mark.
    pub change: Option<MarkKind>,
    /// It is a tombstone: it is not there any more.
    pub gone: bool,
}

impl App {
    /// The table that has the keys, whole. The rows that the filter hides are not in it.
    pub fn saved(&mut self, now: Timestamp) -> Saved {
        let saved = self.whole_table(now);
        self.masked_table(saved)
    }

    fn whole_table(&self, now: Timestamp) -> Saved {
        let table = self.ui.active();
        let specs = table.specs();
        let columns = self.columns_of_file(table);
        let heads = columns.iter().filter_map(|at| specs.get(*at));
        let heads = heads.map(|spec| Shown::from(spec.head)).collect();
        let row = |id: &ItemId| {
            let subject = self.subject(now, table, id)?;
            let gone = self.is_gone(table, id);
            let marked = self.marked(now, table, id);
            Some(saved_row(&subject, &columns, (gone, marked.as_ref()), now))
        };
        let list = self.ui.find_list(table);
        let ids = list.into_iter().flat_map(|list| list.rows_from(0));
        let rows = ids.filter(|id| **id != ItemId::Moment(MomentId::Start)).filter_map(row);
        let (missing, about) = self.about(table);
        Saved {
            kind: kind(table),
            heads,
            rows: rows.collect(),
            as_of: now,
            missing,
            about,
        }
    }

    fn about(&self, table: TableId) -> (Vec<String>, Map<String, Value>) {
        let world = &self.facts.world;
        if let Some(panel) = table.slot().and_then(|slot| self.ui.panel(slot)) {
            let about = panel.table.as_ref().map(|table| about_endpoints(&panel.pod, table));
            return (missing(world, needed_kinds()), about.unwrap_or_default());
        }
        let missing = match table.kind() {
            Some(kind) => missing_of_list(world, kind, &self.ui.namespaces),
            None => missing(world, needed_kinds()),
        };
        (missing, Map::new())
    }
}

fn saved_row(subject: &Subject<'_>, columns: &[usize], marked: (bool, Option<&Marked>), now: Timestamp) -> SavedRow {
    let (gone, marked) = marked;
    let specs = subject.specs();
    let cell = |at: &usize| {
        let buried = specs.get(*at).and_then(|spec| spec.buried).filter(|_| gone);
        match buried {
            Some(buried) => Shown::from(buried),
            None => subject
                .datum(*at)
                .map_or_else(Shown::default, |datum| Shown::from(&*datum.value.text(now))),
        }
    };
    // what follows from other objects only where it is asked for, as on the command line
    let fields = specs
        .iter()
        .enumerate()
        .filter(|(at, spec)| !spec.derived || columns.contains(at));
    let fields = fields.filter_map(|(at, spec)| Some((spec.id.to_owned(), subject.datum(at)?.value.json())));
    let why = match subject {
        Subject::Endpoint(row) | Subject::Flow(row) => Some(Arc::clone(&row.row.why)),
        Subject::Pod(_)
        | Subject::Workload(_)
        | Subject::Service(_)
        | Subject::Sidecar(_)
        | Subject::Moment(_)
        | Subject::Packet(_)
        | Subject::Place(_) => None,
    };
    SavedRow {
        cells: columns.iter().map(cell).collect(),
        fields: fields.collect(),
        why,
        change: marked.map(|marked| marked.kind),
        gone,
    }
}

/// The kind of a document of it.
fn kind(table: TableId) -> &'static str {
    match table {
        TableId::Pods => "PodList",
        TableId::Workloads => "WorkloadList",
        TableId::Services => "ServiceList",
        TableId::Endpoints(_) => "EndpointTable",
        TableId::Sidecars => "SidecarList",
        TableId::Timeline => "Timeline",
        TableId::Traffic => "TrafficTable",
        TableId::Packets => "PacketList",
        TableId::Elsewhere => "PlaceList",
    }
}

/// What heads a document of a pod's endpoints: whose, by which Sidecar and control plane.
pub fn about_endpoints(pod: &Key, table: &EndpointTable) -> Map<String, Value> {
    let caveats: Vec<&str> = table.caveats.iter().map(Text::as_str).collect();
    let about = [
        (
            "pod",
            json!({ "namespace": pod.namespace.as_str(), "name": pod.name.as_str() }),
        ),
        ("sidecar", json!(table.governing.key().map(ToString::to_string))),
        ("revision", json!(table.plane.revision.as_str())),
        ("istioVersion", json!(table.plane.version.as_str())),
        ("caveats", json!(caveats)),
    ];
    about
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// What lacks of kinds that all namespaces' objects are needed of, a phrase each.
pub fn missing(world: &World, kinds: &[Kind]) -> Vec<String> {
    world
        .coverage
        .gaps(kinds)
        .map(|gap| match gap {
            Gap::Denied(kind) => format!("{} not readable", kind.plural()),
            Gap::Partial(kind, 1) => format!("{} readable in 1 namespace only", kind.plural()),
            Gap::Partial(kind, count) => format!("{} readable in {count} namespaces only", kind.plural()),
        })
        .collect()
}

/// What lacks of a list that holds nothing but its own objects: only namespaces that were asked for count.
pub fn missing_of_list(world: &World, kind: Kind, shown: &Namespaces) -> Vec<String> {
    let (Namespaces::Some(names), Coverage::Partial { readable }) = (shown, world.coverage.get(kind)) else {
        return missing(world, &[kind]);
    };
    let unread = names.iter().filter(|name| !readable.contains(name));
    unread
        .map(|name| format!("{} not readable in namespace '{name}'", kind.plural()))
        .collect()
}
