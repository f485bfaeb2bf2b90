//! A packet as a line: the very text of `tcpdump -n` (4.99) for TCP over IPv4 and IPv6, a plain line for all else.
//!
//! tcpdump: `print-tcp.c`, `print-ip.c`, `print-ip6.c`, `print-rt6.c`, `print-frag6.c`, `print-sll.c`. Not here: what tcpdump makes of the payload on
//! ports it has a dissector for (80, 53 and the like); the line ends with its length.
//! Sequence numbers are relative to the first ones seen of a conversation, so lines depend on the packets before.

mod mptcp;
mod options;

use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;

use self::options::Options;
use crate::mesh::model::{BadIp, Content, Extension, Layer, Packet, Routing, Seen, Segment, Socket, Unread};

/// Conversations that are remembered; a stream that has seen more forgets all of them, and begins anew with absolute
/// numbers.
const MOST: usize = 200_000;
/// `MAXIMUM_SNAPLEN`
const LONGEST: u32 = 262_144;
/// A header without options.
const FIXED: u32 = 20;
/// Names of protocols over IP, by their numbers.
const PROTOCOLS: &[(u8, &str)] = &[
    (1, "ICMP"),
    (2, "igmp"),
    (58, "ICMP6"),
    (59, "no next header"),
    (132, "sctp"),
];
/// The protocols that have ports.
const TCP: u8 = 6;
const UDP: u8 = 17;
/// Those whose printers tell addresses themselves: besides them DCCP and SCTP.
const WITH_PORTS: [u8; 4] = [TCP, UDP, 33, 132];

/// Prints packets one after the other.
#[derive(Debug)]
pub struct Printer<'z> {
    zone: &'z TimeZone,
    interfaces: fn(u32) -> Option<String>,
    conversations: FxHashMap<(Socket, Socket), Bases>,
}

/// The numbers that those of a conversation are relative to.
#[derive(Clone, Copy, Debug)]
struct Bases {
    /// Of the end that comes first in the key.
    first: u32,
    second: u32,
}

/// The numbers of a segment as they are printed.
struct Numbers {
    sequence: u32,
    acknowledgment: u32,
    /// What those of the other end are relative to.
    other: u32,
}

impl<'z> Printer<'z> {
    /// With times in this zone; `interfaces` knows the names of those that a capture of all of them names by number.
    pub fn new(zone: &'z TimeZone, interfaces: fn(u32) -> Option<String>) -> Self {
        Self {
            zone,
            interfaces,
            conversations: FxHashMap::default(),
        }
    }

    /// The line of the next packet, without its end.
    pub fn line(&mut self, packet: &Packet) -> String {
        if let Content::Impossible(captured, wire) = packet.content {
            return impossible(captured, wire);
        }
        let mut line = clock(packet.at, self.zone);
        if let Some(seen) = packet.seen {
            line.push_str(&self.seen(seen));
        }
        let version = packet.ip_version().filter(|_| is_begun(&packet.content));
        let (name, suffix, gap) = match version {
            Some(6) => ("IP6 ", "6", ""),
            Some(_) => ("IP ", "", " "),
            None => ("", "", ""),
        };
        line.push_str(name);
        if version.is_some() && packet.missing > 0 {
            let _ = write!(line, "truncated-ip{suffix} - {} bytes missing!{gap}", packet.missing);
        }
        let is_told = !packet.extensions.is_empty();
        if is_told && let Some((source, destination)) = packet.content.addresses() {
            let _ = write!(line, "{source} > {destination}: ");
            for extension in &packet.extensions {
                extend(&mut line, extension);
            }
        }
        if let Content::Tcp(segment) = &packet.content {
            self.segment(&mut line, segment, is_told);
        } else {
            plain(&mut line, &packet.content, is_told);
        }
        line
    }

    fn seen(&self, seen: Seen) -> String {
        let name = (self.interfaces)(seen.interface).unwrap_or_else(|| "?".to_owned());
        let direction = match seen.direction {
            0 => "In",
            1 => "B",
            2 => "M",
            3 => "P",
            4 => "Out",
            _ => "?",
        };
        format!("{name:<5} {direction:<3} ")
    }

    fn segment(&mut self, line: &mut String, segment: &Segment, is_told: bool) {
        ends(line, segment.source, segment.destination, is_told);
        let (header, length) = (u32::from(segment.header), segment.length);
        if header < FIXED {
            // tcpdump's own number wraps where the segment is shorter still
            let rest = length.wrapping_sub(header).cast_signed();
            let _ = write!(line, " tcp {rest} [bad hdr length {header} - too short, < {FIXED}]");
            return;
        }
        line.push_str("Flags [");
        flags(line, segment.flags);
        line.push(']');
        let has = |flag: u8| segment.flags & flag != 0;
        let numbers = self.relate(segment);
        if header > length {
            let _ = write!(line, " [bad hdr length {header} - too long, > {length}]");
            return;
        }
        let payload = segment.payload();
        if payload > 0 || has(Segment::SYN | Segment::FIN | Segment::RST) {
            let _ = write!(line, ", seq {}", numbers.sequence);
            if payload > 0 {
                let _ = write!(line, ":{}", numbers.sequence.wrapping_add(payload));
            }
        }
        if has(Segment::ACK) {
            let _ = write!(line, ", ack {}", numbers.acknowledgment);
        }
        let _ = write!(line, ", win {}", segment.window);
        if has(Segment::URG) {
            let _ = write!(line, ", urg {}", segment.urgent);
        }
        let mut options = Options {
            bytes: &segment.options,
            left: usize::try_from(header - FIXED).unwrap_or_default(),
            base: numbers.other,
            flags: segment.flags,
            is_whole: segment.captured >= length,
            layer: "tcp",
        };
        if options.left > 0 {
            line.push_str(", options [");
            if options.print(line).is_break() {
                return;
            }
        }
        let _ = write!(line, ", length {payload}");
        let captured = segment.captured;
        if payload > 0 && captured < header {
            // options that end before the header does
            let layer = options.layer;
            let _ = write!(
                line,
                " [remaining caplen({captured}) < header length({header})] [|{layer}]"
            );
        }
    }

    /// The first numbers seen of a conversation, and those after each SYN, are printed as they are.
    fn relate(&mut self, segment: &Segment) -> Numbers {
        let (sequence, acknowledgment) = (segment.sequence, segment.acknowledgment);
        if segment.flags & Segment::ACK == 0 {
            return Numbers {
                sequence,
                acknowledgment,
                other: 0,
            };
        }
        let is_reversed = (segment.source.port, segment.source.ip) > (segment.destination.port, segment.destination.ip);
        let key = if is_reversed {
            (segment.destination, segment.source)
        } else {
            (segment.source, segment.destination)
        };
        let fresh = if is_reversed {
            Bases {
                first: acknowledgment.wrapping_sub(1),
                second: sequence,
            }
        } else {
            Bases {
                first: sequence,
                second: acknowledgment.wrapping_sub(1),
            }
        };
        let is_first = segment.flags & Segment::SYN != 0 || !self.conversations.contains_key(&key);
        if is_first {
            if self.conversations.len() >= MOST {
                self.conversations.clear();
            }
            self.conversations.insert(key, fresh);
        }
        let bases = self.conversations.get(&key).copied().unwrap_or(fresh);
        let (own, other) = if is_reversed {
            (bases.second, bases.first)
        } else {
            (bases.first, bases.second)
        };
        if is_first {
            return Numbers {
                sequence,
                acknowledgment,
                other,
            };
        }
        Numbers {
            sequence: sequence.wrapping_sub(own),
            acknowledgment: acknowledgment.wrapping_sub(other),
            other,
        }
    }
}

/// The time of day with microseconds, and a blank.
fn clock(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    format!("{} ", at.strftime("%H:%M:%S.%6f"))
}

/// The ports, with the addresses unless these are told already.
fn ends(line: &mut String, source: Socket, destination: Socket, is_told: bool) {
    let _ = if is_told {
        write!(line, "{} > {}: ", source.port, destination.port)
    } else {
        write!(
            line,
            "{}.{} > {}.{}: ",
            source.ip, source.port, destination.ip, destination.port
        )
    };
}

/// Of a packet that cannot be, nothing else is told (`pretty_print_packet`).
fn impossible(captured: u32, wire: u32) -> String {
    let checks = [
        (captured == 0, "caplen==0".to_owned()),
        (wire == 0, "len==0".to_owned()),
        (wire > 0 && wire < captured, format!("len({wire}) < caplen({captured})")),
        (captured > LONGEST, format!("caplen({captured}) > {LONGEST}")),
        (wire > LONGEST, format!("len({wire}) > {LONGEST}")),
    ];
    let wrong = checks
        .into_iter()
        .filter_map(|(is_wrong, what)| is_wrong.then_some(what));
    format!("[Invalid header: {}]", wrong.collect::<Vec<_>>().join(", "))
}

fn extend(line: &mut String, extension: &Extension) {
    match extension {
        Extension::HopByHop => line.push_str("HBH "),
        Extension::Destination => line.push_str("DSTOPT "),
        Extension::Routing(routing) => route(line, routing),
        Extension::Fragment(offset, length) => {
            // nothing follows a later part
            let gap = if *offset == 0 { " " } else { "" };
            let _ = write!(line, "frag ({offset}|{length}){gap}");
        }
    }
}

fn route(line: &mut String, routing: &Routing) {
    let (length, kind) = (routing.length, routing.kind);
    let old = if kind == 0 { " [Deprecated]" } else { "" };
    let _ = write!(line, "RT6 (len={length}, type={kind}{old}, segleft={}", routing.left);
    if kind == 4 {
        let [last, flags, tag @ ..] = routing.word.to_be_bytes();
        let _ = write!(line, ", last-entry={last}");
        if flags != 0 {
            let _ = write!(line, ", flags=0x{flags:x}");
        }
        let _ = write!(line, ", tag={:x}", u16::from_be_bytes(tag));
    } else if routing.word != 0 {
        let _ = write!(line, ", rsv=0x{:x}", routing.word);
    }
    for (number, address) in routing.addresses.iter().enumerate() {
        let _ = write!(line, ", [{number}]{address}");
    }
    line.push_str(") ");
}

fn flags(line: &mut String, flags: u8) {
    const LETTERS: [(u8, char); 8] = [
        (Segment::FIN, 'F'),
        (Segment::SYN, 'S'),
        (Segment::RST, 'R'),
        (Segment::PSH, 'P'),
        (Segment::ACK, '.'),
        (Segment::URG, 'U'),
        (0x40, 'E'),
        (0x80, 'W'),
    ];
    if flags == 0 {
        line.push_str("none");
    }
    line.extend(
        LETTERS
            .iter()
            .filter(|(bit, _)| flags & bit != 0)
            .map(|(_, letter)| letter),
    );
}

/// tcpdump names IPv4 as soon as it sees any of it, IPv6 only once it has the whole header.
fn is_begun(content: &Content) -> bool {
    match content {
        Content::Cut(Layer::Ip(version, is_begun)) => *version == 4 && *is_begun,
        Content::Tcp(_)
        | Content::Udp(..)
        | Content::Ip(..)
        | Content::Fragment(..)
        | Content::Ether(_)
        | Content::Family(_)
        | Content::Unread(..)
        | Content::Cut(_)
        | Content::Malformed(_)
        | Content::Impossible(..)
        | Content::BadIp(_) => true,
    }
}

/// All that is no TCP, or not enough of it; addresses may be told already.
fn plain(line: &mut String, content: &Content, is_told: bool) {
    let number = |number: &u8| format!("ip-proto-{number}");
    let from_to = |source: &IpAddr, destination: &IpAddr| {
        if is_told {
            String::new()
        } else {
            format!("{source} > {destination}: ")
        }
    };
    let text = match content {
        Content::Tcp(_) => String::new(),
        Content::Udp(source, destination, length) => {
            ends(line, *source, *destination, is_told);
            format!("UDP, length {length}")
        }
        Content::Ip(source, destination, protocol) => {
            let known = PROTOCOLS.iter().find(|(known, _)| known == protocol);
            let name = known.map_or_else(|| number(protocol), |(_, name)| (*name).to_owned());
            from_to(source, destination) + &name
        }
        // the extension header has said it
        Content::Fragment(..) if is_told => String::new(),
        Content::Fragment(source, destination, protocol) => from_to(source, destination) + &number(protocol),
        Content::Ether(0x0806) => "ARP".to_owned(),
        Content::Ether(other) => format!("ethertype 0x{other:04x}"),
        Content::Family(family) => format!("AF {family}"),
        Content::Unread(Unread::Link(link), length) => format!("link type {link} is not read, length {length}"),
        Content::Unread(Unread::Interface(interface), length) => {
            format!("interface {interface} is nowhere described, length {length}")
        }
        Content::Cut(Layer::Link(what)) => format!(" [|{what}]"),
        Content::Cut(Layer::Ip(6, _)) => " [|ip6]".to_owned(),
        Content::Cut(Layer::Ip(..)) => " [|ip]".to_owned(),
        Content::Cut(Layer::Extension(source, destination, kind)) => {
            format!("{} [|{}]", from_to(source, destination), header(*kind))
        }
        // of TCP tcpdump tells addresses a second time
        Content::Cut(Layer::Transport(source, destination, TCP)) => format!("{source} > {destination}: [|tcp]"),
        Content::Cut(Layer::Transport(source, destination, _)) => from_to(source, destination) + " [|udp]",
        Content::Cut(Layer::Ports(source, destination, protocol)) => {
            ends(line, *source, *destination, is_told);
            (if *protocol == UDP { " [|udp]" } else { " [|tcp]" }).to_owned()
        }
        Content::Malformed(Layer::Extension(source, destination, kind)) => {
            format!("{}[bad {}]", from_to(source, destination), header(*kind))
        }
        Content::Malformed(_) => "[bad hdr]".to_owned(),
        Content::BadIp(wrong) => bad(wrong),
        Content::Impossible(captured, wire) => impossible(*captured, *wire),
    };
    line.push_str(&text);
}

fn bad(wrong: &BadIp) -> String {
    match wrong {
        BadIp::Header(own) => format!("bad-hlen {own}"),
        BadIp::Total(total) => format!("bad-len {total}"),
        BadIp::Version(None, version) => format!("unknown ip {version}"),
        BadIp::Version(Some(4), 6) => "IP6, wrong link-layer encapsulation (invalid)".to_owned(),
        BadIp::Version(Some(4), version) => format!("IP{version} (invalid)"),
        BadIp::Version(Some(should), version) => format!("version error: {version} != {should}"),
        BadIp::Cut(captured, own, source, destination, protocol) => {
            let ends = if WITH_PORTS.contains(protocol) {
                String::new()
            } else {
                format!("{source} > {destination}: ")
            };
            format!("{ends} [remaining caplen({captured}) < header length({own})] [|ip]")
        }
    }
}

/// An extension header, as tcpdump says which one breaks off.
fn header(kind: u8) -> &'static str {
    match kind {
        Extension::HOP_BY_HOP => "hbhopt",
        Extension::DESTINATION => "dstopt",
        Extension::ROUTING => "rt6",
        _ => "frag6",
    }
}
