//! Kubernetes' own kinds, cut down to what a rule, a table or a state needs.
//!
//! Defaults of absent fields are filled in by the decoder (`sources::kubernetes::decode`), never here. A field that is
//! `Option` is one whose absence means something to a rule.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::{microsecond::optional as microsecond, second::optional as second};
use serde::{Deserialize, Serialize};

use super::{Key, Labels, Meta, Owner, Provenance, ProxyConfig, Text};

/// `v1/Namespace`. Its labels decide discovery and revision.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Namespace {
    /// Key, labels, annotations.
    pub meta: Meta,
    /// `status.phase` is `Terminating`.
    pub terminating: bool,
}

/// `v1/Node`: only its labels are read (zone, region).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
    /// Key, labels.
    pub meta: Meta,
}

/// `v1/Pod`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Key, labels, annotations.
    pub meta: Meta,
    /// The controlling owner, such as a `ReplicaSet`.
    pub owner: Option<Owner>,
    /// `spec.nodeName`; empty while unscheduled.
    pub node: Text,
    /// `spec.serviceAccountName`.
    pub service_account: Text,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// `status.phase`.
    pub phase: Text,
    /// `status.podIPs` in order (else `status.podIP`), as written; the first is the primary.
    pub ips: Arc<[Text]>,
    /// Condition `Ready` is `True`.
    pub ready: bool,
    /// When condition `Ready` last changed.
    #[serde(with = "second")]
    pub ready_since: Option<Timestamp>,
    /// `status.startTime`.
    #[serde(with = "second")]
    pub started: Option<Timestamp>,
    /// What `kubectl get pod -o wide` prints and that cannot be told from the other fields.
    pub printed: PodPrinted,
    /// Ports of all containers, then of restartable init containers, in order.
    pub ports: Arc<[ContainerPort]>,
    /// The Envoy or ztunnel in it, if any.
    pub proxy: Option<Arc<Proxy>>,
}

impl Pod {
    /// What a person calls the owner of its pods: the Deployment above a `ReplicaSet`, else the owner itself.
    ///
    /// A Deployment names its `ReplicaSet` `NAME-HASH`, the hash being the pod's label `pod-template-hash`.
    pub fn workload(&self) -> Option<Owner> {
        let owner = self.owner.as_ref()?;
        let hash = self
            .meta
            .labels
            .get("pod-template-hash")
            .filter(|_| owner.kind == "ReplicaSet");
        let deployment = hash.and_then(|hash| owner.name.strip_suffix(hash.as_str())?.strip_suffix('-'));
        Some(match deployment {
            Some(name) => Owner {
                kind: "Deployment".into(),
                name: name.into(),
            },
            None => owner.clone(),
        })
    }
}

/// The words and numbers of kubectl's pod columns.
///
/// Kubernetes: `pkg/printers/internalversion/printers.go`, `printPod`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PodPrinted {
    /// Of READY: containers (and restartable init containers) that are ready.
    pub ready: u16,
    /// Of READY: how many there are.
    pub total: u16,
    /// STATUS, such as `Running`, `CrashLoopBackOff`, `Init:0/2`, `Terminating`.
    pub status: Text,
    /// RESTARTS.
    pub restarts: u32,
    /// When the last restart was (kubectl adds `(5m ago)`).
    #[serde(with = "second")]
    pub last_restart: Option<Timestamp>,
    /// NOMINATED NODE; empty for none.
    pub nominated_node: Text,
    /// READINESS GATES: how many are true, of how many; `None` without gates.
    pub gates: Option<(u16, u16)>,
}

/// A port of a container.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ContainerPort {
    /// May be empty.
    pub name: Text,
    /// `containerPort`.
    pub number: u16,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Text,
}

/// What kind of proxy a pod runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum ProxyKind {
    /// `istio-proxy` with arguments `proxy sidecar`.
    #[default]
    Sidecar,
    /// `proxy router`: a gateway.
    Router,
    /// `proxy waypoint`.
    Waypoint,
    /// The node's ambient proxy itself.
    Ztunnel,
}

/// The proxy container of a pod, as far as it can be told from the pod. Shared between the pods of one template.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Proxy {
    /// From the arguments of the container.
    pub kind: ProxyKind,
    /// The image's tag, such as `1.31.0`; empty if there is none.
    pub image_tag: Text,
    /// The container's environment: literal values only, as written, by name. Values that come from elsewhere
    /// (`valueFrom`) are absent.
    pub env: Labels,
    /// The container's arguments, in order.
    pub args: Arc<[Text]>,
    /// `ISTIO_METAJSON_LABELS` of the environment, a JSON object of texts; empty if absent or unreadable.
    pub static_labels: Labels,
    /// `PROXY_CONFIG` of the environment, annotation `proxy.istio.io/config` laid over it.
    pub config: ProxyConfig,
}

impl Proxy {
    /// Envoy's admin port, where nothing says otherwise (istio: `pkg/config/mesh/mesh.go`, `DefaultProxyConfig`).
    pub const ADMIN_PORT: u16 = 15000;

    /// Where its Envoy can be asked; `None` where there is no Envoy.
    pub fn admin_port(&self) -> Option<u16> {
        match self.kind {
            ProxyKind::Sidecar | ProxyKind::Router | ProxyKind::Waypoint => {
                Some(self.config.proxy_admin_port.unwrap_or(Self::ADMIN_PORT))
            }
            ProxyKind::Ztunnel => None,
        }
    }
}

/// `v1/Service`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Key, labels, annotations.
    pub meta: Meta,
    /// Who wrote it, and its text.
    pub provenance: Provenance,
    /// `spec.type`; `ClusterIP` where absent.
    pub service_type: Text,
    /// `spec.clusterIPs` (else `spec.clusterIP`); `None` is a headless service's text `None`.
    pub cluster_ips: Arc<[Text]>,
    /// `spec.externalName`; empty if absent.
    pub external_name: Text,
    /// `spec.externalIPs`.
    pub external_ips: Arc<[Text]>,
    /// `status.loadBalancer.ingress`: ip, else hostname, of each.
    pub load_balancer: Arc<[Text]>,
    /// `spec.ports` in order.
    pub ports: Arc<[ServicePort]>,
    /// `spec.selector`; empty where absent.
    pub selector: Labels,
    /// `spec.internalTrafficPolicy` is `Local`.
    pub node_local: bool,
    /// `spec.trafficDistribution`; empty where absent.
    pub traffic_distribution: Text,
}

/// A port of a service.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ServicePort {
    /// May be empty if it is the only one.
    pub name: Text,
    /// `port`.
    pub number: u16,
    /// `TCP`, `UDP` or `SCTP`; `TCP` where absent.
    pub protocol: Text,
    /// `appProtocol`; absent and empty are told apart by istiod only as absent.
    pub app_protocol: Option<Text>,
    /// `targetPort`; absent means the service port's own number.
    pub target: Option<TargetPort>,
    /// `nodePort`; 0 where absent.
    pub node_port: u16,
}

/// `targetPort`: a number, or the name of a container port.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum TargetPort {
    /// A port number.
    Number(u16),
    /// The name of a container port.
    Name(Text),
}

/// `discovery.k8s.io/v1 EndpointSlice`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointSlice {
    /// Key and the labels that say whose it is.
    pub meta: Meta,
    /// Label `kubernetes.io/service-name`; empty if there is none (such a slice gives no rows).
    pub service: Text,
    /// `addressType`: `IPv4`, `IPv6` or `FQDN`.
    pub address_type: Text,
    /// `ports` in order; name "" and number 0 where absent.
    pub ports: Arc<[SlicePort]>,
    /// `endpoints` in order.
    pub endpoints: Arc<[SliceEndpoint]>,
}

/// A port of a slice. Its protocol is not read by istiod.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SlicePort {
    /// Empty where absent.
    pub name: Text,
    /// 0 where absent.
    pub number: u16,
}

/// An endpoint of a slice.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SliceEndpoint {
    /// `addresses`, as written.
    pub addresses: Arc<[Text]>,
    /// `conditions.ready`.
    pub ready: Option<bool>,
    /// `conditions.serving`.
    pub serving: Option<bool>,
    /// `conditions.terminating`.
    pub terminating: Option<bool>,
    /// `targetRef` if its kind is `Pod`.
    pub pod: Option<Key>,
    /// `nodeName`; empty where absent.
    pub node: Text,
    /// `zone`; empty where absent.
    pub zone: Text,
}

/// `v1/Event`, only of pods, for what happened before the start.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// Key.
    pub meta: Meta,
    /// `involvedObject.kind`.
    pub object_kind: Text,
    /// `involvedObject` namespace and name.
    pub object: Key,
    /// `Normal` or `Warning`.
    pub event_type: Text,
    /// Such as `Unhealthy`.
    pub reason: Text,
    /// The text, at most 1 KiB.
    pub message: Text,
    /// `lastTimestamp`, else `eventTime`, else the creation.
    #[serde(with = "microsecond")]
    pub last: Option<Timestamp>,
    /// How often.
    pub count: u32,
}
