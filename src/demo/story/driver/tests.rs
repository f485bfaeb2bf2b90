//! The whole story, played by hand and by itself.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::demo::admin::{Admin, AdminAnswer};
use crate::demo::envoy::{ADMIN_PORT, runs_envoy};
use crate::demo::store::ResourceRef;
use crate::demo::tree::text;

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
