//! The computed table held beside what Envoy says: for each row, whether it is in both.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::message::EnvoyTable;
use crate::mesh::diff::{RowId, numbered};
use crate::mesh::model::Text;
use crate::mesh::scope::{Class, Cluster, Direction, Locality, Reason, Row, Why};

/// Computed against actual, for one row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// `=`: in both.
    Both,
    /// `>`: computed, not (yet) in Envoy.
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
    /// The rows of the computed table, in its order.
    pub computed: Vec<(Sync, bool)>,
    /// Rows that only Envoy has, in istioctl's order.
    pub only_actual: Vec<(RowId, Row, Sync, bool)>,
    /// Since when each row differs: what the next comparison starts from.
    since: BTreeMap<RowId, Timestamp>,
}

impl Comparison {
    /// Compares; what differed before keeps its time, what differs anew gets `at`.
    pub fn new(computed: &[Row], actual: &EnvoyTable, at: Timestamp, before: &Comparison) -> Self {
        let mut result = Comparison::default();
        let mut envoy: Vec<(Row, bool)> = actual.rows.iter().map(|row| (from_envoy(row), row.ejected)).collect();
        envoy.sort_by(|(a, _), (b, _)| a.order(b));
        let mut envoy = envoy.into_iter().peekable();
        let mut found = BTreeMap::new();
        let mut since = |id: &RowId| {
            let since = before.since.get(id).copied().unwrap_or(at);
            found.insert(id.clone(), since);
            since
        };
        for (id, row) in numbered(computed) {
            while let Some((only, ejected)) = envoy.next_if(|(other, _)| other.order(row) == Ordering::Less) {
                result.keep_actual(only, ejected, &mut since);
            }
            let same = envoy.next_if(|(other, _)| other.order(row) == Ordering::Equal);
            let sync = match (&same, row.class) {
                (Some(_), _) => Sync::Both,
                (None, Class::Exact) => Sync::Computed { since: since(&id) },
                (None, Class::Bootstrap | Class::Runtime | Class::Dns | Class::Unknown) => Sync::Unknown,
            };
            result.computed.push((sync, same.is_some_and(|(_, ejected)| ejected)));
        }
        for (only, ejected) in envoy {
            result.keep_actual(only, ejected, &mut since);
        }
        result.since = found;
        result
    }

    fn keep_actual(&mut self, row: Row, ejected: bool, since: &mut impl FnMut(&RowId) -> Timestamp) {
        let id = RowId::new(&row, 0);
        let sync = match row.cluster.as_ref() {
            Cluster::Traffic { .. } => Sync::Actual { since: since(&id) },
            Cluster::Named(_) => Sync::Unknown,
        };
        self.only_actual.push((id, row, sync, ejected));
    }

    /// How many rows differ.
    pub fn differences(&self) -> usize {
        self.since.len()
    }
}

/// Envoy's row in the shape of a computed one; what only istiod knows is empty.
fn from_envoy(row: &super::message::EnvoyRow) -> Row {
    Row {
        address: row.address.clone(),
        health: row.health,
        cluster: Arc::new(parse_cluster(&row.cluster)),
        class: Class::Runtime,
        why: Why::of([Reason::OnlyActual]),
        pod: None,
        node: Text::default(),
        locality: Arc::new(Locality::default()),
        weight: 1,
    }
}

/// A cluster's name by its parts.
///
/// istio: `pilot/pkg/model/service.go`, `ParseSubsetKey`.
fn parse_cluster(name: &Text) -> Cluster {
    let mut parts = name.splitn(4, '|');
    let (direction, port, subset, host) = (parts.next(), parts.next(), parts.next(), parts.next());
    let direction = match direction {
        Some("outbound") => Some(Direction::Outbound),
        Some("inbound") => Some(Direction::Inbound),
        _ => None,
    };
    match (direction, port.and_then(|port| port.parse().ok()), subset, host) {
        (Some(direction), Some(port), Some(subset), Some(host)) => Cluster::Traffic {
            direction,
            port,
            subset: subset.into(),
            host: host.into(),
        },
        _ => Cluster::Named(name.clone()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::app::message::EnvoyRow;
    use crate::mesh::scope::{Address, Health};

    fn envoy(rows: &[(&str, &str)]) -> EnvoyTable {
        EnvoyTable {
            rows: rows
                .iter()
                .map(|(ip, cluster)| EnvoyRow {
                    cluster: (*cluster).into(),
                    address: Address::Socket((*ip).into(), 9080),
                    health: Health::Healthy,
                    ejected: false,
                })
                .collect(),
        }
    }

    fn computed(rows: &[(&str, &str)]) -> Vec<Row> {
        let mut rows: Vec<Row> = envoy(rows)
            .rows
            .iter()
            .map(|row| Row {
                class: Class::Exact,
                ..from_envoy(row)
            })
            .collect();
        rows.sort_by(Row::order);
        rows
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
            [(Sync::Both, false), (Sync::Computed { since: start }, false)]
        );
        let only: Vec<_> = first
            .only_actual
            .iter()
            .map(|(id, _, sync, _)| (id.address.to_string(), *sync))
            .collect();
        assert_eq!(
            only,
            [
                ("10.0.0.2:9080".to_owned(), Sync::Actual { since: start }),
                ("127.0.0.1:9080".to_owned(), Sync::Unknown)
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
    fn cluster_names_survive_the_way_through_their_parts() {
        for name in [
            REVIEWS,
            "outbound|80|v1|a.b",
            "inbound|9080||",
            "agent",
            "outbound_.80_._.a.b",
            "outbound|x||a",
        ] {
            assert_eq!(parse_cluster(&name.into()).to_string(), name);
        }
    }
}
