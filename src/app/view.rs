//! What is shown, before how: one [`Screen`] for a size, made of lines of spans with a [`Role`] each.
//!
//! Not here: colours and terminal cells (`tui`), formats without a terminal (`output`). Whatever text came from the
//! cluster is in a [`Shown`] by the time it is in a span.

pub mod age;
pub mod capture;
pub mod column;
pub(in crate::app) mod comparison;
pub(in crate::app) mod copies;
pub mod cut;
pub(in crate::app) mod draw;
pub mod explain;
pub(in crate::app) mod findings;
mod found;
pub mod help;
pub(in crate::app) mod impact;
pub(in crate::app) mod layout;
pub(in crate::app) mod reasons;
pub mod saved;
mod screen;
mod shown;
pub(in crate::app) mod sources;
pub(in crate::app) mod spots;
pub(in crate::app) mod state;
pub mod table;
pub mod tcpdump;
mod value;
pub mod who_sees;
pub mod why;
pub(crate) mod winner;
pub(in crate::app) mod words;
pub use self::words::counted;

pub(in crate::app) use self::draw::reading_area;
pub use self::screen::{Area, Body, Cell, ColumnHead, Edge, Glow, Line, Mark, Overlay, Pane, RowLine, Screen, Span};
pub use self::shown::{Role, Shown, shown_lines, visible_json};
pub use self::value::{Datum, SortKey, Value};
