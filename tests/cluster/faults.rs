//! The control plane's own processes killed and stopped, under a screen that is open: what is on it stays, says how old it
//! is, and is right again seconds after the server can be reached.
//!
//! Each test prints what it measured: `cargo test --test cluster faults -- --nocapture`. What was killed runs again at the
//! end of a test, also of one that fails.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::bed::{Bed, Outage, PROXIES};
use crate::session::{Session, Start};

/// When all is to be right again after the server can be reached.
const WITHIN: Duration = Duration::from_secs(5);
/// The tables, their keys, and what their rows have.
const TABLES: [(&str, &str); 3] = [("pods", "1"), ("services", "2"), ("endpoints", "3")];

fn open(bed: &Bed) -> Session {
    let program = bed.program();
    let home = bed.home();
    Start {
        program: &program,
        arguments: &["exec", "--", env!("CARGO_BIN_EXE_sidescope"), "-A", "--pod", PROXIES[0]],
        environment: &[("SIDESCOPE_TESTBED", &home)],
        size: (180, 60),
    }
    .open()
}

/// What names each row on the screen: pods and services by namespace and name, endpoints by address and
/// the cluster's port.
fn rows(screen: &vt100::Screen) -> BTreeSet<String> {
    let text = screen.contents();
    let lines = text.lines().filter(|line| !is_tombstone(line));
    lines.filter_map(|line| key(&behind_marks(line))).collect()
}

/// A row without its cursor and mark, behind which is a blank; empty for any other line.
fn behind_marks(line: &str) -> String {
    let is_row = line.chars().nth(2) == Some(' ');
    line.chars().skip(2).filter(|_| is_row).collect()
}

fn key(line: &str) -> Option<String> {
    let words: Vec<&str> = line
        .split_whitespace()
        .skip_while(|word| word.chars().count() == 1)
        .collect();
    if let Some(cluster) = words.iter().find(|word| word.starts_with("outbound|")) {
        // a long name of a cluster is shortened on the screen
        let port = cluster.split('|').nth(1)?;
        return Some(format!("{} {port}", words[0]));
    }
    let is_row = words
        .iter()
        .any(|word| *word == "Running" || word.contains("/TCP") || word.contains("/UDP"));
    (is_row && words.len() > 4).then(|| format!("{} {}", words[0], words[1]))
}

/// The column of marks is the second.
fn sign(line: &str) -> Option<char> {
    let sign = line.chars().nth(1)?;
    (['+', '~', '-'].contains(&sign) && key(&behind_marks(line)).is_some()).then_some(sign)
}

fn is_tombstone(line: &str) -> bool {
    sign(line) == Some('-')
}

fn marks(screen: &vt100::Screen) -> Vec<String> {
    let text = screen.contents();
    text.lines()
        .filter(|line| sign(line).is_some())
        .map(str::to_owned)
        .collect()
}

fn header(screen: &vt100::Screen) -> String {
    screen.contents().lines().next().unwrap_or_default().to_owned()
}

/// What kubectl, and a program that starts now, say.
fn expected(bed: &Bed, table: &str) -> BTreeSet<String> {
    let named = |text: String| text.lines().filter_map(|line| key(&format!("{line} - - -"))).collect();
    match table {
        "pods" => named(bed.kubectl(&["get", "pods", "-A", "--no-headers"])),
        "services" => named(bed.kubectl(&["get", "services", "-A", "--no-headers"])),
        _ => named(bed.printed(&["endpoints", PROXIES[0], "-o", "table"])),
    }
}

/// Every table is as the cluster is; gives how many rows there are.
#[track_caller]
fn assert_as_the_cluster(session: &mut Session, bed: &Bed) -> usize {
    let mut count = 0;
    for (table, tab) in TABLES {
        session.press(tab);
        let wanted = expected(bed, table);
        assert!(!wanted.is_empty(), "no {table} in the cluster");
        session.wait_until(&format!("{table} {wanted:#?}"), |screen| rows(screen) == wanted);
        count += wanted.len();
    }
    count
}

#[track_caller]
fn assert_no_marks(session: &mut Session) {
    for (table, tab) in TABLES {
        session.press(tab);
        let head = match table {
            "pods" => "RESTARTS",
            "services" => "PORT(S)",
            _ => "outbound|",
        };
        session.wait_for(head);
        let marks = marks(session.screen());
        assert!(marks.is_empty(), "nothing changed in {table}: {marks:#?}");
    }
}

/// Plays an outage: what is shown stays, the header says these words, and afterwards all is as before.
fn play(name: &str, process: &str, lasts: Option<Duration>, says: Option<&str>) {
    let bed = Bed::with_bookinfo();
    let mut session = open(&bed);
    session.wait_until("live", |screen| header(screen).contains("live"));
    let count = assert_as_the_cluster(&mut session, &bed);
    let before = rows(session.screen());
    let began = Instant::now();
    let outage = match lasts {
        None => Outage::kill(&bed, process),
        Some(_) => Outage::stop(&bed, process),
    };
    if let Some(says) = says {
        session.wait_until(says, |screen| header(screen).contains(says));
    }
    let lasts = lasts.unwrap_or_default();
    while began.elapsed() < lasts {
        let turn = Instant::now();
        session.wait_until("ten seconds of it", |_| {
            turn.elapsed() >= lasts.min(Duration::from_secs(10))
        });
        assert_eq!(rows(session.screen()), before, "what was shown stays");
    }
    assert_eq!(rows(session.screen()), before, "what was shown stays");
    let during = header(session.screen());
    outage.end();
    bed.wait_for_server();
    let reachable = Instant::now();
    session.wait_until("live", |screen| header(screen).contains("live"));
    let live = reachable.elapsed();
    assert_eq!(rows(session.screen()), before, "what was shown is there");
    assert_as_the_cluster(&mut session, &bed);
    assert_no_marks(&mut session);
    // and it follows: an edit is on the screen
    bed.kubectl(&["apply", "-f", "../edits/one-exact-host.yaml"]);
    let edited = Instant::now();
    session.press("3");
    let wanted = expected(&bed, "endpoints");
    assert_ne!(wanted, before, "the edit changes rows");
    session.wait_until("the edit", |screen| rows(screen) == wanted);
    let shown = edited.elapsed();
    println!(
        "{name}: {count} rows stayed ('{}'), live {} ms after the server could be reached, no marks; an edit after \
         it at most {} ms later",
        during.rsplit('●').next().unwrap_or_default().trim(),
        live.as_millis(),
        shown.as_millis()
    );
    assert!(live <= WITHIN, "{live:?}");
}

#[test]
fn an_api_server_that_is_killed_and_comes_back() {
    play("kill -9 kube-apiserver", "kube-apiserver", None, Some("retry"));
}

#[test]
fn an_api_server_that_is_stopped_for_half_a_minute() {
    let lasts = Some(Duration::from_secs(30));
    play("SIGSTOP kube-apiserver, 30 s", "kube-apiserver", lasts, None);
}

#[test]
fn an_etcd_that_is_killed_and_comes_back() {
    play("kill -9 etcd", "etcd", None, None);
}

#[test]
fn an_istiod_that_is_killed_and_comes_back() {
    play("kill -9 istiod", "istiod", None, None);
}
