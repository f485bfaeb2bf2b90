//! The screen over a cluster in which everything is hostile, and what is copied of it.

use serde_json::json;
use sidescope::demo::kinds::Resource;
use sidescope::demo::store::ResourceRef;

use super::cluster::serve;
use super::frames::{assert_framed, rows_below};
use super::scan::{assert_lines, take_apart};
use super::tour::{EDITED, PICKERS, Step, VIEWS};
use super::{TEXTS, all};
use crate::session::{Session, Start};

/// Presses, and waits for what is to be seen, or that nothing lies over the panes any more.
fn press(session: &mut Session, keys: &str, wanted: &str) {
    session.press(keys);
    session.wait_until_frame(&format!("'{wanted}' after {keys:?}"), |screen| {
        let text = screen.contents();
        text.contains(wanted) && (!wanted.is_empty() || !text.contains('╭'))
    });
}

fn walk(session: &mut Session, steps: &[Step]) {
    for (keys, wanted) in steps {
        press(session, keys, wanted);
        assert_framed(&format!("after {keys:?}"), session.screen());
    }
}

/// The whole program over the hostile cluster, on a window of this size.
fn tour((width, height): (u16, u16), heads: &[&str]) {
    let (cluster, client) = serve();
    let config = cluster.path("config");
    let arguments = ["--kubeconfig", &config, "-A", "--pod", &client, "--utc"];
    let mut session = Start {
        size: (width, height),
        environment: &[("EDITOR", "sed -i s/istio-system/nowhere/"), ("COLORTERM", "truecolor")],
        ..crate::session::demo(&arguments)
    }
    .open();
    session.wait_for("live");
    session.wait_for("HEALTHY");
    walk(&mut session, VIEWS);
    press(&mut session, "1", "NAMESPACE");
    walk(&mut session, PICKERS);
    // somebody edits, with a hostile hand
    session.press("R");
    session.wait_for("recording into");
    let sidecar = ResourceRef::new(Resource::Sidecars, "bookinfo", "default");
    let mut sidecar = cluster.store.get(&sidecar).unwrap();
    sidecar["spec"]["egress"][0]["hosts"] = json!(["./*", format!("istio-system/{}", all())]);
    cluster.store.put(sidecar, &all()).unwrap();
    walk(&mut session, EDITED);
    session.press("R");
    session.wait_for("recorded '");
    // each of the pods that have a text in every cell
    press(&mut session, "1", "NAMESPACE");
    press(&mut session, "/\x15hx[0-9]+-\r", "hides 13");
    let mut seen = 0;
    for (key, last) in [("g", "hx00-"), ("G", "hx27-")] {
        press(&mut session, key, &format!("▸  bookinfo   {last}"));
        assert_framed(last, session.screen());
        seen += rows_below(session.screen(), heads);
    }
    assert!(seen >= TEXTS.len(), "the first and the last of them are all: {seen}");
    for at in 0..TEXTS.len() {
        let name = format!("hx{at:02}-");
        press(
            &mut session,
            &format!("/\x15{name}\r"),
            &format!("▸  bookinfo   {name}"),
        );
        assert_framed(&name, session.screen());
        assert_eq!(rows_below(session.screen(), heads), 1);
    }
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
    take_apart(&format!("{width}x{height}"), &session.raw);
}

#[test]
fn no_text_of_a_cluster_steers_a_small_terminal() {
    tour((80, 24), &["NAME", "READY", "STATUS"]);
}

#[test]
fn no_text_of_a_cluster_steers_a_large_terminal() {
    tour((120, 40), &["NAME", "READY", "STATUS", "RESTARTS", "PROXY", "IP"]);
}

/// Presses, and waits until the terminal has got one more text for its clipboard.
fn copy(session: &mut Session, keys: &str) {
    let before = session.raw.len();
    session.press(keys);
    let is_copied = |raw: &[u8]| raw.windows(6).any(|bytes| bytes == b"]52;c;");
    session.wait(&format!("the clipboard after {keys:?}"), |session| {
        is_copied(&session.raw[before..])
    });
}

#[test]
fn what_is_copied_and_saved_steers_nothing() {
    let (cluster, client) = serve();
    let config = cluster.path("config");
    let arguments = ["--kubeconfig", &config, "-A", "--pod", &client, "--utc"];
    let mut session = Start {
        size: (120, 40),
        ..crate::session::demo(&arguments)
    }
    .open();
    session.wait_for("HEALTHY");
    press(&mut session, "1", "RESTARTS");
    for at in 0..TEXTS.len() {
        press(&mut session, &format!("/\x15hx{at:02}-\r"), &format!("hx{at:02}-"));
        for keys in ["cn", "ci", "cr", "cj", "ck"] {
            copy(&mut session, keys);
        }
    }
    let lines = |copied: &[String]| copied.iter().filter(|text| text.contains('\n')).count();
    let seen = take_apart("rows", &session.raw);
    assert_eq!(
        (seen.copied.len(), lines(&seen.copied)),
        (5 * TEXTS.len(), 0),
        "one thing is one line"
    );
    // texts of many lines, and all rows as files
    press(&mut session, "/\x15\r", "productpage");
    press(&mut session, "4", "SELECTOR");
    press(&mut session, "cy", "more than a terminal's clipboard takes");
    press(&mut session, "j", "▸  bookinfo   reviews");
    copy(&mut session, "cy");
    for (keys, wanted) in [("d", "─ Sidecar bookinfo/reviews"), ("y", "kind: Sidecar")] {
        press(&mut session, keys, wanted);
        copy(&mut session, "c");
        press(&mut session, "\x1b", "");
    }
    for tab in ["1", "2", "3", "4", "5", "6"] {
        session.press(tab);
        for ending in ["txt", "json", "svg"] {
            let file = format!("{tab}.{ending}");
            session.press(&format!(":save {file}\r"));
            session.wait_for(&format!("to {file}"));
        }
    }
    press(&mut session, "5\x13", "SVG: a picture");
    press(&mut session, "t", "to sidescope-timeline-");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
    let seen = take_apart("all of it", &session.raw);
    for copied in &seen.copied {
        assert_lines("the clipboard", copied.as_bytes());
    }
    let files = std::fs::read_dir(session.home.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.is_file()).collect();
    assert_eq!(files.len(), 6 * 3 + 1, "{files:?}");
    for file in files {
        assert_lines(&file.display().to_string(), &std::fs::read(&file).unwrap());
    }
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
