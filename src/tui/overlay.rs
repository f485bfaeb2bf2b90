//! The box over the panes: help, a picker, the palette, a text.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::{Theme, paint};
use crate::app::view::{Area, Overlay, Role, Span};

pub(super) fn draw(overlay: &Overlay, theme: Theme, within: Rect, buffer: &mut Buffer) {
    let area = paint::clip(overlay.area, within);
    if area.is_empty() {
        return;
    }
    Clear.render(with_air(overlay, within), buffer);
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.style(Role::BorderActive))
        .render(area, buffer);
    if area.width > 6 && !overlay.title.is_empty() {
        let mut title = vec![Span::new(Role::Text, " ")];
        title.extend(overlay.title.iter().cloned());
        title.push(Span::new(Role::Text, " "));
        let at = Rect {
            x: area.x + 2,
            width: area.width - 4,
            height: 1,
            ..area
        };
        paint::line(buffer, at, &title, theme);
    }
    let inner = paint::clip(Overlay::inner(overlay.area), within);
    for (row, line) in inner.rows().zip(&overlay.lines) {
        paint::line(buffer, row, line, theme);
        if line.iter().any(|span| span.role == Role::Cursor) {
            buffer.set_style(row, theme.style(Role::Cursor));
        }
    }
    draw_hidden(overlay, theme, area, buffer);
}

/// The overlay with a free column on both sides, so that cut words do not touch its frame.
fn with_air(overlay: &Overlay, within: Rect) -> Rect {
    let left = overlay.area.x.min(1);
    let area = Area {
        x: overlay.area.x - left,
        width: overlay.area.width.saturating_add(left + 1),
        ..overlay.area
    };
    paint::clip(area, within)
}

/// How many lines lie above and below, on the lower border.
fn draw_hidden(overlay: &Overlay, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let (above, below) = overlay.hidden;
    let text = match (above, below) {
        (0, 0) => return,
        (above, 0) => format!(" ↑{above} "),
        (0, below) => format!(" ↓{below} "),
        (above, below) => format!(" ↑{above} ↓{below} "),
    };
    let width = paint::cells(&text);
    if let Some(x) = area.right().checked_sub(width + 2).filter(|x| *x > area.x + 1) {
        paint::text(buffer, (x, area.bottom() - 1), width, &text, theme.style(Role::Dim));
    }
}
