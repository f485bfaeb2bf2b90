//! Which endpoints a cluster gets, and the rows they become.
//!
//! istio: `pilot/pkg/xds/endpoints/endpoint_builder.go`, `BuildClusterLoadAssignment`, `generate`,
//! `filterIstioEndpoint`.

use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::locality::{in_force, keeps};
use super::{Client, Discovery, Target, address_of, class_of, health_of, is_in_view, is_tunnelled};
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::scope::destination_rules::{MergedRule, Policy};
use crate::mesh::scope::endpoints::{Endpoint, EndpointHealth, Shard};
use crate::mesh::scope::protocol::Protocol;
use crate::mesh::scope::reason::{Lack, Reason, Why, Withheld};
use crate::mesh::scope::service::{MeshPort, MeshService, TrafficDistribution};
use crate::mesh::scope::sidecar_scope::ScopeService;
use crate::mesh::scope::table::{Address, Cluster, Health, Row};

/// The endpoints of one service, to pick from.
pub(super) struct Picker<'a> {
    client: &'a Client<'a>,
    service: &'a ScopeService,
    shard: &'a Shard,
}

/// What the rows of a cluster have besides their endpoint.
pub(super) struct Writer<'a> {
    pub(super) target: &'a Target<'a>,
    pub(super) cluster: &'a Arc<Cluster>,
    pub(super) rule: Option<&'a MergedRule>,
    /// istiod could have taken the service of another namespace as well.
    pub(super) is_tie: bool,
    /// The EnvoyFilter that makes another cluster of it.
    pub(super) changed_by: Option<&'a Key>,
}

impl<'a> Picker<'a> {
    pub(super) fn of(client: &'a Client<'a>, service: &'a ScopeService, shard: &'a Shard) -> Self {
        Self { client, service, shard }
    }

    /// A DNS cluster without any target is not created.
    pub(super) fn can_exist(&self, target: &Target<'_>) -> bool {
        match target.discovery {
            Discovery::StrictDns | Discovery::LogicalDns => !self.dns_endpoints(target).is_empty(),
            Discovery::Eds | Discovery::OriginalDst | Discovery::Forward => true,
        }
    }

    /// Adds the rows of a cluster for the endpoints that are `wanted`.
    pub(super) fn add_rows(
        &self,
        writer: &Writer<'_>,
        policy: Policy<'_>,
        wanted: impl Fn(&Endpoint) -> bool,
        rows: &mut Vec<Row>,
    ) {
        let target = writer.target;
        let picked = match target.discovery {
            Discovery::OriginalDst | Discovery::Forward => return,
            Discovery::Eds => self.eds_endpoints(target, policy),
            Discovery::StrictDns => self.dns_endpoints(target),
            Discovery::LogicalDns => Some(self.dns_endpoints(target))
                .filter(|picked| picked.len() == 1)
                .unwrap_or_default(),
        };
        let is_eds = target.discovery == Discovery::Eds;
        let near = self.service.service.distribution;
        let distribution = in_force(self.client.plane, policy.load_balancer, near);
        let entry = distribution
            .as_ref()
            .and_then(|found| found.entry_for(&self.client.proxy.locality));
        let mut chains = Chains::of(writer, self.shard, is_eds);
        if let (Some(found), Some(_)) = (&distribution, entry) {
            let rule = writer
                .rule
                .filter(|_| !found.is_of_mesh)
                .map(|rule| rule.first.meta.key.clone());
            chains.common.push(Reason::Distributed { rule });
        }
        let patched = writer.changed_by.cloned();
        chains.common.extend(patched.map(|filter| Reason::Patched { filter }));
        let mut seen: FxHashSet<Identity> = FxHashSet::default();
        seen.reserve(picked.len());
        rows.reserve(picked.len());
        for endpoint in picked.into_iter().filter(|endpoint| wanted(endpoint)) {
            let stays = entry.is_none_or(|entry| keeps(entry, &endpoint.workload.backend.locality));
            let is_answer =
                is_eds || endpoint.port == 0 || endpoint.ip.is_some() || is_tunnelled(self.client, &endpoint.workload);
            if !stays || !is_answer {
                continue;
            }
            let address = address_of(self.client, endpoint);
            if is_eds && !seen.insert(Identity::of(endpoint, &address)) {
                continue;
            }
            rows.push(self.row(writer, endpoint, address, chains.of_endpoint(endpoint)));
        }
    }

    fn row(&self, writer: &Writer<'_>, endpoint: &Endpoint, address: Address, why: Arc<Why>) -> Row {
        let workload = &endpoint.workload;
        Row {
            address,
            health: health_of(endpoint),
            cluster: Arc::clone(writer.cluster),
            class: class_of(
                self.client,
                endpoint,
                self.shard,
                !writer.is_tie && writer.changed_by.is_none(),
            ),
            why,
            backend: Arc::clone(&workload.backend),
        }
    }

    /// Endpoints of an EDS cluster, in the order in which they are sent: by locality.
    fn eds_endpoints(&self, target: &Target<'_>, policy: Policy<'_>) -> Vec<&'a Endpoint> {
        self.sent(target, policy, self.eds_of_port(target))
    }

    /// The endpoints of an EDS cluster's port, by its name: of several ports of its number the first counts.
    fn eds_of_port(&self, target: &Target<'_>) -> impl Iterator<Item = &'a Endpoint> + use<'a> {
        let is_meant = |port: &&MeshPort| port.number == target.port.number && port.protocol != Protocol::Udp;
        let name = self.service.ports.iter().find(is_meant).map(|port| &port.name);
        let of_port = move |endpoint: &&Endpoint| name == Some(&endpoint.port_name);
        self.shard.endpoints.iter().filter(of_port)
    }

    /// Targets of a DNS cluster, by locality.
    fn dns_endpoints(&self, target: &Target<'_>) -> Vec<&'a Endpoint> {
        self.sent(target, target.policy, self.dns_targets(target).into_iter())
    }

    fn dns_targets(&self, target: &Target<'_>) -> Vec<&'a Endpoint> {
        let registry = &self.client.plane.registry;
        let key = Client::shard_key(self.service);
        let entries = registry.entries_of(&key).iter().map(|source| &*source.service);
        let kubernetes = registry
            .find(&key.host, &key.namespace)
            .filter(|found| found.source.is_kubernetes());
        let mut services: Vec<&MeshService> = entries.chain(kubernetes.map(|found| &**found)).collect();
        services.sort_by(|a, b| a.order(b));
        self.shard.for_dns_port(&services, target.port.number)
    }

    /// The endpoints of a port that are sent, by locality.
    fn sent(
        &self,
        target: &Target<'_>,
        policy: Policy<'_>,
        of_port: impl Iterator<Item = &'a Endpoint>,
    ) -> Vec<&'a Endpoint> {
        let filter = Filter::of(self, target, policy);
        let mut sent: Vec<&Endpoint> = of_port.filter(|endpoint| filter.refuses(endpoint).is_none()).collect();
        sent.sort_by(|a, b| a.workload.place.cmp(&b.workload.place));
        sent
    }

    /// The endpoints that belong to a cluster's port, sent or not.
    pub(super) fn of_port(&self, target: &Target<'_>) -> Vec<&'a Endpoint> {
        match target.discovery {
            Discovery::OriginalDst | Discovery::Forward => Vec::new(),
            Discovery::StrictDns | Discovery::LogicalDns => self.dns_targets(target),
            Discovery::Eds => self.eds_of_port(target).collect(),
        }
    }

    /// Whether a DNS cluster has more than one target.
    pub(super) fn has_several_targets(&self, target: &Target<'_>) -> bool {
        self.dns_endpoints(target).len() > 1
    }

    /// Why no endpoint belongs to a cluster's port.
    pub(super) fn lack_of_endpoints(&self, target: &Target<'_>) -> Lack {
        let mut names: Vec<Text> = Vec::new();
        for endpoint in &self.shard.endpoints {
            if !names.contains(&endpoint.port_name) {
                names.push(endpoint.port_name.clone());
            }
        }
        match (names.is_empty(), self.shard.depends_on_past) {
            (true, true) => Lack::NotPushed,
            (true, false) => Lack::NoEndpoints,
            (false, _) => Lack::NoPortOfName {
                name: target.port.name.clone(),
                has: names,
            },
        }
    }

    /// Why an endpoint of a cluster's port has no row of its own.
    pub(super) fn refuses(
        &self,
        target: &Target<'_>,
        policy: Policy<'_>,
        wanted: impl Fn(&Endpoint) -> bool,
        endpoint: &Endpoint,
    ) -> Withheld {
        let filter = Filter::of(self, target, policy);
        let is_eds = target.discovery == Discovery::Eds;
        if let Some(why) = filter.refuses(endpoint) {
            return why;
        }
        if !wanted(endpoint) {
            return Withheld::NoMutualTls;
        }
        if !is_eds && endpoint.port != 0 && endpoint.ip.is_none() {
            return Withheld::DnsName;
        }
        let distribution = in_force(
            self.client.plane,
            policy.load_balancer,
            self.service.service.distribution,
        );
        let entry = distribution.and_then(|found| found.entry_for(&self.client.proxy.locality));
        let is_near = entry.is_none_or(|entry| keeps(entry, &endpoint.workload.backend.locality));
        if is_near {
            Withheld::Twice
        } else {
            Withheld::OtherLocality
        }
    }

    /// istio: `supportsUnhealthyEndpoints`.
    fn sends_unhealthy(&self, policy: Policy<'_>) -> bool {
        let plane = self.client.plane;
        let is_near = self.service.service.distribution != TrafficDistribution::Any;
        if plane.flags.send_unhealthy || (is_near && plane.version.is_at_least(25)) {
            return true;
        }
        let is_forbidden = policy
            .outlier_detection
            .is_some_and(|detection| detection.min_health_percent > 0);
        plane.flags.auto_send_unhealthy && !is_forbidden
    }
}

/// Which endpoints of a cluster's port are sent.
///
/// istio: `filterIstioEndpoint`.
struct Filter<'a> {
    client: &'a Client<'a>,
    target: &'a Target<'a>,
    service: &'a MeshService,
    is_eds: bool,
    sends_unhealthy: bool,
    keeps_draining: bool,
}

impl<'a> Filter<'a> {
    fn of(picker: &'a Picker<'_>, target: &'a Target<'_>, policy: Policy<'_>) -> Self {
        let service = &*picker.service.service;
        let session_label = &picker.client.plane.flags.session_label;
        let session = service.labels.get(session_label).filter(|_| !session_label.is_empty());
        Self {
            client: picker.client,
            target,
            service,
            is_eds: target.discovery == Discovery::Eds,
            sends_unhealthy: picker.sends_unhealthy(policy),
            keeps_draining: session.is_some_and(|value| !value.is_empty()),
        }
    }

    /// Why an endpoint is not sent; `None` if it is.
    fn refuses(&self, endpoint: &Endpoint) -> Option<Withheld> {
        let workload = &endpoint.workload;
        let flags = &self.client.plane.flags;
        let is_address = || endpoint.address.is_empty() || endpoint.port == 0 || endpoint.ip.is_some();
        if self.is_eds && !is_address() {
            return Some(Withheld::NotAnAddress);
        }
        if !workload.labels.matches(&self.target.labels) {
            return Some(Withheld::SubsetDiffers);
        }
        if self.service.is_node_local && workload.backend.node != self.client.proxy.node {
            return Some(Withheld::OtherNode);
        }
        match endpoint.health {
            EndpointHealth::Terminating => return Some(Withheld::Terminating),
            EndpointHealth::Unhealthy if !self.sends_unhealthy => {
                let is_by_flag = !flags.auto_send_unhealthy;
                return Some(if is_by_flag {
                    Withheld::UnreadyByFlag
                } else {
                    Withheld::UnreadyByPolicy
                });
            }
            EndpointHealth::Healthy | EndpointHealth::Unhealthy | EndpointHealth::Draining => {}
        }
        let is_draining = endpoint.health == EndpointHealth::Draining || workload.is_labelled_draining;
        if is_draining && !self.keeps_draining {
            return Some(Withheld::Draining);
        }
        (!is_in_view(self.client.proxy, endpoint)).then_some(Withheld::OtherNetwork)
    }
}

/// Envoy keeps the first of several hosts that have this in common.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    /// However it is written.
    Ip(IpAddr, u16),
    Other(Address),
}

impl Identity {
    fn of(endpoint: &Endpoint, address: &Address) -> Self {
        match (address, endpoint.ip) {
            (Address::Socket(text, port), Some(ip)) if !text.contains('%') => Identity::Ip(ip, *port),
            (Address::Socket(..) | Address::Pipe(_) | Address::Internal(_), _) => Identity::Other(address.clone()),
        }
    }
}

/// Makes the chains of reasons of a cluster's rows; rows that have the same one share it.
struct Chains<'a> {
    writer: &'a Writer<'a>,
    shard: &'a Shard,
    is_eds: bool,
    /// Links that all rows of the cluster have.
    common: Vec<Reason>,
    /// By what the chains of its rows differ.
    last: Option<(Tail<'a>, Arc<Why>)>,
}

/// The object that lists an endpoint, its status, and whether it is there by chance, and as a DNS target that is an IP.
type Tail<'a> = (&'a Arc<(Kind, Key)>, Reason, bool, bool);

impl<'a> Chains<'a> {
    fn of(writer: &'a Writer<'a>, shard: &'a Shard, is_eds: bool) -> Self {
        Self {
            writer,
            shard,
            is_eds,
            common: Vec::new(),
            last: None,
        }
    }

    fn of_endpoint(&mut self, endpoint: &'a Endpoint) -> Arc<Why> {
        let status = Self::status_of(endpoint);
        let is_dns_answer = !self.is_eds && endpoint.ip.is_some();
        let tail = (&endpoint.listed_by, status.clone(), endpoint.is_chance, is_dns_answer);
        if let Some((last, why)) = &self.last
            && *last == tail
        {
            return Arc::clone(why);
        }
        let listed = Reason::ListedBy {
            object: (*endpoint.listed_by).clone(),
        };
        let extra = [
            (is_dns_answer, Reason::DnsTargetIsAddress),
            (self.shard.depends_on_past, Reason::DependsOnPast),
            (endpoint.is_chance, Reason::SlicesDiffer),
        ];
        let extra = extra.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason);
        let shared = self.writer.target.why.chain.iter().chain(&self.common).cloned();
        let why = Why::of(shared.chain([listed, status]).chain(extra));
        self.last = Some((tail, Arc::clone(&why)));
        why
    }

    /// Why it has the status that it has.
    fn status_of(endpoint: &Endpoint) -> Reason {
        let (kind, _) = &*endpoint.listed_by;
        match health_of(endpoint) {
            Health::Draining => Reason::DrainingListed,
            Health::Unhealthy => Reason::UnreadyListed,
            Health::Healthy | Health::Unknown | Health::Timeout | Health::Degraded if *kind == Kind::EndpointSlice => {
                Reason::Ready
            }
            Health::Healthy | Health::Unknown | Health::Timeout | Health::Degraded => Reason::NoHealth,
        }
    }
}
