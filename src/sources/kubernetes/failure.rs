//! What a request to the API server can end in, as decisions a watcher can take.

use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::client::Body;
use serde::Deserialize;

use super::login::LoginError;
use crate::mesh::model::{Key, Text};
use crate::mesh::world::Failure;

/// Why a list or watch stopped.
#[derive(Debug)]
pub(super) enum Break {
    /// The reader of this source is gone: stop for good.
    Unwanted,
    /// 404: this version of the kind is not served.
    NotServed,
    /// 403.
    Forbidden,
    /// 410, or the server's word that the resource version is too old: list anew.
    Expired,
    /// The server cannot stream a list: it must be read by pages.
    CannotStream,
    /// The watch ended as it may: go on from where it was.
    Ended,
    /// Anything else: wait, then try again.
    Failed(Failure),
    /// The server fails and says after how long one may ask again.
    Later(Failure, Duration),
}

/// The part of `metav1.Status` that decides.
#[derive(Deserialize, Default, Debug)]
#[serde(default)]
pub(super) struct Status {
    pub(super) message: String,
    pub(super) code: u16,
    details: Details,
}

#[derive(Deserialize, Default, Debug)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    retry_after_seconds: u64,
}

impl Status {
    /// What this status means for a list or watch.
    pub(super) fn into_break(self) -> Break {
        match self.code {
            401 => Break::Failed(Failure::Unauthorized(first_line(&self.message))),
            400 | 403 | 422 if self.message.contains("sendInitialEvents") => Break::CannotStream,
            403 => Break::Forbidden,
            404 => Break::NotServed,
            410 => Break::Expired,
            // a server that was set back to an older state will not have that version for long
            504 if self.message.contains("Too large resource version") => Break::Expired,
            code => {
                let failure = Failure::Status(code, first_line(&self.message));
                match self.details.retry_after_seconds {
                    0 => Break::Failed(failure),
                    seconds => Break::Later(failure, Duration::from_secs(seconds).min(LATEST)),
                }
            }
        }
    }
}

/// Nobody who looks at a screen waits longer, whatever a server says.
const LATEST: Duration = Duration::from_secs(60);

/// What became of an answer's body that was not read whole; `most`: its bound in MiB.
pub(super) fn unread(error: &(dyn std::error::Error + Send + Sync + 'static), most: usize) -> Failure {
    if error.is::<LengthLimitError>() {
        Failure::Malformed(format!("an answer of more than {} MiB", most >> 20).as_str().into())
    } else {
        Failure::Interrupted(first_line(&error.to_string()))
    }
}

/// A status is a sentence; more than that is somebody's page.
const STATUS_BYTES: usize = 64 * 1024;

/// Reads a refused answer's status: its message, or the code's own words.
pub(super) async fn status_of(response: http::Response<Body>) -> Status {
    let code = response.status();
    let after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|after| after.to_str().ok());
    let after: Option<u64> = after.and_then(|after| after.parse().ok());
    let body = Limited::new(response.into_body(), STATUS_BYTES).collect().await;
    let bytes = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut status: Status = serde_json::from_slice(&bytes).unwrap_or_default();
    if status.message.is_empty() {
        status.message = plain(&bytes).unwrap_or_else(|| reason(code));
    }
    if let Some(seconds) = after {
        status.details.retry_after_seconds = seconds;
    }
    Status {
        code: code.as_u16(),
        ..status
    }
}

fn reason(code: StatusCode) -> String {
    code.canonical_reason().unwrap_or("no reason given").to_owned()
}

fn plain(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.lines().next()?.trim();
    (!text.is_empty() && !text.starts_with(['{', '<'])).then(|| text.to_owned())
}

/// The first line of a message, at most 300 characters.
pub(super) fn first_line(text: &str) -> Text {
    let line: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .chars()
        .take(300)
        .collect();
    line.into()
}

/// What a failed request means: no answer at all, or no login.
pub(super) fn failure_of(error: &kube::Error) -> Failure {
    if let kube::Error::Auth(error) = error {
        Failure::Unauthorized(first_line(&chain(error)))
    } else if let Some(failure) = of_login(error) {
        failure
    } else if let kube::Error::Api(status) = error {
        Failure::Status(status.code, first_line(&status.message))
    } else {
        Failure::Unreachable(first_line(&innermost(error)))
    }
}

/// Why a subresource of a pod that is upgraded to a stream was refused.
pub(super) fn refused(error: &kube::Error, resource: &'static str, pod: &Key) -> Failure {
    let kube::Error::Api(status) = error else {
        return failure_of(error);
    };
    if status.is_forbidden() {
        let namespace = pod.namespace.clone();
        return Failure::Forbidden {
            verb: "create",
            resource,
            namespace,
        };
    }
    Failure::Status(status.code, first_line(&status.message))
}

/// A failure behind the login's layer, which hands on its own and those of the client inside.
fn of_login(error: &kube::Error) -> Option<Failure> {
    let kube::Error::Service(cause) = error else {
        return None;
    };
    if let Some(login) = cause.downcast_ref::<LoginError>() {
        return Some(Failure::Unauthorized(first_line(&login.to_string())));
    }
    cause.downcast_ref::<kube::Error>().map(failure_of)
}

/// The system's words for what went wrong, without its number for it.
pub(super) fn without_number(text: &str) -> String {
    let numbered = text.split_once(" (os error ");
    numbered.map_or(text, |(words, _)| words).to_owned()
}

/// The whole chain of an error, outermost first, without repeating what a cause already says.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

/// The last cause: for a connection it is the one a reader can act on (`Connection refused`, `invalid certificate`).
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(inner) = last.source() {
        last = inner;
    }
    without_number(&last.to_string())
}
