//! Every world of the corpus gives the tables that real istiod gave, byte for byte.
//!
//! A case is a folder: `world.yaml`, `case.yaml` with its pods, `expected/POD.NS.txt`. A pod without a proxy has no
//! expected file, and must give no table. The what-ifs beside them are run by `tests/what_if.rs`.
//!
//! `SIDESCOPE_CORPUS=DIR` runs all that is found under that folder instead of the cases that lie here. How much was run is
//! printed with `-- --nocapture`; a folder without a single world fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sidescope::mesh::model::Key;
use sidescope::mesh::scope::{Cache, Class, NoTable, Settings};
use sidescope::mesh::world::World;
use sidescope::output::endpoint_table;
use sidescope::sources::files;

/// The cases under `root`.
fn find_cases(root: &Path, into: &mut Vec<PathBuf>) {
    if root.join("world.yaml").is_file() {
        into.push(root.to_owned());
        return;
    }
    let Ok(entries) = fs::read_dir(root) else {
        return;
    };
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for folder in &folders {
        find_cases(folder, into);
    }
}

fn load(path: &Path) -> World {
    let mut world = World::default();
    let loaded = files::load(path).unwrap_or_else(|error| panic!("{error}"));
    for delta in loaded.into_deltas() {
        world.apply(delta);
    }
    world
}

/// The pods of `case.yaml`, as `NAME.NAMESPACE`.
fn pods_of(case: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(case.join("case.yaml")).unwrap();
    let mut pods = BTreeSet::new();
    let mut lines = text.lines().skip_while(|line| *line != "pods:").skip(1);
    while let Some(pod) = lines.next().and_then(|line| line.trim_start().strip_prefix("- ")) {
        pods.insert(pod.trim_matches(['"', '\'']).to_owned());
    }
    assert!(!pods.is_empty(), "{} names no pod", case.display());
    pods
}

/// `NAME.NAMESPACE` as a key: a namespace has no dot.
fn key_of(pod: &str) -> Key {
    let (name, namespace) = pod.rsplit_once('.').unwrap();
    Key::new(namespace, name)
}

/// What differs, or nothing.
fn differences(expected: &str, actual: &str) -> String {
    let rows = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (wanted, got) = (rows(expected), rows(actual));
    let mut text = String::new();
    for row in wanted.difference(&got) {
        writeln!(text, "  - {row}").unwrap();
    }
    for row in got.difference(&wanted) {
        writeln!(text, "  + {row}").unwrap();
    }
    if text.is_empty() {
        "  only the order or the widths differ".to_owned()
    } else {
        text
    }
}

/// Checks one case; says how many pods were compared, and what differs.
fn check(case: &Path) -> (usize, Vec<String>) {
    let world = load(&case.join("world.yaml"));
    let mut cache = Cache::new(Settings::default());
    let mut failures = Vec::new();
    let pods = pods_of(case);
    for pod in &pods {
        let expected = fs::read_to_string(case.join("expected").join(format!("{pod}.txt"))).ok();
        let table = cache.table(&world, &key_of(pod));
        match (table, expected) {
            (Ok(table), Some(expected)) => {
                let rows = table.rows.iter().filter(|row| row.class != Class::Bootstrap);
                let actual = endpoint_table(rows.map(|row| (row, false)), true);
                if actual != expected {
                    failures.push(format!("{} {pod}\n{}", case.display(), differences(&expected, &actual)));
                }
            }
            (Err(NoTable::NoProxy | NoTable::Ambient | NoTable::Waypoint), None) => {}
            (Err(state), Some(_)) => failures.push(format!("{} {pod}: no table, {state:?}", case.display())),
            (Ok(_), None) => failures.push(format!("{} {pod}: a table where there is none", case.display())),
            (Err(state), None) => failures.push(format!("{} {pod}: {state:?}", case.display())),
        }
    }
    (pods.len(), failures)
}

#[test]
fn every_case_gives_istiods_own_table() {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let root = std::env::var_os("SIDESCOPE_CORPUS").map_or_else(own, PathBuf::from);
    let mut cases = Vec::new();
    find_cases(&root, &mut cases);
    let worlds = cases.len();
    let (mut pods, mut failures) = (0, Vec::new());
    for case in &cases {
        let (count, failed) = check(case);
        pods += count;
        failures.extend(failed);
    }
    let differ = failures.len();
    eprintln!("{}: {worlds} worlds, {pods} pods, {differ} differ", root.display());
    assert!(worlds > 0 && pods > 0, "no world under '{}'", root.display());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
