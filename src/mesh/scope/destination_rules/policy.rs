//! The traffic policy in force for a port of a host or a subset (scope rules §7.3).
//!
//! istio: `pilot/pkg/networking/util/util.go` (`GetPortLevelTrafficPolicy`, `MergeSubsetTrafficPolicy`),
//! `pilot/pkg/model/destination_rule.go` (`MergeTrafficPolicy`).

use crate::mesh::model::{LoadBalancer, OutlierDetection, PolicySettings, Text, TrafficPolicy};

/// What is in force; each part is absent where nothing was said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Policy<'a> {
    /// `loadBalancer`
    pub(crate) load_balancer: Option<&'a LoadBalancer>,
    /// `outlierDetection`
    pub(crate) outlier_detection: Option<&'a OutlierDetection>,
}

impl<'a> Policy<'a> {
    /// The entry for this port alone if there is one (nothing is inherited), else the policy itself.
    pub(crate) fn of(policy: Option<&'a TrafficPolicy>, port: u32) -> Self {
        let Some(policy) = policy else {
            return Self::default();
        };
        Self::from(port_entry(policy, port).unwrap_or(&policy.settings))
    }

    /// The policy of a subset laid over this: field by field, or whole where it has an entry for this port.
    pub(crate) fn under(self, subset: Option<&'a TrafficPolicy>, port: u32) -> Self {
        let Some(subset) = subset else {
            return self;
        };
        match port_entry(subset, port) {
            Some(entry) => Self::from(entry),
            None => {
                let above = Self::from(&subset.settings);
                Self {
                    load_balancer: above.load_balancer.or(self.load_balancer),
                    outlier_detection: above.outlier_detection.or(self.outlier_detection),
                }
            }
        }
    }

    /// `loadBalancer.simple: PASSTHROUGH`: endpoints are then not used at all.
    pub(crate) fn is_passthrough(self) -> bool {
        self.load_balancer
            .is_some_and(|balancer| balancer.simple == "PASSTHROUGH")
    }
}

impl<'a> From<&'a PolicySettings> for Policy<'a> {
    fn from(settings: &'a PolicySettings) -> Self {
        Self {
            load_balancer: settings.load_balancer.as_deref(),
            outlier_detection: settings.outlier_detection.as_ref(),
        }
    }
}

fn port_entry(policy: &TrafficPolicy, port: u32) -> Option<&PolicySettings> {
    let entry = policy.ports.iter().find(|entry| entry.port == Some(port));
    entry.map(|entry| &entry.settings)
}

/// `tls.mode` for a port: of its entry if that has one, else of the policy.
pub(super) fn tls_mode(policy: &TrafficPolicy, port: u32) -> Option<&Text> {
    let mut entries = policy.ports.iter().filter(|entry| entry.port == Some(port));
    let of_port = entries.find_map(|entry| entry.settings.tls_mode.as_ref());
    of_port.or(policy.settings.tls_mode.as_ref())
}
