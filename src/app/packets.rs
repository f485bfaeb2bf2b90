//! The last packets of a capture, each with what it belongs to, seen from the chosen pod.
//!
//! Bounded: of more packets than are kept the oldest go, and what is counted by place is counted of those that are kept.
//! Not here: how packets are listed and filtered.

use std::collections::VecDeque;
use std::ops::Range;

use jiff::Timestamp;

use super::message::{CaptureState, Captured};
use super::traffic::{Directory, Place, Totals};
use crate::mesh::model::{Pod, Text};
use crate::mesh::scope::Row;
use crate::mesh::world::{Change, World};

/// How many packets are kept.
pub(super) const KEPT: usize = 10_000;

/// The packets of a capture.
#[derive(Debug, Default)]
pub(super) struct Packets {
    source: Option<Source>,
    kept: VecDeque<Kept>,
    /// The number of the first one that is kept; each has the next one.
    first: u64,
    /// Packets that nobody had time for.
    missed: u64,
    /// Packets that came while the screen was held still, and were more than can be kept.
    let_go: u64,
    totals: Totals,
    directory: Directory,
}

/// What packets come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Source {
    /// What, in a few words.
    pub from: Text,
    /// How it does.
    pub state: CaptureState,
    /// Since when.
    pub since: Timestamp,
}

/// A packet that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Kept {
    /// The packet and its text.
    pub captured: Captured,
    /// Where it goes to or comes from.
    pub place: Place,
}

impl Packets {
    /// What packets come from; `None` if none are asked for.
    pub(super) fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// Takes in how the capture does. From the first word on, addresses are known.
    pub(super) fn hear(&mut self, source: Source, world: &World) {
        if self.source.is_none() {
            self.directory = Directory::new(world, None, std::iter::empty());
        }
        self.source = Some(source);
    }

    /// Takes in packets; the oldest go that are too many then.
    pub(super) fn take(&mut self, batch: impl IntoIterator<Item = Captured>) {
        for captured in batch {
            let place = self.directory.place(&captured.packet);
            self.totals.count(&captured.packet, place.clone());
            self.kept.push_back(Kept { captured, place });
            if self.kept.len() > KEPT
                && let Some(old) = self.kept.pop_front()
            {
                self.totals.discount(&old.captured.packet, &old.place);
                self.first += 1;
            }
        }
    }

    /// So many packets were not passed on, since the start.
    pub(super) fn miss(&mut self, missed: u64) {
        self.missed = missed;
    }

    /// So many more came and were not taken in.
    pub(super) fn let_go(&mut self, packets: u64) {
        self.let_go += packets;
    }

    /// Takes in a change of the world.
    pub(super) fn follow(&mut self, change: &Change) {
        if self.source.is_some() {
            self.directory.follow(change);
        }
    }

    /// Looks from this pod on this table; whether packets have another place than before.
    pub(super) fn look_from<'r>(&mut self, pod: Option<&Pod>, rows: impl Iterator<Item = &'r Row>) -> bool {
        if self.source.is_none() || !self.directory.look_from(pod, rows) {
            return false;
        }
        self.totals = Totals::default();
        for kept in &mut self.kept {
            kept.place = self.directory.place(&kept.captured.packet);
            self.totals.count(&kept.captured.packet, kept.place.clone());
        }
        true
    }

    /// The packet of a number, if it is kept.
    pub(super) fn get(&self, number: u64) -> Option<&Kept> {
        self.kept.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The numbers of those that are kept, oldest first.
    pub(super) fn numbers(&self) -> Range<u64> {
        self.first..self.first + u64::try_from(self.kept.len()).unwrap_or(u64::MAX)
    }

    /// Packets that came and could not be taken in.
    pub(super) fn missed(&self) -> u64 {
        self.missed.saturating_add(self.let_go)
    }

    /// What went where, of the packets that are kept.
    pub(super) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// What is known of addresses.
    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::mesh::model::{Content, Packet, Socket};

    fn captured(port: u16) -> Captured {
        let end = |port| Socket {
            ip: Ipv4Addr::new(10, 0, 0, 1).into(),
            port,
        };
        Captured {
            packet: Packet {
                at: Timestamp::UNIX_EPOCH,
                seen: None,
                port: Some(port),
                missing: 0,
                extensions: Box::default(),
                content: Content::Udp(end(40_000), end(port), 7),
            },
            line: port.to_string().into(),
        }
    }

    fn counted(packets: &Packets) -> u64 {
        packets.totals().places.values().map(|total| total.packets).sum()
    }

    #[test]
    fn the_last_ones_are_kept_and_counted_and_keep_their_numbers() {
        let mut packets = Packets::default();
        for port in 1..=12_000 {
            packets.take([captured(port)]);
        }
        packets.miss(2);
        packets.let_go(1);
        assert_eq!(packets.numbers(), 2_000..12_000);
        assert_eq!(&*packets.get(2_000).unwrap().captured.line, "2001");
        assert_eq!((packets.get(1_999), packets.get(12_000)), (None, None));
        assert_eq!((counted(&packets), packets.missed()), (10_000, 3));
    }
}
