//! What one line of a Sidecar's `hosts` does by itself, and which destinations of routes a scope does not hold.
//!
//! Decides nothing: it asks the same questions as [`super::listener`], for who judges a Sidecar rather than a pod.

use std::cell::LazyCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::SidecarScope;
use super::listener::Listener;
use crate::mesh::model::{EgressListener, Key, Kind, Text};
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::service::MeshService;
use crate::mesh::scope::table::Governing;

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

/// Judges lines: many of them for one look at the services and `VirtualServices` that there are.
pub(crate) struct Judge<'p> {
    plane: &'p Plane,
    by_namespace: FxHashMap<&'p str, Vec<&'p Arc<MeshService>>>,
}

impl<'p> Judge<'p> {
    pub(crate) fn of(plane: &'p Plane) -> Self {
        let mut by_namespace: FxHashMap<&str, Vec<&Arc<MeshService>>> = FxHashMap::default();
        for service in &plane.registry.all {
            by_namespace.entry(&service.namespace).or_default().push(service);
        }
        Self { plane, by_namespace }
    }

    /// What each line of a listener does for proxies of this namespace, in their order.
    ///
    /// The listener is read once, not once a line.
    pub(crate) fn fates(&self, namespace: &Text, egress: &EgressListener) -> Vec<LineFate> {
        let version = self.plane.version;
        let whole = Listener::of(0, egress, namespace, version);
        let routes = LazyCell::new(|| {
            let mut selected = whole.virtual_services(self.plane);
            selected.retain(|selected| selected.has_routes_for(namespace));
            selected
        });
        let of_line = |text: &Text| {
            let single = EgressListener {
                hosts: [text.clone()].into(),
                ..egress.clone()
            };
            let line = Listener::of(0, &single, namespace, version);
            let fate = self.fate(&line, &whole);
            let imports_routes = || !line.hosts.is_empty() && routes.iter().any(|route| line.selects(route));
            if fate != LineFate::Imports && imports_routes() {
                LineFate::Imports
            } else {
                fate
            }
        };
        egress.hosts.iter().map(of_line).collect()
    }

    /// What a line does by the services that it matches.
    fn fate(&self, line: &Listener<'_>, whole: &Listener<'_>) -> LineFate {
        if line.hosts.is_empty() {
            return match line.hosts.has_exclusions() {
                false => LineFate::Unreadable,
                true if self
                    .within(line)
                    .any(|service| line.hosts.excludes(&service.namespace, &service.host).is_some()) =>
                {
                    LineFate::Excludes
                }
                true => LineFate::ExcludesNothing,
            };
        }
        let registry = &self.plane.registry;
        let of_service = |service: &Arc<MeshService>| {
            if line.hosts.imports(&service.namespace, &service.host).is_none() {
                LineFate::NoSuchHost
            } else if !registry.is_visible(service, line.namespace) {
                LineFate::NotExported
            } else if line.port.is_some_and(|number| !service.has_port(number)) {
                LineFate::OtherPorts
            } else if whole.hosts.excludes(&service.namespace, &service.host).is_some() {
                LineFate::Excluded
            } else {
                LineFate::Imports
            }
        };
        let mut named = line.hosts.exact().peekable();
        let found: Box<dyn Iterator<Item = &Arc<MeshService>>> = if named.peek().is_some() {
            Box::new(named.flat_map(|(_, host)| registry.with_host(host)))
        } else {
            Box::new(self.within(line))
        };
        let mut best = LineFate::NoSuchHost;
        for service in found {
            best = best.max(of_service(service));
            if best == LineFate::Imports {
                break;
            }
        }
        best
    }

    /// The services of the namespaces that a line speaks about.
    fn within<'a>(&'a self, line: &'a Listener<'_>) -> impl Iterator<Item = &'a Arc<MeshService>> {
        let all = self.plane.registry.all.iter().filter(|_| line.hosts.speaks_of_all());
        let named = line
            .hosts
            .namespaces()
            .filter_map(|namespace| self.by_namespace.get(namespace));
        all.chain(named.flatten().copied())
    }
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
