//! Text cut to a width, never without a sign and never through what a reader sees as one character.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::Shown;

/// Where a text that is too long loses something.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Cut {
    /// Its end: `productpage-v1-7d…`.
    #[default]
    End,
    /// Its middle, for names whose ends tell them apart: `reviews-v2-6c…9xkqp`.
    Middle,
}

const SIGN: &str = "…";

/// `text`, at most `width` cells wide; the sign `…` stands where something was cut out.
pub fn cut(text: &str, width: usize, how: Cut) -> Shown {
    let shown = Shown::from(text);
    if shown.width() <= width {
        return shown;
    }
    if width == 0 {
        return Shown::default();
    }
    let room = width - 1;
    let (front, back) = match how {
        Cut::End => (room, 0),
        Cut::Middle => (room.div_ceil(2), room / 2),
    };
    let head = take(shown.as_str().graphemes(true), front);
    let mut tail: Vec<&str> = Vec::new();
    let mut left = back;
    for grapheme in shown.as_str().graphemes(true).rev() {
        let cells = grapheme.width();
        if cells > left {
            break;
        }
        left -= cells;
        tail.push(grapheme);
    }
    tail.reverse();
    Shown::from(format!("{head}{SIGN}{}", tail.concat()))
}

/// `text` padded with spaces to `width` cells, cut if it is longer.
pub fn pad(text: &str, width: usize) -> String {
    let shown = cut(text, width, Cut::End);
    let missing = width.saturating_sub(shown.width());
    format!("{shown}{:missing$}", "")
}

/// `text` in lines of at most `width` cells, broken at spaces where it can be.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let mut word = word;
            let gap = usize::from(!line.is_empty());
            if line.width() + gap + word.width() > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            while word.width() > width {
                let head = take(word.graphemes(true), width);
                if head.is_empty() {
                    break;
                }
                word = word.get(head.len()..).unwrap_or_default();
                lines.push(head);
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

fn take<'a>(graphemes: impl Iterator<Item = &'a str>, width: usize) -> String {
    let mut left = width;
    graphemes
        .take_while(|grapheme| {
            let cells = grapheme.width();
            let fits = cells <= left;
            left = left.saturating_sub(cells);
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_has_a_sign_and_fits() {
        assert_eq!(cut("productpage", 20, Cut::End).as_str(), "productpage");
        assert_eq!(cut("productpage", 8, Cut::End).as_str(), "product…");
        assert_eq!(cut("productpage", 8, Cut::Middle).as_str(), "prod…age");
        assert_eq!(cut("productpage", 1, Cut::Middle).as_str(), "…");
        assert_eq!(cut("productpage", 0, Cut::Middle).as_str(), "");
    }

    #[test]
    fn wide_characters_are_never_split() {
        assert_eq!(cut("日本語テキスト", 6, Cut::End).as_str(), "日本…");
        for width in 0..20 {
            assert!(cut("日本語e\u{301}テキスト", width, Cut::Middle).width() <= width);
        }
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
