//! `Cargo.toml`: every dependency says why it is there.

use crate::tree::{File, Finding, files};
use crate::{assert_clean, assert_found, sample};

fn manifest() -> File {
    files()
        .into_iter()
        .find(|file| file.path == "Cargo.toml")
        .expect("there is a Cargo.toml")
}

/// What the program is built from, as Rust writes it (`serde-json` is `serde_json`).
///
/// Dev-dependencies are not among them: the compiler keeps those out of everything but tests.
pub(crate) fn dependencies() -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut counts = false;
    for line in manifest().text.lines() {
        if let Some(section) = line.strip_prefix('[') {
            counts = section == "dependencies]" || section.ends_with(".dependencies]");
        } else if let Some((name, _)) = line.split_once('=')
            && counts
            && !name.starts_with('#')
        {
            found.push(name.trim().replace('-', "_"));
        }
    }
    assert!(
        found.iter().any(|name| name == "kube"),
        "the dependencies were not found in Cargo.toml: {found:?}"
    );
    found
}

/// A dependency stands below a comment, with at most other dependencies or its section's name between.
fn without_reason(file: &File) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut said, mut counts) = (false, false);
    for (number, line) in file.text.lines().enumerate() {
        if line.starts_with('[') {
            counts = line.ends_with("dependencies]");
        } else if line.trim().is_empty() {
            said = false;
        } else if line.starts_with('#') {
            said = true;
        } else if counts && !said {
            found.push(file.finding(
                number + 1,
                format!("a comment above should say why this is needed: {line}"),
            ));
        }
    }
    found
}

#[test]
fn every_dependency_says_why() {
    assert_clean(&without_reason(&manifest()));
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    let text = "[package]\nname = \"x\"\n\n[dependencies]\n# a\na = \"1\"\nb = \"1\"\n\nc = \"1\"\n";
    assert_found(&without_reason(&sample("Cargo.toml", text)), 9, "c = \"1\"");
    let text = "# a\n[target.x.dependencies]\na = \"1\"\n\nb = \"1\"\n";
    assert_found(&without_reason(&sample("Cargo.toml", text)), 5, "b = \"1\"");
}
