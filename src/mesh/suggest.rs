//! The smallest Sidecar that keeps what was used: which pods it is for, its lines, what it would hide.
//!
//! Pure: what was used comes in ([`Used`], from the counters of Envoys), a [`Suggestion`] goes out. Every line is tried
//! against istiod's rules (`mesh::scope`), and the whole against the tables of the pods (`mesh::diff`), so that what is
//! said to be kept is kept. Not here: asking Envoys, YAML.
//!
//! # Decisions
//! * Counters know clusters, not names: which of several names led to a service cannot be told. So the routes that send to
//!   a service in use stay too (their `VirtualServices` stay selected), and a service that can be called by its own name
//!   now can be then. Minimal means: without any one line one of these, or a row in use, is lost.
//! * The root namespace is imported whole (`istio-system/*`), whatever was used of it: telemetry and tracing are configured
//!   by name, and what is there is small.

mod lines;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

pub use self::lines::{Because, Line, Listener};
pub use self::plan::{Aim, Apart, NoSuggestion, Plan, plan};

use self::lines::{Drafter, Group};
use super::diff::{self, TableDiff};
use super::lint::{Finding, Level, lint};
use super::model::{Key, Kind, Sidecar, Text};
use super::scope::{Address, Cache, Cluster, Direction, Drafting, NoTable, Row, Settings, Weight};
use super::world::{Change, Delta, World};

/// So often lines are added because rows in use would be lost.
const ROUNDS: usize = 3;

/// What one pod's Envoy was seen to use.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Used {
    /// Whose Envoy.
    pub pod: Key,
    /// Endpoints, with their cluster, that were asked, tried or connected to.
    pub endpoints: BTreeSet<(Address, Arc<Cluster>)>,
}

/// The config weight of one pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Weights {
    /// Of the pods the one that is told most now.
    pub pod: Key,
    /// As it is.
    pub now: Weight,
    /// Without any Sidecar: `*/*`.
    pub by_default: Weight,
    /// Under the suggestion.
    pub after: Weight,
}

/// A Sidecar and what it comes to.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The Sidecar, as far as the rules read it.
    pub sidecar: Sidecar,
    /// Its egress listeners, with why each line is there.
    pub listeners: Vec<Listener>,
    /// Nothing that a line could keep was seen in use: it would hide all but the control plane, and is no suggestion.
    pub is_of_nothing: bool,
    /// Rows in use that it keeps, of all pods.
    pub kept: usize,
    /// Rows in use that it would lose: nothing smaller than what there is keeps them. Empty but for what no rule explains.
    pub lost: Vec<(Key, Address, Arc<Cluster>)>,
    /// Hosts and ports that are in use, and not in scope as computed: a Sidecar cannot be blamed or asked to keep them.
    pub unknown: BTreeSet<(Text, u32)>,
    /// Addresses outside of the registry that were reached through `PassthroughCluster`.
    pub passthrough: BTreeSet<Address>,
    /// Hosts that leave the scope of any of the pods, in order.
    pub hidden: BTreeSet<Text>,
    /// How much config that saves; `None` if no pod could be weighed.
    pub weights: Option<Weights>,
    /// What is wrong with it, and what it would make wrong elsewhere.
    pub findings: Vec<Finding>,
}

/// The smallest Sidecar under which the pods of a plan keep what they used; `at` is its age if it is new.
///
/// # Errors
/// A pod that was used has no table: it is gone meanwhile.
pub fn suggest(
    world: &World,
    settings: &Settings,
    plan: &Plan,
    used: &[Used],
    at: Timestamp,
) -> Result<Suggestion, (Key, NoTable)> {
    let mut known = Cache::new(settings.clone());
    let mut groups: Vec<Group> = Vec::new();
    let mut unknown = BTreeSet::new();
    let mut passthrough = BTreeSet::new();
    for used in used {
        let drafting = Drafting::of(&mut known, world, &used.pod).map_err(|state| (used.pod.clone(), state))?;
        let (needs, strange) = drafting.needs(&hosts(used));
        unknown.extend(strange);
        passthrough.extend(through_passthrough(used));
        match groups.iter_mut().find(|group| group.drafting.is_like(&drafting)) {
            Some(group) => group.needs.extend(needs),
            None => groups.push(Group { drafting, needs }),
        }
    }
    let is_of_nothing = groups.iter().all(|group| group.needs.is_empty());
    let question = Question {
        world,
        settings,
        plan,
        used,
    };
    let mut drafter = Drafter::new(plan, &groups, at);
    let mut listeners = drafter.draft();
    let mut effect = Effect::of(&question, drafter.sidecar(&listeners), &mut known);
    for _ in 0..ROUNDS {
        if effect.lost.is_empty() {
            break;
        }
        let hosts = effect.lost.iter().map(|(_, _, cluster)| Text::from(cluster.host()));
        listeners = drafter.widen(hosts.collect());
        effect = Effect::of(&question, drafter.sidecar(&listeners), &mut known);
    }
    Ok(Suggestion {
        weights: effect.weights(&question, &mut known),
        findings: findings(world, &effect.world, settings, &plan.key),
        sidecar: effect.sidecar,
        listeners,
        is_of_nothing,
        kept: effect.kept,
        lost: effect.lost,
        unknown,
        passthrough,
        hidden: effect.hidden,
    })
}

/// Hosts and ports that were used, outbound.
fn hosts(used: &Used) -> BTreeSet<(Text, u32)> {
    let of = |cluster: &Cluster| match cluster {
        Cluster::Traffic {
            direction: Direction::Outbound,
            port,
            host,
            ..
        } => Some((host.clone(), *port)),
        Cluster::Traffic { .. } | Cluster::Named(_) => None,
    };
    used.endpoints.iter().filter_map(|(_, cluster)| of(cluster)).collect()
}

fn through_passthrough(used: &Used) -> impl Iterator<Item = Address> {
    let is_passthrough = |cluster: &Cluster| match cluster {
        Cluster::Named(name) => *name == "PassthroughCluster",
        Cluster::Traffic { .. } => false,
    };
    let through = used.endpoints.iter();
    through
        .filter(move |(_, cluster)| is_passthrough(cluster))
        .map(|(address, _)| address.clone())
}

/// What is wrong with the Sidecar itself in the world it would come to, and what would be wrong there that is not now.
fn findings(before: &World, after: &World, settings: &Settings, key: &Key) -> Vec<Finding> {
    let known = lint(before, settings);
    let known: BTreeSet<_> = known.iter().map(Finding::identity).collect();
    let mut found = lint(after, settings);
    let is_about = |finding: &Finding| finding.object.0 == Kind::Sidecar && finding.object.1 == *key;
    found.retain(|finding| {
        finding.lint.level >= Level::Warning && (is_about(finding) || !known.contains(&finding.identity()))
    });
    found
}

/// What is asked.
struct Question<'a> {
    world: &'a World,
    settings: &'a Settings,
    plan: &'a Plan,
    used: &'a [Used],
}

/// What a draft comes to, by the tables of the pods.
struct Effect {
    sidecar: Sidecar,
    world: World,
    changes: Vec<Change>,
    kept: usize,
    lost: Vec<(Key, Address, Arc<Cluster>)>,
    hidden: BTreeSet<Text>,
}

impl Effect {
    fn of(question: &Question<'_>, sidecar: Sidecar, known: &mut Cache) -> Self {
        let world = question.world;
        let mut after = world.clone();
        let changes = after.apply(Delta::Put(sidecar.clone().into()));
        let mut effect = Self {
            sidecar,
            world: after,
            changes,
            kept: 0,
            lost: Vec::new(),
            hidden: BTreeSet::new(),
        };
        let mut asked = effect.cache(question.settings);
        let by_pod: BTreeMap<&Key, &Used> = question.used.iter().map(|used| (&used.pod, used)).collect();
        for pod in &question.plan.pods {
            let (Ok(before), Ok(now)) = (known.table(world, pod), asked.table(&effect.world, pod)) else {
                continue;
            };
            let diff = diff::tables(&before, &now);
            if let Some(used) = by_pod.get(pod) {
                effect.count(used, &before.rows, &diff);
            }
            effect.hidden.extend(diff.hosts_removed);
            known.forget(pod);
            asked.forget(pod);
        }
        effect
    }

    fn cache(&self, settings: &Settings) -> Cache {
        let mut cache = Cache::new(settings.clone());
        cache.apply(&self.changes);
        cache
    }

    fn count(&mut self, used: &Used, before: &[Row], diff: &TableDiff) {
        let is_used = |row: &Row| is_outbound(&row.cluster) && used.endpoints.contains(&place(row));
        let lost = diff.removed.iter().filter(|(_, row)| is_used(row));
        let lost: Vec<_> = lost
            .map(|(_, row)| (used.pod.clone(), row.address.clone(), Arc::clone(&row.cluster)))
            .collect();
        self.kept += before.iter().filter(|row| is_used(row)).count() - lost.len();
        self.lost.extend(lost);
    }

    fn weights(&self, question: &Question<'_>, known: &mut Cache) -> Option<Weights> {
        let (world, settings) = (question.world, question.settings);
        let mut pods: Vec<&Key> = question.used.iter().map(|used| &used.pod).collect();
        if pods.is_empty() {
            pods.extend(question.plan.pods.first());
        }
        let weighed = pods
            .into_iter()
            .filter_map(|pod| Some((known.weight(world, pod).ok()?, pod)));
        let (now, pod) = weighed.max_by_key(|(weight, _)| (weight.endpoints, weight.clusters))?;
        Some(Weights {
            now,
            by_default: known.weight_by_default(world, pod).ok()?,
            after: self.cache(settings).weight(&self.world, pod).ok()?,
            pod: pod.clone(),
        })
    }
}

fn place(row: &Row) -> (Address, Arc<Cluster>) {
    (row.address.clone(), Arc::clone(&row.cluster))
}

fn is_outbound(cluster: &Cluster) -> bool {
    match cluster {
        Cluster::Traffic { direction, .. } => *direction == Direction::Outbound,
        Cluster::Named(_) => false,
    }
}
