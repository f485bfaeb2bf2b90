//! What people use now, on the same cluster in one run: time to the first full table, memory, processor, and the time from
//! an edit to the screen.
//!
//! `cargo bench --bench peers [-- --pods 10000] [--rest SECONDS] [--edits N] [--only NAME]`. A program that is not on the
//! PATH is said to be left out. All show the pods of all namespaces on a terminal of 200x60, as they come; the cluster is
//! the built-in one, in a process of its own. An edit makes a pod that sorts second of all, or deletes it: it is on the
//! screen when its name has come or gone. The loop that prints `istioctl proxy-config endpoint` needs an Envoy, and so a
//! real cluster: it is not among them.
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
#![allow(dead_code, reason = "what it shares with the latency bench has more than it needs")]

#[path = "../latency/editor.rs"]
mod editor;
#[path = "../latency/figures.rs"]
mod figures;
#[path = "../budgets/flood.rs"]
mod flood;
#[path = "../latency/ground.rs"]
mod ground;
mod probe;
#[path = "../latency/screen.rs"]
mod screen;

use std::time::{Duration, Instant};
use std::{env, fs};

use figures::{Idle, Spread, on_cpu};
use flood::Flood;
use ground::Ground;
use probe::Probe;
use screen::Screen;

/// What has not come by then is said not to have come.
const DEADLINE: Duration = Duration::from_secs(120);
/// What an edit may take before it is given up, and so are the others.
const LAG: Duration = Duration::from_secs(60);
/// No further edit is made after this.
const PATIENCE: Duration = Duration::from_secs(40);
/// Changes of pods and slices a second, while a program is busy.
const EVENTS: u32 = 50;

/// A program, and how its screen says that all pods are there.
struct Peer {
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    /// Stands before the number of pods.
    count: &'static str,
}

const PEERS: [Peer; 3] = [
    Peer {
        name: "sidescope",
        program: env!("CARGO_BIN_EXE_sidescope"),
        arguments: &["-A", "--no-state"],
        count: "Pods ",
    },
    Peer {
        name: "kubetui",
        program: "kubetui",
        arguments: &["-A"],
        count: "Pod [1/",
    },
    Peer {
        name: "kdash",
        program: "kdash",
        arguments: &[],
        count: "Pods (ns: all) [",
    },
];

struct Options {
    pods: usize,
    rest: Duration,
    edits: usize,
    only: Option<String>,
}

impl Options {
    /// None if this was not started by `cargo bench`: a test run has nothing to measure.
    fn read() -> Option<Self> {
        let mut given = env::args().skip(1);
        let mut is_bench = false;
        let mut options = Self {
            pods: 10_000,
            rest: Duration::from_secs(60),
            edits: 20,
            only: None,
        };
        while let Some(option) = given.next() {
            let mut value = || given.next().unwrap_or_else(|| panic!("{option} wants a value"));
            match option.as_str() {
                "--bench" => is_bench = true,
                "--pods" => options.pods = value().parse().expect("--pods is a number"),
                "--rest" => options.rest = Duration::from_secs(value().parse().expect("--rest is in seconds")),
                "--edits" => options.edits = value().parse().expect("--edits is a number"),
                "--only" => options.only = Some(value()),
                other => panic!("unknown option '{other}': --pods N --rest SECONDS --edits N --only NAME"),
            }
        }
        is_bench.then_some(options)
    }
}

fn main() {
    let Some(options) = Options::read() else { return };
    let ground = Ground::demo(options.pods);
    let probe = Probe::connect(ground.kubeconfig());
    println!("{} pods", options.pods);
    println!("| | first full table | memory, most | CPU at rest | CPU at {EVENTS} events/s | edit to screen |");
    println!("|---|---|---|---|---|---|");
    for peer in &PEERS {
        if options.only.as_ref().is_some_and(|only| only != peer.name) {
            continue;
        }
        if is_installed(peer.program) {
            measure(peer, &ground, &probe, &options);
        } else {
            println!("| {} | NOT RUN: not installed | | | | |", peer.name);
        }
    }
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn measure(peer: &Peer, ground: &Ground, probe: &Probe, options: &Options) {
    let started = Instant::now();
    let mut screen = Screen::open_program(peer.program, ground.kubeconfig(), peer.arguments, (200, 60));
    let is_full = |text: &str| count(text, peer.count).is_some_and(|count| count >= options.pods);
    let full = screen.try_until(DEADLINE, is_full);
    let process = screen.process();
    let Some(full) = full else {
        let (most, used) = (megabytes(process), on_cpu(process).as_secs_f64());
        println!(
            "| {} | none in {} s | {most:.0} MB | {used:.1} s until then | | |",
            peer.name,
            DEADLINE.as_secs()
        );
        return;
    };
    screen.pass(Duration::from_secs(5));
    let idle = Idle::watch(process, options.rest, |time| screen.pass(time));
    let busy = {
        let _flood = Flood::start(ground.kubeconfig(), EVENTS);
        Idle::watch(process, options.rest, |time| screen.pass(time))
    };
    let lag = edits(&mut screen, probe, options.edits);
    println!(
        "| {} | {:.2} s | {:.0} MB | {:.2} % | {:.2} % | {lag} |",
        peer.name,
        (full - started).as_secs_f64(),
        megabytes(process),
        idle.percent(),
        busy.percent(),
    );
}

/// How long each edit took to be seen, with pauses of other lengths in between; fewer edits if they take too long.
fn edits(screen: &mut Screen, probe: &Probe, wanted: usize) -> String {
    let started = Instant::now();
    let mut lags = Vec::new();
    // an even number, so that the pod is gone in the end
    while lags.len() < wanted && (started.elapsed() < PATIENCE || lags.len() % 2 == 1) {
        let is_there = lags.len() % 2 == 0;
        let sent = Instant::now();
        probe.put(is_there);
        let shown = screen.try_until(LAG, |text| probe::is_shown(text) == is_there);
        screen.pass(Duration::from_millis(300 + (lags.len() as u64 * 371) % 1_000));
        let Some(shown) = shown else {
            if is_there {
                probe.put(false);
            }
            return format!("none in {} s, after {} edits", LAG.as_secs(), lags.len());
        };
        lags.push(shown - sent);
    }
    format!("{} ({} edits)", Spread::of(lags.iter().copied()), lags.len())
}

/// The number behind some words on the screen.
fn count(text: &str, before: &str) -> Option<usize> {
    let mut rests = text.split(before).skip(1);
    rests.find_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    })
}

/// The most that was ever resident, in MB of 10^6 bytes.
fn megabytes(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("this bench needs Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024.0 / 1e6
}
