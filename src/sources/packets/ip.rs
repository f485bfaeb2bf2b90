//! From the bytes of IP to what it carries.
//!
//! Lengths are those that the headers give, since a capture rarely holds whole packets. A packet comes as the bytes that
//! its header promises beyond what was on the wire, its extension headers, and its content.
//!
//! tcpdump: `ip_print` and `ip6_print`, which judge a header in this order. What a filter finds is pcap-filter's own
//! reading of the bytes, which asks for neither versions nor lengths (libpcap: `gen_portop` and `gen_portop6` of `gencode.c`).

use std::net::{IpAddr, Ipv4Addr};

use etherparse::{IpNumber, Ipv4HeaderSlice, Ipv6HeaderSlice, TcpHeaderSlice, UdpHeaderSlice};

use super::extension::{Carried, walk};
use crate::mesh::model::{BadIp, Content, Extension, Layer, Segment, Socket};

/// A TCP header without options.
const FIXED: usize = 20;

/// See the module.
type Read = (u32, Vec<Extension>, Content);

/// An IPv4 header without options, an IPv6 header without extensions.
const IPV4: usize = 20;
const IPV6: usize = 40;
/// The protocols in which a filter looks for ports.
const WITH_PORTS: [IpNumber; 3] = [IpNumber::TCP, IpNumber::UDP, IpNumber::SCTP];
/// What tells where in a packet a part of it belongs.
const OFFSET: u16 = 0x1fff;

/// Where a filter finds the destination's port.
pub(super) fn port_of_ipv4(bytes: &[u8]) -> Option<u16> {
    let [first, _, _, _, _, _, high, low, _, protocol] = *bytes.first_chunk()?;
    let is_first_part = u16::from_be_bytes([high, low]) & OFFSET == 0;
    let is_asked = is_first_part && WITH_PORTS.contains(&IpNumber(protocol));
    is_asked.then(|| destination(bytes, usize::from(first & 0xf) * 4))?
}

/// The same.
pub(super) fn port_of_ipv6(bytes: &[u8]) -> Option<u16> {
    let [_, _, _, _, _, _, protocol] = *bytes.first_chunk()?;
    WITH_PORTS
        .contains(&IpNumber(protocol))
        .then(|| destination(bytes, IPV6))?
}

/// The second of the ports that stand there.
fn destination(bytes: &[u8], at: usize) -> Option<u16> {
    let [_, _, high, low] = *bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes([high, low]))
}

pub(super) fn ipv4(bytes: &[u8], wire: u32) -> Read {
    let read = |missing, content| (missing, Vec::new(), content);
    let version = bytes.first().map_or(4, |first| first >> 4);
    if version != 4 {
        return read(0, Content::BadIp(BadIp::Version(Some(4), version)));
    }
    let Some(fixed) = bytes.first_chunk::<IPV4>() else {
        return read(0, Content::Cut(Layer::Ip(4, !bytes.is_empty())));
    };
    let [first, _, high, low, ..] = *fixed;
    let own = (first & 0xf) * 4;
    if usize::from(own) < IPV4 {
        return read(0, Content::BadIp(BadIp::Header(own)));
    }
    let total = u16::from_be_bytes([high, low]);
    let missing = u32::from(total).saturating_sub(wire);
    if total < u16::from(own) {
        return read(missing, Content::BadIp(BadIp::Total(total)));
    }
    let Ok(header) = Ipv4HeaderSlice::from_slice(bytes) else {
        return read(missing, options_cut(fixed, own, bytes.len()));
    };
    let (own, total) = (u32::from(own), u32::from(total));
    let (source, destination) = (header.source_addr().into(), header.destination_addr().into());
    let rest = within(bytes, own, total);
    let length = total - own;
    if header.fragments_offset().value() > 0 {
        return read(missing, Content::Fragment(source, destination, header.protocol().0));
    }
    let carried = Carried {
        protocol: header.protocol().0,
        bytes: rest,
        length,
    };
    read(missing, transport(&carried, source, destination))
}

/// A header whose options break off; of a later part of a packet that is no matter.
fn options_cut(fixed: &[u8; IPV4], own: u8, captured: usize) -> Content {
    let [_, _, _, _, _, _, high, low, _, protocol, _, _, source @ .., _, _, _, _] = *fixed;
    let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, destination @ ..] = *fixed;
    let (source, destination) = (Ipv4Addr::from(source), Ipv4Addr::from(destination));
    if u16::from_be_bytes([high, low]) & OFFSET > 0 {
        return Content::Fragment(source.into(), destination.into(), protocol);
    }
    let captured = u8::try_from(captured).unwrap_or(own);
    Content::BadIp(BadIp::Cut(captured, own, source, destination, protocol))
}

pub(super) fn ipv6(bytes: &[u8], wire: u32) -> Read {
    let header = match Ipv6HeaderSlice::from_slice(bytes) {
        Ok(header) => header,
        Err(etherparse::err::ipv6::HeaderSliceError::Len(_)) => {
            return (0, Vec::new(), Content::Cut(Layer::Ip(6, !bytes.is_empty())));
        }
        Err(_) => {
            let version = bytes.first().map_or(6, |first| first >> 4);
            return (0, Vec::new(), Content::BadIp(BadIp::Version(Some(6), version)));
        }
    };
    let own = u32::try_from(header.slice().len()).unwrap_or(u32::MAX);
    let length = u32::from(header.payload_length());
    let missing = (own + length).saturating_sub(wire);
    let (source, destination) = (header.source_addr().into(), header.destination_addr().into());
    let carried = Carried {
        protocol: header.next_header().0,
        bytes: within(bytes, own, own + length),
        length,
    };
    let (extensions, behind) = walk(carried, (source, destination));
    let content = behind.map_or_else(
        |content| content,
        |carried| {
            // of a part of a packet tcpdump says nothing more where nothing of it was captured
            let is_part = matches!(extensions.last(), Some(Extension::Fragment(..)));
            if is_part && carried.bytes.is_empty() {
                Content::Fragment(source, destination, carried.protocol)
            } else {
                transport(&carried, source, destination)
            }
        },
    );
    (missing, extensions, content)
}

/// What was captured of the bytes between two places.
fn within(bytes: &[u8], from: u32, to: u32) -> &[u8] {
    let to = usize::try_from(to).unwrap_or(usize::MAX).min(bytes.len());
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    bytes.get(from..to).unwrap_or_default()
}

fn transport(carried: &Carried<'_>, source: IpAddr, destination: IpAddr) -> Content {
    let Carried {
        protocol,
        bytes,
        length,
    } = *carried;
    if !matches!(IpNumber(protocol), IpNumber::TCP | IpNumber::UDP) {
        return Content::Ip(source, destination, protocol);
    }
    let [a, b, c, d, ..] = *bytes else {
        return Content::Cut(Layer::Transport(source, destination, protocol));
    };
    let (from, to) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    let source = Socket { ip: source, port: from };
    let destination = Socket {
        ip: destination,
        port: to,
    };
    let content = if IpNumber(protocol) == IpNumber::TCP {
        segment(bytes, source, destination, length).map(Content::Tcp)
    } else {
        let header = UdpHeaderSlice::from_slice(bytes).ok();
        header.map(|header| {
            let own = u32::try_from(header.slice().len()).unwrap_or(u32::MAX);
            Content::Udp(source, destination, u32::from(header.length()).saturating_sub(own))
        })
    };
    content.unwrap_or(Content::Cut(Layer::Ports(source, destination, protocol)))
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
        captured: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        options: bytes.get(FIXED..end).unwrap_or_default().into(),
        length,
    })
}
