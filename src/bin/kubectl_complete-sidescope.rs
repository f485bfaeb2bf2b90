//! What kubectl runs for completions after `kubectl sidescope`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sidescope::cli::complete_for_kubectl(std::env::args_os().skip(1))
}
