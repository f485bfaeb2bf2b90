//! All objects of one kind, with the bounded past that watches and paged lists read.
//!
//! A watcher has no queue of its own: it reads the shelf's one history from where it stands. Somebody too slow finds that
//! the history has gone on without him, and is told 410; nobody waits for him.

use std::collections::VecDeque;
use std::sync::Arc;

use imbl::OrdMap;
use tokio::sync::watch;

use super::object::Object;

/// Changes kept for each kind.
pub(super) const HISTORY: usize = 1024;
/// Old states kept for each kind, so that a paged list stays consistent while others write.
const SNAPSHOTS: usize = 16;

/// `namespace/name`, or the bare name: etcd's keys, hence etcd's order (`a-b/x` before `a/x`).
pub(super) type Key = Arc<str>;
/// The objects of a kind at one moment; a copy costs a pointer.
pub type Objects = OrdMap<Arc<str>, Arc<Object>>;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It was created.
    Added,
    /// It was written.
    Modified,
    /// It is gone; the change holds its last state, at the version of the deletion.
    Deleted,
}

/// One change of one object.
#[derive(Debug)]
pub struct Change {
    /// What happened.
    pub verb: Verb,
    /// The object after it (for a deletion: its last state). Its version is the change's.
    pub object: Arc<Object>,
    /// The object before it.
    pub previous: Option<Arc<Object>>,
}

#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) objects: Objects,
    history: VecDeque<Arc<Change>>,
    /// Changes up to and with this version are forgotten.
    forgotten: u64,
    snapshots: VecDeque<(u64, Objects)>,
    changed: watch::Sender<()>,
}

impl Shelf {
    pub(super) fn new() -> Self {
        Self {
            objects: Objects::new(),
            history: VecDeque::new(),
            forgotten: 0,
            snapshots: VecDeque::new(),
            changed: watch::Sender::new(()),
        }
    }

    /// Puts an object in, in place of the one before.
    pub(super) fn write(&mut self, key: Key, object: Object) {
        let object = Arc::new(object);
        let previous = self.objects.insert(key, Arc::clone(&object));
        let verb = if previous.is_some() {
            Verb::Modified
        } else {
            Verb::Added
        };
        self.record(Change { verb, object, previous });
    }

    /// Takes an object out; `last` is its last state at the version of the deletion.
    pub(super) fn remove(&mut self, key: &str, last: Object) {
        let previous = self.objects.remove(key);
        self.record(Change {
            verb: Verb::Deleted,
            object: Arc::new(last),
            previous,
        });
    }

    fn record(&mut self, change: Change) {
        if self.history.len() == HISTORY
            && let Some(oldest) = self.history.pop_front()
        {
            self.forgotten = oldest.object.version;
        }
        self.history.push_back(Arc::new(change));
        self.changed.send_replace(());
    }

    /// Forgets all history and old states up to a version.
    pub(super) fn forget(&mut self, version: u64) {
        self.history.clear();
        self.snapshots.clear();
        self.forgotten = version;
        self.changed.send_replace(());
    }

    /// Up to `limit` changes after a version, oldest first.
    ///
    /// # Errors
    /// The oldest version one may ask for, when the history does not reach back that far.
    pub(super) fn since(&self, version: u64, limit: usize) -> Result<Vec<Arc<Change>>, u64> {
        if version < self.forgotten {
            return Err(self.forgotten);
        }
        let start = self.history.partition_point(|change| change.object.version <= version);
        Ok(self.history.iter().skip(start).take(limit).cloned().collect())
    }

    /// The newest change's version, or 0.
    pub(super) fn newest(&self) -> u64 {
        self.history
            .back()
            .map_or(self.forgotten, |change| change.object.version)
    }

    /// Keeps the present state for the pages that are still to come.
    pub(super) fn keep(&mut self, version: u64) {
        if self.snapshots.back().is_some_and(|(kept, _)| *kept == version) {
            return;
        }
        if self.snapshots.len() == SNAPSHOTS {
            self.snapshots.pop_front();
        }
        self.snapshots.push_back((version, self.objects.clone()));
    }

    /// The state at a version: a kept one, or the present one if nothing happened since.
    pub(super) fn find_at(&self, version: u64) -> Option<Objects> {
        if version >= self.newest() {
            return Some(self.objects.clone());
        }
        self.snapshots
            .iter()
            .find(|(kept, _)| *kept == version)
            .map(|(_, objects)| objects.clone())
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
