//! The screen over a cluster in which everything is hostile, and what is copied of it.

use super::TEXTS;
use super::cluster::serve;
use super::scan::{assert_lines, take_apart};
use crate::session::{Session, Start};

/// Presses, and waits for what is to be seen; what is closed is gone.
fn press(session: &mut Session, keys: &str, wanted: &str) {
    session.press(keys);
    session.wait_until(&format!("'{wanted}' after {keys:?}"), |screen| {
        let text = screen.contents();
        text.contains(wanted) && (keys != "\x1b" || !text.contains('╭'))
    });
}

#[test]
fn nothing_hostile_reaches_tmux_or_a_screen_in_ascii() {
    let (cluster, client) = serve();
    let config = cluster.path("config");
    let folder = tempfile::tempdir().unwrap();
    // in the place of tmux: it keeps what it is given
    let tmux = folder.path().join("tmux");
    std::fs::write(&tmux, "#!/bin/sh\ncat >> \"$HOME/buffer\"; echo >> \"$HOME/buffer\"\n").unwrap();
    std::fs::set_permissions(&tmux, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut session = Start {
        program: env!("CARGO_BIN_EXE_sidescope"),
        arguments: &["--kubeconfig", &config, "-A", "--pod", &client, "--ascii"],
        environment: &[("TMUX", "/tmp/tmux"), ("PATH", &path)],
        size: (100, 40),
    }
    .open();
    session.wait_for("live");
    press(&mut session, "1", "RESTARTS");
    let (buffer, mut copied) = (session.home.path().join("buffer"), 0);
    for at in 0..TEXTS.len() {
        press(&mut session, &format!("/\x15hx{at:02}-\r"), &format!("hx{at:02}-"));
        for letter in ["n", "r", "j", "k"] {
            copied += 1;
            session.press(&format!("c{letter}"));
            let lines = |text: String| text.lines().count();
            session.wait("the buffer", |_| {
                std::fs::read_to_string(&buffer).is_ok_and(|text| lines(text) == copied)
            });
        }
    }
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    let seen = take_apart("in ASCII", &session.raw);
    assert!(seen.text.is_ascii(), "only ASCII was asked for");
    assert_lines("tmux", &std::fs::read(buffer).unwrap());
}
