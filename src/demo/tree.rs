//! The few words that everybody needs to read and write an object's JSON tree.

use jiff::Timestamp;
use serde_json::Value;

/// Sets a field of an object; of anything else nothing.
pub(in crate::demo) fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

/// The text at a JSON pointer; empty when there is none.
pub(in crate::demo) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A time as the API writes it.
pub(in crate::demo) fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
