//! What kube-apiserver does to an object on its way into the store: decoding, metadata, defaults, generations, owners of fields,
//! and what may not be.
//!
//! Pure functions over JSON trees; the store calls them with the object as it is now. Mirrors
//! `k8s.io/apiserver/pkg/registry/rest/{create,update}.go` and the strategies of `k8s.io/kubernetes/pkg/registry`.

mod check;
mod defaults;
mod immutable;
mod names;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(in crate::demo) use check::unknown_fields;

use super::kinds::{Generation, Resource, Status};
use super::managed::{Applied, Force, Managed};
use super::refusal::{Cause, Reason, Refusal};
use super::schema::Type;
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
    /// It plays the cluster: creation times, uids and a status along with the rest are taken, and what a client may not change
    /// it may.
    Story,
    /// It came over HTTP.
    Client,
}

/// An object as somebody sent it, decoded: unknown fields are gone.
#[derive(Clone, Debug)]
pub(in crate::demo) struct Manifest {
    /// The object.
    pub object: Value,
    /// The version it was sent in, such as `networking.istio.io/v1`.
    pub api_version: String,
    /// Paths of the fields that were dropped.
    pub unknown: Vec<String>,
    /// What the schema says is wrong.
    faults: Vec<Cause>,
}

impl Manifest {
    /// Decodes an object of a kind in one of its versions.
    ///
    /// # Errors
    /// 400 when a built-in kind has a value of the wrong type.
    pub(in crate::demo) fn decode(resource: Resource, version: &str, mut object: Value) -> Result<Self, Refusal> {
        let found = check::check(resource, version, &mut object)?;
        let api_version = resource.spec().api_version(version);
        Ok(Self {
            object,
            api_version,
            unknown: found.unknown,
            faults: found.faults,
        })
    }

    /// Insists that nothing was dropped.
    ///
    /// # Errors
    /// 400 that names the unknown fields.
    pub(in crate::demo) fn strict(self, resource: Resource) -> Result<Self, Refusal> {
        let version = self.api_version.rsplit('/').next().unwrap_or_default();
        check::strict(resource, version, &self.unknown)?;
        Ok(self)
    }
}

/// Makes a new object fit to be stored.
///
/// # Errors
/// 422 with the words of the real server.
pub(in crate::demo) fn create(
    target: &ResourceRef,
    manifest: Manifest,
    author: &Author<'_>,
    scene: &Scene,
) -> Result<Value, Refusal> {
    let Manifest {
        object,
        api_version,
        faults,
        ..
    } = manifest;
    let of = Type::of(target.resource);
    let mut next = newborn(target, object, author, scene);
    let mut managed = Managed::default();
    managed.update(&json!({}), &next, author, &api_version, of);
    if author.trust == Trust::Story && next.get("status").is_some() {
        managed.update(
            &json!({}),
            &next,
            &Author {
                part: Part::Status,
                ..*author
            },
            &api_version,
            of,
        );
    }
    defaults::allocate(target.resource, &mut next, None, scene.version);
    refuse(target, names::faults(target, &next), faults)?;
    own(&mut next, managed);
    Ok(next)
}

/// Puts a new state in the place of the live one.
///
/// # Errors
/// 409 when the new state names an old version or another uid, 422 when it is wrong or changes what may not change.
pub(in crate::demo) fn update(
    target: &ResourceRef,
    live: Value,
    manifest: Manifest,
    author: &Author<'_>,
    scene: &Scene,
) -> Result<Decision, Refusal> {
    let Manifest {
        object,
        api_version,
        mut faults,
        ..
    } = manifest;
    if author.part == Part::Status {
        // the rest of the manifest is not looked at
        faults.retain(|fault| fault.field.starts_with("status"));
    }
    preconditions(target, &live, &object, author)?;
    let of = Type::of(target.resource);
    let before = Managed::before_write(&live, &object, author.part);
    let next = successor(target, &live, object, author, scene);
    let mut managed = before;
    if !managed.is_empty() {
        managed.update(&live, &next, author, &api_version, of);
        if author.trust == Trust::Story && author.part == Part::Whole {
            managed.update(
                &live,
                &next,
                &Author {
                    part: Part::Status,
                    ..*author
                },
                &api_version,
                of,
            );
        }
    }
    settle(target, live, next, managed, author, faults)
}

/// Lays an applied configuration over the live object, or makes a new one of it (server-side apply).
///
/// # Errors
/// 409 on fields that others own, 500 on fields the schema does not know (as the real server), else as [`update`].
pub(in crate::demo) fn apply(
    target: &ResourceRef,
    live: Option<Value>,
    config: &Value,
    author: &Author<'_>,
    force: Force,
    scene: &Scene,
) -> Result<Decision, Refusal> {
    if config
        .pointer("/metadata/managedFields")
        .is_some_and(|list| !list.is_null())
    {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    let of = Type::of(target.resource);
    let version = text(config, "/apiVersion")
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    typed(target, config, &version)?;
    if let Some(live) = &live {
        preconditions(target, live, config, author)?;
    }
    let owners = live.as_ref().map(Managed::of).unwrap_or_default();
    let Applied { object, managed } = owners.apply(live.as_ref().unwrap_or(&Value::Null), config, author, force, of)?;
    let manifest = Manifest::decode(target.resource, &version, object)?;
    match live {
        None => {
            let mut next = newborn(target, manifest.object, author, scene);
            defaults::allocate(target.resource, &mut next, None, scene.version);
            refuse(target, names::faults(target, &next), manifest.faults)?;
            own(&mut next, managed);
            Ok(Decision::Write(next))
        }
        Some(live) => {
            let mut object = manifest.object;
            refresh_last_applied(&mut object, config, author);
            let next = successor(target, &live, object, author, scene);
            settle(target, live, next, managed, author, manifest.faults)
        }
    }
}

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
    defaults::fill(Resource::Namespaces, &mut namespace);
    defaults::allocate(Resource::Namespaces, &mut namespace, None, 0);
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

/// A new object with the metadata of the system and its defaults.
fn newborn(target: &ResourceRef, mut object: Value, author: &Author<'_>, scene: &Scene) -> Value {
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
    defaults::fill(target.resource, &mut object);
    object
}

/// The new state with what the system keeps from the live one, without managedFields.
fn successor(target: &ResourceRef, live: &Value, object: Value, author: &Author<'_>, scene: &Scene) -> Value {
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
    defaults::fill(target.resource, &mut next);
    defaults::allocate(target.resource, &mut next, Some(live), scene.version);
    if let Some(metadata) = next.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    next
}

/// The last step of every write over a live object.
fn settle(
    target: &ResourceRef,
    live: Value,
    mut next: Value,
    managed: Managed,
    author: &Author<'_>,
    schema_faults: Vec<Cause>,
) -> Result<Decision, Refusal> {
    let mut faults = names::faults(target, &next);
    if author.trust == Trust::Client {
        faults.extend(immutable::faults(target.resource, &live, &next));
    }
    refuse(target, faults, schema_faults)?;
    let mut bare = live.clone();
    if let Some(metadata) = bare.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    if next == bare && managed.clone().without_times() == Managed::of(&live).without_times() {
        return Ok(Decision::Keep(live));
    }
    if target.resource.spec().generation == Generation::Content && content(&next) != content(&live) {
        let generation = live
            .pointer("/metadata/generation")
            .and_then(Value::as_i64)
            .unwrap_or_default()
            + 1;
        if let Some(metadata) = next.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("generation".to_owned(), json!(generation));
        }
    }
    own(&mut next, managed);
    Ok(Decision::Write(next))
}

/// What a writer may have said about the object it meant.
fn preconditions(target: &ResourceRef, live: &Value, object: &Value, author: &Author<'_>) -> Result<(), Refusal> {
    if author.trust == Trust::Story {
        return Ok(());
    }
    let (version, uid) = (text(object, "/metadata/resourceVersion"), text(object, "/metadata/uid"));
    if !version.is_empty() && version != text(live, "/metadata/resourceVersion") {
        return Err(Refusal::stale(target.resource, &target.name));
    }
    let is = text(live, "/metadata/uid");
    if !uid.is_empty() && uid != is {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {is}");
        return Err(Refusal::conflict(target.resource, &target.name, &why));
    }
    Ok(())
}

/// Insists that an applied configuration has the types of the schema, in the words of structured-merge-diff.
fn typed(target: &ResourceRef, config: &Value, version: &str) -> Result<(), Refusal> {
    let spec = target.resource.spec();
    let mut probe = config.clone();
    let found = check::check(target.resource, version, &mut probe);
    let faults: Vec<String> = match found {
        Err(refusal) => vec![refusal.message],
        Ok(found) => {
            let unknown = found
                .unknown
                .iter()
                .map(|path| format!(".{path}: field not declared in schema"));
            let wrong = found
                .faults
                .iter()
                .filter(|fault| fault.reason == "FieldValueTypeInvalid");
            unknown
                .chain(wrong.map(|fault| mistyped(config, &fault.field, Type::of(target.resource))))
                .collect()
        }
    };
    let told = match faults.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    };
    let message = format!(
        "failed to create typed patch object ({}/{}; {}/{version}, Kind={}): {told}",
        target.namespace, target.name, spec.group, spec.kind
    );
    Err(Refusal::new(Reason::Unknown, message))
}

fn mistyped(config: &Value, path: &str, of: Type<'_>) -> String {
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    let value = config.pointer(&pointer).cloned().unwrap_or_default();
    let mut wanted = of;
    for part in path.split('.') {
        let (name, index) = part
            .split_once('[')
            .map_or((part, None), |(name, index)| (name, Some(index)));
        wanted = wanted.value(name);
        if index.is_some() {
            wanted = wanted.item();
        }
    }
    let wanted = match wanted.text("type") {
        "array" => "list",
        "object" => "map",
        "integer" | "number" => "numeric (int or float)",
        other => other,
    };
    let got = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!(".{path}: expected {wanted}, got &{{{got}}}")
}

/// Keeps the annotation of client-side apply true when `kubectl` applies on the server (`lastAppliedUpdater`).
fn refresh_last_applied(object: &mut Value, config: &Value, author: &Author<'_>) {
    const KEY: &str = "kubectl.kubernetes.io/last-applied-configuration";
    let annotations = object
        .pointer_mut("/metadata/annotations")
        .and_then(Value::as_object_mut);
    if let Some(annotations) = annotations
        && author.manager == "kubectl"
        && annotations
            .get(KEY)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    {
        annotations.insert(KEY.to_owned(), json!(format!("{config}\n")));
    }
}

fn refuse(target: &ResourceRef, mut faults: Vec<Cause>, schema_faults: Vec<Cause>) -> Result<(), Refusal> {
    faults.extend(schema_faults);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Refusal::invalid(target.resource, &target.name, faults))
    }
}

fn own(object: &mut Value, managed: Managed) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        if managed.is_empty() {
            metadata.remove("managedFields");
        } else {
            metadata.insert("managedFields".to_owned(), managed.json());
        }
    }
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

#[cfg(test)]
mod tests;
