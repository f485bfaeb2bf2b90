//! Getting about: tabs, panes, places, namespaces, pins, changes.

use jiff::Timestamp;

use super::App;
use super::actions::Action;
use super::filter::Filter;
use super::list::{ItemId, List};
use super::message::Command;
use super::options::Namespaces;
use super::tables::{Subject, TableId};
use super::ui::{Stop, Toggle, View};
use super::view::Role;
use super::view::table::timeline::clock;
use super::workloads::WorkloadId;
use crate::mesh::history::Line as Moment;
use crate::mesh::model::{Key, Kind, Text};

/// Where to in the trail of places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
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

    pub(super) fn enter(&mut self, now: Timestamp, view: View) {
        self.ui.view = view;
        if view != View::Endpoints {
            self.leave_then();
        }
        self.ui.switch(Toggle::Zoom, false);
        let wants_pods = matches!(view, View::Pods | View::Overview);
        if !wants_pods && self.ui.only.take().is_some() {
            self.rebuild(now, TableId::Pods);
        }
    }

    pub(super) fn place_now(&self) -> Stop {
        let list = self.ui.find_list(self.ui.active());
        let filter = list.map(|list| list.filter().text().to_owned());
        Stop {
            view: self.ui.view,
            namespaces: self.ui.namespaces.clone(),
            only: self.ui.only.clone(),
            filter: filter.unwrap_or_default(),
            chosen: self.ui.chosen.clone(),
            row: list.and_then(List::current).cloned(),
        }
    }

    fn go_to_place(&mut self, now: Timestamp, place: Stop) {
        self.leave_then();
        self.ui.view = place.view;
        self.ui.switch(Toggle::Zoom, false);
        self.ui.namespaces = place.namespaces;
        self.ui.only = place.only;
        self.rebuild_all(now);
        let table = self.ui.active();
        self.set_filter(now, table, &place.filter);
        if place.chosen.is_some() && place.chosen != self.ui.chosen {
            self.ui.chosen = place.chosen;
            self.show_chosen(self.ui.pods_table());
        }
        if let Some(row) = place.row {
            self.ui.list(table).select(&row);
        }
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
            && !self.ui.is_on(Toggle::Zoom)
            && !self.ui.is_on(Toggle::Faults)
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
        } else if self.leave_then() {
            self.say(now, Role::Dim, "as they are now");
        } else if self.ui.view == View::Traffic && self.ui.traced.is_some() {
            self.trace(None);
        } else if self.ui.is_on(Toggle::Zoom) {
            self.ui.switch(Toggle::Zoom, false);
        } else if self.ui.frozen.is_some() {
            self.thaw(now);
        } else if self.ui.is_on(Toggle::Faults) {
            self.ui.switch(Toggle::Faults, false);
            self.rebuild_all(now);
        } else if self.ui.only.take().is_some() {
            self.rebuild(now, TableId::Pods);
            self.ui.switch(Toggle::Workloads, true);
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
        self.change_namespaces(now, Some(namespaces))
    }

    /// Shows other namespaces, if any, as a part of going somewhere.
    pub(super) fn change_namespaces(&mut self, now: Timestamp, other: Option<Namespaces>) -> Vec<Command> {
        let Some(namespaces) = other else { return Vec::new() };
        if let Namespaces::Some(names) = &namespaces {
            for name in names {
                self.recall.count_namespace(name, now);
            }
        }
        let before = std::mem::replace(&mut self.ui.namespaces, namespaces);
        self.ui.namespaces_before = Some(before);
        self.ui.only = None;
        self.rebuild_all(now);
        self.tell_namespaces().into_iter().collect()
    }

    /// Whoever follows the cluster is told which namespaces are shown now, if it does not know.
    pub(super) fn tell_namespaces(&mut self) -> Option<Command> {
        if self.ui.told == self.ui.namespaces {
            return None;
        }
        self.ui.told = self.ui.namespaces.clone();
        Some(Command::ShowNamespaces(self.namespace_names()))
    }

    /// All namespaces, and back to those before.
    pub(super) fn toggle_all_namespaces(&mut self, now: Timestamp) -> Vec<Command> {
        let next = match &self.ui.namespaces {
            Namespaces::Some(_) => Namespaces::All,
            Namespaces::All => match self.some_namespaces() {
                Some(before) => before,
                None => {
                    let choose = self.options.keys.hint(Action::Namespaces);
                    let choose = choose.unwrap_or_else(|| ":namespaces".to_owned());
                    let line = format!("all namespaces are shown already; {choose} chooses some");
                    self.say(now, Role::Dim, line);
                    return Vec::new();
                }
            },
        };
        self.show_namespaces(now, next)
    }

    /// Those before all were shown: the last ones, else what is shown without any choice.
    fn some_namespaces(&self) -> Option<Namespaces> {
        let last = self.ui.namespaces_before.iter();
        let earlier = self.ui.trail.before().map(|place| &place.namespaces);
        let mut all = last.chain(earlier).chain([&self.options.namespaces]);
        all.find(|namespaces| **namespaces != Namespaces::All).cloned()
    }

    /// Pods by what made them, and back.
    pub(super) fn toggle_workloads(&mut self, now: Timestamp) {
        let before = self.ui.pods_table();
        self.ui.turn(Toggle::Workloads);
        self.ui.only = None;
        let after = self.ui.pods_table();
        for active in self.ui.active.values_mut() {
            if *active == before {
                *active = after;
            }
        }
        self.rebuild(now, after);
        self.show_chosen(after);
    }

    /// Puts the cursor on the chosen pod, or on what made it.
    pub(super) fn show_chosen(&mut self, table: TableId) {
        let Some(id) = self.ui.chosen.clone() else { return };
        let item = if table == TableId::Workloads {
            self.facts
                .find_pod(&id)
                .map(|pod| ItemId::Workload(WorkloadId::of(pod)))
        } else {
            Some(ItemId::Object(id))
        };
        let list = self.ui.list(table);
        if !item.is_some_and(|item| list.select(&item)) {
            list.hold();
        }
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
            Subject::Endpoint(row) | Subject::Flow(row) => row.row.backend.pod.clone().map(|pod| (Kind::Pod, pod)),
            Subject::Packet(row) => row.pod().map(|pod| (Kind::Pod, pod.clone())),
            Subject::Place(row) => row.pod().map(|pod| (Kind::Pod, pod.clone())),
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
