//! ServiceEntry and WorkloadEntry, cut down to what rules read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Labels, Meta, Provenance, Text};

/// `networking.istio.io ServiceEntry`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceEntry {
    /// Key, age, labels, annotations (`networking.istio.io/traffic-distribution`, `istio.io/connect-strategy`).
    pub meta: Meta,
    /// Who wrote it, and its text.
    pub provenance: Provenance,
    /// `spec.hosts` in order, as written.
    pub hosts: Arc<[Text]>,
    /// `spec.addresses` in order, as written.
    pub addresses: Arc<[Text]>,
    /// `spec.ports` in order.
    pub ports: Arc<[EntryPort]>,
    /// `spec.location`, as written; empty where absent (`MESH_EXTERNAL`).
    pub location: Text,
    /// `spec.resolution`, as written; empty where absent (`NONE`).
    pub resolution: Text,
    /// `spec.endpoints` in order.
    pub endpoints: Arc<[Workload]>,
    /// `spec.workloadSelector.labels`: `None` if the selector is absent, empty if it is there without labels.
    pub selector: Option<Labels>,
    /// `spec.exportTo`; empty where absent (the mesh default then counts).
    pub export_to: Arc<[Text]>,
}

/// One entry of `spec.ports` of a ServiceEntry.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EntryPort {
    /// `name`.
    pub name: Text,
    /// `number`.
    pub number: u32,
    /// `protocol`, as written.
    pub protocol: Text,
    /// `targetPort`; 0 where absent.
    pub target: u32,
}

/// `spec` of a WorkloadEntry, and one entry of `spec.endpoints` of a ServiceEntry: the same message.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// `address`: an IP, a host name or `unix://PATH`; empty where absent.
    pub address: Text,
    /// `ports` by name.
    pub ports: Arc<[(Text, u32)]>,
    /// `labels`.
    pub labels: Labels,
    /// `network`; empty where absent.
    pub network: Text,
    /// `locality`, as written (`region/zone/subzone`); empty where absent.
    pub locality: Text,
    /// `weight`; 0 where absent.
    pub weight: u32,
    /// `serviceAccount` is not empty: without a label that says otherwise, it then has Istio's mutual TLS.
    pub has_account: bool,
}

/// `networking.istio.io WorkloadEntry`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkloadEntry {
    /// Key, age, labels, annotations (`proxy.istio.io/health-checks-enabled`).
    pub meta: Meta,
    /// Who wrote it, and its text.
    pub provenance: Provenance,
    /// `spec`.
    pub workload: Workload,
    /// `status.conditions` of type `Healthy`: whether its status is `True`; `None` if there is no such condition.
    pub healthy: Option<bool>,
}
