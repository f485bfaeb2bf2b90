//! Which pod is looked at: the one under the cursor, from the first complete list on; and whose Envoys are asked.

use std::sync::Arc;

use jiff::Timestamp;

use super::App;
use super::find::name_of;
use super::list::ItemId;
use super::memory::{Place, workload_name};
use super::message::Command;
use super::options::Namespaces;
use super::settle::identity;
use super::tables::TableId;
use super::ui::Stale;
use super::view::Role;
use crate::mesh::model::{Key, Kind, Pod, ProxyKind, Text};
use crate::mesh::world::Coverage;

impl App {
    /// Puts the cursor on something once all pods are known, and keeps the chosen pod in step with it.
    pub(super) fn choose(&mut self, now: Timestamp) {
        if !self.ui.opened && self.can_open() {
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
                // the one that is looked at stays
                let is_chosen = |pod: &Pod| self.ui.chosen.as_ref().is_some_and(|chosen| *chosen == identity(pod));
                pods.max_by_key(|pod| (is_chosen(pod), pod.proxy.is_some(), pod.ready))
                    .map(|pod| identity(pod))
            }
            Some(ItemId::Endpoint(_) | ItemId::Moment(_) | ItemId::Packet(_) | ItemId::Place(_)) | None => None,
        };
        if chosen.is_some() && chosen != self.ui.chosen {
            self.ui.chosen = chosen;
            self.trace(None);
        }
    }

    pub(super) fn is_listed(&self, kind: Kind) -> bool {
        match self.facts.coverage(kind) {
            Coverage::Complete | Coverage::Partial { .. } => true,
            Coverage::Pending | Coverage::Absent | Coverage::Denied => false,
        }
    }

    /// Whether it is known what the first pod can be. Whether a remembered namespace is still there, too.
    fn can_open(&self) -> bool {
        let is_remembered = self.recall.known.place.is_some();
        let knows_namespaces = || match self.facts.coverage(Kind::Namespace) {
            Coverage::Pending => false,
            Coverage::Complete | Coverage::Partial { .. } | Coverage::Absent | Coverage::Denied => true,
        };
        self.is_listed(Kind::Pod) && (!is_remembered || knows_namespaces())
    }

    /// The first pod: the one asked for, else that of last time, else the first that has a sidecar.
    fn open(&mut self, now: Timestamp) {
        let place = self.recall.known.place.clone();
        let lost = place.as_ref().and_then(|place| self.leave_lost_namespaces(now, place));
        let wanted = self.options.pod.clone();
        let pods = &self.facts.world.pods;
        let (found, missed) = match (&wanted, &place) {
            (Some(key), _) => (pods.get(key), None),
            (None, Some(place)) => self.pod_of_last_time(place),
            (None, None) => (None, None),
        };
        let found = match (found, &wanted) {
            (None, None) => pods.iter().find(|pod| self.is_first_choice(pod)),
            (found, _) => found,
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
            self.say(now, Role::Bad, format!("no pod '{key}'{near}"));
        } else if let Some(lost) = lost {
            self.say(now, Role::Warn, lost);
        } else if let Some(missed) = missed {
            self.say(now, Role::Warn, missed);
        }
    }

    fn is_first_choice(&self, pod: &Pod) -> bool {
        let proxy = pod.proxy.as_deref().map(|proxy| proxy.kind);
        proxy == Some(ProxyKind::Sidecar) && self.ui.namespaces.shows(&pod.meta.key.namespace)
    }

    /// The remembered pod, else the one that its workload has now; and what to say if it is another one.
    fn pod_of_last_time(&self, place: &Place) -> (Option<&Arc<Pod>>, Option<String>) {
        let Some(key) = &place.pod else {
            return (None, None);
        };
        let pods = &self.facts.world.pods;
        if let Some(pod) = pods.get(key) {
            return (Some(pod), None);
        }
        let is_shown = self.ui.namespaces.shows(&key.namespace);
        let mut of_workload = pods.in_namespace(&key.namespace).filter(|pod| {
            let workload = workload_name(pod);
            is_shown && place.workload.as_ref() == Some(&workload)
        });
        let successor = of_workload.next();
        let next = successor.map_or("another pod", |_| "its successor");
        let missed = is_shown.then(|| format!("'{}' of last time is gone; {next} is shown", name_of(key)));
        (successor, missed)
    }

    /// Remembered namespaces that are no more are not shown; if that is all of them, what is shown without a memory.
    /// What to say of it.
    fn leave_lost_namespaces(&mut self, now: Timestamp, place: &Place) -> Option<String> {
        let Namespaces::Some(names) = &place.namespaces else {
            return None;
        };
        if self.ui.namespaces != place.namespaces {
            // somebody was faster
            return None;
        }
        let known = self.facts.namespaces();
        let (there, gone): (Vec<Text>, Vec<Text>) = names.iter().cloned().partition(|name| known.contains(name));
        let first = gone.first()?;
        let gone = match gone.len() {
            1 => format!("namespace '{first}' of last time is gone"),
            count => format!("{count} namespaces of last time are gone"),
        };
        let next = if there.is_empty() {
            self.options.namespaces.clone()
        } else {
            Namespaces::Some(there)
        };
        let shown = match &next {
            Namespaces::All => "all".to_owned(),
            Namespaces::Some(names) => format!("'{}'", names.join(", ")),
        };
        self.ui.namespaces = next;
        self.rebuild_all(now);
        Some(format!("{gone}: showing {shown}"))
    }

    /// Commands that follow from which pods are looked at.
    pub(super) fn ask_envoys(&mut self) -> Option<Command> {
        if !self.is_listed(Kind::Pod) {
            return None;
        }
        let mut pods: Vec<(Key, u16)> = Vec::new();
        for id in self.subjects() {
            let proxy = self.facts.world.pods.get(&id.key).and_then(|pod| pod.proxy.as_ref());
            if let Some(port) = proxy.and_then(|proxy| proxy.admin_port())
                && !pods.iter().any(|(pod, _)| *pod == id.key)
            {
                pods.push((id.key, port));
            }
        }
        let tables = self.ui.tables(self.ui.view);
        let rates = tables.iter().any(|table| table.slot().is_some());
        let is_nobody = pods.is_empty() && self.ui.asked.0.is_empty();
        if is_nobody || (&pods, rates) == (&self.ui.asked.0, self.ui.asked.1) {
            return None;
        }
        self.facts
            .envoys
            .retain(|pod, _| pods.iter().any(|(asked, _)| asked == pod));
        self.ui.stale.insert(Stale::Panels);
        self.ui.asked = (pods.clone(), rates);
        Some(Command::WatchEnvoy { pods, rates })
    }
}
