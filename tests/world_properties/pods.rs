//! The marks of a pod's rows: the same whether they are kept up entry by entry, in batches, or found afterwards.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sidescope::mesh::diff::{self, RowId};
use sidescope::mesh::history::{Effect, History, MarkKind, Outcome, Progress, Seq, Tables, Walk};
use sidescope::mesh::model::{Key, Kind};
use sidescope::mesh::scope::Row;
use sidescope::mesh::world::{Delta, World};

use crate::toy::{Toy, table};
use crate::universe::{cases, deltas, pod, pod_key, second, service, settled, slice};

pub(crate) const BUDGET: usize = 10_000;

/// A mark without its cause and order: before, row, gone, steps.
pub(crate) type Said = BTreeMap<RowId, (Option<Row>, Row, bool, u32)>;

pub(crate) fn said(history: &History, pod: &Key) -> Said {
    let marks = history.pod(pod).unwrap().marks().iter();
    marks
        .map(|(id, mark)| {
            (
                id.clone(),
                (mark.before.clone(), mark.row.clone(), mark.gone, mark.steps),
            )
        })
        .collect()
}

pub(crate) fn effects(history: &History, pod: &Key) -> Vec<(Seq, Effect)> {
    history.pod(pod).unwrap().effects().collect()
}

pub(crate) fn advance(history: &mut History, world: &World, pod: &Key) {
    history.advance(world, pod, &mut Toy::at(world), BUDGET);
}

pub(crate) fn walk_back(history: &mut History, world: &World, pod: &Key, budget: usize) {
    history.follow(pod);
    advance(history, world, pod);
    if let Some(mut walk) = older(history, world, pod) {
        loop {
            let progress = walk.run(budget);
            history.absorb(&mut walk);
            if progress == Progress::Done {
                break;
            }
        }
    }
    assert!(older(history, world, pod).is_none());
}

fn older(history: &mut History, world: &World, pod: &Key) -> Option<Walk> {
    history.older(world, pod, || Box::new(Toy::at(world)))
}

/// The definition: compare the tables around every single entry, and fold.
pub(crate) fn by_definition(
    history: &History,
    world: &World,
    pod: &Key,
    table: &dyn Fn(&World, &Key) -> Outcome,
) -> (Said, Vec<(Seq, Effect)>) {
    let (mut said, mut effects) = (Said::new(), Vec::new());
    for seq in (1..=history.journal().head().0).map(Seq) {
        let state = |seq| table(&history.journal().world_at(world, seq).unwrap(), pod);
        let (Ok(before), Ok(after)) = (state(seq.before()), state(seq)) else {
            continue;
        };
        let diff = diff::tables(&before, &after);
        if !diff.is_empty() {
            let [added, removed, changed] = [diff.added.len(), diff.removed.len(), diff.changed.len()];
            let effect = Effect {
                added,
                removed,
                changed,
                hosts_added: diff.hosts_added.len(),
                hosts_removed: diff.hosts_removed.len(),
                entries: 1,
            };
            effects.insert(0, (seq, effect));
        }
        let mut fold = |id: RowId, before: Option<Row>, row: Row, gone: bool| {
            let (before, steps) = match said.remove(&id) {
                Some((older, _, _, steps)) => (older, steps + 1),
                None => (before, 1),
            };
            said.insert(id, (before, row, gone, steps));
        };
        for (id, row) in diff.removed {
            fold(id, Some(row.clone()), row, true);
        }
        for (id, before, after) in diff.changed {
            fold(id, Some(before), after, false);
        }
        for (id, row) in diff.added {
            fold(id, None, row, false);
        }
    }
    (said, effects)
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn marks_and_effects_do_not_depend_on_when_the_pod_was_chosen(
        events in prop::collection::vec(deltas(), 1..50),
        batch in 1..8_usize,
        budget in 1..5_usize,
        chosen_at in 0..50_usize,
        (namespace, name) in (0..2_usize, 0..3_u8),
    ) {
        let key = pod_key(namespace, name);
        let (mut world, mut history) = settled();
        let start = [
            pod("shop", "p0", 0), pod("blog", "p1", 0), service("shop", "s0", 80), service("blog", "s1", 80),
            slice("shop", "e0", "s0", &[(1, true), (2, true)]), slice("blog", "e1", "s1", &[(3, true)]),
        ];
        for object in start {
            history.apply(&mut world, second(0), Delta::Put(object));
        }
        let (mut eager, mut lazy) = (history.clone(), history.clone());
        eager.follow(&key);
        let mut worlds = [world.clone(), world.clone(), world];
        for (at, delta) in events.into_iter().enumerate() {
            let when = second(1 + i64::try_from(at).unwrap());
            let [first, second, third] = &mut worlds;
            eager.apply(first, when, delta.clone());
            advance(&mut eager, first, &key);
            lazy.apply(second, when, delta.clone());
            if at == chosen_at {
                lazy.follow(&key);
            }
            if at % batch == 0 {
                advance(&mut lazy, second, &key);
            }
            history.apply(third, when, delta);
        }
        let [first, second, third] = &worlds;
        walk_back(&mut eager, first, &key, BUDGET);
        walk_back(&mut lazy, second, &key, budget);
        walk_back(&mut history, third, &key, budget);
        let (definition, by_entry) = by_definition(&history, third, &key, &table);
        prop_assert_eq!(&said(&eager, &key), &definition, "entry by entry");
        prop_assert_eq!(&said(&lazy, &key), &definition, "in batches, chosen in between");
        prop_assert_eq!(&said(&history, &key), &definition, "chosen at the end");
        prop_assert_eq!(&effects(&eager, &key), &by_entry, "entry by entry");
        prop_assert_eq!(&effects(&lazy, &key), &by_entry, "in batches, chosen in between");
        prop_assert_eq!(&effects(&history, &key), &by_entry, "chosen at the end");
        for ((id, eager), (_, late)) in
            eager.pod(&key).unwrap().marks().iter().zip(history.pod(&key).unwrap().marks().iter())
        {
            prop_assert_eq!(&eager.cause, &late.cause, "the cause of {:?}", id);
            prop_assert_eq!((eager.since, eager.at), (late.since, late.at));
        }
    }

    #[test]
    fn a_batch_beyond_the_budget_still_ends_in_the_right_marks(events in prop::collection::vec(deltas(), 1..50)) {
        let key = pod_key(0, 0);
        let (mut world, mut history) = settled();
        history.apply(&mut world, second(0), Delta::Put(pod("shop", "p0", 0)));
        history.follow(&key);
        advance(&mut history, &world, &key);
        let before = table(&world, &key).unwrap();
        let is_of_others = |delta: &Delta| match delta {
            Delta::Remove(kind, removed) => *kind != Kind::Pod || *removed != key,
            Delta::ListStart(..) | Delta::ListEnd(..) => false,
            Delta::Put(_) | Delta::Coverage(..) => true,
        };
        for delta in events.into_iter().filter(is_of_others) {
            history.apply(&mut world, second(1), delta);
        }
        let mut toy = Toy::at(&world);
        history.advance(&world, &key, &mut toy, 2);
        prop_assert!(toy.made <= 3, "{} tables", toy.made);
        let after = toy.table(&world, &key).expect("the engine is left at the present");
        let diff = diff::tables(&before, &after);
        let marks = history.pod(&key).unwrap().marks();
        for (id, _) in &diff.added {
            prop_assert_eq!(marks.get(id).unwrap().kind(), MarkKind::Added);
        }
        for (id, _) in &diff.removed {
            prop_assert_eq!(marks.get(id).unwrap().kind(), MarkKind::Removed);
        }
        for (id, before, _) in &diff.changed {
            prop_assert_eq!(marks.get(id).unwrap().before.as_ref(), Some(before));
        }
    }
}
