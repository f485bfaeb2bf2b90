//! Blast radii of small worlds.

use std::sync::Arc;

use super::*;
use crate::mesh::model::{
    EgressListener, EndpointSlice, Labels, Meta, Object, Pod, Proxy, Service, ServicePort, Sidecar, SliceEndpoint,
    SlicePort,
};
use crate::mesh::world::{Delta, Found, ListScope};

fn meta(name: &str, labels: Labels) -> Meta {
    Meta {
        key: Key::new("shop", name),
        labels,
        ..Meta::default()
    }
}

fn pod(name: &str, app: &str, ip: &str) -> Object {
    let owner = Owner {
        kind: "ReplicaSet".into(),
        name: Text::from(format!("{app}-7f")),
    };
    Pod {
        meta: meta(name, Labels::from([("app", app), ("pod-template-hash", "7f")])),
        owner: Some(owner),
        phase: "Running".into(),
        ips: [Text::from(ip)].into(),
        ready: true,
        proxy: Some(Arc::new(Proxy::default())),
        ..Pod::default()
    }
    .into()
}

fn service(name: &str, ip: &str) -> [Object; 2] {
    let service = Service {
        meta: meta(name, Labels::default()),
        service_type: "ClusterIP".into(),
        cluster_ips: ["10.96.0.1".into()].into(),
        ports: [ServicePort {
            name: "http".into(),
            number: 80,
            protocol: "TCP".into(),
            app_protocol: None,
            target: None,
            node_port: 0,
        }]
        .into(),
        ..Service::default()
    };
    let slice = EndpointSlice {
        meta: meta(&format!("{name}-x"), Labels::default()),
        service: name.into(),
        address_type: "IPv4".into(),
        ports: [SlicePort {
            name: "http".into(),
            number: 8080,
        }]
        .into(),
        endpoints: [SliceEndpoint {
            addresses: [Text::from(ip)].into(),
            ready: Some(true),
            ..SliceEndpoint::default()
        }]
        .into(),
    };
    [service.into(), slice.into()]
}

fn sidecar(app: &str, hosts: &[&str]) -> Object {
    Sidecar {
        meta: meta(app, Labels::default()),
        selector: Some(Labels::from([("app", app)])),
        egress: [EgressListener {
            hosts: hosts.iter().map(|host| Text::from(*host)).collect(),
            ..EgressListener::default()
        }]
        .into(),
        ..Sidecar::default()
    }
    .into()
}

/// Two pods of `web`, one of `api`, services `a` and `b`.
fn shop() -> World {
    let mut world = World::default();
    let pods = [
        pod("web-1", "web", "10.0.0.1"),
        pod("web-2", "web", "10.0.0.2"),
        pod("api-1", "api", "10.0.0.3"),
    ];
    for object in pods
        .into_iter()
        .chain(service("a", "10.1.0.1"))
        .chain(service("b", "10.1.0.2"))
    {
        world.apply(Delta::Put(object));
    }
    for kind in Kind::ALL {
        world.apply(Delta::Coverage(*kind, ListScope::All, Found::All));
    }
    world
}

fn radius(before: &World, changes: Vec<Delta>) -> Radius {
    let mut after = before.clone();
    let changes: Vec<Change> = changes.into_iter().flat_map(|delta| after.apply(delta)).collect();
    let told = WhatIf::after(before, &after, &changes, &Settings::default()).radius();
    let untold = WhatIf::between(before, &after, &Settings::default()).radius();
    assert_eq!(told, untold, "what is passed over makes no difference");
    told
}

#[test]
fn a_sidecar_concerns_the_workload_it_selects_and_no_other() {
    let found = radius(
        &shop(),
        vec![Delta::Put(sidecar("web", &["./a.shop.svc.cluster.local"]))],
    );
    assert_eq!((found.pods, found.affected, found.unmatched), (3, 2, 0));
    let [impact] = &*found.workloads else {
        panic!("{found:?}");
    };
    assert_eq!((&*impact.workload.kind, &*impact.workload.name), ("Deployment", "web"));
    assert_eq!(
        (impact.pods, impact.affected, impact.added, impact.removed),
        (2, 2, 0, 1)
    );
    let out: Vec<&str> = impact.hosts_removed.iter().map(Text::as_str).collect();
    assert_eq!(out, ["b.shop.svc.cluster.local"]);
    assert_eq!(
        impact.governing.as_ref().unwrap().1,
        Governing::Own(Key::new("shop", "web"))
    );
}

#[test]
fn a_sidecar_that_lets_the_same_in_concerns_nobody() {
    let found = radius(&shop(), vec![Delta::Put(sidecar("web", &["*/*"]))]);
    assert_eq!((found.pods, found.affected), (3, 0));
    assert!(found.workloads.is_empty());
}

#[test]
fn a_slice_that_goes_concerns_every_pod_that_has_its_service_in_scope() {
    let mut world = shop();
    world.apply(Delta::Put(sidecar("web", &["./a.shop.svc.cluster.local"])));
    let found = radius(
        &world,
        vec![Delta::Remove(Kind::EndpointSlice, Key::new("shop", "b-x"))],
    );
    let names: Vec<&str> = found
        .workloads
        .iter()
        .map(|impact| impact.workload.name.as_str())
        .collect();
    assert_eq!(names, ["api"]);
    assert_eq!(
        (found.workloads[0].removed, found.workloads[0].hosts_removed.len()),
        (1, 0)
    );
}

#[test]
fn pods_of_a_rollout_are_compared_with_their_successors_and_the_rest_is_counted() {
    let (old, mut new) = (shop(), shop());
    for name in ["web-1", "web-2"] {
        new.apply(Delta::Remove(Kind::Pod, Key::new("shop", name)));
    }
    new.apply(Delta::Put(pod("web-9", "web", "10.0.0.9")));
    let found = WhatIf::between(&old, &new, &Settings::default()).radius();
    assert_eq!((found.pods, found.affected, found.unmatched), (2, 0, 1));
}

#[test]
fn each_row_that_goes_says_at_which_link_it_went() {
    let before = shop();
    let reason = |delta: Delta| {
        let mut after = before.clone();
        let changes = after.apply(delta);
        let pod = Key::new("shop", "web-1");
        let compared = WhatIf::after(&before, &after, &changes, &Settings::default()).compare(&pod, &pod);
        let compared = compared.unwrap();
        let (_, row) = compared.diff.removed.first().unwrap();
        compared.reasons.of_removed(row)
    };
    let out_of_scope = reason(Delta::Put(sidecar("web", &["./a.shop.svc.cluster.local"])));
    assert!(
        out_of_scope.starts_with(
            "Sidecar shop/web (draft) instead of no Sidecar; 'b.shop.svc.cluster.local' is in the scope no more"
        ),
        "{out_of_scope}"
    );
    let no_endpoint = reason(Delta::Remove(Kind::EndpointSlice, Key::new("shop", "b-x")));
    assert!(no_endpoint.contains("has no endpoint left"), "{no_endpoint}");
}
