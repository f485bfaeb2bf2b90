//! A small universe of objects, and random events in it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sidescope::mesh::history::History;
use sidescope::mesh::model::{
    EgressListener, EndpointSlice, Key, Kind, Labels, Meta, Namespace, Node, Object, Pod, Provenance, Service,
    ServicePort, Sidecar, SliceEndpoint, SlicePort, Text, Uid,
};
use sidescope::mesh::world::{Delta, Found, ListScope, World};

pub(crate) const NAMESPACES: [&str; 2] = ["shop", "blog"];
const KINDS: [Kind; 6] = [
    Kind::Namespace,
    Kind::Node,
    Kind::Pod,
    Kind::Service,
    Kind::EndpointSlice,
    Kind::Sidecar,
];

pub(crate) fn meta(namespace: &str, name: &str, uid: u8) -> Meta {
    Meta {
        key: Key::new(namespace, name),
        uid: Uid(uid.into()),
        ..Meta::default()
    }
}

/// The second after the start of the test's time.
pub(crate) fn second(at: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_secs(at)
}

/// A text as the decoder packs it.
pub(crate) fn provenance(json: &str) -> Provenance {
    Provenance {
        managers: [].into(),
        text: lz4_flex::compress_prepend_size(json.as_bytes()).into(),
    }
}

pub(crate) fn pod(namespace: &str, name: &str, variant: u8) -> Object {
    Pod {
        meta: Meta {
            labels: Labels::from([("app", name), ("v", if variant & 1 == 0 { "1" } else { "2" })]),
            ..meta(namespace, name, 10 + (variant >> 2 & 1))
        },
        ips: [Text::from(format!("10.0.0.{}", 1 + (variant >> 1 & 1)))].into(),
        ready: variant & 1 == 0,
        node: "n0".into(),
        ..Pod::default()
    }
    .into()
}

pub(crate) fn service(namespace: &str, name: &str, port: u16) -> Object {
    Service {
        meta: meta(namespace, name, 1),
        provenance: provenance(&format!(r#"{{"spec":{{"ports":[{{"port":{port}}}]}}}}"#)),
        ports: [ServicePort {
            name: "http".into(),
            number: port,
            protocol: "TCP".into(),
            app_protocol: None,
            target: None,
            node_port: 0,
        }]
        .into(),
        ..Service::default()
    }
    .into()
}

pub(crate) fn slice(namespace: &str, name: &str, service: &str, endpoints: &[(u8, bool)]) -> Object {
    EndpointSlice {
        meta: meta(namespace, name, 1),
        service: service.into(),
        address_type: "IPv4".into(),
        ports: [SlicePort {
            name: "http".into(),
            number: 8080,
        }]
        .into(),
        endpoints: endpoints
            .iter()
            .map(|(ip, ready)| SliceEndpoint {
                addresses: [Text::from(format!("10.0.0.{ip}"))].into(),
                ready: Some(*ready),
                ..SliceEndpoint::default()
            })
            .collect(),
    }
    .into()
}

pub(crate) fn sidecar(namespace: &str, name: &str, hosts: &[&str]) -> Object {
    Sidecar {
        meta: meta(namespace, name, 1),
        provenance: provenance(&format!(r#"{{"spec":{{"egress":[{{"hosts":{hosts:?}}}]}}}}"#)),
        egress: [EgressListener {
            hosts: hosts.iter().map(|host| Text::from(*host)).collect(),
            ..EgressListener::default()
        }]
        .into(),
        ..Sidecar::default()
    }
    .into()
}

fn namespace(name: &str, variant: u8) -> Object {
    Namespace {
        meta: Meta {
            labels: Labels::from([("rev", if variant & 1 == 0 { "a" } else { "b" })]),
            ..meta("", name, 1)
        },
        terminating: variant & 2 != 0,
    }
    .into()
}

fn node(name: &str, variant: u8) -> Object {
    Node {
        meta: Meta {
            labels: Labels::from([("zone", if variant & 1 == 0 { "a" } else { "b" })]),
            ..meta("", name, 1)
        },
    }
    .into()
}

/// Any object of the universe: of few names, in few variants.
pub(crate) fn objects() -> impl Strategy<Value = Object> {
    let at = || (0..NAMESPACES.len(), 0..3_u8, any::<u8>());
    prop_oneof![
        1 => at().prop_map(|(ns, _, v)| namespace(NAMESPACES[ns], v)),
        1 => at().prop_map(|(_, n, v)| node(&format!("n{n}"), v)),
        4 => at().prop_map(|(ns, n, v)| pod(NAMESPACES[ns], &format!("p{n}"), v)),
        3 => at().prop_map(|(ns, n, v)| service(NAMESPACES[ns], &format!("s{n}"), 80 + u16::from(v & 1))),
        6 => (at(), 0..3_u8, prop::collection::vec((1..5_u8, any::<bool>()), 0..4))
            .prop_map(|((ns, n, _), of, list)| slice(NAMESPACES[ns], &format!("e{n}"), &format!("s{of}"), &list)),
        3 => (0..NAMESPACES.len(), prop::sample::subsequence(vec!["./*", "shop/*", "blog/*", "*/s1", "~/*"], 0..4))
            .prop_map(|(ns, hosts)| sidecar(NAMESPACES[ns], "default", &hosts)),
    ]
}

/// Any event after the first lists: objects put and removed, and now and then a list that is aborted or comes to its
/// end without an object.
pub(crate) fn deltas() -> impl Strategy<Value = Delta> {
    let kinds = || prop::sample::select(KINDS.to_vec());
    let scopes = || {
        prop_oneof![
            Just(ListScope::All),
            prop::sample::select(NAMESPACES.to_vec()).prop_map(|ns| ListScope::Namespace(ns.into())),
        ]
    };
    prop_oneof![
        20 => objects().prop_map(Delta::Put),
        6 => objects().prop_map(|object| Delta::Remove(object.kind(), object.key().clone())),
        1 => (kinds(), scopes()).prop_map(|(kind, scope)| Delta::ListStart(kind, scope)),
        1 => (kinds(), scopes()).prop_map(|(kind, scope)| Delta::ListEnd(kind, scope)),
    ]
}

/// Says of every kind that all of it is listed.
pub(crate) fn list_all(world: &mut World, history: &mut History) {
    for kind in Kind::ALL {
        history.apply(world, second(0), Delta::Coverage(*kind, ListScope::All, Found::All));
    }
}

/// An empty world of which everything is known, and its history.
pub(crate) fn settled() -> (World, History) {
    let (mut world, mut history) = (World::default(), History::default());
    list_all(&mut world, &mut history);
    (world, history)
}

/// Everything that a world says, in a form that can be compared.
pub(crate) fn contents(world: &World) -> (Vec<Object>, Vec<Vec<Key>>) {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        world.each_in(*kind, &ListScope::All, &mut |object| all.push(object));
    }
    let mut found = Vec::new();
    for namespace in NAMESPACES {
        for n in 0..3 {
            let slices = world.slices_of(&Key::new(namespace, format!("s{n}")));
            found.push(slices.map(|slice| slice.meta.key.clone()).collect());
        }
    }
    for ip in 0..6 {
        let pods = world.pods_with_ip(&format!("10.0.0.{ip}"));
        found.push(pods.map(|pod| pod.meta.key.clone()).collect());
    }
    (all, found)
}

/// A world that holds these objects and nothing else, made by putting one after the other.
pub(crate) fn world_of(objects: &[Object]) -> World {
    let mut world = World::default();
    for object in objects {
        world.apply(Delta::Put(object.clone()));
    }
    world
}

/// The config of a property: failures are shown, not written to a file.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The key of a pod of the universe.
pub(crate) fn pod_key(namespace: usize, n: u8) -> Key {
    Key::new(NAMESPACES[namespace % NAMESPACES.len()], format!("p{n}"))
}

/// Shares one empty list.
pub(crate) fn nothing<T>() -> Arc<[T]> {
    Arc::new([])
}
