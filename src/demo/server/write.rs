//! Writes that come over HTTP: here `POST` and `PUT`, and what all verbs share.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/handlers/{create,update}.go`.

mod asked;
mod delete;
mod patch;

use std::sync::Arc;

use http::HeaderMap;
use serde_json::{Value, json};

pub(super) use delete::Aftermath;

use super::answer::{Answer, json as json_answer, refuse, warn};
use super::request::{self, Form, Query, Target};
use super::table;
use crate::demo::author::Part;
use crate::demo::generated;
use crate::demo::kinds::Origin;
use crate::demo::reference::ResourceRef;
use crate::demo::refusal::{Cause, Refusal};
use crate::demo::registry::{self, Decision, Manifest};
use crate::demo::store::{Store, Stranger};
use crate::demo::tree::text;
use asked::Validation;

/// A write, as far as all verbs share it.
pub(super) struct Write<'r> {
    pub store: &'r Arc<Store>,
    pub target: Target,
    pub query: Query,
    pub form: Form,
    pub headers: &'r HeaderMap,
    pub body: &'r [u8],
}

impl Write<'_> {
    /// `POST` to a kind.
    pub(super) fn create(&self) -> Result<Answer, Refusal> {
        let object = request::object(self.headers, self.body)?;
        let object = self.of_this_kind(object)?;
        let mut name = text(&object, "/metadata/name").to_owned();
        let stem = text(&object, "/metadata/generateName");
        if name.is_empty() && !stem.is_empty() {
            // no two versions share their letters for long
            let seed = (self.store.version() + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
            name = format!("{stem}{}", generated::suffix(seed));
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
        if !text(&object, "/metadata/name").is_empty() {
            self.is_named(&object)?;
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
        json_answer(code, &table::in_form(self.store, &self.target, self.form, object))
    }
}
