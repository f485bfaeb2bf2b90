//! The table of what is read, and how much, says what the code says.

use crate::tree::{File, Finding, rust_files};
use crate::{assert_clean, assert_found, sample};

const PAGE: &str = "src/sources.rs";

/// Rows of the table whose bound no line of the file that they name has.
fn untrue(page: &File, files: &[File]) -> Vec<Finding> {
    let lines = page.text.lines().enumerate();
    let rows = lines.filter(|(_, line)| line.starts_with("//! | ") && line.contains("`: `"));
    let check = |(at, row): (usize, &str)| {
        let place = row.trim_end_matches(" |").rsplit(" | ").next()?.replace('`', "");
        let (path, bound) = place.split_once(": ")?;
        let is_there = files.iter().any(|file| {
            let is_whole = |end: &str| file.text.contains(&format!("{bound}{end}"));
            file.path == format!("src/{path}") && (is_whole(";") || is_whole(","))
        });
        (!is_there).then(|| page.finding(at + 1, format!("'{path}' has no '{bound}'")))
    };
    rows.filter_map(check).collect()
}

#[test]
fn every_bound_that_is_told_is_the_one_in_force() {
    let files = rust_files();
    let page = files.iter().find(|file| file.path == PAGE).unwrap();
    assert!(page.text.matches("`: `").count() > 20, "the table is there");
    assert_clean(&untrue(page, &files));
}

#[test]
fn a_bound_that_is_another_is_found() {
    let page = sample(
        PAGE,
        "//! | a line | 4 KiB | it ends | `app/a.rs`: `MOST: usize = 4096` |",
    );
    let file = |bound: &str| [sample("src/app/a.rs", &format!("const MOST: usize = {bound};\n"))];
    assert_clean(&untrue(&page, &file("4096")));
    assert_found(
        &untrue(&page, &file("40960")),
        1,
        "'app/a.rs' has no 'MOST: usize = 4096'",
    );
}
