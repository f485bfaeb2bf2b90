//! One stored object: its JSON text, cut so that any served version can be put in front, and the few fields that lists and
//! watches select by.
//!
//! Not a parsed tree: fifty thousand pods as trees are gigabytes, as text they are what they are on the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

use super::mold::Mold;
use crate::demo::kinds::{Origin, Resource, Spec};
use crate::demo::tree::text;

/// An object at one version; never changed, only replaced.
#[derive(Debug)]
pub struct Object {
    /// `metadata.resourceVersion`.
    pub version: u64,
    /// `metadata.namespace`; empty for cluster-scoped kinds.
    pub namespace: Box<str>,
    /// `metadata.name`.
    pub name: Box<str>,
    /// `metadata.uid`.
    pub uid: Box<str>,
    /// `metadata.labels`, sorted by key.
    pub labels: Box<[(Box<str>, Box<str>)]>,
    /// The values of `Spec::fields`, in that order; empty where the object has none.
    pub fields: Box<[Box<str>]>,
    /// The uids of `metadata.ownerReferences`.
    pub owners: Box<[Box<str>]>,
    body: Body,
}

/// The JSON object without its `{`, `apiVersion` and `kind`.
#[derive(Debug)]
pub(super) enum Body {
    /// As text.
    Own(Box<str>),
    /// As one of many of a shape.
    Cast {
        /// The shape.
        mold: Arc<Mold>,
        /// What is in its blanks.
        values: Box<[String]>,
    },
}

/// Whether `apiVersion` and `kind` are written in front of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head<'a> {
    /// An object by itself, in this version.
    Version(&'a str),
    /// An item of a list in this version: built-in kinds carry no head there, custom ones do.
    Item(&'a str),
}

impl Object {
    /// Cuts up a whole object whose metadata is in order.
    pub(in crate::demo) fn new(resource: Resource, version: u64, mut whole: Value) -> Self {
        if let Some(map) = whole.as_object_mut() {
            map.remove("apiVersion");
            map.remove("kind");
        }
        let mut body = whole.to_string();
        body.remove(0);
        Self {
            version,
            namespace: text(&whole, "/metadata/namespace").into(),
            name: text(&whole, "/metadata/name").into(),
            uid: text(&whole, "/metadata/uid").into(),
            labels: labels(&whole),
            fields: resource.spec().fields.iter().map(|path| field(&whole, path)).collect(),
            owners: owners(&whole),
            body: Body::Own(body.into()),
        }
    }

    /// One of many of a shape; `names` are its namespace, name and uid.
    pub(super) fn cast(
        version: u64,
        names: [Box<str>; 3],
        labels: Box<[(Box<str>, Box<str>)]>,
        fields: Box<[Box<str>]>,
        owners: Box<[Box<str>]>,
        body: Body,
    ) -> Self {
        let [namespace, name, uid] = names;
        Self {
            version,
            namespace,
            name,
            uid,
            labels,
            fields,
            owners,
            body,
        }
    }

    /// The JSON object without its `{`, `apiVersion` and `kind`.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match &self.body {
            Body::Own(text) => Cow::Borrowed(text),
            Body::Cast { mold, values } => {
                let mut text = String::with_capacity(self.size());
                mold.write(values, &mut text);
                Cow::Owned(text)
            }
        }
    }

    fn write_body(&self, out: &mut String) {
        match &self.body {
            Body::Own(text) => out.push_str(text),
            Body::Cast { mold, values } => mold.write(values, out),
        }
    }

    /// Appends the object's JSON text.
    pub fn write(&self, spec: &Spec, head: Head<'_>, out: &mut String) {
        let (version, is_item) = match head {
            Head::Item(version) => (version, true),
            Head::Version(version) => (version, false),
        };
        let slash = if spec.group.is_empty() { "" } else { "/" };
        let (kind, group) = (spec.kind, spec.group);
        // the order of keys is the real server's, which writes the one from Go structs and the other from sorted maps
        let _ = match spec.origin {
            Origin::BuiltIn if is_item => write!(out, "{{"),
            Origin::BuiltIn => write!(out, "{{\"kind\":\"{kind}\",\"apiVersion\":\"{group}{slash}{version}\","),
            Origin::Custom => write!(out, "{{\"apiVersion\":\"{group}{slash}{version}\",\"kind\":\"{kind}\","),
        };
        self.write_body(out);
    }

    /// The object as a tree, in a served version.
    pub fn tree(&self, spec: &Spec, version: &str) -> Value {
        let mut whole = String::with_capacity(self.size() + 80);
        self.write(spec, Head::Version(version), &mut whole);
        // the text was written by serde_json, so it parses
        serde_json::from_str(&whole).unwrap_or(Value::Null)
    }

    /// Those of these uids that the object names, itself or another.
    pub(super) fn find_uids(&self, uids: &BTreeMap<Box<str>, Box<str>>) -> Vec<Box<str>> {
        let text = match &self.body {
            Body::Own(text) => Cow::Borrowed(&**text),
            // molds name no uids but in their blanks
            Body::Cast { values, .. } => Cow::Owned(values.join(" ")),
        };
        uids.keys().filter(|uid| text.contains(&***uid)).cloned().collect()
    }

    /// Bytes of JSON this object takes, about.
    pub fn size(&self) -> usize {
        match &self.body {
            Body::Own(text) => text.len(),
            Body::Cast { mold, values } => mold.size(values),
        }
    }
}

fn labels(whole: &Value) -> Box<[(Box<str>, Box<str>)]> {
    whole
        .pointer("/metadata/labels")
        .and_then(Value::as_object)
        .map(|labels| {
            labels
                .iter()
                .map(|(key, value)| (key.as_str().into(), value.as_str().unwrap_or_default().into()))
                .collect()
        })
        .unwrap_or_default()
}

fn owners(whole: &Value) -> Box<[Box<str>]> {
    whole
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array)
        .map(|owners| owners.iter().map(|owner| text(owner, "/uid").into()).collect())
        .unwrap_or_default()
}

/// The value of a selectable field as text, as the field selectors of `k8s.io/kubernetes/pkg/registry` compare it.
fn field(whole: &Value, path: &str) -> Box<str> {
    let path = match path {
        "source" if whole.pointer("/source/component").is_none() => "reportingComponent",
        "source" => "source.component",
        other => other,
    };
    match whole.pointer(&format!("/{}", path.replace('.', "/"))) {
        Some(Value::String(text)) => text.as_str().into(),
        Some(Value::Bool(flag)) => flag.to_string().into(),
        Some(Value::Number(number)) => number.to_string().into(),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => match path {
            "spec.hostNetwork" | "spec.unschedulable" => "false".into(),
            "status.replicas" => "0".into(),
            _ => "".into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn any_served_version_is_put_in_front_of_one_text() {
        let whole =
            json!({"apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": {"name": "a"}, "spec": {}});
        let object = Object::new(Resource::Sidecars, 3, whole);
        let spec = Resource::Sidecars.spec();
        let mut text = String::new();
        object.write(&spec, Head::Item("v1alpha3"), &mut text);
        assert_eq!(
            text,
            r#"{"apiVersion":"networking.istio.io/v1alpha3","kind":"Sidecar","metadata":{"name":"a"},"spec":{}}"#
        );
    }

    #[test]
    fn a_built_in_item_of_a_list_has_no_kind() {
        let whole =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "status": {"phase": "Running"}});
        let object = Object::new(Resource::Pods, 3, whole);
        let spec = Resource::Pods.spec();
        let mut text = String::new();
        object.write(&spec, Head::Item("v1"), &mut text);
        assert_eq!(text, r#"{"metadata":{"name":"a"},"status":{"phase":"Running"}}"#);
        let phase = spec.fields.iter().position(|field| *field == "status.phase").unwrap();
        assert_eq!(&*object.fields[phase], "Running");
        assert_eq!(object.tree(&spec, "v1")["kind"], "Pod");
    }
}
