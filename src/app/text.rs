//! A text to read over the panes: help, a description, a comparison. It scrolls, and is copied whole.

use jiff::Timestamp;

use super::App;
use super::comparison::Comparison;
use super::dialog::Dialog;
use super::key::{KeyCode, KeyPress};
use super::message::{Command, DryRun, Request};
use super::privacy::Mask;
use super::study::{Answer, Question, Span as Worlds, Unknown};
use super::tables::Clock;
use super::view::cut::break_line;
use super::view::{Line, Role, Span};
use crate::mesh::model::Key;

/// Cells that a key moves a text by to the side.
const SIDE: usize = 10;
/// From this width on, two texts stand side by side.
const BESIDE: u16 = 100;

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
}

/// A part of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::app) enum Block {
    /// Lines of any length.
    Lines {
        /// The lines.
        lines: Vec<Line>,
        /// How far the lines that go on another line are set in; `None`: lines are not broken but scrolled.
        hanging: Option<u16>,
    },
    /// Two texts: side by side where there is room, else one below the other.
    Beside(Vec<Line>, Vec<Line>),
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

impl Block {
    /// Lines that are broken where they are too long.
    pub(super) fn broken(lines: Vec<Line>, hanging: u16) -> Self {
        Block::Lines {
            lines,
            hanging: Some(hanging),
        }
    }

    fn lay_out(&self, width: u16) -> Vec<Line> {
        match self {
            Block::Lines { lines, hanging: None } => lines.clone(),
            Block::Lines {
                lines,
                hanging: Some(hanging),
            } => broken(lines, width, *hanging),
            Block::Beside(first, second) if width >= BESIDE => {
                let half = (width - 3) / 2;
                beside(&broken(first, half, 4), &broken(second, half, 4), half)
            }
            Block::Beside(first, second) => {
                let mut lines = broken(first, width, 4);
                if !lines.is_empty() && !second.is_empty() {
                    lines.push(Vec::new());
                }
                lines.extend(broken(second, width, 4));
                lines
            }
        }
    }

    fn masked(&self, mask: &Mask) -> Self {
        let masked = |lines: &[Line]| lines.iter().map(|line| mask.line(line)).collect();
        match self {
            Block::Lines { lines, hanging } => Block::Lines {
                lines: masked(lines),
                hanging: *hanging,
            },
            Block::Beside(first, second) => Block::Beside(masked(first), masked(second)),
        }
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        let (first, second): (&[Line], &[Line]) = match self {
            Block::Lines { lines, .. } => (lines, &[]),
            Block::Beside(first, second) => (first, second),
        };
        first.iter().chain(second)
    }
}

fn broken(lines: &[Line], width: u16, hanging: u16) -> Vec<Line> {
    lines.iter().flat_map(|line| break_line(line, width, hanging)).collect()
}

/// Two columns, the first of them padded to its width.
fn beside(first: &[Line], second: &[Line], width: u16) -> Vec<Line> {
    let none = Line::new();
    let line = |at: usize| {
        let mut line = first.get(at).unwrap_or(&none).clone();
        let used: usize = line.iter().map(|span| span.text.width()).sum();
        let gap = usize::from(width).saturating_sub(used);
        line.push(Span::new(Role::Text, " ".repeat(gap)));
        line.push(Span::new(Role::Border, " │ "));
        line.extend(second.get(at).unwrap_or(&none).iter().cloned());
        line
    };
    (0..first.len().max(second.len())).map(line).collect()
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
        match (key.code, key.ctrl) {
            (KeyCode::Esc | KeyCode::Enter | KeyCode::F(1), _) | (KeyCode::Char('q' | '?'), false) => {
                return Vec::new();
            }
            (KeyCode::Down, _) | (KeyCode::Char('j'), false) => dialog.top += 1,
            (KeyCode::Up, _) | (KeyCode::Char('k'), false) => dialog.top = dialog.top.saturating_sub(1),
            (KeyCode::PageDown, _) | (KeyCode::Char('f' | 'd'), true) | (KeyCode::Char(' '), false) => {
                dialog.top += page;
            }
            (KeyCode::PageUp, _) | (KeyCode::Char('b' | 'u'), true) => dialog.top = dialog.top.saturating_sub(page),
            (KeyCode::Home, _) | (KeyCode::Char('g'), false) => dialog.top = 0,
            (KeyCode::End, _) | (KeyCode::Char('G'), false) => dialog.top = last,
            (KeyCode::Right, _) | (KeyCode::Char('l'), false) => dialog.left += SIDE,
            (KeyCode::Left, _) | (KeyCode::Char('h'), false) => dialog.left = dialog.left.saturating_sub(SIDE),
            (KeyCode::Char('c'), false) => {
                let text = dialog.text();
                self.ui.copied = Some(format!("all of '{}'", dialog.title));
                self.open_text(dialog);
                return vec![Command::Copy(text)];
            }
            (KeyCode::Char('s'), true) => {
                self.open_text(dialog);
                self.ui.dialogs.push(Dialog::Save);
                return Vec::new();
            }
            (KeyCode::Char('Q'), false) => return vec![Command::Quit { code: 0 }],
            _ => return self.press_purpose(now, dialog, key),
        }
        dialog.top = dialog.top.min(last);
        self.open_text(dialog);
        Vec::new()
    }

    /// A key that only some texts have.
    fn press_purpose(&mut self, now: Timestamp, dialog: TextDialog, key: KeyPress) -> Vec<Command> {
        let KeyCode::Char(letter @ ('r' | 'e' | 'd' | 'y')) = key.code else {
            self.open_text(dialog);
            self.say(now, Role::Dim, "j k g G move, h l scroll, c copies, Esc closes");
            return Vec::new();
        };
        match (&dialog.purpose, letter) {
            (Purpose::Confirm(objects), 'y') => {
                let objects = objects.clone();
                return self.dry_run(objects);
            }
            (Purpose::Misread { name, text }, 'e') => {
                let (name, text) = (name.clone(), text.clone());
                self.open_text(dialog);
                return vec![Command::EditDraft { name, text }];
            }
            (Purpose::Comparison(comparison), 'e' | 'd') if comparison.draft().is_some() => {
                let what_if = comparison.draft().cloned();
                self.open_text(dialog);
                let Some(what_if) = what_if else { return Vec::new() };
                if letter == 'e' {
                    let (name, text) = (what_if.draft.name.clone(), what_if.draft.text.clone());
                    return vec![Command::EditDraft { name, text }];
                }
                self.confirm_dry_run(&what_if);
            }
            (Purpose::Comparison(comparison), 'r') => {
                let radius = comparison.radius_dialog();
                self.open_text(dialog);
                if let Some((rows, known)) = radius {
                    self.open_rows(rows, known);
                }
            }
            (
                Purpose::Answer
                | Purpose::Help
                | Purpose::Comparison(_)
                | Purpose::Weighing(_)
                | Purpose::Misread { .. }
                | Purpose::Confirm(_)
                | Purpose::DryRun,
                _,
            ) => {
                self.open_text(dialog);
                self.say(now, Role::Dim, "j k g G move, h l scroll, c copies, Esc closes");
            }
        }
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

    /// Its own keys, for the foot.
    pub(super) fn keys(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Purpose::Comparison(comparison) if comparison.draft().is_some() => {
                &[("e", "edit again"), ("d", "dry run"), ("r", "who else")]
            }
            Purpose::Comparison(comparison) if comparison.has_radius() => &[("r", "who else")],
            Purpose::Misread { .. } => &[("e", "edit again")],
            Purpose::Confirm(_) => &[("y", "ask the server")],
            Purpose::Answer | Purpose::Help | Purpose::Comparison(_) | Purpose::Weighing(_) | Purpose::DryRun => &[],
        }
    }
}
