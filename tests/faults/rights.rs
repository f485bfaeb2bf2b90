//! Rights that are granted and taken away while somebody looks.

use std::time::Duration;

use sidescope::demo::options::{Faults, Rights, Rule};
use sidescope::sources::kubernetes::ListStrategy;

use crate::network::Network;
use crate::reader::Reader;

/// Rights for a while, and what comes of them.
struct Case {
    name: &'static str,
    strategy: ListStrategy,
    rights: fn() -> Rights,
    /// What the header comes to say.
    badge: &'static str,
    /// How long all takes to be right once everything may be read again; those that are refused are asked for again
    /// every thirty seconds.
    within: Duration,
}

const CASES: &[Case] = &[
    Case {
        name: "services may not be read any more",
        strategy: ListStrategy::Auto,
        rights: || Rights::AllBut(vec![Rule::new(&[], &["services"], &[])]),
        badge: "denied 1",
        within: Duration::from_secs(40),
    },
    Case {
        name: "services may be listed and not watched",
        strategy: ListStrategy::Auto,
        rights: || Rights::AllBut(vec![Rule::new(&["watch"], &["services"], &[])]),
        badge: "polled 1",
        within: Duration::from_secs(40),
    },
    Case {
        name: "nothing may be watched, lists by pages",
        strategy: ListStrategy::Paged,
        rights: || Rights::AllBut(vec![Rule::new(&["watch"], &[], &[])]),
        badge: "polled",
        within: Duration::from_secs(40),
    },
    Case {
        name: "one namespace may be read and nothing else",
        strategy: ListStrategy::Auto,
        rights: || Rights::Only(vec![Rule::new(&["list", "watch"], &[], &["bookinfo"])]),
        badge: "denied",
        within: Duration::from_secs(40),
    },
    Case {
        name: "nothing may be read, as while a server starts",
        strategy: ListStrategy::Auto,
        rights: || Rights::Only(Vec::new()),
        badge: "denied",
        within: Duration::from_secs(40),
    },
];

#[tokio::test(start_paused = true)]
async fn rights_taken_away_and_granted_again() {
    for case in CASES {
        let name = case.name;
        let network = Network::start();
        let mut reader = Reader::settled(&network, case.strategy).await;
        let before = reader.shown();
        network.faults.set(Faults {
            rights: Some((case.rights)()),
            ..Faults::default()
        });
        // a watch that goes is not ended by a right that is gone; sooner or later it ends
        network.cut();
        reader.until(name, |reader| reader.badge().contains(case.badge)).await;
        reader.look_for(Duration::from_secs(120)).await;
        assert!(reader.badge().contains(case.badge), "{name}: {}", reader.badge());
        reader
            .shown()
            .assert_same(&before, &format!("{name}: what was read stays"));
        network.faults.set(Faults::default());
        let took = reader.until("live", |reader| reader.badge().contains("live")).await;
        println!("{name:<70} {:>6} ms", took.as_millis());
        assert!(took <= case.within, "{name}: {took:?}");
        reader
            .shown()
            .assert_same(&before, &format!("{name}: as it was, without marks"));
    }
}
