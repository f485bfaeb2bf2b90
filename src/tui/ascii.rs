//! For terminals that have only ASCII: every other glyph is replaced once the screen is drawn, so that no other file
//! has to care.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Which characters a terminal can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Glyphs {
    /// All.
    #[default]
    Unicode,
    /// Only ASCII: the locale is not UTF-8, or the terminal has few glyphs.
    Ascii,
}

/// Our own glyphs and what stands for them. Anything else that is not ASCII becomes `?`.
const STAND_INS: &[(&str, &str)] = &[
    ("─━╌┄", "-"),
    ("│┃╎┆", "|"),
    ("╭╮╰╯┌┐└┘├┤┬┭┮┯┴┷┼", "+"),
    ("▲↑", "^"),
    ("▼↓", "v"),
    ("◂◀←‹", "<"),
    ("▸▶→›❯", ">"),
    ("…", "~"),
    ("·•∙", "."),
    ("●◆■", "*"),
    ("○◇□", "o"),
    ("✓✔", "y"),
    ("✗✘×", "x"),
    ("≠", "!"),
    ("≈", "~"),
    ("–—−", "-"),
    ("▁▂▃", "."),
    ("▄▅▆", ":"),
    ("▇█▌▐", "#"),
];

/// Replaces every glyph in `area` that is not ASCII.
pub(super) fn replace(area: Rect, buffer: &mut Buffer) {
    for position in area.intersection(buffer.area).positions() {
        if let Some(cell) = buffer.cell_mut(position)
            && !cell.symbol().is_ascii()
        {
            let stand_in = stand_in(cell.symbol());
            cell.set_symbol(stand_in);
        }
    }
}

fn stand_in(symbol: &str) -> &'static str {
    let found = STAND_INS.iter().find(|(glyphs, _)| glyphs.contains(symbol));
    found.map_or("?", |(_, stand_in)| stand_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_ascii_is_left() {
        let mut buffer = Buffer::with_lines(["╭─ Pods ↑3 ─╮ 日本 é …"]);
        let area = buffer.area;
        replace(area, &mut buffer);
        assert!(buffer.content().iter().all(|cell| cell.symbol().is_ascii()));
        let row: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(row, "+- Pods ^3 -+ ? ?  ? ~");
    }
}
