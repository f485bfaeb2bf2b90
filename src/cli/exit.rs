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
