//! From counters that only grow to rates: for each host of an Envoy, how much a second now and in the last minute.
//!
//! A pure function of the answers and their times. Right whatever the pace of the answers: a rate is what was counted
//! between two of them, by the time between them; answers that come quicker than once a second are taken together.
//! A counter that goes back has begun anew (Envoy was restarted, the host was dropped and came back): what it shows was
//! counted since. A host that was not there before has counted nothing before.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::message::{EnvoyRow, EnvoyTable};
use crate::mesh::model::HostCounters;

/// How many samples a host's past holds, one for each second.
pub const SAMPLES: usize = 60;
/// How many of them tell what a host does of late.
const LATE: usize = 10;
/// Less than this is no second: what comes sooner is taken together with the next.
const SECOND: SignedDuration = SignedDuration::from_millis(900);
/// After so long without an answer the mean says nothing of each second between.
const GAP: SignedDuration = SignedDuration::from_secs(15);

/// What happens a second, in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rate {
    /// Requests; of clusters that are not HTTP there are none.
    pub requests: u64,
    /// Requests that failed, or connections that could not be opened, whichever are more: a request whose connection
    /// cannot be opened is among both.
    pub errors: u64,
    /// Connections that were opened.
    pub connections: u64,
}

/// What the last rates brought of a host, from the least on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Stir {
    /// What it counted and what it does is as before; only its past has grown.
    #[default]
    Still,
    /// It counted, or its rate is another one.
    Counted,
    /// It stands elsewhere among busy ones ([`Rates::standing`]).
    Moved,
}

/// The rates of the hosts of one Envoy.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    rows: Arc<[EnvoyRow]>,
    last: Arc<[HostCounters]>,
    hosts: Vec<Host>,
    /// Since when is counted for the next rates; `None` before the first answer.
    since: Option<Timestamp>,
}

/// One host.
#[derive(Clone, Debug, Default)]
struct Host {
    counted: Rate,
    rate: Option<Rate>,
    /// The rates of requests (else of connections) of the last seconds, newest last; `None` of a second nobody knows.
    /// Absent where nothing ever happened.
    past: Option<VecDeque<Option<u64>>>,
    standing: u64,
    /// Whether any counter is another one since the last rates.
    has_counted: bool,
    stir: Stir,
}

impl Rates {
    /// Takes in an answer; whether any rate is new.
    pub fn follow(&mut self, at: Timestamp, table: &EnvoyTable) -> bool {
        let Some(since) = self.since else {
            *self = Self {
                rows: Arc::clone(&table.rows),
                last: Arc::clone(&table.counters),
                hosts: vec![Host::default(); table.rows.len()],
                since: Some(at),
            };
            return false;
        };
        self.count(table);
        let elapsed = at.duration_since(since);
        if elapsed.is_negative() {
            // the clock was set back: nobody knows how long it was
            self.hosts.iter_mut().for_each(|host| host.counted = Rate::default());
            self.since = Some(at);
            return false;
        }
        if elapsed < SECOND {
            return false;
        }
        for host in &mut self.hosts {
            host.settle(elapsed);
        }
        self.since = Some(at);
        true
    }

    /// Adds what was counted since the last answer.
    fn count(&mut self, table: &EnvoyTable) {
        if Arc::ptr_eq(&self.rows, &table.rows) {
            if !Arc::ptr_eq(&self.last, &table.counters) {
                let counters = self.last.iter().zip(table.counters.iter());
                for (host, (before, after)) in self.hosts.iter_mut().zip(counters) {
                    host.count(before, after);
                }
            }
        } else {
            let mut olds = std::mem::take(&mut self.hosts).into_iter();
            let mut before = self.rows.iter().zip(self.last.iter()).peekable();
            let hosts = table.rows.iter().zip(table.counters.iter()).map(|(row, after)| {
                while before
                    .next_if(|(old, _)| old.row.order(&row.row) == Ordering::Less)
                    .is_some()
                {
                    olds.next();
                }
                let same = before.next_if(|(old, _)| old.row.order(&row.row) == Ordering::Equal);
                let (mut host, last) = match same {
                    Some((_, last)) => (olds.next().unwrap_or_default(), *last),
                    None => (Host::default(), HostCounters::default()),
                };
                host.count(&last, after);
                host
            });
            self.hosts = hosts.collect();
            self.rows = Arc::clone(&table.rows);
        }
        self.last = Arc::clone(&table.counters);
    }

    /// The rate of the host at this place of Envoy's table; `None` before two answers.
    pub fn rate(&self, at: usize) -> Option<Rate> {
        self.hosts.get(at)?.rate
    }

    /// The rates of requests (else of connections) of the last seconds of the host at this place, oldest first; `None`
    /// of a second nobody knows. `None` where nothing ever happened.
    pub fn past(&self, at: usize) -> Option<&VecDeque<Option<u64>>> {
        self.hosts.get(at)?.past.as_ref()
    }

    /// By what the host at this place is ordered among busy ones: its mean rate of late, and that only once it is
    /// another by a quarter, so that rows which do about the same do not change places all the time. `None` before two
    /// answers.
    pub fn standing(&self, at: usize) -> Option<u64> {
        let host = self.hosts.get(at)?;
        host.rate.map(|_| host.standing)
    }

    /// What the last rates brought of the host at this place.
    pub fn stir(&self, at: usize) -> Stir {
        self.hosts.get(at).map_or(Stir::Still, |host| host.stir)
    }
}

impl Host {
    /// Takes in the counters of an answer after those of the one before.
    fn count(&mut self, before: &HostCounters, after: &HostCounters) {
        if before != after {
            self.counted.add(&since(before, after));
            self.has_counted = true;
        }
    }

    /// Makes a rate of what was counted in so long, and says what that changed.
    fn settle(&mut self, elapsed: SignedDuration) {
        let (rate, standing) = (self.rate, self.standing);
        self.measure(elapsed);
        let has_counted = std::mem::take(&mut self.has_counted);
        self.stir = if rate.is_none() || standing != self.standing {
            Stir::Moved
        } else if has_counted || rate != self.rate {
            Stir::Counted
        } else {
            Stir::Still
        };
    }

    fn measure(&mut self, elapsed: SignedDuration) {
        let counted = std::mem::take(&mut self.counted);
        let millis = u128::try_from(elapsed.as_millis()).unwrap_or(1).max(1);
        let per_second = |count: u64| u64::try_from(u128::from(count) * 1_000_000 / millis).unwrap_or(u64::MAX);
        let rate = Rate {
            requests: per_second(counted.requests),
            errors: per_second(counted.errors),
            connections: per_second(counted.connections),
        };
        self.rate = Some(rate);
        if rate == Rate::default() && self.past.is_none() {
            return;
        }
        let past = self.past.get_or_insert_default();
        let seconds = usize::try_from((millis + 500) / 1000)
            .unwrap_or(SAMPLES)
            .clamp(1, SAMPLES);
        let shown = if rate.requests > 0 {
            rate.requests
        } else {
            rate.connections
        };
        let unknown = if elapsed > GAP { seconds - 1 } else { 0 };
        past.extend(std::iter::repeat_n(None, unknown));
        past.extend(std::iter::repeat_n(Some(shown), seconds - unknown));
        past.drain(..past.len().saturating_sub(SAMPLES));
        let late = past.iter().rev().take(LATE).flatten();
        let (sum, count) = late.fold((0_u64, 0_u64), |(sum, count), rate| {
            (sum.saturating_add(*rate), count + 1)
        });
        let mean = sum / count.max(1);
        if mean.abs_diff(self.standing) > self.standing / 4 {
            self.standing = mean;
        }
    }
}

impl Rate {
    fn add(&mut self, more: &Rate) {
        self.requests = self.requests.saturating_add(more.requests);
        self.errors = self.errors.saturating_add(more.errors);
        self.connections = self.connections.saturating_add(more.connections);
    }
}

/// What was counted between two answers.
fn since(before: &HostCounters, after: &HostCounters) -> Rate {
    let grown = |counter: fn(&HostCounters) -> u64| counter(after) >= counter(before);
    let all: [fn(&HostCounters) -> u64; 4] = [
        |counters| counters.rq_total,
        |counters| counters.rq_error,
        |counters| counters.cx_total,
        |counters| counters.cx_connect_fail,
    ];
    // one that went back betrays the others, which may have passed their old places again
    let before = if all.into_iter().all(grown) {
        *before
    } else {
        HostCounters::default()
    };
    Rate {
        requests: after.rq_total.saturating_sub(before.rq_total),
        errors: after
            .rq_error
            .saturating_sub(before.rq_error)
            .max(after.cx_connect_fail.saturating_sub(before.cx_connect_fail)),
        connections: after.cx_total.saturating_sub(before.cx_total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::scope::{Address, Cluster, Health};

    fn table(hosts: &[(&str, u64, u64)]) -> EnvoyTable {
        let cluster = Arc::new(Cluster::parse(&"outbound|9080||reviews.bookinfo".into()));
        let host = |(ip, requests, errors): &(&str, u64, u64)| {
            let address = Address::Socket((*ip).into(), 9080);
            let counters = HostCounters {
                rq_total: *requests,
                rq_error: *errors,
                ..HostCounters::default()
            };
            (EnvoyRow::new(Arc::clone(&cluster), address, Health::Healthy), counters)
        };
        EnvoyTable::new(hosts.iter().map(host).collect())
    }

    /// Answers by when they came, in milliseconds, and what the first host had counted; gives its rate after each.
    fn requests(answers: &[(i64, u64)]) -> Vec<Option<u64>> {
        let mut rates = Rates::default();
        let rate = |(at, counted): &(i64, u64)| {
            let at = Timestamp::from_millisecond(*at).unwrap();
            rates.follow(at, &table(&[("10.0.0.1", *counted, 0)]));
            rates.rate(0).map(|rate| rate.requests)
        };
        answers.iter().map(rate).collect()
    }

    #[test]
    fn a_rate_is_what_was_counted_by_the_time_that_it_took() {
        let answers = [(0, 1000), (1000, 1010), (3000, 1030), (4000, 1030)];
        assert_eq!(requests(&answers), [None, Some(10_000), Some(10_000), Some(0)]);
    }

    #[test]
    fn each_host_says_what_the_last_rates_changed_of_it() {
        let mut rates = Rates::default();
        let mut stirs = |second: i64, hosts: &[(&str, u64, u64)]| {
            rates.follow(Timestamp::from_second(second).unwrap(), &table(hosts));
            [rates.stir(0), rates.stir(1)]
        };
        assert_eq!(stirs(0, &[("10.0.0.1", 0, 0), ("10.0.0.2", 0, 0)]), [Stir::Still; 2]);
        let first = stirs(1, &[("10.0.0.1", 50, 0), ("10.0.0.2", 0, 0)]);
        assert_eq!(first, [Stir::Moved; 2], "there were no rates before");
        let same = stirs(2, &[("10.0.0.1", 100, 0), ("10.0.0.2", 0, 0)]);
        assert_eq!(same, [Stir::Counted, Stir::Still]);
        let quiet = stirs(3, &[("10.0.0.1", 100, 0), ("10.0.0.2", 90, 0)]);
        assert_eq!(
            quiet,
            [Stir::Moved, Stir::Moved],
            "a third less of late, and the first requests"
        );
        assert_eq!(rates.standing(7), None);
    }

    #[test]
    fn quick_answers_are_taken_together() {
        let answers = [(0, 0), (150, 2), (300, 4), (450, 4), (600, 8), (1000, 10), (1150, 90)];
        assert_eq!(
            requests(&answers),
            [None, None, None, None, None, Some(10_000), Some(10_000)]
        );
    }

    #[test]
    fn a_counter_that_goes_back_has_begun_anew() {
        assert_eq!(
            requests(&[(0, 5000), (1000, 5010), (2000, 4), (3000, 14)]),
            [None, Some(10_000), Some(4_000), Some(10_000)]
        );
        let (before, after) = (table(&[("10.0.0.1", 5, 9)]), table(&[("10.0.0.1", 7, 0)]));
        let (before, after) = (before.counters[0], after.counters[0]);
        assert_eq!(
            since(&before, &after).requests,
            7,
            "errors that went back betray the requests"
        );
    }

    #[test]
    fn missed_answers_give_their_mean_and_seconds_nobody_knows() {
        let mut rates = Rates::default();
        for (at, counted) in [(0, 0), (1, 10), (41, 450)] {
            rates.follow(Timestamp::from_second(at).unwrap(), &table(&[("10.0.0.1", counted, 0)]));
        }
        assert_eq!(rates.rate(0).unwrap().requests, 11_000);
        let past = rates.past(0).unwrap().clone();
        assert_eq!(
            (past.len(), past[0], past[1], past[40]),
            (41, Some(10_000), None, Some(11_000))
        );
        for at in 42..200 {
            rates.follow(Timestamp::from_second(at).unwrap(), &table(&[("10.0.0.1", 450, 0)]));
        }
        assert!(
            rates.past(0).unwrap().iter().eq(&[Some(0); SAMPLES]),
            "the past is bounded"
        );
    }

    #[test]
    fn hosts_keep_their_counters_when_others_come_and_go() {
        let mut rates = Rates::default();
        let mut follow = |second, hosts: &[(&str, u64, u64)]| {
            rates.follow(Timestamp::from_second(second).unwrap(), &table(hosts));
            (0..hosts.len())
                .map(|at| rates.rate(at).map(|rate| (rate.requests, rate.errors)))
                .collect::<Vec<_>>()
        };
        follow(0, &[("10.0.0.2", 100, 1), ("10.0.0.4", 7, 0)]);
        assert_eq!(
            follow(1, &[("10.0.0.1", 3, 0), ("10.0.0.2", 105, 2), ("10.0.0.3", 0, 0)]),
            [Some((3_000, 0)), Some((5_000, 1_000)), Some((0, 0))],
            "one that is new counted nothing before"
        );
        assert_eq!(
            follow(2, &[("10.0.0.4", 7, 0)]),
            [Some((7_000, 0))],
            "one that comes back begins anew"
        );
    }

    #[test]
    fn hosts_that_do_about_the_same_keep_their_order() {
        let mut rates = Rates::default();
        let mut counted = 0;
        let mut standing = |second: i64, more: u64| {
            counted += more;
            rates.follow(
                Timestamp::from_second(second).unwrap(),
                &table(&[("10.0.0.1", counted, 0)]),
            );
            rates.standing(0)
        };
        assert_eq!(standing(0, 7), None);
        assert_eq!(standing(1, 10), Some(10_000));
        let jittery = [12, 9, 11, 8, 13, 10].into_iter().zip(2..);
        assert!(
            jittery
                .into_iter()
                .all(|(more, second)| standing(second, more) == Some(10_000)),
            "a tenth more or less is the same"
        );
        assert!(
            (8..20).any(|second| standing(second, 40) > Some(30_000)),
            "four times as many is not"
        );
        assert!(
            (20..40).any(|second| standing(second, 0) == Some(0)),
            "nothing is nothing"
        );
    }

    #[test]
    fn a_clock_that_is_set_back_gives_no_rate() {
        assert_eq!(
            requests(&[(5000, 0), (6000, 10), (2000, 20), (3000, 25)]),
            [None, Some(10_000), Some(10_000), Some(5_000)]
        );
    }
}
