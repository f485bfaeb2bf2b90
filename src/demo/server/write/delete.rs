//! `DELETE`: at once, after a grace, or when nothing holds the object any more.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/handlers/delete.go` and `registry/rest/delete.go`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Write;
use crate::demo::kinds::Resource;
use crate::demo::reference::ResourceRef;
use crate::demo::refusal::{Reason, Refusal};
use crate::demo::registry::Decision;
use crate::demo::server::answer::{Answer, json as json_answer};
use crate::demo::server::{list, request};
use crate::demo::store::{Run, Stranger};
use crate::demo::tree::{rfc3339, set, text};

/// What a deletion leaves to be done later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::demo::server) enum Aftermath {
    Nothing,
    /// The object goes for good after so many seconds, if it still is the one with this uid.
    Removal {
        target: ResourceRef,
        uid: String,
        seconds: u64,
    },
}

impl Write<'_> {
    /// `DELETE` of an object.
    pub(in crate::demo::server) fn delete(&self) -> Result<(Answer, Aftermath), Refusal> {
        let options = self.delete_options()?;
        let target = self.reference();
        let (stored, aftermath) = self.delete_one(&target, &options)?;
        // an object that finalizers hold, or that takes its time, is shown; so are kinds whose deletion always shows them
        let is_going = stored
            .pointer("/metadata/deletionTimestamp")
            .is_some_and(|time| !time.is_null());
        let shows_object = matches!(
            target.resource,
            Resource::Pods | Resource::Services | Resource::Namespaces
        );
        if shows_object || is_going {
            return Ok((self.answer(200, stored), aftermath));
        }
        let spec = target.resource.spec();
        let mut details = json!({"name": target.name, "kind": spec.plural, "uid": text(&stored, "/metadata/uid")});
        if !spec.group.is_empty() {
            set(&mut details, "group", json!(spec.group));
        }
        let status =
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
        Ok((json_answer(200, &status), aftermath))
    }

    /// `DELETE` of a kind: what the selectors select.
    pub(in crate::demo::server) fn delete_collection(&self) -> Result<(Answer, Vec<Aftermath>), Refusal> {
        let options = self.delete_options()?;
        let mut later = Vec::new();
        for object in list::selected(self.store, &self.target, &self.query)? {
            let target = ResourceRef::new(self.target.resource, &object.namespace, &object.name);
            match self.delete_one(&target, &options) {
                Ok((_, aftermath)) => later.push(aftermath),
                Err(refusal) if refusal.reason == Reason::NotFound => {}
                Err(refusal) => return Err(refusal),
            }
        }
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
        Ok((json_answer(200, &status), later))
    }

    fn delete_one(&self, target: &ResourceRef, options: &Value) -> Result<(Value, Aftermath), Refusal> {
        let mut aftermath = Aftermath::Nothing;
        let in_options = options
            .get("dryRun")
            .and_then(Value::as_array)
            .is_some_and(|values| !values.is_empty());
        let run = if in_options { Run::Dry } else { self.run()? };
        let stored = self.store.transact(target, run, Stranger::Refuse, |scene, live| {
            let live = live.ok_or_else(|| Refusal::not_found(target.resource, &target.name))?;
            for (precondition, pointer, word) in [
                ("/preconditions/uid", "/metadata/uid", "UID"),
                (
                    "/preconditions/resourceVersion",
                    "/metadata/resourceVersion",
                    "ResourceVersion",
                ),
            ] {
                let (asked, is) = (text(options, precondition), text(&live, pointer));
                if !asked.is_empty() && asked != is {
                    let why =
                        format!("Precondition failed: {word} in precondition: {asked}, {word} in object meta: {is}");
                    return Err(Refusal::conflict(target.resource, &target.name, &why));
                }
            }
            let grace = grace(target.resource, &live, options);
            let held = live
                .pointer("/metadata/finalizers")
                .and_then(Value::as_array)
                .is_some_and(|list| !list.is_empty());
            if grace == 0 && !held && target.resource != Resource::Namespaces {
                return Ok(Decision::Remove);
            }
            if !held && run == Run::Commit {
                let uid = text(&live, "/metadata/uid").to_owned();
                aftermath = Aftermath::Removal {
                    target: target.clone(),
                    uid,
                    seconds: grace,
                };
            }
            if live
                .pointer("/metadata/deletionTimestamp")
                .is_some_and(|time| !time.is_null())
            {
                return Ok(Decision::Keep(live));
            }
            Ok(Decision::Write(going(target.resource, live, scene.now, grace)))
        })?;
        Ok((stored, aftermath))
    }

    fn delete_options(&self) -> Result<Value, Refusal> {
        let mut options = if self.body.is_empty() {
            json!({})
        } else {
            request::object(self.headers, self.body)?
        };
        if let (Some(seconds), Some(map)) = (self.query.number("gracePeriodSeconds")?, options.as_object_mut()) {
            map.insert("gracePeriodSeconds".to_owned(), json!(seconds));
        }
        Ok(options)
    }
}

/// How long an object takes to go: only pods on a node do, and namespaces with their content.
fn grace(resource: Resource, live: &Value, options: &Value) -> u64 {
    if resource != Resource::Pods || text(live, "/spec/nodeName").is_empty() {
        return 0;
    }
    let own = live
        .pointer("/spec/terminationGracePeriodSeconds")
        .and_then(Value::as_u64)
        .unwrap_or(30);
    options.get("gracePeriodSeconds").and_then(Value::as_u64).unwrap_or(own)
}

/// An object that was asked to go.
fn going(resource: Resource, mut live: Value, now: Timestamp, grace: u64) -> Value {
    let seconds = i64::try_from(grace).unwrap_or(i64::MAX);
    let when = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    if let Some(metadata) = live.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("deletionTimestamp".to_owned(), json!(rfc3339(when)));
        // what a namespace holds keeps it until it has been taken out
        let grace = if resource == Resource::Namespaces { 1 } else { grace };
        metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(grace));
        if let Some(generation) = metadata.get("generation").and_then(Value::as_i64) {
            metadata.insert("generation".to_owned(), json!(generation + 1));
        }
    }
    if let (Resource::Namespaces, Some(status)) = (resource, live.get_mut("status").and_then(Value::as_object_mut)) {
        status.insert("phase".to_owned(), json!("Terminating"));
    }
    live
}
