//! One number for everything that istiod's endpoint tables depend on, so that a recording is found by what the cluster is, not
//! by how it came to be so.
//!
//! Left out: versions, uids, managedFields, times, statuses (but a pod's address, phase and readiness), and notes of clients.
//! Creation times count only as an order, among the kinds where istiod lets the oldest win. An edit that is undone gives the
//! old number again.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::demo::generated::fnv;
use crate::demo::kinds::{Origin, Resource};
use crate::demo::store::Store;
use crate::demo::story::slices::is_ready;
use crate::demo::tree::text;

/// More pods than this were never recorded, so nobody need look.
const MOST_PODS: usize = 500;

/// The number of a cluster's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Fingerprint {
    /// The number of the store's present state; none if it is far too large to have been recorded.
    pub fn of(store: &Store) -> Option<Self> {
        if store.count(Resource::Pods) > MOST_PODS {
            return None;
        }
        let mut words = String::new();
        for resource in Resource::ALL {
            let mut facts = store
                .list(resource, None)
                .iter()
                .filter_map(|object| Some((age(resource, object).to_owned(), canonical(&facts(resource, object)?))))
                .collect::<Vec<_>>();
            facts.sort_unstable();
            for (_, fact) in facts {
                let _ = writeln!(words, "{resource:?} {fact}");
            }
        }
        Some(Self(fnv(words.as_bytes(), 0)))
    }
}

/// The creation time, for the kinds among which age decides.
fn age(resource: Resource, object: &Value) -> &str {
    match resource.spec().origin {
        Origin::Custom => text(object, "/metadata/creationTimestamp"),
        Origin::BuiltIn => "",
    }
}

/// What counts of an object besides its names, labels and notes; none if it does not count at all.
type Facts = fn(&Value) -> Option<Value>;

/// The built-in kinds of which something counts. Of custom kinds the whole spec does.
const BUILT_IN: [(Resource, Facts); 7] = [
    (Resource::Namespaces, |_| Some(json!({}))),
    (Resource::Nodes, |_| Some(json!({}))),
    (Resource::Pods, |object| Some(pod(object))),
    (Resource::ConfigMaps, mesh_config),
    (Resource::Deployments, istiod),
    (Resource::EndpointSlices, |object| Some(slice(object))),
    (Resource::Services, |object| Some(service(object))),
];

/// What counts of an object; none if it does not count at all.
fn facts(resource: Resource, object: &Value) -> Option<Value> {
    let own = match resource.spec().origin {
        Origin::Custom => json!({"spec": at(object, "/spec")}),
        Origin::BuiltIn => {
            let (_, facts) = BUILT_IN.into_iter().find(|(kind, _)| *kind == resource)?;
            facts(object)?
        }
    };
    // the generated name of a slice says nothing
    let name = if resource == Resource::EndpointSlices {
        ""
    } else {
        text(object, "/metadata/name")
    };
    Some(json!({
        "namespace": at(object, "/metadata/namespace"), "name": name, "labels": at(object, "/metadata/labels"),
        "notes": notes(object), "own": own,
    }))
}

fn at(object: &Value, pointer: &str) -> Value {
    object.pointer(pointer).cloned().unwrap_or_default()
}

fn pod(object: &Value) -> Value {
    json!({
        "ip": at(object, "/status/podIP"), "phase": at(object, "/status/phase"), "ready": is_ready(object),
        "going": object.pointer("/metadata/deletionTimestamp").is_some(), "node": at(object, "/spec/nodeName"),
        "account": at(object, "/spec/serviceAccountName"), "host": at(object, "/spec/hostNetwork"),
    })
}

/// The settings of a mesh.
fn mesh_config(object: &Value) -> Option<Value> {
    is_of_control_plane(object, "istio").then(|| json!({"data": at(object, "/data")}))
}

/// The flags of a control plane.
fn istiod(object: &Value) -> Option<Value> {
    let flags = || {
        let containers = list(object, "/spec/template/spec/containers").iter();
        containers.map(|container| only(container, &["args", "env"])).collect()
    };
    is_of_control_plane(object, "istiod").then(flags)
}

fn is_of_control_plane(object: &Value, stem: &str) -> bool {
    text(object, "/metadata/namespace") == "istio-system" && text(object, "/metadata/name").starts_with(stem)
}

/// The annotations that Istio reads.
fn notes(object: &Value) -> Map<String, Value> {
    let annotations = object.pointer("/metadata/annotations").and_then(Value::as_object);
    let istio = |key: &str| key.split('/').next().is_some_and(|domain| domain.ends_with("istio.io"));
    annotations
        .into_iter()
        .flatten()
        .filter(|(key, _)| istio(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// What istiod reads of a Service; the rest may be filled in by a server as it likes.
fn service(object: &Value) -> Value {
    const FIELDS: &[&str] = &[
        "type",
        "clusterIP",
        "clusterIPs",
        "selector",
        "externalName",
        "externalIPs",
        "publishNotReadyAddresses",
        "internalTrafficPolicy",
        "trafficDistribution",
    ];
    const PORT: &[&str] = &["name", "port", "protocol", "targetPort", "appProtocol"];
    let ports = list(object, "/spec/ports").iter().map(|port| only(port, PORT));
    json!({
        "spec": only(object.get("spec").unwrap_or(&Value::Null), FIELDS), "ports": ports.collect::<Vec<_>>(),
    })
}

/// A slice without the uids of its targets, its endpoints in order of address.
fn slice(object: &Value) -> Value {
    const FIELDS: &[&str] = &["addresses", "conditions", "hostname", "nodeName", "zone", "hints"];
    const PORT: &[&str] = &["name", "port", "protocol", "appProtocol"];
    let mut endpoints = list(object, "/endpoints")
        .iter()
        .map(|endpoint| json!({"of": only(endpoint, FIELDS), "target": text(endpoint, "/targetRef/name")}))
        .collect::<Vec<_>>();
    endpoints.sort_by_cached_key(canonical);
    let ports = list(object, "/ports").iter().map(|port| only(port, PORT));
    json!({"type": object.get("addressType"), "endpoints": endpoints, "ports": ports.collect::<Vec<_>>()})
}

fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The fields of an object that count, those that are there.
fn only(object: &Value, fields: &[&str]) -> Value {
    let present = fields
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), object.get(field)?.clone())));
    Value::Object(present.collect())
}

/// JSON with sorted keys and no spaces, whatever order the keys came in.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries = map.iter().collect::<Vec<_>>();
            entries.sort_unstable_by_key(|(key, _)| *key);
            let inside = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", json!(key), canonical(value)))
                .collect::<Vec<_>>();
            format!("{{{}}}", inside.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::reference::ResourceRef;

    fn sidecar(name: &str, created: &str, hosts: &[&str]) -> Value {
        json!({
            "apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
            "metadata": {"name": name, "namespace": "n", "creationTimestamp": created},
            "spec": {"egress": [{"hosts": hosts}]},
        })
    }

    fn store(objects: &[Value]) -> Store {
        let store = Store::new(|| "2026-01-10T12:00:00Z".parse().unwrap());
        for object in objects {
            store.put(object.clone(), "test").unwrap();
        }
        store
    }

    #[test]
    fn an_edit_that_is_undone_gives_the_old_number() {
        let old = sidecar("a", "2026-01-01T00:00:00Z", &["./*"]);
        let store = store(std::slice::from_ref(&old));
        let before = Fingerprint::of(&store);
        store
            .put(sidecar("a", "2026-01-01T00:00:00Z", &["*/*"]), "test")
            .unwrap();
        assert_ne!(Fingerprint::of(&store), before);
        store.put(old, "another").unwrap();
        assert_eq!(Fingerprint::of(&store), before);
    }

    #[test]
    fn which_sidecar_is_older_counts_but_not_how_old_it_is() {
        let pair = |a: &str, b: &str| Fingerprint::of(&store(&[sidecar("a", a, &[]), sidecar("b", b, &[])]));
        let first = pair("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        assert_eq!(first, pair("2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"));
        assert_ne!(first, pair("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"));
    }

    #[test]
    fn events_and_notes_of_clients_do_not_count() {
        let noted = |note: &str| {
            let mut object = sidecar("a", "2026-01-01T00:00:00Z", &[]);
            object["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/x": note});
            object
        };
        let store = store(&[noted("1")]);
        let before = Fingerprint::of(&store);
        store.put(noted("2"), "test").unwrap();
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "n"}});
        store.put(event, "test").unwrap();
        assert_eq!(Fingerprint::of(&store), before);
        store.delete(&ResourceRef::new(Resource::Sidecars, "n", "a")).unwrap();
        assert_ne!(Fingerprint::of(&store), before);
    }
}
