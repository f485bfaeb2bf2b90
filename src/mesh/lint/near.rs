//! What the author of a line of `hosts` that matches nothing may have meant: the nearest host that there is.
//!
//! Looked for where the line looks, and among services of the same name elsewhere; not in the whole mesh, unless the line
//! is for all namespaces.

use rustc_hash::FxHashMap;

use crate::mesh::model::{Text, nearest, nearest_host};
use crate::mesh::scope::{MeshService, is_wildcard};

/// The services of a mesh as lines name them.
pub(super) struct Near<'a> {
    by_namespace: FxHashMap<&'a str, Vec<&'a MeshService>>,
    by_label: FxHashMap<&'a str, Vec<&'a MeshService>>,
    all: Vec<&'a MeshService>,
}

impl<'a> Near<'a> {
    pub(super) fn of(services: impl Iterator<Item = &'a MeshService>) -> Self {
        let mut near = Self {
            by_namespace: FxHashMap::default(),
            by_label: FxHashMap::default(),
            all: services.collect(),
        };
        for service in &near.all {
            near.by_namespace.entry(&service.namespace).or_default().push(service);
            near.by_label
                .entry(first_label(&service.host))
                .or_default()
                .push(service);
        }
        near
    }

    /// The line that may have been meant by `text`, which stands in a Sidecar of `home`; `None` if none is near.
    pub(super) fn line(&self, text: &str, home: &Text) -> Option<String> {
        let (place, name) = text.split_once('/')?;
        let namespace = if place == "." { home.as_str() } else { place };
        if name == "*" {
            let mut namespaces: Vec<&str> = self.by_namespace.keys().copied().collect();
            namespaces.sort_unstable();
            return nearest(namespace, &namespaces).map(|near| format!("{near}/*"));
        }
        if is_wildcard(name) {
            return None;
        }
        let here = self.by_namespace.get(namespace).map(Vec::as_slice).unwrap_or_default();
        let here = if place == "*" { &self.all } else { here };
        let same_name = self.by_label.get(first_label(name)).into_iter().flatten();
        let mut candidates: Vec<&MeshService> = here.iter().chain(same_name).copied().collect();
        // of hosts that are as near, the one that the line looks for first, then by name
        let is_elsewhere = |service: &MeshService| service.namespace != *namespace;
        candidates.sort_by(|a, b| (is_elsewhere(b), &b.host).cmp(&(is_elsewhere(a), &a.host)));
        let hosts: Vec<&str> = candidates.iter().map(|service| service.host.as_str()).collect();
        let host = nearest_host(name, &hosts)?;
        let found = candidates.iter().rfind(|service| service.host == *host)?;
        let place = if place == "*" || found.namespace == *namespace {
            place
        } else {
            &found.namespace
        };
        Some(format!("{place}/{host}"))
    }
}

fn first_label(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}
