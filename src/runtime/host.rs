//! The process's threads and panic hook, and the screen: from taking the terminal to giving it back, however it ends.
//!
//! A screen is one [`Run`] after the other on the same terminal, each over one cluster with an app, a world and tasks of
//! its own. A run that hands over has ended before the next one begins: nothing of its cluster is left.

use std::fmt;
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
use super::contexts::Contexts;
use super::effects::{ANSWERS, Effects, Story};
use super::feed::{QUEUE, Sources};
use super::packets::{self, News, Packets};
use super::panics::{self, Fault, Hook, Report};
use super::playback::{Clock, Playback};
use super::reader::nobody_reads;
use super::settings::{self, SettingsFile};
use super::signals::{self, Signals};
use super::state::{self, Note, State};
use super::ui::{End, Parts, Ui, is_gone};
use crate::app::{App, Memory, Message, Options};
use crate::mesh::model::Object;
use crate::sources::kubernetes::SourceMessage;
use crate::tui::{Look, Mouse, Tty};

/// How long tasks may take to end with the screen.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long a disk may take to keep what is remembered.
const MEMORY: Duration = Duration::from_secs(2);
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
    /// The run that it begins with.
    pub run: Run,
    /// How the terminal is drawn on.
    pub look: Look,
    /// Whose the mouse is.
    pub mouse: Mouse,
    /// How text is copied.
    pub clipboard: Clipboard,
    /// Where the report of a panic goes; where temporary files lie if absent.
    pub reports: Option<PathBuf>,
    /// The settings file, if it is to be followed.
    pub settings: Option<SettingsFile>,
    /// A panic on purpose.
    pub fault: Option<Fault>,
}

/// What one run over one cluster is made of.
pub struct Run {
    /// What is shown at first; what is remembered is put into it when it begins.
    pub options: Options,
    /// Where objects come from.
    pub sources: Sources,
    /// The demo's story, in the demo.
    pub story: Option<Story>,
    /// Where packets come from, if any are asked for.
    pub packets: Option<Packets>,
    /// Reads drafts.
    pub read_draft: ReadDraft,
    /// Where else one can go, if there may be anywhere.
    pub contexts: Option<Arc<dyn Contexts>>,
    /// Where what is remembered lies, if anything is.
    pub state: Option<State>,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Run");
        out.field("options", &self.options).field("state", &self.state);
        out.finish_non_exhaustive()
    }
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

    /// Ends with the first signal from now on that asks the program to end: the exit code that says so. Without signals
    /// there is nothing to wait for but the end of the process itself.
    pub fn signal(&self) -> impl Future<Output = u8> + use<> {
        let _context = self.tokio.enter();
        signals::end()
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
            Ok(Ok(code)) => Outcome { code, line: None },
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

    fn try_run(&self, setup: Setup) -> Result<io::Result<u8>, Report> {
        let out = match io::stdout().as_fd().try_clone_to_owned() {
            Ok(out) => File::from(out),
            Err(error) => return Ok(Err(error)),
        };
        let tty = Arc::new(Tty::new(out, setup.look.features, setup.mouse));
        let run = AssertUnwindSafe(|| self.tokio.block_on(self.screen(setup, Arc::clone(&tty))));
        let outcome = catch_unwind(run).map_err(|payload| Report::of_caught(&*payload));
        let left = leave_in_time(&tty);
        match outcome {
            Ok(Ok(code)) => Ok(left.map(|()| code)),
            Ok(Err(error)) => Ok(Err(error)),
            Err(report) => Err(report),
        }
    }

    /// One run after the other; the exit code of the last.
    async fn screen(&self, setup: Setup, tty: Arc<Tty<File>>) -> io::Result<u8> {
        let signals = Signals::new()?;
        // A terminal that hangs up in the midst of a read keeps the reader, and this loop with it, for ever.
        self.tokio.spawn(async {
            nobody_reads().await;
            tokio::time::sleep(4 * PATIENCE).await;
            std::process::exit(HANGUP.into());
        });
        let mut state = setup.run.state.clone();
        let settings = setup.settings;
        let begun = self.begin(setup.run, &tty, (settings.clone(), Vec::new()))?;
        let mut ui = Ui::new(Parts {
            begun,
            signals,
            look: setup.look,
            tty: Arc::clone(&tty),
            clipboard: setup.clipboard,
            fault: setup.fault,
        });
        loop {
            let end = ui.run().await;
            let alive = self.tokio.metrics().num_alive_tasks();
            let recorded = ui.end(PATIENCE).await;
            let unwritten = remember(state.as_ref(), ui.memory()).await;
            match end? {
                End::Quit { code } => return Ok(code),
                End::Gone => return Ok(HANGUP),
                End::Switch(run) => {
                    tracing::info!(tasks = alive, "a run ends for another context");
                    let mut run = *run;
                    run.options = ui.hand_down(run.options);
                    state.clone_from(&run.state);
                    let captured = ui.has_capture().then(|| "the capture has ended".to_owned());
                    let ended = captured.into_iter().chain(recorded).collect();
                    let news = news(ended, unwritten, &run.sources);
                    let begun = self.begin(run, &tty, (settings.clone(), news))?;
                    ui.begin_anew(begun);
                }
            }
        }
    }

    /// Begins a run: its tasks go, and what is to be said first waits for its loop.
    fn begin(
        &self,
        run: Run,
        tty: &Arc<Tty<File>>,
        (settings, news): (Option<SettingsFile>, Vec<Message>),
    ) -> io::Result<Begun> {
        let Run {
            mut options,
            mut sources,
            story,
            packets,
            read_draft,
            contexts,
            state,
        } = run;
        let (answer, answers) = mpsc::channel(ANSWERS);
        let (to_world, deltas) = mpsc::channel(QUEUE);
        let (captured, from_capture) = mpsc::channel(packets::QUEUE);
        self.hook.set_screen(Some(panics::Screen {
            tty: Arc::clone(tty),
            loop_thread: std::thread::current().id(),
            problems: answer.clone(),
        }));
        let note = state.and_then(|state| {
            let (memory, note) = state::recall(&state);
            options.memory = memory;
            sources.follow_first(&options.memory);
            note
        });
        let note = note.map(|note| match note {
            Note::Aloud(line) => Message::Problem(line),
            Note::Quietly(line) => Message::Noted(line),
        });
        for message in news.into_iter().chain(note) {
            // there is room: nobody else says anything yet
            let _ = answer.try_send(message);
        }
        let zone = options.time_zone.clone();
        let clock = match &sources {
            Sources::Cluster(_) => Clock::System,
            Sources::Recording(played) => Clock::Replay(Playback::new(played)),
        };
        let told = answer.clone();
        let mut effects = Effects::start(sources, story, answer, to_world);
        effects.read_draft = Some(read_draft);
        effects.contexts = contexts;
        effects.list_contexts();
        if let Some(file) = settings {
            settings::follow(file, &effects.tasks, told);
        }
        if let Some(packets) = packets {
            effects.capture = packets::start(packets, zone, captured)?;
        }
        Ok(Begun {
            app: App::new(options),
            clock,
            effects,
            deltas,
            answers,
            packets: from_capture,
        })
    }
}

/// A run that goes, before a loop takes it over.
pub(super) struct Begun {
    pub(super) app: App,
    pub(super) clock: Clock,
    pub(super) effects: Effects,
    pub(super) deltas: mpsc::Receiver<SourceMessage>,
    pub(super) answers: mpsc::Receiver<Message>,
    pub(super) packets: mpsc::Receiver<News>,
}

/// What a run is told of the one before it.
fn news(ended: Vec<String>, unwritten: Option<String>, sources: &Sources) -> Vec<Message> {
    let here = match sources {
        Sources::Cluster(cluster) => format!("this is context '{}'", cluster.connection.cluster.context),
        Sources::Recording(played) => format!("this is '{}'", played.path.display()),
    };
    let mut news: Vec<Message> = unwritten.map(Message::Noted).into_iter().collect();
    let said: Vec<&str> = std::iter::once(&here).chain(&ended).map(String::as_str).collect();
    news.push(Message::Said(said.join("; ")));
    news.extend(ended.into_iter().map(Message::Noted));
    news
}

/// Puts what a run learnt where the next one finds it, as far as that is done in time; why not, if it cannot be.
async fn remember(state: Option<&State>, mut learnt: Memory) -> Option<String> {
    let state = state?.clone();
    learnt.contexts.count(&state.context, Timestamp::now());
    let writing = tokio::task::spawn_blocking(move || state::learn(&state, &learnt));
    match tokio::time::timeout(MEMORY, writing).await {
        Ok(Ok(written)) => written.err(),
        // a disk that takes so long, or a fault of ours, which the hook has told: no reason not to end
        Ok(Err(_)) | Err(_) => None,
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
