//! What istiod calls a service: from a Kubernetes Service or a host of a ServiceEntry (scope rules §2.1, §2.2).
//!
//! istio: `pilot/pkg/serviceregistry/kube/conversion.go`, `pilot/pkg/serviceregistry/serviceentry/conversion.go`.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::mesh::model::{Key, Kind, Labels, Service, ServiceEntry, Text};

use super::export::ExportTo;
use super::host::{FIRST_BYTES, first_bytes, is_ip, service_host};
use super::protocol::Protocol;

/// A service as istiod sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MeshService {
    /// The host name under which it is known; may be a wildcard for a ServiceEntry.
    pub(crate) host: Text,
    /// Of the object.
    pub(crate) namespace: Text,
    /// The object.
    pub(crate) source: Source,
    /// Absent sorts first.
    pub(crate) created: Option<Timestamp>,
    /// How its cluster finds endpoints.
    pub(crate) resolution: Resolution,
    /// In order.
    pub(crate) ports: Arc<[MeshPort]>,
    /// As written.
    pub(crate) export_to: ExportTo,
    /// What `serviceEntryVisibility` leaves of it.
    pub(crate) cap: Cap,
    /// Labels of the object.
    pub(crate) labels: Labels,
    /// Its pod selector; absent and empty are alike.
    pub(crate) selector: Labels,
    /// `internalTrafficPolicy: Local`
    pub(crate) is_node_local: bool,
    /// Preference for near endpoints.
    pub(crate) distribution: TrafficDistribution,
    /// Annotation `istio.io/connect-strategy: RACE_FIRST_TCP_CONNECT`.
    pub(crate) races_connects: bool,
    /// Not part of the mesh (SNI clusters of gateways leave it out).
    pub(crate) is_external: bool,
}

/// The object that a service comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// A Kubernetes Service.
    Kubernetes(Key),
    /// A ServiceEntry.
    Entry(Key),
}

impl Source {
    /// Whether it is a Kubernetes Service.
    pub(crate) fn is_kubernetes(&self) -> bool {
        matches!(self, Source::Kubernetes(_))
    }

    /// Kind and key of the object.
    pub(crate) fn object(&self) -> (Kind, &Key) {
        match self {
            Source::Kubernetes(key) => (Kind::Service, key),
            Source::Entry(key) => (Kind::ServiceEntry, key),
        }
    }
}

/// istio's `model.Resolution`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Resolution {
    /// Endpoints are sent (EDS).
    ClientSide,
    /// Envoy asks DNS for every target.
    Dns,
    /// Envoy asks DNS for one target.
    DnsRoundRobin,
    /// Traffic goes where the client meant it to go.
    Passthrough,
    /// Only another name (`ExternalName`).
    Alias,
    /// Envoy asks DNS for the name in the request.
    DynamicDns,
}

impl Resolution {
    /// Whether Envoy resolves the targets itself.
    pub(crate) fn is_dns(self) -> bool {
        matches!(self, Resolution::Dns | Resolution::DnsRoundRobin)
    }
}

/// A port of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MeshPort {
    /// By which endpoints are matched.
    pub(crate) name: Text,
    /// By which clusters are named.
    pub(crate) number: u32,
    /// UDP ports get no cluster.
    pub(crate) protocol: Protocol,
}

/// istio's `model.TrafficDistribution`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum TrafficDistribution {
    /// No preference.
    Any,
    /// Same network, region and zone first.
    SameZone,
    /// Same node first, then as above.
    SameNode,
}

impl TrafficDistribution {
    /// istio: `GetTrafficDistribution`; the namespace's annotation counts from 1.30.
    pub(crate) fn of(spec: &str, service: Option<&Text>, namespace: Option<&Text>) -> Self {
        match spec {
            "PreferClose" | "PreferSameZone" => return Self::SameZone,
            "PreferSameNode" => return Self::SameNode,
            _ => {}
        }
        let annotated = [service, namespace]
            .into_iter()
            .flatten()
            .find(|value| !value.is_empty());
        match annotated.map(|value| value.to_ascii_lowercase()).as_deref() {
            Some("preferclose" | "prefersamezone") => Self::SameZone,
            Some("prefersamenode") => Self::SameNode,
            Some(_) | None => Self::Any,
        }
    }
}

/// What `serviceEntryVisibility` leaves of an exportTo.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Cap {
    /// All.
    Public,
    /// The own namespace at most.
    Namespace,
    /// Nothing.
    None,
}

/// The annotation that asks for near endpoints.
pub(crate) const TRAFFIC_DISTRIBUTION: &str = "networking.istio.io/traffic-distribution";
const EXPORT_TO: &str = "networking.istio.io/exportTo";
const CONNECT_STRATEGY: &str = "istio.io/connect-strategy";

impl MeshService {
    /// A Kubernetes Service; `near` is the namespace's annotation, where it counts.
    pub(crate) fn of_service(service: &Service, near: Option<&Text>, domain: &str) -> Self {
        let key = &service.meta.key;
        let is_alias = service.service_type == "ExternalName" && !service.external_name.is_empty();
        let is_headless = service.cluster_ips.first().is_some_and(|ip| *ip == "None");
        let resolution = match (is_headless, is_alias) {
            (true, _) => Resolution::Passthrough,
            (false, true) => Resolution::Alias,
            (false, false) => Resolution::ClientSide,
        };
        let ports = service.ports.iter().map(|port| MeshPort {
            name: port.name.clone(),
            number: port.number.into(),
            protocol: Protocol::of(port),
        });
        let annotations = &service.meta.annotations;
        Self {
            host: service_host(&key.name, &key.namespace, domain),
            namespace: key.namespace.clone(),
            source: Source::Kubernetes(key.clone()),
            created: service.meta.created,
            resolution,
            ports: ports.collect(),
            export_to: annotations
                .get(EXPORT_TO)
                .map(|list| parse_export_to(list))
                .unwrap_or_default(),
            cap: Cap::Public,
            labels: service.meta.labels.clone(),
            selector: service.selector.clone(),
            is_node_local: service.node_local,
            distribution: TrafficDistribution::of(
                &service.traffic_distribution,
                annotations.get(TRAFFIC_DISTRIBUTION),
                near,
            ),
            races_connects: false,
            is_external: is_alias,
        }
    }

    /// One service for each different host of a ServiceEntry, with how often istiod has it (once an address).
    pub(crate) fn of_entry(entry: &ServiceEntry, near: Option<&Text>, cap: Cap) -> Vec<(Self, usize)> {
        let copies = count_addresses(&entry.addresses);
        if copies == 0 {
            return Vec::new();
        }
        let resolution = match entry.resolution.as_str() {
            "STATIC" => Resolution::ClientSide,
            "DNS" => Resolution::Dns,
            "DNS_ROUND_ROBIN" => Resolution::DnsRoundRobin,
            "DYNAMIC_DNS" => Resolution::DynamicDns,
            _ => Resolution::Passthrough,
        };
        let ports = entry.ports.iter().map(|port| MeshPort {
            name: port.name.clone(),
            number: port.number,
            protocol: Protocol::parse(&port.protocol),
        });
        let annotations = &entry.meta.annotations;
        let first = Self {
            host: Text::default(),
            namespace: entry.meta.key.namespace.clone(),
            source: Source::Entry(entry.meta.key.clone()),
            created: entry.meta.created,
            resolution,
            ports: ports.collect(),
            export_to: ExportTo::from(&*entry.export_to),
            cap,
            labels: entry.meta.labels.clone(),
            selector: entry.selector.clone().unwrap_or_default(),
            is_node_local: false,
            distribution: TrafficDistribution::of("", annotations.get(TRAFFIC_DISTRIBUTION), near),
            races_connects: annotations
                .get(CONNECT_STRATEGY)
                .is_some_and(|way| *way == "RACE_FIRST_TCP_CONNECT"),
            is_external: entry.location != "MESH_INTERNAL",
        };
        let mut hosts: Vec<&Text> = Vec::new();
        for host in entry.hosts.iter() {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        let of_host = |host: &Text| Self {
            host: host.clone(),
            ..first.clone()
        };
        hosts.into_iter().map(|host| (of_host(host), copies)).collect()
    }

    /// Whether it has a port of this number, of any protocol.
    pub(crate) fn has_port(&self, number: u32) -> bool {
        self.ports.iter().any(|port| port.number == number)
    }

    /// istiod's name attribute: the short name of a Kubernetes Service, the host of a ServiceEntry.
    fn sort_name(&self) -> &Text {
        match &self.source {
            Source::Kubernetes(key) => &key.name,
            Source::Entry(_) => &self.host,
        }
    }

    /// istiod's order of services: age, name attribute, namespace; ties that istiod leaves to chance go by the object.
    ///
    /// istio: `SortServicesByCreationTime`.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let by_object = || {
            let (a, b) = (&self.source, &other.source);
            a.is_kubernetes()
                .cmp(&b.is_kubernetes())
                .then_with(|| a.object().1.cmp(b.object().1))
        };
        self.created
            .cmp(&other.created)
            .then_with(|| self.sort_name().cmp(other.sort_name()))
            .then_with(|| self.namespace.cmp(&other.namespace))
            .then_with(by_object)
    }

    /// Puts services in that order. Most are told apart by the first bytes of their names, kept beside them as numbers.
    pub(crate) fn sort(services: &mut Vec<Arc<Self>>) {
        let with_key = |service: Arc<Self>| {
            let (name, namespace) = (service.sort_name(), &service.namespace);
            let key = (service.created, first_bytes(name), first_bytes(namespace));
            (key, name.len(), service)
        };
        let mut keyed: Vec<_> = std::mem::take(services).into_iter().map(with_key).collect();
        keyed.sort_unstable_by(
            |((created, name, namespace), len, a), ((other_created, other_name, other_namespace), other_len, b)| {
                let by_name = (created, name).cmp(&(other_created, other_name));
                // Short names whose bytes are the same are the same name.
                let is_same_name = len == other_len && *len <= FIRST_BYTES;
                let by_namespace = || {
                    if is_same_name {
                        namespace.cmp(other_namespace)
                    } else {
                        Ordering::Equal
                    }
                };
                by_name.then_with(by_namespace).then_with(|| a.order(b))
            },
        );
        services.extend(keyed.into_iter().map(|(_, _, service)| service));
    }

    /// Whether both may be merged into one entry of a scope (the same host is known).
    ///
    /// istio: `canMergeServices`.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.namespace == other.namespace
            && self.resolution == other.resolution
            && self.source.is_kubernetes() == other.source.is_kubernetes()
            && self.labels == other.labels
            && self.selector == other.selector
            && self.export_to == other.export_to
    }
}

/// The annotation's list: split at commas, trimmed, not validated; an empty annotation says nothing.
fn parse_export_to(list: &str) -> ExportTo {
    if list.is_empty() {
        return ExportTo::default();
    }
    list.split(',').map(|entry| Text::from(entry.trim())).collect()
}

/// How many different addresses count: 1 where there is none at all, 0 where none is valid.
fn count_addresses(addresses: &[Text]) -> usize {
    if addresses.is_empty() {
        return 1;
    }
    let mut valid: Vec<Text> = addresses.iter().filter_map(valid_address).collect();
    valid.sort();
    valid.dedup();
    valid.len()
}

/// An IP or a CIDR; a full-length prefix is the IP itself.
fn valid_address(address: &Text) -> Option<Text> {
    if is_ip(address) {
        return Some(address.clone());
    }
    let (ip, bits) = address.split_once('/')?;
    let is_plain =
        !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
    let ip: IpAddr = ip.parse().ok()?;
    let bits: u8 = bits.parse().ok().filter(|_| is_plain)?;
    let full = if ip.is_ipv4() { 32 } else { 128 };
    match bits.cmp(&full) {
        Ordering::Greater => None,
        Ordering::Equal => Some(Text::from(ip.to_string())),
        Ordering::Less => Some(address.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_none_give_no_service_and_equal_ones_count_once() {
        let count = |addresses: &[&str]| {
            let addresses: Vec<Text> = addresses.iter().map(|address| Text::from(*address)).collect();
            count_addresses(&addresses)
        };
        assert_eq!(count(&[]), 1);
        assert_eq!(count(&["nonsense"]), 0);
        assert_eq!(count(&["10.0.0.1", "10.0.0.1/32", "10.0.0.0/8"]), 2);
        assert_eq!(count(&["10.0.0.0/33"]), 0);
    }

    #[test]
    fn unknown_annotation_stops_before_the_namespace() {
        let text = |value: &str| Text::from(value);
        let near = Some(text("PreferClose"));
        let of = |service: Option<&str>| TrafficDistribution::of("", service.map(text).as_ref(), near.as_ref());
        assert_eq!(of(Some("whatever")), TrafficDistribution::Any);
        assert_eq!(of(None), TrafficDistribution::SameZone);
        assert_eq!(
            TrafficDistribution::of("PreferSameNode", None, None),
            TrafficDistribution::SameNode
        );
    }
}
