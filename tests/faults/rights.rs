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
    /// What the title of a table, by its key, then says of rows that nobody tells of any more.
    left: Option<(char, &'static str)>,
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
        left: Some(('2', "  as they were ")),
        within: Duration::from_secs(40),
    },
    Case {
        name: "services may be listed and not watched",
        strategy: ListStrategy::Auto,
        rights: || Rights::AllBut(vec![Rule::new(&["watch"], &["services"], &[])]),
        badge: "polled 1",
        left: None,
        within: Duration::from_secs(40),
    },
    Case {
        name: "nothing may be watched, lists by pages",
        strategy: ListStrategy::Paged,
        rights: || Rights::AllBut(vec![Rule::new(&["watch"], &[], &[])]),
        badge: "polled",
        left: None,
        within: Duration::from_secs(40),
    },
    Case {
        name: "one namespace may be read and nothing else",
        strategy: ListStrategy::Auto,
        rights: || Rights::Only(vec![Rule::new(&["list", "watch"], &[], &["bookinfo"])]),
        badge: "denied",
        left: Some(('1', "  other namespaces as they were ")),
        within: Duration::from_secs(40),
    },
    Case {
        name: "nothing may be read, as while a server starts",
        strategy: ListStrategy::Auto,
        rights: || Rights::Only(Vec::new()),
        badge: "denied",
        left: Some(('1', "  as they were ")),
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
        if let Some((key, words)) = case.left {
            let title = reader.title(key);
            let ago = title.split_once(words).map(|(_, ago)| ago);
            let is_dated = ago.is_some_and(|ago| ago.starts_with("2m") && ago.contains(" ago, no longer readable"));
            assert!(is_dated, "{name}: {title}");
        }
        network.faults.set(Faults::default());
        let is_told = |reader: &mut Reader| {
            case.left
                .is_none_or(|(key, _)| !reader.title(key).contains("no longer"))
        };
        let is_live = |reader: &mut Reader| reader.badge().contains("live") && is_told(reader);
        let took = reader.until("live", is_live).await;
        println!("{name:<70} {:>6} ms", took.as_millis());
        assert!(took <= case.within, "{name}: {took:?}");
        reader
            .shown()
            .assert_same(&before, &format!("{name}: as it was, without marks"));
    }
}
