//! The arrows between the rooms: who may name whom, and which crates.
//!
//! A path that is written counts wherever it is written: in a `use`, in code, in a unit test. Crates that only tests have
//! (dev-dependencies) are free. What a value's methods bring along without being named is not seen.

use crate::rooms::{ABOVE, Crates, EXCEPTIONS, ROOMS};
use crate::tokens::{Named, paths, tokens};
use crate::tree::{File, Finding, rust_files};
use crate::{assert_clean, assert_found, manifest, sample};

/// The room of a file below `src`.
fn room_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix("src/")?.split('/').next()?;
    Some(name.strip_suffix(".rs").unwrap_or(name))
}

/// `super` and `self` resolved, `crate` taken off: the path from the top of the crate, if it is one of this crate's.
fn within_crate(path: &str, named: &Named<'_>) -> Option<String> {
    let module = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut here: Vec<&str> = module.split('/').chain(named.inside.iter().copied()).collect();
    let mut rest = named.path.as_slice();
    match rest.first() {
        Some(&"crate") => here.clear(),
        Some(&("super" | "self")) => {
            while let Some(&step @ ("super" | "self")) = rest.first() {
                if step == "super" {
                    here.pop();
                }
                rest = &rest[1..];
            }
            here.extend_from_slice(rest);
            return Some(here.join("::"));
        }
        _ => return None,
    }
    here.extend_from_slice(&rest[1..]);
    Some(here.join("::"))
}

fn is_at_or_below(path: &str, allowed: &str) -> bool {
    path.strip_prefix(allowed)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// What a file names and may not.
fn forbidden(file: &File, dependencies: &[String]) -> Vec<Finding> {
    let tokens = tokens(&file.text);
    let named = paths(&tokens);
    let full = |named: &Named<'_>| named.path.join("::");
    if let Some((_, allowed)) = ABOVE.iter().find(|(path, _)| *path == file.path) {
        let ours = named
            .iter()
            .filter(|named| matches!(named.path[0], "sidescope" | "crate"));
        return ours
            .filter(|named| !allowed.iter().any(|allowed| is_at_or_below(&full(named), allowed)))
            .map(|named| file.finding(named.line, format!("'{}': it may name only {allowed:?}", full(named))))
            .collect();
    }
    let Some(name) = room_of(&file.path) else {
        return Vec::new();
    };
    let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
        return vec![file.finding(
            1,
            format!("'{name}' is no room: it needs a row in the table of tests/tidy/rooms.rs"),
        )];
    };
    let mut found = Vec::new();
    let mut refuse = |line: usize, what: &str| {
        found.push(file.finding(
            line,
            format!("the room '{name}' may not name '{what}': {}", room.because),
        ));
    };
    let excepted: Vec<&str> = EXCEPTIONS
        .iter()
        .filter(|(place, ..)| file.path.starts_with(place))
        .flat_map(|(_, names, _)| names.iter().copied())
        .collect();
    for named in &named {
        let (whole, is_forbidden) = if let Some(path) = within_crate(&file.path, named) {
            let is_allowed = room
                .rooms
                .iter()
                .chain([&room.name])
                .any(|allowed| is_at_or_below(&path, allowed));
            (format!("crate::{path}"), !path.is_empty() && !is_allowed)
        } else {
            let (whole, first) = (full(named), named.path[0]);
            let is_strange = match room.crates {
                Crates::Any => false,
                Crates::Only(allowed) => dependencies.iter().any(|name| name == first) && !allowed.contains(&first),
            };
            let is_never = room.never.iter().any(|never| is_at_or_below(&whole, never));
            (whole, is_strange || is_never)
        };
        if is_forbidden && !excepted.iter().any(|excepted| is_at_or_below(&whole, excepted)) {
            refuse(named.line, &whole);
        }
    }
    if !room.concurrent {
        for pair in tokens.windows(2) {
            let starts = ["spawn", "spawn_blocking", "spawn_local", "spawn_on"].contains(&pair[0].text);
            if pair[0].text == "select" && pair[1].text == "!" || starts && pair[1].text == "(" {
                refuse(pair[0].line, &format!("{}{}", pair[0].text, pair[1].text));
            }
        }
    }
    found
}

#[test]
fn every_room_names_only_what_it_may() {
    let dependencies = manifest::dependencies();
    let found: Vec<Finding> = rust_files()
        .iter()
        .flat_map(|file| forbidden(file, &dependencies))
        .collect();
    assert_clean(&found);
}

#[test]
fn an_exception_is_still_needed() {
    let files = rust_files();
    for (place, names, because) in EXCEPTIONS {
        let texts: Vec<&str> = files
            .iter()
            .filter(|file| file.path.starts_with(place))
            .map(|file| file.text.as_str())
            .collect();
        for name in *names {
            let is_used = texts.iter().any(|text| text.contains(&format!("{name}::")));
            assert!(
                is_used && !because.is_empty(),
                "{place} does without {name}: take it off the list"
            );
        }
    }
}

#[test]
fn a_forbidden_name_is_found() {
    let dependencies = ["kube", "ratatui", "tokio"].map(str::to_owned);
    for (path, text, line, words) in [
        (
            "src/mesh/scope.rs",
            "\nuse kube::Api;",
            2,
            "'mesh' may not name 'kube::Api'",
        ),
        ("src/mesh/scope.rs", "fn f() { crate::app::g(); }", 1, "'crate::app::g'"),
        (
            "src/mesh/scope/step.rs",
            "use super::super::super::app;",
            1,
            "'crate::app'",
        ),
        (
            "src/mesh.rs",
            "mod tests { use super::super::app::App; }",
            1,
            "'crate::app::App'",
        ),
        (
            "src/app/view.rs",
            "fn f(t: std::time::Instant) {}",
            1,
            "'std::time::Instant'",
        ),
        ("src/app/view.rs", "use std::{fmt, fs};", 1, "'std::fs'"),
        (
            "src/tui/pane.rs",
            "use crate::{app::view, mesh::model};",
            1,
            "'crate::mesh::model'",
        ),
        (
            "src/demo/story.rs",
            "use crate::mesh::model::Pod;",
            1,
            "'crate::mesh::model::Pod'",
        ),
        (
            "src/sources/watch.rs",
            "async fn f() { tokio::select! {} }",
            1,
            "'select!'",
        ),
        (
            "src/sources/watch.rs",
            "fn f(t: &Tasks) { t.spawn(g()); }",
            1,
            "'spawn('",
        ),
        ("src/elsewhere.rs", "", 1, "'elsewhere' is no room"),
        (
            "src/main.rs",
            "use sidescope::runtime::run;",
            1,
            "only [\"sidescope::cli\"]",
        ),
    ] {
        assert_found(&forbidden(&sample(path, text), &dependencies), line, words);
    }
}

#[test]
fn an_allowed_name_is_not_found() {
    let dependencies = ["kube", "ratatui", "tokio"].map(str::to_owned);
    for (path, text) in [
        (
            "src/mesh/scope.rs",
            "use jiff::Timestamp; use crate::mesh::model::{Pod, Service}; use super::world;",
        ),
        (
            "src/mesh/scope.rs",
            "// use kube::Api;\nconst S: &str = \"kube::Api\"; fn f() { x.kube.y(); }",
        ),
        ("src/mesh.rs", "mod tests { use super::*; }"),
        ("src/mesh/model/text.rs", "fn f() { proptest::run(); }"),
        ("src/runtime/tasks.rs", "fn f() { tokio::spawn(g()); }"),
        (
            "src/main.rs",
            "fn main() -> std::process::ExitCode { sidescope::cli::main() }",
        ),
        ("tests/any.rs", "use sidescope::mesh; use kube::Api;"),
    ] {
        assert_clean(&forbidden(&sample(path, text), &dependencies));
    }
}
