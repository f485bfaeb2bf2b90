//! `--privacy` in the real program over the demo: none of its names and addresses comes to the terminal.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::session::{Session, demo};

/// What every cluster has, and what is no name.
const EVERYWHERE: &[&str] = &[
    "default",
    "istio-system",
    "kube-system",
    "kubernetes",
    "kube-dns",
    "istiod",
    "None",
    "",
];

/// Saves the rows of a tab and reads the names and addresses that these fields hold.
fn names(session: &mut Session, tab: &str, fields: &[&str]) -> BTreeSet<String> {
    session.press(tab);
    session.press(&format!(":save {tab}.json\r"));
    session.wait_for(&format!("to {tab}.json"));
    let text = std::fs::read_to_string(session.home.path().join(format!("{tab}.json"))).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let rows = document["items"].as_array().unwrap();
    let of_row = |row: &Value| -> Vec<String> {
        let texts = fields.iter().filter_map(|field| row[field].as_str());
        texts.map(str::to_owned).collect()
    };
    rows.iter()
        .flat_map(of_row)
        .filter(|name| !EVERYWHERE.contains(&name.as_str()))
        .collect()
}

#[test]
fn the_demo_in_private_shows_none_of_its_names_and_addresses() {
    let mut open = demo(&["demo"]).open();
    open.wait_for("HEALTHY");
    let mut secrets = names(&mut open, "1", &["namespace", "name", "ip", "node"]);
    secrets.extend(names(&mut open, "2", &["namespace", "name", "clusterIP"]));
    assert!(secrets.len() > 40 && secrets.contains("bookinfo"), "{secrets:?}");
    open.press("Q");
    open.wait_for_end();

    let mut private = demo(&["demo", "--privacy"]).open();
    private.wait_for("MASKED");
    private.wait_for("HEALTHY");
    for (keys, wanted) in [
        (".", "-15"),
        ("1", "Pods"),
        ("jd", "Addresses"),
        ("2", "CLUSTER-IP"),
        (".", "3/17"),
        ("x", "Esc close"),
        ("4", "GOVERNS"),
        ("5", "Timeline"),
        ("6", "Packets"),
        ("H", "hidden from"),
        ("F10", "Find in all"),
        ("n", "Namespaces"),
    ] {
        private.press(keys);
        private.wait_for(wanted);
        let screen = private.screen().contents();
        for name in &secrets {
            assert!(!screen.contains(name.as_str()), "'{name}' after {keys:?}:\n{screen}");
        }
        if screen.contains('╭') {
            private.press("\x1b");
            private.wait_until("the dialog closed", |screen| !screen.contents().contains('╭'));
        }
    }
    let raw = String::from_utf8_lossy(&private.raw).into_owned();
    let long = secrets.iter().filter(|name| name.len() > 8);
    for name in long {
        assert!(!raw.contains(name.as_str()), "'{name}' was sent to the terminal");
    }
    private.press("Q");
    assert_eq!(private.wait_for_end(), 0);
}
