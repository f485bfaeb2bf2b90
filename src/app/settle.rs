//! Before drawing: panels and lists are brought up to the facts, panes are laid out, what is on the screen is seen.
//!
//! All that drawing needs is in [`Laid`] afterwards. Laying out twice at one time gives the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};

use super::App;
use super::actions::Group;
use super::dialog::Dialog;
use super::list::{ItemId, MomentId};
use super::message::{Command, Work};
use super::panel::Panel;
use super::study::{Studied, Unknown};
use super::tables::{TableId, moment_id};
use super::view::layout::{Frame, Size, Wanted, frame};
use super::view::{Area, Overlay, Pane, reading_area};
use crate::app::ui::{Stale, Toggle, View};
use crate::mesh::history::{ObjectId, Progress, Timeline};
use crate::mesh::model::{Key, Pod, Uid};

/// How many pairs of tables a walk through the past compares before the screen is drawn.
const WALK: usize = 32;
/// ... and how many objects they may stand for.
const WALK_OBJECTS: usize = 20_000;

/// A pane as it is laid out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Laid {
    /// Its table.
    pub table: TableId,
    /// Where.
    pub area: Area,
    /// The position of its first row.
    pub top: usize,
    /// How many rows fit.
    pub rows: usize,
    /// Whether its heads are shown.
    pub heads: bool,
    /// Columns by their place in the table, with their widths.
    pub columns: Vec<(usize, u16)>,
    /// Columns to the left and right of them.
    pub hidden_columns: (usize, usize),
}

impl TableId {
    /// Whether its top is followed until somebody moves in it: the newest line of the timeline, the busiest endpoint.
    pub(super) fn follows(self) -> bool {
        match self {
            TableId::Timeline | TableId::Traffic | TableId::Elsewhere => true,
            TableId::Pods
            | TableId::Workloads
            | TableId::Services
            | TableId::Endpoints(_)
            | TableId::Sidecars
            | TableId::Packets => false,
        }
    }
}

impl App {
    /// See the module.
    pub(super) fn settle(&mut self, now: Timestamp, width: u16, height: u16) {
        self.expire(now);
        self.settle_governing(now);
        self.choose(now);
        self.settle_panels(now);
        self.walk_back();
        let frame = self.frame(width, height);
        if frame.panes.iter().any(|(table, _)| *table == TableId::Timeline) {
            self.settle_moments(now);
        }
        self.settle_traffic(now);
        self.hold_cursors();
        self.ui.size = (width, height);
        self.lay_out_all(now, &frame);
        self.look_on();
        let inner = Overlay::inner(reading_area(width, height));
        let mask = self.ui.is_on(Toggle::Privacy).then_some(&self.mask);
        match self.ui.dialogs.last_mut() {
            Some(Dialog::Text(dialog)) => dialog.lay_out(inner.width, inner.height.into(), mask),
            Some(Dialog::Rows(dialog)) => dialog.lay_out(inner.width, inner.height.into()),
            // what a text lies over is not seen
            Some(
                Dialog::Filter(_)
                | Dialog::Palette(_)
                | Dialog::Namespaces(_)
                | Dialog::Contexts(_)
                | Dialog::Sort(_)
                | Dialog::Columns(_)
                | Dialog::Hidden(_)
                | Dialog::Find(_)
                | Dialog::Copy
                | Dialog::Save,
            )
            | None => self.see(now),
        }
        self.ui.wake = self.find_wake(now);
    }

    fn lay_out_all(&mut self, now: Timestamp, frame: &Frame) {
        self.ui.is_told = frame.story.is_some();
        let panes = frame.panes.iter();
        let laid = panes.map(|(table, area)| self.lay_out(now, *table, *area, frame.size));
        self.ui.laid = laid.collect();
    }

    /// What an action is about is what a frame would show: so that keys typed ahead find it, though none came between.
    /// Only where one moves in a table that was shown, nothing is worked out for the rows that one passes.
    pub(super) fn catch_up(&mut self, now: Timestamp, group: Group) {
        let is_shown = self.ui.is_laid(self.ui.active());
        if group == Group::Move && is_shown {
            return;
        }
        self.choose(now);
        self.settle_panels(now);
        if self.ui.view == View::Timeline || self.ui.is_laid(TableId::Timeline) {
            self.settle_moments(now);
        }
        self.settle_traffic(now);
        self.hold_cursors();
        if !is_shown {
            let (width, height) = self.ui.size;
            self.lay_out_all(now, &self.frame(width, height));
        }
    }

    /// Where everything stands.
    pub(super) fn frame(&self, width: u16, height: u16) -> Frame {
        let mut tables = self.ui.tables(self.ui.view);
        // what was pinned is wanted most
        tables.sort_by_key(|table| match table {
            TableId::Pods | TableId::Workloads | TableId::Traffic => 0,
            TableId::Services | TableId::Packets => 1,
            TableId::Endpoints(0) => 20,
            TableId::Endpoints(slot) => 2 + slot,
            TableId::Sidecars => 30,
            TableId::Timeline => 31,
            TableId::Elsewhere => 32,
        });
        let wanted = Wanted {
            view: self.ui.view,
            tables: &tables,
            active: self.ui.active(),
            zoomed: self.ui.is_on(Toggle::Zoom),
            story: self.options.play.is_told(),
        };
        frame(wanted, width, height)
    }

    fn settle_governing(&mut self, now: Timestamp) {
        if self.facts.governed.is_stale() && self.facts.pending().is_empty() {
            let facts = &mut self.facts;
            let changed = facts.governed.refresh(&mut facts.engine, &facts.world);
            self.follow_governing(now, &changed);
        }
    }

    /// The pods whose endpoints are shown: the chosen one, then the pinned ones.
    pub(super) fn subjects(&self) -> Vec<ObjectId> {
        let nobody = || ObjectId {
            key: Key::default(),
            uid: Uid::default(),
        };
        let chosen = self.ui.chosen.clone().unwrap_or_else(nobody);
        std::iter::once(chosen).chain(self.ui.pins.iter().cloned()).collect()
    }

    /// Brings the endpoint tables up to the facts, where these have changed.
    pub(super) fn settle_panels(&mut self, now: Timestamp) {
        let subjects = self.subjects();
        if self
            .ui
            .then
            .as_ref()
            .is_some_and(|then| subjects.first().is_none_or(|id| id.key != then.pod))
        {
            self.leave_then();
        }
        // each holds the journal and the world as they were when it began: what is looked at again is walked again
        self.ui
            .walks
            .retain(|walk| subjects.iter().any(|id| id.key == *walk.pod()));
        let stale = self.ui.stale.remove(&Stale::Panels);
        self.ui.panels.truncate(subjects.len());
        for (slot, id) in subjects.into_iter().enumerate() {
            let bootstrap = self.ui.is_on(Toggle::Bootstrap);
            let known = self.ui.panels.get(slot).filter(|panel| panel.pod == id.key);
            if known.is_some() && !stale {
                continue;
            }
            if known.is_some_and(|panel| now < panel.rests_until(&self.facts.history)) {
                self.ui.stale.insert(Stale::Panels);
                continue;
            }
            if slot == 0
                && let Some(then) = &self.ui.then
            {
                let panel = Panel::then(then, bootstrap, now);
                self.put_panel(slot, panel);
                self.rebuild(now, TableId::Endpoints(0));
                continue;
            }
            if let Some(services) = self.long_work(&id.key) {
                let is_broken = self.ui.broken.contains(&id.key);
                let panel = if is_broken { Panel::broken } else { Panel::computing };
                self.put_panel(slot, panel(id.key.clone(), services, now));
                if let Ok(slot) = u8::try_from(slot) {
                    self.rebuild(now, TableId::Endpoints(slot));
                }
                continue;
            }
            let moved = match self.ui.panels.get_mut(slot) {
                Some(panel) if panel.pod == id.key => {
                    let before = panel.table.clone();
                    let moved = panel.refresh(&mut self.facts, bootstrap, now);
                    let same = before
                        .zip(panel.table.as_ref())
                        .is_some_and(|(a, b)| Arc::ptr_eq(&a, b));
                    self.ui.moved |= !same;
                    moved
                }
                Some(_) | None => {
                    let panel = Panel::new(id.key.clone(), &mut self.facts, bootstrap, now);
                    self.put_panel(slot, panel);
                    true
                }
            };
            let walking = self.ui.walks.iter().any(|walk| *walk.pod() == id.key);
            let super::Facts {
                history, world, engine, ..
            } = &mut self.facts;
            if !walking && let Some(walk) = history.older(world, &id.key, || Box::new(engine.fork(&id.key))) {
                self.ui.walks.push(walk);
            }
            if let Ok(slot) = u8::try_from(slot)
                && (moved || !self.takes_lines_as_they_are(slot))
            {
                self.rebuild(now, TableId::Endpoints(slot));
            }
            if !moved {
                continue;
            }
            if slot == 0 {
                self.look_from_chosen();
            }
            if slot == 0 && self.shows_scope() {
                self.rebuild(now, TableId::Services);
            }
        }
    }

    fn put_panel(&mut self, slot: usize, panel: Panel) {
        match self.ui.panels.get_mut(slot) {
            Some(place) => *place = panel,
            None => self.ui.panels.push(panel),
        }
    }

    /// How many services there are to go through for a pod's table, if it is to be worked out beside the loop.
    fn long_work(&mut self, pod: &Key) -> Option<usize> {
        if !self.facts.pending().is_empty() {
            return None;
        }
        self.facts.engine.long_work(&self.facts.world, pod)
    }

    /// Has the table of a pod that is looked at worked out beside the loop, one at a time.
    pub(super) fn ask_table(&mut self) -> Option<Command> {
        if self.ui.computing.is_some() {
            return None;
        }
        let mut pods = self.subjects().into_iter().map(|id| id.key);
        let pod = pods.find(|pod| !self.ui.broken.contains(pod) && self.long_work(pod).is_some())?;
        self.ui.computing = Some(pod.clone());
        Some(Command::Compute(pod))
    }

    /// Work beside the loop will not come to its end: others may be done, and this is not asked for again by itself.
    pub(super) fn let_go(&mut self, now: Timestamp, work: Work) {
        match work {
            Work::Table(pod) => {
                self.ui.computing = None;
                self.ui.broken.insert(pod);
                self.ui.stale.insert(Stale::Panels);
            }
            Work::Findings => self.facts.findings.give_up(now),
            Work::Study(question) => {
                let answer = Err(Unknown::Broke);
                self.take_study(now, Studied { question, answer });
            }
        }
    }

    /// Packets are seen from the chosen pod.
    pub(super) fn look_from_chosen(&mut self) {
        let Some(panel) = self.ui.panels.first() else { return };
        let super::Facts { packets, world, .. } = &mut self.facts;
        let pod = world.pods.get(&panel.pod).map(AsRef::as_ref);
        let rows = panel.lines().iter().filter(|line| !line.gone).map(|line| &line.row);
        if packets.look_from(pod, rows) {
            self.ui.stale.insert(Stale::Packets);
        }
        self.ui.stale.insert(Stale::Traffic);
    }

    /// Whether the list of services depends on the chosen pod.
    fn shows_scope(&mut self) -> bool {
        let list = self.ui.list(TableId::Services);
        list.sort().is_some_and(|sort| sort.column == "inScope") || list.filter().column() == Some("inScope")
    }

    /// Reads the past of pods that were chosen after it, a piece at a time.
    fn walk_back(&mut self) {
        let Some(mut walk) = self.ui.walks.pop() else { return };
        let progress = walk.run(self.walk_budget());
        self.facts.history.absorb(&mut walk);
        self.ui.stale.insert(Stale::Panels);
        match progress {
            Progress::More => self.ui.walks.push(walk),
            Progress::Done => {}
        }
    }

    /// How much of the past is read before a frame: less in a large mesh, where each table of the past takes longer.
    fn walk_budget(&self) -> usize {
        let world = &self.facts.world;
        let objects = world.pods.len() + world.services.len() + world.slices.len();
        (WALK_OBJECTS / objects.max(1)).clamp(1, WALK)
    }

    fn settle_moments(&mut self, now: Timestamp) {
        let pod = self.ui.chosen.as_ref().map(|id| &id.key);
        let telling = self.ui.telling();
        // sorted or filtered, lines stand by how long Envoys took, too
        let list = self.ui.find_list(TableId::Timeline);
        let takes_all = list.is_none_or(|list| self.takes_all(list.sort(), list.filter()));
        let answers = if takes_all { 0 } else { self.facts.answers };
        let version = Some((self.facts.history.timeline_version(pod, telling), answers));
        if self.ui.moments_of == version {
            return;
        }
        self.ui.moments_of = version;
        let mut moments = Vec::new();
        let mut told: BTreeMap<MomentId, u32> = BTreeMap::new();
        let Timeline { lines, untold } = self.facts.history.timeline(pod, telling);
        for line in lines {
            let nth = told.entry(moment_id(&line, 0)).or_default();
            moments.push((moment_id(&line, *nth), line));
            *nth += 1;
        }
        self.ui.untold = untold;
        moments.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.ui.moments = moments;
        self.rebuild(now, TableId::Timeline);
    }

    /// A list that is complete keeps its cursor on what is under it, whatever comes above.
    fn hold_cursors(&mut self) {
        let is_complete = self.facts.pending().is_empty();
        for table in self.ui.tables(self.ui.view) {
            let ready = table.kind().map_or(is_complete, |kind| self.is_listed(kind));
            let list = self.ui.list(table);
            if ready && !table.follows() && !list.has_cursor() && !list.is_empty() {
                list.hold();
            }
        }
    }

    fn lay_out(&mut self, now: Timestamp, table: TableId, area: Area, size: Size) -> Laid {
        let inner = Pane::inner(area);
        let heads = size == Size::Full && inner.height > 1;
        let rows = usize::from(inner.height).saturating_sub(usize::from(heads));
        let top = self.ui.list(table).lay_out(rows);
        let (columns, hidden_columns) = match size {
            Size::Full => self.fit_columns(now, table, inner.width, top, rows),
            Size::Compact | Size::TooSmall => self.fit_names(now, table, inner.width, top, rows),
        };
        Laid {
            table,
            area,
            top,
            rows,
            heads,
            columns,
            hidden_columns,
        }
    }

    /// Change marks that are on the screen have been seen.
    fn see(&mut self, now: Timestamp) {
        for laid in self.ui.laid.clone() {
            let Some(list) = self.ui.find_list(laid.table) else {
                continue;
            };
            let ids: Vec<ItemId> = list.rows_from(laid.top).take(laid.rows).cloned().collect();
            match laid.table {
                TableId::Traffic | TableId::Endpoints(_) => {
                    let slot = laid.table.slot().unwrap_or_default();
                    let Some(panel) = self.ui.panel(slot) else { continue };
                    let rows = ids.iter().filter_map(|id| match id {
                        ItemId::Endpoint(row) => Some(row),
                        ItemId::Object(_)
                        | ItemId::Workload(_)
                        | ItemId::Moment(_)
                        | ItemId::Packet(_)
                        | ItemId::Place(_) => None,
                    });
                    if let Some(followed) = self.facts.history.pod_mut(&panel.pod).filter(|_| panel.is_present()) {
                        followed.marks_mut().see(rows, now);
                    }
                }
                TableId::Pods | TableId::Services | TableId::Sidecars => {
                    let objects = ids.iter().filter_map(|id| match id {
                        ItemId::Object(object) => Some(object),
                        ItemId::Endpoint(_)
                        | ItemId::Workload(_)
                        | ItemId::Moment(_)
                        | ItemId::Packet(_)
                        | ItemId::Place(_) => None,
                    });
                    let marks = laid.table.kind().and_then(|kind| self.facts.history.objects_mut(kind));
                    if let Some(marks) = marks {
                        marks.see(objects, now);
                    }
                }
                TableId::Workloads | TableId::Timeline | TableId::Packets | TableId::Elsewhere => {}
            }
        }
    }

    /// When the seconds until the story's next step are one less.
    fn story_ticks(&self, now: Timestamp) -> Option<Timestamp> {
        let demo = self
            .facts
            .demo
            .as_ref()
            .filter(|demo| self.ui.is_told && !demo.paused)?;
        let left = demo.next?.duration_since(now).as_millis();
        let part = i64::try_from(left % 1_000).ok().filter(|_| left > 0)?;
        now.checked_add(SignedDuration::from_millis(part + 1)).ok()
    }

    /// When the screen changes by time alone.
    fn find_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let mut wakes: Vec<Timestamp> = Vec::new();
        if !self.ui.walks.is_empty() || self.is_looking() {
            return Some(now);
        }
        wakes.extend(self.ui.toast.as_ref().map(|toast| toast.until));
        wakes.extend(self.facts.history.next_expiry(self.options.retention));
        wakes.extend(self.findings_due(now));
        wakes.extend(self.story_ticks(now));
        wakes.extend(self.replay_ticks(now));
        wakes.extend(self.next_elsewhere());
        wakes.extend(super::view::sources::badge_change(&self.facts, now));
        for laid in &self.ui.laid {
            wakes.extend(self.left_change(now, laid.table));
            let Some(list) = self.ui.find_list(laid.table) else {
                continue;
            };
            for id in list.rows_from(laid.top).take(laid.rows) {
                let Some(subject) = self.subject(now, laid.table, id) else {
                    continue;
                };
                let data = laid.columns.iter().filter_map(|(column, _)| subject.datum(*column));
                wakes.extend(data.filter_map(|datum| datum.value.next_change(now)).map(next_second));
                wakes.extend(self.marked(now, laid.table, id).and_then(|mark| mark.dims_at));
            }
        }
        let soonest = wakes.into_iter().min();
        let soonest = soonest.map(|wake| wake.max(now.saturating_add(SignedDuration::from_millis(50)).unwrap_or(now)));
        let rests = self
            .ui
            .panels
            .iter()
            .map(|panel| panel.rests_until(&self.facts.history));
        let rested = rests.min().filter(|_| self.ui.stale.contains(&Stale::Panels));
        soonest.into_iter().chain(rested).min()
    }
}

/// The identity of a pod.
pub(super) fn identity(pod: &Pod) -> ObjectId {
    ObjectId {
        key: pod.meta.key.clone(),
        uid: pod.meta.uid,
    }
}

/// Ages are told in whole seconds: all of them change in one frame.
fn next_second(time: Timestamp) -> Timestamp {
    let up = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
    time.round(up).unwrap_or(time)
}

#[cfg(test)]
mod tests;
