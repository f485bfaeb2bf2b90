//! Records what real Envoys say in every state of the demo's story: `cargo test --test record-demo`.
//!
//! Plays the world and the steps of `assets/demo` on the bed (`tests/cluster/testbed`), starts the sidecar of every pod that runs
//! one, waits until nothing moves, and writes `assets/demo/recorded.json`. Not a test: it is run by hand after a change of the
//! story or the world, and the demo's own tests tell when that is due. It takes some minutes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool run by hand may fail loudly, talk, and wait"
)]

mod bed;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};
use sidescope::demo::envoy::fingerprint::Fingerprint;
use sidescope::demo::envoy::recording::Recording;
use sidescope::demo::envoy::runs_envoy;
use sidescope::demo::kinds::Resource;
use sidescope::demo::store::Store;
use sidescope::demo::story::Stage;

use bed::Bed;

/// What istiod reads; the rest of the world is for people. Owners before what they own.
const PLAYED: &[Resource] = &[
    Resource::Namespaces,
    Resource::Nodes,
    Resource::ConfigMaps,
    Resource::Deployments,
    Resource::Services,
    Resource::Sidecars,
    Resource::VirtualServices,
    Resource::DestinationRules,
    Resource::ServiceEntries,
    Resource::Pods,
    Resource::EndpointSlices,
];
/// The addresses behind the names of the world's ServiceEntries.
const NAMES: &[(&str, &[&str])] = &[("api.cards.example.com", &["203.0.113.10", "203.0.113.11"])];

/// Objects by kind, namespace and name.
type Objects = BTreeMap<(Resource, String, String), Value>;

fn main() {
    let clock = Arc::new(AtomicI64::new(Timestamp::now().as_second()));
    let hands = Arc::clone(&clock);
    let store = Store::new(move || Timestamp::from_second(hands.load(Ordering::Relaxed)).unwrap());
    let stage = Stage::load().unwrap();
    stage.set(&store).unwrap();
    let bed = Bed::empty();
    let mut recording = Recording::default();
    let mut before = Objects::new();
    for (number, step) in stage.script().steps.iter().enumerate() {
        clock.fetch_add(i64::try_from(step.after).unwrap(), Ordering::Relaxed);
        assert!(stage.play(&store, number).is_empty(), "step {number} cannot be played");
        let objects = objects(&store);
        follow(&bed, &before, &objects);
        let state = Fingerprint::of(&store).expect("the demo's world is small");
        for (namespace, pod) in envoys(&objects) {
            let page = bed.settled_clusters(&pod, &namespace);
            recording.add(state, &format!("{namespace}/{pod}"), &page).unwrap();
            if recording.envoy.is_empty() {
                recording.envoy = bed.envoy_version(&pod, &namespace);
            }
        }
        println!("{number:3} {state} {}", step.title);
        before = objects;
    }
    let text = recording.to_text();
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/recorded.json");
    std::fs::write(&place, &text).unwrap();
    println!(
        "{}: {} states, {} tables, {} clusters, {} bytes",
        place.display(),
        recording.states.len(),
        recording.tables.len(),
        recording.clusters.len(),
        text.len()
    );
}

/// Brings the bed from one state to the next.
fn follow(bed: &Bed, before: &Objects, now: &Objects) {
    for (resource, namespace, name) in before.keys().filter(|key| !now.contains_key(*key)) {
        if *resource == Resource::Pods {
            bed.stop(name, namespace);
        }
        bed.delete(resource.spec().plural, namespace, name);
    }
    let changed = PLAYED
        .iter()
        .flat_map(|resource| now.iter().filter(move |(key, _)| key.0 == *resource))
        .filter(|(key, object)| before.get(*key) != Some(*object))
        .map(|(_, object)| object.to_string())
        .collect::<Vec<_>>();
    bed.apply(&changed.join("\n---\n"), NAMES);
    let running = envoys(before);
    for (namespace, pod) in envoys(now).into_iter().filter(|pod| !running.contains(pod)) {
        bed.start(&pod, &namespace);
    }
    bed.settle();
}

/// What the bed has to know of the world, without what its API server decides itself.
fn objects(store: &Store) -> Objects {
    let mut found = Objects::new();
    for resource in PLAYED {
        for mut object in store.list(*resource, None) {
            if !is_played(&object) {
                continue;
            }
            let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
            let key = (*resource, text("namespace"), text("name"));
            for system in [
                "resourceVersion",
                "managedFields",
                "generation",
                "uid",
                "ownerReferences",
            ] {
                object["metadata"].as_object_mut().unwrap().remove(system);
            }
            found.insert(key, object);
        }
    }
    found
}

/// The bed has an istiod of its own, nodes of its own for what is on the host's network, and no use for what has ended.
fn is_played(object: &Value) -> bool {
    let istiod = object["kind"] == "Pod" && object["metadata"]["labels"]["app"] == "istiod";
    let on_host = object["spec"]["hostNetwork"] == json!(true);
    !istiod && !on_host && object["status"]["phase"] != "Succeeded"
}

fn envoys(objects: &Objects) -> Vec<(String, String)> {
    let pods = objects
        .iter()
        .filter(|(key, pod)| key.0 == Resource::Pods && runs_envoy(pod));
    pods.map(|((_, namespace, name), _)| (namespace.clone(), name.clone()))
        .collect()
}
