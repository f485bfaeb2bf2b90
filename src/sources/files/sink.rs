//! Where documents go: decoded if their kind is read and the object concerns the mesh, else counted.

use std::collections::BTreeMap;

use super::fields::{self, Refused};
use super::{Loaded, NOT_AN_OBJECT};
use crate::mesh::model::{Diagnostic, Interner, Object};
use crate::sources::kubernetes::decode;

/// Collects what documents hold.
#[derive(Debug, Default)]
pub(super) struct Sink {
    interner: Interner,
    objects: Vec<Object>,
    diagnostics: Vec<Diagnostic>,
    skipped: BTreeMap<String, usize>,
    taken: usize,
    /// The file that is read, if it is a draft: what its schema refuses is sought in those only.
    draft: Option<String>,
    refused: Vec<Refused>,
}

impl Sink {
    /// What follows is of this draft.
    pub(super) fn begin_draft(&mut self, file: &str) {
        self.draft = Some(file.to_owned());
    }

    /// Whether this is a draft, of which nothing may be overlooked.
    pub(super) fn is_draft(&self) -> bool {
        self.draft.is_some()
    }

    /// One object, as JSON text.
    pub(super) fn take(&mut self, api_version: &str, kind: &str, json: &str) {
        if kind.is_empty() {
            self.skip(NOT_AN_OBJECT.to_owned());
            return;
        }
        self.taken += 1;
        let Some(known) = decode::kind_of(api_version, kind) else {
            self.skip(name(api_version, kind));
            return;
        };
        if let Some(file) = &self.draft {
            let key = decode::key(json);
            let found = fields::refused(file, known, api_version, key, json);
            self.refused.extend(found);
        }
        let decoded = decode::object(known, json, &mut self.interner);
        match decoded.object {
            Ok(object) if decode::concerns_the_mesh(&object) => self.objects.push(object),
            Ok(_) => {
                self.skip(known.name().to_owned());
                return;
            }
            Err(_) => {}
        }
        self.diagnostics.extend(decoded.diagnostics);
    }

    /// A document that is no object.
    pub(super) fn skip_document(&mut self) {
        self.skip(NOT_AN_OBJECT.to_owned());
    }

    /// An empty list is as good as an object: there is none of the kind.
    pub(super) fn take_list(&mut self) {
        self.taken += 1;
    }

    /// How many objects and lists there were, of whatever kind.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn finish(self) -> Loaded {
        Loaded {
            objects: self.objects,
            diagnostics: self.diagnostics,
            skipped: self.skipped,
            refused: self.refused,
        }
    }

    fn skip(&mut self, name: String) {
        *self.skipped.entry(name).or_default() += 1;
    }
}

/// As kubectl names a kind: `Secret`, `StatefulSet.apps`.
fn name(api_version: &str, kind: &str) -> String {
    match api_version.split_once('/') {
        Some((group, _)) => format!("{kind}.{group}"),
        None => kind.to_owned(),
    }
}

/// The kind of the items of a list that do not name theirs; `None` if `kind` is no list's.
pub(super) fn item_kind(kind: &str) -> Option<&str> {
    kind.strip_suffix("List")
}
