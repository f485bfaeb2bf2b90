//! Colours: one table from the part that text plays to how it looks.
//!
//! The colours are the terminal's own sixteen, so that they fit whatever background its owner likes. "Less important"
//! is the faint attribute, never bright black, which several popular palettes give the colour of the background.

use ratatui::style::{Color, Modifier, Style};

use crate::app::view::{Glow, Mark, Role};

/// A set of colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// The terminal's sixteen colours on its own background.
    #[default]
    Terminal,
    /// No colour is ever set: attributes only.
    Mono,
}

/// How one role looks: its colour, what goes with the colour, and what stands for it where there is none.
struct Entry {
    colour: Color,
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
    let (colour, with_colour, without) = match role {
        Role::Text => (Color::Reset, NONE, NONE),
        Role::Dim => (Color::Reset, DIM, DIM),
        Role::Strong => (Color::Reset, BOLD, BOLD),
        Role::Head => (Color::Cyan, NONE, UNDERLINED),
        Role::Key => (Color::Cyan, BOLD, BOLD),
        Role::Good => (Color::Green, NONE, NONE),
        Role::Warn => (Color::Yellow, NONE, UNDERLINED),
        Role::Bad => (Color::Red, BOLD, BOLD.union(UNDERLINED)),
        Role::Added => (Color::Green, BOLD, BOLD),
        Role::Removed => (Color::Red, NONE, DIM),
        Role::Changed => (Color::Yellow, BOLD, BOLD.union(UNDERLINED)),
        Role::Cursor => (Color::Reset, REVERSED, REVERSED),
        Role::Picked => (Color::Magenta, BOLD, BOLD),
        Role::Match => (Color::Magenta, UNDERLINED, UNDERLINED.union(BOLD)),
        Role::Border => (Color::Reset, DIM, DIM),
        Role::BorderActive => (Color::Cyan, NONE, BOLD),
        Role::Name => (Color::Reset, NONE, NONE),
        Role::Number => (Color::Reset, NONE, NONE),
        Role::Header => (Color::Reset, BOLD, BOLD),
        Role::TabActive => (Color::Cyan, BOLD.union(REVERSED), BOLD.union(REVERSED)),
    };
    Entry {
        colour,
        with_colour,
        without,
    }
}

impl Theme {
    /// All of them, in the order in which one key goes through them.
    pub const ALL: [Theme; 2] = [Theme::Terminal, Theme::Mono];

    /// The one after this, and after the last the first.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Theme::Terminal => Theme::Mono,
            Theme::Mono => Theme::Terminal,
        }
    }

    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let entry = entry(role);
        match self {
            Theme::Terminal if entry.colour == Color::Reset => Style::new().add_modifier(entry.with_colour),
            Theme::Terminal => Style::new().fg(entry.colour).add_modifier(entry.with_colour),
            Theme::Mono => Style::new().add_modifier(entry.without),
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

    #[test]
    fn what_needs_a_look_differs_from_plain_text_without_colour() {
        for role in [
            Role::Warn,
            Role::Bad,
            Role::Added,
            Role::Removed,
            Role::Changed,
            Role::Cursor,
            Role::Picked,
        ] {
            assert_ne!(Theme::Mono.style(role), Theme::Mono.style(Role::Text), "{role:?}");
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
    fn next_visits_every_theme() {
        let after: Vec<Theme> = Theme::ALL.iter().map(|theme| theme.next()).collect();
        assert!(Theme::ALL.iter().all(|theme| after.contains(theme)));
    }
}
