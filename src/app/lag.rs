//! How long an Envoy took to follow each change, as far as two answers can tell: not later than the one in which nothing
//! of it is pending any more, and after the one before.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::sync::Comparison;
use crate::mesh::history::{Journal, PodHistory, Seq};

/// Changes whose lag is kept.
const KEPT: usize = 1_000;
/// Changes that an Envoy has not followed yet; more are not told apart.
const OPEN: usize = 100;

/// How long after its watch event a change was in Envoy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lag {
    /// Envoy had it before the event came here.
    Ahead,
    /// Later than the first, at the latest the second.
    Between(SignedDuration, SignedDuration),
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lag::Ahead => write!(f, "at once"),
            Lag::Between(from, to) => write!(f, "{:.2}-{:.2} s", floor(*from), ceiling(*to)),
        }
    }
}

/// Hundredths of a second that are surely over.
fn floor(time: SignedDuration) -> f64 {
    (time.as_secs_f64() * 100.0).floor() / 100.0
}

/// Hundredths of a second that are surely not over yet.
fn ceiling(time: SignedDuration) -> f64 {
    (time.as_secs_f64() * 100.0).ceil() / 100.0
}

/// The lags of one Envoy.
#[derive(Clone, Debug, Default)]
pub(super) struct Lags {
    known: BTreeMap<Seq, Lag>,
    open: Vec<Open>,
    /// The newest change that was looked at; `None` before the first look.
    newest: Option<Seq>,
}

/// Changes that came together and are not in Envoy yet.
#[derive(Clone, Debug)]
struct Open {
    changes: Vec<(Seq, Timestamp)>,
    /// Since when their rows differ, by which they are told from others'.
    since: Timestamp,
    /// When Envoy was last asked and did not have them.
    missed: Option<Timestamp>,
}

impl Lags {
    /// Takes in what a comparison says that was made now, of an answer asked for and given at these times.
    ///
    /// `effects` are the changes that moved computed rows, newest first, and when they came; `before` is how many rows
    /// differed before it.
    pub(super) fn follow(
        &mut self,
        effects: impl Iterator<Item = (Seq, Timestamp)>,
        (before, comparison): (usize, &Comparison),
        times: (Timestamp, Timestamp),
        now: Timestamp,
    ) {
        let (asked, answered) = times;
        let pending = |since: Timestamp| comparison.differing().any(|(_, _, at)| at == since);
        let newest = self.newest;
        let is_first = newest.is_none();
        let mut fresh: Vec<(Seq, Timestamp)> = effects.take_while(|(seq, _)| Some(*seq) > newest).collect();
        fresh.reverse();
        self.newest = fresh.last().map(|(seq, _)| *seq).or(newest).or(Some(Seq::default()));
        // what was before the first look was not watched
        if !is_first && !fresh.is_empty() {
            if pending(now) && self.open.len() < OPEN {
                self.open.push(Open {
                    changes: fresh,
                    since: now,
                    missed: None,
                });
            } else if comparison.differences() < before {
                self.known.extend(fresh.into_iter().map(|(seq, _)| (seq, Lag::Ahead)));
            }
        }
        let known = &mut self.known;
        self.open.retain_mut(|open| {
            if pending(open.since) {
                open.missed = Some(asked);
                return true;
            }
            let lags = open.changes.iter().map(|(seq, at)| {
                let from = open
                    .missed
                    .map_or(SignedDuration::ZERO, |missed| missed.duration_since(*at));
                let to = answered.duration_since(*at).max(SignedDuration::ZERO);
                (*seq, Lag::Between(from.max(SignedDuration::ZERO), to))
            });
            known.extend(lags);
            false
        });
        while self.known.len() > KEPT {
            self.known.pop_first();
        }
    }

    /// Envoy is asked again after it was not: of what happened meanwhile nobody knows how long it took.
    pub(super) fn begin_again(&mut self) {
        self.open.clear();
        self.newest = None;
    }

    /// The lag of a change; `None` while Envoy has not followed, or if nobody knows.
    pub(super) fn get(&self, seq: Seq) -> Option<Lag> {
        self.known.get(&seq).copied()
    }
}

/// Changes that moved rows of a pod's computed table, newest first, and when they came.
pub(super) fn effects<'h>(pod: &'h PodHistory, journal: &'h Journal) -> impl Iterator<Item = (Seq, Timestamp)> + 'h {
    let moved = pod
        .effects()
        .filter(|(_, effect)| effect.added + effect.removed + effect.changed > 0);
    moved.filter_map(|(seq, _)| Some((seq, journal.get(seq)?.at)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::message::{EnvoyRow, EnvoyTable};
    use crate::mesh::model::HostCounters;
    use crate::mesh::scope::{Address, Class, Cluster, Health, Row};

    fn table(ips: &[&str]) -> EnvoyTable {
        let cluster = Arc::new(Cluster::parse(&"outbound|80||a.test".into()));
        let row = |ip: &&str| {
            let address = Address::Socket((*ip).into(), 80);
            let row = EnvoyRow::new(Arc::clone(&cluster), address, Health::Healthy);
            (row, HostCounters::default())
        };
        EnvoyTable::new(ips.iter().map(row).collect())
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    /// A computed table and an Envoy that are compared again and again.
    struct Watched {
        lags: Lags,
        comparison: Comparison,
        changes: Vec<(Seq, Timestamp)>,
    }

    impl Watched {
        fn new(ips: &[&str]) -> Self {
            let mut watched = Self {
                lags: Lags::default(),
                comparison: Comparison::default(),
                changes: Vec::new(),
            };
            watched.compare(ips, ips, (0, 10), 10);
            watched
        }

        /// Computed rows, Envoy's, when it was asked and had answered, and now.
        fn compare(&mut self, computed: &[&str], actual: &[&str], times: (i64, i64), now: i64) {
            let exact = |row: &EnvoyRow| Row {
                class: Class::Exact,
                ..row.row.clone()
            };
            let rows: Vec<Row> = table(computed).rows.iter().map(exact).collect();
            let before = self.comparison.differences();
            self.comparison = Comparison::new(&rows, &table(actual), at(now), &self.comparison);
            let times = (at(times.0), at(times.1));
            let effects = self.changes.iter().rev().copied();
            self.lags.follow(effects, (before, &self.comparison), times, at(now));
        }

        fn change(&mut self, millis: i64) -> Seq {
            let seq = Seq(self.changes.len() as u64 + 1);
            self.changes.push((seq, at(millis)));
            seq
        }
    }

    #[test]
    fn a_lag_lies_between_the_last_answer_without_and_the_first_with() {
        let mut watched = Watched::new(&["10.0.0.1"]);
        let edit = watched.change(1_000);
        watched.compare(&["10.0.0.1", "10.0.0.2"], &["10.0.0.1"], (0, 10), 1_001);
        assert_eq!(watched.lags.get(edit), None);
        watched.compare(&["10.0.0.1", "10.0.0.2"], &["10.0.0.1"], (1_100, 1_105), 1_106);
        watched.compare(
            &["10.0.0.1", "10.0.0.2"],
            &["10.0.0.1", "10.0.0.2"],
            (1_250, 1_345),
            1_346,
        );
        assert_eq!(watched.lags.get(edit).unwrap().to_string(), "0.10-0.35 s");
    }

    #[test]
    fn an_answer_from_before_the_event_tells_nothing_of_how_long_it_took() {
        let mut watched = Watched::new(&["10.0.0.1"]);
        let edit = watched.change(1_000);
        watched.compare(&[], &["10.0.0.1"], (0, 10), 1_000);
        watched.compare(&[], &[], (1_050, 1_060), 1_060);
        assert_eq!(watched.lags.get(edit).unwrap().to_string(), "0.00-0.06 s");
    }

    #[test]
    fn envoy_may_be_quicker_than_the_watch() {
        let mut watched = Watched::new(&["10.0.0.1"]);
        watched.compare(&["10.0.0.1"], &[], (900, 910), 911);
        let edit = watched.change(1_000);
        watched.compare(&[], &[], (900, 910), 1_000);
        assert_eq!(watched.lags.get(edit), Some(Lag::Ahead));
    }

    #[test]
    fn each_of_two_edits_has_its_own_lag_and_old_differences_hold_up_none() {
        let mut watched = Watched::new(&["10.0.0.1"]);
        watched.compare(&["10.0.0.1"], &["10.0.0.1", "10.9.9.9"], (20, 30), 30);
        let first = watched.change(1_000);
        watched.compare(&["10.0.0.1", "10.0.0.2"], &["10.0.0.1", "10.9.9.9"], (20, 30), 1_000);
        let second = watched.change(1_100);
        let all = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
        watched.compare(&all, &["10.0.0.1", "10.9.9.9"], (20, 30), 1_100);
        watched.compare(&all, &["10.0.0.1", "10.0.0.2", "10.9.9.9"], (1_150, 1_160), 1_160);
        watched.compare(
            &all,
            &["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.9.9.9"],
            (1_300, 1_310),
            1_310,
        );
        assert_eq!(watched.lags.get(first).unwrap().to_string(), "0.00-0.16 s");
        assert_eq!(watched.lags.get(second).unwrap().to_string(), "0.05-0.21 s");
    }
}
