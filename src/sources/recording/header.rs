//! The first two lines of a recording: its format, and where, when and by which release it was made.

use std::io::{self, Read, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::read::Unplayable;
use crate::mesh::model::{Kind, brief};

/// The format that is written, and the only one that is read.
pub const FORMAT: u32 = 1;

/// How every recording begins; then the format's number and the end of the line.
pub(super) const MAGIC: &str = "sidescope recording ";
/// More than any header has.
const LONGEST: usize = 64 * 1024;

/// Where, when and by which release a recording was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// The release that wrote it.
    pub sidescope: String,
    /// The kubeconfig's context.
    pub context: String,
    /// The API server's URL.
    pub server: String,
    /// Where the control plane was looked for.
    pub istio_namespace: String,
    /// When recording began; what is in it may be older (the ring's minutes before).
    pub started: Timestamp,
    /// The time zone of whoever recorded, by its IANA name; empty if it has none (UTC is then meant).
    pub zone: String,
    /// The kinds, by the names that RBAC knows them by; a kind's number in the file is its place here.
    pub kinds: Vec<String>,
}

impl Header {
    /// A header of this release, with its kinds.
    pub fn new(started: Timestamp, zone: &TimeZone) -> Self {
        Self {
            sidescope: env!("CARGO_PKG_VERSION").to_owned(),
            context: String::new(),
            server: String::new(),
            istio_namespace: String::new(),
            started,
            zone: zone.iana_name().unwrap_or_default().to_owned(),
            kinds: Kind::ALL.iter().map(|kind| kind.plural().to_owned()).collect(),
        }
    }

    /// The time zone of whoever recorded; UTC where this machine does not know it.
    pub fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let line = serde_json::to_string(self)?;
        out.write_all(format!("{MAGIC}{FORMAT}\n{line}\n").as_bytes())
    }

    /// Reads the two lines; the kinds in the order of their numbers.
    pub(super) fn read(from: &mut impl Read) -> Result<(Self, Vec<Kind>), Unplayable> {
        let mut magic = [0; MAGIC.len()];
        read_whole(from, &mut magic)?;
        if magic != MAGIC.as_bytes() {
            return Err(Unplayable::NotARecording);
        }
        let format = line(from)?;
        if format != FORMAT.to_string() {
            return Err(Unplayable::Format {
                found: brief(&format).into_owned(),
            });
        }
        let header: Self = serde_json::from_str(&line(from)?)
            .map_err(|error| Unplayable::Header(brief(&error.to_string()).into_owned()))?;
        let known = |name: &String| Kind::ALL.iter().copied().find(|kind| kind.plural() == name);
        let kinds = header.kinds.iter().map(|name| {
            known(name)
                .ok_or_else(|| Unplayable::Header(format!("'{}' is no kind that this release knows", brief(name))))
        });
        let kinds = kinds.collect::<Result<Vec<_>, _>>()?;
        Ok((header, kinds))
    }
}

fn read_whole(from: &mut impl Read, bytes: &mut [u8]) -> Result<(), Unplayable> {
    from.read_exact(bytes).map_err(|error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Unplayable::NotARecording
        } else {
            Unplayable::Unreadable(error)
        }
    })
}

/// Up to the end of the line, which is taken too.
fn line(from: &mut impl Read) -> Result<String, Unplayable> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    loop {
        read_whole(from, &mut byte)?;
        match byte {
            [b'\n'] => break,
            [byte] if bytes.len() < LONGEST => bytes.push(byte),
            [_] => return Err(Unplayable::Header("its line has no end".to_owned())),
        }
    }
    String::from_utf8(bytes).map_err(|_| Unplayable::Header("not UTF-8".to_owned()))
}
