//! `traffic --exec`: a tcpdump in a container, where there is one and may be one, and where not.

use std::io::Read as _;

use sidescope::demo::options::{Rights, Rule};
use sidescope::mesh::model::Key;
use sidescope::runtime::exec::{Words, of_container};

use crate::stage::{Printed, Stage, clusters, pod};

const LINES: &str = include_str!("../captures/ethernet.txt");
const TO_9080: &str = include_str!("../captures/ethernet.dst-9080.txt");

fn stage() -> Stage {
    Stage::new(|_, _| clusters(&[]))
}

#[test]
fn packets_of_a_container_are_printed_as_tcpdump_prints_them() {
    let (stage, pod) = (stage(), pod("reviews-v1"));
    let all = stage.run(&["traffic", &pod, "--exec", "reviews", "-o", "packets", "--utc"]);
    assert_eq!((all.code, all.err.as_str()), (Some(0), ""));
    assert_eq!(all.out, LINES);
    let some = stage.run(&[
        "traffic",
        &pod,
        "--exec",
        "reviews",
        "-o",
        "packets",
        "--utc",
        "--dst-port",
        "9080",
    ]);
    assert_eq!((some.code, some.out.as_str()), (Some(0), TO_9080));
}

#[test]
fn packets_of_a_container_are_joined_to_endpoints() {
    let (stage, pod) = (stage(), pod("reviews-v2"));
    let Printed { out, err, code } = stage.run(&["traffic", &pod, "--exec", "reviews"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("  <- ") && out.contains("\nELSEWHERE "), "{out}");
}

#[test]
fn where_there_is_no_tcpdump_or_it_may_not_capture_the_line_that_works_is_said() {
    let (stage, reviews, front) = (stage(), pod("reviews-v2"), pod("productpage"));
    let debug = |pod: &str, container: &str| {
        format!(
            " debug {pod} -q -i --image=nicolaka/netshoot --profile=netadmin --target={container} -- tcpdump -n -U -s 256 -w - \
             'tcp and dst port 9080' | sidescope --kubeconfig "
        )
    };
    let cases = [
        (
            &reviews,
            "istio-proxy",
            1,
            "has no tcpdump; this works: kubectl --kubeconfig ",
        ),
        (
            &front,
            "productpage",
            3,
            "may not capture (no NET_RAW); this works: kubectl --kubeconfig ",
        ),
    ];
    for (pod, container, code, words) in cases {
        for output in ["table", "packets"] {
            let arguments = ["traffic", pod, "--exec", container, "--dst-port", "9080", "-o", output];
            let printed = stage.run(&arguments);
            assert_eq!((printed.code, printed.out.as_str()), (Some(code), ""), "{printed:?}");
            let line = printed.err.trim_end();
            assert!(
                line.starts_with(&format!("error: container '{container}' of pod '{pod}' {words}")),
                "{line}"
            );
            assert!(line.contains(&debug(pod, container)), "{line}");
            assert!(
                line.ends_with(&format!(" traffic {pod}.bookinfo --pcap - --dst-port 9080")),
                "{line}"
            );
            assert_eq!(line.lines().count(), 1);
        }
    }
}

#[test]
fn other_ends_are_said_in_tcpdumps_own_words_and_strange_containers_in_the_servers() {
    let (stage, ratings) = (stage(), pod("ratings"));
    let odd = stage.run(&["traffic", &ratings, "--exec", "ratings"]);
    assert_eq!(odd.code, Some(3), "{odd:?}");
    assert!(odd.err.ends_with(": tcpdump: cannot use that device\n"), "{odd:?}");
    let none = stage.run(&["traffic", &ratings, "--exec", "nosuch"]);
    assert_eq!(none.code, Some(5));
    let words = format!(
        "error: container nosuch is not valid for pod {ratings}; see 'kubectl -n bookinfo describe pod {ratings}'\n"
    );
    assert_eq!(none.err, words);
    let both = stage.run(&["traffic", &ratings, "--exec", "ratings", "--iface", "eth0"]);
    assert_eq!(both.code, Some(2));
    let nobody = stage.run(&["traffic", "--exec", "ratings", "-o", "packets"]);
    assert_eq!(nobody.code, Some(2));
}

#[test]
fn without_the_right_to_exec_the_line_that_grants_it_is_said() {
    let pod = pod("reviews-v1");
    for verb in ["create", "get"] {
        let rights = Rights::AllBut(vec![Rule::new(&[verb], &["pods/exec"], &[])]);
        let stage = Stage::with(rights, |_, _| clusters(&[]));
        let printed = stage.run(&["traffic", &pod, "--exec", "reviews", "-o", "packets"]);
        assert_eq!((printed.code, printed.err.lines().count()), (Some(3), 1), "{printed:?}");
        let grants = "; this grants it: kubectl -n bookinfo create role exec --verb=get,create --resource=pods/exec && \
                      kubectl -n bookinfo create rolebinding exec --role=exec --user=oncall";
        assert!(printed.err.contains(grants), "{printed:?}");
    }
}

/// What the screen's capture reads, and what it says at its end.
fn screens(stage: &Stage, container: &str) -> (std::io::Result<Vec<u8>>, Option<String>) {
    let words = Words {
        refused: Box::new(|failure| format!("refused: {failure}")),
        ended: Box::new(|end| Some(format!("{end:?}"))),
    };
    let key = Key::new("bookinfo", pod("reviews-v1"));
    let client = stage.client();
    let packets = of_container(client, key, container.to_owned(), None, words);
    let tokio = stage.tokio();
    let reading = std::thread::spawn(move || {
        let _inside = tokio.enter();
        let bytes = (packets.open)().and_then(|mut from| {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).map(|_| bytes)
        });
        (bytes, (packets.last_words)())
    });
    reading.join().unwrap()
}

#[test]
fn the_screen_reads_the_same_bytes_and_hears_the_same_ends() {
    let stage = stage();
    let (bytes, end) = screens(&stage, "reviews");
    assert_eq!(bytes.unwrap(), include_bytes!("../captures/ethernet.pcap"));
    assert_eq!(end.as_deref(), Some("Done"));
    let (bytes, end) = screens(&stage, "istio-proxy");
    assert_eq!((bytes.unwrap().len(), end.as_deref()), (0, Some("NoProgram")));
    let (bytes, end) = screens(&stage, "nosuch");
    assert!(bytes.unwrap_err().to_string().starts_with("refused: "));
    assert_eq!(end, None, "what never began has no end");
    let nobody = stage.run(&["--exec", "reviews"]);
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.err.contains("name it with --pod NAME.NAMESPACE"), "{nobody:?}");
}
