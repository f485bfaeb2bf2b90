//! How a demo server is set up: who may do what, and which troubles it plays, as data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;

use super::refusal::Reason;

/// All settings of a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// Who may do what.
    pub access: Access,
    /// Troubles; may be changed while the server runs.
    pub faults: FaultSwitch,
    /// What was asked for.
    pub asked: Log,
    /// How often a watch that asked for bookmarks gets one.
    pub bookmark_every: Duration,
    /// How long a pod on a node takes to go, at most.
    pub termination: Duration,
}

/// Who may do what.
#[derive(Clone, Debug)]
pub enum Access {
    /// Everybody, everything, without a token.
    Open,
    /// The bearer of a token, by the token; anybody else gets 401.
    Tokens(BTreeMap<String, User>),
}

/// A known user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// As refusals name it.
    pub name: String,
    /// What is allowed.
    pub rights: Rights,
}

/// What a user may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Everything.
    All,
    /// Everything but what a rule names. A request over all namespaces is refused if any namespace is.
    AllBut(Vec<Rule>),
    /// Only what a rule names. A request over all namespaces needs a rule without namespaces.
    Only(Vec<Rule>),
}

/// A set of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Verbs such as `list`; empty means any.
    pub verbs: Vec<String>,
    /// Plural names, with the subresource if any, such as `pods/portforward`; empty means any.
    pub resources: Vec<String>,
    /// Namespaces; empty means all, and cluster-scoped requests.
    pub namespaces: Vec<String>,
}

/// Troubles that a server plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Whether streaming lists are served.
    pub watch_list: WatchList,
    /// How long every answer is held back.
    pub latency: Duration,
    /// Requests that are refused, with the reason; the first rule that matches counts.
    pub refused: Vec<(Rule, Reason)>,
    /// After how many seconds one should ask again, where a refusal for now says that.
    pub retry_after: u32,
    /// Answers that go wrong on their way, from their first byte on; the first rule that matches counts.
    pub flawed: Vec<(Rule, Flaw)>,
    /// How changes are told.
    pub watches: Watches,
    /// Whether watches are told how far they are.
    pub bookmarks: Bookmarks,
    /// What every user may do instead of what was said of him; nothing for as it was said. Watches that go, go on.
    pub rights: Option<Rights>,
    /// How far the clock of the `Date` header is ahead.
    pub clock: SignedDuration,
}

/// Whether a server has the `WatchList` feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchList {
    /// It has, as 1.32 and those from 1.34 on.
    Served,
    /// It answers 422.
    Refused,
}

/// How watches tell changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watches {
    /// Each once, in their order.
    Alive,
    /// They stay open and say nothing more, as behind a proxy that lost its other side.
    Silent,
    /// Each twice.
    Twice,
    /// Those that are told together the newest first.
    Backwards,
    /// The last in half, and then the end, as if that were all.
    Halved,
    /// The last in half, and then the connection breaks.
    Torn,
    /// Each, and right behind it that the watch failed, for this reason.
    Failing(Reason),
}

/// Whether watches that asked for bookmarks get them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bookmarks {
    /// They do.
    Sent,
    /// None but the one that ends a streaming list.
    Missing,
}

/// What goes wrong with the bytes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It ends after so many, as if that were all.
    Ends(usize),
    /// The connection breaks after so many.
    Breaks(usize),
    /// Nothing more comes after so many, and no end.
    Stalls(usize),
    /// They come one by one, so far apart.
    Drips(Duration),
}

/// The troubles of one server, changed by whoever holds a copy.
#[derive(Clone, Debug, Default)]
pub struct FaultSwitch(Arc<Mutex<Faults>>);

/// Every verb with the resource it was asked of, such as `list pods`, refused or not; shared by whoever holds a copy.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<BTreeSet<String>>>);

/// One request, as rules see it.
#[derive(Clone, Copy, Debug)]
pub(in crate::demo) struct Asked<'a> {
    pub verb: &'a str,
    /// Plural name, with the subresource if any.
    pub resource: &'a str,
    /// None over all namespaces, and for cluster-scoped kinds.
    pub namespace: Option<&'a str>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            access: Access::Open,
            faults: FaultSwitch::default(),
            asked: Log::default(),
            bookmark_every: Duration::from_secs(60),
            termination: Duration::from_secs(2),
        }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            watch_list: WatchList::Served,
            latency: Duration::ZERO,
            refused: Vec::new(),
            retry_after: 1,
            flawed: Vec::new(),
            watches: Watches::Alive,
            bookmarks: Bookmarks::Sent,
            rights: None,
            clock: SignedDuration::ZERO,
        }
    }
}

impl FaultSwitch {
    /// Plays these troubles from the next request on.
    pub fn set(&self, faults: Faults) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// The troubles as they are now.
    pub fn get(&self) -> Faults {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Log {
    /// All of them, in order.
    pub fn all(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(in crate::demo) fn note(&self, verb: &str, resource: &str) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(format!("{verb} {resource}"));
    }
}

impl Rule {
    /// All requests for some resources in some namespaces (none: everywhere).
    pub fn new(verbs: &[&str], resources: &[&str], namespaces: &[&str]) -> Self {
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Self {
            verbs: own(verbs),
            resources: own(resources),
            namespaces: own(namespaces),
        }
    }

    fn names(&self, asked: Asked<'_>) -> bool {
        let any = |list: &[String], text: &str| list.is_empty() || list.iter().any(|one| one == text || one == "*");
        any(&self.verbs, asked.verb) && any(&self.resources, asked.resource)
    }

    /// Whether the rule allows a request.
    pub(in crate::demo) fn allows(&self, asked: Asked<'_>) -> bool {
        let within = match asked.namespace {
            _ if self.namespaces.is_empty() => true,
            Some(namespace) => self.namespaces.iter().any(|one| one == namespace),
            None => false,
        };
        within && self.names(asked)
    }

    /// Whether the rule stands in the way of a request.
    pub(in crate::demo) fn forbids(&self, asked: Asked<'_>) -> bool {
        let touched = match asked.namespace {
            Some(namespace) => self.namespaces.is_empty() || self.namespaces.iter().any(|one| one == namespace),
            None => true,
        };
        touched && self.names(asked)
    }
}

impl Rights {
    /// Whether a request is allowed.
    pub(in crate::demo) fn allow(&self, asked: Asked<'_>) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(rules) => !rules.iter().any(|rule| rule.forbids(asked)),
            Self::Only(rules) => rules.iter().any(|rule| rule.allows(asked)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(verb: &'a str, resource: &'a str, namespace: Option<&'a str>) -> Asked<'a> {
        Asked {
            verb,
            resource,
            namespace,
        }
    }

    #[test]
    fn a_denied_namespace_denies_the_list_over_all() {
        let rights = Rights::AllBut(vec![Rule::new(&[], &["pods"], &["payments"])]);
        assert!(rights.allow(asked("list", "pods", Some("bookinfo"))));
        assert!(!rights.allow(asked("list", "pods", Some("payments"))));
        assert!(!rights.allow(asked("list", "pods", None)));
        assert!(rights.allow(asked("list", "services", None)));
    }

    #[test]
    fn a_grant_in_a_namespace_is_not_one_over_all() {
        let rights = Rights::Only(vec![Rule::new(&["list"], &["pods"], &["bookinfo"])]);
        assert!(rights.allow(asked("list", "pods", Some("bookinfo"))));
        assert!(!rights.allow(asked("watch", "pods", Some("bookinfo"))));
        assert!(!rights.allow(asked("list", "pods", None)));
    }
}
