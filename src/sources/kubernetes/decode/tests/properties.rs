//! Whatever comes, decoding ends, keeps the key, and says what it left out.

use proptest::prelude::*;
use serde_json::Value;

use super::super::{key, object};
use super::samples::sample;
use crate::mesh::model::{Interner, Kind, Object};
use crate::sources::kubernetes::resources::{api_versions, resource};

fn kinds() -> impl Strategy<Value = Kind> {
    proptest::sample::select(Kind::ALL)
}

/// Any JSON value, with what fields really hold among the likelier ones.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(vec![
            "0",
            "-1",
            "80",
            "1e3",
            "True",
            "ALLOW_ANY",
            "a: [",
            "{}",
            "2026-05-18T10:46:00Z"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{0,6}|name|port|labels|f:spec", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The places of all values below this one, as JSON pointers.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    let mut deeper = |name: &str, value: &Value| {
        let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        places(value, &at, all);
        all.push(at);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| deeper(name, value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(at, value)| deeper(&at.to_string(), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn decode(kind: Kind, json: &str) -> Object {
    object(kind, json, &mut Interner::default()).object.unwrap()
}

proptest! {
    #[test]
    fn any_text_is_survived(kind in kinds(), text in "\\PC*", value in values()) {
        for text in [text, value.to_string()] {
            let decoded = object(kind, &text, &mut Interner::default());
            prop_assert_eq!(decoded.object.is_err(), decoded.diagnostics.iter().any(|one| one.is_lost));
            key(&text);
        }
    }

    #[test]
    fn any_value_in_any_field_costs_that_field_only(kind in kinds(), at: proptest::sample::Index, odd in values()) {
        let mut value = sample(kind);
        let mut all = Vec::new();
        places(&value, "", &mut all);
        let place = at.get(&all);
        *value.pointer_mut(place).unwrap() = odd;
        let text = value.to_string();
        let decoded = object(kind, &text, &mut Interner::default());
        if !matches!(place.as_str(), "/metadata" | "/metadata/name" | "/metadata/namespace") {
            let known = sample(kind);
            let key = decoded.object.as_ref().map(Object::key);
            prop_assert_eq!(key.map(ToString::to_string), Ok("shop/a".to_owned()), "{}: {}", place, text);
            let Ok(object) = &decoded.object else { return Ok(()) };
            if !place.starts_with("/metadata") {
                let whole = decode(kind, &known.to_string());
                prop_assert_eq!(object.meta(), whole.meta());
            }
        }
        prop_assert_eq!(decoded, object_again(kind, &text));
    }

    #[test]
    fn form_of_the_text_does_not_matter(kind in kinds(), keep: Vec<bool>) {
        let mut value = sample(kind);
        let mut all = Vec::new();
        places(&value, "", &mut all);
        // Fewer fields: any of them may be absent.
        for (place, keep) in all.iter().zip(keep) {
            if !keep && !place.starts_with("/metadata") && value.pointer(place).is_some() {
                *value.pointer_mut(place).unwrap() = Value::Null;
            }
        }
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(decode(kind, &value.to_string()), decode(kind, &pretty));
    }
}

fn object_again(kind: Kind, text: &str) -> super::super::Decoded {
    object(kind, text, &mut Interner::default())
}

#[test]
fn kept_text_is_the_object_again() {
    for kind in Kind::ALL.iter().filter(|kind| kind.is_config()) {
        let mut value = sample(*kind);
        let kept = decode(*kind, &value.to_string());
        let text = lz4_flex::decompress_size_prepended(&kept.provenance().unwrap().text).unwrap();
        // What is not kept is not configuration: who wrote it, and what became of it.
        value["metadata"].as_object_mut().unwrap().remove("managedFields");
        value.as_object_mut().unwrap().remove("status");
        let without = decode(*kind, &value.to_string());
        assert_eq!(decode(*kind, std::str::from_utf8(&text).unwrap()), without, "{kind:?}");
    }
}

#[test]
fn an_item_of_a_list_is_the_object_of_a_watch() {
    for kind in Kind::ALL.iter().filter(|kind| !resource(**kind).is_custom()) {
        let listed = sample(*kind).to_string();
        let version = api_versions(*kind).next().unwrap();
        let header = format!(r#"{{"kind":"{}","apiVersion":"{version}","#, kind.name());
        let watched = listed.replacen('{', &header, 1);
        assert_eq!(decode(*kind, &watched), decode(*kind, &listed), "{kind:?}");
    }
}
