//! What a write asks for besides its object, and whether the object is the one that the URL names.
//!
//! Mirrors `metav1.{Create,Update,Patch}Options` with their validation, and the decoding in the handlers of
//! `k8s.io/apiserver/pkg/endpoints/handlers`.

use serde_json::Value;

use super::Write;
use crate::demo::author::{Author, Part, Trust};
use crate::demo::kinds::{Scope, Status};
use crate::demo::refusal::{Reason, Refusal};
use crate::demo::server::request;
use crate::demo::store::Run;
use crate::demo::tree::text;

/// What happens to fields that the schema does not know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Validation {
    Ignore,
    Warn,
    Strict,
}

impl Write<'_> {
    /// Insists that an object is of the URL's kind and version.
    pub(super) fn of_this_kind(&self, object: Value) -> Result<Value, Refusal> {
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

    /// Insists that an object bears the name of the URL.
    pub(super) fn is_named(&self, object: &Value) -> Result<(), Refusal> {
        let given = text(object, "/metadata/name");
        let said = self.target.name.as_deref().unwrap_or_default();
        if given == said {
            return Ok(());
        }
        Err(Refusal::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({said})"
        )))
    }

    /// The namespace of the URL, with which the object must agree.
    pub(super) fn namespace_of(&self, object: &Value) -> Result<&str, Refusal> {
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

    /// What is to happen to fields that the schema does not know.
    pub(super) fn validation(&self) -> Result<Validation, Refusal> {
        match self.query.get("fieldValidation") {
            "" | "Warn" => Ok(Validation::Warn),
            "Strict" => Ok(Validation::Strict),
            "Ignore" => Ok(Validation::Ignore),
            other => Err(bad_option("fieldValidation", other, r#""Ignore", "Strict", "Warn""#)),
        }
    }

    /// Whether the write is carried out.
    pub(super) fn run(&self) -> Result<Run, Refusal> {
        match self.query.all("dryRun").find(|value| !value.is_empty()) {
            None => Ok(Run::Commit),
            Some("All") => Ok(Run::Dry),
            Some(other) => Err(bad_option("dryRun", other, r#""All""#)),
        }
    }

    /// Whether the object or its status is meant.
    pub(super) fn part(&self) -> Result<Part, Refusal> {
        match (self.target.subresource.as_deref(), self.target.resource.spec().status) {
            (None, _) => Ok(Part::Whole),
            (Some("status"), Status::Subresource) => Ok(Part::Status),
            (Some(_), _) => Err(Refusal::no_such_resource()),
        }
    }

    /// Who writes: the manager that the query names, else the client program.
    pub(super) fn author(&self, part: Part) -> Result<Author<'_>, Refusal> {
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
}

fn bad_option(field: &str, value: &str, supported: &str) -> Refusal {
    let message = format!(
        "PatchOptions.meta.k8s.io \"\" is invalid: {field}: Unsupported value: \"{value}\": supported values: {supported}"
    );
    Refusal::new(Reason::Invalid, message)
}
