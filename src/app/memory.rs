//! What is remembered from one run to the next: where a person was, how tables looked, what is used most.
//!
//! Plain data: the runtime keeps it in a file (`runtime::state`), each context's apart. A run begins with what is known
//! ([`Options::memory`](super::Options)) and gives back what it learnt ([`App::memory`]); the file takes that in with
//! [`Memory::learn`], so that two programs that run at once do not lose each other's.
//!
//! Not remembered: filters, pins, marks. Invariant: everything is bounded.
//!
//! # Decisions
//! * A use is a point, and points are halved each week: one number and one time for each name, no list of times. What
//!   was used once today comes before what was used once last month, and what is used daily before both. Instead of a
//!   mere count, which never forgets, and of a mere last time, which lets one slip of the finger win.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::App;
use super::columns::completed;
use super::list::Sort;
use super::options::Namespaces;
use super::tables::TableId;
use super::ui::{Toggle, View};
use super::workloads::WorkloadId;
use crate::mesh::model::{Key, Pod, Text};

/// In which time points are halved.
const HALF_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Of how many names it is known how much they are used.
pub const MOST_NAMES: usize = 50;
/// How many commands are remembered.
pub const MOST_TYPED: usize = 50;
/// Longer ones are not.
const LONGEST_TYPED: usize = 200;

/// Tables whose looks are remembered. All endpoint tables look as the chosen pod's.
const TABLES: &[TableId] = &[
    TableId::Pods,
    TableId::Workloads,
    TableId::Services,
    TableId::Endpoints(0),
    TableId::Sidecars,
    TableId::Timeline,
    TableId::Traffic,
    TableId::Packets,
    TableId::Elsewhere,
];

/// How much something is used.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Use {
    /// One for each use, halved each week; as of `last`. Above 0.
    pub points: f64,
    /// The last time.
    pub last: Timestamp,
}

impl Use {
    /// The points at a time; what is used in the future (a clock was set back) counts as now.
    fn at(self, now: Timestamp) -> f64 {
        let age = now.duration_since(self.last).as_secs_f64().max(0.0);
        self.points * 0.5_f64.powf(age / HALF_LIFE.as_secs_f64())
    }
}

/// How much each of several things is used, by name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Uses(BTreeMap<Text, Use>);

impl Uses {
    /// It is used now.
    pub fn count(&mut self, name: &Text, now: Timestamp) {
        let once = Use { points: 1.0, last: now };
        self.put(name.clone(), once);
    }

    /// Takes in what was counted elsewhere.
    pub fn add(&mut self, others: &Uses) {
        for (name, other) in &others.0 {
            self.put(name.clone(), *other);
        }
    }

    fn put(&mut self, name: Text, other: Use) {
        let sum = match self.0.get(&name) {
            Some(before) => {
                let last = before.last.max(other.last);
                let points = before.at(last) + other.at(last);
                Use { points, last }
            }
            None => other,
        };
        self.0.insert(name, sum);
        if self.0.len() > MOST_NAMES {
            let now = self.0.values().map(|used| used.last).max().unwrap_or_default();
            let least = self.0.iter().min_by(|a, b| a.1.at(now).total_cmp(&b.1.at(now)));
            if let Some(name) = least.map(|(name, _)| name.clone()) {
                self.0.remove(&name);
            }
        }
    }

    /// The order in which two names are offered: what is used most comes first, what never was by its name.
    pub fn compare(&self, now: Timestamp, a: &Text, b: &Text) -> Ordering {
        let points = |name| self.0.get(name).map_or(0.0, |used: &Use| used.at(now));
        points(b).total_cmp(&points(a)).then_with(|| a.cmp(b))
    }

    /// By name.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, &Use)> {
        self.0.iter()
    }
}

impl FromIterator<(Text, Use)> for Uses {
    fn from_iter<I: IntoIterator<Item = (Text, Use)>>(uses: I) -> Self {
        let mut all = Self::default();
        for (name, used) in uses {
            all.put(name, used);
        }
        all
    }
}

/// All that is remembered when a screen over a context opens; or what a run has learnt, for the next one.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Memory {
    /// Where the person was in this context. Absent: never here, or it is said otherwise where to begin.
    pub place: Option<Place>,
    /// How tables look in this context, by name; one that is not in it looks as always.
    pub tables: BTreeMap<Text, TableLook>,
    /// Whether all columns are shown.
    pub wide: bool,
    /// How much the namespaces of this context are used.
    pub namespaces: Uses,
    /// How much contexts are used.
    pub contexts: Uses,
    /// What was typed behind `:`, in any context, the oldest first; none twice.
    pub typed: Vec<String>,
}

/// Where a person was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// What was shown.
    pub namespaces: Namespaces,
    /// The tab, by name.
    pub view: Text,
    /// The chosen pod.
    pub pod: Option<Key>,
    /// What made that pod, such as `Deployment/reviews-v1`: it may have another one by then.
    pub workload: Option<Text>,
}

/// How a table looks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TableLook {
    /// By which column it is sorted, by id, and whether from the largest down; absent: in its own order.
    pub sort: Option<(Text, bool)>,
    /// Its columns by id, in their order, each with whether it is shown; empty: as always.
    pub columns: Vec<(Text, bool)>,
}

impl Memory {
    /// Takes in what a run learnt.
    pub fn learn(&mut self, learnt: &Memory) {
        if let Some(place) = &learnt.place {
            self.place = Some(place.clone());
        }
        self.tables.clone_from(&learnt.tables);
        self.wide = learnt.wide;
        self.namespaces.add(&learnt.namespaces);
        self.contexts.add(&learnt.contexts);
        for text in &learnt.typed {
            self.type_in(text);
        }
    }

    /// Something was typed behind `:`.
    pub fn type_in(&mut self, text: &str) {
        if text.len() > LONGEST_TYPED {
            return;
        }
        self.typed.retain(|other| other != text);
        self.typed.push(text.to_owned());
        if self.typed.len() > MOST_TYPED {
            self.typed.remove(0);
        }
    }
}

/// What is remembered while a screen is up.
#[derive(Clone, Debug)]
pub(super) struct Recall {
    /// All of it.
    pub known: Memory,
    /// What of it is of this run: counts and what was typed alone.
    learnt: Memory,
}

impl Recall {
    /// A run begins with this.
    pub(super) fn new(known: Memory) -> Self {
        Self {
            known,
            learnt: Memory::default(),
        }
    }

    /// A namespace was chosen.
    pub(super) fn count_namespace(&mut self, name: &Text, now: Timestamp) {
        self.known.namespaces.count(name, now);
        self.learnt.namespaces.count(name, now);
    }

    /// A command was typed.
    pub(super) fn type_in(&mut self, text: &str) {
        self.known.type_in(text);
        self.learnt.type_in(text);
    }
}

impl App {
    /// What this run has learnt, for the next one: where one is, and what was used since it began.
    pub fn memory(&self) -> Memory {
        let tables = TABLES.iter().filter_map(|table| {
            let look = self.look_of(*table);
            (look != TableLook::default()).then(|| (table_name(*table), look))
        });
        Memory {
            place: self.ui.opened.then(|| self.place_to_remember()),
            tables: tables.collect(),
            wide: self.ui.is_on(Toggle::Wide),
            ..self.recall.learnt.clone()
        }
    }

    fn place_to_remember(&self) -> Place {
        let chosen = self.ui.chosen.as_ref();
        let pod = chosen.and_then(|id| self.facts.find_pod(id));
        Place {
            namespaces: self.ui.namespaces.clone(),
            view: view_name(self.ui.view),
            pod: chosen.map(|id| id.key.clone()),
            workload: pod.map(|pod| workload_name(pod)),
        }
    }

    fn look_of(&self, table: TableId) -> TableLook {
        let sort = self.ui.find_list(table).and_then(super::list::List::sort);
        TableLook {
            sort: sort.map(|sort| (sort.column.into(), sort.descending)),
            columns: match self.choice(table) {
                Some(choice) => choice
                    .iter()
                    .map(|(column, shown)| ((*column).into(), *shown))
                    .collect(),
                None => Vec::new(),
            },
        }
    }

    /// Begins where the person was, as far as that can be known before anything is listed.
    pub(super) fn recall_place(&mut self) {
        let Memory {
            place, tables, wide, ..
        } = self.recall.known.clone();
        self.ui.switch(Toggle::Wide, wide);
        for table in TABLES {
            if let Some(look) = tables.get(&table_name(*table)) {
                self.recall_look(*table, look);
            }
        }
        if let Some(place) = place {
            self.ui.told = place.namespaces.clone();
            self.ui.namespaces = place.namespaces;
            self.ui.view = find_view(&place.view).unwrap_or_default();
        }
    }

    fn recall_look(&mut self, table: TableId, look: &TableLook) {
        let TableLook { sort, columns } = look;
        if !columns.is_empty() {
            let columns: Vec<(&str, bool)> = columns
                .iter()
                .map(|(column, shown)| (column.as_str(), *shown))
                .collect();
            // what a newer release has besides is shown as always
            let choice = completed(table, &columns, |spec| self.is_usual(table, spec, u16::MAX));
            self.choose_columns(table, Some(choice));
        }
        let sort = sort.as_ref().and_then(|(column, descending)| {
            Some(Sort {
                column: table.spec(column)?.id,
                descending: *descending,
            })
        });
        let list = self.ui.list(table);
        let filter = list.filter().clone();
        list.rebuild(sort, filter, std::iter::empty());
    }
}

/// A table's name, as it is remembered.
fn table_name(table: TableId) -> Text {
    table.title().to_ascii_lowercase().into()
}

fn view_name(view: View) -> Text {
    view.title().to_ascii_lowercase().into()
}

fn find_view(name: &Text) -> Option<View> {
    let mut tabs = View::TABS.iter().copied();
    tabs.find(|view| view_name(*view) == *name)
}

/// What made a pod, as it is remembered.
pub(super) fn workload_name(pod: &Pod) -> Text {
    let workload = WorkloadId::of(pod);
    format!("{}/{}", workload.kind, workload.name).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days)
    }

    fn order(uses: &Uses, now: Timestamp) -> Vec<&str> {
        let mut names: Vec<Text> = ["a", "b", "c", "d"].map(Text::from).into();
        names.sort_by(|a, b| uses.compare(now, a, b));
        let all = ["a", "b", "c", "d"];
        let known = names
            .iter()
            .filter_map(|name| all.into_iter().find(|other| name == other));
        known.collect()
    }

    #[test]
    fn what_is_used_most_comes_first_and_what_is_forgotten_goes_back() {
        let mut uses = Uses::default();
        for _ in 0..3 {
            uses.count(&"c".into(), at(0));
        }
        uses.count(&"d".into(), at(1));
        assert_eq!(order(&uses, at(1)), ["c", "d", "a", "b"], "the rest by name");
        uses.count(&"d".into(), at(30));
        assert_eq!(order(&uses, at(30)), ["d", "c", "a", "b"], "a month is long ago");
    }

    #[test]
    fn counts_of_two_runs_add_up_in_any_order() {
        let (mut first, mut second) = (Uses::default(), Uses::default());
        first.count(&"a".into(), at(0));
        second.count(&"a".into(), at(7));
        let (mut both, mut other) = (first.clone(), second.clone());
        both.add(&second);
        other.add(&first);
        assert_eq!(both, other);
        let points: Vec<f64> = both.iter().map(|(_, used)| used.points).collect();
        assert!((points[0] - 1.5).abs() < 1e-9, "a week halves: {points:?}");
    }

    #[test]
    fn names_and_commands_are_bounded_and_the_least_used_goes() {
        let mut memory = Memory::default();
        memory.namespaces.count(&"often".into(), at(0));
        memory.namespaces.count(&"often".into(), at(0));
        for n in 0..200 {
            memory.namespaces.count(&format!("ns-{n}").into(), at(0));
            memory.type_in(&format!("ns ns-{n}"));
        }
        memory.type_in(&"x".repeat(10_000));
        assert_eq!(
            (memory.namespaces.iter().count(), memory.typed.len()),
            (MOST_NAMES, MOST_TYPED)
        );
        assert!(memory.namespaces.iter().any(|(name, _)| name == "often"));
        memory.type_in("ns ns-190");
        assert_eq!(memory.typed.last().map(String::as_str), Some("ns ns-190"));
        assert_eq!(memory.typed.len(), MOST_TYPED, "none is kept twice");
    }

    #[test]
    fn a_run_that_never_saw_the_cluster_leaves_the_place() {
        let place = Place {
            namespaces: Namespaces::All,
            view: "endpoints".into(),
            pod: None,
            workload: None,
        };
        let mut memory = Memory {
            place: Some(place.clone()),
            ..Memory::default()
        };
        memory.learn(&Memory::default());
        assert_eq!(memory.place, Some(place));
    }

    #[test]
    fn every_table_and_tab_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<Text> = TABLES.iter().map(|table| table_name(*table)).collect();
        assert_eq!(names.len(), TABLES.len());
        for view in View::TABS {
            assert_eq!(find_view(&view_name(*view)), Some(*view));
        }
    }
}
