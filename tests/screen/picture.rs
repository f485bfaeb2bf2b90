//! The screen as a terminal shows it, drawn by the real painter: its glyphs, and in a second layer its styles.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::widgets::Widget as _;
use sidescope::tui::{Look, Picture, Theme};

use crate::stage::Stage;

fn draw(stage: &mut Stage, theme: Theme) -> Buffer {
    let screen = stage.screen();
    let mut buffer = Buffer::empty(Rect::new(0, 0, screen.width, screen.height));
    let look = Look {
        theme,
        ..Look::default()
    };
    Picture { screen: &screen, look }.render(buffer.area, &mut buffer);
    buffer
}

fn rows(buffer: &Buffer, letter: impl FnMut(&Cell) -> String) -> Vec<String> {
    let letters: Vec<String> = buffer.content().iter().map(letter).collect();
    let rows = letters.chunks(usize::from(buffer.area.width).max(1));
    rows.map(|row| row.concat().trim_end().to_owned()).collect()
}

/// The glyphs alone.
pub(crate) fn glyphs(stage: &mut Stage) -> String {
    let buffer = draw(stage, Theme::Terminal);
    rows(&buffer, |cell| cell.symbol().to_owned()).join("\n")
}

/// Below each row a letter for each cell's style, and at the end what each letter stands for. A style has the next free
/// letter where it first stands; plain text and blanks without a style have none.
pub(crate) fn styled(stage: &mut Stage, theme: Theme) -> String {
    let buffer = draw(stage, theme);
    let glyphs = rows(&buffer, |cell| cell.symbol().to_owned());
    let mut letters: BTreeMap<String, char> = BTreeMap::new();
    let styles = rows(&buffer, |cell| {
        let style = words(cell);
        let is_blank = cell.symbol() == " " && !cell.modifier.contains(Modifier::REVERSED);
        if style.is_empty() || is_blank {
            return " ".to_owned();
        }
        let next = ('a'..='z').nth(letters.len()).expect("few styles");
        letters.entry(style).or_insert(next).to_string()
    });
    let mut text = String::new();
    for (glyphs, styles) in glyphs.iter().zip(&styles) {
        let _ = writeln!(text, "|{glyphs}\n:{styles}");
    }
    let mut legend: Vec<(char, String)> = letters.into_iter().map(|(style, letter)| (letter, style)).collect();
    legend.sort_unstable();
    for (letter, style) in legend {
        let _ = writeln!(text, "{letter} = {style}");
    }
    text
}

/// A style in words; empty for plain text.
fn words(cell: &Cell) -> String {
    let mut words = Vec::new();
    for (colour, word) in [(cell.fg, "on"), (cell.bg, "over")] {
        if colour != Color::Reset {
            words.push(if word == "on" {
                colour.to_string().to_lowercase()
            } else {
                format!("{word} {colour}").to_lowercase()
            });
        }
    }
    words.extend(cell.modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join(" ")
}
