//! A block of a recording: what was written at once, packed (DEFLATE), with its length and checksum before it.
//!
//! ```text
//! length of the packed bytes  4   | little-endian
//! length once unpacked        4   |
//! part of a whole             1   | see Part
//! first and last time         8 8 | microseconds since 1970, signed
//! CRC-32 of all that is above and below  4
//! the packed bytes
//! ```

use std::io::{self, Read, Write};

use super::varint::Bytes;

/// Bytes before the packed ones.
pub(super) const HEAD: usize = 4 + 4 + 1 + 8 + 8 + 4;
/// How hard it is packed: a block of a second takes a tenth of a millisecond.
const LEVEL: u8 = 6;
/// A block is ended when it is at least this long; one object more may make it longer.
pub(super) const LONG: usize = 64 * 1024;
/// No block is longer than this, packed or unpacked: etcd takes no object beyond 1.5 MiB, and a new one is added to
/// at most [`LONG`] bytes.
const LONGEST: usize = 32 << 20;

/// Whether a block is part of a whole: all objects, at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Changes.
    Changes,
    /// The first block of a whole, with more to come.
    Begins,
    /// A block in the middle.
    Within,
    /// The last one.
    Ends,
    /// A whole of one block.
    Whole,
}

impl Part {
    const ALL: [Part; 5] = [Part::Changes, Part::Begins, Part::Within, Part::Ends, Part::Whole];

    fn code(self) -> u8 {
        match self {
            Part::Changes => 0,
            Part::Begins => 1,
            Part::Within => 2,
            Part::Ends => 3,
            Part::Whole => 4,
        }
    }

    fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.code() == code)
    }

    /// Whether a whole begins here.
    pub(super) fn is_first(self) -> bool {
        matches!(self, Part::Begins | Part::Whole)
    }

    /// Whether a whole is complete with it.
    pub(super) fn is_last(self) -> bool {
        matches!(self, Part::Ends | Part::Whole)
    }
}

/// A block, unpacked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Block {
    pub(super) part: Part,
    /// Of the first change, in microseconds since 1970.
    pub(super) from: i64,
    /// Of the last one.
    pub(super) to: i64,
    pub(super) raw: Vec<u8>,
}

impl Block {
    /// Writes it; so many bytes.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<u64> {
        let too_long = || io::Error::other("an object is too long for a recording");
        let packed = miniz_oxide::deflate::compress_to_vec(&self.raw, LEVEL);
        if self.raw.len().max(packed.len()) > LONGEST {
            return Err(too_long());
        }
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| too_long());
        let mut bytes = Vec::with_capacity(HEAD + packed.len());
        bytes.extend(length(&packed)?.to_le_bytes());
        bytes.extend(length(&self.raw)?.to_le_bytes());
        bytes.push(self.part.code());
        bytes.extend(self.from.to_le_bytes());
        bytes.extend(self.to.to_le_bytes());
        bytes.extend(checksum(&bytes, &packed).to_le_bytes());
        bytes.extend(packed);
        // at once, so that no other write comes between
        out.write_all(&bytes)?;
        Ok(bytes.len() as u64)
    }

    /// Reads one; with how many bytes it takes. `None` where what is there is not a whole block, or was damaged.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Option<(Sealed, u64)>> {
        let mut head = [0; HEAD];
        if !fill(from, &mut head)? {
            return Ok(None);
        }
        let Some((sealed, packed, crc)) = Sealed::of_head(head) else {
            return Ok(None);
        };
        // never more than what is there, whatever the head says
        let mut bytes = Vec::new();
        from.take(packed as u64).read_to_end(&mut bytes)?;
        let Some(above) = head.get(..HEAD - 4) else {
            return Ok(None);
        };
        if bytes.len() != packed || checksum(above, &bytes) != crc {
            return Ok(None);
        }
        let length = (HEAD + packed) as u64;
        Ok(Some((
            Sealed {
                packed: bytes,
                ..sealed
            },
            length,
        )))
    }
}

/// A block as it is in the file, its checksum right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sealed {
    pub(super) part: Part,
    pub(super) from: i64,
    pub(super) to: i64,
    raw: usize,
    packed: Vec<u8>,
}

impl Sealed {
    fn of_head(head: [u8; HEAD]) -> Option<(Self, usize, u32)> {
        let mut head = Bytes(&head);
        let packed = usize::try_from(u32::from_le_bytes(head.array()?)).ok()?;
        let raw = usize::try_from(u32::from_le_bytes(head.array()?)).ok()?;
        let part = Part::of(head.byte()?)?;
        let from = i64::from_le_bytes(head.array()?);
        let to = i64::from_le_bytes(head.array()?);
        let crc = u32::from_le_bytes(head.array()?);
        let sealed = Self {
            part,
            from,
            to,
            raw,
            packed: Vec::new(),
        };
        (packed.max(raw) <= LONGEST && from <= to).then_some((sealed, packed, crc))
    }

    /// What it holds; `None` if that is not as long as it says.
    pub(super) fn open(&self) -> Option<Vec<u8>> {
        let raw = miniz_oxide::inflate::decompress_to_vec_with_limit(&self.packed, self.raw).ok()?;
        (raw.len() == self.raw).then_some(raw)
    }
}

fn checksum(head: &[u8], packed: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(head);
    crc.update(packed);
    crc.finalize()
}

/// Whether there was enough to fill it.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
