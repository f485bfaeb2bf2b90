//! The log: to a file that was asked for, never to the terminal.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// What is logged unless something else is asked for. kube's client logs whole response bodies, secrets among them, as
/// warnings when one cannot be parsed: of it only errors are taken.
pub const DEFAULT_FILTER: &str = "warn,sidescope=info,kube_client=error";

/// Lines that wait for the disk; more are dropped rather than hold up a task.
const BUFFERED_LINES: usize = 10_000;

/// Keeps the log open; what waits is written when this is dropped.
#[derive(Debug)]
pub struct LogGuard {
    _writer: WorkerGuard,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be written.
    #[error("cannot write the log file '{path}': {cause}")]
    File {
        /// Which.
        path: String,
        /// Why.
        cause: io::Error,
    },
    /// The filter is none.
    #[error("bad log filter '{filter}': {cause}; write it as '{DEFAULT_FILTER}'")]
    Filter {
        /// As given.
        filter: String,
        /// What is wrong.
        cause: tracing_subscriber::filter::ParseError,
    },
}

/// Logs into `path` from now on, after what is in it, with this filter (tracing's `target=level,...`). To be called once.
pub fn start(path: &Path, filter: &str) -> Result<LogGuard, LogError> {
    let filter = EnvFilter::try_new(filter).map_err(|cause| LogError::Filter {
        filter: filter.to_owned(),
        cause,
    })?;
    let file = open(path).map_err(|cause| LogError::File {
        path: path.display().to_string(),
        cause,
    })?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(BUFFERED_LINES)
        .lossy(true)
        .finish(file);
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_span_events(FmtSpan::NONE)
        .with_writer(writer)
        .finish();
    // A second call keeps the first log; there is nothing better to do with it.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(LogGuard { _writer: guard })
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_filter_is_one() {
        EnvFilter::try_new(DEFAULT_FILTER).unwrap();
    }

    #[test]
    fn a_log_that_cannot_be_written_is_named() {
        let error = start(Path::new("/dev/null/log"), DEFAULT_FILTER)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("cannot write the log file '/dev/null/log': "),
            "{error}"
        );
    }

    #[test]
    fn a_bad_filter_is_named_with_a_good_one() {
        let error = start(Path::new("/dev/null"), "sidescope=loud").unwrap_err().to_string();
        assert!(
            error.starts_with("bad log filter 'sidescope=loud': ") && error.contains(DEFAULT_FILTER),
            "{error}"
        );
    }
}
