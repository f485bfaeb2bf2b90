//! What an update may not change, by kind (the `ValidateUpdate` of `k8s.io/kubernetes/pkg/apis/*/validation`).

use serde_json::{Value, json};

use crate::demo::kinds::Resource;
use crate::demo::refusal::Cause;

const POD: &str = "Forbidden: pod updates may not change fields other than \
    `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to \
    existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

/// What a client changed although it may not.
pub(super) fn faults(resource: Resource, live: &Value, next: &Value) -> Vec<Cause> {
    let changed = |pointer: &str| live.pointer(pointer) != next.pointer(pointer);
    let at = |pointer: &str| next.pointer(pointer).cloned().unwrap_or_default();
    let invalid = |field: &str, value: &Value, why: &str| {
        vec![Cause {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {value}: {why}"),
            field: field.to_owned(),
        }]
    };
    match resource {
        Resource::Services if has_address(live) && changed("/spec/clusterIP") => invalid(
            "spec.clusterIPs[0]",
            &json!([at("/spec/clusterIP")]),
            "may not change once set",
        ),
        Resource::Deployments | Resource::ReplicaSets if changed("/spec/selector") => {
            invalid("spec.selector", &at("/spec/selector"), "field is immutable")
        }
        Resource::EndpointSlices if changed("/addressType") => {
            invalid("addressType", &at("/addressType"), "field is immutable")
        }
        Resource::Pods if fixed(live) != fixed(next) => {
            vec![Cause {
                reason: "FieldValueForbidden",
                message: POD.to_owned(),
                field: "spec".to_owned(),
            }]
        }
        Resource::ConfigMaps
            if live.get("immutable") == Some(&json!(true)) && (changed("/data") || changed("/binaryData")) =>
        {
            let message = "Forbidden: field is immutable when `immutable` is set".to_owned();
            vec![Cause {
                reason: "FieldValueForbidden",
                message,
                field: "data".to_owned(),
            }]
        }
        Resource::Namespaces
        | Resource::Nodes
        | Resource::Pods
        | Resource::Services
        | Resource::ConfigMaps
        | Resource::Events
        | Resource::Deployments
        | Resource::ReplicaSets
        | Resource::EndpointSlices
        | Resource::MutatingWebhookConfigurations
        | Resource::CustomResourceDefinitions
        | Resource::Sidecars
        | Resource::VirtualServices
        | Resource::DestinationRules
        | Resource::ServiceEntries
        | Resource::WorkloadEntries
        | Resource::Gateways
        | Resource::EnvoyFilters
        | Resource::ProxyConfigs
        | Resource::HttpRoutes
        | Resource::GrpcRoutes
        | Resource::TcpRoutes
        | Resource::TlsRoutes => Vec::new(),
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
