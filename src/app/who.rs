//! Who sees a service: the pods that have it in scope, by workload.

use jiff::Timestamp;

use super::App;
use super::list::ItemId;
use super::rows::RowsDialog;
use super::tables::TableId;
use super::view::Role;
use crate::mesh::model::{Key, Kind, Text, nearest};

impl App {
    /// Who sees the service under the cursor, or that of the endpoint.
    pub(super) fn open_who(&mut self, now: Timestamp, table: TableId) {
        let Some(current) = self.ui.list(table).current().cloned() else {
            return self.say(now, Role::Dim, "no row to ask about");
        };
        let host = match &current {
            ItemId::Endpoint(row) => Some(Text::from(row.cluster.host())),
            ItemId::Object(_) => match self.object_behind(now, table) {
                Some((Kind::Service, service)) => self.host_of_service(&service),
                Some(_) | None => None,
            },
            ItemId::Workload(_) | ItemId::Moment(_) | ItemId::Packet(_) | ItemId::Place(_) => None,
        };
        match host.filter(|host| !host.is_empty()) {
            Some(host) => self.open_rows(RowsDialog::of_host(host), None),
            None => self.say(now, Role::Dim, "this row is of no service that pods could see"),
        }
    }

    /// Who sees a host by its name, which may be a short one.
    pub(super) fn open_who_of(&mut self, now: Timestamp, text: &str) {
        let mut namespaces = self.namespace_names();
        namespaces.extend(self.ui.chosen.as_ref().map(|id| id.key.namespace.clone()));
        namespaces.push(Text::from("default"));
        let facts = &mut self.facts;
        match facts.engine.complete_host(&facts.world, &namespaces, text) {
            Ok(host) => self.open_rows(RowsDialog::of_host(host), None),
            Err(known) => {
                let first = |host: &Text| host.split('.').next() == Some(text);
                match known.iter().find(|host| first(host)).cloned() {
                    Some(host) => self.open_rows(RowsDialog::of_host(host), None),
                    None => {
                        let near = nearest(text, &known);
                        let near = near.map_or_else(String::new, |near| format!("; do you mean '{near}'?"));
                        self.say(now, Role::Bad, format!("no host '{text}' in the mesh{near}"));
                    }
                }
            }
        }
    }

    /// The host of a Service as the chosen pod knows it, or any other.
    fn host_of_service(&mut self, service: &Key) -> Option<Text> {
        let chosen = self.ui.chosen.as_ref().map(|id| id.key.clone());
        let facts = &mut self.facts;
        let host = chosen.and_then(|pod| facts.engine.host_of(&facts.world, &pod, service));
        host.or_else(|| {
            let namespaces = [service.namespace.clone()];
            facts
                .engine
                .complete_host(&facts.world, &namespaces, &service.name)
                .ok()
        })
    }
}
