//! Two endpoint tables, before and after: rows that came, went, or say something else about the same endpoint.
//!
//! A row's identity is its cluster and address. A row whose reason alone is another (a line of a Sidecar moved up by
//! one) is the same row: traffic cannot tell the two apart.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::mesh::model::Text;
use crate::mesh::scope::{Address, Cluster, EndpointTable, Governing, Row};

/// The identity of a row, in istioctl's order, so that sorted identities merge with the rows of a table.
///
/// The parts are shared with the row: a clone costs pointers.
#[derive(Clone, Debug)]
pub struct RowId {
    /// Where the endpoint is.
    pub address: Address,
    /// The cluster that holds it.
    pub cluster: Arc<Cluster>,
    /// 0 but where a cluster names one address more than once: then 1, 2 ... in the table's order; tombstones of such
    /// rows are numbered after the living.
    pub nth: u32,
}

impl RowId {
    /// The identity of the `nth` row with this row's cluster and address.
    pub fn new(row: &Row, nth: u32) -> Self {
        Self {
            address: row.address.clone(),
            cluster: Arc::clone(&row.cluster),
            nth,
        }
    }
}

impl Ord for RowId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.address
            .order(&other.address)
            .then_with(|| self.cluster.order(&other.cluster))
            .then_with(|| self.nth.cmp(&other.nth))
    }
}

impl PartialOrd for RowId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RowId {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for RowId {}

/// The rows of a table with their identities, in the table's order.
pub fn numbered(rows: &[Row]) -> impl Iterator<Item = (RowId, &Row)> {
    numbers(rows).map(|(nth, row)| (RowId::new(row, nth), row))
}

/// The rows of a table, each with the number that its identity has.
pub fn numbers(rows: &[Row]) -> impl Iterator<Item = (u32, &Row)> {
    rows.iter().scan(None::<(u32, &Row)>, |last, row| {
        let again = last.filter(|(_, earlier)| earlier.order(row) == Ordering::Equal);
        let nth = again.map_or(0, |(nth, _)| nth + 1);
        *last = Some((nth, row));
        Some((nth, row))
    })
}

/// The difference of two tables. Every list is in the order of the tables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TableDiff {
    /// Rows that only the later table has.
    pub added: Vec<(RowId, Row)>,
    /// Rows that only the earlier table has.
    pub removed: Vec<(RowId, Row)>,
    /// Rows of both that differ in more than their reason: identity, before, after.
    pub changed: Vec<(RowId, Row, Row)>,
    /// Names that came into scope, with or without rows.
    pub hosts_added: Vec<Text>,
    /// Names that left the scope.
    pub hosts_removed: Vec<Text>,
    /// The governing Sidecar before and after, if it is another.
    pub governing: Option<(Governing, Governing)>,
}

impl TableDiff {
    /// Whether no row differs (the scope may: see the other fields).
    pub fn has_no_rows(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// Whether nothing at all differs.
    pub fn is_empty(&self) -> bool {
        self.has_no_rows() && self.hosts_added.is_empty() && self.hosts_removed.is_empty() && self.governing.is_none()
    }

    /// The same difference, backwards.
    #[must_use]
    pub fn inverse(self) -> Self {
        Self {
            added: self.removed,
            removed: self.added,
            changed: self
                .changed
                .into_iter()
                .map(|(id, before, after)| (id, after, before))
                .collect(),
            hosts_added: self.hosts_removed,
            hosts_removed: self.hosts_added,
            governing: self.governing.map(|(before, after)| (after, before)),
        }
    }
}

/// What differs from `before` to `after`: one pass over both, in their order.
pub fn tables(before: &EndpointTable, after: &EndpointTable) -> TableDiff {
    let mut diff = TableDiff::default();
    if !Arc::ptr_eq(&before.rows, &after.rows) {
        rows(&before.rows, &after.rows, &mut diff);
    }
    if !Arc::ptr_eq(&before.hosts, &after.hosts) {
        diff.hosts_added = only_in(&after.hosts, &before.hosts);
        diff.hosts_removed = only_in(&before.hosts, &after.hosts);
    }
    if before.governing != after.governing {
        diff.governing = Some((before.governing.clone(), after.governing.clone()));
    }
    diff
}

/// The hosts that the other list lacks, in their order.
fn only_in(hosts: &[Text], other: &[Text]) -> Vec<Text> {
    let other: FxHashSet<&Text> = other.iter().collect();
    hosts.iter().filter(|host| !other.contains(host)).cloned().collect()
}

/// Walks both tables side by side, a cluster and address at a time.
fn rows(before: &[Row], after: &[Row], diff: &mut TableDiff) {
    let same_place = |a: &Row, b: &Row| a.order(b) == Ordering::Equal;
    let mut before = before.chunk_by(same_place).peekable();
    let mut after = after.chunk_by(same_place).peekable();
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => match (a.first(), b.first()) {
                (Some(a), Some(b)) => a.order(b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            },
        };
        let old = if order.is_le() { before.next() } else { None };
        let new = if order.is_ge() { after.next() } else { None };
        group_diff(old.unwrap_or_default(), new.unwrap_or_default(), diff);
    }
}

/// Rows of one cluster and address. There is one on each side but where an address is named twice: then equal rows
/// are paired first, the rest in order, and what is left over came or went.
fn group_diff(before: &[Row], after: &[Row], diff: &mut TableDiff) {
    if let ([before], [after]) = (before, after) {
        if !says_the_same(before, after) {
            diff.changed.push((RowId::new(after, 0), before.clone(), after.clone()));
        }
        return;
    }
    let mut old: Vec<&Row> = before.iter().collect();
    let mut new: Vec<(u32, &Row)> = Vec::new();
    for (nth, row) in (0..).zip(after) {
        match old.iter().position(|candidate| says_the_same(candidate, row)) {
            Some(at) => {
                old.remove(at);
            }
            None => new.push((nth, row)),
        }
    }
    let paired = old.len().min(new.len());
    for (before, (nth, after)) in old.iter().zip(&new) {
        diff.changed
            .push((RowId::new(after, *nth), (*before).clone(), (*after).clone()));
    }
    for (nth, row) in new.iter().skip(paired) {
        diff.added.push((RowId::new(row, *nth), (*row).clone()));
    }
    let living = u32::try_from(after.len()).unwrap_or(u32::MAX);
    for (nth, row) in (living..).zip(old.iter().skip(paired)) {
        diff.removed.push((RowId::new(row, nth), (*row).clone()));
    }
}

/// Whether two rows are equal in all but their reason.
pub fn says_the_same(a: &Row, b: &Row) -> bool {
    a.address == b.address
        && a.health == b.health
        && (Arc::ptr_eq(&a.cluster, &b.cluster) || a.cluster == b.cluster)
        && a.class == b.class
        && a.backend.pod == b.backend.pod
        && a.backend.node == b.backend.node
        && (Arc::ptr_eq(&a.backend.locality, &b.backend.locality) || a.backend.locality == b.backend.locality)
        && a.backend.weight == b.backend.weight
}
