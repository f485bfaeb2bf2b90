//! A pane: its title on a rule, what its edges hide, its body. No side borders: the columns belong to the data.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Theme, paint, table};
use crate::app::view::{Area, Body, Edge, Pane, Role, Span};

/// Cells of rule before a title.
const INSET: u16 = 2;

pub(super) fn draw(pane: &Pane, theme: Theme, within: Rect, buffer: &mut Buffer) {
    let area = paint::clip(pane.area, within);
    if area.is_empty() {
        return;
    }
    draw_title(pane, theme, area, buffer);
    let inner = Pane::inner(pane.area);
    match &pane.body {
        Body::Table { heads, rows, .. } => table::draw(heads, rows, pane, theme, within, buffer),
        Body::Lines(lines) => {
            let inner = paint::clip(inner, within);
            for (row, line) in inner.rows().zip(lines) {
                paint::line(buffer, row, line, theme);
            }
        }
    }
    draw_scroll_bar(pane, theme, area, buffer);
}

/// The rule is heavy where the keys are; the title is never cut for what stands right of it.
fn draw_title(pane: &Pane, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let row = Rect { height: 1, ..area };
    let (glyph, role) = if pane.active {
        ('━', Role::BorderActive)
    } else {
        ('─', Role::Border)
    };
    paint::fill(buffer, row, glyph, theme.style(role));
    let room = Rect {
        x: row.x + INSET.min(row.width),
        width: row.width.saturating_sub(INSET),
        ..row
    };
    let used = draw_on_rule(buffer, room, &pane.title, theme);
    let free = room.width - used;
    if let Some(edges) = edges(pane, free) {
        let width = paint::line_cells(&edges) + 2;
        let at = Rect {
            x: room.right() - width,
            width,
            ..room
        };
        draw_on_rule(buffer, at, &edges, theme);
    }
}

/// Writes spans over a rule, one free cell on both sides.
fn draw_on_rule(buffer: &mut Buffer, area: Rect, spans: &[Span], theme: Theme) -> u16 {
    if spans.is_empty() || area.width <= 2 {
        return 0;
    }
    let room = Rect {
        x: area.x + 1,
        width: area.width - 2,
        ..area
    };
    let width = paint::line_cells(spans).min(room.width) + 2;
    let gap = Rect { width, ..area };
    paint::fill(buffer, gap, ' ', Style::reset());
    paint::line(buffer, room, spans, theme);
    width
}

/// The longest way to say what the edges hide that leaves some rule between it and the title.
fn edges(pane: &Pane, free: u16) -> Option<Vec<Span>> {
    let hidden_columns = match &pane.body {
        Body::Table { hidden_columns, .. } => *hidden_columns,
        Body::Lines(_) => (0, 0),
    };
    [true, false].into_iter().find_map(|long| {
        let mut spans = Vec::new();
        columns(&mut spans, "‹", hidden_columns.0);
        columns(&mut spans, "›", hidden_columns.1);
        rows(&mut spans, "↑", pane.above, long);
        rows(&mut spans, "↓", pane.below, long);
        // One free cell on both sides, and two of the rule.
        let fits = paint::line_cells(&spans).saturating_add(4) <= free;
        (fits && !spans.is_empty()).then_some(spans)
    })
}

fn columns(spans: &mut Vec<Span>, arrow: &str, hidden: usize) {
    if hidden > 0 {
        separate(spans);
        spans.push(Span::new(Role::Dim, format!("{arrow}{hidden} col")));
    }
}

fn rows(spans: &mut Vec<Span>, arrow: &str, edge: Edge, long: bool) {
    if edge.rows == 0 {
        return;
    }
    separate(spans);
    spans.push(Span::new(Role::Dim, format!("{arrow}{}", edge.rows)));
    if edge.changes > 0 {
        let unseen = if long {
            format!(" {} unseen", edge.changes)
        } else {
            format!("•{}", edge.changes)
        };
        spans.push(Span::new(Role::Changed, unseen));
    }
}

fn separate(spans: &mut Vec<Span>) {
    if !spans.is_empty() {
        spans.push(Span::new(Role::Text, "  "));
    }
}

/// A thin rule in the free column left of a pane that has a neighbour there, joined to the rules above and below.
/// Drawn after all panes.
pub(super) fn draw_divider(pane: &Pane, theme: Theme, within: Rect, buffer: &mut Buffer) {
    let Some(x) = pane.area.x.checked_sub(1) else {
        return;
    };
    let column = Area {
        x,
        width: 1,
        ..pane.area
    };
    let column = paint::clip(column, within);
    if column.is_empty() {
        return;
    }
    let style = theme.style(Role::Border);
    paint::fill(buffer, column, '│', style);
    let is_heavy = |x: Option<u16>| x.is_some_and(|x| symbol(buffer, x, column.y) == "━");
    let top = match (is_heavy(column.x.checked_sub(1)), is_heavy(column.x.checked_add(1))) {
        (false, false) => '┬',
        (true, false) => '┭',
        (false, true) => '┮',
        (true, true) => '┯',
    };
    paint::fill(buffer, Rect { height: 1, ..column }, top, style);
    let below = Rect {
        y: column.bottom(),
        height: 1,
        ..column
    };
    let bottom = match symbol(buffer, below.x, below.y) {
        "─" => '┴',
        "━" => '┷',
        _ => return,
    };
    // The rule below keeps its own colour.
    paint::fill(buffer, below, bottom, Style::new());
}

fn symbol(buffer: &Buffer, x: u16, y: u16) -> &str {
    buffer.cell((x, y)).map_or("", ratatui::buffer::Cell::symbol)
}

/// Where the shown rows lie among all; nothing where all are shown.
fn draw_scroll_bar(pane: &Pane, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let head = match &pane.body {
        Body::Table { heads, .. } => 1 + table::head_rows(heads),
        Body::Lines(_) => 1,
    };
    let track = area.height.saturating_sub(head);
    let shown = match &pane.body {
        Body::Table { rows, .. } => rows.len(),
        Body::Lines(lines) => lines.len(),
    };
    let Some(thumb) = thumb(track, pane.above.rows, shown, pane.below.rows) else {
        return;
    };
    if area.width < Pane::GUTTER + Pane::MARGIN {
        return;
    }
    let x = area.right() - 1;
    let top = area.y + head;
    let style = theme.style(Role::Border);
    paint::fill(buffer, Rect::new(x, top, 1, track), '│', style);
    paint::fill(
        buffer,
        Rect::new(x, top + thumb.start, 1, thumb.end - thumb.start),
        '┃',
        style,
    );
}

/// The cells of a scroll bar's thumb; `None` where nothing is hidden. It touches an end of its track only if that end
/// of the rows is on screen.
fn thumb(track: u16, above: usize, shown: usize, below: usize) -> Option<Range<u16>> {
    if track == 0 || (above == 0 && below == 0) {
        return None;
    }
    // Counts are any usize; their sum fits here.
    let [above, shown, below] = [above, shown, below].map(|rows| rows as u128);
    let cells = |part: u128, whole: u128, of: u16| u16::try_from(u128::from(of) * part / whole).unwrap_or(of);
    let length = cells(shown, above + shown + below, track).max(1);
    let free = track - length;
    let start = match (above, below) {
        (0, _) => 0,
        (_, 0) => free,
        (above, below) => cells(above, above + below, free).max(1).min(free.saturating_sub(1)),
    };
    Some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumb_touches_an_end_only_when_nothing_is_hidden_there() {
        assert_eq!(thumb(10, 0, 10, 0), None);
        assert_eq!(thumb(10, 0, 10, 10), Some(0..5));
        assert_eq!(thumb(10, 10, 10, 0), Some(5..10));
        assert_eq!(thumb(10, 1, 10, 100), Some(1..2));
        assert_eq!(thumb(10, 100, 10, 1), Some(8..9));
        assert_eq!(thumb(1, 5, 1, 5), Some(0..1));
        assert_eq!(thumb(4, usize::MAX, usize::MAX, usize::MAX), Some(1..2));
    }
}
