//! The services that a pod's proxy is told of: egress listeners, one namespace a host, merging (scope rules §4, §5.3).
//!
//! Depends on the plane and the [`ScopeKey`] only, so that all pods of one Sidecar and namespace share it. istio:
//! `pilot/pkg/model/sidecar.go`, `initSidecarScopeInternalIndexes`, `DefaultSidecarScopeForGateway`.

pub(in crate::mesh::scope) mod draft;
mod hosts;
mod lines;
mod listener;
mod near;
mod trace;

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::mesh::model::{EgressListener, Key, Kind, Sidecar, Text};

pub(in crate::mesh) use self::draft::{Need, RouteNeed, ServiceNeed};
pub(crate) use self::lines::{Judge, LineFate, unreached};
use self::listener::Listener;
pub(crate) use self::trace::Fate;
use super::plane::Plane;
use super::service::{MeshPort, MeshService};
use super::table::Governing;

/// What a scope depends on besides its plane.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ScopeKey {
    /// Which Sidecar.
    pub governing: Governing,
    /// The proxy's namespace: what `.` means.
    pub namespace: Text,
}

/// The services that a proxy is told of, in the order in which its clusters are made.
#[derive(Clone, Debug)]
pub struct SidecarScope {
    /// For whom.
    pub key: ScopeKey,
    /// The Sidecar object; `None` for the built-in one and for gateways.
    pub(crate) sidecar: Option<Arc<Sidecar>>,
    /// One for each host.
    pub(crate) services: Vec<ScopeService>,
    by_host: FxHashMap<Text, usize>,
    sorted_hosts: OnceLock<Arc<[Text]>>,
}

/// A service in a scope.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ScopeService {
    /// The service; of several merged the first.
    pub(crate) service: Arc<MeshService>,
    /// Its ports after trimming and merging.
    pub(crate) ports: Arc<[MeshPort]>,
    /// How it got in.
    pub(crate) import: Import,
}

/// How a service got into a scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Import {
    /// The rule that let it in.
    pub(crate) via: Via,
    /// Only this port was asked for.
    pub(crate) port: Option<u32>,
    /// It took the place of a ServiceEntry that had come first.
    pub(crate) replaced: Option<Key>,
    /// Ports of these objects were added to it.
    pub(crate) merged: Vec<(Kind, Key)>,
}

/// The rule that lets a service in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Via {
    /// `egress[listener].hosts[host]`; for a Sidecar without egress, or none, the built-in `*/*`.
    Host {
        /// Index of the listener.
        listener: usize,
        /// Index of the host.
        host: usize,
        /// The host as written.
        text: Text,
    },
    /// A VirtualService that the listener selects sends to it.
    VirtualService {
        /// Index of the listener.
        listener: usize,
        /// Kind and key of the VirtualService or route.
        object: (Kind, Key),
        /// Its delegates in which that is written; none if it is written in itself.
        delegates: Vec<Key>,
        /// How its namespace was found.
        pick: Pick,
    },
    /// A gateway is told of everything that is exported to it.
    Exported,
}

/// How the namespace of a VirtualService's destination was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pick {
    /// The proxy's own namespace has the host: taken without asking for visibility.
    Own,
    /// A Kubernetes Service that is visible.
    Kubernetes,
    /// The oldest that is visible.
    Oldest,
    /// Several are equally old: istiod takes any.
    Tie,
    /// The first namespace by name that is visible (before 1.30).
    FirstByName,
}

impl SidecarScope {
    /// Works the scope out.
    pub(crate) fn of(plane: &Plane, key: &ScopeKey) -> Self {
        Self::restricted(plane, key, None)
    }

    /// The part of the scope that is about one host: a host's services depend on no other host's.
    pub(crate) fn of_host(plane: &Plane, key: &ScopeKey, host: &Text) -> Self {
        Self::restricted(plane, key, Some(host))
    }

    fn restricted(plane: &Plane, key: &ScopeKey, only: Option<&Text>) -> Self {
        Self::with(plane, key, plane.sidecars.find(&key.governing).cloned(), only)
    }

    /// The scope under this Sidecar, whatever the plane holds.
    fn with(plane: &Plane, key: &ScopeKey, sidecar: Option<Arc<Sidecar>>, only: Option<&Text>) -> Self {
        let mut scope = Self {
            key: key.clone(),
            sidecar,
            services: Vec::new(),
            by_host: FxHashMap::default(),
            sorted_hosts: OnceLock::new(),
        };
        if key.governing == Governing::Gateway {
            scope.import_all_exported(plane, only);
        } else {
            scope.import_by_listeners(plane, only);
        }
        scope
    }

    fn import_all_exported(&mut self, plane: &Plane, only: Option<&Text>) {
        let namespace = self.key.namespace.clone();
        let candidates = plane.registry.candidates(&namespace);
        for service in candidates.filter(|service| only.is_none_or(|only| *only == service.host)) {
            let import = Import::via(Via::Exported);
            self.add(ScopeService::whole(service, import));
        }
    }

    /// The listeners: of a Sidecar without egress, and of no Sidecar, one for everything.
    fn egress(&self) -> Arc<[EgressListener]> {
        match &self.sidecar {
            Some(sidecar) if !sidecar.egress.is_empty() => Arc::clone(&sidecar.egress),
            Some(_) | None => [EgressListener {
                hosts: [Text::from("*/*")].into(),
                ..EgressListener::default()
            }]
            .into(),
        }
    }

    fn import_by_listeners(&mut self, plane: &Plane, only: Option<&Text>) {
        let (egress, namespace) = (self.egress(), self.key.namespace.clone());
        for (index, egress) in egress.iter().enumerate() {
            let listener = Listener::of(index, egress, &namespace, plane.version).only(only);
            let services = listener.services(plane);
            self.services.reserve(services.len());
            self.by_host.reserve(services.len());
            for service in services {
                self.add(service);
            }
            listener.virtual_service_imports(plane, |service| self.add(service));
        }
    }

    /// The service with this host.
    pub(crate) fn find(&self, host: &str) -> Option<&ScopeService> {
        self.by_host.get(host).and_then(|at| self.services.get(*at))
    }

    /// Adds a service, or merges it with the one of this host that is there already.
    ///
    /// istio: `appendSidecarServices`.
    fn add(&mut self, new: ScopeService) {
        let at = *self
            .by_host
            .entry(new.service.host.clone())
            .or_insert(self.services.len());
        let Some(present) = self.services.get_mut(at) else {
            self.services.push(new);
            return;
        };
        let (old_is_kubernetes, new_is_kubernetes) = (
            present.service.source.is_kubernetes(),
            new.service.source.is_kubernetes(),
        );
        match (old_is_kubernetes, new_is_kubernetes) {
            (true, false) => {}
            (false, true) => {
                let replaced = Some(present.service.source.object().1.clone());
                *present = new;
                present.import.replaced = replaced;
            }
            (true, true) | (false, false) => present.merge(&new),
        }
    }
}

impl ScopeService {
    /// With all its ports.
    fn whole(service: &Arc<MeshService>, import: Import) -> Self {
        Self {
            service: Arc::clone(service),
            ports: Arc::clone(&service.ports),
            import,
        }
    }

    fn merge(&mut self, new: &ScopeService) {
        if self.ports == new.ports || !self.service.is_like(&new.service) {
            return;
        }
        let mut ports = self.ports.to_vec();
        for port in new.ports.iter() {
            if !ports.iter().any(|known| known.number == port.number) {
                ports.push(port.clone());
            }
        }
        if ports.len() > self.ports.len() {
            let (kind, key) = new.service.source.object();
            self.import.merged.push((kind, key.clone()));
        }
        self.ports = ports.into();
    }
}

impl Import {
    fn via(via: Via) -> Self {
        Self {
            via,
            port: None,
            replaced: None,
            merged: Vec::new(),
        }
    }
}

impl SidecarScope {
    /// Whether this scope, made from one plane, is also that of another: nothing it reads differs.
    pub(crate) fn depends_on_same(&self, made_from: &Plane, now: &Plane) -> bool {
        let same_sidecar = match (&self.sidecar, now.sidecars.find(&self.key.governing)) {
            (Some(old), Some(new)) => old.egress == new.egress && old.ingress == new.ingress,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        same_sidecar
            && Arc::ptr_eq(&made_from.registry, &now.registry)
            && Arc::ptr_eq(&made_from.virtual_services, &now.virtual_services)
    }

    /// The names in scope, sorted; put in order when first asked for.
    pub(crate) fn sorted_hosts(&self) -> Arc<[Text]> {
        let sort = || {
            let mut hosts: Vec<Text> = self.hosts().cloned().collect();
            hosts.sort();
            hosts.into()
        };
        Arc::clone(self.sorted_hosts.get_or_init(sort))
    }

    /// Whether a host is in scope.
    pub fn has_host(&self, host: &str) -> bool {
        self.find(host).is_some()
    }

    /// Whether a service of this namespace is in scope.
    pub(crate) fn has_namespace(&self, namespace: &str) -> bool {
        self.services
            .iter()
            .any(|service| service.service.namespace == *namespace)
    }

    /// The names in scope, in the order in which their clusters are made.
    pub fn hosts(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.services.iter().map(|service| &service.service.host)
    }
}
