//! What is shown of all that is known: where the person is, each list's state, dialogs, messages. Plain data.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::{SignedDuration, Timestamp};

use super::columns::Choice;
use super::dialog::Dialog;
use super::list::{ItemId, List, MomentId};
use super::message::{Captured, Drafted};
use super::options::Namespaces;
use super::packets::KEPT;
use super::panel::Panel;
use super::settle::Laid;
use super::study::Question;
use super::tables::TableId;
use super::then::Then;
use super::traffic::Place;
use super::view::Role;
use super::view::spots::Spots;
use super::workloads::WorkloadId;
use crate::mesh::history::{Line as Moment, ObjectId, Telling, TimelineVersion, Untold, Walk};
use crate::mesh::model::Key;
use crate::mesh::world::Delta;

/// How many pods can be pinned at once.
pub(super) const PINS: usize = 4;
/// How long a message stays.
const TOAST: SignedDuration = SignedDuration::from_secs(6);
/// How many deltas wait while the screen is held still; more end the stillness.
pub(super) const FROZEN_DELTAS: usize = 50_000;
/// How many places are remembered.
const PLACES: usize = 50;

/// A tab, or the overview.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) enum View {
    /// Pods and services above, endpoints and edits below.
    #[default]
    Overview,
    /// Pods, or workloads.
    Pods,
    /// Services.
    Services,
    /// Endpoints of the chosen and pinned pods.
    Endpoints,
    /// Sidecars.
    Sidecars,
    /// The timeline.
    Timeline,
    /// What the chosen pod's endpoints do, and packets.
    Traffic,
}

impl View {
    /// The tabs, in the order of their keys `1`, `2` ...
    pub(super) const TABS: &'static [View] = &[
        View::Pods,
        View::Services,
        View::Endpoints,
        View::Sidecars,
        View::Timeline,
        View::Traffic,
    ];

    /// Its name on the tab.
    pub(super) fn title(self) -> &'static str {
        match self {
            View::Overview => "Overview",
            View::Pods => "Pods",
            View::Services => "Services",
            View::Endpoints => "Endpoints",
            View::Sidecars => "Sidecars",
            View::Timeline => "Timeline",
            View::Traffic => "Traffic",
        }
    }
}

/// Something that is switched on and off.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Toggle {
    /// One pane takes the whole screen.
    Zoom,
    /// More columns.
    Wide,
    /// Only rows with which something is wrong.
    Faults,
    /// Workloads in the place of pods.
    Workloads,
    /// Envoy's own rows too.
    Bootstrap,
    /// What all pods tell of the time before.
    OtherPods,
    /// Masks in the place of names.
    Privacy,
}

/// Something derived that no longer follows from what is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Stale {
    /// The endpoint tables.
    Panels,
    /// The endpoints by what they do.
    Traffic,
    /// The list of packets.
    Packets,
}

/// Where a person is: what `[`, `]` and `-` go back and forth between.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stop {
    /// The tab.
    pub view: View,
    /// What is shown.
    pub namespaces: Namespaces,
    /// Only the pods of this workload.
    pub only: Option<WorkloadId>,
    /// The filter of the tab's own table, as typed.
    pub filter: String,
    /// The chosen pod.
    pub chosen: Option<ObjectId>,
    /// The row under the cursor of that table.
    pub row: Option<ItemId>,
}

/// Where a person has been.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    back: Vec<Stop>,
    forward: Vec<Stop>,
}

impl Trail {
    /// The person leaves this place for a new one.
    pub(super) fn leave(&mut self, place: Stop) {
        self.forward.clear();
        self.back.push(place);
        if self.back.len() > PLACES {
            self.back.remove(0);
        }
    }

    /// The places before, the last one first.
    pub(super) fn before(&self) -> impl Iterator<Item = &Stop> {
        self.back.iter().rev()
    }

    /// The place before; `here` becomes the place after.
    pub(super) fn back(&mut self, here: Stop) -> Option<Stop> {
        let place = self.back.pop()?;
        self.forward.push(here);
        Some(place)
    }

    /// The place after; `here` becomes the place before.
    pub(super) fn forward(&mut self, here: Stop) -> Option<Stop> {
        let place = self.forward.pop()?;
        self.back.push(here);
        Some(place)
    }
}

/// A message that stays for a while.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Toast {
    /// What.
    pub text: String,
    /// As what.
    pub role: Role,
    /// Until when.
    pub until: Timestamp,
}

impl Toast {
    /// A message, from now on.
    pub(super) fn new(now: Timestamp, role: Role, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            role,
            until: now.saturating_add(TOAST).unwrap_or(now),
        }
    }
}

/// What waits while the screen is held still.
#[derive(Debug, Default)]
pub(super) struct Frozen {
    /// In order.
    pub batches: Vec<(Timestamp, Vec<Delta>)>,
    /// How many deltas they are.
    pub deltas: usize,
    /// The last packets that came, in order.
    pub packets: VecDeque<Captured>,
    /// How many came before those and are lost.
    pub let_go: u64,
}

impl Frozen {
    /// Lets packets wait: as many as are kept on the screen.
    pub(super) fn hold(&mut self, batch: Vec<Captured>) {
        for captured in batch {
            self.packets.push_back(captured);
            if self.packets.len() > KEPT {
                self.packets.pop_front();
                self.let_go += 1;
            }
        }
    }
}

/// All of it.
#[derive(Debug)]
pub(super) struct Ui {
    /// The tab.
    pub view: View,
    /// What is shown, never what is read.
    pub namespaces: Namespaces,
    /// What whoever follows the cluster knows of them.
    pub told: Namespaces,
    /// What was shown before all namespaces were.
    pub namespaces_before: Option<Namespaces>,
    /// Only the pods of this workload.
    pub only: Option<WorkloadId>,
    /// The pane of each view that has the keys.
    pub active: BTreeMap<View, TableId>,
    /// Each table's rows.
    pub lists: BTreeMap<TableId, List>,
    /// The columns that were chosen for a table; all endpoint tables have those of the first.
    pub columns: BTreeMap<TableId, Choice>,
    /// The endpoint tables, by their place: 0 is the chosen pod's, then the pinned ones'.
    pub panels: Vec<Panel>,
    /// The pod whose endpoints are shown.
    pub chosen: Option<ObjectId>,
    /// Pinned pods.
    pub pins: Vec<ObjectId>,
    /// Only packets of this place are listed.
    pub traced: Option<Place>,
    /// The numbers of the packets that are listed.
    pub listed: Range<u64>,
    /// When places that are no endpoints were listed last, and how many packets were kept then in all.
    pub elsewhere: Option<(Timestamp, Range<u64>)>,
    /// The timeline's lines, by identity.
    pub moments: Vec<(MomentId, Moment)>,
    /// What they were made from, and how many answers of Envoys count; `None` if they are to be made anew.
    pub moments_of: Option<(TimelineVersion, u64)>,
    /// What the timeline leaves out.
    pub untold: Untold,
    /// What has to be made again before the next frame.
    pub stale: BTreeSet<Stale>,
    /// An endpoint table on show has become another, which its Envoy follows.
    pub moved: bool,
    /// What is switched on.
    on: BTreeSet<Toggle>,
    /// Walks back through the history of pods, not at their ends yet.
    pub walks: Vec<Walk>,
    /// The pod whose table is worked out beside the loop.
    pub computing: Option<Key>,
    /// Pods whose table broke while it was worked out: not tried again unless asked for.
    pub broken: BTreeSet<Key>,
    /// The question that is worked on beside the loop, and whether it was given up.
    pub studying: Option<(Question, Arc<AtomicBool>)>,
    /// The chosen pod's endpoints of another time, while they are looked at.
    pub then: Option<Then>,
    /// The last draft, read or not.
    pub draft: Option<Drafted>,
    /// What lies over the panes, the topmost last.
    pub dialogs: Vec<Dialog>,
    /// The message at the foot.
    pub toast: Option<Toast>,
    /// What is being copied, in words.
    pub copied: Option<String>,
    /// Where the person has been.
    pub trail: Trail,
    /// The screen is held still.
    pub frozen: Option<Frozen>,
    /// The first pod was put under the cursor.
    pub opened: bool,
    /// How often a replay went back: what is known was told anew.
    pub epoch: u64,
    /// Pods whose Envoys are asked and on which ports, and whether each second.
    pub asked: (Vec<(Key, u16)>, bool),
    /// The demo's story has a line of its own.
    pub is_told: bool,
    /// The screen's size when it was laid out last.
    pub size: (u16, u16),
    /// The panes as they were laid out last.
    pub laid: Vec<Laid>,
    /// What was where when the screen was made last.
    pub spots: Spots,
    /// When the screen changes by time alone; found when it is laid out.
    pub wake: Option<Timestamp>,
}

impl Ui {
    /// How it looks at the start.
    pub(super) fn new(namespaces: Namespaces) -> Self {
        Self {
            view: View::Overview,
            told: namespaces.clone(),
            namespaces,
            namespaces_before: None,
            only: None,
            active: BTreeMap::new(),
            lists: BTreeMap::new(),
            columns: BTreeMap::new(),
            panels: Vec::new(),
            chosen: None,
            pins: Vec::new(),
            traced: None,
            listed: 0..0,
            elsewhere: None,
            moments: Vec::new(),
            moments_of: None,
            untold: Untold::default(),
            stale: BTreeSet::from([Stale::Panels, Stale::Traffic, Stale::Packets]),
            moved: false,
            on: BTreeSet::new(),
            walks: Vec::new(),
            computing: None,
            broken: BTreeSet::new(),
            studying: None,
            then: None,
            draft: None,
            dialogs: Vec::new(),
            toast: None,
            copied: None,
            trail: Trail::default(),
            frozen: None,
            opened: false,
            epoch: 0,
            asked: (Vec::new(), false),
            is_told: false,
            size: (0, 0),
            laid: Vec::new(),
            spots: Spots::default(),
            wake: None,
        }
    }

    /// Whether something is switched on.
    pub(super) fn is_on(&self, toggle: Toggle) -> bool {
        self.on.contains(&toggle)
    }

    /// Switches something on or off.
    pub(super) fn switch(&mut self, toggle: Toggle, on: bool) {
        if on {
            self.on.insert(toggle);
        } else {
            self.on.remove(&toggle);
        }
    }

    /// Switches something on if it is off, off if it is on; says which it is now.
    pub(super) fn turn(&mut self, toggle: Toggle) -> bool {
        let on = !self.is_on(toggle);
        self.switch(toggle, on);
        on
    }

    /// Of which pods the timeline tells what they say of the time before.
    pub(super) fn telling(&self) -> Telling {
        if self.is_on(Toggle::OtherPods) {
            Telling::All
        } else {
            Telling::Near
        }
    }

    /// The table of pods, by pod or by workload.
    pub(super) fn pods_table(&self) -> TableId {
        if self.is_on(Toggle::Workloads) {
            TableId::Workloads
        } else {
            TableId::Pods
        }
    }

    /// Whether a table was on the screen when it was laid out last.
    pub(super) fn is_laid(&self, table: TableId) -> bool {
        self.laid.iter().any(|laid| laid.table == table)
    }

    /// The panes of a view in the order of Tab, whether or not there is room for each.
    pub(super) fn tables(&self, view: View) -> Vec<TableId> {
        let endpoints = || {
            (0..=self.pins.len())
                .filter_map(|at| u8::try_from(at).ok())
                .map(TableId::Endpoints)
        };
        match view {
            View::Overview => {
                let mut tables = vec![self.pods_table(), TableId::Services];
                tables.extend(endpoints());
                tables.push(TableId::Timeline);
                tables
            }
            View::Pods => vec![self.pods_table()],
            View::Services => vec![TableId::Services],
            View::Endpoints => endpoints().collect(),
            View::Sidecars => vec![TableId::Sidecars],
            View::Timeline => vec![TableId::Timeline],
            View::Traffic => {
                let mut tables = vec![TableId::Traffic, TableId::Packets];
                let has_elsewhere = self.find_list(TableId::Elsewhere).is_some_and(|list| !list.is_empty());
                tables.extend(has_elsewhere.then_some(TableId::Elsewhere));
                tables
            }
        }
    }

    /// The table that has the keys.
    pub(super) fn active(&self) -> TableId {
        let tables = self.tables(self.view);
        let wanted = self.active.get(&self.view).copied();
        let first = tables.first().copied().unwrap_or(TableId::Pods);
        wanted.filter(|table| tables.contains(table)).unwrap_or(first)
    }

    /// A table's rows.
    pub(super) fn list(&mut self, table: TableId) -> &mut List {
        self.lists.entry(table).or_default()
    }

    /// A table's rows, if there ever were any.
    pub(super) fn find_list(&self, table: TableId) -> Option<&List> {
        self.lists.get(&table)
    }

    /// The endpoint table in a place.
    pub(super) fn panel(&self, slot: u8) -> Option<&Panel> {
        self.panels.get(usize::from(slot))
    }

    /// A line of the timeline.
    pub(super) fn moment(&self, id: &MomentId) -> Option<&Moment> {
        let at = self.moments.binary_search_by(|(other, _)| other.cmp(id)).ok()?;
        self.moments.get(at).map(|(_, line)| line)
    }
}
