//! The bed as the recorder uses it: objects in and out, sidecars on and off, their clusters.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Looks at an Envoy until two of them agree, at most this often.
const LOOKS: usize = 20;

/// The bed, for this program alone and empty at first.
pub(crate) struct Bed {
    folder: tempfile::TempDir,
    _machine: File,
}

impl Bed {
    /// Waits for the bed, starts it if need be and takes everything out.
    pub(crate) fn empty() -> Self {
        let said = testbed(&["up"]);
        let kubeconfig = said
            .lines()
            .find_map(|line| line.strip_prefix("KUBECONFIG="))
            .expect("`up` names a kubeconfig");
        let machine = File::create(Path::new(kubeconfig).with_file_name("in-use")).unwrap();
        machine.lock().unwrap();
        testbed(&["clear"]);
        Self {
            folder: tempfile::tempdir().unwrap(),
            _machine: machine,
        }
    }

    /// Puts objects in, given as YAML documents, with a DNS that knows these names, and waits until the bed is quiet.
    pub(crate) fn apply(&self, documents: &str, names: &[(&str, &[&str])]) {
        let names: Value = names
            .iter()
            .map(|(name, addresses)| ((*name).to_owned(), Value::from(addresses.to_vec())))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let case = serde_json::json!({"dns": names}).to_string();
        std::fs::write(self.folder.path().join("case.yaml"), case).unwrap();
        std::fs::write(self.folder.path().join("world.yaml"), documents).unwrap();
        testbed(&["apply", self.folder.path().to_str().unwrap()]);
    }

    pub(crate) fn delete(&self, plural: &str, namespace: &str, name: &str) {
        let mut arguments = vec!["exec", "--", "kubectl", "delete", plural, name, "--ignore-not-found"];
        arguments.extend(["--namespace", namespace]);
        if plural == "pods" {
            arguments.extend(["--force", "--grace-period=0"]);
        }
        testbed(&arguments);
    }

    /// Starts a pod's sidecar, unless it runs.
    pub(crate) fn start(&self, pod: &str, namespace: &str) {
        testbed(&["proxy", pod, namespace]);
    }

    pub(crate) fn stop(&self, pod: &str, namespace: &str) {
        testbed(&["stop", pod, namespace]);
    }

    pub(crate) fn settle(&self) {
        testbed(&["settle"]);
    }

    /// `/clusters?format=json` of a pod, once two looks agree on everything but counters and order.
    pub(crate) fn settled_clusters(&self, pod: &str, namespace: &str) -> Value {
        let look = || -> Value {
            let page = testbed(&["admin", pod, namespace, "/clusters?format=json"]);
            serde_json::from_str(&page).unwrap()
        };
        let mut last = look();
        for _ in 0..LOOKS {
            let next = look();
            if content(&next) == content(&last) {
                return last;
            }
            last = next;
        }
        panic!("the Envoy of {namespace}/{pod} does not come to rest");
    }

    /// The version that an Envoy says it has.
    pub(crate) fn envoy_version(&self, pod: &str, namespace: &str) -> String {
        let page: Value = serde_json::from_str(&testbed(&["admin", pod, namespace, "/server_info"])).unwrap();
        page["version"].as_str().unwrap().to_owned()
    }
}

/// A page's clusters in order of their text, without counters.
fn content(page: &Value) -> Vec<String> {
    let mut clusters = page["cluster_statuses"].as_array().unwrap().clone();
    for cluster in &mut clusters {
        for host in cluster["host_statuses"].as_array_mut().into_iter().flatten() {
            host.as_object_mut().unwrap().remove("stats");
        }
    }
    let mut texts = clusters.iter().map(Value::to_string).collect::<Vec<_>>();
    texts.sort_unstable();
    texts
}

fn testbed(arguments: &[&str]) -> String {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/testbed");
    let output = Command::new(place.join("testbed"))
        .args(arguments)
        .current_dir(place)
        .output()
        .expect("the bed needs python3");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "testbed {}: {complaint}", arguments.join(" "));
    for line in complaint.lines().filter(|line| line.contains("warning")) {
        println!("    {line}");
    }
    String::from_utf8(output.stdout).expect("what the bed prints is UTF-8")
}
