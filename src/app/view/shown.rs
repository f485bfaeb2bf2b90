//! Text that a terminal may show, and the part it plays.

use std::borrow::Cow;
use std::fmt;

/// Text in which nothing can steer a terminal or hide: control, bidirectional and zero-width characters are made
/// visible. The only text that the two exits (terminal, plain text) take.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Shown(Box<str>);

impl Shown {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
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

/// Control characters become `\u{..}` escapes or their picture, characters without width or that turn the direction
/// of text become `\u{..}`.
fn make_visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn is_hidden(c: char) -> bool {
    c.is_control() || unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) == 0
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
