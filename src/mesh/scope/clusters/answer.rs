//! What became of each cluster of a service, and of each endpoint: for who asks why, never for a table.

use std::sync::Arc;

use super::{Builder, Client, Discovery, Purpose, Target, address_of};
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::scope::destination_rules::Policy;
use crate::mesh::scope::endpoints::{Endpoint, Shard};
use crate::mesh::scope::protocol::Protocol;
use crate::mesh::scope::reason::{Lack, Withheld};
use crate::mesh::scope::service::{MeshPort, Resolution};
use crate::mesh::scope::sidecar_scope::ScopeService;
use crate::mesh::scope::table::{Cluster, Row};

/// What became of a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterAnswer {
    /// The cluster; where there is none, as it would be called.
    pub cluster: Cluster,
    /// Of the service.
    pub port: u32,
    /// Empty for the whole service.
    pub subset: Text,
    /// Why it has no rows, or there is none; `None` if it has rows.
    pub lack: Option<Lack>,
    /// Its rows, with their chains, in istioctl's order.
    pub rows: Vec<Row>,
    /// Endpoints that are not among them, in the order in which they are listed.
    pub withheld: Vec<WithheldEndpoint>,
}

/// An endpoint that is not in a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WithheldEndpoint {
    /// As its row would show it.
    pub address: Text,
    /// The pod behind it, if one is known.
    pub pod: Option<Key>,
    /// The object that lists it.
    pub listed_by: (Kind, Key),
    /// Why.
    pub why: Withheld,
}

impl Client<'_> {
    /// What became of each port and subset of a service, in the order in which clusters are made.
    pub(crate) fn answers(&self, service: &ScopeService, shard: &Shard) -> Vec<ClusterAnswer> {
        let whole = |lack: &Lack| {
            let builder = Builder::of(self, service, shard, None, Purpose::Usual);
            let answers = service
                .ports
                .iter()
                .map(|port| builder.lacking(port, &Text::default(), lack.clone()));
            answers.collect::<Vec<_>>()
        };
        if service.service.resolution == Resolution::Alias {
            return whole(&Lack::Alias);
        }
        let rule = self.rule_for(service);
        let mut answers = if self.gateway.wants(&service.service.host) {
            Builder::of(self, service, shard, rule, Purpose::Usual).answer_all()
        } else {
            whole(&Lack::NotWanted)
        };
        if self.gateway.passes_tls && !service.service.is_external {
            answers.extend(Builder::of(self, service, shard, rule, Purpose::PassTls).answer_all());
        }
        answers
    }
}

impl Builder<'_> {
    fn answer_all(mut self) -> Vec<ClusterAnswer> {
        self.answers = Some(Vec::new());
        for port in self.service.ports.iter() {
            if port.protocol == Protocol::Udp {
                self.lacks(port, &Text::default(), Lack::Udp);
            } else {
                self.add_port(port);
            }
        }
        self.answers.unwrap_or_default()
    }

    /// Notes why there is no cluster.
    pub(super) fn lacks(&mut self, port: &MeshPort, subset: &Text, lack: Lack) {
        if self.answers.is_some() {
            let answer = self.lacking(port, subset, lack);
            self.answers.iter_mut().for_each(|answers| answers.push(answer.clone()));
        }
    }

    fn lacking(&self, port: &MeshPort, subset: &Text, lack: Lack) -> ClusterAnswer {
        ClusterAnswer {
            cluster: self.cluster_of(port, subset),
            port: port.number,
            subset: subset.clone(),
            lack: Some(lack),
            rows: Vec::new(),
            withheld: Vec::new(),
        }
    }

    /// Notes what became of a cluster whose rows are those from `first_row` on.
    pub(super) fn answer(
        &mut self,
        cluster: &Arc<Cluster>,
        target: &Target<'_>,
        policy: Policy<'_>,
        wanted: impl Fn(&Endpoint) -> bool,
        first_row: usize,
    ) {
        let mut rows: Vec<Row> = self.rows.get(first_row..).unwrap_or_default().to_vec();
        let mut withheld = self.withheld(target, policy, wanted, &rows);
        rows.sort_by(Row::order);
        let lack = rows.is_empty().then(|| self.lack_of(target, &withheld));
        if lack == Some(Lack::SeveralDnsTargets) {
            withheld.clear();
        }
        let answer = ClusterAnswer {
            cluster: Cluster::clone(cluster),
            port: target.port.number,
            subset: target.subset.clone(),
            lack,
            rows,
            withheld,
        };
        self.answers.iter_mut().for_each(|answers| answers.push(answer.clone()));
    }

    /// The endpoints of the port that gave none of these rows, which are in the order in which endpoints are sent.
    fn withheld(
        &self,
        target: &Target<'_>,
        policy: Policy<'_>,
        wanted: impl Fn(&Endpoint) -> bool,
        rows: &[Row],
    ) -> Vec<WithheldEndpoint> {
        let mut given: Vec<_> = rows.iter().map(|row| (&row.address, &row.backend.pod)).collect();
        let mut withheld = Vec::new();
        for endpoint in self.picker.of_port(target) {
            let address = address_of(self.client, endpoint);
            let gave = given
                .iter()
                .position(|(row, pod)| **row == address && **pod == endpoint.workload.backend.pod);
            if let Some(at) = gave {
                given.swap_remove(at);
                continue;
            }
            withheld.push(WithheldEndpoint {
                address: Text::from(address.to_string()),
                pod: endpoint.workload.backend.pod.clone(),
                listed_by: (*endpoint.listed_by).clone(),
                why: self.picker.refuses(target, policy, &wanted, endpoint),
            });
        }
        withheld
    }

    fn lack_of(&self, target: &Target<'_>, withheld: &[WithheldEndpoint]) -> Lack {
        let service = &self.service.service;
        match target.discovery {
            Discovery::Forward => Lack::Forward,
            Discovery::OriginalDst
                if service.resolution == Resolution::Passthrough && service.source.is_kubernetes() =>
            {
                Lack::Headless
            }
            Discovery::OriginalDst if service.resolution == Resolution::Passthrough => Lack::NoResolution,
            Discovery::OriginalDst => Lack::PassthroughBalancer {
                rule: self.rule.map(|rule| rule.first.meta.key.clone()).unwrap_or_default(),
            },
            Discovery::LogicalDns if self.picker.has_several_targets(target) => Lack::SeveralDnsTargets,
            Discovery::StrictDns | Discovery::LogicalDns | Discovery::Eds if !withheld.is_empty() => Lack::AllWithheld,
            Discovery::StrictDns | Discovery::LogicalDns | Discovery::Eds => self.picker.lack_of_endpoints(target),
        }
    }
}
