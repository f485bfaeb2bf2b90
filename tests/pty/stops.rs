//! Ctrl-z under a shell with job control, and back; a stop from outside.

use rustix::process::Signal;
use vt100::MouseProtocolMode;

use crate::session::{Start, demo};

#[test]
fn ctrl_z_stops_it_and_fg_brings_the_screen_back() {
    let mut session = Start {
        program: "bash",
        arguments: &["--norc", "--noprofile", "-i"],
        environment: &[("PS1", "ready> "), ("SIDESCOPE_MOUSE", "true")],
        size: (100, 30),
    }
    .open();
    session.wait_for("ready>");
    session.press(&format!("{} demo\n", env!("CARGO_BIN_EXE_sidescope")));
    session.wait_until("the screen", |screen| {
        screen.alternate_screen() && screen.contents().contains("Pods")
    });
    let has_mouse = |screen: &vt100::Screen| screen.mouse_protocol_mode() != MouseProtocolMode::None;
    assert!(has_mouse(session.screen()));
    session.press("\x1a");
    session.wait_until("the shell", |screen| {
        !screen.alternate_screen() && !screen.hide_cursor() && screen.contents().contains("Stopped")
    });
    assert!(!has_mouse(session.screen()), "the shell has it");
    session.resize(80, 24);
    session.press("fg\n");
    session.wait_until("the screen again, in its new size", |screen| {
        screen.alternate_screen() && screen.contents().contains("Pods")
    });
    assert!(has_mouse(session.screen()));
    session.press("q");
    session.wait_until("the shell again", |screen| !screen.alternate_screen());
    session.press("echo code=$?; exit\n");
    session.wait_for("code=0");
    session.wait_for_end();
    session.assert_restored();
}

#[test]
fn a_stop_by_somebody_else_is_followed_by_a_whole_frame() {
    let mut session = demo(&["demo"]).open();
    session.wait_for("Pods");
    session.signal(Signal::STOP);
    session.signal(Signal::CONT);
    session.wait_until_times("a screen cleared anew", b"\x1b[2J", 2);
    session.wait_for("Pods");
    session.press("q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}
