//! Planes, scopes, endpoints and tables kept between questions; what changed is made anew, and only that.
//!
//! A cache belongs to one [`World`] and must be told of each change of it ([`Cache::apply`]). Everything is checked
//! when asked for: planes by part, scopes by the parts they were made from, endpoints by the versions of what they
//! read, rows of a service by its scope entry and endpoints. So a change costs counting when it comes, and work only
//! for what is looked at.

mod kept;
mod stamps;
mod tables;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::mesh::model::{Key, Kind, Pod, Text};
use crate::mesh::world::{Change, World};

use self::kept::KeptPlane;
use self::stamps::Stamps;
use self::tables::KeptTable;
use super::host::service_host;
use super::needed_kinds;
use super::plane::Plane;
use super::planes::{self, Choice, PlaneKey};
use super::proxy::{self, ProxyFacts, container_of, find_pod};
use super::settings::Settings;
use super::sidecar_scope::{ScopeKey, SidecarScope};
use super::sidecars::{Passed, Regoverned};
use super::table::{EndpointTable, Governing, NoTable};

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

/// Changes kept for planes that nobody asks about; with more, the planes are prepared anew instead.
const MAX_PENDING: usize = 10_000;
/// More services than these take longer than a frame.
const MANY_SERVICES: usize = 2_000;
/// Tables kept at most; of more the one not asked for longest is dropped.
const MAX_TABLES: usize = 64;

/// See the module. A clone costs one pointer for each thing kept.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    settings: Settings,
    planes: FxHashMap<PlaneKey, KeptPlane>,
    /// The root namespaces of all planes that ever were.
    roots: FxHashSet<Text>,
    /// Changes that planes have not followed yet.
    pending: Vec<Change>,
    tables: FxHashMap<Key, KeptTable>,
    stamps: Stamps,
    counters: Counters,
}

/// A pod, with what its control plane knows of it.
pub(super) struct Found {
    pub(super) choice: Choice,
    pub(super) plane: Arc<Plane>,
    pub(super) proxy: ProxyFacts,
}

impl Found {
    pub(super) fn scope_key(&self) -> ScopeKey {
        ScopeKey {
            governing: self.proxy.governing(&self.plane),
            namespace: self.proxy.namespace().clone(),
        }
    }
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
            if !self.planes.is_empty() && stamps::touches_planes(change) {
                self.pending.push(change.clone());
            }
            if let (Some((Kind::Pod, key)), None) = (change.identity(), &change.after) {
                drop(self.tables.remove(key));
            }
        }
        if self.pending.len() > MAX_PENDING {
            self.pending.clear();
            self.planes.clear();
        }
    }

    /// A cache for a fork of the same world, in which this pod will be asked about: a copy without the tables of others.
    #[must_use]
    pub fn fork(&self, pod: &Key) -> Self {
        let own = self.tables.get(pod).map(|kept| (pod.clone(), kept.clone()));
        Self {
            settings: self.settings.clone(),
            planes: self.planes.clone(),
            roots: self.roots.clone(),
            pending: self.pending.clone(),
            tables: own.into_iter().collect(),
            stamps: self.stamps.clone(),
            counters: self.counters,
        }
    }

    /// How many services there are to go through for a pod whose table is not kept, if these are so many that it takes
    /// long: its Sidecar, or none, imports from everywhere in a large mesh.
    pub fn long_work(&mut self, world: &World, pod: &Key) -> Option<usize> {
        if self.tables.contains_key(pod) {
            return None;
        }
        let found = self.find(world, pod).ok()?;
        let services = found.plane.registry.all.len();
        let governing = found.proxy.governing(&found.plane);
        let sidecar = found.plane.sidecars.find(&governing);
        let is_wide = sidecar.is_none_or(|sidecar| {
            let mut hosts = sidecar.egress.iter().flat_map(|listener| listener.hosts.iter());
            sidecar.egress.is_empty() || hosts.any(|host| host.starts_with("*/"))
        });
        (services > MANY_SERVICES && is_wide).then_some(services)
    }

    /// Takes over what a fork has worked out for a pod. Whether it still counts is found when it is asked for.
    pub fn adopt(&mut self, pod: &Key, fork: Cache) {
        let Cache { mut tables, planes, .. } = fork;
        if let Some(table) = tables.remove(pod) {
            self.tables.insert(pod.clone(), table);
            self.drop_oldest();
        }
        for (key, plane) in planes {
            if let Some(own) = self.planes.get_mut(&key) {
                own.adopt_endpoints(plane);
            }
        }
    }

    /// Drops the table of a pod that is not asked about again.
    pub fn forget(&mut self, pod: &Key) {
        drop(self.tables.remove(pod));
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
        let found = self.find(world, pod)?;
        let scope = self.scope(&found);
        let kept = self.tables.remove(pod);
        let table = tables::renew(self, world, &found, &scope, kept);
        let shared = table.table();
        self.tables.insert(pod.clone(), table);
        self.drop_oldest();
        Ok(shared)
    }

    fn drop_oldest(&mut self) {
        if self.tables.len() <= MAX_TABLES {
            return;
        }
        let oldest = self
            .tables
            .iter()
            .min_by_key(|(_, kept)| kept.asked())
            .map(|(key, _)| key.clone());
        oldest.map(|key| self.tables.remove(&key));
        let hosts: FxHashSet<&Text> = self.tables.values().flat_map(KeptTable::hosts).collect();
        for plane in self.planes.values_mut() {
            plane.forget_endpoints_but(&hosts);
        }
    }

    pub(super) fn find(&mut self, world: &World, pod: &Key) -> Result<Found, NoTable> {
        let pod = find_pod(world, pod)?;
        container_of(pod)?;
        let (choice, plane) = self.plane_of(world, pod);
        let proxy = ProxyFacts::of(world, &plane, pod)?;
        Ok(Found { choice, plane, proxy })
    }

    /// The control plane of a pod.
    pub(super) fn plane_of(&mut self, world: &World, pod: &Pod) -> (Choice, Arc<Plane>) {
        self.catch_up(world);
        let choice = planes::choose(world, &self.settings, pod);
        if let Some(kept) = self.planes.get(&choice.key) {
            let plane = Arc::clone(&kept.plane);
            return (choice, plane);
        }
        self.counters.planes += 1;
        let plane = Arc::new(planes::prepare(world, &choice.key, &self.settings));
        self.roots.insert(plane.mesh.root_namespace.clone());
        self.planes
            .insert(choice.key.clone(), KeptPlane::new(Arc::clone(&plane)));
        (choice, plane)
    }

    fn catch_up(&mut self, world: &World) {
        if self.pending.is_empty() {
            return;
        }
        let changes = std::mem::take(&mut self.pending);
        self.planes.retain(|_, kept| kept.follow(world, &changes));
        let planes = self.planes.values().map(|kept| &kept.plane);
        self.roots.extend(planes.map(|plane| plane.mesh.root_namespace.clone()));
    }

    pub(super) fn scope(&mut self, found: &Found) -> Arc<SidecarScope> {
        self.scope_under(found, found.scope_key())
    }

    /// The scope that a pod would have under what a key names.
    pub(super) fn scope_under(&mut self, found: &Found, key: ScopeKey) -> Arc<SidecarScope> {
        match self.planes.get_mut(&found.choice.key) {
            Some(kept) => kept.scope(key, &mut self.counters),
            // The plane was found or made a moment ago.
            None => Arc::new(SidecarScope::of(&found.plane, &key)),
        }
    }

    /// Which Sidecar governs a pod.
    ///
    /// # Errors
    /// The pod has no proxy that a Sidecar could govern.
    pub fn governing(&mut self, world: &World, pod: &Key) -> Result<Governing, NoTable> {
        let pod = find_pod(world, pod)?;
        container_of(pod)?;
        let (_, plane) = self.plane_of(world, pod);
        proxy::governing(world, &plane, pod)
    }

    /// Whose governing Sidecar may be another one after a change.
    pub fn regoverned(&self, change: &Change) -> Regoverned {
        Regoverned::by(change, |namespace| self.roots.contains(namespace))
    }

    /// The Sidecars that could have governed a pod and do not, with the reason, in the order in which they are tried.
    ///
    /// # Errors
    /// The pod has no proxy that a Sidecar could govern.
    pub fn passed_over(&mut self, world: &World, pod: &Key) -> Result<Vec<(Key, Passed)>, NoTable> {
        let found = self.find(world, pod)?;
        if found.proxy.is_router {
            return Ok(Vec::new());
        }
        let passed = found
            .plane
            .sidecars
            .passed_over(found.proxy.namespace(), &found.proxy.labels);
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

    /// The scope of a pod: which hosts it is told of.
    ///
    /// # Errors
    /// The state in which there is no table.
    pub fn scope_of(&mut self, world: &World, pod: &Key) -> Result<Arc<SidecarScope>, NoTable> {
        let found = self.find(world, pod)?;
        Ok(self.scope(&found))
    }

    /// The host under which a pod's control plane knows a Kubernetes Service.
    ///
    /// # Errors
    /// There is no such pod.
    pub fn host_of(&mut self, world: &World, pod: &Key, service: &Key) -> Result<Text, NoTable> {
        let found = find_pod(world, pod)?;
        let (_, plane) = self.plane_of(world, found);
        Ok(service_host(&service.name, &service.namespace, &plane.flags.domain))
    }
}
