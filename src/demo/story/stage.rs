//! Where the story is played: puts the world into a store and does what the steps say.
//!
//! It plays the parts of the cluster that a manifest cannot: who wrote which half of an object (a controller the spec, a kubelet
//! the status), owners' uids, probes, and through [`super::slices`] the endpoints. It keeps no state but the templates; what
//! the cluster is stands in the store.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::StoryError;
use super::manifests::{Manifest, Templates};
use super::script::{Action, Delete, Ready, Script, Terminate, Unready};
use super::slices;
use super::template::Vars;
use crate::demo::definitions;
use crate::demo::generated;
use crate::demo::kinds::Resource;
use crate::demo::patch::merge;
use crate::demo::reference::ResourceRef;
use crate::demo::store::{Force, Store};
use crate::demo::tree::{rfc3339, text};

/// The world's files, in the order in which they are put in: owners before what they own.
const WORLD: &[(&str, &str)] = &[
    ("cluster.yaml", include_str!("../../../assets/demo/world/cluster.yaml")),
    (
        "kube-system.yaml",
        include_str!("../../../assets/demo/world/kube-system.yaml"),
    ),
    (
        "istio-system.yaml",
        include_str!("../../../assets/demo/world/istio-system.yaml"),
    ),
    ("default.yaml", include_str!("../../../assets/demo/world/default.yaml")),
    (
        "bookinfo.yaml",
        include_str!("../../../assets/demo/world/bookinfo.yaml"),
    ),
    ("shop.yaml", include_str!("../../../assets/demo/world/shop.yaml")),
    ("events.yaml", include_str!("../../../assets/demo/world/events.yaml")),
];
const CLIENT_SIDE_APPLY: &str = "kubectl-client-side-apply";
/// The manager that applies on the server's side; the others create and update.
const APPLIER: &str = "argocd-controller";
/// Before anything else: Istio's kinds are there, those of the Gateway API are not.
const DEFINED: SignedDuration = SignedDuration::from_hours(40 * 24 + 1);
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
pub(super) const KUBELET: &str = "kubelet";
pub(super) const CONTROLLERS: &str = "kube-controller-manager";
/// Who writes the status of a kind, where that is somebody else than who writes the object.
const STATUS_WRITERS: [(Resource, &str); 4] = [
    (Resource::Pods, KUBELET),
    (Resource::Nodes, KUBELET),
    (Resource::Deployments, CONTROLLERS),
    (Resource::ReplicaSets, CONTROLLERS),
];
const GRACE: SignedDuration = SignedDuration::from_secs(30);

/// The assets of the demo, ready to be played into a store.
#[derive(Debug)]
pub struct Stage {
    templates: Templates,
    script: Script,
}

impl Stage {
    /// Reads the assets.
    ///
    /// # Errors
    /// When one of them cannot be used, which a test rules out.
    pub fn load() -> Result<Self, StoryError> {
        Ok(Self {
            templates: Templates::load()?,
            script: Script::load()?,
        })
    }

    /// The story's text.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Puts the objects of one document in, as the world's are, now.
    ///
    /// # Errors
    /// When the document cannot be used or the store refuses an object.
    pub(in crate::demo) fn put(&self, store: &Store, document: &Value, manager: &str) -> Result<(), StoryError> {
        let now = store.now();
        for object in self.templates.expand("a document", document, &Vars::new(now))? {
            let manager = manager.to_owned();
            put(store, Manifest { manager, object }, now)?;
        }
        Ok(())
    }

    /// Puts the world and what happened before the start into an empty store; the start is now.
    ///
    /// # Errors
    /// When an asset cannot be used or the store refuses an object.
    pub fn set(&self, store: &Store) -> Result<(), StoryError> {
        let start = store.now();
        let vars = Vars::new(start);
        let defined = start.checked_sub(DEFINED).unwrap_or(start);
        for resource in Resource::ALL
            .into_iter()
            .filter(|resource| resource.spec().group == "networking.istio.io")
        {
            definitions::install(store, resource, defined)?;
        }
        for (file, contents) in WORLD {
            for manifest in self.templates.read(file, contents, &vars)? {
                put(store, manifest, start)?;
            }
        }
        for namespace in store.list(Resource::Namespaces, None) {
            slices::reconcile(store, text(&namespace, "/metadata/name"), start)?;
        }
        for past in &self.script.before {
            let at = vars
                .fill(&json!(format!("${{now-{}}}", past.at)))
                .map_err(StoryError::Blank)?;
            let at = at.as_str().and_then(|at| at.parse().ok()).unwrap_or(start);
            if let Some(error) = self.act(store, &past.actions, at).pop() {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Does what a step says, now; a step that does not exist does nothing. Returns what could not be done, because it is
    /// about something that is not there any more; the rest is done all the same.
    pub fn play(&self, store: &Store, step: usize) -> Vec<StoryError> {
        let Some(step) = self.script.steps.get(step) else {
            return Vec::new();
        };
        self.act(store, &step.actions, store.now())
    }

    /// Does all actions at one moment, then what controllers do about them. Returns what could not be done.
    fn act(&self, store: &Store, actions: &[Action], time: Timestamp) -> Vec<StoryError> {
        let vars = Vars::new(time);
        let mut failed = Vec::new();
        let mut touched = BTreeSet::new();
        for action in actions {
            match self.act_once(store, action, &vars, time) {
                Ok(namespaces) => touched.extend(namespaces),
                Err(error) => failed.push(error),
            }
        }
        for namespace in &touched {
            failed.extend(slices::reconcile(store, namespace, time).err().map(StoryError::from));
        }
        failed
    }

    /// Does one action; returns the namespaces in which a pod or a Service may have changed.
    fn act_once(
        &self,
        store: &Store,
        action: &Action,
        vars: &Vars,
        time: Timestamp,
    ) -> Result<Vec<String>, StoryError> {
        let fill = |tree: &Value| vars.fill(tree).map_err(StoryError::Blank);
        match action {
            Action::Apply(apply) => {
                let mut touched = Vec::new();
                for document in &apply.apply {
                    for object in self.templates.expand("story.yaml", document, vars)? {
                        touched.push(text(&object, "/metadata/namespace").to_owned());
                        let manager = apply.manager.clone();
                        put(store, Manifest { manager, object }, time)?;
                    }
                }
                Ok(touched)
            }
            Action::Patch(patch) => {
                let mut object = find(store, &patch.patch.0)?;
                merge(&mut object, &fill(&patch.with)?);
                store.put_at(object, &patch.manager, time)?;
                Ok(vec![patch.patch.0.namespace.clone()])
            }
            Action::Status(patch) => {
                let with = fill(&patch.with)?;
                edit_status(store, &patch.status.0, &patch.manager, time, |status| {
                    merge(status, &with);
                })
            }
            Action::Delete(Delete { delete }) => {
                store.delete(&delete.0)?;
                Ok(vec![delete.0.namespace.clone()])
            }
            Action::Unready(Unready { unready, container }) => {
                let failing = Readiness::Failing(container);
                edit_status(store, &unready.0, KUBELET, time, |status| {
                    set_ready(status, failing, time);
                })
            }
            Action::Ready(Ready { ready }) => {
                let passing = Readiness::Passing;
                edit_status(store, &ready.0, KUBELET, time, |status| {
                    set_ready(status, passing, time);
                })
            }
            Action::Terminate(Terminate { terminate }) => {
                let mut pod = find(store, &terminate.0)?;
                let end = time.checked_add(GRACE).unwrap_or(time);
                merge(&mut pod, &json!({"metadata": {"deletionTimestamp": rfc3339(end)}}));
                store.put_at(pod, CONTROLLERS, time)?;
                Ok(vec![terminate.0.namespace.clone()])
            }
        }
    }
}

fn find(store: &Store, target: &ResourceRef) -> Result<Value, StoryError> {
    store.get(target).ok_or_else(|| StoryError::Missing(target.clone()))
}

fn edit_status(
    store: &Store,
    target: &ResourceRef,
    manager: &str,
    time: Timestamp,
    edit: impl FnOnce(&mut Value),
) -> Result<Vec<String>, StoryError> {
    let mut object = find(store, target)?;
    if let Some(map) = object.as_object_mut() {
        edit(map.entry("status").or_insert_with(|| json!({})));
    }
    store.put_status_at(object, manager, time)?;
    Ok(vec![target.namespace.clone()])
}

/// Whether a pod's application passes its readiness probe.
#[derive(Clone, Copy)]
enum Readiness<'a> {
    Passing,
    /// The probe of this container fails.
    Failing(&'a str),
}

/// What a kubelet writes when a probe changes its mind (`pkg/kubelet/status/generate.go`).
fn set_ready(status: &mut Value, readiness: Readiness<'_>, time: Timestamp) {
    let failing = match readiness {
        Readiness::Passing => None,
        Readiness::Failing(container) => Some(container),
    };
    let word = if failing.is_some() { "False" } else { "True" };
    for condition in list(status, "conditions") {
        let kind = condition.get("type").and_then(Value::as_str).unwrap_or_default();
        if !matches!(kind, "Ready" | "ContainersReady") {
            continue;
        }
        let message = failing.map(|container| format!("containers with unready status: [{container}]"));
        merge(
            condition,
            &json!({
                "status": word, "lastTransitionTime": rfc3339(time),
                "reason": failing.map(|_| "ContainersNotReady"), "message": message,
            }),
        );
    }
    for container in list(status, "containerStatuses") {
        let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
        let ready = failing != Some(name);
        merge(container, &json!({"ready": ready}));
    }
}

fn list<'a>(status: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
    status.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Puts an object in as the cluster's own parts would: the spec by who wrote it, the status by who watches it.
pub(super) fn put(store: &Store, manifest: Manifest, time: Timestamp) -> Result<(), StoryError> {
    let Manifest { manager, mut object } = manifest;
    let target = ResourceRef::of(&object)?;
    let written = created(&object).unwrap_or(time);
    let controlled = name_owners(store, &target, &mut object);
    name_involved(store, &mut object);
    let manager = if controlled {
        CONTROLLERS.to_owned()
    } else if target.resource == Resource::Events {
        text(&object, "/reportingComponent").to_owned()
    } else {
        manager
    };
    if manager == CLIENT_SIDE_APPLY {
        note_last_applied(&mut object);
    }
    let writer = STATUS_WRITERS.into_iter().find(|(kind, _)| *kind == target.resource);
    let status = writer.and_then(|(_, manager)| {
        let status = object.as_object_mut()?.remove("status")?;
        Some((manager, status))
    });
    if manager == APPLIER {
        store.apply_at(&object, &manager, Force::Yes, written)?;
    } else {
        store.put_at(object.clone(), &manager, written)?;
    }
    if let (Some((manager, status)), Some(map)) = (status, object.as_object_mut()) {
        let at = last_transition(&status).unwrap_or(written).min(store.now());
        map.insert("status".to_owned(), status);
        store.put_status_at(object, manager, at)?;
    }
    Ok(())
}

fn created(object: &Value) -> Option<Timestamp> {
    text(object, "/metadata/creationTimestamp").parse().ok()
}

/// The newest time in a status.
fn last_transition(status: &Value) -> Option<Timestamp> {
    let conditions = status.get("conditions").and_then(Value::as_array)?;
    let time = |condition: &Value| text(condition, "/lastTransitionTime").parse().ok();
    conditions.iter().filter_map(time).max()
}

/// Fills in the uids of an object's owners; true if one of them is its controller.
fn name_owners(store: &Store, target: &ResourceRef, object: &mut Value) -> bool {
    let owners = object
        .pointer_mut("/metadata/ownerReferences")
        .and_then(Value::as_array_mut);
    let mut controlled = false;
    for owner in owners.into_iter().flatten() {
        let uid = uid_of(store, owner, &target.namespace);
        merge(owner, &json!({"uid": uid}));
        controlled |= owner.get("controller") == Some(&Value::Bool(true));
    }
    controlled
}

/// Fills in the uid of what an Event is about.
fn name_involved(store: &Store, object: &mut Value) {
    let namespace = text(object, "/involvedObject/namespace").to_owned();
    if let Some(involved) = object.get_mut("involvedObject") {
        let uid = uid_of(store, involved, &namespace);
        merge(involved, &json!({"uid": uid}));
    }
}

/// The uid of what a reference names; of kinds that are not served, one that is always the same.
fn uid_of(store: &Store, reference: &Value, namespace: &str) -> String {
    let (kind, name) = (text(reference, "/kind"), text(reference, "/name"));
    Resource::of_manifest(text(reference, "/apiVersion"), kind)
        .and_then(|resource| store.get(&ResourceRef::new(resource, namespace, name)))
        .map_or_else(
            || generated::uid(&format!("{kind} {namespace}/{name}")),
            |owner| text(&owner, "/metadata/uid").to_owned(),
        )
}

/// What `kubectl apply` leaves on an object.
fn note_last_applied(object: &mut Value) {
    let mut applied = object.clone();
    if let Some(map) = applied.as_object_mut() {
        map.remove("status");
        let metadata = map.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata {
            metadata.remove("creationTimestamp");
            let notes = metadata
                .entry("annotations")
                .or_insert_with(|| Value::Object(Map::new()));
            if let Some(notes) = notes.as_object_mut() {
                notes.retain(|key, _| !key.starts_with("deployment.kubernetes.io/"));
            }
        }
    }
    merge(
        object,
        &json!({"metadata": {"annotations": {LAST_APPLIED: format!("{applied}\n")}}}),
    );
}
