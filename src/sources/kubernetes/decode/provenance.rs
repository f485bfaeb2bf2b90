//! What is kept besides of a config object: who wrote which fields, and the text.
//!
//! Works on the JSON text, so that what is kept is what came, whatever the decoder thought of it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

use super::wire::{Str, Time};
use crate::mesh::model::{FieldManager, Interner, Provenance};

/// Of one manager this many paths are kept.
const MAX_FIELDS: usize = 32;

/// Paths are cut below this level.
const MAX_LEVELS: usize = 3;

/// Of an object this many managers are kept, the newest.
const MAX_MANAGERS: usize = 64;

/// `kind` and `apiVersion`, which items of a list lack unless their kind is a custom one. With them each object is the same
/// however it was read.
pub(super) struct Header([(&'static str, Box<RawValue>); 2]);

impl Header {
    /// Of what is not custom.
    pub(super) fn new(kind: &str, api_version: &str) -> Option<Self> {
        let raw = |text| to_raw_value(text).ok();
        Some(Self([("kind", raw(kind)?), ("apiVersion", raw(api_version)?)]))
    }
}

/// The managers and the text of the object in `json`, with this in front if it has none.
pub(super) fn of(json: &str, header: Option<&Header>, interner: &mut Interner) -> Provenance {
    let mut text = String::with_capacity(json.len().min(64 * 1024));
    let mut managed_fields = None;
    let Ok(mut fields) = serde_json::from_str::<Fields<'_>>(json) else {
        return Provenance::default();
    };
    if let Some(Header(lacking)) = header
        && !fields.0.iter().any(|(name, _)| name == "kind")
    {
        let lacking = lacking.iter().map(|(name, value)| (Cow::Borrowed(*name), &**value));
        fields.0.splice(0..0, lacking);
    }
    write_object(&mut text, &fields, |out, name, value| match name {
        "status" => false,
        "metadata" => match serde_json::from_str::<Fields<'_>>(value.get()) {
            Ok(metadata) => {
                out.push_str("\"metadata\":");
                write_object(out, &metadata, |out, name, value| match name {
                    "managedFields" => {
                        managed_fields = Some(*value);
                        false
                    }
                    "resourceVersion" => false,
                    _ => write_field(out, name, value),
                });
                true
            }
            Err(_) => write_field(out, name, value),
        },
        _ => write_field(out, name, value),
    });
    Provenance {
        managers: managed_fields
            .map_or_else(Vec::new, |raw| managers(raw, interner))
            .into(),
        text: lz4_flex::compress_prepend_size(text.as_bytes()).into(),
    }
}

/// The fields of an object in order, unread.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
            fields.push((name, value));
        }
        Ok(Fields(fields))
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// Writes an object; `field` writes one and says whether it did.
fn write_object<'a>(
    out: &mut String,
    fields: &Fields<'a>,
    mut field: impl FnMut(&mut String, &str, &&'a RawValue) -> bool,
) {
    out.push('{');
    let mut is_first = true;
    for (name, value) in &fields.0 {
        let before = out.len();
        if !is_first {
            out.push(',');
        }
        if field(out, name, value) {
            is_first = false;
        } else {
            out.truncate(before);
        }
    }
    out.push('}');
}

fn write_field(out: &mut String, name: &str, value: &RawValue) -> bool {
    out.push_str(&serde_json::Value::from(name).to_string());
    out.push(':');
    push_compact(out, value.get());
    true
}

/// Appends JSON text without the white space between its tokens.
fn push_compact(out: &mut String, json: &str) {
    let mut rest = json;
    while let Some(at) = rest.find([' ', '\n', '\r', '\t', '"']) {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        if tail.starts_with('"') {
            let end = end_of_string(tail);
            out.push_str(tail.get(..end).unwrap_or(tail));
            rest = tail.get(end..).unwrap_or_default();
        } else {
            rest = tail.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
}

/// Where the string ends that `text` begins with, its closing quote included.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match (is_escaped, byte) {
            (true, _) => is_escaped = false,
            (false, b'\\') => is_escaped = true,
            (false, b'"') => return at + 1,
            (false, _) => {}
        }
    }
    text.len()
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow)]
    manager: Str<'a>,
    operation: Str<'a>,
    time: Time,
    subresource: Str<'a>,
    fields_v1: Paths,
}

fn managers(raw: &RawValue, interner: &mut Interner) -> Vec<FieldManager> {
    // Entries are read one by one: a strange one costs itself only. What it says is nobody's configuration.
    let entries = serde_json::from_str::<Vec<&RawValue>>(raw.get()).unwrap_or_default();
    let entries = entries
        .iter()
        .filter_map(|entry| serde_json::from_str::<Entry<'_>>(entry.get()).ok());
    let mut entries: Vec<Entry<'_>> = entries.filter(|entry| &*entry.subresource != "status").collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.time.0));
    entries.truncate(MAX_MANAGERS);
    let managers = entries.iter().map(|entry| FieldManager {
        manager: entry.manager.text(interner),
        operation: entry.operation.text(interner),
        time: entry.time.0,
        subresource: entry.subresource.text(interner),
        fields: interner.texts(&entry.fields_v1.0),
    });
    managers.collect()
}

/// The paths of a `fieldsV1`: `{"f:spec":{"f:egress":{}}}` is `spec.egress`.
#[derive(Default)]
struct Paths(Vec<String>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut paths = Vec::new();
        deserializer.deserialize_any(PathsVisitor {
            prefix: String::new(),
            level: 0,
            paths: &mut paths,
        })?;
        Ok(Self(paths))
    }
}

struct PathsVisitor<'a> {
    prefix: String,
    level: usize,
    paths: &'a mut Vec<String>,
}

impl<'de> serde::de::DeserializeSeed<'de> for PathsVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PathsVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a set of fields")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_named_field = false;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            // Besides named fields (`f:`) there are list items (`k:`, `v:`, `i:`) and the field itself (`.`).
            let Some(name) = key.strip_prefix("f:").filter(|_| self.level < MAX_LEVELS) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            has_named_field = true;
            let separator = if self.level == 0 { "" } else { "." };
            map.next_value_seed(PathsVisitor {
                prefix: format!("{}{separator}{name}", self.prefix),
                level: self.level + 1,
                paths: &mut *self.paths,
            })?;
        }
        if !has_named_field && self.level > 0 && self.paths.len() < MAX_FIELDS {
            self.paths.push(self.prefix);
        }
        Ok(())
    }
}
