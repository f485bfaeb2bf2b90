//! Fields that no schema has: what `kubectl apply` refuses under strict validation, said of a person's own draft.
//!
//! The schemas are those of Istio's own CRDs (`crd-all.gen.yaml`) and of the Gateway API's experimental channel, which
//! holds the standard one. Kubernetes' own kinds are checked no deeper than `metadata`: what fields they have depends on
//! the server's release more than on ours, and a field that exists must never be refused. Not here: types, values and
//! required fields; what of these matters to a rule is said by decoding.
//!
//! apiserver: `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning`, `PruneWithOptions`.

use std::fmt;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::mesh::model::{Key, nearest};

/// Schemas by the name of their definition, such as `sidecars.networking.istio.io`; parsed when a draft is first read.
static DEFINITIONS: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../assets/openapi/crds.json")).unwrap_or_default());

/// What every object has beside what its schema says.
const COMMON: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// `k8s.io/apimachinery/pkg/apis/meta/v1`, `ObjectMeta`; `clusterName` went in 1.24.
const OBJECT_META: [&str; 16] = [
    "annotations",
    "clusterName",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// So many fields of one object are named.
const MOST_FIELDS: usize = 5;
/// So many names are listed where none is near.
const MOST_NAMES: usize = 12;

/// Fields of an object that its schema does not have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownFields {
    /// The file's name.
    pub file: String,
    kind: String,
    key: Option<Key>,
    fields: Vec<Unknown>,
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Unknown {
    /// Such as `spec.egress[0].host`.
    path: String,
    near: Option<String>,
    /// The names that there are; none if there are many.
    known: Vec<String>,
}

impl fmt::Display for UnknownFields {
    /// One line: the object, each field, the name that may have been meant.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}': {}", self.file, self.kind)?;
        if let Some(key) = &self.key {
            let named = if key.namespace.is_empty() {
                key.name.to_string()
            } else {
                key.to_string()
            };
            write!(f, " {named}")?;
        }
        for (at, field) in self.fields.iter().take(MOST_FIELDS).enumerate() {
            let between = if at == 0 { ":" } else { ";" };
            write!(f, "{between} unknown field '{}'", field.path)?;
            match &field.near {
                Some(near) => write!(f, ", did you mean '{near}'?")?,
                None if field.known.is_empty() => {}
                None => write!(f, ", there are {}", field.known.join(", "))?,
            }
        }
        match self.fields.len().saturating_sub(MOST_FIELDS) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// The fields of an object that its schema does not have; `None` if there is none.
///
/// `definition` is the kind's plural with its group. What is no object is not judged.
pub(super) fn unknown(file: &str, kind: &str, definition: &str, key: Option<Key>, json: &str) -> Option<UnknownFields> {
    let value: Value = serde_json::from_str(json).ok()?;
    let object = value.as_object()?;
    let mut fields = Vec::new();
    if let Some(schema) = DEFINITIONS.get(definition).and_then(|entry| entry.get("schema")) {
        let own = properties(schema);
        let names = own.iter().flat_map(|own| own.keys().map(String::as_str));
        let mut names: Vec<&str> = names.chain(COMMON).collect();
        names.sort_unstable();
        names.dedup();
        check_names(object, &names, "", &mut fields);
        for (name, value) in object.iter().filter(|(name, _)| !COMMON.contains(&name.as_str())) {
            if let Some(schema) = own.and_then(|own| own.get(name)) {
                check(value, schema, name, &mut fields);
            }
        }
    }
    if let Some(metadata) = object.get("metadata").and_then(Value::as_object) {
        check_names(metadata, &OBJECT_META, "metadata", &mut fields);
    }
    (!fields.is_empty()).then(|| UnknownFields {
        file: file.to_owned(),
        kind: kind.to_owned(),
        key,
        fields,
    })
}

/// The fields that a schema lists; `None` if it takes any.
fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    let takes_any = schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
    let properties = schema.get("properties").and_then(Value::as_object)?;
    (!takes_any && schema.get("additionalProperties").is_none()).then_some(properties)
}

fn check(value: &Value, schema: &Value, path: &str, found: &mut Vec<Unknown>) {
    match value {
        Value::Object(object) => {
            if let Some(properties) = properties(schema) {
                let names: Vec<&str> = properties.keys().map(String::as_str).collect();
                check_names(object, &names, path, found);
            }
            let named = schema.get("properties");
            let other = schema.get("additionalProperties");
            for (name, value) in object {
                if let Some(schema) = named.and_then(|named| named.get(name)).or(other) {
                    check(value, schema, &joined(path, name), found);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for (at, item) in items.iter().enumerate() {
                    check(item, schema, &format!("{path}[{at}]"), found);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check_names(object: &Map<String, Value>, names: &[&str], path: &str, found: &mut Vec<Unknown>) {
    for name in object.keys().filter(|name| !names.contains(&name.as_str())) {
        found.push(Unknown {
            path: joined(path, name),
            near: nearest(name, names),
            known: if names.len() <= MOST_NAMES {
                names.iter().map(ToString::to_string).collect()
            } else {
                Vec::new()
            },
        });
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::model::Kind;

    fn said(kind: Kind, json: &Value) -> Option<String> {
        let key = Some(Key::new("shop", "a"));
        let found = unknown("draft.yaml", kind.name(), kind.plural(), key, &json.to_string());
        found.map(|found| found.to_string())
    }

    fn sidecar(spec: &Value) -> Option<String> {
        let json = serde_json::json!({
            "apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": { "name": "a" }, "spec": spec,
        });
        said(Kind::Sidecar, &json)
    }

    #[test]
    fn a_field_that_no_schema_has_is_named_with_the_nearest_that_there_is() {
        let found = sidecar(&serde_json::json!({ "egres": [] })).unwrap();
        assert_eq!(
            found,
            "'draft.yaml': Sidecar shop/a: unknown field 'spec.egres', did you mean 'egress'?"
        );
        let deep =
            serde_json::json!({ "egress": [{ "hosts": ["*/*"] }, { "host": ["./*"], "port": { "nummer": 1 } }] });
        let found = sidecar(&deep).unwrap();
        assert!(
            found.contains("'spec.egress[1].host', did you mean 'hosts'?"),
            "{found}"
        );
        assert!(
            found.contains("; unknown field 'spec.egress[1].port.nummer', did you mean 'number'?"),
            "{found}"
        );
        let far = sidecar(&serde_json::json!({ "quux": 1 })).unwrap();
        assert!(far.contains("'spec.quux', there are egress, "), "{far}");
        let many: Map<String, Value> = (0..9).map(|at| (format!("x{at}"), Value::Null)).collect();
        let many = sidecar(&Value::Object(many)).unwrap();
        assert!(many.ends_with("; and 4 more"), "{many}");
    }

    #[test]
    fn fields_at_the_top_and_in_metadata_are_known_too() {
        let top = serde_json::json!({ "kind": "Sidecar", "specs": {}, "metadata": { "namspace": "a", "labels": { "any": "x" } } });
        let found = said(Kind::Sidecar, &top).unwrap();
        assert!(found.contains("'specs', did you mean 'spec'?"), "{found}");
        assert!(
            found.contains("'metadata.namspace', did you mean 'namespace'?"),
            "{found}"
        );
        let service = serde_json::json!({ "metadata": { "nam": "a" }, "spec": { "of another release": 1 } });
        let found = said(Kind::Service, &service).unwrap();
        assert!(
            found.contains("'metadata.nam'") && !found.contains("another"),
            "{found}"
        );
    }

    #[test]
    fn maps_and_values_of_any_form_take_every_name() {
        let filter = serde_json::json!({
            "spec": { "configPatches": [{ "applyTo": "CLUSTER", "patch": { "operation": "MERGE", "value": { "any": { "name": 1 } } } }] },
            "status": { "anything": 1 },
        });
        assert_eq!(said(Kind::EnvoyFilter, &filter), None);
        let labels = serde_json::json!({ "workloadSelector": { "labels": { "egres": "x" } } });
        assert_eq!(sidecar(&labels), None);
        for odd in [Value::Null, serde_json::json!([]), serde_json::json!("egres")] {
            assert_eq!(sidecar(&odd), None, "{odd}");
        }
    }

    #[test]
    fn every_kind_with_a_definition_has_one_here() {
        for kind in Kind::ALL.iter().filter(|kind| kind.plural().contains("istio.io")) {
            let schema = DEFINITIONS.get(kind.plural());
            let schema = schema.and_then(|entry| entry.pointer("/schema/properties/spec/properties"));
            assert!(
                schema.is_some_and(|fields| fields.as_object().is_some()),
                "{}",
                kind.plural()
            );
        }
    }
}
