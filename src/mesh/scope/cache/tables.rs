//! Renews the table of a pod: rows of services whose entry in the scope and endpoints are the same stay.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Cache, Found};
use crate::mesh::model::Text;
use crate::mesh::scope::build::{Subject, gaps};
use crate::mesh::scope::endpoints::Shard;
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::proxy::ProxyFacts;
use crate::mesh::scope::sidecar_scope::{ScopeService, SidecarScope};
use crate::mesh::scope::table::{EndpointTable, Row};
use crate::mesh::world::World;

/// A table with what it was made from.
#[derive(Clone, Debug)]
pub(super) struct KeptTable {
    asked: u64,
    /// The version of everything at that time: if nothing changed since, nothing is looked at.
    version: u64,
    made_from: MadeFrom,
    groups: FxHashMap<Text, Group>,
    /// Rows that belong to the pod alone.
    own: Vec<Row>,
    table: Arc<EndpointTable>,
}

/// The rows of one service are those in the table with its host; this is what they were made from.
#[derive(Clone, Debug)]
struct Group {
    service: ScopeService,
    shard: Arc<Shard>,
}

/// What every row may depend on.
#[derive(Clone, Debug)]
struct MadeFrom {
    plane: Arc<Plane>,
    scope: Arc<SidecarScope>,
    proxy: ProxyFacts,
}

impl KeptTable {
    pub(super) fn table(&self) -> Arc<EndpointTable> {
        Arc::clone(&self.table)
    }

    pub(super) fn asked(&self) -> u64 {
        self.asked
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = &Text> {
        self.groups.keys()
    }
}

impl MadeFrom {
    /// Whether rows of a service stay if the service and its endpoints do.
    fn keeps_rows(&self, now: &Self) -> bool {
        self.plane.makes_same_rows(&now.plane)
            && self.scope.key == now.scope.key
            && self.proxy.gives_same_rows(&now.proxy)
    }
}

/// The table of a pod, from the one before if there is one.
pub(super) fn renew(
    cache: &mut Cache,
    world: &World,
    found: &Found,
    scope: &Arc<SidecarScope>,
    kept: Option<KeptTable>,
) -> KeptTable {
    let made_from = MadeFrom {
        plane: Arc::clone(&found.plane),
        scope: Arc::clone(scope),
        proxy: found.proxy.clone(),
    };
    let version = cache.stamps.version();
    let asked = cache.stamps.ask();
    let subject = Subject::of(&found.plane, &found.proxy, scope, found.choice.is_assumed);
    let mut kept = kept.filter(|kept| kept.made_from.keeps_rows(&made_from));
    let is_current = |kept: &mut KeptTable| {
        let has_same_scope = Arc::ptr_eq(&kept.made_from.scope, scope);
        kept.version == version && has_same_scope && *kept.table.gaps == *gaps(world)
    };
    if let Some(current) = kept.take_if(is_current) {
        return KeptTable { asked, ..current };
    }
    let mut work = Work::of(cache, world, found, scope, kept);
    work.renew_groups(&subject);
    let (table, groups, own) = work.finish(&subject);
    KeptTable {
        asked,
        version,
        made_from,
        groups,
        own,
        table,
    }
}

/// A table under way.
struct Work<'a> {
    cache: &'a mut Cache,
    world: &'a World,
    found: &'a Found,
    scope: &'a SidecarScope,
    old_groups: FxHashMap<Text, Group>,
    old_own: Vec<Row>,
    old_table: Option<Arc<EndpointTable>>,
    same_registry: bool,
    groups: FxHashMap<Text, Group>,
    /// Hosts whose rows of the table before do not stay.
    stale: FxHashSet<Text>,
    rows: Vec<Row>,
}

impl<'a> Work<'a> {
    fn of(
        cache: &'a mut Cache,
        world: &'a World,
        found: &'a Found,
        scope: &'a SidecarScope,
        kept: Option<KeptTable>,
    ) -> Self {
        let same = |kept: &KeptTable| Arc::ptr_eq(&kept.made_from.plane.registry, &found.plane.registry);
        let same_registry = kept.as_ref().is_some_and(same);
        let (old_groups, old_own, old_table) = match kept {
            Some(kept) => (kept.groups, kept.own, Some(kept.table)),
            None => (FxHashMap::default(), Vec::new(), None),
        };
        Self {
            cache,
            world,
            found,
            scope,
            old_groups,
            old_own,
            old_table,
            same_registry,
            groups: FxHashMap::default(),
            stale: FxHashSet::default(),
            rows: Vec::new(),
        }
    }

    fn renew_groups(&mut self, subject: &Subject<'_>) {
        let services = self.scope.services.len();
        self.groups.reserve(services);
        if let Some(kept) = self.cache.planes.get_mut(&self.found.choice.key) {
            kept.prepare(self.world, services);
        }
        for service in by_namespace(&self.scope.services) {
            let host = &service.service.host;
            let Some(shard) = self.shard(service) else {
                continue;
            };
            let old = self.old_groups.remove(host);
            // Targets of a DNS cluster depend on all services of its host.
            let looks_at_others = service.service.resolution.is_dns() && !self.same_registry;
            let stays =
                |group: &Group| !looks_at_others && Arc::ptr_eq(&group.shard, &shard) && group.service == *service;
            if let Some(group) = old {
                if stays(&group) {
                    self.groups.insert(host.clone(), group);
                    continue;
                }
                self.stale.insert(host.clone());
            }
            let before = self.rows.len();
            subject.add_service_rows(service, &shard, &mut self.rows);
            self.cache.counters.services += 1;
            self.cache.counters.rows += self.rows.len() - before;
            let service = service.clone();
            self.groups.insert(host.clone(), Group { service, shard });
        }
        let gone = std::mem::take(&mut self.old_groups);
        self.stale.extend(gone.into_keys());
    }

    fn shard(&mut self, service: &ScopeService) -> Option<Arc<Shard>> {
        let kept = self.cache.planes.get_mut(&self.found.choice.key)?;
        let (host, namespace) = (&service.service.host, &service.service.namespace);
        Some(kept.shard(
            self.world,
            &self.cache.stamps,
            host,
            namespace,
            &mut self.cache.counters,
        ))
    }

    fn finish(mut self, subject: &Subject<'_>) -> (Arc<EndpointTable>, FxHashMap<Text, Group>, Vec<Row>) {
        let own = subject.own_rows(self.world);
        let old = self.old_table.take();
        let has_same_own = old.is_some() && own == self.old_own;
        let old_rows = old.as_ref().map(|old| Arc::clone(&old.rows)).unwrap_or_default();
        let rows: Arc<[Row]> = if has_same_own && self.stale.is_empty() && self.rows.is_empty() {
            old_rows
        } else {
            if !has_same_own {
                self.stale.insert(Text::default());
                self.rows.extend(own.iter().cloned());
            }
            let stale = &self.stale;
            Row::sort(&mut self.rows);
            merge(
                old_rows.iter().filter(|row| !stale.contains(row.cluster.host())),
                self.rows,
            )
        };
        let table = subject.table(self.world, rows, old.as_deref());
        let table = match old.filter(|old| **old == table) {
            Some(old) => old,
            None => {
                self.cache.counters.tables += 1;
                Arc::new(table)
            }
        };
        (table, self.groups, own)
    }
}

/// Services of one namespace after another: what they are made of lies together, and their rows are sorted in the end.
fn by_namespace(services: &[ScopeService]) -> Vec<&ScopeService> {
    let mut sorted: Vec<&ScopeService> = services.iter().collect();
    sorted.sort_by(|a, b| a.service.namespace.cmp(&b.service.namespace));
    sorted
}

/// Two lists in order, as one.
fn merge<'a>(old: impl Iterator<Item = &'a Row>, new: Vec<Row>) -> Arc<[Row]> {
    let mut old = old.peekable();
    if old.peek().is_none() {
        return new.into();
    }
    let mut merged = Vec::new();
    for row in new {
        while let Some(earlier) = old.next_if(|earlier| earlier.order(&row) == Ordering::Less) {
            merged.push(earlier.clone());
        }
        merged.push(row);
    }
    merged.extend(old.cloned());
    merged.into()
}
