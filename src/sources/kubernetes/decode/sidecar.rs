//! `networking.istio.io Sidecar`.

use serde::Deserialize;

use super::mesh_config::TrafficPolicy;
use super::meta::ObjectMeta;
use super::wire::{Int, List, Map, Str};
use super::{Common, Context, Wire};
use crate::mesh::model::{self, Interner, Labels};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Sidecar<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    spec: Option<Spec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    workload_selector: Option<WorkloadSelector<'a>>,
    ingress: List<IngressListener<'a>>,
    egress: List<EgressListener<'a>>,
    outbound_traffic_policy: Option<TrafficPolicy<'a>>,
}

/// `workloadSelector` of Sidecar, ServiceEntry and EnvoyFilter.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct WorkloadSelector<'a> {
    #[serde(borrow)]
    labels: Map<'a>,
}

impl WorkloadSelector<'_> {
    pub(super) fn labels(&self, interner: &mut Interner) -> Labels {
        self.labels.labels(interner)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EgressListener<'a> {
    #[serde(borrow)]
    port: Option<Port<'a>>,
    bind: Str<'a>,
    hosts: List<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct IngressListener<'a> {
    #[serde(borrow)]
    port: Option<Port<'a>>,
    bind: Str<'a>,
    default_endpoint: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Port<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    number: Int<u32>,
    protocol: Str<'a>,
}

impl Port<'_> {
    fn convert(&self, interner: &mut Interner) -> model::ListenerPort {
        model::ListenerPort {
            number: self.number.0,
            protocol: self.protocol.text(interner),
            name: self.name.text(interner),
        }
    }
}

impl<'de> Wire<'de> for Sidecar<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let interner = &mut *context.interner;
        let spec = self.spec.unwrap_or_default();
        let egress = spec.egress.iter().map(|listener| model::EgressListener {
            port: listener.port.as_ref().map(|port| port.convert(interner)),
            bind: listener.bind.text(interner),
            hosts: listener.hosts.texts(interner),
        });
        let egress = egress.collect();
        let ingress = spec.ingress.iter().map(|listener| model::IngressListener {
            port: listener
                .port
                .as_ref()
                .map(|port| port.convert(interner))
                .unwrap_or_default(),
            bind: listener.bind.text(interner),
            default_endpoint: listener.default_endpoint.text(interner),
        });
        let ingress = ingress.collect();
        let outbound = spec.outbound_traffic_policy.as_ref();
        model::Sidecar {
            meta: common.meta,
            provenance: common.provenance,
            selector: spec.workload_selector.map(|selector| selector.labels(interner)),
            egress,
            ingress,
            outbound_mode: outbound.map(|policy| policy.outbound_mode(interner)),
        }
        .into()
    }
}
