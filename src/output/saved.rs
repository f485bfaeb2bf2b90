//! A table of the screen in the formats of the command line.
//!
//! As the command line prints it, with what only a screen knows besides: a row that changed says so, and what is gone but
//! still marked is in the text among the others, in JSON in a list of its own.

use std::io::{self, Write};

use super::{Language, Report, Sheet, SheetRow, document, text};
use crate::app::view::Shown;
use crate::app::view::saved::{Saved, SavedRow};
use crate::mesh::history::MarkKind;

/// A table, ready to be written.
#[derive(Clone, PartialEq, Debug)]
pub struct SavedSheet {
    /// All rows; those that are gone too.
    sheet: Sheet,
    /// Of each whether it is gone.
    gone: Vec<bool>,
}

impl From<Saved> for SavedSheet {
    fn from(saved: Saved) -> Self {
        let has_changes = saved.rows.iter().any(|row| row.change.is_some());
        let mut heads = saved.heads;
        if has_changes {
            heads.insert(0, Shown::from("CHANGE"));
        }
        let gone = saved.rows.iter().map(|row| row.gone).collect();
        let rows = saved.rows.into_iter().map(|row| sheet_row(row, has_changes));
        Self {
            sheet: Sheet {
                kind: saved.kind,
                heads,
                rows: rows.collect(),
                as_of: Some(saved.as_of),
                missing: saved.missing,
                about: saved.about,
            },
            gone,
        }
    }
}

fn sheet_row(row: SavedRow, has_changes: bool) -> SheetRow {
    let (mut cells, mut fields) = (row.cells, row.fields);
    if has_changes {
        cells.insert(0, Shown::from(row.change.map_or("", word)));
    }
    if let Some(change) = row.change {
        fields.insert("change".to_owned(), word(change).into());
    }
    SheetRow {
        name: Shown::default(),
        cells,
        fields,
        why: row.why,
    }
}

fn word(change: MarkKind) -> &'static str {
    match change {
        MarkKind::Added => "added",
        MarkKind::Changed => "changed",
        MarkKind::Removed => "removed",
    }
}

impl SavedSheet {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.sheet.rows.len()
    }

    /// As text, as kubectl aligns it.
    pub fn text(&self) -> String {
        text::table(&self.sheet, true)
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_json(&self, to: impl Write) -> io::Result<()> {
        let list = |gone: bool| {
            let rows = self.sheet.rows.iter().zip(&self.gone);
            let rows = rows.filter(move |(_, is_gone)| **is_gone == gone);
            rows.map(|(row, _)| document::Entry::Row(row)).collect::<Vec<_>>()
        };
        let mut report = Report::from(&self.sheet);
        report.lists = [("items", list(false))].into();
        let removed = list(true);
        if !removed.is_empty() {
            report.lists.insert("removed", removed);
        }
        report.write(Language::Json, to)
    }
}
