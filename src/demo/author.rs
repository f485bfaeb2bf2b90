//! Who writes an object, which part of it, and how far the writer is trusted.

use jiff::Timestamp;

/// Who writes, what, and when.
#[derive(Clone, Copy, Debug)]
pub(in crate::demo) struct Author<'a> {
    /// The field manager, such as `kubectl-edit`.
    pub manager: &'a str,
    /// Which part of the object the write is about.
    pub part: Part,
    /// When; also the time of the entry in managedFields.
    pub time: Timestamp,
    /// Whether system fields may be set.
    pub trust: Trust,
}

impl Author<'_> {
    /// The same writer, about `/status`.
    pub(in crate::demo) fn of_status(self) -> Self {
        Self {
            part: Part::Status,
            ..self
        }
    }
}

/// Which part of an object a write is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Part {
    /// The object.
    Whole,
    /// Its `/status`.
    Status,
}

/// Whether the writer may set what the system else sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Trust {
    /// It plays the cluster: creation times, uids and a status along with the rest are taken, and what a client may not change
    /// it may.
    Story,
    /// It came over HTTP.
    Client,
}
