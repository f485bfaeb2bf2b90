//! Pods and services as kubectl prints them, from recorded clusters: `tests/cases/kubectl` says how they were made.
//!
//! A new case is a folder there. Ages are left aside, since the program reads the clock; the view's own tests pin them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use table::Table;

/// A recorded list: its file without the ending, and the command line that has to print it, `NS` being the case's namespace.
const LISTS: [(&str, &[&str]); 8] = [
    ("pods", &["pods", "-n", "NS"]),
    ("pods-wide", &["pods", "-n", "NS", "-o", "wide"]),
    ("pods-all", &["pods", "-A"]),
    ("pods-all-wide", &["pods", "-A", "-o", "wide"]),
    ("services", &["services", "-n", "NS"]),
    ("services-wide", &["services", "-n", "NS", "-o", "wide"]),
    ("services-all", &["services", "-A"]),
    ("services-all-wide", &["services", "-A", "-o", "wide"]),
];

/// The case folders, sorted.
fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/kubectl");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    cases.sort();
    assert!(cases.len() >= 3, "the recorded cases are gone");
    cases
}

/// A field of the case's `printed.yaml`, which is flat.
fn noted(case: &Path, field: &str) -> String {
    let text = fs::read_to_string(case.join("printed.yaml")).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(&format!("{field}: ")));
    value
        .unwrap_or_else(|| panic!("printed.yaml has no '{field}'"))
        .to_owned()
}

/// What sidescope prints of the case's world; nothing on standard error but, for an empty list, one line.
fn printed(case: &Path, arguments: &[&str]) -> String {
    let namespace = noted(case, "namespace");
    let arguments = arguments
        .iter()
        .map(|argument| if *argument == "NS" { &namespace } else { *argument });
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
    let output = command
        .args(arguments)
        .arg("--from")
        .arg(case.join("world.yaml"))
        .output()
        .unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    let is_calm = complaint.is_empty() || output.stdout.is_empty() && complaint.lines().count() == 1;
    assert!(
        output.status.success() && is_calm,
        "{command:?}: {} {complaint}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn lists_are_printed_as_kubectl_printed_them() {
    let mut wrong = String::new();
    for case in cases() {
        for (name, arguments) in LISTS {
            let recorded = fs::read_to_string(case.join(name).with_extension("txt")).unwrap();
            let real = Table::parse(&recorded).without_ages().print();
            let ours = Table::parse(&printed(&case, arguments)).without_ages().print();
            if real != ours {
                let title = format!("{}/{name}", case.file_name().unwrap().display());
                let diff = similar::TextDiff::from_lines(&real, &ours);
                wrong += &diff
                    .unified_diff()
                    .context_radius(0)
                    .header(&title, "sidescope")
                    .to_string();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
