//! What one line of a Sidecar's `hosts` does by itself, and which destinations of routes a scope does not hold.
//!
//! Decides nothing: it asks the same questions as [`super::listener`], for who judges a Sidecar rather than a pod.

use std::sync::Arc;

use super::SidecarScope;
use super::listener::Listener;
use crate::mesh::model::{EgressListener, Key, Kind, Text};
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::service::MeshService;
use crate::mesh::scope::table::Governing;
use crate::mesh::scope::virtual_services::MeshVirtualService;

/// What a line of `hosts` does. In order: of several services the best counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum LineFate {
    /// istiod cannot read it, and leaves it out.
    Unreadable,
    /// It matches no service and no VirtualService.
    NoSuchHost,
    /// What it matches is not exported to this namespace.
    NotExported,
    /// What it matches does not have the listener's port.
    OtherPorts,
    /// What it matches is excluded by a line of the same listener.
    Excluded,
    /// It is an exclusion, and there is nothing to leave out.
    ExcludesNothing,
    /// It is an exclusion that leaves something out.
    Excludes,
    /// It lets something in.
    Imports,
}

/// A destination of a route that a proxy follows and cannot reach.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unreached {
    /// The VirtualService or route.
    pub(crate) object: (Kind, Key),
    /// The destination's host.
    pub(crate) host: Text,
    /// The port that the scope's service lacks; `None` if the host itself is not in scope.
    pub(crate) port: Option<u32>,
}

/// What a line does for proxies of this namespace.
pub(crate) fn fate(plane: &Plane, namespace: &Text, egress: &EgressListener, index: usize) -> LineFate {
    let Some(text) = egress.hosts.get(index) else {
        return LineFate::Unreadable;
    };
    let single = EgressListener {
        hosts: [text.clone()].into(),
        ..egress.clone()
    };
    let line = Listener::of(0, &single, namespace, plane.version);
    let whole = Listener::of(0, egress, namespace, plane.version);
    if line.hosts.is_empty() {
        let mut all = plane.registry.all.iter();
        return match line.hosts.has_exclusions() {
            false => LineFate::Unreadable,
            true if all.any(|service| line.hosts.excludes(&service.namespace, &service.host).is_some()) => {
                LineFate::Excludes
            }
            true => LineFate::ExcludesNothing,
        };
    }
    let of_service = |service: &Arc<MeshService>| {
        if line.hosts.imports(&service.namespace, &service.host).is_none() {
            LineFate::NoSuchHost
        } else if !plane.registry.is_visible(service, namespace) {
            LineFate::NotExported
        } else if line.port.is_some_and(|number| !service.has_port(number)) {
            LineFate::OtherPorts
        } else if whole.hosts.excludes(&service.namespace, &service.host).is_some() {
            LineFate::Excluded
        } else {
            LineFate::Imports
        }
    };
    let mut best = LineFate::NoSuchHost;
    let named: Vec<&Text> = line.hosts.exact().map(|(_, host)| host).collect();
    let of_names = named.iter().flat_map(|host| plane.registry.with_host(host));
    let all = plane.registry.all.iter().filter(|_| named.is_empty());
    for service in of_names.chain(all) {
        best = best.max(of_service(service));
        if best == LineFate::Imports {
            return best;
        }
    }
    let is_routed = |selected: &Arc<MeshVirtualService>| whole.selects(selected) && selected.has_routes_for(namespace);
    if line.virtual_services(plane).into_iter().any(is_routed) {
        return LineFate::Imports;
    }
    best
}

/// Destinations of the routes that this scope's listeners select and that are not in the scope.
pub(crate) fn unreached(plane: &Plane, scope: &SidecarScope) -> Vec<Unreached> {
    let mut found = Vec::new();
    if scope.key.governing == Governing::Gateway {
        return found;
    }
    let namespace = &scope.key.namespace;
    for (index, egress) in scope.egress().iter().enumerate() {
        let listener = Listener::of(index, egress, namespace, plane.version);
        if listener.hosts.is_empty() {
            continue;
        }
        for selected in listener.virtual_services(plane) {
            for (host, ports) in selected.destinations(namespace) {
                let lacks = |number: &u32| {
                    let service = scope.find(host);
                    service.is_some_and(|service| service.ports.iter().all(|port| port.number != *number))
                };
                let mut miss = |port| {
                    found.push(Unreached {
                        object: selected.source.clone(),
                        host: host.clone(),
                        port,
                    });
                };
                if !scope.has_host(host) {
                    miss(None);
                }
                for port in ports.into_iter().filter(|port| *port != 0).filter(lacks) {
                    miss(Some(port));
                }
            }
        }
    }
    found
}
