//! A pod that comes and goes, the second of all by its name: the first may be held in its place by a cursor.

use std::path::Path;

use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const NAME: &str = "details-v2-probe";
const PODS: &str = "/api/v1/namespaces/bookinfo/pods";

/// Whether it is on the screen, and not as one that is gone (sidescope keeps its row for a while, with this sign).
pub(crate) fn is_shown(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| line.contains(NAME));
    lines.any(|line| !line.trim_start_matches([' ', '▸', '│']).starts_with("- "))
}

pub(crate) struct Probe {
    runtime: Runtime,
    client: Client,
}

impl Probe {
    pub(crate) fn connect(kubeconfig: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
        let client = runtime.block_on(async {
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
            Client::try_from(config).unwrap()
        });
        Self { runtime, client }
    }

    /// Makes it, or deletes it at once; back when the server has answered.
    pub(crate) fn put(&self, is_there: bool) {
        let request = if is_there {
            let pod = json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": NAME, "namespace": "bookinfo"},
                "spec": {"containers": [{"name": "probe", "image": "probe"}]},
            });
            let post = Request::post(PODS).header("content-type", "application/json");
            post.body(pod.to_string().into_bytes())
        } else {
            Request::delete(format!("{PODS}/{NAME}?gracePeriodSeconds=0")).body(Vec::new())
        };
        let answer = self.client.request::<Value>(request.unwrap());
        self.runtime.block_on(answer).unwrap();
    }
}
