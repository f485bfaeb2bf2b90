//! Answers as they follow, or do not follow, the store.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

fn pod(containers: &Value, phase: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"},
        "spec": {"containers": containers},
        "status": {"phase": phase, "podIP": "10.0.0.1", "startTime": "2026-01-10T11:00:00Z"},
    })
}

fn sidecar() -> Value {
    json!([{"name": "app"}, {"name": "istio-proxy"}])
}

fn config(value: &str) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
        "metadata": {"name": "s", "namespace": "n"}, "spec": {"egress": [{"hosts": [value]}]},
    })
}

fn clusters(name: &str) -> Value {
    json!({"cluster_statuses": [{"name": name}]})
}

/// A store with a pod, its Envoy recorded before an edit ("before") and after it ("after"), and a clock in milliseconds.
fn recorded() -> (Arc<Store>, Envoys, Arc<AtomicI64>) {
    let clock = Arc::new(AtomicI64::new(1_768_000_000_000));
    let hands = Arc::clone(&clock);
    let store = Arc::new(Store::new(move || {
        Timestamp::from_millisecond(hands.load(Ordering::Relaxed)).unwrap()
    }));
    store.put(pod(&sidecar(), "Running"), "test").unwrap();
    let mut recording = Recording::default();
    store.put(config("after/*"), "test").unwrap();
    recording.add(Fingerprint::of(&store).unwrap(), "n/p", &clusters("after"));
    store.put(config("before/*"), "test").unwrap();
    recording.add(Fingerprint::of(&store).unwrap(), "n/p", &clusters("before"));
    let envoys = Envoys::new(Arc::clone(&store), recording).unwrap();
    envoys.observe();
    (store, envoys, clock)
}

#[track_caller]
fn body(answer: AdminAnswer, expected: u16) -> String {
    match answer {
        AdminAnswer::Page { status, body, .. } => {
            assert_eq!(status, expected);
            String::from_utf8(body.to_vec()).unwrap()
        }
        AdminAnswer::Refused => panic!("refused"),
    }
}

fn ask(envoys: &Envoys) -> AdminAnswer {
    envoys.answer("n", "p", ADMIN_PORT, "/clusters?format=json")
}

#[test]
fn an_edit_arrives_after_the_lag() {
    let (store, envoys, clock) = recorded();
    assert!(body(ask(&envoys), 200).contains("before"));
    clock.fetch_add(1000, Ordering::Relaxed);
    store.put(config("after/*"), "test").unwrap();
    assert!(body(ask(&envoys), 200).contains("before"));
    clock.fetch_add(111, Ordering::Relaxed);
    assert!(body(ask(&envoys), 200).contains("before"));
    clock.fetch_add(1, Ordering::Relaxed);
    assert!(body(ask(&envoys), 200).contains("after"));
}

#[test]
fn a_state_that_nobody_recorded_says_so() {
    let (store, envoys, clock) = recorded();
    store.put(config("other/*"), "test").unwrap();
    assert!(!envoys.observe());
    clock.fetch_add(200, Ordering::Relaxed);
    let page = body(ask(&envoys), 503);
    assert!(page.starts_with(NOT_RECORDED), "{page}");
    store.put(config("before/*"), "test").unwrap();
    assert!(envoys.observe());
    clock.fetch_add(200, Ordering::Relaxed);
    assert!(body(ask(&envoys), 200).contains("before"));
}

#[test]
fn only_a_running_pod_with_a_proxy_listens_and_only_on_the_admin_port() {
    let (store, envoys, _) = recorded();
    assert_eq!(envoys.answer("n", "p", 9080, "/clusters"), AdminAnswer::Refused);
    assert_eq!(envoys.answer("n", "q", ADMIN_PORT, "/clusters"), AdminAnswer::Refused);
    store.put(pod(&sidecar(), "Pending"), "test").unwrap();
    assert_eq!(ask(&envoys), AdminAnswer::Refused);
    store.put(pod(&json!([{"name": "app"}]), "Running"), "test").unwrap();
    assert_eq!(ask(&envoys), AdminAnswer::Refused);
}

#[test]
fn the_other_pages_are_those_of_an_envoy() {
    let (_, envoys, _) = recorded();
    let page = |path: &str| envoys.answer("n", "p", ADMIN_PORT, path);
    assert_eq!(body(page("/ready"), 200), "LIVE\n");
    assert!(body(page("/server_info"), 200).contains("sidecar~10.0.0.1~p.n~n.svc.cluster.local"));
    assert!(body(page("/stats"), 200).contains("cluster_manager.active_clusters: 1\n"));
    assert!(body(page("/clusters"), 200).contains("before::added_via_api::false\n"));
    assert!(body(page("/quitquitquit"), 404).starts_with("invalid path"));
}
