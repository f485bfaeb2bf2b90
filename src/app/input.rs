//! A line of text that is being typed.

use unicode_segmentation::UnicodeSegmentation;

use super::key::{KeyCode, KeyPress};

/// At most so many bytes are taken: a paste of a whole file must not stop the screen.
const LIMIT: usize = 4096;

/// Text and a cursor in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Input {
    text: String,
    /// A byte position between two graphemes.
    cursor: usize,
}

impl Input {
    /// An input that holds `text`, with the cursor behind it.
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            cursor: text.len(),
        }
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What stands left of the cursor.
    pub(super) fn before_cursor(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    /// Puts text in at the cursor; line ends become spaces (the last one nothing), other control characters are dropped.
    pub(super) fn insert(&mut self, text: &str) {
        let clean: String = text
            .trim_end_matches(['\n', '\r'])
            .chars()
            .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        if self.text.len() + clean.len() <= LIMIT {
            self.text.insert_str(self.cursor, &clean);
            self.cursor += clean.len();
        }
    }

    /// Edits as a shell does (Emacs keys); `false` if the key is none of an input's.
    pub(super) fn press(&mut self, key: KeyPress) -> bool {
        match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char(c), false, false) => self.insert(c.encode_utf8(&mut [0; 4])),
            (KeyCode::Char('a'), true, _) | (KeyCode::Home, ..) => self.cursor = 0,
            (KeyCode::Char('e'), true, _) | (KeyCode::End, ..) => self.cursor = self.text.len(),
            (KeyCode::Char('u'), true, _) => self.cut(0..self.cursor),
            (KeyCode::Char('k'), true, _) => self.cut(self.cursor..self.text.len()),
            (KeyCode::Char('w'), true, _) => self.cut(self.word_start()..self.cursor),
            (KeyCode::Backspace, ..) | (KeyCode::Char('h'), true, _) => self.cut(self.left()..self.cursor),
            (KeyCode::Delete, ..) => self.cut(self.cursor..self.right()),
            (KeyCode::Left, ..) => self.cursor = self.left(),
            (KeyCode::Right, ..) => self.cursor = self.right(),
            (
                KeyCode::Char(_)
                | KeyCode::Enter
                | KeyCode::Esc
                | KeyCode::Tab
                | KeyCode::BackTab
                | KeyCode::Up
                | KeyCode::Down
                | KeyCode::PageUp
                | KeyCode::PageDown
                | KeyCode::F(_),
                ..,
            ) => return false,
        }
        true
    }

    fn cut(&mut self, range: std::ops::Range<usize>) {
        let start = range.start;
        self.text.drain(range);
        self.cursor = start;
    }

    fn left(&self) -> usize {
        let last = self.before_cursor().graphemes(true).next_back();
        self.cursor - last.map_or(0, str::len)
    }

    fn right(&self) -> usize {
        let next = self
            .text
            .get(self.cursor..)
            .and_then(|rest| rest.graphemes(true).next());
        self.cursor + next.map_or(0, str::len)
    }

    fn word_start(&self) -> usize {
        let words = self.before_cursor().trim_end();
        words.rfind(' ').map_or(0, |at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_edits_as_a_shell_does() {
        let mut input = Input::new("two words");
        input.press(KeyPress::ctrl('w'));
        assert_eq!(input.text(), "two ");
        input.press(KeyPress::ctrl('a'));
        input.insert("né\t");
        assert_eq!((input.text(), input.before_cursor()), ("né two ", "né "));
        input.press(KeyPress::plain(KeyCode::Backspace));
        input.press(KeyPress::plain(KeyCode::Backspace));
        assert_eq!(input.text(), "ntwo ");
        input.press(KeyPress::ctrl('k'));
        assert_eq!(input.text(), "n");
        assert!(!input.press(KeyPress::plain(KeyCode::Enter)));
    }
}
