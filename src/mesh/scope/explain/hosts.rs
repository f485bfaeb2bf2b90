//! Names of hosts: those there are, and what a short one means.
//!
//! A short name is completed as the resolver of a pod does it (`search NS.svc.DOMAIN svc.DOMAIN DOMAIN`); a name that
//! no object has may still be one that a wildcard of a ServiceEntry covers.

use super::Cache;
use crate::mesh::model::{Pod, Text};
use crate::mesh::scope::host::{is_subset, is_wildcard, service_host};
use crate::mesh::scope::plane::Plane;
use crate::mesh::world::World;

/// Every host that a Service or ServiceEntry has, also of those that istiod takes no notice of; sorted.
pub(super) fn known_hosts(world: &World, plane: &Plane) -> Vec<Text> {
    let mut hosts: Vec<Text> = plane.registry.hosts().cloned().collect();
    let services = world.services.keys();
    hosts.extend(services.map(|key| service_host(&key.name, &key.namespace, &plane.flags.domain)));
    hosts.extend(
        world
            .service_entries
            .iter()
            .flat_map(|entry| entry.hosts.iter().cloned()),
    );
    hosts.sort();
    hosts.dedup();
    hosts
}

/// The host that a text means for clients of a namespace; `None` if there is none.
pub(super) fn complete(world: &World, plane: &Plane, text: &str, namespace: &str) -> Option<Text> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let domain = &plane.flags.domain;
    let searched = [
        "",
        &format!(".{namespace}.svc.{domain}"),
        &format!(".svc.{domain}"),
        &format!(".{domain}"),
    ]
    .map(|end| Text::from(format!("{text}{end}")));
    let found = searched.into_iter().find(|host| exists(world, plane, host));
    found.or_else(|| {
        let wildcards = plane
            .registry
            .hosts()
            .filter(|host| is_wildcard(host) && is_subset(text, host));
        wildcards
            .max_by_key(|host| (host.len(), std::cmp::Reverse((*host).clone())))
            .cloned()
    })
}

fn exists(world: &World, plane: &Plane, host: &Text) -> bool {
    let is_service = || {
        let name = host
            .strip_suffix(plane.flags.domain.as_str())
            .and_then(|rest| rest.strip_suffix(".svc."));
        let key = name.and_then(|name| name.rsplit_once('.'));
        key.is_some_and(|(name, namespace)| {
            world
                .services
                .get(&crate::mesh::model::Key::new(namespace, name))
                .is_some()
        })
    };
    let is_entry = || world.service_entries.iter().any(|entry| entry.hosts.contains(host));
    !plane.registry.with_host(host).is_empty() || is_service() || is_entry()
}

impl Cache {
    /// The host that a text means for clients of a namespace, as the default control plane knows it.
    ///
    /// # Errors
    /// There is no such host; all that there are, in order.
    pub fn complete_host(&mut self, world: &World, namespace: &str, text: &str) -> Result<Text, Vec<Text>> {
        let (_, plane) = self.plane_of(world, &Pod::default());
        complete(world, &plane, text, namespace).ok_or_else(|| known_hosts(world, &plane))
    }
}
