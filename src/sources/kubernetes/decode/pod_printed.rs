//! The words of kubectl's pod columns, statement by statement as the API server finds them.
//!
//! Kubernetes: `pkg/printers/internalversion/printers.go`, `printPod`.

use jiff::Timestamp;

use super::pod::{Container, ContainerStatus, Spec, Status};
use crate::mesh::model::{Interner, PodPrinted};

/// `pkg/util/node`, `NodeUnreachablePodReason`: the node controller gave the pod up.
const NODE_LOST: &str = "NodeLost";

/// What the columns of the pod say; ages are left to the reader's clock.
pub(super) fn print(spec: &Spec<'_>, status: &Status<'_>, deleting: bool, interner: &mut Interner) -> PodPrinted {
    let restartable = spec
        .init_containers
        .iter()
        .filter(|container| container.is_restartable());
    let mut columns = Columns {
        ready: 0,
        restarts: Restarts::default(),
        reason: initial_reason(status),
    };
    let restartable_restarts = columns.look_at_init_containers(spec, status);
    let initializing = restartable_restarts.is_err();
    let (Ok(of_restartable) | Err(of_restartable)) = restartable_restarts;
    if !initializing || is_initialized(status) {
        columns.restarts = of_restartable;
        columns.look_at_containers(status);
    }
    if deleting && &*status.reason == NODE_LOST {
        columns.reason = "Unknown".into();
    } else if deleting && !matches!(&*status.phase, "Failed" | "Succeeded") {
        columns.reason = "Terminating".into();
    }
    PodPrinted {
        ready: columns.ready,
        total: count(spec.containers.len() + restartable.count()),
        status: interner.text(&columns.reason),
        restarts: columns.restarts.count,
        last_restart: columns.restarts.last,
        nominated_node: status.nominated_node_name.text(interner),
        gates: gates(spec, status),
    }
}

struct Columns {
    ready: u16,
    restarts: Restarts,
    reason: String,
}

#[derive(Clone, Copy, Default)]
struct Restarts {
    count: u32,
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container: &ContainerStatus<'_>) {
        self.count = self.count.saturating_add(container.restart_count.0);
        let last = container
            .last_state
            .as_ref()
            .and_then(|state| state.terminated.as_ref());
        self.last = self.last.max(last.and_then(|last| last.finished_at.0));
    }
}

fn initial_reason(status: &Status<'_>) -> String {
    let gated = status
        .conditions
        .iter()
        .any(|condition| &*condition.condition_type == "PodScheduled" && &*condition.reason == "SchedulingGated");
    let reason = match (gated, status.reason.is_empty()) {
        (true, _) => "SchedulingGated",
        (false, false) => &status.reason,
        (false, true) => &status.phase,
    };
    reason.to_owned()
}

impl Columns {
    /// The restarts of restartable init containers: as `Err` if an init container is still to finish or to start.
    fn look_at_init_containers(&mut self, spec: &Spec<'_>, status: &Status<'_>) -> Result<Restarts, Restarts> {
        let mut of_restartable = Restarts::default();
        for (at, container) in status.init_container_statuses.iter().enumerate() {
            self.restarts.add(container);
            // Of two containers of one name the API server's map holds the last.
            let declared = spec
                .init_containers
                .iter()
                .rfind(|declared| *declared.name == *container.name);
            let is_restartable = declared.is_some_and(Container::is_restartable);
            if is_restartable {
                of_restartable.add(container);
            }
            let state = container.state.as_ref();
            let terminated = state.and_then(|state| state.terminated.as_ref());
            let waiting = state.and_then(|state| state.waiting.as_ref());
            if terminated.is_some_and(|terminated| terminated.exit_code.0 == 0) {
                continue;
            }
            if is_restartable && container.started == Some(true) {
                if container.ready == Some(true) {
                    self.ready = self.ready.saturating_add(1);
                }
                continue;
            }
            self.reason = if let Some(terminated) = terminated {
                match (&*terminated.reason, terminated.signal.0) {
                    ("", 0) => format!("Init:ExitCode:{}", terminated.exit_code.0),
                    ("", signal) => format!("Init:Signal:{signal}"),
                    (reason, _) => format!("Init:{reason}"),
                }
            } else if let Some(waiting) = waiting.filter(|waiting| !matches!(&*waiting.reason, "" | "PodInitializing"))
            {
                format!("Init:{}", &*waiting.reason)
            } else {
                format!("Init:{at}/{}", spec.init_containers.len())
            };
            return Err(of_restartable);
        }
        Ok(of_restartable)
    }

    fn look_at_containers(&mut self, status: &Status<'_>) {
        let mut has_running = false;
        let mut error_reason = String::new();
        for container in status.container_statuses.iter().rev() {
            self.restarts.add(container);
            let state = container.state.as_ref();
            let terminated = state.and_then(|state| state.terminated.as_ref());
            let waiting = state.and_then(|state| state.waiting.as_ref());
            if let Some(waiting) = waiting.filter(|waiting| !waiting.reason.is_empty()) {
                self.reason = waiting.reason.to_string();
            } else if let Some(terminated) = terminated {
                self.reason = match (&*terminated.reason, terminated.signal.0) {
                    ("", 0) => format!("ExitCode:{}", terminated.exit_code.0),
                    ("", signal) => format!("Signal:{signal}"),
                    (reason, _) => reason.to_owned(),
                };
                if terminated.exit_code.0 != 0 {
                    error_reason.clone_from(&self.reason);
                }
            } else if container.ready == Some(true) && state.is_some_and(|state| state.running.is_some()) {
                has_running = true;
                self.ready = self.ready.saturating_add(1);
            }
        }
        if self.reason == "Completed" {
            if has_running && has_condition(status, "Ready") {
                self.reason = "Running".into();
            } else if !error_reason.is_empty() {
                self.reason = error_reason;
            } else if has_running {
                self.reason = "NotReady".into();
            }
        }
    }
}

/// Whether there is a condition of this type that is true.
fn has_condition(status: &Status<'_>, condition_type: &str) -> bool {
    let mut conditions = status.conditions.iter();
    conditions.any(|condition| &*condition.condition_type == condition_type && &*condition.status == "True")
}

/// Whether the first condition of type `Initialized` is true.
fn is_initialized(status: &Status<'_>) -> bool {
    first_is_true(status, "Initialized")
}

fn first_is_true(status: &Status<'_>, condition_type: &str) -> bool {
    let mut conditions = status.conditions.iter();
    let first = conditions.find(|condition| &*condition.condition_type == condition_type);
    first.is_some_and(|condition| &*condition.status == "True")
}

fn gates(spec: &Spec<'_>, status: &Status<'_>) -> Option<(u16, u16)> {
    let gates = &spec.readiness_gates;
    let open = gates.iter().filter(|gate| first_is_true(status, &gate.condition_type));
    (!gates.is_empty()).then(|| (count(open.count()), count(gates.len())))
}

fn count(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
