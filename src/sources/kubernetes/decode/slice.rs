//! `discovery.k8s.io/v1 EndpointSlice`.

use serde::Deserialize;

use super::meta::{ObjectMeta, ObjectReference};
use super::wire::{Int, List, Str};
use super::{Common, Context, Wire};
use crate::mesh::model;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EndpointSlice<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    address_type: Str<'a>,
    ports: List<Port<'a>>,
    endpoints: List<Endpoint<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Port<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    port: Int<u16>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Endpoint<'a> {
    #[serde(borrow)]
    addresses: List<Str<'a>>,
    conditions: Option<Conditions>,
    target_ref: Option<ObjectReference<'a>>,
    node_name: Str<'a>,
    zone: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

impl<'de> Wire<'de> for EndpointSlice<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let interner = &mut *context.interner;
        let service = common.meta.labels.get("kubernetes.io/service-name").cloned();
        let ports = self.ports.iter().map(|port| model::SlicePort {
            name: port.name.text(interner),
            number: port.port.0,
        });
        let ports = ports.collect();
        model::EndpointSlice {
            service: service.unwrap_or_default(),
            address_type: self.address_type.text(interner),
            ports,
            endpoints: self
                .endpoints
                .iter()
                .map(|endpoint| endpoint.convert(interner))
                .collect(),
            meta: common.meta,
        }
        .into()
    }
}

impl Endpoint<'_> {
    fn convert(&self, interner: &mut model::Interner) -> model::SliceEndpoint {
        let conditions = self.conditions.as_ref();
        let pod = self.target_ref.as_ref().filter(|target| &*target.kind == "Pod");
        model::SliceEndpoint {
            addresses: self.addresses.texts(interner),
            ready: conditions.and_then(|conditions| conditions.ready),
            serving: conditions.and_then(|conditions| conditions.serving),
            terminating: conditions.and_then(|conditions| conditions.terminating),
            pod: pod.map(|target| model::Key {
                namespace: target.namespace.text(interner),
                name: target.name.text(interner),
            }),
            node: self.node_name.text(interner),
            zone: self.zone.text(interner),
        }
    }
}
