//! Reasons as documents have them: rule, words, object. One shape for rows, comparisons and explanations.

use serde_json::{Map, Value, json};

use super::Shown;
use crate::mesh::model::{Key, Kind};
use crate::mesh::scope::{NoTable, Reason, Why};

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

/// A reason with the delegates of the VirtualService that it speaks of, where there are any.
pub fn with_delegates(mut reason: Value, delegates: &[Key]) -> Value {
    if let (Some(fields), false) = (reason.as_object_mut(), delegates.is_empty()) {
        let delegates = delegates
            .iter()
            .map(|key| object_of(&(Kind::VirtualService, key.clone())));
        fields.insert("delegates".to_owned(), delegates.collect());
    }
    reason
}

/// `{kind, namespace, name}`
pub fn object_of((kind, key): &(Kind, Key)) -> Value {
    json!({ "kind": kind.name(), "namespace": key.namespace.as_str(), "name": key.name.as_str() })
}

/// The links of a chain, first to last.
pub fn reasons<'a>(chain: impl IntoIterator<Item = &'a Reason>) -> Value {
    let links = chain.into_iter();
    links
        .map(|link| with_delegates(reason(link.id(), link, link.object()), link.delegates()))
        .collect()
}

/// The chain of a row.
pub fn chain(why: &Why) -> Value {
    reasons(&*why.chain)
}

/// Why there is no table, and what to do.
pub fn no_table(reason: &NoTable, pod: &Key) -> String {
    let name = Shown::from(format!("{}.{}", pod.name, pod.namespace));
    match reason {
        NoTable::NoSuchPod => format!("no pod '{name}'"),
        NoTable::Pending(kinds) => {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.plural()).collect();
            format!("no table of pod '{name}' yet: {} not listed", kinds.join(", "))
        }
        NoTable::NoProxy => {
            format!("pod '{name}' has no sidecar: is its namespace labelled istio-injection=enabled or istio.io/rev?")
        }
        NoTable::Ambient => {
            format!("pod '{name}' is in ambient mode: the node's ztunnel takes its traffic, no Envoy here")
        }
        NoTable::Waypoint => {
            format!("pod '{name}' is a waypoint: its table is not computed; ask its Envoy with istioctl")
        }
        NoTable::NoAddress => format!("pod '{name}' has no address yet: its sidecar is not connected"),
    }
}
