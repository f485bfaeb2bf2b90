//! One egress listener: the services it selects, and those its `VirtualServices` send to (scope rules §4.3 to §4.5, §5).
//!
//! istio: `pilot/pkg/model/sidecar.go`, `selectServices`, `serviceMatchingListenerPort`,
//! `serviceMatchingVirtualServicePorts`, `collectImportedServices`; `virtualservice.go`, `SelectVirtualServices`.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::hosts::Hosts;
use super::{Import, Pick, ScopeService, Via};
use crate::mesh::model::{EgressListener, Key, Kind, Text};
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::protocol::Protocol;
use crate::mesh::scope::service::{MeshPort, MeshService};
use crate::mesh::scope::version::Version;
use crate::mesh::scope::virtual_services::MeshVirtualService;

/// An egress listener, seen from a namespace.
pub(super) struct Listener<'a> {
    pub(super) index: usize,
    pub(super) egress: &'a EgressListener,
    pub(super) namespace: &'a Text,
    pub(super) hosts: Hosts,
    /// Only services with this port are taken, and only this port of them.
    pub(super) port: Option<u32>,
    /// Only this host is looked at; nothing depends on any other.
    only: Option<&'a Text>,
}

/// Why a listener does not take a service that it may see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// No host fits.
    NoLine,
    /// The host with this index excludes it.
    Excluded(usize),
    /// It has no such port.
    NoPort(u32),
}

impl<'a> Listener<'a> {
    pub(super) fn of(index: usize, egress: &'a EgressListener, namespace: &'a Text, version: Version) -> Self {
        let is_matched = |number: &u32| {
            let protocol = egress.port.as_ref().map(|port| Protocol::parse(&port.protocol));
            *number != 0 && protocol != Some(Protocol::HttpProxy)
        };
        Self {
            index,
            egress,
            namespace,
            hosts: Hosts::parse(&egress.hosts, namespace, version),
            port: egress.port.as_ref().map(|port| port.number).filter(is_matched),
            only: None,
        }
    }

    /// The same, which takes no notice of other hosts than this.
    pub(super) fn only(self, host: Option<&'a Text>) -> Self {
        Self { only: host, ..self }
    }

    fn looks_at(&self, host: &Text) -> bool {
        self.only.is_none_or(|only| only == host)
    }

    /// The services that the hosts select, in order, one namespace for each host.
    pub(super) fn services(&self, plane: &Plane) -> Vec<ScopeService> {
        if self.hosts.is_empty() {
            return Vec::new();
        }
        let mut taken: Vec<ScopeService> = if self.finds_by_name(plane) {
            let candidates = self.exact_candidates(plane);
            candidates.iter().filter_map(|service| self.take(service)).collect()
        } else {
            let candidates = plane.registry.candidates(self.namespace);
            let candidates = candidates.filter(|service| self.looks_at(&service.host));
            candidates.filter_map(|service| self.take(service)).collect()
        };
        self.keep_one_namespace(&mut taken, plane.flags.unified_scope);
        taken
    }

    /// Whether services are looked up by name, one a namespace, and not tried one by one.
    pub(super) fn finds_by_name(&self, plane: &Plane) -> bool {
        self.hosts.are_all_exact && plane.version.is_at_least(31)
    }

    /// istio: `servicesForExactHosts`.
    fn exact_candidates(&self, plane: &Plane) -> Vec<Arc<MeshService>> {
        let registry = &plane.registry;
        let found = self
            .hosts
            .exact()
            .filter(|(_, host)| self.looks_at(host))
            .filter_map(|(namespace, host)| registry.find(host, namespace));
        let visible = found.filter(|service| registry.is_visible(service, self.namespace));
        let mut candidates: Vec<Arc<MeshService>> = visible.cloned().collect();
        candidates.sort_by(|a, b| a.order(b));
        candidates
    }

    fn take(&self, service: &Arc<MeshService>) -> Option<ScopeService> {
        let host = self.judge(service).ok()?;
        let via = Via::Host {
            listener: self.index,
            host,
            text: self.egress.hosts.get(host).cloned().unwrap_or_default(),
        };
        self.trim_to_listener(service, via)
    }

    /// The index of the host that imports a service, exportTo aside.
    ///
    /// # Errors
    /// None does, one excludes it, or it lacks the listener's port.
    pub(super) fn judge(&self, service: &MeshService) -> Result<usize, Refused> {
        let (namespace, name) = (&service.namespace, &service.host);
        let host = self.hosts.imports(namespace, name).ok_or(Refused::NoLine)?;
        if let Some(excluding) = self.hosts.excludes(namespace, name) {
            return Err(Refused::Excluded(excluding));
        }
        match self.port {
            Some(number) if !service.has_port(number) => Err(Refused::NoPort(number)),
            Some(_) | None => Ok(host),
        }
    }

    fn trim_to_listener(&self, service: &Arc<MeshService>, via: Via) -> Option<ScopeService> {
        let mut import = Import::via(via);
        let Some(number) = self.port else {
            return Some(ScopeService::whole(service, import));
        };
        let port = service.ports.iter().find(|port| port.number == number)?;
        import.port = Some(number);
        Some(with_ports(service, std::slice::from_ref(port), import))
    }

    /// istio: `selectServices`, second half. Before 1.24 Kubernetes is not preferred.
    fn keep_one_namespace(&self, taken: &mut Vec<ScopeService>, prefers_kubernetes: bool) {
        let mut chosen: FxHashMap<&Text, (&Text, bool)> = FxHashMap::default();
        chosen.reserve(taken.len());
        let mut has_choice = false;
        for one in taken.iter() {
            let new = (&one.service.namespace, one.service.source.is_kubernetes());
            let entry = chosen.entry(&one.service.host).or_insert(new);
            if entry.0 == new.0 {
                entry.1 = if new.0 == self.namespace {
                    new.1
                } else {
                    entry.1 || new.1
                };
                continue;
            }
            has_choice = true;
            let is_better_kind = prefers_kubernetes && !entry.1 && new.1 && entry.0 != self.namespace;
            if new.0 == self.namespace || is_better_kind {
                *entry = new;
            }
        }
        if !has_choice {
            return;
        }
        let chosen: Vec<bool> = taken
            .iter()
            .map(|one| {
                chosen
                    .get(&one.service.host)
                    .is_some_and(|(namespace, _)| **namespace == one.service.namespace)
            })
            .collect();
        let mut kept = chosen.into_iter();
        taken.retain(|_| kept.next().unwrap_or(true));
    }

    /// Gives `add` each service to which a selected VirtualService sends, in order.
    pub(super) fn virtual_service_imports(&self, plane: &Plane, mut add: impl FnMut(ScopeService)) {
        if self.hosts.is_empty() {
            return;
        }
        for selected in self.virtual_services(plane) {
            let destinations = selected.destinations(self.namespace).into_iter();
            for (host, ports) in destinations.filter(|(host, _)| self.looks_at(host)) {
                let Some((service, pick)) = self.pick(plane, host) else {
                    continue;
                };
                let via = Via::VirtualService {
                    listener: self.index,
                    object: selected.source.clone(),
                    delegates: selected.delegates_for(self.namespace, host),
                    pick,
                };
                let trimmed = match self.port {
                    Some(_) => self.trim_to_listener(service, via),
                    None => trim_to_ports(service, &ports, via),
                };
                trimmed.into_iter().for_each(&mut add);
            }
        }
    }

    /// The `VirtualServices` that the hosts select, in order.
    pub(super) fn virtual_services<'p>(&self, plane: &'p Plane) -> Vec<&'p Arc<MeshVirtualService>> {
        let mut selected = Vec::new();
        let mut seen: FxHashSet<(&'p (Kind, Key), &'p [Text])> = FxHashSet::default();
        for list in plane.virtual_services.seen_from(self.namespace) {
            let own_route = |service: &MeshVirtualService| service.is_route && service.namespace == *self.namespace;
            let (first, rest): (Vec<_>, Vec<_>) = list.iter().partition(|service| own_route(service));
            for service in first.into_iter().chain(rest) {
                if self.selects(service) && seen.insert((&service.source, &service.hosts)) {
                    selected.push(service);
                }
            }
        }
        selected
    }

    pub(super) fn selects(&self, service: &MeshVirtualService) -> bool {
        let is_excluded = |host: &Text| self.hosts.excludes(&service.namespace, host).is_some();
        let mut hosts = service.hosts.iter();
        hosts.any(|host| self.names(service, host) && !is_excluded(host))
    }

    /// Whether a host of a VirtualService is imported, exclusions aside.
    pub(super) fn names(&self, service: &MeshVirtualService, host: &Text) -> bool {
        self.hosts
            .selects_virtual_service(&service.namespace, host, service.is_route)
    }

    /// Whether a VirtualService that asks for these ports imports a service here.
    pub(super) fn lets_in(&self, service: &Arc<MeshService>, ports: &[u32]) -> bool {
        match self.port {
            Some(number) => service.has_port(number),
            None => trim_to_ports(service, ports, Via::Exported).is_some(),
        }
    }

    /// The service that a destination host means.
    pub(super) fn pick<'p>(&self, plane: &'p Plane, host: &str) -> Option<(&'p Arc<MeshService>, Pick)> {
        let registry = &plane.registry;
        if let Some(own) = registry.find(host, self.namespace) {
            return Some((own, Pick::Own));
        }
        let services = registry.with_host(host).iter();
        let visible: Vec<&Arc<MeshService>> = services
            .filter(|service| registry.is_visible(service, self.namespace))
            .collect();
        if !plane.flags.pick_best_namespace {
            let first = visible.iter().min_by(|a, b| a.namespace.cmp(&b.namespace))?;
            return Some((first, Pick::FirstByName));
        }
        if let Some(kubernetes) = visible.iter().find(|service| service.source.is_kubernetes()) {
            return Some((kubernetes, Pick::Kubernetes));
        }
        let oldest = visible.iter().min_by(|a, b| a.created.cmp(&b.created))?;
        let is_tie = visible
            .iter()
            .filter(|service| service.created == oldest.created)
            .count()
            > 1;
        Some((oldest, if is_tie { Pick::Tie } else { Pick::Oldest }))
    }
}

/// Only the ports asked for; `None` if the service has none of them. Zero, or none at all, asks for every port.
fn trim_to_ports(service: &Arc<MeshService>, wanted: &[u32], via: Via) -> Option<ScopeService> {
    let mut import = Import::via(via);
    if wanted.is_empty() || wanted.contains(&0) {
        return Some(ScopeService::whole(service, import));
    }
    let ports: Vec<MeshPort> = service
        .ports
        .iter()
        .filter(|port| wanted.contains(&port.number))
        .cloned()
        .collect();
    if ports.is_empty() && !service.ports.is_empty() {
        return None;
    }
    if ports.len() < service.ports.len() {
        import.port = ports.first().map(|port| port.number);
    }
    Some(with_ports(service, &ports, import))
}

fn with_ports(service: &Arc<MeshService>, ports: &[MeshPort], import: Import) -> ScopeService {
    if ports.len() == service.ports.len() {
        return ScopeService::whole(service, import);
    }
    ScopeService {
        service: Arc::clone(service),
        ports: ports.into(),
        import,
    }
}
