//! Where objects come from while a screen is up, and the tasks that bring them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use kube::Client;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::live::Follow;
use super::playback::Played;
use crate::app::{Memory, Namespaces};
use crate::mesh::model::{Kind, Text};
use crate::mesh::world::{Failure, ListScope, SourceState};
use crate::sources::kubernetes::{self, ConnectOptions, Connection, Pulse, SourceMessage, WatchSettings};

/// Where the screen's objects come from.
pub enum Sources {
    /// A cluster that is followed; the demo's too.
    Cluster(Box<Cluster>),
    /// A recording.
    Recording(Box<Played>),
}

impl Sources {
    /// Where the whole cluster may not be read, the namespaces where a person was are.
    pub(super) fn follow_first(&mut self, memory: &Memory) {
        let place = memory.place.as_ref().map(|place| &place.namespaces);
        if let (Sources::Cluster(cluster), Some(Namespaces::Some(names))) = (self, place) {
            let mut all = names.clone();
            let others = cluster.follow.namespaces.iter();
            all.extend(others.filter(|name| !names.contains(name)).cloned());
            cluster.follow.namespaces = all.into();
        }
    }
}

/// A cluster to follow.
pub struct Cluster {
    /// How it is asked.
    pub connection: Connection,
    /// How to connect once more after the login has expired; `None` where there is no login.
    pub connect: Option<ConnectOptions>,
    /// What is followed.
    pub follow: Follow,
}

/// Source messages that wait for the loop: a page of a list each, so that a list is not held up and memory is bounded.
pub(super) const QUEUE: usize = 32;

/// How long a kind whose task broke is left alone.
const AFTER_A_PANIC: Duration = Duration::from_secs(5);

/// Tasks of one kind or another, all of them known.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Starts a task that ends with the program at the latest.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }

    /// Starts work that blocks its thread for a little while.
    pub(super) fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        self.tracker.spawn_blocking(work);
    }

    /// Tasks that can be stopped apart from the others.
    pub(super) fn group(&self) -> Self {
        Self {
            tracker: self.tracker.clone(),
            stop: self.stop.child_token(),
        }
    }

    /// Stops them, and waits for none.
    pub(super) fn cancel(&self) {
        self.stop.cancel();
    }

    /// Stops all tasks, and waits for them as long as one may wait at the end of a program.
    pub(super) async fn end(&self, patience: Duration) {
        self.stop.cancel();
        self.tracker.close();
        // What does not end by then ends with the process.
        let _ = tokio::time::timeout(patience, self.tracker.wait()).await;
    }
}

/// The tasks that follow the kinds of one cluster; stopped when this is dropped.
#[derive(Debug)]
pub(super) struct Feed {
    relist: watch::Sender<u64>,
    namespaces: watch::Sender<Arc<[Text]>>,
    tasks: Tasks,
}

impl Feed {
    /// Follows every kind.
    pub(super) fn start(tasks: &Tasks, client: &Client, follow: &Follow, out: &mpsc::Sender<SourceMessage>) -> Self {
        let (namespaces, namespaces_seen) = watch::channel(Arc::clone(&follow.namespaces));
        let (relist, relist_seen) = watch::channel(0);
        let settings = WatchSettings {
            istio_namespace: follow.istio_namespace.clone(),
            strategy: follow.strategy,
            request_timeout: follow.request_timeout,
            namespaces: namespaces_seen,
            relist: relist_seen,
            pulse: Pulse::default(),
        };
        let tasks = tasks.group();
        for kind in &follow.kinds {
            tasks.spawn(follow_for_ever(client.clone(), *kind, settings.clone(), out.clone()));
        }
        Self {
            relist,
            namespaces,
            tasks,
        }
    }

    /// Where the whole cluster may not be read, these namespaces are; the first ones if they are many.
    pub(super) fn show_namespaces(&self, namespaces: Vec<Text>) {
        self.namespaces.send_if_modified(|known| {
            let news = **known != *namespaces;
            if news {
                *known = namespaces.into();
            }
            news
        });
    }

    /// Lists every kind anew, at once.
    pub(super) fn relist(&self) {
        self.relist.send_modify(|count| *count += 1);
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.tasks.cancel();
    }
}

/// Follows a kind; should the task break, the kind says so and is followed anew.
async fn follow_for_ever(client: Client, kind: Kind, settings: WatchSettings, out: mpsc::Sender<SourceMessage>) {
    for attempt in 1.. {
        let following = kubernetes::follow(client.clone(), kind, settings.clone(), out.clone());
        if AssertUnwindSafe(following).catch_unwind().await.is_ok() {
            return;
        }
        let broken = SourceState::Retrying {
            attempt,
            wait: AFTER_A_PANIC,
            failure: Failure::Interrupted("internal error; see the message or the log".into()),
        };
        let told = out.send(SourceMessage {
            state: Some((kind, ListScope::All, broken)),
            ..SourceMessage::default()
        });
        if told.await.is_err() {
            return;
        }
        tokio::time::sleep(AFTER_A_PANIC).await;
    }
}
