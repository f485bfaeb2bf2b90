//! The command line: parse, gather, print, exit code. The only room that prints to standard output and error.

mod actual;
mod args;
mod complete;
mod contexts;
mod demo;
mod diff;
mod drafts;
mod exit;
mod explain;
mod export;
mod headless;
mod input;
mod lint;
mod man;
mod packets;
mod print;
mod record;
mod recorded;
mod reference;
mod replay;
mod rows;
mod screen;
mod settings;
mod suggest;
mod traffic;
mod usage;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use etcetera::BaseStrategy as _;

pub use self::args::Cli;
use self::args::Command;
pub use self::drafts::Named;
pub use self::exit::{Ended, Exit};
pub use self::explain::host_and_port;
pub use self::reference::{NotFound, PodReference};
use self::rows::{PodList, ServiceList, SidecarList};
pub use self::settings::keys_of;
pub use self::usage::line as usage_line;
use crate::runtime::{Host, log};

/// Runs the program under this name with these arguments (the first is the program itself).
pub fn main(name: &'static str, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(shell) = variable(complete::VARIABLE).filter(|shell| !shell.is_empty()) {
        return complete::for_shell(&shell, &arguments).into();
    }
    let command = Cli::command().bin_name(name);
    let parsed = command
        .try_get_matches_from(arguments)
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) if error.use_stderr() => {
            print::err(&format!("error: {}", usage::line(&error)));
            return Exit::Usage.into();
        }
        Err(error) => {
            // help and version are no error; a closed output is none either
            return match print::ended(error.print()) {
                Ok(()) => Exit::Ok.into(),
                Err(ended) => end(&ended),
            };
        }
    };
    match run(cli, &matches, name) {
        Ok(exit) => exit.into(),
        Err(ended) => end(&ended),
    }
}

fn end(ended: &Ended) -> ExitCode {
    if !ended.line.is_empty() {
        print::err(&format!("error: {ended}"));
    }
    ended.exit.into()
}

/// Answers `kubectl` what may follow the words typed so far after `kubectl sidescope`; the last is the one being typed.
pub fn complete_for_kubectl(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    complete::for_kubectl(arguments.into_iter().collect()).into()
}

fn run(mut cli: Cli, matches: &ArgMatches, name: &'static str) -> Result<Exit, Ended> {
    // what is the same for everybody needs no settings, and works where they are wrong
    match &cli.command {
        Some(Command::Completions { shell }) => {
            return print::out(&complete::script(*shell, &name.replace(' ', "-"))).map(|()| Exit::Ok);
        }
        Some(Command::Man) => return print::out(&man::page()).map(|()| Exit::Ok),
        Some(
            Command::Pods(_)
            | Command::Services(_)
            | Command::Sidecars(_)
            | Command::Endpoints(_)
            | Command::Explain(_)
            | Command::WhoSees(_)
            | Command::Traffic(_)
            | Command::Suggest(_)
            | Command::Diff(_)
            | Command::Lint(_)
            | Command::Record(_)
            | Command::Replay(_)
            | Command::Export(_)
            | Command::Demo(_)
            | Command::Config(_),
        )
        | None => {}
    }
    let settled = settings::settle(&mut cli, matches, &variable)?;
    let first_pod = match &cli.command {
        Some(Command::Demo(args)) => args.pod.clone(),
        Some(Command::Replay(args)) => args.pod.clone(),
        Some(_) | None => None,
    };
    cli.pod = first_pod.or(cli.pod);
    if let Some(Command::Config(args)) = &cli.command {
        return settings::show(&cli, &settled, args);
    }
    with_host(&cli, cli.command.as_ref())
}

/// Commands that need threads, and may write a log.
fn with_host(cli: &Cli, command: Option<&Command>) -> Result<Exit, Ended> {
    let internal = |error: std::io::Error| Ended::new(Exit::Internal, format!("cannot start: {error}"));
    let host = Host::new().map_err(internal)?;
    let log = cli
        .log
        .log_file
        .as_ref()
        .map(|path| log::start(path, log::DEFAULT_FILTER))
        .transpose();
    let _log = log.map_err(|error| Ended::new(Exit::Usage, error.to_string()))?;
    if !matches!(command, None | Some(Command::Demo(_) | Command::Replay(_))) {
        input::say_version(&cli.cluster);
    }
    let work = || match command {
        Some(Command::Pods(args)) => host.block_on(headless::list::<PodList>(cli, args)),
        Some(Command::Services(args)) => host.block_on(headless::list::<ServiceList>(cli, args)),
        Some(Command::Sidecars(args)) => host.block_on(headless::list::<SidecarList>(cli, args)),
        Some(Command::Endpoints(args)) => host.block_on(headless::endpoints(cli, args)),
        Some(Command::Explain(args)) => host.block_on(explain::explain(cli, args)),
        Some(Command::WhoSees(args)) => host.block_on(explain::who_sees(cli, args)),
        Some(Command::Traffic(args)) => host.block_on(traffic::run(cli, args)),
        Some(Command::Suggest(args)) => host.block_on(suggest::suggest(cli, args)),
        Some(Command::Diff(args)) => host.block_on(diff::diff(cli, args)),
        Some(Command::Lint(args)) => host.block_on(lint::lint(cli, args)),
        Some(Command::Replay(args)) => replay::run(cli, args, &host),
        Some(Command::Export(args)) => export::export(cli, args),
        Some(Command::Record(args)) => host.block_on(record::record(cli, args)),
        Some(Command::Demo(args)) => demo::run(cli, args, &host),
        Some(Command::Config(_) | Command::Completions { .. } | Command::Man) | None => screen::open(cli, &host),
    };
    host.guard(state_folder().as_deref(), work).unwrap_or_else(|outcome| {
        let line = outcome.line.unwrap_or_default();
        Err(Ended::new(Exit::Code(outcome.code), line))
    })
}

/// Where reports go: `$XDG_STATE_HOME/sidescope`, on macOS too.
fn state_folder() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir()?.join("sidescope"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is read here, for settings and for what the terminal is"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
