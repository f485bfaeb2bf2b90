//! Objects as rows, as kubectl prints them: the server's side of `kubectl get`.
//!
//! Mirrors `k8s.io/kubernetes/pkg/printers/internalversion` for built-in kinds and the `additionalPrinterColumns` of custom
//! ones. Columns of one kind are one table, so that a header and its cells cannot part.

mod core;
mod pod;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::request::{Form, Include, Target};
use crate::demo::kinds::{Origin, Resource};
use crate::demo::schema::DOCUMENTS;
use crate::demo::store::Store;
use crate::demo::tree::text;

/// A column: its header and what it says about an object.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    shown: Shown,
    cell: fn(&Value, Timestamp) -> Value,
}

/// When kubectl shows a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Always,
    /// With `-o wide`.
    Wide,
}

/// Whether a table begins with its headers; a watch sends them once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Headers {
    Shown,
    Hidden,
}

/// Prints objects of one kind.
pub(super) struct Printer {
    resource: Resource,
    now: Timestamp,
    include: Include,
}

const fn always(name: &'static str, cell: fn(&Value, Timestamp) -> Value) -> Column {
    Column {
        name,
        shown: Shown::Always,
        cell,
    }
}

const fn wide(name: &'static str, cell: fn(&Value, Timestamp) -> Value) -> Column {
    Column {
        name,
        shown: Shown::Wide,
        cell,
    }
}

const NAME: Column = always("Name", |object, _| json!(text(object, "/metadata/name")));
const AGE: Column = always("Age", |object, now| {
    json!(since(object, "/metadata/creationTimestamp", now))
});

impl Printer {
    pub(super) fn new(resource: Resource, now: Timestamp, include: Include) -> Self {
        Self { resource, now, include }
    }

    /// A row of the table.
    pub(super) fn row(&self, object: &Value) -> Value {
        let cells: Vec<Value> = match self.resource.spec().origin {
            Origin::BuiltIn => built_in(self.resource)
                .iter()
                .map(|column| (column.cell)(object, self.now))
                .collect(),
            Origin::Custom => std::iter::once(json!(text(object, "/metadata/name")))
                .chain(
                    custom(self.resource)
                        .iter()
                        .map(|column| custom_cell(column, object, self.now)),
                )
                .collect(),
        };
        let mut row = json!({"cells": cells});
        if let (Some(carried), Some(row)) = (self.carried(object), row.as_object_mut()) {
            row.insert("object".to_owned(), carried);
        }
        if let (Some(conditions), Some(row)) = (self.conditions(object), row.as_object_mut()) {
            row.insert("conditions".to_owned(), conditions);
        }
        row
    }

    /// A table of rows.
    pub(super) fn table(&self, metadata: &Value, headers: Headers, rows: &[Value]) -> Value {
        let definitions = match headers {
            Headers::Shown => self.definitions(),
            Headers::Hidden => Value::Null,
        };
        json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": definitions, "rows": rows,
        })
    }

    fn definitions(&self) -> Value {
        let name = json!({"name": "Name", "type": "string", "format": "name", "description": "Name", "priority": 0});
        match self.resource.spec().origin {
            Origin::BuiltIn => built_in(self.resource).iter().map(Column::definition).collect(),
            Origin::Custom => std::iter::once(name)
                .chain(custom(self.resource).iter().map(custom_definition))
                .collect(),
        }
    }

    fn carried(&self, object: &Value) -> Option<Value> {
        match self.include {
            Include::Nothing => None,
            Include::Metadata => Some(metadata_only(object)),
            Include::Object => Some(object.clone()),
        }
    }

    /// What tells kubectl that a pod is done.
    fn conditions(&self, object: &Value) -> Option<Value> {
        let (Resource::Pods, reason @ ("Succeeded" | "Failed")) = (self.resource, text(object, "/status/phase")) else {
            return None;
        };
        let message = if reason == "Succeeded" {
            "The pod has completed successfully."
        } else {
            "The pod failed."
        };
        Some(json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
    }
}

impl Column {
    fn definition(&self) -> Value {
        let format = if self.name == "Name" { "name" } else { "" };
        let priority = match self.shown {
            Shown::Always => 0,
            Shown::Wide => 1,
        };
        json!({"name": self.name, "type": "string", "format": format, "description": self.name, "priority": priority})
    }
}

/// One object in the wanted form.
pub(super) fn in_form(store: &Store, target: &Target, form: Form, object: Value) -> Value {
    match form {
        Form::Objects => object,
        Form::Metadata => metadata_only(&object),
        Form::Table(include) => {
            let printer = Printer::new(target.resource, store.now(), include);
            let metadata = json!({"resourceVersion": text(&object, "/metadata/resourceVersion")});
            printer.table(&metadata, Headers::Shown, &[printer.row(&object)])
        }
    }
}

/// An object's metadata by itself.
pub(super) fn metadata_only(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": object.get("metadata").cloned().unwrap_or_default(),
    })
}

/// The columns of the built-in kinds (`k8s.io/kubernetes/pkg/printers/internalversion/printers.go`).
const BUILT_IN: [(Resource, &[Column]); 11] = [
    (Resource::Pods, pod::COLUMNS),
    (Resource::Namespaces, core::NAMESPACE),
    (Resource::Nodes, core::NODE),
    (Resource::Services, core::SERVICE),
    (Resource::ConfigMaps, core::CONFIG_MAP),
    (Resource::Events, core::EVENT),
    (Resource::Deployments, core::DEPLOYMENT),
    (Resource::ReplicaSets, core::REPLICA_SET),
    (Resource::EndpointSlices, core::ENDPOINT_SLICE),
    (Resource::MutatingWebhookConfigurations, core::WEBHOOK),
    (Resource::CustomResourceDefinitions, core::DEFINITION),
];

fn built_in(resource: Resource) -> &'static [Column] {
    let known = BUILT_IN.into_iter().find(|(kind, _)| *kind == resource);
    known.map_or(&[], |(_, columns)| columns)
}

/// The columns of a custom kind's definition; age alone if it has none.
fn custom(resource: Resource) -> Vec<Value> {
    let columns = DOCUMENTS
        .custom
        .get(&resource.spec().qualified())
        .and_then(|entry| entry.get("columns"));
    match columns.and_then(Value::as_array).map(Vec::as_slice) {
        None | Some([]) => vec![json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"})],
        Some(columns) => columns.to_vec(),
    }
}

fn custom_definition(column: &Value) -> Value {
    let path = text(column, "/jsonPath");
    let described = text(column, "/description");
    let described = if described.is_empty() {
        format!("Custom resource definition column (in JSONPath format): {path}")
    } else {
        described.to_owned()
    };
    let mut definition = Map::new();
    for key in ["name", "type"] {
        definition.insert(key.to_owned(), json!(text(column, &format!("/{key}"))));
    }
    definition.insert("format".to_owned(), json!(text(column, "/format")));
    definition.insert("description".to_owned(), json!(described));
    definition.insert(
        "priority".to_owned(),
        column.get("priority").cloned().unwrap_or(json!(0)),
    );
    Value::Object(definition)
}

/// The value at a column's path, which is a plain chain of names in all definitions here.
fn custom_cell(column: &Value, object: &Value, now: Timestamp) -> Value {
    let pointer = text(column, "/jsonPath").replace('.', "/");
    match (text(column, "/type"), object.pointer(&pointer)) {
        (_, None | Some(Value::Null)) => Value::Null,
        ("date", Some(_)) => json!(since(object, &pointer, now)),
        ("string", Some(Value::String(value))) => json!(value),
        ("string", Some(value)) => json!(value.to_string()),
        (_, Some(value)) => value.clone(),
    }
}

/// How long ago the time at a pointer was, as kubectl says it.
fn since(object: &Value, pointer: &str, now: Timestamp) -> String {
    match text(object, pointer).parse::<Timestamp>() {
        Ok(time) => human(now.duration_since(time).as_secs()),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// `duration.HumanDuration` of `k8s.io/apimachinery/pkg/util/duration`.
fn human(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let two = |value: i64, unit: &str, rest: i64, small: &str| {
        if rest == 0 {
            format!("{value}{unit}")
        } else {
            format!("{value}{unit}{rest}{small}")
        }
    };
    match seconds {
        ..=-2 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds / MINUTE, "m", seconds % MINUTE, "s"),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds / HOUR, "h", seconds / MINUTE % 60, "m"),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds / DAY, "d", seconds / HOUR % 24, "h"),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(seconds / (365 * DAY), "y", seconds / DAY % 365, "d"),
        _ => format!("{}y", seconds / (365 * DAY)),
    }
}

/// The list at a pointer; empty when there is none.
fn list<'v>(object: &'v Value, pointer: &str) -> &'v [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The number at a pointer, or 0.
fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The text, or what stands for none.
fn or<'t>(text: &'t str, none: &'t str) -> &'t str {
    if text.is_empty() { none } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_kubectls() {
        for (seconds, expected) in [
            (-5, "<invalid>"),
            (-1, "0s"),
            (119, "119s"),
            (120, "2m"),
            (330, "5m30s"),
            (3_600, "60m"),
            (11_700, "3h15m"),
            (28_800, "8h"),
            (190_800, "2d5h"),
            (700_000, "8d"),
            (65_664_000, "2y30d"),
            (260_000_000, "8y"),
        ] {
            assert_eq!(human(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn a_custom_kind_prints_its_definitions_columns() {
        let now = "2026-11-23T00:01:00Z".parse().unwrap();
        let object = json!({"metadata": {"name": "x", "creationTimestamp": "2026-11-23T00:00:00Z"},
            "spec": {"hosts": ["a", "b"], "location": "MESH_EXTERNAL"}});
        let row = Printer::new(Resource::ServiceEntries, now, Include::Nothing).row(&object);
        assert_eq!(
            row,
            json!({"cells": ["x", "[\"a\",\"b\"]", "MESH_EXTERNAL", null, "60s"]})
        );
        let row = Printer::new(Resource::Sidecars, now, Include::Nothing).row(&object);
        assert_eq!(row, json!({"cells": ["x", "60s"]}));
    }
}
