//! The loop's part of a replay: keys that steer it, and what follows when the clock has come to a place.

use std::io;

use jiff::{SignedDuration, Timestamp};

use super::super::playback::{Clock, Playback};
use super::{End, Ui};
use crate::app::{Message, Pace, ReplayControl};

/// What lies before a time is played too when one goes there: marks and the timeline are of it. As long as the journal.
const BEFORE: SignedDuration = SignedDuration::from_mins(30);
/// Further ahead than this one does not go by playing all that is in between.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

impl Ui {
    /// Steers the replay; does nothing elsewhere.
    pub(super) async fn steer_replay(&mut self, control: ReplayControl) -> io::Result<Option<End>> {
        let first = self.inbox.waiting.front().and_then(|message| message.at);
        let Clock::Replay(playback) = &mut self.clock else {
            return Ok(None);
        };
        match control {
            ReplayControl::Pause if playback.pace() == Pace::Over => {}
            ReplayControl::Pause => playback.pause_or_go_on(),
            ReplayControl::Speed(speed) => playback.set_speed(speed),
            ReplayControl::Step => {
                playback.set(playback.now());
                playback.is_paused = true;
                playback.goal = first;
                playback.wants_step = first.is_none() && !self.inbox.is_at_end;
            }
            ReplayControl::Restart => {
                let begins = playback.begins;
                playback.is_paused = false;
                return self.go_back(begins).await;
            }
            ReplayControl::Seek(to) => {
                let now = playback.now();
                let is_near = to.duration_since(now) <= AHEAD;
                if to < now || !is_near {
                    return self.go_back(to).await;
                }
                playback.set(now);
                playback.is_over = false;
                playback.goal = Some(to);
            }
        }
        self.tell_replay().await
    }

    /// Begins to play, where there is a recording.
    pub(super) async fn begin_replay(&mut self) -> io::Result<Option<End>> {
        let Clock::Replay(playback) = &self.clock else {
            return Ok(None);
        };
        self.read_up_to(playback.goal.unwrap_or(playback.begins));
        self.tell_replay().await
    }

    /// Has the recording read from long enough before this time on.
    fn read_up_to(&mut self, to: Timestamp) {
        if let Some(deltas) = self.effects.play(to.saturating_sub(BEFORE).unwrap_or(to)) {
            // with the old channel goes what was read and not told
            self.inbox.deltas = deltas;
            self.inbox.waiting.clear();
            self.inbox.is_at_end = false;
        }
    }

    /// Tells everything anew, up to this time.
    async fn go_back(&mut self, to: Timestamp) -> io::Result<Option<End>> {
        let Clock::Replay(playback) = &mut self.clock else {
            return Ok(None);
        };
        playback.set(playback.begins);
        playback.is_over = false;
        playback.wants_step = false;
        playback.goal = Some(to);
        self.read_up_to(to);
        let end = Box::pin(self.tell(Message::Rewind)).await?;
        if end.is_some() {
            return Ok(end);
        }
        self.tell_replay().await
    }

    /// Sees whether the clock has come to where it was to go, or to the end.
    pub(super) async fn follow_replay(&mut self) -> io::Result<Option<End>> {
        let first = self.inbox.waiting.front().and_then(|message| message.at);
        let Clock::Replay(playback) = &mut self.clock else {
            return Ok(None);
        };
        let before = playback.state();
        if playback.wants_step && (first.is_some() || self.inbox.is_at_end) {
            playback.wants_step = false;
            playback.goal = first;
        }
        arrive(playback, first, self.inbox.is_at_end);
        if playback.state() == before {
            return Ok(None);
        }
        self.tell_replay().await
    }

    async fn tell_replay(&mut self) -> io::Result<Option<End>> {
        let Clock::Replay(playback) = &self.clock else {
            return Ok(None);
        };
        let state = playback.state();
        Box::pin(self.tell(Message::Replay(state))).await
    }
}

/// `first`: of when the first message is that waits.
fn arrive(playback: &mut Playback, first: Option<Timestamp>, is_at_end: bool) {
    let nothing_left = first.is_none() && is_at_end;
    if let Some(goal) = playback.goal
        && (nothing_left || first.is_some_and(|first| first > goal))
    {
        playback.goal = None;
        playback.set(goal);
    }
    if nothing_left && !playback.is_over && playback.goal.is_none() && playback.now() >= playback.ends {
        playback.set(playback.ends);
        playback.is_over = true;
    }
}
