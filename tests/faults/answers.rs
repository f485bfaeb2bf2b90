//! Requests that are refused: each reason is a state, and no reason to ask in haste.

use std::time::Duration;

use sidescope::demo::kinds::Resource;
use sidescope::demo::options::{Faults, Rule};
use sidescope::demo::refusal::Reason;
use sidescope::sources::kubernetes::ListStrategy;

use crate::case::{Begins, Case, QUIET, play};
use crate::edits::Edit;
use crate::network::Network;
use crate::reader::Reader;

fn refused(reason: Reason) -> Faults {
    Faults {
        refused: vec![(Rule::new(&["list", "watch"], &[], &[]), reason)],
        ..Faults::default()
    }
}

const REFUSED: Case = Case {
    begins: Begins::Cut,
    edits: &[
        Edit::AddService("fresh"),
        Edit::Delete(Resource::Services, "bookinfo", "ratings"),
    ],
    badge: Some("retry"),
    marks: &[
        "endpoints -10.244.1.30:9080 gone",
        "services +bookinfo fresh",
        "services -bookinfo ratings",
    ],
    ..QUIET
};

const CASES: &[Case] = &[
    Case {
        name: "401: the token has expired",
        faults: || refused(Reason::Unauthorized),
        badge: Some("login expired"),
        within: Duration::from_secs(30),
        ..REFUSED
    },
    Case {
        name: "410 for whatever is asked",
        faults: || refused(Reason::Expired),
        within: Duration::from_secs(30),
        ..REFUSED
    },
    Case {
        name: "429 with Retry-After: 1",
        faults: || refused(Reason::TooManyRequests),
        ..REFUSED
    },
    Case {
        name: "500",
        faults: || refused(Reason::InternalError),
        ..REFUSED
    },
    Case {
        name: "503 with Retry-After: 1",
        faults: || refused(Reason::ServiceUnavailable),
        ..REFUSED
    },
    Case {
        name: "504",
        faults: || refused(Reason::Timeout),
        ..REFUSED
    },
];

#[tokio::test(start_paused = true)]
async fn refused_for_now() {
    play(CASES).await;
}

#[tokio::test(start_paused = true)]
async fn who_is_told_to_come_back_later_comes_back_then() {
    const LATER: Duration = Duration::from_secs(7);
    let network = Network::start();
    let mut reader = Reader::settled(&network, ListStrategy::Auto).await;
    network.faults.set(Faults {
        retry_after: 7,
        ..refused(Reason::TooManyRequests)
    });
    network.cut();
    reader
        .until("it shows", |reader| reader.badge().contains("retry"))
        .await;
    reader.look_for(Duration::from_secs(60)).await;
    let asked = network.take_asked();
    let at: Vec<Duration> = asked
        .iter()
        .filter(|(_, uri)| uri.starts_with("/api/v1/pods?"))
        .map(|(at, _)| *at)
        .collect();
    // the first was before the fault, the second after the connection broke
    let gaps: Vec<Duration> = at
        .windows(2)
        .skip(2)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .collect();
    assert!(gaps.len() >= 6, "{at:?}");
    for gap in gaps {
        assert!(gap >= LATER && gap <= LATER + Duration::from_secs(1), "{at:?}");
    }
}
