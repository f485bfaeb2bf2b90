//! A long churn leaves nothing behind: every map, queue and cache stays within its bound.

use jiff::SignedDuration;
use sidescope::mesh::history::{History, Limits};
use sidescope::mesh::model::{Interner, Key, Kind};
use sidescope::mesh::world::{Delta, Found, ListScope, World};

use crate::toy::Toy;
use crate::universe::{pod, second, service, sidecar, slice};

const EVENTS: u32 = 100_000;
const LIMITS: Limits = Limits {
    entries: 5_000,
    bytes: 4 << 20,
    age: SignedDuration::from_mins(5),
};

/// The n-th event of an endless roll-out: pods come and go under new names, slices follow, Sidecars are edited, lists
/// begin and are broken off.
fn event(n: u32, interner: &mut Interner) -> Delta {
    let name = |back: u32| interned(n.saturating_sub(back), "p");
    match n % 10 {
        0..3 => {
            let name = name(0);
            interner.text(&name);
            Delta::Put(pod("shop", &name, u8::try_from(n % 8).unwrap()))
        }
        3..6 => Delta::Remove(Kind::Pod, Key::new("shop", name(33))),
        6 => Delta::Put(slice(
            "shop",
            &interned(n % 50, "e"),
            &interned(n % 7, "s"),
            &[(1, n % 20 == 6), (2, true)],
        )),
        7 => Delta::Remove(Kind::EndpointSlice, Key::new("shop", interned(n % 50, "e"))),
        8 if n % 200 == 8 => Delta::ListStart(Kind::Pod, ListScope::All),
        8 => Delta::Put(service(
            "shop",
            &interned(n % 7, "s"),
            80 + u16::try_from(n % 3).unwrap(),
        )),
        _ if n % 1_000 == 999 => Delta::Put(sidecar(
            "shop",
            "default",
            if n % 2_000 == 999 { &["./*"] } else { &[] },
        )),
        _ => Delta::Remove(Kind::Node, Key::new("", "n0")),
    }
}

fn interned(n: u32, prefix: &str) -> String {
    format!("{prefix}{n}")
}

#[test]
fn a_hundred_thousand_events_leave_bounded_maps() {
    let (mut world, mut history, mut interner) = (World::default(), History::new(LIMITS), Interner::default());
    for kind in Kind::ALL {
        history.apply(
            &mut world,
            second(0),
            Delta::Coverage(*kind, ListScope::All, Found::All),
        );
    }
    for n in 0..EVENTS {
        let at = second(i64::from(n) / 50);
        history.apply(&mut world, at, event(n, &mut interner));
        if n % 500 == 0 {
            let chosen = Key::new("shop", interned(n, "p"));
            history.follow(&chosen);
            history.advance(&world, &chosen, &mut Toy::trusting(), 8);
            history.expire(at, SignedDuration::from_mins(10));
        }
    }
    let sizes = history.sizes();
    assert!(history.journal().len() <= LIMITS.entries && history.journal().bytes() <= LIMITS.bytes);
    assert!(sizes.marks <= 64 * 10_000, "{sizes:?}");
    assert!(sizes.pods <= 64 && sizes.effects <= 64 * 4_096, "{sizes:?}");
    assert!(history.edits().len() <= 2_000 && sizes.past <= 4_000, "{sizes:?}");
    assert!(interner.len() < 20_000, "{}", interner.len());
    let counts = history.objects(Kind::Pod).unwrap().counts();
    assert_eq!(counts.unseen, 10_000, "bounded");
    assert!(counts.dropped > 0, "and said");

    world.apply(Delta::ListStart(Kind::Pod, ListScope::All));
    world.apply(Delta::ListEnd(Kind::Pod, ListScope::All));
    world.apply(Delta::ListStart(Kind::EndpointSlice, ListScope::All));
    world.apply(Delta::ListEnd(Kind::EndpointSlice, ListScope::All));
    assert_eq!(
        world.held(),
        world.services.len() + world.sidecars.len(),
        "no index and no list outlives its objects"
    );
}
