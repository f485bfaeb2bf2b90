//! The real program and Envoys that are made up, behind the built-in API server: what is asked of them, and every way in
//! which they do not answer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail loudly and runs its own server"
)]

#[path = "../served/corpus.rs"]
mod corpus;
mod exec;
mod stage;
mod states;
mod suggest;
mod traffic;
