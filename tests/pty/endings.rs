//! However it ends, the terminal is as it was, and the exit code says why.

use rustix::process::Signal;

use crate::session::{Session, demo};

fn started(arguments: &[&str]) -> Session {
    let mut session = demo(arguments).open();
    session.wait_for("Pods");
    session
}

#[test]
fn q_ends_with_0() {
    let mut session = started(&["demo"]);
    assert!(session.screen().alternate_screen() && session.screen().bracketed_paste());
    session.press("q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}

#[test]
fn signals_end_with_128_and_their_number() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut session = started(&["demo"]);
        session.signal(signal);
        assert_eq!(session.wait_for_end(), code, "{signal:?}");
        session.assert_restored();
    }
}

#[test]
fn a_closed_terminal_ends_it() {
    let session = started(&["demo"]);
    assert_eq!(session.close(), 129);
}

#[test]
fn a_terminal_that_takes_no_bytes_does_not_keep_a_signal_waiting() {
    let mut session = started(&["demo"]);
    session.stall();
    session.press("j");
    session.signal(Signal::TERM);
    assert_eq!(session.wait_for_end(), 143);
    session.assert_cooked();
}

#[cfg(debug_assertions)]
#[test]
fn a_task_that_panics_is_a_message_and_the_screen_lives_on() {
    let mut session = started(&["--fault", "panic-task", "demo"]);
    session.wait_for("a task broke on purpose");
    session.press("?");
    session.wait_for("Help");
    session.press("\x1b");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}

#[cfg(debug_assertions)]
#[test]
fn a_loop_that_panics_gives_the_terminal_back_and_leaves_a_report() {
    let mut session = demo(&["--fault", "panic-loop", "--mouse", "demo"]).open();
    assert_eq!(session.wait_for_end(), 4);
    session.assert_restored();
    let has_taken = |bytes: &[u8]| bytes.windows(8).any(|sent| sent == b"\x1b[?1000h");
    assert!(has_taken(&session.raw), "the mouse too was there to be given back");
    let left = session.screen().contents();
    assert!(left.contains("internal error: the loop broke on purpose"), "{left}");
    let report = std::fs::read_dir(session.home.path().join("sidescope"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("panic-"))
        .expect("a report");
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("message: the loop broke on purpose"), "{report}");
}

#[test]
fn without_a_terminal_it_says_what_to_do_instead() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sidescope"))
        .arg("demo")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(
        line.contains("the screen needs a terminal") && line.lines().count() == 1,
        "{line}"
    );
}
