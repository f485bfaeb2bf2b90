//! What the author of a line of `hosts` that matches nothing may have meant: the nearest host that there is.
//!
//! Looked for where the line looks, and among services of the same name elsewhere; not in the whole mesh, unless the line
//! is for all namespaces.

use std::cell::Cell;

use rustc_hash::FxHashMap;

use crate::mesh::model::{Text, nearest, nearest_host};
use crate::mesh::scope::{MeshService, is_wildcard};

/// So many names are looked at in all: a file of thousands of wrong lines gets its first questions answered, not all.
const MOST_LOOKS: usize = 500_000;

/// The services of a mesh as lines name them, those of a list in the reverse order of hosts.
pub(super) struct Near<'a> {
    by_namespace: FxHashMap<&'a str, Vec<&'a MeshService>>,
    by_label: FxHashMap<&'a str, Vec<&'a MeshService>>,
    all: Vec<&'a MeshService>,
    /// In order.
    namespaces: Vec<&'a str>,
    /// How many names may still be looked at.
    looks: Cell<usize>,
}

impl<'a> Near<'a> {
    pub(super) fn of(services: impl Iterator<Item = &'a MeshService>) -> Self {
        let mut near = Self {
            by_namespace: FxHashMap::default(),
            by_label: FxHashMap::default(),
            all: services.collect(),
            namespaces: Vec::new(),
            looks: Cell::new(MOST_LOOKS),
        };
        near.all.sort_by(|a, b| b.host.cmp(&a.host));
        for service in &near.all {
            near.by_namespace.entry(&service.namespace).or_default().push(service);
            near.by_label
                .entry(first_label(&service.host))
                .or_default()
                .push(service);
        }
        near.namespaces = near.by_namespace.keys().copied().collect();
        near.namespaces.sort_unstable();
        near
    }

    /// The line that may have been meant by `text`, which stands in a Sidecar of `home`; `None` if none is near, or too
    /// many were asked for.
    pub(super) fn line(&self, text: &str, home: &Text) -> Option<String> {
        let (place, name) = text.split_once('/')?;
        let namespace = if place == "." { home.as_str() } else { place };
        if name == "*" {
            self.look(self.namespaces.len())?;
            return nearest(namespace, &self.namespaces).map(|near| format!("{near}/*"));
        }
        if is_wildcard(name) {
            return None;
        }
        let of_namespace = || self.by_namespace.get(namespace).map(Vec::as_slice).unwrap_or_default();
        let here = if place == "*" { &self.all } else { of_namespace() };
        let same_name = self
            .by_label
            .get(first_label(name))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let is_elsewhere = |service: &&&MeshService| place != "*" && service.namespace != *namespace;
        self.look(here.len() + same_name.len())?;
        // of hosts that are as near the last is taken: one that the line looks for before others, then by name
        let candidates: Vec<&MeshService> = same_name.iter().filter(is_elsewhere).chain(here).copied().collect();
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

    /// Counts so many looks; `None` if there have been too many.
    fn look(&self, many: usize) -> Option<()> {
        let left = self.looks.get().checked_sub(many);
        self.looks.set(left.unwrap_or(0));
        left.map(drop)
    }
}

fn first_label(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}
