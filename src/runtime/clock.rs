//! The one place that reads a clock; everywhere else time comes in with the message.

use jiff::Timestamp;

/// Now.
pub fn now() -> Timestamp {
    Timestamp::now()
}
