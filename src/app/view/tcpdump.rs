//! A packet as a line: the very text of `tcpdump -n` (4.99) for TCP over IPv4 and IPv6, a plain line for all else.
//!
//! tcpdump: `print-tcp.c`, `print-ip.c`, `print-ip6.c`, `print-sll.c`. Not here: what tcpdump makes of the payload on
//! ports it has a dissector for (80, 53 and the like); the line ends with its length.
//! Sequence numbers are relative to the first ones seen of a conversation, so lines depend on the packets before.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;

use crate::mesh::model::{Content, Layer, Packet, Seen, Segment, Socket};

/// Conversations that are remembered; a stream that has seen more forgets all of them, and begins anew with absolute
/// numbers.
const MOST: usize = 200_000;
/// A header without options.
const FIXED: u32 = 20;
/// Names of TCP options, by their kinds.
const OPTIONS: &[(u8, &str)] = &[
    (0, "eol"),
    (1, "nop"),
    (2, "mss"),
    (3, "wscale"),
    (4, "sackOK"),
    (5, "sack"),
    (6, "echo"),
    (7, "echoreply"),
    (8, "TS"),
    (11, "cc"),
    (12, "ccnew"),
    (13, ""),
    (19, "md5"),
    (20, "scps"),
    (28, "uto"),
    (29, "tcp-ao"),
    (30, "mptcp"),
    (34, "tfo"),
    (254, "exp"),
];
/// Names of protocols over IP, by their numbers.
const PROTOCOLS: &[(u8, &str)] = &[(1, "ICMP"), (2, "igmp"), (58, "ICMP6"), (132, "sctp")];

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
        if let Content::Tcp(segment) = &packet.content {
            self.segment(&mut line, segment);
        } else {
            plain(&mut line, &packet.content);
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

    fn segment(&mut self, line: &mut String, segment: &Segment) {
        ends(line, segment.source, segment.destination);
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
        };
        if options.left > 0 {
            line.push_str(", options [");
            match options.print(line) {
                Ok(()) => line.push(']'),
                Err(Stop::Cut) => {
                    line.push_str(" [|tcp]");
                    return;
                }
                Err(Stop::Bad) => {
                    let is_first = line.ends_with(", options [");
                    line.push_str(if is_first { "[bad opt]" } else { "[bad opt]]" });
                    return;
                }
            }
        }
        let _ = write!(line, ", length {payload}");
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

fn ends(line: &mut String, source: Socket, destination: Socket) {
    let _ = write!(
        line,
        "{}.{} > {}.{}: ",
        source.ip, source.port, destination.ip, destination.port
    );
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

/// Options that are printed.
struct Options<'s> {
    /// What was captured of them and behind them.
    bytes: &'s [u8],
    /// How many are left by the header's word.
    left: usize,
    /// What sequence numbers of the other end are relative to.
    base: u32,
}

/// Why printing of options ends before their end.
enum Stop {
    /// No more was captured.
    Cut,
    /// They contradict themselves.
    Bad,
}

impl Options<'_> {
    fn print(&mut self, line: &mut String) -> Result<(), Stop> {
        let mut separator = "";
        while self.left > 0 {
            line.push_str(separator);
            separator = ",";
            let kind = self.byte()?;
            let has_length = !matches!(kind, 0 | 1);
            let stated = if has_length { usize::from(self.byte()?) } else { 1 };
            // a length that the option states holds its two first bytes too
            if has_length && (stated < 2 || stated > self.left) {
                return Err(Stop::Bad);
            }
            self.left -= if has_length { 2 } else { 1 };
            match OPTIONS.iter().find(|(known, _)| *known == kind) {
                Some((_, name)) => line.push_str(name),
                None => {
                    let _ = write!(line, "unknown-{kind}");
                }
            }
            let used = self.data(line, kind, stated.saturating_sub(2))?;
            self.bytes = self.bytes.get(used..).unwrap_or_default();
            self.left -= used;
            if used + if has_length { 2 } else { 1 } != stated {
                let _ = write!(line, "[len {stated}]");
            }
            if kind == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Takes a byte.
    fn byte(&mut self) -> Result<u8, Stop> {
        let (byte, rest) = self.bytes.split_first().ok_or(Stop::Cut)?;
        self.bytes = rest;
        Ok(*byte)
    }

    /// Looks at so many bytes from a place on.
    fn look(&self, from: usize, length: usize) -> Result<&[u8], Stop> {
        if from + length > self.left {
            return Err(Stop::Bad);
        }
        self.bytes.get(from..from + length).ok_or(Stop::Cut)
    }

    fn number(&self, from: usize) -> Result<u32, Stop> {
        let bytes = self.look(from, 4)?.first_chunk().ok_or(Stop::Cut)?;
        Ok(u32::from_be_bytes(*bytes))
    }

    /// Prints what an option of so many bytes holds; how many of them that took.
    fn data(&self, line: &mut String, kind: u8, stated: usize) -> Result<usize, Stop> {
        match kind {
            0 | 1 | 4 => return Ok(0),
            2 => {
                let bytes = self.look(0, 2)?.first_chunk().ok_or(Stop::Cut)?;
                let _ = write!(line, " {}", u16::from_be_bytes(*bytes));
                return Ok(2);
            }
            3 => {
                let scale = self.look(0, 1)?.first().copied().unwrap_or_default();
                let _ = write!(line, " {scale}");
                return Ok(1);
            }
            5 if !stated.is_multiple_of(8) => line.push_str(" invalid sack"),
            5 => {
                let _ = write!(line, " {} ", stated / 8);
                for at in (0..stated).step_by(8) {
                    let (from, to) = (self.number(at)?, self.number(at + 4)?);
                    let (from, to) = (from.wrapping_sub(self.base), to.wrapping_sub(self.base));
                    let _ = write!(line, "{{{from}:{to}}}");
                }
            }
            6 | 7 | 11 | 12 | 13 => {
                let _ = write!(line, " {}", self.number(0)?);
                return Ok(4);
            }
            8 => {
                self.look(0, 8)?;
                let _ = write!(line, " val {} ecr {}", self.number(0)?, self.number(4)?);
                return Ok(8);
            }
            34 if stated == 0 => line.push_str("  cookiereq"),
            34 => {
                let cookie = self.look(0, stated)?;
                let _ = write!(line, "  cookie {}", hex(cookie));
            }
            _ => {
                let bytes = self.look(0, stated)?;
                if !bytes.is_empty() {
                    let _ = write!(line, " 0x{}", hex(bytes));
                }
            }
        }
        Ok(stated)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// tcpdump names IPv4 as soon as it sees any of it, IPv6 only once it has the whole header.
fn is_begun(content: &Content) -> bool {
    match content {
        Content::Cut(Layer::Ip(version, is_begun)) => *version == 4 && *is_begun,
        Content::Tcp(_)
        | Content::Udp(..)
        | Content::Ip(..)
        | Content::Ether(_)
        | Content::Cut(_)
        | Content::Malformed(_) => true,
    }
}

/// All that is no TCP, or not enough of it.
fn plain(line: &mut String, content: &Content) {
    let protocol = |number: u8| {
        let known = PROTOCOLS.iter().find(|(known, _)| *known == number);
        known.map_or_else(|| format!("ip-proto-{number}"), |(_, name)| (*name).to_owned())
    };
    let text = match content {
        Content::Tcp(_) => String::new(),
        Content::Udp(source, destination, length) => {
            ends(line, *source, *destination);
            format!("UDP, length {length}")
        }
        Content::Ip(source, destination, number) => format!("{source} > {destination}: {}", protocol(*number)),
        Content::Ether(0x0806) => "ARP".to_owned(),
        Content::Ether(other) => format!("ethertype 0x{other:04x}"),
        Content::Cut(Layer::Link) => " [|ether]".to_owned(),
        Content::Cut(Layer::Ip(6, _)) => " [|ip6]".to_owned(),
        Content::Cut(Layer::Ip(..)) => " [|ip]".to_owned(),
        Content::Cut(Layer::Transport(source, destination)) => format!("{source} > {destination}: [|tcp]"),
        Content::Cut(Layer::Tcp(source, destination)) => {
            ends(line, *source, *destination);
            " [|tcp]".to_owned()
        }
        Content::Malformed(_) => "[bad hdr]".to_owned(),
    };
    line.push_str(&text);
}
