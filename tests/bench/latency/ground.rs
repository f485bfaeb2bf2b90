//! The cluster that is measured against: the demo as a process of its own, or the bed.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use kube::config::Kubeconfig;
use tempfile::TempDir;

/// A cluster with the bookinfo world, and a place for files.
pub(crate) struct Ground {
    folder: TempDir,
    kubeconfig: PathBuf,
    demo: Option<Child>,
}

impl Ground {
    /// The bed, from inside it.
    pub(crate) fn bed() -> Self {
        let kubeconfig = env::var_os("KUBECONFIG").expect("`testbed exec` sets KUBECONFIG");
        Self {
            folder: TempDir::new().unwrap(),
            kubeconfig: kubeconfig.into(),
            demo: None,
        }
    }

    /// The demo, without its story, with so many more pods.
    pub(crate) fn demo(pods: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let kubeconfig = folder.path().join("demo");
        let mut demo = Command::new(env!("CARGO_BIN_EXE_sidescope"))
            .args([
                "demo",
                "--serve",
                "--still",
                "--pods",
                &pods.to_string(),
                "--kubeconfig-out",
            ])
            .arg(&kubeconfig)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It says where it listens once it does.
        let mut said = String::new();
        BufReader::new(demo.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        assert!(kubeconfig.exists(), "the demo's server wrote no kubeconfig: {said}");
        Self {
            folder,
            kubeconfig,
            demo: Some(demo),
        }
    }

    /// The kubeconfig that leads straight to the API server.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The API server, as HOST:PORT.
    pub(crate) fn server(&self) -> String {
        let url = self.read().clusters[0]
            .cluster
            .as_ref()
            .unwrap()
            .server
            .clone()
            .unwrap();
        let authority = url.split("://").nth(1).unwrap();
        authority.trim_end_matches('/').to_owned()
    }

    /// A kubeconfig that leads to the API server through a listener on this machine's loopback.
    pub(crate) fn kubeconfig_for(&self, address: std::net::SocketAddr) -> PathBuf {
        let mut config = self.read();
        for cluster in config.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
            let scheme = cluster.server.as_deref().unwrap().split("://").next().unwrap();
            cluster.server = Some(format!("{scheme}://{address}"));
        }
        let path = self.folder.path().join("through-the-proxy");
        fs::write(&path, serde_json::to_string(&config).unwrap()).unwrap();
        path
    }

    fn read(&self) -> Kubeconfig {
        Kubeconfig::read_from(&self.kubeconfig).unwrap()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Some(demo) = &mut self.demo {
            demo.kill().unwrap();
            demo.wait().unwrap();
        }
    }
}

/// Brings the bed into the state to measure in, and runs this program again inside it.
pub(crate) fn run_inside_the_bed() {
    let testbed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/testbed");
    let run = |arguments: &mut dyn Iterator<Item = String>| {
        let status = Command::new(testbed.join("testbed"))
            .args(arguments)
            .current_dir(&testbed)
            .status();
        assert!(
            status.expect("the bed needs python3").success(),
            "the bed could not do it"
        );
    };
    for step in [&["up"] as &[&str], &["clear"], &["apply", "bookinfo"]] {
        run(&mut step.iter().map(|word| (*word).to_owned()));
    }
    let program = env::current_exe().unwrap().into_os_string().into_string().unwrap();
    let inside = ["exec", "--"]
        .map(str::to_owned)
        .into_iter()
        .chain([program, "--inside".to_owned()]);
    run(&mut inside.chain(env::args().skip(1)));
}
