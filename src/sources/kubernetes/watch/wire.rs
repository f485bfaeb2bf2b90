//! What a list and a watch look like on the wire, down to the objects, which stay text.
//!
//! Kubernetes: `apimachinery/pkg/apis/meta/v1`, `ListMeta`, `WatchEvent`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::mesh::world::Failure;
use crate::sources::kubernetes::failure::{Break, first_line};

#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    #[serde(borrow)]
    pub(super) object: &'a RawValue,
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
