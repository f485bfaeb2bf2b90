//! Edits, and when they are on the screen.

use std::time::{Duration, Instant};

use crate::editor::Editor;
use crate::screen::Screen;

/// No edit takes this long; then the bench fails and shows the screen.
const DEADLINE: Duration = Duration::from_secs(15);

/// One edit, on one clock.
pub(crate) struct Edit {
    pub(crate) sent: Instant,
    pub(crate) answered: Instant,
    pub(crate) shown: Instant,
}

/// Toggles the Sidecar; each edit begins when the screen shows the last one. Also says how many rows either state has.
pub(crate) fn measure(editor: &Editor, screen: &mut Screen, wanted: usize) -> ([usize; 2], Vec<Edit>) {
    // Two edits whose effect is not known yet give the number of rows of either state.
    let mut rows = [0; 2];
    for (state, rows) in rows.iter_mut().enumerate() {
        editor.edit(state);
        screen.pass(Duration::from_secs(2));
        *rows = screen.rows();
    }
    assert_ne!(
        rows[0],
        rows[1],
        "the edits change nothing that is on the screen:\n{}",
        screen.text()
    );
    let mut edits = Vec::with_capacity(wanted);
    for number in 0..wanted {
        let state = number % 2;
        let sent = Instant::now();
        editor.edit(state);
        let answered = Instant::now();
        let shown = screen.wait_for_rows(rows[state], DEADLINE);
        edits.push(Edit { sent, answered, shown });
        // Pauses of many lengths, so that edits keep no step with anything periodic.
        screen.pass(Duration::from_millis(60 + (number as u64 * 37) % 140));
    }
    editor.delete();
    (rows, edits)
}
