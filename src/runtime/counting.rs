//! What Envoys count over a time: several at once, for the headless commands.
//!
//! Counters that are there at the first look count as used: Envoy counts since its own start.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::{Either, select};
use futures::stream;
use kube::Client;

use super::actual::{Envoy, Silence};
use super::live::Live;
use crate::app::message::EnvoyTable;
use crate::mesh::model::{HostCounters, Key};
use crate::mesh::scope::{Address, Cluster};

/// Envoys asked at the same time.
const AT_ONCE: usize = 8;
/// Looks besides the first and the last: endpoints come and go, and their counters with them.
const LOOKS: u32 = 20;
/// Between two looks, at least and at most.
const SOONEST: Duration = Duration::from_secs(1);
const LATEST: Duration = Duration::from_secs(15);

/// An Envoy to be watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Whose.
    pub pod: Key,
    /// Of its admin page.
    pub port: u16,
}

/// What an Envoy was seen to count.
pub struct Counted {
    /// Whose.
    pub pod: Key,
    /// Every endpoint with a counter that is not zero, with its cluster.
    pub used: BTreeSet<(Address, Arc<Cluster>)>,
    /// How often it answered.
    pub answers: usize,
    /// Why it did not answer the last time; what it said before counts all the same.
    pub silence: Option<Silence>,
}

/// What was learnt.
pub struct Watched {
    /// In the order in which they were given.
    pub envoys: Vec<Counted>,
    /// How long it took.
    pub time: Duration,
    /// It was ended by Ctrl-c, before its time.
    pub interrupted: bool,
}

/// Watches the counters of these Envoys for so long; with no time, looks once. Ctrl-c ends it with what was learnt so far.
///
/// What comes from the cluster meanwhile is taken in.
pub async fn watch(client: &Client, live: &mut Live, targets: &[Target], time: Duration) -> Watched {
    let begun = Instant::now();
    let mut watching: Vec<Watching> = targets.iter().map(|target| Watching::new(client, target)).collect();
    let stays = watching.len() <= AT_ONCE;
    let pause = (time / LOOKS).clamp(SOONEST, LATEST);
    let interrupted = {
        let looks = pin!(async {
            loop {
                let round = stream::iter(watching.iter_mut());
                round.for_each_concurrent(AT_ONCE, |one| one.look(stays)).await;
                let left = time.saturating_sub(begun.elapsed());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(pause.min(left)).await;
            }
        });
        let follow = pin!(async {
            while live.next().await.is_some() {}
            std::future::pending::<()>().await;
        });
        matches!(select(looks, select(pin!(ctrl_c()), follow)).await, Either::Right(_))
    };
    Watched {
        envoys: watching.into_iter().map(|one| one.counted).collect(),
        time: begun.elapsed(),
        interrupted,
    }
}

/// Ends at Ctrl-c; never where that cannot be caught.
async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// An Envoy that is watched.
struct Watching {
    client: Client,
    port: u16,
    envoy: Option<Envoy>,
    counted: Counted,
}

impl Watching {
    fn new(client: &Client, target: &Target) -> Self {
        Self {
            client: client.clone(),
            port: target.port,
            envoy: None,
            counted: Counted {
                pod: target.pod.clone(),
                used: BTreeSet::new(),
                answers: 0,
                silence: None,
            },
        }
    }

    /// Asks once; the forward stays open for the next look if it may.
    async fn look(&mut self, stays: bool) {
        if self.counted.silence.as_ref().is_some_and(|silence| !silence.may_pass()) {
            return;
        }
        let envoy = self
            .envoy
            .get_or_insert_with(|| Envoy::new(self.client.clone(), self.counted.pod.clone(), self.port));
        match envoy.table().await {
            Ok(table) => {
                self.counted.answers += 1;
                self.counted.silence = None;
                self.counted.used.extend(used(&table));
            }
            Err(silence) => self.counted.silence = Some(silence),
        }
        if !stays {
            self.envoy = None;
        }
    }
}

fn used(table: &EnvoyTable) -> impl Iterator<Item = (Address, Arc<Cluster>)> + '_ {
    let rows = table.rows.iter().zip(table.counters.iter());
    let used = rows.filter(|(_, counters)| **counters != HostCounters::default());
    used.map(|(host, _)| (host.row.address.clone(), Arc::clone(&host.row.cluster)))
}
