//! What a table costs in a large mesh: `cargo bench --bench scope`.
//!
//! Two meshes ([`large`]): of 1,000 services in 50 namespaces, and of 10,000 in 500. The budgets hold for the larger on two
//! cores, and are printed with the names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench may fail loudly"
)]

mod large;

use std::sync::LazyLock;

use divan::Bencher;
use sidescope::mesh::diff;
use sidescope::mesh::model::{Key, Pod};
use sidescope::mesh::scope::{Cache, Settings, endpoint_table};
use sidescope::mesh::world::{Delta, World};

use large::{ENDPOINTS, SERVICES_PER_NAMESPACE, SIZES, namespace, service, sidecar, slice, world};

static SMALL: LazyLock<World> = LazyLock::new(|| world(SIZES[0]));
static LARGE: LazyLock<World> = LazyLock::new(|| world(SIZES[1]));

fn main() {
    divan::main();
}

fn of_size(services: usize) -> &'static World {
    if services == SIZES[0] { &SMALL } else { &LARGE }
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

#[divan::bench(name = "all_from_scratch_for_a_scoped_pod (budget 10 ms)", args = SIZES)]
fn all_from_scratch_for_a_scoped_pod(bencher: Bencher<'_, '_>, services: usize) {
    let world = of_size(services);
    bencher.bench_local(|| endpoint_table(world, &a_pod(true), &Settings::default()).unwrap());
}

#[divan::bench(name = "a_scoped_pod (budget 10 ms)", args = SIZES)]
fn a_scoped_pod(bencher: Bencher<'_, '_>, services: usize) {
    let world = of_size(services);
    let cache = prepared(world);
    bencher.with_inputs(|| cache.clone()).bench_local_values(|mut cache| {
        let table = cache.table(world, &a_pod(true)).unwrap();
        assert_eq!(table.rows.len(), 1_004);
        (table, cache)
    });
}

#[divan::bench(name = "a_pod_that_imports_everything (budget 100 ms)", args = SIZES, sample_count = 20)]
fn a_pod_that_imports_everything(bencher: Bencher<'_, '_>, services: usize) {
    let world = of_size(services);
    let cache = prepared(world);
    bencher.with_inputs(|| cache.clone()).bench_local_values(|mut cache| {
        let table = cache.table(world, &a_pod(false)).unwrap();
        assert_eq!(table.rows.len(), services * ENDPOINTS + 4);
        (table, cache)
    });
}

#[divan::bench(name = "a_slice_event_to_the_new_table (budget 1 ms)", args = SIZES)]
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

#[divan::bench(name = "a_sidecar_edit_to_its_difference (budget 10 ms)", args = SIZES)]
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

#[divan::bench(name = "the_scopes_of_all_pods (budget 2 s)", args = SIZES, sample_count = 10)]
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
