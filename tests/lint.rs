//! `sidescope lint`: a file of `tests/cases/lint` for each lint, with objects that it finds and objects that it passes over.
//!
//! The file's first lines say what is to be found: `# expect: KIND NAMESPACE/NAME FIELD VALUE`. All else in it must not be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sidescope::mesh::lint::{Finding, LINTS, lint};
use sidescope::mesh::scope::Settings;
use sidescope::mesh::world::World;
use sidescope::sources::files;

fn case(code: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/lint");
    folder.join(code).with_extension("yaml")
}

fn expected(code: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(case(code)).unwrap_or_else(|error| panic!("{code} has no case: {error}"));
    let lines = text.lines().filter_map(|line| line.strip_prefix("# expect: "));
    lines.map(|line| line.trim_end().to_owned()).collect()
}

fn findings(path: &Path) -> Vec<Finding> {
    let mut world = World::default();
    for delta in files::load(path).unwrap().into_deltas() {
        world.apply(delta);
    }
    lint(&world, &Settings::default())
}

fn line(finding: &Finding) -> String {
    let (kind, key) = &finding.object;
    let text = format!("{} {key} {} {}", kind.name(), finding.field, finding.value);
    text.trim_end().to_owned()
}

#[test]
fn every_lint_finds_what_its_case_expects_and_nothing_else() {
    let mut wrong = String::new();
    for known in LINTS {
        let wanted = expected(known.code);
        assert!(!wanted.is_empty(), "{} expects nothing", known.code);
        let found = findings(&case(known.code));
        let of_code = found.iter().filter(|finding| finding.lint.code == known.code);
        let found: BTreeSet<String> = of_code.map(line).collect();
        for lacking in wanted.difference(&found) {
            writeln!(wrong, "{}: not found: {lacking}", known.code).unwrap();
        }
        for strange in found.difference(&wanted) {
            writeln!(wrong, "{}: found: {strange}", known.code).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn codes_are_in_order_each_once_and_every_row_is_whole() {
    assert!(LINTS.windows(2).all(|pair| pair[0].code < pair[1].code));
    for lint in LINTS {
        assert!(
            !lint.finds.is_empty() && !lint.follows.is_empty() && !lint.remedy.is_empty(),
            "{}",
            lint.code
        );
    }
    let files = fs::read_dir(case("x").parent().unwrap()).unwrap().count();
    assert_eq!(files, LINTS.len(), "a case of no lint");
}

/// The analyzers that scope rules §15 names, and every one that has to do with Sidecars.
#[test]
fn what_istioctl_analyze_finds_is_found() {
    let known: BTreeSet<&str> = LINTS.iter().map(|lint| lint.analyzer).collect();
    for code in [
        "IST0101", "IST0102", "IST0103", "IST0106", "IST0109", "IST0110", "IST0111", "IST0112", "IST0116", "IST0118",
        "IST0130", "IST0131", "IST0132", "IST0133", "IST0134", "IST0137", "IST0150", "IST0167", "IST0173", "IST0174",
        "IST0177",
    ] {
        assert!(known.contains(code), "{code}");
    }
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
    command.arg("lint").args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> (Value, Option<i32>) {
    let output = run(&[arguments, &["-o", "json"]].concat());
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.code())
}

fn codes(document: &Value) -> Vec<&str> {
    let items = document["items"].as_array().unwrap();
    items.iter().map(|item| item["code"].as_str().unwrap()).collect()
}

#[test]
fn a_finding_has_its_object_value_consequence_and_remedy_in_every_format() {
    let path = case("SC021").display().to_string();
    let (document, code) = json(&["--from", &path]);
    assert_eq!(code, Some(1), "there is an error besides");
    assert_eq!(document["kind"], "FindingList");
    let items = document["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["code"] == "SC021").unwrap();
    assert_eq!(item["object"]["name"], "default");
    assert_eq!(item["value"], "./*");
    assert_eq!(item["level"], "warning");
    assert!(!item["consequence"].as_str().unwrap().is_empty() && !item["remedy"].as_str().unwrap().is_empty());
    let table = run(&["--from", &path]);
    let text = String::from_utf8(table.stdout).unwrap();
    assert!(
        text.starts_with("CODE") && text.contains("SC021   warning   Sidecar shop/default"),
        "{text}"
    );
    assert_eq!(text.lines().count(), items.len() + 1);
    let yaml: Value = serde_saphyr::from_slice(&run(&["--from", &path, "-o", "yaml"]).stdout).unwrap();
    assert_eq!(codes(&yaml), codes(&document));
}

#[test]
fn a_line_that_matches_nothing_is_told_with_the_nearest_that_there_is() {
    let lines = [
        (
            "./ratingss.shop.svc.cluster.local",
            Some("./ratings.shop.svc.cluster.local"),
        ),
        ("shop/ratings.shop", Some("shop/ratings.shop.svc.cluster.local")),
        (
            "shop/reviews.shop.svc.cluster.local",
            Some("prod/reviews.prod.svc.cluster.local"),
        ),
        (
            "prod/ratings.shop.svc.cluster.local",
            Some("shop/ratings.shop.svc.cluster.local"),
        ),
        (
            "*/raitngs.shop.svc.cluster.local",
            Some("*/ratings.shop.svc.cluster.local"),
        ),
        ("prd/*", Some("prod/*")),
        ("shop/*.nowhere.svc.cluster.local", None),
        ("./zzz.example.com", None),
    ];
    let service = |name: &str, namespace: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{clusterIP: 10.0.0.1, ports: [{{port: 80}}]}}}}"
        )
    };
    let hosts = lines.map(|(line, _)| format!("    - '{line}'")).join("\n");
    let sidecar = format!(
        "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: a, namespace: shop}}\nspec:\n  egress:\n  - hosts:\n{hosts}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.yaml");
    let world = [service("ratings", "shop"), service("reviews", "prod"), sidecar];
    fs::write(&path, world.join("\n---\n")).unwrap();
    let found = findings(&path);
    let said = |line: &str| {
        let mut of_line = found
            .iter()
            .filter(|finding| finding.lint.code == "SC010" && finding.value == line);
        of_line
            .next()
            .unwrap_or_else(|| panic!("{line} is not found"))
            .consequence()
    };
    for (line, near) in lines {
        match near {
            Some(near) => assert_eq!(
                said(line),
                format!("the line does nothing; no such host, did you mean '{near}'?"),
                "{line}"
            ),
            None => assert_eq!(said(line), "no such host: the line does nothing", "{line}"),
        }
    }
}

#[test]
fn levels_and_namespaces_choose_and_only_errors_are_no_zero() {
    let wrong = case("SC011").display().to_string();
    assert_eq!(json(&["--from", &wrong]).1, Some(1));
    assert_eq!(json(&["--from", &wrong, "--level", "error"]).1, Some(1));
    assert_eq!(json(&["--from", &wrong, "-n", "elsewhere"]).1, Some(0));
    let path = case("SC033").display().to_string();
    assert_eq!(
        json(&["--from", &path]).1,
        Some(0),
        "an info is not shown unless asked for"
    );
    let (document, code) = json(&["--from", &path, "--level", "info"]);
    assert_eq!((codes(&document), code), (vec!["SC033"], Some(0)));
    let (document, code) = json(&["--from", &path, "--level", "info", "-n", "elsewhere"]);
    assert_eq!((codes(&document), code), (Vec::new(), Some(0)));
    assert_eq!(run(&["--from", "nowhere.yaml"]).status.code(), Some(2));
}

#[test]
fn a_draft_is_judged_in_the_world_it_would_come_to() {
    let world = case("SC012").display().to_string();
    let draft = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    let text = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: new, namespace: shop}\n\
                spec: {workloadSelector: {labels: {app: web}}, egress: [{hosts: [./gone.example.com]}]}\n";
    fs::write(draft.path(), text).unwrap();
    let (document, code) = json(&[
        "--from",
        &world,
        "--with",
        &draft.path().display().to_string(),
        "-n",
        "prod",
    ]);
    assert_eq!(code, Some(0), "a warning");
    assert_eq!(
        codes(&document),
        ["SC010"],
        "only what the draft brings, in whatever namespace"
    );
    assert_eq!(document["items"][0]["new"], true);
    let unchecked = document["unchecked"].as_array().unwrap();
    assert!(
        unchecked
            .iter()
            .any(|lint| lint["code"] == "SC005" && lint["no"] == "pods"),
        "{document}"
    );
}

#[test]
fn the_list_documents_every_lint() {
    let output = run(&["--list"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), LINTS.len() + 1);
    assert!(
        LINTS
            .iter()
            .all(|lint| text.contains(lint.code) && text.contains(lint.finds))
    );
}

#[test]
fn thousands_of_wrong_lines_are_all_found_and_only_the_first_are_asked_back_about() {
    const MANY: usize = 3_000;
    let services = (0..MANY).map(|at| {
        format!("{{apiVersion: v1, kind: Service, metadata: {{name: s{at}, namespace: shop}}, spec: {{clusterIP: 10.0.0.1, ports: [{{port: 80}}]}}}}\n---\n")
    });
    let lines = (0..MANY).map(|at| format!("    - ./ss{at}.shop.svc.cluster.local\n"));
    let sidecar = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a, namespace: shop}\nspec:\n  egress:\n  - hosts:\n";
    let text: String = services.chain([sidecar.to_owned()]).chain(lines).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.yaml");
    fs::write(&path, text).unwrap();
    let found = findings(&path);
    let found: Vec<_> = found.iter().filter(|finding| finding.lint.code == "SC010").collect();
    assert_eq!(found.len(), MANY);
    let asked = found.iter().filter(|finding| finding.detail.contains("did you mean"));
    let asked = asked.count();
    assert!((100..MANY / 10).contains(&asked), "{asked} of {MANY}");
}

#[test]
fn what_is_found_elsewhere_is_counted_and_long_values_are_cut() {
    let world = case("SC021").display().to_string();
    let output = run(&["--from", &world, "-n", "nowhere"]);
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.contains(" more in other namespaces: see them with -A"), "{line}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.yaml");
    let long = "x".repeat(100_000);
    fs::write(&path, format!("apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: a, namespace: shop}}\nspec: {{egress: [{{hosts: ['{long}']}}]}}\n")).unwrap();
    let output = run(&["--from", &path.display().to_string(), "-n", "shop"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("SC011") && text.contains("(100000 letters)"),
        "{}",
        text.len()
    );
    assert!(text.len() < 4_000, "{}", text.len());
}
