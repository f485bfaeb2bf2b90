//! What a block holds: a row of operations, each about one object, one kind, or the time of what follows.
//!
//! Objects have numbers, given out in the order of their coming and used again once they are gone, so that a change need
//! not name its object. Both sides count alike: [`Writer`] and [`Reader`] are each other's mirror.

use rustc_hash::FxHashMap;

use super::objects::{apply_difference, of_bytes, put_difference, to_bytes};
use super::varint::{self, Bytes};
use crate::mesh::model::{Key, Kind, Object, Text};
use crate::mesh::world::{Change, Delta, Found, ListScope};

/// Microseconds since the operation before; none of this: they happened at once.
const AT: u8 = 0;
const NEW: u8 = 1;
const CHANGED: u8 = 2;
const GONE: u8 = 3;
const COVERAGE: u8 = 4;
const BROKEN: u8 = 5;
const MENDED: u8 = 6;

/// All objects together take no more memory than this, whatever a file says.
const MOST_BYTES: usize = 1 << 30;

const FOUND: [Found; 4] = [Found::Pending, Found::All, Found::NoSuchKind, Found::Denied];

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Op {
    /// So many microseconds passed.
    Passed(u64),
    /// The cluster changed.
    Delta(Delta),
    /// The source of a kind broke (why), or was mended.
    Source(Kind, ListScope, Option<Text>),
}

/// Numbers objects and writes operations.
#[derive(Debug, Default)]
pub(super) struct Writer {
    numbers: FxHashMap<(Kind, Key), u64>,
    free: Vec<u64>,
    /// The last new object of each kind, as bytes: the next one is much like it.
    last: FxHashMap<Kind, Vec<u8>>,
}

impl Writer {
    pub(super) fn passed(out: &mut Vec<u8>, micros: u64) {
        out.push(AT);
        varint::put(out, micros);
    }

    /// # Errors
    /// As [`to_bytes`].
    pub(super) fn change(&mut self, out: &mut Vec<u8>, change: &Change) -> Result<(), rmp_serde::encode::Error> {
        match (&change.before, &change.after) {
            (Some(before), Some(after)) => match self.number(after) {
                Some(number) => {
                    out.push(CHANGED);
                    varint::put(out, number);
                    put_difference(out, &to_bytes(before)?, &to_bytes(after)?);
                    Ok(())
                }
                None => self.put_new(out, after),
            },
            (None, Some(after)) => self.put_new(out, after),
            (Some(before), None) => {
                if let Some(number) = self.numbers.remove(&identity(before)) {
                    out.push(GONE);
                    varint::put(out, number);
                    self.free.push(number);
                }
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// # Errors
    /// As [`to_bytes`].
    pub(super) fn put_new(&mut self, out: &mut Vec<u8>, object: &Object) -> Result<(), rmp_serde::encode::Error> {
        let bytes = to_bytes(object)?;
        let next = self.numbers.len() as u64;
        let number = self.free.pop().unwrap_or(next);
        self.numbers.insert(identity(object), number);
        out.push(NEW);
        out.push(number_of(object.kind()));
        let last = self.last.entry(object.kind()).or_default();
        put_difference(out, last, &bytes);
        *last = bytes;
        Ok(())
    }

    fn number(&self, object: &Object) -> Option<u64> {
        self.numbers.get(&identity(object)).copied()
    }

    pub(super) fn coverage(out: &mut Vec<u8>, kind: Kind, scope: &ListScope, found: Found) {
        out.push(COVERAGE);
        place(out, kind, scope);
        let code = FOUND.iter().position(|known| *known == found).unwrap_or_default();
        varint::put(out, code as u64);
    }

    pub(super) fn source(out: &mut Vec<u8>, kind: Kind, scope: &ListScope, broken: Option<&str>) {
        out.push(if broken.is_some() { BROKEN } else { MENDED });
        place(out, kind, scope);
        if let Some(why) = broken {
            varint::put_bytes(out, why.as_bytes());
        }
    }
}

fn identity(object: &Object) -> (Kind, Key) {
    (object.kind(), object.key().clone())
}

/// A kind's place in the table of kinds, which is the header's list.
fn number_of(kind: Kind) -> u8 {
    let place = Kind::ALL.iter().position(|known| *known == kind);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

fn place(out: &mut Vec<u8>, kind: Kind, scope: &ListScope) {
    out.push(number_of(kind));
    match scope {
        ListScope::All => varint::put(out, 0),
        ListScope::Namespace(namespace) => {
            varint::put(out, 1);
            varint::put_bytes(out, namespace.as_bytes());
        }
    }
}

/// An object that was read.
#[derive(Debug)]
struct Slot {
    kind: Kind,
    key: Key,
    bytes: Vec<u8>,
}

/// Reads operations.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The kinds by their number.
    kinds: Vec<Kind>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    last: FxHashMap<Kind, Vec<u8>>,
    held: usize,
}

/// Why operations cannot be read.
pub(super) type Nonsense = &'static str;

impl Reader {
    pub(super) fn new(kinds: Vec<Kind>) -> Self {
        Self {
            kinds,
            ..Self::default()
        }
    }

    /// A whole begins: what was before counts no more.
    pub(super) fn begin_anew(&mut self) {
        let kinds = std::mem::take(&mut self.kinds);
        *self = Self::new(kinds);
    }

    /// The next operation.
    pub(super) fn read(&mut self, from: &mut Bytes<'_>) -> Result<Op, Nonsense> {
        const SHORT: &str = "an operation is not whole";
        match from.byte().ok_or(SHORT)? {
            AT => from.number().map(Op::Passed).ok_or(SHORT),
            NEW => self.read_new(from),
            CHANGED => self.read_changed(from),
            GONE => self.read_gone(from.size().ok_or(SHORT)?),
            COVERAGE => {
                let (kind, scope) = self.place(from).ok_or(SHORT)?;
                let found = from.size().and_then(|code| FOUND.get(code)).ok_or(SHORT)?;
                Ok(Op::Delta(Delta::Coverage(kind, scope, *found)))
            }
            BROKEN => {
                let (kind, scope) = self.place(from).ok_or(SHORT)?;
                let why = Text::from(from.text().ok_or(SHORT)?);
                Ok(Op::Source(kind, scope, Some(why)))
            }
            MENDED => {
                let (kind, scope) = self.place(from).ok_or(SHORT)?;
                Ok(Op::Source(kind, scope, None))
            }
            _ => Err("an operation is unknown"),
        }
    }

    fn kind(&self, number: u8) -> Option<Kind> {
        self.kinds.get(usize::from(number)).copied()
    }

    fn place(&self, from: &mut Bytes<'_>) -> Option<(Kind, ListScope)> {
        let kind = from.byte().and_then(|number| self.kind(number))?;
        let scope = match from.number()? {
            0 => ListScope::All,
            1 => ListScope::Namespace(from.text()?.into()),
            _ => return None,
        };
        Some((kind, scope))
    }

    fn read_new(&mut self, from: &mut Bytes<'_>) -> Result<Op, Nonsense> {
        let kind = from.byte().and_then(|number| self.kind(number));
        let kind = kind.ok_or("an object is of no kind")?;
        let last = self.last.entry(kind).or_default();
        let bytes = apply_difference(from, last).ok_or("a new object does not unpack")?;
        last.clone_from(&bytes);
        let object = of_bytes(kind, &bytes).map_err(|_| "an object is none of its kind")?;
        let slot = self.slot(kind, &object, bytes)?;
        match self.free.pop().and_then(|at| self.slots.get_mut(at)) {
            Some(place) => *place = Some(slot),
            None => self.slots.push(Some(slot)),
        }
        Ok(Op::Delta(Delta::Put(object)))
    }

    fn read_changed(&mut self, from: &mut Bytes<'_>) -> Result<Op, Nonsense> {
        const NONE: &str = "an object changed that is not there";
        let at = from.size().ok_or(NONE)?;
        let slot = self.slots.get(at).and_then(Option::as_ref).ok_or(NONE)?;
        let (kind, before) = (slot.kind, slot.bytes.len());
        let bytes = apply_difference(from, &slot.bytes).ok_or("a change of an object does not unpack")?;
        let object = of_bytes(kind, &bytes).map_err(|_| "an object is none of its kind")?;
        if *object.key() != slot.key {
            return Err("an object changed its name");
        }
        self.held -= before;
        let slot = self.slot(kind, &object, bytes)?;
        if let Some(place) = self.slots.get_mut(at) {
            *place = Some(slot);
        }
        Ok(Op::Delta(Delta::Put(object)))
    }

    fn read_gone(&mut self, at: usize) -> Result<Op, Nonsense> {
        let slot = self.slots.get_mut(at).and_then(Option::take);
        let slot = slot.ok_or("an object went that is not there")?;
        self.held -= slot.bytes.len();
        self.free.push(at);
        Ok(Op::Delta(Delta::Remove(slot.kind, slot.key)))
    }

    fn slot(&mut self, kind: Kind, object: &Object, bytes: Vec<u8>) -> Result<Slot, Nonsense> {
        self.held += bytes.len();
        if self.held > MOST_BYTES {
            return Err("its objects take more than 1 GiB");
        }
        let key = object.key().clone();
        Ok(Slot { kind, key, bytes })
    }
}
