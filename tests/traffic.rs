//! `traffic` as a program: how a capture begins and ends, what it says on standard error, its exit codes.
//!
//! Not here: what is printed of packets (`tests/captures.rs`). The cluster is the built-in one, served.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

const CAPTURE: &[u8] = include_bytes!("captures/ethernet.pcap");
const TEXT: &str = include_str!("captures/ethernet.txt");

/// The program at an empty home.
fn sidescope(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::null());
    command
}

/// Fails unless it ended with this code, printed nothing, and complained in one line; gives the line.
#[track_caller]
fn complaint(output: &Output, code: i32) -> String {
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(line.lines().count(), 1, "{line}");
    line.trim_end().to_owned()
}

/// The built-in cluster; ends with this.
struct Cluster {
    server: Child,
    _folder: TempDir,
    kubeconfig: PathBuf,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("config");
        let path = kubeconfig.to_str().unwrap();
        let mut command = sidescope(&["demo", "--serve", "--kubeconfig-out", path]);
        let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
        // it says where it serves once it does
        let mut line = String::new();
        let mut said = BufReader::new(server.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert!(line.starts_with("http"), "{line}");
        said.read_line(&mut line).unwrap();
        Self {
            server,
            _folder: folder,
            kubeconfig,
        }
    }

    /// `traffic` of a pod, its standard input a capture that goes on.
    fn traffic(&self, format: &str) -> Child {
        let kubeconfig = self.kubeconfig.to_str().unwrap();
        let pod = "my-shell.default";
        let mut command = sidescope(&["traffic", pod, "--pcap", "-", "-o", format, "--kubeconfig", kubeconfig]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What a capture that a signal ends prints behind its packets, and its exit code.
fn ended_by(signal: &str, child: &mut Child) -> (String, Option<i32>) {
    let mut capture = child.stdin.take().unwrap();
    // it breaks off in the middle of a packet, as a pipe may at any moment
    capture.write_all(CAPTURE).unwrap();
    capture.write_all(&CAPTURE[24..40]).unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    for _ in TEXT.lines() {
        line.clear();
        printed.read_line(&mut line).unwrap();
    }
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .unwrap()
            .success()
    );
    let mut rest = String::new();
    printed.read_to_string(&mut rest).unwrap();
    let status = child.wait().unwrap();
    drop(capture);
    (rest, status.code())
}

#[test]
fn a_capture_that_a_signal_ends_is_counted_up_to_there() {
    let cluster = Cluster::start();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (rest, status) = ended_by(signal, &mut cluster.traffic("table"));
        assert!(
            rest.contains("\nENDPOINT") && rest.contains("10.244.2.32:9080"),
            "{rest}"
        );
        assert_eq!(status, Some(code), "{signal}");
        let (rest, status) = ended_by(signal, &mut cluster.traffic("json"));
        assert!(
            rest.contains("\"kind\":\"PacketTotals\"") && rest.lines().count() == 1,
            "{rest}"
        );
        assert_eq!(status, Some(code), "{signal}");
    }
}

#[test]
fn a_port_without_a_source_of_packets_is_refused() {
    for format in ["table", "json", "packets"] {
        let output = sidescope(&["traffic", "my-shell", "--dst-port", "9080", "-o", format]).output();
        let line = complaint(&output.unwrap(), 2);
        assert!(line.starts_with("error: --dst-port chooses packets"), "{line}");
    }
}

#[test]
fn what_is_no_capture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap();
    let read = |path: &str| {
        complaint(
            &sidescope(&["traffic", "--pcap", path, "-o", "packets"])
                .output()
                .unwrap(),
            2,
        )
    };
    let line = read(here);
    assert!(line.contains("is a directory"), "{line}");
    let old = folder.path().join("old.pcap");
    let mut bytes = CAPTURE.to_vec();
    bytes[4] = 9;
    fs::write(&old, bytes).unwrap();
    let line = read(old.to_str().unwrap());
    assert!(line.contains("pcap version 9.4 is not read"), "{line}");
}

/// A tcpdump that does what this script says, and the folder that it lies in.
fn tcpdump(script: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tcpdump");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn captured(script: &str) -> Output {
    let folder = tcpdump(script);
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut command = sidescope(&["traffic", "--iface", "nope", "-o", "packets", "--utc"]);
    command.env("PATH", path).output().unwrap()
}

#[test]
fn a_tcpdump_that_fails_says_why_in_its_own_words() {
    let output =
        captured("echo 'tcpdump: nope: No such device exists' >&2; echo '(No such device exists)' >&2; exit 1");
    assert_eq!(complaint(&output, 2), "error: tcpdump: nope: No such device exists");
}

#[test]
fn what_tcpdump_says_besides_is_passed_on() {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/ethernet.pcap");
    let said = "tcpdump: data link type EN10MB\ntcpdump: listening on nope\n60 packets captured\n";
    let script = format!("cat '{}'; printf '{said}' >&2", capture.display());
    let output = captured(&script);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), said);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), TEXT);
    assert_eq!(output.status.code(), Some(0));
}
