//! What stands where, counted in cells: boxes are closed, borders stand in one column, cells below their heads.
//!
//! A text that is wider or narrower for a terminal than for the program shifts all that follows it in its line.

use vt100::Screen;

/// What draws a border, a divider or a scroll bar from top to bottom.
const UPRIGHT: [&str; 2] = ["│", "┃"];

/// The cells of a screen; the second half of a wide character is empty.
struct Cells(Vec<Vec<String>>);

impl Cells {
    fn of(screen: &Screen) -> Self {
        let (height, width) = screen.size();
        let cell = |row, column| {
            let cell = screen.cell(row, column).unwrap();
            let text = cell.contents();
            if text.is_empty() && !cell.is_wide_continuation() {
                " ".to_owned()
            } else {
                text.to_owned()
            }
        };
        let row = |row| (0..width.get()).map(|column| cell(row, column)).collect();
        Self((0..height.get()).map(row).collect())
    }

    fn find(&self, wanted: &str) -> Vec<(usize, usize)> {
        let row = |(at, row): (usize, &Vec<String>)| {
            let columns = row.iter().enumerate().filter(|(_, cell)| *cell == wanted);
            columns.map(|(column, _)| (at, column)).collect::<Vec<_>>()
        };
        self.0.iter().enumerate().flat_map(row).collect()
    }

    /// The box that lies over the panes: top, left, bottom and right.
    fn lid(&self) -> Option<(usize, usize, usize, usize)> {
        let (top, left) = self.find("╭").into_iter().next()?;
        let (bottom, right) = self.find("╯").into_iter().next()?;
        Some((top, left, bottom, right))
    }

    fn line(&self, row: usize) -> String {
        self.0[row].concat()
    }
}

/// Fails unless the box that lies over the panes, if any, is closed, and every upright line is one of a border.
#[track_caller]
pub(super) fn assert_framed(what: &str, screen: &Screen) {
    let cells = Cells::of(screen);
    let all = || {
        (0..cells.0.len())
            .map(|row| cells.line(row))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let mut columns = vec![cells.0[0].len() - 1];
    if let Some((top, left, bottom, right)) = cells.lid() {
        assert_eq!(cells.0[top][right], "╮", "{what}: the upper right corner\n{}", all());
        assert_eq!(cells.0[bottom][left], "╰", "{what}: the lower left corner\n{}", all());
        for row in top + 1..bottom {
            for column in [left, right] {
                assert_eq!(
                    cells.0[row][column],
                    "│",
                    "{what}: row {row}, column {column}\n{}",
                    all()
                );
            }
        }
        columns.extend([left, right]);
    }
    for corner in ["┬", "┴", "┼"] {
        // beside a divider stands the scroll bar of the pane to its left
        let dividers = cells.find(corner).into_iter();
        columns.extend(dividers.flat_map(|(_, column)| [column - 1, column]));
    }
    // the first line is the header, with dividers of its own
    for (row, column) in UPRIGHT.iter().flat_map(|upright| cells.find(upright)) {
        let is_covered = cells.lid().is_some_and(|(top, ..)| row >= top) && columns.len() <= 3;
        assert!(
            row == 0 || is_covered || columns.contains(&column),
            "{what}: a border in row {row}, column {column}, of {columns:?}\n{}",
            all()
        );
    }
}

/// How many rows of a table stand below these heads, a blank before each cell, none at its beginning.
#[track_caller]
pub(super) fn rows_below(screen: &Screen, heads: &[&str]) -> usize {
    let cells = Cells::of(screen);
    let at = (0..cells.0.len()).find(|row| heads.iter().all(|head| cells.line(*row).contains(head)));
    let at = at.unwrap_or_else(|| panic!("no heads {heads:?}:\n{}", screen.contents()));
    let head = &cells.0[at];
    let starts: Vec<usize> = heads
        .iter()
        .map(|wanted| {
            let begins = |start: &usize| head[*start..].concat().starts_with(wanted);
            (0..head.len()).find(begins).unwrap()
        })
        .collect();
    // of a table's row the mark and the cursor come first
    let is_row = |row: &usize| {
        ["   bookinfo   ", "▸  bookinfo   "]
            .iter()
            .any(|start| cells.line(*row).starts_with(start))
    };
    let rows: Vec<usize> = (at + 1..cells.0.len()).filter(is_row).collect();
    for row in &rows {
        for start in &starts {
            let cell = &cells.0[*row];
            let begins = cell[start - 1] == " " && !cell[*start].trim().is_empty();
            assert!(begins, "row {row}, column {start}:\n{}", screen.contents());
        }
    }
    rows.len()
}
