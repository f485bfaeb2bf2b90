//! Taking fields out of an object, and laying an applied configuration over a live one (`TypedValue.RemoveItems`, `Merge`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{FieldSet, element_of, field};
use crate::demo::schema::{Form, Type};

/// Takes the fields of a set out of a value; nothing is left of a leaf or of a map all of whose fields went by themselves.
pub(in crate::demo) fn remove(value: &Value, set: &FieldSet, of: Type<'_>) -> Option<Value> {
    match (of.form(value), value) {
        (Form::Map, Value::Object(map)) => {
            let mut kept = Map::new();
            let mut reached_in = false;
            for (key, child) in map {
                let element = field(key);
                if set.has(&element) {
                    continue;
                }
                let child = match set.find_below(&element) {
                    None => child.clone(),
                    Some(below) => {
                        reached_in = true;
                        remove(child, below, of.value(key)).unwrap_or_else(|| emptied(child))
                    }
                };
                kept.insert(key.clone(), child);
            }
            (!kept.is_empty() || reached_in).then_some(Value::Object(kept))
        }
        (form @ (Form::Set | Form::Keyed(_)), Value::Array(items)) => {
            let mut kept = Vec::new();
            let mut reached_in = false;
            for item in items {
                let element = element_of(form, item, of.item()).unwrap_or_default();
                if set.has(&element) {
                    continue;
                }
                kept.push(match set.find_below(&element) {
                    None => item.clone(),
                    Some(below) => {
                        reached_in = true;
                        remove(item, below, of.item()).unwrap_or_else(|| emptied(item))
                    }
                });
            }
            (!kept.is_empty() || reached_in).then_some(Value::Array(kept))
        }
        (Form::Leaf | Form::Map | Form::Set | Form::Keyed(_), Value::Array(_) | Value::Object(_)) => None,
        (_, Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => Some(value.clone()),
    }
}

/// Lays `config` over `live`: fields of `config` win, items of keyed lists are matched, all else stays.
pub(in crate::demo) fn merge(live: &Value, config: &Value, of: Type<'_>) -> Value {
    let form = of.form(config);
    match (form, live, config) {
        (Form::Map, Value::Object(live), Value::Object(config)) if !config.is_empty() => {
            let mut merged = live.clone();
            for (key, value) in config {
                let value = match live.get(key) {
                    Some(old) => merge(old, value, of.value(key)),
                    None => value.clone(),
                };
                merged.insert(key.clone(), value);
            }
            Value::Object(merged)
        }
        (Form::Set | Form::Keyed(_), Value::Array(live), Value::Array(config)) if !config.is_empty() => {
            Value::Array(merge_lists(live, config, form, of.item()))
        }
        // an empty map or list of the configuration takes nothing away
        (Form::Map | Form::Set | Form::Keyed(_), Value::Array(_) | Value::Object(_), _) if is_void(config) => {
            live.clone()
        }
        (Form::Leaf | Form::Map | Form::Set | Form::Keyed(_), _, _) => config.clone(),
    }
}

/// Items of both lists: shared ones in the order of `config`, those only live before the shared one that followed them.
fn merge_lists(live: &[Value], config: &[Value], form: Form<'_>, of: Type<'_>) -> Vec<Value> {
    let element = |item: &Value| element_of(form, item, of).unwrap_or_default();
    let olds: BTreeMap<String, &Value> = live.iter().map(|item| (element(item), item)).collect();
    let configured: Vec<String> = config.iter().map(element).collect();
    let mut merged = Vec::new();
    let mut rest = live.iter().peekable();
    for (item, name) in config.iter().zip(&configured) {
        let old = olds.get(name);
        if old.is_some() {
            while let Some(other) = rest.next_if(|other| element(other) != *name) {
                if !configured.contains(&element(other)) {
                    merged.push(other.clone());
                }
            }
            rest.next();
        }
        merged.push(old.map_or_else(|| item.clone(), |old| merge(old, item, of)));
    }
    let present: Vec<String> = merged.iter().map(element).collect();
    merged.extend(rest.filter(|other| !present.contains(&element(other))).cloned());
    merged
}

fn is_void(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

fn emptied(value: &Value) -> Value {
    if value.is_array() {
        Value::Array(Vec::new())
    } else {
        Value::Object(Map::new())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::kinds::Resource;

    #[test]
    fn ports_are_merged_by_their_keys_and_others_stay() {
        let live =
            json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}], "clusterIP": "None"}});
        let config = json!({"spec": {"ports": [{"port": 81, "name": "c"}, {"port": 82}]}});
        let merged = merge(&live, &config, Type::of(Resource::Services));
        let ports = json!([{"port": 80, "name": "a"}, {"port": 81, "name": "c"}, {"port": 82}]);
        assert_eq!(merged, json!({"spec": {"ports": ports, "clusterIP": "None"}}));
    }

    #[test]
    fn an_item_is_removed_by_its_key() {
        let value = json!({"spec": {"ports": [{"port": 80}, {"port": 81}]}});
        let set = FieldSet::from_json(&json!({"f:spec": {"f:ports": {r#"k:{"port":80,"protocol":"TCP"}"#: {}}}}));
        let left = remove(&value, &set, Type::of(Resource::Services));
        assert_eq!(left, Some(json!({"spec": {"ports": [{"port": 81}]}})));
    }
}
