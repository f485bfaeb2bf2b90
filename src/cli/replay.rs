//! `replay`: the screen over a recording.

use jiff::SignedDuration;

use super::args::{Cli, ReplayArgs};
use super::exit::{Ended, Exit};
use super::{input, recorded, screen};
use crate::app::message::ClusterInfo;
use crate::app::{Options, Play};
use crate::runtime::{Host, Played, Run, Sources};

/// Opens the screen over a recording.
pub(super) fn run(cli: &Cli, args: &ReplayArgs, host: &Host) -> Result<Exit, Ended> {
    let path = args.file.as_path();
    let recording = recorded::open(path)?;
    let reach = recorded::reach(cli, &recording);
    let start = match args.at {
        None => reach.begins,
        Some(moment) => reach
            .find(moment)
            .map_err(|problem| Ended::new(Exit::Usage, format!("'{}': {problem}", path.display())))?,
    };
    let header = recording.header();
    recorded::say_istio_namespace(cli, header);
    let shown = input::shown(&cli.scope, None);
    let options = Options {
        pod: cli
            .pod
            .as_deref()
            .map(|pod| screen::first_pod(pod, &shown))
            .transpose()?,
        namespaces: shown,
        time_zone: reach.zone,
        retention: SignedDuration::try_from(cli.screen.retention).unwrap_or(SignedDuration::MAX),
        play: Play::Replay,
        privacy: cli.screen.privacy,
        keys: cli.screen.keys.clone(),
        ..Options::default()
    };
    let played = Played {
        path: path.to_owned(),
        reach: (reach.begins, reach.ends),
        start,
        speed: args.speed,
        cluster: ClusterInfo {
            context: header.context.as_str().into(),
            server: header.server.as_str().into(),
            ..ClusterInfo::default()
        },
    };
    let run = Run {
        options,
        sources: Sources::Recording(Box::new(played)),
        story: None,
        packets: None,
        read_draft: super::drafts::for_screen,
        contexts: None,
        state: None,
    };
    Ok(screen::show(cli, host, run))
}
