//! A cluster of the corpus behind the built-in API server, and the program run over it: what tests of several kinds share.
//!
//! Not here: who answers for Envoys, and what happens in the cluster meanwhile (each test's own `stage.rs`).
#![allow(dead_code, reason = "no test needs all of it")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use sidescope::demo::admin::Admin;
use sidescope::demo::definitions;
use sidescope::demo::options::{Access, FaultSwitch, Log, Options, Rights, User};
use sidescope::demo::server::serve;
use sidescope::demo::store::Store;
use tempfile::TempDir;

/// A small mesh: three reviews, the rest of bookinfo, a Sidecar for reviews.
pub(crate) const WORLD: &str = "tests/corpus/oncall-bookinfo-typo-hides-ratings/world.yaml";
/// Of the program's user.
pub(crate) const TOKEN: &str = "oncall";

/// A server; it ends with the test.
pub(crate) struct Served {
    pub(crate) store: Arc<Store>,
    pub(crate) address: SocketAddr,
    /// What the program asked of it.
    pub(crate) asked: Log,
    /// What goes wrong with it.
    pub(crate) faults: FaultSwitch,
    /// Holds the kubeconfig, `config`.
    pub(crate) folder: TempDir,
    pub(crate) tokio: tokio::runtime::Runtime,
}

impl Served {
    /// With this clock and these Envoys; the program's user may do this.
    pub(crate) fn new(now: fn() -> Timestamp, envoys: Arc<dyn Admin>, rights: Rights) -> Self {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let store = Arc::new(Store::new(now));
        definitions::install_all(&store, "2026-06-01T00:00:00Z".parse().unwrap()).unwrap();
        for object in objects() {
            store.put(object, "kubectl").unwrap();
        }
        let user = User {
            name: "oncall".to_owned(),
            rights,
        };
        let options = Options {
            access: Access::Tokens(BTreeMap::from([(TOKEN.to_owned(), user)])),
            ..Options::default()
        };
        let (asked, faults) = (options.asked.clone(), options.faults.clone());
        let (address, server) = tokio.block_on(serve(Arc::clone(&store), envoys, options)).unwrap();
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
            address,
            asked,
            faults,
            folder,
            tokio,
        }
    }

    /// The program with these arguments, over this cluster.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
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

    /// The path of a file beside the kubeconfig.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

fn world() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(WORLD)).unwrap()
}

/// The objects of that mesh.
pub(crate) fn objects() -> Vec<Value> {
    world()
        .split("\n---\n")
        .map(|part| part.trim_start_matches("---\n"))
        .filter(|part| !part.trim().is_empty())
        .map(|part| serde_saphyr::from_str(part).unwrap())
        .collect()
}

/// The first pod whose name begins so.
pub(crate) fn pod(start: &str) -> String {
    let world = world();
    let names = world.split("\n---\n").filter(|part| part.contains("\nkind: Pod\n"));
    let name = |part: &str| Some(part.split("\n  name: ").nth(1)?.lines().next()?.to_owned());
    let found = names.filter_map(name).find(|name| name.starts_with(start));
    found.unwrap_or_else(|| panic!("no pod '{start}'"))
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
