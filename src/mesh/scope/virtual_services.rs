//! `VirtualServices` bound to the mesh: delegates merged in, short names expanded, by who may see them (§5.1).
//!
//! istio: `pilot/pkg/model/virtualservice_controller.go`, `virtualservice.go`, `push_context.go`
//! (`initVirtualServices`). Routes of the Gateway API that hang on a Service are `VirtualServices` too ([`super::gamma`]).

mod delegate;

use std::sync::Arc;

use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::mesh::model::{Destination, HttpMatch, HttpRoute, Key, Kind, Text, VirtualService};
use crate::mesh::world::World;

use self::delegate::merge_matches;
use super::discovery::Discovery;
use super::export::ExportTo;
use super::flags::Flags;
use super::gamma;
use super::host::resolve_short_name;
use super::mesh_settings::Mesh;

/// A VirtualService as listeners see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MeshVirtualService {
    /// The object it comes from.
    pub(crate) source: (Kind, Key),
    /// Of the object.
    pub(crate) namespace: Text,
    /// Ties of age go by name, then namespace.
    pub(crate) created: Option<Timestamp>,
    /// In full.
    pub(crate) hosts: Vec<Text>,
    /// It is a Gateway API route, whose host must lie within the imported name.
    pub(crate) is_route: bool,
    /// Where its routes send.
    pub(crate) routes: Vec<Route>,
}

/// One route of a VirtualService, as far as it imports services.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Route {
    /// `sourceNamespace` of its matches in order, where given.
    source_namespaces: Vec<Text>,
    /// Host in full and port; 0 means every port.
    destinations: Vec<(Text, u32)>,
}

impl Route {
    /// A route to these destinations for clients of every namespace.
    pub(crate) fn to(destinations: Vec<(Text, u32)>) -> Self {
        Self {
            source_namespaces: Vec::new(),
            destinations,
        }
    }

    /// Whether it counts for clients in this namespace. Quirk: a match without `sourceNamespace` changes nothing.
    ///
    /// istio: `virtualServiceDestinationsFilteredBySourceNamespace`.
    fn is_for(&self, namespace: &str) -> bool {
        self.source_namespaces.is_empty() || self.source_namespaces.iter().any(|source| *source == namespace)
    }
}

impl MeshVirtualService {
    /// Whether any of its routes is for clients in this namespace: one that only redirects counts too.
    pub(crate) fn has_routes_for(&self, namespace: &str) -> bool {
        self.routes.iter().any(|route| route.is_for(namespace))
    }

    /// The ports asked for of each destination host, for clients in this namespace; 0 stands for every port.
    pub(crate) fn destinations(&self, namespace: &str) -> Vec<(&Text, Vec<u32>)> {
        let mut hosts: Vec<(&Text, Vec<u32>)> = Vec::new();
        let routes = self.routes.iter().filter(|route| route.is_for(namespace));
        for (host, port) in routes.flat_map(|route| &route.destinations) {
            match hosts.iter_mut().find(|(known, _)| *known == host) {
                Some((_, ports)) => ports.push(*port),
                None => hosts.push((host, vec![*port])),
            }
        }
        hosts
    }
}

/// `VirtualServices` bound to `mesh`, by visibility, each list by age.
#[derive(Clone, Debug, Default)]
pub(crate) struct VirtualServices {
    private: FxHashMap<Text, Vec<Arc<MeshVirtualService>>>,
    exported: FxHashMap<Text, Vec<Arc<MeshVirtualService>>>,
    public: Vec<Arc<MeshVirtualService>>,
    /// Those that no sidecar looks at.
    aside: Vec<(Arc<MeshVirtualService>, Aside)>,
    /// Hosts that `VirtualServices` of each gateway (`namespace/name`) send to.
    by_gateway: FxHashMap<Text, Vec<Text>>,
    /// There are routes of the mesh that are left out, since it is not known whether istiod reads their kind.
    pub(crate) leaves_routes_out: bool,
}

/// Why no sidecar looks at a VirtualService.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Aside {
    /// It is bound to gateways only.
    OfGateway,
    /// It is exported to nobody.
    Unexported,
    /// It has no hosts, and is the delegate of none.
    NoRoot,
}

/// What the preparation of `VirtualServices` needs besides them.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a World,
    pub(crate) mesh: &'a Mesh,
    pub(crate) flags: &'a Flags,
    pub(crate) discovery: &'a Discovery,
}

impl VirtualServices {
    /// Every VirtualService that istiod takes notice of.
    pub(crate) fn of(context: &Context<'_>) -> Self {
        let mut prepared: Vec<(Arc<MeshVirtualService>, ExportTo)> = Vec::new();
        let mut index = Self {
            leaves_routes_out: gamma::leaves_routes_out(context),
            ..Self::default()
        };
        let mut merged: FxHashSet<Key> = FxHashSet::default();
        for object in context.world.virtual_services.iter() {
            if object.hosts.is_empty() || !context.discovery.has(Kind::VirtualService, &object.meta) {
                continue;
            }
            let namespace = &object.meta.key.namespace;
            let service = prepare(context, object, &mut merged);
            index.note_gateways(context, object, &service);
            if object.gateways.is_empty() || object.gateways.iter().any(|gateway| *gateway == "mesh") {
                let export = ExportTo::from(&*object.export_to);
                let export = export
                    .or(&context.mesh.virtual_service_export_to)
                    .with_own_namespace(namespace);
                prepared.push((Arc::new(service), export));
            } else {
                index.aside.push((Arc::new(service), Aside::OfGateway));
            }
        }
        index.set_aside_delegates(context, &merged);
        for service in gamma::virtual_services(context) {
            let export = context
                .mesh
                .virtual_service_export_to
                .with_own_namespace(&service.namespace);
            prepared.push((Arc::new(service), export));
        }
        prepared.sort_by(|(a, _), (b, _)| {
            let by_name = || {
                a.source
                    .1
                    .name
                    .cmp(&b.source.1.name)
                    .then_with(|| a.namespace.cmp(&b.namespace))
            };
            a.created.cmp(&b.created).then_with(by_name)
        });
        for (service, export) in prepared {
            index.add(&service, &export);
        }
        index
    }

    fn add(&mut self, service: &Arc<MeshVirtualService>, export: &ExportTo) {
        if export.contains(ExportTo::PUBLIC) {
            self.public.push(Arc::clone(service));
            return;
        }
        if export.contains(ExportTo::NONE) {
            self.aside.push((Arc::clone(service), Aside::Unexported));
            return;
        }
        for namespace in export.iter() {
            let list = if *namespace == service.namespace {
                &mut self.private
            } else {
                &mut self.exported
            };
            list.entry(namespace.clone()).or_default().push(Arc::clone(service));
        }
    }

    /// Those without hosts that no other has `merged`.
    fn set_aside_delegates(&mut self, context: &Context<'_>, merged: &FxHashSet<Key>) {
        let all = context.world.virtual_services.iter();
        let lonely = all.filter(|object| object.hosts.is_empty() && !merged.contains(&object.meta.key));
        for object in lonely.filter(|object| context.discovery.has(Kind::VirtualService, &object.meta)) {
            let service = prepare(context, object, &mut FxHashSet::default());
            self.aside.push((Arc::new(service), Aside::NoRoot));
        }
    }

    fn note_gateways(&mut self, context: &Context<'_>, object: &VirtualService, service: &MeshVirtualService) {
        if !context.flags.filter_gateway_clusters {
            return;
        }
        for gateway in object.gateways.iter().filter(|gateway| **gateway != "mesh") {
            let name = resolve_gateway(gateway, &object.meta.key.namespace);
            let hosts = match name.split_once('/') {
                Some((home, _)) if context.flags.scope_gateways => service.destinations(home),
                Some(_) | None => service.destinations_of_all(),
            };
            let hosts = hosts.into_iter().map(|(host, _)| host.clone());
            self.by_gateway.entry(name).or_default().extend(hosts);
        }
    }

    /// The lists that a proxy of this namespace looks through, in this order: private, exported to it, public.
    pub(crate) fn seen_from(&self, namespace: &str) -> [&[Arc<MeshVirtualService>]; 3] {
        [
            self.private.get(namespace).map_or(&[], Vec::as_slice),
            self.exported.get(namespace).map_or(&[], Vec::as_slice),
            &self.public,
        ]
    }

    /// All that send to this host, for clients of any namespace; with why no sidecar looks at it. One that is exported
    /// to several namespaces comes as often.
    pub(crate) fn sending_to<'a>(
        &'a self,
        host: &'a Text,
    ) -> impl Iterator<Item = (&'a Arc<MeshVirtualService>, Option<Aside>)> {
        let seen = self
            .private
            .values()
            .chain(self.exported.values())
            .chain([&self.public]);
        let seen = seen.flatten().map(|service| (service, None));
        let aside = self.aside.iter().map(|(service, why)| (service, Some(*why)));
        seen.chain(aside).filter(move |(service, _)| service.sends_to(host))
    }

    /// Hosts that `VirtualServices` of a gateway (`namespace/name`) send to.
    pub(crate) fn destinations_of_gateway(&self, gateway: &str) -> &[Text] {
        self.by_gateway.get(gateway).map_or(&[], Vec::as_slice)
    }
}

impl MeshVirtualService {
    fn sends_to(&self, host: &Text) -> bool {
        let mut destinations = self.routes.iter().flat_map(|route| &route.destinations);
        destinations.any(|(known, _)| known == host)
    }

    fn destinations_of_all(&self) -> Vec<(&Text, Vec<u32>)> {
        let all = self.routes.iter().flat_map(|route| &route.destinations);
        all.map(|(host, port)| (host, vec![*port])).collect()
    }
}

/// A VirtualService with the routes of its delegates, which are added to `merged`.
fn prepare(context: &Context<'_>, object: &VirtualService, merged: &mut FxHashSet<Key>) -> MeshVirtualService {
    let key = &object.meta.key;
    let domain = &context.flags.domain;
    let mut routes: Vec<Route> = Vec::new();
    for route in object.http.iter() {
        match &route.delegate {
            None => routes.push(http_route(route, &[], &route.matches, &key.namespace, domain)),
            Some(delegate) => {
                let namespace = if delegate.namespace.is_empty() {
                    &key.namespace
                } else {
                    &delegate.namespace
                };
                let target = Key::new(namespace.clone(), delegate.name.clone());
                let before = routes.len();
                routes.extend(delegated_routes(context, key, route, &target));
                if routes.len() > before {
                    merged.insert(target);
                }
            }
        }
    }
    let l4 = object.tcp.iter().chain(object.tls.iter());
    routes.extend(l4.map(|list| Route::to(resolve_all(list.iter(), &key.namespace, domain))));
    MeshVirtualService {
        source: (Kind::VirtualService, key.clone()),
        namespace: key.namespace.clone(),
        created: object.meta.created,
        hosts: object
            .hosts
            .iter()
            .map(|host| resolve_short_name(host, &key.namespace, domain))
            .collect(),
        is_route: false,
        routes,
    }
}

/// The routes of a delegate that fit into the root's route; none if the delegate is missing or not exported to it.
fn delegated_routes(context: &Context<'_>, root: &Key, route: &HttpRoute, target: &Key) -> Vec<Route> {
    let found = context.world.virtual_services.get(target).filter(|delegate| {
        let export = ExportTo::from(&*delegate.export_to);
        let export = export
            .or(&context.mesh.virtual_service_export_to)
            .with_own_namespace(&target.namespace);
        let is_visible = export.contains(ExportTo::PUBLIC) || export.contains(&root.namespace);
        delegate.hosts.is_empty() && is_visible && context.discovery.has(Kind::VirtualService, &delegate.meta)
    });
    let Some(delegate) = found else {
        return Vec::new();
    };
    let domain = &context.flags.domain;
    let gateways = |namespace: &Text| {
        let namespace = namespace.clone();
        move |gateway: &Text| match gateway.as_str() {
            "mesh" => gateway.clone(),
            _ => resolve_gateway(gateway, &namespace),
        }
    };
    let merged = |inner: &HttpRoute| {
        let outer_gateways = gateways(&root.namespace);
        let inner_gateways = gateways(&target.namespace);
        let matches = merge_matches(&route.matches, &outer_gateways, &inner.matches, &inner_gateways)?;
        let mut mirrors = Vec::new();
        if inner.mirror.is_none() {
            mirrors.extend(resolve_all(route.mirror.iter(), &root.namespace, domain));
        }
        if inner.mirrors.is_empty() {
            mirrors.extend(resolve_all(route.mirrors.iter(), &root.namespace, domain));
        }
        Some(http_route(inner, &mirrors, &matches, &target.namespace, domain))
    };
    delegate.http.iter().filter_map(merged).collect()
}

fn http_route(route: &HttpRoute, more: &[(Text, u32)], matches: &[HttpMatch], namespace: &str, domain: &str) -> Route {
    let all = route
        .destinations
        .iter()
        .chain(&route.mirror)
        .chain(route.mirrors.iter());
    let mut destinations = resolve_all(all, namespace, domain);
    destinations.extend_from_slice(more);
    let given = matches
        .iter()
        .map(|one| &one.source_namespace)
        .filter(|source| !source.is_empty());
    Route {
        source_namespaces: given.cloned().collect(),
        destinations,
    }
}

fn resolve_all<'a>(
    destinations: impl Iterator<Item = &'a Destination>,
    namespace: &str,
    domain: &str,
) -> Vec<(Text, u32)> {
    let resolve = |to: &Destination| (resolve_short_name(&to.host, namespace, domain), to.port.unwrap_or(0));
    destinations.map(resolve).collect()
}

/// A gateway's name as `namespace/name`.
///
/// istio: `resolveGatewayName`.
pub(crate) fn resolve_gateway(gateway: &Text, namespace: &str) -> Text {
    if let Some((before, name)) = gateway.split_once('/') {
        return if before == "." {
            Text::from(format!("{namespace}/{name}"))
        } else {
            gateway.clone()
        };
    }
    match gateway.split_once('.') {
        None => Text::from(format!("{namespace}/{gateway}")),
        Some((name, rest)) => {
            let home = rest.split('.').next().unwrap_or_default();
            Text::from(format!("{home}/{name}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_for_another_namespace_drops_a_route_even_beside_an_open_match() {
        let route = Route {
            source_namespaces: vec!["other".into()],
            destinations: Vec::new(),
        };
        assert!(!route.is_for("shop"));
        assert!(route.is_for("other"));
        assert!(Route::default().is_for("shop"));
    }

    #[test]
    fn gateways_are_named_in_all_three_ways() {
        let resolve = |name: &str| resolve_gateway(&Text::from(name), "shop").to_string();
        assert_eq!(resolve("gw"), "shop/gw");
        assert_eq!(resolve("./gw"), "shop/gw");
        assert_eq!(resolve("infra/gw"), "infra/gw");
        assert_eq!(resolve("gw.infra.svc.cluster.local"), "infra/gw");
    }
}
