//! What the registry does to objects on their way into the store.

use serde_json::Map;

use super::*;
use crate::demo::kinds::Resource;
use crate::demo::store::Store;

fn store() -> Store {
    Store::new(|| Timestamp::from_second(1_790_000_000).unwrap())
}

fn sidecar(hosts: &[&str]) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
        "metadata": {"name": "default", "namespace": "bookinfo"},
        "spec": {"egress": [{"hosts": hosts}]},
    })
}

fn owners(object: &Value) -> Vec<(String, Value)> {
    let entries = object["metadata"]["managedFields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    entries
        .iter()
        .map(|e| (e["manager"].as_str().unwrap().to_owned(), e["fieldsV1"].clone()))
        .collect()
}

#[test]
fn an_edit_takes_fields_from_their_owner() {
    let store = store();
    let made = store.put(sidecar(&["./*"]), "kubectl-create").unwrap();
    assert_eq!(
        owners(&made),
        [(
            "kubectl-create".to_owned(),
            json!({"f:spec": {".": {}, "f:egress": {}}})
        )]
    );
    let edited = store.put(sidecar(&["~/*"]), "kubectl-edit").unwrap();
    let expected = [
        ("kubectl-create".to_owned(), json!({"f:spec": {}})),
        ("kubectl-edit".to_owned(), json!({"f:spec": {"f:egress": {}}})),
    ];
    assert_eq!(owners(&edited), expected);
}

#[test]
fn an_apply_conflicts_with_other_owners_until_forced() {
    let store = store();
    store.put(sidecar(&["./*"]), "kubectl-create").unwrap();
    store.apply(&sidecar(&["./*"]), "kubectl", Force::No).unwrap();
    let refusal = store.apply(&sidecar(&["~/*"]), "argocd", Force::No).unwrap_err();
    let expected = "Apply failed with 2 conflicts: conflicts with \"kubectl\":\n- .spec.egress\nconflicts with \"kubectl-create\" \
                    using networking.istio.io/v1:\n- .spec.egress";
    assert_eq!(refusal.message, expected);
    let forced = store.apply(&sidecar(&["~/*"]), "argocd", Force::Yes).unwrap();
    let expected = [
        ("argocd".to_owned(), json!({"f:spec": {"f:egress": {}}})),
        ("kubectl-create".to_owned(), json!({"f:spec": {}})),
    ];
    assert_eq!(owners(&forced), expected);
}

#[test]
fn an_applier_takes_out_what_it_no_longer_names() {
    let store = store();
    let mut config = sidecar(&["./*"]);
    config["spec"]["outboundTrafficPolicy"] = json!({"mode": "REGISTRY_ONLY"});
    config["metadata"]["labels"] = json!({"team": "a"});
    store.apply(&config, "argocd", Force::No).unwrap();
    let applied = store.apply(&sidecar(&["./*"]), "argocd", Force::No).unwrap();
    assert_eq!(applied["spec"], json!({"egress": [{"hosts": ["./*"]}]}));
    assert_eq!(applied["metadata"].get("labels"), None);
    let version = store.version();
    store.apply(&sidecar(&["./*"]), "argocd", Force::No).unwrap();
    assert_eq!(store.version(), version);
}

#[test]
fn a_pod_is_owned_as_in_a_real_cluster() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "probe", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "a", "image": "nginx", "ports": [{"containerPort": 80}]}]}});
    let made = store().put(pod, "kubectl-create").unwrap();
    let expected = json!({
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:containers": {"k:{\"name\":\"a\"}": {
                ".": {}, "f:image": {}, "f:imagePullPolicy": {}, "f:name": {},
                "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:protocol": {}}},
                "f:resources": {}, "f:terminationMessagePath": {}, "f:terminationMessagePolicy": {},
            }},
            "f:dnsPolicy": {}, "f:enableServiceLinks": {}, "f:restartPolicy": {}, "f:schedulerName": {},
            "f:securityContext": {}, "f:terminationGracePeriodSeconds": {},
        },
    });
    assert_eq!(owners(&made), [("kubectl-create".to_owned(), expected)]);
    assert_eq!(made["spec"]["containers"][0]["imagePullPolicy"], "Always");
}

#[test]
fn a_service_is_owned_as_in_a_real_cluster_and_keeps_its_address() {
    let store = store();
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "probe", "labels": {"app": "web"}},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}});
    let made = store.put(service.clone(), "kubectl-create").unwrap();
    let expected = json!({
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:internalTrafficPolicy": {},
            "f:ports": {".": {}, "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}}},
            "f:selector": {}, "f:sessionAffinity": {}, "f:type": {},
        },
    });
    assert_eq!(owners(&made), [("kubectl-create".to_owned(), expected)]);
    let again = store.put(service, "kubectl-create").unwrap();
    assert_eq!(
        again["metadata"]["resourceVersion"],
        made["metadata"]["resourceVersion"]
    );
}

#[test]
fn a_status_has_an_owner_of_its_own() {
    let store = store();
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"},
        "spec": {"containers": [{"name": "a", "image": "x:1"}]}});
    store.put(pod.clone(), "kube-controller-manager").unwrap();
    pod["status"] = json!({"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]});
    let running = store.put_status(pod, "kubelet").unwrap();
    let kubelet = running["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["manager"] == "kubelet")
        .unwrap();
    assert_eq!(kubelet["subresource"], "status");
    let expected = json!({"f:status": {
        "f:phase": {}, "f:podIP": {}, "f:podIPs": {".": {}, "k:{\"ip\":\"10.0.0.1\"}": {".": {}, "f:ip": {}}}}});
    assert_eq!(kubelet["fieldsV1"], expected);
}

#[test]
fn names_and_labels_are_checked_in_the_servers_words() {
    let store = store();
    let mut object = sidecar(&["./*"]);
    object["metadata"]["name"] = json!("Bad_Name");
    let refusal = store.put(object, "a").unwrap_err();
    let expected = "Sidecar.networking.istio.io \"Bad_Name\" is invalid: metadata.name: Invalid value: \"Bad_Name\": a lowercase RFC \
                    1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an \
                    alphanumeric character (e.g. 'example.com', regex used for validation is \
                    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    assert_eq!(refusal.message, expected);
    let mut object = sidecar(&["./*"]);
    object["metadata"]["labels"] = json!({"a": "bad value"});
    assert_eq!(store.put(object, "a").unwrap_err().status()["code"], 422);
}

#[test]
fn many_managers_melt_into_one_entry() {
    let store = store();
    for turn in 0..14 {
        let mut object = sidecar(&["./*"]);
        object["metadata"]["labels"] = (0..=turn)
            .map(|n| (format!("l{n}"), json!("x")))
            .collect::<Map<_, _>>()
            .into();
        store.put(object, &format!("m{turn}")).unwrap();
    }
    let made = store
        .get(&ResourceRef::new(Resource::Sidecars, "bookinfo", "default"))
        .unwrap();
    let managers: Vec<String> = owners(&made).into_iter().map(|(manager, _)| manager).collect();
    assert_eq!(
        (managers.len(), managers.contains(&"ancient-changes".to_owned())),
        (10, true)
    );
}
