//! What it costs to take in a large cluster's pods: `cargo bench --bench decode`.
//!
//! `bytes` counts what each pod keeps on the heap once decoded, the interner's share included, the world's table not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench may fail loudly"
)]

use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher, black_box};
use sidescope::mesh::model::{Interner, Kind, Object};
use sidescope::sources::files::Loader;
use sidescope::sources::kubernetes::decode;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const PODS: usize = 10_000;

/// Pods of one template, as an injected pod with its managedFields looks.
const PODS_OF_A_TEMPLATE: usize = 20;

fn main() {
    println!(
        "one pod is {} bytes of JSON, its struct {} bytes",
        pod(0).len(),
        size_of::<sidescope::mesh::model::Pod>()
    );
    divan::main();
}

fn pod(n: usize) -> String {
    let app = format!("app-{}", n / PODS_OF_A_TEMPLATE);
    include_str!("decode/pod.json")
        .trim_end()
        .replace("POD\"", &format!("{app}-ms7jnvjw98-{n:05}\""))
        .replace("APP", &app)
        .replace("NAMESPACE\"", &format!("team-{}\"", n / 200))
        .replace("ADDRESS", &format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255))
        .replace("NODE", &format!("node-{}", n % 200))
        .replace("UID", &format!("2ab4d402-c1aa-54e7-bbd1-{n:012x}"))
}

fn pods() -> Vec<String> {
    (0..PODS).map(pod).collect()
}

fn decode_all(pods: &[String]) -> (Interner, Vec<Object>) {
    let mut interner = Interner::default();
    let decode = |text: &String| decode::object(Kind::Pod, text, &mut interner).object.unwrap();
    let objects = pods.iter().map(decode).collect();
    (interner, objects)
}

fn bytes(pods: &[String]) -> BytesCount {
    BytesCount::new(pods.iter().map(String::len).sum::<usize>())
}

/// The first list of a cluster: nothing is known yet. What it keeps is what a pod costs.
#[divan::bench(sample_count = 10)]
fn pods_of_a_first_list(bencher: Bencher<'_, '_>) {
    let pods = pods();
    let count = bytes(&pods);
    bencher.counter(count).bench_local(|| decode_all(black_box(&pods)));
}

/// A re-list, or a rollout of templates that are known.
#[divan::bench(sample_count = 10)]
fn pods_of_known_templates(bencher: Bencher<'_, '_>) {
    let pods = pods();
    let (mut interner, _objects) = decode_all(&pods);
    bencher.counter(bytes(&pods)).bench_local(|| {
        for pod in &pods {
            let _ = black_box(decode::object(Kind::Pod, black_box(pod), &mut interner));
        }
    });
}

/// One watch event.
#[divan::bench]
fn one_pod(bencher: Bencher<'_, '_>) {
    let pod = pod(7);
    let mut interner = Interner::default();
    let _held = decode::object(Kind::Pod, &pod, &mut interner);
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench_local(|| decode::object(Kind::Pod, black_box(&pod), &mut interner));
}

/// One watch event with a field of the wrong type: the slow way.
#[divan::bench]
fn one_strange_pod(bencher: Bencher<'_, '_>) {
    let pod = pod(7).replace("\"hostIP\"", "\"nominatedNodeName\":7,\"hostIP\"");
    let mut interner = Interner::default();
    bencher.bench_local(|| decode::object(Kind::Pod, black_box(&pod), &mut interner));
}

/// The same pods as a dump in JSON.
#[divan::bench(sample_count = 5)]
fn dump_of_json(bencher: Bencher<'_, '_>) {
    let dump = format!(
        r#"{{"apiVersion":"v1","items":[{}],"kind":"PodList"}}"#,
        pods().join(",")
    );
    load(bencher, &dump);
}

/// The same pods as a dump in YAML, a tenth of them.
#[divan::bench(sample_count = 3)]
fn dump_of_yaml_a_tenth(bencher: Bencher<'_, '_>) {
    let pods: Vec<String> = pods().into_iter().take(PODS / 10).collect();
    let pods = pods.iter().map(|pod| {
        let value: serde_json::Value = serde_json::from_str(pod).unwrap();
        serde_saphyr::to_string(&value).unwrap()
    });
    load(bencher, &pods.collect::<Vec<_>>().join("---\n"));
}

fn load(bencher: Bencher<'_, '_>, dump: &str) {
    bencher.counter(BytesCount::new(dump.len())).bench_local(|| {
        let mut loader = Loader::default();
        loader.add_bytes("dump", black_box(dump).as_bytes()).unwrap();
        let dumped = loader.finish();
        assert!(dumped.diagnostics.is_empty() && !dumped.objects.is_empty());
        dumped
    });
}
