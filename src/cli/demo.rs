//! `sidescope demo`: the built-in cluster, and the screen over it like over any other.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::{mpsc, watch};

use super::args::{Cli, DemoArgs};
use super::contexts::{Asked, First};
use super::exit::{Ended, Exit};
use super::{print, screen};
use crate::app::message::{DemoControl, DemoState};
use crate::demo::options::Options;
use crate::demo::start::{Demo, start};
use crate::demo::story::{Command, Progress};
use crate::runtime::capture;
use crate::runtime::clock::now;
use crate::runtime::{Host, Story};
use crate::sources::kubernetes::connect_to;

/// Packets of `my-shell`.
const PACKETS: &[u8] = include_bytes!("../../assets/demo/packets.pcap");
/// Keys that wait for the story.
const QUEUE: usize = 8;

/// Starts the built-in cluster, then the screen over it, or with `--serve` nothing else.
pub(super) fn run(cli: &Cli, args: &DemoArgs, host: &Host) -> Result<Exit, Ended> {
    let pods = usize::try_from(args.pods).unwrap_or(usize::MAX);
    let started = host.block_on(start(now, pods, Options::default()));
    let (demo, living) = started.map_err(|error| Ended::new(Exit::Internal, error.to_string()))?;
    host.keep(living);
    let address = demo.address;
    let envoys = Arc::clone(&demo.envoys);
    if args.still {
        let paused = host.block_on(demo.commands.send(Command::PauseOrResume));
        paused.map_err(|error| Ended::new(Exit::Internal, error.to_string()))?;
    }
    let story = tell(host, demo);
    if args.serve {
        return serve(args.kubeconfig_out.as_deref(), address, host);
    }
    let connection = host.block_on(async { connect_to(&format!("http://{address}"), "demo") });
    let connection = connection.map_err(|error| Ended::new(Exit::Internal, error.to_string()))?;
    let asked = if args.packets.is_any() {
        &args.packets
    } else {
        &cli.packets
    };
    let pod = cli.pod.as_deref().unwrap_or(screen::DEMO_POD);
    let packets = screen::packets_of(cli, &connection, asked, Some(pod))?;
    // the shell's calls of reviews, on the mesh that the demo was recorded from
    let is_called = move |to: SocketAddr| envoys.sends_to("default", "my-shell", to);
    let recorded = || capture::of_recording("recorded packets, played again and again", PACKETS, Box::new(is_called));
    let packets = packets.unwrap_or_else(recorded);
    let first = First {
        connect: None,
        story: Some(story),
        packets: Some(packets),
    };
    let run = Asked::of(cli).run(connection, first)?;
    Ok(screen::show(cli, host, run))
}

/// Plays the story beside everything else; the other end of its strings.
fn tell(host: &Host, demo: Demo) -> Story {
    let Demo {
        commands, mut progress, ..
    } = demo;
    let (steer, mut keys) = mpsc::channel(QUEUE);
    let (told, state) = watch::channel(shown(&progress.borrow()));
    host.keep(async move {
        while let Some(key) = keys.recv().await {
            let command = match key {
                DemoControl::Step => Command::Step,
                DemoControl::Pause => Command::PauseOrResume,
                DemoControl::Restart => Command::Restart,
            };
            if commands.send(command).await.is_err() {
                return;
            }
        }
    });
    host.keep(async move {
        while progress.changed().await.is_ok() {
            let state = shown(&progress.borrow());
            told.send_replace(state);
        }
    });
    Story { steer, state }
}

fn shown(progress: &Progress) -> DemoState {
    DemoState {
        step: progress.step + 1,
        steps: progress.steps,
        title: (&*progress.title).into(),
        paused: progress.paused,
        next: progress.next,
    }
}

/// Serves until a signal ends it.
fn serve(kubeconfig: Option<&Path>, address: SocketAddr, host: &Host) -> Result<Exit, Ended> {
    let server = format!("http://{address}");
    // whoever reads the address may send one at once
    let end = host.signal();
    match kubeconfig {
        None => print::out(&format!("{server}\n"))?,
        Some(path) => {
            let text = serde_saphyr::to_string(&kubeconfig_of(&server))
                .map_err(|error| Ended::new(Exit::Internal, error.to_string()))?;
            std::fs::write(path, text)
                .map_err(|error| Ended::new(Exit::Usage, format!("cannot write '{}': {error}", path.display())))?;
            print::out(&format!(
                "{server}\nkubectl --kubeconfig {} get pods -A\n",
                path.display()
            ))?;
        }
    }
    Ok(Exit::Code(host.block_on(end)))
}

fn kubeconfig_of(server: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "demo",
        "clusters": [{ "name": "demo", "cluster": { "server": server } }],
        "contexts": [{ "name": "demo", "context": { "cluster": "demo", "user": "demo", "namespace": "default" } }],
        "users": [{ "name": "demo", "user": {} }],
    })
}
