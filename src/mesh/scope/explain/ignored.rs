//! Objects of a host that istiod takes no notice of (scope rules §1.3), and why.

use super::{Candidate, Outcome};
use crate::mesh::model::{Key, Kind, Meta, Text};
use crate::mesh::scope::host::service_host;
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::reason::Barrier;
use crate::mesh::world::World;

/// All of them: Services, then `ServiceEntries`.
pub(super) fn ignored(world: &World, plane: &Plane, host: &Text) -> Vec<Candidate> {
    let is_known = |kind: Kind, key: &Key| {
        let known = plane.registry.with_host(host).iter();
        let mut known = known.chain(plane.registry.all.iter().filter(|service| service.host == *host));
        known.any(|service| service.source.object() == (kind, key))
    };
    let domain = &plane.flags.domain;
    let services = world.services.iter().map(|service| &service.meta).filter(|meta| {
        let key = &meta.key;
        // a cheap look before the name is made
        host.starts_with(key.name.as_str()) && *host == service_host(&key.name, &key.namespace, domain)
    });
    let entries = world.service_entries.iter().filter(|entry| entry.hosts.contains(host));
    let all = services
        .map(|meta| (Kind::Service, meta))
        .chain(entries.map(|entry| (Kind::ServiceEntry, &entry.meta)));
    let unknown = all.filter(|(kind, meta)| !is_known(*kind, &meta.key));
    let candidate = |(kind, meta): (Kind, &Meta)| Candidate {
        object: (kind, meta.key.clone()),
        outcome: Outcome::Out(vec![barrier(plane, kind, meta)]),
    };
    unknown.map(candidate).collect()
}

fn barrier(plane: &Plane, kind: Kind, meta: &Meta) -> Barrier {
    let namespace = &meta.key.namespace;
    if !plane.discovery.has_namespace(namespace) {
        return Barrier::NamespaceIgnored {
            namespace: namespace.clone(),
        };
    }
    if plane.discovery.ignores(kind) {
        return Barrier::KindIgnored;
    }
    match meta
        .labels
        .get("istio.io/rev")
        .filter(|_| !plane.discovery.has_revision(&meta.labels))
    {
        Some(labelled) => Barrier::OtherRevision {
            labelled: labelled.clone(),
        },
        // all that is left that makes an object give no service
        None => Barrier::NoValidAddress,
    }
}
