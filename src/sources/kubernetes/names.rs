//! Names of objects alone, for somebody who is typing one.
//!
//! Only metadata is asked for, of no more than [`MOST`] objects. Kubernetes:
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables>, `PartialObjectMetadataList`.

use http::header::ACCEPT;
use http_body_util::{BodyExt, Limited};
use kube::Client;
use kube::client::Body;
use serde::Deserialize;

use super::failure::{failure_of, first_line, status_of, unread};
use super::resources::resource;
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::world::{Failure, ListScope};

/// So many names are asked for: nobody reads more.
const MOST: usize = 2000;
/// A list of so many names is never longer.
const MOST_BYTES: usize = 16 << 20;
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// Objects that have names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listed {
    /// Of a kind that is followed.
    Kind(Kind),
    /// Of a kind that has pods: its group and plural name; its version is v1.
    Workload(&'static str, &'static str),
}

/// The keys of objects, of one namespace or of all, in the server's order.
///
/// # Errors
/// The server does not answer, refuses, or has no such kind.
pub async fn names(client: &Client, listed: Listed, namespace: Option<&str>) -> Result<Vec<Key>, Failure> {
    let paths: Vec<String> = match listed {
        Listed::Kind(kind) => {
            let resource = resource(kind);
            let scope = namespace.map_or(ListScope::All, |namespace| ListScope::Namespace(namespace.into()));
            let path = |version: &&str| resource.path(version, &scope, namespace.unwrap_or_default());
            resource.versions.iter().map(path).collect()
        }
        Listed::Workload(group, plural) => {
            let place = namespace.map_or_else(String::new, |namespace| format!("namespaces/{namespace}/"));
            vec![format!("/apis/{group}/v1/{place}{plural}")]
        }
    };
    let mut last = Failure::Status(404, Text::default());
    for path in paths {
        match list(client, &path).await {
            Err(Failure::Status(404, message)) => last = Failure::Status(404, message),
            other => return other,
        }
    }
    Err(last)
}

async fn list(client: &Client, path: &str) -> Result<Vec<Key>, Failure> {
    let request = http::Request::get(format!("{path}?limit={MOST}")).header(ACCEPT, METADATA);
    let request = request.body(Body::empty());
    let request = request.map_err(|error| Failure::Malformed(first_line(&error.to_string())))?;
    let response = client.send(request).await.map_err(|error| failure_of(&error))?;
    let code = response.status().as_u16();
    if code != 200 {
        return Err(Failure::Status(code, first_line(&status_of(response).await.message)));
    }
    let body = Limited::new(response.into_body(), MOST_BYTES).collect().await;
    let bytes = body.map_err(|error| unread(&*error, MOST_BYTES))?.to_bytes();
    let list: List =
        serde_json::from_slice(&bytes).map_err(|error| Failure::Malformed(first_line(&error.to_string())))?;
    let key = |item: Item| Key::new(item.metadata.namespace.as_str(), item.metadata.name.as_str());
    Ok(list.items.into_iter().map(key).collect())
}

#[derive(Deserialize)]
struct List {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: String,
}
