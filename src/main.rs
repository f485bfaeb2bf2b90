//! The `sidescope` program.
fn main() {}
