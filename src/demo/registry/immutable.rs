//! What an update may not change, by kind (the `ValidateUpdate` of `k8s.io/kubernetes/pkg/apis/*/validation`).

use serde_json::{Value, json};

use crate::demo::refusal::Cause;

const POD: &str = "Forbidden: pod updates may not change fields other than \
    `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to \
    existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

/// A Service's address, once it has one.
pub(super) fn service(live: &Value, next: &Value) -> Vec<Cause> {
    if has_address(live) && is_changed(live, next, "/spec/clusterIP") {
        let value = json!([at(next, "/spec/clusterIP")]);
        vec![invalid("spec.clusterIPs[0]", &value, "may not change once set")]
    } else {
        Vec::new()
    }
}

/// What a workload selects.
pub(super) fn selector(live: &Value, next: &Value) -> Vec<Cause> {
    field("spec.selector", "/spec/selector", live, next)
}

/// What kind of addresses a slice holds.
pub(super) fn address_type(live: &Value, next: &Value) -> Vec<Cause> {
    field("addressType", "/addressType", live, next)
}

/// All of a pod's spec but a few fields.
pub(super) fn pod(live: &Value, next: &Value) -> Vec<Cause> {
    if fixed(live) == fixed(next) {
        Vec::new()
    } else {
        vec![forbidden("spec", POD)]
    }
}

/// The content of a map that was made immutable.
pub(super) fn config_map(live: &Value, next: &Value) -> Vec<Cause> {
    let is_fixed = live.get("immutable") == Some(&json!(true));
    if is_fixed && (is_changed(live, next, "/data") || is_changed(live, next, "/binaryData")) {
        let why = "Forbidden: field is immutable when `immutable` is set";
        vec![forbidden("data", why)]
    } else {
        Vec::new()
    }
}

fn field(name: &str, pointer: &str, live: &Value, next: &Value) -> Vec<Cause> {
    if is_changed(live, next, pointer) {
        vec![invalid(name, &at(next, pointer), "field is immutable")]
    } else {
        Vec::new()
    }
}

fn is_changed(live: &Value, next: &Value, pointer: &str) -> bool {
    live.pointer(pointer) != next.pointer(pointer)
}

fn at(object: &Value, pointer: &str) -> Value {
    object.pointer(pointer).cloned().unwrap_or_default()
}

fn invalid(field: &str, value: &Value, why: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {value}: {why}"),
        field: field.to_owned(),
    }
}

fn forbidden(field: &str, message: &str) -> Cause {
    Cause {
        reason: "FieldValueForbidden",
        message: message.to_owned(),
        field: field.to_owned(),
    }
}

fn has_address(service: &Value) -> bool {
    service
        .pointer("/spec/clusterIP")
        .and_then(Value::as_str)
        .is_some_and(|address| !matches!(address, "" | "None"))
}

/// A pod's spec without what may change.
fn fixed(pod: &Value) -> Value {
    let mut spec = pod.get("spec").cloned().unwrap_or_default();
    if let Some(spec) = spec.as_object_mut() {
        for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
            spec.remove(field);
        }
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(container) = container.as_object_mut() {
                    container.remove("image");
                }
            }
        }
    }
    spec
}
