//! The one place that reads a clock; everywhere else time comes in with the message.

use jiff::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the place that reads it")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
