//! What istiod knows of the proxy in a pod (scope rules §1.4).
//!
//! istio: `pilot/pkg/xds/ads.go` (`setTopologyLabels`), `pilot/pkg/model/context.go`, `pkg/bootstrap/config.go`.

use std::sync::Arc;

use crate::mesh::model::{self, Key, Labels, Pod, ProxyKind, Text};
use crate::mesh::world::World;

use super::endpoints::Workload;
use super::host::parse_ip;
use super::plane::Plane;
use super::table::{Governing, Locality, NoTable};
use super::topology::{LOCALITY_LABELS, Place, REGION, SUBZONE, WorkloadLabels, ZONE, from_label};

/// A proxy, as istiod sees it.
#[derive(Clone, Debug)]
pub(crate) struct ProxyFacts {
    /// The pod.
    pub(crate) pod: Arc<Pod>,
    /// The container.
    pub(crate) container: Arc<model::Proxy>,
    /// Sidecar or router; no other kind gets facts.
    pub(crate) is_router: bool,
    /// With those istiod adds.
    pub(crate) labels: WorkloadLabels,
    /// By which localities are preferred.
    pub(crate) locality: Arc<Locality>,
    /// Empty while unscheduled.
    pub(crate) node: Text,
    /// Each once, in order; never empty.
    pub(crate) ips: Vec<Text>,
    /// `ISTIO_META_DISABLE_HBONE_SEND`
    pub(crate) never_tunnels: bool,
    /// `ISTIO_META_REQUESTED_NETWORK_VIEW`; empty for all networks.
    pub(crate) networks: Vec<Text>,
}

impl ProxyFacts {
    /// The facts of a pod's proxy.
    ///
    /// # Errors
    /// There is no proxy whose table could be computed.
    pub(crate) fn of(world: &World, plane: &Plane, pod: &Arc<Pod>) -> Result<Self, NoTable> {
        let container = container_of(pod)?;
        let mut ips: Vec<Text> = Vec::new();
        for ip in pod.ips.iter() {
            if !ips.contains(ip) {
                ips.push(ip.clone());
            }
        }
        if ips.is_empty() {
            return Err(NoTable::NoAddress);
        }
        let labels = base_labels(world, plane, pod, container);
        let locality = locality_of(&labels);
        let meta = |name: &str| container.env.get(name).filter(|value| !value.contains("$("));
        let node = meta("ISTIO_META_NODE_NAME")
            .cloned()
            .unwrap_or_else(|| pod.node.clone());
        let cluster = meta("ISTIO_META_CLUSTER_ID")
            .cloned()
            .unwrap_or_else(|| plane.flags.cluster.clone());
        let networks = meta("ISTIO_META_REQUESTED_NETWORK_VIEW").map(|list| list.split(',').map(Text::from).collect());
        Ok(Self {
            pod: Arc::clone(pod),
            container: Arc::clone(container),
            is_router: container.kind == ProxyKind::Router,
            labels: WorkloadLabels {
                own: flatten(&labels),
                locality: Arc::clone(&locality),
                cluster,
                node: node.clone(),
                network: meta("ISTIO_META_NETWORK").cloned(),
            },
            locality,
            node,
            ips,
            never_tunnels: meta("ISTIO_META_DISABLE_HBONE_SEND").is_some_and(|value| *value == "true"),
            networks: networks.unwrap_or_default(),
        })
    }

    /// Whether every service gives the same rows to both: what the pod says of itself besides does not matter.
    pub(crate) fn gives_same_rows(&self, other: &Self) -> bool {
        self.pod.meta.key == other.pod.meta.key
            && self.container == other.container
            && self.is_router == other.is_router
            && self.labels == other.labels
            && self.locality == other.locality
            && self.node == other.node
            && self.ips == other.ips
            && self.never_tunnels == other.never_tunnels
            && self.networks == other.networks
    }

    /// The proxy's namespace.
    pub(crate) fn namespace(&self) -> &Text {
        &self.pod.meta.key.namespace
    }

    /// Which Sidecar governs it.
    pub(crate) fn governing(&self, plane: &Plane) -> Governing {
        if self.is_router {
            return Governing::Gateway;
        }
        plane.sidecars.choose(self.namespace(), &self.labels).0
    }

    /// Traffic is not taken in by the proxy: it has no inbound clusters of its own.
    pub(crate) fn is_not_intercepted(&self, plane: &Plane) -> bool {
        let annotation = self.pod.meta.annotations.get("sidecar.istio.io/interceptionMode");
        let environment = self.container.env.get("ISTIO_META_INTERCEPTION_MODE");
        let configured = self.container.config.interception_mode.as_ref();
        let mode = annotation
            .or(environment)
            .or(configured)
            .or(plane.mesh.proxy.interception_mode.as_ref());
        mode.is_some_and(|mode| *mode == "NONE")
    }

    /// Its loopback address; an IPv6 one where it has only IPv6 addresses.
    pub(crate) fn loopback(&self) -> &'static str {
        if self.has_ipv4() || !self.has_ipv6() {
            "127.0.0.1"
        } else {
            "::1"
        }
    }

    /// Whether one of its addresses is an IPv4 one.
    pub(crate) fn has_ipv4(&self) -> bool {
        self.ips.iter().filter_map(|ip| parse_ip(ip)).any(|ip| ip.is_ipv4())
    }

    /// Whether one of its addresses is an IPv6 one.
    pub(crate) fn has_ipv6(&self) -> bool {
        self.ips.iter().filter_map(|ip| parse_ip(ip)).any(|ip| ip.is_ipv6())
    }
}

/// Which Sidecar governs a pod: as its [`ProxyFacts`] say, which are made out only where its labels count.
///
/// # Errors
/// There is no proxy whose table could be computed.
pub(crate) fn governing(world: &World, plane: &Plane, pod: &Arc<Pod>) -> Result<Governing, NoTable> {
    let container = container_of(pod)?;
    let namespace = &pod.meta.key.namespace;
    if pod.ips.is_empty() || plane.sidecars.ask_for_labels(namespace) {
        return Ok(ProxyFacts::of(world, plane, pod)?.governing(plane));
    }
    Ok(match container.kind {
        ProxyKind::Router => Governing::Gateway,
        ProxyKind::Sidecar | ProxyKind::Waypoint | ProxyKind::Ztunnel => {
            plane.sidecars.choose(namespace, &WorkloadLabels::default()).0
        }
    })
}

/// The proxy container whose table can be computed.
///
/// # Errors
/// Which state it is instead.
pub(crate) fn container_of(pod: &Pod) -> Result<&Arc<model::Proxy>, NoTable> {
    let redirection = pod.meta.annotations.get("ambient.istio.io/redirection");
    match &pod.proxy {
        None if redirection.is_some_and(|value| *value == "enabled") => Err(NoTable::Ambient),
        None => Err(NoTable::NoProxy),
        Some(container) => match container.kind {
            ProxyKind::Sidecar | ProxyKind::Router => Ok(container),
            ProxyKind::Waypoint => Err(NoTable::Waypoint),
            ProxyKind::Ztunnel => Err(NoTable::Ambient),
        },
    }
}

/// The labels that a registry gives to a proxy, over those of its container's environment.
///
/// The registry of Kubernetes is asked first, and knows every pod that istiod watches: an inline endpoint or a
/// WorkloadEntry with the pod's address gives no labels. istio: `SetWorkloadLabels`, `GetProxyWorkloadLabels`,
/// `addRegistry`.
fn base_labels(world: &World, plane: &Plane, pod: &Pod, container: &model::Proxy) -> WorkloadLabels {
    let is_known = pod.phase != "Failed" && plane.discovery.has_namespace(&pod.meta.key.namespace);
    let mut labels = if is_known {
        Workload::of_pod(world, plane, pod).labels
    } else {
        reported_labels(pod)
    };
    if !container.static_labels.is_empty() {
        let all = container.static_labels.iter().chain(labels.own.iter());
        labels.own = all.map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    labels
}

/// What a proxy reports of itself: all there is for a pod that istiod does not watch. No node, and so no zone.
///
/// istio: `pkg/bootstrap/config.go`, `extractAttributesMetadata`.
fn reported_labels(pod: &Pod) -> WorkloadLabels {
    let [_, reported] = LOCALITY_LABELS;
    let locality = from_label(&pod.meta.labels).map(|text| (Text::from(reported), text));
    let labels = pod.meta.labels.iter().filter(|(name, _)| **name != "pod-template-hash");
    let labels = labels.map(|(name, value)| (name.clone(), value.clone()));
    WorkloadLabels {
        own: labels.chain(locality).collect(),
        ..WorkloadLabels::default()
    }
}

/// What the labels say of the locality, the pod's own topology labels included where its node has none.
///
/// istio: `localityFromProxyLabels`.
fn locality_of(labels: &WorkloadLabels) -> Arc<Locality> {
    let label = |name: &str| labels.get(name).cloned();
    let (region, zone, sub_zone) = (label(REGION), label(ZONE), label(SUBZONE));
    if region.is_none() && zone.is_none() && sub_zone.is_none() {
        let written = LOCALITY_LABELS.iter().find_map(|name| labels.get(name));
        return written
            .filter(|text| !text.is_empty())
            .map(|text| Place::parse(text).locality)
            .unwrap_or_default();
    }
    Arc::new(Locality {
        region: region.unwrap_or_default(),
        zone: zone.unwrap_or_default(),
        sub_zone: sub_zone.unwrap_or_default(),
    })
}

/// The labels as one set, so that more can be laid over them.
fn flatten(labels: &WorkloadLabels) -> Labels {
    if labels.network.is_none() && labels.node.is_empty() {
        return labels.own.clone();
    }
    let network = labels.get(super::topology::NETWORK).cloned();
    let network = network.map(|network| (Text::from(super::topology::NETWORK), network));
    let own = labels.own.iter().map(|(name, value)| (name.clone(), value.clone()));
    own.chain(network).collect()
}

/// A pod's proxy as a key of the world.
pub(crate) fn find_pod<'w>(world: &'w World, pod: &Key) -> Result<&'w Arc<Pod>, NoTable> {
    world.pods.get(pod).ok_or(NoTable::NoSuchPod)
}
