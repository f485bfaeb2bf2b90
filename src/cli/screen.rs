//! `sidescope` without a command: the screen over the cluster of the flags. What a screen looks like, whatever it is over.

use jiff::tz::TimeZone;

use super::args::{Cli, LogArgs, PacketArgs, ScreenArgs};
use super::contexts::{self, Asked, First};
use super::exit::{Ended, Exit};
use super::input;
use super::packets;
use super::print;
use super::reference::PodReference;
use super::traffic::exec;
use crate::app::Namespaces;
use crate::mesh::model::Key;
use crate::runtime::packets::Packets;
use crate::runtime::{Clipboard, Host, Run, Setup};
use crate::sources::kubernetes::Connection;
use crate::tui::{Glyphs, Look, Mouse};

/// Where the demo begins.
pub(super) const DEMO_POD: &str = "my-shell.default";

/// Opens the screen over the cluster that the flags name.
pub(super) fn open(cli: &Cli, host: &Host) -> Result<Exit, Ended> {
    let connection = host.block_on(input::connection(&cli.cluster))?;
    if cli.cluster.revision.is_some() {
        host.block_on(contexts::check_revision(&cli.cluster, &cli.scope, &connection))?;
    }
    let first = First {
        connect: Some(input::connect_options(&cli.cluster)),
        story: None,
        packets: packets_of(cli, &connection, &cli.packets, cli.pod.as_deref())?,
    };
    let run = Asked::of(cli).run(connection, first)?;
    Ok(show(cli, host, run))
}

/// Opens the screen with this run.
pub(super) fn show(cli: &Cli, host: &Host, run: Run) -> Exit {
    let outcome = host.run_screen(Setup {
        run,
        look: look(&cli.screen),
        mouse: if cli.screen.mouse { Mouse::On } else { Mouse::Off },
        clipboard: Clipboard::of_environment(super::variable),
        reports: super::state_folder(),
        settings: super::settings::follow(cli),
        fault: cli.fault,
    });
    if let Some(line) = &outcome.line {
        print::err(&format!("error: {line}"));
    }
    Exit::Code(outcome.code)
}

/// What packets are read from, by the flags; `pod` is the one of whose container they may be.
pub(super) fn packets_of(
    cli: &Cli,
    connection: &Connection,
    args: &PacketArgs,
    pod: Option<&str>,
) -> Result<Option<Packets>, Ended> {
    let Some(container) = &args.exec else {
        return packets::source(args);
    };
    let Some(pod) = pod else {
        let line = "--exec captures in a container of one pod: name it with --pod NAME.NAMESPACE";
        return Err(Ended::new(Exit::Usage, line));
    };
    let pod = first_pod(pod, &input::shown(&cli.scope, Some(&connection.cluster)))?;
    Ok(Some(exec::for_screen(cli, connection, &pod, container, args.dst_port)))
}

/// The pod to open with. Only the screen knows the objects; a name is taken as far as it goes.
pub(super) fn first_pod(text: &str, shown: &Namespaces) -> Result<Key, Ended> {
    let reference = PodReference::parse(text)?;
    let default = match shown {
        Namespaces::All => None,
        Namespaces::Some(names) => names.first(),
    };
    Ok(reference.key(default.map_or("default", |name| name.as_str())))
}

/// In which times are written.
pub(super) fn time_zone(log: &LogArgs) -> TimeZone {
    if log.utc { TimeZone::UTC } else { TimeZone::system() }
}

/// What the terminal can show, in the theme that was asked for.
pub(super) fn look(screen: &ScreenArgs) -> Look {
    let terminal = Look::of_environment(super::variable);
    Look {
        theme: screen.theme,
        glyphs: screen.ascii.map_or(
            terminal.glyphs,
            |ascii| if ascii { Glyphs::Ascii } else { Glyphs::Unicode },
        ),
        ..terminal
    }
}
