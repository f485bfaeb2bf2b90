//! From the bytes of a frame to a packet: what stands before IP.
//!
//! tcpdump: `print-ether.c`, `print-null.c`, `print-raw.c`, `print-sll.c`.

use etherparse::{EtherType, Ethernet2HeaderSlice, SingleVlanHeaderSlice};
use jiff::Timestamp;

use super::ip::{ipv4, ipv6, port_of_ipv4, port_of_ipv6};
use super::link::{Link, LinkType};
use crate::mesh::model::{BadIp, Content, Layer, Packet, Seen, Unread};

/// Tags of VLANs, one in the other; the library does not know the last one.
const TAGS: [EtherType; 4] = [
    EtherType::VLAN_TAGGED_FRAME,
    EtherType::PROVIDER_BRIDGING,
    EtherType::VLAN_DOUBLE_TAGGED_FRAME,
    EtherType(0x9200),
];
/// A cooked header: the protocol stands last.
const SLL: usize = 16;
/// A cooked header of the second version.
const SLL2: usize = 20;
/// Address families as BSD numbers them: IPv4; IPv6 on NetBSD and OpenBSD, FreeBSD, macOS.
const INET: u32 = 2;
const INET6: [u32; 3] = [24, 28, 30];
/// No address family is as large: bytes stand the other way round.
const REVERSED: u32 = 0xffff_0000;

/// What a frame is made of behind its link header.
struct Framed<'f> {
    seen: Option<Seen>,
    /// Whether a plain filter does not look into it: it is in a VLAN, or not what the capture's link type promises.
    opaque: bool,
    ether_type: EtherType,
    rest: &'f [u8],
}

/// Reads a frame of so many bytes on the wire.
pub fn decode(link: Link, frame: &[u8], wire: u32, at: Timestamp) -> Packet {
    let framed = match framed(link, frame, wire) {
        Ok(framed) => framed,
        Err(content) => return unread(content, at),
    };
    let header = u32::try_from(frame.len() - framed.rest.len()).unwrap_or(u32::MAX);
    let wire = wire.saturating_sub(header);
    let port = match framed.ether_type {
        _ if framed.opaque => None,
        EtherType::IPV4 => port_of_ipv4(framed.rest),
        EtherType::IPV6 => port_of_ipv6(framed.rest),
        EtherType(_) => None,
    };
    let (missing, extensions, content) = match framed.ether_type {
        EtherType::IPV4 => ipv4(framed.rest, wire),
        EtherType::IPV6 => ipv6(framed.rest, wire),
        EtherType(other) => (0, Vec::new(), Content::Ether(other)),
    };
    Packet {
        seen: framed.seen,
        port,
        missing,
        extensions: extensions.into(),
        ..unread(content, at)
    }
}

/// A packet of which no more is known.
pub(super) fn unread(content: Content, at: Timestamp) -> Packet {
    Packet {
        at,
        seen: None,
        port: None,
        missing: 0,
        extensions: Box::default(),
        content,
    }
}

/// What stands behind the link header, or all that can be said of the frame.
fn framed(link: Link, frame: &[u8], wire: u32) -> Result<Framed<'_>, Content> {
    match link {
        Link::Ethernet => ethernet(frame),
        Link::Loopback(big_endian) => loopback(frame, big_endian),
        // the library refuses frames of a loopback interface
        Link::Cooked => {
            let (header, rest) = frame.split_at_checked(SLL).ok_or_else(|| cut("sll"))?;
            let protocol = header.last_chunk().copied().unwrap_or_default();
            untag(EtherType(u16::from_be_bytes(protocol)), rest)
        }
        Link::Cooked2 => {
            let (header, rest) = frame.split_first_chunk::<SLL2>().ok_or_else(|| cut("sll2"))?;
            let [protocol @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *header;
            let [_, _, _, _, interface @ .., _, _, _, _, _, _, _, _, _, _, _, _] = *header;
            let [_, _, _, _, _, _, _, _, _, _, direction, ..] = *header;
            let seen = Seen {
                interface: u32::from_be_bytes(interface),
                direction,
            };
            let framed = untag(EtherType(u16::from_be_bytes(protocol)), rest)?;
            Ok(Framed {
                seen: Some(seen),
                ..framed
            })
        }
        Link::Ip(promised) => {
            let first = frame.first().ok_or_else(|| cut("raw"))?;
            let version = first >> 4;
            let ether_type = match version {
                4 => EtherType::IPV4,
                6 => EtherType::IPV6,
                _ => return Err(Content::BadIp(BadIp::Version(None, version))),
            };
            let opaque = promised.is_some_and(|promised| promised != version);
            Ok(Framed {
                seen: None,
                opaque,
                ether_type,
                rest: frame,
            })
        }
        Link::Other(LinkType(number)) => Err(Content::Unread(Unread::Link(number), wire)),
    }
}

fn cut(what: &'static str) -> Content {
    Content::Cut(Layer::Link(what))
}

fn ethernet(frame: &[u8]) -> Result<Framed<'_>, Content> {
    let header = Ethernet2HeaderSlice::from_slice(frame).map_err(|_| cut("ether"))?;
    let rest = frame.get(header.slice().len()..).unwrap_or_default();
    untag(header.ether_type(), rest)
}

/// A family that stands the other way round than it should is read, but no filter knows it.
fn loopback(frame: &[u8], big_endian: bool) -> Result<Framed<'_>, Content> {
    let (family, rest) = frame.split_first_chunk().ok_or_else(|| cut("null"))?;
    let native = u32::from_be_bytes(*family);
    let is_reversed = native & REVERSED != 0;
    let family = if is_reversed { native.swap_bytes() } else { native };
    let ether_type = match family {
        INET => EtherType::IPV4,
        family if INET6.contains(&family) => EtherType::IPV6,
        family => return Err(Content::Family(family)),
    };
    Ok(Framed {
        seen: None,
        opaque: is_reversed == big_endian,
        ether_type,
        rest,
    })
}

/// Takes VLAN tags off.
fn untag(mut ether_type: EtherType, mut rest: &[u8]) -> Result<Framed<'_>, Content> {
    let mut opaque = false;
    while TAGS.contains(&ether_type) {
        let tag = SingleVlanHeaderSlice::from_slice(rest).map_err(|_| cut("vlan"))?;
        ether_type = tag.ether_type();
        rest = rest.get(tag.slice().len()..).unwrap_or_default();
        opaque = true;
    }
    Ok(Framed {
        seen: None,
        opaque,
        ether_type,
        rest,
    })
}
