//! Drafts (`--with`) through the real program: what `kubectl apply` would refuse is said, by `diff` and `lint` alike.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const WORLD: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: istio-system}}
---
{apiVersion: v1, kind: Service, metadata: {name: cart, namespace: shop}, spec: {clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}}
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  annotations: {sidecar.istio.io/status: '{\"revision\":\"default\"}'}
spec:
  containers: [{name: istio-proxy, image: istio/proxyv2:1.31.0, args: [proxy, sidecar]}]
status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}
";

struct Stage(TempDir);

impl Stage {
    fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        fs::write(stage.path("world.yaml"), WORLD).unwrap();
        stage
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// What both commands say of a draft.
    fn both(&self, draft: &str, more: &[&str]) -> [Output; 2] {
        fs::write(self.path("draft.yaml"), draft).unwrap();
        let (world, draft) = (self.path("world.yaml"), self.path("draft.yaml"));
        let with = ["--from", &world, "--with", &draft];
        let diff = run(&[&["diff", "web.shop"], &with[..], more].concat(), None);
        [diff, run(&[&["lint"], &with[..], more].concat(), None)]
    }
}

fn run(arguments: &[&str], input: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
    command.args(arguments).env_remove("KUBECONFIG").stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.unwrap_or_default().as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn sidecar(metadata: &str, spec: &str) -> String {
    format!("apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n")
}

#[test]
fn a_field_that_the_schema_does_not_have_is_one_line_and_exit_code_2() {
    let stage = Stage::new();
    let draft = sidecar("name: a, namespace: shop", "egres: [{hosts: ['./*']}]");
    for output in stage.both(&draft, &[]) {
        let file = stage.path("draft.yaml");
        let line = format!(
            "error: '{file}': Sidecar shop/a: unknown field 'spec.egres', did you mean 'egress'? (checked against Istio 1.31)\n"
        );
        assert_eq!((output.status.code(), said(&output)), (Some(2), line));
        assert!(output.stdout.is_empty());
    }
    let from = stage.path("world.yaml");
    let output = run(&["lint", "--from", &from, "--with", "-"], Some(&draft));
    assert!(
        said(&output).starts_with("error: 'standard input': Sidecar shop/a: unknown field"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_kind_that_is_not_read_is_named_with_the_nearest_that_is() {
    let stage = Stage::new();
    let draft = sidecar("name: a", "").replace("Sidecar", "Sidcar");
    for output in stage.both(&draft, &[]) {
        let wanted = "holds no object that a rule reads, only Sidcar.networking.istio.io: did you mean 'Sidecar'?\n";
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).ends_with(wanted), "{}", said(&output));
    }
}

#[test]
fn a_dump_may_have_fields_that_we_do_not_know() {
    let stage = Stage::new();
    let odd = sidecar("name: a, namespace: shop", "egres: [{hosts: ['./*']}]");
    fs::write(stage.path("world.yaml"), format!("{WORLD}\n---\n{odd}")).unwrap();
    for output in stage.both(&sidecar("name: b, namespace: shop", ""), &[]) {
        assert_ne!(output.status.code(), Some(2), "{}", said(&output));
    }
}

#[test]
fn a_namespace_that_is_not_there_is_a_warning_beside_the_answer() {
    let stage = Stage::new();
    let draft = sidecar("name: a, namespace: shopp", "egress: [{hosts: ['./*']}]");
    let warned = "kubectl apply would refuse Sidecar shopp/a: no namespace 'shopp': did you mean 'shop'?";
    for output in stage.both(&draft, &["-o", "json"]) {
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
        assert!(
            said(&output).contains(&format!("warning: {warned}\n")),
            "{}",
            said(&output)
        );
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["warnings"], serde_json::json!([warned]));
    }
    let whole = format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: shopp}}}}\n---\n{draft}");
    for output in stage.both(&whole, &[]) {
        assert!(!said(&output).contains("warning:"), "{}", said(&output));
    }
}

#[test]
fn a_draft_that_names_no_namespace_says_where_it_went_and_why() {
    let stage = Stage::new();
    let draft = sidecar("name: a", "egress: [{hosts: ['./*']}]");
    let notes = |more: &[&str]| stage.both(&draft, more).map(|output| said(&output));
    let [diff, lint] = notes(&[]);
    assert!(
        diff.contains("note: Sidecar 'a' names no namespace: taken as one of 'shop', where the pod is"),
        "{diff}"
    );
    assert!(
        lint.contains("taken as one of 'default', since -n says nothing"),
        "{lint}"
    );
    for said in notes(&["-n", "istio-system"]) {
        assert!(said.contains("taken as one of 'istio-system', as -n says"), "{said}");
    }
}

/// Every field of a draft or a world that somebody wrote is one that a real API server took.
#[test]
fn no_field_of_the_corpus_is_refused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let is_random = |folder: &Path| folder.file_name().unwrap().to_str().unwrap().starts_with("random");
    let folders = folders.filter(|folder| !is_random(folder));
    let files = folders.flat_map(|folder| ["world.yaml", "draft.yaml"].map(|name| folder.join(name)));
    let mut read = 0;
    for path in files.filter(|path| path.is_file()) {
        let loaded = sidescope::sources::files::load_draft(&path).unwrap();
        let refused: Vec<String> = loaded.refused.iter().map(ToString::to_string).collect();
        assert!(refused.is_empty(), "{refused:#?}");
        read += loaded.objects.len();
    }
    assert!(read > 1_000, "{read}");
}

#[test]
fn what_the_api_server_refuses_is_one_line_and_exit_code_2() {
    let stage = Stage::new();
    let named = "name: a, namespace: shop";
    let long = "x".repeat(100_000);
    for (draft, words) in [
        (
            sidecar(named, "outboundTrafficPolicy: {mode: FOO}"),
            "Sidecar shop/a: 'spec.outboundTrafficPolicy.mode' cannot be 'FOO', there are REGISTRY_ONLY, ALLOW_ANY (checked against Istio 1.31)",
        ),
        (
            sidecar(named, "egress: [{hosts: ['./*']}], egress: [{hosts: ['~/*']}]"),
            "document 1, line 4: duplicate field 'egress': leave only one of them",
        ),
        (
            sidecar(named, "").replace("/v1", "/v9"),
            "'apiVersion' cannot be 'networking.istio.io/v9', did you mean 'networking.istio.io/v1'?",
        ),
        (
            sidecar(named, "egress: [{port: {number: 70000}, hosts: ['./*']}]"),
            "'spec.egress[0].port.number' is 70000, the most is 65535",
        ),
        (
            sidecar(named, "egress: [{hosts: [*/*]}]"),
            "put the value in quotes, as in '\"*/*\"'",
        ),
        (
            sidecar(named, "").replace("networking.istio.io/", ""),
            "only Sidecar: did you mean apiVersion 'networking.istio.io/v1'?",
        ),
        (
            sidecar(&format!("name: {long}, namespace: shop"), ""),
            "'metadata.name' cannot be 'xxxx",
        ),
        (String::new(), "a draft is a manifest, as 'kubectl apply -f' takes it"),
        ("# nothing\n---\n".to_owned(), "a draft is a manifest"),
    ] {
        for output in stage.both(&draft, &[]) {
            let line = said(&output);
            assert_eq!(output.status.code(), Some(2), "{line}");
            assert!(output.stdout.is_empty());
            assert!(line.contains(words), "{line}");
            assert!(line.lines().count() == 1 && line.len() < 700, "{line}");
        }
    }
}

#[test]
fn what_is_only_proposed_is_marked_and_hosts_addresses_and_ports_are_told() {
    let stage = Stage::new();
    let draft = sidecar("name: a, namespace: shop", "egress: [{hosts: ['~/*']}]");
    let [diff, _] = stage.both(&draft, &[]);
    assert!(
        said(&diff).contains("governed by Sidecar shop/a (draft), was no Sidecar"),
        "{}",
        said(&diff)
    );
    let world = stage.path("world.yaml");
    let ask = |arguments: &[&str]| {
        let output = run(&[arguments, &["--from", &world]].concat(), None);
        (output.status.code(), said(&output))
    };
    for (arguments, code, words) in [
        (
            &["who-sees", "cart.shop:81"][..],
            1,
            "no pod has 'cart.shop:81' in scope: the service has no such port: it has 80",
        ),
        (
            &["who-sees", "10.1.0.1"],
            5,
            "it is the address of Service shop/cart, ask for the name",
        ),
        (
            &["explain", "web.shop", "10.0.0.1"],
            5,
            "it is the address of Pod shop/web, ask for the name",
        ),
        (
            &["explain", "web.shop", "api.example.com"],
            5,
            "requests leave through PassthroughCluster",
        ),
    ] {
        let (ended, line) = ask(arguments);
        assert_eq!(ended, Some(code), "{line}");
        assert!(line.contains(words), "{line}");
    }
    let (ended, line) = ask(&["explain", "web.shop", "10.1.0.1"]);
    assert_eq!((ended, line.contains("Passthrough")), (Some(0), false), "{line}");
    let pod = WORLD.replace("{name: cart, namespace: shop}", "{name: cart, namespace: other}");
    fs::write(&world, pod).unwrap();
    let (ended, line) = ask(&["explain", "web.shop", "cart"]);
    assert_eq!(ended, Some(5));
    assert!(line.contains("did you mean 'cart.other.svc.cluster.local'?"), "{line}");
    assert_eq!(ask(&["explain", "web.shop", "cart.other"]).0, Some(0));
    assert_eq!(ask(&["explain", "web.shop", "cart.other.svc"]).0, Some(0));
}

#[test]
fn what_is_said_twice_counts_once() {
    let stage = Stage::new();
    let one = sidecar("name: a, namespace: shop", "egress: [{hosts: ['~/*']}]");
    let [diff, _] = stage.both(&format!("{one}---\n{one}"), &[]);
    let text = said(&diff);
    assert!(text.contains("governed by Sidecar shop/a (draft), was"), "{text}");
    let world = stage.path("world.yaml");
    let service = "service/shop/cart";
    let gone = [
        "diff",
        "web.shop",
        "--without",
        service,
        "--without",
        service,
        "--from",
        &world,
    ];
    let output = run(&gone, None);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let once = run(&["diff", "web.shop", "--without", service, "--from", &world], None);
    assert_eq!(output.stdout, once.stdout);
}

/// What the address of a Service leads to is the Service: its virtual host has it as a domain.
#[test]
fn the_address_of_a_service_is_explained_as_the_service() {
    let stage = Stage::new();
    let world = stage.path("world.yaml");
    let out = |arguments: &[&str]| {
        let output = run(&[arguments, &["--from", &world]].concat(), None);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = out(&["explain", "web.shop", "10.1.0.1:80"]);
    assert_eq!(code, Some(0), "{text}");
    let first =
        "10.1.0.1 is the address of Service shop/cart\ncart.shop.svc.cluster.local:80 is in scope of web.shop\n";
    assert!(text.starts_with(first), "{text}");
    assert_eq!(out(&["explain", "web.shop", "10.1.0.1:81"]).0, Some(1));
    let (_, json) = out(&["explain", "web.shop", "10.1.0.1", "-o", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(answer["host"], "cart.shop.svc.cluster.local");
    assert_eq!(answer["address"]["ip"], "10.1.0.1");
    assert_eq!(answer["address"]["object"]["name"], "cart");
    let hidden = sidecar("name: a, namespace: shop", "egress: [{hosts: ['~/*']}]");
    fs::write(&world, format!("{WORLD}\n---\n{hidden}")).unwrap();
    let (code, text) = out(&["explain", "web.shop", "10.1.0.1"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("egress[0] of Sidecar shop/a"), "{text}");
}

#[test]
fn hosts_that_the_webhook_refuses_are_one_warning_and_the_answer_is_given_all_the_same() {
    let stage = Stage::new();
    let hosts =
        "egress: [{hosts: [reviews, './*', './ratings', 'shop/*x.com', 'a/b/c', 'shop/*.x.com', 'shop/a.x.com']}]";
    let draft = sidecar("name: a, namespace: shop", hosts);
    let [diff, lint] = stage.both(&draft, &[]);
    let said = said(&diff);
    let warned = said.lines().filter(|line| line.starts_with("warning: "));
    assert_eq!(
        warned.collect::<Vec<_>>(),
        [
            "warning: kubectl apply would refuse this: Sidecar shop/a: 'reviews', './ratings', 'shop/*x.com' and 1 more: write \
          NAMESPACE/NAME in full, NAMESPACE/*.NAME or NAMESPACE/*"
        ],
        "{said}"
    );
    assert!(
        matches!(diff.status.code(), Some(0 | 1)),
        "the code is that of the difference: {said}"
    );
    assert_eq!(lint.status.code(), Some(1), "SC011 is an error");
}
