//! An hour of a large cluster in minutes: 1,000,000 events over 20,000 pods, with keys and frames in between.
//!
//! `cargo bench --bench soak [-- --events N]`: the app without sources and terminal, in virtual time. What is live on the
//! heap may not grow: the last quarter is within 3 % of the third. At the end everything that is shown is what a fresh start
//! over the same objects shows. It fails if either does not hold. (Tasks and descriptors of the real program over a flood:
//! `--bench budgets`.)
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "a bench may fail loudly, and needs only a part of the mesh's parts"
)]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

mod large;

use std::alloc::System;
use std::collections::BTreeMap;
use std::{env, fs};

use cap::Cap;
use jiff::{SignedDuration, Timestamp};
use sidescope::app::view::Body;
use sidescope::app::{App, Command, KeyPress, Message, Options};
use sidescope::mesh::model::{Key, Kind, Object, Pod, Text};
use sidescope::mesh::world::{Delta, Found, ListScope};
use sidescope::tui::{Look, Painter};

use large::{PODS_PER_NAMESPACE, SERVICES_PER_NAMESPACE, SIZES, deltas, namespace, sidecar, slice};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const START: Timestamp = Timestamp::constant(1_790_000_000, 0);
/// Events that come together.
const BATCH: usize = 10;
const SERVICES: usize = SIZES[1];
const NAMESPACES: usize = SERVICES / SERVICES_PER_NAMESPACE;
/// How often the heap is looked at.
const SAMPLES: usize = 400;

/// The objects as they are, and what happens to them.
struct Mesh {
    objects: BTreeMap<(Kind, Key), Object>,
    /// The pods of each namespace, by their place.
    pods: Vec<Vec<Pod>>,
    turn: usize,
}

impl Mesh {
    fn new() -> (Self, Vec<Delta>) {
        let deltas = deltas(SERVICES);
        let mut mesh = Self {
            objects: BTreeMap::new(),
            pods: vec![Vec::new(); NAMESPACES],
            turn: 0,
        };
        for delta in &deltas {
            mesh.note(delta);
        }
        for (home, pods) in mesh.pods.iter_mut().enumerate() {
            let own = namespace(home);
            let all = mesh.objects.values().filter_map(|object| {
                let Object::Pod(pod) = object else { return None };
                (pod.meta.key.namespace == own).then(|| Pod::clone(pod))
            });
            *pods = if home < 20 { all.collect() } else { Vec::new() };
        }
        (mesh, deltas)
    }

    fn note(&mut self, delta: &Delta) {
        match delta {
            Delta::Put(object) => {
                self.objects
                    .insert((object.kind(), object.key().clone()), object.clone());
            }
            Delta::Remove(kind, key) => {
                self.objects.remove(&(*kind, key.clone()));
            }
            Delta::ListStart(..) | Delta::ListEnd(..) | Delta::Coverage(..) => {}
        }
    }

    /// The next events: mostly readiness, then restarts, now and then another pod in a pod's place, rarely a Sidecar.
    fn next(&mut self) -> Vec<Delta> {
        self.turn += 1;
        let turn = self.turn;
        let home = turn * 7 % 20;
        let place = turn * 13 % PODS_PER_NAMESPACE;
        let own = namespace(home);
        let deltas = match turn % 20 {
            _ if turn.is_multiple_of(10_000) => vec![Delta::Put(sidecar(0, NAMESPACES, 3 + turn / 10_000 % 2).into())],
            0 => {
                let pod = &mut self.pods[home][place];
                let gone = pod.meta.key.clone();
                pod.meta.key.name = Text::from(format!("pod-{place:02}-{turn}"));
                pod.meta.created = Timestamp::from_second(START.as_second() + i64::try_from(turn).unwrap() / 278).ok();
                vec![Delta::Remove(Kind::Pod, gone), Delta::Put(pod.clone().into())]
            }
            1..=6 => {
                let pod = &mut self.pods[home][place];
                pod.printed.restarts += 1;
                vec![Delta::Put(pod.clone().into())]
            }
            _ => {
                let service = turn * 3 % SERVICES_PER_NAMESPACE;
                vec![Delta::Put(slice(&own, service, &self.pods[home], turn % 3).into())]
            }
        };
        for delta in &deltas {
            self.note(delta);
        }
        deltas
    }

    /// All objects, as a first list gives them.
    fn listed(&self) -> Vec<Delta> {
        let complete = Kind::ALL
            .iter()
            .map(|kind| Delta::Coverage(*kind, ListScope::All, Found::All));
        self.objects.values().cloned().map(Delta::Put).chain(complete).collect()
    }
}

/// The app with its screen.
struct Running {
    app: App,
    painter: Painter,
    now: Timestamp,
}

impl Running {
    fn new() -> Self {
        let options = Options {
            pod: Some(Key::new(namespace(0), "pod-07")),
            ..Options::default()
        };
        Self {
            app: App::new(options),
            painter: Painter::new(Look::default()),
            now: START,
        }
    }

    /// What the loop does with a message, and what is worked out beside it.
    fn tell(&mut self, message: Message) {
        for command in self.app.update(self.now, message) {
            if let Command::Compute(pod) = command {
                let answer = self.app.computing(pod).run();
                self.tell(answer);
            }
        }
    }

    fn draw(&mut self) -> sidescope::app::view::Screen {
        let screen = self.app.screen(self.now, 120, 40);
        self.painter.frame(&screen).unwrap();
        screen
    }

    fn press(&mut self, key: KeyPress) {
        self.tell(Message::Key(key));
        self.draw();
    }

    /// Every row of the tables of pods, services and endpoints, page by page.
    fn everything(&mut self) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        self.press(KeyPress::char('a'));
        for tab in ['1', '2', '3'] {
            self.press(KeyPress::char(tab));
            self.press(KeyPress::char('g'));
            loop {
                let screen = self.draw();
                let pane = &screen.panes[0];
                let Body::Table { rows, .. } = &pane.body else {
                    panic!("no table in tab {tab}")
                };
                all.extend(
                    rows.iter()
                        .map(|row| row.cells.iter().map(|cell| cell.text.to_string()).collect()),
                );
                let before: Vec<_> = rows.iter().map(|row| row.cells.clone()).collect();
                self.press(KeyPress::ctrl('f'));
                let after = self.draw();
                let Body::Table { rows, .. } = &after.panes[0].body else {
                    panic!("no table in tab {tab}")
                };
                if rows.iter().map(|row| row.cells.clone()).eq(before) {
                    break;
                }
            }
        }
        all
    }
}

fn main() {
    let mut given = env::args().skip(1);
    let (mut is_bench, mut events) = (false, 1_000_000);
    while let Some(option) = given.next() {
        match option.as_str() {
            "--bench" => is_bench = true,
            "--events" => {
                let count = given.next().and_then(|count| count.parse().ok());
                events = count.expect("--events wants a number");
            }
            other => panic!("unknown option '{other}': --events N"),
        }
    }
    if !is_bench {
        return;
    }
    let (mut mesh, listed) = Mesh::new();
    let mut running = Running::new();
    running.tell(Message::Deltas {
        at: START,
        batch: listed,
    });
    running.draw();

    let turns = events / BATCH;
    let step = SignedDuration::from_hours(1)
        .checked_div(i32::try_from(turns).unwrap())
        .unwrap();
    let mut heap = Vec::new();
    for turn in 0..turns {
        running.now += step;
        let batch: Vec<Delta> = std::iter::repeat_with(|| mesh.next()).take(BATCH).flatten().collect();
        let at = running.now;
        running.tell(Message::Deltas { at, batch });
        running.draw();
        if turn % 28 == 0 {
            running.tell(Message::Tick);
        }
        if turn % 1_000 == 0 {
            let key = ['j', '1', '`', 'k', '5', '3', 'M', '`'][turn / 1_000 % 8];
            running.press(KeyPress::char(key));
        }
        if turn % (turns / SAMPLES).max(1) == 0 {
            heap.push(HEAP.allocated());
        }
    }
    let quarter = heap.len() / 4;
    let mean = |number: usize| {
        let part = &heap[number * quarter..(number + 1) * quarter];
        part.iter().sum::<usize>() / part.len()
    };
    let quarters = [0, 1, 2, 3].map(mean);
    println!("events                       {events} in one virtual hour, {BATCH} a turn, each turn drawn");
    println!(
        "live heap, mean of quarters  {} MB",
        quarters.map(|bytes| format!("{:.2}", megabytes(bytes))).join(" ")
    );
    println!("resident                     {}", status("VmRSS:"));
    let growth = megabytes(quarters[3]) / megabytes(quarters[2]) - 1.0;
    println!("fourth against third         {:+.2} % (budget +3 %)", growth * 100.0);
    assert!(growth <= 0.03, "what is live grows");

    // what lights up has gone out by then
    for _ in 0..3 {
        running.press(KeyPress::char('M'));
        running.now += SignedDuration::from_mins(11);
        running.tell(Message::Tick);
        running.draw();
    }
    let mut fresh = Running::new();
    fresh.now = running.now;
    let (at, batch) = (fresh.now, mesh.listed());
    fresh.tell(Message::Deltas { at, batch });
    fresh.draw();
    let (shown, expected) = (running.everything(), fresh.everything());
    let other = shown.iter().zip(&expected).find(|(shown, expected)| shown != expected);
    assert_eq!(other, None, "a row is not what a fresh start shows");
    assert_eq!(
        shown.len(),
        expected.len(),
        "there are as many rows as after a fresh start"
    );
    println!("rows equal to a fresh start  {}", shown.len());
}

#[expect(clippy::cast_precision_loss, reason = "a size to be read")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn status(field: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.map_or_else(|| "not known here".to_owned(), |line| line.trim().to_owned())
}
