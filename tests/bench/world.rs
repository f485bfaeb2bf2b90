//! What the world, its past and its differences cost: `cargo bench --bench world`.
//!
//! Allocations are counted: what a bench of building keeps is what the objects' tables hold beside the objects.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench may fail loudly"
)]

use std::sync::Arc;

use divan::{AllocProfiler, Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use sidescope::mesh::diff;
use sidescope::mesh::history::{History, Seq};
use sidescope::mesh::model::{EndpointSlice, Interner, Key, Kind, Meta, Object, Pod, SliceEndpoint, SlicePort, Text};
use sidescope::mesh::scope::{
    Address, Backend, Class, Cluster, Direction, EndpointTable, Governing, Health, PlaneName, Row, Why,
};
use sidescope::mesh::world::{Delta, Found, ListScope, World};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const PODS: usize = 100_000;
const SLICES: usize = 10_000;

fn main() {
    divan::main();
}

fn pod(names: &mut Interner, n: usize, ready: bool) -> Object {
    Pod {
        meta: Meta {
            key: Key {
                namespace: names.text(&format!("ns-{}", n % 500)),
                name: names.text(&format!("reviews-v{}-{n}", n % 20)),
            },
            labels: names.labels([
                ("app", "reviews"),
                ("version", if n.is_multiple_of(2) { "v1" } else { "v2" }),
            ]),
            ..Meta::default()
        },
        ips: [names.text(&format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255))].into(),
        node: names.text(&format!("node-{}", n % 200)),
        ready,
        ..Pod::default()
    }
    .into()
}

fn pods(ready: bool) -> Vec<Object> {
    let mut names = Interner::default();
    (0..PODS).map(|n| pod(&mut names, n, ready)).collect()
}

/// Slices of ten endpoints, as a service of ten pods has.
fn slices(names: &mut Interner) -> Vec<Object> {
    let slice = |n: usize, names: &mut Interner| -> Object {
        let namespace = names.text(&format!("ns-{}", n % 500));
        let endpoint = |at: usize, names: &mut Interner| SliceEndpoint {
            addresses: [names.text(&format!("10.{}.{}.{at}", n >> 8, n & 255))].into(),
            ready: Some(true),
            node: names.text(&format!("node-{}", at % 200)),
            ..SliceEndpoint::default()
        };
        EndpointSlice {
            meta: Meta {
                key: Key {
                    namespace: namespace.clone(),
                    name: names.text(&format!("service-{n}-abcde")),
                },
                ..Meta::default()
            },
            service: names.text(&format!("service-{n}")),
            address_type: names.text("IPv4"),
            ports: [SlicePort {
                name: names.text("http"),
                number: 8080,
            }]
            .into(),
            endpoints: (0..10).map(|at| endpoint(at, names)).collect(),
        }
        .into()
    };
    (0..SLICES).map(|n| slice(n, names)).collect()
}

fn world_of(objects: &[Object]) -> World {
    let mut world = World::default();
    for object in objects {
        world.apply(Delta::Put(object.clone()));
    }
    world
}

fn settled() -> (World, History) {
    let (mut world, mut history) = (World::default(), History::default());
    for kind in Kind::ALL {
        history.apply(&mut world, at(0), Delta::Coverage(*kind, ListScope::All, Found::All));
    }
    (world, history)
}

fn at(second: usize) -> Timestamp {
    let seconds = SignedDuration::from_secs(i64::try_from(second).unwrap());
    Timestamp::from_second(1_700_000_000).unwrap() + seconds
}

/// The first list of 100,000 pods: what it allocates and keeps is the table's own cost.
#[divan::bench(sample_count = 10)]
fn put_100_000_new_pods(bencher: Bencher<'_, '_>) {
    let pods = pods(true);
    bencher.bench(|| world_of(&pods));
}

/// A list after a gap that finds every pod as it was.
#[divan::bench(sample_count = 10)]
fn list_100_000_equal_pods_again(bencher: Bencher<'_, '_>) {
    let (known, again) = (pods(true), pods(true));
    let mut world = world_of(&known);
    bencher.bench_local(|| {
        world.apply(Delta::ListStart(Kind::Pod, ListScope::All));
        let changes: usize = again.iter().map(|pod| world.apply(Delta::Put(pod.clone())).len()).sum();
        changes + world.apply(Delta::ListEnd(Kind::Pod, ListScope::All)).len()
    });
}

/// Every pod changes, with a journal and a snapshot held from before.
#[divan::bench(sample_count = 10)]
fn change_100_000_pods_with_history(bencher: Bencher<'_, '_>) {
    let sides = [pods(true), pods(false)];
    bencher
        .with_inputs(|| {
            let (_, history) = settled();
            (world_of(&sides[0]), history)
        })
        .bench_local_values(|(mut world, mut history)| {
            let snapshot = world.clone();
            for (n, pod) in sides[1].iter().enumerate() {
                history.apply(&mut world, at(n / 1_000), Delta::Put(pod.clone()));
            }
            (world, history, snapshot)
        });
}

#[divan::bench(sample_count = 10)]
fn put_10_000_slices_of_10(bencher: Bencher<'_, '_>) {
    let slices = slices(&mut Interner::default());
    bencher.bench(|| world_of(&slices));
}

#[divan::bench]
fn snapshot(bencher: Bencher<'_, '_>) {
    let world = world_of(&pods(true));
    bencher.bench(|| black_box(&world).clone());
}

/// The world as it was 1,000 changes ago.
#[divan::bench]
fn world_1_000_changes_ago(bencher: Bencher<'_, '_>) {
    let (mut world, mut history) = settled();
    for pod in pods(true).into_iter().chain(pods(false).into_iter().take(1_000)) {
        history.apply(&mut world, at(1), Delta::Put(pod));
    }
    let then = Seq(history.journal().head().0 - 1_000);
    bencher.bench(|| history.journal().world_at(&world, then).unwrap());
}

fn table(rows: usize, unlike: usize) -> EndpointTable {
    let why = Arc::new(Why::default());
    let backend = Arc::new(Backend::default());
    let mut found: Vec<Row> = (0..rows)
        .map(|n| Row {
            address: Address::Socket(format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255).into(), 8080),
            health: if unlike > 0 && n.is_multiple_of(unlike) {
                Health::Unhealthy
            } else {
                Health::Healthy
            },
            cluster: Arc::new(Cluster::Traffic {
                direction: Direction::Outbound,
                port: 8080,
                subset: Text::default(),
                host: format!("service-{}.ns-{}.svc.cluster.local", n / 10, n % 500).into(),
            }),
            class: Class::Exact,
            why: Arc::clone(&why),
            backend: Arc::clone(&backend),
        })
        .collect();
    found.sort_by(Row::order);
    EndpointTable {
        pod: Key::new("shop", "reviews"),
        plane: PlaneName {
            revision: "default".into(),
            version: "1.31.0".into(),
            namespace: "istio-system".into(),
            assumed: false,
        },
        governing: Governing::BuiltIn,
        rows: found.into(),
        hosts: Arc::new([]),
        gaps: Arc::new([]),
        caveats: Arc::new([]),
    }
}

/// Two tables of which every hundredth row differs, nothing shared between them.
#[divan::bench(args = [1_000, 100_000], sample_count = 20)]
fn compare_tables(bencher: Bencher<'_, '_>, rows: usize) {
    let (before, after) = (table(rows, 0), table(rows, 100));
    bencher.bench(|| diff::tables(black_box(&before), black_box(&after)));
}
