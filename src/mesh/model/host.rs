//! What an Envoy says of one host besides where it is: what it counted, and what keeps traffic from it.
//!
//! Envoy: `api/envoy/admin/v3/clusters.proto`, `HostStatus`.

/// The statistics of a host. `*_active` are gauges, the others only grow until Envoy restarts or drops the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HostCounters {
    /// `cx_active`
    pub cx_active: u64,
    /// `cx_total`
    pub cx_total: u64,
    /// `cx_connect_fail`
    pub cx_connect_fail: u64,
    /// `rq_active`
    pub rq_active: u64,
    /// `rq_total`
    pub rq_total: u64,
    /// `rq_success`
    pub rq_success: u64,
    /// `rq_error`
    pub rq_error: u64,
    /// `rq_timeout`
    pub rq_timeout: u64,
}

/// A flag of `health_status` besides the outlier check.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HostFault {
    /// `failed_active_health_check`
    FailedActiveHealthCheck,
    /// `failed_active_degraded_check`
    FailedActiveDegradedCheck,
    /// `pending_dynamic_removal`: gone from discovery, kept while it is healthy.
    PendingDynamicRemoval,
    /// `pending_active_hc`
    PendingActiveHealthCheck,
    /// `excluded_via_immediate_hc_fail`
    ExcludedViaImmediateFail,
    /// `active_hc_timeout`
    ActiveHealthCheckTimeout,
}

impl HostFault {
    /// In Envoy's own words.
    pub fn as_str(self) -> &'static str {
        match self {
            HostFault::FailedActiveHealthCheck => "failed active health check",
            HostFault::FailedActiveDegradedCheck => "failed active degraded check",
            HostFault::PendingDynamicRemoval => "pending dynamic removal",
            HostFault::PendingActiveHealthCheck => "pending active health check",
            HostFault::ExcludedViaImmediateFail => "excluded via immediate health check failure",
            HostFault::ActiveHealthCheckTimeout => "active health check timed out",
        }
    }
}
