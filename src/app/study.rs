//! Questions about the whole mesh and about the past: worked out beside the loop, on a snapshot of world and journal.
//!
//! Nothing is kept here. An open dialog says what it still wants to know ([`App::ask_study`]); one question at a time is
//! worked on, and one that nobody wants any more is given up.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::App;
use super::dialog::Dialog;
use super::draft;
use super::message::{Command, Message};
use crate::mesh::diff::{Compared, Radius, Weights, WhatIf, stored};
use crate::mesh::history::{Journal, OlderThan, Seq};
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::scope::{Cache, EndpointTable, NoTable, Settings, Sight};
use crate::mesh::world::{Change, Delta, World};

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// How the table of a pod (the first, in the earlier world) differs from that of a pod, in the later one.
    Rows(Span, Key, Key),
    /// How much config a pod (the first, in the earlier world) is sent, and a pod in the later one.
    Weights(Span, Key, Key),
    /// What every pod of the mesh gained and lost.
    Radius(Span),
    /// Which pods have a host in scope.
    WhoSees(Text),
    /// The table of a pod in a state of the past.
    Then(Seq, Key),
}

/// Two worlds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Span {
    /// The present one, twice.
    Present,
    /// Two states of the journal, the earlier one first.
    Journal(Seq, Seq),
    /// The present one without an object, and with it.
    With(Kind, Key),
    /// The present one, and with a draft laid over it.
    Draft(draft::WhatIf),
}

/// The work: see [`Command::Study`].
#[derive(Debug)]
pub struct Study {
    question: Question,
    world: World,
    journal: Journal,
    settings: Settings,
    given_up: Arc<AtomicBool>,
}

/// What it gave.
#[derive(Clone)]
pub struct Studied {
    pub(super) question: Question,
    pub(super) answer: Result<Answer, Unknown>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// To [`Question::Rows`].
    Rows(Arc<Compared>),
    /// To [`Question::Weights`].
    Weights(Weights),
    /// To [`Question::Radius`].
    Radius(Arc<Radius>),
    /// To [`Question::WhoSees`], with the world that was asked.
    WhoSees(Arc<[(Key, Arc<Sight>)]>, World),
    /// To [`Question::Then`], with the world as it was.
    Then(Arc<EndpointTable>, World),
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Unknown {
    /// What was before this time is not kept any more.
    Older(Timestamp),
    /// This pod had no table.
    NoTable(Key, NoTable),
    /// Nobody wanted it any more.
    GivenUp,
    /// The work at it broke: a fault of ours.
    Broke,
}

impl From<OlderThan> for Unknown {
    fn from(older: OlderThan) -> Self {
        Unknown::Older(older.oldest)
    }
}

impl Study {
    /// Does it. It may take seconds in a large mesh.
    pub fn run(self) -> Message {
        let answer = self.answer();
        Message::Studied(Box::new(Studied {
            question: self.question,
            answer,
        }))
    }

    fn answer(&self) -> Result<Answer, Unknown> {
        match &self.question {
            Question::Rows(span, pod, other) => {
                let Worlds { before, after, changes } = self.worlds(span)?;
                let mut what_if = match span {
                    Span::Draft(_) => WhatIf::after(&before, &after, &changes, &self.settings),
                    Span::Present | Span::Journal(..) | Span::With(..) => {
                        WhatIf::of_past(&before, &after, &changes, &self.settings)
                    }
                };
                let compared = what_if.compare(pod, other);
                let compared = compared.map_err(|(pod, state)| Unknown::NoTable(pod, state))?;
                Ok(Answer::Rows(Arc::new(compared)))
            }
            Question::Weights(span, pod, other) => {
                let Worlds { before, after, changes } = self.worlds(span)?;
                let weights = WhatIf::after(&before, &after, &changes, &self.settings).weigh(pod, other);
                let weights = weights.map_err(|(pod, state)| Unknown::NoTable(pod, state))?;
                Ok(Answer::Weights(weights))
            }
            Question::Radius(span) => {
                let Worlds { before, after, changes } = self.worlds(span)?;
                let mut what_if = WhatIf::after(&before, &after, &changes, &self.settings);
                let is_wanted = || !self.given_up.load(Ordering::Relaxed);
                let radius = what_if.radius_while(is_wanted).ok_or(Unknown::GivenUp)?;
                Ok(Answer::Radius(Arc::new(radius)))
            }
            Question::WhoSees(host) => {
                let seen = Cache::new(self.settings.clone()).who_sees(&self.world, host);
                Ok(Answer::WhoSees(seen.into(), self.world.clone()))
            }
            Question::Then(seq, pod) => {
                let world = self.journal.world_at(&self.world, *seq)?;
                let table = Cache::new(self.settings.clone()).table(&world, pod);
                let table = table.map_err(|state| Unknown::NoTable(pod.clone(), state))?;
                Ok(Answer::Then(table, world))
            }
        }
    }

    fn worlds(&self, span: &Span) -> Result<Worlds, Unknown> {
        Ok(match span {
            Span::Present => Worlds {
                before: self.world.clone(),
                after: self.world.clone(),
                changes: Vec::new(),
            },
            Span::Journal(from, to) => {
                let span = self.journal.between(&self.world, *from, *to)?;
                Worlds {
                    before: span.before,
                    after: span.after,
                    changes: span.changes,
                }
            }
            Span::With(kind, key) => {
                let mut before = self.world.clone();
                let taken = before.apply(Delta::Remove(*kind, key.clone()));
                Worlds {
                    before,
                    after: self.world.clone(),
                    changes: taken.iter().rev().map(Change::inverse).collect(),
                }
            }
            Span::Draft(draft::WhatIf { draft, home, at }) => {
                let mut after = self.world.clone();
                let mut changes = Vec::new();
                for object in &draft.objects {
                    let object = stored(object.clone(), &after, home, *at);
                    changes.extend(after.apply(Delta::Put(object)));
                }
                Worlds {
                    before: self.world.clone(),
                    after,
                    changes,
                }
            }
        })
    }
}

/// Two worlds, and what leads from the first to the second.
struct Worlds {
    before: World,
    after: World,
    changes: Vec<Change>,
}

impl PartialEq for Studied {
    fn eq(&self, other: &Self) -> bool {
        self.question == other.question
    }
}

impl fmt::Debug for Studied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Studied").field(&self.question).finish()
    }
}

impl App {
    /// The work behind [`Command::Study`].
    pub fn study(&self, question: Question) -> Study {
        let given_up = self.ui.studying.as_ref().map(|(_, given_up)| Arc::clone(given_up));
        Study {
            question,
            world: self.facts.world.clone(),
            journal: self.facts.history.journal().clone(),
            settings: self.options.settings.clone(),
            given_up: given_up.unwrap_or_default(),
        }
    }

    /// What is still to be found out for what is open, the topmost first.
    fn wanted(&self) -> Vec<Question> {
        let mut wanted: Vec<Question> = Vec::new();
        for dialog in self.ui.dialogs.iter().rev() {
            match dialog {
                Dialog::Text(text) => wanted.extend(text.wanted()),
                Dialog::Rows(rows) => wanted.extend(rows.wants.clone()),
                Dialog::Filter(_)
                | Dialog::Palette(_)
                | Dialog::Namespaces(_)
                | Dialog::Contexts(_)
                | Dialog::Sort(_)
                | Dialog::Columns(_)
                | Dialog::Hidden(_)
                | Dialog::Find(_)
                | Dialog::Copy
                | Dialog::Save => {}
            }
        }
        wanted.extend(self.ui.then.as_ref().and_then(super::then::Then::wanted));
        wanted
    }

    /// Has the next question worked on, if there is one; gives up one that nobody asks any more.
    pub(super) fn ask_study(&mut self) -> Option<Command> {
        let wanted = self.wanted();
        if let Some((question, given_up)) = &self.ui.studying {
            given_up.store(!wanted.contains(question), Ordering::Relaxed);
            return None;
        }
        let question = wanted.into_iter().next()?;
        self.ui.studying = Some((question.clone(), Arc::default()));
        Some(Command::Study(question))
    }

    /// An answer has come: into all that waits for it.
    pub(super) fn take_study(&mut self, now: Timestamp, studied: Studied) {
        self.ui.studying = None;
        let Studied { question, answer } = studied;
        if answer.as_ref().is_err_and(|unknown| *unknown == Unknown::GivenUp) {
            return;
        }
        let zone = self.options.time_zone.clone();
        let clock = super::tables::Clock { now, zone: &zone };
        let chosen = self.ui.chosen.as_ref().map(|id| id.key.clone());
        for dialog in &mut self.ui.dialogs {
            match dialog {
                Dialog::Text(text) => text.take(&question, &answer, clock),
                Dialog::Rows(rows) if rows.wants.as_ref() == Some(&question) => {
                    rows.fill(&answer, chosen.as_ref());
                }
                Dialog::Rows(_)
                | Dialog::Filter(_)
                | Dialog::Palette(_)
                | Dialog::Namespaces(_)
                | Dialog::Contexts(_)
                | Dialog::Sort(_)
                | Dialog::Columns(_)
                | Dialog::Hidden(_)
                | Dialog::Find(_)
                | Dialog::Copy
                | Dialog::Save => {}
            }
        }
        self.take_then(now, &question, answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Options;

    #[test]
    fn what_nobody_wants_any_more_is_given_up_and_may_be_asked_again() {
        let mut app = App::new(Options::default());
        let now = Timestamp::UNIX_EPOCH;
        app.open_rows(super::super::rows::RowsDialog::of_host("a".into()), None);
        let question = Question::WhoSees("a".into());
        assert_eq!(app.ask_study(), Some(Command::Study(question.clone())));
        assert_eq!(app.ask_study(), None, "one at a time");
        let study = app.study(question.clone());
        app.ui.dialogs.clear();
        assert_eq!(app.ask_study(), None);
        assert!(study.given_up.load(Ordering::Relaxed));
        app.take_study(
            now,
            Studied {
                question: question.clone(),
                answer: Err(Unknown::GivenUp),
            },
        );
        app.open_rows(super::super::rows::RowsDialog::of_host("a".into()), None);
        assert_eq!(app.ask_study(), Some(Command::Study(question)));
    }
}
