//! What every kind has in common: leniency, identity, provenance. What a kind reads is proved where worlds are.

mod istio;
mod properties;
mod samples;

use serde_json::json;

use super::*;
use crate::mesh::model;

fn decode_value(kind: Kind, value: &serde_json::Value) -> Decoded {
    object(kind, &value.to_string(), &mut Interner::default())
}

/// The object, which must have decoded without a word.
fn decode_whole(kind: Kind, value: &serde_json::Value) -> Object {
    let decoded = decode_value(kind, value);
    assert_eq!(decoded.diagnostics, []);
    let Ok(object) = decoded.object else {
        panic!("{:?}", decoded.object)
    };
    object
}

fn paths(decoded: &Decoded) -> Vec<&str> {
    decoded
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.path.as_str())
        .collect()
}

fn meta(name: &str) -> serde_json::Value {
    json!({"name": name, "namespace": "shop", "uid": "e56ed119-d58d-5702-a00f-5fe3a3345701"})
}

#[test]
fn every_kind_needs_no_more_than_a_name() {
    for kind in Kind::ALL {
        let bare = json!({"metadata": {"name": "x"}});
        assert_eq!(decode_whole(*kind, &bare).kind(), *kind);
        let nulls = json!({"metadata": {"name": "x", "labels": null, "annotations": null, "creationTimestamp": null},
            "spec": null, "status": null, "data": null, "endpoints": null, "ports": null});
        assert_eq!(decode_whole(*kind, &nulls).key(), &Key::new("", "x"), "{kind:?}");
    }
}

#[test]
fn object_without_a_name_is_only_a_diagnostic() {
    for text in [
        "{}",
        r#"{"metadata":{}}"#,
        r#"{"metadata":{"name":""}}"#,
        r#"{"metadata":[]}"#,
        "[]",
        "7",
        "null",
        "{",
        "",
    ] {
        for kind in Kind::ALL {
            let decoded = object(*kind, text, &mut Interner::default());
            assert_eq!(decoded.object, Err(None), "{text}");
            assert!(
                decoded.diagnostics.iter().all(|diagnostic| diagnostic.is_lost),
                "{text}"
            );
            assert!(!decoded.diagnostics.is_empty(), "{text}");
        }
    }
}

#[test]
fn strange_field_is_left_out_and_said_and_the_rest_is_kept() {
    let decoded = decode_value(
        Kind::Service,
        &json!({"metadata": meta("reviews"), "spec": {
            "type": {"odd": 1},
            "selector": {"app": "reviews", "version": 2},
            "ports": [{"name": "http", "port": "9080"}, {"name": "big", "port": 70000}, "x", {"port": 80.0}],
        }}),
    );
    let Ok(Object::Service(service)) = &decoded.object else {
        panic!("{decoded:?}")
    };
    assert_eq!(
        paths(&decoded),
        [
            "spec.ports[1].port",
            "spec.ports[2]",
            "spec.selector.version",
            "spec.type"
        ]
    );
    assert_eq!(service.service_type, "ClusterIP");
    assert_eq!(
        service.ports.iter().map(|port| port.number).collect::<Vec<_>>(),
        [9080, 0, 80]
    );
    assert_eq!(service.selector, model::Labels::from([("app", "reviews")]));
    assert_eq!(decoded.diagnostics[0].key, Some(Key::new("shop", "reviews")));
    assert!(!decoded.diagnostics[0].is_lost);
    assert_eq!(
        decoded.diagnostics[0].problem,
        "invalid value: integer `70000`, expected a number in range"
    );
}

#[test]
fn object_of_nothing_but_strange_fields_keeps_its_key() {
    let ports: Vec<_> = (0..500).map(|_| json!("x")).collect();
    let decoded = decode_value(
        Kind::Service,
        &json!({"metadata": meta("odd"), "spec": {"ports": ports}}),
    );
    assert_eq!(decoded.object, Err(Some(Key::new("shop", "odd"))));
    assert!(decoded.diagnostics.iter().all(|diagnostic| diagnostic.is_lost));
}

#[test]
fn key_is_found_whatever_the_rest_is() {
    assert_eq!(
        key(r#"{"spec":[],"metadata":{"namespace":"shop","name":"a"}}"#),
        Some(Key::new("shop", "a"))
    );
    assert_eq!(
        key(r#"{"metadata":{"namespace":7,"name":"a","name":"b"}}"#),
        Some(Key::new("", "b"))
    );
    assert_eq!(key("{}"), None);
    assert_eq!(key("nonsense"), None);
}

#[test]
fn key_given_twice_counts_as_last_given() {
    let text =
        r#"{"metadata":{"name":"a","name":"b","labels":{"k":"1","k":"2"}},"metadata":{"name":"c","labels":{"k":"3"}}}"#;
    let decoded = object(Kind::Node, text, &mut Interner::default());
    let Ok(object) = decoded.object else { panic!() };
    assert_eq!(object.key(), &Key::new("", "c"));
    assert_eq!(object.meta().labels, model::Labels::from([("k", "3")]));
    assert_eq!(decoded.diagnostics, []);
}

#[test]
fn depth_and_size_of_what_nobody_reads_do_not_matter() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = "x".repeat(1 << 20);
    for odd in ["", r#","nodeName":7"#] {
        let text = format!(
            r#"{{"metadata":{{"name":"p","annotations":{{"note":"{long}","istio.io/rev":"a"}}}},"deep":{deep},"spec":{{"x":{deep}{odd}}}}}"#
        );
        let decoded = object(Kind::Pod, &text, &mut Interner::default());
        let Ok(object) = &decoded.object else {
            panic!("{:?}", decoded.diagnostics)
        };
        assert_eq!(object.meta().annotations, model::Labels::from([("istio.io/rev", "a")]));
        assert_eq!(
            paths(&decoded),
            if odd.is_empty() { vec![] } else { vec!["spec.nodeName"] }
        );
    }
}

#[test]
fn kinds_go_by_group_and_kind_in_any_version() {
    for version in ["v1", "v1beta1", "v1alpha3"] {
        assert_eq!(
            kind_of(&format!("networking.istio.io/{version}"), "Sidecar"),
            Some(Kind::Sidecar)
        );
    }
    assert_eq!(kind_of("v1", "Pod"), Some(Kind::Pod));
    assert_eq!(kind_of("apps/v1", "Deployment"), Some(Kind::Istiod));
    assert_eq!(kind_of("gateway.networking.k8s.io/v1", "Gateway"), None);
    assert_eq!(kind_of("networking.istio.io/v1", "Gateway"), Some(Kind::Gateway));
    assert_eq!(kind_of("serving.knative.dev/v1", "Service"), None);
}

#[test]
fn provenance_is_managers_newest_first_and_the_text_without_noise() {
    let text = r#"{
        "apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
        "metadata": {"name": "default", "namespace": "shop", "resourceVersion": "17", "generation": 3, "managedFields": [
            {"manager": "kubectl-create", "operation": "Update", "time": "2026-05-01T10:00:00Z",
             "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {"f:egress": {}, "f:a": {"f:b": {"f:c": {}, "f:d": {}}}}}},
            "odd",
            {"manager": "istiod", "operation": "Update", "subresource": "status", "time": "2026-07-01T10:00:00Z", "fieldsV1": {}},
            {"manager": "kubectl-edit", "operation": "Update", "time": "2026-06-01T10:00:00Z",
             "fieldsV1": {"f:spec": {"f:ports": {"k:{\"port\":80}": {"f:name": {}}}}}}
        ]},
        "spec": {"egress": [{"hosts": ["./*", "a b \" c"]}]}, "status": {"x": 1}}"#;
    let Ok(object) = object(Kind::Sidecar, text, &mut Interner::default()).object else {
        panic!()
    };
    let provenance = object.provenance().unwrap();
    let managers: Vec<_> = provenance
        .managers
        .iter()
        .map(|manager| (manager.manager.as_str(), manager.fields.join(" ")))
        .collect();
    assert_eq!(
        managers,
        [
            ("kubectl-edit", "spec.ports".to_owned()),
            ("kubectl-create", "metadata.labels.app spec.egress spec.a.b".to_owned()),
        ]
    );
    let text = lz4_flex::decompress_size_prepended(&provenance.text).unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        r#"{"apiVersion":"networking.istio.io/v1","kind":"Sidecar","metadata":{"name":"default","namespace":"shop","generation":3},"spec":{"egress":[{"hosts":["./*","a b \" c"]}]}}"#
    );
}

#[test]
fn write_that_changes_only_version_and_status_changes_nothing() {
    let at = |version: &str, status: u32| json!({"metadata": {"name": "s", "resourceVersion": version}, "spec": {"hosts": ["a"]}, "status": {"n": status}});
    assert_eq!(
        decode_whole(Kind::VirtualService, &at("1", 1)),
        decode_whole(Kind::VirtualService, &at("2", 2))
    );
}

#[test]
fn enum_may_be_a_number_and_a_policy_without_mode_is_protobufs_zero() {
    let sidecar = |policy: serde_json::Value| {
        let value = json!({"metadata": meta("d"), "spec": {"outboundTrafficPolicy": policy}});
        let Object::Sidecar(sidecar) = decode_whole(Kind::Sidecar, &value) else {
            panic!()
        };
        sidecar.outbound_mode.clone()
    };
    assert_eq!(sidecar(json!({"mode": 1})).unwrap(), "ALLOW_ANY");
    assert_eq!(sidecar(json!({"mode": "ALLOW_ANY"})).unwrap(), "ALLOW_ANY");
    assert_eq!(sidecar(json!({})).unwrap(), "REGISTRY_ONLY");
    assert_eq!(sidecar(json!({"mode": 99})).unwrap(), "99");
    assert_eq!(sidecar(json!(null)), None);
}

#[test]
fn mesh_config_is_read_from_yaml_by_either_name() {
    let yaml = "rootNamespace: mesh-root\ndefault_service_export_to: [\".\"]\nlocalityLbSetting: {enabled: false}\n\
        discoverySelectors:\n- matchLabels: {istio: 'on'}\n- matchExpressions: [{key: a, operator: Exists}]\n\
        outboundTrafficPolicy: {mode: 3}\ndefaultConfig: {proxyAdminPort: '15009', tracing: {zipkin: {address: 'z:9411'}}}\n\
        nobodyKnows: [odd]\n";
    let value = json!({"metadata": {"name": "istio"}, "data": {"mesh": yaml, "meshNetworks": "networks: {n: {gateways: [{port: 1}]}}"}});
    let Object::MeshConfigMap(map) = decode_whole(Kind::MeshConfigMap, &value) else {
        panic!()
    };
    let mesh = map.mesh.as_ref().unwrap();
    assert_eq!(mesh.root_namespace.as_ref().unwrap(), "mesh-root");
    assert_eq!(mesh.default_service_export_to.as_ref().unwrap()[0], ".");
    assert_eq!(mesh.default_virtual_service_export_to, None);
    assert_eq!(mesh.outbound_mode.as_ref().unwrap(), "ALLOW_ANY_DYNAMIC_DNS");
    assert_eq!(mesh.discovery_selectors.as_ref().unwrap().len(), 2);
    assert_eq!(mesh.locality.as_ref().unwrap().enabled, Some(false));
    assert_eq!(mesh.default_config.proxy_admin_port, Some(15009));
    assert_eq!(mesh.default_config.tracing, Some(("z:9411".into(), "zipkin".into())));
    assert!(map.has_network_gateways);
}

#[test]
fn broken_mesh_config_is_a_diagnostic_that_names_the_key() {
    let odd = |yaml: &str| {
        decode_value(
            Kind::MeshConfigMap,
            &json!({"metadata": {"name": "istio"}, "data": {"mesh": yaml}}),
        )
    };
    for yaml in ["a: [", "7"] {
        let decoded = odd(yaml);
        assert_eq!(paths(&decoded), ["data.mesh"], "{yaml}");
        assert!(decoded.object.is_ok());
    }
    assert_eq!(
        paths(&odd("rootNamespace: a\ndefaultConfig: {statusPort: x}\n")),
        ["data.mesh: defaultConfig.statusPort"]
    );
    assert_eq!(odd("\n# nothing yet\n").diagnostics, []);
}

#[test]
fn proxy_is_found_among_containers_and_native_sidecars() {
    let pod = |field: &str, container: serde_json::Value| {
        let value = json!({"metadata": {"name": "p", "annotations": {"proxy.istio.io/config": "statusPort: 16020\n"}},
            "spec": {"containers": [{"name": "app"}], field: [container]}});
        let Object::Pod(pod) = decode_whole(Kind::Pod, &value) else {
            panic!()
        };
        pod.proxy.clone()
    };
    let container = json!({"name": "istio-proxy", "image": "reg.example:5000/istio/proxyv2:1.31.0@sha256:abc",
        "args": ["proxy", "sidecar", "--domain"], "restartPolicy": "Always", "env": [
            {"name": "PROXY_CONFIG", "value": "{\"proxyAdminPort\": 15001, \"statusPort\": 15021}"},
            {"name": "ISTIO_METAJSON_LABELS", "value": "{\"team\": \"a\"}"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]});
    for field in ["containers", "initContainers"] {
        let proxy = pod(field, container.clone()).unwrap();
        assert_eq!(proxy.kind, model::ProxyKind::Sidecar);
        assert_eq!(proxy.image_tag, "1.31.0");
        assert_eq!(proxy.config.proxy_admin_port, Some(15001));
        assert_eq!(
            proxy.config.status_port,
            Some(16020),
            "the annotation lies over the environment"
        );
        assert_eq!(proxy.static_labels, model::Labels::from([("team", "a")]));
        assert_eq!(proxy.env.get("POD_NAME"), None);
    }
    let kind = |args: serde_json::Value| {
        pod("containers", json!({"name": "istio-proxy", "args": args})).map(|proxy| proxy.kind)
    };
    assert_eq!(kind(json!(["proxy", "router"])), Some(model::ProxyKind::Router));
    assert_eq!(kind(json!(["proxy", "waypoint"])), Some(model::ProxyKind::Waypoint));
    assert_eq!(kind(json!(["proxy", "ztunnel"])), Some(model::ProxyKind::Ztunnel));
    assert_eq!(kind(json!(["proxy", "--domain", "x"])), Some(model::ProxyKind::Sidecar));
    assert_eq!(kind(json!(["agent"])), None);
}

#[test]
fn pods_of_one_template_share_what_they_have_in_common() {
    let mut interner = Interner::default();
    let mut pod = |name: &str| {
        let value = json!({"metadata": {"name": name, "labels": {"app": "a"}}, "spec": {"containers": [
            {"name": "istio-proxy", "args": ["proxy", "sidecar"], "env": [{"name": "A", "value": "b"}], "ports": [{"containerPort": 15090}]}]}});
        let Ok(Object::Pod(pod)) = object(Kind::Pod, &value.to_string(), &mut interner).object else {
            panic!()
        };
        pod
    };
    let (one, two) = (pod("one"), pod("two"));
    assert!(std::sync::Arc::ptr_eq(
        one.proxy.as_ref().unwrap(),
        two.proxy.as_ref().unwrap()
    ));
    assert!(std::sync::Arc::ptr_eq(&one.ports, &two.ports));
}

#[test]
fn route_with_a_filter_that_istiod_refuses_says_so() {
    let refused = |rule: serde_json::Value| {
        let value = json!({"metadata": meta("r"), "spec": {"parentRefs": [{"kind": "Service", "group": "", "name": "a"}], "rules": [rule]}});
        let Object::HTTPRoute(route) = decode_whole(Kind::HTTPRoute, &value) else {
            panic!()
        };
        {
            assert_eq!(route.spec.parents[0].group.as_ref().unwrap(), "");
            route.spec.rules[0].has_refused_filter
        }
    };
    assert!(!refused(
        json!({"filters": [{"type": "URLRewrite"}], "backendRefs": [{"name": "b"}]})
    ));
    assert!(refused(json!({"filters": [{"type": "ExtensionRef"}]})));
    assert!(refused(
        json!({"backendRefs": [{"name": "b", "filters": [{"type": "URLRewrite"}]}]})
    ));
}

#[test]
fn events_say_their_last_time_and_count_as_kubectl_does() {
    let event = |value: serde_json::Value| {
        let Object::Event(event) = decode_whole(Kind::Event, &value) else {
            panic!()
        };
        (
            event.last.map(|time| time.to_string()),
            event.count,
            event.message.len(),
        )
    };
    let long = "é".repeat(1000);
    assert_eq!(
        event(
            json!({"metadata": {"name": "e", "creationTimestamp": "2026-01-01T00:00:00Z"}, "eventTime": null, "message": long})
        ),
        (Some("2026-01-01T00:00:00Z".into()), 1, 1024)
    );
    assert_eq!(
        event(
            json!({"metadata": {"name": "e"}, "lastTimestamp": "2026-01-02T00:00:00Z", "count": 3,
            "series": {"count": 7, "lastObservedTime": "2026-01-03T00:00:00.123456Z"}})
        ),
        (Some("2026-01-03T00:00:00.123456Z".into()), 7, 0)
    );
}
