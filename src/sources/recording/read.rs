//! The player: the blocks of a recording, checked when it is opened, and its changes in their order from any time on.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use jiff::Timestamp;

use super::block::Block;
use super::header::{FORMAT, Header};
use super::ops::{Op, Reader};
use super::varint::Bytes;
use crate::mesh::model::{Kind, Text};
use crate::mesh::world::{Delta, ListScope, World};

/// So many deltas are given at once, at most, so that a block's content is never in memory whole.
const DELTAS: usize = 1_024;

/// Why a recording does not play.
#[derive(Debug, thiserror::Error)]
pub enum Unplayable {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// It begins otherwise.
    #[error("it is no recording of sidescope")]
    NotARecording,
    /// Another release's format.
    #[error("its format is '{found}', this release plays {FORMAT}: play it with the release that recorded it")]
    Format {
        /// As it stands there.
        found: String,
    },
    /// The line of its header says something else than one should.
    #[error("its header cannot be read: {0}")]
    Header(String),
    /// There is not one whole block.
    #[error("nothing was recorded yet")]
    Empty,
    /// A block whose checksum is right says nonsense: nobody's cut, but a defect or a forgery.
    #[error("from {at} on it cannot be read: {problem}")]
    Nonsense {
        /// Up to here it plays.
        at: Timestamp,
        /// What is wrong.
        problem: &'static str,
    },
}

/// What happened at one time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// When it arrived at the recorder. Several frames may have the same time.
    pub at: Timestamp,
    /// How the cluster changed, in order.
    pub deltas: Vec<Delta>,
    /// Sources that broke (why), or go on.
    pub sources: Vec<(Kind, ListScope, Option<Text>)>,
}

/// What was known at one time.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Every object.
    pub world: World,
    /// Kinds that were not followed then, where, and why: their objects may have been others.
    pub broken: BTreeMap<(Kind, ListScope), Text>,
}

/// Where a whole begins.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    at: Timestamp,
    offset: u64,
}

/// A recording that plays.
#[derive(Debug)]
pub struct Recording<R> {
    from: R,
    header: Header,
    anchors: Vec<Anchor>,
    begins: Timestamp,
    ends: Timestamp,
    /// The last whole block ends here.
    good: u64,
    damaged: u64,
    reader: Reader,
    offset: u64,
    /// The present block, and how far it is read.
    block: Vec<u8>,
    done: usize,
    at: Timestamp,
    place: Place,
}

/// Where the player is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// Before the whole that it begins with.
    Start,
    /// In that whole: it is told.
    First,
    /// Among changes.
    Changes,
    /// In a later whole, which says nothing new.
    Known,
}

impl<R: Read + Seek> Recording<R> {
    /// Opens it and checks all its blocks; at its beginning.
    ///
    /// # Errors
    /// It is none, of another format, or holds nothing.
    pub fn open(mut from: R) -> Result<Self, Unplayable> {
        let (header, kinds) = Header::read(&mut from)?;
        let mut scan = Scan::new(from.stream_position()?);
        while let Some((sealed, length)) = Block::read(&mut from)? {
            if !scan.takes(&sealed, length) {
                break;
            }
        }
        let first = *scan.anchors.first().ok_or(Unplayable::Empty)?;
        let all = from.seek(SeekFrom::End(0))?;
        let mut recording = Self {
            from,
            header,
            begins: first.at,
            ends: scan.ends.unwrap_or(first.at),
            good: scan.good,
            damaged: all.saturating_sub(scan.good),
            anchors: scan.anchors,
            reader: Reader::new(kinds),
            offset: first.offset,
            block: Vec::new(),
            done: 0,
            at: first.at,
            place: Place::Start,
        };
        recording.go(first)?;
        Ok(recording)
    }

    /// By whom, where and when.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The time of its first world.
    pub fn begins(&self) -> Timestamp {
        self.begins
    }

    /// The time of its last change.
    pub fn ends(&self) -> Timestamp {
        self.ends
    }

    /// How many wholes it holds.
    #[cfg(test)]
    pub(super) fn wholes(&self) -> usize {
        self.anchors.len()
    }

    /// How many bytes at its end are no whole block: it was cut off, or damaged there.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Goes to the last whole that was written by this time, or to the first one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn seek(&mut self, to: Timestamp) -> io::Result<()> {
        let before = self.anchors.iter().rev().find(|anchor| anchor.at <= to);
        let anchor = before.or(self.anchors.first()).copied();
        anchor.map_or(Ok(()), |anchor| self.go(anchor))
    }

    fn go(&mut self, to: Anchor) -> io::Result<()> {
        self.from.seek(SeekFrom::Start(to.offset))?;
        self.offset = to.offset;
        self.block.clear();
        self.done = 0;
        self.at = to.at;
        self.place = Place::Start;
        Ok(())
    }

    /// What happened next; `None` at the end. First comes a whole: every object, then how complete each kind is.
    ///
    /// # Errors
    /// The file cannot be read, or says nonsense: there it ends.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Unplayable> {
        loop {
            if self.done >= self.block.len() && !self.next_block()? {
                return Ok(None);
            }
            let frame = self.decode()?;
            let is_told = self.place != Place::Known && !(frame.deltas.is_empty() && frame.sources.is_empty());
            if is_told {
                return Ok(Some(frame));
            }
        }
    }

    /// What was known at this time.
    ///
    /// # Errors
    /// As [`Recording::next_frame`].
    pub fn known_at(&mut self, time: Timestamp) -> Result<Known, Unplayable> {
        self.seek(time)?;
        let mut known = Known::default();
        while let Some(frame) = self.next_frame()? {
            if frame.at > time {
                break;
            }
            for delta in frame.deltas {
                known.world.apply(delta);
            }
            for (kind, scope, broken) in frame.sources {
                let place = (kind, scope);
                match broken {
                    Some(why) => known.broken.insert(place, why),
                    None => known.broken.remove(&place),
                };
            }
        }
        Ok(known)
    }

    fn next_block(&mut self) -> Result<bool, Unplayable> {
        if self.offset >= self.good {
            return Ok(false);
        }
        let Some((sealed, length)) = Block::read(&mut self.from)? else {
            // it was whole when the recording was opened
            return Ok(false);
        };
        self.offset += length;
        if sealed.part.is_first() {
            self.reader.begin_anew();
            self.place = if self.place == Place::Start {
                Place::First
            } else {
                Place::Known
            };
        } else if sealed.part == super::block::Part::Changes {
            self.place = Place::Changes;
        }
        self.at = time(sealed.from).unwrap_or(self.at);
        self.block = sealed.open().ok_or(Unplayable::Nonsense {
            at: self.at,
            problem: "a block does not unpack",
        })?;
        self.done = 0;
        Ok(true)
    }

    /// What follows in the block, up to another time.
    fn decode(&mut self) -> Result<Frame, Unplayable> {
        let mut frame = Frame {
            at: self.at,
            deltas: Vec::new(),
            sources: Vec::new(),
        };
        while self.done < self.block.len() && frame.deltas.len() + frame.sources.len() < DELTAS {
            let mut bytes = Bytes(self.block.get(self.done..).unwrap_or_default());
            let op = self.reader.read(&mut bytes);
            let op = op.map_err(|problem| Unplayable::Nonsense { at: self.at, problem })?;
            self.done = self.block.len() - bytes.0.len();
            match op {
                Op::Delta(delta) => frame.deltas.push(delta),
                Op::Source(kind, scope, broken) => frame.sources.push((kind, scope, broken)),
                Op::Passed(micros) => {
                    let later = i64::try_from(micros).ok();
                    let later = later.and_then(|micros| self.at.as_microsecond().checked_add(micros));
                    self.at = later.and_then(time).ok_or(Unplayable::Nonsense {
                        at: self.at,
                        problem: "a time is none",
                    })?;
                    if micros > 0 {
                        break;
                    }
                }
            }
        }
        Ok(frame)
    }
}

fn time(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

/// What is known of the blocks that were looked at.
struct Scan {
    anchors: Vec<Anchor>,
    /// Where a whole began that is not complete yet.
    begun: Option<Anchor>,
    good: u64,
    ends: Option<Timestamp>,
}

impl Scan {
    fn new(offset: u64) -> Self {
        Self {
            anchors: Vec::new(),
            begun: None,
            good: offset,
            ends: None,
        }
    }

    /// Whether this block can follow; if so, it counts.
    fn takes(&mut self, sealed: &super::block::Sealed, length: u64) -> bool {
        let (Some(from), Some(to)) = (time(sealed.from), time(sealed.to)) else {
            return false;
        };
        if self.ends.is_some_and(|before| from < before) {
            return false;
        }
        if sealed.part.is_first() {
            self.begun = Some(Anchor {
                at: from,
                offset: self.good,
            });
        }
        // before the first whole there is nothing that changes could be about
        if self.begun.is_none() && self.anchors.is_empty() {
            return false;
        }
        if sealed.part.is_last() {
            self.anchors.extend(self.begun.take());
        }
        self.good += length;
        self.ends = Some(to);
        true
    }
}
