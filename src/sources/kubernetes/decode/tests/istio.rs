//! Where each field of Istio's kinds lands in the model.

use super::decode_whole;
use super::samples::sample;
use crate::mesh::model::{self, Kind, Labels, Object, StringMatch, Text};

fn texts<const N: usize>(texts: [&str; N]) -> std::sync::Arc<[Text]> {
    texts.map(Text::from).into()
}

#[test]
fn virtual_service_keeps_destinations_and_matches() {
    let Object::VirtualService(service) = decode_whole(Kind::VirtualService, &sample(Kind::VirtualService)) else {
        panic!()
    };
    let destination = |host: &str, subset: &str, port| model::Destination {
        host: host.into(),
        subset: subset.into(),
        port,
    };
    assert_eq!((&service.hosts, &service.gateways), (&texts(["a"]), &texts(["mesh"])));
    assert_eq!(service.export_to, texts(["."]));
    let http = &service.http[0];
    assert_eq!(
        *http.destinations,
        [destination("b", "v1", Some(80))],
        "a route without destination is left out"
    );
    assert_eq!(http.mirror, Some(destination("m", "", None)));
    assert_eq!(
        *http.mirrors,
        [destination("n", "", Some(0))],
        "a port without number is 0"
    );
    assert_eq!(http.delegate.as_ref().unwrap().namespace, "e");
    assert_eq!(*service.tcp[0], [destination("t", "", None)]);
    assert_eq!(*service.tls[0], [destination("s", "", None)]);
    let one = &http.matches[0];
    let exact = |text: &str| StringMatch::Exact(text.into());
    assert_eq!(
        one.request,
        [Some(exact("/x")), None, None, Some(StringMatch::Prefix("a".into()))]
    );
    assert_eq!(
        *one.headers,
        [
            ("e".into(), StringMatch::Unset),
            ("h".into(), StringMatch::Regex(".*".into()))
        ],
        "by name"
    );
    assert_eq!(*one.without_headers, [("w".into(), exact(""))]);
    assert_eq!(*one.query_params, [("q".into(), exact("1"))]);
    assert!(one.ignore_uri_case && one.port == 80 && one.source_namespace == "ns");
    assert_eq!(one.source_labels, Labels::from([("app", "b")]));
}

#[test]
fn destination_rule_keeps_policies_level_by_level() {
    let Object::DestinationRule(rule) = decode_whole(Kind::DestinationRule, &sample(Kind::DestinationRule)) else {
        panic!()
    };
    assert_eq!(rule.selector, Some(Labels::from([("app", "b")])));
    let policy = rule.policy.as_ref().unwrap();
    let balancer = policy.settings.load_balancer.as_ref().unwrap();
    assert_eq!(balancer.simple, "PASSTHROUGH");
    let locality = balancer.locality.as_ref().unwrap();
    assert_eq!(*locality.distribute[0].to, [("q".into(), 20), ("r/z".into(), 80)]);
    assert_eq!(*locality.failover, [("r".into(), "q".into())]);
    assert_eq!(balancer.zone_aware.as_ref().unwrap().enabled, Some(false));
    assert_eq!(
        policy.settings.outlier_detection.as_ref().unwrap().min_health_percent,
        50
    );
    assert_eq!(policy.settings.tls_mode.as_ref().unwrap(), "ISTIO_MUTUAL");
    let port = &policy.ports[0];
    assert_eq!(port.port, Some(80));
    assert_eq!(
        port.settings.load_balancer.as_ref().unwrap().simple,
        "RANDOM",
        "a number is a name"
    );
    assert_eq!(
        (policy.ports[1].port, policy.ports[1].settings.tls_mode.as_deref()),
        (None, Some(""))
    );
    assert_eq!(rule.subsets[0].labels, Labels::from([("version", "v1")]));
    assert!(rule.subsets[0].policy.is_some(), "an empty policy is one");
}

#[test]
fn service_entry_and_workload_entry_share_their_endpoints_form() {
    let Object::ServiceEntry(entry) = decode_whole(Kind::ServiceEntry, &sample(Kind::ServiceEntry)) else {
        panic!()
    };
    assert_eq!(
        (entry.location.as_str(), entry.resolution.as_str()),
        ("MESH_INTERNAL", "STATIC")
    );
    assert_eq!((entry.ports[0].number, entry.ports[0].target), (443, 8443));
    let endpoint = &entry.endpoints[0];
    assert_eq!(*endpoint.ports, [("tls".into(), 9443)]);
    assert_eq!(
        (endpoint.locality.as_str(), endpoint.network.as_str(), endpoint.weight),
        ("r/z", "n", 7)
    );
    assert_eq!((entry.selector.is_some(), &entry.export_to), (true, &texts(["~"])));
    let Object::WorkloadEntry(workload) = decode_whole(Kind::WorkloadEntry, &sample(Kind::WorkloadEntry)) else {
        panic!()
    };
    assert_eq!(
        (workload.workload.address.as_str(), workload.healthy),
        ("10.2.0.1", Some(false))
    );
    assert_eq!(workload.workload.ports, endpoint.ports);
}

#[test]
fn gateway_and_envoy_filter_keep_what_touches_clusters() {
    let Object::Gateway(gateway) = decode_whole(Kind::Gateway, &sample(Kind::Gateway)) else {
        panic!()
    };
    assert_eq!(
        (gateway.servers[0].port, gateway.servers[0].tls_mode.as_str()),
        (443, "AUTO_PASSTHROUGH")
    );
    let Object::EnvoyFilter(filter) = decode_whole(Kind::EnvoyFilter, &sample(Kind::EnvoyFilter)) else {
        panic!()
    };
    assert_eq!(
        (filter.has_target_refs, filter.priority, filter.clusters.len()),
        (true, -3, 1)
    );
    let patch = &filter.clusters[0];
    assert_eq!(
        (patch.operation.as_str(), patch.context.as_str()),
        ("REMOVE", "SIDECAR_OUTBOUND")
    );
    assert!(patch.has_proxy_match && patch.proxy_version == "1.*" && patch.value_name == "x");
    let cluster = patch.cluster.as_ref().unwrap();
    assert_eq!(
        (cluster.port, cluster.subset.as_str(), cluster.name.as_str()),
        (80, "v1", "c")
    );
}

#[test]
fn istiod_says_which_of_its_variables_cannot_be_read() {
    let Object::Istiod(istiod) = decode_whole(Kind::Istiod, &sample(Kind::Istiod)) else {
        panic!()
    };
    assert_eq!(istiod.env, Labels::from([("REVISION", "canary")]));
    assert_eq!(istiod.unreadable_env, texts(["JWT_POLICY", "P_* of configmap/more"]));
    assert_eq!(
        (istiod.image_tag.as_str(), &istiod.args),
        ("1.31.0", &texts(["discovery"]))
    );
}
