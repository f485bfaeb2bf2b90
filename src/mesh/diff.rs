//! What differs: between two endpoint tables, between two versions of an object, between the world
//! and what it would be.
//!
//! Pure functions of two values. Not here: when and why something changed ([`super::history`]), how a difference
//! looks (`app::view`).

mod draft;
mod objects;
mod reasons;
mod tables;
mod what_if;

pub use self::draft::{has_namespace, stored};
pub use self::objects::{FieldChange, ObjectText, Side, TextLine, fields, lines};
pub use self::reasons::Reasons;
pub use self::tables::{RowId, TableDiff, numbered, numbers, says_the_same, tables};
pub use self::what_if::{Compared, Impact, Radius, Weights, WhatIf};
