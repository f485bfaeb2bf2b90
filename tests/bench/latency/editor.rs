//! Edits of one Sidecar, straight to the API server.

use std::path::Path;

use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

const NAMESPACE: &str = "default";
const NAME: &str = "default";

/// Who edits, as managedFields will say.
pub(crate) const MANAGER: &str = "sidescope-bench";

/// The egress hosts of either state; the second lets the bookinfo namespace in.
const STATES: [&[&str]; 2] = [&["./*", "istio-system/*"], &["./*", "istio-system/*", "bookinfo/*"]];

pub(crate) struct Editor {
    runtime: Runtime,
    sidecars: Api<DynamicObject>,
}

impl Editor {
    pub(crate) fn connect(kubeconfig: &Path) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sidecars = runtime.block_on(async {
            let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
            let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
                .await
                .unwrap();
            let resource = ApiResource {
                group: "networking.istio.io".to_owned(),
                version: "v1".to_owned(),
                api_version: "networking.istio.io/v1".to_owned(),
                kind: "Sidecar".to_owned(),
                plural: "sidecars".to_owned(),
            };
            Api::namespaced_with(Client::try_from(config).unwrap(), NAMESPACE, &resource)
        });
        Self { runtime, sidecars }
    }

    /// Brings the Sidecar into one of the [`STATES`]; back when the server has answered.
    pub(crate) fn edit(&self, state: usize) {
        let sidecar = json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "Sidecar",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {"egress": [{"hosts": STATES[state]}]},
        });
        let parameters = PatchParams::apply(MANAGER).force();
        self.runtime
            .block_on(self.sidecars.patch(NAME, &parameters, &Patch::Apply(&sidecar)))
            .unwrap();
    }

    /// Takes the Sidecar out again.
    pub(crate) fn delete(&self) {
        self.runtime
            .block_on(self.sidecars.delete(NAME, &DeleteParams::default()))
            .unwrap();
    }
}
