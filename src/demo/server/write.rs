//! Creates, updates, patches and deletions that come over HTTP.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/handlers/{create,update,patch,delete}.go`.

use std::sync::Arc;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::{Answer, json as json_answer, refuse, warn};
use super::list;
use super::request::{self, Form, Query, Target};
use super::table::{self, Headers, Printer};
use crate::demo::kinds::{Origin, Resource, Scope, Status};
use crate::demo::managed::Force;
use crate::demo::patch::{self, Misfit};
use crate::demo::refusal::{Cause, Reason, Refusal};
use crate::demo::registry::{self, Author, Manifest, Part, Trust, rfc3339, unknown_fields};
use crate::demo::schema::Type;
use crate::demo::store::{Decision, ResourceRef, Run, Store, Stranger, set, text};

/// A write, as far as all verbs share it.
pub(super) struct Write<'r> {
    pub store: &'r Arc<Store>,
    pub target: Target,
    pub query: Query,
    pub form: Form,
    pub headers: &'r HeaderMap,
    pub body: &'r [u8],
}

/// What a deletion leaves to be done later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aftermath {
    Nothing,
    /// The object goes for good after so many seconds, if it still is the one with this uid.
    Removal {
        target: ResourceRef,
        uid: String,
        seconds: u64,
    },
}

/// What happens to fields that the schema does not know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Validation {
    Ignore,
    Warn,
    Strict,
}

const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
const APPLY_PATCH: &str = "application/apply-patch+yaml";

impl Write<'_> {
    /// `POST` to a kind.
    pub(super) fn create(&self) -> Result<Answer, Refusal> {
        let object = request::object(self.headers, self.body)?;
        let object = self.of_this_kind(object)?;
        let mut name = text(&object, "/metadata/name").to_owned();
        let stem = text(&object, "/metadata/generateName");
        if name.is_empty() && !stem.is_empty() {
            name = format!("{stem}{}", suffix(self.store.version() + 1));
        }
        let target = ResourceRef::new(self.target.resource, self.namespace_of(&object)?, &name);
        let (manifest, warnings) = self.decode(object)?;
        let author = self.author(Part::Whole)?;
        let stored = self
            .store
            .transact(&target, self.run()?, Stranger::Refuse, |scene, live| {
                let made = registry::create(&target, manifest, &author, scene)?;
                match live {
                    Some(_) => Err(Refusal::already_exists(target.resource, &target.name)),
                    None => Ok(Decision::Write(made)),
                }
            });
        Ok(self.warned(201, stored, &warnings))
    }

    /// `PUT` of an object or its status.
    pub(super) fn update(&self) -> Result<Answer, Refusal> {
        let object = request::object(self.headers, self.body)?;
        let object = self.of_this_kind(object)?;
        let (target, part) = (self.reference(), self.part()?);
        let given = text(&object, "/metadata/name");
        if !given.is_empty() && given != target.name {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({given}) does not match the name on the URL ({})",
                target.name
            )));
        }
        self.namespace_of(&object)?;
        let (manifest, warnings) = self.decode(object)?;
        let author = self.author(part)?;
        if self.target.resource.spec().origin == Origin::Custom
            && text(&manifest.object, "/metadata/resourceVersion").is_empty()
        {
            let message = "Invalid value: 0: must be specified for an update".to_owned();
            let field = "metadata.resourceVersion".to_owned();
            if self.store.find(&target).is_some() {
                let cause = Cause {
                    reason: "FieldValueInvalid",
                    message,
                    field,
                };
                return Err(Refusal::invalid(target.resource, &target.name, vec![cause]));
            }
        }
        let stored = self
            .store
            .transact(&target, self.run()?, Stranger::Refuse, |scene, live| match live {
                None => Err(Refusal::not_found(target.resource, &target.name)),
                Some(live) => registry::update(&target, live, manifest, &author, scene),
            });
        Ok(self.warned(200, stored, &warnings))
    }

    /// `PATCH` of an object or its status.
    pub(super) fn patch(&self) -> Result<Answer, Refusal> {
        let content_type = request::content_type(self.headers);
        let origin = self.target.resource.spec().origin;
        match (content_type, origin) {
            (APPLY_PATCH, _) => self.apply(),
            (JSON_PATCH | MERGE_PATCH, _) | (STRATEGIC_PATCH, Origin::BuiltIn) => self.change(content_type),
            (_, Origin::BuiltIn) => Err(request::unsupported(&[
                JSON_PATCH,
                MERGE_PATCH,
                STRATEGIC_PATCH,
                APPLY_PATCH,
            ])),
            (_, Origin::Custom) => Err(request::unsupported(&[JSON_PATCH, MERGE_PATCH, APPLY_PATCH])),
        }
    }

    fn change(&self, content_type: &str) -> Result<Answer, Refusal> {
        let document = request::parse_json(self.body)?;
        let (target, part) = (self.reference(), self.part()?);
        let author = self.author(part)?;
        let (validation, spec) = (self.validation()?, target.resource.spec());
        let mut warnings = Vec::new();
        let stored = self
            .store
            .transact(&target, self.run()?, Stranger::Refuse, |scene, live| {
                let live = live.ok_or_else(|| Refusal::not_found(target.resource, &target.name))?;
                let mut next = live.clone();
                if let Some(map) = next.as_object_mut() {
                    map.insert("apiVersion".to_owned(), json!(spec.api_version(&self.target.version)));
                }
                let patched = match content_type {
                    JSON_PATCH => patch::json(&mut next, document),
                    MERGE_PATCH => {
                        patch::merge(&mut next, &document);
                        Ok(())
                    }
                    _ => {
                        patch::strategic(&mut next, &document, Type::of(target.resource));
                        Ok(())
                    }
                };
                patched.map_err(misfit)?;
                let shown = next.to_string();
                let manifest = Manifest::decode(target.resource, &self.target.version, next).map_err(|refusal| {
                    let why = refusal
                        .message
                        .split_once(": ")
                        .map_or(refusal.message.as_str(), |(_, why)| why);
                    unfit(&shown, why)
                })?;
                match validation {
                    Validation::Strict if !manifest.unknown.is_empty() => {
                        return Err(unfit(
                            &shown,
                            &format!("strict decoding error: {}", unknown_fields(&manifest.unknown)),
                        ));
                    }
                    Validation::Warn => {
                        warnings.extend(manifest.unknown.iter().map(|path| format!("unknown field \"{path}\"")));
                    }
                    Validation::Strict | Validation::Ignore => {}
                }
                registry::update(&target, live, manifest, &author, scene)
            });
        Ok(self.warned(200, stored, &warnings))
    }

    fn apply(&self) -> Result<Answer, Refusal> {
        if self.query.get("fieldManager").is_empty() {
            let message =
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
            return Err(Refusal::new(Reason::Invalid, message));
        }
        let config = self.of_this_kind(request::parse_yaml(self.body)?)?;
        let target = self.reference();
        let given = text(&config, "/metadata/name");
        if given != target.name {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({given}) does not match the name on the URL ({})",
                target.name
            )));
        }
        self.namespace_of(&config)?;
        let mut config = config;
        if let (Some(metadata), false) = (
            config.get_mut("metadata").and_then(Value::as_object_mut),
            target.namespace.is_empty(),
        ) {
            metadata.insert("namespace".to_owned(), json!(target.namespace));
        }
        let author = self.author(self.part()?)?;
        let force = if self.query.is_on("force") {
            Force::Yes
        } else {
            Force::No
        };
        let mut code = 200;
        let stored = self
            .store
            .transact(&target, self.run()?, Stranger::Refuse, |scene, live| {
                code = if live.is_none() { 201 } else { 200 };
                registry::apply(&target, live, &config, &author, force, scene)
            })?;
        Ok(self.answer(code, stored))
    }

    /// `DELETE` of an object.
    pub(super) fn delete(&self) -> Result<(Answer, Aftermath), Refusal> {
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
    pub(super) fn delete_collection(&self) -> Result<(Answer, Vec<Aftermath>), Refusal> {
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

    /// Insists that an object is of the URL's kind and version.
    fn of_this_kind(&self, object: Value) -> Result<Value, Refusal> {
        let spec = self.target.resource.spec();
        let (api_version, kind) = (text(&object, "/apiVersion"), text(&object, "/kind"));
        let expected = spec.api_version(&self.target.version);
        if kind.is_empty() || api_version.is_empty() {
            let lacking = if kind.is_empty() { "Kind" } else { "apiVersion" };
            return Err(Refusal::bad_request(format!(
                "Object '{lacking}' is missing in '{object}'"
            )));
        }
        if api_version != expected {
            return Err(Refusal::bad_request(format!(
                "the API version in the data ({api_version}) does not match the expected API version ({expected})"
            )));
        }
        if kind != spec.kind {
            return Err(Refusal::bad_request(format!(
                "{kind} in version \"{version}\" cannot be handled as a {}: converting (v1.{kind}) to (v1.{}): unknown conversion",
                spec.kind,
                spec.kind,
                version = self.target.version
            )));
        }
        Ok(object)
    }

    /// The namespace of the URL, with which the object must agree.
    fn namespace_of(&self, object: &Value) -> Result<&str, Refusal> {
        let (given, said) = (
            text(object, "/metadata/namespace"),
            self.target.namespace.as_deref().unwrap_or_default(),
        );
        match self.target.resource.spec().scope {
            Scope::Namespaced if !given.is_empty() && given != said => Err(Refusal::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            )),
            Scope::Namespaced if said.is_empty() => Err(Refusal::bad_request(
                "an empty namespace may not be set during creation",
            )),
            Scope::Namespaced | Scope::Cluster => Ok(said),
        }
    }

    fn decode(&self, object: Value) -> Result<(Manifest, Vec<String>), Refusal> {
        let resource = self.target.resource;
        let manifest = Manifest::decode(resource, &self.target.version, object)?;
        match self.validation()? {
            Validation::Strict => manifest.strict(resource).map(|manifest| (manifest, Vec::new())),
            Validation::Ignore => Ok((manifest, Vec::new())),
            Validation::Warn => {
                let warnings = manifest
                    .unknown
                    .iter()
                    .map(|path| format!("unknown field \"{path}\""))
                    .collect();
                Ok((manifest, warnings))
            }
        }
    }

    fn validation(&self) -> Result<Validation, Refusal> {
        match self.query.get("fieldValidation") {
            "" | "Warn" => Ok(Validation::Warn),
            "Strict" => Ok(Validation::Strict),
            "Ignore" => Ok(Validation::Ignore),
            other => Err(bad_option("fieldValidation", other, r#""Ignore", "Strict", "Warn""#)),
        }
    }

    fn run(&self) -> Result<Run, Refusal> {
        match self.query.all("dryRun").find(|value| !value.is_empty()) {
            None => Ok(Run::Commit),
            Some("All") => Ok(Run::Dry),
            Some(other) => Err(bad_option("dryRun", other, r#""All""#)),
        }
    }

    fn part(&self) -> Result<Part, Refusal> {
        match (self.target.subresource.as_deref(), self.target.resource.spec().status) {
            (None, _) => Ok(Part::Whole),
            (Some("status"), Status::Subresource) => Ok(Part::Status),
            (Some(_), _) => Err(Refusal::no_such_resource()),
        }
    }

    fn author(&self, part: Part) -> Result<Author<'_>, Refusal> {
        let manager = self.query.find("fieldManager").filter(|said| !said.is_empty());
        let manager = manager.unwrap_or_else(|| request::agent(self.headers));
        if manager.len() > 128 {
            return Err(Refusal::bad_request(
                "fieldManager: Too long: may not be more than 128 bytes",
            ));
        }
        Ok(Author {
            manager,
            part,
            time: self.store.now(),
            trust: Trust::Client,
        })
    }

    fn reference(&self) -> ResourceRef {
        let name = self.target.name.as_deref().unwrap_or_default();
        ResourceRef::new(
            self.target.resource,
            self.target.namespace.as_deref().unwrap_or_default(),
            name,
        )
    }

    /// The stored object, or why not, with the warnings that arose on the way.
    fn warned(&self, code: u16, stored: Result<Value, Refusal>, warnings: &[String]) -> Answer {
        let mut answer = stored.map_or_else(|refusal| refuse(&refusal), |stored| self.answer(code, stored));
        warn(&mut answer, warnings);
        answer
    }

    /// The stored object in the URL's version and the wanted form.
    fn answer(&self, code: u16, mut object: Value) -> Answer {
        let spec = self.target.resource.spec();
        if let Some(map) = object.as_object_mut() {
            map.insert("apiVersion".to_owned(), json!(spec.api_version(&self.target.version)));
        }
        json_answer(code, &in_form(self.store, &self.target, self.form, object))
    }
}

/// One object in the wanted form.
pub(super) fn in_form(store: &Store, target: &Target, form: Form, object: Value) -> Value {
    match form {
        Form::Objects => object,
        Form::Metadata => table::metadata_only(&object),
        Form::Table(include) => {
            let printer = Printer::new(target.resource, store.now(), include);
            let metadata = json!({"resourceVersion": text(&object, "/metadata/resourceVersion")});
            printer.table(&metadata, Headers::Shown, &[printer.row(&object)])
        }
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

fn misfit(misfit: Misfit) -> Refusal {
    match misfit {
        Misfit::Unreadable(why) => Refusal::bad_request(why),
        Misfit::Unfit => Refusal::new(
            Reason::Invalid,
            "the server rejected our request due to an error in our request",
        ),
    }
}

/// The 422 for a patch that led to something that is no object of the kind.
fn unfit(patched: &str, why: &str) -> Refusal {
    let message = format!(" \"\" is invalid: patch: Invalid value: {}: {why}", json!(patched));
    let cause = Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {}: {why}", json!(patched)),
        field: "patch".to_owned(),
    };
    let details = crate::demo::refusal::Details {
        causes: vec![cause],
        ..Default::default()
    };
    Refusal {
        details: Some(Box::new(details)),
        ..Refusal::new(Reason::Invalid, message)
    }
}

fn bad_option(field: &str, value: &str, supported: &str) -> Refusal {
    let message = format!(
        "PatchOptions.meta.k8s.io \"\" is invalid: {field}: Unsupported value: \"{value}\": supported values: {supported}"
    );
    Refusal::new(Reason::Invalid, message)
}

/// Five letters for `generateName`, that no two versions share for long (`SimpleNameGenerator`).
fn suffix(version: u64) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut rest = version.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    (0..5)
        .map(|_| {
            let letter = LETTERS
                .get(usize::try_from(rest % 27).unwrap_or_default())
                .copied()
                .unwrap_or(b'x');
            rest /= 27;
            char::from(letter)
        })
        .collect()
}
