//! Sets of fields as managedFields writes them, and what changed between two objects as such sets.
//!
//! Mirrors `sigs.k8s.io/structured-merge-diff/v6/{fieldpath,typed}` as far as kube-apiserver can be seen to use it. A field is
//! named by elements in their serialised form: `f:NAME`, `k:{"name":"x"}` for an item of a keyed list, `v:"x"` for an item of a
//! set; so a set's JSON is `FieldsV1`.

mod compare;
mod remove;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

pub(in crate::demo) use compare::compare;
pub(in crate::demo) use remove::{merge, remove};

use super::schema::{Form, Type};

/// A set of fields, as a tree by element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::demo) struct FieldSet {
    nodes: BTreeMap<String, Node>,
}

/// A field: whether it is in the set, and which fields below it are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::demo) struct Node {
    /// The field itself is in the set.
    pub member: bool,
    /// The fields below it.
    pub below: FieldSet,
}

impl Node {
    fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }

    fn leaf() -> Self {
        Self {
            member: true,
            below: FieldSet::default(),
        }
    }
}

impl FieldSet {
    /// Reads `FieldsV1`; what is not an element is dropped.
    pub(in crate::demo) fn from_json(fields: &Value) -> Self {
        let mut set = Self::default();
        for (element, below) in fields.as_object().into_iter().flatten() {
            let known = matches!(element.get(..2), Some("f:" | "k:" | "v:" | "i:"));
            if known {
                let below_set = Self::from_json(below);
                let itself = below.get(".").is_some() || below_set.is_empty();
                set.nodes.insert(
                    element.clone(),
                    Node {
                        member: itself,
                        below: below_set,
                    },
                );
            }
        }
        set
    }

    /// Writes `FieldsV1`.
    pub(in crate::demo) fn json(&self) -> Value {
        let nodes = self.nodes.iter().map(|(element, node)| {
            let mut below = node.below.json();
            if node.member
                && !node.below.is_empty()
                && let Some(map) = below.as_object_mut()
            {
                map.insert(".".to_owned(), Value::Object(Map::new()));
            }
            (element.clone(), below)
        });
        Value::Object(nodes.collect())
    }

    pub(in crate::demo) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Puts a node in; an empty one leaves no trace.
    fn attach(&mut self, element: String, node: Node) {
        if !node.is_empty() {
            self.nodes.insert(element, node);
        }
    }

    /// Whether a field directly below is a member.
    fn has(&self, element: &str) -> bool {
        self.nodes.get(element).is_some_and(|node| node.member)
    }

    /// The fields below an element, if there are any.
    fn find_below(&self, element: &str) -> Option<&Self> {
        self.nodes
            .get(element)
            .map(|node| &node.below)
            .filter(|below| !below.is_empty())
    }

    /// Puts one field in by its path.
    pub(in crate::demo) fn insert(&mut self, path: &[&str]) {
        if let Some((first, rest)) = path.split_first() {
            let node = self.nodes.entry((*first).to_owned()).or_default();
            if rest.is_empty() {
                node.member = true;
            } else {
                node.below.insert(rest);
            }
        }
    }

    /// What is in either.
    #[must_use]
    pub(in crate::demo) fn union(mut self, other: &Self) -> Self {
        for (element, node) in &other.nodes {
            let mine = self.nodes.entry(element.clone()).or_default();
            mine.member |= node.member;
            mine.below = std::mem::take(&mut mine.below).union(&node.below);
        }
        self
    }

    /// What is in both.
    pub(in crate::demo) fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine && theirs, |_| None)
    }

    /// What is in this one only. A field below a removed field stays.
    pub(in crate::demo) fn difference(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine && !theirs, |node| Some(node.clone()))
    }

    fn combine(&self, other: &Self, rule: fn(bool, bool) -> bool, alone: fn(&Node) -> Option<Node>) -> Self {
        let mut set = Self::default();
        for (element, mine) in &self.nodes {
            let node = match other.nodes.get(element) {
                None => alone(mine),
                Some(theirs) => Some(Node {
                    member: rule(mine.member, theirs.member),
                    below: mine.below.combine(&theirs.below, rule, alone),
                }),
            };
            if let Some(node) = node {
                set.attach(element.clone(), node);
            }
        }
        set
    }

    /// Takes out a top-level field and all below it.
    pub(in crate::demo) fn drop_branch(&mut self, element: &str) {
        self.nodes.remove(element);
    }

    /// Keeps only a top-level field and all below it.
    pub(in crate::demo) fn keep_branch(&mut self, element: &str) {
        self.nodes.retain(|name, _| name == element);
    }

    /// Every declared field that has a field below it becomes a member too (`Set.EnsureNamedFieldsAreMembers`).
    pub(in crate::demo) fn with_named_fields(&self, of: Type<'_>) -> Self {
        let mut set = Self::default();
        for (element, node) in &self.nodes {
            let field = element.strip_prefix("f:");
            let declared = field.is_some_and(|name| of.field(name).is_some());
            let below = match field {
                Some(name) => node.below.with_named_fields(of.value(name)),
                None => node.below.with_named_fields(of.item()),
            };
            let member = node.member || (declared && !node.below.is_empty());
            set.attach(element.clone(), Node { member, below });
        }
        set
    }

    /// Every member's path as people read it, such as `.spec.ports[port=80,protocol="TCP"].name`, in order.
    pub(in crate::demo) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.walk(&mut String::new(), &mut paths);
        paths
    }

    fn walk(&self, prefix: &mut String, paths: &mut Vec<String>) {
        for (element, node) in &self.nodes {
            let start = prefix.len();
            prefix.push_str(&readable(element));
            if node.member {
                paths.push(prefix.clone());
            }
            node.below.walk(prefix, paths);
            prefix.truncate(start);
        }
    }
}

/// All fields of a value (`TypedValue.ToFieldSet`).
pub(in crate::demo) fn fields_of(value: &Value, of: Type<'_>) -> FieldSet {
    let mut set = FieldSet::default();
    match (of.form(value), value) {
        (Form::Map, Value::Object(map)) => {
            for (key, child) in map {
                let empty = child.is_null() || child.as_object().is_some_and(Map::is_empty);
                let leaf = of.value(key).form(child) == Form::Leaf;
                let member = leaf || empty || of.field(key).is_none();
                set.attach(
                    field(key),
                    Node {
                        member,
                        below: fields_of(child, of.value(key)),
                    },
                );
            }
        }
        (form @ (Form::Set | Form::Keyed(_)), Value::Array(items)) => {
            for item in items {
                if let Some(element) = element_of(form, item, of.item()) {
                    let below = fields_of(item, of.item());
                    let node = set.nodes.entry(element).or_default();
                    // an item that is there twice is owned as a whole
                    node.below = if node.member { FieldSet::default() } else { below };
                    node.member = true;
                }
            }
        }
        (Form::Leaf | Form::Map | Form::Set | Form::Keyed(_), _) => {}
    }
    set
}

/// The element of a named field.
fn field(name: &str) -> String {
    format!("f:{name}")
}

/// The element of a list's item; none if the item lacks all its keys.
fn element_of(form: Form<'_>, item: &Value, of: Type<'_>) -> Option<String> {
    match form {
        Form::Set => (!item.is_object() && !item.is_array() && !item.is_null()).then(|| format!("v:{item}")),
        Form::Keyed(keys) => {
            let mut found: Map<String, Value> = Map::new();
            for key in keys.iter().filter_map(Value::as_str) {
                let value = item
                    .get(key)
                    .or_else(|| of.field(key).and_then(|field| field.get("default")));
                if let Some(value) = value {
                    found.insert(key.to_owned(), value.clone());
                }
            }
            (!found.is_empty()).then(|| format!("k:{}", Value::Object(found)))
        }
        Form::Leaf | Form::Map => None,
    }
}

fn readable(element: &str) -> String {
    let (kind, rest) = element.split_at_checked(2).unwrap_or(("", element));
    match kind {
        "f:" => format!(".{rest}"),
        "k:" => {
            let keys: Map<String, Value> = serde_json::from_str(rest).unwrap_or_default();
            let mut text = String::from("[");
            for (at, (key, value)) in keys.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                let _ = write!(text, "{comma}{key}={value}");
            }
            text.push(']');
            text
        }
        "v:" => format!("[={rest}]"),
        _ => format!("[{rest}]"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::kinds::Resource;

    #[test]
    fn a_service_is_owned_port_by_port_and_a_sidecar_listener_list_as_a_whole() {
        let service = json!({"spec": {"ports": [{"port": 80, "name": "http"}], "selector": {"app": "web"}}});
        let expected = json!({"f:spec": {
            "f:ports": {r#"k:{"port":80,"protocol":"TCP"}"#: {".": {}, "f:name": {}, "f:port": {}}},
            "f:selector": {}}});
        assert_eq!(fields_of(&service, Type::of(Resource::Services)).json(), expected);
        let sidecar = json!({"spec": {"egress": [{"hosts": ["./*"]}]}, "metadata": {"labels": {"a": "b"}}});
        let expected = json!({"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:egress": {}}});
        assert_eq!(fields_of(&sidecar, Type::of(Resource::Sidecars)).json(), expected);
    }

    #[test]
    fn fields_survive_being_written_and_read() {
        let text = json!({"f:a": {".": {}, "f:b": {}}, r#"k:{"name":"x"}"#: {"f:c": {}}});
        assert_eq!(FieldSet::from_json(&text).json(), text);
    }

    #[test]
    fn paths_read_as_the_server_prints_them() {
        let set =
            FieldSet::from_json(&json!({"f:spec": {"f:ports": {r#"k:{"port":80,"protocol":"TCP"}"#: {"f:name": {}}}}}));
        assert_eq!(set.paths(), [r#".spec.ports[port=80,protocol="TCP"].name"#]);
    }

    #[test]
    fn sets_combine() {
        let a = FieldSet::from_json(&json!({"f:x": {".": {}, "f:y": {}}, "f:z": {}}));
        let b = FieldSet::from_json(&json!({"f:x": {"f:y": {}}, "f:w": {}}));
        assert_eq!(a.difference(&b).json(), json!({"f:x": {}, "f:z": {}}));
        assert_eq!(a.intersection(&b).json(), json!({"f:x": {"f:y": {}}}));
        assert_eq!(
            b.union(&a).json(),
            json!({"f:w": {}, "f:x": {".": {}, "f:y": {}}, "f:z": {}})
        );
    }
}
