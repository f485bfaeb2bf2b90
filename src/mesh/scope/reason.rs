//! Why a row is in the table, and why one is not: one variant a rule, with the names of the objects it speaks of.
//!
//! A [`Why`] is the chain from the Sidecar that governs the pod to the endpoint. What is *not* there has its own enums:
//! a [`Barrier`] keeps a service out of a scope, a [`Lack`] a cluster without rows, [`Withheld`] an endpoint out of a
//! cluster. Nothing here decides anything; the rules say what they did and this says it in words.

mod barrier;
mod lack;
mod words;

use std::fmt;
use std::sync::Arc;

use crate::mesh::model::{Key, Kind, Text};

pub use self::barrier::{Barrier, NearMiss, Place, Preference, RouteMiss};
pub use self::lack::{Lack, Withheld};
use super::table::Governing;

/// Names the variants of an enum of reasons, for JSON and for tests that walk all of them.
macro_rules! ids {
    ($reason:ident { $($variant:ident => $id:literal,)+ }) => {
        impl $reason {
            /// The names of all variants.
            pub const IDS: &'static [&'static str] = &[$($id),+];

            /// Its name in JSON.
            pub fn id(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $id,)+
                }
            }
        }
    };
}
pub(super) use ids;

/// The chain of reasons of a row, first to last. Shared by all rows of a cluster.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Why {
    /// The links.
    pub chain: Arc<[Reason]>,
}

impl Why {
    /// A chain of these links.
    pub fn of(reasons: impl IntoIterator<Item = Reason>) -> Arc<Self> {
        Arc::new(Self {
            chain: reasons.into_iter().collect(),
        })
    }

    /// The object that let the service in: the Sidecar, or a VirtualService; `None` for built-in rules.
    pub fn by(&self) -> Option<(Kind, Key)> {
        let decides = |reason: &&Reason| {
            matches!(
                reason,
                Reason::EgressHost { .. }
                    | Reason::VirtualService { .. }
                    | Reason::Ingress { .. }
                    | Reason::OwnService { .. }
            )
        };
        self.chain.iter().find(decides).and_then(Reason::object)
    }

    /// The link that let the service in, in words: for a cell.
    pub fn short(&self) -> String {
        let is_governing = |reason: &&Reason| matches!(reason, Reason::Governed(_));
        let first = self
            .chain
            .iter()
            .find(|reason| !is_governing(reason))
            .or(self.chain.first());
        first.map(Reason::to_string).unwrap_or_default()
    }
}

impl fmt::Display for Why {
    /// The whole chain in words, the links parted by `; `.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, reason) in self.chain.iter().enumerate() {
            let between = if index == 0 { "" } else { "; " };
            write!(f, "{between}{reason}")?;
        }
        Ok(())
    }
}

/// One link of the chain: what one rule did.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// Which Sidecar governs the pod (§3).
    Governed(Governing),
    /// It is exported to the pod's namespace (§2.4). Only in an explanation, not in a row's chain.
    Exported {
        /// As written; what counts where nothing is.
        to: Vec<Text>,
        /// Nothing is written: the mesh config's default counts.
        by_default: bool,
    },
    /// The Sidecar has no `egress`, or there is no Sidecar: everything that is exported is imported (§4.1).
    EgressDefault {
        /// The Sidecar without `egress`; `None` if there is no Sidecar.
        sidecar: Option<Key>,
    },
    /// A host of an egress listener imports it (§4.4).
    EgressHost {
        /// The Sidecar.
        sidecar: Key,
        /// Index in `spec.egress`.
        listener: usize,
        /// Index in `hosts`.
        host: usize,
        /// As written.
        text: Text,
    },
    /// A VirtualService (or Gateway API route) that a listener selects sends to it (§5.3).
    VirtualService {
        /// Kind and key.
        object: (Kind, Key),
        /// Its delegates in which that is written; none if it is written in itself.
        delegates: Vec<Key>,
        /// Index in `spec.egress`.
        listener: usize,
    },
    /// A VirtualService's destination in the proxy's own namespace is taken whatever its exportTo (§5.3.1).
    DestinationInOwnNamespace {
        /// The proxy's namespace.
        namespace: Text,
    },
    /// Of several namespaces with a VirtualService's destination, the Kubernetes Service is taken (§5.3.2).
    DestinationIsKubernetes {
        /// Its namespace.
        namespace: Text,
    },
    /// ... the oldest is taken (§5.3.2).
    DestinationIsOldest {
        /// Its namespace.
        namespace: Text,
    },
    /// ... several are equally old, and istiod takes any (§19).
    DestinationIsTie {
        /// The one assumed here.
        namespace: Text,
    },
    /// ... the first by name is taken (before 1.30).
    DestinationIsFirstByName {
        /// Its namespace.
        namespace: Text,
    },
    /// A gateway is told of everything that is exported to its namespace (§3.9).
    GatewayImportsAll,
    /// Only this port was asked for (§4.4, §5.3.3).
    OnlyPort {
        /// Its number.
        port: u32,
    },
    /// A Kubernetes Service took the place of a ServiceEntry of the same host that had come first (§4.6).
    ReplacedEntry {
        /// The ServiceEntry.
        entry: Key,
    },
    /// Ports of another object of the same host were added (§4.6).
    MergedPorts {
        /// Kind and key.
        from: (Kind, Key),
    },
    /// A DestinationRule counts for the service (§6).
    Rule {
        /// The rules that were merged, first to last.
        rules: Vec<Key>,
        /// Its workload selector chose this pod.
        by_selector: bool,
    },
    /// The cluster is a subset of a DestinationRule (§7.3).
    Subset {
        /// The rule.
        rule: Key,
        /// Its name.
        subset: Text,
    },
    /// The slice says that it is ready, or says nothing (§8.1.3).
    Ready,
    /// `ServiceEntries` and `WorkloadEntries` have no health: it counts as healthy (§12.1).
    NoHealth,
    /// An endpoint that is not ready is listed all the same, as istiod does by default from 1.31 (§8.5).
    UnreadyListed,
    /// It is draining, and listed since its Service keeps sessions (§8.4).
    DrainingListed,
    /// `distribute` leaves only some localities (§8.8).
    Distributed {
        /// The rule; `None` for the mesh config.
        rule: Option<Key>,
    },
    /// The object that lists the endpoint (§8.1, §8.2, §9).
    ListedBy {
        /// Kind and key.
        object: (Kind, Key),
    },
    /// The target of a DNS cluster is an IP address and so its own answer (§9.5).
    DnsTargetIsAddress,
    /// An ingress listener of the Sidecar names this endpoint (§7.5).
    Ingress {
        /// The Sidecar.
        sidecar: Key,
        /// Index in `spec.ingress`.
        listener: usize,
    },
    /// The pod's own port, behind a service, with `inboundTrafficPolicy` `LOCALHOST` (§7.5).
    OwnService {
        /// Kind and key of the Service or ServiceEntry.
        object: (Kind, Key),
    },
    /// Envoy's own static cluster, from its bootstrap (§10.1).
    Bootstrap,
    /// Whether istiod has this endpoint depends on past events: the Service's exportTo holds `~` (§8.1.10).
    DependsOnPast,
    /// Two slices list this address and port name differently, and istiod keeps either (§8.1.9).
    SlicesDiffer,
    /// An EnvoyFilter changes the cluster in a way that is not computed (§7.7).
    Patched {
        /// The EnvoyFilter.
        filter: Key,
    },
    /// The row is not computed: only Envoy has it.
    OnlyActual,
}

impl Reason {
    /// The delegates of the VirtualService it speaks of in which that is written.
    pub fn delegates(&self) -> &[Key] {
        if let Reason::VirtualService { delegates, .. } = self {
            delegates
        } else {
            &[]
        }
    }

    /// The object it speaks of, if it speaks of one.
    pub fn object(&self) -> Option<(Kind, Key)> {
        let sidecar = |key: &Key| (Kind::Sidecar, key.clone());
        let rule = |key: &Key| (Kind::DestinationRule, key.clone());
        match self {
            Reason::Governed(governing) => governing.key().map(sidecar),
            Reason::EgressDefault { sidecar: key } => key.as_ref().map(sidecar),
            Reason::EgressHost { sidecar: key, .. } | Reason::Ingress { sidecar: key, .. } => Some(sidecar(key)),
            Reason::VirtualService { object, .. }
            | Reason::ListedBy { object }
            | Reason::MergedPorts { from: object }
            | Reason::OwnService { object } => Some(object.clone()),
            Reason::Patched { filter } => Some((Kind::EnvoyFilter, filter.clone())),
            Reason::ReplacedEntry { entry } => Some((Kind::ServiceEntry, entry.clone())),
            Reason::Rule { rules, .. } => rules.first().map(rule),
            Reason::Subset { rule: key, .. } => Some(rule(key)),
            Reason::Distributed { rule: key } => key.as_ref().map(rule),
            Reason::DestinationInOwnNamespace { .. }
            | Reason::DestinationIsKubernetes { .. }
            | Reason::DestinationIsOldest { .. }
            | Reason::DestinationIsTie { .. }
            | Reason::DestinationIsFirstByName { .. }
            | Reason::GatewayImportsAll
            | Reason::OnlyPort { .. }
            | Reason::Exported { .. }
            | Reason::Ready
            | Reason::NoHealth
            | Reason::UnreadyListed
            | Reason::DrainingListed
            | Reason::DnsTargetIsAddress
            | Reason::Bootstrap
            | Reason::DependsOnPast
            | Reason::SlicesDiffer
            | Reason::OnlyActual => None,
        }
    }
}

ids!(Reason {
    Governed => "governed",
    Exported => "exported",
    EgressDefault => "egressDefault",
    EgressHost => "egressHost",
    VirtualService => "virtualService",
    DestinationInOwnNamespace => "destinationInOwnNamespace",
    DestinationIsKubernetes => "destinationIsKubernetes",
    DestinationIsOldest => "destinationIsOldest",
    DestinationIsTie => "destinationIsTie",
    DestinationIsFirstByName => "destinationIsFirstByName",
    GatewayImportsAll => "gatewayImportsAll",
    OnlyPort => "onlyPort",
    ReplacedEntry => "replacedEntry",
    MergedPorts => "mergedPorts",
    Rule => "rule",
    Subset => "subset",
    Ready => "ready",
    NoHealth => "noHealth",
    UnreadyListed => "unreadyListed",
    DrainingListed => "drainingListed",
    Distributed => "distributed",
    ListedBy => "listedBy",
    DnsTargetIsAddress => "dnsTargetIsAddress",
    Ingress => "ingress",
    OwnService => "ownService",
    Bootstrap => "bootstrap",
    DependsOnPast => "dependsOnPast",
    SlicesDiffer => "slicesDiffer",
    Patched => "patched",
    OnlyActual => "onlyActual",
});
