//! All services of the mesh in istiod's order, and who may see which (scope rules §2.3, §2.4).
//!
//! istio: `pilot/pkg/model/push_context.go`, `initServiceRegistry`, `serviceExportTo`, `IsServiceVisible`.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::mesh::model::{Key, Kind, Meta, Service, ServiceEntry, Text};
use crate::mesh::world::{Row, World};

use super::discovery::{Discovery, is_valid, selects};
use super::export::ExportTo;
use super::mesh_settings::Mesh;
use super::service::{Cap, MeshService, TRAFFIC_DISTRIBUTION};
use super::version::Version;

/// Host and namespace: istiod keeps endpoints by this pair.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct HostKey {
    pub(crate) host: Text,
    pub(crate) namespace: Text,
}

/// A ServiceEntry as a source of endpoints of one host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct EntrySource {
    /// The service that it gives.
    pub(crate) service: Arc<MeshService>,
    /// The object.
    pub(crate) entry: Arc<ServiceEntry>,
    /// How often istiod has its endpoints: once for each address.
    pub(crate) copies: usize,
}

/// All services and the indexes over them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    /// In istiod's order.
    pub(crate) all: Vec<Arc<MeshService>>,
    by_host: FxHashMap<Text, SameHost>,
    exported: FxHashMap<Text, Vec<Arc<MeshService>>>,
    public: Vec<Arc<MeshService>>,
    entries: FxHashMap<HostKey, Vec<EntrySource>>,
    entry_hosts: FxHashMap<Text, Vec<HostKey>>,
    default_export: ExportTo,
    of_services: Vec<Made<Service, Arc<MeshService>>>,
    of_entries: Vec<Made<ServiceEntry, EntryServices>>,
}

/// The services of a ServiceEntry, each with how often istiod has its endpoints.
type EntryServices = Arc<[(Arc<MeshService>, usize)]>;

/// One host nearly always has one service.
#[derive(Clone, Debug)]
enum SameHost {
    One(Arc<MeshService>),
    Many(Vec<Arc<MeshService>>),
}

impl SameHost {
    fn as_slice(&self) -> &[Arc<MeshService>] {
        match self {
            SameHost::One(service) => std::slice::from_ref(service),
            SameHost::Many(services) => services,
        }
    }

    /// Adds one; of one namespace the first counts, but a Kubernetes Service before a ServiceEntry.
    fn add(&mut self, service: &Arc<MeshService>) {
        let mut services = match self {
            SameHost::One(first) => vec![Arc::clone(first)],
            SameHost::Many(services) => std::mem::take(services),
        };
        match services.iter_mut().find(|other| other.namespace == service.namespace) {
            None => services.push(Arc::clone(service)),
            Some(kept) if !kept.source.is_kubernetes() && service.source.is_kubernetes() => {
                *kept = Arc::clone(service);
            }
            Some(_) => {}
        }
        *self = Self::Many(services);
    }
}

/// What one object gives, and what that was made from.
#[derive(Clone, Debug)]
struct Made<T, S> {
    object: Arc<T>,
    near: Option<Text>,
    cap: Cap,
    gives: S,
}

impl<T, S> Made<T, S> {
    fn new(object: &Arc<T>, near: Option<Text>, cap: Cap, gives: S) -> Self {
        let object = Arc::clone(object);
        Self {
            object,
            near,
            cap,
            gives,
        }
    }
}

/// What was made before, in the order of the objects' keys.
struct Before<'a, T, S>(&'a [Made<T, S>]);

impl<T: Row, S: Clone> Before<'_, T, S> {
    /// What was made of this object, if it was made from the same; objects are asked for in order.
    fn take(&mut self, object: &Arc<T>, near: Option<&Text>, cap: Cap) -> Option<S> {
        let key = &object.meta().key;
        let earlier = self.0.iter().take_while(|made| made.object.meta().key < *key).count();
        self.0 = self.0.get(earlier..)?;
        let made = self.0.first()?;
        let is_same = Arc::ptr_eq(&made.object, object) && made.near.as_ref() == near && made.cap == cap;
        is_same.then(|| made.gives.clone())
    }
}

/// What all objects of a namespace have in common; asked for again and again while one walks them in order.
struct Home<'a> {
    world: &'a World,
    discovery: &'a Discovery,
    has_default_distribution: bool,
    namespace: Text,
    is_discovered: bool,
    near: Option<Text>,
}

impl<'a> Home<'a> {
    fn new(world: &'a World, discovery: &'a Discovery, version: Version) -> Self {
        let mut home = Self {
            world,
            discovery,
            has_default_distribution: version.is_at_least(30),
            namespace: Text::default(),
            is_discovered: false,
            near: None,
        };
        home.enter(&Text::default());
        home
    }

    /// Goes to a namespace.
    fn at(&mut self, namespace: &Text) -> &Self {
        if self.namespace != *namespace {
            self.enter(namespace);
        }
        self
    }

    fn enter(&mut self, namespace: &Text) {
        self.namespace = namespace.clone();
        self.is_discovered = self.discovery.has_namespace(namespace);
        let object = self.world.namespaces.get(&Key::new("", namespace.clone()));
        let annotation = object.and_then(|object| object.meta.annotations.get(TRAFFIC_DISTRIBUTION));
        self.near = annotation.filter(|_| self.has_default_distribution).cloned();
    }
}

impl Registry {
    /// Every service that istiod takes notice of; those of objects that are the same share what was made `before`, under
    /// the same mesh config, flags and release.
    pub(crate) fn of(
        world: &World,
        mesh: &Mesh,
        discovery: &Discovery,
        (domain, version): (&str, Version),
        before: &Self,
    ) -> Self {
        let mut registry = Self {
            default_export: mesh.service_export_to.clone(),
            ..Self::default()
        };
        let mut home = Home::new(world, discovery, version);
        let mut made_before = Before(&before.of_entries);
        for entry in world.service_entries.iter() {
            if discovery.has(Kind::ServiceEntry, &entry.meta) {
                let near = home.at(&entry.meta.key.namespace).near.clone();
                let cap = cap_of(world, mesh, &entry.meta);
                let gives = made_before.take(entry, near.as_ref(), cap).unwrap_or_else(|| {
                    let services = MeshService::of_entry(entry, near.as_ref(), cap).into_iter();
                    services.map(|(service, copies)| (Arc::new(service), copies)).collect()
                });
                registry.add_entry(entry, &gives);
                registry.of_entries.push(Made::new(entry, near, cap, gives));
            }
        }
        let most = world.services.len();
        registry.all.reserve(most);
        registry.of_services.reserve(most);
        let mut made_before = Before(&before.of_services);
        for service in world.services.iter() {
            let home = home.at(&service.meta.key.namespace);
            if home.is_discovered {
                let near = home.near.clone();
                let gives = made_before.take(service, near.as_ref(), Cap::Public);
                let gives = gives.unwrap_or_else(|| Arc::new(MeshService::of_service(service, near.as_ref(), domain)));
                registry.all.push(Arc::clone(&gives));
                registry.of_services.push(Made::new(service, near, Cap::Public, gives));
            }
        }
        MeshService::sort(&mut registry.all);
        registry.index();
        registry
    }

    fn add_entry(&mut self, entry: &Arc<ServiceEntry>, services: &[(Arc<MeshService>, usize)]) {
        for (service, copies) in services {
            let key = HostKey {
                host: service.host.clone(),
                namespace: service.namespace.clone(),
            };
            let source = EntrySource {
                service: Arc::clone(service),
                entry: Arc::clone(entry),
                copies: *copies,
            };
            let sources = self.entries.entry(key.clone()).or_default();
            if sources.is_empty() {
                self.entry_hosts.entry(key.namespace.clone()).or_default().push(key);
            }
            sources.push(source);
            self.all.push(Arc::clone(service));
        }
    }

    fn index(&mut self) {
        for sources in self.entries.values_mut() {
            sources.sort_by(|a, b| a.service.order(&b.service));
        }
        self.by_host.reserve(self.all.len());
        self.public.reserve(self.all.len());
        for service in &self.all {
            match self.by_host.entry(service.host.clone()) {
                Entry::Vacant(free) => {
                    free.insert(SameHost::One(Arc::clone(service)));
                }
                Entry::Occupied(mut taken) => taken.get_mut().add(service),
            }
            let export = self.export_of(service);
            if export.contains(ExportTo::PUBLIC) {
                self.public.push(Arc::clone(service));
            } else if !export.contains(ExportTo::NONE) {
                let spelled = export.with_own_namespace(&service.namespace);
                for namespace in spelled.iter() {
                    self.exported
                        .entry(namespace.clone())
                        .or_default()
                        .push(Arc::clone(service));
                }
            }
        }
    }

    /// What may be imported into a namespace: what is exported to it by name, by age, then what is public, by age.
    ///
    /// istio: `servicesExportedToNamespace`.
    pub(crate) fn candidates(&self, namespace: &str) -> impl Iterator<Item = &Arc<MeshService>> {
        self.exported.get(namespace).into_iter().flatten().chain(&self.public)
    }

    /// The service of each namespace that has this host, in istiod's order; exportTo plays no part.
    pub(crate) fn with_host(&self, host: &str) -> &[Arc<MeshService>] {
        self.by_host.get(host).map_or(&[], SameHost::as_slice)
    }

    /// The service with this host in this namespace.
    pub(crate) fn find(&self, host: &str, namespace: &str) -> Option<&Arc<MeshService>> {
        self.with_host(host)
            .iter()
            .find(|service| service.namespace == *namespace)
    }

    /// Whether `namespace` may see the service. A mixed list such as `., ~` is visible at home although no listener
    /// can import it.
    ///
    /// istio: `IsServiceVisible`.
    pub(crate) fn is_visible(&self, service: &MeshService, namespace: &str) -> bool {
        let export = self.export_of(service);
        export.contains(ExportTo::PUBLIC)
            || (export.contains(ExportTo::PRIVATE) && service.namespace == *namespace)
            || export.contains(namespace)
    }

    /// Whether it is among the candidates of `namespace`.
    pub(crate) fn is_candidate(&self, service: &MeshService, namespace: &str) -> bool {
        let export = self.export_of(service);
        let spelled = || export.with_own_namespace(&service.namespace);
        export.contains(ExportTo::PUBLIC) || (!export.contains(ExportTo::NONE) && spelled().contains(namespace))
    }

    /// What counts of a service's exportTo.
    pub(crate) fn export_of(&self, service: &MeshService) -> ExportTo {
        effective_export(service, &self.default_export)
    }

    /// Every host, in no order.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &Text> {
        self.by_host.keys()
    }

    /// The `ServiceEntries` that give endpoints to this host in this namespace, by age.
    pub(crate) fn entries_of(&self, key: &HostKey) -> &[EntrySource] {
        self.entries.get(key).map_or(&[], Vec::as_slice)
    }

    /// All `ServiceEntries` of a namespace as sources of endpoints.
    pub(crate) fn entries_in(&self, namespace: &str) -> impl Iterator<Item = &EntrySource> {
        let here = self.entry_hosts.get(namespace).into_iter().flatten();
        here.flat_map(|key| self.entries_of(key))
    }
}

/// What counts of an exportTo: its own or the mesh's default, cut by the cap.
///
/// istio: `serviceExportTo`.
fn effective_export(service: &MeshService, default: &ExportTo) -> ExportTo {
    let export = service.export_to.or(default);
    if export.len() == 1 && export.contains(ExportTo::NONE) {
        return export.clone();
    }
    let covers_home = || {
        export.contains(ExportTo::PUBLIC) || export.contains(ExportTo::PRIVATE) || export.contains(&service.namespace)
    };
    match service.cap {
        Cap::Public => export.clone(),
        Cap::Namespace if covers_home() => ExportTo::from(ExportTo::PRIVATE),
        Cap::Namespace | Cap::None => ExportTo::from(ExportTo::NONE),
    }
}

/// istio: `pilot/pkg/model/serviceentry_visibility.go`, `VisibilityFor`.
fn cap_of(world: &World, mesh: &Mesh, meta: &Meta) -> Cap {
    let Some(visibility) = &mesh.entry_visibility else {
        return Cap::Public;
    };
    let namespace = world.namespaces.get(&Key::new("", meta.key.namespace.clone()));
    let labels = namespace
        .map(|namespace| namespace.meta.labels.clone())
        .unwrap_or_default();
    let policy = visibility.policies.iter().find(|policy| {
        let fits = |rule: &Option<_>| {
            rule.as_ref()
                .is_some_and(|selector| is_valid(selector) && selects(selector, &labels))
        };
        policy.rules.iter().all(fits)
    });
    let word = policy.map_or(&visibility.default, |policy| &policy.visibility);
    match word.as_str() {
        "NONE" => Cap::None,
        "NAMESPACE" => Cap::Namespace,
        _ => Cap::Public,
    }
}
