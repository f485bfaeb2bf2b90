//! Lists follow the facts: a changed object moves one row; only what a person chooses goes over all rows.

use jiff::Timestamp;

use super::facts::Dirty;
use super::filter::Filter;
use super::lag::Lag;
use super::list::{ItemId, Placed, Sort};
use super::panel::{Line, Panel};
use super::tables::{Clock, Marked, Searched, Subject, TableId, endpoint_mark, object_mark, object_of};
use super::view::column::find_spec;
use super::view::table::timeline::TimelineRow;
use super::view::table::workloads::WorkloadRow;
use super::workloads::WorkloadId;
use super::{App, Command};
use crate::app::ui::{Stale, Toggle, Ui};
use crate::mesh::history::{Line as Moment, MarkSet, ObjectId};
use crate::mesh::lint::Finding;
use crate::mesh::model::{Key, Kind, Meta, Pod};

impl App {
    /// Lists take in what a batch changed.
    pub(super) fn absorb(&mut self, now: Timestamp, dirty: &Dirty) {
        for (kind, id) in &dirty.objects {
            self.follow_object(now, *kind, id);
        }
        for id in &dirty.workloads {
            let item = ItemId::Workload(id.clone());
            let placed = self.place(now, TableId::Workloads, &item);
            self.ui.list(TableId::Workloads).update(&item, placed);
        }
        if dirty.tables {
            self.ui.stale.insert(Stale::Panels);
        }
    }

    fn follow_object(&mut self, now: Timestamp, kind: Kind, id: &ObjectId) {
        let Some(table) = table_of(kind) else { return };
        let item = ItemId::Object(id.clone());
        let placed = self.place(now, table, &item);
        self.ui.list(table).update(&item, placed);
    }

    /// Asks for what is wrong with Sidecars, while they are on the screen.
    pub(super) fn ask_findings(&mut self, now: Timestamp) -> Option<Command> {
        let due = self.findings_due(now).is_some_and(|due| due <= now);
        due.then(|| {
            self.facts.findings.ask(now);
            Command::Lint
        })
    }

    /// When that is to be asked next; `None` if nobody looks, or nothing is new.
    pub(super) fn findings_due(&self, now: Timestamp) -> Option<Timestamp> {
        let is_on_screen = self.ui.tables(self.ui.view).contains(&TableId::Sidecars);
        let is_ready = is_on_screen && self.ui.frozen.is_none() && self.facts.pending().is_empty();
        is_ready.then(|| self.facts.findings.due(now)).flatten()
    }

    /// Takes in what is wrong with Sidecars; a screen that is held still stays as it is, and asks again later.
    pub(super) fn take_findings(&mut self, now: Timestamp, found: Vec<Finding>) {
        if self.ui.frozen.is_some() {
            self.facts.findings.forgo();
        } else if self.facts.findings.take(now, found) {
            self.rebuild(now, TableId::Sidecars);
        }
    }

    fn is_grave(&self, kind: Kind, id: &ObjectId) -> bool {
        let marks = self.facts.history.objects(kind);
        marks.and_then(|marks| marks.get(id)).is_some_and(|mark| mark.gone)
    }

    /// Drops marks that were seen long enough, and the tombstones that go with them.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let due = self.facts.history.next_expiry(self.options.retention);
        if due.is_some_and(|due| due <= now) {
            self.facts.expire(now, self.options.retention);
            self.clear_graves(now);
        }
    }

    /// Takes rows away whose tombstone is gone.
    pub(super) fn clear_graves(&mut self, now: Timestamp) {
        for table in [TableId::Pods, TableId::Services, TableId::Sidecars] {
            for item in self.ui.list(table).gone().clone() {
                let placed = self.place(now, table, &item);
                self.ui.list(table).update(&item, placed);
            }
        }
        self.ui.stale.insert(Stale::Panels);
    }

    /// Rows of a table, filtered and sorted anew: as its list says.
    pub(super) fn rebuild(&mut self, now: Timestamp, table: TableId) {
        let list = self.ui.list(table);
        let (sort, filter) = (list.sort(), list.filter().clone());
        self.rebuild_with(now, table, sort, filter);
    }

    /// Rows of a table, with this sort and filter.
    pub(super) fn rebuild_with(&mut self, now: Timestamp, table: TableId, sort: Option<Sort>, filter: Filter) {
        let rows: Vec<(ItemId, Placed)> = match table.slot() {
            Some(slot) if matches!(table, TableId::Endpoints(_)) && self.takes_all(sort, &filter) => {
                self.fill_endpoints(table, slot);
                return;
            }
            Some(slot) => self.place_endpoints(now, (table, slot), sort, &filter),
            None => {
                let place = |id: ItemId| Some((id.clone(), self.place_with(now, table, &id, sort, &filter)?));
                self.ids(table).into_iter().filter_map(place).collect()
            }
        };
        self.ui.list(table).rebuild(sort, filter, rows.into_iter());
    }

    /// Whether endpoints stay in their own order, and none is hidden.
    pub(super) fn takes_all(&self, sort: Option<Sort>, filter: &Filter) -> bool {
        sort.is_none() && filter.is_empty() && !self.ui.is_on(Toggle::Faults)
    }

    /// Whether the rows of a pod's endpoints follow from the lines of its panel alone.
    pub(super) fn takes_lines_as_they_are(&self, slot: u8) -> bool {
        let list = self.ui.find_list(TableId::Endpoints(slot));
        list.is_some_and(|list| self.takes_all(list.sort(), list.filter()))
    }

    /// The endpoints of a pod as they are: there may be a hundred thousand.
    fn fill_endpoints(&mut self, table: TableId, slot: u8) {
        let Ui { lists, panels, .. } = &mut self.ui;
        let lines = panels.get(usize::from(slot)).map(Panel::lines).unwrap_or_default();
        let rows = lines.iter().map(|line| (ItemId::Endpoint(line.id()), line.gone));
        lists.entry(table).or_default().fill(rows);
    }

    /// The endpoints of a pod, none of them looked up: there may be a hundred thousand.
    fn place_endpoints(
        &self,
        now: Timestamp,
        (table, slot): (TableId, u8),
        sort: Option<Sort>,
        filter: &Filter,
    ) -> Vec<(ItemId, Placed)> {
        let Some(panel) = self.ui.panel(slot) else {
            return Vec::new();
        };
        let place = |line: &Line| {
            let id = ItemId::Endpoint(line.id());
            let placed = self.place_line(now, (table, &id), (panel, line), sort, filter);
            (id, placed)
        };
        panel.lines().iter().map(place).collect()
    }

    /// Where a row of a pod's endpoints stands.
    pub(super) fn place_line(
        &self,
        now: Timestamp,
        (table, id): (TableId, &ItemId),
        (panel, line): (&Panel, &Line),
        sort: Option<Sort>,
        filter: &Filter,
    ) -> Placed {
        if self.takes_all(sort, filter) {
            return Placed {
                key: self.order_of_line(table, panel, line),
                passes: true,
                gone: line.gone,
            };
        }
        let subject = self.subject_of_line(table, panel, line);
        self.placed(now, (table, id), (subject, line.gone), sort, filter)
    }

    /// A row of a pod's endpoints as this table shows it.
    fn subject_of_line<'a>(&'a self, table: TableId, panel: &'a Panel, line: &'a Line) -> Subject<'a> {
        match table {
            TableId::Traffic => Subject::flow(&self.facts, panel, line),
            TableId::Endpoints(_)
            | TableId::Pods
            | TableId::Workloads
            | TableId::Services
            | TableId::Sidecars
            | TableId::Timeline
            | TableId::Packets
            | TableId::Elsewhere => Subject::endpoint(&self.facts, panel, line),
        }
    }

    /// Every table anew: another choice of namespaces, say.
    pub(super) fn rebuild_all(&mut self, now: Timestamp) {
        for table in [TableId::Pods, TableId::Workloads, TableId::Services, TableId::Sidecars] {
            self.ui.list(table).forget_widths();
            self.rebuild(now, table);
        }
        for table in self.endpoint_tables() {
            self.rebuild(now, table);
        }
        self.rebuild(now, TableId::Timeline);
        self.rebuild(now, TableId::Traffic);
        self.ui.stale.insert(Stale::Packets);
    }

    /// The endpoint tables that there are.
    pub(super) fn endpoint_tables(&self) -> Vec<TableId> {
        (0..self.ui.panels.len())
            .filter_map(|at| u8::try_from(at).ok())
            .map(TableId::Endpoints)
            .collect()
    }

    /// What a person calls a column of a table.
    pub(super) fn parse_filter(table: TableId, text: &str) -> Result<Filter, String> {
        Filter::parse(text, |name| {
            find_spec(table.specs().into_iter(), name).map(|spec| spec.id)
        })
    }

    /// Where a row stands in its list; `None` if it is not there.
    pub(super) fn place(&self, now: Timestamp, table: TableId, id: &ItemId) -> Option<Placed> {
        match self.ui.find_list(table) {
            Some(list) => self.place_with(now, table, id, list.sort(), list.filter()),
            None => self.place_with(now, table, id, None, &Filter::default()),
        }
    }

    fn place_with(
        &self,
        now: Timestamp,
        table: TableId,
        id: &ItemId,
        sort: Option<Sort>,
        filter: &Filter,
    ) -> Option<Placed> {
        if !self.belongs(table, id) {
            return None;
        }
        let row = (self.subject(now, table, id)?, self.is_gone(table, id));
        Some(self.placed(now, (table, id), row, sort, filter))
    }

    /// Where a row with these cells stands, a tombstone or not.
    fn placed(
        &self,
        now: Timestamp,
        (table, id): (TableId, &ItemId),
        (subject, gone): (Subject<'_>, bool),
        sort: Option<Sort>,
        filter: &Filter,
    ) -> Placed {
        let passes = filter.passes(&Searched { subject, now, gone });
        // where the list of pods is not on the screen, hiding a row must not choose another pod
        let chosen = self.ui.chosen.as_ref();
        let is_kept =
            matches!(id, ItemId::Object(id) if chosen == Some(id)) && !self.ui.tables(self.ui.view).contains(&table);
        let key = match sort {
            None => self.own_order(table, id),
            Some(sort) => subject
                .datum_of(sort.column)
                .map(|datum| datum.value.sort_key())
                .unwrap_or_default(),
        };
        Placed {
            key,
            passes: passes && (!self.ui.is_on(Toggle::Faults) || subject.is_faulty() || gone || is_kept),
            gone,
        }
    }

    /// Whether a row is among those that the chosen namespaces and workload show.
    fn belongs(&self, table: TableId, id: &ItemId) -> bool {
        match (table, id) {
            (TableId::Pods, ItemId::Object(id)) => {
                self.ui.namespaces.shows(&id.key.namespace)
                    && self.ui.only.as_ref().is_none_or(|only| {
                        let pod = self.facts.find_pod(id);
                        pod.is_some_and(|pod| WorkloadId::of(pod) == *only)
                    })
            }
            (_, ItemId::Object(id)) => self.ui.namespaces.shows(&id.key.namespace),
            (_, ItemId::Workload(id)) => self.ui.namespaces.shows(&id.namespace),
            (_, ItemId::Packet(number)) => self.is_traced(*number),
            (_, ItemId::Endpoint(_) | ItemId::Moment(_) | ItemId::Place(_)) => true,
        }
    }

    /// Whether a row is a tombstone.
    pub(super) fn is_gone(&self, table: TableId, id: &ItemId) -> bool {
        match id {
            ItemId::Object(object) => table.kind().is_some_and(|kind| self.is_grave(kind, object)),
            ItemId::Endpoint(row) => self.panel_line(table, row).is_some_and(|line| line.gone),
            ItemId::Workload(_) | ItemId::Moment(_) | ItemId::Packet(_) | ItemId::Place(_) => false,
        }
    }

    fn panel_line(&self, table: TableId, id: &crate::mesh::diff::RowId) -> Option<&super::panel::Line> {
        self.ui.panel(table.slot()?)?.find(id)
    }

    /// A row, with all that its cells are made from; `None` if it is gone without a tombstone.
    pub(super) fn subject<'a>(&'a self, now: Timestamp, table: TableId, id: &'a ItemId) -> Option<Subject<'a>> {
        let facts = &self.facts;
        match (table, id) {
            (TableId::Pods, ItemId::Object(id)) => Subject::pod(facts, id),
            (TableId::Services, ItemId::Object(id)) => {
                let chosen = self.ui.panel(0).and_then(|panel| panel.table.as_deref());
                Subject::service(facts, id, chosen)
            }
            (TableId::Sidecars, ItemId::Object(id)) => Subject::sidecar(facts, id),
            (TableId::Workloads, ItemId::Workload(id)) => {
                let (id, workload) = facts.workloads.find(id)?;
                Some(Subject::Workload(WorkloadRow { id, workload }))
            }
            (TableId::Endpoints(_) | TableId::Traffic, ItemId::Endpoint(row)) => {
                let panel = self.ui.panel(table.slot()?)?;
                Some(self.subject_of_line(table, panel, panel.find(row)?))
            }
            (TableId::Packets, ItemId::Packet(number)) => Subject::packet(facts, *number),
            (TableId::Elsewhere, ItemId::Place(place)) => Subject::place(facts, place),
            (TableId::Timeline, ItemId::Moment(id)) => {
                let line = self.ui.moment(id)?;
                let zone = &self.options.time_zone;
                let lag = self.lag(line);
                Some(Subject::Moment(TimelineRow { line, zone, now, lag }))
            }
            (
                TableId::Pods
                | TableId::Services
                | TableId::Sidecars
                | TableId::Workloads
                | TableId::Endpoints(_)
                | TableId::Timeline
                | TableId::Traffic
                | TableId::Packets
                | TableId::Elsewhere,
                _,
            ) => None,
        }
    }

    /// How long the chosen pod's Envoy took to follow a change.
    fn lag(&self, line: &Moment) -> Option<Lag> {
        let seq = match line {
            Moment::Edit(edit, _) => edit.seq,
            Moment::Endpoints(seq, ..) => *seq,
            Moment::Start | Moment::Before(_) => return None,
        };
        self.facts.lags.get(&self.ui.chosen.as_ref()?.key)?.get(seq)
    }

    /// The change mark of a row.
    pub(super) fn marked(&self, now: Timestamp, table: TableId, id: &ItemId) -> Option<Marked> {
        let clock = Clock {
            now,
            zone: &self.options.time_zone,
        };
        if let (Some(slot), ItemId::Endpoint(row)) = (table.slot(), id) {
            return endpoint_mark(&self.facts, self.ui.panel(slot)?, row, clock);
        }
        let (kind, object) = object_of(table, id)?;
        object_mark(&self.facts, kind, object, clock)
    }

    /// Every row that a table can have.
    fn ids(&self, table: TableId) -> Vec<ItemId> {
        match table {
            TableId::Pods => self.object_ids(Kind::Pod),
            TableId::Services => self.object_ids(Kind::Service),
            TableId::Sidecars => self.object_ids(Kind::Sidecar),
            TableId::Workloads => self
                .facts
                .workloads
                .iter()
                .map(|(id, _)| ItemId::Workload(id.clone()))
                .collect(),
            TableId::Endpoints(_) | TableId::Traffic => {
                let lines = table
                    .slot()
                    .and_then(|slot| self.ui.panel(slot))
                    .map(Panel::lines)
                    .unwrap_or_default();
                lines.iter().map(|line| ItemId::Endpoint(line.id())).collect()
            }
            TableId::Packets => self.facts.packets.numbers().map(ItemId::Packet).collect(),
            TableId::Elsewhere => self.elsewhere().map(ItemId::Place).collect(),
            TableId::Timeline => self
                .ui
                .moments
                .iter()
                .map(|(id, _)| ItemId::Moment(id.clone()))
                .collect(),
        }
    }

    fn object_ids(&self, kind: Kind) -> Vec<ItemId> {
        let world = &self.facts.world;
        let id = |meta: &Meta| {
            ItemId::Object(ObjectId {
                key: meta.key.clone(),
                uid: meta.uid,
            })
        };
        let mut ids: Vec<ItemId> = match kind {
            Kind::Pod => world.pods.iter().map(|pod| id(&pod.meta)).collect(),
            Kind::Service => world.services.iter().map(|service| id(&service.meta)).collect(),
            Kind::Sidecar => world.sidecars.iter().map(|sidecar| id(&sidecar.meta)).collect(),
            Kind::Namespace
            | Kind::Node
            | Kind::EndpointSlice
            | Kind::MeshConfigMap
            | Kind::Istiod
            | Kind::RevisionTag
            | Kind::VirtualService
            | Kind::DestinationRule
            | Kind::ServiceEntry
            | Kind::WorkloadEntry
            | Kind::Gateway
            | Kind::EnvoyFilter
            | Kind::HTTPRoute
            | Kind::GRPCRoute
            | Kind::TCPRoute
            | Kind::TLSRoute
            | Kind::Event => Vec::new(),
        };
        let marks = self.facts.history.objects(kind);
        let graves = marks.into_iter().flat_map(MarkSet::tombstones);
        ids.extend(graves.map(|(id, _)| ItemId::Object(id.clone())));
        ids
    }

    /// Pods that have another Sidecar than before look different where that column counts.
    pub(super) fn follow_governing(&mut self, now: Timestamp, pods: &[Key]) {
        let list = self.ui.list(TableId::Pods);
        let counts = |id: &str| TableId::Pods.spec(id).is_some_and(|spec| spec.derived);
        let sorted = list.sort().is_some_and(|sort| counts(sort.column));
        let filtered = list.filter().column().is_some_and(counts);
        if !sorted && !filtered {
            return;
        }
        for key in pods {
            let uid = self
                .facts
                .world
                .pods
                .get(key)
                .map(|pod: &std::sync::Arc<Pod>| pod.meta.uid);
            if let Some(uid) = uid {
                let id = ObjectId { key: key.clone(), uid };
                self.follow_object(now, Kind::Pod, &id);
            }
        }
    }
}

fn table_of(kind: Kind) -> Option<TableId> {
    [TableId::Pods, TableId::Services, TableId::Sidecars]
        .into_iter()
        .find(|table| table.kind() == Some(kind))
}
