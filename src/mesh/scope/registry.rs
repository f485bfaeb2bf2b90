//! All services of the mesh in istiod's order, and who may see which (scope rules §2.3, §2.4).
//!
//! istio: `pilot/pkg/model/push_context.go`, `initServiceRegistry`, `serviceExportTo`, `IsServiceVisible`.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::mesh::model::{Key, Kind, Meta, Service, ServiceEntry, Text};
use crate::mesh::world::World;

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
    by_host: FxHashMap<Text, Vec<Arc<MeshService>>>,
    exported: FxHashMap<Text, Vec<Arc<MeshService>>>,
    public: Vec<Arc<MeshService>>,
    entries: FxHashMap<HostKey, Vec<EntrySource>>,
    entry_hosts: FxHashMap<Text, Vec<HostKey>>,
    default_export: ExportTo,
    of_services: FxHashMap<Key, Made<Service>>,
    of_entries: FxHashMap<Key, Made<ServiceEntry>>,
}

/// The services that one object gives, and what they were made from.
#[derive(Clone, Debug)]
struct Made<T> {
    object: Arc<T>,
    near: Option<Text>,
    cap: Cap,
    /// Each with how often istiod has its endpoints.
    services: Arc<[(Arc<MeshService>, usize)]>,
}

impl<T: Clone> Made<T> {
    /// What was made before, if it was made from the same.
    fn of(
        before: Option<&Self>,
        object: &Arc<T>,
        (near, cap): (Option<Text>, Cap),
        make: impl FnOnce(&T, Option<&Text>, Cap) -> Vec<(MeshService, usize)>,
    ) -> Self {
        let is_same = |made: &&Self| Arc::ptr_eq(&made.object, object) && made.near == near && made.cap == cap;
        if let Some(made) = before.filter(is_same) {
            return made.clone();
        }
        let services = make(object, near.as_ref(), cap).into_iter();
        Self {
            object: Arc::clone(object),
            services: services.map(|(service, copies)| (Arc::new(service), copies)).collect(),
            near,
            cap,
        }
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
        let near = |namespace: &Text| {
            let namespace = world.namespaces.get(&Key::new("", namespace.clone()));
            let annotation = namespace.and_then(|namespace| namespace.meta.annotations.get(TRAFFIC_DISTRIBUTION));
            annotation.filter(|_| version.is_at_least(30)).cloned()
        };
        for entry in world.service_entries.iter() {
            if discovery.has(Kind::ServiceEntry, &entry.meta) {
                let key = &entry.meta.key;
                let given = (near(&key.namespace), cap_of(world, mesh, &entry.meta));
                let made = Made::of(before.of_entries.get(key), entry, given, MeshService::of_entry);
                registry.add_entry(entry, &made.services);
                registry.of_entries.insert(key.clone(), made);
            }
        }
        for service in world.services.iter() {
            let key = &service.meta.key;
            if discovery.has_namespace(&key.namespace) {
                let given = (near(&key.namespace), Cap::Public);
                let made = Made::of(before.of_services.get(key), service, given, |service, near, _| {
                    vec![(MeshService::of_service(service, near, domain), 1)]
                });
                registry
                    .all
                    .extend(made.services.iter().map(|(service, _)| Arc::clone(service)));
                registry.of_services.insert(key.clone(), made);
            }
        }
        registry.all.sort_by(|a, b| a.order(b));
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
        for service in &self.all {
            let same_host = self.by_host.entry(service.host.clone()).or_default();
            match same_host.iter_mut().find(|other| other.namespace == service.namespace) {
                None => same_host.push(Arc::clone(service)),
                Some(kept) if !kept.source.is_kubernetes() && service.source.is_kubernetes() => {
                    *kept = Arc::clone(service);
                }
                Some(_) => {}
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
        self.by_host.get(host).map_or(&[], Vec::as_slice)
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
