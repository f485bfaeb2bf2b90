//! Recordings: what was known of a cluster, and every change of it, in a file that plays again.
//!
//! | module | holds |
//! |---|---|
//! | [`header`](Header) | the first two lines: format, where, when, by which release |
//! | `block` | length, checksum, times, packing |
//! | `ops`, `varint` | what a block holds: objects new, changed, gone; what is known of each kind; sources that broke |
//! | `objects` | an object as bytes |
//! | [`write`](Recorder) | the recorder, over any `Write` |
//! | [`read`](Recording) | the player, over any `Read + Seek` |
//! | [`file`](create) | making a file that nobody else reads |
//!
//! # What is recorded, and what is not
//! The compact objects of `mesh::model` (of configuration with its text and managers, for diffs), when each change
//! arrived here, how complete each kind is, and when a source broke. Not recorded: bodies of pods, Secrets (never read),
//! what Envoys said (actual state: SYNC, RPS), packets, findings. A table is computed anew when it is played, by the
//! rules of the release that plays it, and whoever shows one says so.
//!
//! # The file
//! Two lines of text (`head -2` shows them), then blocks that are only ever appended. Each has its length and a checksum,
//! so of a file that was cut off anywhere everything up to the last whole block plays; the recorder ends a block at least
//! each second. A *whole* (all objects, all coverage) stands at the beginning, and again whenever twice its size was
//! written since, so that seeking in a long recording need not begin at its start, and wholes add at most a half.
//!
//! # Decisions
//! * An object is written as `MessagePack` without field names, against its own previous version (a new one against the
//!   last new one of its kind) as LZ4 dictionary: an event costs what it changes. Instead of postcard, which is shorter by
//!   a few bytes, because a field appended to a struct then reads as absent from an older file. Fields may be
//!   appended; any other change of a struct of `mesh::model` raises [`FORMAT`] (a test holds a recording of each).
//! * The reader keeps the bytes of each object as they were written, and never encodes: what an older release wrote is
//!   the dictionary of what follows.
//! * A batch of changes has the time of its arrival at the recorder, in microseconds, and times never go backwards.

mod block;
mod file;
mod header;
mod objects;
mod ops;
mod read;
mod varint;
mod write;

#[cfg(test)]
mod tests;

pub use self::file::{CreateError, create, is_recording, open};
pub use self::header::{FORMAT, Header};
pub use self::read::{Frame, Known, Recording, Unplayable};
pub use self::write::Recorder;
