//! What the endpoint slice controller does: each Service with a selector gets a slice of its pods.
//!
//! Mirrors `k8s.io/endpointslice` (`reconciler.go`, `utils.go:podToEndpoint`) for one IPv4 slice a Service; no topology hints,
//! no splitting at a hundred endpoints. A slice that already says the same is left as it is.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::demo::generated::{self, fnv};
use crate::demo::kinds::Resource;
use crate::demo::refusal::Refusal;
use crate::demo::store::Store;
use crate::demo::tree::{rfc3339, text};

/// The controller's mark and its field manager.
const MANAGED_BY: &str = "endpointslice-controller.k8s.io";
const MANAGER: &str = "kube-controller-manager";
const TRIGGER: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// Brings the slices of one namespace up to date with its Services and pods.
///
/// # Errors
/// When the store refuses a slice.
pub fn reconcile(store: &Store, namespace: &str, time: Timestamp) -> Result<(), Refusal> {
    let services = store.list(Resource::Services, Some(namespace));
    if services.is_empty() {
        return Ok(());
    }
    let pods = store.list(Resource::Pods, Some(namespace));
    let slices = store.list(Resource::EndpointSlices, Some(namespace));
    let zones = zones(store);
    for service in &services {
        let Some(selector) = selector(service) else { continue };
        let chosen = pods
            .iter()
            .filter(|pod| selects(selector, pod) && has_endpoint(pod))
            .collect::<Vec<_>>();
        let wanted = slice(service, &chosen, &zones);
        let name = text(&wanted, "/metadata/name");
        let live = slices.iter().find(|slice| text(slice, "/metadata/name") == name);
        if live.is_some_and(|live| says_the_same(live, &wanted)) {
            continue;
        }
        put(store, wanted, service, live.is_some(), time)?;
    }
    Ok(())
}

/// The slice of a Service over these pods, without the time of its last change.
pub(in crate::demo) fn slice(service: &Value, pods: &[&Value], zones: &Map<String, Value>) -> Value {
    let (name, namespace) = (text(service, "/metadata/name"), text(service, "/metadata/namespace"));
    let mut labels = service
        .pointer("/metadata/labels")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    labels.insert("endpointslice.kubernetes.io/managed-by".to_owned(), json!(MANAGED_BY));
    labels.insert("kubernetes.io/service-name".to_owned(), json!(name));
    if text(service, "/spec/clusterIP") == "None" {
        labels.insert("service.kubernetes.io/headless".to_owned(), json!(""));
    }
    let publish = service.pointer("/spec/publishNotReadyAddresses") == Some(&json!(true));
    let endpoints = pods.iter().map(|pod| endpoint(pod, publish, zones)).collect::<Vec<_>>();
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": format!("{name}-{}", suffix(namespace, name)),
            "generateName": format!("{name}-"),
            "namespace": namespace,
            "labels": labels,
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Service", "name": name, "uid": text(service, "/metadata/uid"),
                "blockOwnerDeletion": true, "controller": true,
            }],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports(service, pods),
    })
}

/// Whether the application and the sidecar of a pod are ready.
pub(in crate::demo) fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| text(condition, "/type") == "Ready" && text(condition, "/status") == "True")
}

fn put(store: &Store, mut slice: Value, service: &Value, exists: bool, time: Timestamp) -> Result<(), Refusal> {
    // at first the trigger is the Service itself
    let created = text(service, "/metadata/creationTimestamp");
    let created = created.parse().ok().filter(|_| !exists).unwrap_or(time);
    if let Some(metadata) = slice.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("annotations".to_owned(), json!({TRIGGER: rfc3339(created)}));
        metadata.insert("creationTimestamp".to_owned(), json!(rfc3339(created)));
    }
    store.put_at(slice, MANAGER, created).map(drop)
}

fn says_the_same(live: &Value, wanted: &Value) -> bool {
    [
        "/endpoints",
        "/ports",
        "/addressType",
        "/metadata/labels",
        "/metadata/ownerReferences",
    ]
    .iter()
    .all(|part| live.pointer(part) == wanted.pointer(part))
}

fn endpoint(pod: &Value, publish: bool, zones: &Map<String, Value>) -> Value {
    let serving = is_ready(pod);
    let terminating = pod.pointer("/metadata/deletionTimestamp").is_some();
    let node = text(pod, "/spec/nodeName");
    let mut endpoint = json!({
        "addresses": [text(pod, "/status/podIP")],
        "conditions": {"ready": publish || (serving && !terminating), "serving": serving, "terminating": terminating},
        "nodeName": node,
        "targetRef": {
            "kind": "Pod", "namespace": text(pod, "/metadata/namespace"), "name": text(pod, "/metadata/name"),
            "uid": text(pod, "/metadata/uid"),
        },
    });
    if let (Some(zone), Some(endpoint)) = (zones.get(node), endpoint.as_object_mut()) {
        endpoint.insert("zone".to_owned(), zone.clone());
    }
    endpoint
}

fn ports(service: &Value, pods: &[&Value]) -> Vec<Value> {
    let ports = service.pointer("/spec/ports").and_then(Value::as_array);
    ports
        .into_iter()
        .flatten()
        .filter_map(|port| {
            let target = port.get("targetPort").filter(|target| !target.is_null());
            let target = target.or_else(|| port.get("port"))?;
            let number = match target.as_str() {
                Some(name) => pods.iter().find_map(|pod| find_container_port(pod, name))?,
                None => target.clone(),
            };
            let mut slice_port = json!({
                "name": text(port, "/name"), "port": number, "protocol": port.get("protocol").cloned().unwrap_or(json!("TCP")),
            });
            if let (Some(protocol), Some(map)) = (port.get("appProtocol"), slice_port.as_object_mut()) {
                map.insert("appProtocol".to_owned(), protocol.clone());
            }
            Some(slice_port)
        })
        .collect()
}

fn find_container_port(pod: &Value, name: &str) -> Option<Value> {
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array)?;
    let mut ports = containers
        .iter()
        .filter_map(|container| container.get("ports").and_then(Value::as_array))
        .flatten();
    ports
        .find(|port| text(port, "/name") == name)
        .and_then(|port| port.get("containerPort").cloned())
}

fn selector(service: &Value) -> Option<&Map<String, Value>> {
    let selector = service.pointer("/spec/selector").and_then(Value::as_object)?;
    (!selector.is_empty() && text(service, "/spec/type") != "ExternalName").then_some(selector)
}

fn selects(selector: &Map<String, Value>, pod: &Value) -> bool {
    let labels = pod.pointer("/metadata/labels").and_then(Value::as_object);
    selector
        .iter()
        .all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}

fn has_endpoint(pod: &Value) -> bool {
    !text(pod, "/status/podIP").is_empty() && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// The zone of each node.
fn zones(store: &Store) -> Map<String, Value> {
    let nodes = store.list(Resource::Nodes, None);
    let zone = |node: &Value| {
        let zone = node.pointer("/metadata/labels")?.get("topology.kubernetes.io/zone")?;
        Some((text(node, "/metadata/name").to_owned(), zone.clone()))
    };
    nodes.iter().filter_map(zone).collect()
}

/// The end of a slice's name: always the same for one Service.
pub(in crate::demo) fn suffix(namespace: &str, name: &str) -> String {
    generated::suffix(fnv(format!("{namespace}/{name}").as_bytes(), 0))
}
