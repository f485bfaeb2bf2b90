//! The seam by which a forwarded port gets its answer: who listens in a pod, and what it says.
//!
//! Not a network: the server ends the forwarded connection itself, parses HTTP/1.1 on it and asks [`Admin`] once a request.

use bytes::Bytes;

/// What answers inside the pods, as seen through `pods/portforward`.
pub trait Admin: Send + Sync + 'static {
    /// Answers `GET path` (with its query, such as `/clusters?format=json`) on a port of a pod. Must be quick: it is called
    /// on a task of the server. The pod exists in the store when this is called.
    fn answer(&self, namespace: &str, pod: &str, port: u16, path: &str) -> AdminAnswer;

    /// Runs a command in a container of a pod, which both exist. There are no processes: what it would write is known.
    fn run(&self, namespace: &str, pod: &str, container: &str, command: &[String]) -> Ran;
}

/// A command that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// What it wrote to standard output.
    pub stdout: Bytes,
    /// What it wrote to standard error.
    pub stderr: Bytes,
    /// How it ended.
    pub end: RunEnd,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// With this code.
    Exit(u8),
    /// The container has no such program.
    NoProgram,
}

impl Ran {
    /// There is no such program.
    pub fn nothing() -> Self {
        Self {
            stdout: Bytes::new(),
            stderr: Bytes::new(),
            end: RunEnd::NoProgram,
        }
    }
}

/// An answer of a process in a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAnswer {
    /// An HTTP response.
    Page {
        /// HTTP status code, such as 200 or 404.
        status: u16,
        /// The `content-type` header.
        content_type: &'static str,
        /// The body, sent as it is.
        body: Bytes,
    },
    /// Nothing listens on that port: the forward fails as a kubelet says it.
    Refused,
}

impl AdminAnswer {
    /// A JSON page with status 200.
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self::Page {
            status: 200,
            content_type: "application/json",
            body: body.into(),
        }
    }

    /// A plain text page.
    pub fn text(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Page {
            status,
            content_type: "text/plain; charset=UTF-8",
            body: body.into(),
        }
    }
}

/// A world in which no pod listens on anything.
#[derive(Clone, Copy, Debug)]
pub struct NothingListens;

impl Admin for NothingListens {
    fn answer(&self, _namespace: &str, _pod: &str, _port: u16, _path: &str) -> AdminAnswer {
        AdminAnswer::Refused
    }

    fn run(&self, _: &str, _: &str, _: &str, _: &[String]) -> Ran {
        Ran::nothing()
    }
}
