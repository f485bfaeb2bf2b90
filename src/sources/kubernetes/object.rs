//! One object as the server has it now, for YAML on request; its events; and whether the server answers at all.

use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode;
use super::failure::{failure_of, first_line, status_of, unread};
use super::lines::LINE_BYTES;
use super::resources::resource;
use crate::mesh::model::{Event, Interner, Key, Kind, Object};
use crate::mesh::world::{Failure, ListScope};

/// The events of an object, oldest first, as `kubectl events --for` asks for them; no more than [`MOST_EVENTS`].
pub async fn events(client: &Client, kind: Kind, key: &Key) -> Result<Vec<Arc<Event>>, Failure> {
    let path = format!(
        "/api/v1/namespaces/{}/events?fieldSelector=involvedObject.kind%3D{},involvedObject.name%3D{}&limit={MOST_EVENTS}",
        key.namespace,
        kind.name(),
        key.name
    );
    let request = http::Request::get(path).body(Body::empty());
    let request = request.map_err(|error| Failure::Malformed(first_line(&error.to_string())))?;
    let response = client.send(request).await.map_err(|error| failure_of(&error))?;
    match response.status().as_u16() {
        200 => {}
        403 => {
            return Err(Failure::Forbidden {
                verb: "list",
                resource: Kind::Event.plural(),
                namespace: key.namespace.clone(),
            });
        }
        code => return Err(Failure::Status(code, first_line(&status_of(response).await.message))),
    }
    let body = Limited::new(response.into_body(), LINE_BYTES).collect().await;
    let bytes = body.map_err(|error| unread(&*error, LINE_BYTES))?.to_bytes();
    let list: List<'_> =
        serde_json::from_slice(&bytes).map_err(|error| Failure::Malformed(first_line(&error.to_string())))?;
    let mut interner = Interner::default();
    let mut events: Vec<Arc<Event>> = Vec::new();
    for item in &list.items {
        if let Ok(Object::Event(event)) = decode::object(Kind::Event, item.get(), &mut interner).object {
            events.push(event);
        }
    }
    events.sort_by(|a, b| a.last.cmp(&b.last).then_with(|| a.meta.key.cmp(&b.meta.key)));
    Ok(events)
}

/// Whether an API server answers, and knows who asks. What it allows is another question.
///
/// # Errors
/// There is no answer, one that refuses the login, or one of something else on the way.
pub async fn answers(client: &Client) -> Result<(), Failure> {
    let request = http::Request::get("/version").body(Body::empty());
    let request = request.map_err(|error| Failure::Malformed(first_line(&error.to_string())))?;
    let response = client.send(request).await.map_err(|error| failure_of(&error))?;
    let code = response.status().as_u16();
    let body = Limited::new(response.into_body(), VERSION_BYTES).collect().await;
    let body = body.map_err(|error| Failure::Interrupted(first_line(&error.to_string())))?;
    let said: Said = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    match (code, said.kind.as_str()) {
        (401, _) => Err(Failure::Unauthorized(first_line(&said.message))),
        (200, _) if !said.git_version.is_empty() => Ok(()),
        // what a server says that allows this to nobody
        (403, "Status") => Ok(()),
        _ => Err(Failure::Malformed(
            format!("no API server answers '{code}' to /version").into(),
        )),
    }
}

/// `/version` is a dozen short fields.
const VERSION_BYTES: usize = 64 * 1024;

/// A version, or why there is none.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Said {
    git_version: String,
    kind: String,
    message: String,
}

/// Events of one object: somebody reads them.
const MOST_EVENTS: usize = 200;

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// Fetches an object, of the best version that the server has of its kind; `None` if there is no such object.
pub async fn fetch(client: &Client, kind: Kind, key: &Key) -> Result<Option<serde_json::Value>, Failure> {
    let resource = resource(kind);
    for version in resource.versions {
        let scope = ListScope::Namespace(key.namespace.clone());
        let path = resource.path(version, &scope, &key.namespace);
        let request = http::Request::get(format!("{path}/{}", key.name)).body(Body::empty());
        let request = request.map_err(|error| Failure::Malformed(first_line(&error.to_string())))?;
        let response = client.send(request).await.map_err(|error| failure_of(&error))?;
        match response.status().as_u16() {
            200 => {
                let body = Limited::new(response.into_body(), LINE_BYTES).collect().await;
                let bytes = body.map_err(|error| unread(&*error, LINE_BYTES))?.to_bytes();
                return serde_json::from_slice(&bytes)
                    .map(Some)
                    .map_err(|error| Failure::Malformed(first_line(&error.to_string())));
            }
            404 => {}
            403 => {
                let namespace = key.namespace.clone();
                return Err(Failure::Forbidden {
                    verb: "get",
                    resource: kind.plural(),
                    namespace,
                });
            }
            code => return Err(Failure::Status(code, first_line(&status_of(response).await.message))),
        }
    }
    Ok(None)
}
