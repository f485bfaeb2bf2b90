//! Localities and the labels that istiod adds to those of a workload.
//!
//! istio: `pilot/pkg/serviceregistry/util/label`, `AugmentLabels`; `pkg/model/proxy.go`.

use std::sync::Arc;

use crate::mesh::model::{Key, Labels, Node, Pod, Text};
use crate::mesh::world::World;

use super::table::Locality;

pub(crate) const REGION: &str = "topology.kubernetes.io/region";
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";
pub(crate) const SUBZONE: &str = "topology.istio.io/subzone";
pub(crate) const CLUSTER: &str = "topology.istio.io/cluster";
pub(crate) const NETWORK: &str = "topology.istio.io/network";
pub(crate) const HOSTNAME: &str = "kubernetes.io/hostname";
const OLD_REGION: &str = "failure-domain.beta.kubernetes.io/region";
const OLD_ZONE: &str = "failure-domain.beta.kubernetes.io/zone";
pub(crate) const LOCALITY_LABELS: [&str; 2] = ["topology.istio.io/locality", "istio-locality"];

/// A locality as one text (`region/zone/subzone`), by which endpoints are grouped, and in its parts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Place {
    /// As istiod holds it; `a` and `a//` are two groups although they are one place.
    pub(crate) text: Text,
    /// Its parts.
    pub(crate) locality: Arc<Locality>,
}

impl Place {
    /// From `region/zone/subzone`; what comes after a third slash is dropped.
    pub(crate) fn parse(text: &Text) -> Self {
        let mut parts = text.split('/').map(Text::from);
        let mut next = || parts.next().unwrap_or_default();
        let locality = Locality {
            region: next(),
            zone: next(),
            sub_zone: next(),
        };
        Self {
            text: text.clone(),
            locality: Arc::new(locality),
        }
    }

    /// Where a pod is: by its own label, else by those of its node.
    ///
    /// istio: `Controller.getPodLocality`.
    pub(crate) fn of_pod(pod: &Pod, node: Option<&Node>) -> Self {
        if let Some(text) = from_label(&pod.meta.labels) {
            return Self::parse(&text);
        }
        node.map(Self::of_node).unwrap_or_default()
    }

    /// Where a node is.
    pub(crate) fn of_node(node: &Node) -> Self {
        let labels = &node.meta.labels;
        let label = |name: &str, old: &str| {
            let value = labels.get(name).filter(|value| !value.is_empty());
            value.or_else(|| labels.get(old)).cloned().unwrap_or_default()
        };
        let (region, zone, subzone) = (label(REGION, OLD_REGION), label(ZONE, OLD_ZONE), label(SUBZONE, ""));
        if region.is_empty() && zone.is_empty() && subzone.is_empty() {
            return Self::default();
        }
        Self::parse(&Text::from(format!("{region}/{zone}/{subzone}")))
    }
}

/// The zone that a pod is in, as istiod sees it; empty if unknown.
pub fn zone_of(world: &World, pod: &Pod) -> Text {
    let node = world.nodes.get(&Key::new("", pod.node.clone()));
    Place::of_pod(pod, node.map(AsRef::as_ref)).locality.zone.clone()
}

/// The locality that the labels of a workload name: dots stand for slashes where there is no slash.
///
/// istio: `GetLocalityLabel`, `SanitizeLocalityLabel`. `None` for no label or an empty one.
pub(crate) fn from_label(labels: &Labels) -> Option<Text> {
    let value = LOCALITY_LABELS.iter().find_map(|name| labels.get(name))?;
    if value.is_empty() {
        return None;
    }
    if value.contains('/') {
        return Some(value.clone());
    }
    Some(Text::from(value.replace('.', "/")))
}

/// Labels of a workload with those istiod adds, without a copy of the set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct WorkloadLabels {
    /// The workload's own.
    pub(crate) own: Labels,
    /// Region, zone and sub-zone; an empty part leaves the own label standing.
    pub(crate) locality: Arc<Locality>,
    /// The cluster's id.
    pub(crate) cluster: Text,
    /// Node name; empty leaves the own label standing.
    pub(crate) node: Text,
    /// The network, which counts only where the own label is absent or empty; `None` adds no label.
    pub(crate) network: Option<Text>,
}

impl WorkloadLabels {
    /// The value of this label.
    pub(crate) fn get(&self, name: &str) -> Option<&Text> {
        let added = match name {
            REGION => &self.locality.region,
            ZONE => &self.locality.zone,
            SUBZONE => &self.locality.sub_zone,
            CLUSTER => &self.cluster,
            HOSTNAME => &self.node,
            NETWORK => {
                let own = self.own.get(NETWORK).filter(|own| !own.is_empty());
                return own.or(self.network.as_ref()).or_else(|| self.own.get(NETWORK));
            }
            other => return self.own.get(other),
        };
        if added.is_empty() {
            return self.own.get(name);
        }
        Some(added)
    }

    /// Whether each pair of the selector is among these labels; the empty selector matches.
    pub(crate) fn matches(&self, selector: &Labels) -> bool {
        selector.iter().all(|(name, value)| self.get(name) == Some(value))
    }
}

/// Whether a place fits `region/zone/subzone` of a rule, in which `*` stands for any part and absent parts for all.
///
/// istio: `pilot/pkg/networking/util/util.go`, `LocalityMatch`.
pub(crate) fn locality_matches(locality: &Locality, rule: &str) -> bool {
    let mut parts = rule.split('/');
    let (region, zone, subzone) = (parts.next(), parts.next(), parts.next());
    let fits =
        |part: Option<&str>, value: &Text| part.is_none_or(|part| part.is_empty() || part == "*" || *value == part);
    let region = region.unwrap_or_default();
    (region == "*" || locality.region == region) && fits(zone, &locality.zone) && fits(subzone, &locality.sub_zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_labels_win_where_they_say_something() {
        let labels = WorkloadLabels {
            own: Labels::from([(ZONE, "own"), (HOSTNAME, "own"), ("app", "a")]),
            locality: Place::parse(&"r/z".into()).locality,
            ..WorkloadLabels::default()
        };
        assert_eq!(labels.get(ZONE).unwrap(), &"z");
        assert_eq!(labels.get(HOSTNAME).unwrap(), &"own");
        assert!(labels.matches(&Labels::from([("app", "a"), (REGION, "r")])));
        assert!(!labels.matches(&Labels::from([(SUBZONE, "")])));
    }

    #[test]
    fn a_rule_without_zone_fits_every_zone() {
        let place = Place::parse(&"us/a/1".into()).locality;
        assert!(locality_matches(&place, "us"));
        assert!(locality_matches(&place, "us/*"));
        assert!(locality_matches(&place, "*/a"));
        assert!(!locality_matches(&place, "us/b"));
        assert!(!locality_matches(&place, ""));
    }
}
