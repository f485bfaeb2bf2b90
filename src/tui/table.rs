//! A table: heads, and rows with their cursor, pick and change mark in the gutter.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Theme, paint};
use crate::app::view::{Area, ColumnHead, Mark, Pane, Role, RowLine};

pub(super) fn draw(
    heads: &[ColumnHead],
    rows: &[RowLine],
    pane: &Pane,
    theme: Theme,
    within: Rect,
    buffer: &mut Buffer,
) {
    let inner = Pane::inner(pane.area);
    let line = |offset: u16| {
        let row = Area {
            y: inner.y.saturating_add(offset),
            height: inner.height.saturating_sub(offset).min(1),
            ..inner
        };
        paint::clip(row, within)
    };
    let first = head_rows(heads);
    for (column, head) in columns(line(0), heads).zip(heads) {
        cell(buffer, column, head.right, head.title.as_str(), theme.style(Role::Head));
    }
    for (offset, row) in (first..inner.height).zip(rows) {
        draw_row(heads, row, pane, theme, line(offset), buffer);
    }
}

/// Rows that the heads of a table take.
pub(super) fn head_rows(heads: &[ColumnHead]) -> u16 {
    u16::from(heads.iter().any(|head| !head.title.as_str().is_empty()))
}

fn draw_row(heads: &[ColumnHead], row: &RowLine, pane: &Pane, theme: Theme, line: Rect, buffer: &mut Buffer) {
    if line.is_empty() {
        return;
    }
    let marked = row.mark.map_or_else(Style::new, |mark| theme.marked_row(mark));
    if let Some(banner) = &row.banner {
        paint::line(buffer, line, std::slice::from_ref(banner), theme);
    }
    for ((column, head), span) in columns(line, heads).zip(heads).zip(&row.cells) {
        let own = theme.style(span.role);
        // what a tombstone says of itself, and what warns, is so now: it is not struck
        let is_present = matches!(row.mark, Some(Mark::Removed(_))) && matches!(span.role, Role::Dim | Role::Warn);
        let style = if is_present { own } else { own.patch(marked) };
        cell(buffer, column, head.right, span.text.as_str(), style);
    }
    let gutter = Rect {
        x: line.x.saturating_sub(Pane::GUTTER),
        width: 1,
        ..line
    };
    let mark_at = Rect {
        x: gutter.x + 1,
        ..gutter
    };
    if row.cursor {
        let bar = Rect {
            x: gutter.x,
            width: line.right() - gutter.x,
            ..line
        };
        draw_cursor(bar, pane.active, theme, buffer);
    }
    if row.picked {
        paint::text(buffer, (gutter.x, gutter.y), 1, "●", theme.style(Role::Picked));
    } else if row.cursor {
        let style = if pane.active {
            Style::new()
        } else {
            theme.style(Role::BorderActive)
        };
        paint::text(buffer, (gutter.x, gutter.y), 1, "▸", style);
    }
    if let Some(mark) = row.mark {
        paint::text(buffer, (mark_at.x, mark_at.y), 1, glyph(mark), theme.mark(mark));
    }
}

/// The row under the cursor is one even bar where the keys are: its own colours would make it a patchwork. In a pane
/// without the keys only the arrow in the gutter and bold text show where the cursor will be.
fn draw_cursor(bar: Rect, active: bool, theme: Theme, buffer: &mut Buffer) {
    if !active {
        buffer.set_style(bar, theme.style(Role::Strong));
        return;
    }
    for position in bar.positions() {
        if let Some(cell) = buffer.cell_mut(position) {
            cell.set_fg(ratatui::style::Color::Reset);
            cell.modifier.remove(ratatui::style::Modifier::DIM);
        }
    }
    buffer.set_style(bar, theme.style(Role::Cursor));
}

const fn glyph(mark: Mark) -> &'static str {
    match mark {
        Mark::Added(_) => "+",
        Mark::Changed(_) => "~",
        Mark::Removed(_) => "-",
    }
}

/// The cells of each column in a row; the last ones are cut where the row ends.
fn columns(row: Rect, heads: &[ColumnHead]) -> impl Iterator<Item = Rect> + '_ {
    let starts = Pane::column_starts(heads.iter().map(|head| head.width));
    starts.zip(heads).map(move |(start, head)| {
        let x = row.x.saturating_add(start);
        Rect {
            x,
            width: head.width.min(row.right().saturating_sub(x)),
            ..row
        }
    })
}

fn cell(buffer: &mut Buffer, column: Rect, right: bool, text: &str, style: Style) {
    if column.is_empty() {
        return;
    }
    let indent = if right {
        column.width.saturating_sub(paint::cells(text))
    } else {
        0
    };
    paint::text(
        buffer,
        (column.x + indent, column.y),
        column.width - indent,
        text,
        style,
    );
}
