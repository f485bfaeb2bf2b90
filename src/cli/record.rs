//! `record`: what the cluster is and how it changes, into a file, without a screen.

use std::time::Duration;

use jiff::Timestamp;

use super::args::{Cli, RecordArgs};
use super::exit::{Ended, Exit};
use super::screen::time_zone;
use super::{headless, input, print};
use crate::mesh::model::Kind;
use crate::runtime::clock::now;
use crate::runtime::live::Live;
use crate::runtime::recording::{Stopped, record as run, summary};
use crate::sources::recording::{CreateError, Header, Recorder, create};

/// Records until it is ended.
pub(super) async fn record(cli: &Cli, args: &RecordArgs) -> Result<Exit, Ended> {
    let path = args.file.as_path();
    // said before anybody waits for a cluster
    if path.exists() && !args.force {
        let path = path.display().to_string();
        return Err(created(&CreateError::Exists { path }));
    }
    let connection = input::connection(&cli.cluster).await?;
    let shown = input::shown(&cli.scope, Some(&connection.cluster));
    let follow = input::follow(Kind::ALL, &cli.cluster, &shown, &connection.cluster);
    let mut live = Live::start(&connection.client, follow);
    live.settle()
        .await
        .map_err(|failure| input::cluster_failure(&failure, &connection.cluster))?;
    let file = create(path, args.force).map_err(|error| created(&error))?;
    let started = now();
    let header = Header {
        context: connection.cluster.context.to_string(),
        server: connection.cluster.server.to_string(),
        istio_namespace: cli.cluster.istio_namespace.clone(),
        ..Header::new(started, &time_zone(&cli.log))
    };
    let missing = headless::missing(&live.world, Kind::ALL);
    let incomplete = headless::say_incomplete(&missing);
    let unwritten = |error: std::io::Error, until: Timestamp| {
        let line = format!(
            "cannot write '{}': {error}; what it holds plays up to {until:.0}",
            path.display()
        );
        Ended::new(Exit::Usage, line)
    };
    let mut recorder =
        Recorder::start(file, &header, started, live.world.clone()).map_err(|error| unwritten(error, started))?;
    print::err(&format!(
        "recording into '{}' since {started:.0}; Ctrl-c ends it",
        path.display()
    ));
    let how_long = args.how_long.filter(|time| *time < Duration::MAX);
    let stopped = run(&mut live, &mut recorder, how_long).await;
    let stopped = stopped.map_err(|(error, until)| unwritten(error, until))?;
    print::err(&summary(path, &recorder));
    Ok(match stopped {
        Stopped::InTime => incomplete,
        Stopped::Signal(code) => Exit::Code(code),
        Stopped::Alone => return Err(Ended::new(Exit::Cluster, "the watches ended; start again")),
    })
}

fn created(error: &CreateError) -> Ended {
    Ended::new(Exit::Usage, error.to_string())
}
