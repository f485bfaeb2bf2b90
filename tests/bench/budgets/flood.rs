//! Changes of a crowd's pods and slices, so many a second, straight to the API server.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

/// Requests under way at a time.
const AT_ONCE: usize = 8;
/// So many of each kind are changed in turn.
const OBJECTS: usize = 5_000;

/// What a patch is sent to, and the two that it goes to and fro between.
struct Target {
    path: String,
    patches: [Vec<u8>; 2],
}

/// Changes that go on until this is dropped.
pub(crate) struct Flood {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    started: Instant,
    thread: Option<JoinHandle<()>>,
}

impl Flood {
    /// Half of the changes are a pod's label, half an endpoint's readiness.
    pub(crate) fn start(kubeconfig: &Path, per_second: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
        let (client, targets) = runtime.block_on(async {
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
            let client = Client::try_from(config).unwrap();
            let targets = targets(&client).await;
            (client, targets)
        });
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (is_over, count) = (Arc::clone(&stop), Arc::clone(&done));
        let thread = thread::spawn(move || {
            let mut pace = Duration::from_secs(1) / per_second;
            // a timer has no finer steps
            let each = u32::max(
                1,
                u32::try_from(Duration::from_millis(2).as_nanos() / pace.as_nanos()).unwrap(),
            );
            pace *= each;
            runtime.block_on(async {
                let ticks = futures::stream::unfold(tokio::time::interval(pace), |mut interval| async {
                    interval.tick().await;
                    Some(((), interval))
                });
                let ticks = ticks.take_while(|()| std::future::ready(!is_over.load(Ordering::Relaxed)));
                let turns = ticks.flat_map(|()| futures::stream::iter(0..each)).enumerate();
                let changes = turns.map(|(turn, _)| {
                    let target = &targets[turn % targets.len()];
                    let patch = target.patches[turn / targets.len() % 2].clone();
                    let request = Request::patch(&target.path).header("content-type", "application/merge-patch+json");
                    let (client, count) = (&client, &count);
                    async move {
                        client.request::<Value>(request.body(patch).unwrap()).await.unwrap();
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
                changes
                    .buffer_unordered(AT_ONCE)
                    .for_each(|()| std::future::ready(()))
                    .await;
            });
        });
        let (thread, started) = (Some(thread), Instant::now());
        Self {
            stop,
            done,
            started,
            thread,
        }
    }

    /// How many changes there were until now.
    pub(crate) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// How many of them a second there really were.
    pub(crate) fn rate(&self) -> f64 {
        let done = u32::try_from(self.done()).unwrap();
        f64::from(done) / self.started.elapsed().as_secs_f64()
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || thread::panicking(), "the flood broke");
    }
}

async fn targets(client: &Client) -> Vec<Target> {
    let list = async |path: &str| {
        let request = Request::get(format!("{path}?limit={OBJECTS}"))
            .body(Vec::new())
            .unwrap();
        let mut list = client.request::<Value>(request).await.unwrap();
        let items = list["items"].take();
        let Value::Array(items) = items else {
            panic!("no list at {path}")
        };
        items
            .into_iter()
            .filter(|item| item["metadata"]["namespace"].as_str().unwrap().starts_with("team-"))
    };
    let target = |api: &str, plural: &str, item: &Value, patches: [Value; 2]| {
        let [namespace, name] = ["namespace", "name"].map(|part| item["metadata"][part].as_str().unwrap());
        Target {
            path: format!("{api}/namespaces/{namespace}/{plural}/{name}"),
            patches: patches.map(|patch| patch.to_string().into_bytes()),
        }
    };
    let pods = list("/api/v1/pods").await.map(|pod| {
        let labelled = |round: &str| json!({"metadata": {"labels": {"round": round}}});
        target("/api/v1", "pods", &pod, ["even", "odd"].map(labelled))
    });
    let api = "/apis/discovery.k8s.io/v1";
    let slices = list(&format!("{api}/endpointslices")).await.map(|slice| {
        let with = |is_ready: bool| {
            let mut endpoints = slice["endpoints"].clone();
            endpoints[0]["conditions"]["ready"] = is_ready.into();
            json!({ "endpoints": endpoints })
        };
        target(api, "endpointslices", &slice, [false, true].map(with))
    });
    let (pods, slices): (Vec<_>, Vec<_>) = (pods.collect(), slices.collect());
    let slices: Vec<_> = slices.into_iter().collect();
    pods.into_iter()
        .zip(slices)
        .flat_map(|(pod, slice)| [pod, slice])
        .collect()
}
