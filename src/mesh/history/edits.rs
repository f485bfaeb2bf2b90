//! Edits: changes of what people (or their tools) write to steer the mesh, with author, generation and fields.
//!
//! What an object does not say is `None`, never guessed: `managedFields` name a program, not a person; a deletion names
//! nobody. Not here: pods, slices and nodes (those are events, [`super::Cause`]).

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::journal::Seq;
use super::weight;
use crate::mesh::diff::{FieldChange, ObjectText, fields};
use crate::mesh::model::{FieldManager, Key, Kind, Object, Text};
use crate::mesh::world::Change;

/// How many edits are kept, and how many bytes of objects; edits outlive the journal's entries.
const LIMIT: usize = 2_000;
const BYTES: usize = 16 << 20;
/// How many differing fields an edit names.
const FIELDS: usize = 256;

/// What was done to an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verb {
    /// It is new.
    Created,
    /// It is another than before.
    Edited,
    /// It is gone.
    Deleted,
    /// It was deleted and made anew under the same name.
    Recreated,
}

impl Verb {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Created => "created",
            Verb::Edited => "edited",
            Verb::Deleted => "deleted",
            Verb::Recreated => "recreated",
        }
    }
}

/// Who wrote, as far as `metadata.managedFields` tells.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Author {
    /// A program, such as `kubectl-edit`.
    pub manager: Text,
    /// `Apply` or `Update`.
    pub operation: Text,
    /// The server's time of the write, at one second.
    pub time: Option<Timestamp>,
}

impl From<&FieldManager> for Author {
    fn from(manager: &FieldManager) -> Self {
        Self {
            manager: manager.manager.clone(),
            operation: manager.operation.clone(),
            time: manager.time,
        }
    }
}

/// One edit.
#[derive(Clone, PartialEq, Debug)]
pub struct Edit {
    /// The journal entry it is part of (which may have fallen out of the journal).
    pub seq: Seq,
    /// When it arrived here.
    pub at: Timestamp,
    /// What was done.
    pub verb: Verb,
    /// To what.
    pub kind: Kind,
    /// To which.
    pub key: Key,
    /// By whom; `None` if nothing tells (every deletion, and kinds that keep no managers).
    pub author: Option<Author>,
    /// `metadata.generation` before and after; `None` where there is no object, 0 for kinds without generations.
    pub generation: (Option<i64>, Option<i64>),
    /// The object before and after, for the diff of its text.
    pub change: Change,
    fields: Arc<[FieldChange]>,
    written: Option<Timestamp>,
}

impl Edit {
    /// The fields that differ; none for a kind without text, an object created or deleted. Of a huge edit the first
    /// 256 (its YAML has them all).
    pub fn fields(&self) -> &[FieldChange] {
        &self.fields
    }

    /// The object's YAML before and after, as one would write it; empty where there is none.
    pub fn yaml(&self) -> (String, String) {
        let yaml = |object: Option<&Object>| text(object).map(|text| text.as_written().yaml()).unwrap_or_default();
        (yaml(self.change.before.as_ref()), yaml(self.change.after.as_ref()))
    }

    /// The server's time of the edit, where it is known: that of the author, of the creation. A time that what was there
    /// before is younger than is not that of this change: an object put back from a backup still tells of its old writes.
    pub fn written(&self) -> Option<Timestamp> {
        self.written
    }
}

/// See [`Edit::written`]; `before` is the object as it was last, also if it had gone meanwhile.
fn written(verb: Verb, author: Option<&Author>, before: Option<&Object>, after: Option<&Object>) -> Option<Timestamp> {
    let time = author.and_then(|author| author.time);
    let created = after.and_then(|object| object.meta().created);
    let at = match verb {
        Verb::Created | Verb::Recreated => time.max(created),
        Verb::Edited | Verb::Deleted => time,
    };
    let known = before.and_then(last_told);
    at.filter(|at| match verb {
        Verb::Recreated => known.is_none_or(|known| *at > known),
        Verb::Created | Verb::Edited | Verb::Deleted => known.is_none_or(|known| *at >= known),
    })
}

/// The newest time that an object tells of itself.
fn last_told(object: &Object) -> Option<Timestamp> {
    let managers = object.provenance().map_or(&[][..], |provenance| &provenance.managers);
    managers
        .iter()
        .filter_map(|manager| manager.time)
        .chain(object.meta().created)
        .max()
}

fn text(object: Option<&Object>) -> Option<ObjectText> {
    ObjectText::of(object?.provenance()?)
}

/// The edits that are kept, oldest first.
#[derive(Clone, Debug, Default)]
pub struct EditLog {
    edits: VecDeque<Arc<Edit>>,
    bytes: usize,
    dropped: usize,
}

impl EditLog {
    /// The edits, oldest first; `rev()` for newest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Edit>> + ExactSizeIterator {
        self.edits.iter()
    }

    /// The journal entry of the newest one.
    pub fn newest(&self) -> Option<Seq> {
        self.edits.back().map(|edit| edit.seq)
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.edits.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// How many were dropped because there were too many.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// The newest edit of an object.
    pub fn last_of(&self, kind: Kind, key: &Key) -> Option<&Arc<Edit>> {
        self.edits
            .iter()
            .rev()
            .find(|edit| edit.kind == kind && edit.key == *key)
    }

    /// Reads a change as an edit and keeps it; `None` if it is none.
    pub(super) fn read(&mut self, seq: Seq, at: Timestamp, change: &Change) -> Option<Arc<Edit>> {
        let (kind, key) = change.identity()?;
        let fields = differing(change);
        if !is_edit(kind, change, fields.as_deref()) {
            return None;
        }
        let mut fields = fields.unwrap_or_default();
        let verb = match (&change.before, &change.after) {
            (Some(before), Some(after)) if before.meta().uid != after.meta().uid => Verb::Recreated,
            (Some(_), Some(_)) => Verb::Edited,
            (Some(_), None) => Verb::Deleted,
            (None, _) if self.last_of(kind, key).is_some_and(|last| last.verb == Verb::Deleted) => Verb::Recreated,
            (None, _) => Verb::Created,
        };
        let last = self.last_of(kind, key).and_then(|last| last.change.before.as_ref());
        let known = change.before.as_ref().or(last.filter(|_| verb == Verb::Recreated));
        let author = author(verb, change, &fields);
        let written = written(verb, author.as_ref(), known, change.after.as_ref());
        let generation = |object: &Option<Object>| object.as_ref().map(|object| object.meta().generation);
        let edit = Arc::new(Edit {
            seq,
            at,
            verb,
            kind,
            key: key.clone(),
            author,
            generation: (generation(&change.before), generation(&change.after)),
            change: change.clone(),
            fields: {
                fields.truncate(FIELDS);
                fields.into()
            },
            written,
        });
        self.bytes += bytes_of(&edit);
        self.edits.push_back(Arc::clone(&edit));
        while (self.edits.len() > LIMIT || self.bytes > BYTES)
            && let Some(oldest) = self.edits.pop_front()
        {
            self.bytes -= bytes_of(&oldest);
            self.dropped += 1;
        }
        Some(edit)
    }
}

fn bytes_of(edit: &Edit) -> usize {
    let fields: usize = edit.fields.iter().map(|field| 128 + field.path.len()).sum();
    size_of::<Edit>() + fields + weight::of_changes(std::slice::from_ref(&edit.change))
}

/// Whether a change of this kind is an edit: whether rows could change by it.
fn is_edit(kind: Kind, change: &Change, fields: Option<&[FieldChange]>) -> bool {
    match kind {
        Kind::Pod | Kind::EndpointSlice | Kind::Node | Kind::Event => false,
        Kind::Namespace | Kind::RevisionTag => differs(change, |object| &object.meta().labels),
        Kind::Istiod => flags_differ(change),
        Kind::WorkloadEntry => input_differs(change, fields) || health_differs(change),
        Kind::Service
        | Kind::MeshConfigMap
        | Kind::Sidecar
        | Kind::VirtualService
        | Kind::DestinationRule
        | Kind::ServiceEntry
        | Kind::Gateway
        | Kind::EnvoyFilter
        | Kind::HTTPRoute
        | Kind::GRPCRoute
        | Kind::TCPRoute
        | Kind::TLSRoute => input_differs(change, fields),
    }
}

/// Whether one side is absent, or the sides differ in what `part` takes of them.
fn differs<T: PartialEq + ?Sized>(change: &Change, part: impl Fn(&Object) -> &T) -> bool {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => part(before) != part(after),
        (None, None) => false,
        _ => true,
    }
}

/// A Deployment is scaled and restarted without another flag.
fn flags_differ(change: &Change) -> bool {
    match (&change.before, &change.after) {
        (Some(Object::Istiod(before)), Some(Object::Istiod(after))) => {
            before.env != after.env
                || before.args != after.args
                || before.image_tag != after.image_tag
                || before.unreadable_env != after.unreadable_env
                || before.meta.labels != after.meta.labels
        }
        _ => true,
    }
}

/// istiod reads an entry's health from its status.
fn health_differs(change: &Change) -> bool {
    match (&change.before, &change.after) {
        (Some(Object::WorkloadEntry(before)), Some(Object::WorkloadEntry(after))) => before.healthy != after.healthy,
        _ => true,
    }
}

/// A write of the status, of an annotation that no rule reads, or by a manager that owns nothing new, is no edit.
fn input_differs(change: &Change, fields: Option<&[FieldChange]>) -> bool {
    let of_meta = |field: &FieldChange| is_under(&field.path, "metadata");
    differs(change, |object| &object.meta().uid)
        || differs(change, |object| &object.meta().labels)
        || differs(change, |object| &object.meta().annotations)
        || fields.is_none_or(|fields| !fields.iter().all(of_meta))
}

/// The fields in which the two texts of a change differ; none if one side is absent. `None` if a text cannot be read.
fn differing(change: &Change) -> Option<Vec<FieldChange>> {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return Some(Vec::new());
    };
    if before.provenance()?.text == after.provenance()?.text && !after.provenance()?.text.is_empty() {
        return Some(Vec::new());
    }
    Some(fields(&text(Some(before))?, &text(Some(after))?))
}

/// Of a creation the oldest manager; of an edit the newest whose time or fields are others than before, else the only
/// owner of all that has changed (a second edit within the same second leaves `managedFields` as they were).
fn author(verb: Verb, change: &Change, changed: &[FieldChange]) -> Option<Author> {
    let after = change.after.as_ref()?.provenance()?;
    let before = change.before.as_ref().and_then(Object::provenance);
    match verb {
        Verb::Deleted => None,
        Verb::Created | Verb::Recreated => after
            .managers
            .iter()
            .min_by_key(|manager| manager.time)
            .map(Author::from),
        Verb::Edited => {
            let known = before.map_or(&[][..], |before| &before.managers);
            let fresh = after.managers.iter().filter(|manager| !known.contains(manager));
            fresh
                .max_by_key(|manager| manager.time)
                .or_else(|| sole_owner(&after.managers, changed))
                .map(Author::from)
        }
    }
}

fn sole_owner<'a>(managers: &'a [FieldManager], changed: &[FieldChange]) -> Option<&'a FieldManager> {
    let mut owners = managers.iter().filter(|manager| {
        let owned = |field: &FieldChange| manager.fields.iter().any(|owned| is_under(&field.path, owned));
        changed.iter().any(owned)
    });
    let owner = owners.next()?;
    owners.next().is_none().then_some(owner)
}

/// Whether the path is the owned one or lies below it.
fn is_under(path: &str, owned: &str) -> bool {
    path.strip_prefix(owned)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests;
