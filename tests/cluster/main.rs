//! sidescope beside kubectl and istioctl, on a real API server with a real istiod and real Envoys.
//!
//! Not part of plain `cargo test`, which needs nothing but Rust: `cargo test --test cluster` runs it, on a machine where
//! `tests/cluster/testbed/build/build.sh` was run once. A missing precondition is a failure, never a pass. The tests take
//! turns at the one bed that a machine has, and each begins with the bookinfo world and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, and measures time"
)]

mod actual;
mod bed;
mod certificates;
mod edits;
mod faults;
mod lists;
mod rights;
#[path = "../pty/session.rs"]
#[allow(dead_code, reason = "a screen is only looked at here")]
mod session;
#[path = "../kubectl/table.rs"]
mod table;

/// Fails with the lines in which two texts differ, unless they are equal byte for byte.
#[track_caller]
fn assert_same(what: &str, real: &str, ours: &str) {
    if real != ours {
        let diff = similar::TextDiff::from_lines(real, ours);
        panic!(
            "{what}\n{}",
            diff.unified_diff()
                .context_radius(1)
                .header("the real thing", "sidescope")
        );
    }
}
