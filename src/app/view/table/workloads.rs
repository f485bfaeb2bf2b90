//! Workloads: pods by what made them.

use super::object;
use crate::app::view::Role;
use crate::app::view::column::{Column, Output, Spec, Table};
use crate::app::view::value::{Datum, Value};
use crate::app::workloads::{Workload, WorkloadId};

/// The table of workloads.
#[derive(Debug)]
pub enum Workloads {}

/// A workload and the sums over its pods.
#[derive(Clone, Copy, Debug)]
pub struct WorkloadRow<'a> {
    /// Which.
    pub id: &'a WorkloadId,
    /// Of its pods.
    pub workload: &'a Workload,
}

impl Table for Workloads {
    type Row<'a> = WorkloadRow<'a>;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
}

static COLUMNS: &[Column<Workloads>] = &[
    Column {
        spec: object::NAMESPACE,
        datum: |row| object::namespace(&row.id.namespace),
    },
    Column {
        spec: object::NAME,
        datum: |row| object::name(&row.id.name),
    },
    Column {
        spec: Spec {
            id: "kind",
            head: "KIND",
            min: 10,
            max: 14,
            priority: 2,
            output: Output::Table,
            help: "Deployment, StatefulSet, DaemonSet, Job, or Pod for one that nothing made.",
            ..Spec::NEW
        },
        datum: |row| Value::Text(row.id.kind.clone()).into(),
    },
    Column {
        spec: Spec {
            id: "ready",
            head: "READY",
            min: 5,
            max: 9,
            priority: 1,
            searched: false,
            help: "Pods that are ready, of how many.",
            ..Spec::NEW
        },
        datum: |row| {
            let (ready, total) = (row.workload.ready, row.workload.pods.len());
            let role = match ready {
                _ if ready == total => Role::Text,
                0 => Role::Bad,
                _ => Role::Warn,
            };
            Datum::new(role, Value::Ratio(ready as u64, total as u64))
        },
    },
    Column {
        spec: Spec {
            id: "proxies",
            head: "PROXIES",
            min: 7,
            max: 9,
            priority: 3,
            output: Output::Extra,
            searched: false,
            help: "Pods that have an Envoy, of how many.",
            ..Spec::NEW
        },
        datum: |row| Value::Ratio(row.workload.proxies as u64, row.workload.pods.len() as u64).into(),
    },
    Column {
        spec: Spec {
            id: "restarts",
            head: "RESTARTS",
            min: 8,
            max: 8,
            priority: 4,
            right: true,
            searched: false,
            help: "Restarts of all its pods.",
            ..Spec::NEW
        },
        datum: |row| Value::Number(i64::try_from(row.workload.restarts).unwrap_or(i64::MAX)).into(),
    },
];
