//! A large mesh: services in namespaces of twenty, ten endpoints and two pods each, Sidecars in 60 % of the namespaces.
//!
//! 10,000 services are 500 namespaces, 20,000 pods and 300 Sidecars. A scoped pod imports its own namespace and four others:
//! 1,000 rows.

use std::sync::Arc;

use jiff::Timestamp;
use sidescope::mesh::model::{
    EgressListener, EndpointSlice, Key, Kind, Labels, Meta, Namespace, Node, Pod, Proxy, Service, ServicePort, Sidecar,
    SliceEndpoint, SlicePort, Text,
};
use sidescope::mesh::world::{Delta, Found, ListScope, World};

/// How many services.
pub(crate) const SIZES: [usize; 2] = [1_000, 10_000];
/// Of each namespace.
pub(crate) const SERVICES_PER_NAMESPACE: usize = 20;
/// Of each namespace.
pub(crate) const PODS_PER_NAMESPACE: usize = 40;
/// Of each service.
pub(crate) const ENDPOINTS: usize = 10;

/// A namespace by its number.
pub(crate) fn namespace(number: usize) -> Text {
    Text::from(format!("team-{number:03}"))
}

fn has_sidecar(number: usize) -> bool {
    number % 5 < 3
}

fn meta(namespace: &Text, name: String, labels: Labels) -> Meta {
    Meta {
        key: Key::new(namespace.clone(), name),
        created: Timestamp::from_second(1_700_000_000).ok(),
        labels,
        ..Meta::default()
    }
}

fn pod(namespace: &Text, home: usize, number: usize, proxy: &Arc<Proxy>) -> Pod {
    let app = format!("app-{:02}", number / 2);
    let ip = format!("10.{}.{}.{}", home / 250, home % 250, number + 1);
    Pod {
        meta: meta(
            namespace,
            format!("pod-{number:02}"),
            Labels::from([("app", app.as_str()), ("version", "v1")]),
        ),
        node: Text::from(format!("node-{:02}", number % 50)),
        phase: "Running".into(),
        ips: [Text::from(ip)].into(),
        ready: true,
        proxy: Some(Arc::clone(proxy)),
        ..Pod::default()
    }
}

/// A service of a namespace.
pub(crate) fn service(namespace: &Text, number: usize) -> Service {
    Service {
        meta: meta(namespace, format!("app-{number:02}"), Labels::default()),
        service_type: "ClusterIP".into(),
        cluster_ips: ["10.96.0.1".into()].into(),
        ports: [ServicePort {
            name: "http".into(),
            number: 80,
            protocol: "TCP".into(),
            app_protocol: None,
            target: None,
            node_port: 0,
        }]
        .into(),
        ..Service::default()
    }
}

/// Its slice; the first endpoints are unready.
pub(crate) fn slice(namespace: &Text, number: usize, pods: &[Pod], unready: usize) -> EndpointSlice {
    let endpoints = (0..ENDPOINTS).map(|index| {
        let pod = &pods[(number * 2 + index) % pods.len()];
        SliceEndpoint {
            addresses: Arc::clone(&pod.ips),
            ready: Some(index >= unready),
            serving: Some(true),
            terminating: Some(false),
            pod: Some(pod.meta.key.clone()),
            node: pod.node.clone(),
            zone: Text::default(),
        }
    });
    EndpointSlice {
        meta: meta(namespace, format!("app-{number:02}-x"), Labels::default()),
        service: Text::from(format!("app-{number:02}")),
        address_type: "IPv4".into(),
        ports: [SlicePort {
            name: "http".into(),
            number: 8080,
        }]
        .into(),
        endpoints: endpoints.collect(),
    }
}

/// The Sidecar of a namespace, which imports so many others.
pub(crate) fn sidecar(home: usize, namespaces: usize, others: usize) -> Sidecar {
    let own = namespace(home);
    let hosts = (1..=others).map(|step| Text::from(format!("{}/*", namespace((home + step) % namespaces))));
    Sidecar {
        meta: meta(&own, "default".to_owned(), Labels::default()),
        egress: [EgressListener {
            hosts: [Text::from("./*")].into_iter().chain(hosts).collect(),
            ..EgressListener::default()
        }]
        .into(),
        ..Sidecar::default()
    }
}

/// The mesh.
pub(crate) fn world(services: usize) -> World {
    let mut world = World::default();
    for delta in deltas(services) {
        world.apply(delta);
    }
    world
}

/// What it is made of, complete at the end.
pub(crate) fn deltas(services: usize) -> Vec<Delta> {
    let mut deltas = Vec::new();
    let mut put = |object: sidescope::mesh::model::Object| deltas.push(Delta::Put(object));
    let proxy = Arc::new(Proxy::default());
    for number in 0..50 {
        let labels = Labels::from([
            ("topology.kubernetes.io/region", "eu-1"),
            ("topology.kubernetes.io/zone", ["eu-1a", "eu-1b"][number % 2]),
        ]);
        let meta = meta(&Text::default(), format!("node-{number:02}"), labels);
        put(Node { meta }.into());
    }
    let namespaces = services / SERVICES_PER_NAMESPACE;
    for home in 0..namespaces {
        let own = namespace(home);
        let key = meta(&Text::default(), own.to_string(), Labels::default());
        put(Namespace {
            meta: key,
            terminating: false,
        }
        .into());
        let pods: Vec<Pod> = (0..PODS_PER_NAMESPACE)
            .map(|number| pod(&own, home, number, &proxy))
            .collect();
        for number in 0..SERVICES_PER_NAMESPACE {
            put(service(&own, number).into());
            put(slice(&own, number, &pods, 0).into());
        }
        for pod in pods {
            put(pod.into());
        }
        if has_sidecar(home) {
            put(sidecar(home, namespaces, 4).into());
        }
    }
    let complete = |kind: &Kind| Delta::Coverage(*kind, ListScope::All, Found::All);
    deltas.extend(Kind::ALL.iter().map(complete));
    deltas
}
