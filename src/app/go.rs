//! Getting about: tabs, panes, places, namespaces, pins, changes.

use jiff::Timestamp;

use super::App;
use super::filter::Filter;
use super::list::ItemId;
use super::message::Command;
use super::options::Namespaces;
use super::settle::identity;
use super::tables::{Subject, TableId};
use super::ui::{PINS, Place, View};
use super::view::Role;
use super::view::table::timeline::clock;
use super::workloads::WorkloadId;
use crate::mesh::history::{Line as Moment, ObjectId};
use crate::mesh::model::{Key, Kind, Pod, Text};

/// Where to in the trail of places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// The place before.
    Back,
    /// The place after.
    Forward,
    /// The place before, or the one after if that is where one came from.
    Last,
}

impl App {
    /// Opens a view; where one was is remembered.
    pub(super) fn go(&mut self, now: Timestamp, view: View) {
        if view == self.ui.view {
            return;
        }
        let here = self.place_now();
        self.ui.trail.leave(here);
        self.enter(now, view);
    }

    fn enter(&mut self, now: Timestamp, view: View) {
        self.ui.view = view;
        self.ui.zoomed = false;
        let wants_pods = matches!(view, View::Pods | View::Overview);
        if !wants_pods && self.ui.only.take().is_some() {
            self.rebuild(now, TableId::Pods);
        }
    }

    fn place_now(&self) -> Place {
        let filter = self
            .ui
            .find_list(self.ui.active())
            .map(|list| list.filter().text().to_owned());
        Place {
            view: self.ui.view,
            namespaces: self.ui.namespaces.clone(),
            only: self.ui.only.clone(),
            filter: filter.unwrap_or_default(),
        }
    }

    fn go_to_place(&mut self, now: Timestamp, place: Place) {
        self.ui.view = place.view;
        self.ui.zoomed = false;
        self.ui.namespaces = place.namespaces;
        self.ui.only = place.only;
        self.rebuild_all(now);
        let table = self.ui.active();
        self.set_filter(now, table, &place.filter);
    }

    /// Back and forth between places.
    pub(super) fn travel(&mut self, now: Timestamp, direction: Direction) {
        let here = self.place_now();
        let place = match direction {
            Direction::Back => self.ui.trail.back(here),
            Direction::Forward => self.ui.trail.forward(here),
            Direction::Last => {
                let forward = self.ui.trail.forward(here.clone());
                forward.or_else(|| self.ui.trail.back(here))
            }
        };
        match place {
            Some(place) => self.go_to_place(now, place),
            None => self.say(now, Role::Dim, "no other place to go to"),
        }
    }

    /// Whether there is nothing to step back from.
    pub(super) fn is_at_root(&self) -> bool {
        let active = self.ui.find_list(self.ui.active());
        self.ui.view == View::Overview
            && self.ui.dialogs.is_empty()
            && self.ui.frozen.is_none()
            && !self.ui.zoomed
            && !self.ui.faults
            && self.ui.only.is_none()
            && active.is_none_or(|list| list.filter().is_empty() && list.picked().is_empty())
    }

    /// One step back: what was done last to what is shown is undone, in the end one is at the overview.
    pub(super) fn step_back(&mut self, now: Timestamp) {
        let table = self.ui.active();
        if self.ui.list(table).unpick_all() {
            return;
        }
        if !self.ui.list(table).filter().is_empty() {
            self.set_filter(now, table, "");
        } else if self.ui.zoomed {
            self.ui.zoomed = false;
        } else if self.ui.frozen.is_some() {
            self.thaw(now);
        } else if self.ui.faults {
            self.ui.faults = false;
            self.rebuild_all(now);
        } else if self.ui.only.take().is_some() {
            self.rebuild(now, TableId::Pods);
            self.ui.workloads = true;
        } else if self.ui.view != View::Overview {
            let here = self.place_now();
            match self.ui.trail.back(here) {
                Some(place) => self.go_to_place(now, place),
                None => self.enter(now, View::Overview),
            }
        }
    }

    /// The next pane of the view.
    pub(super) fn turn_pane(&mut self, by: isize) {
        let tables = self.ui.tables(self.ui.view);
        let here = tables.iter().position(|table| *table == self.ui.active()).unwrap_or(0);
        let count = isize::try_from(tables.len()).unwrap_or(1).max(1);
        let next = here.saturating_add_signed(by.rem_euclid(count)) % tables.len().max(1);
        if let Some(table) = tables.get(next) {
            self.ui.active.insert(self.ui.view, *table);
        }
    }

    /// A list's filter, as typed; what cannot be read shows everything.
    pub(super) fn set_filter(&mut self, now: Timestamp, table: TableId, text: &str) {
        let filter = Self::parse_filter(table, text).unwrap_or_default();
        self.filter_by(now, table, filter);
    }

    /// A list's filter.
    pub(super) fn filter_by(&mut self, now: Timestamp, table: TableId, filter: Filter) {
        let sort = self.ui.list(table).sort();
        self.rebuild_with(now, table, sort, filter);
    }

    /// Which namespaces are shown.
    pub(super) fn show_namespaces(&mut self, now: Timestamp, namespaces: Namespaces) -> Vec<Command> {
        if self.ui.namespaces == namespaces {
            return Vec::new();
        }
        let here = self.place_now();
        self.ui.trail.leave(here);
        let before = std::mem::replace(&mut self.ui.namespaces, namespaces);
        self.ui.namespaces_before = Some(before);
        self.ui.only = None;
        self.rebuild_all(now);
        let names = match &self.ui.namespaces {
            Namespaces::All => Vec::new(),
            Namespaces::Some(names) => names.clone(),
        };
        vec![Command::ShowNamespaces(names)]
    }

    /// All namespaces, and back to those before.
    pub(super) fn toggle_all_namespaces(&mut self, now: Timestamp) -> Vec<Command> {
        let next = match &self.ui.namespaces {
            Namespaces::Some(_) => Namespaces::All,
            Namespaces::All => match self.ui.namespaces_before.clone() {
                Some(before @ Namespaces::Some(_)) => before,
                Some(Namespaces::All) | None => {
                    self.say(now, Role::Dim, "all namespaces are shown; n chooses some");
                    return Vec::new();
                }
            },
        };
        self.show_namespaces(now, next)
    }

    /// Pods by what made them, and back.
    pub(super) fn toggle_workloads(&mut self, now: Timestamp) {
        let before = self.ui.pods_table();
        self.ui.workloads = !self.ui.workloads;
        self.ui.only = None;
        let after = self.ui.pods_table();
        for active in self.ui.active.values_mut() {
            if *active == before {
                *active = after;
            }
        }
        self.rebuild(now, after);
    }

    /// Into the row.
    pub(super) fn drill(&mut self, now: Timestamp, table: TableId) -> Vec<Command> {
        let Some(id) = self.ui.list(table).current().cloned() else {
            self.say(now, Role::Dim, "no row to go into");
            return Vec::new();
        };
        match (table, id) {
            (TableId::Pods, ItemId::Object(pod)) => self.drill_pod(now, &pod),
            (TableId::Workloads, ItemId::Workload(workload)) => {
                self.ui.workloads = false;
                self.ui.only = Some(workload);
                self.ui.active.insert(self.ui.view, TableId::Pods);
                self.rebuild(now, TableId::Pods);
                self.ui.list(TableId::Pods).go_to(0);
            }
            (TableId::Services, ItemId::Object(service)) => {
                let host = format!(
                    "host:^{}\\.{}(\\.|$)",
                    regex::escape(&service.key.name),
                    regex::escape(&service.key.namespace)
                );
                self.go(now, View::Endpoints);
                let table = self.ui.active();
                self.set_filter(now, table, &host);
            }
            (TableId::Sidecars, ItemId::Object(sidecar)) => return self.drill_sidecar(now, &sidecar.key),
            (TableId::Endpoints(_), ItemId::Endpoint(_)) => self.explain(now, table),
            (TableId::Timeline, ItemId::Moment(_)) => self.open_moment(now),
            (
                TableId::Pods
                | TableId::Workloads
                | TableId::Services
                | TableId::Endpoints(_)
                | TableId::Sidecars
                | TableId::Timeline,
                _,
            ) => {}
        }
        Vec::new()
    }

    fn drill_pod(&mut self, now: Timestamp, id: &ObjectId) {
        let is_gone = self
            .facts
            .world
            .pods
            .get(&id.key)
            .is_none_or(|pod| pod.meta.uid != id.uid);
        if is_gone && let Some(successor) = self.successor(id) {
            self.follow_successor(now, id, &successor);
            return;
        }
        self.go(now, View::Endpoints);
        self.ui.active.insert(View::Endpoints, TableId::Endpoints(0));
    }

    /// Another namespace may hold the pods that a Sidecar governs: that of the root is for all.
    fn drill_sidecar(&mut self, now: Timestamp, sidecar: &Key) -> Vec<Command> {
        self.ui.workloads = false;
        let pattern = format!(
            "sidecar:^({0}/)?{1}$",
            regex::escape(&sidecar.namespace),
            regex::escape(&sidecar.name)
        );
        let is_root = self.facts.world.pods.in_namespace(&sidecar.namespace).next().is_none()
            || self
                .facts
                .governed
                .pods_of(sidecar)
                .any(|pod| pod.namespace != sidecar.namespace);
        let namespaces = if is_root {
            Namespaces::All
        } else {
            Namespaces::Some(vec![sidecar.namespace.clone()])
        };
        self.go(now, View::Pods);
        let commands = self.show_namespaces(now, namespaces);
        self.set_filter(now, TableId::Pods, &pattern);
        commands
    }

    /// A living pod of the same workload: the newest one.
    pub(super) fn successor(&self, gone: &ObjectId) -> Option<ObjectId> {
        let pod = self.facts.find_pod(gone)?;
        let workload = self.facts.workloads.get(&WorkloadId::of(pod))?;
        let living = workload.pods.iter().filter_map(|key| self.facts.world.pods.get(key));
        let living = living.filter(|pod| pod.meta.uid != gone.uid && pod.meta.deleting.is_none());
        living
            .max_by_key(|pod| (pod.meta.created, pod.ready))
            .map(|pod| identity(pod))
    }

    fn follow_successor(&mut self, now: Timestamp, gone: &ObjectId, successor: &ObjectId) {
        let before = self
            .facts
            .history
            .pod(&gone.key)
            .and_then(|pod| pod.last_table())
            .map(|(table, _)| table.clone());
        let item = ItemId::Object(successor.clone());
        self.ui.list(TableId::Pods).select(&item);
        self.choose(now);
        let facts = &mut self.facts;
        facts.history.follow(&successor.key);
        let tables = facts.engine.tables();
        facts.history.advance(&facts.world, &successor.key, tables, 1);
        if let (Some(before), Some(followed)) = (before, facts.history.pod_mut(&successor.key)) {
            followed.mark_against(&before, now);
        }
        self.ui.panels_stale = true;
        let text = format!(
            "{} in the place of {}; differences are marked",
            successor.key.name, gone.key.name
        );
        self.say(now, Role::Good, text);
    }

    /// Keeps the endpoints of the pod on the screen, or lets them go.
    pub(super) fn pin(&mut self, now: Timestamp) {
        let Some(id) = self.subject_of_active() else {
            self.say(now, Role::Dim, "no pod to pin");
            return;
        };
        if let Some(at) = self.ui.pins.iter().position(|pin| *pin == id) {
            self.ui.pins.remove(at);
            self.ui.panels_stale = true;
            self.say(now, Role::Dim, format!("{} unpinned", id.key.name));
        } else if self.ui.pins.len() >= PINS {
            self.say(
                now,
                Role::Warn,
                format!("{PINS} pods are pinned; p on one of them unpins it"),
            );
        } else {
            self.ui.pins.push(id.clone());
            self.say(now, Role::Good, format!("{} pinned; p again unpins", id.key.name));
        }
    }

    /// The pod that the active pane is about.
    pub(super) fn subject_of_active(&self) -> Option<ObjectId> {
        match self.ui.active() {
            TableId::Endpoints(0) => self.ui.chosen.clone(),
            TableId::Endpoints(slot) => self.ui.pins.get(usize::from(slot) - 1).cloned(),
            TableId::Pods | TableId::Workloads | TableId::Services | TableId::Sidecars | TableId::Timeline => {
                self.ui.chosen.clone()
            }
        }
    }

    /// Pinned pods that are gone are followed to their successors once these have a table.
    pub(super) fn follow_pins(&mut self, now: Timestamp) {
        for at in 0..self.ui.pins.len() {
            let Some(pin) = self.ui.pins.get(at).cloned() else {
                continue;
            };
            let is_there = self
                .facts
                .world
                .pods
                .get(&pin.key)
                .is_some_and(|pod| pod.meta.uid == pin.uid);
            if is_there {
                continue;
            }
            let has_address = |pod: &Pod| !pod.ips.is_empty();
            let Some(successor) = self.successor(&pin) else {
                continue;
            };
            if !self
                .facts
                .world
                .pods
                .get(&successor.key)
                .is_some_and(|pod| has_address(pod))
            {
                continue;
            }
            if self.ui.pins.contains(&successor) {
                self.ui.pins.remove(at);
                self.ui.panels_stale = true;
                return;
            }
            if let Some(slot) = self.ui.pins.get_mut(at) {
                *slot = successor.clone();
            }
            let here = self.ui.list(TableId::Pods).current().cloned();
            self.follow_successor(now, &pin, &successor);
            if let Some(here) = here {
                self.ui.list(TableId::Pods).select(&here);
            }
        }
    }

    /// The cursor on the next row with a change mark.
    pub(super) fn jump_to_change(&mut self, now: Timestamp, table: TableId, by: isize) {
        let list = self.ui.list(table);
        let here = list.position();
        let marked: Vec<usize> = {
            let Some(list) = self.ui.find_list(table) else { return };
            self.marked_ids(table).iter().filter_map(|id| list.find(id)).collect()
        };
        let next = if by > 0 {
            marked
                .iter()
                .copied()
                .filter(|at| *at > here)
                .min()
                .or(marked.iter().copied().min())
        } else {
            marked
                .iter()
                .copied()
                .filter(|at| *at < here)
                .max()
                .or(marked.iter().copied().max())
        };
        match next {
            Some(at) => self.ui.list(table).go_to(at),
            None => self.say(now, Role::Dim, format!("no changes in {}", table.title())),
        }
    }

    /// Rows with a change mark, in the table's own order.
    pub(super) fn marked_ids(&self, table: TableId) -> Vec<ItemId> {
        match table {
            TableId::Endpoints(slot) => {
                let marks = self.ui.panel(slot).and_then(|panel| panel.marks(&self.facts));
                let ids = marks.into_iter().flat_map(|marks| marks.iter());
                ids.map(|(id, _)| ItemId::Endpoint(id.clone())).collect()
            }
            TableId::Pods | TableId::Services | TableId::Sidecars => {
                let marks = table.kind().and_then(|kind| self.facts.history.objects(kind));
                let ids = marks.into_iter().flat_map(|marks| marks.iter());
                ids.map(|(id, _)| ItemId::Object(id.clone())).collect()
            }
            TableId::Timeline => {
                let seen = self
                    .ui
                    .moments
                    .iter()
                    .filter(|(_, line)| matches!(line, Moment::Edit(..)));
                seen.map(|(id, _)| ItemId::Moment(id.clone())).collect()
            }
            TableId::Workloads => Vec::new(),
        }
    }

    /// The row's change mark has been understood.
    pub(super) fn acknowledge(&mut self, now: Timestamp, table: TableId) {
        let Some(id) = self.ui.list(table).current().cloned() else {
            return;
        };
        let was_marked = match (table, &id) {
            (TableId::Endpoints(slot), ItemId::Endpoint(row)) => {
                let pod = self.ui.panel(slot).map(|panel| panel.pod.clone());
                let followed = pod.and_then(|pod| self.facts.history.pod_mut(&pod));
                followed.is_some_and(|followed| followed.marks_mut().acknowledge(row))
            }
            (_, ItemId::Object(object)) => {
                let marks = table.kind().and_then(|kind| self.facts.history.objects_mut(kind));
                marks.is_some_and(|marks| marks.acknowledge(object))
            }
            (_, ItemId::Endpoint(_) | ItemId::Workload(_) | ItemId::Moment(_)) => false,
        };
        if was_marked {
            self.clear_graves(now);
        } else {
            self.say(now, Role::Dim, "this row has no change mark; } goes to the next one");
        }
    }

    /// All change marks of the table have been understood.
    pub(super) fn acknowledge_all(&mut self, now: Timestamp, table: TableId) {
        let count = match table {
            TableId::Endpoints(slot) => {
                let pod = self.ui.panel(slot).map(|panel| panel.pod.clone());
                let followed = pod.and_then(|pod| self.facts.history.pod_mut(&pod));
                followed.map_or(0, |followed| {
                    let count = followed.marks().len();
                    followed.marks_mut().acknowledge_all();
                    count
                })
            }
            TableId::Pods | TableId::Services | TableId::Sidecars | TableId::Workloads | TableId::Timeline => {
                let marks = table.kind().and_then(|kind| self.facts.history.objects_mut(kind));
                marks.map_or(0, |marks| {
                    let count = marks.len();
                    marks.acknowledge_all();
                    count
                })
            }
        };
        self.clear_graves(now);
        self.say(
            now,
            Role::Dim,
            format!("{count} marks of {} acknowledged", table.title()),
        );
    }

    /// Names of pods that a mistyped name may mean.
    pub(super) fn near_pods(&self, name: &str) -> Vec<String> {
        let fuzzy = super::filter::Fuzzy::new(name);
        let keys = self.facts.world.pods.keys();
        let mut scored: Vec<(u32, &Key)> = keys.filter_map(|key| Some((fuzzy.score(&key.name)?, key))).collect();
        scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        scored
            .into_iter()
            .take(3)
            .map(|(_, key)| format!("{}.{}", key.name, key.namespace))
            .collect()
    }

    /// The object that a row is about, for describe and YAML: an endpoint's is its pod, an edit's what was edited.
    pub(super) fn object_behind(&self, now: Timestamp, table: TableId) -> Option<(Kind, Key)> {
        let id = self.ui.find_list(table)?.current()?;
        match self.subject(now, table, id)? {
            Subject::Pod(row) => Some((Kind::Pod, row.pod.meta.key.clone())),
            Subject::Service(row) => Some((Kind::Service, row.service.meta.key.clone())),
            Subject::Sidecar(row) => Some((Kind::Sidecar, row.sidecar.meta.key.clone())),
            Subject::Endpoint(row) => row.row.pod.clone().map(|pod| (Kind::Pod, pod)),
            Subject::Moment(row) => match row.line {
                Moment::Edit(edit, _) => Some((edit.kind, edit.key.clone())),
                Moment::Before(before) => Some((before.kind, before.key.clone())),
                Moment::Endpoints(..) | Moment::Start => None,
            },
            Subject::Workload(_) => None,
        }
    }

    /// A time as the screen writes it.
    pub(super) fn clock_text(&self, at: Timestamp, now: Timestamp) -> String {
        clock(at, now, &self.options.time_zone)
    }

    /// The names of the shown namespaces, for a title; empty for all.
    pub(super) fn namespace_names(&self) -> Vec<Text> {
        match &self.ui.namespaces {
            Namespaces::All => Vec::new(),
            Namespaces::Some(names) => names.clone(),
        }
    }
}
