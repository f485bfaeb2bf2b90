//! What kube-apiserver does to an object on its way into the store: decoding, metadata, defaults, generations, owners of fields,
//! and what may not be.
//!
//! Pure functions over JSON trees; the store calls them with the object as it is now. Mirrors
//! `k8s.io/apiserver/pkg/registry/rest/{create,update}.go` and the strategies of `k8s.io/kubernetes/pkg/registry`.

mod check;
mod defaults;
mod immutable;
mod manifest;
mod names;
mod prepare;
mod strategy;
mod typed;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(in crate::demo) use check::unknown_fields;
pub(in crate::demo) use manifest::Manifest;
pub(in crate::demo) use prepare::{as_it_stands, bare_namespace};

use super::author::{Author, Part, Trust};
use super::kinds::Generation;
use super::managed::{Applied, Force, Managed};
use super::reference::ResourceRef;
use super::refusal::{Cause, Reason, Refusal};
use super::schema::Type;
use super::tree::text;
use prepare::{newborn, successor};

/// What a decision may look at besides the object itself.
#[derive(Clone, Debug)]
pub(in crate::demo) struct Scene {
    /// Now.
    pub now: Timestamp,
    /// A uid nobody has.
    pub uid: String,
    /// The version this write will get.
    pub version: u64,
}

/// What is to be done with the object.
#[derive(Debug)]
pub(in crate::demo) enum Decision {
    /// It stays as it is; no version, no event.
    Keep(Value),
    /// It is stored.
    Write(Value),
    /// It is taken out at once.
    Remove,
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
    let nothing = json!({});
    managed.update(&nothing, &next, author, &api_version, of);
    if author.trust == Trust::Story && next.get("status").is_some() {
        managed.update(&nothing, &next, &author.of_status(), &api_version, of);
    }
    strategy::allocate(target.resource, &mut next, None, scene.version);
    refuse(target, strategy::faults(target, &next), faults)?;
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
            managed.update(&live, &next, &author.of_status(), &api_version, of);
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
    typed::insist(target, config, &version)?;
    if let Some(live) = &live {
        preconditions(target, live, config, author)?;
    }
    let owners = live.as_ref().map(Managed::of).unwrap_or_default();
    let Applied { object, managed } = owners.apply(live.as_ref().unwrap_or(&Value::Null), config, author, force, of)?;
    let manifest = Manifest::decode(target.resource, &version, object)?;
    match live {
        None => {
            let mut next = newborn(target, manifest.object, author, scene);
            strategy::allocate(target.resource, &mut next, None, scene.version);
            refuse(target, strategy::faults(target, &next), manifest.faults)?;
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

/// The last step of every write over a live object.
fn settle(
    target: &ResourceRef,
    live: Value,
    mut next: Value,
    managed: Managed,
    author: &Author<'_>,
    schema_faults: Vec<Cause>,
) -> Result<Decision, Refusal> {
    let mut faults = strategy::faults(target, &next);
    if author.trust == Trust::Client {
        faults.extend(strategy::changed_although_fixed(target.resource, &live, &next));
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
