//! The columns of pods (`printPod`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AGE, Column, NAME, always, list, number, or, since, text, wide};

pub(super) const COLUMNS: &[Column] = &[
    NAME,
    always("Ready", |pod, _| json!(Summary::of(pod).ready)),
    always("Status", |pod, _| json!(Summary::of(pod).status)),
    always("Restarts", |pod, now| json!(Summary::of(pod).restarts(now))),
    AGE,
    wide("IP", |pod, _| json!(or(text(pod, "/status/podIPs/0/ip"), "<none>"))),
    wide("Node", |pod, _| json!(or(text(pod, "/spec/nodeName"), "<none>"))),
    wide("Nominated Node", |pod, _| {
        json!(or(text(pod, "/status/nominatedNodeName"), "<none>"))
    }),
    wide("Readiness Gates", |pod, _| json!(gates(pod))),
];

/// What the containers of a pod come to.
struct Summary {
    ready: String,
    status: String,
    restarts: i64,
    last_restart: String,
}

/// Restarts and when the last one was.
#[derive(Default)]
struct Restarts {
    count: i64,
    last: String,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += number(container, "/restartCount");
        let finished = text(container, "/lastState/terminated/finishedAt");
        // both are RFC 3339 in UTC with whole seconds
        if finished > self.last.as_str() {
            finished.clone_into(&mut self.last);
        }
    }
}

impl Summary {
    fn of(pod: &Value) -> Self {
        let phase = text(pod, "/status/phase");
        let mut status = or(text(pod, "/status/reason"), phase).to_owned();
        if list(pod, "/status/conditions")
            .iter()
            .any(|one| text(one, "/type") == "PodScheduled" && text(one, "/reason") == "SchedulingGated")
        {
            "SchedulingGated".clone_into(&mut status);
        }
        let native: Vec<&str> = list(pod, "/spec/initContainers")
            .iter()
            .filter(|container| text(container, "/restartPolicy") == "Always")
            .map(|container| text(container, "/name"))
            .collect();
        let total = list(pod, "/spec/containers").len() + native.len();
        let mut ready = 0;
        let (mut all, mut of_native) = (Restarts::default(), Restarts::default());
        let failed_or_waiting = initializing(pod, &native, &mut ready, &mut all, &mut of_native);
        if let Some(why) = &failed_or_waiting {
            status.clone_from(why);
        }
        if failed_or_waiting.is_none() || condition(pod, "Initialized") {
            all = of_native;
            run(pod, &mut status, &mut ready, &mut all);
        }
        if pod
            .pointer("/metadata/deletionTimestamp")
            .is_some_and(|time| !time.is_null())
        {
            if text(pod, "/status/reason") == "NodeLost" {
                "Unknown".clone_into(&mut status);
            } else if !matches!(phase, "Succeeded" | "Failed") {
                "Terminating".clone_into(&mut status);
            }
        }
        Self {
            ready: format!("{ready}/{total}"),
            status,
            restarts: all.count,
            last_restart: all.last,
        }
    }

    fn restarts(&self, now: Timestamp) -> String {
        if self.restarts == 0 || self.last_restart.is_empty() {
            return self.restarts.to_string();
        }
        format!(
            "{} ({} ago)",
            self.restarts,
            since(&json!({"at": self.last_restart}), "/at", now)
        )
    }
}

/// Why the pod is still initialising, if it is.
fn initializing(
    pod: &Value,
    native: &[&str],
    ready: &mut usize,
    all: &mut Restarts,
    of_native: &mut Restarts,
) -> Option<String> {
    let total = list(pod, "/spec/initContainers").len();
    for (at, container) in list(pod, "/status/initContainerStatuses").iter().enumerate() {
        let is_native = native.contains(&text(container, "/name"));
        all.add(container);
        if is_native {
            of_native.add(container);
        }
        let terminated = container.pointer("/state/terminated").filter(|state| state.is_object());
        let flag = |key: &str| container.get(key).and_then(Value::as_bool).unwrap_or_default();
        let waiting = text(container, "/state/waiting/reason");
        match terminated {
            Some(state) if number(state, "/exitCode") == 0 => {}
            _ if is_native && flag("started") => *ready += usize::from(flag("ready")),
            Some(state) => return Some(format!("Init:{}", ended(state))),
            None if !matches!(waiting, "" | "PodInitializing") => return Some(format!("Init:{waiting}")),
            None => return Some(format!("Init:{at}/{total}")),
        }
    }
    None
}

/// What the ordinary containers say.
fn run(pod: &Value, status: &mut String, ready: &mut usize, restarts: &mut Restarts) {
    let (mut running, mut failure) = (false, String::new());
    for container in list(pod, "/status/containerStatuses").iter().rev() {
        restarts.add(container);
        let waiting = text(container, "/state/waiting/reason");
        let terminated = container.pointer("/state/terminated").filter(|state| state.is_object());
        let is_ready = container.get("ready").and_then(Value::as_bool).unwrap_or_default();
        let is_running = container.pointer("/state/running").is_some_and(Value::is_object);
        if !waiting.is_empty() {
            waiting.clone_into(status);
        } else if let Some(state) = terminated {
            *status = ended(state);
            if number(state, "/exitCode") != 0 {
                failure.clone_from(status);
            }
        } else if is_ready && is_running {
            running = true;
            *ready += 1;
        }
    }
    if status == "Completed" {
        if running && condition(pod, "Ready") {
            "Running".clone_into(status);
        } else if !failure.is_empty() {
            *status = failure;
        } else if running {
            "NotReady".clone_into(status);
        }
    }
}

fn ended(state: &Value) -> String {
    let (reason, signal) = (text(state, "/reason"), number(state, "/signal"));
    if !reason.is_empty() {
        reason.to_owned()
    } else if signal != 0 {
        format!("Signal:{signal}")
    } else {
        format!("ExitCode:{}", number(state, "/exitCode"))
    }
}

fn condition(pod: &Value, kind: &str) -> bool {
    list(pod, "/status/conditions")
        .iter()
        .any(|one| text(one, "/type") == kind && text(one, "/status") == "True")
}

fn gates(pod: &Value) -> String {
    let gates = list(pod, "/spec/readinessGates");
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let open = gates
        .iter()
        .filter(|gate| condition(pod, text(gate, "/conditionType")))
        .count();
    format!("{open}/{}", gates.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(pod: &Value) -> (String, String, String) {
        let summary = Summary::of(pod);
        let restarts = summary.restarts("2026-11-23T00:10:00Z".parse().unwrap());
        (summary.ready, summary.status, restarts)
    }

    #[test]
    fn a_native_sidecar_counts_as_a_container() {
        let pod = json!({
            "spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "istio-init"}, {"name": "istio-proxy", "restartPolicy": "Always"}]},
            "status": {"phase": "Running",
                "initContainerStatuses": [
                    {"name": "istio-init", "state": {"terminated": {"exitCode": 0}}},
                    {"name": "istio-proxy", "started": true, "ready": true, "restartCount": 1, "state": {"running": {}},
                     "lastState": {"terminated": {"finishedAt": "2026-11-23T00:00:00Z"}}}],
                "containerStatuses": [{"name": "a", "ready": true, "restartCount": 2, "state": {"running": {}}}]},
        });
        assert_eq!(
            summary(&pod),
            ("2/2".to_owned(), "Running".to_owned(), "3 (10m ago)".to_owned())
        );
    }

    #[test]
    fn states_have_kubectls_words() {
        for (status, deleted, expected) in [
            (json!({"phase": "Pending"}), false, "Pending"),
            (
                json!({"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
                false,
                "CrashLoopBackOff",
            ),
            (
                json!({"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 137, "signal": 9}}}]}),
                false,
                "Signal:9",
            ),
            (
                json!({"phase": "Pending", "initContainerStatuses": [{"state": {"waiting": {"reason": "PodInitializing"}}}]}),
                false,
                "Init:0/1",
            ),
            (
                json!({"phase": "Pending", "initContainerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}),
                false,
                "Init:ExitCode:3",
            ),
            (json!({"phase": "Running"}), true, "Terminating"),
            (json!({"phase": "Failed", "reason": "Evicted"}), true, "Evicted"),
        ] {
            let mut pod = json!({"metadata": {}, "spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "i"}]}, "status": status});
            if deleted {
                pod["metadata"]["deletionTimestamp"] = json!("2026-11-23T00:00:00Z");
            }
            assert_eq!(summary(&pod).1, expected);
        }
    }
}
