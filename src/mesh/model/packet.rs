//! One captured packet, as far as somebody who looks for traffic between endpoints wants to know it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;

/// A packet of a capture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// When it was captured, by the clock of the machine that did.
    pub at: Timestamp,
    /// Where a capture on all interfaces saw it; `None` for others.
    pub seen: Option<Seen>,
    /// The port that a plain filter finds where one of the destination stands, whatever else the packet says of itself;
    /// `None` where it looks for none: in a VLAN, behind extension headers, in a part of a packet.
    pub port: Option<u16>,
    /// Bytes that the IP header promises beyond what was on the wire.
    pub missing: u32,
    /// Headers between that of IPv6 and the content, in order; none for most packets.
    pub extensions: Box<[Extension]>,
    /// What it is.
    pub content: Content,
}

/// Where a capture on all interfaces (`LINKTYPE_LINUX_SLL2`) saw a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// The interface's index on the machine of the capture.
    pub interface: u32,
    /// `sll2_pkttype`: 0 in, 1 broadcast, 2 multicast, 3 from others to others, 4 out.
    pub direction: u8,
}

/// An extension header of IPv6.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Extension {
    /// Options for each router on the way.
    HopByHop,
    /// Options for the destination.
    Destination,
    /// The way to take.
    Routing(Routing),
    /// The packet is a part of one: where in it, and how many bytes of it.
    Fragment(u16, u32),
}

impl Extension {
    /// `next header` of hop-by-hop options.
    pub const HOP_BY_HOP: u8 = 0;
    /// `next header` of a routing header.
    pub const ROUTING: u8 = 43;
    /// `next header` of a fragment header.
    pub const FRAGMENT: u8 = 44;
    /// `next header` of destination options.
    pub const DESTINATION: u8 = 60;
}

/// A routing header of IPv6.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Routing {
    /// As the header states it, in units of 8 bytes behind the first 8.
    pub length: u8,
    /// 0, 2, or 4 for a segment routing header.
    pub kind: u8,
    /// Stations still to be visited.
    pub left: u8,
    /// The four bytes before the addresses, which mean something else with each kind.
    pub word: u32,
    /// The stations.
    pub addresses: Box<[Ipv6Addr]>,
}

/// Why a packet was not read at all, though it was captured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unread {
    /// Frames of this link type are not read here (`LINKTYPE_`).
    Link(u16),
    /// The capture never says what the frames of this interface are.
    Interface(u32),
}

/// What a packet is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// TCP over IP.
    Tcp(Segment),
    /// UDP over IP: from, to, length of its payload.
    Udp(Socket, Socket, u32),
    /// Another protocol over IP, by its number: from, to.
    Ip(IpAddr, IpAddr, u8),
    /// A later part of a packet, whose ports are in the first one: from, to, the protocol's number.
    Fragment(IpAddr, IpAddr, u8),
    /// No IP: its `EtherType`.
    Ether(u16),
    /// No IP on a BSD loopback interface: its address family.
    Family(u32),
    /// Nobody knows, and how many bytes it has on the wire.
    Unread(Unread, u32),
    /// So little of it was captured that it cannot be told; what it was up to there.
    Cut(Layer),
    /// Its headers contradict themselves.
    Malformed(Layer),
    /// Its IP header cannot be one.
    BadIp(BadIp),
    /// The capture contradicts itself: bytes captured, bytes on the wire.
    Impossible(u32, u32),
}

/// What is wrong with an IP header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadIp {
    /// Of IPv4: it states fewer bytes than any header has.
    Header(u8),
    /// Of IPv4: the packet is to have fewer bytes than its header.
    Total(u16),
    /// Of IPv4: so many bytes were captured of a header of so many; from, to, the protocol's number.
    Cut(u8, u8, Ipv4Addr, Ipv4Addr, u8),
    /// It should be of the first version, and is of the second; `None` where either would do.
    Version(Option<u8>, u8),
}

/// How far a packet could be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Layer {
    /// Not even the frame; what frames begin with there, as tcpdump calls it.
    Link(&'static str),
    /// The frame: 4 or 6, and whether anything of the IP header was captured.
    Ip(u8, bool),
    /// IP, and not the extension header of this number: from, to.
    Extension(IpAddr, IpAddr, u8),
    /// IP: from, to, the protocol's number.
    Transport(IpAddr, IpAddr, u8),
    /// IP and the ports of TCP or UDP: from, to, the protocol's number.
    Ports(Socket, Socket, u8),
}

/// An address and a port.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Socket {
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
}

/// A TCP segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// From.
    pub source: Socket,
    /// To.
    pub destination: Socket,
    /// As sent, not relative.
    pub sequence: u32,
    /// As sent, not relative; means something with [`Segment::ACK`] only.
    pub acknowledgment: u32,
    /// The flags' bits as they stand in the header.
    pub flags: u8,
    /// As sent, not scaled.
    pub window: u16,
    /// Means something with [`Segment::URG`] only.
    pub urgent: u16,
    /// Bytes of its header as it states them; no fewer than 20 and no more than [`Self::length`] if that is true.
    pub header: u8,
    /// How many of [`Self::length`] were captured.
    pub captured: u32,
    /// What was captured behind the first 20 bytes of the header: the options, and at most one byte more.
    pub options: Box<[u8]>,
    /// Bytes in all, header and payload, captured or not.
    pub length: u32,
}

impl Segment {
    /// Nothing follows.
    pub const FIN: u8 = 0x01;
    /// The first of a connection.
    pub const SYN: u8 = 0x02;
    /// The connection is no more.
    pub const RST: u8 = 0x04;
    /// To be handed on at once.
    pub const PSH: u8 = 0x08;
    /// The acknowledgment counts.
    pub const ACK: u8 = 0x10;
    /// The urgent pointer counts.
    pub const URG: u8 = 0x20;

    /// Bytes of its payload.
    pub fn payload(&self) -> u32 {
        self.length.saturating_sub(self.header.into())
    }
}

impl Packet {
    /// The ports' owners, if it has ports: from, to.
    pub fn ends(&self) -> Option<(Socket, Socket)> {
        match &self.content {
            Content::Tcp(segment) => Some((segment.source, segment.destination)),
            Content::Udp(source, destination, _) | Content::Cut(Layer::Ports(source, destination, _)) => {
                Some((*source, *destination))
            }
            Content::Ip(..)
            | Content::Fragment(..)
            | Content::Ether(_)
            | Content::Family(_)
            | Content::Unread(..)
            | Content::Cut(_)
            | Content::Malformed(_)
            | Content::BadIp(_)
            | Content::Impossible(..) => None,
        }
    }

    /// What `tcpdump dst port N` lets through.
    pub fn is_to_port(&self, port: u16) -> bool {
        self.port == Some(port)
    }
}

impl Content {
    /// From and to, as far as they are known.
    pub fn addresses(&self) -> Option<(IpAddr, IpAddr)> {
        match self {
            Content::Tcp(segment) => Some((segment.source.ip, segment.destination.ip)),
            Content::Udp(source, destination, _)
            | Content::Cut(Layer::Ports(source, destination, _))
            | Content::Malformed(Layer::Ports(source, destination, _)) => Some((source.ip, destination.ip)),
            Content::Ip(source, destination, ..)
            | Content::Fragment(source, destination, _)
            | Content::Cut(Layer::Transport(source, destination, _) | Layer::Extension(source, destination, _))
            | Content::Malformed(Layer::Transport(source, destination, _) | Layer::Extension(source, destination, _)) => {
                Some((*source, *destination))
            }
            Content::Ether(_)
            | Content::Family(_)
            | Content::Unread(..)
            | Content::Cut(Layer::Link(_) | Layer::Ip(..))
            | Content::Malformed(Layer::Link(_) | Layer::Ip(..))
            | Content::BadIp(_)
            | Content::Impossible(..) => None,
        }
    }
}

impl Packet {
    /// 4 or 6; `None` if it is no IP.
    pub fn ip_version(&self) -> Option<u8> {
        match &self.content {
            Content::Cut(Layer::Ip(version, _)) | Content::Malformed(Layer::Ip(version, _)) => return Some(*version),
            Content::BadIp(BadIp::Header(_) | BadIp::Total(_) | BadIp::Cut(..)) => return Some(4),
            // what should be IPv4 is not named
            Content::BadIp(BadIp::Version(Some(6), _)) => return Some(6),
            Content::BadIp(BadIp::Version(..))
            | Content::Cut(_)
            | Content::Malformed(_)
            | Content::Tcp(_)
            | Content::Udp(..)
            | Content::Ip(..)
            | Content::Fragment(..)
            | Content::Ether(_)
            | Content::Family(_)
            | Content::Unread(..)
            | Content::Impossible(..) => {}
        }
        let (source, _) = self.content.addresses()?;
        Some(if source.is_ipv6() { 6 } else { 4 })
    }
}
