//! A capture as an iterator of packets, read as they come: a pipe that goes on for hours takes no more memory than a file.

use std::io::{Cursor, Read};

use jiff::Timestamp;
use pcap_parser::traits::{PcapNGPacketBlock as _, PcapReaderIterator};
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};

use super::frame::{Link, decode};
use crate::mesh::model::Packet;

/// Room for the longest packet that tcpdump captures (256 KiB) and its header.
const BUFFER: usize = 1024 * 1024;
/// A pcap header; a pcapng section header is longer.
const HEADER: usize = 24;
/// No section header is longer.
const SECTION: usize = 64 * 1024;
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const NANOSECONDS: [u32; 2] = [0xa1b2_3c4d, 0x4d3c_b2a1];

/// Why a capture ends before its end.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CaptureError {
    /// It is no capture at all.
    #[error("no pcap or pcapng capture: is it what 'tcpdump -w' writes?")]
    NotACapture,
    /// It stops in the middle of a packet: the machine was turned off, the pipe broke.
    #[error("the capture stops in the middle of a packet")]
    Truncated,
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
    /// Of each interface of the section: its frames, and units of time in a second and their offset.
    interfaces: Vec<(Link, u64, i64)>,
    packets: u64,
    ended: bool,
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
                    match packet {
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

/// The packet of a block, if it is one.
fn packet(block: &PcapBlockOwned<'_>, interfaces: &mut Vec<(Link, u64, i64)>) -> Option<Packet> {
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            let is_nano = NANOSECONDS.contains(&header.magic_number);
            let units = if is_nano { 1_000_000_000 } else { 1_000_000 };
            interfaces.push((Link::of(header.network.0), units, 0));
            None
        }
        PcapBlockOwned::Legacy(frame) => {
            let (link, units, _) = *interfaces.first()?;
            let at = time(frame.ts_sec.into(), frame.ts_usec.into(), units);
            Some(decode(link, frame.data, frame.origlen, at))
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => {
            interfaces.clear();
            None
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(described)) => {
            let units = described.ts_resolution().unwrap_or(1_000_000);
            interfaces.push((Link::of(described.linktype.0), units.max(1), described.ts_offset()));
            None
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(frame)) => {
            let (link, units, offset) = *interfaces.get(usize::try_from(frame.if_id).ok()?)?;
            let ticks = u64::from(frame.ts_high) << 32 | u64::from(frame.ts_low);
            let seconds = i64::try_from(ticks / units).unwrap_or(i64::MAX).saturating_add(offset);
            Some(decode(
                link,
                frame.packet_data(),
                frame.origlen,
                time(seconds, ticks % units, units),
            ))
        }
        PcapBlockOwned::NG(Block::SimplePacket(frame)) => {
            let (link, ..) = *interfaces.first()?;
            Some(decode(link, frame.packet_data(), frame.origlen, Timestamp::UNIX_EPOCH))
        }
        PcapBlockOwned::NG(_) => None,
    }
}

fn time(seconds: i64, ticks: u64, units: u64) -> Timestamp {
    let nanoseconds = u128::from(ticks) * 1_000_000_000 / u128::from(units);
    let nanoseconds = i32::try_from(nanoseconds).unwrap_or(999_999_999);
    Timestamp::new(seconds, nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
