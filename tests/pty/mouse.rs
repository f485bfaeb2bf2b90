//! `--mouse` in a real terminal: asked for and given back wherever the terminal is, and never without it.

use vt100::{MouseProtocolEncoding, MouseProtocolMode};

use crate::session::{Session, Start, demo};

/// Whether the program gets clicks, in the encoding that it reads.
fn is_taken(screen: &vt100::Screen) -> bool {
    screen.mouse_protocol_mode() == MouseProtocolMode::PressRelease
        && screen.mouse_protocol_encoding() == MouseProtocolEncoding::Sgr
}

/// The left button, down and up, on the first line that has this text.
fn click(session: &mut Session, text: &str) {
    let screen = session.screen().contents();
    let found = screen.lines().zip(1..).find_map(|(line, row)| {
        let before = line.split_once(text)?.0;
        Some((before.chars().count() + 1, row))
    });
    let (column, row) = found.unwrap_or_else(|| panic!("no '{text}' on\n{screen}"));
    session.press(&format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"));
}

#[test]
fn with_the_flag_a_click_selects_and_the_mouse_is_given_back() {
    let mut session = demo(&["demo", "--mouse"]).open();
    session.wait_for("of my-shell");
    assert!(is_taken(session.screen()));
    let raw = String::from_utf8_lossy(&session.raw).into_owned();
    assert!(
        !raw.contains("\x1b[?1002h") && !raw.contains("\x1b[?1003h"),
        "not every move"
    );
    click(&mut session, "ratings-v1");
    session.wait_for("of ratings-v1");
    click(&mut session, "4 Sidecars");
    session.wait_for("Enter its pods");
    session.press("q");
    session.wait_for("of ratings-v1");
    session.press("q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}

#[test]
fn an_editor_gets_a_terminal_without_it() {
    let editor = "edit() { echo editing; read _ < /dev/tty; }; edit";
    let mut session = Start {
        environment: &[("EDITOR", editor), ("SIDESCOPE_MOUSE", "true")],
        ..demo(&["demo"])
    }
    .open();
    session.wait_for("of my-shell");
    session.press("4");
    session.wait_for("reviews");
    session.press("E");
    session.wait_until("the editor without the mouse", |screen| {
        screen.contents().contains("editing") && screen.mouse_protocol_mode() == MouseProtocolMode::None
    });
    session.press("\n");
    session.wait_until("the screen with it", |screen| {
        screen.alternate_screen() && is_taken(screen)
    });
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}

#[test]
fn without_the_flag_nothing_is_asked_of_the_terminal() {
    let mut session = demo(&["demo"]).open();
    session.wait_for("of my-shell");
    session.press("q");
    assert_eq!(session.wait_for_end(), 0);
    let raw = String::from_utf8_lossy(&session.raw).into_owned();
    assert!(!raw.contains("\x1b[?100"), "none of the modes of the mouse");
}
