//! Rows over the panes that one can go to: workloads that see a service, or that gained or lost something.
//!
//! Below the rows stands all that there is to say of the one under the cursor, so that nothing is cut where a terminal
//! is narrow. Not here: what the rows are (`view::impact`, `view::who_sees`).

use jiff::Timestamp;

use super::App;
use super::actions::Action;
use super::comparison::Found;
use super::dialog::Dialog;
use super::drill::Landing;
use super::key::{KeyCode, KeyPress};
use super::message::Command;
use super::study::{Answer, Question, Span, Unknown};
use super::view::cut::break_line;
use super::view::{Line, Role, Span as Piece, comparison, impact, who_sees};
use crate::mesh::model::{Key, Text};

/// Cells that a key moves the rows by to the side.
const SIDE: usize = 10;
/// Lines below the rows at most.
const DETAIL: usize = 6;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct RowsDialog {
    /// What it is.
    pub title: String,
    /// What it still waits for.
    pub wants: Option<Question>,
    /// Lines above the rows.
    head: Vec<Line>,
    /// The titles of the columns.
    pub heads: Line,
    /// The rows.
    rows: Vec<Listed>,
    /// Which row the cursor is on.
    pub at: usize,
    /// The first row shown.
    pub top: usize,
    /// Cells scrolled away at the left.
    pub left: usize,
    /// As it fits the screen, as of the last layout.
    pub laid: LaidRows,
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    /// Its cells, side by side.
    pub line: Line,
    /// All that there is to say of it.
    pub detail: Vec<Line>,
    /// Where Enter goes.
    pub target: Target,
}

/// Where a row leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// To a pod's endpoints.
    Pod(Key),
    /// To a pod's endpoints of a host.
    Host(Key, Text),
    /// To why a pod does not reach a host.
    Why(Key, Text),
}

/// What of it fits.
#[derive(Clone, Debug, Default)]
pub(super) struct LaidRows {
    /// Lines above the heads.
    pub head: Vec<Line>,
    /// How many rows.
    pub rows: usize,
    /// Lines below the rows.
    pub detail: Vec<Line>,
}

impl RowsDialog {
    /// Who gained or lost what between two worlds.
    pub(super) fn of_radius(title: String, span: Span) -> Self {
        Self::waiting(title, Question::Radius(span))
    }

    /// Who has a host in scope.
    pub(super) fn of_host(host: Text) -> Self {
        Self::waiting(format!("Who sees {host}"), Question::WhoSees(host))
    }

    fn waiting(title: String, question: Question) -> Self {
        Self {
            title,
            wants: Some(question),
            head: vec![vec![Piece::new(Role::Dim, "every pod is asked ...")]],
            ..Self::default()
        }
    }

    /// Takes in what it waits for.
    pub(super) fn fill(&mut self, answer: &Result<Answer, Unknown>, chosen: Option<&Key>) {
        let Some(question) = self.wants.take() else { return };
        match (answer, question) {
            (Ok(Answer::Radius(radius)), _) => {
                (self.heads, self.rows) = impact::listed(radius);
                self.head = vec![vec![Piece::new(Role::Text, impact::sentence(radius))]];
            }
            (Ok(Answer::WhoSees(seen, world)), Question::WhoSees(host)) => {
                let listed = who_sees::listed(world, &host, seen, chosen);
                self.head = listed.head;
                self.heads = listed.heads;
                self.rows = listed.rows;
                self.at = listed.at;
            }
            (Err(unknown), _) => {
                let text = comparison::unknown_text(unknown);
                self.head = vec![vec![Piece::new(Role::Warn, text)]];
            }
            (Ok(Answer::WhoSees(..) | Answer::Rows(_) | Answer::Weights(_) | Answer::Then(..)), _) => {}
        }
    }

    /// Fits it to a screen with so much room.
    pub(super) fn lay_out(&mut self, width: u16, height: usize) {
        let broken = |lines: &[Line], hanging| -> Vec<Line> {
            let lines = lines.iter();
            lines.flat_map(|line| break_line(line, width, hanging)).collect()
        };
        let mut head = broken(&self.head, 4);
        head.truncate(height.saturating_sub(2));
        let detail = self.rows.get(self.at).map(|row| broken(&row.detail, 16));
        let mut detail = detail.unwrap_or_default();
        detail.truncate(DETAIL.min(height / 3));
        let heads = usize::from(!self.rows.is_empty());
        let below = if detail.is_empty() { 0 } else { detail.len() + 1 };
        let rows = height.saturating_sub(head.len() + heads + below);
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(rows.max(1)));
        self.top = self.top.min(self.rows.len().saturating_sub(rows));
        self.laid = LaidRows { head, rows, detail };
    }

    /// The rows that are shown, with their places.
    pub(super) fn shown(&self) -> impl Iterator<Item = (usize, &Listed)> {
        let rows = self.rows.iter().enumerate();
        rows.skip(self.top).take(self.laid.rows)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All of it as plain text.
    pub(super) fn text(&self) -> String {
        let rows = self.rows.iter().map(|row| &row.line);
        let lines = self.head.iter().chain([&self.heads]).chain(rows);
        let text = |line: &Line| line.iter().map(|piece| piece.text.as_str()).collect::<String>();
        let lines = lines.map(|line| text(line).trim_end().to_owned());
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl App {
    /// Opens rows; what is known already goes in at once.
    pub(super) fn open_rows(&mut self, mut dialog: RowsDialog, known: Found<Answer>) {
        if let Some(answer) = known {
            dialog.fill(&answer, None);
        }
        self.ui.dialogs.push(Dialog::Rows(dialog));
    }

    pub(super) fn press_rows(&mut self, now: Timestamp, mut dialog: RowsDialog, key: KeyPress) -> Vec<Command> {
        let last = dialog.rows.len().saturating_sub(1);
        let page = dialog.laid.rows.max(1);
        if key.code == KeyCode::Enter {
            if let Some(target) = dialog.rows.get(dialog.at).map(|row| row.target.clone()) {
                self.ui.dialogs.push(Dialog::Rows(dialog));
                return self.go_to_target(now, target);
            }
            return Vec::new();
        }
        let action = if key.code == KeyCode::Esc {
            Some(Action::StepBack)
        } else {
            self.options.keys.find_in_text(key)
        };
        match action {
            Some(Action::StepBack | Action::BackOrQuit) => return Vec::new(),
            Some(Action::Down) => dialog.at += 1,
            Some(Action::Up) => dialog.at = dialog.at.saturating_sub(1),
            Some(Action::PageDown) => dialog.at += page,
            Some(Action::PageUp) => dialog.at = dialog.at.saturating_sub(page),
            Some(Action::HalfPageDown) => dialog.at += (page / 2).max(1),
            Some(Action::HalfPageUp) => dialog.at = dialog.at.saturating_sub((page / 2).max(1)),
            Some(Action::Top) => dialog.at = 0,
            Some(Action::Bottom) => dialog.at = last,
            Some(Action::ColumnsRight) => dialog.left += SIDE,
            Some(Action::ColumnsLeft) => dialog.left = dialog.left.saturating_sub(SIDE),
            Some(Action::Quit) => return vec![Command::Quit { code: 0 }],
            Some(Action::Redraw) => {
                self.ui.dialogs.push(Dialog::Rows(dialog));
                return vec![Command::Redraw];
            }
            Some(Action::Copy) => {
                let text = dialog.text();
                self.ui.copied = Some(format!("all of '{}'", dialog.title));
                self.ui.dialogs.push(Dialog::Rows(dialog));
                return vec![Command::Copy(text)];
            }
            Some(Action::Save) => {
                self.ui.dialogs.extend([Dialog::Rows(dialog), Dialog::Save]);
                return Vec::new();
            }
            None if key.code == KeyCode::Char(' ') => dialog.at += page,
            Some(_) | None => {
                let [down, up, copy] =
                    [Action::Down, Action::Up, Action::Copy].map(|action| self.options.keys.named(action));
                let line = format!("{down} {up} move, Enter goes there, {copy} copies, Esc closes");
                self.say(now, Role::Dim, line);
            }
        }
        dialog.at = dialog.at.min(last);
        self.ui.dialogs.push(Dialog::Rows(dialog));
        Vec::new()
    }

    /// Where a row leads: away from all that is open, but for a reason, which lies over it.
    fn go_to_target(&mut self, now: Timestamp, target: Target) -> Vec<Command> {
        match target {
            Target::Why(pod, host) => {
                self.explain_host(now, &pod, &host);
                Vec::new()
            }
            Target::Pod(pod) => self.land(now, &pod, &Landing::Endpoints),
            Target::Host(pod, host) => self.land(now, &pod, &Landing::Host(host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> Listed {
        Listed {
            line: vec![Piece::new(Role::Text, name)],
            detail: vec![vec![Piece::new(Role::Text, "said of it")]],
            target: Target::Pod(Key::new("a", name)),
        }
    }

    #[test]
    fn the_row_under_the_cursor_is_always_shown() {
        let mut dialog = RowsDialog {
            rows: (0..50).map(|at| row(&at.to_string())).collect(),
            head: vec![Vec::new()],
            ..RowsDialog::default()
        };
        for height in 0..30 {
            for at in [0, 20, 49, 3] {
                dialog.at = at;
                dialog.lay_out(40, height);
                let shown: Vec<usize> = dialog.shown().map(|(at, _)| at).collect();
                assert!(shown.len() <= height);
                assert!(shown.is_empty() || shown.contains(&at), "{height} {at} {shown:?}");
            }
        }
    }
}
