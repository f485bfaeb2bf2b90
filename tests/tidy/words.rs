//! Words that no file holds: notes of unfinished work, and names that are true on one machine only.

use crate::tree::{File, Finding, files};
use crate::{assert_clean, assert_found, sample};

/// Where a forbidden text counts.
#[derive(Clone, Copy)]
enum Kept {
    /// In everything that is written by hand and read by a program.
    Sources,
    /// In the tests' own code.
    Tests,
    /// In every file of the repository.
    Everywhere,
}

/// A text, in pieces so that this file does not hold it.
struct Word {
    pieces: &'static [&'static str],
    kept: Kept,
    instead: &'static str,
}

const FINISH: &str = "finish it, or leave it out";
const ASK: &str = "wait to be woken, with a deadline";
const ELSEWHERE: &str = "a place on one machine: say it relative to the repository, or let a variable give it";
const ORDINARY: &str = "a registry's host: clients know it by themselves";

const fn word(pieces: &'static [&'static str], kept: Kept, instead: &'static str) -> Word {
    Word { pieces, kept, instead }
}

const WORDS: &[Word] = &[
    word(&["TO", "DO"], Kept::Sources, FINISH),
    word(&["FIX", "ME"], Kept::Sources, FINISH),
    word(&["XX", "X"], Kept::Sources, FINISH),
    word(&["todo", "!"], Kept::Sources, FINISH),
    word(&["unimplemented", "!"], Kept::Sources, FINISH),
    word(&["dbg", "!"], Kept::Sources, FINISH),
    word(
        &["#[", "ignore"],
        Kept::Sources,
        "a test that is not run proves nothing: mend it or leave it out",
    ),
    word(&["thread", "::sleep"], Kept::Sources, ASK),
    word(&["time", "::sleep"], Kept::Tests, ASK),
    word(&["/ro", "ot/"], Kept::Everywhere, ELSEWHERE),
    word(&["/ho", "me/"], Kept::Everywhere, ELSEWHERE),
    word(&["/Us", "ers/"], Kept::Everywhere, ELSEWHERE),
    word(&["/wo", "rk/"], Kept::Everywhere, ELSEWHERE),
    word(&["index.", "crates.io"], Kept::Everywhere, ORDINARY),
    word(&["static.", "crates.io"], Kept::Everywhere, ORDINARY),
    word(&["proxy.", "golang.org"], Kept::Everywhere, ORDINARY),
    word(&["sum.", "golang.org"], Kept::Everywhere, ORDINARY),
    word(&["py", "pi.org"], Kept::Everywhere, ORDINARY),
    word(&["files.", "pythonhosted.org"], Kept::Everywhere, ORDINARY),
    word(&["registry.", "npmjs.org"], Kept::Everywhere, ORDINARY),
];

/// Data is not held to the words of sources: a cluster may name a thing as it likes. Clippy's file lists what is forbidden.
fn is_source(file: &File) -> bool {
    if file.path == ".clippy.toml" {
        return false;
    }
    matches!(file.extension(), "rs" | "toml" | "md" | "py" | "go" | "sh" | "mod") || file.path == ".ci/run"
}

/// Places of a word that is not a part of a longer one.
fn places(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let letters = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let begins =
            word.starts_with(char::is_alphanumeric) && letters(before) || word.starts_with('/') && letters(before);
        let ends = word.ends_with(char::is_alphanumeric) && letters(after);
        !begins && !ends
    })
}

fn forbidden(file: &File) -> Vec<Finding> {
    let mut found = Vec::new();
    for word in WORDS {
        let text = word.pieces.concat();
        let counts = match word.kept {
            Kept::Sources => is_source(file),
            Kept::Tests => is_source(file) && file.path.starts_with("tests/"),
            Kept::Everywhere => true,
        };
        if !counts || !file.text.contains(&text) {
            continue;
        }
        let lines = file.text.lines().enumerate().filter(|(_, line)| places(line, &text));
        found.extend(lines.map(|(number, _)| file.finding(number + 1, format!("'{text}': {}", word.instead))));
    }
    found
}

#[test]
fn no_file_holds_a_forbidden_word() {
    assert_clean(&files().iter().flat_map(forbidden).collect::<Vec<_>>());
}

#[test]
fn every_forbidden_word_is_found() {
    for word in WORDS {
        let text = word.pieces.concat();
        let found = forbidden(&sample("tests/a.rs", &format!("//! A\n// ({text} b)\n")));
        assert_found(&found, 2, &text);
    }
}

#[test]
fn a_part_of_a_longer_word_is_not_found() {
    let longer = ["mas", "TO", "DOn\na/ho", "me/b\n"].concat();
    assert_clean(&forbidden(&sample("src/a.rs", &longer)));
}
