//! A text to read over the panes: help, a description, a comparison. It scrolls, and is copied whole.

mod block;

use std::sync::Arc;

use jiff::Timestamp;

pub(in crate::app) use self::block::Block;
use super::App;
use super::actions::Action;
use super::comparison::Comparison;
use super::dialog::Dialog;
use super::input::Input;
use super::key::{KeyCode, KeyPress};
use super::message::{Command, DryRun, Request};
use super::privacy::Mask;
use super::study::{Answer, Question, Span as Worlds, Unknown};
use super::tables::Clock;
use super::view::words::yaml_lines;
use super::view::{Line, Role};
use crate::mesh::model::Key;

/// Cells that a key moves a text by to the side.
const SIDE: usize = 10;

/// A text to read.
#[derive(Clone, Debug, Default)]
pub struct TextDialog {
    /// What it is.
    pub title: String,
    /// Its parts, one below the other.
    blocks: Vec<Block>,
    /// The lines as they fit the screen, as of the last layout.
    pub shown: Vec<Line>,
    /// Lines of the screen that it has.
    pub rows: usize,
    /// The width that `shown` was made for.
    laid_for: Option<u16>,
    /// The first line shown.
    pub top: usize,
    /// Cells scrolled away at the left.
    pub left: usize,
    /// The text is still being fetched.
    pub waits_for: Option<Request>,
    /// What it is for.
    pub purpose: Purpose,
    /// What is looked for in it.
    pub(super) search: Search,
}

/// What is looked for in a text.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    /// It, while it is typed.
    pub typing: Option<Input>,
    /// It; empty if nothing is.
    pub sought: String,
    /// The first line shown when one began to type.
    from: usize,
}

/// What a text is for.
#[derive(Clone, Debug, Default)]
pub enum Purpose {
    /// It tells of something that is shown.
    #[default]
    Answer,
    /// It tells what the keys do.
    Help,
    /// It tells what differs, as far as that is known by now.
    Comparison(Box<Comparison>),
    /// It tells which Sidecar governs this pod; its second part waits for the weight of that.
    Weighing(Key),
    /// It tells why a draft cannot be read.
    Misread {
        /// What the draft is called.
        name: String,
        /// Its text.
        text: String,
    },
    /// It asks whether the API server shall be asked about these.
    Confirm(Vec<DryRun>),
    /// It tells what the API server said about a draft.
    DryRun,
}

impl TextDialog {
    /// A text of these lines.
    pub fn new(title: impl Into<String>, lines: Vec<Line>) -> Self {
        Self {
            title: title.into(),
            blocks: vec![Block::Lines { lines, hanging: None }],
            ..Self::default()
        }
    }

    /// The same, with long lines broken; what goes on another line is set in so far.
    pub fn broken(mut self, so_far: u16) -> Self {
        for block in &mut self.blocks {
            if let Block::Lines { hanging, .. } = block {
                *hanging = Some(so_far);
            }
        }
        self
    }

    /// What differs, as far as it is known.
    pub(super) fn of_comparison(comparison: Comparison, clock: Clock<'_>) -> Self {
        let mut dialog = Self {
            title: comparison.title(clock),
            ..Self::default()
        };
        dialog.replace_blocks(super::view::comparison::blocks(&comparison, clock));
        dialog.purpose = Purpose::Comparison(Box::new(comparison));
        dialog
    }

    /// Two texts, and between them how much config a pod is sent, as soon as that is worked out.
    pub(super) fn weighing(title: String, above: Vec<Line>, below: Vec<Line>, pod: Key) -> Self {
        let weight = vec![super::view::comparison::weight_of(None)];
        let blocks = [(above, 16), (weight, 16), (below, 6)];
        Self {
            title,
            blocks: blocks.map(|(lines, hanging)| Block::broken(lines, hanging)).into(),
            purpose: Purpose::Weighing(pod),
            ..Self::default()
        }
    }

    /// Other lines in the place of those before.
    pub fn replace(&mut self, lines: Vec<Line>) {
        let hanging = match self.blocks.first() {
            Some(Block::Lines { hanging, .. }) => *hanging,
            Some(Block::Beside(..)) | None => None,
        };
        self.replace_blocks(vec![Block::Lines { lines, hanging }]);
    }

    fn replace_blocks(&mut self, blocks: Vec<Block>) {
        self.blocks = blocks;
        self.laid_for = None;
    }

    /// Fits the lines to a screen with so much room.
    pub(super) fn lay_out(&mut self, width: u16, rows: usize, mask: Option<&Mask>) {
        if self.laid_for != Some(width) {
            let blocks = self.blocks.iter();
            self.shown = match mask {
                // before lines are broken, which may part a name
                Some(mask) => blocks.flat_map(|block| block.masked(mask).lay_out(width)).collect(),
                None => blocks.flat_map(|block| block.lay_out(width)).collect(),
            };
            self.laid_for = Some(width);
        }
        self.rows = rows;
        self.top = self.top.min(self.shown.len().saturating_sub(rows));
    }

    /// The lines in which stands what is looked for.
    pub(super) fn found(&self) -> Vec<usize> {
        if self.search.sought.is_empty() {
            return Vec::new();
        }
        let sought = self.search.sought.to_lowercase();
        let text = |line: &Line| line.iter().map(|span| span.text.as_str()).collect::<String>();
        let holds = |line: &Line| text(line).to_lowercase().contains(&sought);
        let lines = self.shown.iter().enumerate();
        lines.filter(|(_, line)| holds(line)).map(|(at, _)| at).collect()
    }

    /// To the first line from here on in which it stands, else the first of all.
    fn seek(&mut self, from: usize) {
        let found = self.found();
        let at = found.iter().find(|at| **at >= from).or(found.first());
        if let Some(at) = at {
            self.top = *at;
        }
    }

    /// To the last line before here in which it stands, else the last of all.
    fn seek_back(&mut self, from: usize) {
        let found = self.found();
        let at = found.iter().rev().find(|at| **at < from).or(found.last());
        if let Some(at) = at {
            self.top = *at;
        }
    }

    /// A key while one types what is looked for.
    fn press_search(&mut self, mut input: Input, key: KeyPress) {
        let is_over = key.code == KeyCode::Backspace && input.text().is_empty();
        if key.code == KeyCode::Esc || is_over {
            self.top = self.search.from;
            self.search = Search::default();
        } else if key.code != KeyCode::Enter {
            input.press(key);
            input.text().clone_into(&mut self.search.sought);
            self.search.typing = Some(input);
            self.seek(self.search.from);
        }
    }

    /// Pasted text, where one types what is looked for.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        let Some(input) = &mut self.search.typing else {
            return false;
        };
        input.insert(text);
        input.text().clone_into(&mut self.search.sought);
        self.seek(self.search.from);
        true
    }

    /// All of it as plain text.
    pub fn text(&self) -> String {
        let line = |line: &Line| line.iter().map(|span| span.text.as_str()).collect::<String>();
        let lines = self.blocks.iter().flat_map(Block::lines);
        lines.map(line).collect::<Vec<_>>().join("\n")
    }

    /// What it still wants to know.
    pub(super) fn wanted(&self) -> Vec<Question> {
        match &self.purpose {
            Purpose::Comparison(comparison) => comparison.wanted(),
            Purpose::Weighing(pod) => vec![Question::Weights(Worlds::Present, pod.clone(), pod.clone())],
            Purpose::Answer | Purpose::Help | Purpose::Misread { .. } | Purpose::Confirm(_) | Purpose::DryRun => {
                Vec::new()
            }
        }
    }

    /// Takes an answer in, if it is one to its questions.
    pub(super) fn take(&mut self, question: &Question, answer: &Result<Answer, Unknown>, clock: Clock<'_>) {
        if let Purpose::Comparison(comparison) = &mut self.purpose
            && comparison.take(question, answer)
        {
            let blocks = super::view::comparison::blocks(comparison, clock);
            self.replace_blocks(blocks);
        }
        if let Purpose::Weighing(_) = &self.purpose
            && self.wanted().contains(question)
        {
            let weights = match answer {
                Ok(Answer::Weights(weights)) => Ok(*weights),
                Ok(Answer::Rows(_) | Answer::Radius(_) | Answer::WhoSees(..) | Answer::Then(..)) => return,
                Err(unknown) => Err(unknown.clone()),
            };
            let weight = super::view::comparison::weight_of(Some(&weights));
            if let Some(block) = self.blocks.get_mut(1) {
                *block = Block::broken(vec![weight], 16);
            }
            self.purpose = Purpose::Answer;
            self.laid_for = None;
        }
    }
}

impl App {
    pub(super) fn press_text(&mut self, now: Timestamp, mut dialog: TextDialog, key: KeyPress) -> Vec<Command> {
        let last = dialog.shown.len().saturating_sub(dialog.rows);
        let page = dialog.rows.saturating_sub(1).max(1);
        if let Some(input) = dialog.search.typing.take() {
            dialog.press_search(input, key);
            dialog.top = dialog.top.min(last);
            self.open_text(dialog);
            return Vec::new();
        }
        if let (Purpose::Confirm(objects), KeyCode::Char('y')) = (&dialog.purpose, key.code) {
            let objects = objects.clone();
            return self.dry_run(objects);
        }
        let action = if matches!(key.code, KeyCode::Esc | KeyCode::Enter) {
            Some(Action::StepBack)
        } else {
            self.options.keys.find_in_text(key)
        };
        match action {
            Some(Action::StepBack | Action::BackOrQuit | Action::Help) => {
                self.tell_kept(now, &dialog.purpose);
                return Vec::new();
            }
            Some(Action::Down) => dialog.top += 1,
            Some(Action::Up) => dialog.top = dialog.top.saturating_sub(1),
            Some(Action::PageDown) => dialog.top += page,
            Some(Action::PageUp) => dialog.top = dialog.top.saturating_sub(page),
            Some(Action::HalfPageDown) => dialog.top += (page / 2).max(1),
            Some(Action::HalfPageUp) => dialog.top = dialog.top.saturating_sub((page / 2).max(1)),
            Some(Action::Top) => dialog.top = 0,
            Some(Action::Bottom) => dialog.top = last,
            Some(Action::ColumnsRight) => dialog.left += SIDE,
            Some(Action::ColumnsLeft) => dialog.left = dialog.left.saturating_sub(SIDE),
            Some(Action::Copy) => {
                let text = dialog.text();
                self.ui.copied = Some(format!("all of '{}'", dialog.title));
                self.open_text(dialog);
                return vec![Command::Copy(text)];
            }
            Some(Action::Save) => {
                self.open_text(dialog);
                self.ui.dialogs.push(Dialog::Save);
                return Vec::new();
            }
            Some(Action::Filter) => {
                dialog.search = Search {
                    typing: Some(Input::default()),
                    sought: String::new(),
                    from: dialog.top,
                };
            }
            None if key == KeyPress::char('n') => dialog.seek(dialog.top + 1),
            None if key == KeyPress::char('N') => dialog.seek_back(dialog.top),
            Some(Action::Redraw) => {
                self.open_text(dialog);
                return vec![Command::Redraw];
            }
            Some(Action::Quit) => return vec![Command::Quit { code: 0 }],
            Some(action) => return self.press_purpose(now, dialog, action),
            None if key.code == KeyCode::Char(' ') => dialog.top += page,
            None => return self.tell_keys(now, dialog),
        }
        dialog.top = dialog.top.min(last);
        self.open_text(dialog);
        Vec::new()
    }

    /// What only some texts know.
    fn press_purpose(&mut self, now: Timestamp, dialog: TextDialog, action: Action) -> Vec<Command> {
        let draft = match &dialog.purpose {
            Purpose::Comparison(comparison) => comparison.draft().map(|what_if| Arc::clone(&what_if.draft)),
            Purpose::Answer
            | Purpose::Help
            | Purpose::Weighing(_)
            | Purpose::Misread { .. }
            | Purpose::Confirm(_)
            | Purpose::DryRun => None,
        };
        let text = match (&dialog.purpose, &draft) {
            (Purpose::Misread { name, text }, _) => Some((name.clone(), text.clone())),
            (_, Some(draft)) => Some((draft.name.clone(), draft.text.clone())),
            (_, None) => None,
        };
        match (action, text) {
            (Action::EditAgain, Some((name, text))) => {
                self.open_text(dialog);
                vec![Command::EditDraft { name, text }]
            }
            (Action::EditDraft, Some((name, _))) => {
                self.open_text(dialog);
                self.edit_anew(now, &name)
            }
            (Action::DraftYaml, Some((name, text))) => {
                let text = self.masked_yaml(text);
                let yaml = TextDialog::new(format!("The draft of {name}"), yaml_lines(&text));
                self.open_text(dialog);
                self.open_text(yaml);
                Vec::new()
            }
            (Action::DryRun | Action::Radius, _) => {
                let Purpose::Comparison(comparison) = &dialog.purpose else {
                    return self.tell_keys(now, dialog);
                };
                let (what_if, radius) = (comparison.draft().cloned(), comparison.radius_dialog());
                self.open_text(dialog);
                match (action, what_if, radius) {
                    (Action::DryRun, Some(what_if), _) => self.confirm_dry_run(&what_if),
                    (Action::Radius, _, Some((rows, known))) => self.open_rows(rows, known),
                    _ => {}
                }
                Vec::new()
            }
            _ => self.tell_keys(now, dialog),
        }
    }

    /// A key that does nothing in a text: what others do.
    fn tell_keys(&mut self, now: Timestamp, dialog: TextDialog) -> Vec<Command> {
        self.open_text(dialog);
        let key = |action: Action| self.options.keys.named(action);
        let moves = [Action::Down, Action::Up, Action::Top, Action::Bottom]
            .map(key)
            .join(" ");
        let sides = [Action::ColumnsLeft, Action::ColumnsRight].map(key).join(" ");
        let copies = key(Action::Copy);
        let line = format!("{moves} move, {sides} scroll, {copies} copies, Esc closes");
        self.say(now, Role::Dim, line);
        Vec::new()
    }
}

impl Purpose {
    /// Whether it is about a draft that is not there for itself: another one takes its place.
    pub(super) fn is_of_draft(&self) -> bool {
        match self {
            Purpose::Comparison(comparison) => comparison.draft().is_some(),
            Purpose::Misread { .. } => true,
            Purpose::Answer | Purpose::Help | Purpose::Weighing(_) | Purpose::Confirm(_) | Purpose::DryRun => false,
        }
    }

    /// What it knows besides, for the foot.
    pub(super) fn actions(&self) -> &'static [(Action, &'static str)] {
        match self {
            Purpose::Comparison(comparison) if comparison.draft().is_some() => &[
                (Action::EditAgain, "edit again"),
                (Action::DryRun, "dry run"),
                (Action::DraftYaml, "YAML"),
                (Action::Radius, "who else"),
            ],
            Purpose::Comparison(comparison) if comparison.has_radius() => &[(Action::Radius, "who else")],
            Purpose::Misread { .. } => &[(Action::EditAgain, "edit again"), (Action::DraftYaml, "YAML")],
            Purpose::Answer
            | Purpose::Help
            | Purpose::Comparison(_)
            | Purpose::Weighing(_)
            | Purpose::Confirm(_)
            | Purpose::DryRun => &[],
        }
    }
}
