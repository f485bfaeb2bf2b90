//! What is refused, and in which words.

use serde_json::json;

use super::*;

const CHECKED: &str = " (checked against Istio 1.31)";

fn said(kind: Kind, json: &Value) -> Option<String> {
    let key = Some(Key::new("shop", "a"));
    let version = api_versions(kind).next().unwrap();
    let found = refused("draft.yaml", kind, &version, key, &json.to_string());
    found.map(|found| found.to_string().replace(CHECKED, ""))
}

fn sidecar(spec: &Value) -> Option<String> {
    let json = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": { "name": "a" }, "spec": spec,
    });
    said(Kind::Sidecar, &json)
}

#[test]
fn a_field_that_no_schema_has_is_named_with_the_nearest_that_there_is() {
    let found = sidecar(&json!({ "egres": [] })).unwrap();
    assert_eq!(
        found,
        "'draft.yaml': Sidecar shop/a: unknown field 'spec.egres', did you mean 'egress'?"
    );
    let deep = json!({ "egress": [{ "hosts": ["*/*"] }, { "host": ["./*"], "port": { "nummer": 1 } }] });
    let found = sidecar(&deep).unwrap();
    assert!(
        found.contains("'spec.egress[1].host', did you mean 'hosts'?"),
        "{found}"
    );
    assert!(
        found.contains("; unknown field 'spec.egress[1].port.nummer', did you mean 'number'?"),
        "{found}"
    );
    let far = sidecar(&json!({ "quux": 1 })).unwrap();
    assert!(far.contains("'spec.quux', there are egress, "), "{far}");
    let many: Map<String, Value> = (0..9).map(|at| (format!("x{at}"), Value::Null)).collect();
    let many = sidecar(&Value::Object(many)).unwrap();
    assert!(many.ends_with("; and 4 more"), "{many}");
    assert_eq!(many.matches("there are").count(), 1, "{many}");
}

#[test]
fn a_value_of_another_type_is_named_with_the_type_that_it_must_have() {
    let found = |spec: Value| sidecar(&spec).unwrap_or_default();
    let map = found(json!({ "egress": { "hosts": ["./*"] } }));
    assert!(
        map.ends_with(": 'spec.egress' must be of type array, it is object"),
        "{map}"
    );
    let list = found(json!({ "egress": [[{ "hosts": ["./*"] }]] }));
    assert!(
        list.ends_with(": 'spec.egress[0]' must be of type object, it is array"),
        "{list}"
    );
    let text = found(json!({ "egress": [{ "hosts": "./*", "port": { "number": "80" } }] }));
    assert!(
        text.contains("'spec.egress[0].hosts' must be of type array, it is string; 'spec.egress[0].port.number'"),
        "{text}"
    );
    let label = found(json!({ "workloadSelector": { "labels": { "a": 1 } } }));
    assert!(
        label.ends_with("'spec.workloadSelector.labels.a' must be of type string, it is number"),
        "{label}"
    );
    assert_eq!(
        found(json!({ "egress": null, "ingress": [{ "port": { "number": 80.0 } }] })),
        ""
    );
}

#[test]
fn what_kubectl_reads_as_a_boolean_is_one() {
    let rule = |enabled: &str| {
        let setting = json!({ "localityLbSetting": { "enabled": enabled } });
        let json = json!({ "spec": { "host": "a", "trafficPolicy": { "loadBalancer": setting } } });
        said(Kind::DestinationRule, &json)
    };
    assert_eq!(rule("Yes"), None);
    assert!(
        rule("maybe")
            .unwrap()
            .ends_with("must be of type boolean, it is string")
    );
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    let found = refused("f", Kind::Sidecar, "networking.istio.io/v1", None, &deep).unwrap();
    assert_eq!(
        found.to_string(),
        format!("'f': Sidecar: nested too deep to be read{CHECKED}")
    );
}

#[test]
fn fields_at_the_top_and_in_metadata_are_known_too() {
    let top = json!({ "kind": "Sidecar", "specs": {}, "metadata": { "namspace": "a", "labels": { "any": "x" } } });
    let found = said(Kind::Sidecar, &top).unwrap();
    assert!(found.contains("'specs', did you mean 'spec'?"), "{found}");
    assert!(
        found.contains("'metadata.namspace', did you mean 'namespace'?"),
        "{found}"
    );
    let service = json!({ "metadata": { "nam": "a" }, "spec": { "of another release": 1 } });
    let found = said(Kind::Service, &service).unwrap();
    assert!(
        found.contains("'metadata.nam'") && !found.contains("another"),
        "{found}"
    );
}

#[test]
fn maps_and_values_of_any_form_take_every_name() {
    let filter = json!({
        "spec": { "configPatches": [{ "applyTo": "CLUSTER", "patch": { "operation": "MERGE", "value": { "any": { "name": 1 } } } }] },
        "status": { "anything": 1 },
    });
    assert_eq!(said(Kind::EnvoyFilter, &filter), None);
    let labels = json!({ "workloadSelector": { "labels": { "egres": "x" } } });
    assert_eq!(sidecar(&labels), None);
    assert_eq!(sidecar(&Value::Null), None);
}

#[test]
fn every_kind_with_a_definition_has_one_here() {
    for kind in Kind::ALL.iter().filter(|kind| kind.plural().contains("istio.io")) {
        let schema = DEFINITIONS.get(kind.plural());
        let schema = schema.and_then(|entry| entry.pointer("/schema/properties/spec/properties"));
        assert!(
            schema.is_some_and(|fields| fields.as_object().is_some()),
            "{}",
            kind.plural()
        );
    }
}

#[test]
fn a_value_beyond_what_the_schema_allows_is_named_with_the_nearest_that_it_does() {
    for (spec, words) in [
        (
            json!({ "outboundTrafficPolicy": { "mode": "ALOW_ANY" } }),
            "'spec.outboundTrafficPolicy.mode' cannot be 'ALOW_ANY', did you mean 'ALLOW_ANY'?",
        ),
        (
            json!({ "outboundTrafficPolicy": { "mode": "registry_only" } }),
            "'spec.outboundTrafficPolicy.mode' cannot be 'registry_only', did you mean 'REGISTRY_ONLY'?",
        ),
        (
            json!({ "outboundTrafficPolicy": { "mode": "FOO" } }),
            "'spec.outboundTrafficPolicy.mode' cannot be 'FOO', there are REGISTRY_ONLY, ALLOW_ANY",
        ),
        (
            json!({ "egress": [{ "hosts": ["./*"], "port": { "number": 70000 } }] }),
            "'spec.egress[0].port.number' is 70000, the most is 65535",
        ),
        (
            json!({ "ingress": [{ "port": { "number": -1 } }] }),
            "'spec.ingress[0].port.number' is -1, the least is 0",
        ),
        (
            json!({ "egress": [{}] }),
            "required field 'spec.egress[0].hosts' is missing",
        ),
        (
            json!({ "egress": [{ "hosts": null }] }),
            "required field 'spec.egress[0].hosts' is missing",
        ),
        (
            json!({ "ingress": [{ "port": {}, "tls": { "credentialNames": ["a", "b", "c"] } }] }),
            "'spec.ingress[0].tls.credentialNames' is 3 entries, the most is 2",
        ),
    ] {
        assert_eq!(sidecar(&spec), Some(format!("'draft.yaml': Sidecar shop/a: {words}")));
    }
    let entry = json!({ "spec": { "hosts": ["a"], "resolution": "DNSS", "location": "MESH_INSIDE", "endpoints": [{ "address": "a", "ports": { "http": 65536 } }] } });
    let found = said(Kind::ServiceEntry, &entry).unwrap();
    for words in [
        "'spec.resolution' cannot be 'DNSS', did you mean 'DNS'?",
        "'spec.location' cannot be 'MESH_INSIDE', did you mean 'MESH_INTERNAL'?",
        "'spec.endpoints[0].ports.http' is 65536, the most is 65535",
    ] {
        assert!(found.contains(words), "{found}");
    }
    let rule = json!({ "spec": { "host": "a", "trafficPolicy": { "tls": { "mode": "SIMPEL" }, "loadBalancer": { "simple": "RANDOM", "consistentHash": { "useSourceIp": true } } } } });
    let found = said(Kind::DestinationRule, &rule).unwrap();
    assert!(
        found.contains("'spec.trafficPolicy.tls.mode' cannot be 'SIMPEL', did you mean 'SIMPLE'?")
            && found.contains("'spec.trafficPolicy.loadBalancer' can have only one of consistentHash, simple"),
        "{found}"
    );
}

#[test]
fn patterns_and_lengths_of_the_gateway_api_count_and_its_release_is_told() {
    let route =
        json!({ "spec": { "hostnames": ["Not A Host"], "rules": [{ "backendRefs": [{ "name": "", "port": 0 }] }] } });
    let found = said(Kind::HTTPRoute, &route).unwrap();
    for words in [
        "'spec.hostnames[0]' cannot be 'Not A Host': it must match ^",
        "'spec.rules[0].backendRefs[0].name' is 0 letters long, the least is 1",
        "'spec.rules[0].backendRefs[0].port' is 0, the least is 1",
    ] {
        assert!(found.contains(words), "{found}");
    }
    assert!(found.ends_with(" (checked against Gateway API v1.6.0)"), "{found}");
}

#[test]
fn a_version_that_the_kind_does_not_have_is_named_with_one_that_it_has() {
    let found = |kind, version| refused("f", kind, version, None, "{}").map(|found| found.to_string());
    assert_eq!(
        found(Kind::Sidecar, "networking.istio.io/v9"),
        Some(format!(
            "'f': Sidecar: 'apiVersion' cannot be 'networking.istio.io/v9', did you mean 'networking.istio.io/v1'?{CHECKED}"
        ))
    );
    assert_eq!(found(Kind::Sidecar, "networking.istio.io/v1alpha3"), None);
    assert!(found(Kind::EnvoyFilter, "networking.istio.io/v1").is_some());
    assert!(
        found(Kind::Service, "v2")
            .unwrap()
            .ends_with("cannot be 'v2', there are v1")
    );
}

#[test]
fn names_and_labels_are_those_that_an_object_can_have() {
    let found = |kind, metadata: Value| said(kind, &json!({ "metadata": metadata })).unwrap_or_default();
    let long = "a".repeat(100_000);
    for (name, is_name) in [
        ("a.b-c.9", true),
        ("A b/c", false),
        ("-a", false),
        ("a..b", false),
        (&*long, false),
    ] {
        let found = found(Kind::Sidecar, json!({ "name": name }));
        assert_eq!(found.is_empty(), is_name, "{found}");
        assert!(found.len() < 400, "{found}");
    }
    assert!(found(Kind::Service, json!({ "name": "a.b" })).contains("'metadata.name' cannot be 'a.b'"));
    let odd = found(Kind::Sidecar, json!({ "name": 5, "labels": { "a": 1 } }));
    assert!(odd.contains("'metadata.name' must be of type string"), "{odd}");
    assert!(odd.contains("'metadata.labels.a' must be of type string"), "{odd}");
}
