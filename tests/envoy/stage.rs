//! A cluster of the corpus behind the built-in API server, with Envoys that answer as a test says.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use kube::{Client, Config};
use serde_json::{Value, json};
use sidescope::demo::admin::{Admin, AdminAnswer, Ran, RunEnd};
use sidescope::demo::definitions;
use sidescope::demo::options::{Access, Options, Rights, User};
use sidescope::demo::server::serve;
use sidescope::demo::store::Store;
use tempfile::TempDir;

/// A small mesh: three reviews, the rest of bookinfo, a Sidecar for reviews.
const WORLD: &str = "tests/corpus/oncall-bookinfo-typo-hides-ratings/world.yaml";
const CAPTURE: &[u8] = include_bytes!("../captures/ethernet.pcap");
const NOT_PERMITTED: &str =
    "tcpdump: eth0: You don't have permission to capture on that device\n(socket: Operation not permitted)\n";
pub(crate) const TOKEN: &str = "narrow";

/// What an Envoy says to the how-manieth question, by the pod's name.
type Says = Box<dyn FnMut(&str, usize) -> AdminAnswer + Send>;

struct Envoys {
    says: Mutex<Says>,
    asked: Mutex<BTreeMap<String, usize>>,
}

impl Admin for Envoys {
    fn answer(&self, _: &str, pod: &str, port: u16, path: &str) -> AdminAnswer {
        if port != 15000 {
            return AdminAnswer::Refused;
        }
        // whether anything listens is asked with the root's path, before the question itself
        let nth = if path == "/" {
            self.asked.lock().unwrap().get(pod).copied().unwrap_or_default()
        } else {
            let mut asked = self.asked.lock().unwrap();
            let count = asked.entry(pod.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        (self.says.lock().unwrap())(pod, nth)
    }

    fn run(&self, _: &str, _: &str, container: &str, command: &[String]) -> Ran {
        let (stdout, stderr, end) = match container {
            "reviews" if command[..7] == ["tcpdump", "-n", "-U", "-s", "256", "-w", "-"] => (
                CAPTURE,
                "tcpdump: listening on eth0\n2 packets captured\n",
                RunEnd::Exit(0),
            ),
            "istio-proxy" => return Ran::nothing(),
            "productpage" => (&b""[..], NOT_PERMITTED, RunEnd::Exit(1)),
            _ => (&b""[..], "tcpdump: cannot use that device\n", RunEnd::Exit(1)),
        };
        Ran {
            stdout: stdout.into(),
            stderr: stderr.into(),
            end,
        }
    }
}

/// A server; it ends with the test.
pub(crate) struct Stage {
    address: SocketAddr,
    folder: TempDir,
    tokio: tokio::runtime::Runtime,
}

impl Stage {
    /// Everybody may do everything.
    pub(crate) fn new(says: impl FnMut(&str, usize) -> AdminAnswer + Send + 'static) -> Self {
        Self::with(Rights::All, says)
    }

    /// The program's user may do this.
    pub(crate) fn with(rights: Rights, says: impl FnMut(&str, usize) -> AdminAnswer + Send + 'static) -> Self {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let store = Arc::new(Store::new(|| "2026-11-23T05:00:00Z".parse().unwrap()));
        definitions::install_all(&store, "2026-06-01T00:00:00Z".parse().unwrap()).unwrap();
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(WORLD)).unwrap();
        for part in text
            .split("\n---\n")
            .map(|part| part.trim_start_matches("---\n"))
            .filter(|part| !part.trim().is_empty())
        {
            let object: Value = serde_saphyr::from_str(part).unwrap();
            store.put(object, "kubectl").unwrap();
        }
        let envoys = Arc::new(Envoys {
            says: Mutex::new(Box::new(says)),
            asked: Mutex::default(),
        });
        let user = User {
            name: "oncall".to_owned(),
            rights,
        };
        let options = Options {
            access: Access::Tokens(BTreeMap::from([(TOKEN.to_owned(), user)])),
            ..Options::default()
        };
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
        Self { address, folder, tokio }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
        command
            .args(arguments)
            .arg("--kubeconfig")
            .arg(self.folder.path().join("config"));
        command.env_remove("KUBECONFIG").stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Printed {
        Printed::from(self.command(arguments).output().unwrap())
    }

    /// Starts the program.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Takes a pod of bookinfo away.
    pub(crate) fn remove(&self, pod: &str) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let path = format!("/api/v1/namespaces/bookinfo/pods/{pod}?gracePeriodSeconds=0");
        let request =
            format!("DELETE {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// A client like the program's own.
    pub(crate) fn client(&self) -> Client {
        let _inside = self.tokio.enter();
        let mut config = Config::new(format!("http://{}", self.address).parse().unwrap());
        config.auth_info.token = Some(TOKEN.to_owned().into());
        Client::try_from(config).unwrap()
    }

    /// Where its tasks run.
    pub(crate) fn tokio(&self) -> tokio::runtime::Handle {
        self.tokio.handle().clone()
    }

    /// A file beside the kubeconfig.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

/// The first pod whose name begins so.
pub(crate) fn pod(start: &str) -> String {
    let world = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(WORLD)).unwrap();
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

/// An answer with these hosts: cluster, IP, port, requests.
pub(crate) fn clusters(hosts: &[(&str, &str, u16, u64)]) -> AdminAnswer {
    let statuses: Vec<Value> = hosts
        .iter()
        .map(|(cluster, ip, port, requests)| {
            json!({"name": cluster, "added_via_api": true, "host_statuses": [{
                "address": {"socket_address": {"address": ip, "port_value": port}},
                "stats": [{"name": "rq_total", "value": requests.to_string()}, {"name": "cx_active", "type": "GAUGE"}],
                "health_status": {"eds_health_status": "HEALTHY"}, "weight": 1}]})
        })
        .collect();
    AdminAnswer::json(json!({"cluster_statuses": statuses}).to_string())
}
