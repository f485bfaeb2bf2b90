//! Recordings on the screen: one that is played, and one that is being made.
//!
//! What a replay is given is what a cluster would have said, at the times at which it said it, so nothing else here knows
//! that it is one. Only where it goes back, what was learnt since is forgotten ([`App::rewind`]).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::actions::Action;
use super::facts::Facts;
use super::message::{ClusterInfo, Command, DemoControl};
use super::moment::{Moment, Reach};
use super::options::Play;
use super::ui::{Stale, Toggle};
use super::view::{Line, Role, Span};
use super::{App, Toast};
use crate::mesh::history::Journal;
use crate::mesh::world::{Delta, World};

/// Times as fast as it was, at most.
const FASTEST: u32 = 10_000;

/// How many times as fast, as a person writes it: `10x`, `x10`, `10`.
pub fn replay_speed(text: &str) -> Option<u32> {
    let number = text.trim_matches(['x', 'X']).parse().ok();
    number.filter(|speed| (1..=FASTEST).contains(speed))
}

/// Where a replay is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replay {
    /// The recording's beginning.
    pub begins: Timestamp,
    /// Its end.
    pub ends: Timestamp,
    /// How many times as fast as it was.
    pub speed: u32,
    /// How it goes.
    pub pace: Pace,
}

/// How a replay goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// Time passes.
    Playing,
    /// It waits for a key.
    Paused,
    /// On its way to another time.
    Seeking,
    /// Nothing more was recorded.
    Over,
}

/// How a replay is steered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplayControl {
    /// To the next change; then it waits.
    Step,
    /// Pause, or go on.
    Pause,
    /// From the beginning.
    Restart,
    /// To this time.
    Seek(Timestamp),
    /// So many times as fast as it was.
    Speed(u32),
}

/// How a recording that is made does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecordingNews {
    /// It goes into this file.
    Begun(String),
    /// It has ended; a sentence that says what it is.
    Ended(String),
    /// It has ended because it could not go on (or could not begin); a sentence that says why.
    Failed(String),
}

/// What a recording begins with: the present, its past as far as it is kept, and what waits while the screen is held
/// still. A snapshot, which costs pointers.
#[derive(Clone, Debug)]
pub struct Ring {
    /// The present.
    pub world: World,
    /// How it came about.
    pub journal: Journal,
    /// What came after it, and waits.
    pub waiting: Vec<(Timestamp, Vec<Delta>)>,
    /// Where.
    pub cluster: ClusterInfo,
    /// In which time zone times are shown.
    pub zone: TimeZone,
}

impl App {
    /// What a recording begins with, now.
    pub fn ring(&self) -> Ring {
        let frozen = self.ui.frozen.as_ref();
        Ring {
            world: self.facts.world.clone(),
            journal: self.facts.history.journal().clone(),
            waiting: frozen.map(|frozen| frozen.batches.clone()).unwrap_or_default(),
            cluster: self.facts.cluster.clone(),
            zone: self.options.time_zone.clone(),
        }
    }

    /// Begins to record into this file (or one that is named after the time), or ends it.
    pub(super) fn toggle_recording(&mut self, now: Timestamp, file: Option<String>) -> Vec<Command> {
        match (self.options.play, &self.facts.recording, file) {
            (Play::Replay, ..) => {
                self.say(now, Role::Dim, "this is a recording already: copy the file");
                Vec::new()
            }
            (Play::Cluster | Play::Demo, Some(into), Some(_)) => {
                let stop = self
                    .options
                    .keys
                    .hint(Action::Record)
                    .unwrap_or_else(|| ":record".to_owned());
                let line = format!("recording into '{into}' already; {stop} ends that");
                self.say(now, Role::Warn, line);
                Vec::new()
            }
            (Play::Cluster | Play::Demo, Some(_), None) => vec![Command::EndRecording],
            (Play::Cluster | Play::Demo, None, file) => vec![Command::Record(file)],
        }
    }

    pub(super) fn hear_recording(&mut self, now: Timestamp, news: RecordingNews) {
        match news {
            RecordingNews::Begun(file) => {
                // who hides names on the screen may hand the file on
                let (role, what) = if self.ui.is_on(Toggle::Privacy) {
                    (Role::Warn, "names in it are not masked")
                } else {
                    (Role::Good, "with the minutes before now")
                };
                self.say(now, role, format!("recording into '{file}', {what}"));
                self.facts.recording = Some(file);
            }
            RecordingNews::Ended(line) => {
                self.facts.recording = None;
                self.say(now, Role::Good, line);
            }
            RecordingNews::Failed(line) => {
                self.facts.recording = None;
                self.facts.note(now, line.clone());
                self.say(now, Role::Bad, line);
            }
        }
    }

    pub(super) fn hear_replay(&mut self, now: Timestamp, replay: Replay) {
        let arrived = |before: &Replay| before.pace == Pace::Seeking && replay.pace != Pace::Seeking;
        if self.facts.replay.as_ref().is_some_and(arrived) {
            // what was said about the time before is about another time now
            self.ui.toast = None;
        }
        self.facts.replay = Some(replay);
        if replay.pace == Pace::Over {
            self.say(
                now,
                Role::Strong,
                "the recording ends here; B plays it from its beginning",
            );
        }
    }

    /// What is known was learnt at a time that has not come yet: it is forgotten, and told anew. What is looked at stays.
    pub(super) fn rewind(&mut self, now: Timestamp) {
        let before = std::mem::take(&mut self.facts);
        self.facts = Facts {
            cluster: before.cluster,
            log: before.log,
            replay: before.replay,
            ..Facts::new(self.options.settings.clone())
        };
        self.ui.panels.clear();
        self.ui.walks.clear();
        self.ui.moments.clear();
        self.ui.moments_of = None;
        self.ui.computing = None;
        self.ui.frozen = None;
        self.ui.toast = None;
        self.ui.stale.extend([Stale::Panels, Stale::Traffic]);
        self.ui.epoch += 1;
        self.rebuild_all(now);
    }

    /// `.` `,` `B`: of the demo's story, or of the replay.
    pub(super) fn steer(&self, control: ReplayControl) -> Vec<Command> {
        let of_demo = match control {
            ReplayControl::Step => DemoControl::Step,
            ReplayControl::Pause => DemoControl::Pause,
            ReplayControl::Restart => DemoControl::Restart,
            ReplayControl::Seek(_) | ReplayControl::Speed(_) => return vec![Command::Replay(control)],
        };
        match self.options.play {
            Play::Replay => vec![Command::Replay(control)],
            Play::Demo => vec![Command::Demo(of_demo)],
            Play::Cluster => Vec::new(),
        }
    }

    /// The times that a replay has, as they are shown here.
    fn reach_of(&self, replay: &Replay) -> Reach {
        Reach {
            begins: replay.begins,
            ends: replay.ends,
            zone: self.options.time_zone.clone(),
        }
    }

    /// `:seek 02:51`
    pub(super) fn seek(&mut self, now: Timestamp, text: &str) -> Vec<Command> {
        let Some(replay) = &self.facts.replay else {
            return Vec::new();
        };
        let reach = self.reach_of(replay);
        let moment = text.parse::<Moment>().map_err(|error| error.to_string());
        match moment.and_then(|moment| reach.find(moment)) {
            Ok(at) => self.steer(ReplayControl::Seek(at)),
            Err(problem) => {
                self.say(now, Role::Bad, problem);
                Vec::new()
            }
        }
    }

    /// `:speed 10x`
    pub(super) fn set_speed(&mut self, now: Timestamp, text: &str) -> Vec<Command> {
        match replay_speed(text) {
            Some(speed) => self.steer(ReplayControl::Speed(speed)),
            None => {
                self.say(
                    now,
                    Role::Bad,
                    format!("'{text}' is no speed: write 1x, 10x, up to {FASTEST}x"),
                );
                Vec::new()
            }
        }
    }

    /// A message that stays as long for whoever looks, however fast time passes.
    pub(super) fn toast_of(&self, now: Timestamp, role: Role, text: String) -> Toast {
        let mut toast = Toast::new(now, role, text);
        if let Some(replay) = self.facts.replay.as_ref().filter(|replay| replay.pace == Pace::Playing) {
            let stays = toast.until.duration_since(now);
            let speed = i32::try_from(replay.speed).unwrap_or(i32::MAX);
            toast.until = stays
                .checked_mul(speed)
                .and_then(|stays| now.checked_add(stays).ok())
                .unwrap_or(toast.until);
        }
        toast
    }

    /// The badge of a replay: its time and how it goes.
    pub(super) fn replay_badge(&self, now: Timestamp) -> Option<(Role, String)> {
        let replay = self.facts.replay.as_ref()?;
        let time = now.to_zoned(self.options.time_zone.clone()).strftime("%T").to_string();
        let how = match replay.pace {
            Pace::Playing => format!("x{}", replay.speed),
            Pace::Paused => "paused".to_owned(),
            Pace::Seeking => "seeking".to_owned(),
            Pace::Over => "end".to_owned(),
        };
        Some((Role::Warn, format!("replay {time} {how}")))
    }

    /// What is played, and how it goes on.
    pub(super) fn replay_line(&self, now: Timestamp) -> Line {
        let Some(replay) = &self.facts.replay else {
            return Vec::new();
        };
        let reach = self.reach_of(replay);
        let all = replay.ends.duration_since(replay.begins).as_millis().max(1);
        let done = now.duration_since(replay.begins).as_millis().clamp(0, all);
        let (action, does) = match replay.pace {
            Pace::Playing | Pace::Seeking => (Action::DemoPause, " pauses "),
            Pace::Paused => (Action::DemoPause, " goes on "),
            Pace::Over => (Action::DemoRestart, " from its beginning "),
        };
        let key = self.options.keys.hint(action).unwrap_or_default();
        vec![
            Span::new(Role::Dim, format!("{}% ", done * 100 / all)),
            Span::new(Role::Strong, format!("{}  ", reach.short())),
            Span::new(Role::Warn, "by today's rules, no Envoys  "),
            Span::new(Role::Key, key),
            Span::new(Role::Dim, does),
        ]
    }

    /// When the badge shows another time.
    pub(super) fn replay_ticks(&self, now: Timestamp) -> Option<Timestamp> {
        let replay = self
            .facts
            .replay
            .as_ref()
            .filter(|replay| replay.pace == Pace::Playing)?;
        // ten times a second is often enough
        let step = SignedDuration::from_secs(i64::from(replay.speed / 10).max(1));
        let second = Timestamp::from_second(now.as_second()).ok()?;
        second.checked_add(step).ok()
    }
}
