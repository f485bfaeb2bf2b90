//! One kind's objects by key: a persistent ordered map, so that a snapshot is a pointer.

use std::ops::Bound;
use std::sync::Arc;

use crate::mesh::model::{Key, Meta};

/// The objects of one kind, ordered by namespace, then name.
#[derive(Clone, Debug)]
pub struct Table<T> {
    rows: imbl::OrdMap<Key, Arc<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: imbl::OrdMap::new(),
        }
    }
}

/// What a table asks of its rows. Implemented by every kind of the table of kinds.
pub trait Row {
    /// Key, age, labels.
    fn meta(&self) -> &Meta;
}

macro_rules! define_rows {
    ($($variant:ident $field:ident $plural:literal $class:ident,)*) => {
        $(impl Row for crate::mesh::model::$variant {
            fn meta(&self) -> &Meta {
                &self.meta
            }
        })*
    };
}

crate::kinds!(define_rows);

impl<T: Row> Table<T> {
    pub(super) fn put(&mut self, row: Arc<T>) -> Option<Arc<T>> {
        self.rows.insert(row.meta().key.clone(), row)
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Arc<T>> {
        self.rows.remove(key)
    }

    /// The object of this key.
    pub fn get(&self, key: &Key) -> Option<&Arc<T>> {
        self.rows.get(key)
    }

    /// All objects, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.rows.values()
    }

    /// The objects of one namespace, by name.
    pub fn in_namespace<'a>(&'a self, namespace: &str) -> impl Iterator<Item = &'a Arc<T>> + use<'a, T> {
        let from = Key::new(namespace, "");
        let namespace = from.namespace.clone();
        self.rows
            .range(from..)
            .take_while(move |(key, _)| key.namespace == namespace)
            .map(|(_, row)| row)
    }

    /// The objects whose keys come after this one, by key: where a walk over all of them goes on.
    pub fn after<'a>(&'a self, key: &Key) -> impl Iterator<Item = &'a Arc<T>> + use<'a, T> {
        let from = (Bound::Excluded(key.clone()), Bound::Unbounded);
        self.rows.range(from).map(|(_, row)| row)
    }

    /// All keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.rows.keys()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether both are the very same snapshot (cheap; `false` proves nothing).
    pub fn is_same_snapshot(&self, other: &Self) -> bool {
        self.rows.ptr_eq(&other.rows)
    }
}
