//! Endpoints from `EndpointSlices` (scope rules §8.1).
//!
//! istio: `pilot/pkg/serviceregistry/kube/controller/endpointslice.go`.

use std::cell::OnceCell;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Endpoint, EndpointHealth, PodWorkloads, Workload, find_pod, is_in_use};
use crate::mesh::model::{EndpointSlice, Key, Kind, Pod, Service, SliceEndpoint, Text};
use crate::mesh::scope::export::ExportTo;
use crate::mesh::scope::host::parse_ip;
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::reason::Withheld;
use crate::mesh::scope::registry::HostKey;
use crate::mesh::world::World;

/// Endpoints that are looked through faster than looked up.
const FEW: usize = 12;
const IMPORTED: &str = "multicluster.kubernetes.io/service-name";

/// Adds the endpoints of all slices of a Service; says whether istiod may not have them because of past events.
pub(super) fn collect(
    world: &World,
    plane: &Plane,
    key: &HostKey,
    name: &Key,
    pods: &mut PodWorkloads,
    out: &mut Vec<Endpoint>,
) -> bool {
    if !plane.discovery.has_namespace(&key.namespace) {
        return false;
    }
    let mesh_service = plane.registry.find(&key.host, &key.namespace);
    let kubernetes = mesh_service.filter(|service| service.source.is_kubernetes());
    if kubernetes.is_some_and(|service| service.export_to.contains(ExportTo::NONE)) {
        return world.slices_of(name).next().is_some();
    }
    let mut collector = Collector {
        world,
        plane,
        name,
        service: OnceCell::new(),
        from: out.len(),
        seen: FxHashMap::default(),
        pods,
        out,
    };
    for slice in world.slices_of(name) {
        if is_read(slice) {
            collector.add_slice(slice);
        }
    }
    false
}

/// Endpoints of slices that istiod drops before any proxy is looked at: address, pod, slice and why.
pub(super) fn dropped(world: &World, plane: &Plane, name: &Key) -> Vec<(Text, Option<Key>, Key, Withheld)> {
    let mut dropped = Vec::new();
    for slice in world.slices_of(name) {
        for entry in slice.endpoints.iter() {
            let why = match &entry.pod {
                _ if !is_read(slice) => Withheld::SliceUnread,
                Some(pod) if find_pod(world, plane, pod).is_none() => Withheld::PodUnknown,
                Some(_) | None => continue,
            };
            let of_address = |address: &Text| (address.clone(), entry.pod.clone(), slice.meta.key.clone(), why);
            dropped.extend(entry.addresses.iter().map(of_address));
        }
    }
    dropped
}

fn is_read(slice: &EndpointSlice) -> bool {
    slice.meta.labels.get(IMPORTED).is_none() && !slice.service.is_empty() && slice.address_type != "FQDN"
}

struct Collector<'a> {
    world: &'a World,
    plane: &'a Plane,
    name: &'a Key,
    /// The Service, once it matters.
    service: OnceCell<Option<&'a Service>>,
    /// Where those of slices begin in `out`.
    from: usize,
    /// Where each address and port name stands in `out`, once there are many.
    seen: FxHashMap<(Text, Text), usize>,
    pods: &'a mut PodWorkloads,
    out: &'a mut Vec<Endpoint>,
}

impl<'a> Collector<'a> {
    fn add_slice(&mut self, slice: &EndpointSlice) {
        self.out.reserve(slice.endpoints.len() * slice.ports.len());
        let listed_by = Arc::new((Kind::EndpointSlice, slice.meta.key.clone()));
        for entry in slice.endpoints.iter() {
            let health = self.health_of(entry);
            for address in entry.addresses.iter() {
                self.add_address((slice, &listed_by), entry, address, health);
            }
        }
    }

    fn add_address(
        &mut self,
        (slice, listed_by): (&EndpointSlice, &Arc<(Kind, Key)>),
        entry: &SliceEndpoint,
        address: &Text,
        health: EndpointHealth,
    ) {
        let found = match &entry.pod {
            Some(key) => match self.pods.find(self.world, self.plane, key) {
                Some(found) => Some(found),
                None => return,
            },
            None => {
                let pod = pod_with(self.world, address, &slice.meta.key.namespace);
                pod.map(|pod| self.pods.of(self.world, self.plane, pod))
            }
        };
        let mut address = address.clone();
        if let Some(first) = self.dual_stack_address(entry) {
            if slice.address_type == "IPv6" {
                return;
            }
            address = first;
        }
        let workload = found.unwrap_or_else(|| Arc::new(Workload::unknown(self.world, self.plane)));
        let ip = parse_ip(&address);
        for port in slice.ports.iter() {
            self.add(Endpoint {
                address: address.clone(),
                ip,
                port: port.number.into(),
                port_name: port.name.clone(),
                entry_port: 0,
                health,
                workload: Arc::clone(&workload),
                listed_by: Arc::clone(listed_by),
                is_chance: false,
            });
        }
    }

    /// Of one address and port name one endpoint stays; where they differ, which one is chance.
    fn add(&mut self, endpoint: Endpoint) {
        match self.same_as(&endpoint).and_then(|at| self.out.get_mut(at)) {
            None => self.out.push(endpoint),
            Some(kept) => {
                let is_same = kept.port == endpoint.port && kept.health == endpoint.health;
                kept.is_chance |= !is_same && kept.listed_by != endpoint.listed_by;
            }
        }
    }

    /// Where an endpoint of the same address and port name stands. A few are looked through, many are looked up.
    fn same_as(&mut self, endpoint: &Endpoint) -> Option<usize> {
        let known = self.out.get(self.from..).unwrap_or_default();
        if known.len() < FEW {
            let is_same = |kept: &Endpoint| {
                // An IP is compared faster than its text.
                kept.ip == endpoint.ip && kept.address == endpoint.address && kept.port_name == endpoint.port_name
            };
            return known.iter().position(is_same).map(|at| self.from + at);
        }
        let key = |endpoint: &Endpoint| (endpoint.address.clone(), endpoint.port_name.clone());
        if self.seen.is_empty() {
            let keys = known.iter().enumerate();
            self.seen = keys.map(|(at, kept)| (key(kept), self.from + at)).collect();
        }
        match self.seen.entry(key(endpoint)) {
            Entry::Occupied(kept) => Some(*kept.get()),
            Entry::Vacant(free) => {
                free.insert(self.out.len());
                None
            }
        }
    }

    fn service(&self) -> Option<&'a Service> {
        let find = || self.world.services.get(self.name).map(|service| &**service);
        *self.service.get_or_init(find)
    }

    /// istio: `endpointHealthStatus`. Before 1.25 an endpoint that leaves was unhealthy.
    fn health_of(&self, entry: &SliceEndpoint) -> EndpointHealth {
        if entry.ready.unwrap_or(true) {
            return EndpointHealth::Healthy;
        }
        let Some(service) = self.service() else {
            return EndpointHealth::Unhealthy;
        };
        let flags = &self.plane.flags;
        let has = |label: &Text| {
            let value = service.meta.labels.get(label).filter(|_| !label.is_empty());
            value.is_some_and(|value| !value.is_empty())
        };
        let is_leaving = entry.terminating.unwrap_or(true);
        let is_kept = || has(&flags.session_label) || has(&flags.session_header_label);
        if is_leaving && entry.serving.unwrap_or(true) && is_kept() {
            return EndpointHealth::Draining;
        }
        if is_leaving && self.plane.version.is_at_least(25) {
            return EndpointHealth::Terminating;
        }
        EndpointHealth::Unhealthy
    }

    /// The first address of a dual-stack pod behind a dual-stack Service: one endpoint then stands for all families.
    fn dual_stack_address(&self, entry: &SliceEndpoint) -> Option<Text> {
        let is_dual = |service: &Service| service.cluster_ips.len() > 1;
        if !self.plane.flags.dual_stack || entry.pod.is_none() || !self.service().is_some_and(is_dual) {
            return None;
        }
        let ips = &find_pod(self.world, self.plane, entry.pod.as_ref()?)?.ips;
        ips.first().filter(|_| ips.len() > 1).cloned()
    }
}

/// A pod that has this address, for an entry that names none: of several the first by name.
fn pod_with<'w>(world: &'w World, address: &str, namespace: &Text) -> Option<&'w Arc<Pod>> {
    let mut pods = world.pods_with_ip(address);
    pods.find(|pod| {
        let is_primary = pod.ips.first().is_some_and(|ip| *ip == *address);
        is_primary && pod.meta.key.namespace == *namespace && is_in_use(pod)
    })
}
