//! A cluster in which every text that a server hands on is hostile, with Envoys that are too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sidescope::demo::admin::{Admin, AdminAnswer, Ran, RunEnd};
use sidescope::demo::options::Rights;

use super::{TEXTS, all, poisoned};
use crate::corpus::{Served, pod};

/// Worlds of the corpus that hold objects of kinds which the first has not; two of each kind are taken.
const FOLDER: &str = "tests/corpus";
/// Fields whose values are not for people to read, or decide what an object is.
const KEPT: &[&str] = &[
    "apiVersion",
    "kind",
    "uid",
    "resourceVersion",
    "namespace",
    "time",
    "operation",
    "fieldsType",
    "addressType",
    "protocol",
    "resolution",
    "location",
    "restartPolicy",
    "type",
    "fieldsV1",
    "mesh",
    "values",
];
/// Names that other objects, or the command line of a test, know it by.
const NAMES: &[&str] = &[
    "name",
    "app",
    "host",
    "hosts",
    "service.istio.io/canonical-name",
    "kubernetes.io/service-name",
];
/// What makes a container a proxy: without one of these there would be no table.
const ROLES: &[&str] = &["proxy", "sidecar", "router"];

/// An answer of Envoy with hostile texts in every field.
pub(super) struct Envoys;

impl Admin for Envoys {
    fn answer(&self, _: &str, _: &str, port: u16, _: &str) -> AdminAnswer {
        if port != 15000 {
            return AdminAnswer::Refused;
        }
        let host = |text: &str| {
            json!({
                "address": {"socket_address": {"address": format!("10.9.9.9{text}"), "port_value": 9080}},
                "health_status": {"eds_health_status": format!("HEALTHY{text}")},
                "hostname": text, "priority": 0, "weight": 1,
                "locality": {"region": text, "zone": text, "sub_zone": text},
                "stats": [{"name": "rq_total", "value": "1", "type": text}, {"name": text, "value": text}],
            })
        };
        let cluster = |text: &str| {
            json!({
                "name": format!("outbound|9080|{text}|reviews{text}.bookinfo.svc.cluster.local"),
                "added_via_api": true, "observability_name": text,
                "host_statuses": [host(text), host("")],
            })
        };
        let clusters: Vec<Value> = TEXTS.iter().map(|(_, text)| cluster(text)).collect();
        AdminAnswer::json(serde_json::to_vec(&json!({"cluster_statuses": clusters})).unwrap())
    }

    fn run(&self, _: &str, _: &str, _: &str, _: &[String]) -> Ran {
        Ran {
            stdout: all().into(),
            stderr: format!("tcpdump: {}\n", all()).into(),
            end: RunEnd::Exit(1),
        }
    }
}

/// All texts of an object; `named`: names too.
fn poison(value: &mut Value, key: &str, named: bool) {
    match value {
        Value::String(text) => {
            let is_kept =
                KEPT.contains(&key) || key.contains("istio.io/") || key.ends_with("Time") || key.ends_with("Timestamp");
            let is_name = NAMES.contains(&key) && !named;
            let is_proxy = key == "args" && ROLES.contains(&&**text);
            let is_address = text
                .split('/')
                .next()
                .is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_ok());
            if !is_kept && !is_name && !is_proxy && !is_address {
                *text = poisoned(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, key, named)),
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                poison(value, key, named);
            }
            if matches!(key, "labels" | "annotations" | "data" | "matchLabels") {
                fields.insert(poisoned(key), all().into());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Numbers, booleans and lists where texts belong, and the other way round.
fn garble(value: &mut Value) {
    match value {
        Value::Number(_) | Value::Bool(_) => *value = json!(all()),
        Value::Array(items) => items.push(json!({ all(): all() })),
        Value::Object(fields) => {
            for value in fields
                .iter_mut()
                .filter(|(key, _)| *key != "metadata")
                .map(|(_, value)| value)
            {
                garble(value);
            }
        }
        Value::Null | Value::String(_) => {}
    }
}

/// Two objects of each kind that the corpus has.
fn strangers() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let worlds = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let worlds: BTreeSet<_> = worlds
        .map(|folder| folder.join("world.yaml"))
        .filter(|path| path.is_file())
        .collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for world in worlds {
        let text = std::fs::read_to_string(world).unwrap();
        for part in text.split("\n---\n").map(|part| part.trim_start_matches("---\n")) {
            let kind = part
                .lines()
                .find_map(|line| line.strip_prefix("kind: "))
                .unwrap_or_default();
            let count = counts.entry(kind.to_owned()).or_default();
            if !kind.is_empty() && *count < 2 {
                *count += 1;
                found.push(serde_saphyr::from_str(part).unwrap());
            }
        }
    }
    assert!(counts.len() > 15, "{counts:?}");
    found
}

/// An annotation of so many repetitions, of eight bytes each, and a hostile manager.
fn annotate(object: &mut Value, manager: &str, times: usize) {
    let meta = object["metadata"].as_object_mut().unwrap();
    let annotations = meta.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
    annotations["example.org/note"] = format!("{}{}", all(), "x\u{202e}\x1b[2J".repeat(times)).into();
    let entry = json!({
        "manager": manager, "operation": "Update", "time": "2026-11-23T04:50:00Z",
        "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:egress": {}, format!("f:{}", all()): {}}},
    });
    meta.insert("managedFields".to_owned(), json!([entry]));
}

/// The cluster. A pod whose name is not hostile asks for its endpoints.
pub(super) fn serve() -> (Served, String) {
    let now = || "2026-11-23T05:00:00Z".parse().unwrap();
    let served = Served::new(now, Arc::new(Envoys), Rights::All);
    let world = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(crate::corpus::WORLD)).unwrap();
    let own = world.split("\n---\n").map(|part| part.trim_start_matches("---\n"));
    let own = own
        .filter(|part| !part.trim().is_empty())
        .map(|part| serde_saphyr::from_str(part).unwrap());
    let mut kinds = BTreeSet::new();
    for mut object in own {
        let object: &mut Value = &mut object;
        poison(object, "", false);
        // 1 MB in the first of each kind
        let is_first = kinds.insert(object["kind"].to_string());
        annotate(object, &poisoned("argocd"), if is_first { 120_000 } else { 1 });
        served.store.load(object.take()).unwrap();
    }
    for (at, mut object) in strangers().into_iter().enumerate() {
        object["metadata"]["uid"] = Value::Null;
        poison(&mut object, "", true);
        if at % 2 == 1 {
            garble(&mut object);
        }
        served.store.load(object).unwrap();
    }
    let client = pod("productpage-v1");
    for (at, (_, text)) in TEXTS.iter().enumerate() {
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "type": text, "reason": text, "message": format!("happened {text}"),
            "metadata": {"namespace": "bookinfo", "name": format!("{client}.{at}")},
            "involvedObject": {"kind": "Pod", "namespace": "bookinfo", "name": client, "fieldPath": text},
            "source": {"component": text, "host": text}, "reportingComponent": text, "count": 1,
            "firstTimestamp": "2026-11-23T04:55:00Z", "lastTimestamp": "2026-11-23T04:56:00Z",
        });
        served.store.load(event).unwrap();
        // pods of nobody, each with one text in all that a row of it shows
        let mut pod: Value = serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "namespace": "bookinfo", "name": format!("hx{at:02}-{text}"), "labels": {"app": text, text.to_owned(): text},
                "creationTimestamp": "2026-11-23T04:00:00Z",
            },
            "spec": {"nodeName": text, "containers": [{"name": text, "image": text}]},
            "status": {
                "phase": "Running", "reason": text, "message": text, "podIP": format!("10.8.0.{at}"), "podIPs": [{"ip": text}],
                "conditions": [{"type": "Ready", "status": "False", "reason": text, "message": text}],
                "containerStatuses": [{"name": text, "ready": false, "restartCount": 1, "image": text, "imageID": text,
                    "state": {"waiting": {"reason": text, "message": text}}}],
            },
        }))
        .unwrap();
        annotate(&mut pod, text, 1);
        served.store.load(pod).unwrap();
    }
    let mesh = format!(
        "rootNamespace: istio-system\ntrustDomain: {all:?}\noutboundTrafficPolicy: {{mode: {all:?}}}\n{all:?}: 1\n",
        all = "\x1b[2J"
    );
    served
        .store
        .load(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "istio-system", "name": "istio"},
            "data": {"mesh": mesh.replace("\\u{1b}", "\\u001b"), "meshNetworks": all()},
        }))
        .unwrap();
    (served, format!("{client}.bookinfo"))
}
