//! Packets of a capture: a pcap or pcapng file, or a stream that goes on.
//!
//! Not here: whose packets they are, how they look ([`crate::mesh::model::Packet`] is all that is kept of one).
//! Invariant: no input is fatal. A packet that is cut or lies about itself is told as such
//! ([`crate::mesh::model::Content`]); a capture that breaks off ends, and says so.

mod capture;
mod extension;
mod frame;
mod ip;
mod link;

pub use self::capture::{Capture, CaptureError};
pub use self::frame::decode;
pub use self::link::{Link, LinkType};
