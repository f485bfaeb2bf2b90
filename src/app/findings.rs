//! What lint finds in Sidecars: worked out beside the loop while somebody looks at them, and kept until it is said anew.
//!
//! Nothing here computes: [`Linting`] is the work, which the runtime does on another thread on a snapshot of the world.
//! It is asked for when a change may have made a difference, one at a time, and the rarer the longer it takes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::message::Message;
use crate::mesh::lint::{self, Finding, Level};
use crate::mesh::model::{Key, Kind, Object, Pod};
use crate::mesh::scope::Settings;
use crate::mesh::world::{Change, World};

/// From one beginning to the next, at least.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// ... and so many times as long as the work took.
const RESTS: i32 = 4;

/// The findings in Sidecars.
#[derive(Debug)]
pub(super) struct Findings {
    /// By Sidecar, those without any left out; `None` before the first answer.
    found: Option<BTreeMap<Key, Vec<Finding>>>,
    /// The world has changed since they were asked for.
    is_stale: bool,
    /// When they were asked for, if the answer is not there yet.
    asked: Option<Timestamp>,
    /// They are not asked for before.
    not_before: Option<Timestamp>,
}

impl Default for Findings {
    fn default() -> Self {
        Self {
            found: None,
            is_stale: true,
            asked: None,
            not_before: None,
        }
    }
}

impl Findings {
    /// Takes note of a change of the world.
    pub(super) fn follow(&mut self, change: &Change) {
        self.is_stale |= matters(change);
    }

    /// They may be others by now.
    pub(super) fn invalidate(&mut self) {
        self.is_stale = true;
    }

    /// When they may be asked for; `None` if there is nothing new to ask, or the answer is on its way.
    pub(super) fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let is_wanted = self.is_stale && self.asked.is_none();
        is_wanted.then(|| self.not_before.map_or(now, |at| at.max(now)))
    }

    /// They are asked for.
    pub(super) fn ask(&mut self, now: Timestamp) {
        self.asked = Some(now);
        self.is_stale = false;
    }

    /// Takes in the answer; says whether it is another than before.
    pub(super) fn take(&mut self, now: Timestamp, answer: Vec<Finding>) -> bool {
        self.rest(now);
        let mut found: BTreeMap<Key, Vec<Finding>> = BTreeMap::new();
        for finding in answer {
            found.entry(finding.object.1.clone()).or_default().push(finding);
        }
        let is_other = self.found.as_ref() != Some(&found);
        self.found = Some(found);
        is_other
    }

    /// The answer is not taken in: it will be asked for again.
    pub(super) fn forgo(&mut self) {
        self.asked = None;
        self.is_stale = true;
    }

    /// There is no answer: what broke once breaks again, so that they are asked for after the next change.
    pub(super) fn give_up(&mut self, now: Timestamp) {
        self.rest(now);
    }

    /// The work has come to an end, and is not begun again at once.
    fn rest(&mut self, now: Timestamp) {
        let asked = self.asked.take().unwrap_or(now);
        let took = now.duration_since(asked);
        let pause = took.checked_mul(RESTS).unwrap_or(PAUSE).max(PAUSE);
        self.not_before = asked.checked_add(pause).ok();
    }

    /// Those of a Sidecar, the worst first; `None` if that is not known yet.
    pub(super) fn of(&self, sidecar: &Key) -> Option<&[Finding]> {
        let found = self.found.as_ref()?;
        Some(found.get(sidecar).map(Vec::as_slice).unwrap_or_default())
    }
}

/// Whether a Sidecar may be judged otherwise after a change.
fn matters(change: &Change) -> bool {
    let Some((kind, _)) = change.identity() else {
        return false;
    };
    match kind {
        Kind::Pod => match (&change.before, &change.after) {
            (Some(Object::Pod(before)), Some(Object::Pod(after))) => told(before) != told(after),
            (_, _) => true,
        },
        Kind::Namespace
        | Kind::Node
        | Kind::Service
        | Kind::MeshConfigMap
        | Kind::Istiod
        | Kind::RevisionTag
        | Kind::Sidecar
        | Kind::VirtualService
        | Kind::ServiceEntry
        | Kind::HTTPRoute
        | Kind::GRPCRoute
        | Kind::TCPRoute
        | Kind::TLSRoute => true,
        Kind::EndpointSlice
        | Kind::DestinationRule
        | Kind::WorkloadEntry
        | Kind::Gateway
        | Kind::EnvoyFilter
        | Kind::Event => false,
    }
}

/// What of a pod decides which Sidecar governs it; how it does makes no difference.
fn told(pod: &Pod) -> impl PartialEq + use<'_> {
    (&pod.meta, &pod.proxy, &pod.ips, &pod.node, pod.host_network)
}

/// How many findings a Sidecar has, and how bad the worst is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tally {
    /// How many.
    pub count: usize,
    /// The worst; `None` if there are none.
    pub worst: Option<Level>,
}

impl Tally {
    /// Of these findings.
    pub fn of(found: &[Finding]) -> Self {
        Self {
            count: found.len(),
            worst: found.iter().map(|finding| finding.lint.level).max(),
        }
    }
}

/// The work: what is wrong with the Sidecars of a world that stands still.
#[derive(Clone, Debug)]
pub struct Linting {
    pub(super) world: World,
    pub(super) settings: Settings,
}

impl Linting {
    /// Does it; the answer for the app. It may take seconds in a large mesh.
    pub fn run(&self) -> Message {
        Message::Linted(lint::of_sidecars(&self.world, &self.settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn it_is_asked_for_when_something_changed_one_at_a_time_and_rarely() {
        let mut findings = Findings::default();
        assert_eq!(findings.of(&Key::new("a", "b")), None, "nothing is known yet");
        assert_eq!(findings.due(at(0)), Some(at(0)));
        findings.ask(at(0));
        assert_eq!(findings.due(at(10)), None, "the answer is on its way");
        findings.invalidate();
        assert_eq!(findings.due(at(10)), None);
        assert!(findings.take(at(100), Vec::new()), "nothing wrong is news too");
        assert_eq!(findings.due(at(100)), Some(at(1_000)), "once a second");
        findings.ask(at(1_000));
        assert!(!findings.take(at(3_000), Vec::new()));
        assert_eq!(findings.due(at(4_000)), None, "nothing changed");
        findings.invalidate();
        assert_eq!(findings.due(at(4_000)), Some(at(9_000)), "slow work rests longer");
        assert_eq!(findings.due(at(20_000)), Some(at(20_000)));
    }
}
