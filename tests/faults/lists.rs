//! Lists that do not come to their end, and those that take long.

use std::time::Duration;

use serde_json::json;
use sidescope::demo::kinds::Resource;
use sidescope::demo::options::{Faults, Flaw, Rule};
use sidescope::sources::kubernetes::ListStrategy;

use crate::case::{Begins, Case, QUIET, SILENT, WITHIN, play};
use crate::edits::Edit;
use crate::network::Network;
use crate::reader::Reader;

/// In the middle of an object of any kind that has one.
const MIDDLE: usize = 700;

fn flawed(flaw: Flaw) -> Faults {
    Faults {
        flawed: vec![(Rule::new(&["list", "watch"], &[], &[]), flaw)],
        ..Faults::default()
    }
}

/// Everything has to be listed anew.
const RELISTED: Case = Case {
    begins: Begins::Cut,
    edits: &[
        Edit::AddService("fresh"),
        Edit::Delete(Resource::Services, "bookinfo", "ratings"),
        Edit::Forget,
    ],
    badge: Some("retry"),
    marks: &[
        "endpoints -10.244.1.30:9080 gone",
        "services +bookinfo fresh",
        "services -bookinfo ratings",
    ],
    ..QUIET
};

const PAGED: Case = Case {
    strategy: ListStrategy::Paged,
    ..RELISTED
};

const CASES: &[Case] = &[
    Case {
        name: "a streamed list that ends in the middle of an object",
        faults: || flawed(Flaw::Ends(MIDDLE)),
        ..RELISTED
    },
    Case {
        name: "a streamed list whose connection breaks",
        faults: || flawed(Flaw::Breaks(MIDDLE)),
        ..RELISTED
    },
    Case {
        name: "a streamed list that stalls",
        faults: || flawed(Flaw::Stalls(MIDDLE)),
        within: SILENT,
        ..RELISTED
    },
    Case {
        name: "a streamed list that comes byte by byte",
        faults: || flawed(Flaw::Drips(Duration::from_millis(1))),
        badge: Some("listing"),
        // bytes that are under way already go on dripping
        within: Duration::from_secs(120),
        ..RELISTED
    },
    Case {
        name: "a page that ends in the middle of an object",
        faults: || flawed(Flaw::Ends(MIDDLE)),
        ..PAGED
    },
    Case {
        name: "a page whose connection breaks",
        faults: || flawed(Flaw::Breaks(MIDDLE)),
        ..PAGED
    },
    Case {
        name: "a page that stalls",
        faults: || flawed(Flaw::Stalls(MIDDLE)),
        // what is under way has ten seconds, as every request here
        within: Duration::from_secs(15),
        ..PAGED
    },
    Case {
        name: "pages that come byte by byte, too slowly",
        faults: || flawed(Flaw::Drips(Duration::from_millis(10))),
        within: Duration::from_secs(15),
        ..PAGED
    },
];

#[tokio::test(start_paused = true)]
async fn lists_that_break_off() {
    play(CASES).await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_expires_between_two_pages_is_begun_anew() {
    let network = Network::start();
    for number in 0..600 {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("team-{number}")}});
        network.store.load(namespace).unwrap();
    }
    let mut reader = Reader::settled(&network, ListStrategy::Paged).await;
    let before = reader.shown();
    // each page takes a second
    network.faults.set(Faults {
        latency: Duration::from_secs(1),
        ..Faults::default()
    });
    network.cut();
    Edit::Forget.make(&network);
    let next_page = |network: &Network| network.take_asked().iter().any(|(_, uri)| uri.contains("&continue="));
    reader.until("a page is asked for", |_| next_page(&network)).await;
    Edit::DeleteNamespace("team-3").make(&network);
    Edit::Delete(Resource::Services, "bookinfo", "ratings").make(&network);
    Edit::Forget.make(&network);
    reader.look_for(Duration::from_secs(1)).await;
    crate::case::assert_kept("expired", &before, &reader.shown());
    network.faults.set(Faults::default());
    let ended = network.clock.passed();
    let fresh = Reader::settled(&network, ListStrategy::Auto).await.shown();
    reader
        .until("rows as of a fresh start", |reader| reader.shown().rows == fresh.rows)
        .await;
    let took = network.clock.since(ended);
    assert!(took <= WITHIN, "it took {took:?}");
}
