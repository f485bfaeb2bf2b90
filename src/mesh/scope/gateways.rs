//! `EnvoyFilters` that touch clusters, and Gateways that pass TLS through: both concern only some pods.
//!
//! istio: `pilot/pkg/model/push_context.go` (`initEnvoyFilters`, `EnvoyFilters`, `mergeGateways`),
//! `pilot/pkg/networking/core/envoyfilter/cluster_patch.go`.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::mesh::model::{ClusterMatch, ClusterPatch, EnvoyFilter, Gateway, Key, Kind, Text};
use crate::mesh::world::World;

use super::discovery::Discovery;
use super::flags::Flags;
use super::mesh_settings::Mesh;
use super::proxy::ProxyFacts;
use super::topology::WorkloadLabels;
use super::virtual_services::VirtualServices;

/// `EnvoyFilters` and Gateways of a control plane.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gateways {
    filters: FxHashMap<Text, Vec<Arc<EnvoyFilter>>>,
    listeners: Vec<Arc<Gateway>>,
    root_namespace: Text,
}

/// What Gateways say of a router.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct GatewayFacts {
    /// It passes TLS through by the name in it (`AUTO_PASSTHROUGH`), for which it gets clusters of their own.
    pub(crate) passes_tls: bool,
    /// The only hosts it gets clusters for, with `PILOT_FILTER_GATEWAY_CLUSTER_CONFIG`.
    wanted: Option<FxHashSet<Text>>,
}

impl GatewayFacts {
    /// Whether the proxy gets clusters for this host.
    pub(crate) fn wants(&self, host: &Text) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(host))
    }
}

/// In which part of a proxy's configuration a patch applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PatchContext {
    SidecarOutbound,
    SidecarInbound,
    Gateway,
}

impl PatchContext {
    fn word(self) -> &'static str {
        match self {
            PatchContext::SidecarOutbound => "SIDECAR_OUTBOUND",
            PatchContext::SidecarInbound => "SIDECAR_INBOUND",
            PatchContext::Gateway => "GATEWAY",
        }
    }
}

/// The cluster patches that concern one proxy, in the order in which they are applied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patches {
    removals: Vec<(Key, ClusterPatch)>,
    /// What may make another cluster of one: merges, replacements, removals for releases that are not evaluated.
    changes: Vec<(Key, ClusterPatch)>,
    /// `EnvoyFilters` whose effect cannot be computed, in the order in which they apply.
    pub(crate) unknown: Vec<Key>,
}

/// A cluster, as a patch sees it.
pub(crate) struct Patched<'a> {
    pub(crate) name: &'a str,
    /// Hosts it stands for: its own, or for an inbound one those of its services.
    pub(crate) hosts: &'a [Text],
    pub(crate) subset: &'a str,
    pub(crate) port: u32,
}

impl Gateways {
    pub(crate) fn of(world: &World, discovery: &Discovery, mesh: &Mesh) -> Self {
        let mut filters: FxHashMap<Text, Vec<Arc<EnvoyFilter>>> = FxHashMap::default();
        for filter in world.envoy_filters.iter() {
            if !filter.clusters.is_empty() && discovery.has(Kind::EnvoyFilter, &filter.meta) {
                let namespace = filter.meta.key.namespace.clone();
                filters.entry(namespace).or_default().push(Arc::clone(filter));
            }
        }
        let gateways = world
            .gateways
            .iter()
            .filter(|gateway| discovery.has(Kind::Gateway, &gateway.meta));
        Self {
            filters,
            listeners: gateways.cloned().collect(),
            root_namespace: mesh.root_namespace.clone(),
        }
    }

    /// The patches for a proxy of this namespace with these labels and this version (an image's tag).
    pub(crate) fn patches_for(&self, namespace: &str, labels: &WorkloadLabels, version: &str) -> Patches {
        let own = (self.root_namespace != *namespace).then_some(namespace);
        let namespaces = [Some(self.root_namespace.as_str()), own].into_iter().flatten();
        let found = namespaces.filter_map(|namespace| self.filters.get(namespace)).flatten();
        let mut filters: Vec<&Arc<EnvoyFilter>> = found.filter(|filter| concerns(filter, labels)).collect();
        filters.sort_by(|a, b| self.order(a, b));
        let mut patches = Patches::default();
        for filter in filters {
            for patch in filter.clusters.iter() {
                patches.add(filter, patch, version);
            }
        }
        patches
    }

    fn order(&self, a: &EnvoyFilter, b: &EnvoyFilter) -> Ordering {
        let is_other = |filter: &EnvoyFilter| filter.meta.key.namespace != self.root_namespace;
        let name = |filter: &EnvoyFilter| format!("{}.{}", filter.meta.key.name, filter.meta.key.namespace);
        let by_age = || a.meta.created.cmp(&b.meta.created).then_with(|| name(a).cmp(&name(b)));
        a.priority
            .cmp(&b.priority)
            .then(is_other(a).cmp(&is_other(b)))
            .then_with(by_age)
    }

    /// What Gateways say of a proxy; nothing for a sidecar.
    pub(crate) fn facts_for(&self, proxy: &ProxyFacts, flags: &Flags, services: &VirtualServices) -> GatewayFacts {
        if !proxy.is_router {
            return GatewayFacts::default();
        }
        let is_near = |gateway: &Gateway| !flags.scope_gateways || gateway.meta.key.namespace == *proxy.namespace();
        let mut facts = GatewayFacts {
            wanted: flags.filter_gateway_clusters.then(FxHashSet::default),
            ..GatewayFacts::default()
        };
        for gateway in &self.listeners {
            if !is_near(gateway) || !proxy.labels.matches(&gateway.selector) {
                continue;
            }
            facts.passes_tls |= gateway
                .servers
                .iter()
                .any(|server| server.tls_mode == "AUTO_PASSTHROUGH");
            if let Some(wanted) = &mut facts.wanted {
                let name = format!("{}/{}", gateway.meta.key.namespace, gateway.meta.key.name);
                wanted.extend(services.destinations_of_gateway(&name).iter().cloned());
            }
        }
        facts
    }
}

/// Pods of Gateway API gateways are meant by `targetRefs` only, which are not followed: such filters concern nobody.
fn concerns(filter: &EnvoyFilter, labels: &WorkloadLabels) -> bool {
    !filter.has_target_refs && filter.selector.as_ref().is_none_or(|selector| labels.matches(selector))
}

impl Patches {
    fn add(&mut self, filter: &EnvoyFilter, patch: &ClusterPatch, version: &str) {
        let key = &filter.meta.key;
        let is_removal = patch.operation == "REMOVE";
        let prefix = prefix_of(&patch.proxy_version);
        let is_known = is_removal && (!patch.has_proxy_match || prefix.is_some());
        if !is_known && !self.unknown.contains(key) {
            self.unknown.push(key.clone());
        }
        if prefix.is_some_and(|prefix| !version.starts_with(&prefix)) {
            return;
        }
        match patch.operation.as_str() {
            "REMOVE" if is_known => self.removals.push((key.clone(), patch.clone())),
            // a cluster that is added is another one
            "ADD" => {}
            _ => self.changes.push((key.clone(), patch.clone())),
        }
    }

    /// The EnvoyFilter that takes this cluster away.
    pub(crate) fn removes(&self, context: PatchContext, cluster: &Patched<'_>) -> Option<&Key> {
        first_for(&self.removals, context, cluster)
    }

    /// The EnvoyFilter that may make another cluster of this one.
    pub(crate) fn changes(&self, context: PatchContext, cluster: &Patched<'_>) -> Option<&Key> {
        first_for(&self.changes, context, cluster)
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.removals.is_empty() && self.changes.is_empty()
    }
}

/// The first patch that means this cluster.
fn first_for<'a>(patches: &'a [(Key, ClusterPatch)], context: PatchContext, cluster: &Patched<'_>) -> Option<&'a Key> {
    let found = patches.iter().find(|(_, patch)| {
        let is_context = matches!(patch.context.as_str(), "" | "ANY") || patch.context == context.word();
        is_context && patch.cluster.as_ref().is_none_or(|wanted| is_meant(wanted, cluster))
    });
    found.map(|(key, _)| key)
}

fn is_meant(wanted: &ClusterMatch, cluster: &Patched<'_>) -> bool {
    if !wanted.name.is_empty() {
        return wanted.name == *cluster.name;
    }
    (wanted.subset.is_empty() || wanted.subset == *cluster.subset)
        && (wanted.service.is_empty() || cluster.hosts.contains(&wanted.service))
        && (wanted.port == 0 || wanted.port == cluster.port)
}

/// `^1\.31.*` and its like mean a prefix; any other expression is not evaluated here.
///
/// istio: `pilot/pkg/model/envoyfilter.go`, `wellKnownVersions`.
fn prefix_of(expression: &str) -> Option<String> {
    let rest = expression.strip_prefix('^')?;
    let rest = rest.strip_suffix(".*").unwrap_or(rest);
    let prefix = rest.replace("\\.", ".");
    let is_plain = prefix.chars().all(|c| c.is_ascii_digit() || c == '.');
    (is_plain && !prefix.is_empty()).then_some(prefix)
}
