//! The outbound clusters of a service for one proxy, and their rows (scope rules §7.2, §7.3, §8.3 to §8.9, §9.5).
//!
//! istio: `pilot/pkg/networking/core/cluster.go`, `cluster_builder.go`; `pilot/pkg/xds/endpoints/endpoint_builder.go`.

mod locality;
mod pick;

use std::sync::Arc;

use crate::mesh::model::{Labels, Text};

use self::pick::Picker;
use super::destination_rules::{MergedRule, Policy, choose};
use super::endpoints::{Endpoint, EndpointHealth, Shard};
use super::gateways::{PatchContext, Patched, Patches};
use super::host::is_wildcard;
use super::plane::Plane;
use super::protocol::Protocol;
use super::proxy::ProxyFacts;
use super::reason::{Reason, Why};
use super::registry::HostKey;
use super::service::{MeshPort, MeshService, Resolution};
use super::sidecar_scope::{Pick, ScopeService, SidecarScope, Via};
use super::table::{Address, Class, Cluster, Direction, Health, Row};
use super::topology::{NETWORK, WorkloadLabels};

/// What a cluster's rows depend on besides the service.
pub(crate) struct Client<'a> {
    pub(crate) plane: &'a Plane,
    pub(crate) proxy: &'a ProxyFacts,
    pub(crate) scope: &'a SidecarScope,
    pub(crate) patches: &'a Patches,
}

/// How a cluster finds its hosts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Discovery {
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

/// One cluster to build.
struct Target<'a> {
    service: &'a ScopeService,
    port: &'a MeshPort,
    subset: &'a Text,
    discovery: Discovery,
    policy: Policy<'a>,
    rule: Option<&'a MergedRule>,
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

    /// All rows of a service, in no order.
    pub(crate) fn rows(&self, service: &ScopeService, shard: &Shard) -> Vec<Row> {
        let mut rows = Vec::new();
        if service.service.resolution == Resolution::Alias {
            return rows;
        }
        let rules = self.plane.rules.find(
            &self.scope.key.namespace,
            &service.service.host,
            &service.service.namespace,
        );
        let rule = choose(&rules, &self.scope.key.namespace, &self.proxy.labels);
        let reasons = self.reasons(service, rule);
        let mut names: Vec<(u32, Text)> = Vec::new();
        for port in service.ports.iter().filter(|port| port.protocol != Protocol::Udp) {
            self.port_rows(service, port, rule, shard, &reasons, &mut names, &mut rows);
        }
        rows
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of a loop, cut out to be read by itself"
    )]
    fn port_rows(
        &self,
        service: &ScopeService,
        port: &MeshPort,
        rule: Option<&MergedRule>,
        shard: &Shard,
        reasons: &[Reason],
        names: &mut Vec<(u32, Text)>,
        rows: &mut Vec<Row>,
    ) {
        let Some(kind) = self.discovery_of(&service.service, port) else {
            return;
        };
        let policy = rule.map(|rule| rule.policy_for(port.number, "")).unwrap_or_default();
        let no_subset = Text::default();
        let mut base = Target {
            service,
            port,
            subset: &no_subset,
            discovery: kind,
            policy: Policy::of(rule.and_then(|rule| rule.policy.as_deref()), port.number),
            rule,
            labels: Labels::default(),
            why: why(reasons.iter().cloned()),
        };
        let picker = Picker::of(self, shard);
        if !picker.can_exist(&base) {
            return;
        }
        base.discovery = self.after_policy(kind, port, base.policy);
        let base_kind = base.discovery;
        self.add_cluster(&picker, &base, policy, names, rows);
        if kind == Discovery::Forward {
            return;
        }
        for subset in rule.map(|rule| rule.subsets.as_slice()).unwrap_or_default() {
            let own = subset.policy.as_deref();
            let asks_passthrough = own.is_some_and(|policy| Policy::from(&policy.settings).is_passthrough());
            let kind = if asks_passthrough {
                Discovery::OriginalDst
            } else {
                base_kind
            };
            let found = rule.map(|rule| rule.first.meta.key.clone()).unwrap_or_default();
            let last = Reason::Subset {
                rule: found,
                subset: subset.name.clone(),
            };
            let mut target = Target {
                service,
                port,
                subset: &subset.name,
                discovery: kind,
                policy: base.policy.under(own, port.number),
                rule,
                labels: rule.map(|rule| rule.subset_labels(&subset.name)).unwrap_or_default(),
                why: why(reasons.iter().cloned().chain([last])),
            };
            if !picker.can_exist(&target) {
                continue;
            }
            target.discovery = self.after_policy(kind, port, target.policy);
            let effective = rule
                .map(|rule| rule.policy_for(port.number, &subset.name))
                .unwrap_or_default();
            self.add_cluster(&picker, &target, effective, names, rows);
        }
    }

    /// Adds the rows of a cluster, unless a cluster of that name is there already or an EnvoyFilter takes it away.
    fn add_cluster(
        &self,
        picker: &Picker<'_>,
        target: &Target<'_>,
        policy: Policy<'_>,
        names: &mut Vec<(u32, Text)>,
        rows: &mut Vec<Row>,
    ) {
        let cluster = Arc::new(Cluster::Traffic {
            direction: Direction::Outbound,
            port: target.port.number,
            subset: target.subset.clone(),
            host: target.service.service.host.clone(),
        });
        if self.is_removed(&cluster, target) {
            return;
        }
        let name = (target.port.number, target.subset.clone());
        if names.contains(&name) {
            return;
        }
        names.push(name);
        picker.add_rows(target, policy, &cluster, rows);
    }

    fn is_removed(&self, cluster: &Cluster, target: &Target<'_>) -> bool {
        if self.patches.is_empty() {
            return false;
        }
        let context = if self.proxy.is_router {
            PatchContext::Gateway
        } else {
            PatchContext::SidecarOutbound
        };
        let hosts = [target.service.service.host.clone()];
        let patched = Patched {
            name: &cluster.name(),
            hosts: &hosts,
            subset: target.subset,
            port: target.port.number,
        };
        self.patches.removes(context, &patched).is_some()
    }

    /// The kind of the base cluster before any policy; `None` for no cluster.
    fn discovery_of(&self, service: &MeshService, port: &MeshPort) -> Option<Discovery> {
        let forwards = self.proxy.is_router || self.plane.version.is_at_least(30);
        match service.resolution {
            Resolution::ClientSide => Some(Discovery::Eds),
            Resolution::Dns if service.races_connects => Some(Discovery::LogicalDns),
            Resolution::Dns => Some(Discovery::StrictDns),
            Resolution::DnsRoundRobin => Some(Discovery::LogicalDns),
            Resolution::Passthrough if self.proxy.is_router => Some(Discovery::Eds),
            Resolution::Passthrough if service.source.is_kubernetes() && self.plane.flags.eds_for_headless => {
                Some(Discovery::Eds)
            }
            Resolution::Passthrough => Some(Discovery::OriginalDst),
            Resolution::DynamicDns if is_wildcard(&service.host) => {
                (forwards && port.protocol.is_forwardable()).then_some(Discovery::Forward)
            }
            Resolution::DynamicDns => Some(Discovery::Eds),
            Resolution::Alias => None,
        }
    }

    /// The kind once the load balancer of the policy is applied.
    ///
    /// istio: `cluster_traffic_policy.go`, `applyLoadBalancer`.
    fn after_policy(&self, kind: Discovery, port: &MeshPort, policy: Policy<'_>) -> Discovery {
        let keeps = self.plane.flags.redis_filter && port.protocol == Protocol::Redis;
        match kind {
            Discovery::Forward | Discovery::OriginalDst => kind,
            Discovery::Eds | Discovery::StrictDns | Discovery::LogicalDns if policy.is_passthrough() && !keeps => {
                Discovery::OriginalDst
            }
            Discovery::Eds | Discovery::StrictDns | Discovery::LogicalDns => kind,
        }
    }

    /// The links from the Sidecar to the DestinationRule.
    fn reasons(&self, service: &ScopeService, rule: Option<&MergedRule>) -> Vec<Reason> {
        let mut reasons = vec![Reason::Governed(self.scope.key.governing.clone())];
        import_reasons(self.scope, service, &mut reasons);
        if let Some(rule) = rule {
            reasons.push(Reason::Rule {
                rules: rule.from.clone(),
                by_selector: rule.selector.is_some(),
            });
        }
        reasons
    }
}

fn why(reasons: impl Iterator<Item = Reason>) -> Arc<Why> {
    Arc::new(Why {
        chain: reasons.collect(),
    })
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
        Via::VirtualService { listener, object, pick } => {
            out.push(Reason::VirtualService {
                object: object.clone(),
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

/// The address of an endpoint as it is sent to a proxy.
///
/// istio: `buildEnvoyLbEndpoint`, `supportTunnel`.
fn address_of(client: &Client<'_>, endpoint: &Endpoint) -> Address {
    let flags = &client.plane.flags;
    let labels = &endpoint.workload.labels;
    let has = |name: &str, value: &str| {
        labels
            .get(name)
            .is_some_and(|found| found.split(',').any(|one| one == value))
    };
    let takes = has("gateway.istio.io/managed", "istio.io-mesh-controller")
        || has("networking.istio.io/tunnel", "http")
        || (flags.ambient && endpoint.workload.is_redirected);
    let has_mtls = has("security.istio.io/tlsMode", "istio");
    if takes && !(has_mtls && !flags.prefer_hbone) && !client.proxy.never_tunnels {
        let ip = &endpoint.address;
        let id = if ip.contains(':') {
            format!("[{ip}]:{}", endpoint.port)
        } else {
            format!("{ip}:{}", endpoint.port)
        };
        return Address::Internal(Text::from("connect_originate"), Text::from(id));
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
fn health_of(endpoint: &Endpoint, draining_label: &str) -> Health {
    if is_labelled(&endpoint.workload.labels, draining_label) {
        return Health::Draining;
    }
    match endpoint.health {
        EndpointHealth::Healthy => Health::Healthy,
        EndpointHealth::Unhealthy | EndpointHealth::Terminating => Health::Unhealthy,
        EndpointHealth::Draining => Health::Draining,
    }
}

fn is_labelled(labels: &WorkloadLabels, label: &str) -> bool {
    !label.is_empty() && labels.get(label).is_some_and(|value| !value.is_empty())
}

/// Whether the proxy wants to see endpoints of this network.
fn is_in_view(proxy: &ProxyFacts, endpoint: &Endpoint) -> bool {
    let network = endpoint.workload.labels.get(NETWORK).cloned().unwrap_or_default();
    proxy.networks.is_empty() || proxy.networks.contains(&network)
}

/// How certain a row of this endpoint is.
fn class_of(endpoint: &Endpoint, shard: &Shard, is_tie: bool) -> Class {
    let is_uncertain = endpoint.is_chance || shard.depends_on_past || is_tie;
    if is_uncertain { Class::Unknown } else { Class::Exact }
}
