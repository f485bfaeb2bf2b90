//! A screen as an SVG picture: one file, no fonts of its own, text that can be selected.
//!
//! The picture is made of the cells that a terminal would get, so that it shows what the screen shows. Each run of cells
//! of one style stands at its own column: a viewer's font of another width moves no column. Colours are the theme's own
//! shades; the sixteen that belong to the terminal, which nobody can ask for, are those of a usual palette.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::widgets::Widget as _;
use unicode_width::UnicodeWidthStr as _;

use super::{Depth, Look, Picture, Theme};
use crate::app::view::Screen;

/// A cell, in pixels.
const CELL: (u32, u32) = (9, 19);
/// Where the letters stand in their line.
const BASELINE: u32 = 14;
/// The size of the letters: six tenths of it are nearly every monospaced font's width.
const FONT: u32 = 15;
/// Around all.
const MARGIN: u32 = 10;

/// What a cell looks like, apart from its glyph.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Style {
    front: u32,
    back: Option<u32>,
    modifier: Modifier,
}

/// Cells of one style side by side.
struct Run {
    column: u32,
    cells: u32,
    text: String,
    style: Style,
}

/// The picture of a screen.
pub fn svg(screen: &Screen, look: Look, title: &str) -> String {
    let depth = match look.depth {
        Depth::None => Depth::None,
        // a picture has all colours, whatever the terminal has
        Depth::Sixteen | Depth::Full => Depth::Full,
    };
    let look = Look { depth, ..look };
    let mut buffer = Buffer::empty(Rect::new(0, 0, screen.width, screen.height));
    Picture { screen, look }.render(buffer.area, &mut buffer);
    let ground = Ground::of(look.theme);
    let (width, height) = (
        u32::from(screen.width) * CELL.0 + 2 * MARGIN,
        u32::from(screen.height) * CELL.1 + 2 * MARGIN,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"#{:06x}\"/>\n\
         <g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace\" \
         font-size=\"{FONT}\" fill=\"#{:06x}\">\n",
        escaped(title),
        ground.back,
        ground.front,
    );
    for row in 0..screen.height {
        let runs = runs(&buffer, row, &ground);
        draw_row(&mut svg, u32::from(row), &runs, &ground);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn runs(buffer: &Buffer, row: u16, ground: &Ground) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut column = 0;
    while column < buffer.area.width {
        let Some(cell) = buffer.cell((column, row)) else { break };
        let cells = u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
        let style = ground.style(cell);
        match runs.last_mut() {
            Some(run) if run.style == style => {
                run.cells += u32::from(cells);
                run.text.push_str(cell.symbol());
            }
            _ => runs.push(Run {
                column: u32::from(column),
                cells: cells.into(),
                text: cell.symbol().to_owned(),
                style,
            }),
        }
        column += cells;
    }
    runs
}

fn draw_row(svg: &mut String, row: u32, runs: &[Run], ground: &Ground) {
    let top = MARGIN + row * CELL.1;
    let x = |column: u32| MARGIN + column * CELL.0;
    for run in runs {
        if let Some(back) = run.style.back {
            let (x, width, height) = (x(run.column), run.cells * CELL.0, CELL.1);
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"#{back:06x}\"/>"
            );
        }
    }
    let is_blank = |run: &Run| run.text.trim().is_empty() && !run.style.modifier.intersects(LINES);
    if runs.iter().all(is_blank) {
        return;
    }
    let baseline = top + BASELINE;
    let _ = write!(svg, "<text y=\"{baseline}\" xml:space=\"preserve\">");
    for run in runs {
        let attributes = attributes(run.style, ground);
        let text = escaped(&run.text);
        let _ = write!(svg, "<tspan x=\"{}\"{attributes}>{text}</tspan>", x(run.column));
    }
    svg.push_str("</text>\n");
}

/// What is drawn even where there are blanks alone.
const LINES: Modifier = Modifier::UNDERLINED.union(Modifier::CROSSED_OUT);

fn attributes(style: Style, ground: &Ground) -> String {
    let mut attributes = String::new();
    if style.front != ground.front {
        let _ = write!(attributes, " fill=\"#{:06x}\"", style.front);
    }
    if style.modifier.contains(Modifier::BOLD) {
        attributes.push_str(" font-weight=\"bold\"");
    }
    if style.modifier.contains(Modifier::DIM) {
        attributes.push_str(" fill-opacity=\"0.6\"");
    }
    let under = style.modifier.contains(Modifier::UNDERLINED);
    let through = style.modifier.contains(Modifier::CROSSED_OUT);
    let lines = match (under, through) {
        (true, true) => " text-decoration=\"underline line-through\"",
        (true, false) => " text-decoration=\"underline\"",
        (false, true) => " text-decoration=\"line-through\"",
        (false, false) => "",
    };
    attributes.push_str(lines);
    attributes
}

/// The terminal's own colours.
struct Ground {
    front: u32,
    back: u32,
    sixteen: [u32; 16],
}

impl Ground {
    fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self {
                front: 0x1f_23_28,
                back: 0xff_ff_ff,
                sixteen: LIGHT,
            },
            Theme::HighContrast => Self {
                front: 0xff_ff_ff,
                back: 0x00_00_00,
                sixteen: DARK,
            },
            Theme::Terminal | Theme::Dark | Theme::Deuteranopia | Theme::Tritanopia | Theme::Mono => Self {
                front: 0xd8_de_e9,
                back: 0x16_1b_22,
                sixteen: DARK,
            },
        }
    }

    fn style(&self, cell: &Cell) -> Style {
        let front = self.colour(cell.fg).unwrap_or(self.front);
        let back = self.colour(cell.bg);
        let modifier = cell.modifier;
        if modifier.contains(Modifier::REVERSED) {
            Style {
                front: back.unwrap_or(self.back),
                back: Some(front),
                // faint letters on a bright ground cannot be read
                modifier: modifier.difference(Modifier::REVERSED | Modifier::DIM),
            }
        } else {
            Style { front, back, modifier }
        }
    }

    /// A colour's shade; `None`: the terminal's own.
    fn colour(&self, colour: Color) -> Option<u32> {
        let at = match colour {
            Color::Reset => return None,
            Color::Rgb(r, g, b) => return Some(u32::from_be_bytes([0, r, g, b])),
            Color::Black => 0,
            Color::Red => 1,
            Color::Green => 2,
            Color::Yellow => 3,
            Color::Blue => 4,
            Color::Magenta => 5,
            Color::Cyan => 6,
            Color::Gray => 7,
            Color::DarkGray => 8,
            Color::LightRed => 9,
            Color::LightGreen => 10,
            Color::LightYellow => 11,
            Color::LightBlue => 12,
            Color::LightMagenta => 13,
            Color::LightCyan => 14,
            Color::White => 15,
            Color::Indexed(at) => usize::from(at),
        };
        self.sixteen.get(at).copied()
    }
}

const DARK: [u32; 16] = [
    0x16_1b_22, 0xff_7b_72, 0x5a_d3_66, 0xe3_b3_41, 0x79_c0_ff, 0xd2_a8_ff, 0x56_d4_dd, 0xb1_ba_c4, 0x6e_76_81,
    0xff_a1_98, 0x7e_e7_87, 0xf2_cc_60, 0xa5_d6_ff, 0xe2_c5_ff, 0xb3_f0_ff, 0xff_ff_ff,
];
const LIGHT: [u32; 16] = [
    0x24_29_2f, 0xcf_22_2e, 0x11_63_29, 0x7d_4e_00, 0x09_69_da, 0x82_50_df, 0x1b_7c_83, 0x6e_77_81, 0x57_60_6a,
    0xa4_0e_26, 0x1a_7f_37, 0x63_3c_01, 0x21_8b_ff, 0xa4_75_f9, 0x31_92_aa, 0x00_00_00,
];

/// Text between and inside tags. A character that XML does not know is shown as unknown.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}
