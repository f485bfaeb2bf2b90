//! How it looks: the [`Screen`] that `app::view` made, drawn into terminal cells, and the terminal itself.
//!
//! One file a kind of pane; drawing takes `&T` and changes nothing, and no size and no screen makes it panic. Colours
//! are chosen in one place ([`Theme`]) and no meaning hangs on a colour alone: marks have a glyph, states a word.
//! Not here: what is shown and where (`app::view`), when a frame is drawn (`runtime`).

mod ascii;
mod frame;
mod overlay;
mod paint;
mod pane;
mod svg;
mod table;
mod terminal;
mod theme;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

pub use self::ascii::Glyphs;
pub use self::frame::Painter;
pub use self::svg::svg;
pub use self::terminal::{Features, Mouse, Tty};
pub use self::theme::{Depth, Theme};
use crate::app::view::{Area, Screen};

/// How this terminal is to be drawn on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Look {
    /// Colours and modifiers.
    pub theme: Theme,
    /// How many colours it has; without any, every theme is the one without colour.
    pub depth: Depth,
    /// Which characters the terminal can show.
    pub glyphs: Glyphs,
    /// Which of its features may be asked for.
    pub features: Features,
}

impl Look {
    /// What the environment says of the terminal: `NO_COLOR`, `TERM`, `COLORTERM`, `LC_ALL`, `LC_CTYPE`, `LANG`. An empty
    /// variable counts as absent, as <https://no-color.org> and locale(7) ask.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        let plain = matches!(term.as_str(), "dumb" | "linux");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let is_full = variable("COLORTERM").is_some_and(|value| matches!(value.as_str(), "truecolor" | "24bit"));
        Self {
            theme: Theme::Terminal,
            depth: if term == "dumb" || variable("NO_COLOR").is_some() {
                Depth::None
            } else if is_full && !plain {
                Depth::Full
            } else {
                Depth::Sixteen
            },
            glyphs: if plain || !utf8 { Glyphs::Ascii } else { Glyphs::Unicode },
            features: if plain { Features::Basic } else { Features::Modern },
        }
    }

    /// The theme that it is drawn in: the chosen one, if there is colour at all.
    fn drawn(self) -> Theme {
        match self.depth {
            Depth::None => Theme::Mono,
            Depth::Sixteen | Depth::Full => self.theme,
        }
    }
}

/// A screen with the look it is drawn in.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// What.
    pub screen: &'a Screen,
    /// How.
    pub look: Look,
}

impl Widget for &Picture<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        let theme = self.look.drawn();
        for pane in &self.screen.panes {
            pane::draw(pane, theme, area, buffer);
        }
        for pane in &self.screen.panes {
            pane::draw_divider(pane, theme, area, buffer);
        }
        if self.screen.overlay.is_some() {
            buffer.set_style(area, theme.behind());
        }
        for (row, line) in &self.screen.lines {
            let whole = Area {
                x: 0,
                y: *row,
                width: self.screen.width,
                height: 1,
            };
            let row = paint::clip(whole, area);
            // Header, hints and what is typed stay in front of an overlay.
            buffer.set_style(row, Style::reset());
            paint::line(buffer, row, line, theme);
        }
        if let Some(overlay) = &self.screen.overlay {
            overlay::draw(overlay, theme, area, buffer);
        }
        if self.look.depth == Depth::Full {
            theme.deepen(area, buffer);
        }
        if self.look.glyphs == Glyphs::Ascii {
            ascii::replace(area, buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(pairs: &[(&str, &str)]) -> Look {
        Look::of_environment(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_usual_terminal_gets_colours_and_all_glyphs() {
        let look = look(&[("TERM", "xterm-256color"), ("LANG", "en_GB.UTF-8")]);
        assert_eq!(look, Look::default());
    }

    #[test]
    fn no_color_counts_only_when_it_is_not_empty_and_wins_over_theme_and_depth() {
        let terminal = [("TERM", "xterm"), ("LANG", "C.utf8"), ("COLORTERM", "truecolor")];
        let with = |value| look(&[terminal[0], terminal[1], terminal[2], ("NO_COLOR", value)]);
        assert_eq!(with("").depth, Depth::Full);
        assert_eq!(with("1").depth, Depth::None);
        for theme in Theme::ALL {
            let look = Look { theme, ..with("1") };
            assert_eq!(look.drawn(), Theme::Mono);
        }
    }

    #[test]
    fn more_than_sixteen_colours_only_where_they_are_advertised() {
        let depth = |pairs: &[(&str, &str)]| look(pairs).depth;
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "xterm"), ("COLORTERM", "1")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "xterm"), ("COLORTERM", "24bit")]), Depth::Full);
        assert_eq!(depth(&[("TERM", "linux"), ("COLORTERM", "truecolor")]), Depth::Sixteen);
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let glyphs = |pairs: &[(&str, &str)]| look(pairs).glyphs;
        assert_eq!(glyphs(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]), Glyphs::Ascii);
        assert_eq!(glyphs(&[("LC_ALL", ""), ("LANG", "en_GB.UTF-8")]), Glyphs::Unicode);
        assert_eq!(glyphs(&[]), Glyphs::Ascii);
    }

    #[test]
    fn the_console_and_a_dumb_terminal_get_what_they_can_do() {
        let console = look(&[("TERM", "linux"), ("LANG", "en_GB.UTF-8")]);
        assert_eq!((console.depth, console.glyphs), (Depth::Sixteen, Glyphs::Ascii));
        assert_eq!(console.features, Features::Basic);
        assert_eq!(look(&[("TERM", "dumb")]).drawn(), Theme::Mono);
    }
}

#[cfg(test)]
mod drawing;
