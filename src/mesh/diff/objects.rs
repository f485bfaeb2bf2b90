//! Two versions of one config object: the fields that differ, and the lines of its YAML that differ.
//!
//! Works on the text that a config object carries ([`Provenance`]): what a person wrote, not what rules read of it.

use std::fmt;

use serde_json::Value;
use similar::{ChangeTag, DiffOp, TextDiff, capture_diff_slices};

use crate::mesh::model::Provenance;

/// What the API server writes into an object's metadata, and nobody writes by hand.
const SERVERS_OWN: &[&str] = &[
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];
/// What `kubectl apply` remembers of the text before: nobody wrote it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The text of a config object, unpacked: without `managedFields` and `status`.
#[derive(Clone, PartialEq, Debug)]
pub struct ObjectText(pub Value);

impl ObjectText {
    /// Unpacks the text; `None` if there is none (a kind that keeps none, a damaged recording).
    pub fn of(provenance: &Provenance) -> Option<Self> {
        let json = lz4_flex::decompress_size_prepended(&provenance.text).ok()?;
        serde_json::from_slice(&json).ok().map(Self)
    }

    /// As one would write it: without what the server adds and counts, and what `kubectl apply` remembers.
    #[must_use]
    pub fn as_written(self) -> Self {
        let Self(mut value) = self;
        if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            meta.retain(|field, _| !SERVERS_OWN.contains(&field.as_str()));
            if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.remove(LAST_APPLIED);
            }
            meta.retain(|field, value| field != "annotations" || value.as_object().is_none_or(|all| !all.is_empty()));
        }
        if let Some(object) = value.as_object_mut() {
            object.remove("status");
        }
        Self(value)
    }

    /// As YAML, as `kubectl get -o yaml` would order it: keys by name.
    pub fn yaml(&self) -> String {
        serde_saphyr::to_string(&self.0).unwrap_or_default()
    }
}

/// One field that differs.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldChange {
    /// Where, such as `spec.egress[0].hosts[1]`; the index is that of the later version, of the earlier for what is
    /// gone. Keys that hold a dot stand in brackets: `metadata.labels["istio.io/rev"]`.
    pub path: String,
    /// The value before; `None` if there was none.
    pub before: Option<Value>,
    /// The value after; `None` if there is none.
    pub after: Option<Value>,
}

impl fmt::Display for FieldChange {
    /// `path: old -> new`, values as JSON; `+ path: new`, `- path: old` for what came or went.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "{}: {before} -> {after}", self.path),
            (None, Some(after)) => write!(f, "+ {}: {after}", self.path),
            (Some(before), None) => write!(f, "- {}: {before}", self.path),
            (None, None) => write!(f, "{}", self.path),
        }
    }
}

/// The fields that differ, in the order of the later text. Elements of lists are aligned first, so that a host taken
/// out of the middle is one change and not a change of all that follow.
pub fn fields(before: &ObjectText, after: &ObjectText) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare("", Some(&before.0), Some(&after.0), &mut found);
    found
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for (key, old) in before {
                compare(&member(path, key), Some(old), after.get(key), found);
            }
            for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
                compare(&member(path, key), None, Some(new), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => lists(path, before, after, found),
        (before, after) => found.push(FieldChange {
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

fn member(path: &str, key: &str) -> String {
    if key.contains(['.', '[', '"']) {
        format!("{path}[{key:?}]")
    } else if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn lists(path: &str, before: &[Value], after: &[Value], found: &mut Vec<FieldChange>) {
    let texts = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>();
    for op in capture_diff_slices(similar::Algorithm::Myers, &texts(before), &texts(after)) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (old, new) = (op.old_range(), op.new_range());
        for step in 0..old.len().max(new.len()) {
            let old_at = Some(old.start + step).filter(|at| old.contains(at));
            let new_at = Some(new.start + step).filter(|at| new.contains(at));
            let Some(at) = new_at.or(old_at) else { continue };
            compare(
                &format!("{path}[{at}]"),
                old_at.and_then(|at| before.get(at)),
                new_at.and_then(|at| after.get(at)),
                found,
            );
        }
    }
}

/// On which side of a text diff a line stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// In both.
    Both,
    /// Only before.
    Before,
    /// Only after.
    After,
}

/// A line of a text diff, cut into pieces: those that differ from the line it replaces are marked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextLine {
    /// Where it stands.
    pub side: Side,
    /// Line number before, from 1; `None` if it is new.
    pub before: Option<usize>,
    /// Line number after, from 1; `None` if it is gone.
    pub after: Option<usize>,
    /// The words, in order, without the line's end; `true` marks a piece that differs.
    pub words: Vec<(bool, String)>,
}

/// The lines of two texts side by side, word by word where a line was replaced. `context` lines are kept around each
/// difference; a whole text is `usize::MAX`. Empty if the texts are the same.
pub fn lines(before: &str, after: &str, context: usize) -> Vec<TextLine> {
    let diff = TextDiff::from_lines(before, after);
    let mut found = Vec::new();
    for op in diff
        .grouped_ops(context.min(before.len() + after.len()))
        .iter()
        .flatten()
    {
        for change in diff.iter_inline_changes_deadline(op, None) {
            found.push(TextLine {
                side: match change.tag() {
                    ChangeTag::Equal => Side::Both,
                    ChangeTag::Delete => Side::Before,
                    ChangeTag::Insert => Side::After,
                },
                before: change.old_index().map(|at| at + 1),
                after: change.new_index().map(|at| at + 1),
                words: change
                    .iter_strings_lossy()
                    .map(|(differs, text)| (differs, text.trim_end_matches(['\n', '\r']).to_owned()))
                    .filter(|(_, text)| !text.is_empty())
                    .collect(),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests;
