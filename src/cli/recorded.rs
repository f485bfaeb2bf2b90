//! Objects as a recording has them at one time, and what has to be said besides.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{Cli, LogArgs};
use super::exit::{Ended, Exit};
use super::print;
use crate::app::moment::{Moment, Reach};
use crate::mesh::model::Kind;
use crate::mesh::world::{ListScope, World};
use crate::sources::recording::{self, Header, Recording, Unplayable};

/// A recording in a file.
pub(super) type FileRecording = Recording<std::io::BufReader<std::fs::File>>;

/// What was known at one time of a recording.
pub(super) struct Recorded {
    pub(super) world: World,
    pub(super) at: Timestamp,
    /// Kinds that were not followed then, as a phrase each.
    broken: Vec<(Kind, String)>,
}

/// Why a recording does not play, and which.
pub(super) fn unplayable(path: &Path, error: &Unplayable) -> Ended {
    Ended::new(Exit::Usage, format!("cannot play '{}': {error}", path.display()))
}

/// Opens a recording; of one that was cut off, says up to where it plays.
pub(super) fn open(path: &Path) -> Result<FileRecording, Ended> {
    let recording = recording::open(path).map_err(|error| unplayable(path, &error))?;
    if recording.damaged() > 0 {
        print::err(&format!(
            "note: '{}' was cut off or is damaged: it plays up to {:.0}, the last {} bytes do not",
            path.display(),
            recording.ends(),
            recording.damaged()
        ));
    }
    Ok(recording)
}

/// In which zone times are meant and shown: that of whoever recorded, if not UTC is asked for.
pub(super) fn time_zone(log: &LogArgs, header: &Header) -> TimeZone {
    if log.utc { TimeZone::UTC } else { header.time_zone() }
}

/// From when to when a recording goes.
pub(super) fn reach(cli: &Cli, recording: &FileRecording) -> Reach {
    Reach {
        begins: recording.begins(),
        ends: recording.ends(),
        zone: time_zone(&cli.log, recording.header()),
    }
}

/// Says which namespace the control plane was looked for in, if that is another than is asked for now.
pub(super) fn say_istio_namespace(cli: &Cli, header: &Header) {
    if header.istio_namespace != cli.cluster.istio_namespace {
        print::err(&format!(
            "note: it was recorded with '--istio-namespace {}': give it here too",
            header.istio_namespace
        ));
    }
}

impl Recorded {
    /// What was known at a time; at the end, if none is named.
    pub(super) fn load(cli: &Cli, path: &Path, at: Option<Moment>) -> Result<Self, Ended> {
        let mut recording = open(path)?;
        let reach = reach(cli, &recording);
        let at = match at {
            None => reach.ends,
            Some(moment) => reach
                .find(moment)
                .map_err(|problem| Ended::new(Exit::Usage, format!("'{}': {problem}", path.display())))?,
        };
        let known = recording.known_at(at).map_err(|error| unplayable(path, &error))?;
        print::err(&format!(
            "note: as of {at:.0}, recorded in context '{}'; computed by this release's rules",
            recording.header().context
        ));
        say_istio_namespace(cli, recording.header());
        let phrase = |((kind, scope), why): ((Kind, ListScope), _)| {
            let place = match scope {
                ListScope::All => String::new(),
                ListScope::Namespace(namespace) => format!(" in namespace '{namespace}'"),
            };
            (kind, format!("{}{place} not followed then ({why})", kind.plural()))
        };
        Ok(Self {
            world: known.world,
            at,
            broken: known.broken.into_iter().map(phrase).collect(),
        })
    }

    /// What of these kinds was not followed then.
    pub(super) fn unfollowed(&self, kinds: &[Kind]) -> Vec<String> {
        let of_kinds = self.broken.iter().filter(|(kind, _)| kinds.contains(kind));
        of_kinds.map(|(_, phrase)| phrase.clone()).collect()
    }
}
