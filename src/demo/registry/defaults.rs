//! The defaults that a client can see: what the server fills in when a manifest leaves it out.
//!
//! Only those of the kinds that people write by hand here; a manifest that was read from a cluster has them already. What the
//! writer comes to own (the `SetDefaults_*` of `k8s.io/kubernetes/pkg/apis`) is filled in by the first functions here, what nobody
//! owns (addresses, a pending phase) by those called `new_*`. Which kind gets which stands in `strategy`.

use serde_json::{Map, Value, json};

/// A label with its own name.
pub(super) fn namespace(object: &mut Map<String, Value>) {
    let name = object
        .get("metadata")
        .and_then(|metadata| metadata.get("name"))
        .cloned()
        .unwrap_or_default();
    within(object, "metadata", |metadata| {
        within(metadata, "labels", |labels| {
            drop(labels.insert("kubernetes.io/metadata.name".to_owned(), name));
        });
    });
}

/// What a Service is when nothing else is said.
pub(super) fn service(object: &mut Map<String, Value>) {
    within(object, "spec", |spec| {
        absent(spec, "type", json!("ClusterIP"));
        absent(spec, "sessionAffinity", json!("None"));
        if spec.get("type").and_then(Value::as_str) != Some("ExternalName") {
            absent(spec, "internalTrafficPolicy", json!("Cluster"));
        }
        each(spec, "ports", |port| {
            absent(port, "protocol", json!("TCP"));
            let target = port.get("port").cloned().unwrap_or_default();
            absent(port, "targetPort", target);
        });
    });
}

/// A new namespace is active and holds what is in it.
pub(super) fn new_namespace(object: &mut Map<String, Value>, _: Option<&Value>, _: u64) {
    within(object, "spec", |spec| absent(spec, "finalizers", json!(["kubernetes"])));
    within(object, "status", |status| absent(status, "phase", json!("Active")));
}

/// A Service keeps the addresses that it had, or gets some of its own: `version` tells them apart.
pub(super) fn new_service(object: &mut Map<String, Value>, live: Option<&Value>, version: u64) {
    within(object, "spec", |spec| {
        addresses(spec, live.and_then(|live| live.get("spec")), version);
    });
    within(object, "status", |status| absent(status, "loadBalancer", json!({})));
}

/// A pod waits for a node.
pub(super) fn new_pod(object: &mut Map<String, Value>, _: Option<&Value>, _: u64) {
    within(object, "status", |status| {
        absent(status, "phase", json!("Pending"));
        absent(status, "qosClass", json!("BestEffort"));
    });
}

/// What a pod is when nothing else is said.
pub(super) fn pod(object: &mut Map<String, Value>) {
    within(object, "spec", pod_spec);
    addresses_of_pod(object);
}

fn addresses(spec: &mut Map<String, Value>, live: Option<&Value>, version: u64) {
    if spec.get("type").and_then(Value::as_str) == Some("ExternalName") {
        return;
    }
    for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if let Some(old) = live.and_then(|live| live.get(field)) {
            absent(spec, field, old.clone());
        }
    }
    let address = json!(format!(
        "10.{}.{}.{}",
        97 + (version >> 16) % 14,
        (version >> 8) & 0xff,
        version & 0xff
    ));
    absent(spec, "clusterIP", address);
    let address = spec.get("clusterIP").cloned().unwrap_or_default();
    absent(spec, "clusterIPs", json!([address]));
    absent(spec, "ipFamilies", json!(["IPv4"]));
    absent(spec, "ipFamilyPolicy", json!("SingleStack"));
}

/// The server keeps `podIPs` in step with the older `podIP`.
fn addresses_of_pod(pod: &mut Map<String, Value>) {
    if let Some(status) = pod.get_mut("status").and_then(Value::as_object_mut)
        && let Some(address) = status
            .get("podIP")
            .filter(|address| address.as_str() != Some(""))
            .cloned()
    {
        absent(status, "podIPs", json!([{"ip": address}]));
    }
}

/// How a Deployment rolls, and what its pods are when nothing else is said.
pub(super) fn deployment(object: &mut Map<String, Value>) {
    within(object, "spec", |spec| {
        absent(spec, "replicas", json!(1));
        absent(spec, "revisionHistoryLimit", json!(10));
        absent(spec, "progressDeadlineSeconds", json!(600));
        let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
        absent(spec, "strategy", rolling);
        within(spec, "template", |template| within(template, "spec", pod_spec));
    });
}

fn pod_spec(spec: &mut Map<String, Value>) {
    absent(spec, "restartPolicy", json!("Always"));
    absent(spec, "dnsPolicy", json!("ClusterFirst"));
    absent(spec, "schedulerName", json!("default-scheduler"));
    absent(spec, "enableServiceLinks", json!(true));
    absent(spec, "securityContext", json!({}));
    absent(spec, "terminationGracePeriodSeconds", json!(30));
    for list in ["containers", "initContainers"] {
        each(spec, list, |container| {
            let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
            let name = image.rsplit('/').next().unwrap_or(image);
            let latest = !name.contains(['@', ':']) || name.ends_with(":latest");
            absent(
                container,
                "imagePullPolicy",
                json!(if latest { "Always" } else { "IfNotPresent" }),
            );
            absent(container, "resources", json!({}));
            absent(container, "terminationMessagePath", json!("/dev/termination-log"));
            absent(container, "terminationMessagePolicy", json!("File"));
            each(container, "ports", |port| absent(port, "protocol", json!("TCP")));
        });
    }
}

/// Works on a child object, which is made if it is missing.
fn within(object: &mut Map<String, Value>, key: &str, work: impl FnOnce(&mut Map<String, Value>)) {
    let child = object.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if let Some(child) = child.as_object_mut() {
        work(child);
    }
}

/// Works on each object of a list.
fn each(object: &mut Map<String, Value>, key: &str, work: impl Fn(&mut Map<String, Value>)) {
    let list = object.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
        .for_each(work);
}

fn absent(object: &mut Map<String, Value>, key: &str, value: Value) {
    let empty = object
        .get(key)
        .is_none_or(|value| value.is_null() || value.as_str() == Some(""));
    if empty {
        object.insert(key.to_owned(), value);
    }
}
