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
    /// The VirtualService without hosts that it is written in, if that is another.
    delegate: Option<Key>,
}

impl Route {
    /// A route to these destinations for clients of every namespace.
    pub(crate) fn to(destinations: Vec<(Text, u32)>) -> Self {
        Self {
            destinations,
            ..Self::default()
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

    /// Its delegates whose routes send clients in this namespace to this host, in order.
    pub(crate) fn delegates_for(&self, namespace: &str, host: &str) -> Vec<Key> {
        let routes = self.routes.iter().filter(|route| route.delegate.is_some());
        let sending =
            routes.filter(|route| route.is_for(namespace) && route.destinations.iter().any(|(to, _)| *to == host));
        let mut delegates: Vec<Key> = sending.filter_map(|route| route.delegate.clone()).collect();
        delegates.dedup();
        delegates
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

/// Why no sidecar looks at a VirtualService, or at some of its routes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Aside {
    /// It is bound to gateways only.
    OfGateway,
    /// It is exported to nobody.
    Unexported,
    /// It has no hosts, and is the delegate of none.
    NoRoot,
    /// It has no hosts, and its matches do not fit into those of this one, which delegates to it.
    Unfit(Key),
    /// It has no hosts, and is not exported to this one, which delegates to it.
    Hidden(Key),
}

/// What became of delegates, of all roots together.
#[derive(Default)]
struct Delegated {
    /// Those that a root names, and of which there is something to say.
    named: FxHashSet<Key>,
    /// Routes that a root does not take, and why.
    refused: Vec<(Arc<MeshVirtualService>, Aside)>,
}

/// Routes of a delegate, as one root has them.
#[derive(Default)]
struct Delegation {
    taken: Vec<Route>,
    refused: Vec<Route>,
    /// Whether they are refused since the delegate is not exported to the root.
    is_hidden: bool,
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
        let mut delegated = Delegated::default();
        for object in context.world.virtual_services.iter() {
            if object.hosts.is_empty() || !context.discovery.has(Kind::VirtualService, &object.meta) {
                continue;
            }
            let namespace = &object.meta.key.namespace;
            let service = prepare(context, object, &mut delegated);
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
        index.set_aside_delegates(context, delegated);
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

    /// Those without hosts that no other names, and routes of delegates that are refused.
    fn set_aside_delegates(&mut self, context: &Context<'_>, delegated: Delegated) {
        self.aside.extend(delegated.refused);
        let all = context.world.virtual_services.iter();
        let lonely = all.filter(|object| object.hosts.is_empty() && !delegated.named.contains(&object.meta.key));
        for object in lonely.filter(|object| context.discovery.has(Kind::VirtualService, &object.meta)) {
            let service = prepare(context, object, &mut Delegated::default());
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
    ) -> impl Iterator<Item = (&'a Arc<MeshVirtualService>, Option<&'a Aside>)> {
        let seen = self
            .private
            .values()
            .chain(self.exported.values())
            .chain([&self.public]);
        let seen = seen.flatten().map(|service| (service, None));
        let aside = self.aside.iter().map(|(service, why)| (service, Some(why)));
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

/// A VirtualService with the routes of its delegates; what became of these is added to `delegated`.
fn prepare(context: &Context<'_>, object: &VirtualService, delegated: &mut Delegated) -> MeshVirtualService {
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
                let delegation = delegated_routes(context, key, route, &target);
                delegated.note(key, target, &delegation);
                routes.extend(delegation.taken);
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

impl Delegated {
    fn note(&mut self, root: &Key, target: Key, delegation: &Delegation) {
        if !delegation.refused.is_empty() {
            let service = MeshVirtualService {
                source: (Kind::VirtualService, target.clone()),
                namespace: target.namespace.clone(),
                created: None,
                hosts: Vec::new(),
                is_route: false,
                routes: delegation.refused.clone(),
            };
            let why = if delegation.is_hidden {
                Aside::Hidden
            } else {
                Aside::Unfit
            };
            self.refused.push((Arc::new(service), why(root.clone())));
        }
        if !(delegation.taken.is_empty() && delegation.refused.is_empty()) {
            self.named.insert(target);
        }
    }
}

/// The routes of a delegate: those that fit into the root's route, and the others, all if it is not exported to the root.
/// None if there is no such delegate.
fn delegated_routes(context: &Context<'_>, root: &Key, route: &HttpRoute, target: &Key) -> Delegation {
    let found =
        context.world.virtual_services.get(target).filter(|delegate| {
            delegate.hosts.is_empty() && context.discovery.has(Kind::VirtualService, &delegate.meta)
        });
    let Some(delegate) = found else {
        return Delegation::default();
    };
    let domain = &context.flags.domain;
    let alone = |inner: &HttpRoute| http_route(inner, &[], &inner.matches, &target.namespace, domain);
    let export = ExportTo::from(&*delegate.export_to);
    let export = export
        .or(&context.mesh.virtual_service_export_to)
        .with_own_namespace(&target.namespace);
    if !export.contains(ExportTo::PUBLIC) && !export.contains(&root.namespace) {
        return Delegation {
            refused: delegate.http.iter().map(alone).collect(),
            is_hidden: true,
            ..Delegation::default()
        };
    }
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
        let route = http_route(inner, &mirrors, &matches, &target.namespace, domain);
        Some(Route {
            delegate: Some(target.clone()),
            ..route
        })
    };
    let mut delegation = Delegation::default();
    for inner in delegate.http.iter() {
        match merged(inner) {
            Some(route) => delegation.taken.push(route),
            None => delegation.refused.push(alone(inner)),
        }
    }
    delegation
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
        delegate: None,
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
            ..Route::default()
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
