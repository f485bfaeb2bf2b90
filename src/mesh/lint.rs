//! What is wrong with the objects: lines that do nothing, objects that shadow each other, what breaks a proxy or istiod.
//!
//! [`LINTS`] is the table: a code that never changes its meaning, what it finds, what follows, what to do. A check reads
//! the world through istiod's own rules ([`super::scope`]) and says where. Not here: how findings look (`output`), which
//! namespaces are shown. Objects are judged as the control plane sees them that most proxies belong to.
//!
//! # Decisions
//! * A lint that needs objects of a kind of which there is none is not checked ([`unchecked`] says so), because in a folder
//!   of manifests without pods every selector would match nothing.

mod entries;
mod listeners;
mod near;
mod pods;
mod routes;
mod rules;
mod services;
mod sidecars;
mod table;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt;

use rustc_hash::FxHashMap;

use crate::mesh::model::{Key, Kind, Text, brief};
use crate::mesh::scope::{LineFate, Plane, Settings, Survey};
use crate::mesh::world::World;

pub use self::table::LINTS;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// Good to know.
    Info,
    /// Something is not as it was meant.
    Warning,
    /// Traffic, a proxy or the control plane breaks.
    Error,
}

impl Level {
    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Lint {
    /// Such as `SC001`; it never gets another meaning.
    pub code: &'static str,
    /// How bad.
    pub level: Level,
    /// The message of `istioctl analyze` that it corresponds to; empty for none.
    pub analyzer: &'static str,
    /// Kinds of which there must be an object, or nothing can be said.
    pub needs: &'static [Kind],
    /// What it finds.
    pub finds: &'static str,
    /// What follows.
    pub follows: &'static str,
    /// What to do.
    pub remedy: &'static str,
    check: fn(&Subject<'_>) -> Vec<Spot>,
}

impl Lint {
    /// Whether what it finds is a Sidecar, or may be one: those come first in the table.
    pub fn is_about_sidecars(&self) -> bool {
        self.code < "SC030"
    }
}

/// Something that was found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What is wrong.
    pub lint: &'static Lint,
    /// With which object.
    pub object: (Kind, Key),
    /// Where in it, such as `spec.egress[0].hosts[1]`.
    pub field: String,
    /// What stands there, as it came.
    pub value: String,
    /// What it has to do with, such as the other object; empty if there is nothing to add.
    pub detail: String,
}

impl Finding {
    /// What follows, with what it has to do with.
    pub fn consequence(&self) -> String {
        match self.detail.as_str() {
            "" => self.lint.follows.to_owned(),
            question if question.ends_with('?') => format!("{}; {question}", self.lint.follows),
            detail => format!("{detail}: {}", self.lint.follows),
        }
    }

    /// What tells it from others: a finding of two looks is the same.
    pub fn identity(&self) -> (&'static str, &(Kind, Key), &str, &str) {
        (self.lint.code, &self.object, &self.field, &self.value)
    }
}

impl PartialEq for Finding {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity() && self.detail == other.detail
    }
}

impl fmt::Display for Finding {
    /// One line without the remedy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, key) = &self.object;
        let code = self.lint.code;
        write!(
            f,
            "{code} {} {key} {} '{}': {}",
            kind.name(),
            self.field,
            brief(&self.value),
            self.consequence()
        )
    }
}

/// Where something is wrong.
#[derive(Clone, Debug)]
struct Spot {
    object: (Kind, Key),
    field: String,
    value: String,
    detail: String,
}

impl Spot {
    fn at(kind: Kind, key: &Key, field: impl Into<String>, value: impl fmt::Display) -> Self {
        Self {
            object: (kind, key.clone()),
            field: field.into(),
            value: value.to_string(),
            detail: String::new(),
        }
    }

    fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// What is judged.
struct Subject<'a> {
    world: &'a World,
    survey: Survey,
    /// The namespaces of the pods that each Sidecar governs.
    homes: OnceCell<FxHashMap<Key, BTreeSet<Text>>>,
    /// What the lines of each Sidecar do, by listener.
    fates: OnceCell<FxHashMap<Key, Vec<Vec<LineFate>>>>,
}

impl Subject<'_> {
    fn plane(&self) -> &Plane {
        &self.survey.plane
    }

    fn domain(&self) -> &str {
        &self.plane().flags.domain
    }

    fn root(&self) -> &Text {
        &self.plane().mesh.root_namespace
    }

    /// Whether istiod takes notice of an Istio object.
    fn counts(&self, kind: Kind, meta: &crate::mesh::model::Meta) -> bool {
        self.plane().discovery.has(kind, meta)
    }
}

/// Everything that is wrong: the worst first, then by code and object.
pub fn lint(world: &World, settings: &Settings) -> Vec<Finding> {
    check(world, settings, |_| true)
}

/// What is wrong with Sidecars, in the same order.
pub fn of_sidecars(world: &World, settings: &Settings) -> Vec<Finding> {
    let mut found = check(world, settings, Lint::is_about_sidecars);
    found.retain(|finding| finding.object.0 == Kind::Sidecar);
    found
}

fn check(world: &World, settings: &Settings, wanted: impl Fn(&Lint) -> bool) -> Vec<Finding> {
    let subject = Subject {
        world,
        survey: Survey::of(world, settings),
        homes: OnceCell::new(),
        fates: OnceCell::new(),
    };
    let mut found = Vec::new();
    for lint in LINTS.iter().filter(|lint| wanted(lint) && can_tell(world, lint)) {
        found.extend((lint.check)(&subject).into_iter().map(|spot| Finding {
            lint,
            object: spot.object,
            field: spot.field,
            value: spot.value,
            detail: spot.detail,
        }));
    }
    found.sort_by(|a, b| {
        let order = |finding: &Finding| (std::cmp::Reverse(finding.lint.level), finding.lint.code);
        let (one, other) = (order(a), order(b));
        one.cmp(&other)
            .then_with(|| a.object.cmp(&b.object))
            .then_with(|| a.field.cmp(&b.field))
    });
    found.dedup_by(|a, b| a.identity() == b.identity());
    found
}

/// Whether istiod's webhook refuses a Sidecar for this host of an egress listener: older objects may still hold it.
pub fn is_refused_host(text: &str) -> bool {
    listeners::is_refused(text)
}

/// Lints that were not checked, since there is no object of a kind that they need.
pub fn unchecked(world: &World) -> impl Iterator<Item = &'static Lint> + use<'_> {
    LINTS.iter().filter(|lint| !can_tell(world, lint))
}

fn can_tell(world: &World, lint: &Lint) -> bool {
    lint.needs.iter().all(|kind| world.count(*kind) > 0)
}
