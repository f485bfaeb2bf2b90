//! Tables without a terminal: text as kubectl aligns it, JSON and YAML rows with a versioned schema, names.
//!
//! Not here: which rows and columns there are (`app::view`), where the text goes (`cli`). Text cells are [`Shown`]:
//! nothing from the cluster can steer the terminal that a table is printed on. JSON and YAML escape, never alter.

mod document;
mod istioctl;
mod saved;
mod sheet;
mod text;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub use self::document::{API_VERSION, Entry, Language, Report, change_line};
pub use self::istioctl::endpoint_table;
pub use self::saved::SavedSheet;
pub use self::sheet::{Chosen, Columns, UnknownColumn, columns_help};
pub use self::text::{names, table};
use crate::app::view::Shown;
use crate::mesh::scope::Why;

/// Rows ready for any format.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Sheet {
    /// The list's kind in JSON, such as `PodList`.
    pub kind: &'static str,
    /// Column heads of the text formats, left to right.
    pub heads: Vec<Shown>,
    /// The rows, in order.
    pub rows: Vec<SheetRow>,
    /// When this was true.
    pub as_of: Option<Timestamp>,
    /// What could not be read; empty if the rows are complete.
    pub missing: Vec<String>,
    /// Facts about the whole list for JSON, such as the Sidecar that governs the pod.
    pub about: Map<String, Value>,
}

/// One row.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SheetRow {
    /// Its name as `-o name` prints it, such as `pod/reviews-v1-x`.
    pub name: Shown,
    /// One for each head.
    pub cells: Vec<Shown>,
    /// Its fields in JSON; printed by name.
    pub fields: Map<String, Value>,
    /// Of an endpoint that was computed: why it is here, in documents as `reasons`. It is put into words while a document
    /// is written, since the words of a large table are many times as large as the table.
    pub why: Option<Arc<Why>>,
}
