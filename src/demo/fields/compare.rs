//! What was added, changed and removed between two objects (`TypedValue.Compare`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{FieldSet, Node, element_of, field};
use crate::demo::schema::{Form, Type};

/// The fields by which two objects differ; no field is in two of the sets.
#[derive(Clone, Debug, Default)]
pub(in crate::demo) struct Comparison {
    /// Only in the new one.
    pub added: FieldSet,
    /// In both, with different values.
    pub modified: FieldSet,
    /// Only in the old one.
    pub removed: FieldSet,
}

/// The three nodes of one field.
#[derive(Default)]
struct Differences {
    added: Node,
    modified: Node,
    removed: Node,
}

/// Compares two objects of a type.
pub(in crate::demo) fn compare(old: &Value, new: &Value, of: Type<'_>) -> Comparison {
    let Differences {
        added,
        modified,
        removed,
    } = children(Some(old), Some(new), of);
    Comparison {
        added: added.below,
        modified: modified.below,
        removed: removed.below,
    }
}

impl Comparison {
    /// Applies one change to all three sets.
    pub(in crate::demo) fn each(&mut self, mut change: impl FnMut(&mut FieldSet)) {
        change(&mut self.added);
        change(&mut self.modified);
        change(&mut self.removed);
    }
}

/// Whether a field can be absent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// It comes and goes.
    Optional,
    /// Go writes it even when it is empty, so it is neither added nor removed itself.
    Always,
}

/// Compares one field; at least one side is there.
fn node(old: Option<&Value>, new: Option<&Value>, of: Type<'_>, presence: Presence) -> Differences {
    let form = match (old, new) {
        (_, Some(new)) => of.form(new),
        (Some(old), None) => of.form(old),
        (None, None) => Form::Leaf,
    };
    let mut found = Differences::default();
    if form == Form::Leaf || (is_empty(old) && is_empty(new)) {
        match (old, new) {
            (None, _) => found.added = Node::leaf(),
            (_, None) => found.removed = Node::leaf(),
            (Some(old), Some(new)) if old != new => found.modified = Node::leaf(),
            (Some(_), Some(_)) => {}
        }
        return found;
    }
    found = children(old, new, of);
    if presence == Presence::Optional {
        found.added.member = old.is_none();
        found.removed.member = new.is_none();
    }
    found
}

fn children(old: Option<&Value>, new: Option<&Value>, of: Type<'_>) -> Differences {
    let mut found = Differences::default();
    let form = new.or(old).map_or(Form::Leaf, |value| of.form(value));
    match form {
        Form::Leaf => {}
        Form::Map => {
            let empty = Map::new();
            let old = old.and_then(Value::as_object).unwrap_or(&empty);
            let new = new.and_then(Value::as_object).unwrap_or(&empty);
            let presence = |key: &str| {
                if of.is_always_there(key) {
                    Presence::Always
                } else {
                    Presence::Optional
                }
            };
            for (key, value) in new {
                found.attach(
                    field(key),
                    node(old.get(key), Some(value), of.value(key), presence(key)),
                );
            }
            for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
                found.attach(field(key), node(Some(value), None, of.value(key), presence(key)));
            }
        }
        Form::Set | Form::Keyed(_) => {
            let (old, new) = (by_element(old, form, of), by_element(new, form, of));
            for (element, value) in &new {
                found.attach(
                    element.clone(),
                    node(old.get(element).copied(), Some(value), of.item(), Presence::Optional),
                );
            }
            for (element, value) in old.iter().filter(|(element, _)| !new.contains_key(*element)) {
                found.attach(element.clone(), node(Some(value), None, of.item(), Presence::Optional));
            }
        }
    }
    found
}

impl Differences {
    fn attach(&mut self, element: String, below: Self) {
        let Self {
            added,
            modified,
            removed,
        } = below;
        self.added.below.attach(element.clone(), added);
        self.modified.below.attach(element.clone(), modified);
        self.removed.below.attach(element, removed);
    }
}

/// A list's items by element; of items that share one, the first.
fn by_element<'v>(list: Option<&'v Value>, form: Form<'_>, of: Type<'_>) -> BTreeMap<String, &'v Value> {
    let mut items = BTreeMap::new();
    for item in list.and_then(Value::as_array).into_iter().flatten() {
        if let Some(element) = element_of(form, item, of.item()) {
            items.entry(element).or_insert(item);
        }
    }
    items
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::kinds::Resource;

    #[test]
    fn a_new_label_map_is_added_with_its_labels_but_a_spec_that_is_always_there_is_not() {
        let new = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"clusterIP": "None"}});
        let found = compare(&json!({}), &new, Type::of(Resource::Services));
        let expected = json!({
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:clusterIP": {}},
        });
        assert_eq!(found.added.json(), expected);
    }

    #[test]
    fn the_spec_of_a_custom_object_is_added_itself() {
        let new = json!({"spec": {"egress": [{"hosts": ["./*"]}]}});
        let found = compare(&json!({}), &new, Type::of(Resource::Sidecars));
        assert_eq!(found.added.json(), json!({"f:spec": {".": {}, "f:egress": {}}}));
    }

    #[test]
    fn a_changed_and_a_removed_field_are_told_apart() {
        let old = json!({"spec": {"egress": [{"hosts": ["./*"]}], "outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}});
        let new = json!({"spec": {"egress": [{"hosts": ["~/*"]}]}});
        let found = compare(&old, &new, Type::of(Resource::Sidecars));
        assert_eq!(found.modified.json(), json!({"f:spec": {"f:egress": {}}}));
        assert_eq!(
            found.removed.json(),
            json!({"f:spec": {"f:outboundTrafficPolicy": {".": {}, "f:mode": {}}}})
        );
        assert!(found.added.is_empty());
    }
}
