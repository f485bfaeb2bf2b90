//! Putting text into cells, clipped: the only place of this room that touches single cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::Theme;
use crate::app::view::{Area, Span};

/// The part of `area` (counted from the top left of `within`) that lies in `within`.
pub(super) fn clip(area: Area, within: Rect) -> Rect {
    let moved = Rect {
        x: within.x.saturating_add(area.x),
        y: within.y.saturating_add(area.y),
        width: area.width,
        height: area.height,
    };
    moved.intersection(within)
}

/// Writes `text` into at most `width` cells from `x`, and says how many it took. Text that does not fit ends in `…`.
pub(super) fn text(buffer: &mut Buffer, (x, y): (u16, u16), width: u16, text: &str, style: Style) -> u16 {
    let area = buffer.area;
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return 0;
    }
    let width = width.min(area.right() - x);
    // Nearly all text is ASCII: one byte, one cell, nothing to measure.
    if text.is_ascii() && text.len() <= usize::from(width) {
        let mut at = x;
        for byte in text.bytes().filter(|byte| !byte.is_ascii_control()) {
            if let Some(cell) = buffer.cell_mut((at, y)) {
                cell.set_char(char::from(byte)).set_style(style);
            }
            at += 1;
        }
        return at - x;
    }
    if text.width() <= usize::from(width) {
        return buffer.set_stringn(x, y, text, usize::from(width), style).0 - x;
    }
    let Some(room) = width.checked_sub(1) else {
        return 0;
    };
    let mut end = x;
    for grapheme in text.graphemes(true) {
        if end - x + cells(grapheme) > room {
            break;
        }
        end = buffer.set_stringn(end, y, grapheme, usize::from(room), style).0;
    }
    buffer.set_stringn(end, y, "…", 1, style).0 - x
}

/// Writes spans side by side into the first row of `area`, and says how many cells they took.
pub(super) fn line(buffer: &mut Buffer, area: Rect, spans: &[Span], theme: Theme) -> u16 {
    if area.is_empty() {
        return 0;
    }
    let mut taken = 0;
    for span in spans {
        let room = area.width - taken;
        if room == 0 {
            break;
        }
        let style = theme.style(span.role);
        taken += text(buffer, (area.x + taken, area.y), room, span.text.as_str(), style);
    }
    taken
}

/// Repeats one glyph of one cell over `area`.
pub(super) fn fill(buffer: &mut Buffer, area: Rect, glyph: char, style: Style) {
    for position in area.intersection(buffer.area).positions() {
        if let Some(cell) = buffer.cell_mut(position) {
            cell.set_char(glyph).set_style(style);
        }
    }
}

/// The width of a text in cells.
pub(super) fn cells(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// The width of a line in cells.
pub(super) fn line_cells(spans: &[Span]) -> u16 {
    spans
        .iter()
        .fold(0, |sum: u16, span| sum.saturating_add(cells(span.text.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(width: u16, what: &str) -> (String, u16) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        let taken = text(&mut buffer, (0, 0), width, what, Style::new());
        let row: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        (row.trim_end().to_owned(), taken)
    }

    #[test]
    fn text_that_does_not_fit_says_so() {
        assert_eq!(written(8, "reviews"), ("reviews".into(), 7));
        assert_eq!(written(7, "reviews"), ("reviews".into(), 7));
        assert_eq!(written(5, "reviews"), ("revi…".into(), 5));
        assert_eq!(written(1, "reviews"), ("…".into(), 1));
        assert_eq!(written(0, "reviews"), (String::new(), 0));
    }

    #[test]
    fn a_wide_character_is_never_halved() {
        assert_eq!(written(4, "日本語").0.replace(' ', ""), "日…");
        assert_eq!(written(4, "日本語").1, 3);
        assert_eq!(written(6, "日本語").1, 6);
    }

    #[test]
    fn what_lies_outside_is_not_drawn() {
        let mut buffer = Buffer::empty(Rect::new(2, 2, 3, 1));
        for at in [(0, 0), (5, 2), (2, 3), (u16::MAX, u16::MAX)] {
            assert_eq!(text(&mut buffer, at, 9, "pods", Style::new()), 0);
        }
        assert_eq!(text(&mut buffer, (3, 2), 9, "pods", Style::new()), 2);
    }
}
