//! Request bodies in Kubernetes' protobuf, for the few kinds that kubectl sends that way whatever the server offers.
//!
//! Answers are always JSON, which those clients accept. Mirrors `k8s.io/apimachinery/pkg/runtime/serializer/protobuf` and the
//! `generated.proto` files of `k8s.io/api`; fields that no table here names are dropped.

use serde_json::{Map, Value, json};

use crate::demo::refusal::{Reason, Refusal};

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// A field of a message.
struct Field {
    number: u64,
    name: &'static str,
    shape: Shape,
}

/// What a field holds.
enum Shape {
    Text,
    Texts,
    /// `map<string, string>`.
    Map,
    Message(&'static [Field]),
}

const fn field(number: u64, name: &'static str, shape: Shape) -> Field {
    Field { number, name, shape }
}

const METADATA: Field = field(
    1,
    "metadata",
    Shape::Message(&[
        field(1, "name", Shape::Text),
        field(2, "generateName", Shape::Text),
        field(3, "namespace", Shape::Text),
        field(11, "labels", Shape::Map),
        field(12, "annotations", Shape::Map),
        field(14, "finalizers", Shape::Texts),
    ]),
);

/// The kinds that are read: version, kind, fields.
const KINDS: [(&str, &str, &[Field]); 5] = [
    ("v1", "Namespace", &[METADATA]),
    ("v1", "ConfigMap", &[METADATA, field(2, "data", Shape::Map)]),
    (
        "authorization.k8s.io/v1",
        "SelfSubjectAccessReview",
        &[field(
            2,
            "spec",
            Shape::Message(&[
                field(
                    1,
                    "resourceAttributes",
                    Shape::Message(&[
                        field(1, "namespace", Shape::Text),
                        field(2, "verb", Shape::Text),
                        field(3, "group", Shape::Text),
                        field(4, "version", Shape::Text),
                        field(5, "resource", Shape::Text),
                        field(6, "subresource", Shape::Text),
                        field(7, "name", Shape::Text),
                    ]),
                ),
                field(
                    2,
                    "nonResourceAttributes",
                    Shape::Message(&[field(1, "path", Shape::Text), field(2, "verb", Shape::Text)]),
                ),
            ]),
        )],
    ),
    (
        "authorization.k8s.io/v1",
        "SelfSubjectRulesReview",
        &[field(2, "spec", Shape::Message(&[field(1, "namespace", Shape::Text)]))],
    ),
    ("authentication.k8s.io/v1", "SelfSubjectReview", &[METADATA]),
];

/// The envelope (`runtime.Unknown`) and the part of it that names the kind.
const ENVELOPE_TYPE: u64 = 1;
const ENVELOPE_RAW: u64 = 2;
const TYPE: &[Field] = &[field(1, "apiVersion", Shape::Text), field(2, "kind", Shape::Text)];
const MAGIC: &[u8] = b"k8s\0";

/// Reads an object.
///
/// # Errors
/// 415 for kinds that are not read this way, 400 for bytes that are no message.
pub(super) fn object(body: &[u8]) -> Result<Value, Refusal> {
    let broken = || Refusal::bad_request("the object provided is unrecognized: not a protobuf message");
    let envelope = fields(body.strip_prefix(MAGIC).ok_or_else(broken)?).ok_or_else(broken)?;
    let part = |number: u64| {
        envelope
            .iter()
            .find(|(found, _)| *found == number)
            .map(|(_, bytes)| *bytes)
            .unwrap_or_default()
    };
    let head = message(part(ENVELOPE_TYPE), TYPE).ok_or_else(broken)?;
    let text = |key: &str| head.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let Some((_, _, known)) = KINDS.iter().find(|(of, name, _)| *of == version && *name == kind) else {
        let message =
            format!("the demo reads {kind} objects in application/json only: try 'kubectl create -f' with a manifest");
        return Err(Refusal::new(Reason::UnsupportedMediaType, message));
    };
    let mut object = message(part(ENVELOPE_RAW), known).ok_or_else(broken)?;
    object.extend(head);
    Ok(Value::Object(object))
}

fn message(bytes: &[u8], known: &[Field]) -> Option<Map<String, Value>> {
    let mut object = Map::new();
    for (number, content) in fields(bytes)? {
        let Some(field) = known.iter().find(|field| field.number == number) else {
            continue;
        };
        let name = field.name.to_owned();
        match field.shape {
            Shape::Text if content.is_empty() => {}
            Shape::Text => {
                object.insert(name, json!(std::str::from_utf8(content).ok()?));
            }
            Shape::Texts => {
                let list = object.entry(name).or_insert_with(|| json!([]));
                list.as_array_mut()?.push(json!(std::str::from_utf8(content).ok()?));
            }
            Shape::Map => {
                let map = object.entry(name).or_insert_with(|| json!({}));
                let mut pair = message(content, &[field_text(1, "key"), field_text(2, "value")])?;
                let mut take = |key: &str| pair.remove(key).unwrap_or(json!(""));
                let key = take("key").as_str()?.to_owned();
                map.as_object_mut()?.insert(key, take("value"));
            }
            Shape::Message(fields) => {
                object.insert(name, Value::Object(message(content, fields)?));
            }
        }
    }
    Some(object)
}

const fn field_text(number: u64, name: &'static str) -> Field {
    field(number, name, Shape::Text)
}

/// The length-delimited fields of a message; numbers are passed over.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        match key & 7 {
            0 => {
                varint(&mut bytes)?;
            }
            1 => bytes = bytes.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                found.push((key >> 3, content));
                bytes = rest;
            }
            5 => bytes = bytes.get(4..)?,
            _ => return None,
        }
    }
    Some(found)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_as_kubectl_sends_it_is_read() {
        // typeMeta{apiVersion: v1, kind: Namespace}, raw{metadata{name: probe, labels{a: b}}}
        let metadata = b"\x0a\x05probe\x5a\x06\x0a\x01a\x12\x01b";
        let raw = [&[0x0a, u8::try_from(metadata.len()).unwrap()][..], metadata].concat();
        let body = [
            &b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12"[..],
            &[u8::try_from(raw.len()).unwrap()],
            &raw,
        ]
        .concat();
        let expected =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "probe", "labels": {"a": "b"}}});
        assert_eq!(object(&body), Ok(expected));
    }

    #[test]
    fn other_kinds_and_broken_bytes_are_refused() {
        assert_eq!(
            object(b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod").unwrap_err().reason,
            Reason::UnsupportedMediaType
        );
        assert_eq!(object(b"k8s\0\x0a\xff").unwrap_err().reason, Reason::BadRequest);
        assert_eq!(object(b"").unwrap_err().reason, Reason::BadRequest);
    }
}
