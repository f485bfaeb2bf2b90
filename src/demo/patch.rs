//! Patches: what a patch of each type makes of an object.
//!
//! JSON patches (RFC 6902) and merge patches (RFC 7396) come from a library; strategic merge patches mirror
//! `k8s.io/apimachinery/pkg/util/strategicpatch`, with the merge keys of the schema.

use serde_json::{Map, Value};

use super::schema::{ListPatch, Type};

/// Why a patch does not fit the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Misfit {
    /// The patch itself cannot be read.
    Unreadable(String),
    /// An operation of a JSON patch failed, a test for one.
    Unfit,
}

/// Applies a JSON patch.
pub(in crate::demo) fn json(object: &mut Value, patch: Value) -> Result<(), Misfit> {
    let patch: json_patch::Patch = serde_json::from_value(patch).map_err(|why| Misfit::Unreadable(why.to_string()))?;
    json_patch::patch(object, &patch).map_err(|_| Misfit::Unfit)
}

/// Applies a merge patch.
pub(in crate::demo) fn merge(object: &mut Value, patch: &Value) {
    json_patch::merge(object, patch);
}

/// Applies a strategic merge patch to an object of a type.
pub(in crate::demo) fn strategic(object: &mut Value, patch: &Value, of: Type<'_>) {
    if let (Some(object), Some(patch)) = (object.as_object_mut(), patch.as_object()) {
        merge_maps(object, patch, of);
    }
}

fn merge_maps(object: &mut Map<String, Value>, patch: &Map<String, Value>, of: Type<'_>) {
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            *object = plain(patch);
            return;
        }
        Some("delete") => {
            object.clear();
            return;
        }
        Some(_) | None => {}
    }
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        object.retain(|key, _| kept.iter().any(|one| one == key));
    }
    for (key, value) in patch {
        if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = value.as_array().cloned().unwrap_or_default();
            if let Some(items) = object.get_mut(list).and_then(Value::as_array_mut) {
                items.retain(|item| !gone.contains(item));
            }
        } else if key.starts_with('$') {
            // an order, settled below, or a directive already followed
        } else if value.is_null() {
            object.remove(key);
        } else {
            merge_field(object, key, value, of.value(key));
        }
    }
    for (key, order) in patch {
        if let (Some(list), Some(order)) = (key.strip_prefix("$setElementOrder/"), order.as_array())
            && let Some(items) = object.get_mut(list).and_then(Value::as_array_mut)
        {
            arrange(items, order, of.value(list).list_patch());
        }
    }
}

fn merge_field(object: &mut Map<String, Value>, key: &str, value: &Value, of: Type<'_>) {
    match (value, object.get_mut(key)) {
        (Value::Object(patch), Some(Value::Object(old))) => merge_maps(old, patch, of),
        (Value::Array(patch), Some(Value::Array(old))) => merge_lists(old, patch, of),
        (Value::Object(patch), _) => {
            let mut fresh = Map::new();
            merge_maps(&mut fresh, patch, of);
            object.insert(key.to_owned(), Value::Object(fresh));
        }
        (Value::Array(patch), _) => {
            let mut fresh = Vec::new();
            merge_lists(&mut fresh, patch, of);
            object.insert(key.to_owned(), Value::Array(fresh));
        }
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => {
            object.insert(key.to_owned(), value.clone());
        }
    }
}

fn merge_lists(items: &mut Vec<Value>, patch: &[Value], of: Type<'_>) {
    let is_replaced = patch
        .iter()
        .any(|item| directive(item) == "replace" && item.as_object().is_some_and(|map| map.len() == 1));
    match of.list_patch() {
        _ if is_replaced => {
            *items = patch
                .iter()
                .filter(|item| directive(item) != "replace")
                .cloned()
                .collect();
        }
        ListPatch::Replace => *items = patch.to_vec(),
        ListPatch::AddScalars => {
            for value in patch {
                if !items.contains(value) {
                    items.push(value.clone());
                }
            }
        }
        ListPatch::MergeBy(key) => {
            for entry in patch {
                let place = items
                    .iter()
                    .position(|item| item.get(key).is_some() && item.get(key) == entry.get(key));
                let Some(map) = entry.as_object() else { continue };
                match (directive(entry), place) {
                    ("delete", Some(at)) => {
                        items.remove(at);
                    }
                    ("delete", None) => {}
                    (_, Some(at)) => {
                        if let Some(Value::Object(old)) = items.get_mut(at) {
                            merge_maps(old, map, of.item());
                        }
                    }
                    (_, None) => {
                        let mut fresh = Map::new();
                        merge_maps(&mut fresh, map, of.item());
                        items.push(Value::Object(fresh));
                    }
                }
            }
        }
    }
}

/// Puts the items that an order names into that order; others stay behind the one they followed.
fn arrange(items: &mut [Value], order: &[Value], by: ListPatch<'_>) {
    let place = |item: &Value| {
        order.iter().position(|named| match by {
            ListPatch::MergeBy(key) => named.get(key) == item.get(key),
            ListPatch::AddScalars | ListPatch::Replace => named == item,
        })
    };
    let mut last = 0;
    let mut keys: Vec<(usize, Value)> = Vec::with_capacity(items.len());
    for item in items.iter() {
        last = place(item).unwrap_or(last);
        keys.push((last, item.clone()));
    }
    keys.sort_by_key(|(at, _)| *at);
    for (slot, (_, item)) in items.iter_mut().zip(keys) {
        *slot = item;
    }
}

fn directive(item: &Value) -> &str {
    item.get("$patch").and_then(Value::as_str).unwrap_or_default()
}

fn plain(patch: &Map<String, Value>) -> Map<String, Value> {
    patch
        .iter()
        .filter(|(key, _)| !key.starts_with('$'))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::kinds::Resource;

    #[test]
    fn a_strategic_patch_merges_ports_by_port() {
        let mut service =
            json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}], "selector": {"a": "b"}}});
        let patch = json!({"spec": {
            "$setElementOrder/ports": [{"port": 82}, {"port": 80}],
            "ports": [{"port": 82}, {"port": 80, "name": "z"}, {"port": 81, "$patch": "delete"}],
            "selector": {"a": null, "c": "d"},
        }});
        strategic(&mut service, &patch, Type::of(Resource::Services));
        let expected = json!({"spec": {"ports": [{"port": 82}, {"port": 80, "name": "z"}], "selector": {"c": "d"}}});
        assert_eq!(service, expected);
    }

    #[test]
    fn a_strategic_patch_replaces_when_told() {
        let mut pod = json!({"metadata": {"labels": {"a": "b"}, "finalizers": ["x/y"]}});
        let patch = json!({"metadata": {"labels": {"$patch": "replace", "c": "d"}, "finalizers": ["z/z"],
            "$deleteFromPrimitiveList/finalizers": ["x/y"]}});
        strategic(&mut pod, &patch, Type::of(Resource::Pods));
        assert_eq!(pod, json!({"metadata": {"labels": {"c": "d"}, "finalizers": ["z/z"]}}));
    }

    #[test]
    fn a_failed_test_is_unfit_and_nonsense_is_unreadable() {
        let mut object = json!({"a": 1});
        assert_eq!(
            json(&mut object, json!([{"op": "test", "path": "/a", "value": 2}])),
            Err(Misfit::Unfit)
        );
        assert!(matches!(
            json(&mut object, json!({"op": "x"})),
            Err(Misfit::Unreadable(_))
        ));
    }
}
