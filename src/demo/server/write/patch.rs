//! `PATCH`: JSON, merge and strategic patches, and server-side apply.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/handlers/patch.go`.

use serde_json::{Value, json};

use super::Write;
use super::asked::Validation;
use crate::demo::kinds::Origin;
use crate::demo::managed::Force;
use crate::demo::patch::{self, Misfit};
use crate::demo::refusal::{Cause, Details, Reason, Refusal};
use crate::demo::registry::{self, Manifest, unknown_fields};
use crate::demo::schema::Type;
use crate::demo::server::answer::Answer;
use crate::demo::server::request;
use crate::demo::store::Stranger;

const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
const APPLY_PATCH: &str = "application/apply-patch+yaml";

impl Write<'_> {
    /// `PATCH` of an object or its status.
    pub(in crate::demo::server) fn patch(&self) -> Result<Answer, Refusal> {
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
        self.is_named(&config)?;
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
    let details = Details {
        causes: vec![cause],
        ..Default::default()
    };
    Refusal {
        details: Some(Box::new(details)),
        ..Refusal::new(Reason::Invalid, message)
    }
}
