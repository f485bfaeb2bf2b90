//! What a proxy must go on to be told of, and whether a Sidecar that is not there (yet) tells it.
//!
//! Decides nothing: it asks the same questions as [`super::listener`], for who drafts a Sidecar rather than judges one.
//! A host's services depend on no other host's, so each need is looked at by itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::listener::Listener;
use super::{ScopeKey, SidecarScope, Via};
use crate::mesh::model::{EgressListener, Key, Kind, Sidecar, Text};
use crate::mesh::scope::host::is_subset;
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::table::Governing;

/// Something that a proxy uses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::mesh) enum Need {
    /// A service on a port.
    Service(ServiceNeed),
    /// The routes of a VirtualService.
    Route(RouteNeed),
}

/// A service on a port.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::mesh) struct ServiceNeed {
    /// Its host.
    pub(in crate::mesh) host: Text,
    /// The namespace whose service is meant.
    pub(in crate::mesh) namespace: Text,
    /// The port.
    pub(in crate::mesh) port: u32,
    /// A line of `hosts` lets it in, so that it can be called by its own name; else only a VirtualService does.
    pub(in crate::mesh) by_name: bool,
}

/// A VirtualService that sends to a service in use, or is about its host: counters cannot tell by which name a service was
/// called.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::mesh) struct RouteNeed {
    /// A VirtualService or route of the Gateway API.
    pub(in crate::mesh) object: (Kind, Key),
    /// Its hosts, in full; those in use first.
    pub(in crate::mesh) hosts: Vec<Text>,
    /// Index of the listener, of those there are now, that selects it.
    pub(in crate::mesh) listener: usize,
}

impl SidecarScope {
    /// The part of a scope under a draft that is about one host.
    pub(in crate::mesh::scope) fn drafted(plane: &Plane, namespace: &Text, draft: &Arc<Sidecar>, host: &Text) -> Self {
        let key = ScopeKey {
            governing: Governing::Own(draft.meta.key.clone()),
            namespace: namespace.clone(),
        };
        Self::with(plane, &key, Some(Arc::clone(draft)), Some(host))
    }

    /// The listeners as they are: of no Sidecar one for everything.
    pub(in crate::mesh::scope) fn listeners(&self) -> Arc<[EgressListener]> {
        self.egress()
    }

    /// What follows from the use of a host on a port; `None` if it is not in scope.
    pub(in crate::mesh::scope) fn service_need(&self, host: &Text, port: u32) -> Option<ServiceNeed> {
        let found = self.find(host)?;
        let by_name = match &found.import.via {
            Via::Host { .. } | Via::Exported => true,
            Via::VirtualService { .. } => false,
        };
        let has_port = found.ports.iter().any(|one| one.number == port);
        has_port.then(|| ServiceNeed {
            host: host.clone(),
            namespace: found.service.namespace.clone(),
            port,
            by_name,
        })
    }

    /// The `VirtualServices` that each listener selects and that have to do with these hosts.
    pub(in crate::mesh::scope) fn route_needs(&self, plane: &Plane, used: &BTreeSet<Text>) -> Vec<RouteNeed> {
        let mut needs = Vec::new();
        for (index, egress) in self.egress().iter().enumerate() {
            let listener = Listener::of(index, egress, &self.key.namespace, plane.version);
            if listener.hosts.is_empty() {
                continue;
            }
            for selected in listener.virtual_services(plane) {
                let is_about = |host: &Text| used.iter().any(|used| is_subset(used, host));
                let sends = |(host, _): &(&Text, Vec<u32>)| used.contains(*host);
                let destinations = selected.destinations(&self.key.namespace);
                let concerns = destinations.iter().any(sends) || selected.hosts.iter().any(is_about);
                if !concerns || !selected.has_routes_for(&self.key.namespace) {
                    continue;
                }
                let mut hosts = selected.hosts.clone();
                hosts.sort_by_key(|host| (!is_about(host), host.clone()));
                needs.push(RouteNeed {
                    object: selected.source.clone(),
                    hosts,
                    listener: index,
                });
            }
        }
        needs
    }
}

/// Whether a drafted scope has a service as it is needed.
pub(in crate::mesh::scope) fn has_service(scope: &SidecarScope, need: &ServiceNeed) -> bool {
    let now = scope.service_need(&need.host, need.port);
    now.is_some_and(|now| now.namespace == need.namespace && (now.by_name || !need.by_name))
}

/// Whether a drafted listener selects a VirtualService.
pub(in crate::mesh::scope) fn selects(
    plane: &Plane,
    namespace: &Text,
    egress: &EgressListener,
    need: &RouteNeed,
) -> bool {
    let listener = Listener::of(0, egress, namespace, plane.version);
    let mut selected = listener.virtual_services(plane).into_iter();
    !listener.hosts.is_empty() && selected.any(|service| service.source == need.object)
}

/// Whether a listener lets a service in on this port by itself, by a line of its hosts.
pub(in crate::mesh::scope) fn imports(
    plane: &Plane,
    namespace: &Text,
    egress: &EgressListener,
    need: &ServiceNeed,
) -> bool {
    let listener = Listener::of(0, egress, namespace, plane.version).only(Some(&need.host));
    let services = listener.services(plane);
    let is_it = |port: &u32| *port == need.port;
    services.iter().any(|taken| {
        taken.service.namespace == need.namespace && taken.ports.iter().map(|port| port.number).any(|port| is_it(&port))
    })
}
