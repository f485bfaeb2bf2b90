//! Which endpoints a cluster gets, and the rows they become.
//!
//! istio: `pilot/pkg/xds/endpoints/endpoint_builder.go`, `BuildClusterLoadAssignment`, `generate`,
//! `filterIstioEndpoint`.

use std::net::IpAddr;
use std::sync::Arc;

use super::locality::{in_force, keeps};
use super::{Client, Discovery, Target, address_of, class_of, health_of, is_in_view, is_labelled};
use crate::mesh::model::Text;
use crate::mesh::scope::destination_rules::{MergedRule, Policy};
use crate::mesh::scope::endpoints::{Endpoint, EndpointHealth, Shard};
use crate::mesh::scope::host::{is_ip, parse_ip};
use crate::mesh::scope::protocol::Protocol;
use crate::mesh::scope::reason::{Reason, Why};
use crate::mesh::scope::service::{MeshPort, MeshService, TrafficDistribution};
use crate::mesh::scope::sidecar_scope::ScopeService;
use crate::mesh::scope::table::{Address, Cluster, Row};

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
        let mut seen: Vec<(Option<IpAddr>, Address)> = Vec::new();
        for endpoint in picked.into_iter().filter(|endpoint| wanted(endpoint)) {
            let stays = entry.is_none_or(|entry| keeps(entry, &endpoint.workload.place.locality));
            let is_answer = is_eds || endpoint.port == 0 || is_ip(&endpoint.address);
            if !stays || !is_answer {
                continue;
            }
            let address = address_of(self.client, endpoint);
            let identity = identity_of(&address);
            if is_eds && seen.contains(&identity) {
                continue;
            }
            seen.push(identity);
            rows.push(self.row(writer, endpoint, address, chains.of_endpoint(endpoint)));
        }
    }

    fn row(&self, writer: &Writer<'_>, endpoint: &Endpoint, address: Address, why: Arc<Why>) -> Row {
        let workload = &endpoint.workload;
        Row {
            address,
            health: health_of(endpoint, &self.client.plane.flags.draining_label),
            cluster: Arc::clone(writer.cluster),
            class: class_of(self.client, endpoint, self.shard, writer.is_tie),
            why,
            pod: workload.pod.clone(),
            node: workload.node.clone(),
            locality: Arc::clone(&workload.place.locality),
            weight: workload.weight,
        }
    }

    /// Endpoints of an EDS cluster, in the order in which they are sent: by locality.
    fn eds_endpoints(&self, target: &Target<'_>, policy: Policy<'_>) -> Vec<&'a Endpoint> {
        if self.service.service.resolution.is_dns() {
            return Vec::new();
        }
        let is_meant = |port: &&MeshPort| port.number == target.port.number && port.protocol != Protocol::Udp;
        let Some(port) = self.service.ports.iter().find(is_meant) else {
            return Vec::new();
        };
        let fits = |endpoint: &&Endpoint| {
            let is_address = endpoint.address.is_empty() || endpoint.port == 0 || is_ip(&endpoint.address);
            endpoint.port_name == port.name && is_address && endpoint.workload.labels.matches(&target.labels)
        };
        self.filter(self.shard.endpoints.iter().filter(fits), policy)
    }

    /// Targets of a DNS cluster, by locality.
    fn dns_endpoints(&self, target: &Target<'_>) -> Vec<&'a Endpoint> {
        let registry = &self.client.plane.registry;
        let key = Client::shard_key(self.service);
        let entries = registry.entries_of(&key).iter().map(|source| &*source.service);
        let kubernetes = registry
            .find(&key.host, &key.namespace)
            .filter(|found| found.source.is_kubernetes());
        let mut services: Vec<&MeshService> = entries.chain(kubernetes.map(|found| &**found)).collect();
        services.sort_by(|a, b| a.order(b));
        let found = self.shard.for_dns_port(&services, target.port.number).into_iter();
        let found = found.filter(|endpoint| endpoint.workload.labels.matches(&target.labels));
        self.filter(found, target.policy)
    }

    fn filter<'e>(&self, endpoints: impl Iterator<Item = &'e Endpoint>, policy: Policy<'_>) -> Vec<&'e Endpoint> {
        let service = &self.service.service;
        let sends_unhealthy = self.sends_unhealthy(policy);
        let flags = &self.client.plane.flags;
        let keeps_draining = !flags.session_label.is_empty()
            && service
                .labels
                .get(&flags.session_label)
                .is_some_and(|value| !value.is_empty());
        let passes = |endpoint: &&Endpoint| {
            let is_near = !service.is_node_local || endpoint.workload.node == self.client.proxy.node;
            let is_draining = endpoint.health == EndpointHealth::Draining
                || is_labelled(&endpoint.workload.labels, &flags.draining_label);
            let is_sent = match endpoint.health {
                EndpointHealth::Healthy | EndpointHealth::Draining => true,
                EndpointHealth::Unhealthy => sends_unhealthy,
                EndpointHealth::Terminating => false,
            };
            is_near && is_sent && (keeps_draining || !is_draining) && is_in_view(self.client.proxy, endpoint)
        };
        let mut passed: Vec<&Endpoint> = endpoints.filter(passes).collect();
        passed.sort_by(|a, b| a.workload.place.text.cmp(&b.workload.place.text));
        passed
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

/// Envoy keeps the first of several hosts that have this in common.
fn identity_of(address: &Address) -> (Option<IpAddr>, Address) {
    match address {
        Address::Socket(ip, port) => match parse_ip(ip).filter(|_| !ip.contains('%')) {
            Some(parsed) => (Some(parsed), Address::Socket(Text::default(), *port)),
            None => (None, address.clone()),
        },
        Address::Pipe(_) | Address::Internal(..) => (None, address.clone()),
    }
}

/// Makes the chains of reasons of a cluster's rows; rows that have the same one share it.
struct Chains<'a> {
    writer: &'a Writer<'a>,
    shard: &'a Shard,
    is_eds: bool,
    /// Links that all rows of the cluster have.
    common: Vec<Reason>,
    last: Option<(Vec<Reason>, Arc<Why>)>,
}

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

    fn of_endpoint(&mut self, endpoint: &Endpoint) -> Arc<Why> {
        let listed = Reason::ListedBy {
            object: endpoint.listed_by.clone(),
        };
        let extra = [
            (endpoint.health == EndpointHealth::Unhealthy, Reason::UnreadyListed),
            (!self.is_eds, Reason::DnsTargetIsAddress),
            (self.shard.depends_on_past, Reason::DependsOnPast),
            (endpoint.is_chance, Reason::SlicesDiffer),
        ];
        let extra = extra.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason);
        let tail: Vec<Reason> = self.common.iter().cloned().chain([listed]).chain(extra).collect();
        if let Some((known, why)) = &self.last
            && *known == tail
        {
            return Arc::clone(why);
        }
        let why = Why::of(self.writer.target.why.chain.iter().chain(&tail).cloned());
        self.last = Some((tail, Arc::clone(&why)));
        why
    }
}
