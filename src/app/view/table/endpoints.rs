//! Endpoints: `istioctl proxy-config endpoint`, and beside it what only the API knows of each row.
//!
//! istioctl: `istioctl/pkg/writer/envoy/clusters/clusters.go`, `PrintEndpointsSummary`.

use std::collections::VecDeque;

use crate::app::message::EnvoyRow;
use crate::app::rates::Rate;
use crate::app::sync::Sync;
use crate::app::view::Role;
use crate::app::view::column::{Column, Output, Place, Spec, Table};
use crate::app::view::cut::Cut;
use crate::app::view::value::{Datum, Value};
use crate::mesh::model::{HostCounters, Pod, Text};
use crate::mesh::scope::{Cluster, Health, Row};

/// The endpoint table of a pod.
#[derive(Debug)]
pub enum Endpoints {}

/// A row of it, with what its other columns follow from.
#[derive(Clone, Copy, Debug)]
pub struct EndpointRow<'a> {
    /// The row as computed (or, for what only Envoy has, put together from its answer).
    pub row: &'a Row,
    /// The pod behind it, if it is there.
    pub behind: Option<&'a Pod>,
    /// Computed against actual; `None` if Envoy was not asked.
    pub sync: Option<Sync>,
    /// What Envoy says of it; `None` if it was not asked, or does not have it.
    pub actual: Option<Actual<'a>>,
}

/// What Envoy says of a host.
#[derive(Clone, Copy, Debug)]
pub struct Actual<'a> {
    /// Where it is and how it does.
    pub row: &'a EnvoyRow,
    /// What it counted.
    pub counters: HostCounters,
    /// What it does a second; `None` before a second answer.
    pub rate: Option<Rate>,
    /// What it did in each of the last seconds (`Rates::past`); `None` where nothing ever happened.
    pub past: Option<&'a VecDeque<Option<u64>>>,
}

impl EndpointRow<'_> {
    /// Whether Envoy's outlier detection has ejected it.
    pub(super) fn is_ejected(&self) -> bool {
        self.actual.is_some_and(|actual| actual.row.ejected)
    }
}

impl Table for Endpoints {
    type Row<'a> = EndpointRow<'a>;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
}

static COLUMNS: &[Column<Endpoints>] = &[
    Column {
        spec: Spec {
            id: "sync",
            head: "SYNC",
            min: 4,
            max: 7,
            priority: 2,
            output: Output::Extra,
            searched: false,
            derived: true,
            buried: Some(""),
            help: "'=' in Envoy too, '>' not yet in Envoy, '<' only in Envoy, '?' nobody can know.",
            ..Spec::NEW
        },
        datum: |row| row.sync.map_or(Value::Empty.into(), sync),
    },
    Column {
        spec: Spec {
            id: "endpoint",
            head: "ENDPOINT",
            min: 15,
            comfort: 21,
            max: 60,
            priority: 0,
            cut: Cut::Middle,
            place: Place::Fixed,
            help: "Address and port.",
            ..Spec::NEW
        },
        datum: |row| Datum::new(Role::Number, Value::Built(row.row.address.to_string())),
    },
    Column {
        spec: Spec {
            id: "status",
            head: "STATUS",
            min: 9,
            max: 9,
            priority: 1,
            buried: Some("gone"),
            help: "Its health as istiod tells Envoy; FAILED if Envoy has ejected it.",
            ..Spec::NEW
        },
        datum: |row| Datum::new(health_role(row.row.health), Value::Word(row.row.health.as_str())),
    },
    Column {
        spec: Spec {
            id: "outlierCheck",
            head: "OUTLIER CHECK",
            min: 13,
            max: 13,
            priority: 4,
            place: Place::Broad,
            searched: false,
            buried: Some(""),
            help: "FAILED if Envoy's outlier detection has ejected it.",
            ..Spec::NEW
        },
        datum: |row| {
            if row.is_ejected() {
                Datum::new(Role::Bad, Value::Word("FAILED"))
            } else {
                Datum::new(Role::Dim, Value::Word("OK"))
            }
        },
    },
    Column {
        spec: Spec {
            id: "cluster",
            head: "CLUSTER",
            min: 30,
            comfort: 64,
            max: 120,
            priority: 1,
            cut: Cut::Middle,
            place: Place::Broad,
            help: "Envoy's name of the cluster it belongs to.",
            ..Spec::NEW
        },
        datum: |row| Datum::new(Role::Name, Value::Built(row.row.cluster.to_string())),
    },
    Column {
        spec: Spec {
            id: "port",
            head: "PORT|SUBSET",
            min: 11,
            max: 20,
            priority: 2,
            output: Output::Extra,
            place: Place::Narrow,
            searched: false,
            help: "The service's port, and the subset of a DestinationRule.",
            ..Spec::NEW
        },
        datum: |row| Datum::new(Role::Number, port(&row.row.cluster)),
    },
    Column {
        spec: Spec {
            id: "host",
            head: "HOST",
            min: 14,
            comfort: 24,
            max: 120,
            priority: 1,
            cut: Cut::Middle,
            output: Output::Extra,
            place: Place::Narrow,
            searched: false,
            help: "The name that is dialled, without '.svc.cluster.local'.",
            ..Spec::NEW
        },
        datum: |row| Datum::new(Role::Name, host(&row.row.cluster)),
    },
    Column {
        spec: Spec {
            id: "pod",
            head: "POD",
            min: 12,
            max: 50,
            priority: 5,
            cut: Cut::Middle,
            output: Output::Extra,
            help: "The pod behind the address.",
            ..Spec::NEW
        },
        datum: |row| {
            row.row
                .backend
                .pod
                .as_ref()
                .map_or(Value::Empty, |pod| Value::Text(pod.name.clone()))
                .into()
        },
    },
    Column {
        spec: Spec {
            id: "ready",
            head: "READY",
            min: 5,
            max: 5,
            priority: 6,
            output: Output::Extra,
            searched: false,
            derived: true,
            buried: Some(""),
            help: "Whether that pod is ready.",
            ..Spec::NEW
        },
        datum: |row| match row.behind.map(|pod| pod.ready) {
            Some(true) => Value::Word("yes").into(),
            Some(false) => Datum::new(Role::Bad, Value::Word("no")),
            None => Value::Empty.into(),
        },
    },
    Column {
        spec: Spec {
            id: "node",
            head: "NODE",
            min: 6,
            max: 40,
            priority: 8,
            cut: Cut::Middle,
            output: Output::Extra,
            help: "The node it is on.",
            ..Spec::NEW
        },
        datum: |row| text_or_empty(&row.row.backend.node).into(),
    },
    Column {
        spec: Spec {
            id: "zone",
            head: "ZONE",
            min: 4,
            max: 24,
            priority: 8,
            output: Output::Extra,
            help: "The zone it is in.",
            ..Spec::NEW
        },
        datum: |row| text_or_empty(&row.row.backend.locality.zone).into(),
    },
    Column {
        spec: Spec {
            id: "rps",
            head: "RPS",
            help: "Requests a second through this proxy, as Envoy counts them.",
            ..NUMBER
        },
        datum: |row| rate(row, |rate| rate.requests, Role::Number),
    },
    Column {
        spec: Spec {
            id: "errors",
            head: "ERR",
            help: "Of these a second, those that failed; and connections that could not be opened.",
            ..NUMBER
        },
        datum: |row| rate(row, |rate| rate.errors, Role::Bad),
    },
    Column {
        spec: Spec {
            id: "why",
            head: "WHY",
            min: 20,
            comfort: 40,
            max: 100,
            priority: 7,
            output: Output::Extra,
            searched: false,
            help: "What let it into the scope.",
            ..Spec::NEW
        },
        datum: |row| Datum::new(Role::Dim, text_or_empty(&Text::from(row.row.why.short()))),
    },
    Column {
        spec: Spec {
            id: "class",
            head: "CLASS",
            min: 7,
            max: 9,
            priority: 9,
            output: Output::Extra,
            place: Place::Wide,
            searched: false,
            help: "How surely it is computed: exact, bootstrap, runtime, dns or unknown.",
            ..Spec::NEW
        },
        datum: |row| Value::Word(row.row.class.as_str()).into(),
    },
    Column {
        spec: Spec {
            id: "weight",
            head: "WEIGHT",
            min: 6,
            max: 10,
            priority: 9,
            right: true,
            output: Output::Extra,
            place: Place::Wide,
            searched: false,
            help: "Its load-balancing weight.",
            ..Spec::NEW
        },
        datum: |row| Value::Number(row.row.backend.weight.into()).into(),
    },
    Column {
        spec: Spec {
            id: "connections",
            head: "CONN",
            help: "Connections that are open, as Envoy counts them.",
            ..COUNTED
        },
        datum: |row| counted(row, |actual| actual.counters.cx_active),
    },
    Column {
        spec: Spec {
            id: "requests",
            head: "REQUESTS",
            help: "Requests since Envoy knows it.",
            ..COUNTED
        },
        datum: |row| counted(row, |actual| actual.counters.rq_total),
    },
    Column {
        spec: Spec {
            id: "failed",
            head: "FAILED",
            help: "Requests that failed since Envoy knows it.",
            ..COUNTED
        },
        datum: |row| counted(row, |actual| actual.counters.rq_error),
    },
    Column {
        spec: Spec {
            id: "priority",
            head: "PRIORITY",
            help: "Envoy's priority of it; 0 is tried first.",
            ..COUNTED
        },
        datum: |row| counted(row, |actual| actual.row.priority.into()),
    },
];

/// What columns of numbers from Envoy have in common.
const NUMBER: Spec = Spec {
    min: 4,
    max: 8,
    cut: Cut::Never,
    priority: 4,
    right: true,
    output: Output::Extra,
    searched: false,
    derived: true,
    ..Spec::NEW
};

/// What columns of Envoy's counters have in common.
const COUNTED: Spec = Spec {
    max: 12,
    priority: 9,
    place: Place::Wide,
    ..NUMBER
};

pub(super) fn counted(row: &EndpointRow<'_>, count: fn(&Actual<'_>) -> u64) -> Datum {
    let number = row
        .actual
        .map(|actual| Value::Number(i64::try_from(count(&actual)).unwrap_or(i64::MAX)));
    number.unwrap_or(Value::Empty).into()
}

pub(super) fn rate(row: &EndpointRow<'_>, of: fn(&Rate) -> u64, role: Role) -> Datum {
    match row.actual.and_then(|actual| actual.rate).map(|rate| of(&rate)) {
        None => Value::Empty.into(),
        Some(0) => Datum::new(Role::Dim, Value::Rate(0)),
        Some(rate) => Datum::new(role, Value::Rate(rate)),
    }
}

pub(super) fn sync(sync: Sync) -> Datum {
    match sync {
        Sync::Both => Datum::new(Role::Dim, Value::Word("=")),
        Sync::Computed { .. } => Datum::new(Role::Warn, Value::Word(">")),
        Sync::Actual { .. } => Datum::new(Role::Warn, Value::Word("<")),
        Sync::Unknown => Datum::new(Role::Dim, Value::Word("?")),
    }
}

fn text_or_empty(text: &Text) -> Value {
    if text.is_empty() {
        Value::Empty
    } else {
        Value::Text(text.clone())
    }
}

fn port(cluster: &Cluster) -> Value {
    match cluster {
        Cluster::Traffic { port, subset, .. } if subset.is_empty() => Value::Number((*port).into()),
        Cluster::Traffic { port, subset, .. } => Value::Built(format!("{port}|{subset}")),
        Cluster::Named(_) => Value::Empty,
    }
}

fn host(cluster: &Cluster) -> Value {
    match cluster {
        Cluster::Traffic { host, .. } if host.is_empty() => Value::Word("(inbound)"),
        Cluster::Traffic { host, .. } => Value::Text(short_host(host)),
        Cluster::Named(name) => Value::Text(name.clone()),
    }
}

/// A host without the usual domain: `reviews.bookinfo` for `reviews.bookinfo.svc.cluster.local`.
pub fn short_host(host: &Text) -> Text {
    host.strip_suffix(".svc.cluster.local")
        .map_or_else(|| host.clone(), Text::from)
}

/// How good a health is; what is as it should be is quiet.
pub fn health_role(health: Health) -> Role {
    match health {
        Health::Healthy => Role::Text,
        Health::Draining | Health::Degraded | Health::Unknown => Role::Warn,
        Health::Unhealthy | Health::Timeout => Role::Bad,
    }
}

/// Whether something is wrong with a row: what `!` keeps.
pub fn is_faulty(row: &EndpointRow<'_>) -> bool {
    let fails = |actual: Actual<'_>| !actual.row.faults.is_empty() || actual.rate.is_some_and(|rate| rate.errors > 0);
    row.is_ejected()
        || row.actual.is_some_and(fails)
        || row.row.health != Health::Healthy
        || row.behind.is_some_and(|pod| !pod.ready)
        || row
            .sync
            .is_some_and(|sync| matches!(sync, Sync::Computed { .. } | Sync::Actual { .. }))
}
