//! Sidecars: whom each governs, what it lets in, and who wrote it last.

use std::sync::Arc;

use super::object;
use crate::app::Tally;
use crate::app::view::Role;
use crate::app::view::column::{Column, Output, Place, Spec, Table};
use crate::app::view::cut::Cut;
use crate::app::view::value::{Datum, Value};
use crate::mesh::lint::Level;
use crate::mesh::model::{Sidecar, Text};

/// The table of Sidecars.
#[derive(Debug)]
pub enum Sidecars {}

/// A Sidecar, with the number of pods it governs.
#[derive(Clone, Copy, Debug)]
pub struct SidecarRow<'a> {
    /// The object.
    pub sidecar: &'a Sidecar,
    /// How many pods it governs; `None` if that is not known.
    pub governs: Option<usize>,
    /// What lint finds in it; `None` if that is not known.
    pub findings: Option<Tally>,
}

impl Table for Sidecars {
    type Row<'a> = SidecarRow<'a>;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
}

static COLUMNS: &[Column<Sidecars>] = &[
    Column {
        spec: Spec {
            min: 9,
            max: 24,
            priority: 0,
            place: Place::Fixed,
            help: "The namespace; that of the mesh's root holds the default for all.",
            ..object::NAMESPACE
        },
        datum: |row| object::namespace(&row.sidecar.meta.key.namespace),
    },
    Column {
        spec: Spec {
            min: 8,
            comfort: 24,
            ..object::NAME
        },
        datum: |row| object::name(&row.sidecar.meta.key.name),
    },
    Column {
        spec: Spec {
            id: "selector",
            head: "SELECTOR",
            min: 8,
            comfort: 16,
            max: 40,
            priority: 3,
            help: "The labels of the pods it is for; '<none>' means the whole namespace.",
            ..Spec::NEW
        },
        datum: |row| row.sidecar.selector.clone().map_or(Value::None, Value::Labels).into(),
    },
    Column {
        spec: Spec {
            id: "hosts",
            head: "HOSTS",
            min: 12,
            comfort: 40,
            max: 120,
            priority: 2,
            help: "What its egress listeners let in.",
            ..Spec::NEW
        },
        datum: |row| hosts(row.sidecar).into(),
    },
    Column {
        spec: Spec {
            id: "governs",
            head: "GOVERNS",
            min: 7,
            max: 9,
            priority: 1,
            right: true,
            searched: false,
            derived: true,
            buried: Some("gone"),
            help: "How many pods it governs.",
            ..Spec::NEW
        },
        datum: |row| match row.governs {
            None => Value::Empty.into(),
            Some(0) => Datum::new(Role::Warn, Value::Number(0)),
            Some(pods) => Value::Number(i64::try_from(pods).unwrap_or(i64::MAX)).into(),
        },
    },
    Column {
        spec: Spec {
            id: "findings",
            head: "FINDINGS",
            min: 8,
            max: 12,
            cut: Cut::Never,
            priority: 1,
            output: Output::Extra,
            searched: false,
            derived: true,
            buried: Some(""),
            help: "How many things lint finds wrong with it, and how bad the worst is; 'x' tells them.",
            ..Spec::NEW
        },
        datum: |row| findings(row.findings),
    },
    Column {
        spec: Spec {
            id: "manager",
            head: "MANAGER",
            min: 8,
            comfort: 17,
            max: 30,
            priority: 5,
            cut: Cut::Middle,
            output: Output::Wide,
            help: "The program that wrote it last.",
            ..Spec::NEW
        },
        datum: |row| {
            let managers = &row.sidecar.provenance.managers;
            managers
                .first()
                .map_or(Value::Unknown, |last| Value::Text(last.manager.clone()))
                .into()
        },
    },
    Column {
        spec: Spec {
            priority: 4,
            ..object::AGE
        },
        datum: |row| object::age(&row.sidecar.meta),
    },
];

fn findings(tally: Option<Tally>) -> Datum {
    let Some(Tally { count, worst }) = tally else {
        return Value::Empty.into();
    };
    let role = match worst {
        None => Role::Dim,
        Some(level) => level_role(level),
    };
    Datum::new(role, Value::Findings(count, worst))
}

/// How bad a level is.
pub(in crate::app) fn level_role(level: Level) -> Role {
    match level {
        Level::Error => Role::Bad,
        Level::Warning => Role::Warn,
        Level::Info => Role::Text,
    }
}

/// The hosts of all egress listeners, in order, each once; istiod reads no listener at all as `*/*`.
fn hosts(sidecar: &Sidecar) -> Value {
    if sidecar.egress.is_empty() {
        return Value::Word("*/*");
    }
    let mut hosts: Vec<Text> = Vec::new();
    for host in sidecar.egress.iter().flat_map(|listener| listener.hosts.iter()) {
        if !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
    Value::List(Arc::from(hosts))
}
