//! An API server in trouble, and what a person sees meanwhile and afterwards: the built-in server with faults as data, the
//! real watches, the app's real tables. A case is a fault, what is done to the cluster meanwhile, what the header says,
//! and the marks that may be there in the end; each table of cases is a file.
//!
//! After each fault every table is that of a program that starts now, within [`case::WITHIN`] of the end of the trouble.
//! Nothing leaves the process and time is tokio's paused clock, so that minutes take none and no test waits for chance.
//! Not here: single exchanges of one watch (`tests/follow`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, and has tasks of its own"
)]

mod answers;
mod case;
#[path = "../served/corpus.rs"]
mod corpus;
mod edits;
mod lists;
mod network;
mod objects;
mod outages;
mod reader;
mod rights;
mod watches;
