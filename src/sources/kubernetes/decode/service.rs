//! `v1/Service`.

use serde::Deserialize;

use super::meta::ObjectMeta;
use super::wire::{Int, IntOrStr, List, Map, Str};
use super::{Common, Context, Wire};
use crate::mesh::model;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Service<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    spec: Option<Spec<'a>>,
    status: Option<Status<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow, rename = "type")]
    service_type: Str<'a>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Str<'a>,
    #[serde(rename = "clusterIPs")]
    cluster_ips: List<Str<'a>>,
    external_name: Str<'a>,
    #[serde(rename = "externalIPs")]
    external_ips: List<Str<'a>>,
    ports: List<Port<'a>>,
    selector: Map<'a>,
    internal_traffic_policy: Str<'a>,
    traffic_distribution: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Port<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    port: Int<u16>,
    protocol: Str<'a>,
    app_protocol: Option<Str<'a>>,
    target_port: Option<IntOrStr<'a>>,
    node_port: Int<u16>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow)]
    load_balancer: Option<LoadBalancer<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LoadBalancer<'a> {
    #[serde(borrow)]
    ingress: List<Ingress<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Ingress<'a> {
    #[serde(borrow)]
    ip: Str<'a>,
    hostname: Str<'a>,
}

impl<'de> Wire<'de> for Service<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let interner = &mut *context.interner;
        let spec = self.spec.unwrap_or_default();
        let load_balancer = self.status.and_then(|status| status.load_balancer).unwrap_or_default();
        let ingress = load_balancer.ingress.iter().map(Ingress::address);
        let cluster_ips = if spec.cluster_ips.is_empty() {
            interner.texts(Some(&*spec.cluster_ip).filter(|ip| !ip.is_empty()))
        } else {
            spec.cluster_ips.texts(interner)
        };
        model::Service {
            meta: common.meta,
            provenance: common.provenance,
            service_type: interner.text(or(&spec.service_type, "ClusterIP")),
            cluster_ips,
            external_name: spec.external_name.text(interner),
            external_ips: spec.external_ips.texts(interner),
            load_balancer: interner.texts(ingress),
            ports: spec.ports.iter().map(|port| port.convert(interner)).collect(),
            selector: spec.selector.labels(interner),
            node_local: &*spec.internal_traffic_policy == "Local",
            traffic_distribution: spec.traffic_distribution.text(interner),
        }
        .into()
    }
}

impl Ingress<'_> {
    fn address(&self) -> &str {
        or(&self.ip, &self.hostname)
    }
}

impl Port<'_> {
    fn convert(&self, interner: &mut model::Interner) -> model::ServicePort {
        let target = match &self.target_port {
            // An unset `IntOrString` is written as 0 by Go, and defaulted to the port by the API server.
            None | Some(IntOrStr::Int(0)) => None,
            Some(IntOrStr::Int(number)) => Some(model::TargetPort::Number(*number)),
            Some(IntOrStr::Str(name)) => Some(model::TargetPort::Name(name.text(interner))),
        };
        model::ServicePort {
            name: self.name.text(interner),
            number: self.port.0,
            protocol: interner.text(or(&self.protocol, "TCP")),
            app_protocol: self.app_protocol.as_ref().map(|protocol| protocol.text(interner)),
            target,
            node_port: self.node_port.0,
        }
    }
}

/// `text`, or `default` where it is empty.
fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}
