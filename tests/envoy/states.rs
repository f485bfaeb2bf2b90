//! Envoys that cannot be asked: each a line with what to do next and its exit code, whatever asks.

use std::sync::mpsc;

use sidescope::demo::admin::AdminAnswer;
use sidescope::demo::options::{Rights, Rule};

use crate::stage::{Printed, Stage, clusters, pod};

/// All that ask an Envoy, of one pod, without much of a wait.
fn commands(pod: &str) -> [Vec<&str>; 4] {
    [
        vec!["endpoints", pod, "--live"],
        vec!["endpoints", pod, "--wait=1s"],
        vec!["traffic", pod, "--for", "1s"],
        vec!["suggest", pod, "--for", "0"],
    ]
}

/// One line on standard error, nothing on standard output, this code and these words.
#[track_caller]
fn refused(stage: &Stage, arguments: &[&str], code: i32, words: &str) {
    let printed = stage.run(arguments);
    let Printed { out, err, code: was } = &printed;
    assert_eq!(*was, Some(code), "{arguments:?}: {printed:?}");
    assert!(out.is_empty() && err.lines().count() == 1, "{arguments:?}: {printed:?}");
    assert!(err.contains(words), "{arguments:?}: '{words}' is not in {err}");
}

#[test]
fn without_the_right_to_forward_the_line_that_grants_it_is_said() {
    let grants = "; this grants it: kubectl -n bookinfo create role forward --verb=get,create --resource=pods/portforward && \
                  kubectl -n bookinfo create rolebinding forward --role=forward --user=oncall";
    let pod = pod("productpage");
    // a WebSocket asks for both
    for verb in ["create", "get"] {
        let rights = Rights::AllBut(vec![Rule::new(&[verb], &["pods/portforward"], &[])]);
        let stage = Stage::with(rights, |_, _| clusters(&[]));
        for arguments in commands(&pod) {
            refused(&stage, &arguments, 3, grants);
        }
    }
}

#[test]
fn pods_without_an_envoy_are_said_to_have_none() {
    let stage = Stage::new(|_, _| clusters(&[]));
    let dns = format!("{}.kube-system", pod("coredns"));
    for arguments in commands(&dns) {
        refused(&stage, &arguments, 1, "has no sidecar: is its namespace labelled");
    }
    for arguments in commands("nosuch") {
        refused(&stage, &arguments, 5, "no pod 'nosuch' in namespace 'bookinfo'");
    }
}

#[test]
fn what_an_admin_port_answers_instead_of_clusters_is_said() {
    let half = AdminAnswer::json(r#"{"cluster_statuses":[{"name":"outbound|9080||reviews","host_statuses":["#);
    let troubles = [
        (AdminAnswer::Refused, "is the proxy of pod 'productpage-v1-"),
        (
            AdminAnswer::text(503, "no healthy upstream\n"),
            "Envoy answers 503: no healthy upstream",
        ),
        (
            AdminAnswer::text(200, "upstream connect error"),
            "Envoy's answer cannot be read: expected value at line 1",
        ),
        (half, "Envoy's answer cannot be read: EOF while parsing"),
    ];
    let pod = pod("productpage");
    for (answer, words) in troubles {
        let stage = Stage::new(move |_, _| answer.clone());
        for arguments in commands(&pod) {
            refused(&stage, &arguments, 3, words);
        }
    }
}

#[test]
fn an_admin_port_elsewhere_is_asked_there() {
    let stage = Stage::new(|_, _| clusters(&[]));
    let pod = pod("productpage");
    for mut arguments in commands(&pod) {
        arguments.extend(["--proxy-admin-port", "15999"]);
        refused(&stage, &arguments, 3, "is the proxy of pod 'productpage-v1-");
    }
}

#[test]
fn a_pod_that_goes_while_its_envoy_is_watched_is_said() {
    let pod = pod("productpage");
    let watching: [(&[&str], i32, &str); 2] = [
        (&["traffic", &pod, "--for", "2s"], 3, "nothing listens any more"),
        (&["endpoints", &pod, "--wait=20s"], 5, "no pod 'productpage-v1-"),
    ];
    for (arguments, code, words) in watching {
        let (first, seen) = mpsc::channel();
        let stage = Stage::new(move |_, nth| {
            let _ = first.send(nth);
            if nth == 0 { clusters(&[]) } else { AdminAnswer::Refused }
        });
        let child = stage.start(arguments);
        seen.recv().unwrap();
        stage.remove(&pod);
        let printed = Printed::from(child.wait_with_output().unwrap());
        assert_eq!(printed.code, Some(code), "{arguments:?}: {printed:?}");
        assert!(
            printed.err.contains(words) && printed.err.lines().count() == 1,
            "{printed:?}"
        );
        assert_eq!(printed.out, "");
    }
}
