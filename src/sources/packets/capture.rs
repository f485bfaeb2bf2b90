//! A capture as an iterator of packets, read as they come: a pipe that goes on for hours takes no more memory than a file.

use std::io::{Cursor, Read};

use jiff::Timestamp;
use pcap_parser::traits::{PcapNGPacketBlock as _, PcapReaderIterator};
use pcap_parser::{Block, IDB_MAGIC, InterfaceDescriptionBlock, OptionCode, PcapBlockOwned, PcapError, create_reader};

use super::frame::{decode, unread};
use super::link::{Link, LinkType};
use crate::mesh::model::{Content, Packet, Unread};

/// Room for the longest packet that tcpdump captures (256 KiB) and its header.
const BUFFER: usize = 1024 * 1024;
/// No packet is longer, nor is more captured of one (`MAXIMUM_SNAPLEN`).
const MOST: u32 = 262_144;
/// A pcap header; a pcapng section header is longer.
const HEADER: usize = 24;
/// No section header is longer.
const SECTION: usize = 64 * 1024;
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECOND: u32 = 0xa1b2_3c4d;
const NANOSECONDS: [u32; 2] = [NANOSECOND, NANOSECOND.swap_bytes()];
/// Versions of pcap that libpcap reads, the last one DG/UX's.
const VERSIONS: [(u16, u16); 6] = [(2, 0), (2, 1), (2, 2), (2, 3), (2, 4), (543, 0)];

/// Why a capture ends before its end.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CaptureError {
    /// It is no capture at all.
    #[error("no pcap or pcapng capture: is it what 'tcpdump -w' writes?")]
    NotACapture,
    /// It is one of a version that nobody reads: pcap's major and minor number.
    #[error("pcap version {0}.{1} is not read, only 2.0 to 2.4: write it anew with 'tcpdump -w'")]
    Version(u16, u16),
    /// It stops in the middle of a packet: the machine was turned off, the pipe broke.
    #[error("the capture stops in the middle of a packet")]
    Truncated,
    /// All its frames begin with something that is not read here.
    #[error(
        "its packets are of link type {0}, which is not read: capture on an interface of Ethernet or IP, or on 'any'"
    )]
    Link(LinkType),
    /// It goes on with something that is no packet.
    #[error("the capture is damaged after {0} packets")]
    Damaged(u64),
    /// It cannot be read any further.
    #[error("the capture cannot be read")]
    Unreadable,
}

/// A capture that is read.
pub struct Capture<'r> {
    reader: Box<dyn PcapReaderIterator + Send + 'r>,
    /// Of the section, in the order in which it describes them.
    interfaces: Vec<Interface>,
    packets: u64,
    ended: bool,
}

/// An interface of a capture.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: Link,
    /// Units of its clock in a second.
    units: u128,
    /// Seconds that are added to its clock.
    offset: i64,
    /// Of longer frames no more was captured; `None` where it says nothing of that.
    most: Option<u32>,
}

impl<'r> Capture<'r> {
    /// Reads the head of a capture.
    ///
    /// # Errors
    /// It is none.
    pub fn open(mut from: impl Read + Send + 'r) -> Result<Self, CaptureError> {
        // a pipe gives little at a time; the parser wants its header in one piece
        let mut head = vec![0; HEADER];
        from.read_exact(&mut head).map_err(|_| CaptureError::NotACapture)?;
        if let [a, b, c, d, e, f, g, h, order, ..] = *head.as_slice()
            && [a, b, c, d] == PCAPNG
        {
            let length = if order == 0x4d {
                u32::from_le_bytes([e, f, g, h])
            } else {
                u32::from_be_bytes([e, f, g, h])
            };
            let length = usize::try_from(length).unwrap_or(usize::MAX).clamp(HEADER, SECTION);
            head.resize(length, 0);
            let rest = head.get_mut(HEADER..).unwrap_or_default();
            from.read_exact(rest).map_err(|_| CaptureError::NotACapture)?;
        }
        if let Some((major, minor)) = version(&head)
            && !VERSIONS.contains(&(major, minor))
        {
            return Err(CaptureError::Version(major, minor));
        }
        let reader = create_reader(BUFFER, Cursor::new(head).chain(from)).map_err(|_| CaptureError::NotACapture)?;
        Ok(Self {
            reader,
            interfaces: Vec::new(),
            packets: 0,
            ended: false,
        })
    }

    /// The next packet; waits for it if it has not come yet. `None` at the end.
    fn read(&mut self) -> Result<Option<Packet>, CaptureError> {
        loop {
            let broken = match self.reader.next() {
                Ok((length, block)) => {
                    let packet = packet(&block, &mut self.interfaces);
                    self.reader.consume(length);
                    match packet? {
                        Some(packet) => {
                            self.packets += 1;
                            return Ok(Some(packet));
                        }
                        None => continue,
                    }
                }
                Err(PcapError::Eof) => return Ok(None),
                Err(PcapError::Incomplete(_)) => None,
                Err(PcapError::UnexpectedEof) => Some(CaptureError::Truncated),
                Err(PcapError::ReadError) => Some(CaptureError::Unreadable),
                Err(_) => Some(CaptureError::Damaged(self.packets)),
            };
            if let Some(broken) = broken {
                return Err(broken);
            }
            self.reader.refill().map_err(|_| CaptureError::Unreadable)?;
        }
    }
}

impl Iterator for Capture<'_> {
    type Item = Result<Packet, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read();
        self.ended = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

/// What version of pcap a head states; `None` if it is none of that.
fn version(head: &[u8]) -> Option<(u16, u16)> {
    let (magic, rest) = head.split_first_chunk()?;
    let (major, rest) = rest.split_first_chunk()?;
    let minor = rest.first_chunk()?;
    let number: fn([u8; 2]) -> u16 = match (u32::from_be_bytes(*magic), u32::from_le_bytes(*magic)) {
        (MICROSECONDS | NANOSECOND, _) => u16::from_be_bytes,
        (_, MICROSECONDS | NANOSECOND) => u16::from_le_bytes,
        _ => return None,
    };
    Some((number(*major), number(*minor)))
}

/// The packet of a block, if it is one.
fn packet(block: &PcapBlockOwned<'_>, interfaces: &mut Vec<Interface>) -> Result<Option<Packet>, CaptureError> {
    let packet = match block {
        PcapBlockOwned::LegacyHeader(header) => {
            let is_nano = NANOSECONDS.contains(&header.magic_number);
            interfaces.push(Interface {
                link: Link::of(header.network.0.cast_unsigned(), header.is_bigendian()),
                units: if is_nano { 1_000_000_000 } else { 1_000_000 },
                offset: 0,
                most: None,
            });
            return Ok(None);
        }
        PcapBlockOwned::Legacy(frame) => {
            let seconds = i64::from(frame.ts_sec);
            let find = |interface: &Interface| time(seconds, frame.ts_usec.into(), interface.units);
            read(interfaces, 0, frame.data, frame.origlen, find)?
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => {
            interfaces.clear();
            return Ok(None);
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(described)) => {
            interfaces.push(Interface::of(described));
            return Ok(None);
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(frame)) => {
            let ticks = u128::from(u64::from(frame.ts_high) << 32 | u64::from(frame.ts_low));
            let find = |interface: &Interface| {
                let seconds = i64::try_from(ticks / interface.units).unwrap_or(i64::MAX);
                time(
                    seconds.saturating_add(interface.offset),
                    ticks % interface.units,
                    interface.units,
                )
            };
            read(interfaces, frame.if_id, frame.packet_data(), frame.origlen, find)?
        }
        PcapBlockOwned::NG(Block::SimplePacket(frame)) => {
            let most = interfaces
                .first()
                .and_then(|interface| interface.most)
                .unwrap_or(u32::MAX);
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let data = frame.packet_data();
            // what stands behind is there to fill a word
            let data = data.get(..most).unwrap_or(data);
            read(interfaces, 0, data, frame.origlen, |_| Timestamp::UNIX_EPOCH)?
        }
        PcapBlockOwned::NG(_) => return Ok(None),
    };
    Ok(Some(packet))
}

/// Reads a frame that was captured on an interface.
fn read(
    interfaces: &[Interface],
    number: u32,
    data: &[u8],
    wire: u32,
    time: impl FnOnce(&Interface) -> Timestamp,
) -> Result<Packet, CaptureError> {
    let interface = usize::try_from(number).ok().and_then(|number| interfaces.get(number));
    let Some(interface) = interface else {
        let content = Content::Unread(Unread::Interface(number), wire);
        return Ok(unread(content, time(&Interface::UNKNOWN)));
    };
    if let Link::Other(link) = interface.link
        && interfaces.iter().all(|other| matches!(other.link, Link::Other(_)))
    {
        return Err(CaptureError::Link(link));
    }
    let packet = decode(interface.link, data, wire, time(interface));
    let captured = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let is_possible = (1..=MOST).contains(&captured) && (captured..=MOST).contains(&wire);
    Ok(if is_possible {
        packet
    } else {
        let content = Content::Impossible(captured, wire);
        Packet { content, ..packet }
    })
}

impl Interface {
    /// What is true of an interface that nothing is said of.
    const UNKNOWN: Self = Self {
        link: Link::Ethernet,
        units: 1_000_000,
        offset: 0,
        most: None,
    };

    fn of(described: &InterfaceDescriptionBlock<'_>) -> Self {
        let big_endian = described.block_type != IDB_MAGIC;
        let bits = u32::from(described.if_tsresol & 0x7f);
        // the library reads neither powers of two nor offsets of the other byte order
        let units = if described.if_tsresol & 0x80 == 0 {
            10u128.checked_pow(bits)
        } else {
            1u128.checked_shl(bits)
        };
        let offset = described
            .options
            .iter()
            .find(|option| option.code == OptionCode::IfTsoffset);
        let offset = offset.and_then(|option| option.value.first_chunk().copied());
        let offset = offset.map_or(
            0,
            if big_endian {
                i64::from_be_bytes
            } else {
                i64::from_le_bytes
            },
        );
        Self {
            link: Link::of(described.linktype.0.cast_unsigned(), big_endian),
            units: units.unwrap_or(1_000_000),
            offset,
            most: Some(described.snaplen).filter(|most| *most > 0),
        }
    }
}

fn time(seconds: i64, ticks: u128, units: u128) -> Timestamp {
    let nanoseconds = ticks.saturating_mul(1_000_000_000) / units;
    let nanoseconds = i32::try_from(nanoseconds).unwrap_or(999_999_999);
    Timestamp::new(seconds, nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
