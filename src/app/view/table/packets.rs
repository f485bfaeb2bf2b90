//! Packets of a capture, as tcpdump prints them, each with what it belongs to; and what they go to that is no endpoint.

use super::traffic::short_cluster;
use crate::app::message::Captured;
use crate::app::traffic::{Directory, Elsewhere, Place as At, Total};
use crate::app::view::Role;
use crate::app::view::column::{Column, Output, Place, Spec, Table};
use crate::app::view::cut::Cut;
use crate::app::view::value::{Datum, Value};
use crate::mesh::model::{Content, Key, Segment, Socket};

/// The table of packets.
#[derive(Debug)]
pub enum Packets {}

/// A packet.
#[derive(Clone, Copy, Debug)]
pub struct PacketRow<'a> {
    /// The packet and its text.
    pub captured: &'a Captured,
    /// Where it goes to or comes from.
    pub place: &'a At,
    /// What is known of addresses.
    pub directory: &'a Directory,
}

/// The table of what packets go to that is no endpoint of the pod.
#[derive(Debug)]
pub enum Places {}

/// Such a place.
#[derive(Clone, Copy, Debug)]
pub struct PlaceRow<'a> {
    /// Where.
    pub place: &'a At,
    /// What went there or came from there.
    pub total: Total,
    /// What is known of addresses.
    pub directory: &'a Directory,
}

impl<'a> PacketRow<'a> {
    /// The end that tells whose packet it is.
    pub(crate) fn far(&self) -> Option<Socket> {
        far(self.place)
    }

    /// The pod at that end.
    pub(crate) fn pod(&self) -> Option<&'a Key> {
        self.directory.pod(&self.far()?.ip)
    }
}

impl<'a> PlaceRow<'a> {
    /// The address, if there is one.
    pub(crate) fn far(&self) -> Option<Socket> {
        far(self.place)
    }

    /// The pod that has it.
    pub(crate) fn pod(&self) -> Option<&'a Key> {
        self.directory.pod(&self.far()?.ip)
    }
}

fn far(place: &At) -> Option<Socket> {
    match place {
        At::Endpoint(end) | At::Elsewhere(end, _) => Some(*end),
        At::Nowhere | At::Others => None,
    }
}

/// Whether something is wrong with a packet: a reset, a broken one, or one to nowhere that is known.
pub(crate) fn is_faulty(row: &PacketRow<'_>) -> bool {
    let is_odd = match &row.captured.packet.content {
        Content::Tcp(segment) => segment.flags & Segment::RST != 0,
        Content::Cut(_) | Content::Malformed(_) | Content::BadIp(_) | Content::Impossible(..) | Content::Unread(..) => {
            true
        }
        Content::Udp(..) | Content::Ip(..) | Content::Fragment(..) | Content::Ether(_) | Content::Family(_) => false,
    };
    is_odd || is_stray(row.place)
}

/// Whether a place is one that the proxy does not know: through `PassthroughCluster`, if at all.
pub(crate) fn is_stray(place: &At) -> bool {
    match place {
        At::Elsewhere(_, Elsewhere::Pod(_) | Elsewhere::Unknown) => true,
        At::Elsewhere(
            _,
            Elsewhere::Loopback
            | Elsewhere::Agent
            | Elsewhere::Inbound(_)
            | Elsewhere::Dns
            | Elsewhere::Istiod
            | Elsewhere::Service(_)
            | Elsewhere::Foreign(_),
        )
        | At::Endpoint(_)
        | At::Nowhere
        | At::Others => false,
    }
}

impl Table for Packets {
    type Row<'a> = PacketRow<'a>;

    fn columns() -> &'static [Column<Self>] {
        PACKETS
    }
}

impl Table for Places {
    type Row<'a> = PlaceRow<'a>;

    fn columns() -> &'static [Column<Self>] {
        PLACES
    }
}

static PACKETS: &[Column<Packets>] = &[
    Column {
        spec: Spec {
            id: "line",
            head: "PACKET",
            min: 40,
            // all of it before any other column: the inspector tells the rest
            comfort: 300,
            max: 300,
            priority: 0,
            place: Place::Fixed,
            help: "The line that tcpdump -n prints of it.",
            ..EXTRA
        },
        datum: |row| {
            let role = if is_faulty(row) { Role::Warn } else { Role::Text };
            Datum::new(role, Value::Built(row.captured.line.to_string()))
        },
    },
    Column {
        spec: Spec {
            id: "cluster",
            head: "CLUSTER",
            min: 12,
            comfort: 26,
            max: 60,
            priority: 2,
            cut: Cut::Middle,
            help: "The clusters that have its endpoint; else what its address is.",
            ..EXTRA
        },
        datum: |row| match row.place {
            At::Endpoint(end) => {
                let clusters = row.directory.clusters(end).iter();
                let clusters: Vec<_> = clusters.map(|cluster| short_cluster(cluster).to_string()).collect();
                Datum::new(Role::Name, Value::Built(clusters.join(",")))
            }
            At::Elsewhere(_, what) => Datum::new(place_role(row.place), short(what)),
            At::Nowhere | At::Others => Value::Empty.into(),
        },
    },
    Column {
        spec: Spec {
            id: "pod",
            head: "POD",
            min: 12,
            max: 50,
            priority: 3,
            cut: Cut::Middle,
            help: "The pod at that end.",
            ..EXTRA
        },
        datum: |row| pod(row.pod()),
    },
];

static PLACES: &[Column<Places>] = &[
    Column {
        spec: Spec {
            id: "address",
            head: "ADDRESS",
            min: 15,
            comfort: 21,
            max: 60,
            priority: 0,
            cut: Cut::Middle,
            place: Place::Fixed,
            help: "Where packets go to or come from that is no endpoint of the pod's table.",
            ..EXTRA
        },
        datum: |row| match row.far() {
            Some(end) => Datum::new(Role::Number, Value::Built(format!("{}:{}", end.ip, end.port))),
            None => Value::None.into(),
        },
    },
    Column {
        spec: Spec {
            id: "packets",
            head: "PACKETS",
            help: "How many of the packets that are kept.",
            ..COUNT
        },
        datum: |row| number(row.total.packets),
    },
    Column {
        spec: Spec {
            id: "bytes",
            head: "BYTES",
            help: "Their payload.",
            ..COUNT
        },
        datum: |row| number(row.total.bytes),
    },
    Column {
        spec: Spec {
            id: "what",
            head: "WHAT",
            min: 12,
            comfort: 40,
            max: 120,
            priority: 0,
            help: "What is known of the address.",
            ..EXTRA
        },
        datum: |row| Datum::new(place_role(row.place), Value::Built(row.directory.words(row.place))),
    },
];

const EXTRA: Spec = Spec {
    output: Output::Extra,
    ..Spec::NEW
};

const COUNT: Spec = Spec {
    min: 5,
    max: 12,
    cut: Cut::Never,
    priority: 1,
    right: true,
    searched: false,
    ..EXTRA
};

/// What an address is, as short as can be; the inspector tells all.
fn short(what: &Elsewhere) -> Value {
    Value::Word(match what {
        Elsewhere::Loopback => "inside the pod",
        Elsewhere::Agent => "probe, metrics",
        Elsewhere::Inbound(_) => "inbound",
        Elsewhere::Dns => "DNS",
        Elsewhere::Istiod => "istiod",
        Elsewhere::Service(service) => return Value::Built(format!("service {}.{}", service.name, service.namespace)),
        Elsewhere::Pod(_) | Elsewhere::Unknown => "not in the table",
        Elsewhere::Foreign(_) => "not of this pod",
    })
}

/// What the proxy does not know stands out.
fn place_role(place: &At) -> Role {
    if is_stray(place) { Role::Warn } else { Role::Dim }
}

fn pod(pod: Option<&Key>) -> Datum {
    pod.map_or(Value::Empty, |pod| Value::Text(pod.name.clone())).into()
}

fn number(number: u64) -> Datum {
    Value::Number(i64::try_from(number).unwrap_or(i64::MAX)).into()
}
