//! Fields that no schema has, and values of another type than theirs: what `kubectl apply` refuses, said of a person's own
//! draft.
//!
//! The schemas are those of Istio's own CRDs (`crd-all.gen.yaml`) and of the Gateway API's experimental channel, which
//! holds the standard one. Kubernetes' own kinds are checked no deeper than `metadata`: what fields they have depends on
//! the server's release more than on ours, and a field that exists must never be refused. Not here: which values of a
//! type are allowed, and which fields are required; what of these matters to a rule is said by decoding.
//!
//! apiserver: `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning`, `PruneWithOptions`, and `.../validation`. A
//! null is as good as absent there.

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

/// Booleans of the YAML that kubectl reads; ours takes them for texts.
const YAML_1_1: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];

/// So many fields of one object are named.
const MOST_FIELDS: usize = 5;
/// So many names are listed where none is near.
const MOST_NAMES: usize = 12;

/// What of an object its schema refuses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    file: String,
    kind: String,
    key: Option<Key>,
    faults: Vec<Fault>,
}

/// One thing that is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Fault {
    /// There is no such field.
    Unknown {
        /// Such as `spec.egress[0].host`.
        path: String,
        near: Option<String>,
        /// The names that there are; none if there are many.
        known: Vec<String>,
    },
    /// The value is of another type.
    Type {
        path: String,
        is: &'static str,
        must_be: String,
    },
    /// It is nested deeper than anything that is read.
    TooDeep,
}

impl fmt::Display for Refused {
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
        let mut told: &[String] = &[];
        for (at, fault) in self.faults.iter().take(MOST_FIELDS).enumerate() {
            let between = if at == 0 { ":" } else { ";" };
            write!(f, "{between} {fault}")?;
            if let Fault::Unknown { near: None, known, .. } = fault
                && known != told
            {
                write!(f, ", there are {}", known.join(", "))?;
                told = known;
            }
        }
        match self.faults.len().saturating_sub(MOST_FIELDS) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Unknown {
                path, near: Some(near), ..
            } => write!(f, "unknown field '{path}', did you mean '{near}'?"),
            Fault::Unknown { path, near: None, .. } => write!(f, "unknown field '{path}'"),
            Fault::Type { path, is, must_be } => write!(f, "'{path}' must be of type {must_be}, it is {is}"),
            Fault::TooDeep => write!(f, "nested too deep to be read"),
        }
    }
}

/// What of an object its schema refuses; `None` if that is nothing.
///
/// `definition` is the kind's plural with its group.
pub(super) fn refused(file: &str, kind: &str, definition: &str, key: Option<Key>, json: &str) -> Option<Refused> {
    let faults = match serde_json::from_str(json) {
        Ok(Value::Object(object)) => faults(definition, &object),
        // what is no object is not even decoded
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => Vec::new(),
        // it was JSON before, so that all that can be is its depth
        Err(_) => vec![Fault::TooDeep],
    };
    (!faults.is_empty()).then(|| Refused {
        file: file.to_owned(),
        kind: kind.to_owned(),
        key,
        faults,
    })
}

fn faults(definition: &str, object: &Map<String, Value>) -> Vec<Fault> {
    let mut found = Vec::new();
    if let Some(schema) = DEFINITIONS.get(definition).and_then(|entry| entry.get("schema")) {
        let own = properties(schema);
        let names = own.iter().flat_map(|own| own.keys().map(String::as_str));
        let mut names: Vec<&str> = names.chain(COMMON).collect();
        names.sort_unstable();
        names.dedup();
        check_names(object, &names, "", &mut found);
        for (name, value) in object.iter().filter(|(name, _)| !COMMON.contains(&name.as_str())) {
            if let Some(schema) = own.and_then(|own| own.get(name)) {
                check(value, schema, name, &mut found);
            }
        }
    }
    if let Some(metadata) = object.get("metadata").and_then(Value::as_object) {
        check_names(metadata, &OBJECT_META, "metadata", &mut found);
    }
    found
}

/// The fields that a schema lists; `None` if it takes any.
fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    let takes_any = schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
    let properties = schema.get("properties").and_then(Value::as_object)?;
    (!takes_any && schema.get("additionalProperties").is_none()).then_some(properties)
}

/// Whether a value is of a schema's type; a whole number is an integer however it is written.
fn is_of_type(value: &Value, must_be: &str) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => must_be == "boolean",
        Value::Number(number) => {
            let is_whole = number.as_f64().is_none_or(|number| number.fract() == 0.0);
            must_be == "number" || must_be == "integer" && is_whole
        }
        Value::String(text) => {
            must_be == "string" || must_be == "boolean" && YAML_1_1.contains(&text.to_lowercase().as_str())
        }
        Value::Array(_) => must_be == "array",
        Value::Object(_) => must_be == "object",
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn check(value: &Value, schema: &Value, path: &str, found: &mut Vec<Fault>) {
    let must_be = schema.get("type").and_then(Value::as_str);
    if let Some(must_be) = must_be.filter(|must_be| !is_of_type(value, must_be)) {
        found.push(Fault::Type {
            path: path.to_owned(),
            is: type_of(value),
            must_be: must_be.to_owned(),
        });
        return;
    }
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

fn check_names(object: &Map<String, Value>, names: &[&str], path: &str, found: &mut Vec<Fault>) {
    for name in object.keys().filter(|name| !names.contains(&name.as_str())) {
        found.push(Fault::Unknown {
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
        let found = refused("draft.yaml", kind.name(), kind.plural(), key, &json.to_string());
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
        assert_eq!(many.matches("there are").count(), 1, "{many}");
    }

    #[test]
    fn a_value_of_another_type_is_named_with_the_type_that_it_must_have() {
        let found = |spec: Value| sidecar(&spec).unwrap_or_default();
        let map = found(serde_json::json!({ "egress": { "hosts": ["./*"] } }));
        assert!(
            map.ends_with(": 'spec.egress' must be of type array, it is object"),
            "{map}"
        );
        let list = found(serde_json::json!({ "egress": [[{ "hosts": ["./*"] }]] }));
        assert!(
            list.ends_with(": 'spec.egress[0]' must be of type object, it is array"),
            "{list}"
        );
        let text = found(serde_json::json!({ "egress": [{ "hosts": "./*", "port": { "number": "80" } }] }));
        assert!(
            text.contains("'spec.egress[0].hosts' must be of type array, it is string; 'spec.egress[0].port.number'"),
            "{text}"
        );
        let label = found(serde_json::json!({ "workloadSelector": { "labels": { "a": 1 } } }));
        assert!(
            label.ends_with("'spec.workloadSelector.labels.a' must be of type string, it is number"),
            "{label}"
        );
        assert_eq!(
            found(serde_json::json!({ "egress": null, "ingress": [{ "port": { "number": 80.0 } }] })),
            ""
        );
    }

    #[test]
    fn what_kubectl_reads_as_a_boolean_is_one() {
        let rule = |enabled: &str| {
            let setting = serde_json::json!({ "localityLbSetting": { "enabled": enabled } });
            let json = serde_json::json!({ "spec": { "trafficPolicy": { "loadBalancer": setting } } });
            said(Kind::DestinationRule, &json)
        };
        assert_eq!(rule("Yes"), None);
        assert!(
            rule("maybe")
                .unwrap()
                .ends_with("must be of type boolean, it is string")
        );
    }

    #[test]
    fn what_is_nested_too_deep_is_refused() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
        let found = refused("f", "Sidecar", Kind::Sidecar.plural(), None, &deep).unwrap();
        assert_eq!(found.to_string(), "'f': Sidecar: nested too deep to be read");
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
        assert_eq!(sidecar(&Value::Null), None);
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
