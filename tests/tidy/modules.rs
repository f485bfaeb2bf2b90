//! Every Rust file is part of something that is built: a test in a file that no `mod` names would never run.

use std::collections::BTreeSet;

use crate::tokens::tokens;
use crate::tree::{File, Finding, rust_files};
use crate::{assert_clean, assert_found, sample};

/// Where Cargo begins to read: programs, the library, and a test or bench for each file, or folder with a `main.rs`.
fn is_root(path: &str) -> bool {
    matches!(
        path.split('/').collect::<Vec<_>>().as_slice(),
        ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | ["tests", _]
            | ["tests", _, "main.rs"]
            | ["tests", "bench", _]
            | ["tests", "bench", _, "main.rs"]
    )
}

/// Files that a file's `mod name;` lines may mean, with the folder that its children live in.
fn children(file: &File) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').expect("no Rust file lies at the top level");
    let nest = if is_root(&file.path) {
        folder.to_owned()
    } else {
        format!("{folder}/{}", name.trim_end_matches(".rs"))
    };
    let tokens = tokens(&file.text);
    let texts: Vec<&str> = tokens.iter().map(|token| token.text).collect();
    let mut found = Vec::new();
    for (at, window) in texts.windows(3).enumerate() {
        if let ["mod", name, ";"] = window {
            let before = texts[..at].rsplit(|text| matches!(*text, ";" | "{" | "}")).next();
            let path = before.unwrap_or_default().windows(6).find_map(|window| match window {
                ["#", "[", "path", "=", path, "]"] => Some(path.trim_matches('"')),
                _ => None,
            });
            match path {
                Some(path) => found.push(joined(folder, path)),
                None => found.push(format!("{nest}/{name}.rs")),
            }
        }
    }
    found
}

/// A path relative to a folder, without `..`.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in path.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn unreachable(files: &[File]) -> Vec<Finding> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<String> = files
        .iter()
        .map(|file| file.path.clone())
        .filter(|path| is_root(path))
        .collect();
    while let Some(path) = waiting.pop() {
        if let Some(file) = files.iter().find(|file| file.path == path)
            && reached.insert(path)
        {
            waiting.extend(children(file));
        }
    }
    let lost = files.iter().filter(|file| !reached.contains(&file.path));
    lost.map(|file| {
        file.finding(
            1,
            "no `mod` names this file, so it is never built and its tests never run",
        )
    })
    .collect()
}

#[test]
fn every_file_is_reached() {
    assert_clean(&unreachable(&rust_files()));
}

#[test]
fn a_file_that_no_mod_names_is_found() {
    let files = [
        sample("src/lib.rs", "mod a; mod b { }\n// mod lost;"),
        sample("src/a.rs", "#[cfg(test)]\nmod tests;"),
        sample("src/a/tests.rs", ""),
        sample("tests/x/main.rs", "mod y;"),
        sample("tests/x/y.rs", ""),
        sample("src/lost.rs", ""),
    ];
    let found = unreachable(&files);
    assert_found(&found, 1, "no `mod` names this file");
    assert_eq!(found[0].path, "src/lost.rs");
}

#[test]
fn a_path_attribute_is_followed() {
    let files = [
        sample("tests/a.rs", "#![allow(x)]\n#[path = \"b/c.rs\"]\nmod d;"),
        sample("tests/b/c.rs", ""),
    ];
    assert_clean(&unreachable(&files));
}
