//! `suggest`: what is printed of what Envoys count.

use std::io::{BufRead, BufReader, Read};
use std::process::Command;
use std::sync::mpsc;

use serde_json::Value;
use sidescope::demo::admin::AdminAnswer;

use crate::stage::{Printed, Stage, clusters, pod};

const DETAILS: (&str, &str, u16, u64) = (
    "outbound|9080||details.bookinfo.svc.cluster.local",
    "10.244.1.29",
    9080,
    7,
);
const REVIEWS: (&str, &str, u16, u64) = (
    "outbound|9080||reviews.bookinfo.svc.cluster.local",
    "10.244.1.31",
    9080,
    1,
);
const RATINGS: (&str, &str, u16, u64) = (
    "outbound|9080||ratings.bookinfo.svc.cluster.local",
    "10.244.1.30",
    9080,
    0,
);
const OUTSIDE: (&str, &str, u16, u64) = ("PassthroughCluster", "203.0.113.7", 443, 2);

/// Details before the start, reviews in the time watched, ratings never.
fn productpage(nth: usize) -> AdminAnswer {
    match nth {
        0 => clusters(&[DETAILS, RATINGS, OUTSIDE]),
        _ => clusters(&[RATINGS, REVIEWS]),
    }
}

fn hosts(sidecar: &Value) -> Vec<&str> {
    let hosts = sidecar["spec"]["egress"][0]["hosts"].as_array().unwrap().iter();
    hosts.map(|host| host.as_str().unwrap()).collect()
}

const KEPT: [&str; 3] = [
    "./details.bookinfo.svc.cluster.local",
    "./reviews.bookinfo.svc.cluster.local",
    "istio-system/*",
];

#[test]
fn a_sidecar_for_a_pod_keeps_what_was_used_before_and_in_the_time_watched() {
    let stage = Stage::new(|_, nth| productpage(nth));
    let pod = pod("productpage");
    let Printed { out, err, code } = stage.run(&["suggest", &pod, "--for", "1s"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.starts_with("watching 1 Envoy for 1s; Ctrl-c"), "{err}");
    let sidecar: Value = serde_saphyr::from_str(&out).unwrap();
    assert_eq!(hosts(&sidecar), KEPT);
    assert_eq!(sidecar["metadata"]["name"], "productpage-v1");
    let labels = sidecar["spec"]["workloadSelector"]["labels"].as_object().unwrap();
    assert_eq!(labels.keys().collect::<Vec<_>>(), ["app", "version"]);
    for said in [
        "- ./details.bookinfo.svc.cluster.local  # used: 9080",
        "- istio-system/*  # the control plane",
        "# It governs 1 pod, by the labels of Deployment productpage-v1's template: app=productpage, version=v1.",
        "# It keeps 2 endpoints in use and hides 3 hosts",
        "Reached outside of all services, which no line of hosts changes: 1 address (203.0.113.7:443).",
        "Counters cannot show: names that are resolved and not called",
        "# Config weight of productpage-v1-",
    ] {
        assert!(out.contains(said), "'{said}' is not in\n{out}");
    }
    let file = stage.file("suggested.yaml", &out);
    let diff = stage.run(&["diff", &pod, "--with", &file, "-o", "json"]);
    let diff: Value = serde_json::from_str(&diff.out).unwrap();
    let removed = diff["removed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["cluster"].as_str().unwrap());
    let removed: Vec<&str> = removed.collect();
    assert!(
        !removed.is_empty() && !removed.contains(&DETAILS.0) && !removed.contains(&REVIEWS.0),
        "{removed:?}"
    );
    let lint = stage.run(&["lint", "--with", &file, "-n", "nowhere"]);
    assert_eq!((lint.code, lint.out.as_str()), (Some(0), ""), "{}", lint.err);
}

#[test]
fn the_document_says_the_same_and_more() {
    let stage = Stage::new(|_, nth| productpage(nth));
    let pod = pod("productpage");
    let Printed { out, err, code } = stage.run(&["suggest", &pod, "--for", "0", "-o", "json"]);
    assert_eq!(
        (code, err.as_str()),
        (Some(0), ""),
        "no time is watched: nothing to say of it"
    );
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["kind"], "SidecarSuggestion");
    assert_eq!(hosts(&document["sidecar"]), [KEPT[0], KEPT[2]]);
    assert_eq!(document["rowsKept"], 1);
    assert_eq!(document["replaces"], false);
    assert_eq!(document["passthrough"][0], "203.0.113.7:443");
    let weight = |when: &str| document["weight"][when]["endpoints"].as_u64().unwrap();
    assert!(
        weight("after") < weight("now") && weight("now") <= weight("byDefault"),
        "{document:#}"
    );
    let hidden = document["hostsHidden"].as_array().unwrap();
    assert!(
        hidden.iter().any(|host| host == "ratings.bookinfo.svc.cluster.local"),
        "{hidden:?}"
    );
}

#[test]
fn where_nothing_was_used_no_sidecar_is_suggested_and_the_exit_code_says_so() {
    let stage = Stage::new(|_, _| clusters(&[RATINGS, OUTSIDE]));
    let pod = pod("productpage");
    let Printed { out, err, code } = stage.run(&["suggest", &pod, "--for", "1s"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    let said = "NOTHING IN USE: 1 Envoy counted no traffic to any service in 1.0 s, nor since its own start; a Sidecar that \
                keeps nothing would hide 5 hosts, so none is suggested";
    assert!(err.contains(said), "{err}");
    let Printed { out, err, code } = stage.run(&["suggest", &pod, "--for", "0", "-o", "json"]);
    assert_eq!(code, Some(1), "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert!(document["sidecar"].is_null(), "{document:#}");
    assert_eq!(document["hostsHidden"].as_array().unwrap().len(), 5, "{document:#}");
    let first = document["notes"][0].as_str().unwrap();
    assert!(first.starts_with("NOTHING IN USE"), "{first}");
}

#[test]
fn a_sidecar_for_a_namespace_is_the_union_of_its_pods_and_says_whom_it_did_not_see() {
    let stage = Stage::new(|pod, _| match pod {
        _ if pod.starts_with("productpage") => clusters(&[DETAILS]),
        _ if pod.starts_with("details") => clusters(&[RATINGS, REVIEWS]),
        _ => AdminAnswer::Refused,
    });
    let Printed { out, err, code } = stage.run(&["suggest", "-n", "bookinfo", "--for", "0"]);
    assert_eq!(code, Some(3), "{err}");
    assert_eq!(
        err,
        "INCOMPLETE: 1 of 3 Envoys did not answer: what they use may be hidden\n"
    );
    let sidecar: Value = serde_saphyr::from_str(&out).unwrap();
    assert_eq!(hosts(&sidecar), KEPT);
    assert_eq!(sidecar["metadata"]["name"], "default", "the one that governs them now");
    assert!(sidecar["spec"].get("workloadSelector").is_none());
    assert!(out.contains("# NOT SEEN: the Envoy of ratings-v1-"), "{out}");
}

#[test]
fn ctrl_c_ends_the_wait_with_what_was_seen_so_far() {
    let (asked, questions) = mpsc::channel();
    let stage = Stage::new(move |_, nth| {
        let _ = asked.send(nth);
        productpage(0)
    });
    let pod = pod("productpage");
    let mut child = stage.start(&["suggest", &pod, "--for", "20s"]);
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    assert!(line.starts_with("watching 1 Envoy for 20s"), "{line}");
    // the second question comes after the first answer was taken in
    while questions.recv().unwrap() == 0 {}
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(
        out.contains("(then Ctrl-c)") && out.contains("- ./details.bookinfo"),
        "{out}"
    );
}

#[test]
fn what_was_seen_of_a_pod_that_goes_meanwhile_is_printed_all_the_same() {
    let (first, seen) = mpsc::channel();
    let stage = Stage::new(move |_, nth| {
        let _ = first.send(nth);
        if nth == 0 {
            clusters(&[DETAILS])
        } else {
            AdminAnswer::Refused
        }
    });
    let pod = pod("productpage");
    let child = stage.start(&["suggest", &pod, "--for", "3s"]);
    seen.recv().unwrap();
    stage.remove(&pod);
    let printed = Printed::from(child.wait_with_output().unwrap());
    let Printed { out, err, code } = printed;
    assert_eq!(code, Some(0), "{err}");
    assert!(
        out.contains("# GONE: what was asked for is not there any more"),
        "{out}"
    );
    assert!(
        out.contains("stopped to answer") && out.contains("- ./details.bookinfo"),
        "{out}"
    );
}

#[test]
fn for_whom_is_asked_and_what_no_sidecar_governs_is_said() {
    let stage = Stage::new(|_, _| AdminAnswer::Refused);
    let gateway = format!("{}.istio-system", pod("istio-ingressgateway"));
    let dns = format!("{}.kube-system", pod("coredns"));
    let gateway_name = pod("istio-ingressgateway");
    let expected: [(&[&str], i32, &str); 7] = [
        (&["suggest"], 2, "for whom? Name a pod, or one namespace with -n"),
        (&["suggest", &gateway], 1, "is a gateway: no Sidecar counts for it"),
        (
            &["suggest", &gateway_name, "-n", "istio-system"],
            1,
            "is a gateway: no Sidecar counts for it",
        ),
        (
            &["suggest", "deploy/reviews-v1", "-n", "istio-system"],
            5,
            "in namespace 'istio-system'",
        ),
        (&["suggest", &dns], 1, "has no sidecar"),
        (
            &["suggest", "-n", "kube-system"],
            1,
            "no pod of namespace 'kube-system' would be governed",
        ),
        (&["suggest", "-n", "nosuch"], 5, "no namespace 'nosuch'"),
    ];
    for (arguments, code, words) in expected {
        let printed = stage.run(arguments);
        assert_eq!(printed.code, Some(code), "{arguments:?}: {printed:?}");
        assert!(
            printed.err.contains(words) && printed.out.is_empty(),
            "{arguments:?}: {printed:?}"
        );
        assert_eq!(printed.err.lines().count(), 1, "{printed:?}");
    }
}
