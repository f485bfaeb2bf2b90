//! A table as kubectl lays it out: cells padded to the widest of their column and three spaces, nothing behind the last.
//!
//! Kubernetes: `k8s.io/cli-runtime/pkg/printers`, `TablePrinter` and `GetNewTabWriter`.

use std::fmt::Write as _;

/// The spaces between two columns.
const GAP: usize = 3;

/// Rows of cells, the header first; empty for an empty list, of which kubectl prints nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table(Vec<Vec<String>>);

impl Table {
    /// Reads a printed table. Panics if it is not laid out exactly so.
    #[track_caller]
    pub(crate) fn parse(text: &str) -> Self {
        let header = text.lines().next().unwrap_or_default();
        let starts = columns(header);
        let rows = text.lines().map(|line| {
            let letters: Vec<char> = line.chars().collect();
            let ends = starts.iter().skip(1).copied().chain([letters.len()]);
            let cells = starts.iter().zip(ends).map(|(start, end)| {
                let end = end.min(letters.len());
                let cell: String = letters[(*start).min(end)..end].iter().collect();
                cell.trim_end().to_owned()
            });
            cells.collect()
        });
        let table = Self(rows.collect());
        assert_eq!(table.print(), text, "this is not laid out as kubectl does it");
        table
    }

    /// The table printed.
    pub(crate) fn print(&self) -> String {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.0 {
            widths.resize(row.len(), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count() + GAP);
            }
        }
        let mut text = String::new();
        for row in &self.0 {
            let last = row.len() - 1;
            for (cell, width) in row.iter().zip(&widths).take(last) {
                write!(text, "{cell:<width$}").unwrap();
            }
            writeln!(text, "{}", row[last]).unwrap();
        }
        text
    }

    /// The same with what depends on the clock made equal: AGE, and the age of the last restart.
    pub(crate) fn without_ages(mut self) -> Self {
        let Some((header, rows)) = self.0.split_first_mut() else {
            return self;
        };
        for (at, title) in header.iter().enumerate() {
            for cell in rows.iter_mut().map(|row| &mut row[at]) {
                match title.as_str() {
                    "AGE" => "AGE".clone_into(cell),
                    "RESTARTS" => {
                        if let Some((count, _)) = cell.split_once(" (") {
                            *cell = format!("{count} (AGE ago)");
                        }
                    }
                    _ => {}
                }
            }
        }
        self
    }
}

/// Where the columns of a header begin: titles are parted by three spaces and more, and hold at most single ones.
fn columns(header: &str) -> Vec<usize> {
    let letters: Vec<char> = header.chars().collect();
    let begins = |at: &usize| letters[*at] != ' ' && (*at == 0 || letters[..*at].ends_with(&[' ', ' ']));
    (0..letters.len()).filter(begins).collect()
}

#[test]
fn a_table_is_read_as_it_was_printed() {
    let text = "NAME   RESTARTS      AGE    NOMINATED NODE\na      1 (5m ago)    3m1s   <none>\nb      0             2s     c\n";
    let table = Table::parse(
        &text
            .replace("    AGE", "   AGE")
            .replace("    3m1s", "   3m1s")
            .replace("0             2s", "0            2s"),
    );
    let due =
        "NAME   RESTARTS      AGE   NOMINATED NODE\na      1 (AGE ago)   AGE   <none>\nb      0             AGE   c\n";
    assert_eq!(table.without_ages().print(), due);
    assert_eq!(Table::parse("").without_ages().print(), "");
}

#[test]
#[should_panic(expected = "not laid out as kubectl does it")]
fn two_spaces_too_many_are_seen() {
    Table::parse("NAME     AGE\na        2s\n");
}
