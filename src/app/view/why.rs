//! Reasons as documents have them: rule, words, object. One shape for rows, comparisons and explanations.

use serde_json::{Map, Value, json};

use crate::mesh::model::{Key, Kind};
use crate::mesh::scope::{Reason, Why};

/// A reason of any kind: its rule, its words, the object it speaks of.
pub fn reason(rule: &str, text: &impl ToString, object: Option<(Kind, Key)>) -> Value {
    let mut fields = Map::new();
    fields.insert("rule".to_owned(), json!(rule));
    fields.insert("text".to_owned(), json!(text.to_string()));
    if let Some(named) = object {
        fields.insert("object".to_owned(), object_of(&named));
    }
    Value::Object(fields)
}

/// `{kind, namespace, name}`
pub fn object_of((kind, key): &(Kind, Key)) -> Value {
    json!({ "kind": kind.name(), "namespace": key.namespace.as_str(), "name": key.name.as_str() })
}

/// The links of a chain, first to last.
pub fn reasons<'a>(chain: impl IntoIterator<Item = &'a Reason>) -> Value {
    let links = chain.into_iter();
    links.map(|link| reason(link.id(), link, link.object())).collect()
}

/// The chain of a row.
pub fn chain(why: &Why) -> Value {
    reasons(&*why.chain)
}
