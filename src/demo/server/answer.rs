//! HTTP answers: bodies, refusals, warnings.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::Value;

use crate::demo::refusal::Refusal;

/// The connection breaks here: a trouble that is played.
#[derive(Debug, thiserror::Error)]
#[error("the demo breaks the connection")]
pub(super) struct Break;

/// The body of an answer, whole or streamed.
pub(super) type Body = UnsyncBoxBody<Bytes, Break>;
/// An answer.
pub(super) type Answer = Response<Body>;

/// An answer with a status code, a content type and a whole body.
pub(super) fn page(code: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()).map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    answer
}

/// A JSON document; the API ends each with a newline.
pub(super) fn json(code: u16, document: &Value) -> Answer {
    page(code, "application/json", format!("{document}\n"))
}

/// JSON text that is already written.
pub(super) fn json_text(code: u16, text: String) -> Answer {
    page(code, "application/json", text)
}

/// Plain text, as for health checks and unknown paths.
pub(super) fn text(code: u16, text: impl Into<Bytes>) -> Answer {
    page(code, "text/plain; charset=utf-8", text)
}

/// A refusal as a `Status`.
pub(super) fn refuse(refusal: &Refusal) -> Answer {
    let mut answer = json(refusal.reason.code(), &refusal.status());
    if let Some(seconds) = refusal.details.as_ref().and_then(|details| details.retry_after) {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// Adds a `Warning` header for each text, as kubectl prints them.
pub(super) fn warn(answer: &mut Answer, warnings: &[String]) {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            answer.headers_mut().append(HeaderName::from_static("warning"), value);
        }
    }
}
