//! The command line: parse, gather, print, exit code. The only room that prints to standard output and error.

mod args;
mod exit;
mod headless;
mod input;
mod print;
mod reference;
mod rows;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

pub use self::args::Cli;
use self::args::Command;
pub use self::exit::{Ended, Exit};
use self::rows::{PodList, ServiceList, SidecarList};

/// Runs the program under this name with these arguments (the first is the program itself).
pub fn main(name: &'static str, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = Cli::command().bin_name(name);
    let parsed = command
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // help and version go to standard output and are no error; a closed output is none either
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    match run(&cli, name) {
        Ok(exit) => exit.into(),
        Err(ended) => {
            if !ended.line.is_empty() {
                print::err(&format!("error: {ended}"));
            }
            ended.exit.into()
        }
    }
}

fn run(cli: &Cli, name: &'static str) -> Result<Exit, Ended> {
    match &cli.command {
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), name.replace(' ', "-"), &mut script);
            print::out(&String::from_utf8_lossy(&script)).map(|()| Exit::Ok)
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
            rendered.map_err(|error| Ended::new(Exit::Internal, error.to_string()))?;
            print::out(&String::from_utf8_lossy(&page)).map(|()| Exit::Ok)
        }
        Some(Command::Pods(args)) => headless(headless::list::<PodList>(cli, args)),
        Some(Command::Services(args)) => headless(headless::list::<ServiceList>(cli, args)),
        Some(Command::Sidecars(args)) => headless(headless::list::<SidecarList>(cli, args)),
        Some(Command::Endpoints(args)) => headless(headless::endpoints(cli, args)),
        Some(Command::Demo(_)) | None => Err(Ended::new(Exit::Internal, "not wired yet")),
    }
}

/// Runs a command on a runtime of its own.
fn headless(command: impl Future<Output = Result<Exit, Ended>>) -> Result<Exit, Ended> {
    crate::runtime::live::block_on(command).map_err(|error| Ended::new(Exit::Internal, error.to_string()))?
}
