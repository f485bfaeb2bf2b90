//! The plug-in: `kubectl sidescope` is `sidescope`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sidescope::cli::main("kubectl sidescope", std::env::args_os())
}
