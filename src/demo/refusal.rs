//! Every "no" of the server: a `metav1.Status` with the words of kube-apiserver.
//!
//! Mirrors `k8s.io/apimachinery/pkg/api/errors`. Internal callers get the same type as HTTP clients, so that nothing is
//! worded twice.

use serde_json::{Value, json};

use super::kinds::Resource;

/// The machine-readable reason of a refusal, which settles its HTTP code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "metav1.StatusReason, name by name")]
pub enum Reason {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    AlreadyExists,
    Conflict,
    Expired,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    Invalid,
    TooManyRequests,
    InternalError,
    ServiceUnavailable,
    Timeout,
    /// The server failed without a reason that has a name; the `reason` is left out.
    Unknown,
}

/// One field that was wrong, or one owner in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Such as `FieldValueRequired` or `FieldManagerConflict`.
    pub reason: &'static str,
    /// What is wrong, without the field.
    pub message: String,
    /// The field, such as `spec.egress[0].hosts`.
    pub field: String,
}

/// A request that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// What a person reads.
    pub message: String,
    /// Which object, if one was named.
    pub details: Option<Box<Details>>,
    /// `metadata.continue` of the answer: where an expired list may go on, inconsistently.
    pub resume: Option<String>,
}

/// What a refusal is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The object's name; empty when none was named.
    pub name: String,
    /// API group; empty for the core group.
    pub group: String,
    /// Plural name for most reasons, kind for [`Reason::Invalid`]; empty when the path is unknown.
    pub kind: String,
    /// The single faults, in order.
    pub causes: Vec<Cause>,
    /// After how many seconds a client should try again.
    pub retry_after: Option<u32>,
}

impl Reason {
    /// The HTTP status code.
    pub const fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Expired => 410,
            Self::RequestEntityTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid => 422,
            Self::TooManyRequests => 429,
            Self::InternalError | Self::Unknown => 500,
            Self::ServiceUnavailable => 503,
            Self::Timeout => 504,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequest",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::NotAcceptable => "NotAcceptable",
            Self::AlreadyExists => "AlreadyExists",
            Self::Conflict => "Conflict",
            Self::Expired => "Expired",
            Self::RequestEntityTooLarge => "RequestEntityTooLarge",
            Self::UnsupportedMediaType => "UnsupportedMediaType",
            Self::Invalid => "Invalid",
            Self::TooManyRequests => "TooManyRequests",
            Self::InternalError => "InternalError",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::Timeout => "Timeout",
            Self::Unknown => "",
        }
    }
}

impl Refusal {
    /// A refusal about no object in particular.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            details: None,
            resume: None,
        }
    }

    /// The request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Reason::BadRequest, message)
    }

    /// No such object.
    pub fn not_found(resource: Resource, name: &str) -> Self {
        Self::new(
            Reason::NotFound,
            format!("{} \"{name}\" not found", resource.spec().qualified()),
        )
        .about(resource, name)
    }

    /// No such URL within a known group, or a kind whose definition is gone.
    pub fn no_such_resource() -> Self {
        Self {
            details: Some(Box::default()),
            ..Self::new(Reason::NotFound, "the server could not find the requested resource")
        }
    }

    /// A create of what is there.
    pub fn already_exists(resource: Resource, name: &str) -> Self {
        Self::new(
            Reason::AlreadyExists,
            format!("{} \"{name}\" already exists", resource.spec().qualified()),
        )
        .about(resource, name)
    }

    /// A write that names an old version.
    pub fn stale(resource: Resource, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// A write that cannot be done on the object as it is now.
    pub fn conflict(resource: Resource, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            resource.spec().qualified()
        );
        Self::new(Reason::Conflict, message).about(resource, name)
    }

    /// One or more fields are wrong; the text is put together from the causes.
    pub fn invalid(resource: Resource, name: &str, causes: Vec<Cause>) -> Self {
        let spec = resource.spec();
        let kind = if spec.group.is_empty() {
            spec.kind.to_owned()
        } else {
            format!("{}.{}", spec.kind, spec.group)
        };
        let mut faults: Vec<String> = Vec::with_capacity(causes.len());
        for cause in &causes {
            let fault = format!("{}: {}", cause.field, cause.message);
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        let faults = match faults.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let details = Details {
            name: name.to_owned(),
            group: spec.group.to_owned(),
            kind: spec.kind.to_owned(),
            causes,
            ..Details::default()
        };
        Self {
            details: Some(Box::new(details)),
            ..Self::new(Reason::Invalid, format!("{kind} \"{name}\" is invalid: {faults}"))
        }
    }

    /// A watch from a version that the history no longer holds.
    pub fn too_old(asked: u64, oldest: u64) -> Self {
        Self::new(Reason::Expired, format!("too old resource version: {asked} ({oldest})"))
    }

    /// Says which object it is about.
    #[must_use]
    pub fn about(mut self, resource: Resource, name: &str) -> Self {
        let spec = resource.spec();
        self.details = Some(Box::new(Details {
            name: name.to_owned(),
            group: spec.group.to_owned(),
            kind: spec.plural.to_owned(),
            ..Details::default()
        }));
        self
    }

    /// The refusal as the server sends it.
    pub fn status(&self) -> Value {
        let mut metadata = json!({});
        if let (Some(resume), Some(metadata)) = (&self.resume, metadata.as_object_mut()) {
            metadata.insert("continue".to_owned(), json!(resume));
        }
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": self.message, "code": self.reason.code(),
        });
        if let (false, Some(status)) = (self.reason == Reason::Unknown, status.as_object_mut()) {
            status.insert("reason".to_owned(), json!(self.reason.text()));
        }
        if let (Some(details), Some(status)) = (&self.details, status.as_object_mut()) {
            status.insert("details".to_owned(), details.json());
        }
        status
    }
}

impl Details {
    fn json(&self) -> Value {
        let mut out = serde_json::Map::new();
        for (key, text) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind)] {
            if !text.is_empty() {
                out.insert(key.to_owned(), json!(text));
            }
        }
        if !self.causes.is_empty() {
            let causes: Vec<Value> = self
                .causes
                .iter()
                .map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field}))
                .collect();
            out.insert("causes".to_owned(), Value::Array(causes));
        }
        if let Some(seconds) = self.retry_after {
            out.insert("retryAfterSeconds".to_owned(), json!(seconds));
        }
        Value::Object(out)
    }
}
