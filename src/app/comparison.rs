//! What differs between two times, or two pods: the question, and as much of the answer as has come.
//!
//! An edit is one: the states before and after it. What is not in the journal any more is said to be unknown, never
//! guessed from change marks. Not here: how it looks (`view::comparison`), who works it out ([`super::study`]).

use std::sync::Arc;

use jiff::Timestamp;

use super::App;
use super::actions::Action;
use super::draft::WhatIf;
use super::list::ItemId;
use super::rows::RowsDialog;
use super::study::{Answer, Question, Span, Unknown};
use super::tables::{Clock, TableId};
use super::text::TextDialog;
use super::view::table::timeline::clock as time;
use super::view::{Role, words};
use crate::mesh::diff::{Compared, Radius, Weights};
use crate::mesh::history::{Cause, Edit, Effect, Line as Moment, ObjectId, Seq};
use crate::mesh::model::{Key, Kind};

/// What came of a part of it; `None` as long as it is worked on.
pub(super) type Found<T> = Option<Result<T, Unknown>>;

/// See the module.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What is compared.
    pub(super) subject: Subject,
    /// Between which worlds.
    pub(super) span: Span,
    /// Whose tables: the first in the earlier world.
    pub(super) pods: Option<(Key, Key)>,
    /// How the tables differ.
    pub(super) rows: Found<Arc<Compared>>,
    /// How much config they are.
    pub(super) weights: Found<Weights>,
    /// What all pods gained and lost.
    pub(super) radius: Found<Arc<Radius>>,
}

/// What is compared.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    /// Before and after an edit; what the timeline counts for it.
    Edit(Arc<Edit>, Option<Effect>),
    /// Before and after something that is no edit.
    Happening(Timestamp, Cause),
    /// Two times, and the edits between.
    Times(Point, Point, Vec<Arc<Edit>>),
    /// Two pods, now.
    Pods,
    /// As it is and as it would be with a draft; the texts of its objects, before and after.
    Draft(WhatIf, (String, String)),
}

/// A time of the timeline: the state right after what happened then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Point {
    /// The state.
    pub seq: Seq,
    /// When; `None` for the beginning of what is known.
    pub at: Option<Timestamp>,
    /// What happened then.
    pub what: String,
}

impl Comparison {
    fn new(subject: Subject, span: Span, pods: Option<(Key, Key)>) -> Self {
        Self {
            subject,
            span,
            pods,
            rows: None,
            weights: None,
            radius: None,
        }
    }

    /// What a draft would change, for the chosen pod and for all.
    pub(super) fn of_draft(what_if: WhatIf, texts: (String, String), pod: Option<Key>) -> Self {
        let span = Span::Draft(what_if.clone());
        let pods = pod.map(|pod| (pod.clone(), pod));
        Self::new(Subject::Draft(what_if, texts), span, pods)
    }

    /// The draft, if it is about one.
    pub(super) fn draft(&self) -> Option<&WhatIf> {
        match &self.subject {
            Subject::Draft(what_if, _) => Some(what_if),
            Subject::Edit(..) | Subject::Happening(..) | Subject::Times(..) | Subject::Pods => None,
        }
    }

    /// Whether it is about more pods than the chosen one.
    pub(super) fn has_radius(&self) -> bool {
        match self.subject {
            Subject::Edit(..) | Subject::Happening(..) | Subject::Times(..) | Subject::Draft(..) => true,
            Subject::Pods => false,
        }
    }

    /// Its title.
    pub(super) fn title(&self, clock: Clock<'_>) -> String {
        let at = |at: Timestamp| time(at, clock.now, clock.zone);
        let of = |pods: &Option<(Key, Key)>| match pods {
            Some((pod, _)) => pod.to_string(),
            None => "the mesh".to_owned(),
        };
        match &self.subject {
            Subject::Edit(edit, _) => format!("{} {} {}", edit.kind.name(), edit.key, edit.verb.as_str()),
            Subject::Happening(when, cause) => format!("{}: {cause}", at(*when)),
            Subject::Times(from, to, _) => {
                let from = from.at.map_or_else(|| "the start".to_owned(), at);
                let to = to.at.map_or_else(|| "now".to_owned(), at);
                format!("{} from {from} to {to}", of(&self.pods))
            }
            Subject::Pods => match &self.pods {
                Some((pod, other)) => format!("{pod} against {other}"),
                None => String::new(),
            },
            Subject::Draft(what_if, _) => format!("What if {} were so (nothing is applied)", what_if.draft.name),
        }
    }

    /// What is still to be worked out: the rows first.
    pub(super) fn wanted(&self) -> Vec<Question> {
        let rows = self.pods.as_ref().filter(|_| self.rows.is_none());
        let rows = rows.map(|(pod, other)| Question::Rows(self.span.clone(), pod.clone(), other.clone()));
        let weights = self.pods.as_ref().filter(|_| self.weights.is_none());
        let weights = weights.map(|(pod, other)| Question::Weights(self.span.clone(), pod.clone(), other.clone()));
        let radius = (self.has_radius() && self.radius.is_none()).then(|| Question::Radius(self.span.clone()));
        rows.into_iter().chain(weights).chain(radius).collect()
    }

    /// Takes an answer in; whether it was one to its questions.
    pub(super) fn take(&mut self, question: &Question, answer: &Result<Answer, Unknown>) -> bool {
        if !self.wanted().contains(question) {
            return false;
        }
        match answer {
            Ok(Answer::Rows(compared)) => self.rows = Some(Ok(Arc::clone(compared))),
            Ok(Answer::Weights(weights)) => self.weights = Some(Ok(*weights)),
            Ok(Answer::Radius(radius)) => self.radius = Some(Ok(Arc::clone(radius))),
            Ok(Answer::WhoSees(..) | Answer::Then(..)) => return false,
            Err(unknown) if matches!(question, Question::Rows(..)) => self.rows = Some(Err(unknown.clone())),
            Err(unknown) if matches!(question, Question::Weights(..)) => self.weights = Some(Err(unknown.clone())),
            Err(unknown) => self.radius = Some(Err(unknown.clone())),
        }
        true
    }

    /// The list of all that it concerns, and what is known for it already.
    pub(super) fn radius_dialog(&self) -> Option<(RowsDialog, Found<Answer>)> {
        let of = match &self.subject {
            Subject::Edit(edit, _) => radius_title(edit),
            Subject::Happening(_, cause) => format!("Who gained or lost what: {cause}"),
            Subject::Times(..) => "Who gained or lost what between these times".to_owned(),
            Subject::Draft(what_if, _) => format!("Who would gain or lose what by {}", what_if.draft.name),
            Subject::Pods => return None,
        };
        let known = self.radius.clone();
        let known = known.map(|radius| radius.map(Answer::Radius));
        Some((RowsDialog::of_radius(of, self.span.clone()), known))
    }
}

fn radius_title(edit: &Edit) -> String {
    format!(
        "Who gained or lost what: {} {} {}",
        edit.kind.name(),
        edit.key,
        edit.verb.as_str()
    )
}

/// The states before and after an entry.
fn around(seq: Seq) -> Span {
    Span::Journal(seq.before(), seq)
}

impl App {
    /// What an edit did: the object's text, and the rows of the chosen pod beside it.
    pub(super) fn open_moment(&mut self, now: Timestamp) {
        let Some(line) = self.current_moment() else { return };
        let pod = self.ui.chosen.as_ref().map(|chosen| chosen.key.clone());
        let pods = pod.map(|pod| (pod.clone(), pod));
        match &line {
            Moment::Edit(edit, effect) => {
                let subject = Subject::Edit(Arc::clone(edit), *effect);
                self.open_comparison(now, Comparison::new(subject, around(edit.seq), pods));
            }
            Moment::Endpoints(seq, at, _, cause) => {
                let subject = Subject::Happening(*at, cause.clone());
                self.open_comparison(now, Comparison::new(subject, around(*seq), pods));
            }
            Moment::Before(before) => {
                let lines = words::before(before, &self.options.time_zone);
                self.open_text(TextDialog::new(format!("{} {}", before.kind.name(), before.key), lines).broken(16));
            }
            Moment::Start => self.say(
                now,
                Role::Dim,
                "below this line: what the objects still tell of the time before",
            ),
        }
    }

    pub(super) fn open_comparison(&mut self, now: Timestamp, comparison: Comparison) {
        let clock = Clock {
            now,
            zone: &self.options.time_zone,
        };
        let dialog = TextDialog::of_comparison(comparison, clock);
        self.open_text(dialog);
    }

    /// The line of the timeline under the cursor.
    pub(super) fn current_moment(&mut self) -> Option<Moment> {
        let Some(ItemId::Moment(id)) = self.ui.list(TableId::Timeline).current().cloned() else {
            return None;
        };
        self.ui.moment(&id).cloned()
    }

    /// What differs: between two picked lines of the timeline, one of them and now, two picked pods; else the chosen
    /// pod since the start.
    pub(super) fn compare(&mut self, now: Timestamp, table: TableId) {
        let list = self.ui.list(table);
        let mut picked: Vec<ItemId> = list.picked().iter().cloned().collect();
        let current = list.current().cloned();
        if picked.len() > 2 {
            let back = self.options.keys.named(Action::StepBack);
            let line = format!("{} rows are picked: two can be compared; {back} unpicks", picked.len());
            return self.say(now, Role::Warn, line);
        }
        if let ([only], Some(current)) = (picked.as_slice(), current.clone())
            && *only != current
        {
            picked.push(current);
        }
        match table {
            TableId::Timeline => {
                let ids = if picked.is_empty() {
                    current.into_iter().collect()
                } else {
                    picked
                };
                self.compare_times(now, &ids);
            }
            TableId::Pods if !picked.is_empty() => self.compare_pods(now, &picked),
            TableId::Pods
            | TableId::Endpoints(_)
            | TableId::Workloads
            | TableId::Services
            | TableId::Sidecars
            | TableId::Traffic
            | TableId::Packets
            | TableId::Elsewhere => {
                let Some(pod) = self.subject_of_active() else {
                    return self.say(now, Role::Dim, "no pod is chosen (1)");
                };
                let start = self.beginning();
                self.open_times(now, start, &pod);
            }
        }
    }

    fn compare_pods(&mut self, now: Timestamp, picked: &[ItemId]) {
        let pods: Vec<Key> = picked
            .iter()
            .filter_map(|id| match id {
                ItemId::Object(object) => Some(object.key.clone()),
                ItemId::Endpoint(_)
                | ItemId::Workload(_)
                | ItemId::Moment(_)
                | ItemId::Packet(_)
                | ItemId::Place(_) => None,
            })
            .collect();
        let [pod, other] = pods.as_slice() else {
            let [pick, diff] = [Action::Pick, Action::Diff].map(|action| self.options.keys.named(action));
            let line = format!("pick two pods with {pick}, then {diff} compares their tables");
            return self.say(now, Role::Dim, line);
        };
        let pods = Some((pod.clone(), other.clone()));
        self.open_comparison(now, Comparison::new(Subject::Pods, Span::Present, pods));
    }

    fn compare_times(&mut self, now: Timestamp, ids: &[ItemId]) {
        let mut points: Vec<Point> = Vec::new();
        for id in ids {
            let ItemId::Moment(id) = id else { continue };
            let line = self.ui.moment(id).cloned();
            match line.and_then(|line| self.point(&line)) {
                Some(point) => points.push(point),
                None => {
                    return self.say(
                        now,
                        Role::Warn,
                        "how it was before sidescope started is not known; pick lines above that",
                    );
                }
            }
        }
        points.sort_by_key(|point| point.seq);
        let Some(chosen) = self.ui.chosen.clone() else {
            return self.say(now, Role::Dim, "no pod is chosen (1)");
        };
        match points.as_slice() {
            [from] => self.open_times(now, from.clone(), &chosen),
            [from, to] => self.open_between(now, from.clone(), to.clone(), &chosen),
            _ => self.say(now, Role::Dim, "no line to compare"),
        }
    }

    /// From a time to now.
    fn open_times(&mut self, now: Timestamp, from: Point, pod: &ObjectId) {
        let to = Point {
            seq: self.facts.history.journal().head(),
            at: None,
            what: String::new(),
        };
        self.open_between(now, from, to, pod);
    }

    fn open_between(&mut self, now: Timestamp, from: Point, to: Point, pod: &ObjectId) {
        let edits = self.facts.history.edits().iter();
        let between = edits.filter(|edit| from.seq < edit.seq && edit.seq <= to.seq);
        let edits = between.cloned().collect();
        let span = Span::Journal(from.seq, to.seq);
        let pods = Some((pod.key.clone(), pod.key.clone()));
        let subject = Subject::Times(from, to, edits);
        self.open_comparison(now, Comparison::new(subject, span, pods));
    }

    /// The oldest state that is known.
    pub(super) fn beginning(&self) -> Point {
        let journal = self.facts.history.journal();
        Point {
            seq: journal.oldest(),
            at: journal.lost(),
            what: if journal.lost().is_some() {
                "what was before is not kept any more".to_owned()
            } else {
                "as sidescope found it".to_owned()
            },
        }
    }

    /// The state right after what a line tells; `None` if that is not known.
    pub(super) fn point(&self, line: &Moment) -> Option<Point> {
        let what = |seq: Seq, at: Timestamp, what: String| Point {
            seq,
            at: Some(at),
            what,
        };
        match line {
            Moment::Edit(edit, _) => {
                // the time that the timeline shows
                let at = edit.written().unwrap_or(edit.at);
                Some(what(edit.seq, at, Cause::Edit(Arc::clone(edit)).to_string()))
            }
            Moment::Endpoints(seq, at, _, cause) => Some(what(*seq, *at, cause.to_string())),
            Moment::Start => Some(self.beginning()),
            Moment::Before(_) => None,
        }
    }

    /// Who gained or lost what: by an edit, or by a Sidecar being there.
    pub(super) fn open_radius(&mut self, now: Timestamp, table: TableId) {
        let dialog = match table {
            TableId::Timeline => match self.current_moment() {
                Some(Moment::Edit(edit, _)) => RowsDialog::of_radius(radius_title(&edit), around(edit.seq)),
                Some(Moment::Endpoints(seq, _, _, cause)) => {
                    RowsDialog::of_radius(format!("Who gained or lost what: {cause}"), around(seq))
                }
                Some(Moment::Start | Moment::Before(_)) | None => {
                    return self.say(
                        now,
                        Role::Dim,
                        "of what was before sidescope started, the effect is not known",
                    );
                }
            },
            TableId::Pods
            | TableId::Workloads
            | TableId::Services
            | TableId::Endpoints(_)
            | TableId::Sidecars
            | TableId::Traffic
            | TableId::Packets
            | TableId::Elsewhere => {
                let Some((kind @ Kind::Sidecar, key)) = self.object_behind(now, table) else {
                    return self.say(now, Role::Dim, "no Sidecar is under the cursor");
                };
                if self.facts.world.get(kind, &key).is_none() {
                    return self.say_no_object(now, table);
                }
                let title = format!("Sidecar {key}: what its pods have with it, against without it");
                RowsDialog::of_radius(title, Span::With(kind, key))
            }
        };
        self.open_rows(dialog, None);
    }
}
