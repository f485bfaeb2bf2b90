//! What a client sees when it calls a host: the last link of an explanation.
//!
//! Envoy's behaviour as istiod configures it. istio: `pilot/pkg/networking/core/route/route.go`
//! (`buildCatchAllVirtualHost`), `tls_passthrough`, `cluster.go` (`BlackHoleCluster`, `PassthroughCluster`).

use std::fmt;

use super::clusters::ClusterAnswer;
use super::reason::{Lack, Withheld, ids};
use super::table::Health;

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Symptom {
    /// It reaches an endpoint.
    Reaches,
    /// Out of scope, and unknown hosts are let through (`ALLOW_ANY`).
    Passthrough,
    /// Out of scope, and unknown hosts are refused (`REGISTRY_ONLY`).
    BlackHole,
    /// A gateway has no route to it.
    NoRoute,
    /// There is a cluster, but nothing healthy in it.
    NoHealthyUpstream,
    /// Routes name a cluster that is not there.
    NoCluster,
    /// It goes to the address that the client resolved.
    Direct,
    /// It goes where the name leads, as the pod's Envoy resolves it.
    ByDns,
    /// The name leads to another.
    Alias,
    /// The sidecar does not take UDP in.
    NotCaptured,
}

ids!(Symptom {
    Reaches => "reaches",
    Passthrough => "passthrough",
    BlackHole => "blackHole",
    NoRoute => "noRoute",
    NoHealthyUpstream => "noHealthyUpstream",
    NoCluster => "noCluster",
    Direct => "direct",
    ByDns => "byDns",
    Alias => "alias",
    NotCaptured => "notCaptured",
});

impl Symptom {
    /// What to expect of a host that is not in scope, or not on that port.
    pub(super) fn out_of_scope(is_gateway: bool, outbound_mode: &str) -> Self {
        match outbound_mode {
            _ if is_gateway => Symptom::NoRoute,
            "REGISTRY_ONLY" => Symptom::BlackHole,
            _ => Symptom::Passthrough,
        }
    }

    /// What to expect of a host in scope, by its whole clusters (not its subsets): the best of them.
    pub(super) fn in_scope<'a>(answers: impl Iterator<Item = &'a ClusterAnswer>) -> Self {
        let all: Vec<Symptom> = answers.map(Self::of_cluster).collect();
        let best = Self::BEST_FIRST.iter().find(|symptom| all.contains(symptom));
        best.copied().unwrap_or(Symptom::NoCluster)
    }

    const BEST_FIRST: [Symptom; 7] = [
        Symptom::Reaches,
        Symptom::ByDns,
        Symptom::Direct,
        Symptom::Alias,
        Symptom::NoHealthyUpstream,
        Symptom::NoCluster,
        Symptom::NotCaptured,
    ];

    fn of_cluster(answer: &ClusterAnswer) -> Self {
        let is_name = || answer.withheld.iter().any(|endpoint| endpoint.why == Withheld::DnsName);
        match &answer.lack {
            None if answer.rows.iter().any(|row| row.health != Health::Unhealthy) => Symptom::Reaches,
            None => Symptom::NoHealthyUpstream,
            Some(Lack::AllWithheld) if is_name() => Symptom::ByDns,
            Some(Lack::AllWithheld | Lack::NotPushed | Lack::NoEndpoints | Lack::NoPortOfName { .. }) => {
                Symptom::NoHealthyUpstream
            }
            Some(Lack::Headless | Lack::NoResolution | Lack::PassthroughBalancer { .. }) => Symptom::Direct,
            Some(Lack::Forward) => Symptom::ByDns,
            Some(Lack::Alias) => Symptom::Alias,
            Some(Lack::Udp) => Symptom::NotCaptured,
            Some(
                Lack::NotForwarded
                | Lack::NoDnsTarget
                | Lack::SeveralDnsTargets
                | Lack::RemovedBy { .. }
                | Lack::NotWanted
                | Lack::SameName
                | Lack::NoSuchPort { .. }
                | Lack::PortNotImported { .. },
            ) => Symptom::NoCluster,
        }
    }
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Symptom::Reaches => "requests reach an endpoint",
            Symptom::Passthrough => {
                "ALLOW_ANY: requests leave through PassthroughCluster to the address that the client resolved, without \
                 mutual TLS, retries, subsets or per-service metrics"
            }
            Symptom::BlackHole => {
                "REGISTRY_ONLY: BlackHoleCluster; HTTP requests get 502, TCP connections are closed at once"
            }
            Symptom::NoRoute => "a gateway answers 404 (no route), or has no listener for it",
            Symptom::NoHealthyUpstream => "503 'no healthy upstream' (response flag UH); TCP connections are closed",
            Symptom::NoCluster => "503 (response flag NC, no such cluster) where a route leads to it",
            Symptom::Direct => "requests go to the very address that the client resolved, and no table shows it before",
            Symptom::ByDns => "requests go where the pod's Envoy resolves the name to; 503 if it does not resolve",
            Symptom::Alias => "requests count for the name that it stands for: explain that one",
            Symptom::NotCaptured => "the sidecar takes no UDP in: packets leave the pod as if there were no mesh",
        })
    }
}
