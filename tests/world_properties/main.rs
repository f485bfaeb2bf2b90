//! Properties of the world and its history: both are functions of what was said, never of how it came.
//!
//! The universe is small (a handful of names each), so that random events meet. The scope engine is a toy with the real
//! one's shape ([`toy`]): these are tests of the world, the journal, the marks and the diffs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod churn;
mod diffs;
mod engine;
mod journal;
mod marks;
mod pods;
mod toy;
mod universe;
mod world;
