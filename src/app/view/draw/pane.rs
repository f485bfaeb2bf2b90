//! A pane: its title with counts, its rows, or the state in which there are none.

use jiff::Timestamp;

use super::super::column::Spec;
use super::super::cut::{Cut, cut};
use super::super::layout::Size;
use super::super::state::{self, State};
use super::super::table::timeline::BEFORE;
use super::super::{Body, ColumnHead, Edge, Glow, Line, Mark, Pane, Role, RowLine, Shown, Span};
use super::{cut_line, line_width};
use crate::app::App;
use crate::app::actions::Action;
use crate::app::list::{ItemId, List, MomentId};
use crate::app::panel::{Panel, Standing};
use crate::app::settle::Laid;
use crate::app::tables::{Marked, TableId};
use crate::app::ui::Toggle;
use crate::mesh::history::{Counts, Glow as MarkGlow, MarkKind, MarkSet, Untold};
use crate::mesh::model::Kind;
use crate::mesh::scope::NoTable;
use crate::mesh::world::Coverage;

/// The columns behind the one in which a tombstone is "gone": they tell when.
const ENDS: &[&str] = &["status", "inScope", "findings"];

impl App {
    pub(super) fn pane(&self, now: Timestamp, laid: &Laid, size: Size) -> Pane {
        let active = self.ui.active() == laid.table;
        let inner = Pane::inner(laid.area);
        let body = match self.state_of(now, laid.table) {
            Some(state) => {
                // where there is little room, none of it is left blank
                let blank = usize::from(size != Size::Full);
                let lines = state
                    .with_texts(|text| self.masked(text).into_owned())
                    .lines(inner.width.into(), &self.options.keys)
                    .into_iter()
                    .skip(blank);
                Body::Lines(fit_lines(lines.collect(), inner.width, inner.height))
            }
            None => self.rows(now, laid),
        };
        let (above, below) = match &body {
            Body::Table { .. } => self.edges(laid),
            Body::Lines(_) => (Edge::default(), Edge::default()),
        };
        Pane {
            area: laid.area,
            title: {
                let mut title = self.title(now, laid, above.changes + below.changes);
                let room = usize::from(laid.area.width).saturating_sub(arrows(laid, above, below));
                self.add_owner(laid.table, room, &mut title);
                cut_line(title, laid.area.width)
            },
            active,
            body,
            above,
            below,
        }
    }

    /// What is in the pane, how much of it, what changed; what must be known first stands first, for narrow panes. Of
    /// the unseen changes, those are left out of which the arrows tell.
    fn title(&self, now: Timestamp, laid: &Laid, told: usize) -> Line {
        let table = laid.table;
        let mut title = vec![self.name_of(now, table)];
        let Some(list) = self.ui.find_list(table) else {
            return title;
        };
        let mut add = |role: Role, text: String| {
            // a number belongs to the name, signs to each other
            let gap = if role == Role::Number || text.starts_with(['~', '-']) {
                " "
            } else {
                "  "
            };
            title.push(Span::new(role, format!("{gap}{text}")));
        };
        match table {
            TableId::Endpoints(_) | TableId::Traffic => {
                if let Some(panel) = table.slot().and_then(|slot| self.ui.panel(slot)) {
                    self.endpoint_counts(now, panel, list, told, &mut add);
                    if table == TableId::Traffic
                        && let Some((role, words)) = self.rates_words(panel)
                    {
                        add(role, words);
                    }
                }
            }
            TableId::Packets => self.packet_counts(now, list, &mut add),
            TableId::Pods | TableId::Services | TableId::Sidecars => {
                let marks = table.kind().and_then(|kind| self.facts.history.objects(kind));
                let counts = marks.map(MarkSet::counts).unwrap_or_default();
                if list.living() > 0 || self.is_known(table) {
                    add(Role::Number, list.living().to_string());
                }
                add_counts(&counts, told, &mut add);
            }
            TableId::Workloads if list.is_empty() && !self.is_known(table) => {}
            TableId::Workloads | TableId::Elsewhere => add(Role::Number, list.len().to_string()),
            TableId::Timeline => {
                add(Role::Number, list.len().saturating_sub(1).to_string());
                let Untold { others, older } = self.ui.untold;
                let key = self.options.keys.named(Action::OtherPods);
                if others > 0 {
                    add(Role::Dim, format!("{others} events of other pods hidden ({key})"));
                }
                if self.ui.is_on(Toggle::OtherPods) {
                    add(Role::Dim, format!("of all pods ({key})"));
                }
                if older > 0 {
                    add(Role::Dim, format!("{older} older ones hidden"));
                }
            }
        }
        if let Some(words) = self.left_words(now, table) {
            add(Role::Bad, words);
        }
        if let Some(only) = self.ui.only.as_ref().filter(|_| table == TableId::Pods) {
            add(Role::Name, format!("of {} {}", only.kind, only.name));
        }
        if !list.filter().is_empty() {
            add(Role::Match, format!("/{}", list.filter().text()));
            if list.hidden() > 0 {
                add(Role::Dim, format!("hides {}", list.hidden()));
            }
        } else if self.ui.is_on(Toggle::Faults) {
            add(Role::Match, "faults only".to_owned());
        }
        if let Some(text) = hidden_sort(list, laid) {
            add(Role::Dim, text);
        }
        if !list.picked().is_empty() {
            add(Role::Picked, format!("{} picked", list.picked().len()));
        }
        if self.ui.is_on(Toggle::Zoom) {
            add(Role::Dim, "zoomed".to_owned());
        }
        title
    }

    /// The name of a table; of another time, with that.
    fn name_of(&self, now: Timestamp, table: TableId) -> Span {
        let panel = table.slot().and_then(|slot| self.ui.panel(slot));
        let at = match panel.map(|panel| &panel.standing) {
            Some(Standing::Then(at)) => *at,
            Some(
                Standing::Present
                | Standing::Past { .. }
                | Standing::None(_)
                | Standing::Computing(_)
                | Standing::Broken(_)
                | Standing::Recalling,
            )
            | None => return Span::new(Role::Strong, table.title()),
        };
        let at = at.map_or_else(|| "the start".to_owned(), |at| self.clock_text(at, now));
        let back = self.options.keys.hint(Action::StepBack);
        let back = back.map_or_else(String::new, |key| format!(" ({key}: now)"));
        Span::new(Role::Warn, format!("{} as at {at}{back}", table.title()))
    }

    /// Whose endpoints they are, and what of Envoy's own is not shown: as far as there is room beside the arrows.
    fn add_owner(&self, table: TableId, width: usize, title: &mut Line) {
        let Some(slot) = table.slot() else { return };
        let Some(panel) = self.ui.panel(slot).filter(|panel| !panel.pod.name.is_empty()) else {
            return;
        };
        let is_pinned = table == TableId::Traffic && self.ui.pins.iter().any(|pin| pin.key == panel.pod);
        let pin = if slot > 0 || is_pinned { "pinned" } else { "of" };
        let mut add = |part: String, least: usize| {
            let room = width.saturating_sub(line_width(title));
            let part = self.masked(part);
            if room >= least.min(part.len()) {
                title.push(Span {
                    text: cut(&part, room, Cut::Middle),
                    role: Role::Dim,
                });
            }
        };
        add(format!("  {pin} {}.{}", panel.pod.name, panel.pod.namespace), 12);
        if panel.hidden_bootstrap > 0 {
            add(
                format!("  and {} of Envoy's own (b)", panel.hidden_bootstrap),
                usize::MAX,
            );
        }
    }

    /// Whether all objects of a table are there, so that their number means something.
    fn is_known(&self, table: TableId) -> bool {
        table.kind().is_none_or(|kind| self.is_listed(kind))
    }

    fn endpoint_counts(
        &self,
        now: Timestamp,
        panel: &Panel,
        list: &List,
        told: usize,
        add: &mut impl FnMut(Role, String),
    ) {
        let counts = panel.marks(&self.facts).map(MarkSet::counts).unwrap_or_default();
        let is_filtered = !list.filter().is_empty() || self.ui.is_on(Toggle::Faults);
        if panel.table.is_some() {
            let count = if is_filtered { list.living() } else { panel.living };
            add(Role::Number, count.to_string());
            if panel.is_present() {
                add_counts(&counts, told, add);
            }
        }
        if let Standing::Past { since, .. } = &panel.standing {
            add(Role::Warn, state::stale_since(*since, now));
        }
        if let (Standing::Present, Some(envoy)) = (&panel.standing, self.facts.envoys.get(&panel.pod))
            && envoy.answer.is_ok()
            && envoy.comparison.differences() > 0
        {
            let (role, sentence) = envoy.comparison.sentence(now);
            add(role, sentence);
        }
        if let Some(table) = &panel.table {
            let gaps = state::incomplete(&table.gaps);
            if !gaps.is_empty() {
                add(Role::Bad, gaps);
            }
            // what is assumed of a control plane that nobody has seen is no knowledge
            let coverage = self.facts.coverage(Kind::Istiod);
            if self.facts.world.istiods.is_empty() && coverage == Coverage::Complete {
                add(Role::Warn, "no istiod found: --istio-namespace".to_owned());
            }
        }
    }

    /// Why there is no table to show; `None` if there is one.
    fn state_of(&self, now: Timestamp, table: TableId) -> Option<State> {
        let facts = &self.facts;
        let list = self.ui.find_list(table);
        let is_empty = list.is_none_or(List::is_empty);
        let hidden = list.map_or(0, List::hidden);
        match table {
            TableId::Pods | TableId::Workloads | TableId::Services | TableId::Sidecars => {
                let kind = table.kind()?;
                if !is_empty {
                    return None;
                }
                Some(state::empty_list(
                    facts,
                    kind,
                    &self.ui.namespaces,
                    hidden,
                    self.ui.is_on(Toggle::Faults),
                    now,
                ))
            }
            TableId::Endpoints(_) | TableId::Traffic => {
                let Some(panel) = table.slot().and_then(|slot| self.ui.panel(slot)) else {
                    return Some(state::no_table(&NoTable::NoSuchPod, None, facts, now));
                };
                match &panel.standing {
                    Standing::None(why) => {
                        let pending = facts.pending();
                        if *why == NoTable::NoSuchPod && !pending.is_empty() {
                            return Some(state::pending(facts, &pending, now));
                        }
                        let pod = facts.world.pods.get(&panel.pod);
                        Some(state::no_table(why, pod.map(AsRef::as_ref), facts, now))
                    }
                    Standing::Computing(services) => {
                        let words = format!("going through {services} services: this pod imports all of them ...");
                        Some(State::new(Role::Dim, &words))
                    }
                    Standing::Broken(services) => {
                        let words =
                            format!("no table: the work over its {services} services broke, by a fault of sidescope");
                        let state = State::new(Role::Bad, words).next(":log", "which fault, for a report");
                        Some(state.next(Action::Relist, "tries again"))
                    }
                    Standing::Recalling => Some(State::new(Role::Dim, "going back through the journal ...")),
                    Standing::Present | Standing::Past { .. } | Standing::Then(_) if is_empty => Some(
                        state::no_endpoints(panel.table.as_deref(), hidden, self.ui.is_on(Toggle::Faults)),
                    ),
                    Standing::Present | Standing::Past { .. } | Standing::Then(_) => None,
                }
            }
            TableId::Timeline => is_empty.then(|| state::no_moments(hidden)),
            TableId::Packets => is_empty.then(|| self.no_packets(now)),
            TableId::Elsewhere => is_empty.then(|| State::new(Role::Dim, "every packet goes to an endpoint")),
        }
    }

    fn rows(&self, now: Timestamp, laid: &Laid) -> Body {
        let Some(list) = self.ui.find_list(laid.table) else {
            return Body::default();
        };
        let specs = laid.table.specs();
        let mut heads = heads(list, &specs, &laid.columns);
        if !laid.heads {
            // The widths stay: without titles there is no row of heads.
            for head in &mut heads {
                head.title = Shown::default();
            }
        }
        let cursor = list.position();
        let rows = list
            .rows_from(laid.top)
            .take(laid.rows)
            .enumerate()
            .map(|(at, id)| self.row(now, laid, &specs, id, laid.top + at == cursor))
            .collect();
        Body::Table {
            heads,
            rows,
            hidden_columns: laid.hidden_columns,
        }
    }

    fn row(&self, now: Timestamp, laid: &Laid, specs: &[&'static Spec], id: &ItemId, cursor: bool) -> RowLine {
        if *id == ItemId::Moment(MomentId::Start) {
            return RowLine {
                banner: Some(start_line(Pane::inner(laid.area).width.into())),
                cursor,
                ..RowLine::default()
            };
        }
        let marked = self.marked(now, laid.table, id);
        let picked = self
            .ui
            .find_list(laid.table)
            .is_some_and(|list| list.picked().contains(id));
        let subject = self.subject(now, laid.table, id);
        let is_gone = self.is_gone(laid.table, id);
        let cells = laid
            .columns
            .iter()
            .map(|(column, width)| {
                let Some(spec) = specs.get(*column) else {
                    return Span::default();
                };
                if is_gone && let Some(buried) = spec.buried {
                    let tells_end = buried.is_empty() && ENDS.contains(&spec.id);
                    let end = marked.as_ref().filter(|_| tells_end);
                    let end = end.map(|marked| self.end_text(marked, *width));
                    return Span::new(Role::Dim, end.unwrap_or_else(|| buried.to_owned()));
                }
                let datum = subject.and_then(|subject| subject.datum(*column));
                let Some(datum) = datum else { return Span::default() };
                let changed = marked.as_ref().is_some_and(|marked| is_changed(marked, spec.id));
                let role = match (is_gone, changed) {
                    (true, _) => Role::Removed,
                    (false, true) => Role::Changed,
                    (false, false) => datum.role,
                };
                Span {
                    text: cut(&self.masked(datum.value.text(now)), usize::from(*width), spec.cut),
                    role,
                }
            })
            .collect();
        RowLine {
            cells,
            banner: None,
            mark: marked.as_ref().map(sign),
            cursor,
            picked,
        }
    }

    /// When something went: of several of one name each at another time.
    fn end_text(&self, marked: &Marked, width: u16) -> String {
        let at = marked.times.1.to_zoned(self.options.time_zone.clone());
        let format = if width < 8 { "%H:%M" } else { "%H:%M:%S" };
        at.strftime(format).to_string()
    }

    /// What lies above and below, and how much of that has a change mark that was never on the screen.
    fn edges(&self, laid: &Laid) -> (Edge, Edge) {
        let Some(list) = self.ui.find_list(laid.table) else {
            return (Edge::default(), Edge::default());
        };
        let end = (laid.top + laid.rows).min(list.len());
        let mut above = Edge {
            rows: laid.top,
            changes: 0,
        };
        let mut below = Edge {
            rows: list.len() - end,
            changes: 0,
        };
        if above.rows + below.rows == 0 {
            return (above, below);
        }
        (above.changes, below.changes) = self.unseen_around(laid, list);
        (above, below)
    }
}

/// What the frame of a pane and its arrows take of the title's line: hidden columns, rows and unseen changes.
fn arrows(laid: &Laid, above: Edge, below: Edge) -> usize {
    let edge = |edge: Edge| match (edge.rows, edge.changes) {
        (0, _) => 0,
        (rows, 0) => rows.to_string().len() + 3,
        (rows, changes) => rows.to_string().len() + changes.to_string().len() + 11,
    };
    let columns = |hidden: usize| if hidden == 0 { 0 } else { hidden.to_string().len() + 7 };
    FRAME + edge(above) + edge(below) + columns(laid.hidden_columns.0) + columns(laid.hidden_columns.1)
}

/// The strokes left and right of a title.
const FRAME: usize = 8;

fn add_counts(counts: &Counts, told: usize, add: &mut impl FnMut(Role, String)) {
    let roles = [Role::Added, Role::Changed, Role::Removed];
    let signs = ["+", "~", "-"];
    let numbers = [counts.added, counts.changed, counts.removed];
    if numbers.iter().sum::<usize>() == 0 {
        return;
    }
    for ((role, sign), number) in roles.into_iter().zip(signs).zip(numbers) {
        let role = if number > 0 { role } else { Role::Dim };
        add(role, format!("{sign}{number}"));
    }
    if counts.unseen > told {
        add(Role::Warn, format!("{} unseen", counts.unseen));
    }
    if counts.dropped > 0 {
        add(Role::Dim, format!("and {} more", counts.dropped));
    }
}

fn heads(list: &List, specs: &[&'static Spec], columns: &[(usize, u16)]) -> Vec<ColumnHead> {
    let sort = list.sort();
    columns
        .iter()
        .filter_map(|(column, width)| {
            let spec = specs.get(*column)?;
            let arrow = match sort.filter(|sort| sort.column == spec.id) {
                Some(sort) if sort.descending => "▼",
                Some(_) => "▲",
                None => "",
            };
            let room = usize::from(*width).saturating_sub(arrow.chars().count());
            let head = cut(spec.head, room, Cut::End);
            Some(ColumnHead {
                title: Shown::from(format!("{head}{arrow}")),
                width: *width,
                right: spec.right,
            })
        })
        .collect()
}

/// Between what was seen and what objects tell of the time before.
fn start_line(width: usize) -> Span {
    let text = format!("── {BEFORE} ");
    let rule = "─".repeat(width.saturating_sub(text.chars().count()));
    Span {
        text: cut(&format!("{text}{rule}"), width, Cut::End),
        role: Role::Dim,
    }
}

/// By which column a list is sorted, where no head tells it: it is hidden, or there is no room for it.
fn hidden_sort(list: &List, laid: &Laid) -> Option<String> {
    let sort = list.sort()?;
    let specs = laid.table.specs();
    let at = specs.iter().position(|spec| spec.id == sort.column)?;
    let is_shown = laid.heads && laid.columns.iter().any(|(column, _)| *column == at);
    let arrow = if sort.descending { "▼" } else { "▲" };
    let head = specs.get(at).filter(|_| !is_shown)?.head;
    Some(format!("by {head}{arrow}"))
}

fn is_changed(marked: &Marked, column: &str) -> bool {
    marked.changes.iter().any(|(changed, ..)| *changed == column)
}

fn sign(marked: &Marked) -> Mark {
    let glow = match marked.glow {
        MarkGlow::Bright => Glow::Bright,
        MarkGlow::Normal => Glow::Normal,
        MarkGlow::Dim => Glow::Dim,
    };
    match marked.kind {
        MarkKind::Added => Mark::Added(glow),
        MarkKind::Changed => Mark::Changed(glow),
        MarkKind::Removed => Mark::Removed(glow),
    }
}

fn fit_lines(lines: Vec<Line>, width: u16, height: u16) -> Vec<Line> {
    let fitted = lines.into_iter().map(|line| cut_line(line, width));
    fitted.take(usize::from(height)).collect()
}
