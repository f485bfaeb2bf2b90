//! How a run ends: the table of exit codes, and one line for a person.

use std::process::ExitCode;

/// What a run ends with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// 0: done.
    Ok,
    /// 1: the answer is no: it differs, there is no proxy.
    No,
    /// 2: the command line, a file or the kubeconfig is wrong.
    Usage,
    /// 3: the cluster cannot be reached, refuses, or gave only a part.
    Cluster,
    /// 4: our own fault.
    Internal,
    /// 5: no such pod, namespace or host.
    NotFound,
    /// As the screen ended: 0, or 128 + the signal that ended it.
    Code(u8),
}

/// The table of exit codes: numbers, and what they say.
pub(super) const TABLE: &[(&str, &str)] = &[
    ("0", "ok"),
    ("1", "no, differs, not in sync, no proxy, errors found"),
    ("2", "usage, bad file or settings, unknown context"),
    ("3", "unreachable, denied or incomplete"),
    ("4", "internal error"),
    ("5", "no such pod, namespace or host"),
    ("129, 130, 143", "ended by a signal: hangup, Ctrl-c, SIGTERM"),
];

/// The table in one line, for help.
pub(super) fn in_one_line() -> String {
    let codes: Vec<String> = TABLE.iter().map(|(code, what)| format!("{code} {what}")).collect();
    format!("Exit codes: {}.", codes.join("; "))
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Cluster => 3,
            Exit::Internal => 4,
            Exit::NotFound => 5,
            Exit::Code(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// An end with something to say: one line, what failed and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{line}")]
pub struct Ended {
    /// With which code.
    pub exit: Exit,
    /// The line, without the program's name.
    pub line: String,
}

impl Ended {
    /// An end with this code and line.
    pub fn new(exit: Exit, line: impl Into<String>) -> Self {
        Self {
            exit,
            line: line.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_table() {
        for exit in [
            Exit::Ok,
            Exit::No,
            Exit::Usage,
            Exit::Cluster,
            Exit::Internal,
            Exit::NotFound,
        ] {
            assert!(
                TABLE.iter().any(|(code, _)| *code == exit.code().to_string()),
                "{exit:?}"
            );
        }
    }
}
