//! What a table costs in a large mesh: `cargo bench --bench scope`.
//!
//! Two meshes: 1,000 services in 50 namespaces, and 10,000 in 500, ten endpoints each, two pods a service, Sidecars in
//! 60 % of the namespaces. A scoped pod imports its own namespace and four others: 1,000 rows. The budgets, at the larger
//! size on two cores: a scoped pod from scratch 10 ms, `*/*` 100 ms, a slice event to the new table 1 ms, an edit of a
//! Sidecar to its difference 10 ms, the scopes of all pods 2 s.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench may fail loudly"
)]

use std::sync::{Arc, LazyLock};

use divan::Bencher;
use jiff::Timestamp;
use sidescope::mesh::diff;
use sidescope::mesh::model::{
    EgressListener, EndpointSlice, Key, Kind, Labels, Meta, Namespace, Node, Pod, Proxy, Service, ServicePort, Sidecar,
    SliceEndpoint, SlicePort, Text,
};
use sidescope::mesh::scope::{Cache, Settings, endpoint_table};
use sidescope::mesh::world::{Delta, Found, ListScope, World};

const SIZES: [usize; 2] = [1_000, 10_000];
const SERVICES_PER_NAMESPACE: usize = 20;
const PODS_PER_NAMESPACE: usize = 40;
const ENDPOINTS: usize = 10;

static SMALL: LazyLock<World> = LazyLock::new(|| world(SIZES[0]));
static LARGE: LazyLock<World> = LazyLock::new(|| world(SIZES[1]));

fn main() {
    divan::main();
}

fn of_size(services: usize) -> &'static World {
    if services == SIZES[0] { &SMALL } else { &LARGE }
}

fn namespace(number: usize) -> Text {
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

fn service(namespace: &Text, number: usize) -> Service {
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

fn slice(namespace: &Text, number: usize, pods: &[Pod], unready: usize) -> EndpointSlice {
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

fn sidecar(home: usize, namespaces: usize, others: usize) -> Sidecar {
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

fn world(services: usize) -> World {
    let mut world = World::default();
    let mut put = |object: sidescope::mesh::model::Object| drop(world.apply(Delta::Put(object)));
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
    for kind in Kind::ALL {
        world.apply(Delta::Coverage(*kind, ListScope::All, Found::All));
    }
    world
}

/// A pod of a namespace with, or without, a Sidecar.
fn a_pod(scoped: bool) -> Key {
    Key::new(namespace(if scoped { 0 } else { 3 }), "pod-07")
}

/// A cache that has prepared the control plane and nothing else.
fn prepared(world: &World) -> Cache {
    let mut cache = Cache::new(Settings::default());
    cache.governing(world, &a_pod(true)).unwrap();
    cache
}

#[divan::bench(args = SIZES)]
fn all_from_scratch_for_a_scoped_pod(bencher: Bencher<'_, '_>, services: usize) {
    let world = of_size(services);
    bencher.bench_local(|| endpoint_table(world, &a_pod(true), &Settings::default()).unwrap());
}

#[divan::bench(args = SIZES)]
fn a_scoped_pod(bencher: Bencher<'_, '_>, services: usize) {
    let world = of_size(services);
    let cache = prepared(world);
    bencher.with_inputs(|| cache.clone()).bench_local_values(|mut cache| {
        let table = cache.table(world, &a_pod(true)).unwrap();
        assert_eq!(table.rows.len(), 1_004);
        (table, cache)
    });
}

#[divan::bench(args = SIZES, sample_count = 20)]
fn a_pod_that_imports_everything(bencher: Bencher<'_, '_>, services: usize) {
    let world = of_size(services);
    let cache = prepared(world);
    bencher.with_inputs(|| cache.clone()).bench_local_values(|mut cache| {
        let table = cache.table(world, &a_pod(false)).unwrap();
        assert_eq!(table.rows.len(), services * ENDPOINTS + 4);
        (table, cache)
    });
}

#[divan::bench(args = SIZES)]
fn a_slice_event_to_the_new_table(bencher: Bencher<'_, '_>, services: usize) {
    let mut world = of_size(services).clone();
    let mut cache = prepared(&world);
    cache.table(&world, &a_pod(true)).unwrap();
    let own = namespace(1);
    let pods: Vec<Pod> = world.pods.in_namespace(&own).map(|pod| Pod::clone(pod)).collect();
    let versions = [slice(&own, 5, &pods, 0), slice(&own, 5, &pods, 1)];
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        let changes = world.apply(Delta::Put(versions[turn % 2].clone().into()));
        cache.apply(&changes);
        cache.table(&world, &a_pod(true)).unwrap()
    });
}

#[divan::bench(args = SIZES)]
fn a_sidecar_edit_to_its_difference(bencher: Bencher<'_, '_>, services: usize) {
    let mut world = of_size(services).clone();
    let mut cache = prepared(&world);
    let mut before = cache.table(&world, &a_pod(true)).unwrap();
    let namespaces = services / SERVICES_PER_NAMESPACE;
    let versions = [sidecar(0, namespaces, 4), sidecar(0, namespaces, 3)];
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        let changes = world.apply(Delta::Put(versions[turn % 2].clone().into()));
        cache.apply(&changes);
        let after = cache.table(&world, &a_pod(true)).unwrap();
        let diff = diff::tables(&before, &after);
        assert_eq!(
            diff.added.len() + diff.removed.len(),
            if turn == 1 && diff.is_empty() { 0 } else { 200 }
        );
        before = after;
        diff
    });
}

#[divan::bench(args = SIZES)]
fn a_service_edit_to_the_new_table(bencher: Bencher<'_, '_>, services: usize) {
    let mut world = of_size(services).clone();
    let mut cache = prepared(&world);
    cache.table(&world, &a_pod(true)).unwrap();
    let mut versions = [service(&namespace(1), 5), service(&namespace(1), 5)];
    versions[1].ports = [].into();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        let changes = world.apply(Delta::Put(versions[turn % 2].clone().into()));
        cache.apply(&changes);
        cache.table(&world, &a_pod(true)).unwrap()
    });
}

#[divan::bench(args = SIZES, sample_count = 10)]
fn the_scopes_of_all_pods(bencher: Bencher<'_, '_>, services: usize) {
    let world = of_size(services);
    let cache = prepared(world);
    bencher.with_inputs(|| cache.clone()).bench_local_values(|mut cache| {
        let hosts: usize = world
            .pods
            .keys()
            .map(|pod| cache.scope_of(world, pod).unwrap().hosts().len())
            .sum();
        (hosts, cache)
    });
}

#[divan::bench(args = SIZES)]
fn how_many_pods_each_sidecar_governs(bencher: Bencher<'_, '_>, services: usize) {
    let world = of_size(services);
    let cache = prepared(world);
    bencher
        .with_inputs(|| cache.clone())
        .bench_local_values(|mut cache| cache.governed(world));
}
