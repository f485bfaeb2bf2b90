//! What lies over the panes: texts, pickers, the palette's suggestions.

use super::super::counted;
use super::super::cut::{Cut, break_line, cut};
use super::super::spots::{Spot, Spots};
use super::super::{Area, Line, Overlay, Role, Screen, Span, found};
use super::cut_line;
use crate::app::App;
use crate::app::ask::COPY;
use crate::app::columns::{ColumnsDialog, is_fixed};
use crate::app::contexts::{ContextDialog, Going};
use crate::app::dialog::{Dialog, NamespaceDialog, SortDialog, TextDialog};
use crate::app::hidden::HiddenDialog;
use crate::app::message::Context;
use crate::app::rows::RowsDialog;
use crate::app::save::SAVE;

/// Lines below a list at most.
const SAID: usize = 5;
/// Cells of a context's name at most: some are as long as a cloud's name for a cluster.
const LONGEST_CONTEXT: usize = 44;

/// A box, and which of its lines can be chosen.
struct Placed {
    overlay: Overlay,
    /// For each of its lines, from the first on, the place of the choice that it is.
    choices: Vec<Option<usize>>,
}

impl App {
    pub(super) fn lay_over(&self, screen: &mut Screen, spots: &mut Spots) {
        let Some(dialog) = self.ui.dialogs.last() else { return };
        let placed = match dialog {
            Dialog::Text(dialog) => Some(text(dialog, screen)),
            Dialog::Filter(_) => None,
            Dialog::Palette(palette) => {
                let suggestions = self.suggest(palette.input.text());
                let lines: Vec<Line> = suggestions
                    .iter()
                    .map(|suggestion| {
                        vec![
                            Span::new(Role::Name, format!("{:<16}", suggestion.text)),
                            Span::new(Role::Dim, suggestion.help.as_str()),
                        ]
                    })
                    .collect();
                let chosen = if lines.is_empty() { None } else { Some(palette.at) };
                Some(list("Commands", lines, chosen, screen))
            }
            Dialog::Namespaces(dialog) => Some(namespaces(dialog, screen)),
            Dialog::Contexts(dialog) => Some(contexts(dialog, screen)),
            Dialog::Sort(dialog) => Some(sort(dialog, screen)),
            Dialog::Columns(dialog) => Some(columns(dialog, screen)),
            Dialog::Hidden(dialog) => Some(hidden(dialog, screen)),
            Dialog::Rows(dialog) => Some(rows(dialog, screen)),
            Dialog::Find(dialog) => {
                let found = found::listed(dialog, &self.facts, self.ui.panel(0));
                let mut placed = list(&found.title, found.lines, found.chosen, screen);
                for choice in &mut placed.choices {
                    *choice = choice.and_then(|line| found.hits.get(line).copied().flatten());
                }
                Some(placed)
            }
            Dialog::Copy => {
                let lines = COPY
                    .iter()
                    .map(|(key, what)| vec![Span::new(Role::Key, format!("{key}  ")), Span::new(Role::Text, *what)])
                    .collect();
                Some(list("Copy", lines, None, screen))
            }
            Dialog::Save => {
                let lines = SAVE
                    .iter()
                    .map(|(key, _, what)| vec![Span::new(Role::Key, format!("{key}  ")), Span::new(Role::Text, *what)])
                    .collect();
                Some(list("Save", lines, None, screen))
            }
        };
        let Some(Placed { overlay, choices }) = placed else {
            return;
        };
        let area = overlay.area;
        // beside a box the rest of a line is no text any more
        let foot = screen.height.saturating_sub(1);
        let is_beneath = |row: u16| row > 1 && row < foot && (area.y..area.y + area.height).contains(&row);
        screen.lines.retain(|(row, _)| !is_beneath(*row));
        let all = Area {
            width: screen.width,
            height: foot,
            ..Area::default()
        };
        spots.put(all, Spot::Beside);
        spots.put(area, Spot::Dialog);
        for (y, choice) in (Overlay::inner(area).y..).zip(choices).take(overlay.lines.len()) {
            if let Some(at) = choice {
                spots.put(Area { y, height: 1, ..area }, Spot::Choice(at));
            }
        }
        screen.overlay = Some(overlay);
    }
}

/// The area of an overlay that reads: nearly all of the screen.
pub(in crate::app) fn reading_area(width: u16, height: u16) -> Area {
    let (side, top) = if width >= 100 { (4, 2) } else { (0, 1) };
    Area {
        x: side,
        y: top.min(height),
        width: width.saturating_sub(2 * side),
        height: height.saturating_sub(top + 1),
    }
}

fn text(dialog: &TextDialog, screen: &Screen) -> Placed {
    let area = reading_area(screen.width, screen.height);
    let inner = Overlay::inner(area);
    let shown = dialog.shown.iter().skip(dialog.top).take(usize::from(inner.height));
    let lines: Vec<Line> = shown
        .map(|line| {
            lit(
                cut_line(scrolled(line, dialog.left), inner.width),
                &dialog.search.sought,
            )
        })
        .collect();
    let (top, below) = (dialog.top, dialog.shown.len().saturating_sub(dialog.top + lines.len()));
    let overlay = Overlay {
        area,
        title: cut_line(
            vec![Span::new(Role::Strong, dialog.title.as_str())],
            area.width.saturating_sub(4),
        ),
        lines,
        hidden: (top, below),
    };
    let choices = Vec::new();
    Placed { overlay, choices }
}

/// Head, rows and what there is to say of the row under the cursor, which stands at the foot.
fn rows(dialog: &RowsDialog, screen: &Screen) -> Placed {
    let area = reading_area(screen.width, screen.height);
    let inner = Overlay::inner(area);
    let mut lines = dialog.laid.head.clone();
    if dialog.len() > 0 {
        lines.push(scrolled(&dialog.heads, dialog.left));
    }
    let (mut shown, first) = (0, dialog.top);
    let mut choices = vec![None; lines.len()];
    for (at, row) in dialog.shown() {
        choices.push(Some(at));
        let line = scrolled(&row.line, dialog.left);
        lines.push(if at == dialog.at { highlighted(line) } else { line });
        shown += 1;
    }
    if !dialog.laid.detail.is_empty() {
        let foot = usize::from(inner.height).saturating_sub(dialog.laid.detail.len());
        lines.resize(foot.max(lines.len()), Vec::new());
        lines.extend(dialog.laid.detail.iter().cloned());
    }
    lines.truncate(inner.height.into());
    let overlay = Overlay {
        area,
        title: cut_line(
            vec![Span::new(Role::Strong, dialog.title.as_str())],
            area.width.saturating_sub(4),
        ),
        lines: lines.into_iter().map(|line| cut_line(line, inner.width)).collect(),
        hidden: (first, dialog.len().saturating_sub(first + shown)),
    };
    Placed { overlay, choices }
}

/// A line in which what is looked for stands out.
fn lit(line: Line, sought: &str) -> Line {
    let sought = sought.to_lowercase();
    if sought.is_empty() {
        return line;
    }
    let mut parts = Vec::with_capacity(line.len());
    for span in line {
        let mut rest = span.text.as_str();
        // a letter whose small form is longer than itself would put the places off
        let mut small = rest.to_lowercase();
        while small.len() == rest.len()
            && let Some(at) = small.find(&sought)
            && let Some((before, found, behind)) = cut_out(rest, at, sought.len())
        {
            if !before.is_empty() {
                parts.push(Span::new(span.role, before));
            }
            parts.push(Span::new(Role::Match, found));
            rest = behind;
            small = rest.to_lowercase();
        }
        parts.push(Span::new(span.role, rest));
    }
    parts
}

fn cut_out(text: &str, at: usize, length: usize) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_at_checked(at)?;
    let (found, behind) = rest.split_at_checked(length)?;
    Some((before, found, behind))
}

/// A line without its first cells, with a sign that they are there.
fn scrolled(line: &Line, left: usize) -> Line {
    if left == 0 {
        return line.clone();
    }
    let mut skip = left;
    let mut rest = vec![Span::new(Role::Dim, "…")];
    for span in line {
        let cells = span.text.width();
        if cells <= skip {
            skip -= cells;
            continue;
        }
        let text: String = span.text.as_str().chars().skip(skip).collect();
        skip = 0;
        rest.push(Span::new(span.role, text));
    }
    rest
}

fn namespaces(dialog: &NamespaceDialog, screen: &Screen) -> Placed {
    let mut lines: Vec<Line> = Vec::new();
    if dialog.offers_all() {
        lines.push(vec![Span::new(Role::Strong, "  all namespaces")]);
    }
    for (name, pods) in dialog.matches() {
        let picked = dialog.picked.contains(name);
        let (mark, role) = if picked {
            ("✓ ", Role::Picked)
        } else {
            ("  ", Role::Name)
        };
        lines.push(vec![
            Span::new(role, mark),
            Span {
                text: cut(name, 40, Cut::Middle),
                role,
            },
            Span::new(Role::Dim, format!("  {}", counted(*pods, "pod"))),
        ]);
    }
    if lines.is_empty() {
        lines.push(vec![Span::new(Role::Warn, "no such namespace")]);
    }
    list("Namespaces", lines, Some(dialog.at), screen)
}

fn contexts(dialog: &ContextDialog, screen: &Screen) -> Placed {
    let matches = dialog.matches();
    let name = |context: &Context| cut(&context.name, LONGEST_CONTEXT, Cut::Middle);
    let widest = matches.iter().map(|context| name(context).width()).max().unwrap_or(0);
    let mut lines: Vec<Line> = matches
        .iter()
        .map(|context| {
            let is_here = context.name == dialog.here;
            let (mark, role) = if is_here {
                ("✓ ", Role::Picked)
            } else {
                ("  ", Role::Name)
            };
            let text = name(context);
            let gap = " ".repeat(widest.saturating_sub(text.width()) + 2);
            let server = context
                .server
                .split_once("://")
                .map_or(&*context.server, |(_, server)| server);
            let place = if context.cluster == context.name {
                server.to_owned()
            } else {
                format!("{}  {server}", context.cluster)
            };
            vec![
                Span::new(role, mark),
                Span { text, role },
                Span::new(Role::Dim, format!("{gap}{place}")),
            ]
        })
        .collect();
    let is_reading = dialog.state == Going::Reading;
    if lines.is_empty() {
        let text = if is_reading {
            "reading the kubeconfig ..."
        } else {
            "no such context"
        };
        lines.push(vec![Span::new(Role::Warn, text)]);
    }
    let said = match &dialog.state {
        Going::Reading | Going::Choosing => None,
        Going::Failed(why) => Some(vec![Span::new(Role::Bad, why.as_str())]),
        Going::Connecting(name) => Some(vec![Span::new(Role::Warn, format!("connecting to '{name}' ..."))]),
    };
    let at = (!is_reading).then_some(dialog.at);
    list_of("Contexts", lines, at, said.as_ref(), screen)
}

fn hidden(dialog: &HiddenDialog, screen: &Screen) -> Placed {
    let mut lines: Vec<Line> = dialog
        .shown
        .iter()
        .map(|(host, why)| {
            vec![
                Span {
                    text: cut(host, 44, Cut::Middle),
                    role: Role::Name,
                },
                Span::new(Role::Dim, format!("  {why}")),
            ]
        })
        .collect();
    let more = dialog.matching.saturating_sub(lines.len());
    if more > 0 {
        lines.push(vec![Span::new(
            Role::Dim,
            format!("and {more} more: type a part of the name"),
        )]);
    }
    if lines.is_empty() {
        let text = if dialog.hosts.is_empty() {
            "the pod reaches every host of the mesh"
        } else {
            "no hidden host is like that"
        };
        lines.push(vec![Span::new(Role::Warn, text)]);
    }
    let title = format!(
        "{} of the mesh's hosts are hidden from {}",
        dialog.hosts.len(),
        dialog.pod
    );
    let why = dialog.shown.get(dialog.at).map(|(host, why)| {
        vec![
            Span::new(Role::Name, format!("{host} ")),
            Span::new(Role::Text, why.as_str()),
        ]
    });
    list_of(&title, lines, Some(dialog.at), why.as_ref(), screen)
}

fn sort(dialog: &SortDialog, screen: &Screen) -> Placed {
    let mut lines = vec![vec![Span::new(Role::Text, "its own order")]];
    lines.extend(dialog.columns.iter().filter_map(|column| {
        let spec = dialog.table.spec(column)?;
        Some(vec![
            Span::new(Role::Head, format!("{:<16}", spec.head)),
            Span::new(Role::Dim, spec.help),
        ])
    }));
    list("Sort by", lines, Some(dialog.at), screen)
}

fn columns(dialog: &ColumnsDialog, screen: &Screen) -> Placed {
    let line = |(column, is_shown): &(&'static str, bool)| {
        let spec = dialog.table.spec(column)?;
        let (mark, role) = if *is_shown {
            ("✓ ", Role::Head)
        } else {
            ("  ", Role::Dim)
        };
        let always = if is_fixed(spec) { "always; " } else { "" };
        Some(vec![
            Span::new(role, mark),
            Span::new(role, format!("{:<16}", spec.head)),
            Span::new(Role::Dim, format!("{always}{}", spec.help)),
        ])
    };
    let lines = dialog.columns.iter().filter_map(line).collect();
    let title = format!("Columns of {}", dialog.table.title());
    list(&title, lines, Some(dialog.at), screen)
}

/// A list at the foot of the screen, above the line in which one types; the chosen line is always shown.
fn list(title: &str, lines: Vec<Line>, chosen: Option<usize>, screen: &Screen) -> Placed {
    list_of(title, lines, chosen, None, screen)
}

/// The same, with all that there is to say of the chosen line below the lines.
fn list_of(title: &str, lines: Vec<Line>, chosen: Option<usize>, said: Option<&Line>, screen: &Screen) -> Placed {
    let widest = lines.iter().map(|line| super::line_width(line)).max().unwrap_or(0);
    let widest = widest.max(said.map_or(0, |said| super::line_width(said)));
    let width = u16::try_from(widest + 6)
        .unwrap_or(u16::MAX)
        .clamp(30, 100)
        .min(screen.width);
    let room = usize::from(screen.height / 3);
    // what is cut of the chosen line is said whole
    let cut_off = chosen
        .and_then(|at| lines.get(at))
        .filter(|line| super::line_width(line) + 4 > usize::from(width));
    let said = said
        .or(cut_off)
        .map(|said| break_line(said, width.saturating_sub(4), 2));
    let said: Vec<Line> = said.into_iter().flatten().take(room.min(SAID)).collect();
    let below = if said.is_empty() { 0 } else { said.len() + 1 };
    let wanted = u16::try_from(lines.len() + below + 2).unwrap_or(u16::MAX);
    let height = wanted.min(screen.height.saturating_sub(2)).min(22);
    let area = Area {
        x: 0,
        y: screen.height.saturating_sub(height + 1),
        width,
        height,
    };
    let inner = Overlay::inner(area);
    let rows = usize::from(inner.height).saturating_sub(below);
    let chosen_at = chosen.unwrap_or(0).min(lines.len().saturating_sub(1));
    let top = chosen_at.saturating_sub(rows.saturating_sub(1));
    let total = lines.len();
    let mut shown: Vec<Line> = lines
        .into_iter()
        .enumerate()
        .skip(top)
        .take(rows)
        .map(|(at, line)| {
            let line = if chosen.is_some() && at == chosen_at {
                highlighted(line)
            } else {
                line
            };
            cut_line(line, inner.width)
        })
        .collect();
    let hidden = (top, total.saturating_sub(top + shown.len()));
    let choices = (top..top + shown.len()).map(Some).collect();
    if !said.is_empty() {
        shown.push(Vec::new());
        shown.extend(said);
        shown.truncate(inner.height.into());
    }
    let overlay = Overlay {
        area,
        title: cut_line(vec![Span::new(Role::Strong, title)], area.width.saturating_sub(4)),
        lines: shown,
        hidden,
    };
    Placed { overlay, choices }
}

fn highlighted(line: Line) -> Line {
    line.into_iter()
        .map(|span| Span {
            role: Role::Cursor,
            ..span
        })
        .collect()
}
