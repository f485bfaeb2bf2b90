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
    rows.iter().scan(None::<RowId>, |last, row| {
        let mut id = RowId::new(row, 0);
        if let Some(last) = last
            && last.address.order(&id.address) == Ordering::Equal
            && last.cluster.order(&id.cluster) == Ordering::Equal
        {
            id.nth = last.nth + 1;
        }
        *last = Some(id.clone());
        Some((id, row))
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

fn only_in(these: &[Text], those: &[Text]) -> Vec<Text> {
    let those: FxHashSet<&Text> = those.iter().collect();
    these.iter().filter(|host| !those.contains(host)).cloned().collect()
}

fn rows(before: &[Row], after: &[Row], diff: &mut TableDiff) {
    let same_place = |a: &Row, b: &Row| a.order(b) == Ordering::Equal;
    let before = before.chunk_by(same_place).collect::<Vec<_>>();
    let after = after.chunk_by(same_place).collect::<Vec<_>>();
    let by_place = |a: &&[Row], b: &&[Row]| match (a.first(), b.first()) {
        (Some(a), Some(b)) => a.order(b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    merge(&before, &after, by_place, |step| match step {
        Step::Before(group) => group_diff(group, &[], diff),
        Step::After(group) => group_diff(&[], group, diff),
        Step::Both(before, after) => group_diff(before, after, diff),
    });
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
        && a.pod == b.pod
        && a.node == b.node
        && (Arc::ptr_eq(&a.locality, &b.locality) || a.locality == b.locality)
        && a.weight == b.weight
}

enum Step<'a, T> {
    Before(&'a T),
    After(&'a T),
    Both(&'a T, &'a T),
}

/// Walks two sorted lists side by side.
fn merge<'a, T>(
    before: &'a [T],
    after: &'a [T],
    order: impl Fn(&T, &T) -> Ordering,
    mut found: impl FnMut(Step<'a, T>),
) {
    let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let step = match (before.peek(), after.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => order(a, b),
        };
        let (a, b) = (
            if step.is_le() { before.next() } else { None },
            if step.is_ge() { after.next() } else { None },
        );
        match (a, b) {
            (Some(a), Some(b)) => found(Step::Both(a, b)),
            (Some(a), None) => found(Step::Before(a)),
            (None, Some(b)) => found(Step::After(b)),
            (None, None) => return,
        }
    }
}
