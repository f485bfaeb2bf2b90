//! JSON: one value, or many one after the other; each an object, a list of Kubernetes, or a plain list.
//!
//! Nothing is turned into a tree: values stay slices of the text until the decoder reads them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::sink::{Sink, item_kind};
use super::{Broken, without_place};

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
    let values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    for (at, value) in values.enumerate() {
        let value = value.map_err(|error| Broken {
            document: at + 1,
            line: error.line(),
            problem: without_place(&error.to_string()),
        })?;
        document(value, sink);
    }
    Ok(())
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
