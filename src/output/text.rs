//! Columns as kubectl aligns them.

use std::fmt::Write as _;

use super::{Sheet, SheetRow};
use crate::app::view::Shown;

/// Between two columns.
const GAP: usize = 3;
/// kubectl's tabwriter makes no column narrower.
const NARROWEST: usize = 6;

/// The table, a line a row, each ended by a newline; with `heads` their line first.
///
/// kubectl: `k8s.io/cli-runtime/pkg/printers/tabwriter.go` (width at least 6, padding 3, blanks, nothing after the
/// last cell). Widths are terminal cells.
pub fn table(sheet: &Sheet, heads: bool) -> String {
    let head_row = heads.then_some(&sheet.heads);
    let lines = || head_row.into_iter().chain(sheet.rows.iter().map(|row| &row.cells));
    let mut widths = vec![0_usize; sheet.heads.len()];
    for cells in lines() {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.width() + GAP).max(NARROWEST);
        }
    }
    let mut text = String::new();
    for cells in lines() {
        line(&mut text, cells, &widths);
    }
    text
}

fn line(text: &mut String, cells: &[Shown], widths: &[usize]) {
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        text.push_str(cell.as_str());
        if at + 1 < cells.len() {
            // a format's own width ends at 65,535
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
        }
    }
    text.push('\n');
}

/// The rows' names, a line each.
pub fn names(rows: &[SheetRow]) -> String {
    rows.iter().fold(String::new(), |mut text, row| {
        let _ = writeln!(text, "{}", row.name);
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(rows: &[&[&str]]) -> Sheet {
        let shown = |cells: &[&str]| cells.iter().map(|cell| Shown::from(*cell)).collect::<Vec<_>>();
        let rows = rows
            .iter()
            .map(|cells| SheetRow {
                cells: shown(cells),
                ..SheetRow::default()
            })
            .collect();
        Sheet {
            heads: shown(&["NAME", "READY", "AGE"]),
            rows,
            ..Sheet::default()
        }
    }

    #[test]
    fn a_cell_may_be_longer_than_a_formats_width() {
        let long = "x".repeat(70_000);
        let text = table(&sheet(&[&[&long, "b"], &["a", "b"]]), false);
        assert!(
            text.lines()
                .all(|line| line.len() > 70_000 || line.starts_with(char::is_uppercase))
        );
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_three_and_nothing_follows_the_last() {
        let text = table(&sheet(&[&["reviews-v1", "1/1", "3d"], &["名前", "0/1", "12m"]]), true);
        assert_eq!(
            text,
            "NAME         READY   AGE\nreviews-v1   1/1     3d\n名前         0/1     12m\n"
        );
    }

    #[test]
    fn no_column_is_narrower_than_kubectls() {
        let mut narrow = sheet(&[&["a", "b", "c"]]);
        narrow.heads = ["A", "B", "C"].map(Shown::from).to_vec();
        assert_eq!(table(&narrow, true), "A     B     C\na     b     c\n");
    }

    #[test]
    fn without_heads_widths_are_those_of_the_rows() {
        assert_eq!(table(&sheet(&[&["a", "1/1", "3d"]]), false), "a     1/1   3d\n");
    }
}
