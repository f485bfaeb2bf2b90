//! The demo's API server, as its clients see it: kube's client, and plain HTTP where kube has no words for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod access;
mod discovery;
mod forward;
mod lists;
mod stage;
mod watches;
mod writes;
