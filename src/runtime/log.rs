//! The log: to a file that was asked for, never to the terminal.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use super::open;
use crate::app::view::Shown;

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
    let file = open_log(path).map_err(|cause| LogError::File {
        path: path.display().to_string(),
        cause,
    })?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(BUFFERED_LINES)
        .lossy(true)
        .finish(InLines(file));
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

/// Writes each event as one line in which nothing steers the terminal of whoever reads it: names in it come from the
/// cluster. An event comes in one piece.
struct InLines(File);

impl Write for InLines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = format!("{}\n", Shown::from(text.trim_end_matches('\n')));
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn open_log(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    open::append(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_filter_is_one() {
        EnvFilter::try_new(DEFAULT_FILTER).unwrap();
    }

    #[test]
    fn an_event_is_one_line_that_steers_nothing() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut log = InLines(file.reopen().unwrap());
        log.write_all(b" INFO pod=a\nb \x1b[2J\xff\n").unwrap();
        log.flush().unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(text, " INFO pod=a\\u{a}b \\u{1b}[2J\u{fffd}\n");
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
