//! A crowd is a cluster like any other, only larger.

use std::collections::BTreeSet;

use super::*;
use crate::demo::tree::text;

fn crowd(pods: usize) -> Store {
    let store = Store::new(|| "2026-01-10T12:00:00Z".parse().unwrap());
    join(&store, &Stage::load().unwrap(), pods).unwrap();
    store
}

fn all(store: &Store, resource: Resource, pointer: &str) -> BTreeSet<String> {
    let objects = store.list(resource, None);
    objects.iter().map(|object| text(object, pointer).to_owned()).collect()
}

#[test]
fn there_are_as_many_as_asked_for_and_no_two_are_one() {
    let store = crowd(4_321);
    assert_eq!(store.count(Resource::Pods), 4_321);
    assert_eq!(store.count(Resource::Services), 433);
    assert_eq!(store.count(Resource::EndpointSlices), 433);
    assert_eq!(store.count(Resource::ReplicaSets), 433);
    assert_eq!(store.count(Resource::Namespaces), 200);
    assert_eq!(store.count(Resource::Sidecars), 100);
    assert_eq!(store.count(Resource::Nodes), 44);
    for pointer in ["/metadata/uid", "/status/podIP", "/metadata/resourceVersion"] {
        assert_eq!(all(&store, Resource::Pods, pointer).len(), 4_321, "{pointer}");
    }
    assert_eq!(all(&store, Resource::Services, "/spec/clusterIP").len(), 433);
}

#[test]
fn no_marker_is_left_and_everything_hangs_together() {
    let store = crowd(34);
    let uids = |resource| all(&store, resource, "/metadata/uid");
    for resource in Resource::ALL {
        for object in store.list(resource, None) {
            let text = object.to_string();
            assert!(!text.contains("mold") && !text.contains("198.51.100"), "{text}");
        }
    }
    for (owned, owner) in [
        (Resource::Pods, Resource::ReplicaSets),
        (Resource::ReplicaSets, Resource::Deployments),
        (Resource::EndpointSlices, Resource::Services),
    ] {
        let owners = all(&store, owned, "/metadata/ownerReferences/0/uid");
        assert_eq!(owners, uids(owner), "{owned:?}");
    }
    for pointer in ["/spec/replicas", "/status/readyReplicas"] {
        let sets = store.list(Resource::ReplicaSets, None);
        let replicas = sets.iter().map(|set| set.pointer(pointer).unwrap().as_u64().unwrap());
        assert_eq!(replicas.sum::<u64>(), 34, "{pointer}");
    }
    let nodes = all(&store, Resource::Nodes, "/metadata/name");
    assert!(all(&store, Resource::Pods, "/spec/nodeName").is_subset(&nodes));
    let pod = &store.list(Resource::Pods, None)[0];
    assert!(
        pod.to_string().len() > 7_000,
        "a real pod is larger: {}",
        pod.to_string().len()
    );
    assert_eq!(text(&pod["metadata"]["managedFields"][1], "/manager"), "kubelet");
}

#[test]
fn the_slice_controller_finds_nothing_to_do() {
    let store = crowd(34);
    let before = store.version();
    for namespace in store.list(Resource::Namespaces, None) {
        slices::reconcile(&store, text(&namespace, "/metadata/name"), store.now()).unwrap();
    }
    assert_eq!(store.version(), before);
}

#[test]
fn a_member_can_be_deleted_and_its_slice_follows() {
    let store = crowd(20);
    let pod = &store.list(Resource::Pods, None)[3];
    let namespace = text(pod, "/metadata/namespace");
    store.delete(&ResourceRef::of(pod).unwrap()).unwrap();
    slices::reconcile(&store, namespace, store.now()).unwrap();
    let slice = &store.list(Resource::EndpointSlices, Some(namespace))[0];
    assert_eq!(slice["endpoints"].as_array().unwrap().len(), PODS_A_SERVICE - 1);
    assert_eq!(slice["metadata"]["generation"], 2);
}
