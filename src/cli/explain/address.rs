//! Whose address an IP is: a Service's, a ServiceEntry's or a pod's.
//!
//! The cluster IP of a Service is a domain of its virtual host (and the address of its TCP listener), so that who calls
//! it calls the Service. istio: `pilot/pkg/networking/core/httproute.go` (`GenerateVirtualHostDomains`). A pod's own
//! address is no such name.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::app::view::why::object_of;
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::scope::Cache;
use crate::mesh::world::World;

/// Who has an address.
pub(super) struct Owner {
    address: IpAddr,
    object: (Kind, Key),
    /// Names that mean the same to a client: of a ServiceEntry its hosts; of others none is written down.
    hosts: Vec<Text>,
    /// What lists a pod.
    behind: Option<Key>,
}

impl Owner {
    /// Whose address a text is; `None` if it is no address, or nobody's.
    pub(super) fn of(world: &World, text: &str) -> Option<Self> {
        let address = text.parse::<IpAddr>().ok()?;
        let is_it = |ip: &Text| ip.parse::<IpAddr>().ok() == Some(address);
        let owner = |object, hosts, behind| Self {
            address,
            object,
            hosts,
            behind,
        };
        let mut services = world.services.iter();
        if let Some(service) = services.find(|service| service.cluster_ips.iter().any(is_it)) {
            return Some(owner((Kind::Service, service.meta.key.clone()), Vec::new(), None));
        }
        let mut entries = world.service_entries.iter();
        let entry = entries.find(|entry| entry.addresses.iter().any(is_it));
        let mut pods = world.pods.iter().filter(|pod| pod.ips.iter().any(is_it));
        if let Some(pod) = pods.next() {
            let key = pod.meta.key.clone();
            let mut slices = world.slices.in_namespace(&key.namespace);
            let lists = slices.find(|slice| slice.endpoints.iter().any(|one| one.addresses.iter().any(is_it)));
            let behind = lists.map(|slice| Key::new(key.namespace.clone(), slice.service.clone()));
            return Some(owner((Kind::Pod, key), Vec::new(), behind));
        }
        let entry = entry?;
        let hosts = entry.hosts.to_vec();
        Some(owner((Kind::ServiceEntry, entry.meta.key.clone()), hosts, None))
    }

    /// The host that clients call by this address, if it is one.
    pub(super) fn host(&self, world: &World, cache: &mut Cache, pod: &Key) -> Option<Text> {
        let (kind, key) = &self.object;
        if *kind == Kind::Service {
            return cache.host_of(world, pod, key).ok();
        }
        // several names of one address are told apart by the name in the request
        let one = self.hosts.first().filter(|_| self.hosts.len() == 1);
        one.cloned()
    }

    /// Whether it is the address of names, not of a machine: Envoy knows it then.
    pub(super) fn is_virtual(&self) -> bool {
        self.object.0 != Kind::Pod
    }

    /// In words: `Service shop/web`.
    pub(super) fn name(&self) -> String {
        let (kind, key) = &self.object;
        let behind = self.behind.as_ref();
        let behind = behind.map_or_else(String::new, |service| format!(" behind Service {service}"));
        format!("{} {key}{behind}", kind.name())
    }

    /// A line before the answer.
    pub(super) fn line(&self) -> String {
        format!("{} is the address of {}\n", self.address, self.name())
    }

    /// As documents have it.
    pub(super) fn document(&self) -> Value {
        json!({ "ip": self.address.to_string(), "object": object_of(&self.object) })
    }
}
