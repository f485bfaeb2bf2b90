//! One fault from beginning to end: what must hold during it and after it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use sidescope::demo::options::Faults;
use sidescope::sources::kubernetes::ListStrategy;

use crate::edits::Edit;
use crate::network::Network;
use crate::reader::{Reader, Shown};

/// When every table is right again after a fault has ended.
pub(crate) const WITHIN: Duration = Duration::from_secs(5);
/// The same where a watch has first to be found silent.
pub(crate) const SILENT: Duration = Duration::from_secs(75);
/// How long a fault lasts from when it shows.
const LASTS: Duration = Duration::from_secs(20);
/// So often one thing may be asked for in that time; with the shortest backoff it would be 25.
const ASKED: usize = 30;
/// How long it is looked whether all stays well.
const AFTERWARDS: Duration = Duration::from_secs(120);

/// A fault.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) strategy: ListStrategy,
    /// What the server does wrong.
    pub(crate) faults: fn() -> Faults,
    pub(crate) begins: Begins,
    /// What is done to the cluster right then.
    pub(crate) edits: &'static [Edit],
    /// What the header comes to say while it lasts; nothing where it ends before it shows.
    pub(crate) badge: Option<&'static str>,
    /// After its end.
    pub(crate) within: Duration,
    /// All marks in the end: table, sign, row.
    pub(crate) marks: &'static [&'static str],
}

/// What becomes of connections when the fault begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    /// They stay.
    Quietly,
    /// They break; new ones can be had.
    Cut,
    /// They break, and new ones are refused as long as it lasts.
    Down,
}

/// One that needs the other fields only where they differ.
pub(crate) const QUIET: Case = Case {
    name: "",
    strategy: ListStrategy::Auto,
    faults: Faults::default_here,
    begins: Begins::Quietly,
    edits: &[],
    badge: None,
    within: WITHIN,
    marks: &[],
};

/// A name for `Faults::default` that a constant may hold.
pub(crate) trait Here {
    fn default_here() -> Faults {
        Faults::default()
    }
}

impl Here for Faults {}

/// Plays all cases of a table, also behind one that fails; says how long each took.
pub(crate) async fn play(cases: &[Case]) {
    let mut failed = Vec::new();
    for case in cases {
        match AssertUnwindSafe(case.play()).catch_unwind().await {
            Ok(took) => println!("{:<70} {:>6} ms of {:?}", case.name, took.as_millis(), case.within),
            Err(_) => failed.push(case.name),
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

impl Case {
    async fn play(&self) -> Duration {
        let name = self.name;
        let network = Network::start();
        let mut reader = Reader::settled(&network, self.strategy).await;
        let before = reader.shown();
        assert!(before.marks.is_empty(), "{name}: {before:#?}");
        assert_no_blank(name, &before);
        network.take_asked();
        network.faults.set((self.faults)());
        match self.begins {
            Begins::Quietly => {}
            Begins::Cut => network.cut(),
            Begins::Down => network.set_down(true),
        }
        for edit in self.edits {
            edit.make(&network);
        }
        if let Some(badge) = self.badge {
            let what = format!("{name}: the header says '{badge}'");
            reader.until(&what, |reader| reader.badge().contains(badge)).await;
            assert_kept(name, &before, &reader.shown());
            network.take_asked();
            reader.look_for(LASTS).await;
            assert_kept(name, &before, &reader.shown());
            assert_moderate(name, &network);
        } else {
            reader.look_for(Duration::from_secs(1)).await;
        }
        network.faults.set(Faults::default());
        network.set_down(false);
        let ended = network.clock.passed();
        let fresh = Reader::settled(&network, ListStrategy::Auto).await.shown();
        reader.until_as(name, &fresh).await;
        let took = network.clock.since(ended);
        assert!(took <= self.within, "{name}: it took {took:?}");
        reader.look_for(AFTERWARDS).await;
        assert_eq!(reader.shown().rows, fresh.rows, "{name}: and it stays so");
        let marks: BTreeSet<String> = self.marks.iter().map(|mark| (*mark).to_owned()).collect();
        assert_eq!(
            reader.shown().marks,
            marks,
            "{name}: what has changed is marked, and nothing else"
        );
        assert!(reader.badge().contains("live"), "{name}: {}", reader.badge());
        took
    }
}

/// What was shown is shown, as far as nothing else became known.
#[track_caller]
pub(crate) fn assert_kept(name: &str, before: &Shown, now: &Shown) {
    assert_no_blank(name, now);
    let gone: Vec<&String> = before.rows.difference(&now.rows).collect();
    assert!(
        gone.len() <= now.marks.len(),
        "{name}: gone without a mark: {gone:#?} {:#?}",
        now.marks
    );
}

#[track_caller]
fn assert_no_blank(name: &str, shown: &Shown) {
    for table in ["pods", "services", "endpoints", "sidecars"] {
        let has_rows = shown.rows.iter().any(|row| row.starts_with(table));
        assert!(has_rows, "{name}: no {table}: {shown:#?}");
    }
}

/// A server in trouble is not asked all the time.
#[track_caller]
fn assert_moderate(name: &str, network: &Network) {
    let mut by_path: BTreeMap<String, usize> = BTreeMap::new();
    for (_, uri) in network.take_asked() {
        let path = uri.split('?').next().unwrap_or_default().to_owned();
        *by_path.entry(path).or_default() += 1;
    }
    by_path.retain(|_, count| *count > ASKED);
    assert!(by_path.is_empty(), "{name}: asked too often: {by_path:#?}");
}
