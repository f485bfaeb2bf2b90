//! Why a row is in the table: one variant a rule, with the names of the objects it speaks of.
//!
//! A [`Why`] is the chain from the Sidecar that governs the pod to the endpoint. Nothing here decides anything; the
//! rules say what they did and this says it in words.

use std::fmt;
use std::sync::Arc;

use crate::mesh::model::{Key, Kind, Text};

use super::table::Governing;

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
    /// An endpoint that is not ready is listed all the same, as istiod does by default from 1.31 (§8.5).
    UnreadyListed,
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
    /// The row is not computed: only Envoy has it.
    OnlyActual,
}

impl Reason {
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
            | Reason::UnreadyListed
            | Reason::DnsTargetIsAddress
            | Reason::Bootstrap
            | Reason::DependsOnPast
            | Reason::SlicesDiffer
            | Reason::OnlyActual => None,
        }
    }
}

impl fmt::Display for Reason {
    /// In plain words, with the objects' names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Governed(governing) => match governing {
                Governing::Own(key) => write!(f, "Sidecar {key} governs the pod"),
                Governing::RootDefault(key) => write!(f, "Sidecar {key}, the mesh's default, governs the pod"),
                Governing::BuiltIn => write!(f, "no Sidecar governs the pod"),
                Governing::Gateway => write!(f, "the pod is a gateway, which no Sidecar governs"),
            },
            Reason::EgressDefault { sidecar: Some(key) } => write!(f, "Sidecar {key} has no egress: imports '*/*'"),
            Reason::EgressDefault { sidecar: None } => write!(f, "without a Sidecar '*/*' is imported"),
            Reason::EgressHost {
                sidecar,
                listener,
                host,
                text,
            } => write!(f, "egress[{listener}].hosts[{host}] '{text}' of Sidecar {sidecar}"),
            Reason::VirtualService {
                object: (kind, key),
                listener,
            } => write!(f, "{} {key}, selected by egress[{listener}], sends to it", kind.name()),
            Reason::DestinationInOwnNamespace { namespace } => {
                write!(
                    f,
                    "'{namespace}' is the pod's own namespace, where exportTo is not asked"
                )
            }
            Reason::DestinationIsKubernetes { namespace } => {
                write!(
                    f,
                    "in namespace '{namespace}' it is a Kubernetes Service, which is preferred"
                )
            }
            Reason::DestinationIsOldest { namespace } => {
                write!(f, "of the namespaces that have it, '{namespace}' has the oldest")
            }
            Reason::DestinationIsTie { namespace } => {
                write!(
                    f,
                    "several namespaces have one of equal age: istiod takes any, here '{namespace}'"
                )
            }
            Reason::DestinationIsFirstByName { namespace } => {
                write!(f, "of the namespaces that have it, '{namespace}' is the first by name")
            }
            Reason::GatewayImportsAll => write!(f, "a gateway gets all that is exported to its namespace"),
            Reason::OnlyPort { port } => write!(f, "only port {port} is asked for"),
            Reason::ReplacedEntry { entry } => write!(f, "the Kubernetes Service replaces ServiceEntry {entry}"),
            Reason::MergedPorts { from: (kind, key) } => write!(f, "ports of {} {key} are added", kind.name()),
            Reason::Rule { rules, by_selector } => {
                let names: Vec<String> = rules.iter().map(Key::to_string).collect();
                let how = if *by_selector {
                    ", whose selector fits the pod"
                } else {
                    ""
                };
                write!(f, "DestinationRule {} applies{how}", names.join(" with "))
            }
            Reason::Subset { rule, subset } => write!(f, "subset '{subset}' of DestinationRule {rule}"),
            Reason::UnreadyListed => write!(f, "not ready, but listed: istiod sends unready endpoints too"),
            Reason::Distributed { rule: Some(key) } => {
                write!(f, "'distribute' of DestinationRule {key} keeps its locality")
            }
            Reason::Distributed { rule: None } => write!(f, "'distribute' of the mesh config keeps its locality"),
            Reason::ListedBy { object: (kind, key) } => write!(f, "listed by {} {key}", kind.name()),
            Reason::DnsTargetIsAddress => write!(f, "the DNS target is an IP address"),
            Reason::Ingress { sidecar, listener } => write!(f, "ingress[{listener}] of Sidecar {sidecar}"),
            Reason::OwnService { object: (kind, key) } => write!(f, "{} {key} leads to this pod", kind.name()),
            Reason::Bootstrap => write!(f, "Envoy's own, from its bootstrap"),
            Reason::DependsOnPast => write!(f, "depends on past events: exportTo of the Service holds '~'"),
            Reason::OnlyActual => write!(f, "only Envoy has it"),
            Reason::SlicesDiffer => write!(f, "two slices differ about it, and istiod keeps either"),
        }
    }
}
