//! A recording that is written: alone, until it is ended, or beside the screen. What waits is flushed each second.
//!
//! Beside the screen it begins with the journal: the world as it was at its oldest entry, then each entry. A thread of
//! its own packs and writes; it is told what the loop is told, through a bounded queue, and never holds up the loop.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::feed::Tasks;
use super::live::Live;
use super::signals::{Caught, Signals};
use crate::app::view::age::human_size;
use crate::app::view::counted;
use crate::app::{Message, RecordingNews, Ring};
use crate::mesh::model::{Kind, Text};
use crate::mesh::world::{Delta, ListScope, SourceState};
use crate::sources::kubernetes::SourceMessage;
use crate::sources::recording::{Header, Recorder, create};

/// How long what was recorded may wait for the disk: so much is lost with the machine.
pub(super) const FLUSH: Duration = Duration::from_secs(1);

/// Where nothing happens, the file says so as often.
const QUIET: SignedDuration = SignedDuration::from_mins(1);
/// What may wait for the thread that writes: a minute of a busy cluster, or one list of a large one.
const QUEUE: usize = 4_096;

/// Why a recording ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// Its time was over.
    InTime,
    /// A signal: the exit code that says which.
    Signal(u8),
    /// All watches ended.
    Alone,
}

/// Records what a world that follows the cluster is told, until a signal, or for so long. All is written at the end.
///
/// # Errors
/// The file cannot be written, and up to when it was.
pub async fn record<W: io::Write>(
    live: &mut Live,
    recorder: &mut Recorder<W>,
    how_long: Option<Duration>,
) -> Result<Stopped, (io::Error, Timestamp)> {
    let mut flushed = Timestamp::now();
    let mut signals = Signals::new().map_err(|error| (error, flushed))?;
    let mut end = std::pin::pin!(async {
        match how_long {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    });
    let mut tick = tokio::time::interval(FLUSH);
    loop {
        let mut taken = Ok(());
        let stopped = tokio::select! {
            caught = std::future::poll_fn(|cx| signals.poll(cx)) => match caught {
                Caught::End { code } => Some(Stopped::Signal(code)),
                Caught::Continued | Caught::Resized => None,
            },
            () = &mut end => Some(Stopped::InTime),
            _ = tick.tick() => {
                let now = Timestamp::now();
                taken = flush(recorder, now);
                if taken.is_ok() {
                    flushed = now;
                }
                None
            },
            heard = live.next_told(|message| taken = take(recorder, message)) => {
                heard.is_none().then_some(Stopped::Alone)
            },
        };
        taken.map_err(|error| (error, flushed))?;
        if let Some(stopped) = stopped {
            recorder.pass_time(Timestamp::now());
            recorder.flush().map_err(|error| (error, flushed))?;
            return Ok(stopped);
        }
    }
}

/// Records what a source said, now.
pub(super) fn take<W: io::Write>(recorder: &mut Recorder<W>, message: &SourceMessage) -> io::Result<()> {
    let at = Timestamp::now();
    recorder.take(at, message.deltas.iter().cloned())?;
    match &message.state {
        Some((kind, scope, state)) => {
            let broken = broken(state);
            recorder.take_source(at, *kind, scope, broken.as_ref())
        }
        None => Ok(()),
    }
}

/// Why a source in this state does not tell what changes; `None` if it does, or will say itself what it cannot read.
fn broken(state: &SourceState) -> Option<Text> {
    match state {
        SourceState::Retrying { failure, .. } => Some(failure.to_string().into()),
        SourceState::Connecting
        | SourceState::Listing(_)
        | SourceState::Live
        | SourceState::Absent
        | SourceState::Denied { .. } => None,
    }
}

/// Writes what waits; where nothing happens, that it does not.
fn flush<W: io::Write>(recorder: &mut Recorder<W>, now: Timestamp) -> io::Result<()> {
    if now.duration_since(recorder.at()) >= QUIET {
        recorder.pass_time(now);
    }
    recorder.flush()
}

/// What a recording beside the screen begins with.
#[derive(Debug)]
pub(super) struct Begin {
    pub(super) ring: Ring,
    /// Into this file; one that is named after context and time, if none is named.
    pub(super) file: Option<String>,
    pub(super) istio_namespace: Text,
}

/// What a source said.
#[derive(Debug)]
struct Told {
    at: Timestamp,
    deltas: Vec<Delta>,
    source: Option<(Kind, ListScope, Option<Text>)>,
}

/// A recording beside the screen; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Writing {
    to: SyncSender<Told>,
}

impl Writing {
    /// Begins to write.
    pub(super) fn start(begin: Begin, tasks: &Tasks, answers: mpsc::Sender<Message>) -> Self {
        let (to, told) = sync_channel(QUEUE);
        tasks.spawn_blocking(move || {
            let news = match write(begin, &told, &answers) {
                Ok(line) => RecordingNews::Ended(line),
                Err(line) => RecordingNews::Failed(line),
            };
            // the loop has ended if it takes no more
            let _ = answers.blocking_send(Message::Recording(news));
        });
        Self { to }
    }

    /// Tells it what a source said; `false` if it does not keep up.
    pub(super) fn tell(&self, at: Timestamp, message: &SourceMessage) -> bool {
        let source = message.state.as_ref();
        let told = Told {
            at,
            deltas: message.deltas.clone(),
            source: source.map(|(kind, scope, state)| (*kind, scope.clone(), broken(state))),
        };
        self.to.try_send(told).is_ok()
    }
}

/// Writes until nobody tells anything more; what became of it.
fn write(begin: Begin, told: &Receiver<Told>, answers: &mpsc::Sender<Message>) -> Result<String, String> {
    let started = Timestamp::now();
    let Begin {
        ring,
        file,
        istio_namespace,
    } = begin;
    let path = file.map_or_else(|| name(&ring.cluster.context, started, &ring.zone), PathBuf::from);
    let header = Header {
        context: ring.cluster.context.to_string(),
        server: ring.cluster.server.to_string(),
        istio_namespace: istio_namespace.to_string(),
        ..Header::new(started, &ring.zone)
    };
    let file = create(&path, false).map_err(|error| error.to_string().replace(", or overwrite it with --force", ""))?;
    let shown = path.display().to_string();
    let unwritten = |error: io::Error| format!("recording into '{shown}' ended: {error}; what was written plays");
    let mut recorder = with_past(file, &header, started, &ring).map_err(unwritten)?;
    drop(ring);
    let _ = answers.blocking_send(Message::Recording(RecordingNews::Begun(shown.clone())));
    loop {
        match told.recv_timeout(FLUSH) {
            Ok(told) => {
                recorder.take(told.at, told.deltas).map_err(unwritten)?;
                if let Some((kind, scope, broken)) = &told.source {
                    recorder
                        .take_source(told.at, *kind, scope, broken.as_ref())
                        .map_err(unwritten)?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        flush(&mut recorder, Timestamp::now()).map_err(unwritten)?;
    }
    recorder.pass_time(Timestamp::now());
    recorder.flush().map_err(unwritten)?;
    let (events, size) = (recorder.events(), human_size(recorder.written()));
    Ok(format!(
        "recorded '{shown}': {}, {size}; 'sidescope replay' plays it",
        counted(events, "change")
    ))
}

/// Begins with the world as it was at the journal's oldest entry; then come the entries, and what waits.
fn with_past(file: File, header: &Header, now: Timestamp, ring: &Ring) -> io::Result<Recorder<File>> {
    let oldest = ring.journal.world_at(&ring.world, ring.journal.oldest());
    let oldest = oldest.map_err(io::Error::other)?;
    let first = ring.journal.iter().next().map(|entry| entry.at);
    // a moment before, so that one can look at what was before the first change
    let begins = first.map_or(now, |first| first - SignedDuration::from_millis(1));
    let mut recorder = Recorder::start(file, header, begins, oldest)?;
    for entry in ring.journal.iter() {
        recorder.take_changes(entry.at, &entry.changes)?;
    }
    for (at, batch) in &ring.waiting {
        recorder.take(*at, batch.iter().cloned())?;
    }
    recorder.pass_time(now);
    recorder.flush()?;
    Ok(recorder)
}

/// A name for a recording: `sidescope-prod-20261122-025107.recording`, in the working directory.
fn name(context: &str, now: Timestamp, zone: &TimeZone) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let context: String = context.chars().map(plain).collect();
    let time = now.to_zoned(zone.clone()).strftime("%Y%m%d-%H%M%S").to_string();
    PathBuf::from(format!("sidescope-{context}-{time}.recording"))
}

/// How much was recorded, and how it is played.
pub fn summary<W: io::Write>(path: &Path, recorder: &Recorder<W>) -> String {
    let changes = counted(recorder.events(), "change");
    let (path, size) = (path.display(), human_size(recorder.written()));
    format!("recorded {changes}, {size}: play it with 'sidescope replay {path}'")
}
