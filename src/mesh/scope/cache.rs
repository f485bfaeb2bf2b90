//! Planes, scopes, endpoints and tables kept between questions; what changed is made anew, and only that.
//!
//! A cache belongs to one [`World`] and must be told of each change of it ([`Cache::apply`]). Everything is checked
//! when asked for: planes by part, scopes by the parts they were made from, endpoints by the versions of what they
//! read, tables by scope and endpoints. So a change costs counting when it comes, and work only for what is looked at.

mod stamps;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::mesh::model::{Key, Pod, Text};
use crate::mesh::world::{Change, World};

use self::stamps::{ShardStamp, Stamps};
use super::build::Subject;
use super::clusters::Client;
use super::endpoints::Shard;
use super::needed_kinds;
use super::plane::Plane;
use super::planes::{self, Choice, PlaneKey};
use super::proxy::{ProxyFacts, container_of, find_pod};
use super::registry::HostKey;
use super::settings::Settings;
use super::sidecar_scope::{ScopeKey, SidecarScope};
use super::sidecars::Passed;
use super::table::{EndpointTable, Governing, NoTable, Row};

/// How much was worked out since the cache was made: for tests that hold the cost of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Control planes prepared from scratch.
    pub planes: usize,
    /// Scopes worked out.
    pub scopes: usize,
    /// Hosts whose endpoints were collected.
    pub shards: usize,
    /// Services whose rows were made.
    pub services: usize,
    /// Rows made.
    pub rows: usize,
    /// Tables put together.
    pub tables: usize,
}

/// Tables kept at most; of more the ones not asked for longest are dropped.
const MAX_TABLES: usize = 64;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    settings: Settings,
    planes: FxHashMap<PlaneKey, Arc<Plane>>,
    pending: Vec<Change>,
    scopes: FxHashMap<(PlaneKey, ScopeKey), KeptScope>,
    shards: FxHashMap<(PlaneKey, HostKey), KeptShard>,
    tables: FxHashMap<Key, KeptTable>,
    stamps: Stamps,
    asked: u64,
    counters: Counters,
}

#[derive(Clone, Debug)]
struct KeptScope {
    made_from: Arc<Plane>,
    scope: Arc<SidecarScope>,
}

#[derive(Clone, Debug)]
struct KeptShard {
    stamp: ShardStamp,
    plane: Arc<Plane>,
    shard: Arc<Shard>,
}

#[derive(Clone, Debug)]
struct KeptTable {
    asked: u64,
    /// Everything else a table depends on.
    made_from: MadeFrom,
    /// The rows of each service of the scope, with the endpoints they were made from.
    groups: Vec<(Arc<Shard>, Arc<[Row]>)>,
    table: Arc<EndpointTable>,
}

#[derive(Clone, Debug)]
struct MadeFrom {
    plane: Arc<Plane>,
    scope: Arc<SidecarScope>,
    pod: Arc<Pod>,
    stamp: ShardStamp,
}

impl Cache {
    /// An empty cache.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// Takes note of changes that the world has been through since the last question.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            self.stamps.note(change);
            if stamps::touches_planes(change) {
                self.pending.push(change.clone());
            }
            if let Some((crate::mesh::model::Kind::Pod, key)) = change.identity()
                && change.after.is_none()
            {
                self.tables.remove(key);
            }
        }
    }

    /// A cache for a fork of the same world, in which this pod will be asked about: a copy without the tables of others.
    #[must_use]
    pub fn fork(&self, pod: &Key) -> Self {
        let own = self.tables.get(pod).map(|kept| (pod.clone(), kept.clone()));
        Self {
            settings: self.settings.clone(),
            planes: self.planes.clone(),
            pending: self.pending.clone(),
            scopes: self.scopes.clone(),
            shards: self.shards.clone(),
            tables: own.into_iter().collect(),
            stamps: self.stamps.clone(),
            asked: self.asked,
            counters: self.counters,
        }
    }

    /// What was worked out so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The table of a pod.
    ///
    /// # Errors
    /// The state in which there is no table.
    pub fn table(&mut self, world: &World, pod: &Key) -> Result<Arc<EndpointTable>, NoTable> {
        let pending: Vec<_> = world.coverage.pending(needed_kinds()).collect();
        if !pending.is_empty() {
            return Err(NoTable::Pending(pending));
        }
        let found = find_pod(world, pod)?;
        container_of(found)?;
        let (choice, plane) = self.plane_of(world, found);
        let proxy = ProxyFacts::of(world, &plane, found)?;
        let scope_key = ScopeKey {
            governing: proxy.governing(&plane),
            namespace: proxy.namespace().clone(),
        };
        let scope = self.scope(&choice.key, &plane, scope_key);
        self.asked += 1;
        Ok(self.build(world, &choice, &plane, &proxy, &scope))
    }

    fn build(
        &mut self,
        world: &World,
        choice: &Choice,
        plane: &Arc<Plane>,
        proxy: &ProxyFacts,
        scope: &Arc<SidecarScope>,
    ) -> Arc<EndpointTable> {
        let pod = proxy.pod.meta.key.clone();
        let made_from = MadeFrom {
            plane: Arc::clone(plane),
            scope: Arc::clone(scope),
            pod: Arc::clone(&proxy.pod),
            stamp: self.stamps.of_proxy(&pod.namespace),
        };
        let kept = self
            .tables
            .remove(&pod)
            .filter(|kept| kept.made_from.is_same(&made_from));
        let subject = Subject::of(plane, proxy, scope, choice.is_assumed);
        let mut old = kept
            .as_ref()
            .map(|kept| kept.groups.as_slice())
            .unwrap_or_default()
            .iter();
        let mut is_changed = kept.is_none();
        let mut groups = Vec::with_capacity(scope.services.len());
        for service in &scope.services {
            let shard = self.shard(world, &choice.key, plane, &Client::shard_key(service));
            match old.next().filter(|(known, _)| Arc::ptr_eq(known, &shard)) {
                Some(group) => groups.push(group.clone()),
                None => {
                    is_changed = true;
                    let rows = subject.service_rows(service, &shard);
                    self.counters.services += 1;
                    self.counters.rows += rows.len();
                    groups.push((shard, rows.into()));
                }
            }
        }
        let table = match kept.filter(|_| !is_changed) {
            Some(kept) => kept.table,
            None => {
                self.counters.tables += 1;
                let mut rows = subject.own_rows(world);
                rows.extend(
                    groups
                        .iter()
                        .flat_map(|(_, rows): &(_, Arc<[Row]>)| rows.iter().cloned()),
                );
                Arc::new(subject.table(world, rows))
            }
        };
        let kept = KeptTable {
            asked: self.asked,
            made_from,
            groups,
            table: Arc::clone(&table),
        };
        self.tables.insert(pod, kept);
        self.drop_oldest();
        table
    }

    fn drop_oldest(&mut self) {
        if self.tables.len() > MAX_TABLES {
            let oldest = self
                .tables
                .iter()
                .min_by_key(|(_, kept)| kept.asked)
                .map(|(key, _)| key.clone());
            oldest.map(|key| self.tables.remove(&key));
        }
        let in_use = 4 * self.scopes.len().max(256);
        if self.shards.len() > 64 * in_use.max(1024) {
            self.shards.clear();
        }
    }

    /// The control plane of a pod.
    fn plane_of(&mut self, world: &World, pod: &Pod) -> (Choice, Arc<Plane>) {
        self.catch_up(world);
        let choice = planes::choose(world, &self.settings, pod);
        if let Some(plane) = self.planes.get(&choice.key) {
            let plane = Arc::clone(plane);
            return (choice, plane);
        }
        self.counters.planes += 1;
        let plane = Arc::new(planes::prepare(world, &choice.key, &self.settings));
        self.planes.insert(choice.key.clone(), Arc::clone(&plane));
        (choice, plane)
    }

    fn catch_up(&mut self, world: &World) {
        if self.pending.is_empty() {
            return;
        }
        let changes = std::mem::take(&mut self.pending);
        self.planes.retain(|_, plane| match plane.after(world, &changes) {
            Some(after) => {
                *plane = Arc::new(after);
                true
            }
            None => false,
        });
        let planes: FxHashSet<&PlaneKey> = self.planes.keys().collect();
        self.scopes.retain(|(plane, _), _| planes.contains(plane));
        self.shards.retain(|(plane, _), _| planes.contains(plane));
    }

    fn scope(&mut self, plane_key: &PlaneKey, plane: &Arc<Plane>, key: ScopeKey) -> Arc<SidecarScope> {
        let at = (plane_key.clone(), key);
        if let Some(kept) = self.scopes.get_mut(&at)
            && kept.scope.depends_on_same(&kept.made_from, plane)
        {
            kept.made_from = Arc::clone(plane);
            return Arc::clone(&kept.scope);
        }
        self.counters.scopes += 1;
        let scope = Arc::new(SidecarScope::of(plane, &at.1));
        let kept = KeptScope {
            made_from: Arc::clone(plane),
            scope: Arc::clone(&scope),
        };
        self.scopes.insert(at, kept);
        scope
    }

    fn shard(&mut self, world: &World, plane_key: &PlaneKey, plane: &Arc<Plane>, key: &HostKey) -> Arc<Shard> {
        let stamp = self.stamps.of_host(key, &plane.flags.domain);
        let at = (plane_key.clone(), key.clone());
        let kept = self.shards.get(&at);
        if let Some(kept) = kept
            && kept.stamp == stamp
            && Arc::ptr_eq(&kept.plane.registry, &plane.registry)
        {
            return Arc::clone(&kept.shard);
        }
        self.counters.shards += 1;
        let shard = Shard::of(world, plane, key);
        let shard = match kept {
            Some(kept) if *kept.shard == shard => Arc::clone(&kept.shard),
            Some(_) | None => Arc::new(shard),
        };
        let kept = KeptShard {
            stamp,
            plane: Arc::clone(plane),
            shard: Arc::clone(&shard),
        };
        self.shards.insert(at, kept);
        shard
    }

    /// Which Sidecar governs a pod.
    ///
    /// # Errors
    /// The pod has no proxy that a Sidecar could govern.
    pub fn governing(&mut self, world: &World, pod: &Key) -> Result<Governing, NoTable> {
        let found = find_pod(world, pod)?;
        container_of(found)?;
        let (_, plane) = self.plane_of(world, found);
        Ok(ProxyFacts::of(world, &plane, found)?.governing(&plane))
    }

    /// The Sidecars that could have governed a pod and do not, with the reason, in the order in which they are tried.
    ///
    /// # Errors
    /// The pod has no proxy that a Sidecar could govern.
    pub fn passed_over(&mut self, world: &World, pod: &Key) -> Result<Vec<(Key, Passed)>, NoTable> {
        let found = find_pod(world, pod)?;
        container_of(found)?;
        let (_, plane) = self.plane_of(world, found);
        let proxy = ProxyFacts::of(world, &plane, found)?;
        if proxy.is_router {
            return Ok(Vec::new());
        }
        let passed = plane.sidecars.passed_over(proxy.namespace(), &proxy.labels);
        Ok(passed
            .into_iter()
            .map(|(sidecar, why)| (sidecar.meta.key.clone(), why))
            .collect())
    }

    /// How many pods each Sidecar governs; a Sidecar that governs none is not in it.
    pub fn governed(&mut self, world: &World) -> FxHashMap<Key, usize> {
        let mut counts: FxHashMap<Key, usize> = FxHashMap::default();
        for key in world.pods.keys() {
            if let Ok(governing) = self.governing(world, key)
                && let Some(sidecar) = governing.key()
            {
                *counts.entry(sidecar.clone()).or_default() += 1;
            }
        }
        counts
    }

    /// The scope of a pod.
    ///
    /// # Errors
    /// The state in which there is no table.
    pub fn scope_of(&mut self, world: &World, pod: &Key) -> Result<Arc<SidecarScope>, NoTable> {
        let found = find_pod(world, pod)?;
        container_of(found)?;
        let (choice, plane) = self.plane_of(world, found);
        let proxy = ProxyFacts::of(world, &plane, found)?;
        let key = ScopeKey {
            governing: proxy.governing(&plane),
            namespace: proxy.namespace().clone(),
        };
        Ok(self.scope(&choice.key, &plane, key))
    }

    /// The host under which a control plane knows a Kubernetes Service.
    pub fn host_of(&mut self, world: &World, pod: &Key, service: &Key) -> Result<Text, NoTable> {
        let found = find_pod(world, pod)?;
        let (_, plane) = self.plane_of(world, found);
        Ok(super::host::service_host(
            &service.name,
            &service.namespace,
            &plane.flags.domain,
        ))
    }
}

impl MadeFrom {
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.plane, &other.plane)
            && Arc::ptr_eq(&self.scope, &other.scope)
            && Arc::ptr_eq(&self.pod, &other.pod)
            && self.stamp == other.stamp
    }
}
