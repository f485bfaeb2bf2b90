//! What differs: between two endpoint tables, between two versions of an object.
//!
//! Pure functions of two values. Not here: when and why something changed ([`super::history`]), how a difference
//! looks (`app::view`).

mod objects;
mod tables;

pub use self::objects::{FieldChange, ObjectText, Side, TextLine, fields, lines};
pub use self::tables::{RowId, TableDiff, numbered, says_the_same, tables};
