//! How complete each kind's objects are: a table is only as true as its input.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::mesh::model::{Kind, Text};

/// What is known of one kind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Coverage {
    /// Asked for, not yet complete.
    #[default]
    Pending,
    /// All of it is listed.
    Complete,
    /// The server does not have the kind (its CRD is not installed): there can be no object.
    Absent,
    /// Only these namespaces may be read.
    Partial {
        /// Namespaces that are listed, in order.
        readable: Arc<[Text]>,
    },
    /// It may not be read at all.
    Denied,
}

/// Input that a table lacks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Gap {
    /// This kind is not readable.
    Denied(Kind),
    /// Of this kind only some namespaces are readable: how many.
    Partial(Kind, usize),
}

/// The coverage of every kind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CoverageMap {
    by_kind: BTreeMap<Kind, Coverage>,
}

impl CoverageMap {
    /// What is known of `kind`.
    pub fn get(&self, kind: Kind) -> &Coverage {
        const PENDING: &Coverage = &Coverage::Pending;
        self.by_kind.get(&kind).unwrap_or(PENDING)
    }

    /// Sets what is known of `kind`.
    pub fn set(&mut self, kind: Kind, coverage: Coverage) {
        self.by_kind.insert(kind, coverage);
    }

    /// Every kind complete: for a dump, which is all there is.
    pub fn all_complete() -> Self {
        Self {
            by_kind: Kind::ALL.iter().map(|kind| (*kind, Coverage::Complete)).collect(),
        }
    }

    /// Kinds of `needed` that are not listed yet: before that, no table may be drawn.
    pub fn pending<'a>(&'a self, needed: &'a [Kind]) -> impl Iterator<Item = Kind> + 'a {
        needed
            .iter()
            .copied()
            .filter(|kind| *self.get(*kind) == Coverage::Pending)
    }

    /// What is lacking of `needed`, in the order of the kinds.
    pub fn gaps<'a>(&'a self, needed: &'a [Kind]) -> impl Iterator<Item = Gap> + 'a {
        needed.iter().filter_map(|kind| match self.get(*kind) {
            Coverage::Denied => Some(Gap::Denied(*kind)),
            Coverage::Partial { readable } => Some(Gap::Partial(*kind, readable.len())),
            Coverage::Pending | Coverage::Complete | Coverage::Absent => None,
        })
    }
}
