//! Reading, deciding and writing as one step, and what a removal takes with it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::object::Object;
use super::{Inner, Store, within};
use crate::demo::kinds::{Origin, Resource, Scope};
use crate::demo::reference::ResourceRef;
use crate::demo::refusal::Refusal;
use crate::demo::registry::{self, Decision, Scene};
use crate::demo::tree::text;

/// Whether a decision is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Run {
    /// Yes.
    Commit,
    /// No: the answer is what would have been stored.
    Dry,
}

/// What happens when an object is created in a namespace that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Stranger {
    /// 404, as for a client.
    Refuse,
    /// The namespace is made, at the object's own creation time.
    MakeNamespace,
}

impl Store {
    /// Shows the object to `decide` and does what it says, with nobody in between. Returns the object as it then is, in its
    /// kind's preferred version (after a removal: its last state).
    pub(in crate::demo) fn transact(
        &self,
        target: &ResourceRef,
        run: Run,
        stranger: Stranger,
        decide: impl FnOnce(&Scene, Option<Value>) -> Result<Decision, Refusal>,
    ) -> Result<Value, Refusal> {
        let now = self.now();
        let mut inner = self.lock();
        let spec = target.resource.spec();
        let key = target.key();
        let live = inner.shelf(target.resource).objects.get(&*key).cloned();
        let scene = Scene {
            now,
            uid: uid(inner.version + 1, &key),
            version: inner.version + 1,
        };
        let tree = live.as_ref().map(|object| object.tree(&spec, spec.preferred()));
        match decide(&scene, tree)? {
            Decision::Keep(value) => Ok(value),
            Decision::Write(mut value) => {
                if live.is_none() {
                    inner.admit(target, stranger, &value, run)?;
                }
                if run == Run::Dry {
                    return Ok(value);
                }
                if live.is_some() && is_released(&value) {
                    let last = inner.remove(target.resource, &key, Some(value));
                    return Ok(last);
                }
                inner.write(target.resource, key, &mut value);
                Ok(value)
            }
            Decision::Remove => match run {
                Run::Commit => Ok(inner.remove(target.resource, &key, None)),
                Run::Dry => Ok(live.map_or(Value::Null, |object| object.tree(&spec, spec.preferred()))),
            },
        }
    }
}

impl Inner {
    pub(super) fn write(&mut self, resource: Resource, key: Arc<str>, value: &mut Value) {
        self.version += 1;
        set_version(value, self.version);
        let object = Object::new(resource, self.version, value.clone());
        self.shelf_mut(resource).write(key, object);
    }

    /// Sees to the namespace of a new object.
    fn admit(&mut self, target: &ResourceRef, stranger: Stranger, value: &Value, run: Run) -> Result<(), Refusal> {
        let namespace = target.namespace.as_str();
        if namespace.is_empty() {
            return Ok(());
        }
        let spec = Resource::Namespaces.spec();
        if let Some(live) = self.shelf(Resource::Namespaces).objects.get(namespace) {
            let is_terminating = || text(&live.tree(&spec, spec.preferred()), "/status/phase") == "Terminating";
            return match stranger {
                Stranger::Refuse if is_terminating() => Err(registry::namespace_is_terminating(target)),
                Stranger::Refuse | Stranger::MakeNamespace => Ok(()),
            };
        }
        match (stranger, run) {
            (Stranger::Refuse, _) => Err(Refusal::not_found(Resource::Namespaces, namespace)),
            (Stranger::MakeNamespace, Run::Dry) => Ok(()),
            (Stranger::MakeNamespace, Run::Commit) => {
                let uid = uid(self.version + 1, namespace);
                let mut made = registry::bare_namespace(namespace, &uid, text(value, "/metadata/creationTimestamp"));
                self.write(Resource::Namespaces, namespace.into(), &mut made);
                Ok(())
            }
        }
    }

    /// Takes an object out, then whatever it owned, contained or defined. `last` overrides its last state.
    fn remove(&mut self, resource: Resource, key: &str, last: Option<Value>) -> Value {
        let first = self.remove_one(resource, key, last);
        let mut gone = vec![(resource, first.clone())];
        while let Some((resource, object)) = gone.pop() {
            for (resource, key) in self.dependants(resource, &object) {
                let last = self.remove_one(resource, &key, None);
                gone.push((resource, last));
            }
        }
        first
    }

    pub(super) fn remove_one(&mut self, resource: Resource, key: &str, last: Option<Value>) -> Value {
        let spec = resource.spec();
        let live = self.shelf(resource).objects.get(key).cloned();
        let mut last = last
            .or_else(|| live.map(|object| object.tree(&spec, spec.preferred())))
            .unwrap_or(Value::Null);
        self.version += 1;
        set_version(&mut last, self.version);
        let object = Object::new(resource, self.version, last.clone());
        self.shelf_mut(resource).remove(key, object);
        last
    }

    /// What goes with an object: the content of a namespace, the objects of a definition, and what has no other owner.
    fn dependants(&self, resource: Resource, gone: &Value) -> Vec<(Resource, Arc<str>)> {
        let (name, uid) = (text(gone, "/metadata/name"), text(gone, "/metadata/uid"));
        let mut found = Vec::new();
        for other in Resource::ALL {
            let spec = other.spec();
            let objects = &self.shelf(other).objects;
            let defined = resource == Resource::CustomResourceDefinitions
                && spec.origin == Origin::Custom
                && spec.qualified() == name;
            let contained = resource == Resource::Namespaces && spec.scope == Scope::Namespaced;
            if defined {
                found.extend(objects.keys().map(|key| (other, Arc::clone(key))));
            } else if contained {
                found.extend(within(objects, Some(name)).map(|(key, _)| (other, Arc::clone(key))));
            } else if !uid.is_empty() {
                let owned = objects.iter().filter(|(_, object)| {
                    object.owners.iter().any(|owner| &**owner == uid)
                        && object.owners.iter().all(|o| !self.lives(o, uid))
                });
                found.extend(owned.map(|(key, _)| (other, Arc::clone(key))));
            }
        }
        found
    }

    /// Whether an owner other than `gone` is still there.
    fn lives(&self, owner: &str, gone: &str) -> bool {
        owner != gone
            && self
                .shelves
                .iter()
                .any(|shelf| shelf.objects.values().any(|object| &*object.uid == owner))
    }
}

/// Whether an object that was asked to go has nothing left that holds it.
fn is_released(value: &Value) -> bool {
    let deleting = value
        .pointer("/metadata/deletionTimestamp")
        .is_some_and(|time| !time.is_null());
    let held = value
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty());
    let grace = value
        .pointer("/metadata/deletionGracePeriodSeconds")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    deleting && !held && grace == 0
}

pub(super) fn set_version(value: &mut Value, version: u64) {
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("resourceVersion".to_owned(), json!(version.to_string()));
    }
}

/// A uid that depends only on what was written before, so that two runs of one story agree.
pub(super) fn uid(version: u64, key: &str) -> String {
    let mix = |seed: u64| {
        key.bytes().chain(version.to_le_bytes()).fold(seed, |hash, byte| {
            (hash ^ u64::from(byte))
                .wrapping_mul(0x0000_0100_0000_01b3)
                .rotate_left(23)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
    };
    let (high, low) = (mix(0xcbf2_9ce4_8422_2325), mix(0x6a09_e667_f3bc_c908));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48) & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}
