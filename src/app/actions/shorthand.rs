//! Short ways to write a line of the table of actions.

use super::{Action, Entry, Group, Where};
use crate::app::key::{KeyCode, KeyPress};

/// A key without Ctrl and Alt.
pub(super) const fn key(code: KeyCode) -> KeyPress {
    KeyPress::plain(code)
}

/// A letter.
pub(super) const fn char(c: char) -> KeyPress {
    KeyPress::char(c)
}

/// A letter with Ctrl.
pub(super) const fn ctrl(c: char) -> KeyPress {
    KeyPress::ctrl(c)
}

/// An action under a heading: what, its keys, where it works, its name in the palette, its words for help.
pub(super) const fn entry(
    group: Group,
    action: Action,
    keys: &'static [KeyPress],
    valid: Where,
    words: (&'static str, &'static str),
) -> Entry {
    Entry {
        action,
        keys,
        valid,
        group,
        name: words.0,
        help: words.1,
    }
}
