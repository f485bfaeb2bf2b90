//! From the bytes of a frame to a packet.
//!
//! Lengths are those that the headers give, since a capture rarely holds whole packets.

use std::net::IpAddr;

use etherparse::{
    EtherType, Ethernet2HeaderSlice, IpNumber, Ipv4HeaderSlice, Ipv6HeaderSlice, SingleVlanHeaderSlice, TcpHeaderSlice,
    UdpHeaderSlice,
};
use jiff::Timestamp;

use crate::mesh::model::{Content, Layer, Packet, Seen, Segment, Socket};

/// VLANs in VLANs; more is no frame that a switch lets through.
const MOST_TAGS: usize = 3;
/// A TCP header without options.
const FIXED: usize = 20;
/// A cooked header: the protocol stands last.
const SLL: usize = 16;
/// A cooked header of the second version.
const SLL2: usize = 20;

/// What frames of a capture begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// `LINKTYPE_ETHERNET`
    Ethernet,
    /// `LINKTYPE_LINUX_SLL`: `tcpdump -i any`, older ones.
    Cooked,
    /// `LINKTYPE_LINUX_SLL2`: `tcpdump -i any`.
    Cooked2,
    /// `LINKTYPE_RAW`, `LINKTYPE_IPV4`, `LINKTYPE_IPV6`: with IP.
    Ip,
    /// Something else, which is not read.
    Other,
}

impl Link {
    /// By the number that the capture gives.
    pub fn of(number: i32) -> Self {
        match number {
            1 => Link::Ethernet,
            113 => Link::Cooked,
            276 => Link::Cooked2,
            12 | 101 | 228 | 229 => Link::Ip,
            _ => Link::Other,
        }
    }
}

/// What a frame is made of behind its link header.
struct Framed<'f> {
    seen: Option<Seen>,
    tagged: bool,
    ether_type: u16,
    rest: &'f [u8],
}

/// Reads a frame of so many bytes on the wire.
pub fn decode(link: Link, frame: &[u8], wire: u32, at: Timestamp) -> Packet {
    let nothing = |content| Packet {
        at,
        seen: None,
        tagged: false,
        missing: 0,
        content,
    };
    let Some(framed) = framed(link, frame) else {
        return nothing(Content::Cut(Layer::Link));
    };
    let header = u32::try_from(frame.len() - framed.rest.len()).unwrap_or(u32::MAX);
    let wire = wire.saturating_sub(header);
    let (missing, content) = match EtherType(framed.ether_type) {
        EtherType::IPV4 => ipv4(framed.rest, wire),
        EtherType::IPV6 => ipv6(framed.rest, wire),
        EtherType(other) => (0, Content::Ether(other)),
    };
    Packet {
        seen: framed.seen,
        tagged: framed.tagged,
        missing,
        ..nothing(content)
    }
}

fn framed(link: Link, frame: &[u8]) -> Option<Framed<'_>> {
    match link {
        Link::Ethernet => {
            let header = Ethernet2HeaderSlice::from_slice(frame).ok()?;
            untag(header.ether_type(), frame.get(header.slice().len()..)?)
        }
        // the library refuses frames of a loopback interface
        Link::Cooked => {
            let (header, rest) = frame.split_at_checked(SLL)?;
            let [.., p, q] = *header else { return None };
            untag(EtherType(u16::from_be_bytes([p, q])), rest)
        }
        Link::Cooked2 => {
            let (header, rest) = frame.split_at_checked(SLL2)?;
            let seen = Seen {
                interface: u32::from_be_bytes(*header.get(4..)?.first_chunk()?),
                direction: *header.get(10)?,
            };
            let framed = untag(EtherType(u16::from_be_bytes(*header.first_chunk()?)), rest)?;
            Some(Framed {
                seen: Some(seen),
                ..framed
            })
        }
        Link::Ip => {
            let ether_type = if frame.first()? >> 4 == 6 {
                EtherType::IPV6
            } else {
                EtherType::IPV4
            };
            untag(ether_type, frame)
        }
        Link::Other => None,
    }
}

/// Takes VLAN tags off.
fn untag(mut ether_type: EtherType, mut rest: &[u8]) -> Option<Framed<'_>> {
    let mut tags = 0;
    while matches!(
        ether_type,
        EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING | EtherType::VLAN_DOUBLE_TAGGED_FRAME
    ) && tags < MOST_TAGS
    {
        let tag = SingleVlanHeaderSlice::from_slice(rest).ok()?;
        ether_type = tag.ether_type();
        rest = rest.get(tag.slice().len()..)?;
        tags += 1;
    }
    Some(Framed {
        seen: None,
        tagged: tags > 0,
        ether_type: ether_type.0,
        rest,
    })
}

fn ipv4(bytes: &[u8], wire: u32) -> (u32, Content) {
    let header = match Ipv4HeaderSlice::from_slice(bytes) {
        Ok(header) => header,
        Err(etherparse::err::ipv4::HeaderSliceError::Len(_)) => {
            return (0, Content::Cut(Layer::Ip(4, !bytes.is_empty())));
        }
        Err(_) => return (0, Content::Malformed(Layer::Ip(4, true))),
    };
    let own = u32::try_from(header.slice().len()).unwrap_or(u32::MAX);
    let total = u32::from(header.total_len());
    if total < own {
        return (0, Content::Malformed(Layer::Ip(4, true)));
    }
    let missing = total.saturating_sub(wire);
    let (source, destination) = (header.source_addr().into(), header.destination_addr().into());
    let rest = within(bytes, own, total);
    let length = total - own;
    if header.fragments_offset().value() > 0 {
        return (missing, Content::Ip(source, destination, header.protocol().0));
    }
    (missing, transport(header.protocol(), source, destination, rest, length))
}

fn ipv6(bytes: &[u8], wire: u32) -> (u32, Content) {
    let header = match Ipv6HeaderSlice::from_slice(bytes) {
        Ok(header) => header,
        Err(etherparse::err::ipv6::HeaderSliceError::Len(_)) => {
            return (0, Content::Cut(Layer::Ip(6, !bytes.is_empty())));
        }
        Err(_) => return (0, Content::Malformed(Layer::Ip(6, true))),
    };
    let own = u32::try_from(header.slice().len()).unwrap_or(u32::MAX);
    let length = u32::from(header.payload_length());
    let missing = (own + length).saturating_sub(wire);
    let (source, destination) = (header.source_addr().into(), header.destination_addr().into());
    let rest = within(bytes, own, own + length);
    (
        missing,
        transport(header.next_header(), source, destination, rest, length),
    )
}

/// What was captured of the bytes between two places.
fn within(bytes: &[u8], from: u32, to: u32) -> &[u8] {
    let to = usize::try_from(to).unwrap_or(usize::MAX).min(bytes.len());
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    bytes.get(from..to).unwrap_or_default()
}

fn transport(protocol: IpNumber, source: IpAddr, destination: IpAddr, bytes: &[u8], length: u32) -> Content {
    let cut = Content::Cut(Layer::Transport(source, destination));
    let ends = |from: u16, to: u16| {
        let source = Socket { ip: source, port: from };
        let destination = Socket {
            ip: destination,
            port: to,
        };
        (source, destination)
    };
    match protocol {
        IpNumber::TCP => {
            let [a, b, c, d, ..] = *bytes else { return cut };
            let (source, destination) = ends(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            let segment = segment(bytes, source, destination, length);
            segment.map_or(Content::Cut(Layer::Tcp(source, destination)), Content::Tcp)
        }
        IpNumber::UDP => match UdpHeaderSlice::from_slice(bytes) {
            Ok(header) => {
                let (source, destination) = ends(header.source_port(), header.destination_port());
                let own = u32::try_from(header.slice().len()).unwrap_or(u32::MAX);
                Content::Udp(source, destination, u32::from(header.length()).saturating_sub(own))
            }
            Err(_) => cut,
        },
        IpNumber(other) => Content::Ip(source, destination, other),
    }
}

/// A segment whose fixed header was captured, whatever it states of its length.
fn segment(bytes: &[u8], source: Socket, destination: Socket, length: u32) -> Option<Segment> {
    let mut fixed: [u8; FIXED] = *bytes.first_chunk()?;
    // the library refuses a header that is cut or lies; what it says is for the reader to see
    let [.., offset, _, _, _, _, _, _, _] = &mut fixed;
    let stated = *offset >> 4;
    *offset = 5 << 4;
    let header = TcpHeaderSlice::from_slice(&fixed).ok()?;
    let states = stated * 4;
    let end = usize::from(states).max(FIXED).saturating_add(1).min(bytes.len());
    Some(Segment {
        source,
        destination,
        sequence: header.sequence_number(),
        acknowledgment: header.acknowledgment_number(),
        flags: header.slice().get(13).copied().unwrap_or_default(),
        window: header.window_size(),
        urgent: header.urgent_pointer(),
        header: states,
        options: bytes.get(FIXED..end).unwrap_or_default().into(),
        length,
    })
}
