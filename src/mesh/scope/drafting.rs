//! A proxy for which a Sidecar is drafted (`mesh::suggest`): what it is told of now, and what it would be told.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::mesh::model::{EgressListener, Key, Sidecar, Text};
use crate::mesh::world::World;

use super::cache::Cache;
use super::plane::Plane;
use super::sidecar_scope::draft::{has_service, imports, selects};
use super::sidecar_scope::{Need, RouteNeed, ServiceNeed, SidecarScope};
use super::table::{Governing, NoTable};

/// A proxy, its control plane and its scope.
#[derive(Debug)]
pub(in crate::mesh) struct Drafting {
    plane: Arc<Plane>,
    scope: Arc<SidecarScope>,
}

impl Drafting {
    /// As it is now.
    ///
    /// # Errors
    /// The pod has no proxy that a Sidecar could govern.
    pub(in crate::mesh) fn of(cache: &mut Cache, world: &World, pod: &Key) -> Result<Self, NoTable> {
        let found = cache.find(world, pod)?;
        let scope = cache.scope(&found);
        Ok(Self {
            plane: found.plane,
            scope,
        })
    }

    /// Whether the same is true of both: all that a draft depends on.
    pub(in crate::mesh) fn is_like(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.plane, &other.plane) && self.scope.key == other.scope.key
    }

    /// What governs it.
    pub(in crate::mesh) fn governing(&self) -> &Governing {
        &self.scope.key.governing
    }

    /// The Sidecar that governs it; `None` for the built-in one.
    pub(in crate::mesh) fn sidecar(&self) -> Option<&Arc<Sidecar>> {
        self.scope.sidecar.as_ref()
    }

    /// The root namespace of its mesh.
    pub(in crate::mesh) fn root(&self) -> &Text {
        &self.plane.mesh.root_namespace
    }

    /// The egress listeners as they are; of no Sidecar one for everything.
    pub(in crate::mesh) fn listeners(&self) -> Arc<[EgressListener]> {
        self.scope.listeners()
    }

    /// Kubernetes Services of the root namespace that it may be told of, in istiod's order.
    pub(in crate::mesh) fn root_hosts(&self) -> Vec<Text> {
        let services = self.plane.registry.candidates(self.namespace());
        let root = services.filter(|service| service.namespace == *self.root() && service.source.is_kubernetes());
        root.map(|service| service.host.clone()).collect()
    }

    fn namespace(&self) -> &Text {
        &self.scope.key.namespace
    }

    /// What must be kept where these hosts are used on these ports, in order; and those that are not in its scope.
    pub(in crate::mesh) fn needs(&self, used: &BTreeSet<(Text, u32)>) -> (BTreeSet<Need>, Vec<(Text, u32)>) {
        let mut needs = BTreeSet::new();
        let mut unknown = Vec::new();
        let mut hosts = BTreeSet::new();
        for (host, port) in used {
            match self.scope.service_need(host, *port) {
                Some(need) => {
                    hosts.insert(host.clone());
                    needs.insert(Need::Service(need));
                }
                None => unknown.push((host.clone(), *port)),
            }
        }
        needs.extend(self.scope.route_needs(&self.plane, &hosts).into_iter().map(Need::Route));
        (needs, unknown)
    }

    /// Whether a listener lets a service in by itself, by a line of its hosts.
    pub(in crate::mesh) fn imports(&self, listener: &EgressListener, need: &ServiceNeed) -> bool {
        imports(&self.plane, self.namespace(), listener, need)
    }

    /// Whether a draft keeps a service.
    pub(in crate::mesh) fn keeps(&self, draft: &Arc<Sidecar>, need: &ServiceNeed) -> bool {
        let scope = SidecarScope::drafted(&self.plane, self.namespace(), draft, &need.host);
        has_service(&scope, need)
    }

    /// Whether a listener of a draft selects a VirtualService.
    pub(in crate::mesh) fn selects(&self, listener: &EgressListener, need: &RouteNeed) -> bool {
        selects(&self.plane, self.namespace(), listener, need)
    }
}
