//! Traffic: the endpoints of a pod by what they do, as its Envoy counts. The same rows as `endpoints`, other columns.

use super::endpoints::{EndpointRow, counted, health_role, rate, short_host, sync};
use crate::app::view::Role;
use crate::app::view::column::{Column, Output, Place, Spec, Table};
use crate::app::view::cut::Cut;
use crate::app::view::value::{Datum, Value};
use crate::mesh::model::Text;
use crate::mesh::scope::Cluster;

/// The endpoint table of a pod by what its rows do.
#[derive(Debug)]
pub enum Traffic {}

impl Table for Traffic {
    type Row<'a> = EndpointRow<'a>;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
}

static COLUMNS: &[Column<Traffic>] = &[
    Column {
        spec: Spec {
            id: "sync",
            head: "SYNC",
            min: 4,
            max: 7,
            priority: 6,
            searched: false,
            derived: true,
            buried: Some(""),
            help: "'=' in Envoy too, '>' not yet in Envoy, '<' only in Envoy, '?' nobody can know.",
            ..EXTRA
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
            help: "Address and port; going into the row lists its packets alone.",
            ..EXTRA
        },
        datum: |row| Datum::new(Role::Number, Value::Built(row.row.address.to_string())),
    },
    Column {
        spec: Spec {
            id: "pod",
            head: "POD",
            min: 12,
            comfort: 18,
            max: 50,
            priority: 5,
            cut: Cut::Middle,
            help: "The pod behind the address.",
            ..EXTRA
        },
        datum: |row| {
            let pod = row.row.backend.pod.as_ref();
            pod.map_or(Value::Empty, |pod| Value::Text(pod.name.clone())).into()
        },
    },
    Column {
        spec: Spec {
            id: "rps",
            head: "RPS",
            priority: 1,
            help: "Requests a second through this proxy, as Envoy counts them.",
            ..NUMBER
        },
        datum: |row| rate(row, |rate| rate.requests, Role::Number),
    },
    Column {
        spec: Spec {
            id: "trend",
            head: "TREND",
            min: 10,
            comfort: 10,
            max: 60,
            priority: 3,
            cut: Cut::Start,
            right: true,
            searched: false,
            derived: true,
            buried: Some(""),
            help: "Requests (of TCP: new connections) in each of the last 60 seconds, the newest to the right.",
            ..EXTRA
        },
        datum: |row| {
            let past = row.actual.and_then(|actual| actual.past);
            let spark = past.map_or(Value::Empty, |past| Value::Spark(past.iter().copied().collect()));
            Datum::new(Role::Number, spark)
        },
    },
    Column {
        spec: Spec {
            id: "errors",
            head: "ERR/s",
            min: 5,
            priority: 2,
            help: "Requests a second that failed; and connections that could not be opened.",
            ..NUMBER
        },
        datum: |row| rate(row, |rate| rate.errors, Role::Bad),
    },
    Column {
        spec: Spec {
            id: "connections",
            head: "CONN",
            priority: 6,
            help: "Connections that are open.",
            ..NUMBER
        },
        datum: |row| counted(row, |actual| actual.counters.cx_active),
    },
    Column {
        spec: Spec {
            id: "requests",
            head: "REQUESTS",
            max: 12,
            priority: 7,
            help: "Requests since Envoy knows it.",
            ..NUMBER
        },
        datum: |row| counted(row, |actual| actual.counters.rq_total),
    },
    Column {
        spec: Spec {
            id: "failed",
            head: "FAILED",
            max: 12,
            priority: 8,
            help: "Requests that failed since Envoy knows it.",
            ..NUMBER
        },
        datum: |row| match row.actual.map(|actual| actual.counters.rq_error) {
            Some(1..) => Datum {
                role: Role::Bad,
                ..counted(row, |actual| actual.counters.rq_error)
            },
            Some(0) | None => counted(row, |actual| actual.counters.rq_error),
        },
    },
    Column {
        spec: Spec {
            id: "status",
            head: "STATUS",
            min: 9,
            max: 9,
            priority: 6,
            buried: Some("gone"),
            help: "Its health as istiod tells Envoy.",
            ..EXTRA
        },
        datum: |row| Datum::new(health_role(row.row.health), Value::Word(row.row.health.as_str())),
    },
    Column {
        spec: Spec {
            id: "outlierCheck",
            head: "OUTLIER",
            min: 7,
            max: 7,
            priority: 8,
            searched: false,
            buried: Some(""),
            help: "FAILED if Envoy's outlier detection has ejected it.",
            ..EXTRA
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
            min: 16,
            comfort: 24,
            max: 80,
            priority: 1,
            cut: Cut::Middle,
            help: "The host that is dialled without '.svc.cluster.local', its port, and the subset.",
            ..EXTRA
        },
        datum: |row| Datum::new(Role::Name, Value::Text(short_cluster(&row.row.cluster))),
    },
];

/// No headless output has these columns; those of `endpoints` do.
const EXTRA: Spec = Spec {
    output: Output::Extra,
    ..Spec::NEW
};

/// What columns of numbers from Envoy have in common.
const NUMBER: Spec = Spec {
    min: 4,
    max: 8,
    cut: Cut::Never,
    right: true,
    searched: false,
    derived: true,
    ..EXTRA
};

/// A cluster as short as it can be told: `reviews.bookinfo:9080`, `reviews.bookinfo:9080 v1`, `(inbound):9080`.
pub fn short_cluster(cluster: &Cluster) -> Text {
    match cluster {
        Cluster::Traffic { host, port, subset, .. } => {
            let host = if host.is_empty() {
                "(inbound)".into()
            } else {
                short_host(host)
            };
            let gap = if subset.is_empty() { "" } else { " " };
            format!("{host}:{port}{gap}{subset}").into()
        }
        Cluster::Named(name) => name.clone(),
    }
}
