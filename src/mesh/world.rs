//! The tables of all objects, and the one way in: [`World::apply`].
//!
//! A function of the set of objects, never of the order in which they came: a re-list that is aborted half-way, an
//! event seen twice or an object seen before its namespace end in the same world. Tables are persistent maps, so a
//! `clone` is a snapshot that costs pointers. Not here: the past ([`super::history`]), istiod's view of the objects
//! ([`super::scope`]).

mod coverage;
mod source;
mod table;

use std::sync::Arc;

pub use self::coverage::{Coverage, CoverageMap, Found, Gap};
pub use self::source::{Failure, SourceState};
pub use self::table::{Row, Table};
use super::model::{
    DestinationRule, EndpointSlice, EnvoyFilter, Event, GRPCRoute, Gateway, HTTPRoute, Istiod, Key, Kind,
    MeshConfigMap, Namespace, Node, Object, Pod, RevisionTag, Service, ServiceEntry, Sidecar, TCPRoute, TLSRoute, Text,
    VirtualService, WorkloadEntry,
};

/// What a source says. The vocabulary of every adapter: a watch, a dump, a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delta {
    /// A list of this kind begins: what is not put before its [`Delta::ListEnd`] is gone.
    ListStart(Kind, ListScope),
    /// An object is there, or is now like this.
    Put(Object),
    /// An object is gone; only its key is needed.
    Remove(Kind, Key),
    /// The list is complete: objects of the scope that were not put since its start are removed.
    ListEnd(Kind, ListScope),
    /// What a source found of this kind in this scope (all of it, nothing it may read ...).
    Coverage(Kind, ListScope, Found),
}

/// What part of a kind a list covers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ListScope {
    /// All namespaces (or a cluster-scoped kind).
    All,
    /// One namespace: the fall-back where the whole cluster may not be read.
    Namespace(Text),
}

impl ListScope {
    fn holds(&self, key: &Key) -> bool {
        match self {
            ListScope::All => true,
            ListScope::Namespace(namespace) => key.namespace == *namespace,
        }
    }
}

/// One object before and after: a change and its inverse in one.
///
/// `before` absent: it appeared; `after` absent: it went. Both sides share memory with the world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The object as it was.
    pub before: Option<Object>,
    /// The object as it is.
    pub after: Option<Object>,
}

impl Change {
    /// The kind and key of the object.
    ///
    /// `None` for a change of nothing into nothing, which [`World::apply`] never returns.
    pub fn identity(&self) -> Option<(Kind, &Key)> {
        self.after
            .as_ref()
            .or(self.before.as_ref())
            .map(|object| (object.kind(), object.key()))
    }

    /// The same change, backwards.
    #[must_use]
    pub fn inverse(&self) -> Change {
        Change {
            before: self.after.clone(),
            after: self.before.clone(),
        }
    }
}

macro_rules! define_world {
    ($($variant:ident $field:ident $plural:literal $class:ident,)*) => {
        /// Every known object, with what is known of each kind's completeness.
        #[derive(Clone, Debug, Default)]
        pub struct World {
            $(#[doc = concat!("All `", $plural, "`.")] pub $field: Table<$variant>,)*
            /// What is known of each kind: a table is only as true as its input is complete.
            pub coverage: CoverageMap,
            index: Index,
            /// Lists under way: what they have named until now.
            listing: imbl::OrdMap<(Kind, ListScope), imbl::OrdSet<Key>>,
        }

        impl World {
            fn put(&mut self, object: Object) -> Option<Change> {
                match object {
                    $(Object::$variant(object) => {
                        if self.$field.get(&object.meta.key) == Some(&object) {
                            return None;
                        }
                        let before = self.$field.put(Arc::clone(&object));
                        Some(Change {
                            before: before.map(Object::$variant),
                            after: Some(Object::$variant(object)),
                        })
                    })*
                }
            }

            fn remove(&mut self, kind: Kind, key: &Key) -> Option<Change> {
                let before = match kind {
                    $(Kind::$variant => self.$field.remove(key).map(Object::$variant),)*
                };
                before.map(|object| Change { before: Some(object), after: None })
            }

            /// The object of this kind and key.
            pub fn get(&self, kind: Kind, key: &Key) -> Option<Object> {
                match kind {
                    $(Kind::$variant => self.$field.get(key).cloned().map(Object::$variant),)*
                }
            }

            fn keys(&self, kind: Kind) -> Vec<Key> {
                match kind {
                    $(Kind::$variant => self.$field.keys().cloned().collect(),)*
                }
            }

            /// Calls `visit` with each object of this kind in this scope, by key.
            pub fn each_in(&self, kind: Kind, scope: &ListScope, visit: &mut dyn FnMut(Object)) {
                match kind {
                    $(Kind::$variant => {
                        let objects = self.$field.iter().filter(|object| scope.holds(&object.meta.key));
                        objects.for_each(|object| visit(Object::$variant(Arc::clone(object))));
                    })*
                }
            }

            /// How many objects of this kind there are.
            pub fn count(&self, kind: Kind) -> usize {
                match kind {
                    $(Kind::$variant => self.$field.len(),)*
                }
            }
        }
    };
}

crate::kinds!(define_world);

/// Look-ups that hold for every control plane, kept in step by [`World::apply`]. Flat sets of pairs: most values have
/// one partner, and a set of its own for each would cost more than the objects.
#[derive(Clone, Debug, Default)]
struct Index {
    /// Service, slice, with the slice itself, for it is asked for with every look-up.
    slices: imbl::OrdMap<(Key, Key), Arc<EndpointSlice>>,
    /// Address, pod.
    pods: imbl::OrdSet<(Text, Key)>,
}

impl World {
    /// Takes in one delta and says what changed: nothing for an object that says nothing new.
    ///
    /// A [`Delta::ListEnd`] can change many objects at once; all else changes one at most.
    pub fn apply(&mut self, delta: Delta) -> Vec<Change> {
        let changes: Vec<Change> = match delta {
            Delta::ListStart(kind, scope) => {
                self.listing.insert((kind, scope), imbl::OrdSet::new());
                Vec::new()
            }
            Delta::Put(object) => {
                self.for_lists_of(object.kind(), object.key(), |seen| {
                    seen.insert(object.key().clone());
                });
                self.put(object).into_iter().collect()
            }
            Delta::Remove(kind, key) => {
                self.for_lists_of(kind, &key, |seen| {
                    seen.remove(&key);
                });
                self.remove(kind, &key).into_iter().collect()
            }
            Delta::ListEnd(kind, scope) => self.sweep(kind, &scope),
            Delta::Coverage(kind, scope, found) => {
                self.coverage.set(kind, scope, found);
                Vec::new()
            }
        };
        for change in &changes {
            self.index.follow(change);
        }
        changes
    }

    /// Applies a change (or its inverse) as it stands: for a look into the past, and for what-if.
    pub fn apply_change(&mut self, change: &Change) {
        let applied = match (&change.before, &change.after) {
            (_, Some(object)) => self.put(object.clone()),
            (Some(object), None) => self.remove(object.kind(), object.key()),
            (None, None) => None,
        };
        if let Some(change) = applied {
            self.index.follow(&change);
        }
    }

    /// The slices that name this service, in order of their keys.
    pub fn slices_of<'a>(&'a self, service: &Key) -> impl Iterator<Item = &'a Arc<EndpointSlice>> + use<'a> {
        let from = (service.clone(), Key::default());
        let of = service.clone();
        let pairs = self
            .index
            .slices
            .range(from..)
            .take_while(move |((service, _), _)| *service == of);
        pairs.map(|(_, slice)| slice)
    }

    /// The pods that have this address, in order of their keys: several where pods share their node's network.
    pub fn pods_with_ip<'a>(&'a self, ip: &str) -> impl Iterator<Item = &'a Arc<Pod>> + use<'a> {
        partners(&self.index.pods, Text::from(ip)).filter_map(|key| self.pods.get(key))
    }

    /// The pods whose addresses begin like this, each with that address, in order of the addresses' texts.
    pub fn pods_with_ip_like<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a Text, &'a Key)> {
        let pairs = self.index.pods.range((Text::from(start), Key::default())..);
        pairs
            .take_while(move |(ip, _)| ip.starts_with(start))
            .map(|(ip, pod)| (ip, pod))
    }

    /// How many entries the look-ups and the lists under way hold, besides the objects' own tables: bounded by what
    /// the objects say.
    pub fn held(&self) -> usize {
        let tables: usize = Kind::ALL.iter().map(|kind| self.count(*kind)).sum();
        let listed: usize = self.listing.values().map(|seen| 1 + seen.len()).sum();
        tables + listed + self.index.slices.len() + self.index.pods.len()
    }

    /// Edits what the lists under way that cover this key have named.
    fn for_lists_of(&mut self, kind: Kind, key: &Key, edit: impl Fn(&mut imbl::OrdSet<Key>)) {
        if self.listing.is_empty() {
            return;
        }
        for scope in [ListScope::All, ListScope::Namespace(key.namespace.clone())] {
            if let Some(seen) = self.listing.get_mut(&(kind, scope)) {
                edit(seen);
            }
        }
    }

    fn sweep(&mut self, kind: Kind, scope: &ListScope) -> Vec<Change> {
        let Some(seen) = self.listing.remove(&(kind, scope.clone())) else {
            return Vec::new();
        };
        let gone = self
            .keys(kind)
            .into_iter()
            .filter(|key| scope.holds(key) && !seen.contains(key));
        let gone: Vec<Key> = gone.collect();
        gone.iter().filter_map(|key| self.remove(kind, key)).collect()
    }
}

impl Index {
    fn follow(&mut self, change: &Change) {
        match (&change.before, &change.after) {
            // Addresses rarely change with an object.
            (Some(Object::Pod(before)), Some(Object::Pod(after))) if before.ips == after.ips => {}
            (Some(Object::EndpointSlice(before)), Some(after @ Object::EndpointSlice(slice)))
                if before.service == slice.service =>
            {
                self.learn(after);
            }
            (before, after) => {
                if let Some(object) = before {
                    self.forget(object);
                }
                if let Some(object) = after {
                    self.learn(object);
                }
            }
        }
    }

    fn learn(&mut self, object: &Object) {
        if let Object::EndpointSlice(slice) = object {
            self.slices
                .insert((service_of(slice), slice.meta.key.clone()), Arc::clone(slice));
        } else if let Object::Pod(pod) = object {
            for ip in pod.ips.iter() {
                self.pods.insert((ip.clone(), pod.meta.key.clone()));
            }
        }
    }

    fn forget(&mut self, object: &Object) {
        if let Object::EndpointSlice(slice) = object {
            self.slices.remove(&(service_of(slice), slice.meta.key.clone()));
        } else if let Object::Pod(pod) = object {
            for ip in pod.ips.iter() {
                self.pods.remove(&(ip.clone(), pod.meta.key.clone()));
            }
        }
    }
}

fn service_of(slice: &EndpointSlice) -> Key {
    Key {
        namespace: slice.meta.key.namespace.clone(),
        name: slice.service.clone(),
    }
}

/// The partners of one value, in order.
fn partners<V: Ord + Clone>(pairs: &imbl::OrdSet<(V, Key)>, of: V) -> impl Iterator<Item = &Key> + use<'_, V> {
    let from = (of.clone(), Key::default());
    pairs
        .range(from..)
        .take_while(move |(value, _)| *value == of)
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::model::Meta;

    fn pod(name: &str, ip: &str) -> Object {
        let meta = Meta {
            key: Key::new("shop", name),
            ..Meta::default()
        };
        Pod {
            meta,
            ips: [Text::from(ip)].into(),
            ..Pod::default()
        }
        .into()
    }

    #[test]
    fn put_that_says_nothing_new_is_no_change() {
        let mut world = World::default();
        assert_eq!(world.apply(Delta::Put(pod("a", "10.0.0.1"))).len(), 1);
        assert!(world.apply(Delta::Put(pod("a", "10.0.0.1"))).is_empty());
    }

    #[test]
    fn list_end_removes_what_was_not_listed_and_an_aborted_list_removes_nothing() {
        let mut world = World::default();
        world.apply(Delta::Put(pod("a", "10.0.0.1")));
        world.apply(Delta::Put(pod("b", "10.0.0.2")));
        world.apply(Delta::ListStart(Kind::Pod, ListScope::All));
        world.apply(Delta::Put(pod("b", "10.0.0.2")));
        world.apply(Delta::ListStart(Kind::Pod, ListScope::All));
        assert_eq!(world.pods.len(), 2, "the first list was aborted");
        world.apply(Delta::Put(pod("a", "10.0.0.1")));
        let gone = world.apply(Delta::ListEnd(Kind::Pod, ListScope::All));
        assert_eq!(
            gone.iter()
                .map(|change| change.identity().unwrap().1.to_string())
                .collect::<Vec<_>>(),
            ["shop/b"]
        );
        assert_eq!(world.pods_with_ip("10.0.0.2").count(), 0);
    }

    #[test]
    fn a_change_and_its_inverse_leave_the_world_as_it_was() {
        let mut world = World::default();
        world.apply(Delta::Put(pod("a", "10.0.0.1")));
        let changes = world.apply(Delta::Put(pod("a", "10.0.0.9")));
        let mut past = world.clone();
        past.apply_change(&changes[0].inverse());
        assert_eq!(past.pods_with_ip("10.0.0.1").count(), 1);
        assert_eq!(past.pods_with_ip("10.0.0.9").count(), 0);
        assert_eq!(world.pods_with_ip("10.0.0.9").count(), 1, "the present is untouched");
    }
}
