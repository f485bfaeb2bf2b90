//! What the store promises: versions, history, ownership.

use std::sync::Arc;

use futures::FutureExt;
use serde_json::json;

use super::*;

fn store() -> Arc<Store> {
    Arc::new(Store::new(|| Timestamp::from_second(1_790_000_000).unwrap()))
}

fn sidecar(hosts: &[&str]) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
        "metadata": {"name": "default", "namespace": "bookinfo"},
        "spec": {"egress": [{"hosts": hosts}]},
    })
}

fn the_sidecar() -> ResourceRef {
    ResourceRef::new(Resource::Sidecars, "bookinfo", "default")
}

#[test]
fn a_put_makes_its_namespace_and_counts_versions_and_generations() {
    let store = store();
    let made = store.put(sidecar(&["./*"]), "kubectl-create").unwrap();
    assert_eq!((store.version(), &made["metadata"]["generation"]), (2, &json!(1)));
    assert_eq!(made["metadata"]["creationTimestamp"], "2026-09-21T14:13:20Z");
    let namespace = store
        .get(&ResourceRef::new(Resource::Namespaces, "", "bookinfo"))
        .unwrap();
    assert_eq!(
        namespace["metadata"]["labels"]["kubernetes.io/metadata.name"],
        "bookinfo"
    );
    let edited = store.put(sidecar(&["./*", "istio-system/*"]), "kubectl-edit").unwrap();
    assert_eq!(
        (
            &edited["metadata"]["generation"],
            &edited["metadata"]["resourceVersion"]
        ),
        (&json!(2), &json!("3"))
    );
    assert_eq!(edited["metadata"]["uid"], made["metadata"]["uid"]);
}

#[test]
fn putting_what_is_there_changes_nothing() {
    let store = store();
    store.put(sidecar(&["./*"]), "kubectl-create").unwrap();
    let before = store.version();
    store.put(sidecar(&["./*"]), "kubectl-create").unwrap();
    assert_eq!(store.version(), before);
}

#[test]
fn the_story_may_tell_when_an_object_was_created() {
    let store = store();
    let mut object = sidecar(&["./*"]);
    object["metadata"]["creationTimestamp"] = json!("2026-01-02T03:04:05Z");
    let made = store.put(object, "argocd").unwrap();
    assert_eq!(made["metadata"]["creationTimestamp"], "2026-01-02T03:04:05Z");
}

#[test]
fn a_feed_tells_every_change_and_then_waits() {
    let store = store();
    let mut feed = store.feed(Resource::Sidecars, 0);
    store.put(sidecar(&["./*"]), "a").unwrap();
    store.put(sidecar(&["~/*"]), "a").unwrap();
    store.delete(&the_sidecar()).unwrap();
    let seen: Vec<_> = feed
        .next()
        .now_or_never()
        .unwrap()
        .unwrap()
        .iter()
        .map(|c| (c.verb, c.object.version))
        .collect();
    assert_eq!(seen, [(Verb::Added, 2), (Verb::Modified, 3), (Verb::Deleted, 4)]);
    assert!(feed.next().now_or_never().is_none());
    store.put(sidecar(&["./*"]), "a").unwrap();
    assert_eq!(feed.next().now_or_never().unwrap().unwrap().len(), 1);
}

#[test]
fn a_feed_that_was_too_slow_is_told_410() {
    let store = store();
    let mut feed = store.feed(Resource::Sidecars, 0);
    for turn in 0..=shelf::HISTORY {
        store.put(sidecar(&[&format!("./{turn}")]), "a").unwrap();
    }
    let refusal = feed.next().now_or_never().unwrap().unwrap_err();
    assert_eq!(refusal.message, "too old resource version: 0 (2)");
    assert_eq!(refusal.status()["code"], 410);
}

#[test]
fn a_bookmark_names_the_newest_version_only_when_nothing_is_outstanding() {
    let store = store();
    let mut feed = store.feed(Resource::Pods, 0);
    store.put(sidecar(&["./*"]), "a").unwrap();
    assert_eq!(feed.bookmark(), 2);
    let mut behind = store.feed(Resource::Sidecars, 0);
    assert_eq!(behind.bookmark(), 0);
}

#[test]
fn a_namespace_takes_its_content_along_and_an_owner_what_it_owned() {
    let store = store();
    let spec = json!({"selector": {"matchLabels": {"app": "web"}}, "template": {"spec": {"containers": []}}});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "a"}, "spec": spec});
    let owner = store.put(deployment, "kubectl").unwrap();
    let reference =
        json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": owner["metadata"]["uid"]}]);
    let replica_set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "web-1", "namespace": "a", "ownerReferences": reference}});
    store.put(replica_set, "kube-controller-manager").unwrap();
    store.put(sidecar(&["./*"]), "a").unwrap();
    store
        .delete(&ResourceRef::new(Resource::Deployments, "a", "web"))
        .unwrap();
    assert!(store.list(Resource::ReplicaSets, None).is_empty());
    store
        .delete(&ResourceRef::new(Resource::Namespaces, "", "bookinfo"))
        .unwrap();
    assert!(store.list(Resource::Sidecars, None).is_empty());
    assert_eq!(store.list(Resource::Namespaces, None).len(), 1);
}

#[test]
fn lists_come_in_the_order_of_etcd_and_by_namespace() {
    let store = store();
    for namespace in ["a", "a-b", "ab"] {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": namespace}});
        store.put(map, "a").unwrap();
    }
    let names = |list: Vec<Value>| {
        list.iter()
            .map(|o| text(o, "/metadata/namespace").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(store.list(Resource::ConfigMaps, None)), ["a-b", "a", "ab"]);
    assert_eq!(names(store.list(Resource::ConfigMaps, Some("a"))), ["a"]);
}

#[test]
fn a_status_is_written_apart() {
    let store = store();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"}, "spec": {"containers": [{"name": "a", "image": "x"}]}});
    store.put(pod.clone(), "kubectl").unwrap();
    let mut status = pod.clone();
    status["status"] = json!({"phase": "Running"});
    status["spec"] = json!({});
    store.put_status(status, "kubelet").unwrap();
    let stored = store.put(pod, "kubectl").unwrap();
    assert_eq!(
        (&stored["status"]["phase"], &stored["spec"]["restartPolicy"]),
        (&json!("Running"), &json!("Always"))
    );
}
