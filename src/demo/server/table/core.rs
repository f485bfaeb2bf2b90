//! The columns of the other built-in kinds (`k8s.io/kubernetes/pkg/printers/internalversion/printers.go`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AGE, Column, NAME, always, list, number, or, since, text, wide};

/// Addresses and ports shown of an endpoint slice.
const MOST_SHOWN: usize = 3;

pub(super) const NAMESPACE: &[Column] = &[
    NAME,
    always("Status", |object, _| json!(text(object, "/status/phase"))),
    AGE,
];

pub(super) const NODE: &[Column] = &[
    NAME,
    always("Status", |node, _| json!(node_status(node))),
    always("Roles", |node, _| json!(roles(node))),
    AGE,
    always("Version", |node, _| {
        json!(text(node, "/status/nodeInfo/kubeletVersion"))
    }),
    wide("Internal-IP", |node, _| json!(address(node, "InternalIP"))),
    wide("External-IP", |node, _| json!(address(node, "ExternalIP"))),
    wide("OS-Image", |node, _| {
        json!(or(text(node, "/status/nodeInfo/osImage"), "<unknown>"))
    }),
    wide("Kernel-Version", |node, _| json!(kernel(node))),
    wide("Container-Runtime", |node, _| {
        json!(or(text(node, "/status/nodeInfo/containerRuntimeVersion"), "<unknown>"))
    }),
];

pub(super) const SERVICE: &[Column] = &[
    NAME,
    always("Type", |service, _| json!(text(service, "/spec/type"))),
    always("Cluster-IP", |service, _| {
        json!(or(text(service, "/spec/clusterIPs/0"), "<none>"))
    }),
    always("External-IP", |service, _| json!(external(service))),
    always("Port(s)", |service, _| json!(ports(service))),
    AGE,
    wide("Selector", |service, _| json!(labels(service, "/spec/selector"))),
];

pub(super) const CONFIG_MAP: &[Column] = &[
    NAME,
    always("Data", |object, _| {
        let count = |key: &str| {
            object
                .get(key)
                .and_then(Value::as_object)
                .map_or(0, serde_json::Map::len)
        };
        json!(count("data") + count("binaryData"))
    }),
    AGE,
];

pub(super) const EVENT: &[Column] = &[
    always("Last Seen", |event, now| json!(last_seen(event, now))),
    always("Type", |event, _| json!(text(event, "/type"))),
    always("Reason", |event, _| json!(text(event, "/reason"))),
    always("Object", |event, _| json!(involved(event))),
    wide("Subobject", |event, _| json!(text(event, "/involvedObject/fieldPath"))),
    wide("Source", |event, _| json!(source(event))),
    always("Message", |event, _| json!(text(event, "/message").trim())),
    wide("First Seen", |event, now| json!(first_seen(event, now))),
    wide("Count", |event, _| json!(count(event))),
    wide("Name", |event, _| json!(text(event, "/metadata/name"))),
];

pub(super) const DEPLOYMENT: &[Column] = &[
    NAME,
    always("Ready", |object, _| {
        json!(format!(
            "{}/{}",
            number(object, "/status/readyReplicas"),
            replicas(object)
        ))
    }),
    always("Up-to-date", |object, _| {
        json!(number(object, "/status/updatedReplicas"))
    }),
    always("Available", |object, _| {
        json!(number(object, "/status/availableReplicas"))
    }),
    AGE,
    wide("Containers", |object, _| json!(containers(object, "/name"))),
    wide("Images", |object, _| json!(containers(object, "/image"))),
    wide("Selector", |object, _| json!(selector(object))),
];

pub(super) const REPLICA_SET: &[Column] = &[
    NAME,
    always("Desired", |object, _| json!(replicas(object))),
    always("Current", |object, _| json!(number(object, "/status/replicas"))),
    always("Ready", |object, _| json!(number(object, "/status/readyReplicas"))),
    AGE,
    wide("Containers", |object, _| json!(containers(object, "/name"))),
    wide("Images", |object, _| json!(containers(object, "/image"))),
    wide("Selector", |object, _| json!(selector(object))),
];

pub(super) const ENDPOINT_SLICE: &[Column] = &[
    NAME,
    always("AddressType", |slice, _| json!(text(slice, "/addressType"))),
    always("Ports", |slice, _| json!(slice_ports(slice))),
    always("Endpoints", |slice, _| json!(slice_addresses(slice))),
    AGE,
];

pub(super) const WEBHOOK: &[Column] = &[
    NAME,
    always("Webhooks", |object, _| json!(list(object, "/webhooks").len())),
    AGE,
];

pub(super) const DEFINITION: &[Column] = &[
    NAME,
    always("Created At", |object, _| {
        json!(text(object, "/metadata/creationTimestamp"))
    }),
];

fn node_status(node: &Value) -> String {
    let ready = list(node, "/status/conditions")
        .iter()
        .find(|one| text(one, "/type") == "Ready");
    let mut status = match ready.map(|one| text(one, "/status")) {
        None => "Unknown",
        Some("True") => "Ready",
        Some(_) => "NotReady",
    }
    .to_owned();
    if node.pointer("/spec/unschedulable") == Some(&json!(true)) {
        status.push_str(",SchedulingDisabled");
    }
    status
}

fn roles(node: &Value) -> String {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    let roles: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .filter(|role| !role.is_empty())
        .collect();
    or(&roles.join(","), "<none>").to_owned()
}

fn address<'v>(node: &'v Value, kind: &str) -> &'v str {
    let found = list(node, "/status/addresses")
        .iter()
        .find(|one| text(one, "/type") == kind);
    found.map_or("<none>", |one| text(one, "/address"))
}

fn kernel(node: &Value) -> String {
    let kernel = or(text(node, "/status/nodeInfo/kernelVersion"), "<unknown>");
    match text(node, "/status/nodeInfo/architecture") {
        "" => kernel.to_owned(),
        architecture => format!("{kernel} ({architecture})"),
    }
}

fn external(service: &Value) -> String {
    let mut given: Vec<&str> = list(service, "/spec/externalIPs")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let none = match text(service, "/spec/type") {
        "ClusterIP" | "NodePort" => "<none>",
        "LoadBalancer" => {
            let ingress = list(service, "/status/loadBalancer/ingress").iter();
            given.splice(0..0, ingress.map(|one| or(text(one, "/ip"), text(one, "/hostname"))));
            "<pending>"
        }
        "ExternalName" => return text(service, "/spec/externalName").to_owned(),
        _ => return "<unknown>".to_owned(),
    };
    or(&given.join(","), none).to_owned()
}

fn ports(service: &Value) -> String {
    let ports: Vec<String> = list(service, "/spec/ports")
        .iter()
        .map(|port| {
            let (number_, node, protocol) = (
                number(port, "/port"),
                number(port, "/nodePort"),
                text(port, "/protocol"),
            );
            if node > 0 {
                format!("{number_}:{node}/{protocol}")
            } else {
                format!("{number_}/{protocol}")
            }
        })
        .collect();
    or(&ports.join(","), "<none>").to_owned()
}

/// `labels.FormatLabels`.
fn labels(object: &Value, pointer: &str) -> String {
    let pairs = object.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    let pairs: Vec<String> = pairs
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    or(&pairs.join(","), "<none>").to_owned()
}

/// `metav1.LabelSelectorAsSelector`, written out.
fn selector(object: &Value) -> String {
    let mut terms: Vec<(String, String)> = Vec::new();
    for (key, value) in object
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        terms.push((key.clone(), format!("{key}={}", value.as_str().unwrap_or_default())));
    }
    for one in list(object, "/spec/selector/matchExpressions") {
        let (key, operator) = (text(one, "/key"), text(one, "/operator"));
        let values: Vec<&str> = list(one, "/values").iter().filter_map(Value::as_str).collect();
        let term = match operator {
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            other => format!("{key} {} ({})", other.to_lowercase(), values.join(",")),
        };
        terms.push((key.to_owned(), term));
    }
    terms.sort();
    let terms: Vec<String> = terms.into_iter().map(|(_, term)| term).collect();
    or(&terms.join(","), "<none>").to_owned()
}

fn replicas(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

fn containers(object: &Value, pointer: &str) -> String {
    let all: Vec<&str> = list(object, "/spec/template/spec/containers")
        .iter()
        .map(|one| text(one, pointer))
        .collect();
    all.join(",")
}

fn last_seen(event: &Value, now: Timestamp) -> String {
    if event.get("series").is_some_and(Value::is_object) {
        return since(event, "/series/lastObservedTime", now);
    }
    if text(event, "/lastTimestamp").is_empty() {
        first_seen(event, now)
    } else {
        since(event, "/lastTimestamp", now)
    }
}

fn first_seen(event: &Value, now: Timestamp) -> String {
    let pointer = if text(event, "/firstTimestamp").is_empty() {
        "/eventTime"
    } else {
        "/firstTimestamp"
    };
    since(event, pointer, now)
}

fn count(event: &Value) -> i64 {
    match (number(event, "/series/count"), number(event, "/count")) {
        (0, 0) => 1,
        (0, count) => count,
        (series, _) => series,
    }
}

fn involved(event: &Value) -> String {
    let kind = text(event, "/involvedObject/kind").to_lowercase();
    match text(event, "/involvedObject/name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn source(event: &Value) -> String {
    let component = or(text(event, "/source/component"), text(event, "/reportingComponent"));
    match or(text(event, "/source/host"), text(event, "/reportingInstance")) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    }
}

fn slice_ports(slice: &Value) -> String {
    let ports = list(slice, "/ports")
        .iter()
        .map(|port| match (number(port, "/port"), text(port, "/name")) {
            (0, "") => "*".to_owned(),
            (0, name) => name.to_owned(),
            (number, _) => number.to_string(),
        });
    with_more(&ports.collect::<Vec<_>>())
}

fn slice_addresses(slice: &Value) -> String {
    let endpoints = list(slice, "/endpoints").iter();
    let addresses = endpoints
        .flat_map(|one| list(one, "/addresses"))
        .filter_map(Value::as_str)
        .map(str::to_owned);
    with_more(&addresses.collect::<Vec<_>>())
}

/// The first few, and how many more (`listWithMoreString`).
fn with_more(all: &[String]) -> String {
    let shown = all.get(..MOST_SHOWN).unwrap_or(all).join(",");
    match all.len().saturating_sub(MOST_SHOWN) {
        0 if all.is_empty() => "<unset>".to_owned(),
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_says_where_it_is_reached() {
        for (spec, status, expected) in [
            (json!({"type": "ClusterIP"}), json!({}), "<none>"),
            (json!({"type": "LoadBalancer"}), json!({}), "<pending>"),
            (
                json!({"type": "LoadBalancer", "externalIPs": ["9.9.9.9"]}),
                json!({"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}),
                "1.2.3.4,9.9.9.9",
            ),
            (json!({"type": "ExternalName", "externalName": "a.b"}), json!({}), "a.b"),
        ] {
            assert_eq!(external(&json!({"spec": spec, "status": status})), expected);
        }
        let service = json!({"spec": {"ports": [{"port": 80, "protocol": "TCP"}, {"port": 81, "nodePort": 30001, "protocol": "UDP"}]}});
        assert_eq!(ports(&service), "80/TCP,81:30001/UDP");
    }

    #[test]
    fn a_slice_shows_three_and_counts_the_rest() {
        let slice = json!({"endpoints": [{"addresses": ["a"]}, {"addresses": ["b"]}, {"addresses": ["c"]}, {"addresses": ["d"]}], "ports": []});
        assert_eq!(
            (slice_addresses(&slice), slice_ports(&slice)),
            ("a,b,c + 1 more...".to_owned(), "<unset>".to_owned())
        );
    }

    #[test]
    fn an_event_without_times_of_its_own_uses_the_events_time() {
        let now = "2026-11-23T00:01:00Z".parse().unwrap();
        let event = json!({"eventTime": "2026-11-23T00:00:00.000000Z", "involvedObject": {"kind": "Pod", "name": "p"}});
        assert_eq!(
            (last_seen(&event, now), involved(&event), count(&event)),
            ("60s".to_owned(), "pod/p".to_owned(), 1)
        );
    }
}
