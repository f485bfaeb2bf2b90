//! What listens on port 15000 of the demo's pods: recorded answers of real Envoys, found by the state of the cluster.
//!
//! Nothing is computed here: a state that nobody recorded gets "not recorded" (503), and so does a pod that ran no Envoy when the
//! recording was made. An answer follows an edit after [`LAG`], as on the bed; until then the state before is told. Only the
//! counters are made up (`counters`).

mod counters;
pub mod fingerprint;
mod pages;
pub mod recording;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::admin::{Admin, AdminAnswer, Ran, RunEnd};
use super::kinds::Resource;
use super::reference::ResourceRef;
use super::store::Store;
use super::story::StoryError;
use super::tree::text;
use counters::{Counters, is_healthy};
use fingerprint::Fingerprint;
use recording::{Found, Recording};

/// Envoy's admin port in every pod with a proxy.
pub const ADMIN_PORT: u16 = 15000;
/// From an edit to its effect in Envoy: the median of ten edits on the bed, 100 ms of it istiod's debounce.
pub const LAG: SignedDuration = SignedDuration::from_millis(112);
/// The first words of an answer that was never recorded.
pub const NOT_RECORDED: &str = "not recorded";
/// Packets of a sidecar on the bed, whole.
const CAPTURE: &[u8] = include_bytes!("../../assets/demo/packets.pcap");
/// States remembered; only those younger than [`LAG`] matter.
const REMEMBERED: usize = 16;

/// The Envoys of the demo's pods.
pub struct Envoys {
    store: Arc<Store>,
    recording: Recording,
    inner: Mutex<Inner>,
}

struct Inner {
    /// The store's version that was looked at last.
    version: u64,
    /// The states since when, oldest first; never empty after the first look.
    states: VecDeque<(Timestamp, Option<Fingerprint>)>,
    counters: Counters,
}

impl Envoys {
    /// The Envoys over a store, with the built-in recording.
    ///
    /// # Errors
    /// When an asset cannot be used, which a test rules out.
    pub fn load(store: Arc<Store>) -> Result<Self, StoryError> {
        let recording = Recording::load().map_err(StoryError::Recording)?;
        Ok(Self::new(store, recording)?)
    }

    fn new(store: Arc<Store>, recording: Recording) -> Result<Self, super::story::manifests::ManifestError> {
        let inner = Inner {
            version: u64::MAX,
            states: VecDeque::new(),
            counters: Counters::load()?,
        };
        Ok(Self {
            store,
            recording,
            inner: Mutex::new(inner),
        })
    }

    /// Looks at the store and says whether its present state was recorded. To be called soon after a change, so that [`LAG`]
    /// counts from there; cheap when nothing changed.
    pub fn observe(&self) -> bool {
        let mut inner = self.lock();
        let state = inner.observe(&self.store);
        self.recording.has(state)
    }

    /// Whether a pod's Envoy sends requests to this address now: it has it, and not as unhealthy. Of a state that nobody
    /// recorded nothing is known, so that nothing is sent.
    pub fn sends_to(&self, namespace: &str, pod: &str, to: SocketAddr) -> bool {
        let target = ResourceRef::new(Resource::Pods, namespace, pod);
        if !self.store.get(&target).is_some_and(|pod| runs_envoy(&pod)) {
            return false;
        }
        let mut inner = self.lock();
        inner.observe(&self.store);
        let state = inner.state_at(self.store.now());
        let Found::Clusters(clusters) = self.recording.find(state, namespace, pod) else {
            return false;
        };
        let (ip, port) = (to.ip().to_string(), u64::from(to.port()));
        let mut hosts = clusters
            .iter()
            .filter(|cluster| text(cluster, "/name").starts_with("outbound|"))
            .filter_map(|cluster| cluster.get("host_statuses").and_then(Value::as_array))
            .flatten();
        hosts.any(|host| {
            let number = host
                .pointer("/address/socket_address/port_value")
                .and_then(Value::as_u64);
            text(host, "/address/socket_address/address") == ip && number == Some(port) && is_healthy(host)
        })
    }

    fn page(&self, namespace: &str, pod: &Value, path: &str) -> AdminAnswer {
        let name = text(pod, "/metadata/name");
        let since = text(pod, "/status/startTime").parse().ok();
        let now = self.store.now();
        let since = since.unwrap_or(now).min(now);
        let (page, query) = path.split_once('?').unwrap_or((path, ""));
        match page {
            "/ready" => AdminAnswer::text(200, "LIVE\n"),
            "/server_info" => AdminAnswer::json(pages::server_info(&self.recording.envoy, pod, since, now)),
            "/clusters" => match self.clusters(namespace, name, since, now) {
                Ok(clusters) if query.split('&').any(|part| part == "format=json") => {
                    AdminAnswer::json(json!({"cluster_statuses": clusters}).to_string())
                }
                Ok(clusters) => AdminAnswer::text(200, pages::clusters_text(&clusters)),
                Err(why) => AdminAnswer::text(503, format!("{NOT_RECORDED}: {why}\n")),
            },
            "/stats" => match self.clusters(namespace, name, since, now) {
                Ok(clusters) => AdminAnswer::text(200, pages::stats(&clusters, since, now)),
                Err(why) => AdminAnswer::text(503, format!("{NOT_RECORDED}: {why}\n")),
            },
            _ => AdminAnswer::text(404, pages::NO_PAGE),
        }
    }

    fn clusters(
        &self,
        namespace: &str,
        pod: &str,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Value>, &'static str> {
        let mut inner = self.lock();
        inner.observe(&self.store);
        let state = inner.state_at(now);
        let clusters = match self.recording.find(state, namespace, pod) {
            Found::Clusters(clusters) => clusters,
            Found::NoPod => return Err("no Envoy ran in this pod when this state was recorded"),
            Found::NoState => {
                return Err("the cluster is in no state of the story; restart the story, or undo the edit");
            }
        };
        let mut clusters = clusters.into_iter().cloned().collect::<Vec<_>>();
        let pod = format!("{namespace}/{pod}");
        inner.counters.fill(&pod, since, now, &mut clusters);
        Ok(clusters)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // whoever panicked left at worst a counter behind
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn observe(&mut self, store: &Store) -> Option<Fingerprint> {
        let version = store.version();
        if version != self.version {
            let (now, state) = (store.now(), Fingerprint::of(store));
            self.version = version;
            if self.states.back().is_none_or(|(_, last)| *last != state) {
                if self.states.len() == REMEMBERED {
                    self.states.pop_front();
                }
                self.states.push_back((now, state));
            }
        }
        self.states.back().and_then(|(_, state)| *state)
    }

    /// The state that has reached the Envoys: the newest that is older than the lag, else the oldest known.
    fn state_at(&self, now: Timestamp) -> Option<Fingerprint> {
        let arrived = |(since, _): &&(Timestamp, Option<Fingerprint>)| now.duration_since(*since) >= LAG;
        let found = self.states.iter().rev().find(arrived).or_else(|| self.states.front());
        found.and_then(|(_, state)| *state)
    }
}

impl Admin for Envoys {
    fn answer(&self, namespace: &str, pod: &str, port: u16, path: &str) -> AdminAnswer {
        let target = ResourceRef::new(Resource::Pods, namespace, pod);
        match self.store.get(&target) {
            Some(pod) if port == ADMIN_PORT && runs_envoy(&pod) => self.page(namespace, &pod, path),
            Some(_) | None => AdminAnswer::Refused,
        }
    }

    /// Only tcpdump, and not in the proxy's image, which has none: it plays a capture of the bed.
    fn run(&self, _: &str, _: &str, container: &str, command: &[String]) -> Ran {
        if container == "istio-proxy" || command.first().is_none_or(|program| program != "tcpdump") {
            return Ran::nothing();
        }
        Ran {
            stdout: Bytes::from_static(CAPTURE),
            stderr: Bytes::from_static(
                b"tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 256 bytes\n",
            ),
            end: RunEnd::Exit(0),
        }
    }
}

impl std::fmt::Debug for Envoys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envoys").finish_non_exhaustive()
    }
}

/// Whether a pod has a proxy container and runs.
pub fn runs_envoy(pod: &Value) -> bool {
    let has_proxy = ["/spec/containers", "/spec/initContainers"]
        .iter()
        .filter_map(|list| pod.pointer(list).and_then(Value::as_array))
        .flatten()
        .any(|container| text(container, "/name") == "istio-proxy");
    has_proxy && text(pod, "/status/phase") == "Running"
}

#[cfg(test)]
mod tests;
