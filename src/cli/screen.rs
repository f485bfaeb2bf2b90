//! `sidescope` without a command: the screen over the cluster of the flags.

use jiff::tz::TimeZone;

use super::args::{Cli, LogArgs};
use super::exit::{Ended, Exit};
use super::input;
use super::packets;
use super::print;
use super::reference::PodReference;
use crate::app::{Namespaces, Options};
use crate::mesh::model::{Key, Kind};
use crate::runtime::packets::Packets;
use crate::runtime::{Clipboard, Cluster, Host, Setup, Sources, Story};
use crate::sources::kubernetes::{ConnectOptions, Connection};
use crate::tui::{Look, Mouse};

/// Opens the screen over the cluster that the flags name.
pub(super) fn open(cli: &Cli, host: &Host) -> Result<Exit, Ended> {
    let connection = host.block_on(input::connection(&cli.cluster))?;
    let connect = Some(input::connect_options(&cli.cluster));
    let packets = packets::source(&cli.packets)?;
    show(cli, host, connection, (connect, None, packets))
}

/// Opens the screen over this connection: with how to connect anew, a story, packets.
pub(super) fn show(
    cli: &Cli,
    host: &Host,
    connection: Connection,
    (connect, story, packets): (Option<ConnectOptions>, Option<Story>, Option<Packets>),
) -> Result<Exit, Ended> {
    let is_demo = story.is_some();
    // the demo's story goes through all namespaces, and begins with this pod
    let shown = input::shown(&cli.scope, (!is_demo).then_some(&connection.cluster));
    let pod = cli.pod.as_deref().or(is_demo.then_some("my-shell.default"));
    let options = Options {
        pod: pod.map(|pod| first_pod(pod, &shown)).transpose()?,
        namespaces: shown.clone(),
        time_zone: time_zone(&cli.log),
        demo: is_demo,
        ..Options::default()
    };
    let follow = input::follow(Kind::ALL, &cli.cluster, &shown, &connection.cluster);
    let outcome = host.run_screen(Setup {
        options,
        look: Look::of_environment(variable),
        mouse: Mouse::default(),
        clipboard: Clipboard::of_environment(variable),
        sources: Sources::Cluster(Box::new(Cluster {
            connection,
            connect,
            follow,
        })),
        story,
        packets,
        reports: super::state_folder(),
        fault: cli.fault,
    });
    if let Some(line) = &outcome.line {
        print::err(&format!("error: {line}"));
    }
    Ok(Exit::Code(outcome.code))
}

/// The pod to open with. Only the screen knows the objects; a name is taken as far as it goes.
fn first_pod(text: &str, shown: &Namespaces) -> Result<Key, Ended> {
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

#[expect(
    clippy::disallowed_methods,
    reason = "what the terminal is, is said by its environment alone"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
