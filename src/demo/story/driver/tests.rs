//! The whole story, played by hand and by itself.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::demo::admin::{Admin, AdminAnswer};
use crate::demo::envoy::{ADMIN_PORT, runs_envoy};
use crate::demo::reference::ResourceRef;

/// A cluster with a clock that a test moves.
struct Demo {
    store: Arc<Store>,
    driver: Driver,
    clock: Arc<AtomicI64>,
}

fn demo() -> Demo {
    let clock = Arc::new(AtomicI64::new(1_767_000_000));
    let hands = Arc::clone(&clock);
    let store = Arc::new(Store::new(move || {
        Timestamp::from_second(hands.load(Ordering::Relaxed)).unwrap()
    }));
    let stage = Stage::load().unwrap();
    stage.set(&store).unwrap();
    let envoys = Arc::new(Envoys::load(Arc::clone(&store)).unwrap());
    let driver = Driver::new(stage, Arc::clone(&store), envoys);
    Demo { store, driver, clock }
}

/// Every object, without what may differ after a restart.
fn world(store: &Store) -> Vec<Value> {
    let mut uids = Vec::new();
    let mut all = Vec::new();
    for resource in Resource::ALL {
        for mut object in store.list(resource, None) {
            uids.push(text(&object, "/metadata/uid").to_owned());
            object["metadata"]["resourceVersion"] = json!(null);
            all.push(object);
        }
    }
    // uids stand for their object, wherever they are named
    for (number, uid) in uids.iter().enumerate() {
        for object in &mut all {
            replace(object, uid, number);
        }
    }
    all
}

fn replace(tree: &mut Value, uid: &str, number: usize) {
    match tree {
        Value::String(text) if text == uid => *tree = json!(number),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, uid, number)),
        Value::Object(map) => map.values_mut().for_each(|item| replace(item, uid, number)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn the_story_plays_to_its_end_and_starts_again_with_the_first_world() {
    let mut demo = demo();
    let first = world(&demo.store);
    let steps = demo.driver.progress().borrow().steps;
    for round in 0..2 {
        for step in 1..steps {
            demo.clock.fetch_add(10, Ordering::Relaxed);
            let before = demo.store.version();
            let skipped = demo.driver.advance();
            assert!(skipped.is_empty(), "round {round}, step {step}: {skipped:?}");
            assert!(demo.store.version() > before, "step {step} changes nothing");
            assert_eq!(demo.driver.progress().borrow().step, step);
        }
        demo.clock.fetch_add(10, Ordering::Relaxed);
        assert!(demo.driver.advance().is_empty());
        assert_eq!(demo.driver.progress().borrow().step, 0);
        assert_eq!(world(&demo.store), first, "round {round}");
    }
}

#[test]
fn every_state_has_the_answers_of_every_living_envoy() {
    let mut demo = demo();
    let steps = demo.driver.progress().borrow().steps;
    for step in 0..steps {
        let progress = demo.driver.progress().borrow().clone();
        assert!(
            progress.recorded,
            "step {step} is not recorded: run `cargo test --test record-demo`"
        );
        demo.clock.fetch_add(1, Ordering::Relaxed);
        let mut asked = 0;
        for pod in demo.store.list(Resource::Pods, None) {
            let (namespace, name) = (text(&pod, "/metadata/namespace"), text(&pod, "/metadata/name"));
            let answer = demo
                .driver
                .envoys
                .answer(namespace, name, ADMIN_PORT, "/clusters?format=json");
            let AdminAnswer::Page { status, body, .. } = answer else {
                assert!(!runs_envoy(&pod), "step {step}: {namespace}/{name} refuses");
                continue;
            };
            assert_eq!(status, 200, "step {step}: {namespace}/{name}: {body:?}");
            asked += 1;
        }
        assert!(asked >= 13, "step {step}: only {asked} Envoys");
        demo.driver.advance();
    }
}

#[test]
fn stepping_back_gives_the_state_before() {
    let mut demo = demo();
    demo.driver.obey(Command::Step);
    let one = world(&demo.store);
    demo.driver.obey(Command::Step);
    assert_ne!(world(&demo.store), one);
    demo.driver.obey(Command::Back);
    assert_eq!(world(&demo.store), one);
    let progress = demo.driver.progress().borrow().clone();
    assert_eq!((progress.step, progress.paused), (1, true));
    demo.driver.obey(Command::Back);
    demo.driver.obey(Command::Back);
    assert_eq!(
        demo.driver.progress().borrow().step,
        0,
        "there is nothing before the first"
    );
}

#[test]
fn an_edit_of_ones_own_is_not_recorded_until_it_is_undone() {
    let demo = demo();
    let target = ResourceRef::new(Resource::Sidecars, "bookinfo", "reviews");
    let old = demo.store.get(&target).unwrap();
    let mut edited = old.clone();
    edited["spec"]["egress"][0]["hosts"] = json!(["*/*"]);
    demo.store.put(edited, "me").unwrap();
    demo.driver.tell();
    assert!(!demo.driver.progress().borrow().recorded);
    demo.store.put(old, "me").unwrap();
    demo.driver.tell();
    assert!(demo.driver.progress().borrow().recorded);
}

#[test]
fn a_step_about_something_that_somebody_deleted_is_left_out() {
    let mut demo = demo();
    demo.driver.obey(Command::Step);
    demo.store
        .delete(&ResourceRef::new(Resource::Sidecars, "default", "default"))
        .unwrap();
    let skipped = demo.driver.advance();
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0].to_string(), "no sidecar 'default' in namespace 'default'");
    demo.driver.obey(Command::Restart);
    assert!(demo.driver.progress().borrow().recorded);
}

#[tokio::test(start_paused = true)]
async fn it_plays_by_itself_pauses_and_follows_the_pods() {
    let demo = demo();
    let store = Arc::clone(&demo.store);
    let mut progress = demo.driver.progress();
    let wait = demo.driver.stage.script().steps[1].after;
    let (commands, receiver) = mpsc::channel(4);
    let task = async {
        let start = tokio::time::Instant::now();
        progress.wait_for(|progress| progress.step == 1).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), wait);
        commands.send(Command::PauseOrResume).await.unwrap();
        progress.wait_for(|progress| progress.paused).await.unwrap();
        let hour = tokio::time::timeout(Duration::from_secs(3600), progress.changed()).await;
        assert!(hour.is_err(), "it goes on while paused");
        let reviews = || {
            let slices = store.list(Resource::EndpointSlices, Some("bookinfo"));
            let reviews = slices
                .iter()
                .find(|slice| text(slice, "/metadata/generateName") == "reviews-");
            reviews.unwrap()["endpoints"].as_array().unwrap().len()
        };
        assert_eq!(reviews(), 3);
        let pod = ResourceRef::new(Resource::Pods, "bookinfo", "reviews-v1-5c4d6d447c-qwmbv");
        store.delete(&pod).unwrap();
        progress.wait_for(|progress| !progress.recorded).await.unwrap();
        assert_eq!(reviews(), 2);
        drop(commands);
    };
    tokio::join!(demo.driver.run(receiver), task);
}

/// The pods of a `ReplicaSet` that are neither going nor done.
fn pods_of(store: &Store, replica_set: &str) -> Vec<Value> {
    let mut pods = store.list(Resource::Pods, None);
    pods.retain(|pod| {
        text(pod, "/metadata/ownerReferences/0/name") == replica_set
            && pod.pointer("/metadata/deletionTimestamp").is_none()
    });
    pods
}

fn ready_endpoints(store: &Store, service: &str) -> usize {
    let slices = store.list(Resource::EndpointSlices, Some("bookinfo"));
    let of_service = slices
        .iter()
        .filter(|slice| slice["metadata"]["labels"]["kubernetes.io/service-name"] == service);
    let endpoints = of_service.flat_map(|slice| slice["endpoints"].as_array().unwrap());
    endpoints
        .filter(|endpoint| endpoint["conditions"]["ready"] == true)
        .count()
}

/// Lets a driver see what changed since.
fn see(driver: &mut Driver, namespace: &str, gone: Vec<Value>) {
    driver.follow(&News {
        namespaces: BTreeSet::from([namespace.into()]),
        gone,
    });
}

#[test]
fn a_deleted_pod_has_a_successor_that_is_ready_a_moment_later() {
    let mut demo = demo();
    let (set, old) = ("reviews-v1-5c4d6d447c", "reviews-v1-5c4d6d447c-qwmbv");
    let first = world(&demo.store);
    let gone = demo
        .store
        .delete(&ResourceRef::new(Resource::Pods, "bookinfo", old))
        .unwrap();
    see(&mut demo.driver, "bookinfo", vec![gone]);
    let pending = pods_of(&demo.store, set);
    assert_eq!((pending.len(), ready_endpoints(&demo.store, "reviews")), (1, 2));
    assert_ne!(text(&pending[0], "/metadata/name"), old);
    assert_eq!(text(&pending[0], "/status/phase"), "Pending");
    let replicas = || {
        let set = demo
            .store
            .get(&ResourceRef::new(Resource::ReplicaSets, "bookinfo", set));
        let status = set.unwrap()["status"].take();
        (status["replicas"].clone(), status["readyReplicas"].clone())
    };
    assert_eq!(replicas(), (json!(1), json!(null)));

    demo.clock.fetch_add(3, Ordering::Relaxed);
    demo.driver.start();
    see(&mut demo.driver, "bookinfo", Vec::new());
    let ready = pods_of(&demo.store, set);
    assert_eq!(ready[0]["metadata"]["uid"], pending[0]["metadata"]["uid"]);
    assert_eq!(text(&ready[0], "/status/podIP"), "10.244.2.100");
    assert_eq!(ready_endpoints(&demo.store, "reviews"), 3);
    assert_eq!(replicas(), (json!(1), json!(1)));
    assert!(demo.driver.starts.is_none());

    demo.driver.obey(Command::Restart);
    assert_eq!(world(&demo.store), first);
}

#[test]
fn a_successor_that_the_story_takes_back_to_its_pending_days_starts_again() {
    let mut demo = demo();
    let set = "details-v1-79dfbd6fff";
    let gone = pods_of(&demo.store, set);
    demo.store.delete(&ResourceRef::of(&gone[0]).unwrap()).unwrap();
    see(&mut demo.driver, "bookinfo", gone);
    demo.driver.obey(Command::Step);
    let phase = |store: &Store| text(&pods_of(store, set)[0], "/status/phase").to_owned();
    demo.clock.fetch_add(3, Ordering::Relaxed);
    demo.driver.start();
    assert_eq!(phase(&demo.store), "Running");
    demo.driver.obey(Command::Step);
    demo.driver.obey(Command::Back);
    assert_eq!(phase(&demo.store), "Pending");
    see(&mut demo.driver, "bookinfo", Vec::new());
    assert_eq!(phase(&demo.store), "Running");
}

#[test]
fn no_state_of_the_story_lacks_a_pod_or_has_one_too_many() {
    let mut demo = demo();
    let steps = demo.driver.progress().borrow().steps;
    for step in 0..steps {
        for set in demo.store.list(Resource::ReplicaSets, None) {
            let name = text(&set, "/metadata/name");
            let wanted = set["spec"]["replicas"].as_u64().unwrap();
            let living = pods_of(&demo.store, name).len() as u64;
            assert_eq!(living, wanted, "step {step}: {name}");
        }
        demo.driver.advance();
    }
}
