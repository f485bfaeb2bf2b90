//! From a screen to the bytes of one frame.
//!
//! Instead of `ratatui::Terminal`, which asks the real terminal for its size and its cursor, flushes several times a
//! frame, and writes even where nothing changed: two buffers and their difference are all that is needed.

use std::io;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{Look, Picture};
use crate::app::view::Screen;

/// Turns screens into frames: the bytes that take a terminal from the last screen to the next, as one synchronized
/// update (a terminal that does not know mode 2026 ignores it). Writes nothing itself.
#[derive(Debug)]
pub struct Painter {
    look: Look,
    shown: Buffer,
    next: Buffer,
    cursor: Option<(u16, u16)>,
    /// What the terminal shows is not known: the next frame clears it.
    unknown: bool,
}

impl Painter {
    /// A painter for a terminal of which nothing is known.
    pub fn new(look: Look) -> Self {
        // The theme alone decides on colours: otherwise crossterm turns each of ours into a reset under NO_COLOR.
        crossterm::style::force_color_output(true);
        Self {
            look,
            shown: Buffer::default(),
            next: Buffer::default(),
            cursor: None,
            unknown: true,
        }
    }

    /// How it draws.
    pub fn look(&self) -> Look {
        self.look
    }

    /// Draws otherwise from the next frame on.
    pub fn set_look(&mut self, look: Look) {
        self.look = look;
    }

    /// Forgets what is on the terminal: the next frame clears it and draws every cell.
    pub fn forget(&mut self) {
        self.unknown = true;
    }

    /// The frame that shows `screen`, or nothing if the terminal shows it already. A screen of another size than the
    /// last starts from a cleared terminal.
    pub fn frame(&mut self, screen: &Screen) -> io::Result<Option<Vec<u8>>> {
        let area = Rect::new(0, 0, screen.width, screen.height);
        let clear = self.unknown || self.shown.area != area;
        if clear {
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
        }
        let picture = Picture {
            screen,
            look: self.look,
        };
        picture.render(area, &mut self.next);
        let cursor = screen.cursor.filter(|(x, y)| *x < area.width && *y < area.height);
        let frame = self.difference(cursor, clear)?;
        std::mem::swap(&mut self.shown, &mut self.next);
        self.next.reset();
        self.cursor = cursor;
        self.unknown = false;
        Ok(frame)
    }

    fn difference(&self, cursor: Option<(u16, u16)>, clear: bool) -> io::Result<Option<Vec<u8>>> {
        let mut cells = self.shown.diff_iter(&self.next).peekable();
        if !clear && cells.peek().is_none() && cursor == self.cursor {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        queue!(bytes, BeginSynchronizedUpdate)?;
        if clear || self.cursor.is_some() {
            queue!(bytes, Hide)?;
        }
        if clear {
            queue!(bytes, SetAttribute(Attribute::Reset), Clear(ClearType::All))?;
        }
        if cells.peek().is_some() {
            CrosstermBackend::new(&mut bytes).draw(cells)?;
        }
        if let Some((x, y)) = cursor {
            queue!(bytes, MoveTo(x, y), Show)?;
        }
        queue!(bytes, EndSynchronizedUpdate)?;
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::view::{Role, Span};

    fn screen(text: &str) -> Screen {
        Screen {
            width: 20,
            height: 2,
            lines: vec![(0, vec![Span::new(Role::Text, text)])],
            ..Screen::default()
        }
    }

    fn text(frame: Option<Vec<u8>>) -> String {
        String::from_utf8(frame.expect("something changed")).unwrap()
    }

    #[test]
    fn a_screen_that_is_shown_already_costs_no_bytes() {
        let mut painter = Painter::new(Look::default());
        assert!(text(painter.frame(&screen("pods")).unwrap()).contains("pods"));
        assert_eq!(painter.frame(&screen("pods")).unwrap(), None);
    }

    #[test]
    fn only_changed_cells_are_sent() {
        let mut painter = Painter::new(Look::default());
        painter.frame(&screen("pods 1")).unwrap();
        let frame = text(painter.frame(&screen("pods 2")).unwrap());
        assert!(frame.contains('2') && !frame.contains("pods"), "{frame:?}");
        assert!(
            frame.starts_with("\x1b[?2026h") && frame.ends_with("\x1b[?2026l"),
            "{frame:?}"
        );
    }

    #[test]
    fn a_forgotten_terminal_is_cleared_and_drawn_whole() {
        let mut painter = Painter::new(Look::default());
        painter.frame(&screen("pods")).unwrap();
        painter.forget();
        let frame = text(painter.frame(&screen("pods")).unwrap());
        assert!(frame.contains("\x1b[2J") && frame.contains("pods"), "{frame:?}");
    }

    #[test]
    fn the_cursor_is_hidden_while_cells_change_and_shown_where_text_is_typed() {
        let mut painter = Painter::new(Look::default());
        let mut typing = screen("/re");
        typing.cursor = Some((3, 0));
        painter.frame(&typing).unwrap();
        typing.lines[0].1[0] = Span::new(Role::Text, "/rev");
        typing.cursor = Some((4, 0));
        let frame = text(painter.frame(&typing).unwrap());
        let [hide, shown] = ["\x1b[?25l", "\x1b[1;5H\x1b[?25h"].map(|sequence| frame.find(sequence));
        assert!(hide.is_some() && hide < shown, "{frame:?}");
    }

    #[test]
    fn a_cursor_off_the_screen_is_not_shown() {
        let mut painter = Painter::new(Look::default());
        let mut typing = screen("/re");
        typing.cursor = Some((20, 0));
        assert!(!text(painter.frame(&typing).unwrap()).contains("\x1b[?25h"));
    }
}
