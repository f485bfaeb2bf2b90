//! The endpoint table: what `istioctl proxy-config endpoint POD` prints, row by row, with the class and reason of each.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::host::first_bytes;
use super::reason::Why;
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::world::Gap;

/// The endpoint table of one pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndpointTable {
    /// Whose table it is.
    pub pod: Key,
    /// The control plane that was assumed, and how sure that is.
    pub plane: PlaneName,
    /// The Sidecar that governs the pod.
    pub governing: Governing,
    /// In istioctl's order: address text, port number, cluster. Bootstrap rows are among them (class
    /// [`Class::Bootstrap`]); who does not want them filters them out.
    pub rows: Arc<[Row]>,
    /// Names in the scope, in order (with or without rows): what the pod can reach by name.
    pub hosts: Arc<[Text]>,
    /// Input that could not be read: if any, the table is incomplete and must be said to be.
    pub gaps: Arc<[Gap]>,
    /// Sentences about the whole table that a reader must know (an EnvoyFilter that patches clusters, remote
    /// clusters, a version that was never judged).
    pub caveats: Arc<[Text]>,
}

/// One endpoint of one cluster. Its identity is cluster and address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Where it is.
    pub address: Address,
    /// As istiod says it.
    pub health: Health,
    /// The cluster it belongs to.
    pub cluster: Arc<Cluster>,
    /// Whether it can be computed at all.
    pub class: Class,
    /// Why it is here; shared by all rows of a service.
    pub why: Arc<Why>,
    /// What is behind it; shared by all rows of one workload.
    pub backend: Arc<Backend>,
}

/// What is behind an endpoint.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Backend {
    /// The pod, if one is known.
    pub pod: Option<Key>,
    /// The node it is on; empty if unknown.
    pub node: Text,
    /// Where it is, as istiod sees it; empty parts if unknown.
    pub locality: Arc<Locality>,
    /// Load-balancing weight as sent; 1 where unset.
    pub weight: u32,
}

impl Default for Backend {
    fn default() -> Self {
        Self {
            pod: None,
            node: Text::default(),
            locality: Arc::default(),
            weight: 1,
        }
    }
}

impl Row {
    /// istioctl's order: address text, then port as a number, then cluster name.
    ///
    /// istioctl: `istioctl/pkg/writer/envoy/clusters/clusters.go`, `retrieveSortedEndpointClusterSlice`.
    pub fn order(&self, other: &Row) -> Ordering {
        self.address
            .order(&other.address)
            .then_with(|| self.cluster.order(&other.cluster))
    }

    /// Puts rows in that order. Most are told apart by the first bytes of their address, as one number.
    pub fn sort(rows: &mut [Row]) {
        let first = rows.iter().map(|row| row.address.first_bytes());
        let mut order: Vec<(u128, usize)> = first.zip(0..).collect();
        order.sort_unstable_by(|(first, at), (other_first, other)| {
            let whole = || match (rows.get(*at), rows.get(*other)) {
                (Some(row), Some(other)) => row.order(other),
                (Some(_) | None, _) => Ordering::Equal,
            };
            first.cmp(other_first).then_with(whole).then(at.cmp(other))
        });
        for at in 0..order.len() {
            // Where the row of this place is by now: swaps may have moved it.
            let mut from = order.get(at).map_or(at, |(_, from)| *from);
            while from < at {
                from = order.get(from).map_or(at, |(_, from)| *from);
            }
            if let Some((_, place)) = order.get_mut(at) {
                *place = from;
            }
            rows.swap(at, from);
        }
    }
}

/// Where an endpoint is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Address {
    /// IP (as written) and port.
    Socket(Text, u16),
    /// A Unix domain socket.
    Pipe(Text),
    /// An Envoy internal listener: its name and endpoint id, with a slash between.
    Internal(Text),
}

impl Address {
    /// The text by which istioctl sorts: the address without the port.
    fn sort_text(&self) -> String {
        match self {
            Address::Socket(ip, _) => ip.to_string(),
            Address::Pipe(_) | Address::Internal(_) => self.to_string(),
        }
    }

    /// The first bytes of that text; an IPv4 address has no more.
    fn first_bytes(&self) -> u128 {
        match self {
            Address::Socket(ip, _) => first_bytes(ip),
            Address::Pipe(_) | Address::Internal(_) => first_bytes(&self.sort_text()),
        }
    }

    fn port(&self) -> u16 {
        match self {
            Address::Socket(_, port) => *port,
            Address::Pipe(_) | Address::Internal(_) => 0,
        }
    }

    /// Address text byte by byte, then port as a number.
    pub fn order(&self, other: &Address) -> Ordering {
        if let (Address::Socket(a, p), Address::Socket(b, q)) = (self, other) {
            return a.cmp(b).then(p.cmp(q));
        }
        self.sort_text()
            .cmp(&other.sort_text())
            .then(self.port().cmp(&other.port()))
    }
}

impl fmt::Display for Address {
    /// The ENDPOINT cell of istioctl: IPv6 without brackets, no port if it is 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Socket(ip, 0) => write!(f, "{ip}"),
            Address::Socket(ip, port) => write!(f, "{ip}:{port}"),
            Address::Pipe(path) => write!(f, "unix://{path}"),
            Address::Internal(target) => write!(f, "envoy://{target}"),
        }
    }
}

/// `health_status.eds_health_status` as Envoy shows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Health {
    /// `HEALTHY`
    Healthy,
    /// `UNHEALTHY`
    Unhealthy,
    /// `DRAINING`
    Draining,
    /// `UNKNOWN`
    Unknown,
    /// `TIMEOUT`
    Timeout,
    /// `DEGRADED`
    Degraded,
}

impl Health {
    /// All of them.
    pub const ALL: [Health; 6] = [
        Health::Healthy,
        Health::Unhealthy,
        Health::Draining,
        Health::Unknown,
        Health::Timeout,
        Health::Degraded,
    ];

    /// The STATUS cell.
    pub fn as_str(self) -> &'static str {
        match self {
            Health::Healthy => "HEALTHY",
            Health::Unhealthy => "UNHEALTHY",
            Health::Draining => "DRAINING",
            Health::Unknown => "UNKNOWN",
            Health::Timeout => "TIMEOUT",
            Health::Degraded => "DEGRADED",
        }
    }
}

/// A cluster by its parts; `Display` gives Envoy's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cluster {
    /// `outbound|PORT|SUBSET|HOST`, `inbound|PORT||`.
    Traffic {
        /// Outbound or inbound.
        direction: Direction,
        /// The service's port.
        port: u32,
        /// Of a DestinationRule; empty for the whole service.
        subset: Text,
        /// The service's host; empty for inbound.
        host: Text,
    },
    /// Any other name, such as `xds-grpc` or `outbound_.80_._.a.b`.
    Named(Text),
}

/// Which way the traffic of a cluster goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// From the pod.
    Outbound,
    /// To the pod.
    Inbound,
}

impl Cluster {
    /// Envoy's name of it.
    pub fn name(&self) -> String {
        self.to_string()
    }

    /// By name, byte by byte, without making the names.
    pub fn order(&self, other: &Cluster) -> Ordering {
        if let (
            Cluster::Traffic {
                direction: Direction::Outbound,
                port,
                subset,
                host,
            },
            Cluster::Traffic {
                direction: Direction::Outbound,
                port: other_port,
                subset: other_subset,
                host: other_host,
            },
        ) = (self, other)
            && port == other_port
            && subset == other_subset
        {
            return host.cmp(other_host);
        }
        let (a, b) = (NameParts::of(self), NameParts::of(other));
        a.bytes().cmp(b.bytes())
    }

    /// A name by its parts; one that would not be written the same again is [`Cluster::Named`].
    ///
    /// istio: `pilot/pkg/model/service.go`, `ParseSubsetKey`.
    pub fn parse(name: &Text) -> Self {
        let mut parts = name.splitn(4, '|');
        let (direction, port, subset, host) = (parts.next(), parts.next(), parts.next(), parts.next());
        let direction = match direction {
            Some("outbound") => Some(Direction::Outbound),
            Some("inbound") => Some(Direction::Inbound),
            _ => None,
        };
        let is_canonical =
            |text: &&str| text.starts_with(|first: char| first.is_ascii_digit()) && !text.starts_with('0');
        let port = port.filter(is_canonical).and_then(|port| port.parse().ok());
        match (direction, port, subset, host) {
            (Some(direction), Some(port), Some(subset), Some(host)) => Cluster::Traffic {
                direction,
                port,
                subset: subset.into(),
                host: host.into(),
            },
            _ => Cluster::Named(name.clone()),
        }
    }

    /// The host it stands for; empty if none.
    ///
    /// istio: `pilot/pkg/model/service.go`, `BuildDNSSrvSubsetKey`, writes `outbound_.PORT_.SUBSET_.HOST`.
    pub fn host(&self) -> &str {
        match self {
            Cluster::Traffic { host, .. } => host,
            Cluster::Named(name) => {
                let pieces = name.strip_prefix("outbound_.").map(|rest| rest.splitn(3, "_."));
                pieces.and_then(|mut pieces| pieces.nth(2)).unwrap_or_default()
            }
        }
    }
}

/// A cluster's name in pieces, for comparing without an allocation.
struct NameParts<'a> {
    pieces: [&'a str; 3],
    port: Option<([u8; 10], usize)>,
}

impl<'a> NameParts<'a> {
    fn of(cluster: &'a Cluster) -> Self {
        match cluster {
            Cluster::Traffic {
                direction,
                port,
                subset,
                host,
            } => {
                let direction = match direction {
                    Direction::Outbound => "outbound|",
                    Direction::Inbound => "inbound|",
                };
                Self {
                    pieces: [direction, subset, host],
                    port: Some(decimal(*port)),
                }
            }
            Cluster::Named(name) => Self {
                pieces: [name, "", ""],
                port: None,
            },
        }
    }

    fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let [first, subset, host] = self.pieces;
        let (digits, separator): (&[u8], &[u8]) = match &self.port {
            Some((digits, from)) => (digits.get(*from..).unwrap_or_default(), b"|"),
            None => (b"", b""),
        };
        first
            .as_bytes()
            .iter()
            .chain(digits)
            .chain(separator)
            .chain(subset.as_bytes())
            .chain(separator)
            .chain(host.as_bytes())
            .copied()
    }
}

/// The digits of a number, at the end of the buffer, and where they begin.
fn decimal(mut number: u32) -> ([u8; 10], usize) {
    let mut digits = [b'0'; 10];
    let mut from = digits.len();
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        from -= 1;
        if number == 0 {
            break;
        }
    }
    (digits, from)
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cluster::Traffic {
                direction: Direction::Outbound,
                port,
                subset,
                host,
            } => {
                write!(f, "outbound|{port}|{subset}|{host}")
            }
            Cluster::Traffic {
                direction: Direction::Inbound,
                port,
                subset,
                host,
            } => {
                write!(f, "inbound|{port}|{subset}|{host}")
            }
            Cluster::Named(name) => write!(f, "{name}"),
        }
    }
}

/// Whether a row can be computed (scope rules §14).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// Follows from API objects alone.
    Exact,
    /// Follows from the proxy's bootstrap with its defaults.
    Bootstrap,
    /// Comes and goes with traffic.
    Runtime,
    /// Depends on DNS as the pod sees it.
    Dns,
    /// Cannot be told: an EnvoyFilter patches clusters, a remote cluster, a tie istiod breaks by chance ...
    Unknown,
}

impl Class {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Exact => "exact",
            Class::Bootstrap => "bootstrap",
            Class::Runtime => "runtime",
            Class::Dns => "dns",
            Class::Unknown => "unknown",
        }
    }
}

/// Region, zone and sub-zone; parts are empty if unknown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Locality {
    /// `topology.kubernetes.io/region`
    pub region: Text,
    /// `topology.kubernetes.io/zone`
    pub zone: Text,
    /// `topology.istio.io/subzone`
    pub sub_zone: Text,
}

/// The control plane whose rules were applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlaneName {
    /// Revision; `default` for the unnamed one.
    pub revision: Text,
    /// istiod's version, from its image tag; empty if unreadable.
    pub version: Text,
    /// The namespace istiod runs in.
    pub namespace: Text,
    /// Whether the pod names this revision itself, or it was assumed.
    pub assumed: bool,
}

/// Which Sidecar object governs the pod (scope rules §3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Governing {
    /// One of the pod's own namespace.
    Own(Key),
    /// The root namespace's default.
    RootDefault(Key),
    /// None: istiod's built-in `*/*`.
    BuiltIn,
    /// None, and none would count: the pod is a gateway.
    Gateway,
}

impl Governing {
    /// The object, if there is one.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Governing::Own(key) | Governing::RootDefault(key) => Some(key),
            Governing::BuiltIn | Governing::Gateway => None,
        }
    }
}

/// Why there is no table. Not an error: each is a state that a reader can act on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoTable {
    /// No pod of this key.
    NoSuchPod,
    /// These kinds are not listed yet; no table is drawn from half the input.
    Pending(Vec<Kind>),
    /// The pod has no proxy container.
    NoProxy,
    /// The pod's traffic is taken by the node's ztunnel: there is no Envoy here.
    Ambient,
    /// A waypoint: its table is not computed (ask its Envoy).
    Waypoint,
    /// It has no address yet, so its proxy is not connected.
    NoAddress,
}
