//! How long to wait before the next try.

use std::time::Duration;

use tokio::time::Instant;

/// Doubles from 800 ms to 30 s, as client-go's reflector does, and starts anew after a success.
///
/// Spread by kind instead of by chance, so that twenty watches of a server that comes back do not come at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    attempt: u32,
    spread: u32,
    /// When it last worked, or somebody asked for a new try.
    worked: Option<Instant>,
}

pub(super) const FIRST: Duration = Duration::from_millis(800);
const LAST: Duration = Duration::from_secs(30);

impl Backoff {
    /// A backoff whose waits are up to a quarter longer, by `spread`.
    pub(super) fn new(spread: usize) -> Self {
        Self {
            attempt: 0,
            spread: u32::try_from(spread % 16).unwrap_or(0),
            worked: None,
        }
    }

    /// The number of the next try, from 1, and the wait before it.
    pub(super) fn next(&mut self) -> (u32, Duration) {
        let wait = FIRST.saturating_mul(1 << self.attempt.min(10)).min(LAST);
        self.attempt = self.attempt.saturating_add(1);
        (self.attempt, wait + wait * self.spread / 64)
    }

    /// It worked: the next wait is the first again.
    pub(super) fn reset(&mut self) {
        self.attempt = 0;
        self.worked = Some(Instant::now());
    }

    /// What worked at some time did so until now.
    pub(super) fn worked_until_now(&mut self) {
        self.worked = self.worked.map(|_| Instant::now());
    }

    /// Whether it worked within this time.
    pub(super) fn has_worked_within(&self, time: Duration) -> bool {
        self.worked.is_some_and(|worked| worked.elapsed() < time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_its_bound_and_starts_anew() {
        let mut backoff = Backoff::new(0);
        let waits: Vec<u128> = (0..8).map(|_| backoff.next().1.as_millis()).collect();
        assert_eq!(waits, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
        backoff.reset();
        assert_eq!(backoff.next(), (1, FIRST));
    }
}
