//! What is asked of an API server, all of it: no more than the smallest roles allow, and nothing of them in vain.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use sidescope::demo::admin::{Admin, AdminAnswer, Ran};
use sidescope::demo::options::{Rights, Rule};

use crate::corpus::{Served, pod};
use crate::session::Start;

const CLUSTER: &str = include_str!("../../assets/rbac/cluster.yaml");
const NAMESPACE: &str = include_str!("../../assets/rbac/namespace.yaml");

/// Envoys that have no clusters, and containers without tcpdump.
pub(crate) struct Empty;

impl Admin for Empty {
    fn answer(&self, _: &str, _: &str, _: u16, _: &str) -> AdminAnswer {
        AdminAnswer::json(&b"{\"cluster_statuses\": []}"[..])
    }

    fn run(&self, _: &str, _: &str, _: &str, _: &[String]) -> Ran {
        Ran::nothing()
    }
}

/// The rules of roles; those of a Role hold in its namespace.
fn rules(roles: &str) -> Vec<Rule> {
    let words = |value: &Value| -> Vec<String> {
        let words = value.as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let mut rules = Vec::new();
    for role in roles.split("\n---\n") {
        let role: Value = serde_saphyr::from_str(role).unwrap();
        let namespace = role["metadata"]["namespace"].as_str();
        for rule in role["rules"].as_array().unwrap() {
            rules.push(Rule {
                verbs: words(&rule["verbs"]),
                resources: words(&rule["resources"]),
                namespaces: namespace.map(str::to_owned).into_iter().collect(),
            });
        }
    }
    rules
}

fn served(rules: Vec<Rule>) -> Served {
    let now = || "2026-11-23T05:00:00Z".parse().unwrap();
    Served::new(now, Arc::new(Empty), Rights::Only(rules))
}

/// Every verb with each resource that rules allow.
fn granted(rules: &[Rule]) -> BTreeSet<String> {
    let each = |rule: &Rule| {
        let pairs = rule.verbs.iter().flat_map(|verb| {
            let resources = rule.resources.iter();
            resources.map(move |resource| format!("{verb} {resource}"))
        });
        pairs.collect::<Vec<_>>()
    };
    rules.iter().flat_map(each).collect()
}

/// Runs all that a person can ask for without a screen; each must have its whole answer.
fn run_everything(cluster: &Served, client: &str) {
    let [streamed, paged] = ["streamed", "paged"].map(|name| cluster.path(name));
    for (arguments, codes) in [
        (&["endpoints", client, "-o", "json"][..], &[0][..]),
        (&["pods", "-A"], &[0]),
        (&["services", "-A"], &[0]),
        (&["sidecars", "-A"], &[0]),
        (&["explain", client, "ratings.bookinfo"], &[0, 1]),
        (&["who-sees", "reviews.bookinfo"], &[0]),
        (&["diff", client, "--without", "sidecar/bookinfo/reviews"], &[0, 1]),
        (&["lint"], &[0, 1]),
        (&["endpoints", client, "--live"], &[0]),
        (&["traffic", client], &[0]),
        // everything that the screen reads, in each of the ways in which lists are read
        (&["record", &streamed, "--for", "1s"], &[0]),
        (&["--list-strategy", "paged", "record", &paged, "--for", "1s"], &[0]),
    ] {
        let printed = cluster.run(arguments);
        assert!(
            printed.code.is_some_and(|code| codes.contains(&code)),
            "{arguments:?}: {}",
            printed.err
        );
        assert!(
            !printed.err.contains("INCOMPLETE") && !printed.err.contains("may not"),
            "{arguments:?}: {}",
            printed.err
        );
    }
}

#[test]
fn the_smallest_cluster_role_is_enough_for_everything_and_no_larger() {
    let rules = rules(CLUSTER);
    let cluster = served(rules.clone());
    let client = format!("{}.bookinfo", pod("productpage-v1"));
    run_everything(&cluster, &client);
    let config = cluster.path("config");
    let arguments = ["--kubeconfig", &config, "-A", "--pod", &client];
    let mut screen = Start {
        arguments: &arguments,
        ..crate::session::demo(&[])
    }
    .open();
    screen.wait_for("live");
    for (tab, head, text) in [
        ("1", "RESTARTS", "kind: Pod"),
        ("2", "PORT(S)", "kind: Service"),
        ("4", "GOVERNS", "kind: Sidecar"),
    ] {
        screen.press(tab);
        screen.wait_until("rows", |screen| {
            let rows = screen.contents();
            rows.contains(head) && rows.contains("▸  bookinfo")
        });
        screen.press("y");
        screen.wait_for(text);
        screen.press("\x1b");
        screen.wait_until("the text to be closed", |screen| !screen.contents().contains(text));
    }
    screen.press("Q");
    assert_eq!(screen.wait_for_end(), 0);
    let asked = cluster.asked.all();
    let granted = granted(&rules);
    let beyond: Vec<&String> = asked.difference(&granted).collect();
    assert!(beyond.is_empty(), "asked for, and not granted: {beyond:?}");
    let in_vain: Vec<&String> = granted.difference(&asked).collect();
    assert!(in_vain.is_empty(), "granted, and never asked for: {in_vain:?}");
}

#[test]
fn a_role_in_one_namespace_shows_it_and_says_what_lacks() {
    let rules = rules(NAMESPACE);
    let cluster = served(rules.clone());
    let client = format!("{}.bookinfo", pod("productpage-v1"));
    let printed = cluster.run(&["pods", "-n", "bookinfo", "-o", "name"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert!(printed.out.contains("pod/productpage-v1"), "{printed:?}");
    let printed = cluster.run(&["endpoints", &client, "-o", "json"]);
    assert_eq!(printed.code, Some(3), "{printed:?}");
    assert!(printed.err.contains("INCOMPLETE"), "{printed:?}");
    let document: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!(document["complete"], false);
    let printed = cluster.run(&["endpoints", &client, "--live"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let reads = |pair: &&String| pair.starts_with("list ") || pair.starts_with("watch ");
    let asked = cluster.asked.all();
    let granted = granted(&rules);
    let others: Vec<&String> = asked.difference(&granted).filter(|pair| !reads(pair)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn only_when_asked_is_a_command_run_in_a_container() {
    let mut allowed = rules(CLUSTER);
    let without = served(allowed.clone());
    let client = format!("{}.bookinfo", pod("reviews-v1"));
    let printed = without.run(&["traffic", &client, "--exec", "reviews"]);
    assert!(printed.err.contains("pods/exec"), "{printed:?}");
    allowed.push(Rule::new(&["get", "create"], &["pods/exec"], &[]));
    let with = served(allowed);
    with.run(&["traffic", &client, "--exec", "reviews"]);
    let asked = with.asked.all();
    let writes: Vec<&str> = asked
        .iter()
        .map(String::as_str)
        .filter(|pair| !["list ", "watch ", "get "].iter().any(|verb| pair.starts_with(verb)))
        .collect();
    assert!(
        writes
            .iter()
            .all(|pair| ["create pods/exec", "create pods/portforward"].contains(pair)),
        "{writes:?}"
    );
    assert!(!asked.iter().any(|pair| pair.contains("secrets")), "{asked:?}");
}
