//! What kube-apiserver does to an object on its way into the store: metadata, generations, defaults, what may not change.
//!
//! Pure functions over JSON trees; the store calls them with the object as it is now. Mirrors
//! `k8s.io/apiserver/pkg/registry/rest/{create,update}.go` and the strategies of `k8s.io/kubernetes/pkg/registry`.

mod defaults;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::kinds::{Generation, Resource, Status};
use super::refusal::{Reason, Refusal};
use super::store::{Decision, ResourceRef, Scene, text};

/// Who writes, what, and when.
#[derive(Clone, Copy, Debug)]
pub(in crate::demo) struct Author<'a> {
    /// The field manager, such as `kubectl-edit`.
    pub manager: &'a str,
    /// Which part of the object the write is about.
    pub part: Part,
    /// When; also the time of the entry in managedFields.
    pub time: Timestamp,
    /// Whether system fields may be set.
    pub trust: Trust,
}

/// Which part of an object a write is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Part {
    /// The object.
    Whole,
    /// Its `/status`.
    Status,
}

/// Whether the writer may set what the system else sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Trust {
    /// It plays the cluster: creation times, uids and a status along with the rest are taken.
    Story,
    /// It came over HTTP.
    Client,
}

/// Makes a new object fit to be stored.
///
/// # Errors
/// 422 and 400 with the words of the real server.
pub(in crate::demo) fn create(
    target: &ResourceRef,
    mut object: Value,
    author: &Author<'_>,
    scene: &Scene,
) -> Result<Value, Refusal> {
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
        map.insert("metadata".to_owned(), Value::Object(metadata));
        if spec.status == Status::Subresource && author.trust == Trust::Client {
            map.remove("status");
        }
    }
    defaults::fill(target.resource, &mut object, scene.version);
    Ok(object)
}

/// Puts a new state in the place of the live one.
///
/// # Errors
/// 409 when the new state names an old version or another uid, 422 when it changes what may not change.
pub(in crate::demo) fn update(
    target: &ResourceRef,
    live: Value,
    object: Value,
    author: &Author<'_>,
    scene: &Scene,
) -> Result<Decision, Refusal> {
    let spec = target.resource.spec();
    let (old, given) = (metadata(&live), metadata(&object));
    let version = text(&object, "/metadata/resourceVersion");
    if author.trust == Trust::Client && !version.is_empty() && version != text(&live, "/metadata/resourceVersion") {
        return Err(Refusal::stale(target.resource, &target.name));
    }
    let uid = text(&object, "/metadata/uid");
    if author.trust == Trust::Client && !uid.is_empty() && uid != text(&live, "/metadata/uid") {
        return Err(Refusal::conflict(
            target.resource,
            &target.name,
            &format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                text(&live, "/metadata/uid")
            ),
        ));
    }
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
            let mut metadata = given;
            for system in [
                "uid",
                "creationTimestamp",
                "generation",
                "name",
                "namespace",
                "managedFields",
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
            next
        }
    };
    defaults::fill(target.resource, &mut next, scene.version);
    if next == live {
        return Ok(Decision::Keep(live));
    }
    if spec.generation == Generation::Content && content(&next) != content(&live) {
        let generation = old.get("generation").and_then(Value::as_i64).unwrap_or_default() + 1;
        if let Some(metadata) = next.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("generation".to_owned(), json!(generation));
        }
    }
    Ok(Decision::Write(next))
}

/// A namespace made because somebody mentioned it.
pub(in crate::demo) fn bare_namespace(name: &str, uid: &str, created: &str) -> Value {
    let mut namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "uid": uid, "creationTimestamp": created},
    });
    defaults::fill(Resource::Namespaces, &mut namespace, 0);
    namespace
}

/// The refusal of a new object in a namespace that is going.
pub(in crate::demo) fn namespace_is_terminating(target: &ResourceRef) -> Refusal {
    let ResourceRef {
        resource,
        namespace,
        name,
    } = target;
    let message = format!(
        "{} \"{name}\" is forbidden: unable to create new content in namespace {namespace} because it is being terminated",
        resource.spec().qualified()
    );
    Refusal::new(Reason::Forbidden, message).about(*resource, name)
}

/// A time as the API writes it.
pub(in crate::demo) fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
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

/// What counts for the generation.
fn content(object: &Value) -> Vec<(&String, &Value)> {
    let system = |key: &str| matches!(key, "apiVersion" | "kind" | "metadata" | "status");
    object
        .as_object()
        .map(|map| map.iter().filter(|(key, _)| !system(key)).collect())
        .unwrap_or_default()
}
