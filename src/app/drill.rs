//! Into a row, and after a pod that is gone: endpoints of a pod, pods of a workload or Sidecar, pins and successors.

use jiff::Timestamp;

use super::App;
use super::actions::Action;
use super::find::first_of;
use super::list::ItemId;
use super::message::Command;
use super::options::Namespaces;
use super::settle::identity;
use super::tables::TableId;
use super::ui::{PINS, Stale, Toggle, View};
use super::view::Role;
use super::view::table::endpoints::short_host;
use super::workloads::WorkloadId;
use crate::mesh::history::ObjectId;
use crate::mesh::model::{Key, Pod, Text};

/// What of a pod one wants to see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Landing {
    /// All its endpoints.
    Endpoints,
    /// Those of a host; where there are none, why.
    Host(Text),
}

impl App {
    /// Into the row.
    pub(super) fn drill(&mut self, now: Timestamp, table: TableId) -> Vec<Command> {
        let Some(id) = self.ui.list(table).current().cloned() else {
            self.say(now, Role::Dim, "no row to go into");
            return Vec::new();
        };
        match (table, id) {
            (TableId::Pods, ItemId::Object(pod)) => self.drill_pod(now, &pod),
            (TableId::Workloads, ItemId::Workload(workload)) => {
                self.ui.switch(Toggle::Workloads, false);
                self.ui.only = Some(workload);
                self.ui.active.insert(self.ui.view, TableId::Pods);
                self.rebuild(now, TableId::Pods);
                self.ui.list(TableId::Pods).go_to(0);
                self.show_chosen(TableId::Pods);
            }
            (TableId::Services, ItemId::Object(_)) => self.open_who(now, table),
            (TableId::Sidecars, ItemId::Object(sidecar)) => return self.drill_sidecar(now, &sidecar.key),
            (TableId::Endpoints(_), ItemId::Endpoint(_)) => self.explain(now, table),
            (TableId::Timeline, ItemId::Moment(_)) => self.open_moment(now),
            (TableId::Traffic, ItemId::Endpoint(endpoint)) => self.trace_endpoint(now, &endpoint),
            (TableId::Packets, ItemId::Packet(number)) => self.open_packet(number),
            (TableId::Elsewhere, ItemId::Place(place)) => self.trace(Some(place)),
            (
                TableId::Pods
                | TableId::Workloads
                | TableId::Services
                | TableId::Endpoints(_)
                | TableId::Sidecars
                | TableId::Timeline
                | TableId::Traffic
                | TableId::Packets
                | TableId::Elsewhere,
                _,
            ) => {}
        }
        Vec::new()
    }

    /// To a pod's endpoints, whatever is open and whatever hides it; one step leads back.
    pub(super) fn land(&mut self, now: Timestamp, pod: &Key, landing: &Landing) -> Vec<Command> {
        let Some(id) = self.facts.world.pods.get(pod).map(|pod| identity(pod)) else {
            self.say(now, Role::Warn, format!("pod {pod} is gone meanwhile"));
            return Vec::new();
        };
        self.ui.dialogs.clear();
        let here = self.place_now();
        self.ui.trail.leave(here);
        let is_shown = self.ui.namespaces.shows(&pod.namespace);
        let other = (!is_shown).then(|| Namespaces::Some(vec![pod.namespace.clone()]));
        let commands = self.change_namespaces(now, other);
        self.ui.only = None;
        self.ui.switch(Toggle::Faults, false);
        if self.ui.is_on(Toggle::Workloads) {
            self.toggle_workloads(now);
        }
        self.set_filter(now, TableId::Pods, "");
        self.ui.list(TableId::Pods).select(&ItemId::Object(id));
        self.choose(now);
        self.enter(now, View::Endpoints);
        let table = TableId::Endpoints(0);
        self.ui.active.insert(View::Endpoints, table);
        self.settle_panels(now);
        self.set_filter(now, table, "");
        if let Landing::Host(host) = landing {
            match self.ui.panel(0).and_then(|panel| first_of(panel, host)) {
                Some(row) => {
                    let pattern = format!("host:^{}(\\.|$)", regex::escape(&short_host(host)));
                    self.set_filter(now, table, &pattern);
                    self.ui.list(table).select(&ItemId::Endpoint(row));
                }
                None => self.explain_host(now, pod, host),
            }
        }
        commands
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
        self.ui.switch(Toggle::Workloads, false);
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
        self.ui.stale.insert(Stale::Panels);
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
            self.ui.stale.insert(Stale::Panels);
            self.say(now, Role::Dim, format!("{} unpinned", id.key.name));
        } else if self.ui.pins.len() >= PINS {
            let pin = self.options.keys.named(Action::Pin);
            self.say(
                now,
                Role::Warn,
                format!("{PINS} pods are pinned; {pin} on one of them unpins it"),
            );
        } else {
            self.ui.pins.push(id.clone());
            let pin = self.options.keys.named(Action::Pin);
            self.say(now, Role::Good, format!("{} pinned; {pin} again unpins", id.key.name));
        }
    }

    /// The pod that the active pane is about.
    pub(super) fn subject_of_active(&self) -> Option<ObjectId> {
        match self.ui.active() {
            TableId::Endpoints(slot @ 1..) => self.ui.pins.get(usize::from(slot) - 1).cloned(),
            TableId::Pods
            | TableId::Workloads
            | TableId::Services
            | TableId::Endpoints(0)
            | TableId::Sidecars
            | TableId::Timeline
            | TableId::Traffic
            | TableId::Packets
            | TableId::Elsewhere => self.ui.chosen.clone(),
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
                self.ui.stale.insert(Stale::Panels);
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
}
