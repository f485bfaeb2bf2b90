//! A cluster of the corpus behind the built-in API server, whose objects a test edits, and the program run over it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sidescope::demo::admin::{Admin, AdminAnswer, Ran};
use sidescope::demo::definitions;
use sidescope::demo::options::{Access, Options, Rights, Rule, User};
use sidescope::demo::server::serve;
use sidescope::demo::store::Store;
use tempfile::TempDir;

/// A small mesh: three reviews, the rest of bookinfo, a Sidecar for reviews.
pub(crate) const WORLD: &str = "tests/corpus/oncall-bookinfo-typo-hides-ratings/world.yaml";
const TOKEN: &str = "oncall";
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
pub(crate) struct Stage {
    store: Arc<Store>,
    folder: TempDir,
    world: String,
    _tokio: tokio::runtime::Runtime,
}

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
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let store = Arc::new(Store::new(jiff::Timestamp::now));
        definitions::install_all(&store, "2026-06-01T00:00:00Z".parse().unwrap()).unwrap();
        let world = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(WORLD)).unwrap();
        for part in world
            .split("\n---\n")
            .map(|part| part.trim_start_matches("---\n"))
            .filter(|part| !part.trim().is_empty())
        {
            store.put(serde_saphyr::from_str(part).unwrap(), "kubectl").unwrap();
        }
        let user = User {
            name: "oncall".to_owned(),
            rights,
        };
        let options = Options {
            access: Access::Tokens(BTreeMap::from([(TOKEN.to_owned(), user)])),
            ..Options::default()
        };
        let (address, server) = tokio
            .block_on(serve(Arc::clone(&store), Arc::new(NoEnvoys), options))
            .unwrap();
        tokio.spawn(server);
        let folder = tempfile::tempdir().unwrap();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "oncall", "user": {"token": TOKEN}}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "oncall", "namespace": "bookinfo"}}],
        });
        std::fs::write(folder.path().join("config"), config.to_string()).unwrap();
        Self {
            store,
            folder,
            world,
            _tokio: tokio,
        }
    }

    /// Writes an object.
    pub(crate) fn put(&self, object: Value) {
        self.store.put(object, "kubectl").unwrap();
    }

    /// A file beside the kubeconfig.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The first pod whose name begins so, with its namespace.
    pub(crate) fn pod(&self, start: &str) -> String {
        let mut pods = self
            .world
            .split("\n---\n")
            .filter(|part| part.contains("\nkind: Pod\n"));
        let name = |part: &str| Some(part.split("\n  name: ").nth(1)?.lines().next()?.to_owned());
        let found = pods.find_map(|part| name(part).filter(|name| name.starts_with(start)));
        format!("{}.bookinfo", found.unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
        command
            .args(arguments)
            .arg("--kubeconfig")
            .arg(self.folder.path().join("config"))
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        command.env_remove("KUBECONFIG").env("TZ", "UTC").stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Printed {
        Printed::from(self.command(arguments).output().unwrap())
    }

    /// Starts the program.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Running {
            child,
            stderr,
            said: String::new(),
        }
    }
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

/// What a run printed.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

impl From<Output> for Printed {
    fn from(output: Output) -> Self {
        Self {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        }
    }
}
