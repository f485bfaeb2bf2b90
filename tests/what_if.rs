//! `sidescope diff` through the real program: every what-if of the corpus gives what istiod gives.
//!
//! A what-if is a folder: `base.yaml`, `draft.yaml` with a Sidecar that is not in it, `expected.json` with the pod and the
//! [endpoint, cluster] pairs that istiod adds, removes and changes. `SIDESCOPE_CORPUS=DIR` runs all below that folder too.
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
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A what-if of the corpus.
struct Case {
    folder: PathBuf,
    pod: String,
    expected: Value,
}

impl Case {
    fn of(folder: PathBuf) -> Self {
        let text = fs::read_to_string(folder.join("expected.json")).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        Self {
            pod: expected["pod"].as_str().unwrap().to_owned(),
            expected,
            folder,
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// [endpoint, cluster] of each row of `added`, `removed` or `changed`.
    fn wanted(&self, what: &str) -> BTreeSet<(String, String)> {
        let pairs = self.expected[what].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
    }

    fn differs(&self) -> bool {
        ["added", "removed", "changed"]
            .iter()
            .any(|what| !self.wanted(what).is_empty())
    }
}

fn find_cases(root: &Path, into: &mut Vec<Case>) {
    if root.join("draft.yaml").is_file() {
        into.push(Case::of(root.to_owned()));
        return;
    }
    let Ok(entries) = fs::read_dir(root) else {
        return;
    };
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    for folder in &folders {
        find_cases(folder, into);
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    find_cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"), &mut cases);
    assert!(cases.len() >= 8, "the what-ifs of the corpus are gone");
    if let Some(root) = std::env::var_os("SIDESCOPE_CORPUS") {
        find_cases(Path::new(&root), &mut cases);
    }
    cases
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
    command.args(arguments).env_remove("KUBECONFIG").output().unwrap()
}

/// The document that `diff` prints, and the exit code.
fn diff(arguments: &[&str]) -> (Value, Option<i32>) {
    let output = run(&[&["diff"], arguments, &["-o", "json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let document = serde_json::from_str(&text);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (
        document.unwrap_or_else(|_| panic!("{arguments:?}: {complaint}")),
        output.status.code(),
    )
}

/// [endpoint, cluster] of rows as they are printed; each has all that a row has, and says why.
fn printed(document: &Value, what: &str) -> BTreeSet<(String, String)> {
    let rows = document[what]
        .as_array()
        .unwrap_or_else(|| panic!("no '{what}' in {document}"));
    let mut pairs = BTreeSet::new();
    for row in rows {
        let reason = row["reason"].as_str().unwrap();
        assert!(!reason.is_empty(), "{row}");
        let sides = if what == "changed" {
            vec![&row["before"], &row["after"]]
        } else {
            vec![row]
        };
        for side in sides {
            let field = |name: &str| side[name].as_str().unwrap_or_else(|| panic!("no '{name}' in {side}"));
            assert!(!field("status").is_empty() && !field("outlierCheck").is_empty());
            assert!(!field("class").is_empty());
            let inbound = field("cluster").starts_with("inbound|");
            let begins: &[&str] = if inbound {
                &["ingress", "ownService"]
            } else {
                &["governed"]
            };
            let first = side["reasons"][0]["rule"].as_str().unwrap_or_default();
            assert!(begins.contains(&first), "{side}");
            pairs.insert((field("endpoint").to_owned(), field("cluster").to_owned()));
        }
    }
    pairs
}

fn check(case: &Case, document: &Value, code: Option<i32>, sides: [&str; 3]) {
    for (what, wanted) in ["added", "removed", "changed"].iter().zip(sides) {
        assert_eq!(
            printed(document, what),
            case.wanted(wanted),
            "{} {what}",
            case.folder.display()
        );
    }
    let in_scope = ["hostsAdded", "hostsRemoved"]
        .iter()
        .any(|name| document[name] != Value::Array(Vec::new()));
    assert_eq!(
        code,
        Some(i32::from(case.differs() || in_scope)),
        "{}",
        case.folder.display()
    );
    assert_eq!(document["apiVersion"], "sidescope.io/v1");
    assert_eq!(document["complete"], true);
}

#[test]
fn every_draft_of_the_corpus_gives_what_istiod_gives() {
    let cases = cases();
    let mut rows = 0;
    for case in &cases {
        let arguments = [
            &case.pod,
            "--from",
            &case.path("base.yaml"),
            "--with",
            &case.path("draft.yaml"),
        ];
        let (document, code) = diff(&arguments);
        check(case, &document, code, ["added", "removed", "changed"]);
        rows += printed(&document, "added").len() + printed(&document, "removed").len();
    }
    eprintln!("{} what-ifs through the program, {rows} rows came or went", cases.len());
    assert!(rows > 0);
}

#[test]
fn taking_the_draft_away_again_is_the_same_backwards_and_another_dump_is_as_good() {
    let temporary = tempfile::tempdir().unwrap();
    for case in cases().iter().take(8) {
        let (base, draft) = (case.path("base.yaml"), case.path("draft.yaml"));
        let both = temporary.path().join("both.yaml");
        let texts = [&base, &draft].map(|path| fs::read_to_string(path).unwrap());
        fs::write(&both, texts.join("\n---\n")).unwrap();
        let both = both.display().to_string();
        let (document, code) = diff(&[&case.pod, "--from", &base, "--to", &both]);
        check(case, &document, code, ["added", "removed", "changed"]);
        let sidecar: Value = serde_saphyr::from_str(&texts[1]).unwrap();
        let text = |name: &str| sidecar["metadata"][name].as_str().unwrap().to_owned();
        let without = format!("sc/{}/{}", text("namespace"), text("name"));
        let (document, code) = diff(&[&case.pod, "--from", &both, "--without", &without]);
        check(case, &document, code, ["removed", "added", "changed"]);
    }
}

#[test]
fn a_pod_is_equal_to_itself_and_all_pods_names_the_workloads_that_see_a_difference() {
    let cases = cases();
    let case = cases.iter().find(|case| case.differs()).unwrap();
    let (base, draft) = (case.path("base.yaml"), case.path("draft.yaml"));
    let (document, code) = diff(&[&case.pod, &case.pod, "--from", &base]);
    assert_eq!(code, Some(0));
    assert!(
        ["added", "removed", "changed"]
            .iter()
            .all(|what| printed(&document, what).is_empty())
    );
    let (document, code) = diff(&["--all-pods", "--from", &base, "--with", &draft]);
    assert_eq!(code, Some(1));
    let namespace = case.pod.rsplit_once('.').unwrap().1;
    let workloads = document["workloads"].as_array().unwrap();
    assert!(
        workloads.iter().any(|workload| workload["namespace"] == namespace),
        "{document}"
    );
    let affected: u64 = workloads
        .iter()
        .map(|workload| workload["affected"].as_u64().unwrap())
        .sum();
    assert_eq!(document["pods"]["affected"].as_u64(), Some(affected));
    let (document, _) = diff(&[&case.pod, "--all-pods", "--from", &base, "--with", &draft]);
    assert_eq!(printed(&document, "added"), case.wanted("added"));
    assert!(!document["workloads"].as_array().unwrap().is_empty());
}

#[test]
fn the_table_has_a_line_for_each_row_and_yaml_the_same_document() {
    let cases = cases();
    let case = cases.iter().find(|case| case.differs()).unwrap();
    let (base, draft) = (case.path("base.yaml"), case.path("draft.yaml"));
    let arguments = ["diff", &case.pod, "--from", &base, "--with", &draft];
    let table = run(&arguments);
    assert_eq!(table.status.code(), Some(1));
    let text = String::from_utf8(table.stdout).unwrap();
    let count = |sign: char| text.lines().filter(|line| line.starts_with(sign)).count();
    assert_eq!(count('+'), case.wanted("added").len());
    assert_eq!(count('-'), case.wanted("removed").len());
    let summary = String::from_utf8(table.stderr).unwrap();
    assert!(summary.contains("governed by Sidecar"), "{summary}");
    assert!(summary.contains("config weight: "), "{summary}");
    let yaml = run(&[&arguments[..], &["-o", "yaml"]].concat());
    let document: Value = serde_saphyr::from_str(&String::from_utf8(yaml.stdout).unwrap()).unwrap();
    assert_eq!(printed(&document, "removed"), case.wanted("removed"));
}

#[test]
fn the_config_weight_is_that_of_both_sides_and_what_no_sidecar_would_make_it() {
    let cases = cases();
    let weight = |document: &Value, side: &str| {
        let number = |name: &str| document["weight"][side][name].as_u64().unwrap();
        (number("clusters"), number("endpoints"))
    };
    let mut lighter = 0;
    for case in cases.iter().take(8) {
        let (base, draft) = (case.path("base.yaml"), case.path("draft.yaml"));
        let (with, _) = diff(&[&case.pod, "--from", &base, "--with", &draft]);
        let [before, after, by_default] = ["before", "after", "byDefault"].map(|side| weight(&with, side));
        assert!(before.0 <= by_default.0 && before.1 <= by_default.1, "{with}");
        lighter += usize::from(after < before);
        // every Sidecar of the base taken away is what the default is
        let text = fs::read_to_string(&base).unwrap();
        let mut arguments = vec![case.pod.clone(), "--from".to_owned(), base];
        for document in text.split("\n---") {
            let Ok(object) = serde_saphyr::from_str::<Value>(document) else {
                continue;
            };
            if object["kind"] == "Sidecar" {
                let name = |name: &str| object["metadata"][name].as_str().unwrap().to_owned();
                arguments.push("--without".to_owned());
                arguments.push(format!("sidecar/{}/{}", name("namespace"), name("name")));
            }
        }
        if arguments.len() > 3 {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let (without, _) = diff(&arguments);
            assert_eq!(weight(&without, "after"), by_default, "{}", case.folder.display());
        }
    }
    assert!(lighter > 0, "no draft of them saves anything");
}

#[test]
fn what_cannot_be_compared_is_said_with_its_own_exit_code() {
    let cases = cases();
    let case = &cases[0];
    let (base, draft) = (case.path("base.yaml"), case.path("draft.yaml"));
    let expectations: [(&[&str], i32, &str); 7] = [
        (&[&case.pod, "--from", &base], 2, "required"),
        (&["--from", &base, "--with", &draft], 2, "POD"),
        (
            &[&case.pod, "--from", &base, "--with", "nowhere.yaml"],
            2,
            "nowhere.yaml",
        ),
        (
            &[&case.pod, "--from", &base, "--without", "secret/a/b"],
            2,
            "no such kind",
        ),
        (
            &[&case.pod, "--from", &base, "--without", "sc/nowhere/none"],
            5,
            "no Sidecar 'nowhere/none'",
        ),
        (
            &["none-such.data", "--from", &base, "--with", &draft],
            5,
            "no pod 'none-such'",
        ),
        (&[&case.pod, "none-such.data", "--from", &base], 5, "no pod 'none-such'"),
    ];
    for (arguments, code, words) in expectations {
        let output = run(&[&["diff"], arguments].concat());
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {complaint}");
        assert!(complaint.contains(words), "{arguments:?}: {complaint}");
        assert!(output.stdout.is_empty());
    }
}
