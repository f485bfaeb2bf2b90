//! How long an edit takes from its watch event's bytes to the screen, and what the program costs while nothing happens.
//!
//! `cargo bench --bench latency` measures against the built-in cluster (`sidescope demo --serve`, another process), and
//! `cargo bench --bench latency -- --bed` against the real bed of `tests/cluster/testbed`. Nothing in sidescope knows that
//! it is measured: its connections go through a proxy of this process, which notes when it hands bytes over, and its
//! terminal is one of this process, which notes when bytes come out. Both notes are of one clock.
//!
//! An edit widens or narrows the egress hosts of a Sidecar, so that rows of the pod's table come and go. It is on the
//! screen when the rows that come are there, or those that go are struck or said to be Envoy's alone: the last part of
//! the frame has then been read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench may fail loudly"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is a program of its own: it measures time, and starts threads"
)]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]
#![allow(dead_code, reason = "what it shares with other benches has more than it needs")]

mod editor;
mod edits;
mod figures;
mod ground;
mod options;
mod proxy;
mod screen;

use std::time::{Duration, Instant};

use editor::Editor;
use edits::{Edit, measure};
use figures::{Idle, Spread};
use ground::Ground;
use options::Options;
use proxy::Proxy;
use screen::Screen;

/// Nothing that is waited for takes this long; then the bench fails and shows the screen.
const DEADLINE: Duration = Duration::from_secs(15);

fn main() {
    let Some(options) = Options::read() else { return };
    if options.moves_inside() {
        ground::run_inside_the_bed();
        return;
    }
    let ground = if options.bed { Ground::bed() } else { Ground::demo(0) };
    let proxy = Proxy::start(ground.server());
    let started = Instant::now();
    let (_, namespace) = options.pod.rsplit_once('.').expect("--pod is NAME.NAMESPACE");
    let arguments = ["-n", namespace, "--pod", &options.pod];
    let mut screen = Screen::open(&ground.kubeconfig_for(proxy.address()), &arguments, (120, 40));
    let first = screen.first_bytes(DEADLINE);
    let editor = Editor::connect(ground.kubeconfig());
    let table = screen.wait_for_table(DEADLINE);
    println!(
        "start to first bytes on the terminal   {}",
        figures::milliseconds(first - started)
    );
    println!(
        "start to the pod's table               {}",
        figures::milliseconds(table - started)
    );

    let idle = Idle::watch(screen.process(), options.rest, |pause| screen.pass(pause));
    println!("CPU at rest, before any edit           {idle}");

    let (rows, edits) = measure(&editor, &mut screen, options.edits);
    println!(
        "edits toggle between                   {} and {} rows",
        rows[0], rows[1]
    );
    report(&edits, &proxy);

    let idle = Idle::watch(screen.process(), options.rest, |pause| screen.pass(pause));
    println!("CPU at rest, after the edits           {idle}");
}

fn report(edits: &[Edit], proxy: &Proxy) {
    let windows: Vec<(Instant, Instant)> = edits.iter().map(|edit| (edit.sent, edit.shown)).collect();
    let arrivals = proxy.first_arrivals(&windows);
    let pairs: Vec<(&Edit, Instant)> = edits
        .iter()
        .zip(arrivals)
        .filter_map(|(edit, at)| Some((edit, at?)))
        .collect();
    assert!(
        pairs.len() * 100 >= edits.len() * 99,
        "the proxy saw only {} of {} edits pass",
        pairs.len(),
        edits.len()
    );
    let spread = |of: fn(&(&Edit, Instant)) -> Duration| Spread::of(pairs.iter().map(of));
    println!("{} edits", pairs.len());
    println!(
        "  request to answer                    {}",
        spread(|(edit, _)| edit.answered - edit.sent)
    );
    println!(
        "  watch event's bytes to screen        {}",
        spread(|(edit, arrived)| edit.shown - *arrived)
    );
    println!(
        "  request to screen                    {}",
        spread(|(edit, _)| edit.shown - edit.sent)
    );
}
