//! The bed as a test sees it: a world to begin with, edits, and programs run inside.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

/// A program that hangs is ended, and its test fails.
const DEADLINE: &str = "60";

/// Every pod of the bookinfo world in which an Envoy runs.
pub(crate) const PROXIES: [&str; 4] = [
    "my-shell.default",
    "reviews-v1-5c4d6d447c-qwmbv.bookinfo",
    "reviews-v2-65cb66b45c-dtwjd.bookinfo",
    "reviews-v3-f68f94645-bmzrn.bookinfo",
];

/// The bed, for one test alone.
pub(crate) struct Bed {
    /// The administrator's, and those of the contexts `oncall`, `viewer` and `nobody`.
    kubeconfig: PathBuf,
    _turn: MutexGuard<'static, ()>,
    _machine: File,
}

#[expect(clippy::unused_self, reason = "only who has the bed may use it")]
impl Bed {
    /// Waits for its turn, then has the bookinfo world put in and nothing else.
    #[track_caller]
    pub(crate) fn with_bookinfo() -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        // A test that failed leaves nothing behind: the world is made anew.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let said = testbed(&["up"]);
        let kubeconfig = said
            .lines()
            .find_map(|line| line.strip_prefix("KUBECONFIG="))
            .expect("`up` names a kubeconfig");
        let kubeconfig = PathBuf::from(kubeconfig);
        let machine = File::create(kubeconfig.with_file_name("in-use")).expect("the bed's folder can be written");
        machine
            .lock()
            .expect("the bed's folder is on a file system that knows locks");
        testbed(&["clear"]);
        testbed(&["apply", "bookinfo"]);
        Self {
            kubeconfig,
            _turn: turn,
            _machine: machine,
        }
    }

    /// Puts the objects of a file in and waits until every Envoy has followed; the path is relative to this folder.
    #[track_caller]
    pub(crate) fn apply(&self, file: &str) {
        testbed(&["apply", &format!("../{file}")]);
    }

    /// Deletes an object and waits until every Envoy has followed.
    #[track_caller]
    pub(crate) fn delete(&self, kind: &str, namespace: &str, name: &str) {
        self.kubectl(&["delete", kind, "--namespace", namespace, name]);
        testbed(&["settle"]);
    }

    /// The kubeconfig with one text in place of another, in a folder of its own.
    #[track_caller]
    pub(crate) fn altered_kubeconfig(&self, from: &str, to: &str) -> (TempDir, String) {
        let text = std::fs::read_to_string(&self.kubeconfig).expect("the bed's kubeconfig can be read");
        assert!(text.contains(from), "'{from}' is not in the bed's kubeconfig");
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = folder.path().join("config");
        std::fs::write(&path, text.replace(from, to)).expect("a temporary file can be written");
        (folder, path.to_str().expect("paths here are UTF-8").to_owned())
    }

    /// What kubectl prints.
    #[track_caller]
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        testbed(&[&["exec", "--", "kubectl"], arguments].concat())
    }

    /// What `istioctl proxy-config endpoint` prints for a pod, given as NAME.NAMESPACE.
    #[track_caller]
    pub(crate) fn istioctl(&self, pod: &str) -> String {
        testbed(&["exec", "--", "istioctl", "proxy-config", "endpoint", pod])
    }

    /// The same with more arguments.
    #[track_caller]
    pub(crate) fn istioctl_with(&self, pod: &str, more: &[&str]) -> String {
        let command = ["exec", "--", "istioctl", "proxy-config", "endpoint", pod];
        testbed(&[&command, more].concat())
    }

    /// Runs sidescope inside.
    pub(crate) fn sidescope(&self, arguments: &[&str]) -> Output {
        let program = ["exec", "--", "timeout", DEADLINE, env!("CARGO_BIN_EXE_sidescope")];
        run(&[&program, arguments].concat())
    }

    /// What sidescope prints; it has to succeed and to have nothing to complain about.
    #[track_caller]
    pub(crate) fn printed(&self, arguments: &[&str]) -> String {
        let output = self.sidescope(arguments);
        let (code, complaint) = (output.status.code(), String::from_utf8_lossy(&output.stderr));
        assert!(
            code == Some(0) && complaint.is_empty(),
            "sidescope {}: {code:?} {complaint}",
            arguments.join(" ")
        );
        String::from_utf8(output.stdout).expect("tables are UTF-8")
    }
}

fn run(arguments: &[&str]) -> Output {
    println!("$ testbed {}", arguments.join(" "));
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/testbed");
    let mut command = Command::new(place.join("testbed"));
    command
        .args(arguments)
        .current_dir(place)
        .output()
        .expect("the bed needs python3")
}

#[track_caller]
fn testbed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "testbed {}: {}",
        arguments.join(" "),
        complaint.trim_end()
    );
    String::from_utf8(output.stdout).expect("what the bed prints is UTF-8")
}
