//! Which object: kind, namespace and name.

use std::sync::Arc;

use serde_json::Value;

use super::kinds::{Resource, Scope};
use super::refusal::Refusal;
use super::tree::text;

/// Which object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceRef {
    /// Its kind.
    pub resource: Resource,
    /// Its namespace; empty for cluster-scoped kinds.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ResourceRef {
    /// Names an object; the namespace of a cluster-scoped kind is dropped.
    pub fn new(resource: Resource, namespace: &str, name: &str) -> Self {
        let namespace = match resource.spec().scope {
            Scope::Cluster => String::new(),
            Scope::Namespaced => namespace.to_owned(),
        };
        Self {
            resource,
            namespace,
            name: name.to_owned(),
        }
    }

    /// Reads the name off a manifest; a namespaced object without a namespace is in `default`.
    ///
    /// # Errors
    /// 400 when the manifest's kind is not served or it has no name.
    pub fn of(manifest: &Value) -> Result<Self, Refusal> {
        let (api_version, kind) = (text(manifest, "/apiVersion"), text(manifest, "/kind"));
        let resource = Resource::of_manifest(api_version, kind).ok_or_else(|| {
            Refusal::bad_request(format!("no matches for kind \"{kind}\" in version \"{api_version}\""))
        })?;
        let name = text(manifest, "/metadata/name");
        if name.is_empty() {
            return Err(Refusal::bad_request("metadata.name: Required value: name is required"));
        }
        let namespace = Some(text(manifest, "/metadata/namespace"))
            .filter(|text| !text.is_empty())
            .unwrap_or("default");
        Ok(Self::new(resource, namespace, name))
    }

    /// Its key in the store, as in etcd.
    pub(in crate::demo) fn key(&self) -> Arc<str> {
        if self.namespace.is_empty() {
            self.name.as_str().into()
        } else {
            format!("{}/{}", self.namespace, self.name).into()
        }
    }
}
