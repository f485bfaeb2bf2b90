//! The loop: it owns the app, takes in what came, carries out what the app asks for, and draws.
//!
//! Each turn visits every source once, then draws at most one frame: at once if the last one is long gone, else when
//! 10 ms are over, or 25 ms where only the mesh moves. There is no polling: nothing to do is no turn.

mod handed;
mod replay;
mod save;
mod succession;

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::EventStream;
use futures::{StreamExt as _, stream};
use tokio::time::Instant;

use super::clipboard::{self, Clipboard};
use super::effects::Effects;
use super::host::{Begun, Run, leave_in_time};
use super::inbox::{Inbox, Input, Turn};
use super::keys;
use super::packets::News;
use super::panics::Fault;
use super::playback::Clock;
use super::reader::{is_anybody_there, nobody_reads};
use super::settings;
use super::signals::{Caught, Signals};
use crate::app::message::{CaptureState, NewLook, Work};
use crate::app::view::shown_lines;
use crate::app::{App, Command, Message};
use crate::mesh::world::SourceState;
use crate::sources::kubernetes::SourceMessage;
use crate::tui::{Depth, Look, Painter, Tty};

/// Between two frames under load: 100 a second, so that an edit right after a frame is on the screen within 16 ms.
const FRAME: Duration = Duration::from_millis(10);
/// The least time between two frames in a busy mesh: each costs the same however little it shows that is new.
const BUSY_FRAME: Duration = Duration::from_millis(25);
/// What one turn may spend on the cluster's news before keys are looked at again.
const DELTA_TIME: Duration = Duration::from_millis(4);
/// No wake of the app comes sooner than this after it was asked for.
const SOONEST_TICK: Duration = Duration::from_millis(10);

/// Why the loop ended.
#[derive(Debug)]
pub(super) enum End {
    /// The app said so.
    Quit {
        /// The exit code.
        code: u8,
    },
    /// The terminal hung up.
    Gone,
    /// It goes on with another run on the same terminal.
    Switch(Box<Run>),
}

/// The loop's state.
pub(super) struct Ui {
    app: App,
    painter: Painter,
    tty: Arc<Tty<File>>,
    inbox: Inbox,
    effects: Effects,
    clipboard: Clipboard,
    clock: Clock,
    size: (u16, u16),
    fault: Option<Fault>,
    /// Something changed since the last frame.
    dirty: bool,
    /// Somebody did something, or waits for an answer: not only the mesh moves.
    is_asked: bool,
    last_frame: Option<Instant>,
    next_tick: Option<Instant>,
    /// Bytes for the terminal that are no frame: a bell, a copied text.
    extra: Vec<u8>,
    /// Our own stop is over; the signal that says so is still on its way.
    expects_continue: bool,
}

/// What a loop is made of.
pub(super) struct Parts {
    pub(super) begun: Begun,
    pub(super) signals: Signals,
    pub(super) look: Look,
    pub(super) tty: Arc<Tty<File>>,
    pub(super) clipboard: Clipboard,
    pub(super) fault: Option<Fault>,
}

impl Ui {
    pub(super) fn new(parts: Parts) -> Self {
        let Begun {
            app,
            clock,
            effects,
            deltas,
            answers,
            packets,
        } = parts.begun;
        let inbox = Inbox {
            input: None,
            signals: parts.signals,
            deltas,
            effects: answers,
            packets,
            writing: None,
            hangup: Box::pin(nobody_reads()),
            waiting: VecDeque::new(),
            until: None,
            is_at_end: false,
        };
        Self {
            app,
            painter: Painter::new(parts.look),
            tty: parts.tty,
            inbox,
            effects,
            clipboard: parts.clipboard,
            clock,
            size: (0, 0),
            fault: parts.fault,
            dirty: true,
            is_asked: true,
            last_frame: None,
            next_tick: None,
            extra: Vec::new(),
            expects_continue: false,
        }
    }

    /// Takes the terminal and runs until somebody asks for the end. Whoever calls gives the terminal back.
    ///
    /// # Errors
    /// If the terminal cannot be taken or written to.
    pub(super) async fn run(&mut self) -> io::Result<End> {
        self.tty.enter()?;
        self.inbox.input.get_or_insert_with(input);
        self.measure();
        if let Some(end) = self.begin_replay().await? {
            return Ok(end);
        }
        if self.inbox.writing.is_none() {
            self.draw()?;
        }
        loop {
            self.inbox.until = self.clock.until();
            let turn = self.inbox.turn(self.wake()).await;
            if let Some(end) = self.take(turn).await? {
                return Ok(end);
            }
            if self.is_frame_due() {
                self.draw()?;
            }
        }
    }

    fn wake(&self) -> Option<Instant> {
        let frame = (self.dirty && self.inbox.writing.is_none())
            .then(|| self.last_frame.map(|last| last + self.pace()))
            .flatten();
        let first = self.inbox.waiting.front().and_then(|message| message.at);
        let next = first.or(self.clock.ends()).and_then(|at| self.clock.wait(at));
        let next = next.map(|wait| Instant::now() + wait);
        [frame, self.next_tick, next].into_iter().flatten().min()
    }

    /// The least time between the last frame and the next.
    fn pace(&self) -> Duration {
        if self.is_asked { FRAME } else { BUSY_FRAME }
    }

    fn is_frame_due(&self) -> bool {
        let pending = self.dirty || !self.extra.is_empty();
        let rested = self.last_frame.is_none_or(|last| last.elapsed() >= self.pace());
        pending && rested && self.inbox.writing.is_none()
    }

    async fn take(&mut self, turn: Turn) -> io::Result<Option<End>> {
        if turn.hangup {
            return Ok(Some(End::Gone));
        }
        match turn.written {
            Some(Err(error)) if is_gone(&error) => return Ok(Some(End::Gone)),
            Some(Err(error)) => return Err(error),
            Some(Ok(())) => self.break_on_purpose(),
            None => {}
        }
        for event in turn.input {
            if let Some(message) = keys::message(event)
                && let Some(end) = self.tell(message).await?
            {
                return Ok(Some(end));
            }
        }
        for caught in turn.signals {
            if let Some(end) = self.caught(caught).await? {
                return Ok(Some(end));
            }
        }
        if let Some(end) = self.take_deltas().await? {
            return Ok(Some(end));
        }
        for message in turn.effects {
            if let Some(end) = self.tell(message).await? {
                return Ok(Some(end));
            }
        }
        if let Some(end) = self.take_packets(turn.packets).await? {
            return Ok(Some(end));
        }
        if turn.tick && self.next_tick.is_some_and(|tick| tick <= Instant::now()) {
            self.next_tick = None;
            return self.tell(Message::Tick).await;
        }
        Ok(None)
    }

    async fn caught(&mut self, caught: Caught) -> io::Result<Option<End>> {
        match caught {
            Caught::End { code } => self.tell(Message::Interrupt { code }).await,
            Caught::Resized => {
                self.measure();
                let (width, height) = self.size;
                self.tell(Message::Resize { width, height }).await
            }
            Caught::Continued if std::mem::take(&mut self.expects_continue) => Ok(None),
            Caught::Continued => {
                // Somebody else stopped us: the shell has had the terminal in between.
                let _ = leave_in_time(&self.tty);
                self.return_to_screen().await
            }
        }
    }

    /// Takes in what the sources said, as long as a turn has time for; at least one message.
    async fn take_deltas(&mut self) -> io::Result<Option<End>> {
        let started = Instant::now();
        self.inbox.until = self.clock.until();
        while let Some(message) = self.inbox.next_due() {
            let at = self.clock.reach(message.at);
            if let Some(problem) = self.effects.record_message(at, &message)
                && let Some(end) = self.tell(problem).await?
            {
                return Ok(Some(end));
            }
            let SourceMessage {
                deltas,
                state,
                diagnostics,
                ..
            } = message;
            for diagnostic in &diagnostics {
                tracing::warn!(?diagnostic, "a field could not be read");
            }
            if let Some(first) = diagnostics.first() {
                let more = match diagnostics.len() - 1 {
                    0 => String::new(),
                    more => format!("; and {more} more, see --log-file"),
                };
                let problem = Message::Problem(format!("{first}{more}"));
                if let Some(end) = self.tell(problem).await? {
                    return Ok(Some(end));
                }
            }
            if !deltas.is_empty()
                && let Some(end) = self.tell(Message::Deltas { at, batch: deltas }).await?
            {
                return Ok(Some(end));
            }
            if let Some((kind, scope, state)) = state {
                if let SourceState::Retrying { attempt, failure, .. } = &state {
                    tracing::warn!(?kind, ?scope, attempt, %failure, "a source broke");
                }
                if let Some(end) = self.tell(Message::Source { kind, scope, state }).await? {
                    return Ok(Some(end));
                }
            }
            if started.elapsed() >= DELTA_TIME {
                break;
            }
        }
        self.follow_replay().await
    }

    /// Takes in what was captured, packets that came one after the other at once.
    async fn take_packets(&mut self, news: Vec<News>) -> io::Result<Option<End>> {
        let mut batch = Vec::new();
        let mut told = Vec::new();
        for news in news {
            match news {
                News::Packet(captured) => batch.push(*captured),
                News::State(state) => told.push(state),
            }
        }
        let missed = self.effects.capture.missed();
        if !batch.is_empty() || !told.is_empty() {
            // a state is only told before the first packet and after the last one
            let is_over = told.iter().any(|state| *state != CaptureState::Reading);
            let from = self.effects.capture.from.clone();
            let states = told.into_iter().map(|state| Message::Capture {
                from: from.clone(),
                state,
            });
            let packets = Message::Packets { batch, missed };
            let mut messages: Vec<Message> = states.collect();
            messages.insert(if is_over { messages.len() - 1 } else { messages.len() }, packets);
            for message in messages {
                if let Some(end) = self.tell(message).await? {
                    return Ok(Some(end));
                }
            }
        }
        Ok(None)
    }

    async fn tell(&mut self, message: Message) -> io::Result<Option<End>> {
        if let Message::Resize { width, height } = &message {
            self.size = (*width, *height);
        }
        // what is not on the screen needs no frame
        self.dirty |= !matches!(message, Message::Packets { .. }) || self.app.shows_packets();
        self.is_asked |= !matches!(
            message,
            Message::Packets { .. } | Message::Deltas { .. } | Message::Source { .. }
        );
        let commands = self.app.update(self.clock.now(), message);
        for command in commands {
            if let Some(end) = self.perform(command).await? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    async fn perform(&mut self, command: Command) -> io::Result<Option<End>> {
        match command {
            Command::Quit { code } => return Ok(Some(End::Quit { code })),
            Command::Suspend => return self.suspend().await,
            Command::LogIn => return self.log_in().await,
            Command::ListContexts => self.effects.list_contexts(),
            Command::OpenContext(name) => self.effects.open_context(name),
            Command::GiveUpContext => self.effects.give_up_context(),
            Command::SwitchContext => return Ok(self.effects.take_opened().map(End::Switch)),
            Command::Redraw => self.painter.forget(),
            Command::Bell => self.extra.push(0x07),
            Command::NextTheme => {
                let look = self.painter.look();
                let theme = look.theme.next();
                self.painter.set_look(Look { theme, ..look });
                let colourless = match look.depth {
                    Depth::None => "; NO_COLOR or the terminal keeps it without colour",
                    Depth::Sixteen | Depth::Full => "",
                };
                let line = format!("theme {}{colourless}", theme.name());
                return Box::pin(self.tell(Message::Said(line))).await;
            }
            Command::Look(NewLook { theme, is_ascii }) => {
                self.painter
                    .set_look(settings::look(self.painter.look(), &theme, is_ascii));
            }
            Command::Copy(text) => return self.copy(&text).await,
            Command::Relist => self.effects.relist(),
            Command::ShowNamespaces(namespaces) => self.effects.show_namespaces(namespaces),
            Command::WatchEnvoy { pods, rates } => self.effects.ask_envoys(&pods, rates),
            Command::Demo(control) => self.effects.steer(control),
            Command::Replay(control) => return self.steer_replay(control).await,
            Command::Record(file) => self.effects.record(self.app.ring(), file),
            Command::EndRecording => self.effects.end_recording(),
            Command::Save(save) => self.save(save),
            Command::Fetch(request) => self.effects.fetch(request),
            Command::Compute(pod) => {
                let broke = Message::Broke(Work::Table(pod.clone()));
                let computing = self.app.computing(pod);
                self.effects.answer_blocking(broke, move || computing.run());
            }
            Command::EditDraft { name, text } => return self.edit_draft(name, text).await,
            Command::ReadDraft(path) => self.effects.read_draft_of(path),
            Command::DryRun(objects) => self.effects.dry_run(objects),
            Command::Study(question) => {
                let broke = Message::Broke(Work::Study(question.clone()));
                let study = self.app.study(question);
                self.effects.answer_blocking(broke, move || study.run());
            }
            Command::Lint => {
                let linting = self.app.linting();
                let broke = Message::Broke(Work::Findings);
                self.effects.answer_blocking(broke, move || linting.run());
            }
        }
        Ok(None)
    }

    /// What is copied is pasted somewhere, most often into a shell: nothing in it may steer that terminal.
    async fn copy(&mut self, text: &str) -> io::Result<Option<End>> {
        let text = shown_lines(text).into_owned();
        let copied = match self.clipboard {
            Clipboard::Tmux => {
                let broke = Message::Copied(Err("an internal error: see :log".to_owned()));
                self.effects.answer_blocking(broke, move || {
                    Message::Copied(clipboard::to_tmux(&text).map(|()| "to tmux".to_owned()))
                });
                return Ok(None);
            }
            Clipboard::Osc52 => clipboard::osc52(&text).map(|bytes| {
                self.extra.extend(bytes);
                "by OSC 52".to_owned()
            }),
            Clipboard::None => Err("this terminal has no clipboard".to_owned()),
        };
        Box::pin(self.tell(Message::Copied(copied))).await
    }

    fn measure(&mut self) {
        self.size = match crossterm::terminal::size() {
            Ok((width, height)) if width > 0 && height > 0 => (width, height),
            // A terminal that does not know its size (a serial line) has the size of the first ones.
            Ok(_) | Err(_) => (80, 24),
        };
    }

    fn draw(&mut self) -> io::Result<()> {
        let now = self.clock.now();
        let (width, height) = self.size;
        let screen = self.app.screen(now, width, height);
        if self.app.take_moved() {
            self.effects.stir_envoys();
        }
        let mut bytes = std::mem::take(&mut self.extra);
        bytes.extend(self.painter.frame(&screen)?.unwrap_or_default());
        self.dirty = false;
        self.is_asked = false;
        self.last_frame = Some(Instant::now());
        let wait = self.app.next_wake(now).and_then(|at| self.clock.wait(at));
        self.next_tick = wait.map(|wait| Instant::now() + wait.max(SOONEST_TICK));
        if !bytes.is_empty() {
            let tty = Arc::clone(&self.tty);
            self.inbox.writing = Some(tokio::task::spawn_blocking(move || tty.write(&bytes)));
        }
        Ok(())
    }

    #[expect(clippy::panic, reason = "asked for, so that tests see what follows")]
    fn break_on_purpose(&mut self) {
        match self.fault.take().filter(|_| cfg!(debug_assertions)) {
            Some(Fault::PanicTask) => self.effects.tasks.spawn(async { panic!("a task broke on purpose") }),
            Some(Fault::PanicLoop) => panic!("the loop broke on purpose"),
            None => {}
        }
    }
}

/// The terminal's events, to an end that is its hanging up.
fn input() -> Input {
    let mut events = EventStream::new();
    Box::pin(stream::poll_fn(move |cx| {
        if is_anybody_there() {
            events.poll_next_unpin(cx)
        } else {
            Poll::Ready(None)
        }
    }))
}

/// A terminal that was closed answers so: to writes, to its settings, to being opened.
pub(super) fn is_gone(error: &io::Error) -> bool {
    const ANSWERS: [rustix::io::Errno; 3] = [rustix::io::Errno::IO, rustix::io::Errno::NXIO, rustix::io::Errno::NOTTY];
    ANSWERS
        .iter()
        .any(|answer| error.raw_os_error() == Some(answer.raw_os_error()))
}
