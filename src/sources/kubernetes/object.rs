//! One object as the server has it now: for YAML on request.

use http_body_util::{BodyExt, Limited};
use kube::Client;
use kube::client::Body;

use super::failure::{failure_of, first_line, status_of};
use super::lines::LINE_BYTES;
use super::resources::resource;
use crate::mesh::model::{Key, Kind};
use crate::mesh::world::{Failure, ListScope};

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
