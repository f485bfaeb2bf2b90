//! The house rules that the compiler cannot see, each one a test.
//!
//! A rule is a function from files to findings, so each has two tests: the repository has none, and a sample that breaks
//! the rule is found. A finding names file, line and rule. Nothing here knows what the program does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod arrows;
mod bounds;
mod layout;
mod manifest;
mod modules;
mod rooms;
mod tokens;
mod tree;
mod words;

use tree::{File, Finding};

/// Fails with one line for each finding.
#[track_caller]
fn assert_clean(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} to mend:\n{}", lines.len(), lines.join("\n"));
}

/// Fails unless the rule finds exactly one thing in the sample, on this line, and says so in these words.
#[track_caller]
fn assert_found(findings: &[Finding], line: usize, words: &str) {
    let [finding] = findings else {
        panic!("one finding was due, not {findings:?}")
    };
    assert_eq!(finding.line, line, "{finding}");
    assert!(finding.rule.contains(words), "'{finding}' does not say '{words}'");
}

/// A file that exists only in a test.
fn sample(path: &str, text: &str) -> File {
    File {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}
