//! A key press, as the app knows it: what was pressed and with which modifiers.
//!
//! Not a terminal's event: the runtime translates those, so that tests and recordings can press keys without one.

use std::fmt;
use std::str::FromStr;

/// What was pressed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KeyCode {
    /// A character as typed, with shift already in it: `G`, not shift and `g`.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab; with shift it is [`KeyCode::BackTab`].
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key by its number.
    F(u8),
}

/// A key with its modifiers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyPress {
    /// What was pressed.
    pub code: KeyCode,
    /// Control was held.
    pub ctrl: bool,
    /// Alt (or Meta) was held.
    pub alt: bool,
    /// Shift was held; never set together with [`KeyCode::Char`], whose case says it.
    pub shift: bool,
}

impl KeyPress {
    /// The key alone.
    pub const fn plain(code: KeyCode) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
            shift: false,
        }
    }

    /// A typed character.
    pub const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    /// A character with Control held, in lower case.
    pub const fn ctrl(c: char) -> Self {
        Self {
            code: KeyCode::Char(c),
            ctrl: true,
            alt: false,
            shift: false,
        }
    }
}

impl fmt::Display for KeyPress {
    /// As help writes it: `G`, `Ctrl-f`, `Enter`, `Space`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.alt {
            f.write_str("Alt-")?;
        }
        if self.shift {
            f.write_str("Shift-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::Enter => f.write_str("Enter"),
            KeyCode::Esc => f.write_str("Esc"),
            KeyCode::Tab => f.write_str("Tab"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::Backspace => f.write_str("Backspace"),
            KeyCode::Delete => f.write_str("Del"),
            KeyCode::Up => f.write_str("Up"),
            KeyCode::Down => f.write_str("Down"),
            KeyCode::Left => f.write_str("Left"),
            KeyCode::Right => f.write_str("Right"),
            KeyCode::Home => f.write_str("Home"),
            KeyCode::End => f.write_str("End"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::F(n) => write!(f, "F{n}"),
        }
    }
}

/// Keys with a name, as help writes them and as others do.
const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("del", KeyCode::Delete),
    ("delete", KeyCode::Delete),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pageup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("pagedown", KeyCode::PageDown),
];

impl FromStr for KeyPress {
    type Err = String;

    /// Reads what [`KeyPress`] writes: `G`, `Ctrl-f`, `Alt-x`, `Shift-Tab`, `Enter`, `F1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no key: write it as x, X, Ctrl-x, Alt-x, F2, Enter, Space, PgDn");
        let mut key = Self::plain(KeyCode::Esc);
        let mut rest = text;
        // '-' itself is a key too
        while let Some((modifier, after)) = rest
            .split_once('-')
            .filter(|(modifier, after)| !modifier.is_empty() && !after.is_empty())
        {
            match modifier.to_ascii_lowercase().as_str() {
                "ctrl" => key.ctrl = true,
                "alt" => key.alt = true,
                "shift" => key.shift = true,
                _ => return Err(wrong()),
            }
            rest = after;
        }
        let lower = rest.to_ascii_lowercase();
        let mut letters = rest.chars();
        if let (Some(c), None) = (letters.next(), letters.next())
            && is_invisible(c)
        {
            return Err(format!(
                "'{}' is a character that is not seen: write a key as x, X, Ctrl-x, Alt-x, F2, Enter, Space, PgDn",
                c.escape_unicode()
            ));
        }
        let mut letters = rest.chars();
        key.code = match (letters.next(), letters.next()) {
            (Some(c), None) if key.ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            (Some(c), None) if key.shift => KeyCode::Char(c.to_ascii_uppercase()),
            (Some(c), None) => KeyCode::Char(c),
            _ => {
                let function = lower.strip_prefix('f').and_then(|number| number.parse().ok());
                let function = function.filter(|number| (1..=24).contains(number)).map(KeyCode::F);
                let named = NAMED.iter().find(|(name, _)| *name == lower).map(|(_, code)| *code);
                named.or(function).ok_or_else(wrong)?
            }
        };
        // as a terminal's events say it
        if key.shift && key.code == KeyCode::Tab {
            key.code = KeyCode::BackTab;
        }
        key.shift &= !matches!(key.code, KeyCode::Char(_) | KeyCode::BackTab);
        Ok(key)
    }
}

/// Whether nobody could read it in help, nor tell which key it is: no width, a blank of another kind than Space, a filler.
fn is_invisible(c: char) -> bool {
    const FILLERS: [char; 6] = ['\u{ad}', '\u{115f}', '\u{2800}', '\u{3164}', '\u{ffa0}', '\u{fffc}'];
    let has_width = unicode_width::UnicodeWidthChar::width(c).is_some_and(|width| width > 0);
    c != ' ' && (c.is_control() || !has_width || c.is_whitespace() || FILLERS.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_help_shows_them() {
        assert_eq!(KeyPress::ctrl('f').to_string(), "Ctrl-f");
        assert_eq!(KeyPress::char(' ').to_string(), "Space");
        assert_eq!(KeyPress::char('G').to_string(), "G");
    }

    #[test]
    fn keys_are_read_in_any_case_of_their_names_and_of_no_others() {
        assert_eq!("ctrl-F".parse(), Ok(KeyPress::ctrl('f')));
        assert_eq!("-".parse(), Ok(KeyPress::char('-')));
        assert_eq!("Shift-g".parse(), Ok(KeyPress::char('G')));
        assert_eq!("shift-tab".parse(), Ok(KeyPress::plain(KeyCode::BackTab)));
        assert_eq!("PageDown".parse(), Ok(KeyPress::plain(KeyCode::PageDown)));
        for unseen in [
            "\u{200b}",
            "\u{feff}",
            "\u{301}",
            "\u{a0}",
            "\u{3164}",
            "\u{202e}",
            "Ctrl-\u{7f}",
            "\t",
            "\u{ad}",
        ] {
            let problem = unseen.parse::<KeyPress>().unwrap_err();
            assert!(problem.contains("not seen") && problem.is_ascii(), "{problem}");
        }
        for wrong in ["", "Ctrl-", "F0", "F25", "Hyper-x", "xx"] {
            assert!(wrong.parse::<KeyPress>().is_err(), "{wrong}");
        }
    }
}
