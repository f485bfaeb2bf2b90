//! The outbound clusters of a service for one proxy, and their rows (scope rules §7.2, §7.3, §8.3 to §8.9, §9.5).
//!
//! istio: `pilot/pkg/networking/core/cluster.go`, `cluster_builder.go`; `pilot/pkg/xds/endpoints/endpoint_builder.go`.

mod answer;
mod locality;
mod pick;

use std::sync::Arc;

use crate::mesh::model::{Key, Labels, Subset, Text};

pub use self::answer::{ClusterAnswer, WithheldEndpoint};
use self::pick::{Picker, Writer};
use super::destination_rules::{MergedRule, Policy, choose};
use super::endpoints::{Endpoint, EndpointHealth, Shard, Workload};
use super::gateways::{GatewayFacts, PatchContext, Patched, Patches};
use super::host::is_wildcard;
use super::plane::Plane;
use super::protocol::Protocol;
use super::proxy::ProxyFacts;
use super::reason::{Lack, Reason, Why};
use super::registry::HostKey;
use super::service::{MeshPort, Resolution};
use super::sidecar_scope::{Pick, ScopeService, SidecarScope, Via};
use super::table::{Address, Class, Cluster, Direction, Health, Row};
use super::topology::NETWORK;

/// What a cluster's rows depend on besides the service.
pub(crate) struct Client<'a> {
    pub(crate) plane: &'a Plane,
    pub(crate) proxy: &'a ProxyFacts,
    pub(crate) scope: &'a SidecarScope,
    pub(crate) patches: &'a Patches,
    pub(crate) gateway: &'a GatewayFacts,
}

/// How a cluster finds its hosts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Discovery {
    /// istiod sends them.
    Eds,
    /// DNS, one answer a target.
    StrictDns,
    /// DNS, one target.
    LogicalDns,
    /// Where the client meant to go: hosts come with traffic.
    OriginalDst,
    /// The name in the request is resolved: hosts come with traffic.
    Forward,
}

/// For what a cluster is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    /// Requests of the pod's own.
    Usual,
    /// TLS that a gateway passes through by the name in it; only endpoints with Istio's mutual TLS are taken.
    PassTls,
}

/// One cluster to build.
struct Target<'a> {
    port: &'a MeshPort,
    subset: &'a Text,
    discovery: Discovery,
    policy: Policy<'a>,
    labels: Labels,
    why: Arc<Why>,
}

impl Client<'_> {
    /// The key of the shard that holds a service's endpoints.
    pub(crate) fn shard_key(service: &ScopeService) -> HostKey {
        HostKey {
            host: service.service.host.clone(),
            namespace: service.service.namespace.clone(),
        }
    }

    /// Adds all rows of a service, in no order.
    pub(crate) fn add_rows(&self, service: &ScopeService, shard: &Shard, rows: &mut Vec<Row>) {
        if service.service.resolution == Resolution::Alias {
            return;
        }
        let rule = self.rule_for(service);
        if self.gateway.wants(&service.service.host) {
            Builder::of(self, service, shard, rule, Purpose::Usual).build(rows);
        }
        if self.gateway.passes_tls && !service.service.is_external {
            Builder::of(self, service, shard, rule, Purpose::PassTls).build(rows);
        }
    }

    /// The DestinationRule in force.
    fn rule_for(&self, service: &ScopeService) -> Option<&MergedRule> {
        let namespace = &self.scope.key.namespace;
        let rules = self
            .plane
            .rules
            .find(namespace, &service.service.host, &service.service.namespace);
        choose(&rules, namespace, &self.proxy.labels)
    }
}

/// Builds the clusters of one service.
struct Builder<'a> {
    client: &'a Client<'a>,
    service: &'a ScopeService,
    rule: Option<&'a MergedRule>,
    purpose: Purpose,
    picker: Picker<'a>,
    /// Links that all rows of the service share.
    reasons: Vec<Reason>,
    /// Port and subset of the clusters so far: of one name the first counts.
    names: Vec<(u32, Text)>,
    rows: Vec<Row>,
    /// What became of each cluster, for who asks.
    answers: Option<Vec<ClusterAnswer>>,
}

impl<'a> Builder<'a> {
    fn of(
        client: &'a Client<'a>,
        service: &'a ScopeService,
        shard: &'a Shard,
        rule: Option<&'a MergedRule>,
        purpose: Purpose,
    ) -> Self {
        let mut reasons = vec![Reason::Governed(client.scope.key.governing.clone())];
        import_reasons(client.scope, service, &mut reasons);
        reasons.extend(rule.map(|rule| Reason::Rule {
            rules: rule.from.clone(),
            by_selector: rule.selector.is_some(),
        }));
        Self {
            client,
            service,
            rule,
            purpose,
            picker: Picker::of(client, service, shard),
            reasons,
            names: Vec::new(),
            rows: Vec::new(),
            answers: None,
        }
    }

    /// Adds the rows of every port's clusters.
    fn build(mut self, rows: &mut Vec<Row>) {
        let service = self.service;
        std::mem::swap(rows, &mut self.rows);
        for port in service.ports.iter().filter(|port| port.protocol != Protocol::Udp) {
            self.add_port(port);
        }
        std::mem::swap(rows, &mut self.rows);
    }

    /// The cluster of a port and those of its subsets.
    fn add_port(&mut self, port: &'a MeshPort) {
        let no_subset = Text::default();
        let Some(discovery) = self.discovery_of(port) else {
            self.lacks(port, &no_subset, Lack::NotForwarded);
            return;
        };
        let policy = Policy::of(self.rule.and_then(|rule| rule.policy.as_deref()), port.number);
        let mut base = Target {
            port,
            subset: &no_subset,
            discovery,
            policy,
            labels: Labels::default(),
            why: Why::of(self.reasons.iter().cloned()),
        };
        if !self.picker.can_exist(&base) {
            self.lacks(port, &no_subset, Lack::NoDnsTarget);
            return;
        }
        base.discovery = self.after_policy(discovery, port, policy);
        self.add_cluster(&base);
        if discovery == Discovery::Forward {
            return;
        }
        let Some(rule) = self.rule else {
            return;
        };
        for subset in &rule.subsets {
            self.add_subset(rule, subset, port, base.discovery, policy);
        }
    }

    fn add_subset(
        &mut self,
        rule: &'a MergedRule,
        subset: &'a Subset,
        port: &'a MeshPort,
        base: Discovery,
        policy: Policy<'a>,
    ) {
        let own = subset.policy.as_deref();
        let asks_passthrough = own.is_some_and(|policy| Policy::from(&policy.settings).is_passthrough());
        let discovery = if asks_passthrough { Discovery::OriginalDst } else { base };
        let last = Reason::Subset {
            rule: rule.first.meta.key.clone(),
            subset: subset.name.clone(),
        };
        let mut target = Target {
            port,
            subset: &subset.name,
            discovery,
            policy: policy.under(own, port.number),
            labels: rule.subset_labels(&subset.name),
            why: Why::of(self.reasons.iter().cloned().chain([last])),
        };
        if self.picker.can_exist(&target) {
            target.discovery = self.after_policy(discovery, port, target.policy);
            self.add_cluster(&target);
        } else {
            self.lacks(port, &subset.name, Lack::NoDnsTarget);
        }
    }

    /// Adds the rows of a cluster, unless a cluster of that name is there already or an EnvoyFilter takes it away.
    fn add_cluster(&mut self, target: &Target<'_>) {
        let cluster = Arc::new(self.cluster_of(target.port, target.subset));
        let (removed_by, changed_by) = self.patched_by(&cluster, target);
        if let Some(filter) = removed_by.cloned() {
            self.lacks(target.port, target.subset, Lack::RemovedBy { filter });
            return;
        }
        let name = (target.port.number, target.subset.clone());
        if self.names.contains(&name) {
            self.lacks(target.port, target.subset, Lack::SameName);
            return;
        }
        self.names.push(name);
        // Endpoints are looked up by name: of two subsets of one name the first gives the policy.
        let rule = self.rule.filter(|_| target.discovery == Discovery::Eds);
        let policy = rule.map_or(target.policy, |rule| rule.policy_for(target.port.number, target.subset));
        let takes_all = self.purpose == Purpose::Usual;
        let (client, client_rule) = (self.client, self.rule);
        let has_mtls = |endpoint: &Endpoint| takes_all || has_mtls(client, client_rule, target, endpoint);
        let writer = Writer {
            target,
            cluster: &cluster,
            rule: self.rule,
            is_tie: self.is_tie(),
            changed_by,
        };
        let before = self.rows.len();
        self.picker.add_rows(&writer, policy, has_mtls, &mut self.rows);
        if self.answers.is_some() {
            self.answer(&cluster, target, policy, has_mtls, before);
        }
    }

    fn is_tie(&self) -> bool {
        matches!(&self.service.import.via, Via::VirtualService { pick: Pick::Tie, .. })
    }

    fn cluster_of(&self, port: &MeshPort, subset: &Text) -> Cluster {
        let (port, subset, host) = (port.number, subset.clone(), self.service.service.host.clone());
        match self.purpose {
            Purpose::Usual => Cluster::Traffic {
                direction: Direction::Outbound,
                port,
                subset,
                host,
            },
            Purpose::PassTls => Cluster::Named(Text::from(format!("outbound_.{port}_.{subset}_.{host}"))),
        }
    }

    /// The `EnvoyFilters` that take a cluster away, and that make another one of it.
    fn patched_by(&self, cluster: &Cluster, target: &Target<'_>) -> (Option<&'a Key>, Option<&'a Key>) {
        let patches = self.client.patches;
        if patches.is_empty() {
            return (None, None);
        }
        let context = if self.client.proxy.is_router {
            PatchContext::Gateway
        } else {
            PatchContext::SidecarOutbound
        };
        let patched = Patched {
            name: &cluster.name(),
            hosts: std::slice::from_ref(&self.service.service.host),
            subset: target.subset,
            port: target.port.number,
        };
        (patches.removes(context, &patched), patches.changes(context, &patched))
    }

    /// The kind of the base cluster before any policy; `None` for no cluster.
    fn discovery_of(&self, port: &MeshPort) -> Option<Discovery> {
        let (plane, service) = (self.client.plane, &self.service.service);
        let is_router = self.client.proxy.is_router;
        let forwards = is_router || plane.version.is_at_least(30);
        let is_headless = service.source.is_kubernetes();
        match service.resolution {
            Resolution::Dns if !service.races_connects => Some(Discovery::StrictDns),
            Resolution::Dns | Resolution::DnsRoundRobin => Some(Discovery::LogicalDns),
            Resolution::Passthrough if is_router || (is_headless && plane.flags.eds_for_headless) => {
                Some(Discovery::Eds)
            }
            Resolution::Passthrough => Some(Discovery::OriginalDst),
            Resolution::DynamicDns if is_wildcard(&service.host) && self.purpose == Purpose::Usual => {
                (forwards && port.protocol.is_forwardable()).then_some(Discovery::Forward)
            }
            Resolution::ClientSide | Resolution::DynamicDns => Some(Discovery::Eds),
            Resolution::Alias => None,
        }
    }

    /// The kind once the load balancer of the policy is applied.
    ///
    /// istio: `cluster_traffic_policy.go`, `applyLoadBalancer`.
    fn after_policy(&self, kind: Discovery, port: &MeshPort, policy: Policy<'_>) -> Discovery {
        let keeps = self.client.plane.flags.redis_filter && port.protocol == Protocol::Redis;
        match kind {
            Discovery::Eds | Discovery::StrictDns | Discovery::LogicalDns if policy.is_passthrough() && !keeps => {
                Discovery::OriginalDst
            }
            Discovery::Forward
            | Discovery::OriginalDst
            | Discovery::Eds
            | Discovery::StrictDns
            | Discovery::LogicalDns => kind,
        }
    }
}

/// Whether traffic to an endpoint has Istio's mutual TLS: if the endpoint takes it, and no rule asks for another mode.
/// One that is tunnelled has it inside, where a gateway that passes TLS through does not look.
///
/// istio: `pilot/pkg/xds/endpoints/mtls_checker.go`, `endpoint_builder.go` (`EndpointsWithMTLSFilter`).
/// `PeerAuthentications` that switch it off are not read.
fn has_mtls(client: &Client<'_>, rule: Option<&MergedRule>, target: &Target<'_>, endpoint: &Endpoint) -> bool {
    let asked = rule.and_then(|rule| rule.tls_mode(target.port.number, target.subset));
    endpoint.workload.has_mtls
        && asked.is_none_or(|mode| *mode == "ISTIO_MUTUAL")
        && !is_tunnelled(client, &endpoint.workload)
}

/// How the service got into the scope, in links.
pub(crate) fn import_reasons(scope: &SidecarScope, service: &ScopeService, out: &mut Vec<Reason>) {
    let import = &service.import;
    let sidecar = scope.sidecar.as_ref();
    match &import.via {
        Via::Host { listener, host, text } => out.push(match sidecar.filter(|sidecar| !sidecar.egress.is_empty()) {
            Some(sidecar) => Reason::EgressHost {
                sidecar: sidecar.meta.key.clone(),
                listener: *listener,
                host: *host,
                text: text.clone(),
            },
            None => Reason::EgressDefault {
                sidecar: sidecar.map(|sidecar| sidecar.meta.key.clone()),
            },
        }),
        Via::VirtualService {
            listener,
            object,
            delegates,
            pick,
        } => {
            out.push(Reason::VirtualService {
                object: object.clone(),
                delegates: delegates.clone(),
                listener: *listener,
            });
            out.push(pick_reason(*pick, &service.service.namespace));
        }
        Via::Exported => out.push(Reason::GatewayImportsAll),
    }
    out.extend(import.port.map(|port| Reason::OnlyPort { port }));
    out.extend(import.replaced.clone().map(|entry| Reason::ReplacedEntry { entry }));
    out.extend(import.merged.iter().cloned().map(|from| Reason::MergedPorts { from }));
}

fn pick_reason(pick: Pick, namespace: &Text) -> Reason {
    let namespace = namespace.clone();
    match pick {
        Pick::Own => Reason::DestinationInOwnNamespace { namespace },
        Pick::Kubernetes => Reason::DestinationIsKubernetes { namespace },
        Pick::Oldest => Reason::DestinationIsOldest { namespace },
        Pick::Tie => Reason::DestinationIsTie { namespace },
        Pick::FirstByName => Reason::DestinationIsFirstByName { namespace },
    }
}

/// Whether a proxy reaches a workload through a tunnel: not where both have mutual TLS, unless that is preferred.
///
/// istio: `buildEnvoyLbEndpoint`, `supportTunnel`.
fn is_tunnelled(client: &Client<'_>, workload: &Workload) -> bool {
    let prefers = client.plane.flags.prefer_hbone || !workload.has_mtls;
    workload.takes_tunnel && prefers && !client.proxy.never_tunnels
}

/// The address of an endpoint as it is sent to a proxy.
///
/// istio: `buildEnvoyLbEndpoint`.
fn address_of(client: &Client<'_>, endpoint: &Endpoint) -> Address {
    if is_tunnelled(client, &endpoint.workload) {
        let (ip, port) = (&endpoint.address, endpoint.port);
        return Address::Internal(Text::from(if ip.contains(':') {
            format!("connect_originate/[{ip}]:{port}")
        } else {
            format!("connect_originate/{ip}:{port}")
        }));
    }
    match u16::try_from(endpoint.port) {
        Ok(0) => Address::Pipe(
            endpoint
                .address
                .strip_prefix("unix://")
                .map_or_else(|| endpoint.address.clone(), Text::from),
        ),
        Ok(port) => Address::Socket(endpoint.address.clone(), port),
        Err(_) => Address::Socket(endpoint.address.clone(), u16::MAX),
    }
}

/// The status that Envoy shows for it.
fn health_of(endpoint: &Endpoint) -> Health {
    if endpoint.workload.is_labelled_draining {
        return Health::Draining;
    }
    match endpoint.health {
        EndpointHealth::Healthy => Health::Healthy,
        EndpointHealth::Unhealthy | EndpointHealth::Terminating => Health::Unhealthy,
        EndpointHealth::Draining => Health::Draining,
    }
}

/// Whether the proxy wants to see endpoints of this network.
fn is_in_view(proxy: &ProxyFacts, endpoint: &Endpoint) -> bool {
    let network = || endpoint.workload.labels.get(NETWORK).cloned().unwrap_or_default();
    proxy.networks.is_empty() || proxy.networks.contains(&network())
}

/// How certain a row of this endpoint is.
fn class_of(client: &Client<'_>, endpoint: &Endpoint, shard: &Shard, is_cluster_known: bool) -> Class {
    let is_uncertain =
        endpoint.is_chance || shard.depends_on_past || !is_cluster_known || client.plane.mesh.has_network_gateways;
    if is_uncertain { Class::Unknown } else { Class::Exact }
}
