//! What the cluster does when somebody deletes a pod that a `ReplicaSet` wants: a successor on the same node, pending at first,
//! ready a moment later.
//!
//! Plays the `ReplicaSet` controller (`pkg/controller/replicaset`), the scheduler and a kubelet, as far as a client sees them.
//! Not a Deployment's controller: nothing rolls or scales by itself. The successor is made after the pod it follows, injected
//! sidecar and all, because a `ReplicaSet`'s template has none. What was made is remembered by name, so that a pod which the
//! story takes back to its pending days starts again.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::StoryError;
use super::manifests::Manifest;
use super::slices::is_ready;
use super::stage::{self, CONTROLLERS, KUBELET, Stage};
use crate::demo::generated::{self, digest, fnv};
use crate::demo::kinds::Resource;
use crate::demo::patch::merge;
use crate::demo::reference::ResourceRef;
use crate::demo::store::{Keep, Store};
use crate::demo::tree::{rfc3339, text};

/// From a pod's creation until it is ready.
const STARTS_IN: SignedDuration = SignedDuration::from_secs(3);
/// Successors remembered; more at once start only in part.
const MOST: usize = 256;
/// The script's own pods have the addresses before this one of each node.
const FIRST_ADDRESS: u32 = 100;

/// The pods that were made in place of others.
#[derive(Debug, Default)]
pub(super) struct Successors {
    made: VecDeque<ResourceRef>,
}

impl Successors {
    /// Makes a successor for each of these pods that is going or gone, while its `ReplicaSet` has fewer than it wants.
    ///
    /// # Errors
    /// When the store refuses a successor.
    pub(super) fn replace(&mut self, store: &Store, stage: &Stage, gone: &[Value]) -> Result<(), StoryError> {
        for pod in gone {
            let Some(replica_set) = owner(store, pod, Resource::ReplicaSets) else {
                continue;
            };
            let wanted = replica_set.pointer("/spec/replicas").and_then(Value::as_u64);
            let living = u64::try_from(living(store, &replica_set).len()).unwrap_or(u64::MAX);
            if living >= wanted.unwrap_or(1) {
                continue;
            }
            let made = successor(store, pod, &replica_set);
            let name = text(&made, "/metadata/name").to_owned();
            let target = ResourceRef::of(&made)?;
            let manager = CONTROLLERS.to_owned();
            let now = store.now();
            stage::put(store, Manifest { manager, object: made }, now)?;
            let tell = |reason: &str, component: &str, of: &Value, message: String| {
                let document = event(reason, component, of, &message, now);
                stage.put(store, &document, component)
            };
            let created = format!("Created pod: {name}");
            tell("SuccessfulCreate", "replicaset-controller", &replica_set, created)?;
            count(store, &replica_set)?;
            if self.made.len() == MOST {
                self.made.pop_front();
            }
            self.made.push_back(target);
        }
        Ok(())
    }

    /// Starts the successors whose time has come; returns how long until the next one's.
    ///
    /// # Errors
    /// When the store refuses a status.
    pub(super) fn start(&mut self, store: &Store) -> Result<Option<Duration>, StoryError> {
        let now = store.now();
        let mut next: Option<Duration> = None;
        for target in &self.made {
            let Some(mut pod) = store.get(target).filter(|pod| text(pod, "/status/phase") == "Pending") else {
                continue;
            };
            let created = text(&pod, "/metadata/creationTimestamp").parse().unwrap_or(now);
            let left = STARTS_IN - now.duration_since(created);
            if left.is_positive() {
                let left = left.unsigned_abs();
                next = Some(next.map_or(left, |next| next.min(left)));
                continue;
            }
            run(store, &mut pod, now);
            store.put_status_at(pod.clone(), KUBELET, now)?;
            if let Some(replica_set) = owner(store, &pod, Resource::ReplicaSets) {
                count(store, &replica_set)?;
            }
        }
        Ok(next)
    }
}

/// The controller of an object, if it is of this kind and still the same.
fn owner(store: &Store, object: &Value, kind: Resource) -> Option<Value> {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array)?;
    let owner = owners
        .iter()
        .find(|owner| text(owner, "/kind") == kind.spec().kind && owner.get("controller") == Some(&json!(true)))?;
    let target = ResourceRef::new(kind, text(object, "/metadata/namespace"), text(owner, "/name"));
    store
        .get(&target)
        .filter(|found| text(found, "/metadata/uid") == text(owner, "/uid"))
}

/// The objects of a kind that this one controls.
fn owned(store: &Store, owner: &Value, kind: Resource) -> Vec<Value> {
    let uid = text(owner, "/metadata/uid");
    let mut all = store.list(kind, Some(text(owner, "/metadata/namespace")));
    all.retain(|object| {
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        owners.into_iter().flatten().any(|owner| text(owner, "/uid") == uid)
    });
    all
}

/// The pods of a `ReplicaSet` that count: neither going nor done (`controller.FilterActivePods`).
fn living(store: &Store, replica_set: &Value) -> Vec<Value> {
    let mut pods = owned(store, replica_set, Resource::Pods);
    pods.retain(|pod| {
        pod.pointer("/metadata/deletionTimestamp").is_none()
            && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
    });
    pods
}

/// Writes how many pods there are into the status of a `ReplicaSet` and of its Deployment.
fn count(store: &Store, replica_set: &Value) -> Result<(), StoryError> {
    let numbers = |pods: &[Value]| {
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        let some = (ready > 0).then_some(ready);
        (pods.len(), some)
    };
    let (replicas, ready) = numbers(&living(store, replica_set));
    let status = json!({
        "replicas": replicas, "fullyLabeledReplicas": replicas, "readyReplicas": ready, "availableReplicas": ready,
    });
    write_status(store, replica_set, &status)?;
    let Some(deployment) = owner(store, replica_set, Resource::Deployments) else {
        return Ok(());
    };
    let sets = owned(store, &deployment, Resource::ReplicaSets);
    let pods: Vec<Value> = sets.iter().flat_map(|set| living(store, set)).collect();
    let (replicas, ready) = numbers(&pods);
    let lacking = replicas - ready.unwrap_or_default();
    let status = json!({
        "replicas": replicas, "readyReplicas": ready, "availableReplicas": ready,
        "unavailableReplicas": (lacking > 0).then_some(lacking),
    });
    write_status(store, &deployment, &status)
}

fn write_status(store: &Store, object: &Value, status: &Value) -> Result<(), StoryError> {
    let mut object = object.clone();
    merge(&mut object, &json!({"status": status}));
    store.put_status(object, CONTROLLERS)?;
    Ok(())
}

/// A pod like the one that goes, with a name of its own, scheduled and not yet started.
fn successor(store: &Store, gone: &Value, replica_set: &Value) -> Value {
    let now = rfc3339(store.now());
    let (namespace, stem) = (
        text(replica_set, "/metadata/namespace"),
        text(replica_set, "/metadata/name"),
    );
    // two pods made at different versions have different names, and a run that writes the same again gives the same
    let seed = format!("{namespace}/{stem} {}", store.version());
    let name = format!("{stem}-{}", generated::suffix(fnv(seed.as_bytes(), 0)));
    let old = |pointer: &str| gone.pointer(pointer).cloned().unwrap_or_default();
    let waiting = |list: &str| containers(gone, list).map(unstarted).collect::<Vec<_>>();
    let names: Vec<&str> = containers(gone, "containers").map(|one| text(one, "/name")).collect();
    let unready = format!("containers with unready status: [{}]", names.join(" "));
    let condition = |kind: &str, status: &str, reason: Option<&str>| {
        let mut condition = json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": now});
        if let Some(reason) = reason {
            merge(&mut condition, &json!({"reason": reason, "message": unready}));
        }
        condition
    };
    let wanted = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "generateName": format!("{stem}-"), "namespace": namespace, "creationTimestamp": now,
            "labels": old("/metadata/labels"), "annotations": old("/metadata/annotations"),
            "ownerReferences": old("/metadata/ownerReferences"),
        },
        "spec": old("/spec"),
        "status": {
            "phase": "Pending", "qosClass": old("/status/qosClass"), "startTime": now,
            "hostIP": old("/status/hostIP"), "hostIPs": old("/status/hostIPs"),
            "conditions": [
                condition("PodReadyToStartContainers", "False", None),
                condition("Initialized", "True", None),
                condition("Ready", "False", Some("ContainersNotReady")),
                condition("ContainersReady", "False", Some("ContainersNotReady")),
                condition("PodScheduled", "True", None),
            ],
            "containerStatuses": waiting("containers"), "initContainerStatuses": waiting("initContainers"),
        },
    });
    // what the old one lacks is left out
    let mut pod = json!({});
    merge(&mut pod, &wanted);
    pod
}

fn containers<'a>(pod: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let list = pod.get("spec").and_then(|spec| spec.get(list));
    list.and_then(Value::as_array).into_iter().flatten()
}

/// A container that was not started yet.
fn unstarted(container: &Value) -> Value {
    json!({
        "name": text(container, "/name"), "image": text(container, "/image"), "imageID": "", "lastState": {}, "ready": false,
        "restartCount": 0, "started": false, "state": {"waiting": {"reason": "PodInitializing"}},
    })
}

/// What the kubelet writes when all containers run and are ready, at an address of the node's.
fn run(store: &Store, pod: &mut Value, now: Timestamp) {
    let time = rfc3339(now);
    let uid = text(pod, "/metadata/uid").to_owned();
    let id = |name: &str| format!("containerd://{}", digest(&format!("{uid} {name}")));
    let state = |container: &Value| {
        let (name, image) = (text(container, "/name"), text(container, "/image"));
        let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
        let image_id = format!("{repository}@sha256:{}", digest(image));
        json!({
            "name": name, "image": image, "imageID": image_id, "containerID": id(name), "lastState": {}, "ready": true,
            "restartCount": 0, "started": true, "state": {"running": {"startedAt": time}},
        })
    };
    let done = |container: &Value| {
        let mut status = state(container);
        if text(container, "/restartPolicy") != "Always" {
            let ended = json!({
                "containerID": id(text(container, "/name")), "exitCode": 0, "reason": "Completed", "startedAt": time,
                "finishedAt": time,
            });
            merge(
                &mut status,
                &json!({"started": false, "state": {"running": null, "terminated": ended}}),
            );
        }
        status
    };
    let running: Vec<Value> = containers(pod, "containers").map(state).collect();
    let first: Vec<Value> = containers(pod, "initContainers").map(done).collect();
    let mut conditions = pod.pointer("/status/conditions").cloned().unwrap_or_default();
    for condition in conditions.as_array_mut().into_iter().flatten() {
        if text(condition, "/status") == "False" {
            let met = json!({"status": "True", "lastTransitionTime": time, "reason": null, "message": null});
            merge(condition, &met);
        }
    }
    let mut status = json!({
        "phase": "Running", "conditions": conditions, "containerStatuses": running, "initContainerStatuses": first,
    });
    if let (Some(address), Some(status)) = (free_address(store, text(pod, "/spec/nodeName")), status.as_object_mut()) {
        status.insert("podIP".to_owned(), json!(address));
        status.insert("podIPs".to_owned(), json!([{"ip": address}]));
    }
    merge(pod, &json!({"status": status}));
}

/// The address after the highest in use in a node's range, as the plugin `host-local` gives them out.
fn free_address(store: &Store, node: &str) -> Option<Ipv4Addr> {
    let node = store.get(&ResourceRef::new(Resource::Nodes, "", node))?;
    let (base, bits) = text(&node, "/spec/podCIDR").split_once('/')?;
    let base = u32::from(base.parse::<Ipv4Addr>().ok()?);
    let size = 1_u32.checked_shl(32_u32.checked_sub(bits.parse().ok()?)?)?;
    let range = base..base.checked_add(size)?;
    let field = Resource::Pods
        .spec()
        .fields
        .iter()
        .position(|field| *field == "status.podIP")?;
    let (_, pods) = store.snapshot(Resource::Pods, Keep::No);
    let used = pods
        .values()
        .filter_map(|pod| pod.fields.get(field)?.parse::<Ipv4Addr>().ok());
    let highest = used.map(u32::from).filter(|address| range.contains(address)).max();
    let next = highest.unwrap_or(base).max(base + FIRST_ADDRESS - 1) + 1;
    range.contains(&next).then(|| Ipv4Addr::from(next))
}

fn event(reason: &str, component: &str, about: &Value, message: &str, now: Timestamp) -> Value {
    let mut vars = Map::new();
    for (name, value) in [
        ("kind", text(about, "/kind")),
        ("objectVersion", text(about, "/apiVersion")),
        ("namespace", text(about, "/metadata/namespace")),
        ("object", text(about, "/metadata/name")),
        ("reason", reason),
        ("component", component),
        ("message", message),
        ("first", &rfc3339(now)),
    ] {
        vars.insert(name.to_owned(), json!(value));
    }
    json!({"use": "event", "vars": vars})
}
