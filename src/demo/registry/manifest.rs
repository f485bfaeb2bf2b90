//! An object on its way in, decoded by its kind's schema: what the server dropped, and what it found wrong.

use serde_json::Value;

use super::check;
use crate::demo::kinds::Resource;
use crate::demo::refusal::{Cause, Refusal};

/// An object as somebody sent it, decoded: unknown fields are gone.
#[derive(Clone, Debug)]
pub(in crate::demo) struct Manifest {
    /// The object.
    pub object: Value,
    /// The version it was sent in, such as `networking.istio.io/v1`.
    pub api_version: String,
    /// Paths of the fields that were dropped.
    pub unknown: Vec<String>,
    /// What the schema says is wrong.
    pub(super) faults: Vec<Cause>,
}

impl Manifest {
    /// Decodes an object of a kind in one of its versions.
    ///
    /// # Errors
    /// 400 when a built-in kind has a value of the wrong type.
    pub(in crate::demo) fn decode(resource: Resource, version: &str, mut object: Value) -> Result<Self, Refusal> {
        let found = check::check(resource, version, &mut object)?;
        let api_version = resource.spec().api_version(version);
        Ok(Self {
            object,
            api_version,
            unknown: found.unknown,
            faults: found.faults,
        })
    }

    /// Insists that nothing was dropped.
    ///
    /// # Errors
    /// 400 that names the unknown fields.
    pub(in crate::demo) fn strict(self, resource: Resource) -> Result<Self, Refusal> {
        let version = self.api_version.rsplit('/').next().unwrap_or_default();
        check::strict(resource, version, &self.unknown)?;
        Ok(self)
    }
}
