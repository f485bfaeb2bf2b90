//! Whether the server knows a kind at all.
//!
//! Rights are judged before it is looked whether there is such a kind: a reader without rights to `httproutes` is told 403
//! on a cluster that never heard of them. Every login may read the discovery, which tells the two apart.

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use serde::Deserialize;
use tokio::time::timeout;

use super::Follower;

/// The resources of a group and version fit into this many times over.
const DISCOVERY_BYTES: usize = 4 << 20;

/// Kubernetes: `metav1.APIResourceList`.
#[derive(Deserialize)]
struct Resources {
    resources: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Follower {
    /// `false` only if the discovery says that the version of the kind that is asked for is not there. A kind that every
    /// server has is not looked for, and a discovery that cannot be read says nothing.
    pub(super) async fn is_served(&self) -> bool {
        let Some(path) = self.resource.discovery(self.version) else {
            return true;
        };
        match timeout(self.settings.request_timeout, self.discovered(&path)).await {
            Ok(Some((404, _))) => false,
            Ok(Some((200, body))) => serde_json::from_slice::<Resources>(&body).map_or(true, |found| {
                found.resources.iter().any(|named| named.name == self.resource.plural)
            }),
            Ok(Some(_) | None) | Err(_) => true,
        }
    }

    async fn discovered(&self, path: &str) -> Option<(u16, Bytes)> {
        let request = http::Request::get(path).body(Body::empty()).ok()?;
        let response = self.client.send(request).await.ok()?;
        let code = response.status().as_u16();
        let body = Limited::new(response.into_body(), DISCOVERY_BYTES)
            .collect()
            .await
            .ok()?;
        Some((code, body.to_bytes()))
    }
}
