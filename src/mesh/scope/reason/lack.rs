//! Why a service in scope has no rows, or lacks some: one variant a rule, by cluster and by endpoint.

use std::fmt;

use super::ids;
use super::words::{list, numbers};
use crate::mesh::model::{Key, Text};

/// Why a port of a service in scope has no cluster, or its cluster no computed rows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Lack {
    /// The service has no such port.
    NoSuchPort {
        /// Those it has.
        has: Vec<u32>,
    },
    /// The service has the port, but only others were imported (§4.4, §5.3.3).
    PortNotImported {
        /// Those that were.
        imported: Vec<u32>,
    },
    /// UDP ports get no cluster (§7.2).
    Udp,
    /// `ExternalName`: only another name, which gets no cluster (§7.2).
    Alias,
    /// A headless Service: traffic goes to the address that the client resolved (§7.2).
    Headless,
    /// `resolution: NONE` of a ServiceEntry: likewise (§7.2).
    NoResolution,
    /// `DYNAMIC_DNS`: the name in each request is resolved (§7.2).
    Forward,
    /// `DYNAMIC_DNS` forwards HTTP and TLS only, and from 1.30 (§7.2).
    NotForwarded,
    /// `loadBalancer: PASSTHROUGH` of a DestinationRule: endpoints are not used (§7.3).
    PassthroughBalancer {
        /// The rule.
        rule: Key,
    },
    /// A DNS cluster without targets is not made (§7.2).
    NoDnsTarget,
    /// Envoy refuses a `LOGICAL_DNS` cluster with several targets (§9.4).
    SeveralDnsTargets,
    /// An EnvoyFilter takes the cluster away (§7.7).
    RemovedBy {
        /// The EnvoyFilter.
        filter: Key,
    },
    /// No VirtualService of the gateway sends to it (`PILOT_FILTER_GATEWAY_CLUSTER_CONFIG`, §11).
    NotWanted,
    /// Another port or subset gives a cluster of the same name, which comes first.
    SameName,
    /// The Service's exportTo holds `~`: istiod takes no notice of its slices (§8.1.10).
    NotPushed,
    /// No object lists an endpoint.
    NoEndpoints,
    /// Endpoints are matched by the port's name, and none has it (§8.3.3).
    NoPortOfName {
        /// Of the service.
        name: Text,
        /// Those of the endpoints.
        has: Vec<Text>,
    },
    /// There are endpoints, and each is withheld for a reason of its own.
    AllWithheld,
}

ids!(Lack {
    NoSuchPort => "noSuchPort",
    PortNotImported => "portNotImported",
    Udp => "udp",
    Alias => "alias",
    Headless => "headless",
    NoResolution => "noResolution",
    Forward => "forward",
    NotForwarded => "notForwarded",
    PassthroughBalancer => "passthroughBalancer",
    NoDnsTarget => "noDnsTarget",
    SeveralDnsTargets => "severalDnsTargets",
    RemovedBy => "removedBy",
    NotWanted => "notWanted",
    SameName => "sameName",
    NotPushed => "notPushed",
    NoEndpoints => "noEndpoints",
    NoPortOfName => "noPortOfName",
    AllWithheld => "allWithheld",
});

impl Lack {
    /// Whether there is a cluster all the same, without endpoints that could be computed.
    pub(in crate::mesh::scope) fn leaves_cluster(&self) -> bool {
        match self {
            Lack::NoSuchPort { .. }
            | Lack::PortNotImported { .. }
            | Lack::Udp
            | Lack::Alias
            | Lack::NotForwarded
            | Lack::NoDnsTarget
            | Lack::SeveralDnsTargets
            | Lack::RemovedBy { .. }
            | Lack::NotWanted
            | Lack::SameName => false,
            Lack::Headless
            | Lack::NoResolution
            | Lack::Forward
            | Lack::PassthroughBalancer { .. }
            | Lack::NotPushed
            | Lack::NoEndpoints
            | Lack::NoPortOfName { .. }
            | Lack::AllWithheld => true,
        }
    }
}

impl fmt::Display for Lack {
    /// In plain words, with the objects' names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lack::NoSuchPort { has } => write!(f, "the service has no such port: it has {}", numbers(has)),
            Lack::PortNotImported { imported } => {
                write!(
                    f,
                    "the service has the port, but only {} is imported",
                    numbers(imported)
                )
            }
            Lack::Udp => write!(f, "a UDP port, which gets no cluster"),
            Lack::Alias => write!(
                f,
                "an ExternalName, which gets no cluster: its target is reached by its own name"
            ),
            Lack::Headless => write!(f, "headless: traffic goes to the pod address that the client resolved"),
            Lack::NoResolution => write!(
                f,
                "resolution NONE: traffic goes to the address that the client resolved"
            ),
            Lack::Forward => write!(f, "DYNAMIC_DNS: the name in each request is resolved by the proxy"),
            Lack::NotForwarded => write!(
                f,
                "DYNAMIC_DNS forwards HTTP and TLS ports only, from istio 1.30: no cluster"
            ),
            Lack::PassthroughBalancer { rule } => {
                write!(
                    f,
                    "loadBalancer PASSTHROUGH of DestinationRule {rule}: endpoints are not used"
                )
            }
            Lack::NoDnsTarget => write!(f, "a DNS cluster without any target, which is not made"),
            Lack::SeveralDnsTargets => write!(f, "several targets where Envoy takes one: it refuses the cluster"),
            Lack::RemovedBy { filter } => write!(f, "EnvoyFilter {filter} removes the cluster"),
            Lack::NotWanted => write!(f, "no VirtualService of this gateway sends to it"),
            Lack::SameName => write!(
                f,
                "another port or subset has a cluster of the same name, which comes first"
            ),
            Lack::NotPushed => write!(
                f,
                "exportTo of the Service holds '~': istiod takes no notice of its slices"
            ),
            Lack::NoEndpoints => write!(f, "nothing lists an endpoint"),
            Lack::NoPortOfName { name, has } => {
                write!(
                    f,
                    "endpoints go by the port's name '{name}', and theirs are {}",
                    list(has)
                )
            }
            Lack::AllWithheld => write!(f, "there are endpoints, but all are withheld"),
        }
    }
}

/// Why an endpoint of a service is not in a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Withheld {
    /// Its slice is not read: of type FQDN, or imported from another cluster (§8.1.1).
    SliceUnread,
    /// It names a pod that istiod does not know: failed, gone, or of a namespace it does not watch (§8.1.4).
    PodUnknown,
    /// A host name where istiod sends addresses (§8.3.4).
    NotAnAddress,
    /// A host name, which the pod's Envoy resolves itself (§9.5).
    DnsName,
    /// Its labels are not those of the subset (§8.3.5).
    SubsetDiffers,
    /// `internalTrafficPolicy: Local`, and it is on another node (§8.4).
    OtherNode,
    /// It is going: never sent (§8.4).
    Terminating,
    /// It is draining, and the Service keeps no sessions (§8.4).
    Draining,
    /// It is not ready, and `outlierDetection.minHealthPercent` asks to leave it out (§8.5).
    UnreadyByPolicy,
    /// It is not ready, and this istiod sends only ready ones (§8.5).
    UnreadyByFlag,
    /// The proxy does not want endpoints of this network (§8.4).
    OtherNetwork,
    /// `distribute` leaves its locality out (§8.8).
    OtherLocality,
    /// It has no mutual TLS, without which a gateway cannot pass it through (§11).
    NoMutualTls,
    /// The cluster has this address already (§8.9).
    Twice,
}

ids!(Withheld {
    SliceUnread => "sliceUnread",
    PodUnknown => "podUnknown",
    NotAnAddress => "notAnAddress",
    DnsName => "dnsName",
    SubsetDiffers => "subsetDiffers",
    OtherNode => "otherNode",
    Terminating => "terminating",
    Draining => "draining",
    UnreadyByPolicy => "unreadyByPolicy",
    UnreadyByFlag => "unreadyByFlag",
    OtherNetwork => "otherNetwork",
    OtherLocality => "otherLocality",
    NoMutualTls => "noMutualTls",
    Twice => "twice",
});

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Withheld::SliceUnread => "its slice is not read: of type FQDN, or imported from another cluster",
            Withheld::PodUnknown => "istiod does not know its pod: failed, gone, or in a namespace it does not watch",
            Withheld::NotAnAddress => "a host name where istiod sends addresses",
            Withheld::DnsName => "a host name, which the pod's Envoy resolves itself",
            Withheld::SubsetDiffers => "its labels are not those of the subset",
            Withheld::OtherNode => "on another node, and internalTrafficPolicy is Local",
            Withheld::Terminating => "terminating",
            Withheld::Draining => "draining, and its Service keeps no sessions",
            Withheld::UnreadyByPolicy => "not ready, and minHealthPercent of the DestinationRule leaves it out",
            Withheld::UnreadyByFlag => "not ready, and this istiod sends ready endpoints only",
            Withheld::OtherNetwork => "in a network that the proxy did not ask for",
            Withheld::OtherLocality => "in a locality that 'distribute' leaves out",
            Withheld::NoMutualTls => "without mutual TLS, which passing TLS through needs",
            Withheld::Twice => "the cluster has this address already",
        })
    }
}
