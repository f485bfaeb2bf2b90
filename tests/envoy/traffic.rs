//! `traffic` for programs, and packets without a pod.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::stage::{Printed, Stage, clusters, pod};

const LINES: &str = include_str!("../captures/ethernet.txt");

/// Runs the program where no cluster is.
fn alone(arguments: &[&str], path: Option<&Path>) -> Printed {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
    command.args(arguments).env("KUBECONFIG", "/nowhere");
    if let Some(path) = path {
        command.env("PATH", path);
    }
    Printed::from(command.output().unwrap())
}

fn capture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name);
    path.display().to_string()
}

fn documents(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn packets_alone_need_neither_a_pod_nor_a_cluster() {
    let file = capture("ethernet.pcap");
    let printed = alone(&["traffic", "--pcap", &file, "-o", "packets", "--utc"], None);
    assert_eq!((printed.code, &*printed.err, &*printed.out), (Some(0), "", LINES));
    let named = alone(&["traffic", "any-pod", "--pcap", &file, "-o", "packets", "--utc"], None);
    assert_eq!((named.code, &*named.out), (Some(0), LINES));
    // a tcpdump that captures what was captured before
    let folder = tempfile::tempdir().unwrap();
    let tcpdump = folder.path().join("tcpdump");
    std::fs::write(&tcpdump, format!("#!/bin/sh\nexec /bin/cat '{file}'\n")).unwrap();
    std::fs::set_permissions(&tcpdump, std::fs::Permissions::from_mode(0o755)).unwrap();
    let words = ["traffic", "--iface", "any", "-o", "packets", "--utc"];
    let live = alone(&words, Some(folder.path()));
    assert_eq!((live.code, &*live.err, &*live.out), (Some(0), "", LINES));
}

#[test]
fn who_joins_packets_says_to_what_and_who_prints_them_says_which() {
    let file = capture("ethernet.pcap");
    for (words, says) in [
        (
            vec!["traffic", "--pcap", &file],
            "name the pod whose endpoints are meant",
        ),
        (
            vec!["traffic", "--iface", "any"],
            "name the pod whose endpoints are meant",
        ),
        (vec!["traffic", "a-pod", "-o", "packets"], "name it with --pcap FILE"),
        (vec!["traffic"], "<POD>"),
    ] {
        let printed = alone(&words, None);
        assert_eq!(printed.code, Some(2), "{words:?}: {printed:?}");
        assert!(printed.err.contains(says), "{words:?}: {printed:?}");
    }
}

#[test]
fn packets_for_programs_are_a_line_each_with_what_tcpdump_prints() {
    let file = capture("fragments.pcap");
    let printed = alone(&["traffic", "--pcap", &file, "-o", "json", "--utc"], None);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let documents = documents(&printed.out);
    let lines: Vec<&str> = documents.iter().map(|one| one["line"].as_str().unwrap()).collect();
    assert_eq!(lines.join("\n") + "\n", include_str!("../captures/fragments.txt"));
    let first = &documents[0];
    assert_eq!(
        (&first["apiVersion"], &first["kind"]),
        (&"sidescope.io/v1".into(), &"Packet".into())
    );
    assert_eq!(
        first["destination"],
        serde_json::json!({ "ip": "10.0.0.2", "port": 9080 })
    );
    assert_eq!((&first["bytes"], first.get("at")), (&148.into(), None));
    assert_eq!(
        documents[1]["source"],
        serde_json::json!({ "ip": "10.0.0.1" }),
        "no ports in it"
    );
}

#[test]
fn joined_packets_for_programs_end_with_what_went_where() {
    let (stage, pod) = (Stage::new(|_, _| clusters(&[])), pod("reviews-v2"));
    let printed = stage.run(&["traffic", &pod, "--pcap", &capture("ethernet.pcap"), "-o", "json"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let mut documents = documents(&printed.out);
    let totals = documents.pop().unwrap();
    assert_eq!(documents.len(), LINES.lines().count());
    assert_eq!(
        (&totals["kind"], &totals["complete"]),
        (&"PacketTotals".into(), &true.into())
    );
    assert_eq!(totals["pod"]["name"], *pod);
    let rows = |name: &str| totals[name].as_array().unwrap().clone();
    let all = [rows("endpoints"), rows("elsewhere")].concat();
    let packets: u64 = all.iter().map(|row| row["packets"].as_u64().unwrap()).sum();
    assert_eq!(packets, documents.len() as u64);
    for document in &documents {
        let at = &document["at"];
        assert!(at["clusters"].is_array() != at["what"].is_string(), "{document}");
    }
}

#[test]
fn counters_for_programs_are_a_document() {
    let host = ("outbound|9080||reviews.bookinfo.svc.cluster.local", "10.0.0.9", 9080, 7);
    let stage = Stage::new(move |_, _| clusters(&[host]));
    let printed = stage.run(&["traffic", &pod("productpage"), "--for", "1ms", "-o", "json"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let document: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!(document["kind"], "EndpointTraffic");
    assert_eq!(document["watchedSeconds"], 0.001);
    let row = &document["items"][0];
    assert_eq!(row["requests"], 7, "{row}");
    assert_eq!(row["endpoint"], "10.0.0.9:9080");
}

#[test]
fn a_capture_of_frames_that_are_not_read_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("radio.pcap");
    let words = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 127, 0, 0, 4, 4, 0];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    std::fs::write(&path, bytes).unwrap();
    let printed = alone(&["traffic", "--pcap", path.to_str().unwrap(), "-o", "packets"], None);
    assert_eq!((printed.code, &*printed.out), (Some(2), ""));
    assert_eq!(printed.err.lines().count(), 1, "{}", printed.err);
    assert!(
        printed.err.contains("link type 127 (IEEE802_11_RADIO)"),
        "{}",
        printed.err
    );
}
