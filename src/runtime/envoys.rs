//! Asks the Envoys of the pods that are looked at, each over one kept-open forward, as long as somebody looks.
//!
//! Not here: what the answers mean. Only answers that say something new are passed on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::Client;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::feed::Tasks;
use crate::app::Message;
use crate::app::message::{EnvoyRow, EnvoyTable, NoEnvoy};
use crate::mesh::model::{Key, Text};
use crate::mesh::scope::{Address, Health};
use crate::mesh::world::Failure;
use crate::sources::envoy::{Admin, AdminError, Endpoint, Host, Pace, parse};
use crate::sources::kubernetes::Forward;

/// Envoys asked at once.
const MOST: usize = 8;
/// Envoy's admin port.
const PORT: u16 = 15000;
/// Until a forward is open, or an answer is there.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries to open a forward that was refused.
const REFUSED: Duration = Duration::from_secs(15);
/// Between two tries to open a forward that broke.
const BROKEN: Duration = Duration::from_secs(2);
/// The demo's answer for a state that nobody recorded begins so.
const NOT_RECORDED: &str = "not recorded";

/// The Envoys that are asked.
pub(super) struct Envoys {
    asked: BTreeMap<Key, DropGuard>,
    stirred: watch::Sender<u64>,
}

impl Default for Envoys {
    fn default() -> Self {
        Self {
            asked: BTreeMap::new(),
            stirred: watch::Sender::new(0),
        }
    }
}

impl Envoys {
    /// Asks the Envoys of these pods and of no others; those that were asked already go on.
    pub(super) fn ask(&mut self, pods: &[Key], client: &Client, tasks: &Tasks, answers: &mpsc::Sender<Message>) {
        let pods: Vec<&Key> = pods.iter().take(MOST).collect();
        self.asked.retain(|pod, _| pods.contains(&pod));
        for pod in pods {
            if self.asked.contains_key(pod) {
                continue;
            }
            let stop = CancellationToken::new();
            let asker = Asker {
                client: client.clone(),
                pod: pod.clone(),
                stirred: self.stirred.subscribe(),
                answers: answers.clone(),
                last: None,
                pace: Pace::default(),
            };
            let stopped = stop.clone();
            tasks.spawn(async move {
                stopped.run_until_cancelled(asker.run()).await;
            });
            self.asked.insert(pod.clone(), stop.drop_guard());
        }
    }

    /// A table changed that Envoys follow: they are asked more often for a while.
    pub(super) fn stir(&self) {
        self.stirred.send_modify(|times| *times += 1);
    }
}

struct Asker {
    client: Client,
    pod: Key,
    stirred: watch::Receiver<u64>,
    answers: mpsc::Sender<Message>,
    last: Option<Result<EnvoyTable, NoEnvoy>>,
    pace: Pace,
}

impl Asker {
    /// Opens a forward again and again; ends when nobody takes answers any more.
    async fn run(mut self) {
        loop {
            let (reason, wait) = match self.session().await {
                Ok(never) => match never {},
                Err(ended) => ended,
            };
            let Some(reason) = reason else { return };
            if !self.tell(Err(reason)).await {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// One forward, until it breaks: why, and how long to leave it alone.
    async fn session(&mut self) -> Result<std::convert::Infallible, (Option<NoEnvoy>, Duration)> {
        let opened = timeout(PATIENCE, Forward::open(&self.client, &self.pod, PORT)).await;
        let opened = opened.unwrap_or(Err(Failure::TimedOut));
        let (_forward, stream) = opened.map_err(|failure| (Some(refused(&failure)), REFUSED))?;
        let broken = |error: &AdminError| (Some(no_envoy(error)), BROKEN);
        let mut admin = Admin::over(stream).await.map_err(|error| broken(&error))?;
        loop {
            let asked = Instant::now();
            let answer = timeout(PATIENCE, admin.clusters()).await;
            let answer = match answer.unwrap_or_else(|_| Err(AdminError::Closed("no answer in time".to_owned()))) {
                Ok(bytes) => parse(&bytes)
                    .map(table)
                    .map_err(|error| NoEnvoy::Failed(error.to_string().into())),
                Err(error @ AdminError::Closed(_)) => return Err(broken(&error)),
                Err(error @ (AdminError::Status { .. } | AdminError::TooLarge)) => Err(no_envoy(&error)),
            };
            let took = asked.elapsed();
            if !self.tell(answer).await {
                return Err((None, Duration::ZERO));
            }
            let wait = self.pace.next(took);
            if let Ok(stirred) = timeout(wait, self.stirred.changed()).await {
                if stirred.is_err() {
                    return Err((None, Duration::ZERO));
                }
                self.pace.stir();
                tokio::time::sleep(self.pace.next(took)).await;
            }
        }
    }

    /// Passes on what is new. `false` if nobody takes it.
    async fn tell(&mut self, answer: Result<EnvoyTable, NoEnvoy>) -> bool {
        if self.last.as_ref() == Some(&answer) {
            return !self.answers.is_closed();
        }
        if self.last.is_some() {
            self.pace.stir();
        }
        self.last = Some(answer.clone());
        let message = Message::Envoy {
            pod: self.pod.clone(),
            at: Timestamp::now(),
            answer,
        };
        self.answers.send(message).await.is_ok()
    }
}

fn refused(failure: &Failure) -> NoEnvoy {
    let text = Text::from(failure.to_string());
    if matches!(failure, Failure::Forbidden { .. }) {
        NoEnvoy::Denied(text)
    } else {
        NoEnvoy::Failed(text)
    }
}

fn no_envoy(error: &AdminError) -> NoEnvoy {
    match error {
        AdminError::Status { reason, .. } if reason.starts_with(NOT_RECORDED) => NoEnvoy::NotRecorded,
        AdminError::Status { .. } | AdminError::Closed(_) | AdminError::TooLarge => {
            NoEnvoy::Failed(error.to_string().into())
        }
    }
}

/// Sorted, since Envoy lists its clusters in another order each time and only what is new is passed on.
fn table(hosts: Vec<Host>) -> EnvoyTable {
    let mut rows: Vec<EnvoyRow> = hosts.into_iter().map(row).collect();
    rows.sort_by(|a, b| a.cluster.cmp(&b.cluster).then_with(|| a.address.cmp(&b.address)));
    EnvoyTable { rows: Arc::from(rows) }
}

fn row(host: Host) -> EnvoyRow {
    EnvoyRow {
        cluster: host.cluster,
        address: match host.endpoint {
            Endpoint::Socket(ip, port) => Address::Socket(ip, port),
            Endpoint::Pipe(path) => Address::Pipe(path),
            Endpoint::Internal(listener, id) => Address::Internal(listener, id),
        },
        health: health(&host.health),
        ejected: host.ejected,
    }
}

fn health(word: &str) -> Health {
    const ALL: [Health; 6] = [
        Health::Healthy,
        Health::Unhealthy,
        Health::Draining,
        Health::Timeout,
        Health::Degraded,
        Health::Unknown,
    ];
    ALL.into_iter()
        .find(|health| health.as_str() == word)
        .unwrap_or(Health::Unknown)
}
