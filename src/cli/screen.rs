//! `sidescope` without a command: the screen over the cluster of the flags.

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::args::{Cli, LogArgs, PacketArgs, ScreenArgs};
use super::exit::{Ended, Exit};
use super::input;
use super::packets;
use super::print;
use super::reference::PodReference;
use super::traffic::exec;
use crate::app::{Memory, Namespaces, Options, Play};
use crate::mesh::model::{Key, Kind};
use crate::runtime::live::Live;
use crate::runtime::packets::Packets;
use crate::runtime::{Clipboard, Cluster, Host, Setup, Sources, Story};
use crate::sources::kubernetes::{ConnectOptions, Connection};
use crate::tui::{Glyphs, Look, Mouse};

/// Where the demo begins.
pub(super) const DEMO_POD: &str = "my-shell.default";

/// Opens the screen over the cluster that the flags name.
pub(super) fn open(cli: &Cli, host: &Host) -> Result<Exit, Ended> {
    let connection = host.block_on(input::connection(&cli.cluster))?;
    if cli.cluster.revision.is_some() {
        host.block_on(check_revision(cli, &connection))?;
    }
    let connect = Some(input::connect_options(&cli.cluster));
    let packets = packets_of(cli, &connection, &cli.packets, cli.pod.as_deref())?;
    show(cli, host, connection, (connect, None, packets))
}

/// Asks for the control planes alone; what cannot be read is for the screen to say.
async fn check_revision(cli: &Cli, connection: &Connection) -> Result<(), Ended> {
    let kinds = input::with_planes(&[], &cli.cluster);
    let shown = input::shown(&cli.scope, Some(&connection.cluster));
    let mut live = Live::start(
        &connection.client,
        input::follow(&kinds, &cli.cluster, &shown, &connection.cluster),
    );
    match live.settle().await {
        Ok(()) => input::check_revision(&live.world, &cli.cluster),
        Err(_) => Ok(()),
    }
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
    let pod = cli.pod.as_deref().or(is_demo.then_some(DEMO_POD));
    let options = Options {
        pod: pod.map(|pod| first_pod(pod, &shown)).transpose()?,
        namespaces: shown.clone(),
        time_zone: time_zone(&cli.log),
        retention: SignedDuration::try_from(cli.screen.retention).unwrap_or(SignedDuration::MAX),
        settings: input::settings(&cli.cluster),
        cluster_flags: input::cluster_flags(&cli.cluster),
        play: if is_demo { Play::Demo } else { Play::Cluster },
        keys: cli.screen.keys.clone(),
        memory: Memory::default(),
    };
    let follow = input::follow(Kind::ALL, &cli.cluster, &shown, &connection.cluster);
    let outcome = host.run_screen(Setup {
        options,
        look: look(&cli.screen),
        mouse: Mouse::default(),
        clipboard: Clipboard::of_environment(super::variable),
        sources: Sources::Cluster(Box::new(Cluster {
            connection,
            connect,
            follow,
        })),
        story,
        packets,
        reports: super::state_folder(),
        read_draft: super::drafts::for_screen,
        settings: super::settings::follow(cli),
        fault: cli.fault,
    });
    if let Some(line) = &outcome.line {
        print::err(&format!("error: {line}"));
    }
    Ok(Exit::Code(outcome.code))
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
