//! Which endpoints a cluster gets, and the rows they become.
//!
//! istio: `pilot/pkg/xds/endpoints/endpoint_builder.go`, `BuildClusterLoadAssignment`, `generate`,
//! `filterIstioEndpoint`.

use std::net::IpAddr;
use std::sync::Arc;

use super::locality::{in_force, keeps};
use super::{Client, Discovery, Target, address_of, class_of, health_of, is_in_view, is_labelled};
use crate::mesh::scope::destination_rules::Policy;
use crate::mesh::scope::endpoints::{Endpoint, EndpointHealth, Shard};
use crate::mesh::scope::host::{is_ip, parse_ip};
use crate::mesh::scope::protocol::Protocol;
use crate::mesh::scope::reason::{Reason, Why};
use crate::mesh::scope::service::{MeshService, TrafficDistribution};
use crate::mesh::scope::sidecar_scope::{Pick, Via};
use crate::mesh::scope::table::{Address, Cluster, Row};

/// The endpoints of one service, to pick from.
pub(super) struct Picker<'a> {
    client: &'a Client<'a>,
    shard: &'a Shard,
}

impl<'a> Picker<'a> {
    pub(super) fn of(client: &'a Client<'a>, shard: &'a Shard) -> Self {
        Self { client, shard }
    }

    /// A DNS cluster without any target is not created.
    pub(super) fn can_exist(&self, target: &Target<'_>) -> bool {
        match target.discovery {
            Discovery::StrictDns | Discovery::LogicalDns => !self.dns_endpoints(target, target.policy).is_empty(),
            Discovery::Eds | Discovery::OriginalDst | Discovery::Forward => true,
        }
    }

    /// Adds the rows of a cluster.
    pub(super) fn add_rows(
        &self,
        target: &Target<'_>,
        policy: Policy<'_>,
        cluster: &Arc<Cluster>,
        rows: &mut Vec<Row>,
    ) {
        let picked = match target.discovery {
            Discovery::OriginalDst | Discovery::Forward => return,
            Discovery::Eds => self.eds_endpoints(target, policy),
            Discovery::StrictDns | Discovery::LogicalDns => self.dns_endpoints(target, target.policy),
        };
        let is_dns = target.discovery != Discovery::Eds;
        let near = target.service.service.distribution;
        let distribution = in_force(self.client.plane, policy.load_balancer, near);
        let entry = distribution
            .as_ref()
            .and_then(|found| found.entry_for(&self.client.proxy.locality));
        let is_single = picked.len() == 1;
        if target.discovery == Discovery::LogicalDns && !is_single {
            return;
        }
        let mut writer = Writer::of(self, target, cluster, rows);
        if let (Some(found), Some(_)) = (&distribution, entry) {
            let rule = target
                .rule
                .filter(|_| !found.is_of_mesh)
                .map(|rule| rule.first.meta.key.clone());
            writer.extra.push(Reason::Distributed { rule });
        }
        for endpoint in picked {
            let stays = entry.is_none_or(|entry| keeps(entry, &endpoint.workload.place.locality));
            let is_answer = !is_dns || endpoint.port == 0 || is_ip(&endpoint.address);
            if stays && is_answer {
                writer.add(endpoint, !is_dns);
            }
        }
    }

    /// Endpoints of an EDS cluster, in the order in which they are sent: by locality.
    fn eds_endpoints(&self, target: &Target<'_>, policy: Policy<'_>) -> Vec<&'a Endpoint> {
        let service = &target.service.service;
        if service.resolution.is_dns() {
            return Vec::new();
        }
        let is_meant = |port: &&_| self.is_port(port, target);
        let Some(port) = target.service.ports.iter().find(is_meant) else {
            return Vec::new();
        };
        let fits = |endpoint: &&Endpoint| {
            let is_address = endpoint.address.is_empty() || endpoint.port == 0 || is_ip(&endpoint.address);
            endpoint.port_name == port.name && is_address && endpoint.workload.labels.matches(&target.labels)
        };
        let found = self.shard.endpoints.iter().filter(fits);
        self.filter(found, service, policy)
    }

    fn is_port(&self, port: &crate::mesh::scope::service::MeshPort, target: &Target<'_>) -> bool {
        port.number == target.port.number && port.protocol != Protocol::Udp
    }

    /// Targets of a DNS cluster, by locality.
    fn dns_endpoints(&self, target: &Target<'_>, policy: Policy<'_>) -> Vec<&'a Endpoint> {
        let service = &target.service.service;
        let registry = &self.client.plane.registry;
        let key = Client::shard_key(target.service);
        let entries = registry.entries_of(&key).iter().map(|source| &*source.service);
        let kubernetes = registry
            .find(&key.host, &key.namespace)
            .filter(|found| found.source.is_kubernetes());
        let mut services: Vec<&MeshService> = entries.chain(kubernetes.map(|found| &**found)).collect();
        services.sort_by(|a, b| a.order(b));
        let found = self.shard.for_dns_port(&services, target.port.number).into_iter();
        let found = found.filter(|endpoint| endpoint.workload.labels.matches(&target.labels));
        self.filter(found, service, policy)
    }

    fn filter<'e>(
        &self,
        endpoints: impl Iterator<Item = &'e Endpoint>,
        service: &MeshService,
        policy: Policy<'_>,
    ) -> Vec<&'e Endpoint> {
        let sends_unhealthy = self.sends_unhealthy(service, policy);
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
    fn sends_unhealthy(&self, service: &MeshService, policy: Policy<'_>) -> bool {
        let plane = self.client.plane;
        let is_near = service.distribution != TrafficDistribution::Any && plane.version.is_at_least(25);
        if plane.flags.send_unhealthy || is_near {
            return true;
        }
        let is_forbidden = policy
            .outlier_detection
            .is_some_and(|detection| detection.min_health_percent > 0);
        plane.flags.auto_send_unhealthy && !is_forbidden
    }
}

/// Makes rows of endpoints.
struct Writer<'a, 'r> {
    picker: &'a Picker<'a>,
    target: &'a Target<'a>,
    cluster: &'a Arc<Cluster>,
    rows: &'r mut Vec<Row>,
    /// Envoy keeps the first of several hosts of one address.
    seen: Vec<(Option<IpAddr>, Address)>,
    /// Reasons that all rows of the cluster have.
    extra: Vec<Reason>,
    /// The chain of the last row, for the next one that has the same.
    last: Option<(Vec<Reason>, Arc<Why>)>,
}

impl<'a, 'r> Writer<'a, 'r> {
    fn of(picker: &'a Picker<'a>, target: &'a Target<'a>, cluster: &'a Arc<Cluster>, rows: &'r mut Vec<Row>) -> Self {
        Self {
            picker,
            target,
            cluster,
            rows,
            seen: Vec::new(),
            extra: Vec::new(),
            last: None,
        }
    }

    fn add(&mut self, endpoint: &Endpoint, is_unique: bool) {
        let client = self.picker.client;
        let address = address_of(client, endpoint);
        if is_unique {
            let key = match &address {
                Address::Socket(ip, port) => (parse_ip(ip), Address::Socket(canonical(ip), *port)),
                Address::Pipe(_) | Address::Internal(..) => (None, address.clone()),
            };
            if self.seen.contains(&key) {
                return;
            }
            self.seen.push(key);
        }
        let why = self.why(endpoint, is_unique);
        let is_tie = matches!(
            &self.target.service.import.via,
            Via::VirtualService { pick: Pick::Tie, .. }
        );
        let workload = &endpoint.workload;
        self.rows.push(Row {
            address,
            health: health_of(endpoint, &client.plane.flags.draining_label),
            cluster: Arc::clone(self.cluster),
            class: class_of(endpoint, self.picker.shard, is_tie),
            why,
            pod: workload.pod.clone(),
            node: workload.node.clone(),
            locality: Arc::clone(&workload.place.locality),
            weight: workload.weight,
        });
    }

    fn why(&mut self, endpoint: &Endpoint, is_eds: bool) -> Arc<Why> {
        let mut tail = self.extra.clone();
        tail.push(Reason::ListedBy {
            object: endpoint.listed_by.clone(),
        });
        if endpoint.health == EndpointHealth::Unhealthy {
            tail.push(Reason::UnreadyListed);
        }
        if !is_eds {
            tail.push(Reason::DnsTargetIsAddress);
        }
        if self.picker.shard.depends_on_past {
            tail.push(Reason::DependsOnPast);
        }
        if endpoint.is_chance {
            tail.push(Reason::SlicesDiffer);
        }
        if let Some((known, why)) = &self.last
            && *known == tail
        {
            return Arc::clone(why);
        }
        let chain = self.target.why.chain.iter().cloned().chain(tail.iter().cloned());
        let why = Arc::new(Why { chain: chain.collect() });
        self.last = Some((tail, Arc::clone(&why)));
        why
    }
}

/// An address in the form in which two spellings of it are equal.
fn canonical(ip: &crate::mesh::model::Text) -> crate::mesh::model::Text {
    match parse_ip(ip) {
        Some(parsed) if !ip.contains('%') => crate::mesh::model::Text::from(parsed.to_string()),
        Some(_) | None => ip.clone(),
    }
}
