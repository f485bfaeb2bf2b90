//! A server that is gone, or stopped: for a moment, for long, and how soon all is right again.

use std::time::Duration;

use sidescope::demo::kinds::Resource;
use sidescope::demo::options::{Faults, Watches};
use sidescope::sources::kubernetes::ListStrategy;

use crate::case::{WITHIN, assert_kept};
use crate::edits::Edit;
use crate::network::Network;
use crate::reader::Reader;

#[tokio::test(start_paused = true)]
async fn after_an_outage_of_any_length_all_is_right_within_seconds() {
    for seconds in [1, 3, 10, 30, 60, 300, 599] {
        let network = Network::start();
        let mut reader = Reader::settled(&network, ListStrategy::Auto).await;
        let before = reader.shown();
        network.take_asked();
        network.set_down(true);
        Edit::Delete(Resource::Services, "bookinfo", "ratings").make(&network);
        reader.look_for(Duration::from_secs(seconds)).await;
        assert_kept("down", &before, &reader.shown());
        let badge = reader.badge();
        assert!(badge.contains("retry"), "{badge}");
        if seconds > 32 {
            assert!(badge.contains("stale"), "how old it is: {badge}");
        }
        let asked = network.take_asked().len();
        assert!(
            asked < 20 * 7 + usize::try_from(seconds).unwrap() * 2,
            "{asked} requests in {seconds} s"
        );
        network.set_down(false);
        let ended = network.clock.passed();
        let fresh = Reader::settled(&network, ListStrategy::Auto).await.shown();
        reader
            .until("rows as of a fresh start", |reader| reader.shown().rows == fresh.rows)
            .await;
        reader.until("live", |reader| reader.badge().contains("live")).await;
        let took = network.clock.since(ended);
        println!(
            "down for {seconds} s: right after {} ms, {asked} requests",
            took.as_millis()
        );
        assert!(took <= WITHIN, "after {seconds} s it took {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_stopped_shows_as_stale_in_time() {
    let network = Network::start();
    let mut reader = Reader::settled(&network, ListStrategy::Auto).await;
    let before = reader.shown();
    network.faults.set(Faults {
        latency: Duration::from_secs(1800),
        watches: Watches::Silent,
        ..Faults::default()
    });
    Edit::Delete(Resource::Services, "bookinfo", "ratings").make(&network);
    let took = reader
        .until("the header doubts", |reader| reader.badge().contains("stale"))
        .await;
    assert!(took <= Duration::from_secs(75), "{took:?}");
    reader.look_for(Duration::from_secs(180)).await;
    assert_kept("stopped", &before, &reader.shown());
    assert!(reader.badge().contains("stale"), "{}", reader.badge());
    network.faults.set(Faults::default());
    let fresh = Reader::settled(&network, ListStrategy::Auto).await.shown();
    // requests that wait are given up after ten seconds
    let took = reader
        .until("all is right", |reader| reader.shown().rows == fresh.rows)
        .await;
    assert!(took <= Duration::from_secs(10) + WITHIN, "{took:?}");
}
