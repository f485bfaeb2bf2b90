//! What values a schema allows: `enum`, bounds, forms, required fields, fields of which there is only one.
//!
//! Read from the schema, keyword by keyword. Not checked: CEL rules, which our schemas leave out, and formats. A null is as
//! good as absent, so that a required field that is null is missing.
//!
//! apiserver: `k8s.io/kube-openapi/pkg/validation/validate`.
//!
//! # Decisions
//! * A port above 65535 is refused, though Istio's schema takes any `uint32`, because the webhook of istiod refuses it
//!   (`pkg/config/validation/agent`, `ValidatePort`), and no table of ours could say what it does. Zero stands for absent.

use std::sync::LazyLock;

use regex::Regex;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::fault::Fault;
use super::{DEFINITIONS, joined};

/// Names under which Istio's schema has ports.
const PORTS: [&str; 3] = ["number", "port", "targetPort"];
const LAST_PORT: f64 = 65535.0;

/// Every pattern of the schemas; one that is no pattern to us allows everything.
static PATTERNS: LazyLock<FxHashMap<&str, Regex>> = LazyLock::new(|| {
    let mut found = FxHashMap::default();
    DEFINITIONS
        .values()
        .for_each(|schema| find_patterns(schema, &mut found));
    found
});

fn find_patterns<'s>(schema: &'s Value, found: &mut FxHashMap<&'s str, Regex>) {
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
        && !found.contains_key(pattern)
        && let Ok(regex) = Regex::new(pattern)
    {
        found.insert(pattern, regex);
    }
    match schema {
        Value::Object(fields) => fields.values().for_each(|schema| find_patterns(schema, found)),
        Value::Array(schemas) => schemas.iter().for_each(|schema| find_patterns(schema, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Adds what of a value its schema refuses, without what is in it.
pub(super) fn check(value: &Value, schema: &Value, path: &str, found: &mut Vec<Fault>) {
    let told = found.len();
    match value {
        Value::String(text) => check_text(text, schema, path, found),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            let most = limit(schema, "maximum").map(|most| if is_port(path) { most.min(LAST_PORT) } else { most });
            bound(path, "", number, (limit(schema, "minimum"), most), found);
        }
        Value::Array(items) => {
            let limits = (limit(schema, "minItems"), limit(schema, "maxItems"));
            bound(path, " entries", size(items.len()), limits, found);
        }
        Value::Object(object) => {
            let limits = (limit(schema, "minProperties"), limit(schema, "maxProperties"));
            bound(path, " entries", size(object.len()), limits, found);
            check_required(object, schema, path, found);
        }
        Value::Null => return,
        Value::Bool(_) => {}
    }
    if found.len() == told && !accepts_together(value, schema) {
        found.push(together(value, schema, path));
    }
}

fn limit(schema: &Value, keyword: &str) -> Option<f64> {
    schema.get(keyword).and_then(Value::as_f64)
}

#[expect(clippy::cast_precision_loss, reason = "nobody writes 2^53 letters")]
fn size(count: usize) -> f64 {
    count as f64
}

fn is_port(path: &str) -> bool {
    let mut names = path.rsplit('.');
    let last = names.next().unwrap_or_default();
    PORTS.contains(&last) || names.next() == Some("ports")
}

fn bound(path: &str, unit: &str, is: f64, (least, most): (Option<f64>, Option<f64>), found: &mut Vec<Fault>) {
    let bound = match (least, most) {
        (Some(least), _) if is < least => format!("the least is {least}"),
        (_, Some(most)) if is > most => format!("the most is {most}"),
        (_, _) => return,
    };
    found.push(Fault::Bound {
        path: path.to_owned(),
        is: format!("{is}{unit}"),
        bound,
    });
}

fn check_text(text: &str, schema: &Value, path: &str, found: &mut Vec<Fault>) {
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
        let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
        if !allowed.contains(&text) {
            found.push(Fault::not_one_of(path, text, &allowed));
        }
        return;
    }
    let limits = (limit(schema, "minLength"), limit(schema, "maxLength"));
    bound(path, " letters long", size(text.chars().count()), limits, found);
    let pattern = schema.get("pattern").and_then(Value::as_str);
    if let Some(pattern) = pattern
        && PATTERNS.get(pattern).is_some_and(|regex| !regex.is_match(text))
    {
        found.push(Fault::Form {
            path: path.to_owned(),
            is: text.to_owned(),
            must_be: format!("it must match {pattern}"),
        });
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

fn has(object: &Map<String, Value>, name: &str) -> bool {
    object.get(name).is_some_and(|value| !value.is_null())
}

/// What has a default is there, whether written or not.
fn check_required(object: &Map<String, Value>, schema: &Value, path: &str, found: &mut Vec<Fault>) {
    let has_default = |name: &str| {
        let field = schema.get("properties").and_then(|fields| fields.get(name));
        field.is_some_and(|field| field.get("default").is_some())
    };
    for name in required(schema).filter(|name| !has(object, name) && !has_default(name)) {
        found.push(Fault::Missing(joined(path, name)));
    }
}

/// Whether `allOf`, `anyOf`, `oneOf` and `not` allow a value: in our schemas they speak of types and required fields only.
fn accepts_together(value: &Value, schema: &Value) -> bool {
    let schemas = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
    let accepted = |schemas: &Vec<Value>| schemas.iter().filter(|schema| accepts(value, schema)).count();
    schemas("allOf").is_none_or(|all| accepted(all) == all.len())
        && schemas("anyOf").is_none_or(|any| accepted(any) > 0)
        && schemas("oneOf").is_none_or(|one| accepted(one) == 1)
        && schema.get("not").is_none_or(|not| !accepts(value, not))
}

fn accepts(value: &Value, schema: &Value) -> bool {
    let must_be = schema.get("type").and_then(Value::as_str);
    let of_type = must_be.is_none_or(|must_be| super::is_of_type(value, must_be));
    let whole = value
        .as_object()
        .is_none_or(|object| required(schema).all(|name| has(object, name)));
    of_type && whole && accepts_together(value, schema)
}

/// The fields of which there may be one, as far as they are there.
fn together(value: &Value, schema: &Value, path: &str) -> Fault {
    let mut names = Vec::new();
    find_required(schema, &mut names);
    names.retain(|name| value.as_object().is_none_or(|object| has(object, name)));
    names.sort();
    names.dedup();
    Fault::Together {
        path: path.to_owned(),
        fields: names,
    }
}

/// The names that the alternatives of a schema require.
fn find_required(schema: &Value, names: &mut Vec<String>) {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let schemas = schema.get(keyword).and_then(Value::as_array);
        for schema in schemas.into_iter().flatten() {
            names.extend(required(schema).map(str::to_owned));
            find_required(schema, names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_the_schemas_is_one_to_us() {
        fn count(schema: &Value, names: &mut Vec<String>) {
            match schema {
                Value::Object(fields) => {
                    if let Some(Value::String(pattern)) = fields.get("pattern") {
                        names.push(pattern.clone());
                    }
                    fields.values().for_each(|schema| count(schema, names));
                }
                Value::Array(schemas) => schemas.iter().for_each(|schema| count(schema, names)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let mut patterns = Vec::new();
        DEFINITIONS.values().for_each(|schema| count(schema, &mut patterns));
        assert!(patterns.len() > 100, "{}", patterns.len());
        for pattern in patterns {
            assert!(PATTERNS.contains_key(pattern.as_str()), "{pattern}");
        }
    }
}
