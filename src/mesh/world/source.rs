//! How a kind's source is doing: shown as a badge, never a reason to clear a table.

use std::time::Duration;

use crate::mesh::model::Text;

/// The state of the source of one kind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum SourceState {
    /// Nothing was heard yet.
    #[default]
    Connecting,
    /// A list is under way; so many objects have come.
    Listing(usize),
    /// Listed, and changes are followed.
    Live,
    /// It broke; what is shown is what was there before.
    Retrying {
        /// 1 for the first try after the break.
        attempt: u32,
        /// Until the next try.
        wait: Duration,
        /// What broke.
        failure: Failure,
    },
    /// The server has no such kind (its CRD is not installed); asked again from time to time.
    Absent,
    /// It may not be read, at all or in the whole cluster.
    Denied {
        /// What was refused.
        failure: Failure,
    },
}

/// Why a source does not answer as it should. Each is a decision for the reader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// No connection: refused, unknown host, TLS.
    Unreachable(Text),
    /// 401: the login is missing or expired.
    Unauthorized(Text),
    /// 403: this verb on this resource is not allowed.
    Forbidden {
        /// `list` or `watch`.
        verb: &'static str,
        /// As RBAC names it, with its group.
        resource: &'static str,
        /// Empty for the whole cluster.
        namespace: Text,
    },
    /// The stream ended or went silent.
    Interrupted(Text),
    /// The server answered with an error.
    Status(u16, Text),
    /// The answer was not what the API promises.
    Malformed(Text),
    /// No answer in time.
    TimedOut,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Unreachable(text) => write!(f, "cannot reach the API server: {text}"),
            Failure::Unauthorized(text) => write!(f, "not logged in (401): {text}"),
            Failure::Forbidden {
                verb,
                resource,
                namespace,
            } if namespace.is_empty() => {
                write!(f, "may not {verb} '{resource}' in the whole cluster (403)")
            }
            Failure::Forbidden {
                verb,
                resource,
                namespace,
            } => {
                write!(f, "may not {verb} '{resource}' in namespace '{namespace}' (403)")
            }
            Failure::Interrupted(text) => write!(f, "the stream broke: {text}"),
            Failure::Status(code, text) => write!(f, "the API server answered {code}: {text}"),
            Failure::Malformed(text) => write!(f, "the answer could not be read: {text}"),
            Failure::TimedOut => write!(f, "no answer in time"),
        }
    }
}
