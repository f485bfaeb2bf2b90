//! Multipath TCP's option, as tcpdump prints it.
//!
//! tcpdump: `print-mptcp.c`. Invariant: what an option states of its length is checked before its content is read, so that
//! one that is whole is never found cut here.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::mesh::model::Segment;

/// Prints the content of an option; `None` if it contradicts itself, with what was said up to there.
type Print = fn(&mut String, Data<'_>, u8) -> Option<()>;

/// By the upper half of the first byte; what is none of these is `unknown`.
const SUBTYPES: [(&str, Print); 8] = [
    ("capable", capable),
    ("join", join),
    ("dss", signal),
    ("add-addr", add_address),
    ("rem-addr", remove_address),
    ("prio", priority),
    ("fail", fail),
    ("fast-close", close),
];
/// What the lower half of the first byte says of an address.
const ECHOES: [(u8, &str); 4] = [(6, "v0-ip6"), (4, "v0-ip4"), (1, "v1-echo"), (0, "v1")];
/// Of `capable`: payload has checksums.
const CHECKSUM: u8 = 0x80;
/// Of `join` and `prio`: to be used if nothing else is left.
const BACKUP: u8 = 0x01;
/// Of `dss`: the last one, the sequence number (long), the acknowledgment (long).
const FIN: u8 = 0x10;
const LONG_SEQUENCE: u8 = 0x08;
const SEQUENCE: u8 = 0x04;
const LONG_ACK: u8 = 0x02;
const ACK: u8 = 0x01;
/// Bytes of a hash that are sent in the third packet of a join.
const HASH: usize = 20;

/// What is left of an option behind its kind and its length.
#[derive(Clone, Copy)]
struct Data<'d> {
    rest: &'d [u8],
    /// Of the whole option.
    stated: usize,
}

/// Prints an option behind its name, by its content and the flags of its segment; `None` if it contradicts itself.
pub(super) fn print(line: &mut String, content: &[u8], flags: u8) -> Option<()> {
    let stated = content.len() + 2;
    let kind = usize::from(content.first()? >> 4);
    let _ = write!(line, " {stated} ");
    let Some((name, print)) = SUBTYPES.get(kind) else {
        line.push_str("unknown");
        return Some(());
    };
    line.push_str(name);
    print(line, Data { rest: content, stated }, flags)
}

impl Data<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*bytes)
    }

    fn short(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    fn word(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    /// A number of eight bytes or of four.
    fn number(&mut self, is_long: bool) -> Option<u64> {
        if is_long {
            self.long()
        } else {
            self.word().map(u64::from)
        }
    }
}

fn capable(line: &mut String, mut data: Data<'_>, flags: u8) -> Option<()> {
    let has_syn = flags & Segment::SYN != 0;
    let has_ack = flags & Segment::ACK != 0;
    match data.stated {
        4 | 12 if has_syn => {}
        20 | 22 if has_ack && !has_syn => {}
        _ => return None,
    }
    let [version, says] = data.take()?;
    let version = version & 0xf;
    if version > 1 {
        let _ = write!(line, " Unknown Version ({version})");
        return Some(());
    }
    let _ = write!(line, " v{version}");
    if says & CHECKSUM != 0 {
        line.push_str(" csum");
    }
    if data.stated >= 12 {
        let _ = write!(line, " {{0x{:x}", data.long()?);
        if data.stated >= 20 {
            let _ = write!(line, ",0x{:x}", data.long()?);
        }
        line.push('}');
    }
    Some(())
}

fn join(line: &mut String, mut data: Data<'_>, flags: u8) -> Option<()> {
    let has_syn = flags & Segment::SYN != 0;
    let has_ack = flags & Segment::ACK != 0;
    let [says, id] = data.take()?;
    let start = |line: &mut String| {
        let backup = if says & BACKUP == 0 { "" } else { " backup" };
        let _ = write!(line, "{backup} id {id}");
    };
    match data.stated {
        12 if has_syn => {
            start(line);
            let _ = write!(line, " token 0x{:x} nonce 0x{:x}", data.word()?, data.word()?);
        }
        16 if has_syn && has_ack => {
            start(line);
            let _ = write!(line, " hmac 0x{:x} nonce 0x{:x}", data.long()?, data.word()?);
        }
        24 if has_ack => {
            line.push_str(" hmac 0x");
            for byte in data.take::<HASH>()? {
                let _ = write!(line, "{byte:02x}");
            }
        }
        _ => return None,
    }
    Some(())
}

/// `dss`: which bytes of the connection the segment has, and which have come.
fn signal(line: &mut String, mut data: Data<'_>, flags: u8) -> Option<()> {
    if data.stated < 4 || flags & Segment::SYN != 0 {
        return None;
    }
    let [_, says] = data.take()?;
    if says & FIN != 0 {
        line.push_str(" fin");
    }
    if says & ACK != 0 {
        line.push_str(" ack ");
        let _ = write!(line, "{}", data.number(says & LONG_ACK != 0)?);
    }
    if says & SEQUENCE != 0 {
        line.push_str(" seq ");
        let _ = write!(line, "{}", data.number(says & LONG_SEQUENCE != 0)?);
        let _ = write!(line, " subseq {}", data.word()?);
        let _ = write!(line, " len {}", data.short()?);
        // only where both ends have agreed on it
        if let Some(sum) = data.short() {
            let _ = write!(line, " csum 0x{sum:x}");
        }
    }
    data.rest.is_empty().then_some(())
}

fn add_address(line: &mut String, mut data: Data<'_>, _: u8) -> Option<()> {
    if !matches!(data.stated, 8 | 10 | 16 | 18 | 20 | 22 | 28 | 30) {
        return None;
    }
    let [says, id] = data.take()?;
    let echo = ECHOES.iter().find(|(bits, _)| *bits == says & 0xf);
    let echo = echo.map_or("[bad version/echo]", |(_, name)| name);
    let _ = write!(line, " {echo} id {id}");
    let _ = if data.stated < 20 {
        write!(line, " {}", Ipv4Addr::from(data.take::<4>()?))
    } else {
        write!(line, " {}", Ipv6Addr::from(data.take::<16>()?))
    };
    if matches!(data.stated, 10 | 18 | 22 | 30) {
        let _ = write!(line, ":{}", data.short()?);
    }
    if !data.rest.is_empty() {
        let _ = write!(line, " hmac 0x{:x}", data.long()?);
    }
    Some(())
}

fn remove_address(line: &mut String, mut data: Data<'_>, _: u8) -> Option<()> {
    if data.stated < 4 {
        return None;
    }
    data.take::<1>()?;
    line.push_str(" id");
    for id in data.rest {
        let _ = write!(line, " {id}");
    }
    Some(())
}

fn priority(line: &mut String, mut data: Data<'_>, _: u8) -> Option<()> {
    if !matches!(data.stated, 3 | 4) {
        return None;
    }
    let [says] = data.take()?;
    line.push_str(if says & BACKUP == 0 { " non-backup" } else { " backup" });
    if let Some([id]) = data.take() {
        let _ = write!(line, " id {id}");
    }
    Some(())
}

fn fail(line: &mut String, mut data: Data<'_>, _: u8) -> Option<()> {
    if data.stated != 12 {
        return None;
    }
    data.take::<2>()?;
    let _ = write!(line, " seq {}", data.long()?);
    Some(())
}

fn close(line: &mut String, mut data: Data<'_>, _: u8) -> Option<()> {
    if data.stated != 12 {
        return None;
    }
    data.take::<2>()?;
    let _ = write!(line, " key 0x{:x}", data.long()?);
    Some(())
}
