//! What every object has: its key, identity, age, labels, and who wrote it.
//!
//! Not here: `resourceVersion`. It says that something was written, not that something is different, and equality of
//! two objects must mean that nothing a reader could see has changed.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::second::optional as second;
use serde::{Deserialize, Serialize};

use super::{Labels, Text};

/// Namespace and name; the namespace is empty for cluster-scoped kinds.
///
/// Ordered as the API server lists them, by the text `namespace/name`: `shop-eu/a` comes before `shop/a`.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Key {
    /// Empty for cluster-scoped kinds.
    pub namespace: Text,
    /// `metadata.name`.
    pub name: Text,
}

impl Key {
    /// A key from its two parts.
    pub fn new(namespace: impl Into<Text>, name: impl Into<Text>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.namespace == other.namespace {
            return self.name.cmp(&other.name);
        }
        let (a, b) = (self.namespace.as_bytes(), other.namespace.as_bytes());
        let differ = a.iter().zip(b).find(|(a, b)| a != b);
        // one is the beginning of the other: the shorter one goes on with the slash
        let next = |bytes: &[u8], at: usize| bytes.get(at).copied().unwrap_or(b'/');
        let shorter = a.len().min(b.len());
        match differ {
            Some((a, b)) => a.cmp(b),
            None => next(a, shorter).cmp(&next(b, shorter)).then(a.len().cmp(&b.len())),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Key {
    /// `namespace/name`, or the name alone for cluster-scoped kinds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{}", self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `metadata.uid`. Two objects of one key with different uids are two objects: one was deleted, the other created.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Uid(pub u128);

impl From<&str> for Uid {
    /// The 128 bits of a UUID; of any other text a hash, so that different texts stay different.
    fn from(text: &str) -> Self {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        match u128::from_str_radix(&hex, 16) {
            Ok(bits) if hex.len() == 32 => Self(bits),
            _ => Self(fnv1a_128(text.as_bytes())),
        }
    }
}

/// FNV-1a, 128 bits: stable between runs, so that a recording made yesterday names the same object today.
fn fnv1a_128(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes
        .iter()
        .fold(OFFSET, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

/// The controlling owner of an object (`metadata.ownerReferences`, the one with `controller: true`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Owner {
    /// Such as `ReplicaSet`.
    pub kind: Text,
    /// Its name, in the same namespace.
    pub name: Text,
}

/// One entry of `metadata.managedFields`: who wrote which fields last, and when.
///
/// A manager is a program (`kubectl-edit`, `argocd-controller`), not a person.
/// Kubernetes: <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct FieldManager {
    /// Such as `kubectl-edit`.
    pub manager: Text,
    /// `Apply` or `Update`.
    pub operation: Text,
    /// Of the last write by this manager; absent on very old objects.
    #[serde(with = "second")]
    pub time: Option<Timestamp>,
    /// Such as `status`; empty for the object itself.
    pub subresource: Text,
    /// Paths of the fields owned, dotted, without the `f:` of the wire (`spec.egress`, `metadata.labels.app`), in
    /// order, at most 32; deeper than three levels they are cut.
    pub fields: Arc<[Text]>,
}

/// What every object has.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// Namespace and name.
    pub key: Key,
    /// `metadata.uid`; zero where a dump has none.
    pub uid: Uid,
    /// `metadata.creationTimestamp`, at one second; absent where a dump has none.
    #[serde(with = "second")]
    pub created: Option<Timestamp>,
    /// `metadata.deletionTimestamp`: set means that the object is being deleted.
    #[serde(with = "second")]
    pub deleting: Option<Timestamp>,
    /// `metadata.generation`; 0 for kinds that have none.
    pub generation: i64,
    /// `metadata.labels`.
    pub labels: Labels,
    /// Those of `metadata.annotations` that a rule or a view reads (decode keeps a list of them); the rest is dropped.
    pub annotations: Labels,
}

/// What is kept besides of a *config* object ([`super::Kind::is_config`]): the story of its edits and its text.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// `metadata.managedFields`, newest first, at most 64; `status` writers are left out.
    pub managers: Arc<[FieldManager]>,
    /// The object without `managedFields`, `resourceVersion` and `status`, as compact JSON, LZ4-compressed (size
    /// prepended).
    #[serde(with = "unpacked")]
    pub text: Arc<[u8]>,
}

/// A text is written down as it is, not packed: so what is written of an edit is as short as the edit.
mod unpacked {
    use std::sync::Arc;

    use serde::de::{Deserialize as _, Deserializer};
    use serde::ser::Serializer;

    use super::Text;

    pub(super) fn serialize<S: Serializer>(packed: &Arc<[u8]>, to: S) -> Result<S::Ok, S::Error> {
        let text = lz4_flex::decompress_size_prepended(packed).unwrap_or_default();
        to.serialize_str(&String::from_utf8_lossy(&text))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<[u8]>, D::Error> {
        let text = Text::deserialize(from)?;
        Ok(if text.is_empty() {
            Arc::default()
        } else {
            lz4_flex::compress_prepend_size(text.as_bytes()).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_api_servers_order() {
        let mut keys = [
            ("shop", "b"),
            ("shop-eu", "a"),
            ("shop", "a"),
            ("shop0", "a"),
            ("", "z"),
            ("sho", "x"),
        ]
        .map(|(namespace, name)| Key::new(namespace, name));
        keys.sort();
        let shown = keys.map(|key| key.to_string());
        assert_eq!(shown, ["z", "sho/x", "shop-eu/a", "shop/a", "shop/b", "shop0/a"]);
    }
}
