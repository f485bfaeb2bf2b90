//! What the system itself writes on an object: uid, times, generation, defaults, and what it keeps from the live one.
//!
//! Not who owns which field, and not what is refused. Mirrors `rest.BeforeCreate` and `rest.BeforeUpdate` of
//! `k8s.io/apiserver/pkg/registry/rest` with the strategies' `PrepareForCreate` and `PrepareForUpdate`.

use serde_json::{Map, Value, json};

use super::{Scene, strategy};
use crate::demo::author::{Author, Part, Trust};
use crate::demo::kinds::{Generation, Resource, Status};
use crate::demo::reference::ResourceRef;
use crate::demo::tree::rfc3339;

/// An object that is stored without being looked at.
pub(in crate::demo) fn as_it_stands(target: &ResourceRef, mut object: Value, scene: &Scene) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        let mut absent = |key: &str, value: Value| {
            metadata.entry(key).or_insert(value);
        };
        absent("uid", json!(scene.uid));
        absent("creationTimestamp", json!(rfc3339(scene.now)));
        if target.resource.spec().generation == Generation::Content {
            absent("generation", json!(1));
        }
        if !target.namespace.is_empty() {
            absent("namespace", json!(target.namespace));
        }
    }
    object
}

/// A namespace made because somebody mentioned it.
pub(in crate::demo) fn bare_namespace(name: &str, uid: &str, created: &str) -> Value {
    let mut namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "uid": uid, "creationTimestamp": created},
    });
    strategy::fill(Resource::Namespaces, &mut namespace);
    strategy::allocate(Resource::Namespaces, &mut namespace, None, 0);
    namespace
}

/// A new object with the metadata of the system and its defaults.
pub(super) fn newborn(target: &ResourceRef, mut object: Value, author: &Author<'_>, scene: &Scene) -> Value {
    let spec = target.resource.spec();
    let given = metadata(&object);
    let mut metadata = given.clone();
    for system in [
        "resourceVersion",
        "managedFields",
        "selfLink",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        metadata.remove(system);
    }
    metadata.insert("name".to_owned(), json!(target.name));
    if !target.namespace.is_empty() {
        metadata.insert("namespace".to_owned(), json!(target.namespace));
    }
    let told = |key: &str| {
        given
            .get(key)
            .filter(|value| value.is_string())
            .filter(|_| author.trust == Trust::Story)
            .cloned()
    };
    metadata.insert("uid".to_owned(), told("uid").unwrap_or_else(|| json!(scene.uid)));
    let created = told("creationTimestamp").unwrap_or_else(|| json!(rfc3339(author.time)));
    metadata.insert("creationTimestamp".to_owned(), created);
    match spec.generation {
        Generation::None => metadata.remove("generation"),
        Generation::Content => metadata.insert("generation".to_owned(), json!(1)),
    };
    if let Some(time) = told("deletionTimestamp") {
        metadata.insert("deletionTimestamp".to_owned(), time);
        metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(30));
    }
    if let Some(map) = object.as_object_mut() {
        map.insert("apiVersion".to_owned(), json!(spec.api_version(spec.preferred())));
        map.insert("kind".to_owned(), json!(spec.kind));
        map.insert("metadata".to_owned(), Value::Object(metadata));
        if spec.status == Status::Subresource && author.trust == Trust::Client {
            map.remove("status");
        }
    }
    strategy::fill(target.resource, &mut object);
    object
}

/// The new state with what the system keeps from the live one, without managedFields.
pub(super) fn successor(
    target: &ResourceRef,
    live: &Value,
    object: Value,
    author: &Author<'_>,
    scene: &Scene,
) -> Value {
    let spec = target.resource.spec();
    let mut next = match author.part {
        Part::Status => {
            let mut next = live.clone();
            replace(&mut next, "status", object.get("status"));
            next
        }
        Part::Whole => {
            let mut next = object;
            let told = author.trust == Trust::Story && next.get("status").is_some();
            if spec.status == Status::Subresource && !told {
                replace(&mut next, "status", live.get("status"));
            }
            let (old, mut metadata) = (metadata(live), metadata(&next));
            for system in [
                "uid",
                "creationTimestamp",
                "generation",
                "name",
                "namespace",
                "resourceVersion",
            ] {
                restore(&mut metadata, &old, system);
            }
            if author.trust == Trust::Client || !metadata.contains_key("deletionTimestamp") {
                restore(&mut metadata, &old, "deletionTimestamp");
                restore(&mut metadata, &old, "deletionGracePeriodSeconds");
            } else if !old.contains_key("deletionTimestamp") {
                metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(30));
            }
            replace(&mut next, "metadata", Some(&Value::Object(metadata)));
            replace(
                &mut next,
                "apiVersion",
                Some(&json!(spec.api_version(spec.preferred()))),
            );
            replace(&mut next, "kind", Some(&json!(spec.kind)));
            next
        }
    };
    strategy::fill(target.resource, &mut next);
    strategy::allocate(target.resource, &mut next, Some(live), scene.version);
    if let Some(metadata) = next.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    next
}

fn metadata(object: &Value) -> Map<String, Value> {
    object
        .get("metadata")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

fn replace(object: &mut Value, key: &str, value: Option<&Value>) {
    if let Some(map) = object.as_object_mut() {
        match value {
            Some(value) => map.insert(key.to_owned(), value.clone()),
            None => map.remove(key),
        };
    }
}

fn restore(metadata: &mut Map<String, Value>, old: &Map<String, Value>, key: &str) {
    match old.get(key) {
        Some(value) => metadata.insert(key.to_owned(), value.clone()),
        None => metadata.remove(key),
    };
}
