//! Rows of what may not be read any more: they stay as they were, and their table says since when.
//!
//! Rights that are cut to some namespaces leave the rows of the others; those that are taken away whole leave all. Where
//! nothing was ever read there is nothing to say: that the kind is denied is said elsewhere.

use jiff::Timestamp;

use super::facts::Source;
use super::tables::TableId;
use super::view::age;
use super::{App, Namespaces};
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::world::{Coverage, Failure, ListScope, Row, SourceState, Table};

/// Behind every name that there is.
const LAST_NAME: &str = "\u{10ffff}";

impl App {
    /// What the title of a table says of rows that nobody tells of any more; `None` if there is none.
    pub(super) fn left_words(&self, now: Timestamp, table: TableId) -> Option<String> {
        let since = self.left_since(table)?;
        let whose = match self.facts.coverage(table.kind()?) {
            Coverage::Partial { .. } => "other namespaces ",
            Coverage::Pending | Coverage::Complete | Coverage::Absent | Coverage::Denied => "",
        };
        let ago = age::age(Some(since), now);
        Some(format!("{whose}as they were {ago} ago, no longer readable"))
    }

    /// When those words are others.
    pub(super) fn left_change(&self, now: Timestamp, table: TableId) -> Option<Timestamp> {
        Some(age::next_change(self.left_since(table)?, now))
    }

    /// When the rows that nobody tells of any more were last known to be so.
    fn left_since(&self, table: TableId) -> Option<Timestamp> {
        let kind = table.kind()?;
        let all = self.facts.sources.get(&(kind, ListScope::All))?;
        let some = self.facts.sources_by_namespace(kind).map(|(_, source)| source);
        let denied = some.chain([all]).filter(|source| may_not_be_listed(source));
        let until = denied.filter_map(|source| source.known).min()?;
        let readable = match self.facts.coverage(kind) {
            Coverage::Partial { readable } => readable,
            Coverage::Denied => [].into(),
            Coverage::Pending | Coverage::Complete | Coverage::Absent => return None,
        };
        let (world, shown) = (&self.facts.world, &self.ui.namespaces);
        let is_left = match kind {
            Kind::Pod => is_left(&world.pods, &readable, shown),
            Kind::Service => is_left(&world.services, &readable, shown),
            Kind::Sidecar => is_left(&world.sidecars, &readable, shown),
            Kind::Namespace
            | Kind::Node
            | Kind::EndpointSlice
            | Kind::VirtualService
            | Kind::DestinationRule
            | Kind::ServiceEntry
            | Kind::WorkloadEntry
            | Kind::Gateway
            | Kind::EnvoyFilter
            | Kind::HTTPRoute
            | Kind::GRPCRoute
            | Kind::TCPRoute
            | Kind::TLSRoute
            | Kind::MeshConfigMap
            | Kind::Istiod
            | Kind::RevisionTag
            | Kind::Event => false,
        };
        is_left.then_some(until)
    }
}

/// Whether it may be read in no way; what may be listed and not watched is read from time to time.
fn may_not_be_listed(source: &Source) -> bool {
    match &source.state {
        SourceState::Denied { failure } => !matches!(failure, Failure::Forbidden { verb: "watch", .. }),
        SourceState::Connecting
        | SourceState::Listing(_)
        | SourceState::Live
        | SourceState::Retrying { .. }
        | SourceState::Absent => false,
    }
}

/// Whether a row that is shown lies in none of the namespaces that are readable. Looks at one row of each.
fn is_left<T: Row>(table: &Table<T>, readable: &[Text], shown: &Namespaces) -> bool {
    match shown {
        Namespaces::Some(names) => {
            let mut others = names.iter().filter(|name| !readable.contains(name));
            others.any(|name| table.in_namespace(name).next().is_some())
        }
        Namespaces::All => {
            let mut next = table.iter().next();
            while let Some(row) = next {
                let namespace = &row.meta().key.namespace;
                if !readable.contains(namespace) {
                    return true;
                }
                next = table.after(&Key::new(namespace.as_str(), LAST_NAME)).next();
            }
            false
        }
    }
}
