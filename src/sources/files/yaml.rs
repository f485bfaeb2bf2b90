//! YAML: many documents, each an object, a list of Kubernetes, or a plain list.
//!
//! The text is cut into documents at its markers first, so that an error names its document and a dump's size meets
//! no limit of the parser but its own. Items of a list are handed on one by one.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::DuplicateKeyPolicy;

use super::sink::{Sink, item_kind};
use super::{Broken, words};

/// Hands every object of the text to `sink`.
pub(super) fn read(text: &str, sink: &mut Sink) -> Result<(), Broken> {
    let documents = documents(text).filter(|document| !document.is_blank());
    let twice = if sink.is_draft() {
        DuplicateKeyPolicy::Error
    } else {
        DuplicateKeyPolicy::LastWins
    };
    for (at, document) in documents.enumerate() {
        let options = options(twice);
        let read = serde_saphyr::with_deserializer_from_str_with_options(document.text, options, |deserializer| {
            Document { sink }.deserialize(deserializer)
        });
        read.map_err(|error| {
            let error = error.without_snippet();
            let line = error
                .location()
                .and_then(|location| usize::try_from(location.line()).ok());
            Broken {
                document: at + 1,
                line: document.line + line.unwrap_or(1).saturating_sub(1),
                problem: if let serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } = error {
                    words::duplicate(key)
                } else {
                    words::plain(&error.to_string())
                },
            }
        })?;
    }
    Ok(())
}

/// Room for hundreds of megabytes; what guards against bombs (aliases, depth) stays. Only `true` and `false` are
/// booleans: no dump writes others, and writers that think so leave a container named `y` unquoted. `010` is 8, as kubectl
/// reads it. `twice`: what
/// becomes of a field that is there twice.
fn options(twice: DuplicateKeyPolicy) -> serde_saphyr::Options {
    serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        legacy_octal_numbers: true,
        duplicate_keys: twice,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_total_comment_bytes: usize::MAX,
            // A CRD's schema is the deepest thing that a dump holds, and has half of it. A level takes up to 4 KiB of the
            // stack, four times that in a debug build, of the 2 MiB that a thread has.
            max_depth: 120,
        },
    }
}

/// One document of the text, its marker included.
struct Slice<'a> {
    /// The line of the text where it begins, from 1.
    line: usize,
    text: &'a str,
}

impl Slice<'_> {
    /// Whether there are only markers, comments and directives.
    fn is_blank(&self) -> bool {
        self.text.lines().all(|line| {
            let line = line.strip_prefix("---").or(line.strip_prefix("...")).unwrap_or(line);
            let line = line.trim();
            line.is_empty() || line.starts_with(['#', '%'])
        })
    }
}

/// Cuts at lines that begin with `---`: no other line of any YAML text may begin so.
fn documents(text: &str) -> impl Iterator<Item = Slice<'_>> {
    let mut rest = Some(text);
    let mut line = 1;
    std::iter::from_fn(move || {
        let from = rest?;
        let end = from.match_indices("\n---").find_map(|(at, _)| {
            let behind = from.get(at + 4..).unwrap_or_default();
            let is_marker = behind.is_empty() || behind.starts_with([' ', '\t', '\n', '\r']);
            is_marker.then_some(at + 1)
        });
        let (text, behind) = from.split_at(end.unwrap_or(from.len()));
        rest = end.map(|_| behind);
        let slice = Slice { line, text };
        line += text.matches('\n').count();
        Some(slice)
    })
}

/// Reads a document; objects go to the sink as they come.
struct Document<'s> {
    sink: &'s mut Sink,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut fields = serde_json::Map::new();
        let mut unnamed = None;
        while let Some(key) = entries.next_key::<String>()? {
            if key == "items" {
                unnamed = Some(entries.next_value_seed(Items { sink: &mut *self.sink })?);
            } else {
                fields.insert(key, entries.next_value()?);
            }
        }
        let text = |field: &str| fields.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        match (unnamed, item_kind(&kind)) {
            (Some(unnamed), Some(kind)) => {
                self.sink.take_list();
                for item in unnamed {
                    self.sink.take(&api_version, kind, &item.to_string());
                }
            }
            (_, _) => self.sink.take(&api_version, &kind, &Value::Object(fields).to_string()),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Document { sink: &mut *self.sink })?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.sink.skip_document();
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.sink.skip_document();
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.sink.skip_document();
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.sink.skip_document();
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.sink.skip_document();
        Ok(())
    }
}

/// Reads the items of a list: those that name their kind go to the sink, the others are given back, because the
/// list's own kind may come after them.
struct Items<'s> {
    sink: &'s mut Sink,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut unnamed = Vec::new();
        while let Some(item) = items.next_element::<Value>()? {
            let text = |field: &str| item.get(field).and_then(Value::as_str).unwrap_or_default();
            if text("kind").is_empty() {
                unnamed.push(item);
            } else {
                self.sink.take(text("apiVersion"), text("kind"), &item.to_string());
            }
        }
        Ok(unnamed)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }
}
