//! The defaults that a client can see: what the server fills in when a manifest leaves it out.
//!
//! Only those of the kinds that people write by hand here; a manifest that was read from a cluster has them already.

use serde_json::{Map, Value, json};

use crate::demo::kinds::Resource;

/// Fills in what is missing. `version` makes a new Service's cluster address its own.
pub(super) fn fill(resource: Resource, object: &mut Value, version: u64) {
    let Some(object) = object.as_object_mut() else { return };
    match resource {
        Resource::Namespaces => namespace(object),
        Resource::Services => service(object, version),
        Resource::Pods => pod(object),
        Resource::Nodes
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
        | Resource::TlsRoutes => {}
    }
}

fn namespace(object: &mut Map<String, Value>) {
    let name = object
        .get("metadata")
        .and_then(|metadata| metadata.get("name"))
        .cloned()
        .unwrap_or_default();
    within(object, "metadata", |metadata| {
        within(metadata, "labels", |labels| {
            drop(labels.insert("kubernetes.io/metadata.name".to_owned(), name))
        });
    });
    within(object, "spec", |spec| absent(spec, "finalizers", json!(["kubernetes"])));
    within(object, "status", |status| absent(status, "phase", json!("Active")));
}

fn service(object: &mut Map<String, Value>, version: u64) {
    within(object, "spec", |spec| {
        absent(spec, "type", json!("ClusterIP"));
        absent(spec, "sessionAffinity", json!("None"));
        if spec.get("type").and_then(Value::as_str) != Some("ExternalName") {
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
            absent(spec, "internalTrafficPolicy", json!("Cluster"));
        }
        each(spec, "ports", |port| {
            absent(port, "protocol", json!("TCP"));
            let target = port.get("port").cloned().unwrap_or_default();
            absent(port, "targetPort", target);
        });
    });
    within(object, "status", |status| absent(status, "loadBalancer", json!({})));
}

fn pod(object: &mut Map<String, Value>) {
    within(object, "spec", |spec| {
        absent(spec, "restartPolicy", json!("Always"));
        absent(spec, "dnsPolicy", json!("ClusterFirst"));
        absent(spec, "schedulerName", json!("default-scheduler"));
        absent(spec, "enableServiceLinks", json!(true));
        absent(spec, "securityContext", json!({}));
        absent(spec, "terminationGracePeriodSeconds", json!(30));
        for list in ["containers", "initContainers"] {
            each(spec, list, |container| {
                absent(container, "imagePullPolicy", json!("IfNotPresent"));
                absent(container, "resources", json!({}));
                absent(container, "terminationMessagePath", json!("/dev/termination-log"));
                absent(container, "terminationMessagePolicy", json!("File"));
                each(container, "ports", |port| absent(port, "protocol", json!("TCP")));
            });
        }
    });
    within(object, "status", |status| {
        absent(status, "phase", json!("Pending"));
        absent(status, "qosClass", json!("BestEffort"));
    });
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
