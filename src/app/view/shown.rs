//! Text that a terminal may show, and the part it plays.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::ops::RangeInclusive;

/// Text in which nothing can steer a terminal or hide: control, bidirectional and zero-width characters are made
/// visible. The only text that the two exits (terminal, plain text) take.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Shown(Box<str>);

impl Shown {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many terminal cells a text takes once it is shown.
    pub fn width_of(text: &str) -> usize {
        if is_plain(text) {
            text.len()
        } else {
            Self::from(text).width()
        }
    }

    /// Its width in terminal cells.
    pub fn width(&self) -> usize {
        unicode_width::UnicodeWidthStr::width(self.as_str())
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Self(make_visible(text).into())
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

/// Control characters, characters without width or that turn the direction of text, and those that terminals join with
/// the one before, so that nobody knows how many cells they take, become `\u{..}`.
fn make_visible(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !(text.chars().any(is_hidden) || joins(text)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut before = None;
    for c in text.chars() {
        let joined = before.is_some_and(|before| joins(String::from_iter([before, c]).as_str()));
        if is_hidden(c) || joined {
            shown.extend(c.escape_unicode());
            before = None;
        } else {
            shown.push(c);
            before = Some(c);
        }
    }
    Cow::Owned(shown)
}

/// Nearly all text is: letters, digits and signs of ASCII.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a character steers a terminal, turns text around, is not seen, or is of a width that nobody knows.
fn is_hidden(c: char) -> bool {
    // breaks of lines and notes between them: of some width by the tables, of none on most terminals
    const BREAKS: [char; 5] = ['\u{2028}', '\u{2029}', '\u{fff9}', '\u{fffa}', '\u{fffb}'];
    // halves of flags: a terminal may give each one cell or two, or the pair two, so that none agrees with the next
    const FLAGS: RangeInclusive<char> = '\u{1f1e6}'..='\u{1f1ff}';
    let has_width = unicode_width::UnicodeWidthChar::width(c).is_some_and(|width| width > 0);
    c.is_control() || !has_width || BREAKS.contains(&c) || FLAGS.contains(&c)
}

/// Whether a text is as wide as its characters are only where a terminal does not join them: tones of skin, ligatures.
fn joins(text: &str) -> bool {
    let alone = text.chars().filter_map(unicode_width::UnicodeWidthChar::width);
    unicode_width::UnicodeWidthStr::width(text) != alone.sum::<usize>()
}

/// A text of several lines, each of them safe to show.
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    if text.lines().all(is_plain) && !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(make_visible).collect();
    Cow::Owned(lines.join("\n"))
}

/// JSON in which what would steer a terminal, or not be seen, is escaped as JSON escapes: it says the same.
///
/// Only strings can hold such characters; blanks between values are left alone, but for carriage returns, which go.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    let is_blank = |c: char| matches!(c, '\n' | '\t');
    if json.lines().all(is_plain) || !json.chars().any(|c| is_hidden(c) && !is_blank(c)) {
        return Cow::Borrowed(json);
    }
    let mut visible = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if c == '\r' {
            continue;
        }
        if is_hidden(c) && !is_blank(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(visible, "\\u{unit:04x}");
            }
        } else {
            visible.push(c);
        }
    }
    Cow::Owned(visible)
}

/// The part a span plays; the theme gives it colour and modifier. A meaning is never carried by colour alone: the
/// view also gives a glyph or a word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Role {
    /// Plain text.
    #[default]
    Text,
    /// Less important: labels, units, absent values.
    Dim,
    /// Headings, active names.
    Strong,
    /// Column heads.
    Head,
    /// A key to press.
    Key,
    /// Good: healthy, live, in sync.
    Good,
    /// Needs a look: pending, retrying, stale.
    Warn,
    /// Bad: failed, denied, unhealthy.
    Bad,
    /// An added row or word.
    Added,
    /// A removed one.
    Removed,
    /// A changed one.
    Changed,
    /// The row under the cursor.
    Cursor,
    /// A picked row.
    Picked,
    /// What matched the filter.
    Match,
    /// Frames and rules.
    Border,
    /// The frame of the pane that has the keys.
    BorderActive,
    /// Names: namespaces, pods, hosts.
    Name,
    /// Addresses and numbers.
    Number,
    /// The header's own background line.
    Header,
    /// The active tab.
    TabActive,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthChar as _;

    use super::*;

    /// What is to be made visible, and how.
    const TABLE: &[(&str, &str)] = &[
        ("plain", "plain"),
        ("a\tb\0", "a\\u{9}b\\u{0}"),
        ("\x1b[2J", "\\u{1b}[2J"),
        ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
        ("\u{202e}\u{2066}\u{200f}", "\\u{202e}\\u{2066}\\u{200f}"),
        ("\u{200b}\u{feff}\u{2028}", "\\u{200b}\\u{feff}\\u{2028}"),
        ("e\u{301}\u{301}", "e\\u{301}\\u{301}"),
        ("日本", "日本"),
        ("👩\u{200d}👧", "👩\\u{200d}👧"),
        ("👍🏽", "👍\\u{1f3fd}"),
        ("🇩🇪", "\\u{1f1e9}\\u{1f1ea}"),
        ("☀\u{fe0f}", "☀\\u{fe0f}"),
        ("\u{644}\u{627}", "\u{644}\\u{627}"),
    ];

    #[test]
    fn what_steers_or_hides_is_made_visible() {
        for (text, shown) in TABLE {
            assert_eq!(Shown::from(*text).as_str(), *shown, "{text:?}");
        }
        assert_eq!(shown_lines("a: 1\r\nb: \x1b[m\n"), "a: 1\\u{d}\nb: \\u{1b}[m\n");
        assert_eq!(shown_lines("a: 1\n\nb: é\n"), "a: 1\n\nb: é\n");
    }

    #[test]
    fn json_says_the_same_with_escapes() {
        for (text, _) in TABLE {
            let json = serde_json::to_string_pretty(&[text]).unwrap();
            let visible = visible_json(&json);
            assert!(!visible.chars().any(|c| is_hidden(c) && c != '\n'), "{visible:?}");
            assert_eq!(serde_json::from_str::<[String; 1]>(&visible).unwrap(), [*text]);
        }
        assert_eq!(visible_json("{\r\n\t\"a\": 1}"), "{\n\t\"a\": 1}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// So that columns stand where they are counted to stand, whatever a terminal does with neighbours.
        #[test]
        fn a_shown_text_is_as_wide_as_its_characters(
            text in "(\\PC|[\u{0}-\u{ff}]|[\u{600}-\u{6ff}]|[\u{200b}-\u{2070}]|[🇦-🇿👍🏻🏿\u{200d}\u{fe0f}ꓸꓼ]){0,12}"
        ) {
            let shown = Shown::from(text.as_str());
            prop_assert!(!shown.as_str().chars().any(is_hidden));
            let cells: usize = shown.as_str().chars().filter_map(char::width).sum();
            prop_assert_eq!(shown.width(), cells);
            prop_assert_eq!(Shown::width_of(&text), cells);
        }
    }
}
