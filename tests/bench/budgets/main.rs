//! What a large cluster costs: start, memory, processor, and the time from an event or a key to the screen, each beside its
//! budget.
//!
//! `cargo bench --bench budgets [-- --pods 20000,50000] [--rest SECONDS] [--edits N]`: the built-in cluster is a process of
//! its own, and so is sidescope, on a terminal of 200x60 that shows all namespaces. The chosen pod has no Sidecar at first
//! and imports every service; then it has one. An edit's bytes are noted where a proxy
//! hands them over, a frame's when they come out of the terminal. Everything shares the machine's cores.
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
#[path = "../latency/edits.rs"]
mod edits;
#[path = "../latency/figures.rs"]
mod figures;
mod flood;
#[path = "../latency/ground.rs"]
mod ground;
#[path = "../latency/proxy.rs"]
mod proxy;
#[path = "../latency/screen.rs"]
mod screen;

use std::time::{Duration, Instant};
use std::{env, fs};

use editor::Editor;
use figures::{Idle, Spread};
use flood::Flood;
use ground::Ground;
use proxy::Proxy;
use screen::Screen;

/// Nothing that is waited for takes this long; then the bench fails and shows the screen.
const DEADLINE: Duration = Duration::from_secs(60);
/// Whose table the edits change.
const POD: &str = "my-shell.default";

/// Budgets of a size: seconds to the tables, and megabytes.
const SIZES: [(usize, f64, f64); 2] = [(20_000, 2.0, 60.0), (50_000, 4.0, 120.0)];

struct Options {
    pods: Vec<usize>,
    rest: Duration,
    edits: usize,
}

impl Options {
    /// None if this was not started by `cargo bench`: a test run has nothing to measure.
    fn read() -> Option<Self> {
        let mut given = env::args().skip(1);
        let mut is_bench = false;
        let mut options = Self {
            pods: SIZES.iter().map(|(pods, ..)| *pods).collect(),
            rest: Duration::from_secs(60),
            edits: 200,
        };
        while let Some(option) = given.next() {
            let mut value = || given.next().unwrap_or_else(|| panic!("{option} wants a value"));
            match option.as_str() {
                "--bench" => is_bench = true,
                "--pods" => options.pods = value().split(',').map(|pods| pods.parse().unwrap()).collect(),
                "--rest" => options.rest = Duration::from_secs(value().parse().expect("--rest is in seconds")),
                "--edits" => options.edits = value().parse().expect("--edits is a number"),
                other => panic!("unknown option '{other}': --pods N,N --rest SECONDS --edits N"),
            }
        }
        is_bench.then_some(options)
    }
}

fn main() {
    let Some(options) = Options::read() else { return };
    println!("{:<62}{:>12}{:>12}{:>8}", "", "measured", "budget", "ratio");
    for pods in &options.pods {
        measure(*pods, &options);
    }
}

/// One line: a figure, what it may be, and the part of that which it is.
fn line(what: &str, figure: f64, budget: f64, unit: &str) {
    let ratio = figure / budget;
    println!("{what:<62}{figure:>9.2} {unit:<2}{budget:>9.1} {unit:<2}{ratio:>8.2}");
}

fn measure(pods: usize, options: &Options) {
    let fits = SIZES
        .iter()
        .find(|(size, ..)| pods <= *size)
        .unwrap_or(&SIZES[SIZES.len() - 1]);
    let (_, seconds, megabytes) = *fits;
    println!("{pods} pods");
    let ground = Ground::demo(pods);
    let proxy = Proxy::start(ground.server());
    let started = Instant::now();
    let mut screen = Screen::open(
        &ground.kubeconfig_for(proxy.address()),
        &["-A", "--pod", POD],
        (200, 60),
    );
    let shown = screen.wait_until(DEADLINE, |text| is_complete(text, pods));
    line(
        "  start to complete tables",
        (shown - started).as_secs_f64(),
        seconds,
        "s",
    );
    screen.pass(Duration::from_secs(5));
    let process = screen.process();
    line(
        "  memory (resident, the program's own pages included)",
        memory(process, "VmRSS:"),
        megabytes,
        "MB",
    );
    line(
        "  memory, the most that it ever was",
        memory(process, "VmHWM:"),
        megabytes,
        "MB",
    );
    {
        let _flood = Flood::start(ground.kubeconfig(), 50);
        let busy = Idle::watch(process, options.rest, |time| screen.pass(time));
        line(
            "  processor at 50 events a second, the pod imports all",
            busy.percent(),
            2.0,
            "%",
        );
    }
    let editor = Editor::connect(ground.kubeconfig());
    editor.edit(0);
    screen.pass(Duration::from_secs(5));
    let idle = Idle::watch(process, options.rest, |time| screen.pass(time));
    line("  processor at rest", idle.percent(), 0.2, "%");
    {
        let _flood = Flood::start(ground.kubeconfig(), 50);
        let busy = Idle::watch(process, options.rest, |time| screen.pass(time));
        line("  processor at 50 events a second", busy.percent(), 2.0, "%");
    }
    let quiet = edit(&editor, &mut screen, &proxy, options.edits);
    line("  event's bytes to frame's bytes, p99", quiet, 16.0, "ms");
    line(
        "  key to frame's bytes, p99",
        keys(&mut screen, options.edits),
        16.0,
        "ms",
    );
    let flood = Flood::start(ground.kubeconfig(), 2_000);
    let loud = edit(&editor, &mut screen, &proxy, options.edits);
    let rate = flood.rate();
    line(
        &format!("  event's bytes to frame's bytes at {rate:.0} events/s, p99"),
        loud,
        33.0,
        "ms",
    );
    line(
        &format!("  key to frame's bytes at {rate:.0} events/s, p99"),
        keys(&mut screen, options.edits),
        16.0,
        "ms",
    );
    let busy = Idle::watch(process, options.rest / 4, |time| screen.pass(time));
    println!("  processor at {:.0} events a second: {busy}", flood.rate());
    drop(flood);
    println!("  memory after it: {:.1} MB", memory(process, "VmRSS:"));
}

/// All pods are counted, and the chosen one's endpoints are there.
fn is_complete(text: &str, pods: usize) -> bool {
    let counted = text
        .split("Pods ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
    let has_all = counted.into_iter().any(|count| count > pods);
    has_all && text.contains("outbound|") && !text.contains("listing")
}

/// A line of `/proc/PID/status`, in MB of 10^6 bytes.
fn memory(process: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("this bench needs Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024.0 / 1e6
}

/// From an edit's bytes to the screen, the 99th of a hundred, in milliseconds.
fn edit(editor: &Editor, screen: &mut Screen, proxy: &Proxy, wanted: usize) -> f64 {
    let (_, edits) = edits::measure(editor, screen, wanted);
    let windows: Vec<_> = edits.iter().map(|edit| (edit.sent, edit.shown)).collect();
    let arrivals = proxy.edits(&windows);
    let pairs: Vec<_> = edits
        .iter()
        .zip(arrivals)
        .filter_map(|(edit, at)| Some(edit.shown - at?))
        .collect();
    assert!(
        pairs.len() * 100 >= edits.len() * 99,
        "the proxy saw {} of {} edits pass",
        pairs.len(),
        edits.len()
    );
    Spread::of(pairs.into_iter()).p99()
}

/// From a key to the frame that says what it did, the 99th of a hundred, in milliseconds.
fn keys(screen: &mut Screen, wanted: usize) -> f64 {
    let presses = (0..wanted).map(|number| {
        let (key, sign) = if number % 2 == 0 { ("?", true) } else { ("\x1b", false) };
        screen.pass(Duration::from_millis(60 + (number as u64 * 37) % 140));
        let sent = Instant::now();
        screen.press(key);
        screen.wait_until(DEADLINE, |text| text.contains("I want to know") == sign) - sent
    });
    Spread::of(presses.collect::<Vec<_>>().into_iter()).p99()
}
