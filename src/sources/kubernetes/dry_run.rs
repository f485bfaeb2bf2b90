//! Whether the API server would take an object: a server-side apply with `dryRun=All`, which stores nothing.
//!
//! The only write that is ever asked for, and only after a person has confirmed it. Forced: what other managers own is no
//! question of whether the object is sound.
//!
//! Kubernetes: <https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run>.

use http::header::{CONTENT_TYPE, HeaderMap};
use kube::Client;
use kube::client::Body;

use super::failure::{failure_of, first_line, status_of};
use super::resources::resource;
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::world::{Failure, ListScope};

/// Asks, and gives the server's warnings if it would take the object.
///
/// # Errors
/// Why it would not, or why it could not be asked.
pub async fn dry_run(client: &Client, kind: Kind, key: &Key, body: &serde_json::Value) -> Result<Vec<Text>, Failure> {
    let resource = resource(kind);
    let said = body.get("apiVersion").and_then(serde_json::Value::as_str);
    let said = said.and_then(|version| version.rsplit('/').next());
    let first = resource.versions.first().copied().unwrap_or_default();
    let version = said.unwrap_or(first);
    let scope = ListScope::Namespace(key.namespace.clone());
    let path = resource.path(version, &scope, &key.namespace);
    let request = http::Request::patch(format!(
        "{path}/{}?dryRun=All&fieldManager=sidescope&force=true&fieldValidation=Warn",
        key.name
    ));
    let request = request.header(CONTENT_TYPE, "application/apply-patch+yaml");
    let request = request.body(Body::from(body.to_string().into_bytes()));
    let request = request.map_err(|error| Failure::Malformed(first_line(&error.to_string())))?;
    let response = client.send(request).await.map_err(|error| failure_of(&error))?;
    match response.status().as_u16() {
        200 | 201 => Ok(warnings(response.headers())),
        403 => {
            let message = status_of(response).await.message;
            // a webhook refuses with 403 too, and is not to be mistaken for a lacking right
            if message.contains("cannot patch") || message.contains("cannot create") {
                let verb = if message.contains("cannot create") {
                    "create"
                } else {
                    "patch"
                };
                return Err(Failure::Forbidden {
                    verb,
                    resource: kind.plural(),
                    namespace: key.namespace.clone(),
                });
            }
            Err(Failure::Status(403, first_line(&message)))
        }
        code => Err(Failure::Status(code, first_line(&status_of(response).await.message))),
    }
}

/// The texts of `Warning: 299 - "text"`.
fn warnings(headers: &HeaderMap) -> Vec<Text> {
    let values = headers
        .get_all("warning")
        .iter()
        .filter_map(|value| value.to_str().ok());
    let texts = values.filter_map(|value| value.split_once('"'));
    texts.map(|(_, rest)| first_line(rest.trim_end_matches('"'))).collect()
}
