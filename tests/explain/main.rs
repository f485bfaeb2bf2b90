//! Every service of every world of the corpus is explained to every pod, in agreement with the pod's table; and every
//! reason that there is occurs in some world.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod questions;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sidescope::mesh::model::{Key, Text};
use sidescope::mesh::scope::{
    Barrier, Cache, EndpointTable, Explanation, Lack, NearMiss, Outcome, Passed, Preference, Reason, RouteMiss,
    Settings, Symptom, Unexplained, Withheld, explain,
};
use sidescope::mesh::world::World;
use sidescope::sources::files;

use self::words::Words;

fn files_in(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// Every world of the corpus; those in which istiod leaves something to chance, which no corpus can hold; and more, for
/// reasons that make no difference to a table.
fn worlds() -> Vec<PathBuf> {
    let corpus = files_in("tests/corpus")
        .into_iter()
        .map(|folder| folder.join("world.yaml"));
    let corpus = corpus.filter(|path| path.is_file());
    let more = ["tests/explain/chance", "tests/explain/more"];
    corpus.chain(more.into_iter().flat_map(files_in)).collect()
}

fn load(path: &Path) -> World {
    let mut world = World::default();
    for delta in files::load(path).unwrap().into_deltas() {
        world.apply(delta);
    }
    world
}

/// Names of reasons that were seen, by the enum they belong to.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, BTreeSet<&'static str>>);

impl Seen {
    fn note(&mut self, of: &'static str, id: &'static str) {
        self.0.entry(of).or_default().insert(id);
    }

    /// Those that were not seen.
    fn lacks(&self, of: &'static str, ids: &[&'static str]) -> Vec<String> {
        let seen = |id: &&&str| self.0.get(of).is_some_and(|seen| seen.contains(**id));
        let unseen = ids.iter().filter(|id| !seen(id));
        unseen.map(|id| format!("{of} {id}")).collect()
    }

    fn note_explanation(&mut self, explanation: &Explanation) {
        for (_, why) in &explanation.passed {
            self.note("Passed", why.id());
        }
        for candidate in &explanation.candidates {
            match &candidate.outcome {
                Outcome::Taken(reasons) => reasons.iter().for_each(|reason| self.note("Reason", reason.id())),
                Outcome::Merged => {}
                Outcome::Out(barriers) => barriers.iter().for_each(|barrier| self.note_barrier(barrier)),
            }
        }
        for answer in &explanation.clusters {
            answer.lack.iter().for_each(|lack| self.note("Lack", lack.id()));
            answer
                .withheld
                .iter()
                .for_each(|one| self.note("Withheld", one.why.id()));
        }
        explanation
            .port_lack
            .iter()
            .for_each(|lack| self.note("Lack", lack.id()));
        self.note("Symptom", explanation.symptom.id());
    }

    fn note_barrier(&mut self, barrier: &Barrier) {
        self.note("Barrier", barrier.id());
        if let Barrier::NoLine { near: Some(near), .. } = barrier {
            self.note("NearMiss", near.id());
        } else if let Barrier::OtherNamespace { because, .. } = barrier {
            self.note("Preference", because.id());
        } else if let Barrier::Route { miss, .. } = barrier {
            self.note("RouteMiss", miss.id());
        }
    }
}

/// What must hold of an explanation beside the table of the same pod.
fn check(name: &str, table: &EndpointTable, explanation: &Explanation) {
    let (pod, host) = (&explanation.pod, &explanation.host);
    let place = format!("{name}: {host} from {pod}: {explanation:#?}");
    assert_eq!(table.hosts.contains(host), explanation.is_in_scope(), "{place}");
    assert_eq!(table.governing, explanation.governing, "{place}");
    let taken = |outcome: &Outcome| matches!(outcome, Outcome::Taken(_));
    let count = explanation.candidates.iter().filter(|one| taken(&one.outcome)).count();
    assert_eq!(count, usize::from(explanation.is_in_scope()), "{place}");
    for candidate in &explanation.candidates {
        match &candidate.outcome {
            Outcome::Taken(reasons) => assert!(reasons.len() > 1, "{place}"),
            Outcome::Merged => {}
            Outcome::Out(barriers) => assert!(!barriers.is_empty(), "{place}"),
        }
    }
    let order = |rows: Vec<String>| {
        let mut rows = rows;
        rows.sort();
        rows
    };
    let of_table = table.rows.iter().filter(|row| row.cluster.host() == host.as_str());
    let explained = explanation.clusters.iter().flat_map(|answer| &answer.rows);
    let explained = explained.filter(|row| !row.cluster.host().is_empty());
    assert_eq!(
        order(of_table.map(|row| format!("{row:?}")).collect()),
        order(explained.map(|row| format!("{row:?}")).collect()),
        "{place}"
    );
    for answer in &explanation.clusters {
        assert_eq!(answer.rows.is_empty(), answer.lack.is_some(), "{place}");
    }
}

/// The explanation of a port that the service has, and of one that it has not, agree with that of all ports.
fn check_ports(cache: &mut Cache, world: &World, whole: &Explanation, seen: &mut Seen, words: &mut Words) {
    let mut ports: Vec<u32> = whole.ports.clone();
    ports.extend([80, 8080, 9080, 4]);
    for port in ports {
        let one = cache.explain(world, &whole.pod, &whole.host, Some(port)).unwrap();
        seen.note_explanation(&one);
        words.check_explanation(&one);
        let is_there = whole.ports.contains(&port);
        assert_eq!(one.is_in_scope(), is_there, "{}:{port} {one:#?}", whole.host);
        let wanted: Vec<_> = whole
            .clusters
            .iter()
            .filter(|answer| answer.port == port)
            .cloned()
            .collect();
        assert_eq!(one.clusters, wanted);
    }
}

#[test]
fn every_service_is_explained_to_every_pod_and_every_reason_occurs() {
    let (mut seen, mut words) = (Seen::default(), Words::default());
    for path in worlds() {
        let (name, world) = (path.display().to_string(), load(&path));
        let mut cache = Cache::new(Settings::default());
        let mut sights: BTreeMap<Text, BTreeSet<Key>> = BTreeMap::new();
        let mut tables = BTreeMap::new();
        for pod in world.pods.keys() {
            let Ok(table) = cache.table(&world, pod) else { continue };
            tables.insert(pod.clone(), Arc::clone(&table));
            words.check_table(&table);
            for row in table.rows.iter() {
                assert!(!row.why.chain.is_empty(), "{name}: {row:?}");
                row.why.chain.iter().for_each(|reason| seen.note("Reason", reason.id()));
            }
            let hidden = cache.hidden_hosts(&world, pod).unwrap();
            for host in hidden.iter().chain(table.hosts.iter()) {
                let explanation = cache.explain(&world, pod, host, None).unwrap();
                check(&name, &table, &explanation);
                seen.note_explanation(&explanation);
                words.check_explanation(&explanation);
                check_ports(&mut cache, &world, &explanation, &mut seen, &mut words);
                let pods = sights.entry(host.clone()).or_default();
                if explanation.is_in_scope() {
                    pods.insert(pod.clone());
                }
            }
        }
        questions::check(&name, &world, &mut cache, &tables);
        for (host, pods) in sights {
            let seers = cache.who_sees(&world, &host).into_iter();
            let seers = seers.filter(|(_, sight)| sight.is_in_scope(None)).map(|(pod, _)| pod);
            assert_eq!(seers.collect::<BTreeSet<Key>>(), pods, "{name}: who sees {host}");
        }
    }
    let lacks = [
        seen.lacks("Reason", Reason::IDS),
        seen.lacks("Passed", Passed::IDS),
        seen.lacks("Barrier", Barrier::IDS),
        seen.lacks("NearMiss", NearMiss::IDS),
        seen.lacks("Preference", Preference::IDS),
        seen.lacks("RouteMiss", RouteMiss::IDS),
        seen.lacks("Lack", Lack::IDS),
        seen.lacks("Withheld", Withheld::IDS),
        seen.lacks("Symptom", Symptom::IDS),
    ]
    .concat();
    // a row that only Envoy has is in no computed table
    assert_eq!(lacks, ["Reason onlyActual"]);
}

fn bookinfo() -> World {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/oncall-bookinfo-typo-hides-ratings/world.yaml"))
}

fn a_pod(world: &World, prefix: &str) -> Key {
    world
        .pods
        .keys()
        .find(|key| key.name.starts_with(prefix))
        .unwrap()
        .clone()
}

#[test]
fn a_short_name_is_completed_as_the_pods_resolver_does() {
    let world = bookinfo();
    let pod = a_pod(&world, "productpage");
    let full = format!("ratings.{}.svc.cluster.local", pod.namespace);
    let short = format!("ratings.{}", pod.namespace);
    let settings = Settings::default();
    for text in ["ratings", &short, &format!("{short}.svc"), &full, &format!("{full}.")] {
        let explanation = explain(&world, &pod, text, None, &settings).unwrap();
        assert_eq!(explanation.host, full.as_str(), "{text}");
    }
}

#[test]
fn a_host_that_no_object_has_is_said_to_be_none_with_all_that_there_are() {
    let world = bookinfo();
    let pod = a_pod(&world, "productpage");
    let Err(Unexplained::NoSuchHost(known, _)) = explain(&world, &pod, "nowhere", None, &Settings::default()) else {
        panic!("it was found");
    };
    assert!(known.iter().any(|host| host.starts_with("ratings.")), "{known:?}");
}

/// What the program says and how it ends.
fn run(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sidescope"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

const WORLD: &str = "tests/corpus/oncall-bookinfo-typo-hides-ratings/world.yaml";
const REVIEWS: &str = "reviews-v2-8k66fssqrt-lnrnb.bookinfo";

#[test]
fn explain_says_which_link_breaks_and_what_to_expect() {
    let (text, _, code) = run(&["explain", REVIEWS, "ratings:9080", "--from", WORLD]);
    assert_eq!(code, Some(1), "{text}");
    for part in [
        "ratings.bookinfo.svc.cluster.local:9080 is not in scope of reviews-v2-8k66fssqrt-lnrnb.bookinfo",
        "Governed by     Sidecar bookinfo/reviews",
        "Sidecar bookinfo/default: it has no selector, and one with a selector fits",
        "no host of egress[0] of Sidecar bookinfo/reviews fits: './rating.bookinfo.svc.cluster.local' is a letter or two off",
        "PassthroughCluster",
    ] {
        assert!(text.contains(part), "'{part}' is not in\n{text}");
    }
}

const LONELY: &str = "tests/explain/more/delegate-without-a-root.yaml";

#[test]
fn a_delegate_that_no_other_takes_in_is_said_to_import_nothing() {
    let (text, _, code) = run(&["explain", "web.shop", "pay.prod", "--from", LONELY]);
    assert_eq!(code, Some(1), "{text}");
    let barrier = "VirtualService shop/leaf sends to it, but has no hosts: it counts only as the delegate of another, and \
                   none takes it in";
    assert!(text.contains(barrier), "{text}");
    assert!(!text.contains("Port "), "{text}");
}

const REFUSED: &str = "tests/explain/more/delegates-refused.yaml";

#[test]
fn a_delegate_is_named_beside_its_root_and_what_a_root_refuses_is_told() {
    for (host, code, words) in [
        (
            "one.prod",
            0,
            "VirtualService prod/root, selected by egress[0], sends to it through its delegate VirtualService prod/fits",
        ),
        (
            "two.prod",
            1,
            "VirtualService prod/fits sends to it, but VirtualService prod/root, which delegates to it, drops the route: \
             their matches are at odds",
        ),
        (
            "three.prod",
            1,
            "VirtualService prod/root sends to it through its delegate VirtualService prod/fits, but to port 9999",
        ),
        (
            "four.prod",
            1,
            "VirtualService far/hidden sends to it, but it is not exported to the namespace of VirtualService prod/root",
        ),
    ] {
        let (text, _, ended) = run(&["explain", "web.shop", host, "--from", REFUSED]);
        assert_eq!(ended, Some(code), "{text}");
        assert!(text.contains(words) && !text.contains("none takes it in"), "{text}");
    }
    for (host, at) in [("one.prod", 1), ("three.prod", 1)] {
        let (json, _, _) = run(&["explain", "web.shop", host, "--from", REFUSED, "-o", "json"]);
        let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
        let reason = &answer["services"][0]["reasons"][at];
        assert_eq!(reason["object"]["name"], "root", "{answer}");
        assert_eq!(reason["delegates"][0]["name"], "fits", "{answer}");
    }
}

#[test]
fn a_port_that_no_service_has_is_said_beside_what_keeps_the_host_out() {
    let (text, _, code) = run(&["explain", "web.shop", "pay.prod:9999", "--from", LONELY]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("no host of egress[0] of Sidecar shop/default fits"),
        "{text}"
    );
    assert!(text.contains("Port 9999"), "{text}");
    let (json, _, _) = run(&["explain", "web.shop", "pay.prod:9999", "--from", LONELY, "-o", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(answer["portLack"]["rule"], "noSuchPort");
    assert_eq!(answer["services"][0]["outcome"], "notInScope");
}

#[test]
fn each_reason_of_endpoints_is_told_once_with_how_many_have_it() {
    let (text, _, _) = run(&["explain", "bill.prod", "pay", "--from", LONELY]);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let from = lines
        .iter()
        .position(|line| line.starts_with("outbound|80||pay.prod"))
        .unwrap();
    let slice = |name: &str| format!("listed by EndpointSlice prod/pay-{name}");
    assert_eq!(
        lines[from..from + 5],
        [
            "outbound|80||pay.prod.svc.cluster.local  4 endpoints".to_owned(),
            format!("10.0.1.1:8080          HEALTHY    for 2: {}; ready", slice("a")),
            "10.0.1.3:8080          HEALTHY".to_owned(),
            format!(
                "10.0.1.2:8080          UNHEALTHY  {}; not ready, but listed: istiod sends unready endpoints too",
                slice("a")
            ),
            format!("10.0.1.4:8080          HEALTHY    {}; ready", slice("b")),
        ],
        "{text}"
    );
}

#[test]
fn explain_ends_with_0_in_scope_1_not_2_misused_5_unknown() {
    let code = |pod: &str, host: &str| run(&["explain", pod, host, "--from", WORLD]).2;
    let productpage = "deploy/productpage-v1.bookinfo";
    assert_eq!(code(productpage, "reviews"), Some(0));
    assert_eq!(code(productpage, "reviews:9080"), Some(0));
    assert_eq!(code(productpage, "reviews:9081"), Some(1));
    assert_eq!(code(REVIEWS, "ratings"), Some(1));
    assert_eq!(code(productpage, "reviews:http"), Some(2));
    assert_eq!(code(productpage, "reviewz"), Some(5));
    assert_eq!(code("nobody.bookinfo", "reviews"), Some(5));
    let (_, error, _) = run(&["explain", productpage, "reviewz", "--from", WORLD]);
    assert!(
        error.contains("did you mean 'reviews.bookinfo.svc.cluster.local'?"),
        "{error}"
    );
}

#[test]
fn explain_as_json_has_every_link_with_its_rule_and_object() {
    let (text, _, _) = run(&["explain", REVIEWS, "ratings", "--from", WORLD, "-o", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["kind"], "Explanation");
    assert_eq!(answer["inScope"], false);
    assert_eq!(answer["sidecar"], "bookinfo/reviews");
    assert_eq!(answer["services"][0]["reasons"][0]["rule"], "noLine");
    assert_eq!(answer["services"][0]["reasons"][0]["object"]["name"], "reviews");
    assert_eq!(answer["symptom"]["rule"], "passthrough");
    let (text, _, _) = run(&[
        "explain",
        "deploy/productpage-v1.bookinfo",
        "reviews",
        "--from",
        WORLD,
        "-o",
        "json",
    ]);
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["inScope"], true);
    assert_eq!(answer["items"][0]["endpoints"][0]["status"], "HEALTHY");
    assert_eq!(answer["items"][0]["endpoints"][0]["reasons"][0]["rule"], "governed");
}

#[test]
fn who_sees_lists_workloads_or_pods_that_have_the_host_in_scope() {
    let (text, _, code) = run(&["who-sees", "ratings.bookinfo:9080", "--from", WORLD]);
    assert_eq!(code, Some(0));
    assert!(text.contains("deployment/productpage-v1"), "{text}");
    assert!(!text.contains("deployment/reviews"), "{text}");
    let (text, _, _) = run(&["who-sees", "ratings", "--from", WORLD, "-o", "name"]);
    assert!(
        text.lines().any(|line| line.starts_with("pod/productpage-v1-")),
        "{text}"
    );
    assert!(!text.contains("reviews-"), "{text}");
    assert_eq!(run(&["who-sees", "ratings:1", "--from", WORLD]).2, Some(1));
    assert_eq!(run(&["who-sees", "nothing", "--from", WORLD]).2, Some(5));
}
