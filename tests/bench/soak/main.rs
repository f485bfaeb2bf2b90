//! An hour of a large cluster in minutes: 1,000,000 events over 20,000 pods, with keys and frames in between.
//!
//! `cargo bench --bench soak [-- --events N] [--flood N]`, in two parts; either fails if what it says does not hold.
//! * The app without sources and terminal, through a virtual hour: what is live on the heap does not grow (the last quarter
//!   is within 3 % of the third), and at the end everything that is shown is what a fresh start over the same objects shows.
//! * The whole program, over a cluster in a process of its own that changes as fast as it can, N times: its tasks, threads
//!   and descriptors do not grow.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "a bench may fail loudly, and needs only a part of the mesh's parts"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is a program of its own: it measures time, and starts threads"
)]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "../budgets/flood.rs"]
mod flood;
#[path = "../latency/ground.rs"]
mod ground;
#[path = "../large.rs"]
mod large;
mod mesh;
mod program;
mod running;
#[path = "../latency/screen.rs"]
mod screen;

use std::alloc::System;
use std::time::Instant;
use std::{env, fs};

use cap::Cap;
use jiff::{SignedDuration, Timestamp};
use sidescope::app::{KeyPress, Message};

use mesh::Mesh;
use running::Running;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const START: Timestamp = Timestamp::constant(1_790_000_000, 0);
/// Events a frame: as many as come within 10 ms, the least time between two frames, at 2,000 a second.
const BATCH: usize = 20;
/// How often the heap is looked at.
const SAMPLES: usize = 400;
/// What the fourth quarter may have more than the third.
const GROWTH: f64 = 0.03;
/// One after the other, each after so many turns.
const KEYS: [char; 8] = ['j', '1', '`', 'k', '5', '3', 'M', '`'];
const TURNS_A_KEY: usize = 500;
/// Pods that are looked at in the beginning.
const PODS: usize = 70;

fn main() {
    let mut given = env::args().skip(1);
    let (mut is_bench, mut events, mut flood) = (false, 1_000_000, 50_000);
    while let Some(option) = given.next() {
        let mut value = || given.next().unwrap_or_else(|| panic!("{option} wants a value"));
        match option.as_str() {
            "--bench" => is_bench = true,
            "--events" => events = value().parse().expect("--events is a number"),
            "--flood" => flood = value().parse().expect("--flood is a number"),
            "--inside" => return program::run(value().as_ref()),
            other => panic!("unknown option '{other}': --events N --flood N"),
        }
    }
    if !is_bench {
        return;
    }
    // what is wanted none of is left out
    if events > 0 {
        hour(events);
    }
    if flood > 0 {
        program::flooded(flood);
    }
}

/// A virtual hour with so many events.
fn hour(events: usize) {
    let started = Instant::now();
    let mut mesh = Mesh::new();
    let own = HEAP.allocated();
    let mut running = Running::begin(START, mesh.chosen(), mesh.listed());
    println!(
        "{events} events over {} pods in one virtual hour, a frame for each {BATCH}",
        mesh.pods()
    );
    look_around(&mut running);
    let heap = live(&mut running, &mut mesh, events);
    println!("took                         {:.0} s", started.elapsed().as_secs_f64());
    println!(
        "live heap, mean of quarters  {} MB",
        heap.map(|bytes| format!("{:.2}", megabytes(bytes))).join(" ")
    );
    println!("  the objects alone          {:.2} MB", megabytes(own));
    println!("resident                     {}", status("VmRSS:"));
    let growth = megabytes(heap[3]) / megabytes(heap[2]) - 1.0;
    println!(
        "fourth against third         {:+.2} % (budget {:+.0} %)",
        growth * 100.0,
        GROWTH * 100.0
    );

    let pod = mesh.chosen();
    let mut fresh = Running::begin(running.now, pod.clone(), mesh.listed());
    let (shown, expected) = (running.everything(&pod), fresh.everything(&pod));
    let other = shown.iter().zip(&expected).find(|(shown, expected)| shown != expected);
    assert_eq!(other, None, "a row is not what a fresh start shows");
    assert_eq!(
        shown.len(),
        expected.len(),
        "there are as many rows as after a fresh start"
    );
    println!("rows equal to a fresh start  {}", shown.len());
    assert!(shown.len() > mesh.pods(), "not every pod was seen");
    assert!(growth <= GROWTH, "what is live grows");
}

/// Goes to more pods than there are histories and tables kept of, so that what is kept of them is full from the start on.
fn look_around(running: &mut Running) {
    for key in std::iter::repeat_n('j', PODS).chain(['g']) {
        running.press(KeyPress::char(key));
    }
}

/// Lives through the hour: what was live on the heap in each quarter.
fn live(running: &mut Running, mesh: &mut Mesh, events: usize) -> [usize; 4] {
    let turns = events / BATCH;
    let step = SignedDuration::from_hours(1)
        .checked_div(i32::try_from(turns).unwrap())
        .unwrap();
    let mut heap = Vec::new();
    for turn in 0..turns {
        running.now += step;
        let now = running.now;
        running.events((0..BATCH).flat_map(|_| mesh.next(now)).collect());
        running.draw();
        if turn % 14 == 0 {
            running.tell(Message::Tick);
        }
        if turn % TURNS_A_KEY == 0 {
            running.press(KeyPress::char(KEYS[turn / TURNS_A_KEY % KEYS.len()]));
        }
        if turn % (turns / SAMPLES).max(1) == 0 {
            heap.push(HEAP.allocated());
        }
    }
    let quarter = heap.len() / 4;
    [0, 1, 2, 3].map(|number| {
        let part = &heap[number * quarter..(number + 1) * quarter];
        part.iter().sum::<usize>() / part.len()
    })
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
