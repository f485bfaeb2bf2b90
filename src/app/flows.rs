//! The Traffic tab: endpoints by what they do, packets below them, and what packets go to besides.
//!
//! Lists follow what is new, not all that there is; what is not on the screen is left until it is.

use jiff::{SignedDuration, Timestamp};

use super::App;
use super::actions::Action;
use super::dialog::TextDialog;
use super::list::ItemId;
use super::panel::{self, Panel};
use super::rates::Stir;
use super::tables::TableId;
use super::traffic::{Place, socket};
use super::ui::{Stale, Toggle, View};
use super::view::table::traffic::short_cluster;
use super::view::{Line, Role, SortKey, Span};
use crate::mesh::diff::RowId;
use crate::mesh::model::Key;

/// Places besides endpoints are listed anew so often: their order is that of their counts, which move with each packet.
const ELSEWHERE: SignedDuration = SignedDuration::from_millis(500);

/// Of so many rows one may change its place for each of them to be put into it; else all are put in order anew.
const FEW: usize = 4;
/// Columns that tell what hosts do.
const RATES: [&str; 6] = ["rps", "errors", "connections", "requests", "failed", "trend"];

impl App {
    /// Whether packets are on the screen, so that new ones are worth a frame.
    pub fn shows_packets(&self) -> bool {
        self.ui.view == View::Traffic
    }

    /// Brings the lists of the tab up to what is known.
    pub(super) fn settle_traffic(&mut self, now: Timestamp) {
        if self.ui.view != View::Traffic || self.ui.frozen.is_some() {
            return;
        }
        if self.ui.stale.remove(&Stale::Traffic) {
            self.rebuild(now, TableId::Traffic);
        }
        self.settle_packets(now);
        self.settle_elsewhere(now);
    }

    /// Tables of a pod that are ordered or filtered by what hosts do follow it.
    pub(super) fn order_by_rates(&mut self, now: Timestamp, pod: &Key) {
        for table in self.endpoint_tables().into_iter().chain([TableId::Traffic]) {
            let panel = table.slot().and_then(|slot| self.ui.panel(slot));
            if panel.is_some_and(|panel| panel.pod == *pod) {
                self.follow_rates(now, table);
            }
        }
    }

    /// Puts the rows whose place may be another one now into it; all rows where these are many.
    fn follow_rates(&mut self, now: Timestamp, table: TableId) {
        if table == TableId::Traffic {
            let is_shown = self.ui.view == View::Traffic && self.ui.frozen.is_none();
            if !is_shown || self.ui.stale.contains(&Stale::Panels) {
                self.ui.stale.insert(Stale::Traffic);
                return;
            }
        }
        let Some(list) = self.ui.find_list(table) else { return };
        let (sort, filter) = (list.sort(), list.filter());
        let by = |column: Option<&str>| column.is_some_and(|column| RATES.contains(&column));
        let least = if self.ui.is_on(Toggle::Faults) || by(sort.map(|sort| sort.column)) || by(filter.column()) {
            Stir::Counted
        } else if table == TableId::Traffic && sort.is_none() {
            Stir::Moved
        } else {
            return;
        };
        let Some(panel) = table.slot().and_then(|slot| self.ui.panel(slot)) else {
            return;
        };
        let Some(envoy) = self.facts.envoys.get(&panel.pod) else {
            return;
        };
        let is_stirred = |line: &&panel::Line| line.actual.is_some_and(|at| envoy.rates.stir(at) >= least);
        let all = panel.lines().len();
        let stirred: Vec<&panel::Line> = panel.lines().iter().filter(is_stirred).take(all / FEW + 1).collect();
        if stirred.len() > all / FEW {
            self.rebuild(now, table);
            return;
        }
        let place = |line: &panel::Line| {
            let id = ItemId::Endpoint(line.id());
            let placed = self.place_line(now, (table, &id), (panel, line), sort, filter);
            (id, placed)
        };
        let placed: Vec<_> = stirred.into_iter().map(place).collect();
        for (id, placed) in placed {
            self.ui.list(table).update(&id, Some(placed));
        }
    }

    /// New packets come at the end, old ones go at the beginning. Whoever looks at the last one goes on to do so.
    fn settle_packets(&mut self, now: Timestamp) {
        let numbers = self.facts.packets.numbers();
        let before = std::mem::replace(&mut self.ui.listed, numbers.clone());
        let is_stale = self.ui.stale.remove(&Stale::Packets);
        if before == numbers && !is_stale {
            return;
        }
        if is_stale {
            // places may be other ones, too
            self.ui.elsewhere = None;
        }
        let follows = self.ui.list(TableId::Packets).is_at_end();
        if is_stale || numbers.start >= before.end {
            self.rebuild(now, TableId::Packets);
        } else {
            for number in before.start..numbers.start {
                self.ui.list(TableId::Packets).update(&ItemId::Packet(number), None);
            }
            for number in before.end..numbers.end {
                let item = ItemId::Packet(number);
                let placed = self.place(now, TableId::Packets, &item);
                self.ui.list(TableId::Packets).update(&item, placed);
            }
        }
        if follows {
            self.ui.list(TableId::Packets).go_to(usize::MAX);
        }
    }

    fn settle_elsewhere(&mut self, now: Timestamp) {
        let numbers = self.facts.packets.numbers();
        let is_due = self
            .ui
            .elsewhere
            .as_ref()
            .is_none_or(|(at, listed)| *listed != numbers && now.duration_since(*at) >= ELSEWHERE);
        if is_due {
            let was_empty = self.ui.list(TableId::Elsewhere).is_empty();
            self.rebuild(now, TableId::Elsewhere);
            // a pane that comes or goes is laid out with the next frame, which is asked for so
            let comes_or_goes = self.ui.list(TableId::Elsewhere).is_empty() != was_empty;
            let listed = if comes_or_goes { u64::MAX..u64::MAX } else { numbers };
            self.ui.elsewhere = Some((now, listed));
        }
    }

    /// When places besides endpoints are listed next.
    pub(super) fn next_elsewhere(&self) -> Option<Timestamp> {
        let (at, listed) = self.ui.elsewhere.as_ref()?;
        let waits =
            self.ui.view == View::Traffic && self.ui.frozen.is_none() && *listed != self.facts.packets.numbers();
        waits.then(|| at.saturating_add(ELSEWHERE).unwrap_or(*at))
    }

    /// What packets go to besides endpoints.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = Place> {
        let places = self.facts.packets.totals().places.keys();
        places.filter(|place| !matches!(place, Place::Endpoint(_))).cloned()
    }

    /// By what a table is ordered of its own accord, before identity.
    pub(super) fn own_order(&self, table: TableId, id: &ItemId) -> SortKey {
        match (table, id) {
            (TableId::Traffic, ItemId::Endpoint(row)) => {
                let known = self.ui.panel(0).and_then(|panel| Some((panel, panel.find(row)?)));
                known.map_or(SortKey::Absent, |(panel, line)| self.order_of_line(table, panel, line))
            }
            (TableId::Elsewhere, ItemId::Place(place)) => {
                let total = self.facts.packets.totals().places.get(place);
                total.map_or(SortKey::Absent, |total| most_first(total.packets))
            }
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
            ) => SortKey::Absent,
        }
    }

    /// By what a pod's endpoints are ordered of their own accord: in the Traffic tab by what they do.
    pub(super) fn order_of_line(&self, table: TableId, panel: &Panel, line: &panel::Line) -> SortKey {
        let standing = |at: usize| self.facts.envoys.get(&panel.pod)?.rates.standing(at);
        let counted = line.actual.filter(|_| table == TableId::Traffic).and_then(standing);
        counted.map_or(SortKey::Absent, most_first)
    }

    /// Whether a packet is listed.
    pub(super) fn is_traced(&self, number: u64) -> bool {
        self.ui.traced.as_ref().is_none_or(|traced| {
            let kept = self.facts.packets.get(number);
            kept.is_some_and(|kept| kept.place == *traced)
        })
    }

    /// Lists the packets of one place alone, or all again; of the same place as before: all.
    pub(super) fn trace(&mut self, place: Option<Place>) {
        let is_same = self.ui.traced == place;
        if is_same && place.is_none() {
            return;
        }
        self.ui.traced = place.filter(|_| !is_same);
        self.ui.stale.insert(Stale::Packets);
    }

    /// Lists the packets of an endpoint alone.
    pub(super) fn trace_endpoint(&mut self, now: Timestamp, endpoint: &RowId) {
        if self.facts.packets.source().is_none() {
            let why = self.options.keys.named(Action::Explain);
            let text = format!("no packets are read, see below; {why} says why the row is here");
            self.say(now, Role::Dim, text);
        } else if let Some(socket) = socket(&endpoint.address) {
            self.trace(Some(Place::Endpoint(socket)));
        } else {
            self.say(now, Role::Dim, "no packets go there: it is no address of a network");
        }
    }

    /// A packet with all that is known of it.
    pub(super) fn open_packet(&mut self, number: u64) {
        let packets = &self.facts.packets;
        let Some(kept) = packets.get(number) else { return };
        let mut lines: Vec<Line> = vec![vec![Span::new(Role::Text, &*kept.captured.line)], Vec::new()];
        let mut add = |label: &str, role: Role, text: String| {
            lines.push(vec![
                Span::new(Role::Dim, format!("{label:<14}")),
                Span::new(role, text),
            ]);
        };
        match &kept.place {
            Place::Endpoint(end) => {
                add("endpoint", Role::Number, format!("{}:{}", end.ip, end.port));
                let pod = packets.directory().pod(&end.ip);
                add(
                    "pod",
                    Role::Text,
                    pod.map_or_else(|| "none is known".to_owned(), ToString::to_string),
                );
                for cluster in packets.directory().clusters(end) {
                    add("cluster", Role::Name, cluster.to_string());
                }
                if packets.directory().clusters(end).len() > 1 {
                    let text = "a packet does not tell which of them it was sent through";
                    add("", Role::Dim, text.to_owned());
                }
            }
            Place::Elsewhere(end, what) => {
                add("address", Role::Number, format!("{}:{}", end.ip, end.port));
                add("what", Role::Text, what.to_string());
            }
            Place::Nowhere | Place::Others => {
                add(
                    "what",
                    Role::Text,
                    "no port is known: no TCP or UDP, a later part of a packet, or too little was captured".to_owned(),
                );
            }
        }
        self.open_text(TextDialog::new(format!("Packet {}", number + 1), lines).broken(14));
    }

    /// What is listed of packets, for the title: nothing if all are.
    pub(super) fn traced_words(&self) -> Option<String> {
        match self.ui.traced.as_ref()? {
            Place::Endpoint(end) => {
                let clusters = self.facts.packets.directory().clusters(end);
                let name = clusters.first().map(|cluster| format!(" {}", short_cluster(cluster)));
                Some(format!("of {}:{}{}", end.ip, end.port, name.unwrap_or_default()))
            }
            Place::Elsewhere(end, what) => Some(format!("of {}:{} {what}", end.ip, end.port)),
            Place::Nowhere | Place::Others => Some("without a port".to_owned()),
        }
    }

    /// Whether packets are hidden by a filter or by `!`.
    pub(super) fn hides_packets(&self) -> bool {
        let list = self.ui.find_list(TableId::Packets);
        self.ui.is_on(Toggle::Faults) || list.is_some_and(|list| !list.filter().is_empty())
    }
}

/// A key that puts the larger count first.
fn most_first(count: u64) -> SortKey {
    SortKey::Number(i64::try_from(count).unwrap_or(i64::MAX).saturating_neg())
}
