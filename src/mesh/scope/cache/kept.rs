//! What is kept of one control plane: itself, its scopes, the endpoints of its hosts.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::stamps::{ShardStamp, Stamps};
use super::{Counters, MANY_SERVICES};
use crate::mesh::model::Text;
use crate::mesh::scope::endpoints::{PodWorkloads, Shard};
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::registry::{EntrySource, HostKey, Registry};
use crate::mesh::scope::service::MeshService;
use crate::mesh::scope::sidecar_scope::{ScopeKey, SidecarScope};
use crate::mesh::world::{Change, World};

/// One control plane and all that hangs on it.
#[derive(Clone, Debug)]
pub(super) struct KeptPlane {
    pub(super) plane: Arc<Plane>,
    scopes: FxHashMap<ScopeKey, KeptScope>,
    /// By host, then namespace: nearly always one.
    shards: FxHashMap<Text, Vec<KeptShard>>,
    pods: PodWorkloads,
}

#[derive(Clone, Debug)]
struct KeptScope {
    made_from: Arc<Plane>,
    scope: Arc<SidecarScope>,
}

#[derive(Clone, Debug)]
struct KeptShard {
    namespace: Text,
    stamp: ShardStamp,
    source: ShardSource,
    shard: Arc<Shard>,
}

/// What a shard was read from in the registry, and the last registry that has just that.
#[derive(Clone, Debug)]
struct ShardSource {
    registry: Arc<Registry>,
    service: Option<Arc<MeshService>>,
    entries: Box<[EntrySource]>,
}

impl ShardSource {
    fn of(registry: &Arc<Registry>, key: &HostKey) -> Self {
        Self {
            registry: Arc::clone(registry),
            service: registry.find(&key.host, &key.namespace).cloned(),
            entries: registry.entries_of(key).into(),
        }
    }

    /// Whether a registry has the same for this host.
    fn is_in(&mut self, registry: &Arc<Registry>, key: &HostKey) -> bool {
        if Arc::ptr_eq(&self.registry, registry) {
            return true;
        }
        let is_same = self.service.as_ref() == registry.find(&key.host, &key.namespace)
            && *self.entries == *registry.entries_of(key);
        if is_same {
            self.registry = Arc::clone(registry);
        }
        is_same
    }
}

impl KeptPlane {
    pub(super) fn new(plane: Arc<Plane>) -> Self {
        Self {
            plane,
            scopes: FxHashMap::default(),
            shards: FxHashMap::default(),
            pods: PodWorkloads::default(),
        }
    }

    /// Takes these changes in; `false` if all must be made anew.
    pub(super) fn follow(&mut self, world: &World, changes: &[Change]) -> bool {
        match self.plane.after(world, changes) {
            Some(after) => self.plane = Arc::new(after),
            None => return false,
        }
        let plane = &self.plane;
        // A scope is checked when it is asked for; one whose Sidecar is gone never is.
        self.scopes
            .retain(|key, _| key.governing.key().is_none() || plane.sidecars.find(&key.governing).is_some());
        true
    }

    pub(super) fn scope(&mut self, key: ScopeKey, counters: &mut Counters) -> Arc<SidecarScope> {
        let plane = &self.plane;
        if let Some(kept) = self.scopes.get_mut(&key)
            && kept.scope.depends_on_same(&kept.made_from, plane)
        {
            kept.made_from = Arc::clone(plane);
            return Arc::clone(&kept.scope);
        }
        counters.scopes += 1;
        let scope = Arc::new(SidecarScope::of(plane, &key));
        let kept = KeptScope {
            made_from: Arc::clone(plane),
            scope: Arc::clone(&scope),
        };
        self.scopes.insert(key, kept);
        scope
    }

    /// Makes ready for so many hosts, if most of them are new.
    pub(super) fn prepare(&mut self, world: &World, hosts: usize) {
        if hosts > MANY_SERVICES && self.shards.len() < hosts / 2 {
            self.shards.reserve(hosts);
            self.pods.fill(world, &self.plane);
        }
    }

    /// The endpoints of a host. The very same ones as before, if nothing about them is different.
    pub(super) fn shard(
        &mut self,
        world: &World,
        stamps: &Stamps,
        host: &Text,
        namespace: &Text,
        counters: &mut Counters,
    ) -> Arc<Shard> {
        let plane = &self.plane;
        let stamp = stamps.of_host(host, namespace, &plane.flags.domain);
        let of_host = self.shards.entry(host.clone()).or_default();
        let mut known = of_host.iter_mut().find(|kept| kept.namespace == *namespace);
        let key = HostKey {
            host: host.clone(),
            namespace: namespace.clone(),
        };
        if let Some(kept) = &mut known
            && kept.stamp == stamp
            && kept.source.is_in(&plane.registry, &key)
        {
            return Arc::clone(&kept.shard);
        }
        counters.shards += 1;
        let shard = Shard::of(world, plane, &key, &mut self.pods);
        let source = ShardSource::of(&plane.registry, &key);
        match known {
            Some(kept) => {
                if *kept.shard != shard {
                    kept.shard = Arc::new(shard);
                }
                kept.stamp = stamp;
                kept.source = source;
                Arc::clone(&kept.shard)
            }
            None => {
                let shard = Arc::new(shard);
                of_host.reserve_exact(1);
                of_host.push(KeptShard {
                    namespace: namespace.clone(),
                    stamp,
                    source,
                    shard: Arc::clone(&shard),
                });
                shard
            }
        }
    }

    /// Takes over the endpoints of hosts that another has worked out.
    pub(super) fn adopt_endpoints(&mut self, other: KeptPlane) {
        for (host, shards) in other.shards {
            self.shards.entry(host).or_insert(shards);
        }
        self.pods = other.pods;
    }

    /// Drops the endpoints of hosts that no table shows any more.
    pub(super) fn forget_endpoints_but(&mut self, hosts: &FxHashSet<&Text>) {
        self.shards.retain(|host, _| hosts.contains(host));
    }
}
