//! From one context to another and back: what is shown is the one's alone, nothing of the other is left; and what is
//! remembered of each.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::session::{Session, Start};

/// A built-in cluster that is served as long as this lives.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
        let command = command.args(["demo", "--serve"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut address).unwrap();
        Self {
            child,
            address: address.trim().to_owned(),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that has ended is none the worse for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Contexts of a small cluster and one with pods of many teams, of one that is not there, one that never answers, and one
/// whose login plug-in reads the terminal whether it may or not.
struct Contexts {
    _clusters: [Served; 2],
    _silent: TcpListener,
    folder: TempDir,
    kubeconfig: PathBuf,
}

impl Contexts {
    fn serve() -> Self {
        let clusters = [Served::start(&[]), Served::start(&["--pods", "40"])];
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let servers = [
            ("small", clusters[0].address.clone()),
            ("teams", clusters[1].address.clone()),
            ("dead", format!("http://{nobody}")),
            ("silent", format!("http://{}", silent.local_addr().unwrap())),
            ("asks", format!("http://{nobody}")),
        ];
        let plugin = "apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, 'read word < /dev/tty']";
        let mut text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: small\n\
             users: [{{name: u, user: {{}}}}, {{name: asks, user: {{exec: {{{plugin}, interactiveMode: Never}}}}}}]\n"
        );
        for (list, what) in [
            ("clusters", "cluster: {server: 'SERVER'}"),
            ("contexts", "context: {cluster: NAME, user: USER}"),
        ] {
            writeln!(text, "{list}:").unwrap();
            for (name, server) in &servers {
                let user = if *name == "asks" { "asks" } else { "u" };
                let what = what
                    .replace("SERVER", server)
                    .replace("NAME", name)
                    .replace("USER", user);
                writeln!(text, "- {{name: {name}, {what}}}").unwrap();
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        fs::write(&kubeconfig, text).unwrap();
        Self {
            _clusters: clusters,
            _silent: silent,
            folder,
            kubeconfig,
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The screen over the small cluster; what it remembers outlives it.
    fn open(&self, arguments: &[&str]) -> Session {
        let log = self.log();
        let more = [
            "--kubeconfig",
            self.kubeconfig.to_str().unwrap(),
            "--log-file",
            log.to_str().unwrap(),
        ];
        let arguments: Vec<&str> = more.iter().chain(arguments).copied().collect();
        let session = Start {
            program: env!("CARGO_BIN_EXE_sidescope"),
            arguments: &arguments,
            environment: &[("XDG_STATE_HOME", self.folder.path().to_str().unwrap())],
            size: (160, 40),
        };
        session.open()
    }

    /// How many tasks there were at the end of each run that another context followed.
    fn tasks(&self) -> Vec<usize> {
        let log = fs::read_to_string(self.log()).unwrap();
        let counts = log.lines().filter_map(|line| line.split_once("another context tasks="));
        counts.map(|(_, count)| count.parse().unwrap()).collect()
    }
}

fn go_to(session: &mut Session, context: &str) {
    session.press(&format!(":ctx {context}\r"));
    session.wait_until(context, |screen| shows(screen, context));
}

/// The context in the header, its pods, and no other's.
fn shows(screen: &vt100::Screen, context: &str) -> bool {
    let text = screen.contents();
    let is_here = text.starts_with(&format!(" {context} │")) && text.contains("● live");
    is_here && text.contains("my-shell") && text.contains("team-000") == (context == "teams")
}

#[test]
fn twenty_switches_leave_nothing_behind() {
    const LEAK: usize = 8;
    let contexts = Contexts::serve();
    let mut session = contexts.open(&["--pod", "my-shell.default"]);
    session.wait_for("Pods 1 ");
    session.press("1a");
    session.wait_until("the small cluster", |screen| shows(screen, "small"));
    session.press(":ctx teams\r");
    session.wait_for("this is context 'teams'");
    assert!(
        !session.screen().contents().contains("kube-dns"),
        "the flag's pod was the first context's"
    );
    session.press("1a");
    session.wait_until("the teams", |screen| shows(screen, "teams"));
    go_to(&mut session, "small");
    let before = session.resources();
    for _ in 0..10 {
        go_to(&mut session, "teams");
        go_to(&mut session, "small");
    }
    // what is closed by the system a moment later may take it; a leak of one a switch would be twenty
    session.wait_until_process("what it had before", |now| {
        now.iter().zip(&before).all(|(now, before)| *now < before + LEAK)
    });
    let tasks = contexts.tasks();
    assert_eq!(tasks.len(), 22);
    assert!(tasks[20] < tasks[2] + LEAK && tasks[21] < tasks[1] + LEAK, "{tasks:?}");
    assert!(session.screen().alternate_screen());
    let raw = String::from_utf8_lossy(&session.raw);
    assert_eq!(raw.matches("\x1b[?1049h").count(), 1, "the terminal is taken once");
    assert_eq!(raw.matches("\x1b[2J").count(), 1, "and cleared then alone");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}

#[test]
fn a_context_that_is_dead_or_silent_or_wants_the_keys_leaves_the_screen_and_a_recording_ends_with_its_context() {
    let contexts = Contexts::serve();
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/raw.pcap");
    let mut session = contexts.open(&["--pcap", capture]);
    session.wait_for("my-shell");
    session.press("Cdead\r");
    session.wait_for("cannot reach the API server: Connection refused");
    session.press("\x1b");
    session.wait_until("the picker to close", |screen| {
        !screen.contents().contains("Connection refused")
    });
    session.press("Csilent\r");
    session.wait_for("connecting to 'silent' ...");
    session.press("\x1b");
    session.wait_for("still in 'small'");
    session.press(":ctx nowhere\r");
    session.wait_for("no such context");
    session.press("\x1b");
    session.wait_until("the picker to close", |screen| !screen.contents().contains("nowhere"));
    session.press("Casks\r");
    session.wait_for("the login plug-in 'sh' has to ask");
    session.press("\x1b");
    session.wait_until("the picker to close", |screen| !screen.contents().contains("plug-in"));
    session.press("R");
    session.wait_for("recording into");
    session.press(":ctx teams\r");
    session.wait_for("this is context 'teams'; the capture has ended; recorded 'sidescope-small-");
    assert!(!session.screen().contents().contains("REC "));
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}

#[test]
fn the_next_run_begins_where_the_last_one_ended_unless_it_is_asked_otherwise() {
    let contexts = Contexts::serve();
    let mut session = contexts.open(&[]);
    session.wait_for("● live");
    session.press(":ns bookinfo\r:svc\r");
    session.wait_for("ns bookinfo");
    session.wait_for("Services 4");
    session.signal(Signal::TERM);
    assert_eq!(session.wait_for_end(), 143);

    let mut session = contexts.open(&[]);
    session.wait_for("ns bookinfo");
    session.wait_for("Services 4");
    session.press(":");
    session.wait_for("typed before");
    session.press("\x03");
    assert_eq!(session.wait_for_end(), 0);

    for asked in [&["--no-state"][..], &["-n", "default"]] {
        let mut session = contexts.open(asked);
        session.wait_for("ns default");
        session.wait_for("my-shell");
        session.press("Q");
        assert_eq!(session.wait_for_end(), 0);
    }
    let state = contexts.folder.path().join("sidescope").join("state.json");
    fs::write(&state, "no state").unwrap();
    let mut session = contexts.open(&[]);
    session.wait_for("is no state");
    session.wait_for("my-shell");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    assert!(fs::read_to_string(&state).unwrap().contains("\"version\": 1"));
}
