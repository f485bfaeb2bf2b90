//! What if: a draft laid over the world, before anybody applies it. Nothing here changes the cluster.
//!
//! The text comes from the person's editor or from a file; who reads it into objects stands outside. What it would do is
//! a [`super::comparison`]; whether the API server would take it is asked only after a confirmation.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::App;
use super::actions::Action;
use super::comparison::Comparison;
use super::dialog::Dialog;
use super::message::{Command, Drafted, DryRun, DryRunAnswer};
use super::tables::TableId;
use super::text::{Purpose, TextDialog};
use super::view::{Line, Role, Span, state};
use crate::mesh::diff::{ObjectText, has_namespace};
use crate::mesh::model::{Key, Kind, Object, Text};
use crate::mesh::world::Failure;

/// A draft that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// What it is called: the object, or the file.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its objects.
    pub objects: Vec<Object>,
    /// What a reader must know of them.
    pub notes: Vec<String>,
}

/// A draft laid over the world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WhatIf {
    /// The draft.
    pub draft: Arc<Draft>,
    /// The namespace of what names none.
    pub home: Text,
    /// When: the age of what is new.
    pub at: Timestamp,
}

impl Drafted {
    /// What the draft is called, if there is one.
    fn name(&self) -> Option<&str> {
        match self {
            Drafted::Read(draft) => Some(&draft.name),
            Drafted::Misread { name, .. } => Some(name),
            Drafted::Unchanged | Drafted::Failed(_) => None,
        }
    }
}

/// What a draft of an object is called.
fn name_of(kind: Kind, key: &Key) -> String {
    format!("{} {key}", kind.name())
}

fn text_of(object: &Object) -> String {
    let text = object.provenance().and_then(ObjectText::of);
    text.map(|text| text.as_written().yaml()).unwrap_or_default()
}

/// What stands above the text in the editor.
fn header(name: &str) -> String {
    format!(
        "# What if {name} were so? Nothing is applied.\n\
         # Save and leave the editor to see who would gain and lose what; leave without\n\
         # a change to give up.\n"
    )
}

impl App {
    /// Has a draft of the Sidecar under the cursor edited; shows the last one, if it was of that.
    pub(super) fn edit_draft(&mut self, now: Timestamp, table: TableId) -> Vec<Command> {
        let Some((kind, key)) = self.object_behind(now, table) else {
            self.say_no_object(now, table);
            return Vec::new();
        };
        let name = name_of(kind, &key);
        let kept = self.ui.draft.as_ref().and_then(Drafted::name);
        if kept == Some(name.as_str()) {
            self.open_kept_draft(now);
            let [again, anew] = [Action::EditAgain, Action::EditDraft].map(|action| self.options.keys.named(action));
            let line = format!("the last draft of it: {again} edits it again, {anew} begins anew from the object");
            self.say(now, Role::Dim, line);
            return Vec::new();
        }
        self.edit_anew(now, &name)
    }

    /// Has a draft of a Sidecar edited that begins with its text as it is.
    pub(super) fn edit_anew(&mut self, now: Timestamp, name: &str) -> Vec<Command> {
        let found = {
            let mut keys = self.facts.world.sidecars.keys();
            keys.find(|key| name_of(Kind::Sidecar, key) == name)
        };
        let object = found.and_then(|key| self.facts.world.get(Kind::Sidecar, key));
        let Some(object) = object else {
            self.say(now, Role::Warn, format!("no object '{name}' is there to begin with"));
            return Vec::new();
        };
        let text = text_of(&object);
        if text.is_empty() {
            self.say(
                now,
                Role::Warn,
                "its text is not held here, so no draft can be made of it",
            );
            return Vec::new();
        }
        let text = format!("{}{text}", header(name));
        vec![Command::EditDraft {
            name: name.to_owned(),
            text,
        }]
    }

    /// Shows the last draft again.
    pub(super) fn open_kept_draft(&mut self, now: Timestamp) {
        match self.ui.draft.clone() {
            Some(drafted) => self.take_draft(now, drafted),
            None => self.say(
                now,
                Role::Dim,
                "name the file: :what-if sidecar.yaml; nothing is applied",
            ),
        }
    }

    /// Says, where a draft is closed, that it is not lost.
    pub(super) fn tell_kept(&mut self, now: Timestamp, purpose: &Purpose) {
        if purpose.is_of_draft() {
            let again = self.options.keys.named(Action::EditDraft);
            let line = format!("the draft is kept: :what-if opens it again, and {again} on its object");
            self.say(now, Role::Dim, line);
        }
    }

    /// A draft was read, or not.
    pub(super) fn take_draft(&mut self, now: Timestamp, drafted: Drafted) {
        if drafted.name().is_some() {
            self.ui.draft = Some(drafted.clone());
        }
        match drafted {
            Drafted::Unchanged => self.say(now, Role::Dim, "the draft is as it was: nothing to compare"),
            Drafted::Failed(why) => self.say(now, Role::Bad, why),
            Drafted::Misread { name, text, said } => {
                self.close_draft();
                let again = self.options.keys.named(Action::EditAgain);
                let lines: Vec<Line> = vec![
                    vec![Span::new(Role::Bad, said)],
                    Vec::new(),
                    vec![
                        Span::new(Role::Key, again),
                        Span::new(Role::Text, " edits it again, "),
                        Span::new(Role::Key, "Esc"),
                        Span::new(Role::Text, " gives up; nothing was applied"),
                    ],
                ];
                let mut dialog = TextDialog::new(format!("This draft cannot be read: {name}"), lines).broken(2);
                dialog.purpose = Purpose::Misread { name, text };
                self.open_text(dialog);
            }
            Drafted::Read(draft) => {
                self.close_draft();
                let chosen = self.ui.chosen.as_ref().map(|id| id.key.clone());
                let home = chosen
                    .as_ref()
                    .map_or_else(|| "default".into(), |pod| pod.namespace.clone());
                let (before, after) = self.texts(&draft, &home);
                let what_if = WhatIf { draft, home, at: now };
                let pod = self.concerned(&what_if.draft, chosen);
                let comparison = Comparison::of_draft(what_if, (before, after), pod);
                self.open_comparison(now, comparison);
            }
        }
    }

    /// The pod whose rows are compared: the chosen one, unless the drafted Sidecars govern others and not it.
    fn concerned(&self, draft: &Draft, chosen: Option<Key>) -> Option<Key> {
        let sidecars = draft.objects.iter().filter(|object| object.kind() == Kind::Sidecar);
        let governed = sidecars.flat_map(|object| self.facts.governed.pods_of(object.key()));
        let governed: Vec<&Key> = governed.collect();
        let is_among = chosen.as_ref().is_some_and(|chosen| governed.contains(&chosen));
        if is_among {
            return chosen;
        }
        governed.first().map(|pod| (*pod).clone()).or(chosen)
    }

    /// The texts of a draft's objects as they are and as they would be.
    fn texts(&self, draft: &Draft, home: &Text) -> (String, String) {
        let mut texts = (String::new(), String::new());
        for object in &draft.objects {
            let key = key_of(object, home);
            let there = self.facts.world.get(object.kind(), &key);
            texts.0 += &there.as_ref().map(text_of).unwrap_or_default();
            texts.1 += &text_of(object);
        }
        texts
    }

    /// What was open of the draft before.
    fn close_draft(&mut self) {
        let is_of_draft = |dialog: &Dialog| dialog.text().is_some_and(|text| text.purpose.is_of_draft());
        while self.ui.dialogs.last().is_some_and(is_of_draft) {
            self.ui.dialogs.pop();
        }
    }

    /// Asks whether the API server shall be asked.
    pub(super) fn confirm_dry_run(&mut self, what_if: &WhatIf) {
        let objects = dry_runs(what_if);
        let mut lines: Vec<Line> = vec![
            vec![Span::new(
                Role::Text,
                "A dry run has the API server judge the draft as if it were applied, admission webhooks with it. It stores \
                 nothing; the request is in the server's audit log, and needs the right to patch.",
            )],
            Vec::new(),
        ];
        lines.extend(objects.iter().map(|run| {
            let (kind, key) = (run.kind.plural(), &run.key);
            vec![
                Span::new(Role::Dim, "  PATCH "),
                Span::new(Role::Name, format!("{kind} {key}")),
                Span::new(Role::Dim, "  dryRun=All, fieldManager=sidescope"),
            ]
        }));
        if objects.is_empty() {
            lines.push(vec![Span::new(Role::Warn, "no object of the draft can be asked about")]);
        }
        lines.push(Vec::new());
        lines.push(vec![
            Span::new(Role::Key, "y"),
            Span::new(Role::Text, " asks the server, "),
            Span::new(Role::Key, "Esc"),
            Span::new(Role::Text, " does not"),
        ]);
        let mut dialog = TextDialog::new("Ask the API server for a dry run?", lines).broken(2);
        dialog.purpose = Purpose::Confirm(objects);
        self.open_text(dialog);
    }

    /// Has the API server asked.
    pub(super) fn dry_run(&mut self, objects: Vec<DryRun>) -> Vec<Command> {
        if objects.is_empty() {
            return Vec::new();
        }
        let asking = vec![vec![Span::new(Role::Dim, "asking the API server ...")]];
        let mut dialog = TextDialog::new("Dry run", asking).broken(4);
        dialog.purpose = Purpose::DryRun;
        self.open_text(dialog);
        vec![Command::DryRun(objects)]
    }

    /// What the API server said, into the text that waits for it, if it is still open.
    pub(super) fn take_dry_run(&mut self, answers: &[DryRunAnswer]) {
        let mut texts = self.ui.dialogs.iter_mut().filter_map(Dialog::text_mut);
        if let Some(dialog) = texts.find(|text| matches!(text.purpose, Purpose::DryRun)) {
            dialog.replace(answers.iter().flat_map(answer_lines).collect());
        }
    }
}

fn answer_lines(answer: &DryRunAnswer) -> Vec<Line> {
    let name = Span::new(Role::Name, format!("{} {}  ", answer.kind.name(), answer.key));
    match &answer.outcome {
        Ok(warnings) => {
            let taken = Span::new(Role::Good, "the API server would take it; nothing was stored");
            let warning = |text: &Text| vec![Span::new(Role::Warn, format!("    warning: {text}"))];
            let mut lines = vec![vec![name, taken]];
            lines.extend(warnings.iter().map(warning));
            lines
        }
        Err(failure) => {
            let mut lines = vec![vec![name, Span::new(Role::Bad, failure.to_string())]];
            if matches!(failure, Failure::Forbidden { .. }) {
                let ask = state::can_i(answer.kind, failure);
                lines.push(vec![
                    Span::new(Role::Key, format!("    {ask}")),
                    Span::new(Role::Dim, "  asks the cluster what you may do"),
                ]);
            }
            lines
        }
    }
}

fn key_of(object: &Object, home: &Text) -> Key {
    let key = object.key().clone();
    if key.namespace.is_empty() && has_namespace(object.kind()) {
        return Key::new(home.as_str(), key.name.as_str());
    }
    key
}

/// What the API server would be asked; nothing for kinds whose text is not kept.
fn dry_runs(what_if: &WhatIf) -> Vec<DryRun> {
    let run = |object: &Object| {
        let mut body = ObjectText::of(object.provenance()?)?.as_written().0;
        let key = key_of(object, &what_if.home);
        if has_namespace(object.kind())
            && let Some(meta) = body.get_mut("metadata").and_then(Value::as_object_mut)
        {
            meta.insert("namespace".to_owned(), Value::from(key.namespace.as_str()));
        }
        let kind: Kind = object.kind();
        Some(DryRun { kind, key, body })
    };
    what_if.draft.objects.iter().filter_map(run).collect()
}
