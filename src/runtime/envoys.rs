//! Asks the Envoys of the pods that are looked at, each over one kept-open forward, as long as somebody looks.
//!
//! Not here: what the answers mean. Each is passed on; what says nothing new is shared with the one before, so that the
//! screen can tell at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use kube::Client;
use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::feed::Tasks;
use crate::app::Message;
use crate::app::message::{EnvoyRow, EnvoyTable, NoEnvoy};
use crate::mesh::model::{Key, Text};
use crate::mesh::scope::{Address, Backend, Class, Cluster, Health, Locality, Reason, Row, Why};
use crate::mesh::world::Failure;
use crate::sources::envoy::{Admin, AdminError, Endpoint, Looked, Pace, parse};
use crate::sources::kubernetes::Forward;

/// Envoys asked at once.
const MOST: usize = 8;
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
    /// By pod: its Envoy's admin port, and what ends the asking.
    asked: BTreeMap<Key, (u16, DropGuard)>,
    stirred: watch::Sender<u64>,
    rates: Arc<AtomicBool>,
}

impl Default for Envoys {
    fn default() -> Self {
        Self {
            asked: BTreeMap::new(),
            stirred: watch::Sender::new(0),
            rates: Arc::default(),
        }
    }
}

impl Envoys {
    /// Asks the Envoys of these pods and of no others; those that were asked already go on.
    pub(super) fn ask(&mut self, pods: &[(Key, u16)], client: &Client, tasks: &Tasks, answers: &mpsc::Sender<Message>) {
        let pods = pods.get(..MOST).unwrap_or(pods);
        // one that was made anew may listen elsewhere
        self.asked
            .retain(|pod, (port, _)| pods.iter().any(|wanted| (&wanted.0, &wanted.1) == (pod, port)));
        for (pod, port) in pods {
            if self.asked.contains_key(pod) {
                continue;
            }
            let stop = CancellationToken::new();
            let asker = Asker {
                client: client.clone(),
                pod: pod.clone(),
                port: *port,
                stirred: self.stirred.subscribe(),
                rates: Arc::clone(&self.rates),
                answers: answers.clone(),
                last: None,
                pace: Pace::default(),
                moves: false,
            };
            let stopped = stop.clone();
            tasks.spawn(async move {
                stopped.run_until_cancelled(asker.run()).await;
            });
            self.asked.insert(pod.clone(), (*port, stop.drop_guard()));
        }
    }

    /// Whether what hosts do a second is looked at.
    pub(super) fn set_rates(&self, rates: bool) {
        let before = self.rates.swap(rates, Relaxed);
        if rates && !before {
            self.stir();
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
    port: u16,
    stirred: watch::Receiver<u64>,
    rates: Arc<AtomicBool>,
    answers: mpsc::Sender<Message>,
    last: Option<Result<EnvoyTable, NoEnvoy>>,
    pace: Pace,
    /// A counter has moved between the last two answers.
    moves: bool,
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
            if !self.tell(Timestamp::now(), Err(reason)).await {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// One forward, until it breaks: why, and how long to leave it alone.
    async fn session(&mut self) -> Result<std::convert::Infallible, (Option<NoEnvoy>, Duration)> {
        let opened = timeout(PATIENCE, Forward::open(&self.client, &self.pod, self.port)).await;
        let opened = opened.unwrap_or(Err(Failure::TimedOut));
        let (_forward, stream) = opened.map_err(|failure| (Some(refused(&failure)), REFUSED))?;
        let broken = |error: &AdminError| (Some(no_envoy(error)), BROKEN);
        let mut admin = Admin::over(stream).await.map_err(|error| broken(&error))?;
        loop {
            let (asked, begun) = (Timestamp::now(), Instant::now());
            let answer = timeout(PATIENCE, admin.clusters()).await;
            let answer = match answer.unwrap_or_else(|_| Err(AdminError::Closed("no answer in time".to_owned()))) {
                Ok(bytes) => self.read(bytes).await,
                Err(error @ AdminError::Closed(_)) => return Err(broken(&error)),
                Err(error @ (AdminError::Status { .. } | AdminError::TooLarge)) => Err(no_envoy(&error)),
            };
            let took = begun.elapsed();
            if !self.tell(asked, answer).await {
                return Err((None, Duration::ZERO));
            }
            let wait = self.pace.next(took, self.looked());
            if let Ok(stirred) = timeout(wait, self.stirred.changed()).await {
                if stirred.is_err() {
                    return Err((None, Duration::ZERO));
                }
                self.pace.stir();
                tokio::time::sleep(self.pace.next(took, self.looked())).await;
            }
        }
    }

    fn looked(&self) -> Looked {
        if self.moves && self.rates.load(Relaxed) {
            Looked::Rates
        } else {
            Looked::Table
        }
    }

    /// Reads an answer where it holds nobody up: a large one takes a tenth of a second.
    async fn read(&self, bytes: Bytes) -> Result<EnvoyTable, NoEnvoy> {
        let last = self.last.as_ref().and_then(|last| last.as_ref().ok()).cloned();
        let read = tokio::task::spawn_blocking(move || table(&bytes, last.as_ref())).await;
        match read {
            Ok(Ok(table)) => Ok(table),
            Ok(Err(error)) => Err(NoEnvoy::Failed(error.to_string().into())),
            Err(error) => Err(NoEnvoy::Failed(error.to_string().into())),
        }
    }

    /// Passes on what Envoy says, also if it says the same again. `false` if nobody takes it.
    async fn tell(&mut self, asked: Timestamp, answer: Result<EnvoyTable, NoEnvoy>) -> bool {
        let is_same = match (&self.last, &answer) {
            (Some(Ok(last)), Ok(answer)) => Arc::ptr_eq(&last.rows, &answer.rows),
            (Some(Err(last)), Err(answer)) => last == answer,
            (Some(Ok(_)), Err(_)) | (Some(Err(_)), Ok(_)) => false,
            (None, _) => true,
        };
        if !is_same {
            self.pace.stir();
        }
        self.moves = match (&self.last, &answer) {
            (Some(Ok(last)), Ok(answer)) => !Arc::ptr_eq(&last.counters, &answer.counters),
            (Some(Err(_)) | None, _) | (_, Err(_)) => false,
        };
        self.last = Some(answer.clone());
        let message = Message::Envoy {
            pod: self.pod.clone(),
            asked,
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

/// An answer as a table. Envoy lists its clusters in another order each time; what it says again is shared with `last`.
///
/// # Errors
/// It is no JSON of clusters; the text names the place.
pub(super) fn table(answer: &[u8], last: Option<&EnvoyTable>) -> Result<EnvoyTable, serde_json::Error> {
    let mut clusters: FxHashMap<Text, Arc<Cluster>> = FxHashMap::default();
    let mut backends: FxHashMap<([Text; 3], u32), Arc<Backend>> = FxHashMap::default();
    let why = Why::of([Reason::OnlyActual]);
    let hosts = parse(answer)?.into_iter().map(|host| {
        let named = clusters.entry(host.cluster);
        let cluster = named.or_insert_with_key(|name| Arc::new(Cluster::parse(name)));
        let placed = backends.entry((host.locality, host.weight));
        let backend = placed.or_insert_with_key(|([region, zone, sub_zone], weight)| {
            Arc::new(Backend {
                locality: Arc::new(Locality {
                    region: region.clone(),
                    zone: zone.clone(),
                    sub_zone: sub_zone.clone(),
                }),
                weight: *weight,
                ..Backend::default()
            })
        });
        let address = match host.endpoint {
            Endpoint::Socket(ip, port) => Address::Socket(ip, port),
            Endpoint::Pipe(path) => Address::Pipe(path),
            Endpoint::Internal(listener, id) => Address::Internal(Text::from(format!("{listener}/{id}"))),
        };
        let health = Health::ALL.into_iter().find(|health| host.health == health.as_str());
        let row = Row {
            address,
            health: health.unwrap_or(Health::Unknown),
            cluster: Arc::clone(cluster),
            class: Class::Runtime,
            why: Arc::clone(&why),
            backend: Arc::clone(backend),
        };
        let row = EnvoyRow {
            row,
            ejected: host.ejected,
            faults: host.faults,
            priority: host.priority,
            hostname: host.hostname,
        };
        (row, host.counters)
    });
    let mut table = EnvoyTable::new(hosts.collect());
    if let Some(last) = last {
        if last.rows == table.rows {
            table.rows = Arc::clone(&last.rows);
        }
        if last.counters == table.counters {
            table.counters = Arc::clone(&last.counters);
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer of an Envoy with so many endpoints, each of which was asked so often.
    fn answer(endpoints: u32, requests: u32) -> String {
        let clusters = (0..endpoints / 100).map(|cluster| {
            let hosts = (0..100).map(|host| {
                let (a, b) = (cluster / 200, cluster % 200);
                format!(
                    r#"{{"address":{{"socket_address":{{"address":"10.{a}.{b}.{host}","port_value":9080}}}},
                    "stats":[{{"name":"rq_total","value":"{requests}"}}],"health_status":{{"eds_health_status":"HEALTHY"}}}}"#
                )
            });
            let hosts: Vec<String> = hosts.collect();
            format!(
                r#"{{"name":"outbound|9080||s{cluster}.test","host_statuses":[{}]}}"#,
                hosts.join(",")
            )
        });
        let clusters: Vec<String> = clusters.collect();
        format!(r#"{{"cluster_statuses":[{}]}}"#, clusters.join(","))
    }

    #[test]
    fn of_20_000_endpoints_what_is_said_again_is_shared_so_that_the_screen_compares_pointers() {
        let first = table(answer(20_000, 1).as_bytes(), None).unwrap();
        assert_eq!((first.rows.len(), first.counters.len()), (20_000, 20_000));
        assert_eq!(
            Arc::strong_count(&first.rows[0].row.cluster),
            100,
            "a cluster is held once"
        );
        let same = table(answer(20_000, 1).as_bytes(), Some(&first)).unwrap();
        assert!(Arc::ptr_eq(&same.rows, &first.rows) && Arc::ptr_eq(&same.counters, &first.counters));
        let busy = table(answer(20_000, 2).as_bytes(), Some(&first)).unwrap();
        assert!(Arc::ptr_eq(&busy.rows, &first.rows) && !Arc::ptr_eq(&busy.counters, &first.counters));
        let other = table(answer(19_900, 1).as_bytes(), Some(&first)).unwrap();
        assert!(!Arc::ptr_eq(&other.rows, &first.rows));
    }
}
