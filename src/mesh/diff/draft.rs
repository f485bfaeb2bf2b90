//! A draft as the API server would store it: what it does not say is kept of the object that is there.
//!
//! As `kubectl apply` would, a draft replaces the object of its kind, namespace and name. One of something new is as
//! young as can be, unless it says when it was created: age decides between Sidecars.

use jiff::Timestamp;

use crate::mesh::model::{Key, Kind, Meta, Object, Uid};
use crate::mesh::world::World;

/// Whether objects of a kind have a namespace.
pub fn has_namespace(kind: Kind) -> bool {
    !matches!(kind, Kind::Namespace | Kind::Node | Kind::RevisionTag)
}

/// The draft as it would be stored in a world at this time; `home` is the namespace of one that names none.
#[must_use]
pub fn stored(object: Object, world: &World, home: &str, now: Timestamp) -> Object {
    let kind = object.kind();
    let mut meta = object.meta().clone();
    if meta.key.namespace.is_empty() && has_namespace(kind) {
        meta.key = Key::new(home, meta.key.name.as_str());
    }
    let there = world.get(kind, &meta.key);
    adopt(&mut meta, there.as_ref().map(Object::meta), now);
    object.with_meta(meta)
}

/// What the API server gives an object, where the draft does not say: all is kept of the one that is there.
fn adopt(meta: &mut Meta, there: Option<&Meta>, now: Timestamp) {
    if meta.created.is_none() {
        let second = Timestamp::from_second(now.as_second()).unwrap_or(now);
        meta.created = there
            .and_then(|there| there.created)
            .or(Some(second).filter(|_| there.is_none()));
    }
    if let Some(there) = there
        && meta.uid == Uid::default()
    {
        meta.uid = there.uid;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_draft_keeps_the_age_of_what_it_replaces_and_is_young_if_it_replaces_nothing() {
        let meta = |created| Meta {
            created,
            uid: Uid(7),
            ..Meta::default()
        };
        let adopted = |created, there: Option<Meta>| {
            let mut draft = Meta {
                created,
                ..Meta::default()
            };
            adopt(&mut draft, there.as_ref(), at(100));
            (draft.created, draft.uid)
        };
        assert_eq!(adopted(None, None), (Some(at(100)), Uid::default()));
        assert_eq!(adopted(Some(at(5)), None).0, Some(at(5)));
        assert_eq!(adopted(None, Some(meta(Some(at(3))))), (Some(at(3)), Uid(7)));
        assert_eq!(adopted(None, Some(meta(None))).0, None, "a dump without ages");
    }
}
