//! Which colours a theme's hues are: of the terminal's sixteen, and as its own shades.
//!
//! Not here: which part of a text has which hue (`theme`). The shades for colour-blind eyes are those of Okabe and Ito,
//! "Color Universal Design" (2008), lightened for a dark background; they stay readable on a light one.

use ratatui::style::Color;

use super::Theme;

/// What a colour is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hue {
    /// Heads, keys, the active pane.
    Accent,
    /// Healthy; added.
    Good,
    /// Needs a look.
    Warn,
    /// Broken; removed.
    Bad,
    /// Changed.
    Changed,
    /// Picked, found.
    Picked,
}

/// A colour of the sixteen, and the shade that takes its place where there are more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shade {
    /// Of the terminal's own.
    pub(super) sixteen: Color,
    /// 24 bits; absent: the terminal's own is kept.
    full: Option<Color>,
}

/// A theme's colours. Two hues that share one of the sixteen share its shade too.
#[derive(Debug)]
pub(super) struct Palette {
    accent: Shade,
    good: Shade,
    warn: Shade,
    bad: Shade,
    changed: Shade,
    picked: Shade,
}

impl Palette {
    /// A hue's colour.
    pub(super) fn shade(&self, hue: Hue) -> Shade {
        match hue {
            Hue::Accent => self.accent,
            Hue::Good => self.good,
            Hue::Warn => self.warn,
            Hue::Bad => self.bad,
            Hue::Changed => self.changed,
            Hue::Picked => self.picked,
        }
    }

    /// The shade for one of the sixteen, if this palette draws with it and has one.
    pub(super) fn full(&self, sixteen: Color) -> Option<Color> {
        let shades = [self.accent, self.good, self.warn, self.bad, self.changed, self.picked];
        shades.iter().find(|shade| shade.sixteen == sixteen)?.full
    }
}

const fn own(sixteen: Color) -> Shade {
    Shade { sixteen, full: None }
}

const fn rgb(sixteen: Color, full: u32) -> Shade {
    let [_, r, g, b] = full.to_be_bytes();
    Shade {
        sixteen,
        full: Some(Color::Rgb(r, g, b)),
    }
}

static TERMINAL: Palette = Palette {
    accent: own(Color::Cyan),
    good: own(Color::Green),
    warn: own(Color::Yellow),
    bad: own(Color::Red),
    changed: own(Color::Yellow),
    picked: own(Color::Magenta),
};

static DARK: Palette = Palette {
    accent: rgb(Color::LightCyan, 0x7d_cf_ff),
    good: rgb(Color::LightGreen, 0x9e_ce_6a),
    warn: rgb(Color::LightYellow, 0xe0_af_68),
    bad: rgb(Color::LightRed, 0xf7_76_8e),
    changed: rgb(Color::LightYellow, 0xe0_af_68),
    picked: rgb(Color::LightMagenta, 0xbb_9a_f7),
};

static LIGHT: Palette = Palette {
    accent: rgb(Color::Blue, 0x00_4f_a3),
    good: rgb(Color::Green, 0x1a_6b_1a),
    warn: rgb(Color::Magenta, 0x8a_4b_00),
    bad: rgb(Color::Red, 0xb0_00_20),
    changed: rgb(Color::Magenta, 0x8a_4b_00),
    picked: rgb(Color::Blue, 0x00_4f_a3),
};

static HIGH_CONTRAST: Palette = Palette {
    accent: rgb(Color::LightCyan, 0x00_ff_ff),
    good: rgb(Color::LightGreen, 0x5c_ff_5c),
    warn: rgb(Color::LightYellow, 0xff_ff_00),
    bad: rgb(Color::LightRed, 0xff_6b_6b),
    changed: rgb(Color::LightYellow, 0xff_ff_00),
    picked: rgb(Color::LightMagenta, 0xff_80_ff),
};

static DEUTERANOPIA: Palette = Palette {
    accent: rgb(Color::Cyan, 0x9a_d0_f5),
    good: rgb(Color::LightBlue, 0x56_b4_e9),
    warn: rgb(Color::LightYellow, 0xf0_e4_42),
    bad: rgb(Color::Yellow, 0xe6_7e_00),
    changed: rgb(Color::LightYellow, 0xf0_e4_42),
    picked: rgb(Color::Magenta, 0xcc_79_a7),
};

static TRITANOPIA: Palette = Palette {
    accent: rgb(Color::LightCyan, 0x8c_e0_e0),
    good: rgb(Color::Cyan, 0x2f_c1_c1),
    warn: rgb(Color::LightMagenta, 0xf2_a6_c8),
    bad: rgb(Color::Red, 0xe8_4a_3a),
    changed: rgb(Color::LightMagenta, 0xf2_a6_c8),
    picked: rgb(Color::Magenta, 0xb0_7a_c0),
};

/// A theme's colours; none: it sets none.
pub(super) fn palette(theme: Theme) -> Option<&'static Palette> {
    match theme {
        Theme::Terminal => Some(&TERMINAL),
        Theme::Dark => Some(&DARK),
        Theme::Light => Some(&LIGHT),
        Theme::HighContrast => Some(&HIGH_CONTRAST),
        Theme::Deuteranopia => Some(&DEUTERANOPIA),
        Theme::Tritanopia => Some(&TRITANOPIA),
        Theme::Mono => None,
    }
}
