//! A draft in the person's own editor: the terminal is handed over and taken back, the file is gone, nothing is applied.

use crate::session::{Start, demo};

#[test]
fn a_draft_is_edited_in_the_persons_editor_and_judged_by_the_server() {
    // an editor that shows itself, waits for a line, and then narrows the Sidecar
    let editor = "edit() { echo \"mode $(stat -c %a \"$1\")\"; echo editing; read _ < /dev/tty; \
                  sed -i -e 's#^\\( *- \\)[^ ]*/.*#\\1istio-system/*#' \"$1\"; }; edit";
    let mut session = Start {
        environment: &[("EDITOR", editor)],
        ..demo(&["demo"])
    }
    .open();
    session.wait_for("my-shell");
    session.press("4");
    // the row itself, not a pod of that name in the view before
    session.wait_for("./rating.bookinfo");
    session.press("E");
    session.wait_until("the editor on the plain terminal", |screen| {
        !screen.alternate_screen() && screen.contents().contains("editing")
    });
    session.wait_for("mode 600");
    session.press("\n");
    session.wait_until("the answer", |screen| {
        screen.alternate_screen() && screen.contents().contains("nothing is applied")
    });
    session.wait_for("see a difference");
    session.press("d");
    session.wait_for("Ask the API server for a dry run?");
    session.press("y");
    session.wait_for("the API server would take it");
    let left = std::fs::read_dir(session.home.path()).unwrap();
    let drafts = left.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("draft"));
    assert_eq!(drafts.count(), 0, "the file is gone");
    session.press("\x1b");
    session.wait_for("nothing is applied");
    session.press("\x1b");
    session.wait_for("reviews");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}
