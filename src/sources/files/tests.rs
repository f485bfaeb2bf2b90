//! One object in every form that a dump has, and what is said of texts that are none.

use std::fmt::Write;

use super::*;
use crate::mesh::model::{Key, Text};
use crate::mesh::world::World;

fn load_text(text: &str) -> Result<Loaded, LoadError> {
    let mut loader = Loader::default();
    loader.add_bytes("dump", text.as_bytes())?;
    Ok(loader.finish())
}

fn names(loaded: &Loaded) -> Vec<String> {
    let names = loaded.objects.iter();
    names
        .map(|object| format!("{} {}", object.kind().name(), object.key()))
        .collect()
}

#[test]
fn every_form_of_a_dump_gives_the_same_objects() {
    let forms = [
        "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n---\nkind: Node\napiVersion: v1\nmetadata:\n  name: b\n",
        "# first\n---\n# nothing\n---\napiVersion: v1\nkind: Node\nmetadata: {name: a}\n--- # second\nkind: Node\napiVersion: v1\nmetadata: {name: b}\n...\n",
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Node\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Node\n  metadata: {name: b}\nkind: List\nmetadata: {resourceVersion: ''}\n",
        "apiVersion: v1\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\nkind: NodeList\n",
        "- {apiVersion: v1, kind: Node, metadata: {name: a}}\n- {apiVersion: v1, kind: Node, metadata: {name: b}}\n",
        r#"{"kind":"NodeList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}"#,
        r#" { "items": [{"kind":"Node","apiVersion":"v1","metadata":{"name":"a"}}, {"kind":"Node","apiVersion":"v1","metadata":{"name":"b"}}], "kind": "List", "apiVersion": "v1" }"#,
        "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}\n{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"b\"}}\n",
        r#"[{"kind":"Node","apiVersion":"v1","metadata":{"name":"a"}},{"kind":"Node","apiVersion":"v1","metadata":{"name":"b"}}]"#,
        "\u{feff}apiVersion: v1\r\nkind: Node\r\nmetadata: {name: a}\r\n---\r\napiVersion: v1\r\nkind: Node\r\nmetadata: {name: b}\r\n",
    ];
    for form in forms {
        let loaded = load_text(form).unwrap();
        assert_eq!(names(&loaded), ["Node a", "Node b"], "{form}");
        assert_eq!((loaded.diagnostics.len(), loaded.skipped.len()), (0, 0), "{form}");
    }
}

#[test]
fn every_served_version_is_the_same_kind() {
    let texts = ["v1", "v1beta1", "v1alpha3"].map(|version| {
        format!("apiVersion: networking.istio.io/{version}\nkind: Sidecar\nmetadata: {{name: default, namespace: {version}}}\n")
    });
    let loaded = load_text(&texts.join("---\n")).unwrap();
    assert_eq!(
        names(&loaded),
        [
            "Sidecar v1/default",
            "Sidecar v1beta1/default",
            "Sidecar v1alpha3/default"
        ]
    );
}

#[test]
fn what_is_not_read_is_counted_by_name() {
    let loaded = load_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\napiVersion: v1\nkind: SecretList\nitems: [{metadata: {name: b}}]\n\
         ---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: c}\n---\nreplicas: 3\n---\n7\n\
         ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: {a: b}\n\
         ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\ndata: {mesh: 'rootNamespace: r'}\n\
         ---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: reviews}\nspec: {template: {spec: {containers: [{name: app}]}}}\n",
    )
    .unwrap();
    let skipped: Vec<_> = loaded
        .skipped
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    assert_eq!(
        skipped,
        [
            ("ConfigMap", 1),
            ("Deployment", 1),
            ("Secret", 2),
            ("StatefulSet.apps", 1),
            (NOT_AN_OBJECT, 2)
        ]
    );
    assert_eq!(names(&loaded), ["ConfigMap istio"]);
}

#[test]
fn broken_document_is_one_error_with_document_and_line() {
    let text =
        "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n---\n\n---\napiVersion: v1\nkind: Node\nmetadata: {name: b\n";
    let error = load_text(text).unwrap_err().to_string();
    assert!(error.starts_with("'dump', document 2, line 9: "), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    let error = load_text("{\"kind\":\"Node\"}\n{\"kind\":\n\"Node\",}\n")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("'dump', document 2, line 3: "), "{error}");
    let mut loader = Loader::default();
    let error = loader.add_bytes("dump", b"kind: A\n\xff").unwrap_err().to_string();
    assert_eq!(error, "'dump', document 1, line 2: no UTF-8 text: save it as UTF-8");
}

#[test]
fn strange_object_is_a_diagnostic_and_the_rest_is_read() {
    let loaded = load_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: 1, 2: b}}\n---\napiVersion: v1\nkind: Pod\nspec: {}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n}\n",
    )
    .unwrap();
    assert_eq!(names(&loaded), ["Pod p", "Node n"]);
    let said = loaded.diagnostics.iter();
    let said: Vec<_> = said.map(|one| (one.path.as_str(), one.is_lost)).collect();
    assert_eq!(said, [("metadata.labels.a", false), ("metadata.name", true)]);
    assert_eq!(loaded.objects[0].meta().labels.get("2"), Some(&Text::from("b")));
}

#[test]
fn folder_is_read_in_order_of_names_without_what_is_no_dump() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("b.yaml", "{apiVersion: v1, kind: Node, metadata: {name: b}}");
    write(
        "a/deep/x.json",
        r#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}"#,
    );
    write("notes.txt", "{{{");
    write(".hidden/c.yaml", "{{{");
    let loaded = load(folder.path()).unwrap();
    assert_eq!(names(&loaded), ["Node a", "Node b"]);

    write("b.yaml", "metadata: [");
    let error = load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("b.yaml', document 1, line 1: "), "{error}");

    let error = load(&folder.path().join("none.yaml")).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot read '") && error.contains("none.yaml'"),
        "{error}"
    );
    write("empty/values.yaml", "replicas: 3\n");
    let error = load(&folder.path().join("empty")).unwrap_err().to_string();
    assert!(error.starts_with("no Kubernetes object in '"), "{error}");
}

#[test]
fn dump_makes_a_complete_world() {
    let mut world = World::default();
    let loaded =
        load_text("apiVersion: v1\nkind: List\nitems: []\n---\n{apiVersion: v1, kind: Node, metadata: {name: n}}")
            .unwrap();
    for delta in loaded.into_deltas() {
        world.apply(delta);
    }
    assert_eq!(world.coverage.pending(Kind::ALL).count(), 0);
    assert_eq!(world.coverage.gaps(Kind::ALL).count(), 0);
    assert!(world.nodes.get(&Key::new("", "n")).is_some());
}

#[test]
fn pods_in_every_state_have_the_words_that_kubectl_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/kubectl/pods");
    let table = std::fs::read_to_string(folder.join("pods-wide.txt")).unwrap();
    let loaded = load(&folder.join("world.yaml")).unwrap();
    assert_eq!(loaded.diagnostics, []);
    let mut world = World::default();
    for delta in loaded.into_deltas() {
        world.apply(delta);
    }
    let mut lines = table.lines();
    let header = lines.next().unwrap();
    let cell = |line: &str, column: &str, next: &str| {
        let (from, to) = (header.find(column).unwrap(), header.find(next).unwrap_or(line.len()));
        line[from..to].trim_end().to_owned()
    };
    let or_none = |text: &str| {
        if text.is_empty() {
            "<none>".to_owned()
        } else {
            text.to_owned()
        }
    };
    let mut seen = 0;
    for line in lines {
        let key = Key::new("states", cell(line, "NAME", "READY"));
        let (pod, printed) = world.pods.get(&key).map(|pod| (pod, &pod.printed)).unwrap();
        let gates = printed.gates.map(|(open, all)| format!("{open}/{all}"));
        let restarts = cell(line, "RESTARTS", "AGE");
        assert_eq!(
            cell(line, "READY", "STATUS"),
            format!("{}/{}", printed.ready, printed.total),
            "{key}"
        );
        assert_eq!(cell(line, "STATUS", "RESTARTS"), printed.status.as_str(), "{key}");
        assert_eq!(
            restarts.split(' ').next().unwrap(),
            printed.restarts.to_string(),
            "{key}"
        );
        assert_eq!(
            restarts.contains("ago"),
            printed.restarts > 0 && printed.last_restart.is_some(),
            "{key}"
        );
        assert_eq!(
            cell(line, "IP", "NODE "),
            or_none(pod.ips.first().map_or("", |ip| ip)),
            "{key}"
        );
        assert_eq!(cell(line, "NODE ", "NOMINATED"), or_none(&pod.node), "{key}");
        assert_eq!(
            cell(line, "NOMINATED", "READINESS"),
            or_none(&printed.nominated_node),
            "{key}"
        );
        assert_eq!(
            cell(line, "READINESS", "END"),
            or_none(&gates.unwrap_or_default()),
            "{key}"
        );
        seen += 1;
    }
    assert!(seen > 40, "only {seen} pods were recorded");
}

#[test]
fn a_stream_of_yaml_documents_may_begin_with_one_in_json() {
    let namespace = |name: &str| format!(r#"{{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{name}"}}}}"#);
    let loaded = load_text(&format!("{}\n---\n{}\n", namespace("a"), namespace("b"))).unwrap();
    assert_eq!(loaded.objects.len(), 2);
}

#[test]
fn a_packed_dump_is_one_error_that_says_how_to_unpack_it() {
    let error = Loader::default()
        .add_bytes("dump.gz", &[0x1f, 0x8b, 8, 0, 0xff])
        .unwrap_err();
    assert!(error.to_string().contains("zcat"), "{error}");
}

/// Texts that are no YAML or JSON, or too much of it, in words that name neither a parser nor its insides.
#[test]
fn what_is_wrong_with_a_text_is_said_plainly() {
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (before, name) in ('a'..='i').zip('b'..='j') {
        let nine = vec![format!("*{before}"); 9].join(",");
        writeln!(bomb, "{name}: &{name} [{nine}]").unwrap();
    }
    let deep = format!("kind: X\na: {}{}", "[".repeat(1_000), "]".repeat(1_000));
    for (text, words) in [
        (&*bomb, "its aliases ('*NAME') stand for more than can be read"),
        (&deep, "nested deeper than any object is"),
        ("hosts:\n- */*\n", "put the value in quotes, as in '\"*/*\"'"),
        ("metadata: name: a\n", "a ': ' where no further value can be"),
        ("metadata:\n\tname: a\n", "a tab in the indentation: use spaces"),
        ("a: {b: c\nd: e\n", "a '{' that is not closed"),
        ("a: [b\nd: e\n", "a ':' where none can be"),
        ("a:\n  b: c\n d: e\n", "it does not line up with the lines above"),
        ("a: \"b\n", "a quote that is not closed"),
        ("{\"kind\": \"A\",", "it ends too early"),
        ("{\"kind\": \"A\"} trailing", "take out what is too much there"),
        ("{\"kind\": \"A\"}}", "take out what is too much there"),
        ("{\"kind\": A}", "put text in double quotes"),
        ("{\"kind\" \"A\"}", "no ':' behind the name of a field"),
        ("{\"kind\": \"A\",}", "a ',' behind the last entry"),
        ("\0\0\0", "no text: it holds bytes of zero"),
        ("a: !!binary '?'\n", "the tag '!!binary'"),
    ] {
        let error = load_text(text).expect_err(text).to_string();
        assert!(error.contains(words), "{error} of {text:?}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_field_that_is_there_twice_is_refused_in_a_draft_and_the_last_counts_in_a_dump() {
    let yaml = "apiVersion: v1\nkind: Node\nmetadata:\n  name: a\n  labels: {x: y}\n  name: b\n";
    let json = "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\n\"metadata\":{\"name\":\"a\",\n\"name\":\"b\"}}";
    for (text, line) in [(yaml, 6), (json, 3)] {
        assert_eq!(names(&load_text(text).unwrap()), ["Node b"]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.yaml");
        std::fs::write(&path, text).unwrap();
        let error = load_draft(&path).unwrap_err().to_string();
        let said = format!("document 1, line {line}: duplicate field 'name': leave only one of them");
        assert!(error.ends_with(&said), "{error}");
    }
    let merged = "a: &a {name: a}\napiVersion: v1\nkind: Node\nmetadata: {<<: *a, name: b}\n";
    assert_eq!(
        names(&load_text(merged).unwrap()),
        ["Node b"],
        "what is merged in is no second one"
    );
}
