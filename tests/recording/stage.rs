//! A cluster of the corpus whose objects a test edits, and the program run over it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sidescope::demo::admin::{Admin, AdminAnswer, Ran};
use sidescope::demo::options::{Rights, Rule};

pub(crate) use crate::corpus::WORLD;
use crate::corpus::{self, Printed, Served};

/// Longer than anything takes here, also on a busy machine; only a failure waits for it.
const DEADLINE: Duration = Duration::from_secs(60);

/// Nobody is asked.
struct NoEnvoys;

impl Admin for NoEnvoys {
    fn answer(&self, _: &str, _: &str, _: u16, _: &str) -> AdminAnswer {
        AdminAnswer::Refused
    }

    fn run(&self, _: &str, _: &str, _: &str, _: &[String]) -> Ran {
        Ran::nothing()
    }
}

/// A server; it ends with the test.
pub(crate) struct Stage(Served);

impl Stage {
    /// Everybody may do everything.
    pub(crate) fn new() -> Self {
        Self::with(Rights::All)
    }

    /// Sidecars may not be read.
    pub(crate) fn narrow() -> Self {
        Self::with(Rights::AllBut(vec![Rule::new(&[], &["sidecars"], &[])]))
    }

    fn with(rights: Rights) -> Self {
        Self(Served::new(jiff::Timestamp::now, Arc::new(NoEnvoys), rights))
    }

    /// Writes an object.
    pub(crate) fn put(&self, object: Value) {
        self.0.store.put(object, "kubectl").unwrap();
    }

    /// A file beside the kubeconfig.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path(name)
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Printed {
        self.0.run(arguments)
    }

    /// Starts the program.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.0.command(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Running {
            child,
            stderr,
            said: String::new(),
        }
    }
}

/// The first pod whose name begins so, with its namespace.
pub(crate) fn pod(start: &str) -> String {
    format!("{}.bookinfo", corpus::pod(start))
}

/// Asks until it is so.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE, "it never was so");
    }
}

/// A Sidecar in bookinfo for one app, with these egress hosts.
pub(crate) fn sidecar(name: &str, app: &str, hosts: &[&str]) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": { "name": name, "namespace": "bookinfo" },
        "spec": { "workloadSelector": { "labels": { "app": app } }, "egress": [{ "hosts": hosts }] },
    })
}

/// The program, running; what it says is read line by line.
pub(crate) struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Running {
    /// Waits for a line that begins so.
    pub(crate) fn wait_for(&mut self, start: &str) {
        loop {
            let mut line = String::new();
            let read = self.stderr.read_line(&mut line).unwrap();
            self.said.push_str(&line);
            assert!(read > 0, "it ended: {}", self.said);
            if line.starts_with(start) {
                return;
            }
        }
    }

    /// Ctrl-c: all that it said, and its exit code.
    pub(crate) fn interrupt(mut self) -> (String, Option<i32>) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        self.stderr.read_to_string(&mut self.said).unwrap();
        let status = self.child.wait().unwrap();
        (std::mem::take(&mut self.said), status.code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // it has ended long ago, but where a test failed
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
