//! A cluster of the corpus with Envoys that answer as a test says.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use kube::{Client, Config};
use serde_json::{Value, json};
use sidescope::demo::admin::{Admin, AdminAnswer, Ran, RunEnd};
use sidescope::demo::options::Rights;

use crate::corpus::Served;
pub(crate) use crate::corpus::{Printed, TOKEN, pod};

const CAPTURE: &[u8] = include_bytes!("../captures/ethernet.pcap");
const NOT_PERMITTED: &str =
    "tcpdump: eth0: You don't have permission to capture on that device\n(socket: Operation not permitted)\n";
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
pub(crate) struct Stage(Served);

impl Stage {
    /// Everybody may do everything.
    pub(crate) fn new(says: impl FnMut(&str, usize) -> AdminAnswer + Send + 'static) -> Self {
        Self::with(Rights::All, says)
    }

    /// The program's user may do this.
    pub(crate) fn with(rights: Rights, says: impl FnMut(&str, usize) -> AdminAnswer + Send + 'static) -> Self {
        let envoys = Arc::new(Envoys {
            says: Mutex::new(Box::new(says)),
            asked: Mutex::default(),
        });
        let now = || "2026-11-23T05:00:00Z".parse().unwrap();
        Self(Served::new(now, envoys, rights))
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Printed {
        self.0.run(arguments)
    }

    /// Starts the program.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.0
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Takes a pod of bookinfo away.
    pub(crate) fn remove(&self, pod: &str) {
        let mut stream = TcpStream::connect(self.0.address).unwrap();
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
        let _inside = self.0.tokio.enter();
        let mut config = Config::new(format!("http://{}", self.0.address).parse().unwrap());
        config.auth_info.token = Some(TOKEN.to_owned().into());
        Client::try_from(config).unwrap()
    }

    /// Where its tasks run.
    pub(crate) fn tokio(&self) -> tokio::runtime::Handle {
        self.0.tokio.handle().clone()
    }

    /// A file beside the kubeconfig.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path(name);
        std::fs::write(&path, text).unwrap();
        path
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
