//! A recording made with a key, and played again in another run of the program.

use crate::session::{Start, demo};

#[test]
fn what_a_key_recorded_is_played_step_by_step() {
    let mut session = demo(&["demo"]).open();
    session.wait_for("my-shell");
    // an edit from before the key: the last minutes are kept at all times
    session.press(".");
    session.wait_for("-15");
    session.press("R");
    session.wait_for("REC");
    session.wait_for("recording into 'sidescope-demo-");
    session.press(".");
    session.wait_for("reviews comes back");
    session.wait_for("+1 ~2 -12");
    session.press("R");
    session.wait_for("recorded 'sidescope-demo-");
    session.wait_for(": 2 changes,");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    let entries = std::fs::read_dir(session.home.path()).unwrap();
    let mut files = entries.map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|extension| extension == "recording"));
    let file = file.unwrap().to_str().unwrap().to_owned();

    let arguments = ["replay", &file, "--pod", "my-shell.default"];
    let mut replay = Start {
        size: (80, 24),
        ..demo(&arguments)
    }
    .open();
    replay.wait_for("replay");
    replay.wait_for("the recording ends here");
    replay.press("B.");
    replay.wait_for("Endpoints 12  +0 ~0 -15");
    replay.press(".");
    replay.wait_for("Endpoints 15 ");
    replay.press("5");
    replay.wait_for("edited        +3 -0 ~0");
    replay.wait_for("created       +0 -15 ~0");
    replay.press("Q");
    assert_eq!(replay.wait_for_end(), 0);
    replay.assert_restored();
}
