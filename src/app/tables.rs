//! From a table and an identity to a row that can be shown, sorted, filtered and copied.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::facts::Facts;
use super::filter::Filtered;
use super::findings::Tally;
use super::list::{ItemId, MomentId};
use super::panel::{Line, Panel};
use super::traffic::Place;
use super::view::Datum;
use super::view::column::{Column, Spec, Table};
use super::view::table::endpoints::{self, EndpointRow, Endpoints};
use super::view::table::packets::{self, PacketRow, Packets, PlaceRow, Places};
use super::view::table::pods::{self, PodRow, Pods};
use super::view::table::services::{self, ServiceRow, Services};
use super::view::table::sidecars::{SidecarRow, Sidecars};
use super::view::table::timeline::{Timeline, TimelineRow};
use super::view::table::traffic::Traffic;
use super::view::table::workloads::{WorkloadRow, Workloads};
use crate::mesh::history::{Line as Moment, MarkKind, ObjectId};
use crate::mesh::lint::Level;
use crate::mesh::model::{Kind, Labels, Object, Service, Sidecar};
use crate::mesh::scope::{EndpointTable, Row, needed_kinds};

/// A table that has a list of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TableId {
    /// Pods.
    Pods,
    /// Pods by what made them.
    Workloads,
    /// Services.
    Services,
    /// The endpoints of the chosen pod (0), or of a pinned one (1 is the first pinned).
    Endpoints(u8),
    /// Sidecars.
    Sidecars,
    /// The timeline.
    Timeline,
    /// The endpoints of the chosen pod by what they do.
    Traffic,
    /// Packets of a capture.
    Packets,
    /// What packets go to that is no endpoint of the chosen pod.
    Elsewhere,
}

impl TableId {
    /// The endpoint table whose rows it shows: its place among the chosen (0) and pinned pods' ones.
    pub(super) fn slot(self) -> Option<u8> {
        match self {
            TableId::Endpoints(slot) => Some(slot),
            TableId::Traffic => Some(0),
            TableId::Pods
            | TableId::Workloads
            | TableId::Services
            | TableId::Sidecars
            | TableId::Timeline
            | TableId::Packets
            | TableId::Elsewhere => None,
        }
    }

    /// Its name as a title.
    pub fn title(self) -> &'static str {
        match self {
            TableId::Pods => "Pods",
            TableId::Workloads => "Workloads",
            TableId::Services => "Services",
            TableId::Endpoints(_) => "Endpoints",
            TableId::Sidecars => "Sidecars",
            TableId::Timeline => "Timeline",
            TableId::Traffic => "Traffic",
            TableId::Packets => "Packets",
            TableId::Elsewhere => "Elsewhere",
        }
    }

    /// The kind whose objects are its rows, if they are objects.
    pub fn kind(self) -> Option<Kind> {
        match self {
            TableId::Pods | TableId::Workloads => Some(Kind::Pod),
            TableId::Services => Some(Kind::Service),
            TableId::Sidecars => Some(Kind::Sidecar),
            TableId::Endpoints(_) | TableId::Timeline | TableId::Traffic | TableId::Packets | TableId::Elsewhere => {
                None
            }
        }
    }

    /// Its columns, left to right.
    pub fn specs(self) -> Vec<&'static Spec> {
        fn of<T: Table>() -> Vec<&'static Spec> {
            T::columns().iter().map(|column| &column.spec).collect()
        }
        match self {
            TableId::Pods => of::<Pods>(),
            TableId::Workloads => of::<Workloads>(),
            TableId::Services => of::<Services>(),
            TableId::Endpoints(_) => of::<Endpoints>(),
            TableId::Sidecars => of::<Sidecars>(),
            TableId::Timeline => of::<Timeline>(),
            TableId::Traffic => of::<Traffic>(),
            TableId::Packets => of::<Packets>(),
            TableId::Elsewhere => of::<Places>(),
        }
    }

    /// The column of this id.
    pub fn spec(self, id: &str) -> Option<&'static Spec> {
        self.specs().into_iter().find(|spec| spec.id == id)
    }
}

/// A row of any table, with all that its cells are made from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    /// A pod.
    Pod(PodRow<'a>),
    /// A workload.
    Workload(WorkloadRow<'a>),
    /// A service.
    Service(ServiceRow<'a>),
    /// An endpoint.
    Endpoint(EndpointRow<'a>),
    /// A Sidecar.
    Sidecar(SidecarRow<'a>),
    /// A line of the timeline.
    Moment(TimelineRow<'a>),
    /// An endpoint, by what it does.
    Flow(EndpointRow<'a>),
    /// A packet.
    Packet(PacketRow<'a>),
    /// Something that packets go to.
    Place(PlaceRow<'a>),
}

impl<'a> Subject<'a> {
    /// A pod.
    pub(super) fn pod(facts: &'a Facts, id: &ObjectId) -> Option<Self> {
        let pod = facts.find_pod(id)?;
        let governing = facts.governed.of(&id.key);
        Some(Subject::Pod(PodRow { pod, governing }))
    }

    /// A service; `seen_by` is the table of the chosen pod.
    pub(super) fn service(facts: &'a Facts, id: &ObjectId, seen_by: Option<&'a EndpointTable>) -> Option<Self> {
        let live = facts
            .world
            .services
            .get(&id.key)
            .filter(|service| service.meta.uid == id.uid);
        let service: &Service = if let Some(service) = live {
            service
        } else if let Object::Service(service) = grave(facts, Kind::Service, id)? {
            service
        } else {
            return None;
        };
        Some(Subject::Service(ServiceRow {
            service,
            world: &facts.world,
            seen_by,
        }))
    }

    /// A Sidecar.
    pub(super) fn sidecar(facts: &'a Facts, id: &ObjectId) -> Option<Self> {
        let live = facts
            .world
            .sidecars
            .get(&id.key)
            .filter(|sidecar| sidecar.meta.uid == id.uid);
        let sidecar: &Sidecar = if let Some(sidecar) = live {
            sidecar
        } else if let Object::Sidecar(sidecar) = grave(facts, Kind::Sidecar, id)? {
            sidecar
        } else {
            return None;
        };
        let governs = live.is_some().then(|| facts.governed.count(&id.key));
        let found = live.and_then(|_| facts.findings.of(&id.key)).map(Tally::of);
        // of a part of the input nobody can say that nothing is wrong
        let is_whole = || facts.world.coverage.gaps(needed_kinds()).next().is_none();
        let findings = found.filter(|found| found.count > 0 || is_whole());
        Some(Subject::Sidecar(SidecarRow {
            sidecar,
            governs,
            findings,
        }))
    }

    /// A row of an endpoint table.
    pub(super) fn endpoint(facts: &'a Facts, panel: &'a Panel, line: &'a Line) -> Self {
        Subject::Endpoint(endpoint_row(facts, panel, line))
    }

    /// The same, by what it does.
    pub(super) fn flow(facts: &'a Facts, panel: &'a Panel, line: &'a Line) -> Self {
        Subject::Flow(endpoint_row(facts, panel, line))
    }

    /// A packet, if it is kept.
    pub(super) fn packet(facts: &'a Facts, number: u64) -> Option<Self> {
        let kept = facts.packets.get(number)?;
        let directory = facts.packets.directory();
        Some(Subject::Packet(PacketRow {
            captured: &kept.captured,
            place: &kept.place,
            directory,
        }))
    }

    /// Something that packets go to.
    pub(super) fn place(facts: &'a Facts, place: &'a Place) -> Option<Self> {
        let total = facts.packets.totals().places.get(place)?;
        let directory = facts.packets.directory();
        Some(Subject::Place(PlaceRow {
            place,
            total: *total,
            directory,
        }))
    }

    /// Its cell in the column at a place.
    pub(super) fn datum(&self, at: usize) -> Option<Datum> {
        fn of<T: Table>(row: &T::Row<'_>, at: usize) -> Option<Datum> {
            T::columns().get(at).map(|Column { datum, .. }| datum(row))
        }
        match self {
            Subject::Pod(row) => of::<Pods>(row, at),
            Subject::Workload(row) => of::<Workloads>(row, at),
            Subject::Service(row) => of::<Services>(row, at),
            Subject::Endpoint(row) => of::<Endpoints>(row, at),
            Subject::Sidecar(row) => of::<Sidecars>(row, at),
            Subject::Moment(row) => of::<Timeline>(row, at),
            Subject::Flow(row) => of::<Traffic>(row, at),
            Subject::Packet(row) => of::<Packets>(row, at),
            Subject::Place(row) => of::<Places>(row, at),
        }
    }

    /// Its table's columns, left to right.
    pub(super) fn specs(&self) -> Vec<&'static Spec> {
        match self {
            Subject::Pod(_) => TableId::Pods.specs(),
            Subject::Workload(_) => TableId::Workloads.specs(),
            Subject::Service(_) => TableId::Services.specs(),
            Subject::Endpoint(_) => TableId::Endpoints(0).specs(),
            Subject::Sidecar(_) => TableId::Sidecars.specs(),
            Subject::Moment(_) => TableId::Timeline.specs(),
            Subject::Flow(_) => TableId::Traffic.specs(),
            Subject::Packet(_) => TableId::Packets.specs(),
            Subject::Place(_) => TableId::Elsewhere.specs(),
        }
    }

    /// Its cell in the column of this id.
    pub(super) fn datum_of(&self, id: &str) -> Option<Datum> {
        let at = self.specs().iter().position(|spec| spec.id == id)?;
        self.datum(at)
    }

    /// Whether something is wrong with it: what `!` keeps.
    pub(super) fn is_faulty(&self) -> bool {
        match self {
            Subject::Pod(row) => pods::is_faulty(row.pod),
            Subject::Workload(row) => row.workload.faulty > 0,
            Subject::Service(row) => services::is_faulty(row),
            Subject::Endpoint(row) | Subject::Flow(row) => endpoints::is_faulty(row),
            Subject::Packet(row) => packets::is_faulty(row),
            Subject::Place(row) => packets::is_stray(row.place),
            Subject::Sidecar(row) => {
                let worst = row.findings.and_then(|findings| findings.worst);
                row.governs == Some(0) || worst >= Some(Level::Warning)
            }
            Subject::Moment(row) => match row.line {
                Moment::Edit(_, Some(effect)) | Moment::Endpoints(_, _, effect, _) => effect.removed > 0,
                Moment::Edit(_, None) | Moment::Start | Moment::Before(_) => false,
            },
        }
    }
}

fn endpoint_row<'a>(facts: &'a Facts, panel: &'a Panel, line: &'a Line) -> EndpointRow<'a> {
    let world = panel.world.as_ref().unwrap_or(&facts.world);
    let behind = line.row.backend.pod.as_ref().and_then(|pod| world.pods.get(pod));
    EndpointRow {
        row: &line.row,
        behind: behind.map(AsRef::as_ref),
        sync: line.sync,
        actual: line.actual.and_then(|at| facts.envoys.get(&panel.pod)?.host(at)),
    }
}

fn grave<'a>(facts: &'a Facts, kind: Kind, id: &ObjectId) -> Option<&'a Object> {
    let mark = facts.history.objects(kind)?.get(id)?;
    mark.gone.then_some(&mark.row)
}

/// A row as a filter asks for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Searched<'a> {
    /// The row.
    pub subject: Subject<'a>,
    /// For ages.
    pub now: Timestamp,
    /// It is a tombstone, on which cells of the present say something else.
    pub gone: bool,
}

impl Filtered for Searched<'_> {
    fn texts(&self) -> impl Iterator<Item = String> {
        let specs = self.subject.specs().into_iter().enumerate();
        specs.filter(|(_, spec)| spec.searched).filter_map(|(at, spec)| {
            if let Some(buried) = spec.buried.filter(|_| self.gone) {
                return Some(buried.to_owned());
            }
            let datum = self.subject.datum(at)?;
            Some(datum.value.text(self.now).into_owned())
        })
    }

    fn column(&self, id: &'static str) -> String {
        let spec = self.subject.specs().into_iter().find(|spec| spec.id == id);
        if let Some(buried) = spec.and_then(|spec| spec.buried).filter(|_| self.gone) {
            return buried.to_owned();
        }
        let datum = self.subject.datum_of(id);
        datum
            .map(|datum| datum.value.text(self.now).into_owned())
            .unwrap_or_default()
    }

    fn labels(&self) -> Option<&Labels> {
        match &self.subject {
            Subject::Pod(row) => Some(&row.pod.meta.labels),
            Subject::Service(row) => Some(&row.service.meta.labels),
            Subject::Sidecar(row) => Some(&row.sidecar.meta.labels),
            Subject::Endpoint(row) | Subject::Flow(row) => row.behind.map(|pod| &pod.meta.labels),
            Subject::Workload(_) | Subject::Moment(_) | Subject::Packet(_) | Subject::Place(_) => None,
        }
    }
}

/// A change mark of any row, as far as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Marked {
    /// Its sign.
    pub kind: MarkKind,
    /// When the last change was.
    pub glow: crate::mesh::history::Glow,
    /// When it gets dimmer.
    pub dims_at: Option<Timestamp>,
    /// Columns that say something else than before: id, before, after.
    pub changes: Vec<(&'static str, String, String)>,
    /// When the first and the last of the changes were.
    pub times: (Timestamp, Timestamp),
    /// How many they were.
    pub steps: u32,
    /// Why the last was.
    pub cause: String,
    /// Whether it is as it was before all of it.
    pub is_back: bool,
}

/// Where times and causes are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock<'a> {
    /// Now.
    pub now: Timestamp,
    /// The time zone of the screen.
    pub zone: &'a TimeZone,
}

/// The change mark of an object's row.
pub(super) fn object_mark(facts: &Facts, kind: Kind, id: &ObjectId, clock: Clock<'_>) -> Option<Marked> {
    let mark = facts.history.objects(kind)?.get(id)?;
    let before = mark.before.as_ref().filter(|_| !mark.gone);
    let changes = before
        .map(|before| changes(of_object(facts, before), of_object(facts, &mark.row), clock.now))
        .unwrap_or_default();
    Some(marked(mark, changes, clock))
}

/// The change mark of an endpoint's row.
pub(super) fn endpoint_mark(
    facts: &Facts,
    panel: &Panel,
    id: &crate::mesh::diff::RowId,
    clock: Clock<'_>,
) -> Option<Marked> {
    let mark = panel.mark(facts, id)?;
    let before = mark.before.as_ref().filter(|_| !mark.gone);
    let subject = |row| Subject::Endpoint(bare(row));
    let changes = before
        .map(|before| changes(Some(subject(before)), Some(subject(&mark.row)), clock.now))
        .unwrap_or_default();
    Some(marked(mark, changes, clock))
}

fn bare(row: &Row) -> EndpointRow<'_> {
    EndpointRow {
        row,
        behind: None,
        sync: None,
        actual: None,
    }
}

fn marked<T: crate::mesh::history::Marked>(
    mark: &crate::mesh::history::Mark<T>,
    changes: Vec<(&'static str, String, String)>,
    clock: Clock<'_>,
) -> Marked {
    Marked {
        kind: mark.kind(),
        glow: mark.glow(clock.now),
        dims_at: mark.dims_at(clock.now),
        changes,
        times: (mark.since, mark.at),
        steps: mark.steps,
        cause: super::view::table::timeline::cause_text(&mark.cause, clock.now, clock.zone),
        is_back: mark.is_back(),
    }
}

/// An object's row; what follows from other objects is as it is now, so that it never counts as changed.
fn of_object<'a>(facts: &'a Facts, object: &'a Object) -> Option<Subject<'a>> {
    if let Object::Pod(pod) = object {
        return Some(Subject::Pod(PodRow { pod, governing: None }));
    }
    if let Object::Sidecar(sidecar) = object {
        return Some(Subject::Sidecar(SidecarRow {
            sidecar,
            governs: None,
            findings: None,
        }));
    }
    if let Object::Service(service) = object {
        return Some(Subject::Service(ServiceRow {
            service,
            world: &facts.world,
            seen_by: None,
        }));
    }
    None
}

/// Cells that say something else; ages never count.
fn changes(
    before: Option<Subject<'_>>,
    after: Option<Subject<'_>>,
    now: Timestamp,
) -> Vec<(&'static str, String, String)> {
    let (Some(before), Some(after)) = (before, after) else {
        return Vec::new();
    };
    let specs = after.specs().into_iter().enumerate();
    specs
        .filter(|(_, spec)| spec.id != "age")
        .filter_map(|(at, spec)| {
            let (old, new) = (before.datum(at)?.value, after.datum(at)?.value);
            (old != new).then(|| (spec.id, old.text(now).into_owned(), new.text(now).into_owned()))
        })
        .collect()
}

/// The identity of a line of the timeline; `nth` tells apart what one object tells of one second.
pub(super) fn moment_id(line: &Moment, nth: u32) -> MomentId {
    use std::cmp::Reverse;
    match line {
        Moment::Edit(edit, _) => MomentId::Seen(Reverse(edit.seq), Some((edit.kind, edit.key.clone()))),
        Moment::Endpoints(seq, ..) => MomentId::Seen(Reverse(*seq), None),
        Moment::Start => MomentId::Start,
        Moment::Before(before) => MomentId::Before(Reverse(before.at), before.kind, before.key.clone(), nth),
    }
}

/// The object that a row stands for, if it stands for one.
pub(super) fn object_of(table: TableId, id: &ItemId) -> Option<(Kind, &ObjectId)> {
    match id {
        ItemId::Object(object) => Some((table.kind()?, object)),
        ItemId::Endpoint(_) | ItemId::Workload(_) | ItemId::Moment(_) | ItemId::Packet(_) | ItemId::Place(_) => None,
    }
}
