//! A port of a pod, through the API server: what `kubectl port-forward` does, without a local port.
//!
//! RBAC: `get` *and* `create` on `pods/portforward` (Kubernetes 1.36 asks for both of a WebSocket).

use k8s_openapi::api::core::v1::Pod;
use kube::api::Portforwarder;
use kube::{Api, Client};
use tokio::io::{AsyncRead, AsyncWrite};

use super::failure::refused;
use crate::mesh::model::Key;
use crate::mesh::world::Failure;

/// An open forward; closing it is dropping it.
pub struct Forward {
    forwarder: Portforwarder,
}

impl Forward {
    /// Opens `port` of `pod` and gives the stream, once.
    pub async fn open(
        client: &Client,
        pod: &Key,
        port: u16,
    ) -> Result<(Self, impl AsyncRead + AsyncWrite + Unpin + Send + use<>), Failure> {
        let pods: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace);
        let mut forwarder = pods
            .portforward(&pod.name, &[port])
            .await
            .map_err(|error| refused(&error, "pods/portforward", pod))?;
        let stream = forwarder
            .take_stream(port)
            .ok_or_else(|| Failure::Malformed("no stream was opened".into()))?;
        Ok((Self { forwarder }, stream))
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // kube's forwarder goes on until both ends close; nobody looks any more
        self.forwarder.abort();
    }
}
