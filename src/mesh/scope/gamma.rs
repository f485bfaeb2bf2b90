//! Gateway API routes that hang on a Service or a ServiceEntry: istiod turns them into `VirtualServices` of the mesh.
//!
//! One VirtualService a route and host; istiod merges those of one host, which changes no row. istio:
//! `pilot/pkg/config/kube/gateway/route_collections.go`, `conversion.go`.

use crate::mesh::model::{BackendRef, Key, Kind, Meta, ParentRef, RouteRule, RouteSpec, Text};

use super::host::service_host;
use super::virtual_services::{Context, MeshVirtualService, Route};

/// All of them, in no order that means anything.
pub(crate) fn virtual_services(context: &Context<'_>) -> Vec<MeshVirtualService> {
    let mut services = Vec::new();
    if !context.flags.gateway_api {
        return services;
    }
    let world = context.world;
    let mut add = |kind: Kind, meta: &Meta, spec: &RouteSpec| {
        if context.discovery.has(kind, meta) {
            services.extend(of_route(context, kind, meta, spec));
        }
    };
    world
        .http_routes
        .iter()
        .for_each(|route| add(Kind::HTTPRoute, &route.meta, &route.spec));
    world
        .grpc_routes
        .iter()
        .for_each(|route| add(Kind::GRPCRoute, &route.meta, &route.spec));
    if context.flags.reads_tls_routes {
        world
            .tls_routes
            .iter()
            .for_each(|route| add(Kind::TLSRoute, &route.meta, &route.spec));
    }
    if context.flags.reads_tcp_routes {
        world
            .tcp_routes
            .iter()
            .for_each(|route| add(Kind::TCPRoute, &route.meta, &route.spec));
    }
    services
}

/// Whether there is a `TCPRoute` that would count if the version of its definition were known to be high enough.
pub(crate) fn leaves_routes_out(context: &Context<'_>) -> bool {
    let flags = context.flags;
    let mut routes = context.world.tcp_routes.iter();
    let is_of_mesh = |parent: &ParentRef, route: &Key| !hosts_of(context, parent, route).is_empty();
    flags.gateway_api
        && !flags.reads_tcp_routes
        && routes.any(|route| {
            let mut parents = route.spec.parents.iter();
            context.discovery.has(Kind::TCPRoute, &route.meta) && parents.any(|one| is_of_mesh(one, &route.meta.key))
        })
}

fn of_route(context: &Context<'_>, kind: Kind, meta: &Meta, spec: &RouteSpec) -> Vec<MeshVirtualService> {
    let hosts: Vec<Text> = spec
        .parents
        .iter()
        .flat_map(|parent| hosts_of(context, parent, &meta.key))
        .collect();
    if hosts.is_empty() {
        return Vec::new();
    }
    let Some(routes) = convert(context, kind, &meta.key, &spec.rules) else {
        return Vec::new();
    };
    let of_host = |host: Text| MeshVirtualService {
        source: (kind, meta.key.clone()),
        namespace: meta.key.namespace.clone(),
        created: meta.created,
        hosts: vec![host],
        is_route: true,
        routes: routes.clone(),
    };
    hosts.into_iter().map(of_host).collect()
}

/// The hosts that a parent stands for; none if it is a gateway or does not exist.
fn hosts_of(context: &Context<'_>, parent: &ParentRef, route: &Key) -> Vec<Text> {
    let namespace = parent.namespace.as_ref().unwrap_or(&route.namespace);
    let key = Key::new(namespace.clone(), parent.name.clone());
    if !context.discovery.has_namespace(namespace) {
        return Vec::new();
    }
    match (parent.group.as_deref(), parent.kind.as_deref()) {
        (Some(""), Some("Service")) => {
            let found = context.world.services.get(&key);
            found
                .map(|_| service_host(&key.name, namespace, &context.flags.domain))
                .into_iter()
                .collect()
        }
        (Some("networking.istio.io"), Some("ServiceEntry")) => {
            let found = context.world.service_entries.get(&key);
            let found = found.filter(|entry| context.discovery.has(Kind::ServiceEntry, &entry.meta));
            found.map(|entry| entry.hosts.to_vec()).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// `None` if istiod refuses the whole route.
fn convert(context: &Context<'_>, kind: Kind, route: &Key, rules: &[RouteRule]) -> Option<Vec<Route>> {
    rules
        .iter()
        .map(|rule| convert_rule(context, kind, route, rule))
        .collect()
}

fn convert_rule(context: &Context<'_>, kind: Kind, route: &Key, rule: &RouteRule) -> Option<Route> {
    let is_http = matches!(kind, Kind::HTTPRoute | Kind::GRPCRoute);
    if is_http && rule.has_refused_filter {
        return None;
    }
    let mut destinations = Vec::new();
    let mut add = |backend: &BackendRef| {
        match destination(context, route, backend) {
            Backend::Sends(host, port) => destinations.push((host, port)),
            Backend::Nowhere => {}
            Backend::Refused => return None,
        }
        Some(())
    };
    let total: i64 = rule.backends.iter().map(|backend| i64::from(backend.weight)).sum();
    if total != 0 || rule.redirects {
        for backend in rule.backends.iter().filter(|backend| backend.weight != 0) {
            add(backend)?;
        }
    }
    if is_http {
        for mirror in rule.mirrors.iter() {
            // A mirror that istiod refuses is left out; the route stays.
            let _refused = add(mirror).is_none();
        }
    }
    Some(Route::to(destinations))
}

/// Where a backend sends.
enum Backend {
    /// To this host and port.
    Sends(Text, u32),
    /// It names nothing that can be sent to.
    Nowhere,
    /// istiod refuses it.
    Refused,
}

fn destination(context: &Context<'_>, route: &Key, backend: &BackendRef) -> Backend {
    let namespace = backend.namespace.as_ref().unwrap_or(&route.namespace);
    let group = backend.group.as_deref().unwrap_or_default();
    let kind = backend.kind.as_deref().unwrap_or("Service");
    let host = match (group, kind) {
        ("", "Service") if backend.name.contains('.') => return Backend::Refused,
        ("", "Service") | ("multicluster.x-k8s.io", "ServiceImport") => {
            service_host(&backend.name, namespace, &context.flags.domain)
        }
        ("networking.istio.io", "Hostname") if backend.namespace.is_some() => return Backend::Refused,
        ("networking.istio.io", "Hostname") => backend.name.clone(),
        _ => return Backend::Nowhere,
    };
    backend.port.map_or(Backend::Refused, |port| Backend::Sends(host, port))
}
