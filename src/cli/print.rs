//! Standard output and error. A reader that went away (`| head`) is no error.

use std::io::{BufWriter, ErrorKind, Write};

use super::exit::{Ended, Exit};
use crate::app::view::Shown;
use crate::output::{Language, Report};

/// Writes to standard output.
///
/// # Errors
/// [`Exit::Ok`] without a line if nobody reads any more: the run is over, silently.
pub(super) fn out(text: &str) -> Result<(), Ended> {
    let mut stdout = std::io::stdout().lock();
    ended(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Writes a document to standard output.
///
/// # Errors
/// As [`out`].
pub(super) fn document(report: &Report<'_>, language: Language) -> Result<(), Ended> {
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    ended(report.write(language, &mut stdout).and_then(|()| stdout.flush()))
}

/// How a run goes on after something was written to standard output.
///
/// # Errors
/// As [`out`].
pub(super) fn ended(written: std::io::Result<()>) -> Result<(), Ended> {
    match written {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Ended::new(Exit::Ok, "")),
        Err(error) => Err(Ended::new(
            Exit::Internal,
            format!("cannot write to standard output: {error}"),
        )),
    }
}

/// Writes lines to standard error, safe to show; where that is closed too, there is nobody to tell.
pub(super) fn err(lines: &str) {
    let mut stderr = std::io::stderr().lock();
    for line in lines.lines() {
        drop(writeln!(stderr, "{}", Shown::from(line)));
    }
}
