//! Rows of inbound clusters: ingress listeners, and with `inboundTrafficPolicy` `LOCALHOST` the pod's own ports (§7.5).
//!
//! istio: `pilot/pkg/networking/core/cluster.go`, `buildInboundClusters`; `pilot/pkg/serviceregistry/kube/controller`,
//! `GetProxyServiceTargets`.

mod ingress;
mod targets;

use std::sync::Arc;

use crate::mesh::model::Text;
use crate::mesh::world::World;

use self::ingress::ingress_rows;
use self::targets::ServiceTarget;
use super::gateways::{PatchContext, Patched, Patches};
use super::plane::Plane;
use super::proxy::ProxyFacts;
use super::reason::{Reason, Why};
use super::sidecar_scope::SidecarScope;
use super::table::{Address, Class, Cluster, Direction, Health, Row};

/// The rows of a sidecar's inbound clusters.
pub(crate) fn rows(
    world: &World,
    plane: &Plane,
    proxy: &ProxyFacts,
    scope: &SidecarScope,
    patches: &Patches,
) -> Vec<Row> {
    let ingress = scope.sidecar.as_ref().filter(|sidecar| !sidecar.ingress.is_empty());
    let mut rows = Vec::new();
    let of_services = match ingress {
        None => !proxy.is_not_intercepted(plane),
        Some(_) => plane.flags.merge_inbound,
    };
    let targets = || targets::of(world, plane, proxy);
    if of_services && plane.mesh.inbound_is_localhost {
        let taken: Vec<u32> = ingress
            .iter()
            .flat_map(|sidecar| sidecar.ingress.iter().map(|one| one.port.number))
            .collect();
        rows.extend(service_rows(&targets(), proxy, patches, &taken));
    }
    if let Some(sidecar) = ingress {
        let known = if patches.is_empty() { Vec::new() } else { targets() };
        ingress_rows(sidecar, proxy, patches, &known, &mut rows);
    }
    rows
}

/// One cluster for each different target port, with the pod's loopback address behind it.
fn service_rows(targets: &[ServiceTarget], proxy: &ProxyFacts, patches: &Patches, taken: &[u32]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut ports: Vec<u32> = Vec::new();
    for target in targets {
        if ports.contains(&target.port) || taken.contains(&target.port) {
            continue;
        }
        ports.push(target.port);
        let same = targets.iter().filter(|other| other.port == target.port);
        let hosts: Vec<Text> = same.map(|other| other.host.clone()).collect();
        let reason = Reason::OwnService {
            object: target.object.clone(),
        };
        let address = loopback_address(proxy, target.port);
        rows.extend(row(target.port, address, reason, patches, &hosts));
    }
    rows
}

fn loopback_address(proxy: &ProxyFacts, port: u32) -> Address {
    socket(Text::from(proxy.loopback()), port)
}

fn socket(ip: Text, port: u32) -> Address {
    match u16::try_from(port) {
        Ok(0) => Address::Pipe(ip),
        Ok(port) => Address::Socket(ip, port),
        Err(_) => Address::Socket(ip, u16::MAX),
    }
}

/// The row of cluster `inbound|PORT||`, unless an EnvoyFilter takes the cluster away.
fn row(port: u32, address: Address, reason: Reason, patches: &Patches, hosts: &[Text]) -> Option<Row> {
    let cluster = Cluster::Traffic {
        direction: Direction::Inbound,
        port,
        subset: Text::default(),
        host: Text::default(),
    };
    let patched = Patched {
        name: &cluster.name(),
        hosts,
        subset: "",
        port,
    };
    if patches.removes(PatchContext::SidecarInbound, &patched).is_some() {
        return None;
    }
    let patched = patches.changes(PatchContext::SidecarInbound, &patched).cloned();
    let class = if patched.is_some() {
        Class::Unknown
    } else {
        Class::Exact
    };
    let patched = patched.map(|filter| Reason::Patched { filter });
    Some(Row {
        address,
        health: Health::Healthy,
        cluster: Arc::new(cluster),
        class,
        why: Why::of([reason].into_iter().chain(patched)),
        backend: Arc::default(),
    })
}
