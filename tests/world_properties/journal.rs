//! The journal gives back every state that it holds.

use jiff::SignedDuration;
use proptest::prelude::*;
use sidescope::mesh::history::{History, Limits, Seq, Verb};
use sidescope::mesh::model::Kind;
use sidescope::mesh::world::{Delta, Found, ListScope, World};

use crate::universe::{cases, contents, deltas, list_all, pod, second, service, settled, sidecar};

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn every_state_is_given_back(events in prop::collection::vec(deltas(), 0..60)) {
        let (mut world, mut history) = settled();
        let mut states = vec![contents(&world)];
        for delta in events {
            history.apply(&mut world, second(1), delta);
            if history.journal().head() == Seq(states.len() as u64) {
                states.push(contents(&world));
            }
        }
        prop_assert_eq!(states.len() as u64, history.journal().head().0 + 1);
        for (seq, state) in (0..).zip(&states) {
            let past = history.journal().world_at(&world, Seq(seq)).unwrap();
            prop_assert_eq!(&contents(&past), state, "state {}", seq);
        }
    }

    #[test]
    fn what_fell_out_is_said_and_the_rest_is_given_back(
        events in prop::collection::vec(deltas(), 0..60),
        kept in 1..20_usize,
    ) {
        let (mut world, mut history) = settled_with(Limits { entries: kept, ..Limits::default() });
        let mut states = vec![contents(&world)];
        for delta in events {
            history.apply(&mut world, second(1), delta);
            if history.journal().head() == Seq(states.len() as u64) {
                states.push(contents(&world));
            }
        }
        prop_assert!(history.journal().len() <= kept);
        for (seq, state) in (0..).zip(&states) {
            match history.journal().world_at(&world, Seq(seq)) {
                Ok(past) => prop_assert_eq!(&contents(&past), state),
                Err(older) => {
                    prop_assert!(Seq(seq) < history.journal().oldest());
                    prop_assert_eq!(Some(older.oldest), history.journal().lost());
                }
            }
        }
    }
}

fn settled_with(limits: Limits) -> (World, History) {
    let (mut world, mut history) = (World::default(), History::new(limits));
    list_all(&mut world, &mut history);
    (world, history)
}

#[test]
fn the_state_at_a_time_is_the_one_after_the_last_entry_by_then() {
    let (mut world, mut history) = settled();
    for at in [10, 20, 20, 30] {
        let port = u16::try_from(at + i64::try_from(history.journal().len()).unwrap()).unwrap();
        history.apply(&mut world, second(at), Delta::Put(service("shop", "s0", port)));
    }
    let journal = history.journal();
    let states = [9, 10, 15, 20, 29, 30, 99].map(|at| journal.at_time(second(at)).unwrap().0);
    assert_eq!(states, [0, 1, 1, 3, 3, 4, 4]);
}

#[test]
fn entries_fall_out_by_age_and_bytes() {
    let limits = Limits {
        age: SignedDuration::from_secs(60),
        ..Limits::default()
    };
    let (mut world, mut history) = settled_with(limits);
    history.apply(&mut world, second(0), Delta::Put(pod("shop", "p0", 0)));
    history.apply(&mut world, second(50), Delta::Put(pod("shop", "p0", 1)));
    history.expire(second(61), SignedDuration::from_mins(10));
    assert_eq!(history.journal().len(), 1);
    assert_eq!(history.journal().lost(), Some(second(0)));
    assert_eq!(history.journal().at_time(second(49)), Ok(Seq(1)));

    let limits = Limits {
        bytes: 10_000,
        ..Limits::default()
    };
    let (mut world, mut history) = settled_with(limits);
    for n in 0..100 {
        history.apply(&mut world, second(0), Delta::Put(pod("shop", "p0", n)));
    }
    assert!((2..30).contains(&history.journal().len()));
    assert!(history.journal().bytes() <= 10_000);
}

#[test]
fn the_first_complete_list_is_the_baseline() {
    let (mut world, mut history) = (World::default(), History::default());
    let all = || ListScope::All;
    history.apply(&mut world, second(0), Delta::ListStart(Kind::Pod, all()));
    history.apply(&mut world, second(0), Delta::Put(pod("shop", "p0", 0)));
    history.apply(&mut world, second(0), Delta::ListEnd(Kind::Pod, all()));
    history.apply(&mut world, second(0), Delta::Coverage(Kind::Pod, all(), Found::All));
    assert!(history.journal().is_empty());
    assert!(history.objects(Kind::Pod).is_none());

    history.apply(&mut world, second(9), Delta::ListStart(Kind::Pod, all()));
    history.apply(&mut world, second(9), Delta::Put(pod("shop", "p0", 0)));
    history.apply(&mut world, second(9), Delta::Put(pod("shop", "p1", 0)));
    history.apply(&mut world, second(9), Delta::ListEnd(Kind::Pod, all()));
    let marks = history.objects(Kind::Pod).unwrap();
    assert_eq!(
        marks.iter().map(|(id, _)| id.key.to_string()).collect::<Vec<_>>(),
        ["shop/p1"],
        "a list after a gap marks what really changed"
    );
}

#[test]
fn a_namespace_that_may_be_read_later_is_a_baseline_of_its_own() {
    let (mut world, mut history) = (World::default(), History::default());
    let in_shop = || ListScope::Namespace("shop".into());
    history.apply(
        &mut world,
        second(0),
        Delta::Coverage(Kind::Pod, ListScope::All, Found::Denied),
    );
    history.apply(&mut world, second(0), Delta::Coverage(Kind::Pod, in_shop(), Found::All));
    history.apply(&mut world, second(1), Delta::Put(pod("blog", "p0", 0)));
    assert!(history.journal().is_empty());
    history.apply(&mut world, second(1), Delta::Put(pod("shop", "p0", 0)));
    assert_eq!(history.journal().len(), 1);
}

#[test]
fn an_object_of_a_kind_that_was_not_installed_is_news() {
    let (mut world, mut history) = (World::default(), History::default());
    let absent = Delta::Coverage(Kind::Sidecar, ListScope::All, Found::NoSuchKind);
    history.apply(&mut world, second(0), absent);
    history.apply(&mut world, second(1), Delta::Put(sidecar("shop", "default", &["./*"])));
    assert_eq!(history.edits().iter().next().unwrap().verb, Verb::Created);
}
