//! Figures of what was measured, and how they are printed.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

/// Durations in order.
pub(crate) struct Spread(Vec<Duration>);

impl Spread {
    pub(crate) fn of(durations: impl Iterator<Item = Duration>) -> Self {
        let mut sorted: Vec<Duration> = durations.collect();
        sorted.sort();
        Self(sorted)
    }

    /// The least duration that this part of all (in hundredths) does not exceed: the nearest rank.
    fn percentile(&self, hundredths: usize) -> Duration {
        let rank = (self.0.len() * hundredths).div_ceil(100).max(1);
        self.0[rank - 1]
    }

    /// In milliseconds.
    pub(crate) fn p99(&self) -> f64 {
        self.percentile(99).as_secs_f64() * 1e3
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, max] = [50, 99, 100].map(|hundredths| milliseconds(self.percentile(hundredths)));
        write!(f, "p50 {p50}  p99 {p99}  max {max}")
    }
}

/// Such as `  3.14 ms`.
pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:6.2} ms", duration.as_secs_f64() * 1e3)
}

/// What a process used while it was left alone.
pub(crate) struct Idle {
    used: Duration,
    passed: Duration,
}

impl Idle {
    /// Measures for this long; `pass` has to let the time pass.
    pub(crate) fn watch(process: u32, time: Duration, pass: impl FnOnce(Duration)) -> Self {
        let (before, started) = (on_cpu(process), Instant::now());
        pass(time);
        Self {
            used: on_cpu(process).saturating_sub(before),
            passed: started.elapsed(),
        }
    }

    /// What it used.
    pub(crate) fn used(&self) -> Duration {
        self.used
    }

    /// Of one core.
    pub(crate) fn percent(&self) -> f64 {
        self.used.as_secs_f64() / self.passed.as_secs_f64() * 100.0
    }
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.2} % of a core in {:.0} s",
            self.percent(),
            self.passed.as_secs_f64()
        )
    }
}

/// The time that a process has run, in steps of 10 ms for each of user and kernel mode (proc(5), fields 14 and 15). Over
/// 30 s that is exact to 0.07 % of a core.
pub(crate) fn on_cpu(process: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).expect("this bench needs Linux");
    let (_, after_name) = text.rsplit_once(')').unwrap();
    let ticks = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}
