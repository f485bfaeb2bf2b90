//! `networking.istio.io` ServiceEntry and WorkloadEntry.

use serde::Deserialize;

use super::meta::ObjectMeta;
use super::sidecar::WorkloadSelector;
use super::traffic::numbers;
use super::wire::{Enum, Int, List, Map, Str};
use super::{Common, Context, Wire};
use crate::mesh::model::{self, Interner};

const LOCATIONS: &[&str] = &["MESH_EXTERNAL", "MESH_INTERNAL"];
const RESOLUTIONS: &[&str] = &["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"];

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ServiceEntry<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    spec: Option<ServiceEntrySpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ServiceEntrySpec<'a> {
    #[serde(borrow)]
    hosts: List<Str<'a>>,
    addresses: List<Str<'a>>,
    ports: List<Port<'a>>,
    location: Enum<'a>,
    resolution: Enum<'a>,
    endpoints: List<Workload<'a>>,
    workload_selector: Option<WorkloadSelector<'a>>,
    export_to: List<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Port<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    number: Int<u32>,
    protocol: Str<'a>,
    target_port: Int<u32>,
}

/// The message `WorkloadEntry`: a WorkloadEntry's spec, an endpoint of a ServiceEntry.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Workload<'a> {
    #[serde(borrow)]
    address: Str<'a>,
    ports: Map<'a, Int<u32>>,
    labels: Map<'a>,
    network: Str<'a>,
    locality: Str<'a>,
    weight: Int<u32>,
    service_account: Str<'a>,
}

impl Workload<'_> {
    fn convert(&self, interner: &mut Interner) -> model::Workload {
        model::Workload {
            address: self.address.text(interner),
            ports: numbers(&self.ports, interner),
            labels: self.labels.labels(interner),
            network: self.network.text(interner),
            locality: self.locality.text(interner),
            weight: self.weight.0,
            has_account: !self.service_account.is_empty(),
        }
    }
}

impl<'de> Wire<'de> for ServiceEntry<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let interner = &mut *context.interner;
        let spec = self.spec.unwrap_or_default();
        let ports = spec.ports.iter().map(|port| model::EntryPort {
            name: port.name.text(interner),
            number: port.number.0,
            protocol: port.protocol.text(interner),
            target: port.target_port.0,
        });
        let ports = ports.collect();
        let endpoints = spec.endpoints.iter().map(|endpoint| endpoint.convert(interner));
        let endpoints = endpoints.collect();
        model::ServiceEntry {
            meta: common.meta,
            provenance: common.provenance,
            hosts: spec.hosts.texts(interner),
            addresses: spec.addresses.texts(interner),
            ports,
            location: spec.location.text(LOCATIONS, interner),
            resolution: spec.resolution.text(RESOLUTIONS, interner),
            endpoints,
            selector: spec.workload_selector.map(|selector| selector.labels(interner)),
            export_to: spec.export_to.texts(interner),
        }
        .into()
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct WorkloadEntry<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    spec: Option<Workload<'a>>,
    status: Option<Status<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    conditions: List<Condition<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    condition_type: Str<'a>,
    status: Str<'a>,
}

impl<'de> Wire<'de> for WorkloadEntry<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let status = self.status.unwrap_or_default();
        let mut conditions = status.conditions.iter();
        let healthy = conditions.find(|condition| &*condition.condition_type == "Healthy");
        model::WorkloadEntry {
            meta: common.meta,
            provenance: common.provenance,
            workload: self.spec.unwrap_or_default().convert(context.interner),
            healthy: healthy.map(|condition| &*condition.status == "True"),
        }
        .into()
    }
}
