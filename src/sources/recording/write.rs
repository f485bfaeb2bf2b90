//! The recorder: a world of its own that follows the deltas, and writes what they change.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::Timestamp;

use super::block::{Block, LONG, Part};
use super::header::Header;
use super::ops::Writer;
use crate::mesh::model::{Kind, Object, Text};
use crate::mesh::world::{Change, Delta, ListScope, World};

/// A whole is written again when this much was written since the last one, or twice as much as that one took.
const BETWEEN_WHOLES: u64 = 1 << 20;

/// Writes a recording. What was written and flushed plays, whatever happens then.
#[derive(Debug)]
pub struct Recorder<W> {
    out: W,
    world: World,
    writer: Writer,
    /// What is not written yet.
    raw: Vec<u8>,
    part: Part,
    from: i64,
    at: i64,
    broken: BTreeSet<(Kind, ListScope)>,
    written: u64,
    events: u64,
    /// Bytes since the last whole, and that it took.
    since_whole: u64,
    whole: u64,
}

impl<W: Write> Recorder<W> {
    /// Begins with the world as it is at this time.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn start(mut out: W, header: &Header, at: Timestamp, world: World) -> io::Result<Self> {
        header.write(&mut out)?;
        let at = at.as_microsecond();
        let mut recorder = Self {
            out,
            world,
            writer: Writer::default(),
            raw: Vec::new(),
            part: Part::Changes,
            from: at,
            at,
            broken: BTreeSet::new(),
            written: 0,
            events: 0,
            since_whole: 0,
            whole: 0,
        };
        recorder.write_whole()?;
        Ok(recorder)
    }

    /// How many bytes of blocks were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// How many changes of objects were written, or wait to be.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Takes in what a source said at this time, and how many objects changed by it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn take(&mut self, at: Timestamp, deltas: impl IntoIterator<Item = Delta>) -> io::Result<()> {
        for delta in deltas {
            if let Delta::Coverage(kind, scope, found) = &delta {
                self.pass(at);
                Writer::coverage(&mut self.raw, *kind, scope, *found);
            }
            for change in self.world.apply(delta) {
                self.put(at, &change)?;
            }
        }
        self.end_long_block()
    }

    /// Takes in changes as they stand: of the journal, which begins with the world that this began with.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn take_changes(&mut self, at: Timestamp, changes: &[Change]) -> io::Result<()> {
        for change in changes {
            self.world.apply_change(change);
            self.put(at, change)?;
        }
        self.end_long_block()
    }

    /// Takes in that a source broke (why), or goes on.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn take_source(
        &mut self,
        at: Timestamp,
        kind: Kind,
        scope: &ListScope,
        broken: Option<&Text>,
    ) -> io::Result<()> {
        let place = (kind, scope.clone());
        let is_news = match broken {
            Some(_) => self.broken.insert(place),
            None => self.broken.remove(&place),
        };
        if is_news {
            self.pass(at);
            Writer::source(&mut self.raw, kind, scope, broken.map(Text::as_str));
        }
        self.end_long_block()
    }

    /// Nothing more happened up to this time: the recording goes on to it.
    pub fn pass_time(&mut self, at: Timestamp) {
        if at.as_microsecond() > self.at {
            self.pass(at);
            // so that there is something to write
            Writer::passed(&mut self.raw, 0);
        }
    }

    /// The time up to which it goes.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_microsecond(self.at).unwrap_or_default()
    }

    fn put(&mut self, at: Timestamp, change: &Change) -> io::Result<()> {
        self.pass(at);
        self.events += 1;
        self.writer.change(&mut self.raw, change).map_err(io::Error::other)
    }

    /// What follows happened at this time, or if our clock went backwards, as late as what was before.
    fn pass(&mut self, at: Timestamp) {
        let at = at.as_microsecond().max(self.at);
        if self.raw.is_empty() {
            self.from = at;
        } else if at > self.at {
            Writer::passed(&mut self.raw, at.abs_diff(self.at));
        }
        self.at = at;
    }

    fn end_long_block(&mut self) -> io::Result<()> {
        if self.raw.len() >= LONG {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what waits; to be called at least each second.
    ///
    /// # Errors
    /// It cannot be written. What was written before still plays.
    pub fn flush(&mut self) -> io::Result<()> {
        self.end_block()?;
        if self.since_whole > BETWEEN_WHOLES.max(2 * self.whole) {
            self.write_whole()?;
        }
        self.out.flush()
    }

    fn end_block(&mut self) -> io::Result<()> {
        if self.raw.is_empty() {
            return Ok(());
        }
        let block = Block {
            part: self.part,
            from: self.from,
            to: self.at,
            raw: std::mem::take(&mut self.raw),
        };
        let written = block.write(&mut self.out)?;
        self.written += written;
        self.since_whole += written;
        self.raw = block.raw;
        self.raw.clear();
        Ok(())
    }

    /// Every object, then how complete each kind is, and what is broken: only with the last of it is it a whole.
    fn write_whole(&mut self) -> io::Result<()> {
        self.writer = Writer::default();
        let before = self.written;
        self.from = self.at;
        self.part = Part::Begins;
        for kind in Kind::ALL {
            let mut objects: Vec<Object> = Vec::with_capacity(self.world.count(*kind));
            self.world
                .each_in(*kind, &ListScope::All, &mut |object| objects.push(object));
            for object in objects {
                self.writer.put_new(&mut self.raw, &object).map_err(io::Error::other)?;
                if self.raw.len() >= LONG {
                    self.end_block()?;
                    self.part = Part::Within;
                }
            }
        }
        for (kind, scope, found) in self.world.coverage.iter() {
            Writer::coverage(&mut self.raw, kind, scope, found);
        }
        for (kind, scope) in &self.broken {
            Writer::source(&mut self.raw, *kind, scope, Some("it was broken before"));
        }
        // so that even an empty world has a last block
        Writer::passed(&mut self.raw, 0);
        self.part = match self.part {
            Part::Begins => Part::Whole,
            Part::Changes | Part::Within | Part::Ends | Part::Whole => Part::Ends,
        };
        self.end_block()?;
        self.part = Part::Changes;
        self.whole = self.written - before;
        self.since_whole = 0;
        Ok(())
    }
}
