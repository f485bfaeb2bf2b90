//! The shape of a screen: panes with their rows, lines above and below, at most one overlay.

use super::{Role, Shown};

/// Some text with one part to play.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// What.
    pub text: Shown,
    /// As what.
    pub role: Role,
}

impl Span {
    /// A span of this role.
    pub fn new(role: Role, text: impl Into<Shown>) -> Self {
        Self {
            text: text.into(),
            role,
        }
    }
}

/// Spans side by side; no line is longer than the width it was made for.
pub type Line = Vec<Span>;

/// A rectangle in cells, from the top left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Area {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// Whether a cell lies in it.
    pub fn has(self, x: u16, y: u16) -> bool {
        let is_within = |at: u16, start: u16, cells: u16| at.checked_sub(start).is_some_and(|into| into < cells);
        is_within(x, self.x, self.width) && is_within(y, self.y, self.height)
    }
}

/// All that is on the terminal at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Screen {
    /// Columns of the terminal.
    pub width: u16,
    /// Rows of the terminal.
    pub height: u16,
    /// Lines at a fixed place outside the panes (header, tabs, inspector, hints): row and spans.
    pub lines: Vec<(u16, Line)>,
    /// Panes; they do not overlap.
    pub panes: Vec<Pane>,
    /// What lies over the panes, if anything.
    pub overlay: Option<Overlay>,
    /// Where the text cursor is shown (filter, palette), as column and row.
    pub cursor: Option<(u16, u16)>,
}

/// A part of the screen with a title.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pane {
    /// Where; the title takes its first row.
    pub area: Area,
    /// The title's spans.
    pub title: Line,
    /// Whether it has the keys.
    pub active: bool,
    /// What is in it.
    pub body: Body,
    /// What lies above the first row shown.
    pub above: Edge,
    /// What lies below the last row shown.
    pub below: Edge,
}

impl Pane {
    /// Columns left of the text: the cursor's, the change mark's, a free one.
    pub const GUTTER: u16 = 3;
    /// Columns between two columns of a table.
    pub const GAP: u16 = 2;
    /// Columns right of the text: a free one, the scroll bar's.
    pub const MARGIN: u16 = 2;

    /// The part of a pane that its body's text takes: below the title, between gutter and scroll bar. A table's heads,
    /// if they have titles, take its first row. Panes have no side borders; two side by side leave one column between
    /// them for a rule.
    pub fn inner(area: Area) -> Area {
        Area {
            x: area.x.saturating_add(Self::GUTTER),
            y: area.y.saturating_add(1),
            width: area.width.saturating_sub(Self::GUTTER + Self::MARGIN),
            height: area.height.saturating_sub(1),
        }
    }

    /// How far from the left of the text each column of a table begins, by the widths of the columns.
    pub fn column_starts(widths: impl Iterator<Item = u16>) -> impl Iterator<Item = u16> {
        widths.scan(0_u16, |next, width| {
            let start = *next;
            *next = start.saturating_add(width).saturating_add(Self::GAP);
            Some(start)
        })
    }
}

/// What an edge of a pane hides.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Edge {
    /// Rows.
    pub rows: usize,
    /// Of them, rows with an unseen change mark.
    pub changes: usize,
}

/// The content of a pane.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// A table: heads and the rows that fit.
    Table {
        /// One for each column, left to right. If none has a title, no row is spent on them.
        heads: Vec<ColumnHead>,
        /// The visible rows only.
        rows: Vec<RowLine>,
        /// Columns that lie to the left and to the right of the shown ones.
        hidden_columns: (usize, usize),
    },
    /// Free lines: a state (loading, denied, empty), a text, a diff.
    Lines(Vec<Line>),
}

impl Default for Body {
    fn default() -> Self {
        Body::Lines(Vec::new())
    }
}

/// The head of a column.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ColumnHead {
    /// With the sort arrow if the table is sorted by it.
    pub title: Shown,
    /// Cells.
    pub width: u16,
    /// Numbers stand right.
    pub right: bool,
}

/// One row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RowLine {
    /// One for each head; each fits its width. None where there is a banner.
    pub cells: Vec<Cell>,
    /// A sentence over all columns, in the place of cells.
    pub banner: Option<Span>,
    /// Its change mark.
    pub mark: Option<Mark>,
    /// Whether the cursor is on it.
    pub cursor: bool,
    /// Whether it is picked.
    pub picked: bool,
}

/// One cell of a row.
pub type Cell = Span;

/// How a change mark looks now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// `+`
    Added(Glow),
    /// `~`
    Changed(Glow),
    /// `-`: a tombstone, struck.
    Removed(Glow),
}

/// How bright a mark is: by its age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Glow {
    /// Up to 5 s.
    Bright,
    /// Up to 30 s.
    Normal,
    /// Older.
    Dim,
}

/// A box over the panes: help, a picker, the palette, a text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Overlay {
    /// Where.
    pub area: Area,
    /// Its title.
    pub title: Line,
    /// Its lines, those that fit.
    pub lines: Vec<Line>,
    /// Lines above and below.
    pub hidden: (usize, usize),
}

impl Overlay {
    /// The part of an overlay that its lines take: inside the frame and one column of air on both sides.
    pub fn inner(area: Area) -> Area {
        Area {
            x: area.x.saturating_add(2),
            y: area.y.saturating_add(1),
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        }
    }
}
