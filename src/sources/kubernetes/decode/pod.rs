//! `v1/Pod`.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::meta::ObjectMeta;
use super::wire::{Int, List, Str, Time};
use super::{Common, Context, Wire, pod_printed, proxy};
use crate::mesh::model::{self, Interner};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Pod<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    spec: Option<Spec<'a>>,
    status: Option<Status<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spec<'a> {
    #[serde(borrow)]
    pub(super) containers: List<Container<'a>>,
    pub(super) init_containers: List<Container<'a>>,
    pub(super) readiness_gates: List<ReadinessGate<'a>>,
    node_name: Str<'a>,
    service_account_name: Str<'a>,
    host_network: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Container<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    pub(super) image: Str<'a>,
    pub(super) args: List<Str<'a>>,
    pub(super) env: List<EnvVar<'a>>,
    ports: List<Port<'a>>,
    restart_policy: Str<'a>,
}

impl Container<'_> {
    /// Of an init container: whether it keeps running beside the others (a native sidecar).
    ///
    /// Kubernetes: `pkg/api/pod/util.go`, `IsRestartableInitContainer`.
    pub(super) fn is_restartable(&self) -> bool {
        &*self.restart_policy == "Always"
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EnvVar<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    pub(super) value: Str<'a>,
    pub(super) value_from: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Port<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    container_port: Int<u16>,
    protocol: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ReadinessGate<'a> {
    #[serde(borrow)]
    pub(super) condition_type: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status<'a> {
    #[serde(borrow)]
    pub(super) phase: Str<'a>,
    pub(super) reason: Str<'a>,
    pub(super) conditions: List<Condition<'a>>,
    pub(super) init_container_statuses: List<ContainerStatus<'a>>,
    pub(super) container_statuses: List<ContainerStatus<'a>>,
    pub(super) nominated_node_name: Str<'a>,
    start_time: Time,
    #[serde(rename = "podIP")]
    pod_ip: Str<'a>,
    #[serde(rename = "podIPs")]
    pod_ips: List<PodIp<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PodIp<'a> {
    #[serde(borrow)]
    ip: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) condition_type: Str<'a>,
    pub(super) status: Str<'a>,
    pub(super) reason: Str<'a>,
    last_transition_time: Time,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerStatus<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    pub(super) ready: Option<bool>,
    pub(super) started: Option<bool>,
    pub(super) restart_count: Int<u32>,
    pub(super) state: Option<ContainerState<'a>>,
    pub(super) last_state: Option<ContainerState<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ContainerState<'a> {
    #[serde(borrow)]
    pub(super) waiting: Option<Waiting<'a>>,
    pub(super) running: Option<IgnoredAny>,
    pub(super) terminated: Option<Terminated<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Waiting<'a> {
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Terminated<'a> {
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
    pub(super) exit_code: Int<i32>,
    pub(super) signal: Int<i32>,
    pub(super) finished_at: Time,
}

impl<'de> Wire<'de> for Pod<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let spec = self.spec.unwrap_or_default();
        let status = self.status.unwrap_or_default();
        let proxy = proxy::find(&spec, &common.meta.annotations, context);
        let interner = &mut *context.interner;
        let ready = status
            .conditions
            .iter()
            .find(|condition| &*condition.condition_type == "Ready");
        model::Pod {
            owner: self.metadata.owner(interner),
            node: spec.node_name.text(interner),
            service_account: spec.service_account_name.text(interner),
            host_network: spec.host_network.unwrap_or_default(),
            phase: status.phase.text(interner),
            ips: status.ips(interner),
            ready: ready.is_some_and(|condition| &*condition.status == "True"),
            ready_since: ready.and_then(|condition| condition.last_transition_time.0),
            started: status.start_time.0,
            printed: pod_printed::print(&spec, &status, common.meta.deleting.is_some(), interner),
            ports: spec.ports(interner),
            proxy: proxy.map(|proxy| interner.proxy(proxy)),
            meta: common.meta,
        }
        .into()
    }
}

impl Spec<'_> {
    fn ports(&self, interner: &mut Interner) -> std::sync::Arc<[model::ContainerPort]> {
        let restartable = self
            .init_containers
            .iter()
            .filter(|container| container.is_restartable());
        let containers = self.containers.iter().chain(restartable);
        let ports = containers
            .flat_map(|container| &container.ports)
            .map(|port| model::ContainerPort {
                name: port.name.text(interner),
                number: port.container_port.0,
                protocol: interner.text(if port.protocol.is_empty() {
                    "TCP"
                } else {
                    &port.protocol
                }),
            });
        let ports = ports.collect();
        interner.ports(ports)
    }
}

impl Status<'_> {
    /// Kubernetes: `pkg/apis/core/v1/conversion.go`, `Convert_v1_PodStatus_To_core_PodStatus`.
    fn ips(&self, interner: &mut Interner) -> std::sync::Arc<[model::Text]> {
        if self.pod_ips.is_empty() {
            interner.texts(Some(&*self.pod_ip).filter(|ip| !ip.is_empty()))
        } else {
            interner.texts(self.pod_ips.iter().map(|ip| &*ip.ip))
        }
    }
}
