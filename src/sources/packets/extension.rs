//! Extension headers of IPv6: what stands between its own header and what it carries.
//!
//! tcpdump: `print-ip6.c`, `print-ip6opts.c`, `print-rt6.c`, `print-frag6.c`. Options in them are not read.

use std::net::{IpAddr, Ipv6Addr};

use crate::mesh::model::{Content, Extension, Layer, Routing};

/// A routing header before its addresses.
const ROUTING: usize = 8;
/// A fragment header.
const FRAGMENT: usize = 8;
/// Lengths are told in such units, behind the first one.
const UNIT: usize = 8;
const ADDRESS: usize = 16;

/// What follows the headers, or that nothing does.
pub(super) type Behind<'b> = Result<Carried<'b>, Content>;

/// What a packet carries.
pub(super) struct Carried<'b> {
    /// By its number.
    pub(super) protocol: u8,
    /// What was captured of it.
    pub(super) bytes: &'b [u8],
    /// How long it is.
    pub(super) length: u32,
}

/// Reads extension headers until there are no more: of a packet from `ends.0` to `ends.1`.
pub(super) fn walk(mut carried: Carried<'_>, ends: (IpAddr, IpAddr)) -> (Vec<Extension>, Behind<'_>) {
    let mut extensions = Vec::new();
    let (from, to) = ends;
    loop {
        let kind = carried.protocol;
        let header = match kind {
            Extension::HOP_BY_HOP if !extensions.is_empty() => {
                let wrong = Content::Malformed(Layer::Extension(from, to, kind));
                return (extensions, Err(wrong));
            }
            Extension::HOP_BY_HOP => options(carried.bytes).map(|length| (Some(Extension::HopByHop), length)),
            Extension::DESTINATION => options(carried.bytes).map(|length| (Some(Extension::Destination), length)),
            Extension::ROUTING => routing(carried.bytes),
            Extension::FRAGMENT => fragment(carried.bytes, carried.length),
            _ => return (extensions, Ok(carried)),
        };
        let Some((extension, length)) = header else {
            let cut = Content::Cut(Layer::Extension(from, to, kind));
            return (extensions, Err(cut));
        };
        let Some(extension) = extension else {
            let wrong = Content::Malformed(Layer::Extension(from, to, kind));
            return (extensions, Err(wrong));
        };
        let is_later = matches!(extension, Extension::Fragment(1.., _));
        extensions.push(extension);
        let protocol = carried.bytes.first().copied().unwrap_or_default();
        if is_later {
            return (extensions, Err(Content::Fragment(from, to, protocol)));
        }
        carried = Carried {
            protocol,
            bytes: carried.bytes.get(length..).unwrap_or_default(),
            length: carried.length.saturating_sub(u32::try_from(length).unwrap_or(u32::MAX)),
        };
    }
}

/// The length of a header as its second byte states it, if all of that was captured.
fn options(bytes: &[u8]) -> Option<usize> {
    let length = (usize::from(*bytes.get(1)?) + 1) * UNIT;
    (bytes.len() >= length).then_some(length)
}

/// Nothing if too little was captured; no extension if it contradicts itself.
fn routing(bytes: &[u8]) -> Option<(Option<Extension>, usize)> {
    let (head, rest) = bytes.split_at_checked(ROUTING)?;
    let [_, length, kind, left, word @ ..] = *head.first_chunk::<ROUTING>()?;
    let size = (usize::from(length) + 1) * UNIT;
    if !matches!(kind, 0 | 2 | 4) || !length.is_multiple_of(2) {
        return Some((None, size));
    }
    let stations = rest.get(..usize::from(length / 2) * ADDRESS)?;
    let addresses = stations.as_chunks::<ADDRESS>().0.iter();
    let routing = Routing {
        length,
        kind,
        left,
        word: u32::from_be_bytes(word),
        addresses: addresses.map(|address| Ipv6Addr::from(*address)).collect(),
    };
    Some((Some(Extension::Routing(routing)), size))
}

/// The same.
fn fragment(bytes: &[u8], length: u32) -> Option<(Option<Extension>, usize)> {
    let [_, _, high, low] = *bytes.first_chunk()?;
    let offset = u16::from_be_bytes([high, low]) & 0xfff8;
    let rest = length.saturating_sub(u32::try_from(FRAGMENT).unwrap_or_default());
    Some((Some(Extension::Fragment(offset, rest)), FRAGMENT))
}
