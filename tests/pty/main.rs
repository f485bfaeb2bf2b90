//! The real program in a real pseudo-terminal: what it draws, what keys do, and that the terminal is as it was
//! afterwards, however it ends.
//!
//! Every wait is for something on the screen or for the end of the process, with a deadline; nothing sleeps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod clusters;
#[path = "../served/corpus.rs"]
mod corpus;
mod credentials;
mod drafts;
mod endings;
mod hostile;
mod looks;
mod mouse;
mod privacy;
mod recordings;
mod rights;
mod saving;
mod session;
mod settings;
mod stops;
mod surroundings;
