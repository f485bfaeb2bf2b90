//! What the API server refuses of a person's own draft: fields that no schema has, values of another type or beyond their
//! bounds, versions that the kind does not have, names that are none.
//!
//! The schemas are those of Istio's own CRDs (`crd-all.gen.yaml`) and of the Gateway API's experimental channel, which
//! holds the standard one. Kubernetes' own kinds are checked no deeper than `metadata`: what fields they have depends on
//! the server's release more than on ours, and a field that exists must never be refused. Istio's schemas are of one
//! release as well: its name is told, so that who has a newer one can judge. Each release and version of the Gateway API
//! has other bounds: ours count for the best version, and no field is required. `status` is no person's to write.
//!
//! apiserver: `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning`, `PruneWithOptions`, and `.../validation`. A
//! null is as good as absent there.

mod bounds;
mod fault;

use std::fmt;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use self::fault::Fault;
use crate::mesh::model::{Key, Kind, brief};
use crate::sources::kubernetes::api_versions;

/// Schemas by the name of their definition, such as `sidecars.networking.istio.io`; parsed when a draft is first read.
static DEFINITIONS: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../assets/openapi/crds.json")).unwrap_or_default());

/// The release that the schemas of Istio's kinds are of; those of the Gateway API name theirs.
const ISTIO: &str = "Istio 1.31";
const GATEWAY_API: &str = "gateway.networking.k8s.io/bundle-version";

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

/// `k8s.io/apimachinery/pkg/util/validation`: the most letters of a name, and of a name without dots.
const MOST_LETTERS: (usize, usize) = (253, 63);

/// So many fields of one object are named.
const MOST_FIELDS: usize = 5;

/// What of an object its schema refuses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    file: String,
    kind: Kind,
    key: Option<Key>,
    faults: Vec<Fault>,
}

impl Refused {
    /// What the schema is of, if the kind has one.
    fn release(&self) -> Option<String> {
        let definition = DEFINITIONS.get(self.kind.plural())?;
        let bundle = definition
            .pointer("/annotations")
            .and_then(|notes| notes.get(GATEWAY_API));
        let bundle = bundle.and_then(Value::as_str);
        Some(bundle.map_or_else(|| ISTIO.to_owned(), |bundle| format!("Gateway API {bundle}")))
    }
}

impl fmt::Display for Refused {
    /// One line: the object, each field, what may have been meant, and whose schema says so.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}': {}", self.file, self.kind.name())?;
        if let Some(key) = &self.key {
            let named = if key.namespace.is_empty() {
                key.name.to_string()
            } else {
                key.to_string()
            };
            write!(f, " {}", brief(&named))?;
        }
        let mut told: &[String] = &[];
        for (at, fault) in self.faults.iter().take(MOST_FIELDS).enumerate() {
            let between = if at == 0 { ":" } else { ";" };
            write!(f, "{between} {fault}")?;
            let names = fault.names();
            if !names.is_empty() && names != told {
                write!(f, ", there are {}", names.join(", "))?;
                told = names;
            }
        }
        let more = self.faults.len().saturating_sub(MOST_FIELDS);
        if more > 0 {
            write!(f, "; and {more} more")?;
        }
        match self.release() {
            Some(release) => write!(f, " (checked against {release})"),
            None => Ok(()),
        }
    }
}

/// What of an object the API server refuses; `None` if that is nothing.
///
/// `api_version` is the object's own, or that of the list that it is an item of.
pub(super) fn refused(file: &str, kind: Kind, api_version: &str, key: Option<Key>, json: &str) -> Option<Refused> {
    let mut faults = Vec::new();
    check_version(api_version, kind, &mut faults);
    match serde_json::from_str(json) {
        Ok(Value::Object(object)) => {
            check_object(kind, &object, &mut faults);
            if definition(kind).and_then(bundle).is_some() {
                let is_best = api_versions(kind).next().is_some_and(|best| best == api_version);
                faults.retain(|fault| !fault.depends_on_release(is_best));
            }
        }
        // what is no object is not even decoded
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {}
        // it was JSON before, so that all that can be is its depth
        Err(_) => faults.push(Fault::TooDeep),
    }
    (!faults.is_empty()).then(|| Refused {
        file: file.to_owned(),
        kind,
        key,
        faults,
    })
}

fn definition(kind: Kind) -> Option<&'static Value> {
    DEFINITIONS.get(kind.plural())
}

/// The release of the Gateway API that a definition is of.
fn bundle(definition: &Value) -> Option<&str> {
    let annotations = definition.get("annotations");
    annotations
        .and_then(|annotations| annotations.get(GATEWAY_API))?
        .as_str()
}

fn check_version(api_version: &str, kind: Kind, found: &mut Vec<Fault>) {
    let versions: Vec<String> = api_versions(kind).collect();
    if !versions.iter().any(|version| version == api_version) {
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        found.push(Fault::not_one_of("apiVersion", api_version, &versions));
    }
}

fn check_object(kind: Kind, object: &Map<String, Value>, found: &mut Vec<Fault>) {
    if let Some(schema) = definition(kind).and_then(|definition| definition.get("schema")) {
        let own = properties(schema);
        let names = own.iter().flat_map(|own| own.keys().map(String::as_str));
        let mut names: Vec<&str> = names.chain(COMMON).collect();
        names.sort_unstable();
        names.dedup();
        check_names(object, &names, "", found);
        let is_ours = |name: &str| !COMMON.contains(&name) && name != "status";
        for (name, value) in object.iter().filter(|(name, _)| is_ours(name)) {
            if let Some(schema) = own.and_then(|own| own.get(name)) {
                check(value, schema, name, found);
            }
        }
    }
    if let Some(metadata) = object.get("metadata").and_then(Value::as_object) {
        check_metadata(kind, metadata, found);
    }
}

fn check_metadata(kind: Kind, metadata: &Map<String, Value>, found: &mut Vec<Fault>) {
    check_names(metadata, &OBJECT_META, "metadata", found);
    // a name that becomes a label of a domain has no dots
    let without_dots = matches!(kind, Kind::Namespace | Kind::Service);
    for (field, has_dots) in [("name", !without_dots), ("namespace", false)] {
        match metadata.get(field) {
            Some(Value::String(name)) if !name.is_empty() => check_name(name, has_dots, field, found),
            None | Some(Value::Null | Value::String(_)) => {}
            Some(other) => found.push(wrong_type(other, "string", format!("metadata.{field}"))),
        }
    }
    for field in ["labels", "annotations"] {
        match metadata.get(field) {
            None | Some(Value::Null) => {}
            Some(Value::Object(texts)) => {
                let is_text = |value: &Value| value.is_string() || value.is_null();
                for (name, value) in texts.iter().filter(|(_, value)| !is_text(value)) {
                    found.push(wrong_type(value, "string", format!("metadata.{field}.{name}")));
                }
            }
            Some(other) => found.push(wrong_type(other, "object", format!("metadata.{field}"))),
        }
    }
}

/// `IsDNS1123Subdomain`, or `IsDNS1123Label`.
fn check_name(name: &str, has_dots: bool, field: &str, found: &mut Vec<Fault>) {
    let (most, dot) = if has_dots {
        (MOST_LETTERS.0, ", '.'")
    } else {
        (MOST_LETTERS.1, "")
    };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_label = |label: &str| {
        label.starts_with(is_plain) && label.ends_with(is_plain) && label.chars().all(|c| c == '-' || is_plain(c))
    };
    let is_name = if has_dots {
        name.split('.').all(is_label)
    } else {
        is_label(name)
    };
    if name.len() > most || !is_name {
        found.push(Fault::Form {
            path: format!("metadata.{field}"),
            is: name.to_owned(),
            must_be: format!("write at most {most} of a-z, 0-9, '-'{dot}, and begin and end with one of a-z, 0-9"),
        });
    }
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

fn wrong_type(value: &Value, must_be: &str, path: String) -> Fault {
    Fault::Type {
        path,
        is: type_of(value),
        must_be: must_be.to_owned(),
    }
}

fn check(value: &Value, schema: &Value, path: &str, found: &mut Vec<Fault>) {
    let must_be = schema.get("type").and_then(Value::as_str);
    if let Some(must_be) = must_be.filter(|must_be| !is_of_type(value, must_be)) {
        found.push(wrong_type(value, must_be, path.to_owned()));
        return;
    }
    bounds::check(value, schema, path, found);
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
        found.push(Fault::unknown(joined(path, name), name, names));
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
mod tests;
