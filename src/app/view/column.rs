//! A column: one struct from which the table on the screen, `-o`, `--columns`, JSON and the help are made.

use super::cut::Cut;
use super::value::{Datum, Value};

/// What a column is, apart from how its cells are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spec {
    /// For `--columns`, filters and JSON: `camelCase`.
    pub id: &'static str,
    /// The head, as kubectl or istioctl print it.
    pub head: &'static str,
    /// Cells it needs at least; below that it is not shown.
    pub min: u16,
    /// Cells it takes at most.
    pub max: u16,
    /// Of a longer content, so many cells are enough to read it by: more only if all else has its place.
    pub comfort: u16,
    /// The smaller, the longer it stays when room is short; equal ones go from right to left.
    pub priority: u8,
    /// Whether numbers stand right.
    pub right: bool,
    /// What a text that is too long loses.
    pub cut: Cut,
    /// In which headless output it is.
    pub output: Output,
    /// When it is on the screen.
    pub place: Place,
    /// Whether a plain filter searches it.
    pub searched: bool,
    /// Whether its cells follow from more than the object itself (another object's change may change them).
    pub derived: bool,
    /// What a tombstone has here, where a cell tells of the present: nothing of it is so any more. `None`: the cell as
    /// it was.
    pub buried: Option<&'static str>,
    /// One sentence for help.
    pub help: &'static str,
}

/// In which headless output a column is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Output {
    /// Of every table.
    Table,
    /// Of `-o wide`.
    Wide,
    /// Only with `--columns`, and in JSON.
    Extra,
}

/// When a column is on the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// If more than one namespace is shown.
    Namespace,
    /// Always, and it does not scroll away: what names the row.
    Fixed,
    /// If there is room.
    Normal,
    /// If there is room and the pane is narrow.
    Narrow,
    /// If there is room and the pane is broad.
    Broad,
    /// Only when wide is on.
    Wide,
    /// Never.
    Never,
}

impl Spec {
    /// What most columns have.
    pub const NEW: Spec = Spec {
        id: "",
        head: "",
        min: 4,
        max: 24,
        comfort: 24,
        priority: 5,
        right: false,
        cut: Cut::End,
        output: Output::Table,
        place: Place::Normal,
        searched: true,
        derived: false,
        buried: None,
        help: "",
    };
}

/// A kind of table: its rows and its columns.
pub trait Table: Sized + 'static {
    /// What cells are made from.
    type Row<'a>;

    /// The columns, left to right.
    fn columns() -> &'static [Column<Self>];
}

/// A column of a kind of table.
pub struct Column<T: Table> {
    /// What it is.
    pub spec: Spec,
    /// Its cell in a row.
    pub datum: for<'a, 'b> fn(&'b T::Row<'a>) -> Datum,
}

impl<T: Table> Column<T> {
    /// The value in a row.
    pub fn value(&self, row: &T::Row<'_>) -> Value {
        (self.datum)(row).value
    }
}

/// The column that a person means by `name`: its id or its head, in any case.
pub fn find_spec<'a>(mut specs: impl Iterator<Item = &'a Spec>, name: &str) -> Option<&'a Spec> {
    specs.find(|spec| spec.id.eq_ignore_ascii_case(name) || spec.head.eq_ignore_ascii_case(name))
}

/// Columns of at most this priority are shown as narrow as they may be rather than left out.
const ESSENTIAL: u8 = 1;

/// Which columns get how many cells, of `width` in all with `gap` between two.
///
/// `wanted` says of each column what its content takes. The most important columns are placed first, each with what it
/// can be read by; one for which there are not two thirds of that, or that is never cut, is left out, unless it is essential. What is left
/// over goes to the most important first.
pub fn fit(specs: &[&Spec], wanted: &[u16], width: u16, gap: u16) -> Vec<(usize, u16)> {
    let mut order: Vec<(usize, &Spec, u16)> = specs
        .iter()
        .zip(wanted)
        .enumerate()
        .map(|(at, (spec, wanted))| (at, *spec, (*wanted).clamp(spec.min.min(spec.max), spec.max)))
        .collect();
    order.sort_by_key(|(at, spec, _)| (spec.priority, *at));
    let mut left = width;
    let mut chosen: Vec<(usize, u16, u16)> = Vec::new();
    for (at, spec, most) in order {
        let gap = if chosen.is_empty() { 0 } else { gap };
        let room = left.saturating_sub(gap);
        let readable = most.min(spec.comfort.max(spec.min));
        let is_first = chosen.is_empty();
        let cells = if readable <= room {
            readable
        } else if is_first || (spec.priority <= ESSENTIAL && spec.min <= room) {
            room.min(readable)
        } else if spec.cut != Cut::Never && spec.min <= room && u32::from(readable) * 2 <= u32::from(room) * 3 {
            room
        } else {
            continue;
        };
        left = room - cells;
        chosen.push((at, cells, most));
    }
    for (_, cells, most) in &mut chosen {
        let more = left.min(most.saturating_sub(*cells));
        *cells += more;
        left -= more;
    }
    chosen.sort_by_key(|(at, ..)| *at);
    chosen.into_iter().map(|(at, cells, _)| (at, cells)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Spec = Spec {
        min: 10,
        max: 40,
        priority: 0,
        ..Spec::NEW
    };
    const STATUS: Spec = Spec {
        min: 6,
        max: 10,
        priority: 1,
        ..Spec::NEW
    };
    const NODE: Spec = Spec {
        min: 8,
        max: 20,
        priority: 7,
        ..Spec::NEW
    };

    #[test]
    fn the_most_important_columns_are_readable_before_others_are_there() {
        let specs = [&NAME, &NODE, &STATUS];
        let wanted = [30, 12, 7];
        assert_eq!(fit(&specs, &wanted, 100, 2), [(0, 30), (1, 12), (2, 7)]);
        assert_eq!(
            fit(&specs, &wanted, 50, 2),
            [(0, 27), (1, 12), (2, 7)],
            "comfort first, the rest to the first"
        );
        assert_eq!(fit(&specs, &wanted, 40, 2), [(0, 30), (2, 7)]);
        assert_eq!(fit(&specs, &wanted, 20, 2), [(0, 20)]);
        assert_eq!(
            fit(&specs, &wanted, 3, 2),
            [(0, 3)],
            "the first is squeezed rather than lost"
        );
        assert_eq!(fit(&[], &[], 3, 2), []);
    }
}
