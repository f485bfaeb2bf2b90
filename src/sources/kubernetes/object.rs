//! One object as the server has it now, for YAML on request; and its events.

use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode;
use super::failure::{failure_of, first_line, status_of};
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
    let bytes = body
        .map_err(|error| Failure::Interrupted(first_line(&error.to_string())))?
        .to_bytes();
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
                let bytes = body
                    .map_err(|error| Failure::Interrupted(first_line(&error.to_string())))?
                    .to_bytes();
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
