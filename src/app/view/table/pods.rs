//! Pods: `kubectl get pod -o wide`, the proxy in it and the Sidecar that governs it.
//!
//! Kubernetes: `pkg/printers/internalversion/printers.go`, `printPod`.

use super::object;
use crate::app::view::Role;
use crate::app::view::column::{Column, Output, Place, Spec, Table};
use crate::app::view::cut::Cut;
use crate::app::view::value::{Datum, Value};
use crate::mesh::model::{Pod, ProxyKind, Text};
use crate::mesh::scope::Governing;

/// The table of pods.
#[derive(Debug)]
pub enum Pods {}

/// A pod, with what follows for it from other objects.
#[derive(Clone, Copy, Debug)]
pub struct PodRow<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// The Sidecar that governs it; `None` if that is not known (or does not concern it).
    pub governing: Option<&'a Governing>,
}

impl Table for Pods {
    type Row<'a> = PodRow<'a>;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
}

static COLUMNS: &[Column<Pods>] = &[
    Column {
        spec: object::NAMESPACE,
        datum: |row| object::namespace(&row.pod.meta.key.namespace),
    },
    Column {
        spec: object::NAME,
        datum: |row| object::name(&row.pod.meta.key.name),
    },
    Column {
        spec: Spec {
            id: "ready",
            head: "READY",
            min: 5,
            max: 7,
            priority: 2,
            searched: false,
            buried: Some("gone"),
            help: "Containers that are ready, of how many; native sidecars count.",
            ..Spec::NEW
        },
        datum: ready,
    },
    Column {
        spec: Spec {
            id: "status",
            head: "STATUS",
            min: 7,
            comfort: 8,
            max: 26,
            priority: 2,
            buried: Some(""),
            help: "The word kubectl has for its state.",
            ..Spec::NEW
        },
        datum: |row| {
            Datum::new(
                status_role(&row.pod.printed.status),
                Value::Text(row.pod.printed.status.clone()),
            )
        },
    },
    Column {
        spec: Spec {
            id: "restarts",
            head: "RESTARTS",
            min: 8,
            max: 16,
            priority: 6,
            searched: false,
            help: "How often its containers were restarted, and when last.",
            ..Spec::NEW
        },
        datum: |row| Value::Restarts(row.pod.printed.restarts, row.pod.printed.last_restart).into(),
    },
    Column {
        spec: object::AGE,
        datum: |row| object::age(&row.pod.meta),
    },
    Column {
        spec: Spec {
            id: "proxy",
            head: "PROXY",
            min: 7,
            max: 8,
            priority: 4,
            output: Output::Extra,
            help: "What carries its traffic: sidecar, router, waypoint, ztunnel or none.",
            ..Spec::NEW
        },
        datum: proxy,
    },
    Column {
        spec: Spec {
            id: "sidecar",
            head: "SIDECAR",
            min: 7,
            comfort: 8,
            max: 34,
            priority: 3,
            cut: Cut::Middle,
            output: Output::Extra,
            searched: false,
            derived: true,
            help: "The Sidecar object that governs it; '*/*' where none does.",
            ..Spec::NEW
        },
        datum: sidecar,
    },
    Column {
        spec: Spec {
            id: "ip",
            head: "IP",
            min: 9,
            max: 39,
            priority: 7,
            output: Output::Wide,
            help: "Its first address.",
            ..Spec::NEW
        },
        datum: |row| row.pod.ips.first().map_or(Value::None, Value::or_none).into(),
    },
    Column {
        spec: Spec {
            id: "node",
            head: "NODE",
            min: 6,
            max: 40,
            priority: 8,
            cut: Cut::Middle,
            output: Output::Wide,
            help: "The node it runs on.",
            ..Spec::NEW
        },
        datum: |row| Value::or_none(&row.pod.node).into(),
    },
    Column {
        spec: Spec {
            id: "nominatedNode",
            head: "NOMINATED NODE",
            min: 14,
            max: 40,
            priority: 9,
            cut: Cut::Middle,
            output: Output::Wide,
            place: Place::Wide,
            searched: false,
            help: "The node on which room is made for it.",
            ..Spec::NEW
        },
        datum: |row| Value::or_none(&row.pod.printed.nominated_node).into(),
    },
    Column {
        spec: Spec {
            id: "readinessGates",
            head: "READINESS GATES",
            min: 15,
            max: 15,
            priority: 9,
            output: Output::Wide,
            place: Place::Wide,
            searched: false,
            help: "Readiness gates that are true, of how many.",
            ..Spec::NEW
        },
        datum: |row| {
            let gates = row.pod.printed.gates;
            gates
                .map_or(Value::None, |(of, all)| Value::Ratio(of.into(), all.into()))
                .into()
        },
    },
];

fn ready(row: &PodRow<'_>) -> Datum {
    let printed = &row.pod.printed;
    let value = Value::Ratio(printed.ready.into(), printed.total.into());
    let is_over = matches!(printed.status.as_str(), "Completed" | "Succeeded");
    let role = if printed.ready < printed.total && !is_over {
        Role::Warn
    } else {
        Role::Text
    };
    Datum::new(role, value)
}

fn proxy(row: &PodRow<'_>) -> Datum {
    match (row.pod.proxy.as_deref().map(|proxy| proxy.kind), is_ambient(row.pod)) {
        (Some(ProxyKind::Sidecar), _) => Value::Word("sidecar").into(),
        (Some(ProxyKind::Router), _) => Value::Word("router").into(),
        (Some(ProxyKind::Waypoint), _) => Value::Word("waypoint").into(),
        (Some(ProxyKind::Ztunnel), _) | (None, true) => Value::Word("ztunnel").into(),
        (None, false) => Datum::new(Role::Dim, Value::Word("none")),
    }
}

/// Whether the node's ztunnel takes this pod's traffic.
///
/// istio: `cni/pkg/util/podutil.go`, `PodFullyEnrolled`.
pub fn is_ambient(pod: &Pod) -> bool {
    let redirection = pod.meta.annotations.get("ambient.istio.io/redirection");
    redirection.is_some_and(|value| *value == "enabled")
}

fn sidecar(row: &PodRow<'_>) -> Datum {
    match row.governing {
        None => Value::Empty.into(),
        Some(governing) => Datum::new(
            if governing.key().is_some() {
                Role::Name
            } else {
                Role::Dim
            },
            Value::Text(governing_text(governing, &row.pod.meta.key.namespace)),
        ),
    }
}

/// The Sidecar as one of `namespace` would name it: the name alone for one of its own.
fn governing_text(governing: &Governing, namespace: &Text) -> Text {
    match governing {
        Governing::Own(key) if key.namespace == *namespace => key.name.clone(),
        Governing::Own(key) | Governing::RootDefault(key) => key.to_string().into(),
        Governing::BuiltIn => "*/*".into(),
        Governing::Gateway => "gateway".into(),
    }
}

/// How good a pod's status word is.
pub fn status_role(status: &str) -> Role {
    match status {
        "Running" => Role::Text,
        "Completed" | "Succeeded" => Role::Dim,
        "Pending" | "ContainerCreating" | "PodInitializing" | "Terminating" | "NotReady" | "SchedulingGated" => {
            Role::Warn
        }
        init if init
            .strip_prefix("Init:")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) =>
        {
            Role::Warn
        }
        _ => Role::Bad,
    }
}

/// Whether something is wrong with a pod: what `!` keeps.
pub fn is_faulty(pod: &Pod) -> bool {
    let role = status_role(&pod.printed.status);
    let is_short = !pod.ready || pod.printed.ready < pod.printed.total;
    role == Role::Bad || (role != Role::Dim && is_short)
}
