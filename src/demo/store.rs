//! The objects of the demo's cluster, and what writing one means.
//!
//! Not HTTP: [`crate::demo::server`] speaks it. One counter is the version of everything, as in etcd. Objects of a kind form a
//! shelf with a bounded history; a watcher reads that history and is told 410 when it was too slow. Time is the caller's.
//!
//! Everything that plays a part in the cluster (the story, a test, a client over HTTP) writes through the same door, so every
//! write has versions, field owners and events. [`Store::put`] and its like are for those who are trusted: they may set
//! creation times and uids, and a namespace that they only mention is made.

mod feed;
mod mold;
mod object;
mod restore;
mod shelf;
mod transact;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

pub use super::managed::Force;
pub use super::reference::ResourceRef;
pub use feed::Feed;
pub(in crate::demo) use mold::Mold;
pub use object::{Head, Object};
pub use restore::Snapshot;
pub use shelf::{Change, Objects, Verb};
pub(in crate::demo) use transact::{Run, Stranger};

use super::author::{Author, Part, Trust};
use super::kinds::Resource;
use super::refusal::Refusal;
use super::registry::{self, Decision, Manifest};
use super::tree::text;
use shelf::Shelf;

/// The cluster's objects. Shared by `Arc`; every method takes `&self`.
pub struct Store {
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    version: u64,
    shelves: Vec<Shelf>,
}

impl Store {
    /// An empty cluster whose time is `clock`.
    pub fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let shelves = Resource::ALL.iter().map(|_| Shelf::new()).collect();
        Self {
            clock: Box::new(clock),
            inner: Mutex::new(Inner { version: 0, shelves }),
        }
    }

    /// Now, by the cluster's clock.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The version of the newest write; 0 before the first.
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// Creates an object or replaces it, as this field manager, now. See [`Store::put_at`].
    ///
    /// # Errors
    /// What the server would refuse: a malformed name, an unknown kind, a schema fault.
    pub fn put(&self, object: Value, manager: &str) -> Result<Value, Refusal> {
        self.put_at(object, manager, self.now())
    }

    /// Creates an object or replaces it, as this field manager, at a time of one's own (the story's past).
    ///
    /// On creation `metadata.creationTimestamp` and `metadata.uid` are kept if given. When the object is replaced, both stay as
    /// they were, and a `status` that the given object lacks stays too. A namespace that does not exist is made. Returns
    /// what was stored; storing what is there already changes nothing, not even the version.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn put_at(&self, object: Value, manager: &str, time: Timestamp) -> Result<Value, Refusal> {
        let target = ResourceRef::of(&object)?;
        let author = Author {
            manager,
            part: Part::Whole,
            time,
            trust: Trust::Story,
        };
        let manifest = decode(&target, object)?;
        self.transact(
            &target,
            Run::Commit,
            Stranger::MakeNamespace,
            |scene, live| match live {
                None => registry::create(&target, manifest, &author, scene).map(Decision::Write),
                Some(live) => registry::update(&target, live, manifest, &author, scene),
            },
        )
    }

    /// Stores an object as it stands, for crowds: a copy of what [`Store::put`] returned, under another name.
    ///
    /// Nothing is checked, filled in or owned; only the version is set, and a uid, a creation time and a generation where there
    /// is none. A namespace that does not exist is made. It costs a tenth of a put.
    ///
    /// # Errors
    /// 400 when the kind is not served or there is no name.
    pub fn load(&self, object: Value) -> Result<(), Refusal> {
        let target = ResourceRef::of(&object)?;
        let stored = self.transact(&target, Run::Commit, Stranger::MakeNamespace, |scene, _| {
            Ok(Decision::Write(registry::as_it_stands(&target, object, scene)))
        });
        stored.map(drop)
    }

    /// Replaces the `status` of an object that exists, as this field manager; everything else in the manifest is ignored.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub fn put_status(&self, object: Value, manager: &str) -> Result<Value, Refusal> {
        self.put_status_at(object, manager, self.now())
    }

    /// As [`Store::put_status`], at a time of one's own.
    ///
    /// # Errors
    /// 404 when the object does not exist.
    pub fn put_status_at(&self, object: Value, manager: &str, time: Timestamp) -> Result<Value, Refusal> {
        let target = ResourceRef::of(&object)?;
        let author = Author {
            manager,
            part: Part::Status,
            time,
            trust: Trust::Story,
        };
        let manifest = decode(&target, object)?;
        self.transact(&target, Run::Commit, Stranger::Refuse, |scene, live| match live {
            None => Err(Refusal::not_found(target.resource, &target.name)),
            Some(live) => registry::update(&target, live, manifest, &author, scene),
        })
    }

    /// Applies a configuration as `kubectl apply --server-side` does: the manager owns the fields it names, and what it named
    /// last time and no longer names is taken out. A namespace that does not exist is made.
    ///
    /// # Errors
    /// As [`Store::put`], and 409 when another manager owns a field, unless `force`.
    pub fn apply(&self, config: &Value, manager: &str, force: Force) -> Result<Value, Refusal> {
        self.apply_at(config, manager, force, self.now())
    }

    /// As [`Store::apply`], at a time of one's own.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub fn apply_at(&self, config: &Value, manager: &str, force: Force, time: Timestamp) -> Result<Value, Refusal> {
        let target = ResourceRef::of(config)?;
        let author = Author {
            manager,
            part: Part::Whole,
            time,
            trust: Trust::Story,
        };
        self.transact(&target, Run::Commit, Stranger::MakeNamespace, |scene, live| {
            registry::apply(&target, live, config, &author, force, scene)
        })
    }

    /// Takes an object out at once, with what it owned (a namespace: with all that is in it); finalizers do not hold it.
    /// Returns its last state.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub fn delete(&self, target: &ResourceRef) -> Result<Value, Refusal> {
        self.transact(target, Run::Commit, Stranger::Refuse, |_, live| match live {
            None => Err(Refusal::not_found(target.resource, &target.name)),
            Some(_) => Ok(Decision::Remove),
        })
    }

    /// Finds an object, in its kind's preferred version.
    pub fn get(&self, target: &ResourceRef) -> Option<Value> {
        let spec = target.resource.spec();
        self.find(target).map(|object| object.tree(&spec, spec.preferred()))
    }

    /// All objects of a kind, of one namespace or of all, in the order of the API (namespace, name). Parses each: not for
    /// large clusters.
    pub fn list(&self, resource: Resource, namespace: Option<&str>) -> Vec<Value> {
        let spec = resource.spec();
        let objects = self.lock().shelf(resource).objects.clone();
        within(&objects, namespace)
            .map(|(_, object)| object.tree(&spec, spec.preferred()))
            .collect()
    }

    /// How many objects of a kind there are.
    pub fn count(&self, resource: Resource) -> usize {
        self.lock().shelf(resource).objects.len()
    }

    /// Forgets all history: older watches and the rest of paged lists get 410.
    pub fn forget_history(&self) {
        let mut inner = self.lock();
        let version = inner.version;
        for shelf in &mut inner.shelves {
            shelf.forget(version);
        }
    }

    /// Whether a kind is served now: built-in ones always, custom ones while their definition is stored.
    pub fn serves(&self, resource: Resource) -> bool {
        let spec = resource.spec();
        match spec.origin {
            super::kinds::Origin::BuiltIn => true,
            super::kinds::Origin::Custom => self
                .lock()
                .shelf(Resource::CustomResourceDefinitions)
                .objects
                .contains_key(spec.qualified().as_str()),
        }
    }

    /// Finds an object as it is stored.
    pub(in crate::demo) fn find(&self, target: &ResourceRef) -> Option<Arc<Object>> {
        self.lock().shelf(target.resource).objects.get(&*target.key()).cloned()
    }

    /// The present state of a kind and its version; kept for later pages if `keep`.
    pub(in crate::demo) fn snapshot(&self, resource: Resource, keep: Keep) -> (u64, Objects) {
        let mut inner = self.lock();
        let version = inner.version;
        let kind = inner.shelf_mut(resource);
        if keep == Keep::ForPages {
            kind.keep(version);
        }
        (version, kind.objects.clone())
    }

    /// The state of a kind at an earlier version, if it is still known.
    pub(in crate::demo) fn find_snapshot(&self, resource: Resource, version: u64) -> Option<Objects> {
        self.lock().shelf(resource).find_at(version)
    }

    /// The changes of a kind after a version.
    pub(in crate::demo) fn feed(self: &Arc<Self>, resource: Resource, version: u64) -> Feed {
        let changed = self.lock().shelf(resource).subscribe();
        Feed::new(Arc::clone(self), resource, version, changed)
    }

    fn since(&self, resource: Resource, version: u64, limit: usize) -> Result<Vec<Arc<Change>>, Refusal> {
        let inner = self.lock();
        inner
            .shelf(resource)
            .since(version, limit)
            .map_err(|oldest| Refusal::too_old(version, oldest))
    }

    fn seen_up_to(&self, resource: Resource, cursor: u64) -> u64 {
        let inner = self.lock();
        if inner.shelf(resource).newest() <= cursor {
            inner.version.max(cursor)
        } else {
            cursor
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // a writer that panicked wrote nothing half: objects are replaced whole
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

/// Decodes a manifest of the story, which must not name fields that do not exist.
fn decode(target: &ResourceRef, object: Value) -> Result<Manifest, Refusal> {
    let version = text(&object, "/apiVersion")
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    Manifest::decode(target.resource, &version, object)?.strict(target.resource)
}

/// Whether the present state is kept for later pages of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Keep {
    ForPages,
    No,
}

/// The objects of one namespace, or all.
pub(in crate::demo) fn within<'a>(
    objects: &'a Objects,
    namespace: Option<&str>,
) -> Box<dyn Iterator<Item = (&'a Arc<str>, &'a Arc<Object>)> + 'a> {
    match namespace {
        None => Box::new(objects.iter()),
        Some(namespace) => {
            // '0' follows '/'
            let (from, to) = (
                Arc::<str>::from(format!("{namespace}/")),
                Arc::<str>::from(format!("{namespace}0")),
            );
            Box::new(objects.range(from..to))
        }
    }
}

impl Inner {
    #[expect(
        clippy::indexing_slicing,
        reason = "one shelf for each kind, in the order of the enum"
    )]
    fn shelf(&self, resource: Resource) -> &Shelf {
        &self.shelves[resource as usize]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "one shelf for each kind, in the order of the enum"
    )]
    fn shelf_mut(&mut self, resource: Resource) -> &mut Shelf {
        &mut self.shelves[resource as usize]
    }
}

#[cfg(test)]
mod tests;
