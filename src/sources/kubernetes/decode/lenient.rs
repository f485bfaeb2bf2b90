//! The slow way to read an object: find the field that does not fit, leave it out, say so, and try again.
//!
//! Only objects that failed the fast way come here. Bounded in depth (deeper values count as null), in tries and in
//! the length of what is said.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_path_to_error::Segment;

/// How many strange fields an object may have before all of it is given up.
pub(super) const MAX_DROPS: usize = 64;

/// No field that is read lies deeper than this.
const MAX_DEPTH: usize = 40;

/// What is wrong is said in at most this many characters: it may quote the object.
const MAX_TEXT: usize = 200;

/// What is wrong with one field.
pub(super) struct Problem {
    pub(super) path: String,
    pub(super) text: String,
}

/// Any JSON text as a value; below [`MAX_DEPTH`] everything is null.
pub(super) fn value(json: &str) -> Result<Value, Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = Bounded { depth: 0 }.deserialize(&mut deserializer);
    value
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| Problem {
            path: String::new(),
            text: shorten(&format!("not JSON: {error}")),
        })
}

/// Takes out of `value` what `error` is about; `None` if that is the whole of it.
pub(super) fn drop_at(value: &mut Value, error: &serde_path_to_error::Error<serde_json::Error>) -> Option<Problem> {
    let segments: Vec<&Segment> = error.path().iter().collect();
    let (last, parents) = segments.split_last()?;
    let mut parent = value;
    for segment in parents {
        parent = match segment {
            Segment::Map { key } => parent.get_mut(key)?,
            Segment::Seq { index } => parent.get_mut(index)?,
            Segment::Enum { .. } | Segment::Unknown => return None,
        };
    }
    match (last, parent) {
        (Segment::Map { key }, Value::Object(map)) => {
            map.remove(key)?;
        }
        (Segment::Seq { index }, Value::Array(items)) if *index < items.len() => {
            items.remove(*index);
        }
        _ => return None,
    }
    Some(Problem {
        path: shorten(&error.path().to_string()),
        text: shorten(&error.inner().to_string()),
    })
}

/// The first line, cut to a bearable length.
pub(super) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

struct Bounded {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Bounded {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.depth > MAX_DEPTH {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Value::Null);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Bounded { depth: self.depth + 1 })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = serde_json::Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            map.insert(key, entries.next_value_seed(Bounded { depth: self.depth + 1 })?);
        }
        Ok(Value::Object(map))
    }
}
