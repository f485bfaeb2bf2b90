//! Where files lie, how they are named, how they begin, and how long they are.

use crate::tree::{File, Finding, rust_files, top_level};
use crate::{assert_clean, assert_found, sample};

/// All that may lie at the top level, besides files whose name begins with a dot.
const TOP: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "assets",
    "deny.toml",
    "src",
    "target",
    "tests",
];

const LONGEST: usize = 500;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "manager", "misc", "util", "utils"];

fn strangers(top: &[String]) -> Vec<&String> {
    top.iter()
        .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()))
        .collect()
}

fn badly_named(file: &File) -> Vec<Finding> {
    let stem = file.name().trim_end_matches(".rs");
    if stem == "mod" {
        vec![file.finding(1, "a module `a` is `a.rs` beside its folder `a/`, never `a/mod.rs`")]
    } else if EMPTY_NAMES.contains(&stem) {
        vec![file.finding(1, "the name says nothing about what is inside")]
    } else {
        Vec::new()
    }
}

fn without_docs(file: &File) -> Vec<Finding> {
    let first = file.text.lines().next().unwrap_or_default();
    let said = first.strip_prefix("//! ").is_some_and(|rest| !rest.trim().is_empty());
    if said {
        Vec::new()
    } else {
        vec![file.finding(1, "the first line is `//!` and says what this is")]
    }
}

fn too_long(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().count();
    if lines > LONGEST {
        vec![file.finding(LONGEST + 1, format!("{lines} lines: more than one idea in it?"))]
    } else {
        Vec::new()
    }
}

fn in_every(rule: fn(&File) -> Vec<Finding>) -> Vec<Finding> {
    rust_files().iter().flat_map(rule).collect()
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let top = top_level();
    assert_eq!(
        strangers(&top),
        Vec::<&String>::new(),
        "only {TOP:?} and dotfiles belong at the top level"
    );
}

#[test]
fn a_stranger_at_the_top_level_is_found() {
    let top = ["Cargo.toml", ".deny.toml", "docs", "src"].map(str::to_owned);
    assert_eq!(strangers(&top), ["docs"]);
}

#[test]
fn files_have_telling_names() {
    assert_clean(&in_every(badly_named));
}

#[test]
fn a_bad_name_is_found() {
    assert_found(&badly_named(&sample("src/mesh/mod.rs", "//! A")), 1, "never `a/mod.rs`");
    assert_found(&badly_named(&sample("src/mesh/utils.rs", "//! A")), 1, "says nothing");
}

#[test]
fn files_open_with_what_they_are() {
    assert_clean(&in_every(without_docs));
}

#[test]
fn a_file_that_does_not_say_what_it_is_is_found() {
    assert_found(
        &without_docs(&sample("src/a.rs", "use b;\n//! A")),
        1,
        "says what this is",
    );
    assert_found(&without_docs(&sample("src/a.rs", "//! \n")), 1, "says what this is");
}

#[test]
fn no_file_is_too_long() {
    assert_clean(&in_every(too_long));
}

#[test]
fn a_file_that_is_too_long_is_found() {
    assert_clean(&too_long(&sample("src/a.rs", &"x\n".repeat(LONGEST))));
    assert_found(
        &too_long(&sample("src/a.rs", &"x\n".repeat(LONGEST + 1))),
        LONGEST + 1,
        "501 lines",
    );
}
