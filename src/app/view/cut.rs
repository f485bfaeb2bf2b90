//! Text cut to a width, never without a sign and never through what a reader sees as one character.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Line, Role, Shown, Span};

/// Where a text that is too long loses something.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Cut {
    /// Its end: `productpage-v1-7d…`.
    #[default]
    End,
    /// Its middle, for names whose ends tell them apart: `reviews-v2-6c…9xkqp`.
    Middle,
    /// Its beginning, without a sign: a line of samples whose newest stands last.
    Start,
    /// Nothing: a column of ages or numbers is shown whole or left out. What is too long all the same loses its end.
    Never,
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
    let (front, sign, back) = match how {
        Cut::End | Cut::Never => (room, SIGN, 0),
        Cut::Middle => (room.div_ceil(2), SIGN, room / 2),
        Cut::Start => (0, "", width),
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
    Shown::from(format!("{head}{sign}{}", tail.concat()))
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

/// A line in as many as it needs to be at most `width` cells wide, broken at spaces where it can be; all but the first
/// are set in by `hanging` cells.
pub fn break_line(line: &Line, width: u16, hanging: u16) -> Vec<Line> {
    let (width, hanging) = (usize::from(width).max(1), usize::from(hanging.min(width / 2)));
    let letters: Vec<(&str, Role)> = line
        .iter()
        .flat_map(|span| span.text.as_str().graphemes(true).map(|letter| (letter, span.role)))
        .collect();
    let mut lines = Vec::new();
    let mut rest = letters.as_slice();
    loop {
        let lead = if lines.is_empty() { 0 } else { hanging };
        let (head, tail) = rest.split_at(break_at(rest, width - lead));
        let mut spans: Line = Vec::new();
        if lead > 0 {
            spans.push(Span::new(Role::Text, " ".repeat(lead)));
        }
        spans.extend(head.chunk_by(|a, b| a.1 == b.1).map(|run| {
            let text: String = run.iter().map(|(letter, _)| *letter).collect();
            Span::new(run.first().map_or(Role::Text, |(_, role)| *role), text)
        }));
        lines.push(spans);
        let spaces = tail.iter().take_while(|(letter, _)| *letter == " ").count();
        rest = tail.get(spaces..).unwrap_or_default();
        if rest.is_empty() {
            return lines;
        }
    }
}

/// How many letters go on a line of this width: up to the last space that is not at its beginning, if there is one.
fn break_at(letters: &[(&str, Role)], width: usize) -> usize {
    let mut cells = 0;
    let mut space = None;
    let mut inked = false;
    for (at, (letter, _)) in letters.iter().enumerate() {
        cells += letter.width();
        if *letter == " " {
            space = inked.then_some(at).or(space);
        } else {
            inked = true;
        }
        if cells > width {
            return space.unwrap_or(at).max(1);
        }
    }
    letters.len()
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
        assert_eq!(cut("▁▂▃▄", 2, Cut::Start).as_str(), "▃▄", "of samples the newest stay");
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

    #[test]
    fn a_line_of_spans_is_broken_with_its_roles_and_set_in() {
        let line = vec![Span::new(Role::Dim, "because "), Span::new(Role::Text, "one two three")];
        let broken = break_line(&line, 14, 4);
        let texts: Vec<String> = broken
            .iter()
            .map(|line| line.iter().map(|span| span.text.as_str()).collect())
            .collect();
        assert_eq!(texts, ["because one", "    two three"]);
        assert_eq!(broken[0][0].role, Role::Dim);
        assert_eq!(break_line(&Vec::new(), 10, 4), [Vec::new()]);
        assert!(
            break_line(&line, 1, 9)
                .iter()
                .flatten()
                .all(|span| span.text.width() <= 1)
        );
    }
}
