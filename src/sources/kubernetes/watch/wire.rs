//! What a list and a watch look like on the wire, down to the objects, which stay text.
//!
//! Kubernetes: `apimachinery/pkg/apis/meta/v1`, `ListMeta`, `WatchEvent`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::mesh::world::Failure;
use crate::sources::kubernetes::failure::{Break, first_line};

/// A line of a watch.
#[derive(Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) kind: &'a str,
    /// JSON.
    pub(super) object: &'a str,
}

impl<'a> Event<'a> {
    /// A line, read whole.
    pub(super) fn parse(line: &'a [u8]) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(rename = "type")]
            kind: &'a str,
            #[serde(borrow)]
            object: &'a RawValue,
        }
        let Wire { kind, object } = serde_json::from_slice(line)?;
        let object = object.get();
        Ok(Self { kind, object })
    }

    /// A line with a new or changed object, in the form in which every API server writes it. It is not looked at
    /// inside: only where the object turns out to be one, the line was such a line.
    pub(super) fn split(line: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(line).ok()?.trim_ascii_end();
        let (kind, object) = text
            .strip_prefix(r#"{"type":""#)?
            .strip_suffix('}')?
            .split_once(r#"","object":"#)?;
        matches!(kind, "ADDED" | "MODIFIED").then_some(Self { kind, object })
    }
}

#[derive(Deserialize)]
pub(super) struct List<'a> {
    #[serde(default)]
    pub(super) metadata: ListMeta,
    #[serde(borrow, default, deserialize_with = "null_is_empty")]
    pub(super) items: Vec<&'a RawValue>,
}

/// Go writes an empty list as `null` where it was never filled.
fn null_is_empty<'de: 'a, 'a, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<&'a RawValue>, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ListMeta {
    #[serde(rename = "resourceVersion")]
    pub(super) version: String,
    #[serde(rename = "continue")]
    pub(super) next: String,
}

pub(super) fn version_of(object: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Object {
        metadata: ListMeta,
    }
    let object: Object = serde_json::from_str(object).ok()?;
    Some(object.metadata.version).filter(|version| !version.is_empty())
}

/// Whether a version comes before another, as far as both are numbers: a watch tells changes in their order (Kubernetes:
/// `api-concepts`, "resource versions").
pub(super) fn is_older(version: &str, than: &str) -> bool {
    match (version.parse::<u64>(), than.parse::<u64>()) {
        (Ok(version), Ok(than)) => version < than,
        (Ok(_) | Err(_), _) => false,
    }
}

pub(super) fn malformed(error: &serde_json::Error) -> Break {
    Break::Failed(Failure::Malformed(first_line(&error.to_string())))
}

pub(super) fn ended_early() -> Break {
    Break::Failed(Failure::Interrupted("the server hung up".into()))
}

/// A continue token as a query value: everything but unreserved characters escaped (RFC 3986 §2.3).
pub(super) fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut encoded, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                // writing to a String does not fail
                let _ = write!(encoded, "%{byte:02X}");
            }
            encoded
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_can_be_split_says_the_same_as_when_it_is_read_whole() {
        let lines = [
            (r#"{"type":"ADDED","object":{"a":1}}"#, true),
            ("{\"type\":\"MODIFIED\",\"object\":{\"a\":1}}\r", true),
            (r#"{"type":"DELETED","object":{"a":1}}"#, false),
            (r#"{"type":"BOOKMARK","object":{"a":1}}"#, false),
            (r#"{ "type":"ADDED","object":{"a":1}}"#, false),
            (r#"{"object":{"a":1},"type":"ADDED"}"#, false),
            (r#"{"type":"ADDED","object":{"a":1},"more":{}}"#, false),
            (r#"{"type":"ADDED","object":{"a":1},"type":"DELETED"}"#, false),
            (r#"{"type":"ADDED","object":{"a":1}"#, false),
            (r#"{"type":"ADDED","object":}"#, false),
        ];
        for (line, is_split) in lines {
            let split = Event::split(line.as_bytes());
            let split = split.filter(|event| serde_json::from_str::<serde_json::Value>(event.object).is_ok());
            assert_eq!(split.is_some(), is_split, "{line}");
            if let Some(split) = split {
                let whole = Event::parse(line.as_bytes()).unwrap();
                assert_eq!((split.kind, split.object), (whole.kind, whole.object));
            }
        }
    }
}
