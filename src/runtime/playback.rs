//! The clock of a replay, and what reads its file.
//!
//! The file is read ahead by a task that knows no time: what it reads waits in the loop's inbox until the clock has come
//! to it. So pausing, stepping and speed are the clock's alone, and only going back opens the file anew.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::app::message::ClusterInfo;
use crate::app::{Pace, Replay};
use crate::mesh::world::{Failure, SourceState};
use crate::sources::kubernetes::SourceMessage;
use crate::sources::recording::{self, Frame, Unplayable};

/// A recording to play.
#[derive(Clone, Debug)]
pub struct Played {
    /// The file.
    pub path: PathBuf,
    /// From when to when it goes.
    pub reach: (Timestamp, Timestamp),
    /// Where the screen begins.
    pub start: Timestamp,
    /// How many times as fast as it was.
    pub speed: u32,
    /// Where it was recorded.
    pub cluster: ClusterInfo,
}

/// What the time is.
#[derive(Debug)]
pub(super) enum Clock {
    /// What the system says.
    System,
    /// What a replay says.
    Replay(Playback),
}

/// The clock of a replay.
#[derive(Debug)]
pub(super) struct Playback {
    pub(super) begins: Timestamp,
    pub(super) ends: Timestamp,
    /// The time when it was set last, and when that was.
    base: Timestamp,
    since: Instant,
    speed: u32,
    pub(super) is_paused: bool,
    pub(super) is_over: bool,
    /// Until then everything is due at once.
    pub(super) goal: Option<Timestamp>,
    /// To step is asked for, and nothing was read yet that could be stepped to.
    pub(super) wants_step: bool,
}

impl Clock {
    pub(super) fn now(&self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            Clock::Replay(playback) => playback.now(),
        }
    }

    /// What was so by then may be told; `None`: everything may.
    pub(super) fn until(&self) -> Option<Timestamp> {
        match self {
            Clock::System => None,
            Clock::Replay(playback) => Some(playback.goal.unwrap_or_else(|| playback.now())),
        }
    }

    /// How long it takes until then; `None`: for ever, as time stands still.
    pub(super) fn wait(&self, at: Timestamp) -> Option<Duration> {
        let left = at.duration_since(self.now());
        let left = Duration::try_from(left).unwrap_or_default();
        match self {
            Clock::System => Some(left),
            Clock::Replay(playback) => match playback.pace() {
                Pace::Playing => Some(left / playback.speed),
                Pace::Seeking | Pace::Paused | Pace::Over => left.is_zero().then_some(left),
            },
        }
    }

    /// When a replay that goes on has come to its end.
    pub(super) fn ends(&self) -> Option<Timestamp> {
        match self {
            Clock::Replay(playback) if playback.pace() == Pace::Playing => Some(playback.ends),
            Clock::Replay(_) | Clock::System => None,
        }
    }

    /// Something is told that was so at this time: the time of it.
    pub(super) fn reach(&mut self, at: Option<Timestamp>) -> Timestamp {
        if let (Clock::Replay(playback), Some(at)) = (&mut *self, at) {
            if playback.goal.is_some() {
                playback.base = at.max(playback.base);
            }
            return at;
        }
        self.now()
    }
}

impl Playback {
    /// A clock that goes to its start, and from there on.
    pub(super) fn new(played: &Played) -> Self {
        Self {
            begins: played.reach.0,
            ends: played.reach.1,
            base: played.reach.0,
            since: Instant::now(),
            speed: played.speed.max(1),
            is_paused: false,
            is_over: false,
            goal: Some(played.start),
            wants_step: false,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        match self.pace() {
            Pace::Playing => {
                let passed = SignedDuration::try_from(self.since.elapsed().saturating_mul(self.speed));
                let passed = passed.unwrap_or(SignedDuration::MAX);
                self.base.saturating_add(passed).unwrap_or(self.ends).min(self.ends)
            }
            Pace::Paused | Pace::Seeking | Pace::Over => self.base,
        }
    }

    pub(super) fn pace(&self) -> Pace {
        if self.goal.is_some() {
            Pace::Seeking
        } else if self.is_over {
            Pace::Over
        } else if self.is_paused {
            Pace::Paused
        } else {
            Pace::Playing
        }
    }

    pub(super) fn state(&self) -> Replay {
        Replay {
            begins: self.begins,
            ends: self.ends,
            speed: self.speed,
            pace: self.pace(),
        }
    }

    /// From now on it is this time.
    pub(super) fn set(&mut self, time: Timestamp) {
        self.base = time;
        self.since = Instant::now();
    }

    pub(super) fn set_speed(&mut self, speed: u32) {
        self.set(self.now());
        self.speed = speed.max(1);
    }

    pub(super) fn pause_or_go_on(&mut self) {
        self.set(self.now());
        self.is_paused = !self.is_paused;
    }
}

/// Reads a recording ahead, from the last whole before this time on, until nobody wants more. A sentence, if it cannot
/// be read to its end.
pub(super) fn read_ahead(path: &Path, from: Timestamp, out: &mpsc::Sender<SourceMessage>) -> Result<(), String> {
    let said = |error: Unplayable| format!("'{}': {error}", path.display());
    let mut recording = recording::open(path).map_err(said)?;
    recording.seek(from).map_err(|error| said(error.into()))?;
    while let Some(frame) = recording.next_frame().map_err(said)? {
        for message in messages(frame) {
            if out.blocking_send(message).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A frame as sources would have said it.
fn messages(frame: Frame) -> Vec<SourceMessage> {
    let at = Some(frame.at);
    let mut messages = Vec::new();
    if !frame.deltas.is_empty() {
        messages.push(SourceMessage {
            at,
            deltas: frame.deltas,
            ..SourceMessage::default()
        });
    }
    for (kind, scope, broken) in frame.sources {
        let state = match broken {
            Some(why) => SourceState::Retrying {
                attempt: 1,
                wait: Duration::ZERO,
                failure: Failure::Interrupted(why),
            },
            None => SourceState::Live,
        };
        messages.push(SourceMessage {
            at,
            state: Some((kind, scope, state)),
            ..SourceMessage::default()
        });
    }
    messages
}
