//! Views saved from the real program: Ctrl-s is not the terminal's own, files are where the toast says.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::session::{Session, demo};

/// The files of this ending in the folder that the program works in.
fn files(session: &Session, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(session.home.path()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|other| other == ending))
        .collect()
}

#[test]
fn ctrl_s_saves_the_view_as_picture_text_and_json() {
    let mut session = demo(&["demo"]).open();
    session.wait_for("details");
    session.press("\x13");
    session.wait_for("SVG: a picture");
    session.press("s");
    session.wait_for("saved a picture to sidescope-overview-");
    session.press("2\x13t");
    session.wait_for("to sidescope-services-");
    session.press("\x13j");
    session.wait_until("the path of the JSON", |screen| screen.contents().contains("Z.json"));
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let pictures = files(&session, "svg");
    assert_eq!(pictures.len(), 1);
    assert!(name(&pictures[0]).starts_with("sidescope-overview-2"), "{pictures:?}");
    let picture = std::fs::read_to_string(&pictures[0]).unwrap();
    assert!(picture.starts_with("<svg ") && picture.contains("details"), "{picture}");
    assert_eq!(pictures[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let texts = files(&session, "txt");
    assert!(name(&texts[0]).starts_with("sidescope-services-2"), "{texts:?}");
    let text = std::fs::read_to_string(&texts[0]).unwrap();
    assert!(text.contains("CLUSTER-IP") && text.contains("productpage"), "{text}");
    let json = std::fs::read_to_string(&files(&session, "json")[0]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["kind"], "ServiceList");
    session.press(":save /nowhere/at/all.txt\r");
    session.wait_for("cannot write '/nowhere/at/all.txt'");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}
