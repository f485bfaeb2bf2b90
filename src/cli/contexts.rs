//! The screen over a cluster of the kubeconfig, and over its other contexts.
//!
//! What the command line says of the person and of how clusters are asked holds for all of them; what it says of pods and
//! namespaces is about the first.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::SignedDuration;

use super::args::{Cli, ClusterArgs, LogArgs, ScopeArgs, ScreenArgs};
use super::exit::Ended;
use super::{input, screen};
use crate::app::message::Context;
use crate::app::{Memory, Options, Play};
use crate::mesh::model::Kind;
use crate::mesh::world::Failure;
use crate::runtime::clock::now;
use crate::runtime::live::Live;
use crate::runtime::packets::Packets;
use crate::runtime::plugin;
use crate::runtime::{Begins, Cluster, Contexts, Run, Sources, State, Story};
use crate::sources::kubernetes::{self, Asking, ConnectOptions, Connection, connect};

/// How long another context may take to answer: somebody waits for it.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the command line says of a screen over a cluster.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    cluster: ClusterArgs,
    scope: ScopeArgs,
    /// What the settings, and not the command line, say of namespaces: that holds for every context.
    settled: ScopeArgs,
    pod: Option<String>,
    screen: ScreenArgs,
    log: LogArgs,
}

/// What only the first run of a screen has.
#[derive(Default)]
pub(super) struct First {
    /// How to connect once more after the login has expired.
    pub(super) connect: Option<ConnectOptions>,
    /// The demo's story.
    pub(super) story: Option<Story>,
    /// Where packets come from.
    pub(super) packets: Option<Packets>,
}

impl Asked {
    /// Of these arguments.
    pub(super) fn of(cli: &Cli) -> Self {
        Self {
            cluster: cli.cluster.clone(),
            scope: cli.scope.clone(),
            settled: cli.settled_scope.clone(),
            pod: cli.pod.clone(),
            screen: cli.screen.clone(),
            log: cli.log.clone(),
        }
    }

    /// What is left of them for another context.
    fn elsewhere(&self, context: &str) -> Self {
        Self {
            cluster: ClusterArgs {
                context: Some(context.to_owned()),
                ..self.cluster.clone()
            },
            scope: self.settled.clone(),
            pod: None,
            ..self.clone()
        }
    }

    /// A run over this connection.
    ///
    /// # Errors
    /// A pod's name that is none.
    pub(super) fn run(&self, connection: Connection, first: First) -> Result<Run, Ended> {
        let is_demo = first.story.is_some();
        // the demo's story goes through all namespaces, and begins with a pod of its own
        let shown = input::shown(&self.scope, (!is_demo).then_some(&connection.cluster));
        let pod = self.pod.as_deref().or(is_demo.then_some(screen::DEMO_POD));
        let options = Options {
            pod: pod.map(|pod| screen::first_pod(pod, &shown)).transpose()?,
            namespaces: shown.clone(),
            time_zone: screen::time_zone(&self.log),
            retention: SignedDuration::try_from(self.screen.retention).unwrap_or(SignedDuration::MAX),
            settings: input::settings(&self.cluster),
            cluster_flags: input::cluster_flags(&self.cluster),
            play: if is_demo { Play::Demo } else { Play::Cluster },
            privacy: self.screen.privacy,
            keys: self.screen.keys.clone(),
            memory: Memory::default(),
        };
        let follow = input::follow(Kind::ALL, &self.cluster, &shown, &connection.cluster);
        let state = if is_demo { None } else { self.state(&connection) };
        let contexts = (!is_demo).then(|| Arc::new(self.clone()) as Arc<dyn Contexts>);
        Ok(Run {
            options,
            sources: Sources::Cluster(Box::new(Cluster {
                connection,
                connect: first.connect,
                follow,
            })),
            story: first.story,
            packets: first.packets,
            read_draft: super::drafts::for_screen,
            contexts,
            state,
        })
    }

    /// Where what is remembered of the context lies, if anything is to be.
    fn state(&self, connection: &Connection) -> Option<State> {
        if !self.screen.remembers() {
            return None;
        }
        let is_asked = self.scope.all_namespaces || !self.scope.namespaces.is_empty() || self.pod.is_some();
        Some(State {
            file: super::state_folder()?.join("state.json"),
            context: connection.cluster.context.clone(),
            begins: if is_asked { Begins::Asked } else { Begins::Remembered },
        })
    }

    /// Connects, and waits for the cluster's answer.
    async fn open_elsewhere(self) -> Result<Box<Run>, Ended> {
        let asking = ConnectOptions {
            asking: Asking::Never,
            ..input::connect_options(&self.cluster)
        };
        let connection = connect(&asking, now, plugin::run).await?;
        let patience = self.cluster.request_timeout.min(PATIENCE);
        let answered = match tokio::time::timeout(patience, kubernetes::answers(&connection.client)).await {
            Ok(answered) => answered,
            Err(_) => Err(Failure::TimedOut),
        };
        answered.map_err(|failure| input::cluster_failure(&failure, &connection.cluster))?;
        if self.cluster.revision.is_some() {
            check_revision(&self.cluster, &self.scope, &connection).await?;
        }
        let first = First {
            connect: Some(input::connect_options(&self.cluster)),
            ..First::default()
        };
        self.run(connection, first).map(Box::new)
    }
}

impl Contexts for Asked {
    fn list(&self) -> Result<Vec<Context>, String> {
        let contexts = kubernetes::contexts(&input::connect_options(&self.cluster));
        let contexts = contexts.map_err(|error| error.to_string())?;
        let context = |info: kubernetes::ContextInfo| Context {
            name: info.name,
            cluster: info.cluster,
            server: info.server,
            namespace: info.namespace,
        };
        Ok(contexts.into_iter().map(context).collect())
    }

    fn open(&self, name: &str) -> BoxFuture<'static, Result<Box<Run>, String>> {
        let opening = self.elsewhere(name).open_elsewhere();
        opening.map(|opened| opened.map_err(|ended| ended.line)).boxed()
    }
}

/// Asks for the control planes alone; what cannot be read is for the screen to say.
///
/// # Errors
/// The revision of the flags is none of theirs.
pub(super) async fn check_revision(
    cluster: &ClusterArgs,
    scope: &ScopeArgs,
    connection: &Connection,
) -> Result<(), Ended> {
    let kinds = input::with_planes(&[], cluster);
    let shown = input::shown(scope, Some(&connection.cluster));
    let mut live = Live::start(
        &connection.client,
        input::follow(&kinds, cluster, &shown, &connection.cluster),
    );
    match live.settle().await {
        Ok(()) => input::check_revision(&live.world, cluster),
        Err(_) => Ok(()),
    }
}
