//! The process's threads and panic hook, and one run of the screen: from taking the terminal to giving it back, however
//! it ends.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc;

use super::clipboard::Clipboard;
use super::effects::{ANSWERS, Effects, Story};
use super::feed::{QUEUE, Sources};
use super::inbox::Inbox;
use super::packets::{self, Packets};
use super::panics::{self, Fault, Hook, Report};
use super::playback::{Clock, Playback};
use super::settings::{self, SettingsFile};
use super::signals::{self, Signals};
use super::ui::{End, Parts, Ui, is_gone};
use crate::app::{App, Options};
use crate::mesh::model::Object;
use crate::tui::{Look, Mouse, Tty};

/// How long tasks may take to end with the screen.
const PATIENCE: Duration = Duration::from_millis(250);
const INTERNAL_ERROR: u8 = 4;
const HANGUP: u8 = 129;
const USAGE: u8 = 2;

/// The threads and the panic hook of the process. One a process, made on its first thread.
#[derive(Debug)]
pub struct Host {
    tokio: Handle,
    hook: Hook,
    _threads: Threads,
}

/// The threads behind the handle: at the end nobody waits for one that is stuck in a write to a stalled terminal.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(tokio) = self.0.take() {
            tokio.shutdown_background();
        }
    }
}

/// What a screen is opened with.
pub struct Setup {
    /// What is shown at first.
    pub options: Options,
    /// How the terminal is drawn on.
    pub look: Look,
    /// Whose the mouse is.
    pub mouse: Mouse,
    /// How text is copied.
    pub clipboard: Clipboard,
    /// Where objects come from.
    pub sources: Sources,
    /// The demo's story, in the demo.
    pub story: Option<Story>,
    /// Where packets come from, if any are asked for.
    pub packets: Option<Packets>,
    /// Where the report of a panic goes; where temporary files lie if absent.
    pub reports: Option<PathBuf>,
    /// Reads drafts.
    pub read_draft: ReadDraft,
    /// The settings file, if it is to be followed.
    pub settings: Option<SettingsFile>,
    /// A panic on purpose.
    pub fault: Option<Fault>,
}

/// Reads the objects of a draft, whose name comes first; with what a reader must know of them. An error is one line.
pub type ReadDraft = fn(&str, &str) -> Result<(Vec<Object>, Vec<String>), String>;

/// How a run ended, the terminal given back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The exit code.
    pub code: u8,
    /// What a person should know, for stderr; without the program's name.
    pub line: Option<String>,
}

impl Host {
    /// Starts the threads and becomes the process's panic hook.
    ///
    /// # Errors
    /// If the system gives no threads.
    pub fn new() -> io::Result<Self> {
        let tokio = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sidescope-worker")
            .enable_all()
            .build()?;
        Ok(Self {
            tokio: tokio.handle().clone(),
            hook: Hook::install(),
            _threads: Threads(Some(tokio)),
        })
    }

    /// Runs something asynchronous to its end.
    pub fn block_on<T>(&self, task: impl Future<Output = T>) -> T {
        self.tokio.block_on(task)
    }

    /// Keeps something going beside everything else; it ends with the host.
    pub fn keep(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tokio.spawn(task);
    }

    /// Runs this on the present thread, and turns a panic of it into an outcome with a report.
    ///
    /// # Errors
    /// The outcome of a panic: exit code 4 and what a person should know.
    pub fn guard<T>(&self, reports: Option<&Path>, work: impl FnOnce() -> T) -> Result<T, Outcome> {
        self.hook.set_guarded(std::thread::current().id());
        catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
            let report = Report::of_caught(&*payload);
            Outcome {
                code: INTERNAL_ERROR,
                line: Some(report.leave(reports, Timestamp::now())),
            }
        })
    }

    /// Waits until a signal asks the program to end: the exit code that says so.
    pub fn wait_for_signal(&self) -> u8 {
        // without signals there is nothing to wait for but the end of the process itself
        self.block_on(signals::end())
    }

    /// Opens the screen and runs it to its end. The terminal is as it was before, whatever happened.
    pub fn run_screen(&self, setup: Setup) -> Outcome {
        if !io::stdout().is_terminal() {
            let line = "the screen needs a terminal; without one use a command such as 'sidescope pods'";
            return Outcome {
                code: USAGE,
                line: Some(line.to_owned()),
            };
        }
        let reports = setup.reports.clone();
        let outcome = match self.try_run(setup) {
            Ok(Ok(End::Quit { code })) => Outcome { code, line: None },
            Ok(Ok(End::Gone)) => Outcome {
                code: HANGUP,
                line: None,
            },
            Ok(Err(error)) if is_gone(&error) => Outcome {
                code: HANGUP,
                line: None,
            },
            Ok(Err(error)) => Outcome {
                code: INTERNAL_ERROR,
                line: Some(format!("cannot use the terminal: {error}")),
            },
            Err(report) => Outcome {
                code: INTERNAL_ERROR,
                line: Some(report.leave(reports.as_deref(), Timestamp::now())),
            },
        };
        self.hook.set_screen(None);
        outcome
    }

    fn try_run(&self, setup: Setup) -> Result<io::Result<End>, Report> {
        let out = match io::stdout().as_fd().try_clone_to_owned() {
            Ok(out) => File::from(out),
            Err(error) => return Ok(Err(error)),
        };
        let tty = Arc::new(Tty::new(out, setup.look.features, setup.mouse));
        let run = AssertUnwindSafe(|| self.tokio.block_on(self.screen(setup, Arc::clone(&tty))));
        let outcome = catch_unwind(run).map_err(|payload| Report::of_caught(&*payload));
        let left = leave_in_time(&tty);
        match outcome {
            Ok(Ok(end)) if left.is_ok() => Ok(Ok(end)),
            Ok(Ok(_)) => Ok(left.map(|()| End::Gone)),
            Ok(Err(error)) => Ok(Err(error)),
            Err(report) => Err(report),
        }
    }

    async fn screen(&self, setup: Setup, tty: Arc<Tty<File>>) -> io::Result<End> {
        let (answers, effects) = mpsc::channel(ANSWERS);
        let (to_world, deltas) = mpsc::channel(QUEUE);
        let (captured, from_capture) = mpsc::channel(packets::QUEUE);
        self.hook.set_screen(Some(panics::Screen {
            tty: Arc::clone(&tty),
            loop_thread: std::thread::current().id(),
            problems: answers.clone(),
        }));
        let inbox = Inbox {
            input: None,
            signals: Signals::new()?,
            deltas,
            effects,
            packets: from_capture,
            writing: None,
            hangup: Box::pin(super::reader::nobody_reads()),
            waiting: VecDeque::new(),
            until: None,
            is_at_end: false,
        };
        let zone = setup.options.time_zone.clone();
        let clock = match &setup.sources {
            Sources::Cluster(_) => Clock::System,
            Sources::Recording(played) => Clock::Replay(Playback::new(played)),
        };
        let told = answers.clone();
        let mut effects = Effects::start(setup.sources, setup.story, answers, to_world);
        effects.read_draft = Some(setup.read_draft);
        if let Some(file) = setup.settings {
            settings::follow(file, &effects.tasks, told);
        }
        if let Some(packets) = setup.packets {
            effects.capture = packets::start(packets, zone, captured)?;
        }
        let mut ui = Ui::new(Parts {
            app: App::new(setup.options),
            look: setup.look,
            tty,
            inbox,
            effects,
            clipboard: setup.clipboard,
            clock,
            fault: setup.fault,
        });
        let end = ui.run().await;
        ui.end(PATIENCE).await;
        end
    }
}

/// Gives the terminal back, and does not wait for one that takes no bytes.
pub(super) fn leave_in_time(tty: &Arc<Tty<File>>) -> io::Result<()> {
    let (send, left) = sync_channel(1);
    let tty = Arc::clone(tty);
    std::thread::Builder::new()
        .name("sidescope-leave".to_owned())
        .spawn(move || send.send(tty.leave()))?;
    left.recv_timeout(2 * PATIENCE).unwrap_or(Ok(()))
}
