//! Objects of a small mesh, as a decoder would make them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sidescope::mesh::model::{
    EgressListener, EndpointSlice, FieldManager, Istiod, Key, Kind, Labels, MeshConfigMap, Meta, Namespace, Object,
    Owner, Pod, PodPrinted, Provenance, Proxy, ProxyKind, Service, ServicePort, Sidecar, SliceEndpoint, SlicePort,
    Text, Uid,
};
use sidescope::mesh::world::{Delta, Found, ListScope};

/// When every test begins.
pub(crate) fn start() -> Timestamp {
    "2026-03-01T03:00:00Z".parse().unwrap()
}

pub(crate) fn meta(kind: Kind, namespace: &str, name: &str) -> Meta {
    Meta {
        key: Key::new(namespace, name),
        uid: Uid::from(format!("{kind:?} {namespace} {name}").as_str()),
        created: Some(start() - SignedDuration::from_hours(50)),
        ..Meta::default()
    }
}

pub(crate) fn namespace(name: &str) -> Object {
    Namespace {
        meta: meta(Kind::Namespace, "", name),
        terminating: false,
    }
    .into()
}

/// A running pod of a Deployment, with a sidecar.
pub(crate) fn pod(namespace: &str, deployment: &str, suffix: &str, ip: &str) -> Pod {
    let mut meta = meta(Kind::Pod, namespace, &format!("{deployment}-6f9c-{suffix}"));
    meta.labels = Labels::from([
        ("app", deployment.split('-').next().unwrap()),
        ("pod-template-hash", "6f9c"),
    ]);
    Pod {
        meta,
        owner: Some(Owner {
            kind: "ReplicaSet".into(),
            name: format!("{deployment}-6f9c").into(),
        }),
        node: "node-a".into(),
        service_account: "default".into(),
        phase: "Running".into(),
        ips: [Text::from(ip)].into(),
        ready: true,
        ready_since: Some(start() - SignedDuration::from_hours(49)),
        started: Some(start() - SignedDuration::from_hours(50)),
        printed: PodPrinted {
            ready: 2,
            total: 2,
            status: "Running".into(),
            ..PodPrinted::default()
        },
        proxy: Some(Arc::new(Proxy {
            kind: ProxyKind::Sidecar,
            image_tag: "1.31.0".into(),
            ..Proxy::default()
        })),
        ..Pod::default()
    }
}

pub(crate) fn without_proxy(mut pod: Pod) -> Pod {
    pod.proxy = None;
    pod
}

pub(crate) fn service(namespace: &str, name: &str, port: u16) -> Service {
    Service {
        meta: meta(Kind::Service, namespace, name),
        service_type: "ClusterIP".into(),
        cluster_ips: [Text::from("10.96.7.7")].into(),
        ports: [ServicePort {
            name: "http".into(),
            number: port,
            protocol: "TCP".into(),
            app_protocol: None,
            target: None,
            node_port: 0,
        }]
        .into(),
        selector: Labels::from([("app", name)]),
        ..Service::default()
    }
}

pub(crate) fn slice(namespace: &str, service: &str, port: u16, pods: &[&Pod]) -> EndpointSlice {
    let mut meta = meta(Kind::EndpointSlice, namespace, &format!("{service}-x7"));
    meta.labels = Labels::from([("kubernetes.io/service-name", service)]);
    EndpointSlice {
        meta,
        service: service.into(),
        address_type: "IPv4".into(),
        ports: [SlicePort {
            name: "http".into(),
            number: port,
        }]
        .into(),
        endpoints: pods
            .iter()
            .map(|pod| SliceEndpoint {
                addresses: pod.ips.clone(),
                ready: Some(pod.ready),
                pod: Some(pod.meta.key.clone()),
                node: pod.node.clone(),
                zone: "zone-1".into(),
                ..SliceEndpoint::default()
            })
            .collect(),
    }
}

/// A Sidecar that lets these hosts in, written by `kubectl-edit`.
pub(crate) fn sidecar(namespace: &str, hosts: &[&str], generation: i64) -> Sidecar {
    let mut meta = meta(Kind::Sidecar, namespace, "default");
    meta.generation = generation;
    let json = format!(
        r#"{{"kind":"Sidecar","metadata":{{"name":"default","namespace":"{namespace}"}},"spec":{{"egress":[{{"hosts":{hosts:?}}}]}}}}"#
    );
    Sidecar {
        meta,
        provenance: Provenance {
            managers: [FieldManager {
                manager: "kubectl-edit".into(),
                operation: "Update".into(),
                time: Some(start() + SignedDuration::from_secs(60 * generation)),
                subresource: Text::default(),
                fields: ["spec.egress".into()].into(),
            }]
            .into(),
            text: lz4_flex::compress_prepend_size(json.as_bytes()).into(),
        },
        egress: [EgressListener {
            hosts: hosts.iter().map(|host| Text::from(*host)).collect(),
            ..EgressListener::default()
        }]
        .into(),
        ..Sidecar::default()
    }
}

/// Three services with their pods, a shell, a control plane; no Sidecar.
pub(crate) fn bookinfo() -> Vec<Object> {
    let reviews = [
        pod("bookinfo", "reviews-v1", "aaaaa", "10.244.1.31"),
        pod("bookinfo", "reviews-v2", "bbbbb", "10.244.2.31"),
    ];
    let ratings = pod("bookinfo", "ratings-v1", "ccccc", "10.244.1.30");
    let details = pod("bookinfo", "details-v1", "ddddd", "10.244.1.29");
    let shell = pod("default", "my-shell", "eeeee", "10.244.1.40");
    let istiod = without_proxy(pod("istio-system", "istiod", "fffff", "10.244.1.2"));
    let mut objects: Vec<Object> = vec![
        namespace("bookinfo"),
        namespace("default"),
        namespace("istio-system"),
        service("bookinfo", "reviews", 9080).into(),
        service("bookinfo", "ratings", 9080).into(),
        service("bookinfo", "details", 9080).into(),
        service("istio-system", "istiod", 15012).into(),
        slice("bookinfo", "reviews", 9080, &[&reviews[0], &reviews[1]]).into(),
        slice("bookinfo", "ratings", 9080, &[&ratings]).into(),
        slice("bookinfo", "details", 9080, &[&details]).into(),
        slice("istio-system", "istiod", 15012, &[&istiod]).into(),
        MeshConfigMap {
            meta: meta(Kind::MeshConfigMap, "istio-system", "istio"),
            mesh: Some(Arc::default()),
            ..MeshConfigMap::default()
        }
        .into(),
        Istiod {
            meta: Meta {
                labels: Labels::from([("app", "istiod"), ("istio.io/rev", "default")]),
                ..meta(Kind::Istiod, "istio-system", "istiod")
            },
            image_tag: "1.31.0".into(),
            ..Istiod::default()
        }
        .into(),
    ];
    objects.extend(
        reviews
            .into_iter()
            .chain([ratings, details, shell, istiod])
            .map(Object::from),
    );
    objects
}

/// What the sources say when each kind is listed for the first time.
pub(crate) fn listed(objects: &[Object]) -> Vec<Delta> {
    let mut deltas = Vec::new();
    for kind in Kind::ALL {
        deltas.push(Delta::ListStart(*kind, ListScope::All));
        let of_kind = objects.iter().filter(|object| object.kind() == *kind);
        deltas.extend(of_kind.cloned().map(Delta::Put));
        deltas.push(Delta::ListEnd(*kind, ListScope::All));
        deltas.push(Delta::Coverage(*kind, ListScope::All, Found::All));
    }
    deltas
}
