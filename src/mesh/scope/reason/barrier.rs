//! What keeps a service out of a pod's scope: one variant a rule, in the order in which they are tried.

use std::fmt;

use super::ids;
use super::words::{list, numbers, through};
use crate::mesh::model::{Key, Kind, Text};

/// Why a service is not in the scope of a pod. A service may have several: each has to go before it is in.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Barrier {
    /// Its namespace is none that istiod watches: `discoverySelectors`, `ISTIO_WATCH_NAMESPACE` (§1.3.1).
    NamespaceIgnored {
        /// Of the object.
        namespace: Text,
    },
    /// It is labelled for another revision than that of the pod's control plane (§1.3.2).
    OtherRevision {
        /// Value of `istio.io/rev`.
        labelled: Text,
    },
    /// istiod is told to take no notice of its kind (§1.3.3).
    KindIgnored,
    /// None of the addresses of the ServiceEntry is an IP or a CIDR: it gives no service (§2.2).
    NoValidAddress,
    /// Its exportTo leaves the pod's namespace out (§2.4).
    NotExported {
        /// What counts.
        to: Vec<Text>,
        /// Nothing is written: the mesh config's default counts.
        by_default: bool,
        /// The pod's namespace.
        from: Text,
    },
    /// `serviceEntryVisibility` of the mesh config keeps it at home (§2.2).
    Capped,
    /// The listener imports nothing at all: it has no host that could be read, or only exclusions (§4.1).
    NoHosts {
        /// The listener.
        place: Place,
    },
    /// No host of the listener fits (§4.4).
    NoLine {
        /// The listener.
        place: Place,
        /// The host that comes nearest, and what it lacks.
        near: Option<NearMiss>,
    },
    /// A host with `~` excludes it (§4.1).
    Excluded {
        /// The listener.
        place: Place,
        /// Index in `hosts`.
        host: usize,
        /// As written.
        text: Text,
    },
    /// The listener is for a port that it does not have (§4.4).
    OtherPort {
        /// The listener.
        place: Place,
        /// Of the listener.
        port: u32,
    },
    /// The host is in several namespaces, of which a listener takes one (§4.5).
    OtherNamespace {
        /// The listener.
        place: Place,
        /// The one that is taken.
        namespace: Text,
        /// Why that one.
        because: Preference,
    },
    /// Plain hosts find one object a namespace, and another of the same host comes first (§4.3).
    BehindInNamespace {
        /// The one that is found.
        object: (Kind, Key),
    },
    /// A Kubernetes Service of the same host takes the place of a ServiceEntry (§4.6).
    BehindKubernetes {
        /// The one in scope.
        object: (Kind, Key),
    },
    /// Another of the same host came first (§4.6).
    BehindEarlier {
        /// The one in scope.
        object: (Kind, Key),
    },
    /// A VirtualService or route sends to it, which does not import it (§5).
    Route {
        /// The VirtualService or route.
        object: (Kind, Key),
        /// Its delegates in which that is written; none if it is written in itself.
        delegates: Vec<Key>,
        /// Why not.
        miss: RouteMiss,
    },
}

ids!(Barrier {
    NamespaceIgnored => "namespaceIgnored",
    OtherRevision => "otherRevision",
    KindIgnored => "kindIgnored",
    NoValidAddress => "noValidAddress",
    NotExported => "notExported",
    Capped => "capped",
    NoHosts => "noHosts",
    NoLine => "noLine",
    Excluded => "excluded",
    OtherPort => "otherPort",
    OtherNamespace => "otherNamespace",
    BehindInNamespace => "behindInNamespace",
    BehindKubernetes => "behindKubernetes",
    BehindEarlier => "behindEarlier",
    Route => "route",
});

/// An egress listener.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// One of a Sidecar.
    Listener {
        /// The Sidecar.
        sidecar: Key,
        /// Index in `spec.egress`.
        index: usize,
    },
    /// The built-in `*/*` of a Sidecar without egress, or of no Sidecar.
    Everything,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Listener { sidecar, index } => write!(f, "egress[{index}] of Sidecar {sidecar}"),
            Place::Everything => write!(f, "the built-in '*/*'"),
        }
    }
}

/// Why a VirtualService or route that sends to a service does not import it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RouteMiss {
    /// It is not exported to the pod's namespace (§5.1).
    Unseen,
    /// It is bound to gateways only (§5.1).
    OfGateway,
    /// It has no hosts, so that it counts only as the delegate of another, and none takes it in (§5.1).
    NoRoot,
    /// It has no hosts, and its matches do not fit into those of this VirtualService, which delegates to it (§5.1).
    Unfit(Key),
    /// It has no hosts, and is not exported to this VirtualService, which delegates to it (§5.1).
    HiddenFromRoot(Key),
    /// `sourceNamespace` of its matches leaves the pod out (§5.3).
    ForOthers,
    /// No listener selects one of its own hosts (§5.2).
    Unselected,
    /// Its own hosts are excluded with `~` (§5.2).
    Excluded,
    /// It sends to ports that the service does not have (§5.3.3).
    LacksPort(Vec<u32>),
    /// The host means the service of another namespace (§5.3.2).
    MeansOther(Text),
}

ids!(RouteMiss {
    Unseen => "unseen",
    OfGateway => "ofGateway",
    NoRoot => "noRoot",
    Unfit => "unfit",
    HiddenFromRoot => "hiddenFromRoot",
    ForOthers => "forOthers",
    Unselected => "unselected",
    Excluded => "excluded",
    LacksPort => "lacksPort",
    MeansOther => "meansOther",
});

impl fmt::Display for RouteMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RouteMiss::Unseen => write!(f, "is not exported to the pod's namespace"),
            RouteMiss::OfGateway => write!(f, "is bound to gateways only"),
            RouteMiss::NoRoot => write!(
                f,
                "has no hosts: it counts only as the delegate of another, and none takes it in"
            ),
            RouteMiss::Unfit(root) => write!(
                f,
                "VirtualService {root}, which delegates to it, drops the route: their matches are at odds"
            ),
            RouteMiss::HiddenFromRoot(root) => write!(
                f,
                "it is not exported to the namespace of VirtualService {root}, which delegates to it"
            ),
            RouteMiss::ForOthers => write!(f, "only for clients of another sourceNamespace"),
            RouteMiss::Unselected => write!(f, "its own hosts are imported by no listener"),
            RouteMiss::Excluded => write!(f, "its own hosts are excluded"),
            RouteMiss::LacksPort(ports) => write!(f, "to port {}, which it does not have", numbers(ports)),
            RouteMiss::MeansOther(namespace) => write!(f, "means that of namespace '{namespace}'"),
        }
    }
}

/// Why a listener takes one namespace's service and not another's of the same host.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Preference {
    /// It is the pod's own namespace.
    Own,
    /// It is a Kubernetes Service there.
    Kubernetes,
    /// It comes first: exported to the pod's namespace by name before public, then by age.
    First,
}

ids!(Preference {
    Own => "own",
    Kubernetes => "kubernetes",
    First => "first",
});

impl fmt::Display for Preference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Preference::Own => "which is the pod's own",
            Preference::Kubernetes => "where it is a Kubernetes Service",
            Preference::First => "which comes first (exported by name before public, then by age)",
        })
    }
}

/// A host of a listener that nearly fits; what it is as written.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum NearMiss {
    /// It has no `/`, or two: istiod skips it.
    Unreadable(Text),
    /// The name fits, the namespace does not.
    OtherNamespace(Text),
    /// It is a short name: names are not completed here.
    ShortName(Text),
    /// The service's own host is a wildcard, which only an equal name or a wildcard imports.
    WildcardService(Text),
    /// `*.NAME` is for names below it, not for itself.
    OnlyBelow(Text),
    /// It is one or two letters off, and no host of the mesh.
    Misspelt(Text),
}

ids!(NearMiss {
    Unreadable => "unreadable",
    OtherNamespace => "otherNamespace",
    ShortName => "shortName",
    WildcardService => "wildcardService",
    OnlyBelow => "onlyBelow",
    Misspelt => "misspelt",
});

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NearMiss::Unreadable(text) => write!(f, "'{text}' is skipped: it must be NAMESPACE/NAME"),
            NearMiss::OtherNamespace(text) => write!(f, "'{text}' has the name, but for another namespace"),
            NearMiss::ShortName(text) => write!(f, "'{text}' is a short name, which is not completed here"),
            NearMiss::WildcardService(text) => {
                write!(
                    f,
                    "'{text}' is plain, and a wildcard host is only imported by a wildcard"
                )
            }
            NearMiss::Misspelt(text) => write!(f, "'{text}' is a letter or two off"),
            NearMiss::OnlyBelow(text) => write!(f, "'{text}' is for names below it, not for itself"),
        }
    }
}

impl Barrier {
    /// The delegates of the VirtualService it speaks of in which that is written.
    pub fn delegates(&self) -> &[Key] {
        if let Barrier::Route { delegates, .. } = self {
            delegates
        } else {
            &[]
        }
    }

    /// The object it speaks of besides the service itself, if it speaks of one.
    pub fn object(&self) -> Option<(Kind, Key)> {
        match self {
            Barrier::NoHosts { place }
            | Barrier::NoLine { place, .. }
            | Barrier::Excluded { place, .. }
            | Barrier::OtherPort { place, .. }
            | Barrier::OtherNamespace { place, .. } => match place {
                Place::Listener { sidecar, .. } => Some((Kind::Sidecar, sidecar.clone())),
                Place::Everything => None,
            },
            Barrier::BehindInNamespace { object }
            | Barrier::BehindKubernetes { object }
            | Barrier::BehindEarlier { object }
            | Barrier::Route { object, .. } => Some(object.clone()),
            Barrier::NamespaceIgnored { .. }
            | Barrier::OtherRevision { .. }
            | Barrier::KindIgnored
            | Barrier::NoValidAddress
            | Barrier::NotExported { .. }
            | Barrier::Capped => None,
        }
    }
}

impl fmt::Display for Barrier {
    /// In plain words, with the objects' names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Barrier::NamespaceIgnored { namespace } => {
                write!(f, "istiod does not watch namespace '{namespace}' (discoverySelectors)")
            }
            Barrier::OtherRevision { labelled } => {
                write!(
                    f,
                    "its label istio.io/rev is '{labelled}', another revision than the pod's"
                )
            }
            Barrier::KindIgnored => write!(f, "istiod is told to ignore its kind (PILOT_IGNORE_RESOURCES)"),
            Barrier::NoValidAddress => write!(f, "none of its addresses is an IP or a CIDR: it gives no service"),
            Barrier::NotExported { to, by_default, from } => {
                let whose = if *by_default {
                    "the mesh config's default exportTo"
                } else {
                    "its exportTo"
                };
                write!(f, "{whose} is {}: not for namespace '{from}'", list(to))
            }
            Barrier::Capped => write!(f, "serviceEntryVisibility of the mesh config keeps it at home"),
            Barrier::NoHosts { place } => write!(f, "{place} imports nothing"),
            Barrier::NoLine { place, near: None } => write!(f, "no host of {place} fits"),
            Barrier::NoLine {
                place,
                near: Some(near),
            } => write!(f, "no host of {place} fits: {near}"),
            Barrier::Excluded { place, host, text } => write!(f, "excluded by hosts[{host}] '{text}' of {place}"),
            Barrier::OtherPort { place, port } => {
                write!(f, "{place} is for port {port} only, which it does not have")
            }
            Barrier::OtherNamespace {
                place,
                namespace,
                because,
            } => write!(f, "{place} takes that of namespace '{namespace}', {because}"),
            Barrier::BehindInNamespace { object } => {
                write!(f, "plain hosts find one object a namespace: {}", Named(object))
            }
            Barrier::BehindKubernetes { object } => {
                write!(f, "{} of the same host takes its place", Named(object))
            }
            Barrier::BehindEarlier { object } => {
                write!(f, "{} of the same host came first, and cannot be merged", Named(object))
            }
            Barrier::Route {
                object,
                delegates,
                miss,
            } => write!(f, "{} sends to it{}, but {miss}", Named(object), through(delegates)),
        }
    }
}

/// Kind and key of an object.
struct Named<'a>(&'a (Kind, Key));

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, key) = self.0;
        write!(f, "{} {key}", kind.name())
    }
}
