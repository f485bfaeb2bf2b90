//! The bed as a test sees it: a world to begin with, edits, and programs run inside.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
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

    /// The bed's own program.
    pub(crate) fn program(&self) -> String {
        place().join("testbed").display().to_string()
    }

    /// The bed's folder.
    pub(crate) fn home(&self) -> String {
        self.kubeconfig.with_file_name("").display().to_string()
    }

    /// Waits until the API server reads from its etcd; each look takes a tenth of a second.
    #[track_caller]
    pub(crate) fn wait_for_server(&self) {
        let began = Instant::now();
        let look = ["get", "--raw", "/api/v1/namespaces?limit=1", "--request-timeout=1s"];
        while !run(&[&["exec", "--", "kubectl"], &look[..]].concat()).status.success() {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "the API server does not come back"
            );
        }
    }

    /// A process of the control plane.
    #[track_caller]
    fn process(&self, name: &str) -> Pid {
        let record = self.kubeconfig.with_file_name("run").join(format!("pids/{name}.json"));
        let record = std::fs::read_to_string(record).expect("the bed remembers its processes");
        let record: serde_json::Value = serde_json::from_str(&record).expect("the bed writes JSON");
        let pid = record["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw).expect("a process has a number")
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

/// A process of the control plane that is killed or stopped. It runs again at the end, also of a test that fails.
pub(crate) struct Outage {
    /// Of those that the bed cannot start anew without starting all over: the command.
    respawn: Option<Respawn>,
    stopped: Option<Pid>,
    is_over: bool,
}

/// How a process is started anew, with its data.
struct Respawn {
    command: Vec<String>,
    /// Where the bed remembers its process.
    record: PathBuf,
    log: PathBuf,
}

impl Outage {
    /// `kill -9`.
    #[track_caller]
    pub(crate) fn kill(bed: &Bed, process: &str) -> Self {
        let pid = bed.process(process);
        let run = bed.kubeconfig.with_file_name("run");
        // without its etcd the bed begins anew, with a cluster of its own
        let respawn = (process == "etcd").then(|| Respawn {
            command: std::fs::read_to_string(format!("/proc/{}/cmdline", pid.as_raw_nonzero()))
                .expect("a process of the bed runs")
                .split_terminator('\0')
                .map(str::to_owned)
                .collect(),
            record: run.join("pids").join(format!("{process}.json")),
            log: run.join("logs").join(format!("{process}.log")),
        });
        println!("$ kill -9 {process}");
        kill_process(pid, Signal::KILL).expect("a process of the bed can be killed");
        Self {
            respawn,
            stopped: None,
            is_over: false,
        }
    }

    /// `kill -STOP`.
    #[track_caller]
    pub(crate) fn stop(bed: &Bed, process: &str) -> Self {
        let pid = bed.process(process);
        println!("$ kill -STOP {process}");
        kill_process(pid, Signal::STOP).expect("a process of the bed can be stopped");
        Self {
            respawn: None,
            stopped: Some(pid),
            is_over: false,
        }
    }

    /// It goes on.
    pub(crate) fn end(mut self) {
        self.restore();
    }

    fn restore(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        if let Some(pid) = self.stopped {
            kill_process(pid, Signal::CONT).expect("a process of the bed can go on");
        }
        if let Some(respawn) = &self.respawn {
            respawn.start();
        }
        testbed(&["up"]);
    }
}

impl Drop for Outage {
    fn drop(&mut self) {
        self.restore();
    }
}

impl Respawn {
    fn start(&self) {
        let log = File::options()
            .append(true)
            .open(&self.log)
            .expect("the bed keeps logs");
        let mut child = Command::new("ip")
            .args(["netns", "exec", "sidescope"])
            .args(&self.command)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("iproute2 is installed");
        let started = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it runs");
        let (_, fields) = started.rsplit_once(") ").expect("a name is in parentheses");
        let started = fields.split(' ').nth(19).expect("proc(5): field 22");
        let record = format!("{{\"pid\": {}, \"start\": \"{started}\"}}", child.id());
        std::fs::write(&self.record, record).expect("the bed's folder can be written");
        // It outlives the test as a part of the bed; killed again before that, it leaves no zombie that looks alive.
        std::thread::spawn(move || child.wait());
    }
}

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/testbed")
}

fn run(arguments: &[&str]) -> Output {
    println!("$ testbed {}", arguments.join(" "));
    let place = place();
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
