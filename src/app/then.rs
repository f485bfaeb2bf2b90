//! The endpoint table of the chosen pod as it was at a time of the timeline; Esc goes back to now.
//!
//! The world of that time comes with it: pods, nodes and zones of its rows are those of then.

use std::sync::Arc;

use jiff::Timestamp;

use super::App;
use super::actions::Action;
use super::comparison::Point;
use super::study::{Answer, Question, Unknown};
use super::tables::TableId;
use super::ui::{Stale, View};
use super::view::Role;
use crate::mesh::model::Key;
use crate::mesh::scope::EndpointTable;
use crate::mesh::world::World;

/// A table of the past that is looked at.
#[derive(Clone, Debug)]
pub(super) struct Then {
    /// Of when.
    pub point: Point,
    /// Whose.
    pub pod: Key,
    /// It, with its world; `None` as long as it is worked out.
    pub found: Option<(Arc<EndpointTable>, World)>,
}

impl Then {
    /// What is still to be worked out for it.
    pub(super) fn wanted(&self) -> Option<Question> {
        self.found.is_none().then(|| self.question())
    }

    fn question(&self) -> Question {
        Question::Then(self.point.seq, self.pod.clone())
    }
}

impl App {
    /// Looks at the endpoints as they were right after what the line of the timeline tells.
    pub(super) fn open_then(&mut self, now: Timestamp) {
        let Some(line) = self.current_moment() else { return };
        let Some(point) = self.point(&line) else {
            let text = "how it was before sidescope started is not known; take a line above that";
            return self.say(now, Role::Warn, text);
        };
        let Some(chosen) = self.ui.chosen.clone() else {
            return self.say(
                now,
                Role::Dim,
                format!("no pod is chosen ({})", self.options.keys.named(Action::Tab1)),
            );
        };
        self.go(now, View::Endpoints);
        self.ui.active.insert(View::Endpoints, TableId::Endpoints(0));
        self.ui.then = Some(Then {
            point,
            pod: chosen.key,
            found: None,
        });
        self.ui.stale.insert(Stale::Panels);
    }

    /// Back to now; whether one was in the past.
    pub(super) fn leave_then(&mut self) -> bool {
        let was_then = self.ui.then.take().is_some();
        if was_then {
            self.ui.stale.insert(Stale::Panels);
        }
        was_then
    }

    /// A table of the past has come, or why there is none.
    pub(super) fn take_then(&mut self, now: Timestamp, question: &Question, answer: Result<Answer, Unknown>) {
        let Some(then) = self.ui.then.as_mut().filter(|then| then.question() == *question) else {
            return;
        };
        match answer {
            Ok(Answer::Then(table, world)) => {
                then.found = Some((table, world));
                self.ui.stale.insert(Stale::Panels);
            }
            Ok(Answer::Rows(_) | Answer::Weights(_) | Answer::Radius(_) | Answer::WhoSees(..)) => {}
            Err(unknown) => {
                let text = super::view::comparison::unknown_text(&unknown);
                self.leave_then();
                self.say(now, Role::Warn, text);
            }
        }
    }
}
