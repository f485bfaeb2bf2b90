//! Objects against their schema: unknown fields are taken out and named, wrong types and values become the server's words.
//!
//! Built-in kinds fail as Go's decoder does, at the first wrong type; custom kinds collect every fault as
//! `k8s.io/apiextensions-apiserver` does. Not checked: `oneOf`, `anyOf`, `not`, CEL rules, and most of what the strategies of
//! built-in kinds check by hand.

use std::fmt::Write as _;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::demo::kinds::{Origin, Resource};
use crate::demo::refusal::{Cause, Refusal};
use crate::demo::schema::Type;

/// What was found; the object has lost its unknown fields and gained its schema's defaults.
#[derive(Debug, Default)]
pub(in crate::demo) struct Checked {
    /// The paths of unknown fields, in order.
    pub unknown: Vec<String>,
    /// What is wrong.
    pub faults: Vec<Cause>,
}

struct Walk {
    origin: Origin,
    found: Checked,
    /// The first wrong type in an object of a built-in kind.
    mismatch: Option<String>,
}

/// Checks an object and prunes it.
///
/// # Errors
/// 400 when an object of a built-in kind has a value of the wrong type.
pub(in crate::demo) fn check(resource: Resource, version: &str, object: &mut Value) -> Result<Checked, Refusal> {
    let spec = resource.spec();
    let mut walk = Walk {
        origin: spec.origin,
        found: Checked::default(),
        mismatch: None,
    };
    walk.value(object, Type::of(resource), &mut String::new(), "");
    if let Some(mismatch) = walk.mismatch {
        return Err(Refusal::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {kind}: json: cannot unmarshal {mismatch}",
            kind = spec.kind
        )));
    }
    let mut found = walk.found;
    let blocking = ["FieldValueTypeInvalid", "FieldValueRequired", "FieldValueNotSupported"];
    if spec.origin == Origin::Custom && found.faults.iter().any(|fault| blocking.contains(&fault.reason)) {
        found.faults.push(Cause {
            reason: "FieldValueInvalid",
            message: "Invalid value: null: some validation rules were not checked because the object was invalid; correct the \
                      existing errors to complete validation"
                .to_owned(),
            field: "<nil>".to_owned(),
        });
    }
    Ok(found)
}

/// The 400 for a strict decoding that found unknown fields; none if there are none.
pub(in crate::demo) fn strict(resource: Resource, version: &str, unknown: &[String]) -> Result<(), Refusal> {
    if unknown.is_empty() {
        return Ok(());
    }
    let kind = resource.spec().kind;
    Err(Refusal::bad_request(format!(
        "{kind} in version \"{version}\" cannot be handled as a {kind}: strict decoding error: {}",
        unknown_fields(unknown)
    )))
}

/// `unknown field "a", unknown field "b"`.
pub(in crate::demo) fn unknown_fields(unknown: &[String]) -> String {
    unknown
        .iter()
        .map(|path| format!("unknown field \"{path}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Walk {
    fn value(&mut self, value: &mut Value, of: Type<'_>, path: &mut String, owner: &str) {
        if !has_type(value, of) {
            self.wrong_type(value, of, path, owner);
            return;
        }
        match value {
            Value::Object(map) => self.object(map, of, path),
            Value::Array(items) => {
                let (item, start) = (of.item(), path.len());
                for (index, value) in items.iter_mut().enumerate() {
                    let _ = write!(path, "[{index}]");
                    self.value(value, item, path, owner);
                    path.truncate(start);
                }
                self.bound(of, path, "minItems", items.len(), "items");
                self.bound(of, path, "maxItems", items.len(), "items");
            }
            Value::String(text) => self.text(text, of, path),
            Value::Number(number) => self.number(number, of, path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn object(&mut self, map: &mut Map<String, Value>, of: Type<'_>, path: &mut String) {
        let keeps_unknown = of.keeps_unknown();
        let mut dropped: Vec<String> = Vec::new();
        for (key, value) in map.iter_mut() {
            let field = of.field(key).or_else(|| of.element());
            let known = field.is_some() || keeps_unknown;
            let start = path.len();
            if start > 0 {
                path.push('.');
            }
            path.push_str(key);
            if !known {
                self.found.unknown.push(path.clone());
                dropped.push(key.clone());
            } else if value.is_null() && self.is_as_absent(of.value(key)) {
                dropped.push(key.clone());
            } else {
                self.value(value, of.value(key), path, of.go_name());
            }
            path.truncate(start);
        }
        for key in dropped {
            map.remove(&key);
        }
        if self.origin == Origin::Custom {
            for (name, field) in of.fields() {
                if let (Some(default), false) = (field.get("default"), map.contains_key(name)) {
                    map.insert(name.clone(), default.clone());
                }
            }
        }
        // what the system fills in is not asked of the writer
        if matches!(path.as_str(), "metadata" | "status") || path.starts_with("status.") {
            return;
        }
        for name in of
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if !map.contains_key(name) && of.field(name).is_none_or(|field| field.get("default").is_none()) {
                let dot = if path.is_empty() { "" } else { "." };
                self.fault(
                    "FieldValueRequired",
                    "Required value".to_owned(),
                    &format!("{path}{dot}{name}"),
                );
            }
        }
    }

    /// Whether `null` means that the field is not there.
    fn is_as_absent(&self, of: Type<'_>) -> bool {
        match self.origin {
            Origin::BuiltIn => true,
            Origin::Custom => !of.is_nullable() && of.get("default").is_some(),
        }
    }

    fn wrong_type(&mut self, value: &Value, of: Type<'_>, path: &str, owner: &str) {
        match self.origin {
            Origin::BuiltIn => {
                let field: String = path
                    .split('.')
                    .map(|part| part.split('[').next().unwrap_or(part))
                    .collect::<Vec<_>>()
                    .join(".");
                let mismatch = format!(
                    "{} into Go struct field {owner}.{field} of type {}",
                    go_value(value),
                    of.go_type()
                );
                self.mismatch.get_or_insert(mismatch);
            }
            Origin::Custom => {
                let (is, wanted) = (schema_type(value), of.text("type"));
                let message = format!("Invalid value: \"{is}\": {path} in body must be of type {wanted}: \"{is}\"");
                self.fault("FieldValueTypeInvalid", message, path);
            }
        }
    }

    fn text(&mut self, text: &str, of: Type<'_>, path: &str) {
        if self.origin == Origin::BuiltIn {
            return;
        }
        if let Some(allowed) = of.get("enum").and_then(Value::as_array)
            && !allowed.iter().any(|value| value.as_str() == Some(text))
        {
            let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
            let message = format!(
                "Unsupported value: {}: supported values: {}",
                json!(text),
                allowed.join(", ")
            );
            self.fault("FieldValueNotSupported", message, path);
        }
        if let Some(most) = limit(of, "maxLength").filter(|most| text.chars().count() > *most) {
            let message = format!("Too long: may not be more than {most} bytes");
            self.fault("FieldValueTooLong", message, path);
        }
        if let Some(least) = limit(of, "minLength").filter(|least| text.chars().count() < *least) {
            let message = format!(
                "Invalid value: {}: {path} in body should be at least {least} chars long",
                json!(text)
            );
            self.fault("FieldValueInvalid", message, path);
        }
        let pattern = of.text("pattern");
        if !pattern.is_empty() && Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text)) {
            let message = format!(
                "Invalid value: {}: {path} in body should match '{pattern}'",
                json!(text)
            );
            self.fault("FieldValueInvalid", message, path);
        }
    }

    fn number(&mut self, number: &serde_json::Number, of: Type<'_>, path: &str) {
        if self.origin == Origin::BuiltIn {
            return;
        }
        let value = number.as_f64().unwrap_or_default();
        let bound = |keyword: &str| of.get(keyword).and_then(Value::as_f64);
        let told = match (bound("minimum"), bound("maximum")) {
            (Some(least), _) if value < least => format!("should be greater than or equal to {least}"),
            (_, Some(most)) if value > most => format!("should be less than or equal to {most}"),
            _ => return,
        };
        self.fault(
            "FieldValueInvalid",
            format!("Invalid value: {number}: {path} in body {told}"),
            path,
        );
    }

    fn bound(&mut self, of: Type<'_>, path: &str, keyword: &str, count: usize, noun: &str) {
        let Some(limit) = limit(of, keyword).filter(|_| self.origin == Origin::Custom) else {
            return;
        };
        if keyword == "minItems" && count < limit {
            let message = format!("Invalid value: {count}: {path} in body should have at least {limit} {noun}");
            self.fault("FieldValueInvalid", message, path);
        } else if keyword == "maxItems" && count > limit {
            self.fault(
                "FieldValueTooMany",
                format!("Too many: {count}: must have at most {limit} {noun}"),
                path,
            );
        }
    }

    fn fault(&mut self, reason: &'static str, message: String, field: &str) {
        self.found.faults.push(Cause {
            reason,
            message,
            field: field.to_owned(),
        });
    }
}

fn limit(of: Type<'_>, keyword: &str) -> Option<usize> {
    of.get(keyword)
        .and_then(Value::as_u64)
        .and_then(|limit| usize::try_from(limit).ok())
}

fn has_type(value: &Value, of: Type<'_>) -> bool {
    match (of.text("type"), value) {
        ("integer", Value::Number(number)) => {
            number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        // no type said: anything, such as IntOrString and Quantity
        (
            "",
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) | Value::Null,
        )
        | ("object", Value::Object(_))
        | ("array", Value::Array(_))
        | ("string", Value::String(_))
        | ("boolean", Value::Bool(_))
        | ("number", Value::Number(_)) => true,
        (_, Value::Null) => of.is_nullable(),
        (_, _) => false,
    }
}

/// How Go's decoder calls a JSON value.
const fn go_value(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// How the schema language calls a JSON value.
fn schema_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(spec: &Value) -> Vec<String> {
        let mut object =
            json!({"apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": {"name": "x"}, "spec": spec});
        let found = check(Resource::Sidecars, "v1", &mut object).unwrap();
        found
            .faults
            .iter()
            .map(|cause| format!("{}: {}", cause.field, cause.message))
            .collect()
    }

    #[test]
    fn faults_of_a_sidecar_are_worded_as_by_kube_apiserver() {
        let cel = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the \
                   existing errors to complete validation";
        for (spec, expected) in [
            (
                json!({"egress": "x"}),
                vec![
                    r#"spec.egress: Invalid value: "string": spec.egress in body must be of type array: "string""#,
                    cel,
                ],
            ),
            (
                json!({"egress": [{}]}),
                vec!["spec.egress[0].hosts: Required value", cel],
            ),
            (
                json!({"outboundTrafficPolicy": {"mode": "FOO"}}),
                vec![
                    r#"spec.outboundTrafficPolicy.mode: Unsupported value: "FOO": supported values: "REGISTRY_ONLY", "ALLOW_ANY""#,
                    cel,
                ],
            ),
            (
                json!({"ingress": [{"port": {"number": -1}}]}),
                vec![
                    "spec.ingress[0].port.number: Invalid value: -1: spec.ingress[0].port.number in body should be greater than or \
                     equal to 0",
                ],
            ),
        ] {
            assert_eq!(faults(&spec), expected);
        }
    }

    #[test]
    fn unknown_fields_are_named_and_dropped() {
        let mut object =
            json!({"metadata": {"name": "x", "nam": 1}, "spec": {"egresss": 1, "egress": [{"hosts": [], "host": 1}]}});
        let found = check(Resource::Sidecars, "v1", &mut object).unwrap();
        assert_eq!(found.unknown, ["metadata.nam", "spec.egress[0].host", "spec.egresss"]);
        assert_eq!(
            object,
            json!({"metadata": {"name": "x"}, "spec": {"egress": [{"hosts": []}]}})
        );
    }

    #[test]
    fn a_built_in_kind_fails_as_the_go_decoder_does() {
        let mut object = json!({"spec": {"containers": 5}});
        let refusal = check(Resource::Pods, "v1", &mut object).unwrap_err();
        let expected = "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field \
                        PodSpec.spec.containers of type []v1.Container";
        assert_eq!(refusal.message, expected);
        let found = check(Resource::Pods, "v1", &mut json!({"spec": {}})).unwrap();
        assert_eq!(
            found.faults,
            [Cause {
                reason: "FieldValueRequired",
                message: "Required value".to_owned(),
                field: "spec.containers".to_owned()
            }]
        );
    }
}
