//! Why a pod reaches a host, or does not: the whole chain from the Sidecar to the endpoint, or the links that break.
//!
//! Worked out on demand for one host, by the functions that make the tables; a table costs nothing more for it.

mod hosts;
mod ignored;
mod who_sees;

use std::collections::BTreeSet;

use self::hosts::{complete, known_hosts};
use self::ignored::ignored;
pub use self::who_sees::Sight;
use super::build::{Subject, gaps};
use super::clusters::{Client, ClusterAnswer, WithheldEndpoint, import_reasons};
use super::endpoints::{PodWorkloads, Shard};
use super::plane::Plane;
use super::reason::{Barrier, Lack, Reason};
use super::service::MeshService;
use super::sidecar_scope::{Fate, ScopeService, SidecarScope};
use super::symptom::Symptom;
use super::{Cache, Governing, NoTable, Passed, PlaneName, Settings, needed_kinds};
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::world::{Gap, World};

/// Why a pod reaches a host, or does not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// Whose sidecar.
    pub pod: Key,
    /// The control plane whose rules were applied.
    pub plane: PlaneName,
    /// The host: as asked for in full, or the wildcard that covers it.
    pub host: Text,
    /// Only this port was asked for.
    pub port: Option<u32>,
    /// The Sidecar that governs the pod.
    pub governing: Governing,
    /// Sidecars that could have and do not, in the order in which they are tried.
    pub passed: Vec<(Key, Passed)>,
    /// Every object of that host, in istiod's order; those that istiod takes no notice of last.
    pub candidates: Vec<Candidate>,
    /// Ports that are in scope, in order; empty if the host is not.
    pub ports: Vec<u32>,
    /// Why the port asked for is not among them; where the host is not in scope, only that no service of it has the port.
    pub port_lack: Option<Lack>,
    /// What became of each cluster of the ports asked for; none if the host is not in scope.
    pub clusters: Vec<ClusterAnswer>,
    /// What a client sees.
    pub symptom: Symptom,
    /// Input that could not be read: if any, "not in scope" is not known.
    pub gaps: Vec<Gap>,
}

/// An object that gives a service of the host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// A Service or ServiceEntry.
    pub object: (Kind, Key),
    /// How it fared.
    pub outcome: Outcome,
}

/// How an object fared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is in the scope; what let it in.
    Taken(Vec<Reason>),
    /// Its ports are in the scope, as part of the one that was taken.
    Merged,
    /// It is not; all that keeps it out.
    Out(Vec<Barrier>),
}

/// Why there is no explanation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unexplained {
    /// The pod has no proxy that could reach anything.
    NoTable(NoTable),
    /// No object of the mesh has this host; all hosts that there are, in order, and what a client of it sees.
    NoSuchHost(Vec<Text>, Symptom),
}

impl From<NoTable> for Unexplained {
    fn from(state: NoTable) -> Self {
        Unexplained::NoTable(state)
    }
}

impl Explanation {
    /// Whether the host is in the pod's scope, on the port asked for if one was; with or without endpoints.
    pub fn is_in_scope(&self) -> bool {
        !self.candidates.iter().all(|one| matches!(one.outcome, Outcome::Out(_))) && self.port_lack.is_none()
    }
}

/// Why a pod reaches a host, from scratch. Short names are completed as the pod's own resolver would.
///
/// # Errors
/// The pod has no table, or there is no such host.
pub fn explain(
    world: &World,
    pod: &Key,
    host: &str,
    port: Option<u32>,
    settings: &Settings,
) -> Result<Explanation, Unexplained> {
    Cache::new(settings.clone()).explain(world, pod, host, port)
}

impl Cache {
    /// Why a pod reaches a host, on this port or any. Short names are completed as the pod's own resolver would.
    ///
    /// # Errors
    /// The pod has no table, or there is no such host.
    pub fn explain(
        &mut self,
        world: &World,
        pod: &Key,
        host: &str,
        port: Option<u32>,
    ) -> Result<Explanation, Unexplained> {
        let pending: Vec<_> = world.coverage.pending(needed_kinds()).collect();
        if !pending.is_empty() {
            return Err(NoTable::Pending(pending).into());
        }
        let found = self.find(world, pod)?;
        let plane = &found.plane;
        let Some(host) = complete(world, plane, host, &pod.namespace) else {
            let scope = SidecarScope::of_host(plane, &found.scope_key(), &Text::from(host));
            let symptom = out_of_scope(&scope, plane, found.proxy.is_router);
            return Err(Unexplained::NoSuchHost(known_hosts(world, plane), symptom));
        };
        let scope = SidecarScope::of_host(plane, &found.scope_key(), &host);
        let subject = Subject::of(plane, &found.proxy, &scope, found.choice.is_assumed);
        let taken = scope.find(&host);
        let mut candidates = candidates_of(plane, &scope, &host);
        candidates.extend(ignored(world, plane, &host));
        let clusters = taken
            .map(|taken| clusters_of(world, &subject, taken, port))
            .unwrap_or_default();
        let (ports, port_lack) = ports_of(plane, &host, taken, port);
        let symptom = if taken.is_none() || port_lack.is_some() {
            out_of_scope(&scope, plane, found.proxy.is_router)
        } else {
            Symptom::in_scope(clusters.iter().filter(|answer| answer.subset.is_empty()))
        };
        Ok(Explanation {
            pod: pod.clone(),
            plane: PlaneName {
                assumed: found.choice.is_assumed,
                ..plane.name.clone()
            },
            port,
            governing: scope.key.governing.clone(),
            passed: self.passed_over(world, pod)?,
            candidates,
            ports,
            port_lack,
            clusters,
            symptom,
            gaps: gaps(world),
            host,
        })
    }

    /// Hosts that a pod's control plane knows and the pod is not told of, in order.
    ///
    /// # Errors
    /// The state in which there is no table.
    pub fn hidden_hosts(&mut self, world: &World, pod: &Key) -> Result<Vec<Text>, NoTable> {
        let found = self.find(world, pod)?;
        let scope = self.scope(&found);
        let known = known_hosts(world, &found.plane).into_iter();
        Ok(known.filter(|host| !scope.has_host(host)).collect())
    }
}

/// What a client sees of a host that its scope does not hold.
fn out_of_scope(scope: &SidecarScope, plane: &Plane, is_gateway: bool) -> Symptom {
    let sidecar = scope.sidecar.as_ref();
    let outbound_mode = sidecar.and_then(|sidecar| sidecar.outbound_mode.as_ref());
    Symptom::out_of_scope(is_gateway, outbound_mode.unwrap_or(&plane.mesh.outbound_mode))
}

/// Every service of the host, with its fate in this scope.
fn candidates_of(plane: &Plane, scope: &SidecarScope, host: &Text) -> Vec<Candidate> {
    let candidate = |(service, fate): (std::sync::Arc<MeshService>, Fate)| {
        let (kind, key) = service.source.object();
        let outcome = match fate {
            Fate::Taken => Outcome::Taken(taken_by(plane, scope, &service)),
            Fate::Merged => Outcome::Merged,
            Fate::Out(barriers) => Outcome::Out(barriers),
        };
        Candidate {
            object: (kind, key.clone()),
            outcome,
        }
    };
    scope.trace(plane, host).into_iter().map(candidate).collect()
}

fn taken_by(plane: &Plane, scope: &SidecarScope, service: &MeshService) -> Vec<Reason> {
    let mut reasons = vec![Reason::Exported {
        to: plane.registry.export_of(service).iter().cloned().collect(),
        by_default: service.export_to.is_unset(),
    }];
    if let Some(taken) = scope.find(&service.host) {
        import_reasons(scope, taken, &mut reasons);
    }
    reasons
}

/// What became of the clusters of a service in scope, of one port or all.
fn clusters_of(world: &World, subject: &Subject<'_>, taken: &ScopeService, port: Option<u32>) -> Vec<ClusterAnswer> {
    let key = Client::shard_key(taken);
    let shard = Shard::of(world, subject.plane, &key, &mut PodWorkloads::default());
    let mut answers = subject.answers(taken, &shard);
    answers.retain(|answer| port.is_none_or(|port| answer.port == port));
    let dropped: Vec<WithheldEndpoint> = Shard::dropped(world, subject.plane, &key)
        .into_iter()
        .map(|(address, pod, slice, why)| WithheldEndpoint {
            address,
            pod,
            listed_by: (Kind::EndpointSlice, slice),
            why,
        })
        .collect();
    let by_endpoint = |answer: &&mut ClusterAnswer| {
        !answer.rows.is_empty() || !answer.withheld.is_empty() || answer.lack == Some(Lack::NoEndpoints)
    };
    for answer in answers.iter_mut().filter(by_endpoint) {
        answer.withheld.extend(dropped.iter().cloned());
        if answer.lack == Some(Lack::NoEndpoints) && !answer.withheld.is_empty() {
            answer.lack = Some(Lack::AllWithheld);
        }
    }
    answers
}

/// The ports in scope, and why the one asked for is not among them.
fn ports_of(plane: &Plane, host: &Text, taken: Option<&ScopeService>, asked: Option<u32>) -> (Vec<u32>, Option<Lack>) {
    let Some(taken) = taken else {
        let services = plane.registry.all.iter().filter(|service| service.host == *host);
        let has: BTreeSet<u32> = services
            .flat_map(|service| service.ports.iter().map(|port| port.number))
            .collect();
        let has: Vec<u32> = has.into_iter().collect();
        let is_nowhere = asked.is_some_and(|port| !has.is_empty() && !has.contains(&port));
        return (Vec::new(), is_nowhere.then_some(Lack::NoSuchPort { has }));
    };
    let ports: Vec<u32> = taken.ports.iter().map(|port| port.number).collect();
    let lack = asked.filter(|port| !ports.contains(port)).map(|port| {
        let imported = ports.clone();
        if taken.service.has_port(port) {
            Lack::PortNotImported { imported }
        } else {
            let has = taken.service.ports.iter().map(|port| port.number).collect();
            Lack::NoSuchPort { has }
        }
    });
    (ports, lack)
}
