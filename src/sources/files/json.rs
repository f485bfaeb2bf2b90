//! JSON: one value, or many one after the other; each an object, a list of Kubernetes, or a plain list.
//!
//! Nothing is turned into a tree: values stay slices of the text until the decoder reads them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::sink::{Sink, item_kind};
use super::{Broken, words};

/// Whether the text is JSON rather than YAML in braces: a JSON object opens with a quote or is empty.
pub(super) fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    if text.starts_with('[') {
        return serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    }
    let inside = text.strip_prefix('{').map(str::trim_start);
    inside.is_some_and(|inside| inside.starts_with(['"', '}']))
}

/// Hands every object of the text to `sink`.
pub(super) fn read(text: &str, sink: &mut Sink) -> Result<(), Broken> {
    let broken = |at: usize, error: &serde_json::Error| Broken {
        document: at + 1,
        line: error.line(),
        problem: words::plain_json(&error.to_string()),
    };
    if sink.is_draft() {
        let values = serde_json::Deserializer::from_str(text).into_iter::<OnceEach>();
        for (at, value) in values.enumerate() {
            value.map_err(|error| broken(at, &error))?;
        }
    }
    let values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    for (at, value) in values.enumerate() {
        document(value.map_err(|error| broken(at, &error))?, sink);
    }
    Ok(())
}

/// A value whose objects have each field once.
struct OnceEach;

impl<'de> Deserialize<'de> for OnceEach {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceEach)
    }
}

impl<'de> Visitor<'de> for OnceEach {
    type Value = OnceEach;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some((field, OnceEach)) = entries.next_entry::<String, OnceEach>()? {
            if seen.contains(&field) {
                return Err(A::Error::custom(words::duplicate(&field)));
            }
            seen.insert(field);
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<OnceEach>()?.is_some() {}
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Items<'a> {
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

fn document(value: &RawValue, sink: &mut Sink) {
    if let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(value.get()) {
        for value in values {
            document(value, sink);
        }
        return;
    }
    let Ok(head) = serde_json::from_str::<Head<'_>>(value.get()) else {
        sink.skip_document();
        return;
    };
    let items = serde_json::from_str::<Items<'_>>(value.get());
    match (item_kind(&head.kind), items) {
        (Some(kind), Ok(Items { items })) => {
            sink.take_list();
            for item in items.unwrap_or_default() {
                take_item(item, &head.api_version, kind, sink);
            }
        }
        (None, _) | (_, Err(_)) => sink.take(&head.api_version, &head.kind, value.get()),
    }
}

/// An item that names its own kind counts as that, else as one of the list's kind.
fn take_item(item: &RawValue, api_version: &str, kind: &str, sink: &mut Sink) {
    match serde_json::from_str::<Head<'_>>(item.get()) {
        Ok(head) if !head.kind.is_empty() => sink.take(&head.api_version, &head.kind, item.get()),
        Ok(_) => sink.take(api_version, kind, item.get()),
        Err(_) => sink.skip_document(),
    }
}
