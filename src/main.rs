//! The `sidescope` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    sidescope::cli::main("sidescope", std::env::args_os())
}
