//! How complete each kind's objects are: a table is only as true as its input.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ListScope;
use crate::mesh::model::{Kind, Text};

/// What a source found of one kind in one scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// Asked for, not yet complete.
    Pending,
    /// All of it is listed.
    All,
    /// The server does not have the kind.
    NoSuchKind,
    /// It may not be read there.
    Denied,
}

/// What is known of one kind, over all scopes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Coverage {
    /// Asked for, not yet complete.
    Pending,
    /// All of it is listed.
    Complete,
    /// The server does not have the kind (its CRD is not installed): there can be no object.
    Absent,
    /// Only these namespaces may be read.
    Partial {
        /// Namespaces that are listed, in order.
        readable: Arc<[Text]>,
    },
    /// It may not be read at all.
    Denied,
}

/// Input that a table lacks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Gap {
    /// This kind is not readable.
    Denied(Kind),
    /// Of this kind only some namespaces are readable: how many.
    Partial(Kind, usize),
}

/// The coverage of every kind: a function of the last word on each scope.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CoverageMap {
    by_kind: BTreeMap<Kind, BTreeMap<ListScope, Found>>,
}

impl CoverageMap {
    /// What is known of `kind`: of the whole cluster if it may be listed, else of the namespaces that were tried.
    pub fn get(&self, kind: Kind) -> Coverage {
        let Some(scopes) = self.by_kind.get(&kind) else {
            return Coverage::Pending;
        };
        match scopes.get(&ListScope::All) {
            Some(Found::All) => return Coverage::Complete,
            Some(Found::NoSuchKind) => return Coverage::Absent,
            Some(Found::Pending) => return Coverage::Pending,
            Some(Found::Denied) | None => {}
        }
        let mut readable = Vec::new();
        for (scope, found) in scopes {
            let ListScope::Namespace(namespace) = scope else {
                continue;
            };
            match found {
                Found::Pending => return Coverage::Pending,
                Found::All => readable.push(namespace.clone()),
                Found::NoSuchKind | Found::Denied => {}
            }
        }
        match (readable.is_empty(), scopes.contains_key(&ListScope::All)) {
            (false, _) => Coverage::Partial {
                readable: readable.into(),
            },
            (true, true) => Coverage::Denied,
            (true, false) => Coverage::Pending,
        }
    }

    /// Takes in what a source found of `kind` in `scope`.
    pub fn set(&mut self, kind: Kind, scope: ListScope, found: Found) {
        self.by_kind.entry(kind).or_default().insert(scope, found);
    }

    /// The last word on each scope of each kind, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, &ListScope, Found)> {
        self.by_kind
            .iter()
            .flat_map(|(kind, scopes)| scopes.iter().map(|(scope, found)| (*kind, scope, *found)))
    }

    /// Every kind complete: for a dump, which is all there is.
    pub fn all_complete() -> Self {
        let all = || BTreeMap::from([(ListScope::All, Found::All)]);
        Self {
            by_kind: Kind::ALL.iter().map(|kind| (*kind, all())).collect(),
        }
    }

    /// Kinds of `needed` that are not listed yet: before that, no table may be drawn.
    pub fn pending<'a>(&'a self, needed: &'a [Kind]) -> impl Iterator<Item = Kind> + 'a {
        needed
            .iter()
            .copied()
            .filter(|kind| self.get(*kind) == Coverage::Pending)
    }

    /// What is lacking of `needed`, in the order of the kinds.
    pub fn gaps<'a>(&'a self, needed: &'a [Kind]) -> impl Iterator<Item = Gap> + 'a {
        needed.iter().filter_map(|kind| match self.get(*kind) {
            Coverage::Denied => Some(Gap::Denied(*kind)),
            Coverage::Partial { readable } => Some(Gap::Partial(*kind, readable.len())),
            Coverage::Pending | Coverage::Complete | Coverage::Absent => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_count_only_where_the_cluster_is_denied_and_all_are_settled() {
        let mut map = CoverageMap::default();
        assert_eq!(map.get(Kind::Pod), Coverage::Pending);
        map.set(Kind::Pod, ListScope::All, Found::Denied);
        assert_eq!(map.get(Kind::Pod), Coverage::Denied);
        map.set(Kind::Pod, ListScope::Namespace("a".into()), Found::All);
        map.set(Kind::Pod, ListScope::Namespace("b".into()), Found::Pending);
        assert_eq!(map.get(Kind::Pod), Coverage::Pending);
        map.set(Kind::Pod, ListScope::Namespace("b".into()), Found::Denied);
        assert_eq!(
            map.get(Kind::Pod),
            Coverage::Partial {
                readable: ["a".into()].into()
            }
        );
        map.set(Kind::Pod, ListScope::All, Found::All);
        assert_eq!(map.get(Kind::Pod), Coverage::Complete);
    }
}
