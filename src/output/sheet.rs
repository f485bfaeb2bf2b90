//! From rows of the views to sheets: the same columns as on the screen, chosen by format or by name.

use jiff::Timestamp;
use serde_json::Map;

use super::{Sheet, SheetRow};
use crate::app::view::Shown;
use crate::app::view::column::{Column, Output, Place, Table, find_spec};

/// Which columns a text format has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chosen<'a> {
    /// Those of the plain table.
    Table,
    /// Those of `-o wide` too.
    Wide,
    /// These, in this order.
    Named(&'a [String]),
}

/// A column that no table of this kind has.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no column '{name}': there are {all}")]
pub struct UnknownColumn {
    /// As asked for.
    name: String,
    /// All there are.
    all: String,
}

/// The columns of one sheet.
pub struct Columns<T: Table> {
    shown: Vec<&'static Column<T>>,
    fields: Vec<&'static Column<T>>,
}

impl<T: Table> Columns<T> {
    /// Chooses columns; NAMESPACE is among those of a table only if `namespaced`.
    ///
    /// # Errors
    /// A name that no column has.
    pub fn choose(chosen: Chosen<'_>, namespaced: bool) -> Result<Self, UnknownColumn> {
        let all = || T::columns().iter();
        let by_output = |most: Output| {
            all().filter(move |column| {
                let named = column.spec.place != Place::Namespace || namespaced;
                column.spec.output <= most && named
            })
        };
        let shown: Vec<_> = match chosen {
            Chosen::Table => by_output(Output::Table).collect(),
            Chosen::Wide => by_output(Output::Wide).collect(),
            Chosen::Named(names) => names.iter().map(|name| find::<T>(name)).collect::<Result<_, _>>()?,
        };
        // what follows from other kinds is computed only for who asks for it
        let asked = |column: &Column<T>| shown.iter().any(|other| other.spec.id == column.spec.id);
        let fields = all().filter(|column| !column.spec.derived || asked(column)).collect();
        Ok(Self { shown, fields })
    }

    /// Whether any cell follows from more than the object itself.
    pub fn are_derived(&self) -> bool {
        self.shown.iter().any(|column| column.spec.derived)
    }

    /// Whether the column of this id is asked for.
    pub fn has(&self, id: &str) -> bool {
        self.shown.iter().any(|column| column.spec.id == id)
    }

    /// The heads.
    pub fn heads(&self) -> Vec<Shown> {
        self.shown.iter().map(|column| Shown::from(column.spec.head)).collect()
    }

    /// One row, at this time.
    pub fn row(&self, name: impl Into<Shown>, row: &T::Row<'_>, now: Timestamp) -> SheetRow {
        let cells = self
            .shown
            .iter()
            .map(|column| Shown::from(&*column.value(row).text(now)))
            .collect();
        let fields: Map<_, _> = self
            .fields
            .iter()
            .map(|column| (column.spec.id.to_owned(), column.value(row).json()))
            .collect();
        SheetRow {
            name: name.into(),
            cells,
            fields,
            why: None,
        }
    }

    /// A sheet of these rows.
    pub fn sheet(&self, kind: &'static str, rows: Vec<SheetRow>, now: Timestamp) -> Sheet {
        Sheet {
            kind,
            heads: self.heads(),
            rows,
            as_of: Some(now),
            ..Sheet::default()
        }
    }
}

/// What `--columns help` prints: a line a column.
pub fn columns_help<T: Table>() -> String {
    T::columns().iter().fold(String::new(), |text, column| {
        format!(
            "{text}{:<18} {:<16} {}\n",
            column.spec.id, column.spec.head, column.spec.help
        )
    })
}

fn find<T: Table>(name: &str) -> Result<&'static Column<T>, UnknownColumn> {
    let specs = T::columns().iter().map(|column| &column.spec);
    let id = find_spec(specs, name).map(|spec| spec.id);
    T::columns()
        .iter()
        .find(|column| Some(column.spec.id) == id)
        .ok_or_else(|| UnknownColumn {
            name: name.to_owned(),
            all: T::columns()
                .iter()
                .map(|column| column.spec.id)
                .collect::<Vec<_>>()
                .join(", "),
        })
}
