//! Recordings through the program itself: what it printed live it prints again, whatever happens to the file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, and knows the time"
)]

#[path = "../served/corpus.rs"]
mod corpus;
mod stage;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;
use stage::{Stage, pod, sidecar, until};

const POD: &str = "productpage-v1";

/// A recording of two edits, with what `endpoints` printed live before, between and after them, and when.
struct Taken {
    stage: Stage,
    file: String,
    pod: String,
    printed: Vec<(Timestamp, String)>,
    said: String,
    code: Option<i32>,
}

/// Edits: reviews alone is reached, then nothing but istio-system.
fn taken(name: &str) -> Taken {
    let stage = Stage::new();
    let file = stage.path(name);
    let pod = pod(POD);
    let mut recording = stage.start(&["record", &file]);
    recording.wait_for("recording into ");
    let live = || stage.run(&["endpoints", &pod]).out;
    let mut printed = vec![(Timestamp::now(), live())];
    for host in ["./reviews.bookinfo.svc.cluster.local", "istio-system/*"] {
        stage.put(sidecar("page", "productpage", &[host]));
        // until the recording has it: what it prints of its end is then what is so
        let after = live();
        until(|| stage.run(&["endpoints", &pod, "--from", &file]).out == after);
        printed.push((Timestamp::now(), after));
    }
    let (said, code) = recording.interrupt();
    Taken {
        stage,
        file,
        pod,
        printed,
        said,
        code,
    }
}

#[test]
fn what_was_printed_live_is_printed_again_at_each_time() {
    let taken = taken("edits.recording");
    assert_eq!(taken.code, Some(130), "{}", taken.said);
    assert!(taken.said.contains("recorded 2 changes, "), "{}", taken.said);
    let mode = fs::metadata(&taken.file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let tables: Vec<&str> = taken.printed.iter().map(|(_, table)| table.as_str()).collect();
    assert!(
        tables[0] != tables[1] && tables[1] != tables[2],
        "each edit did something"
    );
    for (at, live) in &taken.printed {
        let again = taken
            .stage
            .run(&["endpoints", &taken.pod, "--from", &taken.file, "--at", &at.to_string()]);
        assert_eq!(&again.out, live);
        assert_eq!(again.code, Some(0), "{}", again.err);
        assert!(
            again
                .err
                .contains("recorded in context 'here'; computed by this release's rules"),
            "{}",
            again.err
        );
    }
    let end = taken.stage.run(&["endpoints", &taken.pod, "--from", &taken.file]);
    assert_eq!(end.out, taken.printed[2].1);
}

#[test]
fn every_answer_can_be_had_of_a_time() {
    let taken = taken("answers.recording");
    let (between, _) = taken.printed[1];
    let at = between.to_string();
    let run = |arguments: &[&str]| {
        taken
            .stage
            .run(&[arguments, &["--from", &taken.file, "--at", &at]].concat())
    };
    let pods = run(&["pods", "-n", "bookinfo", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&pods.out).unwrap();
    assert_eq!(document["asOf"], json!(at), "as of then, not of now");
    assert!(run(&["services", "-A"]).out.contains("reviews"));
    assert!(
        run(&["sidecars", "-A"])
            .out
            .contains("./reviews.bookinfo.svc.cluster.local")
    );
    assert_eq!(run(&["explain", &taken.pod, "reviews.bookinfo"]).code, Some(0));
    assert_eq!(run(&["explain", &taken.pod, "details.bookinfo"]).code, Some(1));
    let end = taken
        .stage
        .run(&["explain", &taken.pod, "reviews.bookinfo", "--from", &taken.file]);
    assert_eq!(end.code, Some(1), "the second edit took it away");
    assert!(run(&["who-sees", "reviews.bookinfo"]).out.contains("productpage"));
    assert!(run(&["lint"]).out.contains("Sidecar bookinfo/page"));
    let last = taken.printed[2].0.to_string();
    let diff = run(&["diff", &taken.pod, "--to-at", &last]);
    assert_eq!(diff.code, Some(1), "{}", diff.err);
    assert!(
        diff.out.contains("||reviews.bookinfo.svc.cluster.local"),
        "{}",
        diff.out
    );
}

#[test]
fn a_time_that_it_does_not_have_is_said_with_those_that_it_has() {
    let taken = taken("times.recording");
    let run = |at: &str| {
        taken
            .stage
            .run(&["endpoints", &taken.pod, "--from", &taken.file, "--at", at])
    };
    let outside = run("2020-01-01T00:00:00Z");
    assert_eq!((outside.out.as_str(), outside.code), ("", Some(2)));
    assert!(outside.err.contains("lies outside: it goes from "), "{}", outside.err);
    let none = run("soon");
    assert_eq!(none.code, Some(2));
    assert!(
        none.err.contains("'soon' is no time: write it as 02:51"),
        "{}",
        none.err
    );
    assert_eq!(run("-0s").out, taken.printed[2].1);
    let dump = taken.stage.run(&["pods", "--from", stage::WORLD, "--at", "02:51"]);
    assert_eq!(dump.code, Some(2));
    assert!(dump.err.contains("is no recording: it is of no time"), "{}", dump.err);
}

#[test]
fn a_file_that_was_cut_off_says_up_to_where_it_plays() {
    let taken = taken("cut.recording");
    let bytes = fs::read(&taken.file).unwrap();
    fs::write(&taken.file, &bytes[..bytes.len() - 5]).unwrap();
    let cut = taken.stage.run(&["endpoints", &taken.pod, "--from", &taken.file]);
    assert_eq!(cut.code, Some(0), "{}", cut.err);
    assert!(
        cut.err.contains("was cut off or is damaged: it plays up to "),
        "{}",
        cut.err
    );
    assert!(taken.printed.iter().any(|(_, table)| *table == cut.out));
    for (made, why) in [
        (
            b"sidescope recording 9\n{}\n".to_vec(),
            "its format is '9', this release plays 1: ",
        ),
        (bytes[..40].to_vec(), "it is no recording of sidescope"),
    ] {
        fs::write(&taken.file, made).unwrap();
        let refused = taken.stage.run(&["replay", &taken.file]);
        assert_eq!(refused.code, Some(2));
        assert!(
            refused.err.starts_with("error: cannot play '") && refused.err.contains(why),
            "{}",
            refused.err
        );
        assert_eq!(refused.err.lines().count(), 1);
    }
}

#[test]
fn a_file_is_not_overwritten_unless_asked_and_nothing_else_ever_is() {
    let stage = Stage::new();
    let file = stage.path("there.recording");
    fs::write(&file, "mine").unwrap();
    let refused = stage.run(&["record", &file, "--for", "1s"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused
            .err
            .contains("choose another name, or overwrite it with --force"),
        "{}",
        refused.err
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let forced = stage.run(&["record", &file, "--for", "1s", "--force"]);
    assert_eq!(forced.code, Some(0), "{}", forced.err);
    assert!(stage.run(&["pods", "--from", &file]).out.contains("reviews"));
    let folder = stage.path("folder");
    fs::create_dir(&folder).unwrap();
    let refused = stage.run(&["record", &folder, "--for", "1s", "--force"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.err.contains("it is no file that could be overwritten"),
        "{}",
        refused.err
    );
    assert!(Path::new(&folder).is_dir());
    let nowhere = stage.run(&["record", &stage.path("no/such/folder"), "--for", "1s"]);
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.err.contains("cannot write '"), "{}", nowhere.err);
}

#[test]
fn its_time_ends_a_recording_and_what_may_not_be_read_is_said() {
    let stage = Stage::narrow();
    let file = stage.path("narrow.recording");
    let recorded = stage.run(&["record", &file, "--for", "1s"]);
    assert_eq!(recorded.code, Some(3), "{}", recorded.err);
    assert!(recorded.err.contains("INCOMPLETE: "), "{}", recorded.err);
    let table = stage.run(&["endpoints", &pod(POD), "--from", &file]);
    assert_eq!(table.code, Some(3), "what was not complete then is not now");
    assert!(table.err.contains("not readable"), "{}", table.err);
}

#[test]
fn a_timeline_says_what_was_written_and_what_came_of_it() {
    let taken = taken("story.recording");
    let export = taken
        .stage
        .run(&["export", &taken.file, "--markdown", "--pod", &taken.pod]);
    assert_eq!(export.code, Some(0), "{}", export.err);
    let text = masked(&export.out);
    let lines: Vec<&str> = text.lines().collect();
    let has = |start: &str| {
        assert!(
            lines.iter().any(|line| line.starts_with(start)),
            "no '{start}' in\n{text}"
        );
    };
    has("# Timeline of context `here`");
    has("From TIME to TIME; all times are UTC.");
    has("| 1 | TIME | TIME | `Sidecar bookinfo/page` | created | `kubectl` | Update | 1 |  | +");
    has(
        "| 2 | TIME | TIME | `Sidecar bookinfo/page` | edited | `kubectl` | Update | 1 → 2 | `spec.egress[0].hosts[0]` | +",
    );
    has("### 1. `Sidecar bookinfo/page` created, TIME");
    has("+  - hosts:");
    has("-    - ./reviews.bookinfo.svc.cluster.local");
    has("+    - istio-system/*");
    has(&format!(
        "Endpoints of `{}.bookinfo`: +",
        taken.pod.trim_end_matches(".bookinfo")
    ));
    let fences = lines.iter().filter(|line| line.starts_with("```")).count();
    assert!(fences >= 8 && fences % 2 == 0, "{text}");
    let alone = taken.stage.run(&["export", &taken.file, "--markdown"]);
    assert!(!alone.out.contains("Endpoints of") && alone.out.contains("`Sidecar bookinfo/page`"));
}

/// Without what is another each time.
fn masked(text: &str) -> String {
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d").unwrap();
    time.replace_all(text, "TIME").into_owned()
}
