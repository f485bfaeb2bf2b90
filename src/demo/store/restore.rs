//! The whole cluster at one moment, and the way back to it.
//!
//! Going back is no new history for what did not change: only objects that differ are written, and watchers see that as they
//! see any write. Versions go on growing. An object that is made again gets a uid of its own, as in a real cluster, and whoever
//! names the old one (owners, targets of endpoints, Events) is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::object::Object;
use super::shelf::Objects;
use super::transact::{set_version, uid};
use super::{Inner, Store};
use crate::demo::kinds::Resource;

/// Every object at one moment. Holding one costs what has changed since.
#[derive(Clone, Debug)]
pub struct Snapshot {
    shelves: Vec<Objects>,
}

/// Old uids and those that stand for them now.
type Renames = BTreeMap<Box<str>, Box<str>>;

impl Store {
    /// Remembers the present state.
    pub fn capture(&self) -> Snapshot {
        let inner = self.lock();
        Snapshot {
            shelves: inner.shelves.iter().map(|shelf| shelf.objects.clone()).collect(),
        }
    }

    /// Makes the cluster what it was, apart from versions and the uids of objects that were gone meanwhile.
    pub fn restore(&self, snapshot: &Snapshot) {
        let mut inner = self.lock();
        let renames = renames(&inner, snapshot);
        for (resource, wanted) in Resource::ALL.into_iter().zip(&snapshot.shelves) {
            let live = inner.shelf(resource).objects.clone();
            for key in live.keys().filter(|key| !wanted.contains_key(*key)) {
                inner.remove_one(resource, key, None);
            }
        }
        for (resource, wanted) in Resource::ALL.into_iter().zip(&snapshot.shelves) {
            for (key, object) in wanted {
                let live = inner.shelf(resource).objects.get(key).cloned();
                if let Some(mut tree) = difference(resource, live.as_ref(), object, &renames) {
                    inner.write(resource, Arc::clone(key), &mut tree);
                }
            }
        }
    }
}

/// The uids that objects of the snapshot have by another name now, or will have.
fn renames(inner: &Inner, snapshot: &Snapshot) -> Renames {
    let mut renames = Renames::new();
    for (resource, wanted) in Resource::ALL.into_iter().zip(&snapshot.shelves) {
        let live = &inner.shelf(resource).objects;
        for (key, object) in wanted {
            match live.get(key) {
                Some(now) if now.uid == object.uid => {}
                Some(now) => drop(renames.insert(object.uid.clone(), now.uid.clone())),
                None => {
                    let fresh = uid(inner.version + 1, &format!("{resource:?} {key}"));
                    renames.insert(object.uid.clone(), fresh.into());
                }
            }
        }
    }
    renames
}

/// What has to be written so that an object is as it was; nothing if it still is.
fn difference(
    resource: Resource,
    live: Option<&Arc<Object>>,
    wanted: &Arc<Object>,
    renames: &Renames,
) -> Option<Value> {
    let spec = resource.spec();
    let stale = wanted.find_uids(renames);
    if stale.is_empty() && live.is_some_and(|live| Arc::ptr_eq(live, wanted)) {
        return None;
    }
    let mut tree = wanted.tree(&spec, spec.preferred());
    if !stale.is_empty() {
        let text = stale.iter().fold(tree.to_string(), |text, uid| {
            text.replace(&**uid, renames.get(uid).unwrap_or(uid))
        });
        // the text was written by serde_json, and a uid has nothing that JSON escapes
        tree = serde_json::from_str(&text).unwrap_or(tree);
    }
    let now = live.map(|live| {
        let mut now = live.tree(&spec, spec.preferred());
        set_version(&mut now, wanted.version);
        now
    });
    (now.as_ref() != Some(&tree)).then_some(tree)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::demo::kinds::Resource;
    use crate::demo::reference::ResourceRef;
    use crate::demo::store::Store;
    use crate::demo::tree::text;

    fn store() -> Store {
        Store::new(|| "2026-01-10T12:00:00Z".parse().unwrap())
    }

    fn map(name: &str, value: &str) -> serde_json::Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "n"}, "data": {"k": value}})
    }

    #[test]
    fn going_back_writes_only_what_differs() {
        let store = store();
        store.put(map("same", "1"), "test").unwrap();
        store.put(map("edited", "1"), "test").unwrap();
        let same = store.get(&ResourceRef::new(Resource::ConfigMaps, "n", "same"));
        let edited = store
            .get(&ResourceRef::new(Resource::ConfigMaps, "n", "edited"))
            .unwrap();
        let start = store.capture();
        store.put(map("edited", "2"), "test").unwrap();
        store.put(map("new", "1"), "test").unwrap();
        let before = store.version();
        store.restore(&start);
        assert_eq!(store.version(), before + 2, "one removal and one write");
        assert_eq!(store.get(&ResourceRef::new(Resource::ConfigMaps, "n", "same")), same);
        assert_eq!(store.get(&ResourceRef::new(Resource::ConfigMaps, "n", "new")), None);
        let back = store
            .get(&ResourceRef::new(Resource::ConfigMaps, "n", "edited"))
            .unwrap();
        assert_eq!(back["data"], edited["data"]);
        assert_eq!(back["metadata"]["uid"], edited["metadata"]["uid"]);
        store.restore(&start);
        assert_eq!(store.version(), before + 2, "nothing is left to do");
    }

    #[test]
    fn an_object_made_again_has_a_new_uid_and_its_dependants_know() {
        let store = store();
        let owner = store.put(map("owner", "1"), "test").unwrap();
        let uid = text(&owner, "/metadata/uid").to_owned();
        let mut pawn = map("pawn", "1");
        pawn["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}]);
        store.put(pawn, "test").unwrap();
        let start = store.capture();
        store
            .delete(&ResourceRef::new(Resource::ConfigMaps, "n", "owner"))
            .unwrap();
        for _ in 0..2 {
            store.restore(&start);
            let owner = store
                .get(&ResourceRef::new(Resource::ConfigMaps, "n", "owner"))
                .unwrap();
            let pawn = store.get(&ResourceRef::new(Resource::ConfigMaps, "n", "pawn")).unwrap();
            assert_ne!(owner["metadata"]["uid"], json!(uid));
            assert_eq!(pawn["metadata"]["ownerReferences"][0]["uid"], owner["metadata"]["uid"]);
        }
    }
}
