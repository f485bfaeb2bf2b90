//! How often an Envoy is asked: often while something is going on, seldom at rest, never so that it is a burden.

use std::time::Duration;

/// After a change Envoy follows within a few hundred milliseconds: this is where its lag is measured.
const QUICK: Duration = Duration::from_millis(100);
/// So long after a change it is asked quickly.
const EXCITED: Duration = Duration::from_secs(2);
/// While what its hosts do a second is looked at, and they do something.
const RATES: Duration = Duration::from_secs(1);
/// While they do nothing, or nobody looks at that.
const SLOW: Duration = Duration::from_secs(5);
/// It may be busy with answers for a tenth of the time at most.
const SHARE: u32 = 10;

/// What is looked at of an Envoy, besides its table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Looked {
    /// Nothing that moves: no counter has since the last answer, or none is on the screen.
    Table,
    /// What its hosts do a second, and they do something.
    Rates,
}

impl Looked {
    fn slowest(self) -> Duration {
        match self {
            Looked::Table => SLOW,
            Looked::Rates => RATES,
        }
    }
}

/// The pace of one Envoy's questions: a function of what was told, without a clock of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    wait: Duration,
    excited_for: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            wait: QUICK,
            excited_for: EXCITED,
        }
    }
}

impl Pace {
    /// The scope has changed, or the answer did: ask quickly for a while.
    pub fn stir(&mut self) {
        *self = Self::default();
    }

    /// How long to wait before the next question, when the last answer took so long.
    pub fn next(&mut self, answer_took: Duration, looked: Looked) -> Duration {
        let wait = self.wait.min(looked.slowest()).max(answer_took.saturating_mul(SHARE));
        self.excited_for = self.excited_for.saturating_sub(wait);
        if self.excited_for.is_zero() {
            self.wait = (self.wait * 2).min(SLOW);
        }
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_for_two_seconds_then_slower_and_slower() {
        let mut pace = Pace::default();
        let waits: Vec<u128> = (0..25)
            .map(|_| pace.next(Duration::from_millis(1), Looked::Table).as_millis())
            .collect();
        assert!(waits[..19].iter().all(|wait| *wait == 100), "{waits:?}");
        assert_eq!(&waits[19..], [100, 200, 400, 800, 1600, 3200]);
        pace.stir();
        assert_eq!(pace.next(Duration::ZERO, Looked::Table), QUICK);
    }

    #[test]
    fn rates_are_asked_for_each_second_while_something_moves() {
        let mut pace = Pace::default();
        let mut next = |looked| pace.next(Duration::from_millis(20), looked);
        let last = (0..30).map(|_| next(Looked::Rates)).last();
        assert_eq!(last, Some(RATES));
        assert_eq!(next(Looked::Table), SLOW);
    }

    #[test]
    fn a_slow_envoy_is_asked_a_tenth_of_the_time_at_most() {
        let mut pace = Pace::default();
        assert_eq!(
            pace.next(Duration::from_millis(700), Looked::Rates),
            Duration::from_secs(7)
        );
    }
}
