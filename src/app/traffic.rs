//! Whose packets they are: each joined to the endpoint of a pod's table that it goes to or comes from, all others told
//! apart by what they go to, as far as that is known. Pure; counts are bounded.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::mesh::model::{Content, Key, Object, Packet, Pod, Service, Socket, Text};
use crate::mesh::scope::{Address, Cluster, Row};
use crate::mesh::world::{Change, World};

/// Places that are counted each for itself; packets to more are counted together.
const MOST: usize = 50_000;
const DNS: u16 = 53;
/// istiod's ports for proxies: XDS with and without TLS, and the old one.
const XDS: [u16; 2] = [15010, 15012];
/// The agent's ports for probes and metrics.
const AGENT: [u16; 3] = [15020, 15021, 15090];

/// Knows the addresses that matter to a pod.
#[derive(Debug, Default)]
pub struct Directory {
    by_socket: BySocket,
    own: Vec<IpAddr>,
    pods: FxHashMap<IpAddr, Key>,
    services: FxHashMap<IpAddr, Key>,
}

/// The clusters that have an endpoint, in the order of the table.
type BySocket = FxHashMap<Socket, Vec<Arc<Cluster>>>;

/// Where a packet goes to or comes from, seen from the pod.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// An endpoint of its table.
    Endpoint(Socket),
    /// Something else, and what it is.
    Elsewhere(Socket, Elsewhere),
    /// No port is known: no TCP or UDP, a later part of a packet, or too little of it was captured.
    Nowhere,
    /// One of too many.
    Others,
}

/// What an address is that is not in the table.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Elsewhere {
    /// The pod itself, through the loopback interface.
    Loopback,
    /// A port of the pod's own agent: probes, metrics.
    Agent,
    /// The pod's own port: somebody calls it.
    Inbound(Option<Key>),
    /// A name server.
    Dns,
    /// The control plane.
    Istiod,
    /// The cluster IP of a service, before the proxy has chosen an endpoint.
    Service(Key),
    /// A pod that the table does not have on that port: through `PassthroughCluster`, if at all.
    Pod(Key),
    /// Nobody knows: through `PassthroughCluster`, if at all.
    Unknown,
    /// Neither end is the pod: what another one does, if that is known, seen on the node or at the other end.
    Foreign(Option<Key>),
}

/// What went to or came from a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Total {
    /// How many packets.
    pub packets: u64,
    /// Bytes of payload, where that is known.
    pub bytes: u64,
}

/// What went where.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// By place.
    pub places: BTreeMap<Place, Total>,
    /// Packets that were cut, contradict themselves, or could not be read at all.
    pub odd: u64,
}

impl Directory {
    /// The table of this pod in this world.
    pub fn new<'r>(world: &World, pod: Option<&Pod>, rows: impl Iterator<Item = &'r Row>) -> Self {
        let mut directory = Self::default();
        for pod in world.pods.iter() {
            directory.add_pod(pod);
        }
        for service in world.services.iter() {
            directory.add_service(service);
        }
        directory.look_from(pod, rows);
        directory
    }

    /// Looks from another pod, or on another table; whether that tells anything anew.
    pub fn look_from<'r>(&mut self, pod: Option<&Pod>, rows: impl Iterator<Item = &'r Row>) -> bool {
        let mut by_socket = BySocket::default();
        for row in rows {
            if let (Some(socket), Cluster::Traffic { .. }) = (socket(&row.address), row.cluster.as_ref()) {
                by_socket.entry(socket).or_default().push(Arc::clone(&row.cluster));
            }
        }
        let ips = pod.into_iter().flat_map(|pod| pod.ips.iter());
        let own: Vec<IpAddr> = ips.filter_map(|ip| ip.parse().ok()).collect();
        let is_other = (&own, &by_socket) != (&self.own, &self.by_socket);
        (self.own, self.by_socket) = (own, by_socket);
        is_other
    }

    /// Takes in a change of the world.
    pub fn follow(&mut self, change: &Change) {
        if let Some(Object::Pod(pod)) = &change.before {
            take_away(&mut self.pods, &pod.ips, &pod.meta.key);
        } else if let Some(Object::Service(service)) = &change.before {
            take_away(&mut self.services, &service.cluster_ips, &service.meta.key);
        }
        if let Some(Object::Pod(pod)) = &change.after {
            self.add_pod(pod);
        } else if let Some(Object::Service(service)) = &change.after {
            self.add_service(service);
        }
    }

    /// A pod on its node's network has no address of its own.
    fn add_pod(&mut self, pod: &Pod) {
        if !pod.host_network {
            let ips = pod.ips.iter().filter_map(|ip| ip.parse().ok());
            self.pods.extend(ips.map(|ip: IpAddr| (ip, pod.meta.key.clone())));
        }
    }

    fn add_service(&mut self, service: &Service) {
        let ips = service.cluster_ips.iter().filter_map(|ip| ip.parse().ok());
        self.services
            .extend(ips.map(|ip: IpAddr| (ip, service.meta.key.clone())));
    }

    /// Where a packet goes to or comes from.
    pub fn place(&self, packet: &Packet) -> Place {
        let Some((source, destination)) = packet.ends() else {
            return Place::Nowhere;
        };
        let is_own = |end: &Socket| self.own.contains(&end.ip);
        let is_ours = self.own.is_empty() || is_own(&source) || is_own(&destination);
        // a pod may be an endpoint of its own table
        let endpoint = [destination, source]
            .into_iter()
            .find(|end| is_ours && self.by_socket.contains_key(end) && !is_own(end));
        if let Some(endpoint) = endpoint {
            return Place::Endpoint(endpoint);
        }
        // an answer comes from where the question went, and that is the lower port as a rule
        let is_answer = match (is_own(&source), is_own(&destination)) {
            (true, false) => false,
            (false, true) => true,
            (true, true) | (false, false) => source.port < destination.port,
        };
        let far = if is_answer { source } else { destination };
        let near = if far == source { destination } else { source };
        Place::Elsewhere(far, self.elsewhere(near, far))
    }

    fn elsewhere(&self, near: Socket, far: Socket) -> Elsewhere {
        if near.ip.is_loopback() || far.ip.is_loopback() || near.ip == far.ip {
            return Elsewhere::Loopback;
        }
        let is_own = |end: Socket| self.own.contains(&end.ip);
        if !self.own.is_empty() && !is_own(near) && !is_own(far) {
            return Elsewhere::Foreign(self.pods.get(&near.ip).cloned());
        }
        let pod = self.pods.get(&far.ip).cloned();
        if is_own(near) && near.port < far.port {
            return if AGENT.contains(&near.port) {
                Elsewhere::Agent
            } else {
                Elsewhere::Inbound(pod)
            };
        }
        match (far.port, self.services.get(&far.ip), pod) {
            (DNS, ..) => Elsewhere::Dns,
            (port, ..) if XDS.contains(&port) => Elsewhere::Istiod,
            (_, Some(service), _) => Elsewhere::Service(service.clone()),
            (_, None, Some(pod)) => Elsewhere::Pod(pod),
            (_, None, None) => Elsewhere::Unknown,
        }
    }

    /// The clusters of the table that have an endpoint.
    pub fn clusters(&self, endpoint: &Socket) -> &[Arc<Cluster>] {
        self.by_socket.get(endpoint).map_or(&[], Vec::as_slice)
    }

    /// The pod of an address.
    pub fn pod(&self, ip: &IpAddr) -> Option<&Key> {
        self.pods.get(ip)
    }

    /// A place in words: an endpoint by its pod and clusters.
    pub fn words(&self, place: &Place) -> String {
        match place {
            Place::Endpoint(endpoint) => {
                let clusters: Vec<String> = self.clusters(endpoint).iter().map(ToString::to_string).collect();
                let pod = self
                    .pod(&endpoint.ip)
                    .map(|pod| format!("{}.{} ", pod.name, pod.namespace));
                format!("{}{}", pod.unwrap_or_default(), clusters.join(","))
            }
            Place::Elsewhere(_, what) => what.to_string(),
            Place::Nowhere => "no port".to_owned(),
            Place::Others => "others".to_owned(),
        }
    }
}

/// The address and port of an endpoint, if they are such.
pub(super) fn socket(address: &Address) -> Option<Socket> {
    match address {
        Address::Socket(ip, port) => Some(Socket {
            ip: ip.parse().ok()?,
            port: *port,
        }),
        Address::Pipe(_) | Address::Internal(_) => None,
    }
}

/// Addresses that are not this object's any more; another may have one of them by now.
fn take_away(of: &mut FxHashMap<IpAddr, Key>, ips: &[Text], key: &Key) {
    for ip in ips.iter().filter_map(|ip| ip.parse::<IpAddr>().ok()) {
        if of.get(&ip) == Some(key) {
            of.remove(&ip);
        }
    }
}

impl std::fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Elsewhere::Loopback => write!(f, "inside the pod"),
            Elsewhere::Agent => write!(f, "probe or metrics, asked of the agent"),
            Elsewhere::Inbound(Some(pod)) => write!(f, "inbound, from pod {}.{}", pod.name, pod.namespace),
            Elsewhere::Inbound(None) => write!(f, "inbound"),
            Elsewhere::Dns => write!(f, "DNS"),
            Elsewhere::Istiod => write!(f, "istiod"),
            Elsewhere::Service(service) => {
                write!(f, "service {}.{}, by its cluster IP", service.name, service.namespace)
            }
            Elsewhere::Pod(pod) => write!(
                f,
                "pod {}.{}, not in the table (PassthroughCluster)",
                pod.name, pod.namespace
            ),
            Elsewhere::Unknown => write!(f, "unknown, not in the table (PassthroughCluster)"),
            Elsewhere::Foreign(Some(pod)) => write!(f, "not of this pod: from {}.{}", pod.name, pod.namespace),
            Elsewhere::Foreign(None) => write!(f, "not of this pod"),
        }
    }
}

impl Totals {
    /// Counts a packet.
    pub fn count(&mut self, packet: &Packet, place: Place) {
        let is_known = self.places.len() < MOST || self.places.contains_key(&place);
        let place = if is_known { place } else { Place::Others };
        let total = self.places.entry(place).or_default();
        total.packets += 1;
        total.bytes += payload(packet);
        self.odd += u64::from(is_odd(packet));
    }

    /// Counts a packet no longer that was counted at this place.
    pub fn discount(&mut self, packet: &Packet, place: &Place) {
        if let Some(total) = self.places.get_mut(place) {
            total.packets = total.packets.saturating_sub(1);
            total.bytes = total.bytes.saturating_sub(payload(packet));
            if total.packets == 0 {
                self.places.remove(place);
            }
        }
        self.odd -= u64::from(is_odd(packet)).min(self.odd);
    }
}

/// Bytes of a packet's payload; 0 where that is not known.
pub fn payload(packet: &Packet) -> u64 {
    match &packet.content {
        Content::Tcp(segment) => segment.payload().into(),
        Content::Udp(_, _, length) => (*length).into(),
        Content::Cut(_)
        | Content::Malformed(_)
        | Content::BadIp(_)
        | Content::Impossible(..)
        | Content::Ip(..)
        | Content::Fragment(..)
        | Content::Ether(_)
        | Content::Family(_)
        | Content::Unread(..) => 0,
    }
}

/// Whether it was cut, contradicts itself, or could not be read at all.
fn is_odd(packet: &Packet) -> bool {
    matches!(
        packet.content,
        Content::Cut(_) | Content::Malformed(_) | Content::BadIp(_) | Content::Impossible(..) | Content::Unread(..)
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::app::message::EnvoyRow;
    use crate::mesh::model::{Layer, Meta, Segment};
    use crate::mesh::scope::Health;
    use crate::mesh::world::Delta;

    fn socket(text: &str) -> Socket {
        let address: std::net::SocketAddr = text.parse().unwrap();
        Socket {
            ip: address.ip(),
            port: address.port(),
        }
    }

    fn packet(from: &str, to: &str) -> Packet {
        let segment = Segment {
            source: socket(from),
            destination: socket(to),
            sequence: 0,
            acknowledgment: 0,
            flags: Segment::ACK,
            window: 0,
            urgent: 0,
            header: 20,
            captured: 30,
            options: Box::default(),
            length: 30,
        };
        Packet {
            at: Timestamp::UNIX_EPOCH,
            seen: None,
            port: None,
            missing: 0,
            extensions: Box::default(),
            content: Content::Tcp(segment),
        }
    }

    fn pod(name: &str, ip: &str) -> Pod {
        Pod {
            meta: Meta {
                key: Key::new("default", name),
                ..Meta::default()
            },
            ips: [ip.into()].into(),
            ..Pod::default()
        }
    }

    #[test]
    fn each_packet_is_told_by_what_it_goes_to_or_comes_from() {
        let shell = pod("shell", "10.0.0.1");
        let service = Service {
            meta: Meta {
                key: Key::new("default", "web"),
                ..Meta::default()
            },
            cluster_ips: ["10.96.0.9".into()].into(),
            ..Service::default()
        };
        let mut world = World::default();
        for object in [
            Object::from(shell.clone()),
            pod("web", "10.0.0.2").into(),
            service.into(),
        ] {
            world.apply(Delta::Put(object));
        }
        let cluster = Arc::new(Cluster::parse(&"outbound|80||web.default.svc.cluster.local".into()));
        let address = Address::Socket("10.0.0.2".into(), 8080);
        let rows = [EnvoyRow::new(cluster, address, Health::Healthy).row];
        let directory = Directory::new(&world, Some(&shell), rows.iter());
        let cases = [
            (
                "10.0.0.1:40000",
                "10.0.0.2:8080",
                "web.default outbound|80||web.default.svc.cluster.local",
            ),
            (
                "10.0.0.2:8080",
                "10.0.0.1:40000",
                "web.default outbound|80||web.default.svc.cluster.local",
            ),
            (
                "10.0.0.1:40000",
                "10.0.0.2:81",
                "pod web.default, not in the table (PassthroughCluster)",
            ),
            ("10.0.0.2:50000", "10.0.0.1:8080", "inbound, from pod web.default"),
            ("192.168.0.1:50000", "10.0.0.1:8080", "inbound"),
            (
                "192.168.0.1:50000",
                "10.0.0.1:15021",
                "probe or metrics, asked of the agent",
            ),
            (
                "10.0.0.1:40000",
                "10.96.0.9:80",
                "service web.default, by its cluster IP",
            ),
            ("10.0.0.1:40000", "10.96.0.10:53", "DNS"),
            ("10.0.0.1:40000", "10.0.0.9:15012", "istiod"),
            ("127.0.0.1:40000", "127.0.0.1:15000", "inside the pod"),
            ("192.168.0.1:40000", "10.0.0.2:8080", "not of this pod"),
            ("10.0.0.2:40000", "1.1.1.1:443", "not of this pod: from web.default"),
            (
                "10.0.0.1:40000",
                "1.1.1.1:443",
                "unknown, not in the table (PassthroughCluster)",
            ),
        ];
        let mut totals = Totals::default();
        for (from, to, words) in cases {
            let packet = packet(from, to);
            let place = directory.place(&packet);
            assert_eq!(directory.words(&place), words, "{from} > {to}");
            totals.count(&packet, place);
        }
        let endpoint = Place::Endpoint(socket("10.0.0.2:8080"));
        assert_eq!(
            totals.places[&endpoint],
            Total { packets: 2, bytes: 20 },
            "questions and answers belong together"
        );
    }

    #[test]
    fn packets_that_were_cut_are_counted_and_belong_nowhere() {
        let world = World::default();
        let directory = Directory::new(&world, None, [].iter());
        let cut = Packet {
            content: Content::Cut(Layer::Link("ether")),
            ..packet("10.0.0.1:1", "10.0.0.2:2")
        };
        let mut totals = Totals::default();
        totals.count(&cut, directory.place(&cut));
        assert_eq!((totals.odd, totals.places[&Place::Nowhere].packets), (1, 1));
    }

    #[test]
    fn a_packet_that_is_counted_no_longer_leaves_nothing_behind() {
        let directory = Directory::new(&World::default(), None, [].iter());
        let packet = packet("10.0.0.1:1", "10.0.0.2:2");
        let mut totals = Totals::default();
        let place = directory.place(&packet);
        totals.count(&packet, place.clone());
        totals.discount(&packet, &place);
        assert_eq!(totals, Totals::default());
    }

    #[test]
    fn addresses_follow_the_pods_that_have_them() {
        let mut world = World::default();
        let mut directory = Directory::new(&world, None, [].iter());
        let mut apply = |delta| {
            for change in world.apply(delta) {
                directory.follow(&change);
            }
            let at = directory.pod(&"10.0.0.2".parse().unwrap());
            at.map(|key| key.name.to_string())
        };
        assert_eq!(apply(Delta::Put(pod("web", "10.0.0.2").into())).as_deref(), Some("web"));
        assert_eq!(
            apply(Delta::Put(pod("next", "10.0.0.2").into())).as_deref(),
            Some("next")
        );
        let gone = Delta::Remove(crate::mesh::model::Kind::Pod, Key::new("default", "web"));
        assert_eq!(apply(gone).as_deref(), Some("next"), "it is another's by now");
        assert_eq!(apply(Delta::Put(pod("next", "10.0.0.3").into())), None);
    }
}
