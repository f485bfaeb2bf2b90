//! `networking.istio.io` Gateway and EnvoyFilter.

use serde::Deserialize;

use super::meta::ObjectMeta;
use super::sidecar::WorkloadSelector;
use super::wire::{Enum, Int, IsAny, List, Map, Str};
use super::{Common, Context, Wire};
use crate::mesh::model::{self, Interner};

const TLS_MODES: &[&str] = &[
    "PASSTHROUGH",
    "SIMPLE",
    "MUTUAL",
    "AUTO_PASSTHROUGH",
    "ISTIO_MUTUAL",
    "OPTIONAL_MUTUAL",
];
const APPLY_TO: &[&str] = &[
    "INVALID",
    "LISTENER",
    "FILTER_CHAIN",
    "NETWORK_FILTER",
    "HTTP_FILTER",
    "ROUTE_CONFIGURATION",
    "VIRTUAL_HOST",
    "HTTP_ROUTE",
    "CLUSTER",
];
const CONTEXTS: &[&str] = &["ANY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY", "WAYPOINT"];
const OPERATIONS: &[&str] = &[
    "INVALID",
    "MERGE",
    "ADD",
    "REMOVE",
    "INSERT_BEFORE",
    "INSERT_AFTER",
    "INSERT_FIRST",
    "REPLACE",
    "MERGE_AND_REPLACE_LIST",
];

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Gateway<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    spec: Option<GatewaySpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GatewaySpec<'a> {
    #[serde(borrow)]
    selector: Map<'a>,
    servers: List<Server<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Server<'a> {
    #[serde(borrow)]
    port: Option<Port<'a>>,
    hosts: List<Str<'a>>,
    tls: Option<Tls<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Port<'a> {
    number: Int<u32>,
    #[serde(borrow)]
    protocol: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tls<'a> {
    #[serde(borrow)]
    mode: Enum<'a>,
}

impl<'de> Wire<'de> for Gateway<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let interner = &mut *context.interner;
        let spec = self.spec.unwrap_or_default();
        let servers = spec.servers.iter().map(|server| server.convert(interner));
        let servers = servers.collect();
        model::Gateway {
            meta: common.meta,
            provenance: common.provenance,
            selector: spec.selector.labels(interner),
            servers,
        }
        .into()
    }
}

impl Server<'_> {
    fn convert(&self, interner: &mut Interner) -> model::Server {
        let port = self.port.as_ref();
        let tls_mode = self.tls.as_ref().map(|tls| tls.mode.text(TLS_MODES, interner));
        model::Server {
            port: port.map(|port| port.number.0).unwrap_or_default(),
            protocol: interner.text(port.map_or("", |port| &port.protocol)),
            hosts: self.hosts.texts(interner),
            tls_mode: tls_mode.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct EnvoyFilter<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    spec: Option<EnvoyFilterSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct EnvoyFilterSpec<'a> {
    #[serde(borrow)]
    workload_selector: Option<WorkloadSelector<'a>>,
    target_refs: IsAny,
    priority: Int<i32>,
    config_patches: List<ConfigPatch<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ConfigPatch<'a> {
    #[serde(borrow)]
    apply_to: Enum<'a>,
    #[serde(rename = "match")]
    matches: Option<Match<'a>>,
    patch: Option<Patch<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Match<'a> {
    #[serde(borrow)]
    context: Enum<'a>,
    proxy: Option<ProxyMatch<'a>>,
    cluster: Option<ClusterMatch<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ProxyMatch<'a> {
    #[serde(borrow)]
    proxy_version: Str<'a>,
    metadata: Map<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ClusterMatch<'a> {
    port_number: Int<u32>,
    #[serde(borrow)]
    service: Str<'a>,
    subset: Str<'a>,
    name: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Patch<'a> {
    #[serde(borrow)]
    operation: Enum<'a>,
    value: Option<PatchValue<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PatchValue<'a> {
    #[serde(borrow)]
    name: Str<'a>,
}

impl<'de> Wire<'de> for EnvoyFilter<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let interner = &mut *context.interner;
        let spec = self.spec.unwrap_or_default();
        let mut clusters = Vec::new();
        for patch in &spec.config_patches {
            if patch.apply_to.text(APPLY_TO, interner) == "CLUSTER" {
                clusters.push(patch.convert(interner));
            }
        }
        model::EnvoyFilter {
            meta: common.meta,
            provenance: common.provenance,
            selector: spec.workload_selector.map(|selector| selector.labels(interner)),
            has_target_refs: spec.target_refs.0,
            priority: spec.priority.0,
            clusters: clusters.into(),
        }
        .into()
    }
}

impl ConfigPatch<'_> {
    fn convert(&self, interner: &mut Interner) -> model::ClusterPatch {
        let patch = self.patch.as_ref();
        let matches = self.matches.as_ref();
        let proxy = matches.and_then(|matches| matches.proxy.as_ref());
        let asks = |proxy: &ProxyMatch<'_>| !proxy.proxy_version.is_empty() || !proxy.metadata.sorted().is_empty();
        let operation = patch.map(|patch| patch.operation.text(OPERATIONS, interner));
        let context = matches.map(|matches| matches.context.text(CONTEXTS, interner));
        let value = patch.and_then(|patch| patch.value.as_ref());
        let cluster = matches.and_then(|matches| matches.cluster.as_ref());
        model::ClusterPatch {
            operation: operation.unwrap_or_default(),
            context: context.unwrap_or_default(),
            has_proxy_match: proxy.is_some_and(asks),
            proxy_version: interner.text(proxy.map_or("", |proxy| &proxy.proxy_version)),
            cluster: cluster.map(|cluster| model::ClusterMatch {
                port: cluster.port_number.0,
                service: cluster.service.text(interner),
                subset: cluster.subset.text(interner),
                name: cluster.name.text(interner),
            }),
            value_name: interner.text(value.map_or("", |value| &value.name)),
        }
    }
}
