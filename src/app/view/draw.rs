//! The laid-out state as a [`Screen`]. Nothing is changed here, and nothing is computed over all rows.

mod foot;
mod head;
mod inspector;
mod overlay;
mod packets;
mod pane;

pub(in crate::app) use self::overlay::reading_area;

use jiff::Timestamp;

use super::cut::break_line;
use super::layout::Size;
use super::spots::Spots;
use super::{Line, Role, Screen, Span};
use crate::app::App;

impl App {
    /// What is on a terminal of this size, and where. The same size must have been laid out before.
    pub(in crate::app) fn draw(&self, now: Timestamp, width: u16, height: u16) -> (Screen, Spots) {
        let frame = self.frame(width, height);
        let mut screen = Screen {
            width,
            height,
            ..Screen::default()
        };
        let mut spots = Spots::new(self.ui.dialogs.len());
        if frame.size == Size::TooSmall {
            if height > 0 {
                let text = format!("too small: {width}x{height}; q quits");
                screen
                    .lines
                    .push((0, cut_line(vec![Span::new(Role::Warn, text)], width)));
            }
            return (screen, spots);
        }
        screen.lines.push((0, self.header(now, width)));
        if let Some(row) = frame.tabs {
            screen.lines.push((row, self.tabs(now, width, row, &mut spots)));
        }
        for laid in &self.ui.laid {
            let pane = self.pane(now, laid, frame.size);
            spots.put_pane(laid, &pane, self.ui.find_list(laid.table));
            screen.panes.push(pane);
        }
        let (first, rows) = frame.inspector;
        let inspected = self.inspector(now, usize::from(rows)).into_iter();
        let inspected = inspected.map(|line| self.masked_line(line)).collect();
        for (at, line) in (0..rows).zip(spread(inspected, width, rows.into(), self.whole_hint())) {
            screen.lines.push((first + at, line));
        }
        if let Some(row) = frame.story {
            screen.lines.push((row, self.story_line(now, width)));
        }
        let (foot, cursor) = self.foot(now, width);
        screen.lines.push((frame.hints, foot));
        screen.cursor = cursor.map(|column| (column.min(width.saturating_sub(1)), frame.hints));
        self.lay_over(&mut screen, &mut spots);
        (screen, spots)
    }
}

/// Lines on so many rows of a width: one that is too long goes on where rows are free, and is cut where none is; behind
/// the first of these stands how one sees all.
fn spread(lines: Vec<Line>, width: u16, rows: usize, mut hint: Option<Line>) -> Vec<Line> {
    let mut free = rows.saturating_sub(lines.len());
    let mut spread = Vec::with_capacity(rows);
    for line in lines {
        let pieces = break_line(&line, width, 3);
        let more = pieces.len().saturating_sub(1);
        if more <= free {
            free -= more;
            spread.extend(pieces);
        } else {
            let hint = hint.take().unwrap_or_default();
            let room = usize::from(width).saturating_sub(line_width(&hint));
            let mut cut = cut_line(line, u16::try_from(room).unwrap_or(width));
            cut.extend(hint);
            spread.push(cut);
        }
    }
    spread
}

/// A line cut to a width: the span that does not fit is cut with a sign, what follows is left out.
pub(in crate::app) fn cut_line(line: Line, width: u16) -> Line {
    let mut left = usize::from(width);
    let mut fitted = Vec::with_capacity(line.len());
    let total: usize = line.iter().map(|span| span.text.width()).sum();
    if total <= left {
        return line;
    }
    if left == 0 {
        return Vec::new();
    }
    // one cell is kept for the sign, so that it is there even where a span ends exactly at the edge
    left = left.saturating_sub(1);
    for span in line {
        let cells = span.text.width();
        if cells <= left {
            left -= cells;
            fitted.push(span);
        } else {
            let text = super::cut::cut(span.text.as_str(), left + 1, super::cut::Cut::End);
            fitted.push(Span { text, role: span.role });
            break;
        }
    }
    fitted
}

/// How many cells a line takes.
pub(super) fn line_width(line: &[Span]) -> usize {
    line.iter().map(|span| span.text.width()).sum()
}

/// Two lines in one: the left one is cut where they would touch.
pub(super) fn two_sided(left: Line, right: Line, width: u16) -> Line {
    let right_width = line_width(&right).min(usize::from(width));
    let room = usize::from(width) - right_width;
    let left = cut_line(left, u16::try_from(room.saturating_sub(1)).unwrap_or(0));
    let gap = room.saturating_sub(line_width(&left));
    let mut line = left;
    line.push(Span::new(Role::Text, " ".repeat(gap)));
    line.extend(cut_line(right, width));
    line
}
