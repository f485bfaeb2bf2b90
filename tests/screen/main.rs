//! Keys in, screen out: the app with a small mesh, a manual clock, and no terminal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod changes;
mod columns;
mod contexts;
mod dialogs;
mod drafts;
mod find;
mod findings;
mod gallery;
mod looks;
mod memory;
mod mesh;
mod mouse;
mod navigation;
mod picture;
mod privacy;
mod questions;
mod save;
mod stage;
mod states;
mod sweep;
mod traffic;
