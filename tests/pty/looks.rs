//! What a person sees and presses, and what terminals of little ability get.

use crate::session::{Start, demo};

/// The row under the cursor of the pane that has the keys, with its text.
fn under_cursor(screen: &vt100::Screen) -> Option<(u16, String)> {
    let (height, width) = screen.size();
    let is_cursor = |cell: &vt100::Cell| cell.contents() == "▸" && cell.inverse();
    let row = (0..height.get()).find(|row| screen.cell(*row, 0).is_some_and(is_cursor))?;
    Some((row, screen.contents_between(row, 0, row, width.get())))
}

#[test]
fn keys_move_the_cursor_and_a_new_size_is_filled() {
    let mut session = demo(&["demo"]).open();
    session.wait_until("the cursor on the pod of the story", |screen| {
        under_cursor(screen).is_some_and(|(_, text)| text.contains("my-shell"))
    });
    let before = under_cursor(session.screen());
    session.press("k");
    session.wait_until("the cursor to move", |screen| {
        let now = under_cursor(screen);
        now.is_some() && now.map(|(row, _)| row) < before.as_ref().map(|(row, _)| *row)
    });
    session.resize(120, 40);
    session.wait_until("a frame as wide as the terminal", |screen| {
        let header = screen.contents().lines().next().unwrap_or_default().to_owned();
        header.chars().count() > 110 && header.trim_end().ends_with("live")
    });
    session.press("q");
    assert_eq!(session.wait_for_end(), 0);
}

/// The parameters of every `CSI ... m`.
fn colours(raw: &[u8]) -> Vec<String> {
    let raw = String::from_utf8_lossy(raw);
    let styles = raw
        .split("\x1b[")
        .skip(1)
        .filter_map(|rest| rest.split_once('m').map(|(parameters, _)| parameters))
        .filter(|parameters| parameters.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
    let coloured = |parameter: &str| matches!(parameter.parse(), Ok(30..=38 | 40..=48 | 90..=97 | 100..=107));
    styles
        .filter(|style| style.split(';').next().is_some_and(coloured))
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_color_means_no_colour() {
    for (environment, has_colours) in [(&[("NO_COLOR", "1")][..], false), (&[], true)] {
        let mut session = Start {
            environment,
            ..demo(&["demo"])
        }
        .open();
        session.wait_for("details");
        session.press("q");
        session.wait_for_end();
        assert_eq!(!colours(&session.raw).is_empty(), has_colours, "{environment:?}");
        assert!(
            String::from_utf8_lossy(&session.raw).contains("\x1b[7m"),
            "the cursor is seen without colour"
        );
    }
}

#[test]
fn a_console_gets_ascii_and_nothing_that_it_would_print() {
    let mut session = Start {
        environment: &[("TERM", "linux")],
        ..demo(&["demo"])
    }
    .open();
    session.wait_for("details");
    session.press("q");
    session.wait_for_end();
    assert!(session.raw.is_ascii());
    let raw = String::from_utf8_lossy(&session.raw);
    assert!(!raw.contains("\x1b[>1u") && !raw.contains("\x1b[?2004h"));
    session.assert_restored();
}

#[test]
fn keys_of_the_kitty_protocol_are_understood() {
    let mut session = demo(&["demo"]).open();
    session.wait_for("details");
    session.press("\x1b[99;5u");
    assert_eq!(session.wait_for_end(), 0, "Ctrl-c, spelled out");
}

/// Lines without what the clock puts in them: times of day, and what counters and ages move, right of column 60.
fn timeless(text: &str) -> Vec<String> {
    let digit = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let line = |line: &str| {
        let words = line.split(' ').map(|word| match word.matches(':').count() {
            2 if word.len() == 8 => word.chars().map(digit).collect(),
            _ => word.to_owned(),
        });
        let line = words.collect::<Vec<String>>().join(" ");
        line.chars().take(60).collect::<String>().trim_end().to_owned()
    };
    text.lines().map(line).collect()
}

#[test]
fn the_picture_in_the_readme_is_what_the_demo_shows() {
    let readme = include_str!("../../README.md");
    let picture = readme
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let picture = timeless(picture.unwrap());
    let mut session = Start {
        size: (80, 24),
        environment: &[("TZ", "UTC")],
        ..demo(&["demo"])
    }
    .open();
    session.wait_until("the cursor on the pod of the story", |screen| {
        under_cursor(screen).is_some_and(|(_, text)| text.contains("my-shell"))
    });
    session.press(".");
    session.wait_for("-15");
    session.press("\t\t");
    session.wait_until("the picture in the README", |screen| {
        timeless(&screen.contents()) == picture
    });
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
}

/// A line without what depends on the day and the time: digits, and names of days and months.
fn dateless(line: &str) -> String {
    const NAMES: &str = "Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let is_name = |word: &str| NAMES.split(' ').any(|name| name == word);
    let words = line.split(' ').map(|word| {
        if is_name(word) {
            "Day".to_owned()
        } else {
            word.replace(|c: char| c.is_ascii_digit(), "0")
        }
    });
    words.collect::<Vec<String>>().join(" ").trim_end().to_owned()
}

/// Whether a screen shows these lines, in their order.
fn shows(screen: &vt100::Screen, picture: &str) -> bool {
    let contents = screen.contents();
    let mut lines = contents.lines().map(dateless);
    picture
        .lines()
        .map(dateless)
        .all(|wanted| lines.any(|line| line == wanted))
}

#[test]
fn the_incident_of_the_readme_is_told_by_the_demo_in_eight_keys() {
    let readme = include_str!("../../README.md");
    let (_, incident) = readme.split_once("## An incident, in eight keys").unwrap();
    let (incident, _) = incident.split_once("\n## ").unwrap();
    let pictures = incident.split("```text\n").skip(1);
    let pictures: Vec<&str> = pictures.map(|rest| rest.split("```").next().unwrap()).collect();
    let mut session = Start {
        size: (80, 24),
        environment: &[("TZ", "UTC")],
        ..demo(&["demo"])
    }
    .open();
    session.wait_until("the cursor on the pod of the story", |screen| {
        under_cursor(screen).is_some_and(|(_, text)| text.contains("my-shell"))
    });
    // the story is to wait, or it would mend what is looked for
    session.press(",");
    session.wait_for("the story waits");
    // after Esc one waits for what it closes, or the terminal takes it for the beginning of the next key
    let steps: [&[(&str, &str)]; 4] = [
        &[("k", ""), ("H", "")],
        &[("\r", "")],
        &[
            ("\x1b", "is not in scope of"),
            ("\x1b", "hidden from the pod"),
            ("5", ""),
            ("j", ""),
        ],
        &[("\r", "")],
    ];
    assert_eq!(steps.concat().len(), 8);
    assert_eq!(pictures.len(), steps.len());
    for (keys, picture) in steps.iter().zip(pictures) {
        for (key, closed) in *keys {
            session.press(key);
            session.wait_until("the dialog to be closed", |screen| {
                closed.is_empty() || !screen.contents().contains(closed)
            });
        }
        session.wait_until("the picture in the README", |screen| shows(screen, picture));
    }
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
}

#[test]
fn a_still_demo_waits_for_its_key() {
    let mut session = demo(&["demo", "--still"]).open();
    session.wait_for("paused");
    session.press(",");
    session.wait_for("pauses");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
}
