//! The command line: parse, gather, print, exit code. The only room that prints.

mod args;
mod exit;
mod reference;

pub use self::args::Cli;
pub use self::exit::{Ended, Exit};
