//! Which pod is looked at: the one under the cursor, from the first complete list on; and whose Envoys are asked.

use jiff::Timestamp;

use super::App;
use super::list::ItemId;
use super::message::Command;
use super::settle::identity;
use super::tables::TableId;
use super::ui::Stale;
use crate::mesh::model::{Key, Kind, Pod, ProxyKind};
use crate::mesh::world::Coverage;

impl App {
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
            self.ui.stale.insert(Stale::Moments);
        }
    }

    pub(super) fn is_listed(&self, kind: Kind) -> bool {
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
