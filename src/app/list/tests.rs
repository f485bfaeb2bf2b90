//! What a list promises about its cursor, its order and its scroll position.

#![expect(clippy::unnecessary_wraps, reason = "a list takes what may be absent")]

use super::*;
use crate::mesh::model::Uid;

fn id(n: u64) -> ItemId {
    ItemId::Object(ObjectId {
        key: Key::default(),
        uid: Uid(n.into()),
    })
}

fn shown() -> Option<Placed> {
    Some(Placed {
        key: SortKey::Absent,
        passes: true,
        gone: false,
    })
}

fn keyed(key: i64) -> Option<Placed> {
    Some(Placed {
        key: SortKey::Number(key),
        passes: true,
        gone: false,
    })
}

fn hidden() -> Option<Placed> {
    Some(Placed {
        key: SortKey::Absent,
        passes: false,
        gone: false,
    })
}

fn list(ids: impl IntoIterator<Item = u64>) -> List {
    let mut list = List::default();
    for n in ids {
        list.update(&id(n), shown());
    }
    list.lay_out(5);
    list
}

#[test]
fn rows_that_come_above_do_not_move_the_cursor_on_the_screen() {
    let mut list = list((0..100).step_by(2));
    list.go_to(10);
    list.lay_out(5);
    let line = list.line();
    for n in (1..40).step_by(2) {
        list.update(&id(n), shown());
    }
    let top = list.lay_out(5);
    assert_eq!(list.current(), Some(&id(20)));
    assert_eq!(list.line(), line);
    assert_eq!(top + line, list.position());
}

#[test]
fn the_cursor_goes_to_the_neighbour_when_its_row_is_gone_and_comes_back_when_it_was_only_hidden() {
    let mut list = list(0..10);
    list.go_to(4);
    list.update(&id(4), hidden());
    assert_eq!(list.current(), Some(&id(5)));
    list.update(&id(4), shown());
    assert_eq!(list.current(), Some(&id(4)), "it was only hidden");
    list.update(&id(4), None);
    assert_eq!(list.current(), Some(&id(5)));
    list.go_to(9);
    list.update(&id(9), None);
    assert_eq!(
        list.current(),
        Some(&id(8)),
        "the last row's neighbour is the one before"
    );
    for n in 0..9 {
        list.update(&id(n), None);
    }
    assert_eq!(list.current(), None);
    list.update(&id(3), shown());
    assert_eq!(list.current(), Some(&id(3)));
}

#[test]
fn a_sorted_list_follows_a_row_whose_key_changes() {
    let mut list = list([]);
    let sort = Some(Sort {
        column: "restarts",
        descending: true,
    });
    let rows = (0..10).map(|n| (id(n), keyed(i64::try_from(n).unwrap()).unwrap()));
    list.rebuild(sort, Filter::default(), rows);
    assert_eq!(list.rows_from(0).next(), Some(&id(9)));
    list.select(&id(0));
    list.update(&id(0), keyed(100));
    assert_eq!(list.position(), 0);
    assert_eq!(list.current(), Some(&id(0)));
    assert_eq!(list.rows_from(8).collect::<Vec<_>>(), [&id(2), &id(1)]);
    list.update(&id(0), None);
    assert_eq!(list.current(), Some(&id(9)));
    assert_eq!(list.len(), 9);
}

#[test]
fn no_line_stays_blank_below_the_last_row() {
    let mut list = list(0..10);
    list.go_to(9);
    assert_eq!(list.lay_out(5), 5);
    for n in 5..9 {
        list.update(&id(n), None);
    }
    assert_eq!(list.lay_out(5), 1);
    assert_eq!(list.current(), Some(&id(9)));
    assert_eq!(list.lay_out(0), 5, "a pane without room");
    assert_eq!(list.lay_out(50), 0);
}

proptest::proptest! {
    /// Row by row or all at once: the same list.
    #[test]
    fn updates_and_a_rebuild_give_the_same_list(
        steps in proptest::collection::vec((0u64..60, proptest::option::of((0i64..9, proptest::bool::ANY))), 0..200),
        descending in proptest::bool::ANY,
    ) {
        let sort = Some(Sort { column: "restarts", descending });
        let mut list = List::default();
        list.rebuild(sort, Filter::default(), std::iter::empty());
        let mut rows = BTreeMap::new();
        for (n, row) in steps {
            let placed = row.map(|(key, passes)| Placed { key: SortKey::Number(key), passes, gone: false });
            list.update(&id(n), placed.clone());
            match placed {
                Some(placed) => rows.insert(id(n), placed),
                None => rows.remove(&id(n)),
            };
        }
        let mut fresh = List::default();
        fresh.rebuild(sort, Filter::default(), rows.into_iter());
        let order = |list: &List| list.rows_from(0).cloned().collect::<Vec<_>>();
        proptest::prop_assert_eq!(order(&list), order(&fresh));
        proptest::prop_assert_eq!((list.len(), list.hidden()), (fresh.len(), fresh.hidden()));
        for (at, row) in order(&list).iter().enumerate() {
            proptest::prop_assert_eq!(list.find(row), Some(at));
        }
    }
}

#[test]
fn tombstones_stand_below_the_one_of_their_name_that_lives() {
    let mut list = list([]);
    let grave = Placed {
        gone: true,
        ..shown().unwrap()
    };
    // of one name: by uid alone the one that lives would come second
    list.update(&id(1), Some(grave.clone()));
    list.update(&id(2), shown());
    list.update(&id(3), Some(grave.clone()));
    let order = |list: &List| list.rows_from(0).cloned().collect::<Vec<_>>();
    assert_eq!(order(&list), [id(2), id(1), id(3)]);
    list.select(&id(2));
    list.update(&id(2), Some(grave.clone()));
    assert_eq!(order(&list), [id(1), id(2), id(3)], "the last of them went too");
    assert_eq!(list.current(), Some(&id(2)), "the cursor goes with its row");
    let rows = [(id(1), grave), (id(2), shown().unwrap())];
    let sort = Sort {
        column: "name",
        descending: true,
    };
    list.rebuild(Some(sort), Filter::default(), rows.into_iter());
    assert_eq!(order(&list), [id(2), id(1)], "from the largest down too");
}
