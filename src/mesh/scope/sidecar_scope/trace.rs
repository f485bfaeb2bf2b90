//! How each service of a host fared: what let it into a scope, or everything that keeps it out.
//!
//! Asks the very functions that decide ([`Listener`], [`SidecarScope::of_host`]); on demand, one host at a time.

use std::sync::Arc;

use super::listener::{Listener, Refused};
use super::near::near;
use super::{ScopeService, SidecarScope};
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::reason::{Barrier, Place, Preference, RouteMiss};
use crate::mesh::scope::service::{Cap, MeshService};
use crate::mesh::scope::table::Governing;
use crate::mesh::scope::virtual_services::{Aside, MeshVirtualService};

/// How a service fared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It is the one of its host in the scope.
    Taken,
    /// Its ports were added to the one in the scope.
    Merged,
    /// It is not in the scope; all that keeps it out.
    Out(Vec<Barrier>),
}

impl SidecarScope {
    /// The fate of every service of a host, in istiod's order. `self` must hold that host, whole or restricted to it.
    pub(crate) fn trace(&self, plane: &Plane, host: &Text) -> Vec<(Arc<MeshService>, Fate)> {
        let all = plane.registry.all.iter().filter(|service| service.host == *host);
        let services: Vec<&Arc<MeshService>> = all.collect();
        let egress = self.egress();
        let listeners: Vec<Listener<'_>> = match self.key.governing {
            Governing::Gateway => Vec::new(),
            Governing::Own(_) | Governing::RootDefault(_) | Governing::BuiltIn => {
                let listeners = egress.iter().enumerate();
                let of =
                    |(index, egress)| Listener::of(index, egress, &self.key.namespace, plane.version).only(Some(host));
                listeners.map(of).collect()
            }
        };
        let tracer = Tracer {
            scope: self,
            plane,
            host,
            listeners,
        };
        let winner = self.find(host);
        let fates = services
            .into_iter()
            .map(|service| (Arc::clone(service), tracer.fate(service, winner)));
        fates.collect()
    }
}

struct Tracer<'a> {
    scope: &'a SidecarScope,
    plane: &'a Plane,
    host: &'a Text,
    listeners: Vec<Listener<'a>>,
}

impl Tracer<'_> {
    fn fate(&self, service: &Arc<MeshService>, winner: Option<&ScopeService>) -> Fate {
        let object = owned(service);
        match winner {
            Some(winner) if winner.service.source == service.source => return Fate::Taken,
            Some(winner) if winner.import.merged.contains(&object) => return Fate::Merged,
            Some(_) | None => {}
        }
        let mut barriers = Vec::new();
        let mut add = |barrier: Barrier| {
            if !barriers.contains(&barrier) {
                barriers.push(barrier);
            }
        };
        let mut came_to_merge = false;
        if self.scope.key.governing == Governing::Gateway {
            match self.export_barrier(service, false) {
                Some(barrier) => add(barrier),
                None => came_to_merge = true,
            }
        }
        for listener in &self.listeners {
            let found = self.at_listener(listener, service);
            came_to_merge |= found.is_empty();
            found.into_iter().for_each(&mut add);
        }
        if !self.listeners.is_empty() {
            for (route, aside) in self.plane.virtual_services.sending_to(self.host) {
                match self.at_route(route, aside, service) {
                    Ok(lets_in) => came_to_merge |= lets_in,
                    Err(miss) => add(Barrier::Route {
                        object: route.source.clone(),
                        delegates: route.delegates_for(&self.scope.key.namespace, self.host),
                        miss,
                    }),
                }
            }
        }
        if let (true, Some(winner)) = (came_to_merge, winner) {
            let object = owned(&winner.service);
            let is_behind_kubernetes = winner.service.source.is_kubernetes() && !service.source.is_kubernetes();
            return Fate::Out(vec![if is_behind_kubernetes {
                Barrier::BehindKubernetes { object }
            } else {
                Barrier::BehindEarlier { object }
            }]);
        }
        Fate::Out(barriers)
    }

    fn export_barrier(&self, service: &MeshService, by_name: bool) -> Option<Barrier> {
        let (registry, namespace) = (&self.plane.registry, &self.scope.key.namespace);
        let is_open = if by_name {
            registry.is_visible(service, namespace)
        } else {
            registry.is_candidate(service, namespace)
        };
        if is_open {
            return None;
        }
        if service.cap != Cap::Public {
            return Some(Barrier::Capped);
        }
        Some(Barrier::NotExported {
            to: registry.export_of(service).iter().cloned().collect(),
            by_default: service.export_to.is_unset(),
            from: namespace.clone(),
        })
    }

    /// What keeps a service out at one listener; nothing if it is let in.
    fn at_listener(&self, listener: &Listener<'_>, service: &Arc<MeshService>) -> Vec<Barrier> {
        let by_name = listener.finds_by_name(self.plane);
        let mut barriers: Vec<Barrier> = self.export_barrier(service, by_name).into_iter().collect();
        let place = || self.place(listener);
        match listener.judge(service) {
            Err(Refused::NoLine) if listener.hosts.is_empty() && near(listener, service, self.plane).is_none() => {
                barriers.push(Barrier::NoHosts { place: place() });
            }
            Err(Refused::NoLine) => barriers.push(Barrier::NoLine {
                place: place(),
                near: near(listener, service, self.plane),
            }),
            Err(Refused::Excluded(host)) => barriers.push(Barrier::Excluded {
                place: place(),
                host,
                text: listener.egress.hosts.get(host).cloned().unwrap_or_default(),
            }),
            Err(Refused::NoPort(port)) => barriers.push(Barrier::OtherPort { place: place(), port }),
            Ok(_) if barriers.is_empty() => barriers.extend(self.behind_at(listener, service, by_name)),
            Ok(_) => {}
        }
        barriers
    }

    /// Whether a listener that would take a service takes another of the same host instead.
    fn behind_at(&self, listener: &Listener<'_>, service: &Arc<MeshService>, by_name: bool) -> Option<Barrier> {
        let taken = listener.services(self.plane);
        if taken.iter().any(|one| one.service.source == service.source) {
            return None;
        }
        let known = self.plane.registry.find(self.host, &service.namespace);
        if let Some(known) = known.filter(|known| by_name && known.source != service.source) {
            return Some(Barrier::BehindInNamespace { object: owned(known) });
        }
        let chosen = &taken.first()?.service;
        let because = if chosen.namespace == self.scope.key.namespace {
            Preference::Own
        } else if chosen.source.is_kubernetes() && !service.source.is_kubernetes() {
            Preference::Kubernetes
        } else {
            Preference::First
        };
        Some(Barrier::OtherNamespace {
            place: self.place(listener),
            namespace: chosen.namespace.clone(),
            because,
        })
    }

    fn place(&self, listener: &Listener<'_>) -> Place {
        match &self.scope.sidecar {
            Some(sidecar) if !sidecar.egress.is_empty() => Place::Listener {
                sidecar: sidecar.meta.key.clone(),
                index: listener.index,
            },
            Some(_) | None => Place::Everything,
        }
    }

    /// Whether a VirtualService that sends to the host imports this service; `false` if exportTo hides all of that
    /// host, which a service's own barrier says.
    ///
    /// # Errors
    /// Why it does not.
    fn at_route(
        &self,
        route: &Arc<MeshVirtualService>,
        aside: Option<&Aside>,
        service: &Arc<MeshService>,
    ) -> Result<bool, RouteMiss> {
        let namespace = &self.scope.key.namespace;
        match aside {
            Some(Aside::OfGateway) => return Err(RouteMiss::OfGateway),
            Some(Aside::Unexported) => return Err(RouteMiss::Unseen),
            Some(Aside::NoRoot) => return Err(RouteMiss::NoRoot),
            Some(Aside::Unfit(root)) => return Err(RouteMiss::Unfit(root.clone())),
            Some(Aside::Hidden(root)) => return Err(RouteMiss::HiddenFromRoot(root.clone())),
            None => {}
        }
        let seen = self.plane.virtual_services.seen_from(namespace);
        if !seen
            .iter()
            .any(|list| list.iter().any(|known| Arc::ptr_eq(known, route)))
        {
            return Err(RouteMiss::Unseen);
        }
        let selecting: Vec<&Listener<'_>> = self.listeners.iter().filter(|one| one.selects(route)).collect();
        let Some(first) = selecting.first() else {
            let is_named = |listener: &Listener<'_>| route.hosts.iter().any(|host| listener.names(route, host));
            let is_excluded = self.listeners.iter().any(is_named);
            return Err(if is_excluded {
                RouteMiss::Excluded
            } else {
                RouteMiss::Unselected
            });
        };
        let destinations = route.destinations(namespace);
        let Some((_, ports)) = destinations.iter().find(|(host, _)| *host == self.host) else {
            return Err(RouteMiss::ForOthers);
        };
        match first.pick(self.plane, self.host) {
            Some((meant, _)) if meant.source != service.source => {
                return Err(RouteMiss::MeansOther(meant.namespace.clone()));
            }
            None => return Ok(false),
            Some(_) => {}
        }
        if selecting.iter().any(|listener| listener.lets_in(service, ports)) {
            return Ok(true);
        }
        let wanted = first.port.map_or_else(|| ports.clone(), |port| vec![port]);
        Err(RouteMiss::LacksPort(wanted))
    }
}

fn owned(service: &MeshService) -> (Kind, Key) {
    let (kind, key) = service.source.object();
    (kind, key.clone())
}
