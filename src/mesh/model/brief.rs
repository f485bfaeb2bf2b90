//! Texts of a cluster or a file in sentences: nobody reads a hundred thousand letters in one.

use std::borrow::Cow;

/// Letters of a text that are shown whole.
const MOST: usize = 120;
/// Letters that are kept of each end of a longer one.
const END: usize = 40;

/// A text as a sentence names it: whole up to 120 letters, else both ends and how long it is.
pub fn brief(text: &str) -> Cow<'_, str> {
    if text.len() <= MOST {
        return Cow::Borrowed(text);
    }
    let count = text.chars().count();
    if count <= MOST {
        return Cow::Borrowed(text);
    }
    let head: String = text.chars().take(END).collect();
    let tail: String = text.chars().skip(count - END).collect();
    Cow::Owned(format!("{head}…{tail} ({count} letters)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_whole_and_long_ones_keep_their_ends() {
        assert_eq!(brief(&"é".repeat(120)), "é".repeat(120));
        let long = format!("a{}b", "é".repeat(100_000));
        let short = brief(&long);
        assert!(
            short.starts_with("aé") && short.ends_with("éb (100002 letters)"),
            "{short}"
        );
        assert!(short.chars().count() < 120);
    }
}
