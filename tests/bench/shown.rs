//! What the loop is held up for when the chosen pod imports everything of a large mesh: `cargo bench --bench shown`.
//!
//! 10,000 services in 500 namespaces, 100,000 rows. No key may wait for longer than a frame (16 ms).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "a bench may fail loudly, and needs only a part of the mesh's parts"
)]

mod large;

use divan::{Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use sidescope::app::{App, Command, KeyPress, Message, Options};
use sidescope::mesh::model::{Key, Pod};
use sidescope::mesh::world::{Delta, World};
use sidescope::tui::{Look, Painter};

use large::{SIZES, deltas, namespace, slice};

const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

fn main() {
    divan::main();
}

/// The app over the mesh, drawn once, with the pod of a namespace chosen.
struct Shown {
    app: App,
    painter: Painter,
    now: Timestamp,
}

impl Shown {
    /// Its namespace has a Sidecar (1,000 rows), or none (100,000 rows).
    fn pod(scoped: bool) -> Self {
        let pod = Key::new(namespace(if scoped { 0 } else { 3 }), "pod-07");
        let options = Options {
            pod: Some(pod),
            ..Options::default()
        };
        let mut shown = Self {
            app: App::new(options),
            painter: Painter::new(Look::default()),
            now: START,
        };
        let batch = deltas(SIZES[1]);
        shown.settle(Message::Deltas { at: START, batch });
        shown
    }

    /// What one turn of the loop does with a message, and what it has worked out beside the loop.
    fn turn(&mut self, message: Message) -> Vec<Command> {
        self.now += SignedDuration::from_millis(600);
        let commands = self.app.update(self.now, message);
        let screen = self.app.screen(self.now, 200, 60);
        self.painter.frame(&screen).unwrap();
        commands
    }

    /// Turns until nothing is worked out beside the loop any more.
    fn settle(&mut self, message: Message) {
        let commands = self.turn(message);
        for command in commands {
            if let Command::Compute(pod) = command {
                let answer = self.app.computing(pod).run();
                self.settle(answer);
            }
        }
    }
}

#[divan::bench(name = "the_first_frame", args = [true, false], sample_count = 3)]
fn the_first_frame(bencher: Bencher<'_, '_>, scoped: bool) {
    bencher.bench_local(|| Shown::pod(scoped));
}

#[divan::bench(name = "a_key (budget 16 ms)", args = [true, false])]
fn a_key(bencher: Bencher<'_, '_>, scoped: bool) {
    let mut shown = Shown::pod(scoped);
    for key in ['j', 'k'] {
        shown.settle(Message::Key(KeyPress::char(key)));
    }
    let mut keys = ['j', 'k'].into_iter().cycle();
    bencher.bench_local(|| shown.turn(black_box(Message::Key(KeyPress::char(keys.next().unwrap())))));
}

#[divan::bench(name = "a_slice_event (budget 16 ms)", args = [true, false])]
fn a_slice_event(bencher: Bencher<'_, '_>, scoped: bool) {
    let mut shown = Shown::pod(scoped);
    let own = namespace(1);
    let mut world = World::default();
    for delta in deltas(SIZES[0]) {
        world.apply(delta);
    }
    let pods: Vec<Pod> = world.pods.in_namespace(&own).map(|pod| Pod::clone(pod)).collect();
    let mut versions = [0, 1].map(|unready| slice(&own, 5, &pods, unready)).into_iter().cycle();
    bencher.bench_local(|| {
        let at = shown.now;
        let batch = vec![Delta::Put(versions.next().unwrap().into())];
        shown.turn(Message::Deltas { at, batch })
    });
}
