//! The arrows between the rooms: who may name whom, and which crates.
//!
//! A path that is written counts wherever it is written: in a `use`, in code, in a unit test. Crates that only tests have
//! (dev-dependencies) are free. What a value's methods bring along without being named is not seen.

use crate::tokens::{Named, paths, tokens};
use crate::tree::{File, Finding, rust_files};
use crate::{assert_clean, assert_found, manifest, sample};

/// A folder of `src`, and all that its files may name.
struct Room {
    name: &'static str,
    /// Paths within the crate, besides the room itself; a longer path is allowed too.
    rooms: &'static [&'static str],
    /// Crates besides `std`.
    crates: Crates,
    /// Parts of `std` and of allowed crates that are forbidden all the same.
    never: &'static [&'static str],
    /// Whether it may wait for several things at once and start tasks.
    concurrent: bool,
    /// Why, for whoever broke it.
    because: &'static str,
}

enum Crates {
    Any,
    Only(&'static [&'static str]),
}

/// The world outside the program, as `std` offers it.
const OUTSIDE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

const ROOMS: &[Room] = &[
    Room {
        name: "mesh",
        rooms: &["kinds"],
        crates: Crates::Only(&[
            "imbl",
            "jiff",
            "lz4_flex",
            "rustc_hash",
            "serde_json",
            "serde_saphyr",
            "similar",
            "thiserror",
        ]),
        never: OUTSIDE,
        concurrent: false,
        because: "mesh is what is true: pure, without I/O, clock, environment or logging",
    },
    Room {
        name: "sources",
        rooms: &["kinds", "mesh::model", "mesh::world"],
        crates: Crates::Only(&[
            "bytes",
            "futures",
            "http",
            "http_body_util",
            "hyper",
            "hyper_util",
            "jiff",
            "k8s_openapi",
            "kube",
            "lz4_flex",
            "regex",
            "rustc_hash",
            "serde",
            "serde_json",
            "serde_path_to_error",
            "serde_saphyr",
            "strsim",
            "thiserror",
            "tokio",
            "tokio_util",
            "tower",
            "tracing",
        ]),
        never: &[],
        concurrent: false,
        because: "sources are adapters: they turn bytes into deltas, and know neither what follows from them nor who looks",
    },
    Room {
        name: "app",
        rooms: &["kinds", "mesh"],
        crates: Crates::Only(&[
            "imbl",
            "jiff",
            "nucleo_matcher",
            "regex",
            "rustc_hash",
            "similar",
            "unicode_segmentation",
            "unicode_width",
        ]),
        never: OUTSIDE,
        concurrent: false,
        because: "app is what the person sees and does: a pure state machine that knows no clock, no channel, no colour",
    },
    Room {
        name: "tui",
        rooms: &["app"],
        crates: Crates::Only(&["crossterm", "ratatui", "unicode_segmentation", "unicode_width"]),
        // The terminal itself is its: it is opened and timed here.
        never: &[
            "std::env",
            "std::net",
            "std::process",
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
        ],
        concurrent: false,
        because: "tui draws what app::view shows, and nothing else",
    },
    Room {
        name: "output",
        rooms: &["app"],
        crates: Crates::Only(&["jiff", "serde", "serde_json", "serde_saphyr", "unicode_width"]),
        never: &[
            "std::env",
            "std::fs",
            "std::net",
            "std::process",
            "std::thread",
            "std::time",
        ],
        concurrent: false,
        because: "output writes the rows of app::view, and nothing else",
    },
    Room {
        name: "runtime",
        rooms: &["app", "config", "demo", "kinds", "mesh", "output", "sources", "tui"],
        crates: Crates::Any,
        never: &[],
        concurrent: true,
        because: "runtime joins the rooms; cli stands above it",
    },
    Room {
        name: "config",
        rooms: &["app", "kinds", "mesh::model"],
        crates: Crates::Only(&[
            "clap",
            "etcetera",
            "jiff",
            "regex",
            "serde",
            "shell_words",
            "thiserror",
            "toml",
        ]),
        never: &["std::net", "std::process", "std::thread"],
        concurrent: false,
        because: "config reads settings, and does nothing with them",
    },
    Room {
        name: "cli",
        rooms: &["app", "config", "demo", "kinds", "mesh", "output", "runtime", "sources"],
        crates: Crates::Any,
        never: &[],
        concurrent: false,
        because: "cli parses, configures, runs and gives an exit code; waiting and starting tasks is runtime's",
    },
    Room {
        name: "demo",
        rooms: &[],
        crates: Crates::Only(&[
            "bytes",
            "futures",
            "http",
            "http_body_util",
            "hyper",
            "hyper_util",
            "imbl",
            "jiff",
            "lz4_flex",
            "rustc_hash",
            "serde",
            "serde_json",
            "serde_saphyr",
            "thiserror",
            "tokio",
            "tokio_tungstenite",
            "tokio_util",
            "tracing",
        ]),
        never: &[],
        concurrent: true,
        because: "the demo plays another process: it knows HTTP and manifests only, so that it cannot share our mistakes",
    },
];

/// A folder or file that may name one crate more than its room, and why.
const EXCEPTIONS: &[(&str, &[&str], &str)] = &[(
    "src/mesh/diff/",
    &["serde_json", "serde_saphyr"],
    "the text of an edited object is kept as JSON and shown as YAML; both only turn text into text",
)];

/// Files of `src` that are no room's: the programs, which only hand over, and the list of rooms.
const ABOVE: &[(&str, &[&str])] = &[
    ("src/lib.rs", &[]),
    ("src/main.rs", &["sidescope::cli"]),
    ("src/bin/kubectl-sidescope.rs", &["sidescope::cli"]),
];

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
    for named in &named {
        if let Some(path) = within_crate(&file.path, named) {
            let allowed = room
                .rooms
                .iter()
                .chain([&room.name])
                .any(|allowed| is_at_or_below(&path, allowed));
            if !path.is_empty() && !allowed {
                refuse(named.line, &format!("crate::{path}"));
            }
            continue;
        }
        let (first, whole) = (named.path[0], full(named));
        let is_excepted = EXCEPTIONS
            .iter()
            .any(|(place, crates, _)| file.path.starts_with(place) && crates.contains(&first));
        let is_strange = match room.crates {
            Crates::Any => false,
            Crates::Only(allowed) => {
                dependencies.iter().any(|name| name == first) && !allowed.contains(&first) && !is_excepted
            }
        };
        if is_strange || room.never.iter().any(|never| is_at_or_below(&whole, never)) {
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
    for (place, crates, because) in EXCEPTIONS {
        let texts: Vec<&str> = files
            .iter()
            .filter(|file| file.path.starts_with(place))
            .map(|file| file.text.as_str())
            .collect();
        for name in *crates {
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
