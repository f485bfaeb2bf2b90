//! All that is known: the world, its past, how the sources do, what Envoys say. Not what is shown of it.
//!
//! [`Facts::apply`] is the one way in; what it returns says which rows may look different.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::engine::{Engine, Governed};
use super::findings::Findings;
use super::lag::Lags;
use super::message::{ClusterInfo, Context, DemoState, EnvoyTable, NoEnvoy};
use super::packets::Packets;
use super::rates::Rates;
use super::replay::Replay;
use super::sync::Comparison;
use super::view::table::endpoints::Actual;
use super::workloads::{WorkloadId, WorkloadIndex};
use crate::mesh::history::{History, ObjectId};
use crate::mesh::model::{Key, Kind, Object, Pod, Text};
use crate::mesh::scope::{Settings, needed_kinds};
use crate::mesh::world::{Change, Coverage, Delta, ListScope, SourceState, World};

/// How many lines the log keeps.
const LOG_LINES: usize = 500;
/// Of how many pods' Envoys it is kept how long they took.
const PODS: usize = 64;

/// Everything that is known.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// All objects.
    pub world: World,
    /// What they were before.
    pub history: History,
    /// Pods by what made them.
    pub workloads: WorkloadIndex,
    /// Computes tables.
    pub engine: Engine,
    /// Which Sidecar governs which pod.
    pub governed: Governed,
    /// How the sources do.
    pub sources: BTreeMap<(Kind, ListScope), Source>,
    /// What is wrong with Sidecars.
    pub findings: Findings,
    /// Where we are.
    pub cluster: ClusterInfo,
    /// The kubeconfig's contexts, as far as they were asked for.
    pub contexts: Vec<Context>,
    /// What Envoys said last.
    pub envoys: BTreeMap<Key, Envoy>,
    /// How many answers of Envoys there were.
    pub answers: u64,
    /// How long they took to follow.
    pub lags: BTreeMap<Key, Lags>,
    /// The last packets of a capture.
    pub packets: Packets,
    /// Where the demo's story is.
    pub demo: Option<DemoState>,
    /// Where the replay is.
    pub replay: Option<Replay>,
    /// The file that is recorded into.
    pub recording: Option<String>,
    /// What went wrong, oldest first.
    pub log: VecDeque<(Timestamp, String)>,
}

/// How the source of one kind does, of all of it or of one namespace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Source {
    /// Its state.
    pub state: SourceState,
    /// Since when it is in a state of this sort.
    pub since: Timestamp,
    /// The last proof of life.
    pub heard: Timestamp,
    /// When it last said anything about itself.
    pub said: Timestamp,
    /// When all of it was last known to be so, if ever.
    pub known: Option<Timestamp>,
}

/// What an Envoy said last.
#[derive(Debug)]
pub(super) struct Envoy {
    /// The number of its answer, among all that there were.
    pub nth: u64,
    /// When it was asked, and when its answer was there.
    pub times: (Timestamp, Timestamp),
    /// Its table, or why there is none.
    pub answer: Result<EnvoyTable, NoEnvoy>,
    /// That table beside the computed one.
    pub comparison: Comparison,
    /// What its hosts do a second.
    pub rates: Rates,
}

impl Envoy {
    /// What it says of the host at this place of its table.
    pub(super) fn host(&self, at: usize) -> Option<Actual<'_>> {
        let table = self.answer.as_ref().ok()?;
        Some(Actual {
            row: table.rows.get(at)?,
            counters: table.counters.get(at).copied().unwrap_or_default(),
            rate: self.rates.rate(at),
            past: self.rates.past(at),
        })
    }
}

/// What is new in an Envoy's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// Rows, or how long they differ.
    Rows,
    /// Only what they do a second.
    Rates,
    /// Nothing.
    Nothing,
}

/// Which rows may look different after a batch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Dirty {
    /// Objects that are rows, by kind.
    pub objects: BTreeSet<(Kind, ObjectId)>,
    /// Workloads.
    pub workloads: BTreeSet<WorkloadId>,
    /// A kind from which endpoint tables are computed changed, or what is known of it.
    pub tables: bool,
    /// How many objects changed.
    pub changes: usize,
}

impl Facts {
    /// Nothing is known yet.
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            engine: Engine::new(settings),
            ..Self::default()
        }
    }

    /// Takes in what a source said at this time.
    pub(super) fn apply(&mut self, at: Timestamp, batch: Vec<Delta>) -> Dirty {
        let mut dirty = Dirty::default();
        for delta in batch {
            if let Delta::Coverage(..) = &delta {
                dirty.tables = true;
                self.findings.invalidate();
            }
            let changes = self.history.apply(&mut self.world, at, delta);
            self.engine.follow(&changes);
            for change in &changes {
                self.follow(change, &mut dirty);
            }
        }
        dirty
    }

    fn follow(&mut self, change: &Change, dirty: &mut Dirty) {
        dirty.changes += 1;
        self.governed.follow(self.engine.regoverned(change));
        self.findings.follow(change);
        self.packets.follow(change);
        for object in [&change.before, &change.after].into_iter().flatten() {
            let kind = object.kind();
            dirty.tables |= needed_kinds().contains(&kind);
            if matches!(kind, Kind::Pod | Kind::Service | Kind::Sidecar) {
                dirty.objects.insert((kind, ObjectId::of(object)));
            } else if let Object::EndpointSlice(slice) = object {
                let service = Key {
                    namespace: slice.meta.key.namespace.clone(),
                    name: slice.service.clone(),
                };
                if let Some(service) = self.world.get(Kind::Service, &service) {
                    dirty.objects.insert((Kind::Service, ObjectId::of(&service)));
                }
            }
        }
        let (before, after) = (as_pod(change.before.as_ref()), as_pod(change.after.as_ref()));
        if before.is_some() || after.is_some() {
            dirty.workloads.extend(
                self.workloads
                    .follow(before.map(AsRef::as_ref), after.map(AsRef::as_ref)),
            );
        }
    }

    /// How the source of all objects of a kind does.
    pub(super) fn source(&self, kind: Kind) -> Option<&Source> {
        self.sources.get(&(kind, ListScope::All))
    }

    /// How the sources of single namespaces do, where not all objects of the kind may be read.
    pub(super) fn sources_by_namespace(&self, kind: Kind) -> impl Iterator<Item = (&Text, &Source)> {
        let of_kind = self.sources.range((kind, ListScope::All)..);
        of_kind
            .take_while(move |((other, _), _)| *other == kind)
            .filter_map(|((_, scope), source)| match scope {
                ListScope::Namespace(namespace) => Some((namespace, source)),
                ListScope::All => None,
            })
    }

    /// Takes in how a source does. What is said of all of a kind ends what was said of its namespaces.
    pub(super) fn hear(&mut self, now: Timestamp, kind: Kind, scope: ListScope, state: SourceState) {
        if scope == ListScope::All {
            self.sources
                .retain(|(other, scope), _| *other != kind || *scope == ListScope::All);
        }
        let before = self.sources.get(&(kind, scope.clone()));
        let since = match before {
            Some(source) if std::mem::discriminant(&source.state) == std::mem::discriminant(&state) => source.since,
            Some(_) | None => now,
        };
        let heard = match (&state, before) {
            (SourceState::Live | SourceState::Absent, _) | (_, None) => now,
            // a list that has begun says nothing yet of what is shown: it may break off again
            (_, Some(source)) => source.heard,
        };
        let said = now;
        let known = match state {
            SourceState::Live => Some(now),
            SourceState::Absent => None,
            SourceState::Connecting
            | SourceState::Listing(_)
            | SourceState::Retrying { .. }
            | SourceState::Denied { .. } => before.and_then(|source| source.known),
        };
        if let SourceState::Retrying {
            attempt: 1, failure, ..
        } = &state
        {
            let place = match &scope {
                ListScope::All => String::new(),
                ListScope::Namespace(namespace) => format!(" in {namespace}"),
            };
            self.note(now, format!("{}{place}: {failure}", kind.plural()));
        }
        self.sources.insert(
            (kind, scope),
            Source {
                state,
                since,
                heard,
                said,
                known,
            },
        );
    }

    /// Takes in what an Envoy said.
    pub(super) fn hear_envoy(
        &mut self,
        pod: Key,
        times: (Timestamp, Timestamp),
        answer: Result<EnvoyTable, NoEnvoy>,
    ) -> Heard {
        let is_first = !self.envoys.contains_key(&pod);
        if is_first {
            if self.lags.len() >= PODS {
                self.lags.clear();
            }
            self.lags.entry(pod.clone()).or_default().begin_again();
        }
        self.answers += 1;
        let nth = self.answers;
        let envoy = self.envoys.entry(pod).or_insert_with(|| Envoy {
            nth,
            times,
            answer: Ok(EnvoyTable::default()),
            comparison: Comparison::default(),
            rates: Rates::default(),
        });
        let is_other = match (&envoy.answer, &answer) {
            (Ok(before), Ok(after)) => !Arc::ptr_eq(&before.rows, &after.rows) && before.rows != after.rows,
            (Err(before), Err(after)) => before != after,
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => true,
        };
        let has_rates = answer.as_ref().is_ok_and(|table| envoy.rates.follow(times.1, table));
        (envoy.nth, envoy.times, envoy.answer) = (nth, times, answer);
        match (is_first || is_other || envoy.comparison.differences() > 0, has_rates) {
            (true, _) => Heard::Rows,
            (false, true) => Heard::Rates,
            (false, false) => Heard::Nothing,
        }
    }

    /// Notes something that went wrong.
    pub(super) fn note(&mut self, now: Timestamp, line: String) {
        if self.log.len() >= LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back((now, line));
    }

    /// A pod of this identity: as it is, or as it last was if its tombstone is still there.
    pub(super) fn find_pod(&self, id: &ObjectId) -> Option<&Arc<Pod>> {
        let living = self.world.pods.get(&id.key).filter(|pod| pod.meta.uid == id.uid);
        living.or_else(|| as_pod(Some(&self.history.objects(Kind::Pod)?.get(id)?.row)))
    }

    /// What is known of a kind.
    pub(super) fn coverage(&self, kind: Kind) -> Coverage {
        self.world.coverage.get(kind)
    }

    /// Kinds that a table needs and that are not listed yet, in the order of the kinds.
    pub(super) fn pending(&self) -> Vec<Kind> {
        self.world.coverage.pending(needed_kinds()).collect()
    }

    /// Names of the namespaces that are known, in order.
    pub(super) fn namespaces(&self) -> BTreeSet<crate::mesh::model::Text> {
        let objects = self.world.namespaces.keys().map(|key| key.name.clone());
        if self.world.namespaces.is_empty() {
            let pods = self.world.pods.keys().chain(self.world.services.keys());
            return pods.map(|key| key.namespace.clone()).collect();
        }
        objects.collect()
    }

    /// Drops marks that have been seen long enough.
    pub(super) fn expire(&mut self, now: Timestamp, retention: SignedDuration) {
        self.history.expire(now, retention);
    }
}

fn as_pod(object: Option<&Object>) -> Option<&Arc<Pod>> {
    if let Some(Object::Pod(pod)) = object {
        Some(pod)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::model::HostCounters;
    use crate::mesh::scope::{Address, Cluster, Health};

    #[test]
    fn an_answer_that_says_the_same_again_is_no_work() {
        let pod = Key::new("default", "shell");
        let cluster = Arc::new(Cluster::parse(&"agent".into()));
        let address = Address::Socket("127.0.0.1".into(), 15020);
        let host = crate::app::message::EnvoyRow::new(cluster, address, Health::Healthy);
        let table = EnvoyTable::new(vec![(host, HostCounters::default())]);
        let mut facts = Facts::default();
        let mut hear = |millis, table: &EnvoyTable| {
            let at = Timestamp::from_millisecond(millis).unwrap();
            facts.hear_envoy(pod.clone(), (at, at), Ok(table.clone()))
        };
        assert_eq!(hear(0, &table), Heard::Rows);
        assert_eq!(hear(150, &table), Heard::Nothing);
        assert_eq!(hear(1_000, &table), Heard::Rates);
        let counters = [HostCounters {
            rq_total: 1,
            ..HostCounters::default()
        }];
        let busy = EnvoyTable {
            counters: counters.into(),
            ..table.clone()
        };
        assert_eq!(hear(1_150, &busy), Heard::Nothing, "a rate takes a second");
        assert_eq!(hear(2_000, &busy), Heard::Rates);
        assert_eq!(hear(2_150, &EnvoyTable::default()), Heard::Rows);
    }
}
