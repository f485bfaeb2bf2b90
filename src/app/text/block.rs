//! A part of a text to read: lines of any length, or two texts beside each other.

use crate::app::privacy::Mask;
use crate::app::view::cut::break_line;
use crate::app::view::{Line, Role, Span};

/// From this width on, two texts stand side by side.
const BESIDE: u16 = 100;

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

impl Block {
    /// Lines that are broken where they are too long.
    pub(in crate::app) fn broken(lines: Vec<Line>, hanging: u16) -> Self {
        Block::Lines {
            lines,
            hanging: Some(hanging),
        }
    }

    pub(super) fn lay_out(&self, width: u16) -> Vec<Line> {
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

    pub(super) fn masked(&self, mask: &Mask) -> Self {
        let masked = |lines: &[Line]| lines.iter().map(|line| mask.line(line)).collect();
        match self {
            Block::Lines { lines, hanging } => Block::Lines {
                lines: masked(lines),
                hanging: *hanging,
            },
            Block::Beside(first, second) => Block::Beside(masked(first), masked(second)),
        }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
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
