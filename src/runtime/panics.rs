//! What happens when code breaks: a panic in a task becomes a message on the screen, one of the loop gives the terminal
//! back and leaves a report.
//!
//! The hook itself prints nothing while the screen is up: it would print over it.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ThreadId;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::host::leave_in_time;
use crate::app::Message;
use crate::tui::Tty;

/// A panic on purpose, so that tests can see what follows. Only debug builds do it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Fault {
    /// In a task, once the first frame is drawn.
    PanicTask,
    /// In the loop, once the first frame is drawn.
    PanicLoop,
}

/// What is kept of a panic.
#[derive(Clone, Debug)]
pub(super) struct Report {
    message: String,
    place: String,
    thread: String,
    /// Its names are looked up only when it is written: that takes seconds in a debug build.
    backtrace: Arc<Backtrace>,
}

thread_local! {
    /// The last panic of this thread: the hook knows where it was, whoever catches it only what it said.
    static LAST: RefCell<Option<Report>> = const { RefCell::new(None) };
}

/// Where panics are told while a screen is up.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    pub(super) tty: Arc<Tty<File>>,
    pub(super) loop_thread: ThreadId,
    pub(super) problems: mpsc::Sender<Message>,
}

/// The process's panic hook, shared with the one who runs a screen.
#[derive(Clone, Debug, Default)]
pub(super) struct Hook {
    screen: Arc<Mutex<Option<Screen>>>,
    /// The thread whose panics are caught by [`super::Host::guard`].
    guarded: Arc<Mutex<Option<ThreadId>>>,
}

impl Hook {
    /// Makes it the process's hook.
    pub(super) fn install() -> Self {
        let hook = Self::default();
        let installed = hook.clone();
        std::panic::set_hook(Box::new(move |info| installed.called(info)));
        hook
    }

    /// From now on a screen is up, or none is.
    pub(super) fn set_screen(&self, screen: Option<Screen>) {
        *self.screen.lock().unwrap_or_else(PoisonError::into_inner) = screen;
    }

    /// From now on panics of this thread are caught and told by somebody else.
    pub(super) fn set_guarded(&self, thread: ThreadId) {
        *self.guarded.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }

    fn called(&self, info: &PanicHookInfo<'_>) {
        let report = Report::of(info);
        tracing::error!(
            message = report.message,
            place = report.place,
            thread = report.thread,
            "panic"
        );
        let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let here = std::thread::current().id();
        let is_caught = *self.guarded.lock().unwrap_or_else(PoisonError::into_inner) == Some(here);
        match screen {
            Some(screen) if screen.loop_thread == here => {
                // Now, not after unwinding: a second panic on the way would abort with the terminal still taken.
                let _ = leave_in_time(&screen.tty);
            }
            Some(screen) => {
                // A full queue means that the loop has worse to tell.
                let _ = screen.problems.try_send(Message::Problem(report.one_line()));
            }
            None if is_caught => {}
            None => {
                let _ = writeln!(io::stderr(), "sidescope: {}", report.one_line());
            }
        }
        LAST.with(|last| last.replace(Some(report)));
    }
}

impl Report {
    fn of(info: &PanicHookInfo<'_>) -> Self {
        Self {
            message: said(info.payload()),
            place: info
                .location()
                .map_or_else(|| "unknown place".to_owned(), ToString::to_string),
            thread: std::thread::current().name().unwrap_or("unnamed").to_owned(),
            backtrace: Arc::new(Backtrace::force_capture()),
        }
    }

    /// What the hook kept of the panic that this thread has just caught.
    pub(super) fn of_caught(payload: &(dyn Any + Send)) -> Self {
        LAST.with(RefCell::take).unwrap_or_else(|| Self {
            message: said(payload),
            place: "unknown place".to_owned(),
            thread: "unknown".to_owned(),
            backtrace: Arc::new(Backtrace::disabled()),
        })
    }

    fn one_line(&self) -> String {
        let message = self.message.lines().next().unwrap_or_default();
        format!("internal error in a task: {message} ({})", self.place)
    }

    /// Writes the report into `folder`, or where temporary files lie, and says what a person should know.
    pub(super) fn leave(&self, folder: Option<&Path>, now: Timestamp) -> String {
        let first = self.message.lines().next().unwrap_or_default();
        let mut line = format!("internal error: {first} ({})", self.place);
        let folders = folder.map(Path::to_path_buf).into_iter().chain([std::env::temp_dir()]);
        let written = folders.map(|folder| self.write(&folder, now)).find_map(Result::ok);
        // Writing to a string does not fail.
        let _ = match written {
            Some(path) => write!(
                line,
                "\nA report is in {}; nothing in the cluster was changed.",
                path.display()
            ),
            None => write!(
                line,
                "\nNo report could be written; nothing in the cluster was changed."
            ),
        };
        line
    }

    fn write(&self, folder: &Path, now: Timestamp) -> io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let name = format!("panic-{}-{}.txt", now.strftime("%Y%m%dT%H%M%SZ"), std::process::id());
        let path = folder.join(name);
        let mut file = File::options().write(true).create_new(true).open(&path)?;
        write!(
            file,
            "sidescope {} on {} {}\ntime: {now}\nthread: {}\nplace: {}\nmessage: {}\n\n{}\n",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH,
            self.thread,
            self.place,
            self.message,
            self.backtrace
        )?;
        Ok(path)
    }
}

fn said(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            message: "index out of bounds\nsecond line".into(),
            place: "src/app.rs:1:2".into(),
            thread: "main".into(),
            backtrace: Arc::new(Backtrace::disabled()),
        }
    }

    #[test]
    fn a_report_says_what_where_and_is_named_to_the_person() {
        let folder = tempfile::tempdir().unwrap();
        let line = report().leave(Some(folder.path()), Timestamp::UNIX_EPOCH);
        assert!(
            line.starts_with("internal error: index out of bounds (src/app.rs:1:2)\nA report is in "),
            "{line}"
        );
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        let text = std::fs::read_to_string(files[0].as_ref().unwrap().path()).unwrap();
        for part in [
            "thread: main",
            "second line",
            "disabled backtrace",
            env!("CARGO_PKG_VERSION"),
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_reason_to_lose_the_report() {
        let line = report().leave(Some(Path::new("/dev/null/state")), Timestamp::UNIX_EPOCH);
        assert!(line.contains(&std::env::temp_dir().display().to_string()), "{line}");
        let path = line.split("A report is in ").nth(1).unwrap().split(';').next().unwrap();
        std::fs::remove_file(path).unwrap();
    }
}
