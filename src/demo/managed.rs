//! `metadata.managedFields`: who owns which field, after each kind of write.
//!
//! Mirrors `structured-merge-diff/v6/merge.Updater` and `apimachinery/pkg/util/managedfields/internal`. One schema serves all
//! versions of a kind here, so sets of different versions need no conversion.

use serde_json::{Map, Value, json};

use super::author::{Author, Part};
use super::fields::{FieldSet, compare, fields_of, merge, remove};
use super::refusal::{Cause, Details, Reason, Refusal};
use super::schema::Type;
use super::tree::rfc3339;

/// Update entries kept for one object; older ones become one entry (`DefaultMaxUpdateManagers`).
const MOST_UPDATERS: usize = 10;
const LAST_APPLIED: &str = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

/// What the server sets by itself and nobody owns.
const STRIPPED: [&[&str]; 12] = [
    &["f:apiVersion"],
    &["f:kind"],
    &["f:metadata"],
    &["f:metadata", "f:name"],
    &["f:metadata", "f:namespace"],
    &["f:metadata", "f:creationTimestamp"],
    &["f:metadata", "f:selfLink"],
    &["f:metadata", "f:uid"],
    &["f:metadata", "f:clusterName"],
    &["f:metadata", "f:generation"],
    &["f:metadata", "f:managedFields"],
    &["f:metadata", "f:resourceVersion"],
];

/// How a manager came by its fields. The order is that of managedFields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    Apply,
    Update,
}

/// One entry of managedFields. The order of its fields is the order of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    operation: Operation,
    time: String,
    manager: String,
    api_version: String,
    subresource: String,
    fields: FieldSet,
}

/// All entries of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::demo) struct Managed {
    entries: Vec<Entry>,
}

/// What an apply makes of an object.
pub(in crate::demo) struct Applied {
    /// The object, managedFields left out.
    pub object: Value,
    /// Who owns what then.
    pub managed: Managed,
}

impl Managed {
    /// Reads an object's entries; an entry that makes no sense empties the list, as in the real server.
    pub(in crate::demo) fn of(object: &Value) -> Self {
        let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        let read: Option<Vec<Entry>> = entries.into_iter().flatten().map(Entry::read).collect();
        Self {
            entries: read.unwrap_or_default(),
        }
    }

    /// The entries that hold after a write: those the client gave, or the live object's. A client that sends an empty list
    /// resets them.
    pub(in crate::demo) fn before_write(live: &Value, given: &Value, part: Part) -> Self {
        let list = given.pointer("/metadata/managedFields").and_then(Value::as_array);
        match (part, list.map(Vec::as_slice)) {
            (Part::Whole, Some([])) => Self::default(),
            (Part::Whole, Some([only])) if only.as_object().is_some_and(Map::is_empty) => Self::default(),
            (Part::Whole, Some(_)) if !Self::of(given).entries.is_empty() => Self::of(given),
            (Part::Whole | Part::Status, _) => Self::of(live),
        }
    }

    pub(in crate::demo) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// As `metadata.managedFields`, in the server's order.
    pub(in crate::demo) fn json(mut self) -> Value {
        self.entries.sort_by(|a, b| {
            (a.operation, &a.time, &a.manager, &a.api_version, &a.subresource).cmp(&(
                b.operation,
                &b.time,
                &b.manager,
                &b.api_version,
                &b.subresource,
            ))
        });
        Value::Array(self.entries.iter().map(Entry::json).collect())
    }

    /// The same without the times, which alone do not make a write.
    pub(in crate::demo) fn without_times(mut self) -> Self {
        for entry in &mut self.entries {
            entry.time.clear();
        }
        self
    }

    /// After a create, update or patch that led from `live` to `next`: the writer owns what it added or changed, and nobody
    /// owns what is gone (`Updater.Update`).
    pub(in crate::demo) fn update(
        &mut self,
        live: &Value,
        next: &Value,
        author: &Author<'_>,
        api_version: &str,
        of: Type<'_>,
    ) {
        let mut found = compare(live, next, of);
        found.each(|set| keep_part(set, author.part, of));
        let mine = found.modified.union(&found.added);
        let touched = mine.clone().union(&found.removed);
        for entry in &mut self.entries {
            entry.fields = entry.fields.difference(&touched);
        }
        self.entries.retain(|entry| !entry.fields.is_empty());
        let mine = mine.difference(&stripped());
        if mine.is_empty() {
            return;
        }
        let fresh = Entry::by(author, Operation::Update, api_version, mine);
        match self.entries.iter_mut().find(|entry| entry.is_of(&fresh)) {
            Some(entry) => {
                entry.fields = std::mem::take(&mut entry.fields).union(&fresh.fields);
                entry.time = fresh.time;
            }
            None => self.entries.push(fresh),
        }
        self.cap();
    }

    /// Lays a configuration over the live object (`null` if there is none) as an applier (`Updater.Apply`).
    ///
    /// # Errors
    /// 409 with a cause for each field that somebody else owns, unless `force`.
    pub(in crate::demo) fn apply(
        mut self,
        live: &Value,
        config: &Value,
        author: &Author<'_>,
        force: Force,
        of: Type<'_>,
    ) -> Result<Applied, Refusal> {
        let api_version = config.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        if self.is_empty() && !live.is_null() {
            let before = Author {
                manager: "before-first-apply",
                ..*author
            };
            self.update(&json!({}), live, &before, api_version, of);
        }
        let merged = if live.is_null() {
            config.clone()
        } else {
            merge(live, config, of)
        };
        let mut set = fields_of(config, of);
        keep_part(&mut set, author.part, of);
        let fresh = Entry::by(author, Operation::Apply, api_version, set);
        let last = self.entries.iter().find(|entry| entry.is_of(&fresh)).cloned();
        self.entries.retain(|entry| !entry.is_of(&fresh));
        self.entries.push(fresh.clone());
        let object = match &last {
            Some(last) if !last.fields.is_empty() => self.prune(&merged, &last.fields, of),
            Some(_) | None => merged,
        };
        self.settle(live, &object, &fresh, (force, author), of)?;
        let changed = object != *live;
        for entry in self.entries.iter_mut().filter(|entry| entry.is_of(&fresh)) {
            entry.fields = entry.fields.difference(&stripped());
            if !changed {
                entry.time = last.as_ref().map(|last| last.time.clone()).unwrap_or_default();
            }
        }
        self.entries.retain(|entry| !entry.fields.is_empty());
        Ok(Applied { object, managed: self })
    }

    /// Takes what the apply changed away from others, or says who they are.
    #[allow(
        clippy::too_many_arguments,
        reason = "what an apply is about does not come in fewer parts"
    )]
    fn settle(
        &mut self,
        live: &Value,
        object: &Value,
        fresh: &Entry,
        (force, author): (Force, &Author<'_>),
        of: Type<'_>,
    ) -> Result<(), Refusal> {
        let nothing = json!({});
        let mut found = compare(if live.is_null() { &nothing } else { live }, object, of);
        found.each(|set| keep_part(set, author.part, of));
        let changed = found.modified.union(&found.added);
        let conflicts: Vec<(&Entry, FieldSet)> = self
            .entries
            .iter()
            .filter(|entry| !entry.is_of(fresh))
            .map(|entry| (entry, entry.fields.intersection(&changed)))
            .filter(|(_, fields)| !fields.is_empty())
            .collect();
        let allowed = match force {
            Force::Yes => true,
            Force::No => may_take_over(live, &conflicts, author, of),
        };
        if !allowed && !conflicts.is_empty() {
            return Err(conflict(&conflicts));
        }
        let touched = changed.union(&found.removed);
        for entry in self.entries.iter_mut().filter(|entry| !entry.is_of(fresh)) {
            entry.fields = entry.fields.difference(&touched);
        }
        Ok(())
    }

    /// Takes out what the applier applied last time, not this time, and nobody else owns (`Updater.prune`).
    fn prune(&self, merged: &Value, last: &FieldSet, of: Type<'_>) -> Value {
        let named = |value: &Value| fields_of(value, of).with_named_fields(of);
        let without = |set: &FieldSet| remove(merged, set, of).unwrap_or_else(|| json!({}));
        let last = last.with_named_fields(of);
        let owned = self
            .entries
            .iter()
            .fold(FieldSet::default(), |all, entry| all.union(&entry.fields));
        let all = named(merged);
        let pruned = without(&last);
        let pruned = without(&all.difference(&named(&pruned).union(&owned.with_named_fields(of))));
        without(&all.difference(&named(&pruned)).intersection(&last))
    }

    /// Melts the oldest update entries of one version into one (`capManagersManager`).
    fn cap(&mut self) {
        let is_update = |entry: &Entry| entry.operation == Operation::Update;
        while self.entries.iter().filter(|entry| is_update(entry)).count() > MOST_UPDATERS {
            self.entries
                .sort_by(|a, b| (&a.time, &a.manager).cmp(&(&b.time, &b.manager)));
            let Some(first) = self.entries.iter().position(is_update) else {
                return;
            };
            let mut bucket = self.entries.remove(first);
            let Some(second) = self
                .entries
                .iter()
                .position(|entry| is_update(entry) && entry.api_version == bucket.api_version)
            else {
                self.entries.push(bucket);
                return;
            };
            let younger = self.entries.remove(second);
            bucket.fields = bucket.fields.union(&younger.fields);
            bucket.time = younger.time;
            "ancient-changes".clone_into(&mut bucket.manager);
            bucket.subresource.clear();
            self.entries.push(bucket);
        }
    }
}

/// Whether an apply takes over what others own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// Others lose the fields.
    Yes,
    /// It is refused with 409.
    No,
}

impl Entry {
    fn by(author: &Author<'_>, operation: Operation, api_version: &str, fields: FieldSet) -> Self {
        let manager = if author.manager.is_empty() {
            "unknown"
        } else {
            author.manager
        };
        let subresource = match author.part {
            Part::Whole => "",
            Part::Status => "status",
        };
        Self {
            operation,
            time: rfc3339(author.time),
            manager: manager.to_owned(),
            api_version: api_version.to_owned(),
            subresource: subresource.to_owned(),
            fields,
        }
    }

    /// Whether both are one manager's entry; an applier has one whatever version it used.
    fn is_of(&self, other: &Self) -> bool {
        self.operation == other.operation
            && self.manager == other.manager
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    fn read(entry: &Value) -> Option<Self> {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let operation = match text("operation").as_str() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        if text("apiVersion").is_empty() || text("fieldsType") != "FieldsV1" {
            return None;
        }
        Some(Self {
            operation,
            time: text("time"),
            manager: text("manager"),
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            fields: FieldSet::from_json(entry.get("fieldsV1").unwrap_or(&Value::Null)),
        })
    }

    fn json(&self) -> Value {
        let operation = match self.operation {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        };
        let mut entry = json!({
            "manager": self.manager, "operation": operation, "apiVersion": self.api_version,
            "fieldsType": "FieldsV1", "fieldsV1": self.fields.json(),
        });
        if let Some(entry) = entry.as_object_mut() {
            for (key, text) in [("time", &self.time), ("subresource", &self.subresource)] {
                if !text.is_empty() {
                    entry.insert(key.to_owned(), json!(text));
                }
            }
        }
        entry
    }

    /// As a conflict names it (`printManager`).
    fn named(&self) -> String {
        let mut text = format!("\"{}\"", self.manager);
        if !self.subresource.is_empty() {
            text = format!("{text} with subresource \"{}\"", self.subresource);
        }
        match self.operation {
            Operation::Apply => text,
            Operation::Update => format!("{text} using {}", self.api_version),
        }
    }
}

/// A write to the object does not touch the status, nor the other way round.
fn keep_part(set: &mut FieldSet, part: Part, of: Type<'_>) {
    match part {
        Part::Whole if of.field("status").is_some() && of.field("spec").is_some() => set.drop_branch("f:status"),
        Part::Whole => {}
        Part::Status => set.keep_branch("f:status"),
    }
}

fn stripped() -> FieldSet {
    let mut set = FieldSet::default();
    for path in STRIPPED {
        set.insert(path);
    }
    set
}

/// Whether the conflicts are only what `kubectl apply` once applied from the client's side, which `kubectl` itself may take
/// over (`lastAppliedManager`).
fn may_take_over(live: &Value, conflicts: &[(&Entry, FieldSet)], author: &Author<'_>, of: Type<'_>) -> bool {
    let applied = live
        .pointer(LAST_APPLIED)
        .and_then(Value::as_str)
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(applied) = applied.filter(|_| author.manager == "kubectl") else {
        return false;
    };
    let found = compare(&applied, live, of);
    let allowed = fields_of(&applied, of)
        .difference(&found.modified)
        .difference(&found.added)
        .difference(&found.removed);
    conflicts
        .iter()
        .all(|(_, fields)| fields.difference(&allowed).is_empty())
}

fn conflict(conflicts: &[(&Entry, FieldSet)]) -> Refusal {
    let mut all: Vec<(String, String)> = conflicts
        .iter()
        .flat_map(|(entry, fields)| fields.paths().into_iter().map(|path| (entry.named(), path)))
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let message = match all.as_slice() {
        [(manager, path)] => format!("Apply failed with 1 conflict: conflict with {manager}: {path}"),
        many => {
            let mut lines: Vec<String> = Vec::new();
            let mut last = "";
            for (manager, path) in many {
                if manager != last {
                    lines.push(format!("conflicts with {manager}:"));
                    last = manager;
                }
                lines.push(format!("- {path}"));
            }
            format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n"))
        }
    };
    let causes = all
        .into_iter()
        .map(|(manager, field)| Cause {
            reason: "FieldManagerConflict",
            message: format!("conflict with {manager}"),
            field,
        })
        .collect();
    let mut refusal = Refusal::new(Reason::Conflict, message);
    refusal.details = Some(Box::new(Details {
        causes,
        ..Details::default()
    }));
    refusal
}
