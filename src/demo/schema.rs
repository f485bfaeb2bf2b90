//! The types of all served kinds, read from the OpenAPI documents in `assets/openapi`.
//!
//! One table of types drives everything that needs them: the OpenAPI documents that clients fetch, field ownership, strategic
//! merge patches, strict decoding and the schema checks of custom kinds. `kubernetes.json` is what those kinds need of
//! Kubernetes 1.36.1's `api/openapi-spec/v3`, `crds.json` is from Istio's `crd-all.gen.yaml` and the Gateway API v1.6.0; both with
//! descriptions cut to a sentence and CEL rules left out.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::kinds::{Origin, Resource};

/// Definitions of built-in types by name, and of custom kinds by the name of their definition.
pub(in crate::demo) struct Documents {
    /// `components/schemas` of the built-in kinds.
    pub built_in: Map<String, Value>,
    /// For each custom kind: `columns`, `schema`, and perhaps `annotations` and `labels`.
    pub custom: Map<String, Value>,
}

/// A type: where it is used, and what it is.
#[derive(Clone, Copy, Debug)]
pub(in crate::demo) struct Type<'s> {
    /// The schema as written at the place of use.
    outer: &'s Value,
    /// The schema with references followed.
    node: &'s Value,
    /// The definition's name, if it has one.
    name: &'s str,
}

/// How a value of a type is owned and merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Form<'s> {
    /// As a whole: a scalar, an atomic list or an atomic map.
    Leaf,
    /// A list whose items are their own keys.
    Set,
    /// A list of objects told apart by these fields.
    Keyed(&'s [Value]),
    /// Field by field, or key by key.
    Map,
}

/// How a strategic merge patch treats a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum ListPatch<'s> {
    /// The patch's list takes the place of the old one.
    Replace,
    /// Scalars are added.
    AddScalars,
    /// Objects are merged by this field.
    MergeBy(&'s str),
}

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const REFERENCE: &str = "#/components/schemas/";

/// The documents, parsed at first use.
pub(in crate::demo) static DOCUMENTS: LazyLock<Documents> = LazyLock::new(|| Documents {
    built_in: parse(include_str!("../../assets/openapi/kubernetes.json")),
    custom: parse(include_str!("../../assets/openapi/crds.json"))
        .into_iter()
        .map(with_metadata)
        .collect(),
});

static NOTHING: Value = Value::Null;

/// The built-in kinds and their definitions in the document.
const BUILT_IN: [(Resource, &str); 11] = [
    (Resource::Namespaces, "io.k8s.api.core.v1.Namespace"),
    (Resource::Nodes, "io.k8s.api.core.v1.Node"),
    (Resource::Pods, "io.k8s.api.core.v1.Pod"),
    (Resource::Services, "io.k8s.api.core.v1.Service"),
    (Resource::ConfigMaps, "io.k8s.api.core.v1.ConfigMap"),
    (Resource::Events, "io.k8s.api.core.v1.Event"),
    (Resource::Deployments, "io.k8s.api.apps.v1.Deployment"),
    (Resource::ReplicaSets, "io.k8s.api.apps.v1.ReplicaSet"),
    (Resource::EndpointSlices, "io.k8s.api.discovery.v1.EndpointSlice"),
    (
        Resource::MutatingWebhookConfigurations,
        "io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration",
    ),
    (
        Resource::CustomResourceDefinitions,
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    ),
];

impl Type<'static> {
    /// The type of a kind's objects.
    pub(in crate::demo) fn of(resource: Resource) -> Self {
        let spec = resource.spec();
        let node = match spec.origin {
            Origin::BuiltIn => DOCUMENTS.built_in.get(built_in_name(resource)),
            Origin::Custom => DOCUMENTS
                .custom
                .get(&spec.qualified())
                .and_then(|entry| entry.get("schema")),
        };
        Self {
            name: built_in_name(resource),
            ..Self::new(node.unwrap_or(&NOTHING))
        }
    }
}

impl<'s> Type<'s> {
    fn new(outer: &'s Value) -> Type<'s>
    where
        'static: 's,
    {
        let reference = outer
            .get("$ref")
            .or_else(|| {
                outer
                    .get("allOf")
                    .and_then(|all| all.get(0))
                    .and_then(|one| one.get("$ref"))
            })
            .and_then(Value::as_str)
            .and_then(|text| text.strip_prefix(REFERENCE));
        let node = reference.and_then(|name| DOCUMENTS.built_in.get(name)).unwrap_or(outer);
        Type {
            outer,
            node,
            name: reference.unwrap_or_default(),
        }
    }

    /// The type of a named field.
    pub(in crate::demo) fn field(self, name: &str) -> Option<Type<'s>> {
        self.node
            .get("properties")
            .and_then(|fields| fields.get(name))
            .map(Type::new)
    }

    /// All named fields.
    pub(in crate::demo) fn fields(self) -> impl Iterator<Item = (&'s String, Type<'s>)> {
        self.node
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(k, v)| (k, Type::new(v)))
    }

    /// The type of a list's items or of a map's values.
    pub(in crate::demo) fn element(self) -> Option<Type<'s>> {
        let element = self.node.get("items").or_else(|| self.node.get("additionalProperties"));
        element.filter(|element| element.is_object()).map(Type::new)
    }

    /// The type of what a key of a map or object holds; of no known type if the schema says nothing.
    pub(in crate::demo) fn value(self, key: &str) -> Type<'s> {
        self.field(key)
            .or_else(|| self.element())
            .unwrap_or(Type::new(&NOTHING))
    }

    /// The type of a list's items; of no known type if the schema says nothing.
    pub(in crate::demo) fn item(self) -> Type<'s> {
        self.element().unwrap_or(Type::new(&NOTHING))
    }

    /// How a value of this type is owned and merged.
    pub(in crate::demo) fn form(self, value: &Value) -> Form<'s> {
        match value {
            Value::Array(_) => match self.text("x-kubernetes-list-type") {
                "set" => Form::Set,
                "map" => match self.get("x-kubernetes-list-map-keys").and_then(Value::as_array) {
                    Some(keys) => Form::Keyed(keys),
                    None => Form::Leaf,
                },
                _ => Form::Leaf,
            },
            Value::Object(_) => {
                let atomic = self.text("x-kubernetes-map-type") == "atomic";
                let opaque = self.is("object") && !self.has("properties") && !self.has("additionalProperties");
                let deduced = self.has("x-kubernetes-preserve-unknown-fields") || self.node.is_null();
                if atomic || (opaque && !deduced) {
                    Form::Leaf
                } else {
                    Form::Map
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Form::Leaf,
        }
    }

    /// Whether a field of this struct is always there, if only empty: Go holds it by value, or writes it without `omitempty`.
    pub(in crate::demo) fn is_always_there(self, field: &str) -> bool {
        let by_value = |of: Type<'_>| {
            of.outer
                .get("default")
                .and_then(Value::as_object)
                .is_some_and(Map::is_empty)
        };
        let required = self
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|names| names.iter().any(|name| name == field));
        !self.name.is_empty() && (required || self.field(field).is_some_and(by_value))
    }

    /// How a strategic merge patch treats a list of this type.
    pub(in crate::demo) fn list_patch(self) -> ListPatch<'s> {
        let merges = self
            .text("x-kubernetes-patch-strategy")
            .split(',')
            .any(|strategy| strategy == "merge");
        match self.get("x-kubernetes-patch-merge-key").and_then(Value::as_str) {
            Some(key) if merges => ListPatch::MergeBy(key),
            None if merges => ListPatch::AddScalars,
            Some(_) | None => ListPatch::Replace,
        }
    }

    /// Whether fields that the schema does not name are kept.
    pub(in crate::demo) fn keeps_unknown(self) -> bool {
        self.node.is_null()
            || self.has("x-kubernetes-preserve-unknown-fields")
            || self.has("additionalProperties")
            || (!self.has("properties") && !self.has("items"))
    }

    /// Whether `null` is a value of this type.
    pub(in crate::demo) fn is_nullable(self) -> bool {
        self.get("nullable").and_then(Value::as_bool).unwrap_or_default()
    }

    /// Whether the declared `type` is this one.
    pub(in crate::demo) fn is(self, name: &str) -> bool {
        self.text("type") == name
    }

    /// The Go struct's name, as its decoder prints it; empty when the type has no name.
    pub(in crate::demo) fn go_name(self) -> &'s str {
        self.name.rsplit('.').next().unwrap_or_default()
    }

    /// The Go type, as its decoder prints it.
    pub(in crate::demo) fn go_type(self) -> String {
        match (self.text("type"), self.text("format")) {
            ("array", _) => format!("[]{}", self.item().go_type()),
            ("boolean", _) => "bool".to_owned(),
            ("integer" | "number", format) if !format.is_empty() => format.to_owned(),
            ("object", _) if !self.name.is_empty() => {
                let mut parts = self.name.rsplit('.');
                let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                format!("{version}.{name}")
            }
            ("object", _) => format!("map[string]{}", self.item().go_type()),
            (other, _) => other.to_owned(),
        }
    }

    /// The text of a keyword; empty when absent.
    pub(in crate::demo) fn text(self, keyword: &str) -> &'s str {
        self.get(keyword).and_then(Value::as_str).unwrap_or_default()
    }

    /// A keyword's value, at the place of use or in the definition.
    pub(in crate::demo) fn get(self, keyword: &str) -> Option<&'s Value> {
        self.outer.get(keyword).or_else(|| self.node.get(keyword))
    }

    fn has(self, keyword: &str) -> bool {
        self.get(keyword).is_some()
    }
}

/// The name of a built-in kind's definition in the document; empty for a custom kind.
pub(in crate::demo) fn built_in_name(resource: Resource) -> &'static str {
    let named = BUILT_IN.iter().find(|(kind, _)| *kind == resource);
    named.map_or("", |(_, name)| name)
}

fn parse(text: &str) -> Map<String, Value> {
    // the assets are compiled in; a test parses them
    serde_json::from_str(text).unwrap_or_default()
}

/// Adds what every object has and no definition spells out.
fn with_metadata((name, mut entry): (String, Value)) -> (String, Value) {
    let fields = entry.pointer_mut("/schema/properties").and_then(Value::as_object_mut);
    if let Some(fields) = fields {
        let text = |description: &str| json!({"type": "string", "description": description});
        fields.insert(
            "apiVersion".to_owned(),
            text("APIVersion defines the versioned schema of this representation of an object"),
        );
        fields.insert(
            "kind".to_owned(),
            text("Kind is a string value representing the REST resource this object represents"),
        );
        let metadata = json!({"allOf": [{"$ref": format!("{REFERENCE}{OBJECT_META}")}], "default": {}, "description": "Standard object's metadata"});
        fields.insert("metadata".to_owned(), metadata);
    }
    (name, entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_type() {
        for resource in Resource::ALL {
            let known = Type::of(resource);
            assert!(
                known
                    .field("metadata")
                    .and_then(|metadata| metadata.field("labels"))
                    .is_some(),
                "{resource:?}"
            );
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let text = include_str!("../../assets/openapi/kubernetes.json");
        for reference in text.split(REFERENCE).skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(DOCUMENTS.built_in.contains_key(name), "{name}");
        }
    }

    #[test]
    fn lists_tell_how_they_merge() {
        let spec = Type::of(Resource::Services).field("spec").unwrap();
        let ports = spec.field("ports").unwrap();
        assert_eq!(ports.list_patch(), ListPatch::MergeBy("port"));
        assert_eq!(ports.form(&json!([])), Form::Keyed(&[json!("port"), json!("protocol")]));
        let egress = Type::of(Resource::Sidecars)
            .field("spec")
            .and_then(|spec| spec.field("egress"))
            .unwrap();
        assert_eq!(egress.form(&json!([])), Form::Leaf);
    }
}
