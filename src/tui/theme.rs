//! Colours: one table from the part that text plays to how it looks, and one from a theme's hues to colours.
//!
//! The colours are the terminal's own sixteen, so that they fit whatever background its owner likes; where the terminal
//! advertises more, a theme's own shades take their place once the screen is drawn. "Less important" is the faint
//! attribute, never bright black, which several popular palettes give the colour of the background. What needs a look
//! has an attribute in every theme: no meaning hangs on a colour alone.

mod palette;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use self::palette::{Hue, palette};
use crate::app::view::{Glow, Mark, Role};

/// A set of colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// The terminal's sixteen colours on its own background.
    #[default]
    Terminal,
    /// For a dark background.
    Dark,
    /// For a light background: no yellow, no bright cyan.
    Light,
    /// Bright and bold; nothing is faint but what is over.
    HighContrast,
    /// Blue for good and yellow or orange for bad: for eyes that do not tell red from green (protanopia too).
    Deuteranopia,
    /// Cyan for good and red for bad: for eyes that do not tell blue from yellow.
    Tritanopia,
    /// No colour is ever set: attributes only.
    Mono,
}

/// How many colours the terminal has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Depth {
    /// None are wanted: `NO_COLOR`, or a terminal that has none. Wins over every theme.
    None,
    /// Its own sixteen.
    #[default]
    Sixteen,
    /// 24 bits, as `COLORTERM` advertises.
    Full,
}

/// How one role looks: its hue (none: the terminal's own text), what goes with it, and what stands for it where there
/// is no colour.
struct Entry {
    hue: Option<Hue>,
    with_colour: Modifier,
    without: Modifier,
}

const NONE: Modifier = Modifier::empty();
const BOLD: Modifier = Modifier::BOLD;
const DIM: Modifier = Modifier::DIM;
const UNDERLINED: Modifier = Modifier::UNDERLINED;
const REVERSED: Modifier = Modifier::REVERSED;
const STRUCK: Modifier = Modifier::CROSSED_OUT;

#[expect(clippy::match_same_arms, reason = "a table: each role has its own row")]
const fn entry(role: Role) -> Entry {
    let (hue, with_colour, without) = match role {
        Role::Text => (None, NONE, NONE),
        Role::Dim => (None, DIM, DIM),
        Role::Strong => (None, BOLD, BOLD),
        Role::Head => (Some(Hue::Accent), NONE, UNDERLINED),
        Role::Key => (Some(Hue::Accent), BOLD, BOLD),
        Role::Good => (Some(Hue::Good), NONE, NONE),
        Role::Warn => (Some(Hue::Warn), UNDERLINED, UNDERLINED),
        Role::Bad => (Some(Hue::Bad), BOLD, BOLD.union(UNDERLINED)),
        Role::Added => (Some(Hue::Good), BOLD, BOLD),
        Role::Removed => (Some(Hue::Bad), NONE, DIM),
        Role::Changed => (Some(Hue::Changed), BOLD, BOLD.union(UNDERLINED)),
        Role::Cursor => (None, REVERSED, REVERSED),
        Role::Picked => (Some(Hue::Picked), BOLD, BOLD),
        Role::Match => (Some(Hue::Picked), UNDERLINED, UNDERLINED.union(BOLD)),
        Role::Border => (None, DIM, DIM),
        Role::BorderActive => (Some(Hue::Accent), NONE, BOLD),
        Role::Name => (None, NONE, NONE),
        Role::Number => (None, NONE, NONE),
        Role::Header => (None, BOLD, BOLD),
        Role::TabActive => (Some(Hue::Accent), BOLD.union(REVERSED), BOLD.union(REVERSED)),
    };
    Entry {
        hue,
        with_colour,
        without,
    }
}

impl Theme {
    /// All of them, in the order in which one key goes through them.
    pub const ALL: [Theme; 7] = [
        Theme::Terminal,
        Theme::Dark,
        Theme::Light,
        Theme::HighContrast,
        Theme::Deuteranopia,
        Theme::Tritanopia,
        Theme::Mono,
    ];

    /// Its name on the command line and in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Theme::Terminal => "terminal",
            Theme::Dark => "dark",
            Theme::Light => "light",
            Theme::HighContrast => "high-contrast",
            Theme::Deuteranopia => "deuteranopia",
            Theme::Tritanopia => "tritanopia",
            Theme::Mono => "mono",
        }
    }

    /// The one after this, and after the last the first.
    #[must_use]
    pub fn next(self) -> Self {
        let after = Self::ALL.iter().skip_while(|theme| **theme != self).nth(1);
        after.copied().unwrap_or_default()
    }

    /// The style of a role, in the terminal's sixteen colours.
    pub fn style(self, role: Role) -> Style {
        let entry = entry(role);
        let Some(palette) = palette(self) else {
            return Style::new().add_modifier(entry.without);
        };
        let modifier = match (self, role) {
            (Theme::HighContrast, Role::Dim | Role::Border) => NONE,
            (Theme::HighContrast, Role::Bad) => BOLD | REVERSED,
            _ => entry.with_colour,
        };
        match entry.hue {
            None => Style::new().add_modifier(modifier),
            Some(hue) => Style::new().fg(palette.shade(hue).sixteen).add_modifier(modifier),
        }
    }

    /// Puts this theme's own shades in the place of the sixteen colours that it drew with.
    pub(super) fn deepen(self, area: Rect, buffer: &mut Buffer) {
        let Some(palette) = palette(self) else { return };
        for position in area.intersection(buffer.area).positions() {
            if let Some(cell) = buffer.cell_mut(position)
                && let Some(full) = palette.full(cell.fg)
            {
                cell.fg = full;
            }
        }
    }

    /// What lies behind an overlay: there, but faint.
    pub fn behind(self) -> Style {
        Style::reset().add_modifier(DIM)
    }

    /// The style of a change mark's glyph.
    pub fn mark(self, mark: Mark) -> Style {
        let (role, glow) = match mark {
            Mark::Added(glow) => (Role::Added, glow),
            Mark::Changed(glow) => (Role::Changed, glow),
            Mark::Removed(glow) => (Role::Removed, glow),
        };
        let style = self.style(role);
        match glow {
            Glow::Bright => style.add_modifier(BOLD | REVERSED).remove_modifier(DIM),
            Glow::Normal => style.add_modifier(BOLD).remove_modifier(DIM),
            Glow::Dim => style.remove_modifier(BOLD).add_modifier(DIM),
        }
    }

    /// What a change mark adds to the text of its row: all of it lights up at first, later only the glyph tells. A
    /// tombstone is struck at every age, and faint once it has been seen for a while.
    pub fn marked_row(self, mark: Mark) -> Style {
        match mark {
            Mark::Added(Glow::Bright) => self.style(Role::Added).remove_modifier(DIM),
            Mark::Changed(Glow::Bright) => self.style(Role::Changed).remove_modifier(DIM),
            Mark::Added(Glow::Normal | Glow::Dim) | Mark::Changed(Glow::Normal | Glow::Dim) => Style::new(),
            Mark::Removed(Glow::Bright) => self
                .style(Role::Removed)
                .add_modifier(STRUCK)
                .remove_modifier(DIM | BOLD),
            Mark::Removed(Glow::Normal | Glow::Dim) => Style::reset().add_modifier(DIM | STRUCK).remove_modifier(BOLD),
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;

    const ROLES: [Role; 20] = [
        Role::Text,
        Role::Dim,
        Role::Strong,
        Role::Head,
        Role::Key,
        Role::Good,
        Role::Warn,
        Role::Bad,
        Role::Added,
        Role::Removed,
        Role::Changed,
        Role::Cursor,
        Role::Picked,
        Role::Match,
        Role::Border,
        Role::BorderActive,
        Role::Name,
        Role::Number,
        Role::Header,
        Role::TabActive,
    ];

    #[test]
    fn mono_never_sets_a_colour() {
        for role in ROLES {
            let style = Theme::Mono.style(role);
            assert_eq!(
                (style.fg, style.bg, style.underline_color),
                (None, None, None),
                "{role:?}"
            );
        }
    }

    /// A style with its colours taken away.
    fn colourless(style: Style) -> Style {
        Style {
            fg: None,
            bg: None,
            underline_color: None,
            ..style
        }
    }

    #[test]
    fn in_every_theme_what_carries_meaning_differs_from_plain_text_by_more_than_colour() {
        const BY_ATTRIBUTE: [Role; 11] = [
            Role::Strong,
            Role::Key,
            Role::Warn,
            Role::Bad,
            Role::Added,
            Role::Changed,
            Role::Cursor,
            Role::Picked,
            Role::Match,
            Role::Header,
            Role::TabActive,
        ];
        for theme in Theme::ALL {
            let plain = colourless(theme.style(Role::Text));
            for role in BY_ATTRIBUTE {
                assert_ne!(colourless(theme.style(role)), plain, "{theme:?} {role:?}");
            }
            // what goes is struck in its row and has '-' before it
            let gone = colourless(theme.marked_row(Mark::Removed(Glow::Bright)));
            assert_ne!(gone, plain, "{theme:?}");
        }
    }

    #[test]
    fn good_and_bad_are_of_two_colours_in_every_theme_that_has_any() {
        for theme in Theme::ALL.into_iter().filter(|theme| *theme != Theme::Mono) {
            assert_ne!(theme.style(Role::Good).fg, theme.style(Role::Bad).fg, "{theme:?}");
        }
    }

    #[test]
    fn shades_of_its_own_take_the_place_of_the_sixteen_and_of_nothing_else() {
        for theme in Theme::ALL {
            for role in ROLES {
                let style = theme.style(role);
                let mut buffer = Buffer::empty(Rect::new(0, 0, 1, 1));
                buffer[(0, 0)].set_symbol("x").set_style(style);
                theme.deepen(buffer.area, &mut buffer);
                let cell = &buffer[(0, 0)];
                let is_full = matches!(cell.fg, Color::Rgb(..));
                let has_shades = !matches!(theme, Theme::Terminal | Theme::Mono);
                assert_eq!(is_full, has_shades && style.fg.is_some(), "{theme:?} {role:?}");
                assert_eq!(cell.modifier, style.add_modifier, "{theme:?} {role:?}");
            }
        }
    }

    #[test]
    fn what_is_good_and_what_is_bad_stay_apart_when_they_are_painted() {
        // by lightness or by hue of the one axis that these eyes have: blue against yellow, red against cyan
        let full = |theme: Theme, role: Role| palette(theme).and_then(|palette| palette.full(theme.style(role).fg?));
        for theme in [Theme::Deuteranopia, Theme::Tritanopia] {
            let (Some(Color::Rgb(gr, gg, gb)), Some(Color::Rgb(br, bg, bb))) =
                (full(theme, Role::Good), full(theme, Role::Bad))
            else {
                panic!("{theme:?} has no shades")
            };
            let apart = if theme == Theme::Deuteranopia {
                i32::from(gb.abs_diff(bb))
            } else {
                i32::from(gr.abs_diff(br)) + i32::from(gg.abs_diff(bg)) / 2
            };
            assert!(apart >= 120, "{theme:?}: {apart}");
        }
    }

    #[test]
    fn each_age_of_a_mark_looks_different_in_every_theme() {
        for theme in Theme::ALL {
            for mark in [Mark::Added, Mark::Changed, Mark::Removed] {
                let [bright, normal, dim] = [Glow::Bright, Glow::Normal, Glow::Dim].map(|glow| theme.mark(mark(glow)));
                assert!(
                    bright != normal && normal != dim && bright != dim,
                    "{theme:?} {:?}",
                    mark(Glow::Dim)
                );
            }
        }
    }

    #[test]
    fn a_tombstone_is_struck_at_every_age() {
        for glow in [Glow::Bright, Glow::Normal, Glow::Dim] {
            let style = Theme::Terminal.marked_row(Mark::Removed(glow));
            assert!(style.add_modifier.contains(Modifier::CROSSED_OUT));
            assert_eq!(style.add_modifier.contains(Modifier::DIM), glow != Glow::Bright);
        }
    }

    #[test]
    fn one_key_goes_through_every_theme_and_no_two_have_one_name() {
        let mut seen = vec![Theme::default()];
        while let Some(next) = seen
            .last()
            .map(|theme| theme.next())
            .filter(|next| !seen.contains(next))
        {
            seen.push(next);
        }
        assert_eq!(seen, Theme::ALL);
        let names: std::collections::BTreeSet<&str> = Theme::ALL.iter().map(|theme| theme.name()).collect();
        assert_eq!(names.len(), Theme::ALL.len());
    }
}
