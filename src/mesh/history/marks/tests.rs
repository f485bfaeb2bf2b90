//! The rules of change marks, one by one.

use super::*;

impl Marked for u8 {
    fn says_the_same_as(&self, other: &Self) -> bool {
        self == other
    }
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

fn step(turn: Turn<u8>, at: i64) -> Step<u8> {
    Step {
        turn,
        at: second(at),
        cause: Cause::Unknown,
    }
}

/// The only mark after these turns at seconds 1, 2, 3 ...; `see` says after which of them it was on the screen.
fn after(turns: &[Turn<u8>], see: Option<usize>) -> Mark<u8> {
    let mut marks: MarkSet<&str, u8> = MarkSet::default();
    for (turn, at) in turns.iter().zip(1..) {
        marks.note("row", step(turn.clone(), at));
        if see.is_some_and(|see| i64::try_from(see).unwrap() == at) {
            marks.see([&"row"], second(at));
        }
    }
    assert_eq!(marks.len(), 1);
    marks.get(&"row").unwrap().clone()
}

#[test]
fn unseen_changes_are_folded_into_one() {
    use MarkKind::{Added, Changed, Removed};
    use Turn::{Added as A, Changed as C, Removed as R};
    let cases = [
        (&[A(1)][..], Added, None, 1),
        (&[C(1, 2)], Changed, Some(1), 2),
        (&[R(1)], Removed, Some(1), 1),
        (&[A(1), C(1, 2)], Added, None, 2),
        (&[A(1), R(1)], Removed, None, 1),
        (&[A(1), R(1), A(3)], Added, None, 3),
        (&[C(1, 2), C(2, 3)], Changed, Some(1), 3),
        (&[C(1, 2), R(2)], Removed, Some(1), 2),
        (&[R(1), A(2)], Changed, Some(1), 2),
        (&[R(1), A(2), R(2)], Removed, Some(1), 2),
    ];
    for (turns, kind, before, row) in cases {
        let mark = after(turns, None);
        assert_eq!((mark.kind(), mark.before, mark.row), (kind, before, row), "{turns:?}");
        assert_eq!(mark.steps as usize, turns.len());
        assert_eq!((mark.since, mark.at), (second(1), second(i64::from(mark.steps))));
    }
}

#[test]
fn what_is_again_as_it_was_says_so() {
    use Turn::{Added as A, Changed as C, Removed as R};
    assert!(after(&[R(1), A(1)], None).is_back());
    assert!(after(&[C(1, 2), C(2, 1)], None).is_back());
    assert!(!after(&[C(1, 2)], None).is_back());
    assert!(!after(&[R(1)], None).is_back());
    assert!(!after(&[A(1), R(1), A(1)], None).is_back(), "it was not there before");
}

#[test]
fn a_change_after_the_mark_was_seen_begins_a_new_one() {
    use Turn::{Added as A, Changed as C, Removed as R};
    let mark = after(&[C(1, 2), C(2, 3)], Some(1));
    assert_eq!((mark.before, mark.row, mark.steps, mark.seen), (Some(2), 3, 1, None));
    let mark = after(&[R(1), A(1)], Some(1));
    assert_eq!(
        (mark.kind(), mark.before),
        (MarkKind::Added, None),
        "the tombstone was seen"
    );
    assert_eq!(mark.since, second(2));
}

#[test]
fn a_journal_read_backwards_gives_the_same_marks() {
    use Turn::{Added as A, Changed as C, Removed as R};
    for turns in [
        vec![A(1), C(1, 2), R(2)],
        vec![R(1), A(1)],
        vec![C(1, 2)],
        vec![C(1, 2), R(2), A(3)],
    ] {
        let mut backwards: MarkSet<&str, u8> = MarkSet::default();
        for (turn, at) in turns.iter().rev().zip((1..=i64::try_from(turns.len()).unwrap()).rev()) {
            backwards.note_older("row", step(turn.clone(), at));
        }
        let (forwards, backwards) = (after(&turns, None), backwards.get(&"row").unwrap());
        let facts = |mark: &Mark<u8>| (mark.before, mark.row, mark.gone, mark.since, mark.at, mark.steps);
        assert_eq!(facts(backwards), facts(&forwards), "{turns:?}");
    }
}

#[test]
fn a_mark_is_bright_then_normal_then_dim() {
    let mark = after(&[Turn::Added(1)], None);
    let glow = [1, 5, 6, 30, 31].map(|at| mark.glow(second(at)));
    assert_eq!(
        glow,
        [Glow::Bright, Glow::Bright, Glow::Normal, Glow::Normal, Glow::Dim]
    );
    assert_eq!(
        [1, 6, 31].map(|at| mark.dims_at(second(at))),
        [Some(second(6)), Some(second(31)), None]
    );
    assert_eq!(mark.glow(second(0)), Glow::Bright, "the clock went backwards");
}

#[test]
fn marks_are_counted_by_sign_until_they_go() {
    let mut marks: MarkSet<u8, u8> = MarkSet::default();
    marks.note(1, step(Turn::Added(1), 1));
    marks.note(2, step(Turn::Changed(1, 2), 1));
    marks.note(3, step(Turn::Removed(1), 1));
    let counts = |added, changed, removed, unseen| Counts {
        added,
        changed,
        removed,
        unseen,
        dropped: 0,
    };
    assert_eq!(marks.counts(), counts(1, 1, 1, 3));
    marks.see([&1, &2, &9], second(10));
    assert_eq!(marks.counts(), counts(1, 1, 1, 1));
    assert!(marks.acknowledge(&1) && !marks.acknowledge(&1));
    assert_eq!(marks.counts(), counts(0, 1, 1, 1));
    assert_eq!(marks.next_expiry(SignedDuration::from_secs(5)), Some(second(15)));
    marks.expire(second(15), SignedDuration::from_secs(5));
    assert_eq!(marks.counts(), counts(0, 0, 1, 1));
    assert_eq!(marks.tombstones().count(), 1);
    marks.acknowledge_all();
    assert_eq!(marks.counts(), Counts::default());
    assert_eq!(marks.next_expiry(SignedDuration::from_secs(5)), None);
}

#[test]
fn beyond_the_bound_the_oldest_go_and_are_counted() {
    let mut marks: MarkSet<u8, u8> = MarkSet::bounded(3);
    for id in 0..5 {
        marks.note(id, step(Turn::Added(id), i64::from(id)));
    }
    marks.note_older(9, step(Turn::Added(9), -1));
    assert_eq!(marks.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(
        (marks.counts().added, marks.counts().unseen, marks.counts().dropped),
        (3, 3, 3)
    );
    assert_eq!(marks.range(3..).count(), 2);
}
