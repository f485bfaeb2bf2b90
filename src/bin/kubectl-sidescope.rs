//! `kubectl sidescope`.
fn main() {}
