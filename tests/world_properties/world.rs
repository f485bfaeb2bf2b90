//! The world is a function of the set of objects, never of the order of events.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sidescope::mesh::model::{Key, Kind, Object};
use sidescope::mesh::world::{Delta, ListScope, World};

use crate::universe::{cases, contents, deltas, objects, pod, second, service, settled, world_of};

/// Objects of which each identity occurs once.
fn set() -> impl Strategy<Value = Vec<Object>> {
    prop::collection::vec(objects(), 0..20).prop_map(|objects| {
        let by_key: BTreeMap<(Kind, Key), Object> = objects
            .into_iter()
            .map(|object| ((object.kind(), object.key().clone()), object))
            .collect();
        by_key.into_values().collect()
    })
}

/// Complete lists of all kinds, their objects in this order, some twice, the kinds interleaved.
fn lists(objects: &[Object], order: &[prop::sample::Index]) -> Vec<Delta> {
    let mut deltas: Vec<Delta> = Kind::ALL
        .iter()
        .map(|kind| Delta::ListStart(*kind, ListScope::All))
        .collect();
    let mut left: Vec<Object> = objects.iter().chain(objects.iter().take(3)).cloned().collect();
    for pick in order.iter().cycle() {
        if left.is_empty() {
            break;
        }
        deltas.push(Delta::Put(left.swap_remove(pick.index(left.len()))));
    }
    deltas.extend(Kind::ALL.iter().map(|kind| Delta::ListEnd(*kind, ListScope::All)));
    deltas
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn whatever_came_before_complete_lists_give_the_world_of_their_objects(
        noise in prop::collection::vec(deltas(), 0..60),
        set in set(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
    ) {
        let mut world = World::default();
        for delta in noise.into_iter().chain(lists(&set, &order)) {
            world.apply(delta);
        }
        prop_assert_eq!(contents(&world), contents(&world_of(&set)));
    }

    #[test]
    fn the_order_of_events_of_different_objects_does_not_matter(
        events in prop::collection::vec(deltas(), 0..60),
        order in prop::collection::vec(any::<prop::sample::Index>(), 60),
    ) {
        let mut by_object: BTreeMap<(Kind, Key), Vec<Delta>> = BTreeMap::new();
        let mut world = World::default();
        for delta in events {
            let identity = match &delta {
                Delta::Put(object) => (object.kind(), object.key().clone()),
                Delta::Remove(kind, key) => (*kind, key.clone()),
                Delta::ListStart(..) | Delta::ListEnd(..) | Delta::Coverage(..) => continue,
            };
            by_object.entry(identity).or_default().push(delta.clone());
            world.apply(delta);
        }
        let mut queues: Vec<Vec<Delta>> = by_object.into_values().collect();
        for queue in &mut queues {
            queue.reverse();
        }
        let mut shuffled = World::default();
        for pick in order.iter().cycle() {
            queues.retain(|queue| !queue.is_empty());
            if queues.is_empty() {
                break;
            }
            let queue = pick.index(queues.len());
            shuffled.apply(queues[queue].pop().unwrap());
        }
        prop_assert_eq!(contents(&shuffled), contents(&world));
    }

    #[test]
    fn an_event_that_is_seen_twice_changes_nothing(events in prop::collection::vec(deltas(), 0..60)) {
        let mut world = World::default();
        for delta in events {
            let ends = matches!(delta, Delta::ListStart(..) | Delta::ListEnd(..));
            world.apply(delta.clone());
            if !ends {
                prop_assert!(world.apply(delta).is_empty());
            }
        }
    }

    #[test]
    fn a_snapshot_never_changes(
        before in prop::collection::vec(deltas(), 0..30),
        after in prop::collection::vec(deltas(), 0..30),
    ) {
        let mut world = World::default();
        for delta in before {
            world.apply(delta);
        }
        let (snapshot, said) = (world.clone(), contents(&world));
        for delta in after {
            world.apply(delta);
        }
        prop_assert_eq!(contents(&snapshot), said);
    }
}

#[test]
fn a_list_of_one_namespace_sweeps_no_other() {
    let mut world = world_of(&[pod("shop", "p0", 0), pod("blog", "p0", 0)]);
    let shop = ListScope::Namespace("shop".into());
    world.apply(Delta::ListStart(Kind::Pod, shop.clone()));
    let gone = world.apply(Delta::ListEnd(Kind::Pod, shop));
    assert_eq!(gone.len(), 1);
    assert!(world.pods.get(&Key::new("blog", "p0")).is_some());
}

#[test]
fn an_equal_object_leaves_the_very_same_one_in_its_place() {
    let mut world = world_of(&[service("shop", "s0", 80)]);
    let kept = world.services.clone();
    world.apply(Delta::Put(service("shop", "s0", 80)));
    assert!(world.services.is_same_snapshot(&kept), "nothing was written");
}

#[test]
fn a_snapshot_of_a_list_under_way_ends_it_for_itself() {
    let (mut world, mut history) = settled();
    let mut say = |world: &mut World, delta| history.apply(world, second(1), delta);
    say(&mut world, Delta::Put(pod("shop", "p0", 0)));
    say(&mut world, Delta::Put(pod("shop", "p1", 0)));
    say(&mut world, Delta::ListStart(Kind::Pod, ListScope::All));
    say(&mut world, Delta::Put(pod("shop", "p0", 0)));
    let mut snapshot = world.clone();
    say(&mut world, Delta::Put(pod("shop", "p1", 0)));
    assert!(world.apply(Delta::ListEnd(Kind::Pod, ListScope::All)).is_empty());
    assert_eq!(snapshot.apply(Delta::ListEnd(Kind::Pod, ListScope::All)).len(), 1);
}
