//! `export`: a recording's timeline, read from its beginning to its end.
//!
//! The same history as the screen's, fed with the same deltas: edits, and what they did to a pod's endpoints.

mod markdown;

use std::sync::Arc;

use jiff::Timestamp;

use self::markdown::Postmortem;
use super::args::{Cli, ExportArgs};
use super::exit::{Ended, Exit};
use super::recorded::{self, FileRecording, unplayable};
use super::reference::PodReference;
use super::{diff, input, print};
use crate::mesh::diff::{Reasons, TableDiff, tables};
use crate::mesh::history::{Cause, Edit, History, Limits};
use crate::mesh::model::Key;
use crate::mesh::scope::{Cache, Class, EndpointTable};
use crate::mesh::world::World;

/// More happenings than these are counted, not told: nobody reads them.
const MOST: usize = 2_000;
/// Pairs of tables that are compared for one batch of changes.
const PAIRS: usize = 64;

/// What happened at once.
pub(super) struct Happened {
    /// When it arrived.
    at: Timestamp,
    edits: Vec<Arc<Edit>>,
    /// What became of the pod's table; `None` if nothing, or no pod is asked about.
    effect: Option<(TableDiff, Reasons)>,
    /// Why, where no edit was made.
    cause: Cause,
}

/// Prints the timeline.
pub(super) fn export(cli: &Cli, args: &ExportArgs) -> Result<Exit, Ended> {
    let path = args.file.as_path();
    let mut recording = recorded::open(path)?;
    recorded::say_istio_namespace(cli, recording.header());
    let pod = match &args.pod {
        None => None,
        Some(text) => Some(find(cli, args, &mut recording, &PodReference::parse(text)?)?),
    };
    let mut story = Story::new(cli, pod);
    let begins = recording.begins();
    let failed = |error| unplayable(path, &error);
    recording.seek(begins).map_err(|error| failed(error.into()))?;
    while let Some(frame) = recording.next_frame().map_err(failed)? {
        story.take(frame.at, frame.deltas);
    }
    let written = Postmortem {
        header: recording.header(),
        reach: (begins, recording.ends()),
        pod: story.pod.as_ref(),
        happened: &story.happened,
        untold: story.untold,
        before: story.history.past().config(),
    };
    print::out(&written.to_string())?;
    Ok(Exit::Ok)
}

/// The pod that is meant: of the end, else of the beginning.
fn find(cli: &Cli, args: &ExportArgs, recording: &mut FileRecording, pod: &PodReference) -> Result<Key, Ended> {
    let default = diff::default_namespace(&input::shown(&cli.scope, None));
    let (begins, ends) = (recording.begins(), recording.ends());
    let mut look = |at: Timestamp| {
        let known = recording.known_at(at).map_err(|error| unplayable(&args.file, &error))?;
        Ok::<_, Ended>(pod.find(&known.world, &default))
    };
    match look(ends)? {
        Ok(key) => Ok(key),
        Err(missing) => Ok(look(begins)?.map_err(|_| missing)?),
    }
}

struct Story {
    world: World,
    history: History,
    cache: Cache,
    pod: Option<Key>,
    table: Option<Arc<EndpointTable>>,
    happened: Vec<Happened>,
    untold: usize,
}

impl Story {
    fn new(cli: &Cli, pod: Option<Key>) -> Self {
        let mut history = History::new(Limits::default());
        if let Some(pod) = &pod {
            history.follow(pod);
        }
        Self {
            world: World::default(),
            history,
            cache: Cache::new(input::settings(&cli.cluster)),
            pod,
            table: None,
            happened: Vec::new(),
            untold: 0,
        }
    }

    fn take(&mut self, at: Timestamp, deltas: Vec<crate::mesh::world::Delta>) {
        let before = self.history.journal().head();
        for delta in deltas {
            let changes = self.history.apply(&mut self.world, at, delta);
            self.cache.apply(&changes);
        }
        let (effect, cause) = self.effect();
        let head = self.history.journal().head();
        if head == before {
            return;
        }
        let entries = self
            .history
            .journal()
            .back_from(head)
            .take_while(|entry| entry.seq > before);
        let mut edits: Vec<Arc<Edit>> = entries.flat_map(|entry| entry.edits.iter().rev().cloned()).collect();
        edits.reverse();
        if edits.is_empty() && effect.is_none() {
            return;
        }
        if self.happened.len() >= MOST {
            self.untold += 1;
            return;
        }
        self.happened.push(Happened {
            at,
            edits,
            effect,
            cause,
        });
    }

    /// What became of the pod's table since it was looked at last, and why.
    fn effect(&mut self) -> (Option<(TableDiff, Reasons)>, Cause) {
        let Some(pod) = &self.pod else {
            return (None, Cause::Unknown);
        };
        self.history.advance(&self.world, pod, &mut self.cache, PAIRS);
        let table = self.cache.table(&self.world, pod).ok();
        let before = std::mem::replace(&mut self.table, table);
        let (Some(before), Some(after)) = (&before, &self.table) else {
            return (None, Cause::Unknown);
        };
        if Arc::ptr_eq(before, after) {
            return (None, Cause::Unknown);
        }
        let mut diff = tables(before, after);
        diff.added.retain(|(_, row)| row.class != Class::Bootstrap);
        diff.removed.retain(|(_, row)| row.class != Class::Bootstrap);
        diff.changed.retain(|(_, row, _)| row.class != Class::Bootstrap);
        let head = self.history.journal().head();
        let cause = self.history.pod(pod).and_then(|pod| pod.cause(head)).cloned();
        let effect = (!diff.is_empty()).then(|| (diff, Reasons::of(before, after)));
        (effect, cause.unwrap_or(Cause::Unknown))
    }
}
