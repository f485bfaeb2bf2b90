//! What one sees of the marks of a pod: edits and causes, tombstones, successors, and that they wait to be seen.

use std::sync::Arc;

use jiff::SignedDuration;
use sidescope::mesh::diff::{RowId, numbered};
use sidescope::mesh::history::{Cause, History, Line, MarkKind, Outcome, Tables, Telling};
use sidescope::mesh::model::{Key, Kind};
use sidescope::mesh::scope::NoTable;
use sidescope::mesh::world::{Change, Delta, Found, ListScope, World};

use crate::pods::{BUDGET, advance, walk_back};
use crate::toy::table;
use crate::universe::{list_all, pod, second, service, sidecar, slice};

/// A shop with two pods, two services with two endpoints each, and a Sidecar.
fn shop() -> (World, History) {
    let (mut world, mut history) = (World::default(), History::default());
    for object in [
        pod("shop", "p0", 0),
        pod("shop", "p1", 2),
        service("shop", "s0", 80),
        service("blog", "s1", 80),
        slice("shop", "e0", "s0", &[(1, true), (2, true)]),
        slice("blog", "e1", "s1", &[(3, true), (4, true)]),
        sidecar("shop", "default", &["./*", "blog/*"]),
    ] {
        history.apply(&mut world, second(0), Delta::Put(object));
    }
    list_all(&mut world, &mut history);
    (world, history)
}

fn shown(history: &History, pod: &Key) -> Vec<String> {
    let marks = history.pod(pod).unwrap().marks().iter();
    marks
        .map(|(id, mark)| {
            let sign = match mark.kind() {
                MarkKind::Added => '+',
                MarkKind::Changed => '~',
                MarkKind::Removed => '-',
            };
            format!("{sign} {} {} ({})", id.address, id.cluster, mark.cause)
        })
        .collect()
}

#[test]
fn an_edit_marks_the_rows_of_a_pod_that_is_chosen_after_it() {
    let (mut world, mut history) = shop();
    history.apply(&mut world, second(1), Delta::Put(sidecar("shop", "default", &["./*"])));
    let key = Key::new("shop", "p1");
    walk_back(&mut history, &world, &key, 1);
    assert_eq!(
        shown(&history, &key),
        [
            "- 10.0.0.3:8080 outbound|80||s1.blog.svc.cluster.local (Sidecar shop/default edited, by: unknown)",
            "- 10.0.0.4:8080 outbound|80||s1.blog.svc.cluster.local (Sidecar shop/default edited, by: unknown)",
        ]
    );
    let lines = history.timeline(Some(&key), Telling::Near).lines;
    let [Line::Edit(edit, Some(effect)), Line::Start] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert_eq!(
        edit.fields().iter().map(ToString::to_string).collect::<Vec<_>>(),
        [r#"- spec.egress[0].hosts[1]: "blog/*""#]
    );
    assert_eq!((effect.added, effect.removed, effect.hosts_removed), (0, 2, 1));
}

#[test]
fn what_is_added_and_deleted_within_one_batch_is_still_seen() {
    let (mut world, mut history) = shop();
    let key = Key::new("shop", "p0");
    history.follow(&key);
    advance(&mut history, &world, &key);
    history.apply(&mut world, second(1), Delta::Put(pod("shop", "p2", 0)));
    history.apply(&mut world, second(1), Delta::Remove(Kind::Pod, Key::new("shop", "p2")));
    let three = [(1, true), (2, true), (5, true)];
    history.apply(&mut world, second(1), Delta::Put(slice("shop", "e0", "s0", &three)));
    history.apply(
        &mut world,
        second(1),
        Delta::Put(slice("shop", "e0", "s0", &three[..2])),
    );
    advance(&mut history, &world, &key);
    let (id, mark) = history.objects(Kind::Pod).unwrap().iter().next().unwrap();
    assert_eq!(
        (id.key.to_string().as_str(), mark.kind(), mark.steps),
        ("shop/p2", MarkKind::Removed, 2)
    );
    assert_eq!(mark.before, None, "it was not there before");
    assert_eq!(
        shown(&history, &key),
        ["- 10.0.0.5:8080 outbound|80||s0.shop.svc.cluster.local (endpoints of service shop/s0 changed)"]
    );
}

#[test]
fn a_row_that_goes_and_comes_back_unseen_is_back() {
    let (mut world, mut history) = shop();
    let key = Key::new("shop", "p0");
    history.follow(&key);
    advance(&mut history, &world, &key);
    history.apply(
        &mut world,
        second(1),
        Delta::Remove(Kind::Sidecar, Key::new("shop", "default")),
    );
    history.apply(&mut world, second(2), Delta::Put(sidecar("shop", "default", &["./*"])));
    history.apply(
        &mut world,
        second(3),
        Delta::Put(sidecar("shop", "default", &["./*", "blog/*"])),
    );
    advance(&mut history, &world, &key);
    let marks = history.pod(&key).unwrap().marks();
    assert_eq!(marks.counts().changed, 2);
    for (_, mark) in marks.iter() {
        assert!(mark.is_back());
        assert_eq!((mark.since, mark.at, mark.steps), (second(2), second(3), 2));
    }
}

#[test]
fn marks_wait_to_be_seen_and_then_go() {
    let (mut world, mut history) = shop();
    let key = Key::new("shop", "p0");
    let retention = SignedDuration::from_mins(10);
    history.follow(&key);
    advance(&mut history, &world, &key);
    history.apply(&mut world, second(1), Delta::Put(sidecar("shop", "default", &["./*"])));
    advance(&mut history, &world, &key);
    history.expire(second(100_000), retention);
    assert_eq!(history.pod(&key).unwrap().marks().counts().unseen, 2);
    let ids: Vec<RowId> = history
        .pod(&key)
        .unwrap()
        .marks()
        .iter()
        .map(|(id, _)| id.clone())
        .collect();
    history
        .pod_mut(&key)
        .unwrap()
        .marks_mut()
        .see(&ids[..1], second(100_000));
    assert_eq!(history.pod(&key).unwrap().marks().counts().unseen, 1);
    assert_eq!(history.next_expiry(retention), Some(second(100_600)));
    history.expire(second(100_599), retention);
    assert_eq!(history.pod(&key).unwrap().marks().len(), 2);
    history.expire(second(100_600), retention);
    assert_eq!(
        history
            .pod(&key)
            .unwrap()
            .marks()
            .iter()
            .map(|(id, _)| id)
            .collect::<Vec<_>>(),
        [&ids[1]]
    );
}

#[test]
fn a_slice_that_follows_a_pod_is_put_down_to_the_pod() {
    let (mut world, mut history) = shop();
    let key = Key::new("shop", "p0");
    history.follow(&key);
    advance(&mut history, &world, &key);
    let with_pod = |ready: bool| {
        let mut object = slice("shop", "e0", "s0", &[(1, true), (2, ready)]);
        if let sidescope::mesh::model::Object::EndpointSlice(slice) = &mut object {
            let slice = Arc::make_mut(slice);
            let mut endpoints = slice.endpoints.to_vec();
            endpoints[1].pod = Some(Key::new("shop", "p1"));
            slice.endpoints = endpoints.into();
        }
        object
    };
    history.apply(&mut world, second(1), Delta::Put(with_pod(true)));
    advance(&mut history, &world, &key);
    history.pod_mut(&key).unwrap().marks_mut().acknowledge_all();
    history.apply(&mut world, second(20), Delta::Put(with_pod(false)));
    advance(&mut history, &world, &key);
    let cause = |history: &History| {
        history
            .pod(&key)
            .unwrap()
            .marks()
            .iter()
            .next()
            .unwrap()
            .1
            .cause
            .to_string()
    };
    assert_eq!(
        cause(&history),
        "pod shop/p1 became not ready",
        "the slice itself says it"
    );

    history.apply(&mut world, second(40), Delta::Remove(Kind::Pod, Key::new("shop", "p1")));
    history.apply(
        &mut world,
        second(41),
        Delta::Put(slice("shop", "e0", "s0", &[(1, true)])),
    );
    advance(&mut history, &world, &key);
    assert_eq!(cause(&history), "pod shop/p1 was deleted");
    let lines = history.timeline(Some(&key), Telling::Near).lines;
    let whys: Vec<String> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Endpoints(.., why) => Some(why.to_string()),
            Line::Edit(..) | Line::Start | Line::Before(_) => None,
        })
        .collect();
    assert_eq!(whys.first().map(String::as_str), Some("pod shop/p1 was deleted"));
    assert_eq!(whys.get(1).map(String::as_str), Some("pod shop/p1 became not ready"));
}

#[test]
fn a_pod_that_vanishes_leaves_its_table_and_its_successor_is_compared() {
    let (mut world, mut history) = shop();
    let (old, new) = (Key::new("shop", "p0"), Key::new("shop", "p9"));
    history.follow(&old);
    advance(&mut history, &world, &old);
    history.apply(&mut world, second(5), Delta::Remove(Kind::Pod, old.clone()));
    history.apply(
        &mut world,
        second(6),
        Delta::Put(slice("shop", "e0", "s0", &[(1, true)])),
    );
    history.apply(&mut world, second(7), Delta::Put(pod("shop", "p9", 0)));
    advance(&mut history, &world, &old);
    assert_eq!(history.pod(&old).unwrap().table(), Some(Err(&NoTable::NoSuchPod)));
    let (last, gone) = history.pod(&old).unwrap().last_table().unwrap();
    let (last, gone) = (Arc::clone(last), gone);
    assert_eq!((last.rows.len(), gone), (4, Some(second(7))));
    history.follow(&new);
    advance(&mut history, &world, &new);
    history.pod_mut(&new).unwrap().mark_against(&last, second(8));
    assert_eq!(
        shown(&history, &new),
        ["- 10.0.0.2:8080 outbound|80||s0.shop.svc.cluster.local (in place of pod shop/p0)"]
    );
}

/// Gives a table once every kind is listed.
#[derive(Debug)]
struct Guarded;

impl Tables for Guarded {
    fn table(&mut self, world: &World, pod: &Key) -> Outcome {
        let pending: Vec<Kind> = world.coverage.pending(Kind::ALL).collect();
        if pending.is_empty() {
            table(world, pod)
        } else {
            Err(NoTable::Pending(pending))
        }
    }

    fn follow(&mut self, _changes: &[Change]) {}
}

#[test]
fn nothing_is_marked_before_everything_is_listed() {
    let (mut world, mut history) = (World::default(), History::default());
    let key = Key::new("shop", "p0");
    history.follow(&key);
    history.apply(&mut world, second(0), Delta::Put(pod("shop", "p0", 0)));
    history.apply(
        &mut world,
        second(0),
        Delta::Coverage(Kind::Pod, ListScope::All, Found::All),
    );
    history.apply(&mut world, second(1), Delta::Put(pod("shop", "p0", 1)));
    history.advance(&world, &key, &mut Guarded, BUDGET);
    for object in [service("shop", "s0", 80), slice("shop", "e0", "s0", &[(1, true)])] {
        history.apply(&mut world, second(2), Delta::Put(object));
        history.advance(&world, &key, &mut Guarded, BUDGET);
    }
    for kind in Kind::ALL {
        history.apply(
            &mut world,
            second(3),
            Delta::Coverage(*kind, ListScope::All, Found::All),
        );
        history.advance(&world, &key, &mut Guarded, BUDGET);
    }
    let pod = history.pod(&key).unwrap();
    assert_eq!(pod.table().unwrap().unwrap().rows.len(), 1);
    assert!(pod.marks().is_empty());
}

#[test]
fn each_row_has_a_place_among_the_tombstones() {
    let (world, _) = shop();
    let table = table(&world, &Key::new("shop", "p0")).unwrap();
    let ids: Vec<RowId> = numbered(&table.rows).map(|(id, _)| id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert_eq!(Cause::Unknown.to_string(), "unknown");
}
