//! What a decoder says of an object that is not quite what its kind promises.

use super::{Key, Kind};

/// One field of an object that could not be read as its kind has it. The field counts as absent; the rest is kept.
///
/// Texts are as they came, cut to a line: they pass `app::view::shown` before anybody sees them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// The kind that was expected.
    pub kind: Kind,
    /// The object; `None` where it has no usable name.
    pub key: Option<Key>,
    /// Where, such as `spec.ports[1].port`; empty for the whole object.
    pub path: String,
    /// What is wrong there, such as `invalid type: string "x", expected u16`; lower case, no full stop.
    pub problem: String,
    /// Whether the object as a whole is left out because of it.
    pub is_lost: bool,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.kind.plural())?;
        if let Some(key) = &self.key {
            write!(f, " '{key}'")?;
        }
        if !self.path.is_empty() {
            write!(f, ", field '{}'", self.path)?;
        }
        let what = if self.is_lost { "left out" } else { "not readable" };
        write!(f, " {what} ({})", self.problem)
    }
}
