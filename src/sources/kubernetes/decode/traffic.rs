//! `networking.istio.io` VirtualService and DestinationRule.

use std::sync::Arc;

use serde::Deserialize;

use super::meta::ObjectMeta;
use super::wire::{Enum, Int, List, Map, Str};
use super::{Common, Context, Wire};
use crate::mesh::model::{self, Interner, Text};

const SIMPLE_LB: &[&str] = &[
    "UNSPECIFIED",
    "LEAST_CONN",
    "RANDOM",
    "PASSTHROUGH",
    "ROUND_ROBIN",
    "LEAST_REQUEST",
];
const TLS_MODES: &[&str] = &["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"];

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct VirtualService<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    spec: Option<VirtualServiceSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct VirtualServiceSpec<'a> {
    #[serde(borrow)]
    hosts: List<Str<'a>>,
    gateways: List<Str<'a>>,
    export_to: List<Str<'a>>,
    http: List<HttpRoute<'a>>,
    tcp: List<Route<'a>>,
    tls: List<Route<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HttpRoute<'a> {
    #[serde(borrow, rename = "match")]
    matches: List<HttpMatch<'a>>,
    route: List<Weighted<'a>>,
    mirror: Option<Destination<'a>>,
    mirrors: List<Weighted<'a>>,
    delegate: Option<Delegate<'a>>,
}

/// A route of TCP or TLS.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Route<'a> {
    #[serde(borrow)]
    route: List<Weighted<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Weighted<'a> {
    #[serde(borrow)]
    destination: Option<Destination<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Destination<'a> {
    #[serde(borrow)]
    host: Str<'a>,
    subset: Str<'a>,
    port: Option<PortSelector>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PortSelector {
    number: Int<u32>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Delegate<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    namespace: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct HttpMatch<'a> {
    #[serde(borrow)]
    uri: Option<StringMatch<'a>>,
    scheme: Option<StringMatch<'a>>,
    method: Option<StringMatch<'a>>,
    authority: Option<StringMatch<'a>>,
    headers: Map<'a, Option<StringMatch<'a>>>,
    without_headers: Map<'a, Option<StringMatch<'a>>>,
    query_params: Map<'a, Option<StringMatch<'a>>>,
    ignore_uri_case: Option<bool>,
    port: Int<u32>,
    source_namespace: Str<'a>,
    source_labels: Map<'a>,
    gateways: List<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StringMatch<'a> {
    #[serde(borrow)]
    exact: Option<Str<'a>>,
    prefix: Option<Str<'a>>,
    regex: Option<Str<'a>>,
}

impl<'de> Wire<'de> for VirtualService<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let interner = &mut *context.interner;
        let spec = self.spec.unwrap_or_default();
        model::VirtualService {
            meta: common.meta,
            provenance: common.provenance,
            hosts: spec.hosts.texts(interner),
            gateways: spec.gateways.texts(interner),
            export_to: spec.export_to.texts(interner),
            http: spec.http.iter().map(|route| route.convert(interner)).collect(),
            tcp: spec
                .tcp
                .iter()
                .map(|route| destinations(&route.route, interner))
                .collect(),
            tls: spec
                .tls
                .iter()
                .map(|route| destinations(&route.route, interner))
                .collect(),
        }
        .into()
    }
}

fn destinations(routes: &List<Weighted<'_>>, interner: &mut Interner) -> Arc<[model::Destination]> {
    let named = routes.iter().filter_map(|route| route.destination.as_ref());
    named.map(|destination| destination.convert(interner)).collect()
}

impl Destination<'_> {
    fn convert(&self, interner: &mut Interner) -> model::Destination {
        model::Destination {
            host: self.host.text(interner),
            subset: self.subset.text(interner),
            port: self.port.as_ref().map(|port| port.number.0),
        }
    }
}

impl HttpRoute<'_> {
    fn convert(&self, interner: &mut Interner) -> model::HttpRoute {
        model::HttpRoute {
            matches: self.matches.iter().map(|one| one.convert(interner)).collect(),
            destinations: destinations(&self.route, interner),
            mirror: self.mirror.as_ref().map(|mirror| mirror.convert(interner)),
            mirrors: destinations(&self.mirrors, interner),
            delegate: self.delegate.as_ref().map(|delegate| model::Delegate {
                name: delegate.name.text(interner),
                namespace: delegate.namespace.text(interner),
            }),
        }
    }
}

impl HttpMatch<'_> {
    fn convert(&self, interner: &mut Interner) -> model::HttpMatch {
        let request = [&self.uri, &self.scheme, &self.method, &self.authority];
        model::HttpMatch {
            request: request.map(|text| text.as_ref().map(|text| text.convert(interner))),
            headers: string_matches(&self.headers, interner),
            without_headers: string_matches(&self.without_headers, interner),
            query_params: string_matches(&self.query_params, interner),
            ignore_uri_case: self.ignore_uri_case.unwrap_or_default(),
            port: self.port.0,
            source_namespace: self.source_namespace.text(interner),
            source_labels: self.source_labels.labels(interner),
            gateways: self.gateways.texts(interner),
        }
    }
}

fn string_matches(
    matches: &Map<'_, Option<StringMatch<'_>>>,
    interner: &mut Interner,
) -> Arc<[(Text, model::StringMatch)]> {
    let matches = matches.sorted().into_iter().map(|(name, text)| {
        let text = text.as_ref().map(|text| text.convert(interner));
        (interner.text(name), text.unwrap_or_default())
    });
    matches.collect()
}

impl StringMatch<'_> {
    fn convert(&self, interner: &mut Interner) -> model::StringMatch {
        if let Some(exact) = &self.exact {
            model::StringMatch::Exact(exact.text(interner))
        } else if let Some(prefix) = &self.prefix {
            model::StringMatch::Prefix(prefix.text(interner))
        } else if let Some(regex) = &self.regex {
            model::StringMatch::Regex(regex.text(interner))
        } else {
            model::StringMatch::Unset
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct DestinationRule<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    spec: Option<DestinationRuleSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct DestinationRuleSpec<'a> {
    #[serde(borrow)]
    host: Str<'a>,
    export_to: List<Str<'a>>,
    workload_selector: Option<MatchLabels<'a>>,
    traffic_policy: Option<TrafficPolicy<'a>>,
    subsets: List<Subset<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MatchLabels<'a> {
    #[serde(borrow)]
    match_labels: Map<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Subset<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    labels: Map<'a>,
    traffic_policy: Option<TrafficPolicy<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct TrafficPolicy<'a> {
    #[serde(borrow)]
    load_balancer: Option<LoadBalancer<'a>>,
    outlier_detection: Option<OutlierDetection>,
    tls: Option<Tls<'a>>,
    port_level_settings: List<PortPolicy<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PortPolicy<'a> {
    port: Option<PortSelector>,
    #[serde(borrow)]
    load_balancer: Option<LoadBalancer<'a>>,
    outlier_detection: Option<OutlierDetection>,
    tls: Option<Tls<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct LoadBalancer<'a> {
    #[serde(borrow)]
    simple: Enum<'a>,
    locality_lb_setting: Option<LocalityLb<'a>>,
    zone_aware_lb_setting: Option<ZoneAwareLb>,
}

/// `localityLbSetting`, also of the mesh config (where protobuf's own names are taken as well).
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LocalityLb<'a> {
    enabled: Option<bool>,
    #[serde(borrow)]
    distribute: List<Distribute<'a>>,
    failover: List<Failover<'a>>,
    #[serde(alias = "failover_priority")]
    failover_priority: List<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Distribute<'a> {
    #[serde(borrow)]
    from: Str<'a>,
    to: Map<'a, Int<u32>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Failover<'a> {
    #[serde(borrow)]
    from: Str<'a>,
    to: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ZoneAwareLb {
    enabled: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct OutlierDetection {
    min_health_percent: Int<i32>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tls<'a> {
    #[serde(borrow)]
    mode: Enum<'a>,
}

impl<'de> Wire<'de> for DestinationRule<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let interner = &mut *context.interner;
        let spec = self.spec.unwrap_or_default();
        let subsets = spec.subsets.iter().map(|subset| model::Subset {
            name: subset.name.text(interner),
            labels: subset.labels.labels(interner),
            policy: policy(subset.traffic_policy.as_ref(), interner),
        });
        let subsets = subsets.collect();
        let selector = spec.workload_selector.as_ref();
        model::DestinationRule {
            meta: common.meta,
            provenance: common.provenance,
            host: spec.host.text(interner),
            export_to: spec.export_to.texts(interner),
            selector: selector.map(|selector| selector.match_labels.labels(interner)),
            policy: policy(spec.traffic_policy.as_ref(), interner),
            subsets,
        }
        .into()
    }
}

fn policy(policy: Option<&TrafficPolicy<'_>>, interner: &mut Interner) -> Option<Arc<model::TrafficPolicy>> {
    let policy = policy?;
    let ports = policy.port_level_settings.iter().map(|entry| model::PortPolicy {
        port: entry.port.as_ref().map(|port| port.number.0),
        settings: settings(
            entry.load_balancer.as_ref(),
            entry.outlier_detection.as_ref(),
            entry.tls.as_ref(),
            interner,
        ),
    });
    let ports = ports.collect();
    Some(Arc::new(model::TrafficPolicy {
        ports,
        settings: settings(
            policy.load_balancer.as_ref(),
            policy.outlier_detection.as_ref(),
            policy.tls.as_ref(),
            interner,
        ),
    }))
}

fn settings(
    load_balancer: Option<&LoadBalancer<'_>>,
    outlier_detection: Option<&OutlierDetection>,
    tls: Option<&Tls<'_>>,
    interner: &mut Interner,
) -> model::PolicySettings {
    model::PolicySettings {
        load_balancer: load_balancer.map(|balancer| Arc::new(balancer.convert(interner))),
        outlier_detection: outlier_detection.map(|detection| model::OutlierDetection {
            min_health_percent: detection.min_health_percent.0,
        }),
        tls_mode: tls.map(|tls| tls.mode.text(TLS_MODES, interner)),
    }
}

impl LoadBalancer<'_> {
    fn convert(&self, interner: &mut Interner) -> model::LoadBalancer {
        model::LoadBalancer {
            simple: self.simple.text(SIMPLE_LB, interner),
            locality: self
                .locality_lb_setting
                .as_ref()
                .map(|setting| setting.convert(interner)),
            zone_aware: self.zone_aware_lb_setting.as_ref().map(ZoneAwareLb::convert),
        }
    }
}

impl LocalityLb<'_> {
    pub(super) fn convert(&self, interner: &mut Interner) -> model::LocalityLb {
        let distribute = self.distribute.iter().map(|entry| model::Distribute {
            from: entry.from.text(interner),
            to: numbers(&entry.to, interner),
        });
        let distribute = distribute.collect();
        let failover = self.failover.iter();
        let failover = failover.map(|entry| (entry.from.text(interner), entry.to.text(interner)));
        model::LocalityLb {
            enabled: self.enabled,
            distribute,
            failover: failover.collect(),
            failover_priority: self.failover_priority.texts(interner),
        }
    }
}

impl ZoneAwareLb {
    pub(super) fn convert(&self) -> model::ZoneAwareLb {
        model::ZoneAwareLb { enabled: self.enabled }
    }
}

/// Numbers by their names, in order.
pub(super) fn numbers(map: &Map<'_, Int<u32>>, interner: &mut Interner) -> Arc<[(Text, u32)]> {
    let sorted = map.sorted().into_iter();
    sorted.map(|(name, number)| (interner.text(name), number.0)).collect()
}
