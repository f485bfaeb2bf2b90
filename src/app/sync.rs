//! The computed table held beside what Envoy says: for each row, whether it is in both.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::message::{EnvoyRow, EnvoyTable};
use super::view::Role;
use crate::mesh::diff::{RowId, numbered};
use crate::mesh::scope::{Class, Cluster, Row};

/// An Envoy that has not followed for so long does not merely take its time: istiod pushes within a second.
const STUCK: SignedDuration = SignedDuration::from_secs(30);

/// Computed against actual, for one row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// `=`: in both, and with the status that istiod gives it if that can be computed.
    Both,
    /// `>`: computed, not (yet) in Envoy; also if Envoy has it with another status.
    Computed {
        /// Since when, as far as was seen here.
        since: Timestamp,
    },
    /// `<`: in Envoy, not (any more) computed.
    Actual {
        /// Since when, as far as was seen here.
        since: Timestamp,
    },
    /// `?`: Envoy cannot be asked, or the row is one that cannot be computed.
    Unknown,
}

/// What became of each row of a computed table and of Envoy's.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The rows of the computed table, in its order, each with its place in Envoy's.
    pub computed: Vec<(Sync, Option<usize>)>,
    /// Rows that only Envoy has, by their places in its table, in istioctl's order.
    pub only_actual: Vec<(RowId, Sync, usize)>,
    /// Since when each row differs: what the next comparison starts from.
    since: BTreeMap<RowId, Timestamp>,
}

impl Comparison {
    /// Compares; what differed before keeps its time, what differs anew gets `now`.
    pub fn new(computed: &[Row], actual: &EnvoyTable, now: Timestamp, before: &Comparison) -> Self {
        let mut result = Comparison {
            computed: Vec::with_capacity(computed.len()),
            ..Comparison::default()
        };
        let mut envoy = actual.rows.iter().enumerate().peekable();
        let mut found = BTreeMap::new();
        let mut since = |id: &RowId| {
            let since = before.since.get(id).copied().unwrap_or(now);
            found.insert(id.clone(), since);
            since
        };
        for (id, row) in numbered(computed) {
            while let Some((at, only)) = envoy.next_if(|(_, other)| other.row.order(row) == Ordering::Less) {
                result.keep_actual(at, only, &mut since);
            }
            let same = envoy.next_if(|(_, other)| other.row.order(row) == Ordering::Equal);
            let sync = match (&same, row.class) {
                (Some((_, same)), Class::Exact) if same.row.health != row.health => {
                    Sync::Computed { since: since(&id) }
                }
                (Some(_), _) => Sync::Both,
                (None, Class::Exact) => Sync::Computed { since: since(&id) },
                (None, Class::Bootstrap | Class::Runtime | Class::Dns | Class::Unknown) => Sync::Unknown,
            };
            result.computed.push((sync, same.map(|(at, _)| at)));
        }
        for (at, only) in envoy {
            result.keep_actual(at, only, &mut since);
        }
        result.since = found;
        result
    }

    /// A host that Envoy found by a name (DNS clusters) comes and goes with the answers: nothing that istiod knows.
    fn keep_actual(&mut self, at: usize, actual: &EnvoyRow, since: &mut impl FnMut(&RowId) -> Timestamp) {
        let id = RowId::new(&actual.row, 0);
        let sync = match actual.row.cluster.as_ref() {
            Cluster::Traffic { .. } if !actual.hostname.is_empty() => Sync::Unknown,
            Cluster::Traffic { .. } => Sync::Actual { since: since(&id) },
            Cluster::Named(_) => Sync::Unknown,
        };
        self.only_actual.push((id, sync, at));
    }

    /// The rows that differ, in istioctl's order: whether it is Envoy alone that has them, and since when.
    pub fn differing(&self) -> impl Iterator<Item = (&RowId, bool, Timestamp)> {
        let only: BTreeSet<&RowId> = self.only_actual.iter().map(|(id, ..)| id).collect();
        self.since
            .iter()
            .map(move |(id, since)| (id, only.contains(id), *since))
    }

    /// How far Envoy has followed, in a sentence; the role says how bad it is.
    pub fn sentence(&self, now: Timestamp) -> (Role, String) {
        let Some(since) = self.since.values().min() else {
            return (Role::Good, "Envoy follows: 0 pending".to_owned());
        };
        let waits = now.duration_since(*since).max(SignedDuration::ZERO);
        if waits >= STUCK {
            let text = format!(
                "Envoy has not followed for {}: is it connected to istiod?",
                seconds(waits)
            );
            return (Role::Bad, text);
        }
        let rows = if self.differences() == 1 { "row" } else { "rows" };
        let text = format!("{} {rows} pending for {}", self.differences(), seconds(waits));
        (Role::Warn, text)
    }

    /// How many rows differ.
    pub fn differences(&self) -> usize {
        self.since.len()
    }
}

/// A short time as people say it: `0.35 s`, `4.1 s`, `42 s`, `3 min`.
pub fn seconds(time: SignedDuration) -> String {
    let millis = time.as_millis();
    match millis {
        ..1_000 => format!("{:.2} s", time.as_secs_f64()),
        1_000..10_000 => format!("{:.1} s", time.as_secs_f64()),
        10_000..120_000 => format!("{} s", time.as_secs()),
        120_000.. => format!("{} min", time.as_mins()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::message::EnvoyRow;
    use crate::mesh::model::HostCounters;
    use crate::mesh::scope::{Address, Health};

    fn envoy(rows: &[(&str, &str)]) -> EnvoyTable {
        let row = |(ip, cluster): &(&str, &str)| {
            let cluster = Arc::new(Cluster::parse(&(*cluster).into()));
            let row = EnvoyRow::new(cluster, Address::Socket((*ip).into(), 9080), Health::Healthy);
            (row, HostCounters::default())
        };
        EnvoyTable::new(rows.iter().map(row).collect())
    }

    fn computed(rows: &[(&str, &str)]) -> Vec<Row> {
        let exact = |row: &EnvoyRow| Row {
            class: Class::Exact,
            ..row.row.clone()
        };
        envoy(rows).rows.iter().map(exact).collect()
    }

    const REVIEWS: &str = "outbound|9080||reviews.bookinfo.svc.cluster.local";
    const RATINGS: &str = "outbound|9080||ratings.bookinfo.svc.cluster.local";

    #[test]
    fn each_row_says_where_it_is_and_since_when() {
        let start = Timestamp::UNIX_EPOCH;
        let table = computed(&[("10.0.0.1", REVIEWS), ("10.0.0.3", REVIEWS)]);
        let actual = envoy(&[("10.0.0.2", RATINGS), ("10.0.0.1", REVIEWS), ("127.0.0.1", "agent")]);
        let first = Comparison::new(&table, &actual, start, &Comparison::default());
        assert_eq!(
            first.computed,
            [(Sync::Both, Some(0)), (Sync::Computed { since: start }, None)]
        );
        let only: Vec<_> = first
            .only_actual
            .iter()
            .map(|(id, sync, at)| (id.address.to_string(), *sync, *at))
            .collect();
        assert_eq!(
            only,
            [
                ("10.0.0.2:9080".to_owned(), Sync::Actual { since: start }, 1),
                ("127.0.0.1:9080".to_owned(), Sync::Unknown, 2)
            ]
        );
        let later = start + SignedDuration::from_secs(7);
        let second = Comparison::new(&table, &actual, later, &first);
        assert_eq!(
            second.computed[1].0,
            Sync::Computed { since: start },
            "a difference keeps its time"
        );
        assert_eq!(second.differences(), 2);
    }

    #[test]
    fn a_sentence_says_how_far_envoy_has_followed() {
        let start = Timestamp::UNIX_EPOCH;
        let table = computed(&[("10.0.0.1", REVIEWS), ("10.0.0.3", REVIEWS)]);
        let same = Comparison::new(
            &table,
            &envoy(&[("10.0.0.1", REVIEWS), ("10.0.0.3", REVIEWS)]),
            start,
            &Comparison::default(),
        );
        assert_eq!(
            same.sentence(start),
            (Role::Good, "Envoy follows: 0 pending".to_owned())
        );
        let none = Comparison::new(&table, &envoy(&[]), start, &same);
        let at = |millis| none.sentence(start + SignedDuration::from_millis(millis)).1;
        assert_eq!(at(4_130), "2 rows pending for 4.1 s");
        assert_eq!(
            at(180_000),
            "Envoy has not followed for 3 min: is it connected to istiod?"
        );
        assert_eq!(at(-5), "2 rows pending for 0.00 s", "an answer from before is no time");
    }

    #[test]
    fn a_row_that_envoy_has_with_another_status_is_not_in_both() {
        let mut table = computed(&[("10.0.0.1", REVIEWS)]);
        table[0].health = Health::Unhealthy;
        let actual = envoy(&[("10.0.0.1", REVIEWS)]);
        let compared = Comparison::new(&table, &actual, Timestamp::UNIX_EPOCH, &Comparison::default());
        let since = Timestamp::UNIX_EPOCH;
        assert_eq!(compared.computed, [(Sync::Computed { since }, Some(0))]);
        table[0].class = Class::Unknown;
        let compared = Comparison::new(&table, &actual, Timestamp::UNIX_EPOCH, &Comparison::default());
        assert_eq!(
            compared.computed,
            [(Sync::Both, Some(0))],
            "one that nobody can know is not held against it"
        );
    }

    #[test]
    fn cluster_names_survive_the_way_through_their_parts() {
        for name in [
            REVIEWS,
            "outbound|80|v1|a.b",
            "inbound|9080||",
            "agent",
            "outbound_.80_._.a.b",
            "outbound|x||a",
            "outbound|080||a",
            "outbound|+80||a",
            "outbound|0||a",
        ] {
            assert_eq!(Cluster::parse(&name.into()).to_string(), name);
        }
    }
}
