//! Commands without a screen over the same cluster, and over what was recorded of it.

use super::TEXTS;
use super::cluster::serve;
use super::scan::{assert_lines, take_apart};
use crate::corpus::Printed;
use crate::session::Start;

#[track_caller]
fn assert_safe(arguments: &[&str], printed: &Printed) {
    assert_lines(&format!("stderr of {arguments:?}"), printed.err.as_bytes());
    let code = printed.code.unwrap();
    assert!(
        [0, 1, 2, 3, 5].contains(&code),
        "{arguments:?} ended with {code}: {}",
        printed.err
    );
    // YAML is for programs: it escapes what steers, and leaves letters as they are
    let is_yaml = arguments.contains(&"yaml") || arguments[0] == "suggest";
    if is_yaml {
        let control = printed.out.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{arguments:?}");
    } else {
        assert_lines(&format!("{arguments:?}"), printed.out.as_bytes());
    }
}

#[test]
fn no_command_prints_what_steers_a_terminal() {
    let (cluster, client) = serve();
    let recording = cluster.path("all.recording");
    let run = |arguments: &[&str]| {
        let printed = cluster.run(arguments);
        assert_safe(arguments, &printed);
        printed
    };
    for format in ["table", "wide", "json", "yaml", "name"] {
        for list in ["pods", "services", "sidecars"] {
            let printed = run(&[list, "-A", "-o", format]);
            assert!(printed.out.contains("reviews"), "{list} {format}: {printed:?}");
        }
        run(&["endpoints", &client, "-o", format]);
        run(&["endpoints", &client, "--live", "-o", format]);
    }
    for arguments in [
        &["endpoints", &client, "--live", "--raw", "-o", "json"][..],
        &["endpoints", &client, "--live", "--raw", "-o", "yaml"],
        &["endpoints", &client, "--wait=1s"],
        &["explain", &client, "reviews.bookinfo"],
        &["explain", &client, "reviews.bookinfo", "-o", "json"],
        &["explain", &client, super::TEXTS[5].1],
        &["who-sees", "reviews.bookinfo"],
        &["who-sees", "reviews.bookinfo", "-o", "json"],
        &["diff", &client, "--without", "sidecar/bookinfo/reviews"],
        &["diff", &client, "--without", "sidecar/bookinfo/reviews", "-o", "json"],
        &["lint", "-A"],
        &["lint", "-A", "-o", "json"],
        &["lint", "-A", "-o", "yaml"],
        &["traffic", &client],
        &["traffic", &client, "-o", "json"],
        &["traffic", &client, "--exec", "istio-proxy"],
        &["suggest", &client, "--for", "0s"],
        &["record", &recording, "--for", "1s"],
        &["pods", "-A", "--from", &recording],
        &["lint", "-A", "--from", &recording],
        &["export", &recording, "--markdown"],
    ] {
        run(arguments);
    }
    for (_, text) in TEXTS.iter().filter(|(_, text)| !text.contains('\0')) {
        for arguments in [
            &["pods", text][..],
            &["pods", "-n", text],
            &["pods", "-l", text],
            &["endpoints", text],
            &["--context", text, "pods"],
            &[text],
            &["pods", "--columns", text],
            &["--as", text, "pods"],
            &["diff", &client, "--without", text],
        ] {
            run(arguments);
        }
    }
    // the columns of a table stand where their heads do, counted in cells
    let printed = run(&["pods", "-n", "bookinfo"]);
    let mut lines = printed.out.lines();
    let head = lines.next().unwrap().find("READY").unwrap();
    for line in lines {
        let mut cells = 0;
        let rest: String = line
            .chars()
            .skip_while(|c| {
                cells += unicode_width::UnicodeWidthChar::width(*c).unwrap();
                cells <= head
            })
            .collect();
        assert!(
            rest.starts_with(|c: char| c.is_ascii_digit()),
            "READY is at cell {head}: {line}"
        );
    }

    let arguments = ["replay", &recording, "-A", "--pod", &client];
    let mut replay = Start {
        size: (120, 40),
        ..crate::session::demo(&arguments)
    }
    .open();
    replay.wait_for("the recording ends here");
    replay.press("1");
    replay.wait_for("RESTARTS");
    replay.press("5");
    replay.wait_for("Timeline");
    replay.press("Q");
    assert_eq!(replay.wait_for_end(), 0);
    take_apart("a replay", &replay.raw);
}
