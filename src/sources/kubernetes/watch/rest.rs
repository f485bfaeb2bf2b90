//! Waiting after a break, and its end: when the time is over, when somebody asks for a new list, or when another watch of
//! the same server gets through.
//!
//! # Decisions
//! * While a server is down, one of its watches asks every two seconds and the others back off; the first answer wakes
//!   them all. Because tables are to be right again within seconds of the server, and twenty watches that ask so often
//!   would be a burden. Instead of a shorter bound for all.
//! * A pulse ends no wait before its first 800 ms, so that two watches of a sick server cannot keep each other awake.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::Follower;
use crate::mesh::world::{Failure, SourceState};
use crate::sources::kubernetes::backoff::FIRST;

/// How often the scout asks.
const SCOUT: Duration = Duration::from_secs(2);

/// Word among the watches of one server that it answers again.
#[derive(Clone, Debug)]
pub struct Pulse {
    beat: Arc<watch::Sender<()>>,
    /// Held by the one that asks most often.
    scout: Arc<Semaphore>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            beat: Arc::new(watch::Sender::new(())),
            scout: Arc::new(Semaphore::new(1)),
        }
    }
}

/// What a watch last saw of its server.
#[derive(Debug, Default)]
pub(super) enum Health {
    /// It answers.
    #[default]
    Well,
    /// It answers, and then breaks off.
    Broken(Option<OwnedSemaphorePermit>),
    /// It answers that it fails.
    Failing(Option<OwnedSemaphorePermit>),
    /// It does not answer.
    Silent(Option<OwnedSemaphorePermit>),
}

impl Health {
    fn of(failure: &Failure, scout: Option<OwnedSemaphorePermit>) -> Self {
        match failure {
            Failure::Unreachable(_) | Failure::TimedOut => Health::Silent(scout),
            Failure::Status(429 | 500.., _) => Health::Failing(scout),
            Failure::Interrupted(_) | Failure::Malformed(_) => Health::Broken(scout),
            Failure::Unauthorized(_) | Failure::Forbidden { .. } | Failure::Status(..) => Health::Well,
        }
    }

    fn take_scout(&mut self) -> Option<OwnedSemaphorePermit> {
        match self {
            Health::Well => None,
            Health::Broken(scout) | Health::Failing(scout) | Health::Silent(scout) => scout.take(),
        }
    }
}

impl Follower {
    /// The server answered: who waits for that is told.
    pub(super) fn answered(&mut self) {
        if let Health::Failing(_) | Health::Silent(_) = self.health {
            self.is_well();
        }
    }

    /// The server says what it should.
    pub(super) fn is_well(&mut self) {
        if !matches!(std::mem::take(&mut self.health), Health::Well) {
            self.settings.pulse.beat.send_replace(());
        }
    }

    /// Waits as long as the backoff says, or the server, or until somebody asks for a new list.
    pub(super) async fn retry(&mut self, failure: Failure, after: Option<Duration>) -> bool {
        let was_silent = matches!(self.health, Health::Silent(_));
        let pulse = self.settings.pulse.clone();
        let scout = self.health.take_scout();
        let scout = scout.or_else(|| Arc::clone(&pulse.scout).try_acquire_owned().ok());
        self.health = Health::of(&failure, scout);
        if was_silent && !matches!(self.health, Health::Silent(_)) {
            pulse.beat.send_replace(());
        }
        let mut beat = pulse.beat.subscribe();
        let (attempt, mut wait) = self.backoff.next();
        if let Health::Broken(Some(_)) | Health::Failing(Some(_)) | Health::Silent(Some(_)) = self.health {
            wait = wait.min(SCOUT);
        }
        wait = after.unwrap_or(wait);
        let least = after.unwrap_or(FIRST).min(wait);
        let state = SourceState::Retrying { attempt, wait, failure };
        if !self.tell(Vec::new(), state).await {
            return false;
        }
        let over = async {
            sleep(least).await;
            let _ = timeout(wait.saturating_sub(least), beat.changed()).await;
        };
        let asked = match select(pin!(self.settings.relist.changed()), pin!(over)).await {
            Either::Left((asked, _)) => Some(asked.is_ok()),
            Either::Right(_) => None,
        };
        self.goes_on(asked)
    }

    /// Waits; a call for a new list ends the wait and resets the backoff. `false` if nobody listens any more.
    pub(super) async fn rest(&mut self, wait: Duration) -> bool {
        let asked = timeout(wait, self.settings.relist.changed()).await;
        self.goes_on(asked.ok().map(|asked| asked.is_ok()))
    }

    fn goes_on(&mut self, asked: Option<bool>) -> bool {
        if asked.is_some() {
            self.backoff.reset();
            self.resume = None;
        }
        asked != Some(false) && !self.out.is_closed()
    }
}
