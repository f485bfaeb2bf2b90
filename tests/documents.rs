//! What `-o json` and `-o yaml` say of a pod's rows, through the real program: each row its class and its reasons, as
//! `explain` and `diff` say them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const WORLD: &str = "merged-ports-are-told-by-number";

/// What the program prints about a world of the corpus.
fn run(arguments: &[&str], world: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(world)
        .join("world.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
    let output = command.args(arguments).arg("--from").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str], world: &str) -> Value {
    let text = run(&[arguments, &["-o", "json"]].concat(), world);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?} of {world}: {error}: {text}"))
}

fn pod_of(world: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(world)
        .join("case.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let pod = text.lines().skip_while(|line| *line != "pods:").nth(1).unwrap();
    pod.trim_start_matches(['-', ' ']).trim_matches(['"', '\'']).to_owned()
}

/// Rows with the host of their cluster, if they are traffic to a host.
fn host_of(row: &Value) -> Option<&str> {
    let cluster = row["cluster"].as_str().unwrap();
    cluster.strip_prefix("outbound|")?.rsplit('|').next()
}

#[test]
fn every_row_says_its_class_and_the_reasons_that_explain_says() {
    let pod = pod_of(WORLD);
    let table = json(&["endpoints", &pod], WORLD);
    assert_eq!(table["apiVersion"], "sidescope.io/v1");
    let rows = table["items"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(row["class"], "exact", "{row}");
        let reasons = row["reasons"].as_array().unwrap();
        assert_eq!(reasons[0]["rule"], "governed", "{row}");
        assert!(reasons.iter().all(|reason| reason["text"].is_string()), "{row}");
        let listed = reasons.iter().find(|reason| reason["rule"] == "listedBy").unwrap();
        for field in ["kind", "namespace", "name"] {
            assert!(listed["object"][field].is_string(), "{row}");
        }
        let why = row["why"].as_str().unwrap();
        assert!(reasons.iter().any(|reason| reason["text"] == why), "{row}");
        let Some(host) = host_of(row) else { continue };
        let explained = json(&["explain", &pod, host], WORLD);
        let clusters = explained["items"].as_array().unwrap();
        let cluster = clusters.iter().find(|one| one["cluster"] == row["cluster"]).unwrap();
        let endpoints = cluster["endpoints"].as_array().unwrap();
        let same = endpoints.iter().find(|one| one["endpoint"] == row["endpoint"]).unwrap();
        assert_eq!(same["reasons"], row["reasons"]);
    }
}

#[test]
fn envoys_own_rows_say_that_they_are() {
    let pod = pod_of(WORLD);
    let table = json(&["endpoints", &pod, "--bootstrap"], WORLD);
    let rows = table["items"].as_array().unwrap();
    let own: Vec<&Value> = rows.iter().filter(|row| row["class"] == "bootstrap").collect();
    assert!(!own.is_empty());
    assert!(own.iter().all(|row| row["reasons"][0]["rule"] == "bootstrap"));
}

#[test]
fn yaml_is_the_same_document() {
    let pod = pod_of(WORLD);
    let mut table = json(&["endpoints", &pod], WORLD);
    let text = run(&["endpoints", &pod, "-o", "yaml"], WORLD);
    let mut yaml: Value = serde_saphyr::from_str(&text).unwrap();
    for document in [&mut table, &mut yaml] {
        document["asOf"] = Value::Null;
    }
    assert_eq!(yaml, table);
}

#[test]
fn names_are_what_kubectl_prints_also_of_all_namespaces() {
    let world = "alias-of-a-service-in-scope";
    let sidecars = run(&["sidecars", "-A", "-o", "name"], world);
    assert_eq!(sidecars, "sidecar.networking.istio.io/default\n".repeat(2));
    let pods = run(&["pods", "-A", "-o", "name"], world);
    assert!(pods.lines().count() > 0);
    for line in pods.lines() {
        let name = line.strip_prefix("pod/").unwrap();
        assert!(!name.contains('/'), "{line}");
    }
}
