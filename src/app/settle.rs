//! Before drawing: panels and lists are brought up to the facts, panes are laid out, what is on the screen is seen.
//!
//! All that drawing needs is in [`Laid`] afterwards. Laying out twice at one time gives the same.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::App;
use super::list::{ItemId, MomentId};
use super::message::Command;
use super::panel::Panel;
use super::tables::{TableId, moment_id};
use super::view::column::{Place, Spec, fit};
use super::view::layout::{Frame, Size, Wanted, frame};
use super::view::{Area, Pane};
use crate::mesh::history::{ObjectId, Progress};
use crate::mesh::model::{Key, Kind, Pod, ProxyKind, Uid};
use crate::mesh::world::Coverage;

/// From this width of a pane on, Envoy's full cluster names are shown.
const BROAD: u16 = 110;
/// How many pairs of tables a walk through the past compares before the screen is drawn.
const WALK: usize = 32;
/// ... and how many objects they may stand for.
const WALK_OBJECTS: usize = 20_000;

/// A pane as it is laid out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Laid {
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
        self.hold_cursors();
        self.ui.laid = frame
            .panes
            .iter()
            .map(|(table, area)| self.lay_out(now, *table, *area, frame.size))
            .collect();
        self.see(now);
        self.ui.wake = self.find_wake(now);
    }

    /// Where everything stands.
    pub(super) fn frame(&self, width: u16, height: u16) -> Frame {
        let mut tables = self.ui.tables(self.ui.view);
        // what was pinned is wanted most
        tables.sort_by_key(|table| match table {
            TableId::Pods | TableId::Workloads => 0,
            TableId::Services => 1,
            TableId::Endpoints(0) => 20,
            TableId::Endpoints(slot) => 2 + slot,
            TableId::Sidecars => 30,
            TableId::Timeline => 31,
        });
        let wanted = Wanted {
            view: self.ui.view,
            tables: &tables,
            active: self.ui.active(),
            zoomed: self.ui.zoomed,
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

    /// Puts the cursor on something once all pods are known, and keeps the chosen pod in step with it.
    pub(super) fn choose(&mut self, now: Timestamp) {
        if !self.ui.opened && self.is_listed(Kind::Pod) {
            self.ui.opened = true;
            self.open(now);
        }
        let table = self.ui.pods_table();
        let current = self.ui.find_list(table).and_then(|list| list.current()).cloned();
        let chosen = match current {
            Some(ItemId::Object(id)) => Some(id),
            Some(ItemId::Workload(id)) => {
                let workload = self.facts.workloads.get(&id);
                let pods = workload.into_iter().flat_map(|workload| workload.pods.iter());
                let pods = pods.filter_map(|key| self.facts.world.pods.get(key));
                pods.max_by_key(|pod| (pod.proxy.is_some(), pod.ready))
                    .map(|pod| identity(pod))
            }
            Some(ItemId::Endpoint(_) | ItemId::Moment(_)) | None => None,
        };
        if chosen.is_some() && chosen != self.ui.chosen {
            self.ui.chosen = chosen;
            self.ui.moments_stale = true;
        }
    }

    fn is_listed(&self, kind: Kind) -> bool {
        match self.facts.coverage(kind) {
            Coverage::Complete | Coverage::Partial { .. } => true,
            Coverage::Pending | Coverage::Absent | Coverage::Denied => false,
        }
    }

    /// The first pod: the one asked for, else the first that has a sidecar.
    fn open(&mut self, now: Timestamp) {
        let wanted = self.options.pod.clone();
        let pods = &self.facts.world.pods;
        let found = match &wanted {
            Some(key) => pods.get(key),
            None => pods.iter().find(|pod| {
                let proxy = pod.proxy.as_deref().map(|proxy| proxy.kind);
                proxy == Some(ProxyKind::Sidecar) && self.ui.namespaces.shows(&pod.meta.key.namespace)
            }),
        };
        let found = found.map(|pod| ItemId::Object(identity(pod)));
        let list = self.ui.list(TableId::Pods);
        match found {
            Some(id) => {
                if !list.select(&id) {
                    list.hold();
                }
            }
            None => list.hold(),
        }
        if let Some(key) = wanted
            && self.facts.world.pods.get(&key).is_none()
        {
            let near = self.near_pods(&key.name);
            let near = if near.is_empty() {
                String::new()
            } else {
                format!("; near: {}", near.join(", "))
            };
            self.say(now, super::view::Role::Bad, format!("no pod '{key}'{near}"));
        }
    }

    /// Commands that follow from which pods are looked at.
    pub(super) fn ask_envoys(&mut self) -> Option<Command> {
        let has_envoy = |pod: &Pod| match pod.proxy.as_deref().map(|proxy| proxy.kind) {
            Some(ProxyKind::Sidecar | ProxyKind::Router | ProxyKind::Waypoint) => true,
            Some(ProxyKind::Ztunnel) | None => false,
        };
        if !self.is_listed(Kind::Pod) {
            return None;
        }
        let mut pods: Vec<Key> = Vec::new();
        for id in self.subjects() {
            let pod = self.facts.world.pods.get(&id.key);
            if pod.is_some_and(|pod| has_envoy(pod)) && !pods.contains(&id.key) {
                pods.push(id.key);
            }
        }
        if pods == self.ui.asked {
            return None;
        }
        self.facts.envoys.retain(|pod, _| pods.contains(pod));
        self.ui.panels_stale = true;
        self.ui.asked.clone_from(&pods);
        Some(Command::WatchEnvoy(pods))
    }

    /// The pods whose endpoints are shown: the chosen one, then the pinned ones.
    fn subjects(&self) -> Vec<ObjectId> {
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
        let stale = std::mem::take(&mut self.ui.panels_stale);
        self.ui.panels.truncate(subjects.len());
        for (slot, id) in subjects.into_iter().enumerate() {
            let bootstrap = self.ui.bootstrap;
            match self.ui.panels.get_mut(slot) {
                Some(panel) if panel.pod == id.key && !stale => continue,
                Some(panel) if panel.pod == id.key => panel.refresh(&mut self.facts, bootstrap),
                Some(panel) => *panel = Panel::new(id.key.clone(), &mut self.facts, bootstrap),
                None => {
                    let panel = Panel::new(id.key.clone(), &mut self.facts, bootstrap);
                    self.ui.panels.push(panel);
                }
            }
            let walking = self.ui.walks.iter().any(|walk| *walk.pod() == id.key);
            let super::Facts {
                history, world, engine, ..
            } = &mut self.facts;
            if !walking && let Some(walk) = history.older(world, &id.key, || Box::new(engine.fork(&id.key))) {
                self.ui.walks.push(walk);
            }
            self.ui.moments_stale = true;
            if let Ok(slot) = u8::try_from(slot) {
                self.rebuild(now, TableId::Endpoints(slot));
            }
            if slot == 0 && self.shows_scope() {
                self.rebuild(now, TableId::Services);
            }
        }
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
        self.ui.panels_stale = true;
        self.ui.moments_stale = true;
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
        if !std::mem::take(&mut self.ui.moments_stale) {
            return;
        }
        let pod = self.ui.chosen.as_ref().map(|id| &id.key);
        let mut moments = Vec::new();
        let mut told: BTreeMap<MomentId, u32> = BTreeMap::new();
        for line in self.facts.history.timeline(pod) {
            let nth = told.entry(moment_id(&line, 0)).or_default();
            moments.push((moment_id(&line, *nth), line));
            *nth += 1;
        }
        moments.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.ui.moments = moments;
        self.rebuild(now, TableId::Timeline);
    }

    /// A list that is complete keeps its cursor on what is under it, whatever comes above.
    fn hold_cursors(&mut self) {
        let is_complete = self.facts.pending().is_empty();
        for table in self.ui.tables(self.ui.view) {
            let ready = table.kind().map_or(is_complete, |kind| self.is_listed(kind));
            // the timeline shows its newest line until somebody moves in it
            let follows = table == TableId::Timeline;
            let list = self.ui.list(table);
            if ready && !follows && !list.has_cursor() && !list.is_empty() {
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

    fn fit_columns(
        &mut self,
        now: Timestamp,
        table: TableId,
        width: u16,
        top: usize,
        rows: usize,
    ) -> (Vec<(usize, u16)>, (usize, usize)) {
        let specs = table.specs();
        let candidates: Vec<(usize, &'static Spec)> = specs
            .into_iter()
            .enumerate()
            .filter(|(_, spec)| self.is_wanted(table, spec, width))
            .collect();
        let is_fixed = |spec: &Spec| spec.place == Place::Fixed || spec.place == Place::Namespace;
        let scrolling = candidates.iter().filter(|(_, spec)| !is_fixed(spec)).count();
        let skipped = self.ui.list(table).skipped_columns().min(scrolling.saturating_sub(1));
        let mut to_skip = skipped;
        let sorted = self.ui.list(table).sort().map(|sort| sort.column);
        let left: Vec<(usize, Spec)> = candidates
            .into_iter()
            .filter(|(_, spec)| {
                let skip = to_skip > 0 && !is_fixed(spec);
                to_skip -= usize::from(skip);
                !skip
            })
            .enumerate()
            .map(|(at, (column, spec))| {
                // once somebody scrolls, columns stand in their order and not by importance
                let by_order = u8::try_from(at).unwrap_or(u8::MAX);
                let in_order = skipped > 0 || self.ui.wide;
                let priority = match (is_fixed(spec), in_order) {
                    (true, true) => 0,
                    (false, true) => by_order.saturating_add(1),
                    (_, false) if sorted == Some(spec.id) => 0,
                    (_, false) => spec.priority,
                };
                (column, Spec { priority, ..*spec })
            })
            .collect();
        let wanted = self.measure(now, table, &left, top, rows);
        let references: Vec<&Spec> = left.iter().map(|(_, spec)| spec).collect();
        let fitted = fit(&references, &wanted, width, Pane::GAP);
        let hidden = left.len() - fitted.len();
        let columns = fitted
            .into_iter()
            .filter_map(|(at, width)| left.get(at).map(|(column, _)| (*column, width)))
            .collect();
        (columns, (skipped, hidden))
    }

    fn fit_names(
        &mut self,
        now: Timestamp,
        table: TableId,
        width: u16,
        top: usize,
        rows: usize,
    ) -> (Vec<(usize, u16)>, (usize, usize)) {
        let specs = table.specs().into_iter().enumerate();
        let names: Vec<(usize, Spec)> = specs
            .filter(|(_, spec)| is_name(table, spec))
            .map(|(at, spec)| (at, *spec))
            .collect();
        let wanted = self.measure(now, table, &names, top, rows);
        let references: Vec<&Spec> = names.iter().map(|(_, spec)| spec).collect();
        let fitted = fit(&references, &wanted, width, Pane::GAP).into_iter();
        let columns = fitted.filter_map(|(at, width)| names.get(at).map(|(column, _)| (*column, width)));
        (columns.collect(), (0, 0))
    }

    fn is_wanted(&self, table: TableId, spec: &Spec, width: u16) -> bool {
        match spec.place {
            Place::Namespace => match &self.ui.namespaces {
                super::Namespaces::All => true,
                super::Namespaces::Some(names) => names.len() > 1,
            },
            Place::Normal if spec.id == "sync" => self.has_sync(table),
            Place::Fixed | Place::Normal => true,
            Place::Narrow => width < BROAD,
            Place::Broad => width >= BROAD,
            Place::Wide => self.ui.wide,
            Place::Never => false,
        }
    }

    fn has_sync(&self, table: TableId) -> bool {
        match table {
            TableId::Endpoints(slot) => {
                let panel = self.ui.panel(slot);
                panel.is_some_and(|panel| self.facts.envoys.contains_key(&panel.pod))
            }
            TableId::Pods | TableId::Workloads | TableId::Services | TableId::Sidecars | TableId::Timeline => false,
        }
    }

    /// What each column's content takes: of the rows on the screen, and of those that were there before.
    fn measure(
        &mut self,
        now: Timestamp,
        table: TableId,
        columns: &[(usize, Spec)],
        top: usize,
        rows: usize,
    ) -> Vec<u16> {
        let sorted = self.ui.list(table).sort().map(|sort| sort.column);
        let head = |spec: &Spec| spec.head.len() + usize::from(sorted == Some(spec.id));
        let mut widths: Vec<usize> = columns.iter().map(|(_, spec)| head(spec)).collect();
        let ids: Vec<ItemId> = match self.ui.find_list(table) {
            Some(list) => list.rows_from(top).take(rows).cloned().collect(),
            None => Vec::new(),
        };
        for id in &ids {
            let Some(subject) = self.subject(now, table, id) else {
                continue;
            };
            for ((column, _), width) in columns.iter().zip(&mut widths) {
                if let Some(datum) = subject.datum(*column) {
                    let text = datum.value.text(now);
                    *width = (*width).max(unicode_width::UnicodeWidthStr::width(text.as_ref()));
                }
            }
        }
        let list = self.ui.list(table);
        columns
            .iter()
            .zip(widths)
            .map(|((_, spec), width)| list.widen(spec.id, u16::try_from(width).unwrap_or(u16::MAX)))
            .collect()
    }

    /// Change marks that are on the screen have been seen.
    fn see(&mut self, now: Timestamp) {
        for laid in self.ui.laid.clone() {
            let Some(list) = self.ui.find_list(laid.table) else {
                continue;
            };
            let ids: Vec<ItemId> = list.rows_from(laid.top).take(laid.rows).cloned().collect();
            match laid.table {
                TableId::Endpoints(slot) => {
                    let Some(panel) = self.ui.panel(slot) else { continue };
                    let rows = ids.iter().filter_map(|id| match id {
                        ItemId::Endpoint(row) => Some(row),
                        ItemId::Object(_) | ItemId::Workload(_) | ItemId::Moment(_) => None,
                    });
                    if let Some(followed) = self.facts.history.pod_mut(&panel.pod) {
                        followed.marks_mut().see(rows, now);
                    }
                }
                TableId::Pods | TableId::Services | TableId::Sidecars => {
                    let objects = ids.iter().filter_map(|id| match id {
                        ItemId::Object(object) => Some(object),
                        ItemId::Endpoint(_) | ItemId::Workload(_) | ItemId::Moment(_) => None,
                    });
                    let marks = laid.table.kind().and_then(|kind| self.facts.history.objects_mut(kind));
                    if let Some(marks) = marks {
                        marks.see(objects, now);
                    }
                }
                TableId::Workloads | TableId::Timeline => {}
            }
        }
    }

    /// When the screen changes by time alone.
    fn find_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let mut wakes: Vec<Timestamp> = Vec::new();
        if !self.ui.walks.is_empty() {
            return Some(now);
        }
        wakes.extend(self.ui.toast.as_ref().map(|toast| toast.until));
        wakes.extend(self.facts.history.next_expiry(self.options.retention));
        wakes.extend(super::view::sources::badge_change(&self.facts, now));
        for laid in &self.ui.laid {
            let Some(list) = self.ui.find_list(laid.table) else {
                continue;
            };
            for id in list.rows_from(laid.top).take(laid.rows) {
                let Some(subject) = self.subject(now, laid.table, id) else {
                    continue;
                };
                let data = laid.columns.iter().filter_map(|(column, _)| subject.datum(*column));
                wakes.extend(data.filter_map(|datum| datum.value.next_change(now)));
                wakes.extend(self.marked(now, laid.table, id).and_then(|mark| mark.dims_at));
            }
        }
        let soonest = wakes.into_iter().min()?;
        Some(soonest.max(now.saturating_add(SignedDuration::from_millis(50)).unwrap_or(now)))
    }
}

/// The identity of a pod.
pub fn identity(pod: &Pod) -> ObjectId {
    ObjectId {
        key: pod.meta.key.clone(),
        uid: pod.meta.uid,
    }
}

/// The columns that name the rows of a table.
fn is_name(table: TableId, spec: &Spec) -> bool {
    let names: &[&str] = match table {
        TableId::Pods | TableId::Workloads | TableId::Services => &["name"],
        TableId::Endpoints(_) => &["endpoint", "host"],
        TableId::Sidecars => &["namespace", "name"],
        TableId::Timeline => &["time", "object"],
    };
    names.contains(&spec.id)
}
