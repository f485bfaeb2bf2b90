//! Whether an applied configuration has the types of its kind's schema, in the words of structured-merge-diff
//! (`typed.Parser`): server-side apply tells it before anything else.

use serde_json::Value;

use super::check;
use crate::demo::reference::ResourceRef;
use crate::demo::refusal::{Reason, Refusal};
use crate::demo::schema::Type;

/// Insists that an applied configuration has the types of the schema, in the words of structured-merge-diff.
pub(super) fn insist(target: &ResourceRef, config: &Value, version: &str) -> Result<(), Refusal> {
    let spec = target.resource.spec();
    let mut probe = config.clone();
    let found = check::check(target.resource, version, &mut probe);
    let faults: Vec<String> = match found {
        Err(refusal) => vec![refusal.message],
        Ok(found) => {
            let unknown = found
                .unknown
                .iter()
                .map(|path| format!(".{path}: field not declared in schema"));
            let wrong = found
                .faults
                .iter()
                .filter(|fault| fault.reason == "FieldValueTypeInvalid");
            unknown
                .chain(wrong.map(|fault| mistyped(config, &fault.field, Type::of(target.resource))))
                .collect()
        }
    };
    let told = match faults.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    };
    let message = format!(
        "failed to create typed patch object ({}/{}; {}/{version}, Kind={}): {told}",
        target.namespace, target.name, spec.group, spec.kind
    );
    Err(Refusal::new(Reason::Unknown, message))
}

fn mistyped(config: &Value, path: &str, of: Type<'_>) -> String {
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    let value = config.pointer(&pointer).cloned().unwrap_or_default();
    let mut wanted = of;
    for part in path.split('.') {
        let (name, index) = part
            .split_once('[')
            .map_or((part, None), |(name, index)| (name, Some(index)));
        wanted = wanted.value(name);
        if index.is_some() {
            wanted = wanted.item();
        }
    }
    let wanted = match wanted.text("type") {
        "array" => "list",
        "object" => "map",
        "integer" | "number" => "numeric (int or float)",
        other => other,
    };
    let got = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!(".{path}: expected {wanted}, got &{{{got}}}")
}
