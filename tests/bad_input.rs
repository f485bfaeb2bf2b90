//! Input that cannot be used: one clear line with what to do next, and the exit code of the table in `cli::exit`.
//!
//! The real program, with servers that are a few bytes long. What needs a real API server (its TLS, its rights) is in
//! `tests/cluster`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail loudly and has servers of its own"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs the program at an empty home, without any settings.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sidescope"))
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .envs(environment.iter().copied())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
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

/// A kubeconfig with contexts `here` (in use) and `there`, for this server.
fn kubeconfig(folder: &TempDir, cluster: &str, user: &str) -> String {
    let path = folder.path().join("config");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\nclusters: [{{name: c, cluster: {{{cluster}}}}}]\n\
         users: [{{name: u, user: {{{user}}}}}]\ncontexts:\n- {{name: here, context: {{cluster: c, user: u}}}}\n\
         - {{name: there, context: {{cluster: c, user: u}}}}\n"
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The complaint of `pods` with this kubeconfig.
#[track_caller]
fn pods(cluster: &str, user: &str, code: i32) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(&folder, cluster, user);
    complaint(&run(&["pods", "--kubeconfig", &path], &[]), code)
}

/// A server that answers every request like this.
fn server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                // what a client that went away does not read is no failure of the test
                let _ = stream
                    .read(&mut request)
                    .and_then(|_| stream.write_all(answer.as_bytes()));
            });
        }
    });
    address
}

/// An address at which nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn a_kubeconfig_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (text, empty) = (write("text", "hello"), write("empty", ""));
    let long = write("long", &"#\n".repeat((2 << 20) + 1));
    for (path, said) in [
        (&*long, "it is larger than 4 MiB"),
        ("/dev/zero", "it is larger than 4 MiB"),
        (place, "Is a directory"),
        ("/nonexistent", "No such file or directory"),
        (&*text, "it is no kubeconfig"),
    ] {
        let line = complaint(&run(&["pods", "--kubeconfig", path], &[]), 2);
        assert!(
            line.starts_with(&format!("error: cannot read the kubeconfig '{path}': {said}"))
                && line.ends_with("; see KUBECONFIG or --kubeconfig"),
            "{line}"
        );
    }
    assert_eq!(
        complaint(&run(&["pods", "--kubeconfig", &empty], &[]), 2),
        "error: the kubeconfig has no current context: it has no context at all; see KUBECONFIG or --kubeconfig"
    );
}

#[test]
fn without_any_kubeconfig_the_demo_is_offered() {
    for environment in [&[][..], &[("KUBECONFIG", "")], &[("KUBECONFIG", "/nonexistent")]] {
        assert_eq!(
            complaint(&run(&["pods"], environment), 2),
            "error: no kubeconfig found: set KUBECONFIG or --kubeconfig, or try 'sidescope demo'",
            "{environment:?}"
        );
    }
}

#[test]
fn a_file_of_a_list_that_is_not_there_counts_as_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(&folder, &format!("server: 'http://{}'", nobody()), "");
    let list = format!("/nonexistent:{path}:");
    let line = complaint(&run(&["pods"], &[("KUBECONFIG", &list)]), 3);
    assert!(line.starts_with("error: cannot reach the API server: "), "{line}");
}

#[test]
fn an_unknown_context_comes_with_a_near_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(&folder, "server: 'http://127.0.0.1:1'", "");
    let line = |context| complaint(&run(&["pods", "--kubeconfig", &path, "--context", context], &[]), 2);
    assert_eq!(
        line("heer"),
        "error: no context 'heer' in the kubeconfig: did you mean 'here'?"
    );
    assert_eq!(
        line("prod"),
        "error: no context 'prod' in the kubeconfig: it has here, there"
    );
}

#[test]
fn a_server_that_does_not_answer_is_named() {
    let server = nobody();
    assert_eq!(
        pods(&format!("server: 'http://{server}'"), "", 3),
        format!("error: cannot reach the API server: Connection refused; is 'http://{server}/' right and up?")
    );
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(&folder, &format!("server: 'http://{address}'"), "");
    let impatient = ["pods", "--kubeconfig", &path, "--request-timeout", "50ms"];
    assert_eq!(
        complaint(&run(&impatient, &[]), 3),
        format!("error: no answer in time; is 'http://{address}/' right and up?")
    );
}

#[test]
fn a_proxy_that_refuses_is_named_without_its_password() {
    let proxy = server("HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let line = pods(
        &format!("server: 'https://cluster.example', proxy-url: 'http://me:secret@{proxy}'"),
        "",
        3,
    );
    assert!(
        line.ends_with(&format!(
            "is 'https://cluster.example/' through the proxy 'http://{proxy}' right and up?"
        )) && !line.contains("secret"),
        "{line}"
    );
}

#[test]
fn what_a_server_refuses_is_said_in_one_line() {
    for (answer, said) in [
        (
            "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            "error: not logged in (401): Unauthorized; log in to context 'here' again",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            "error: may not list 'pods' in namespace 'default' (403); see 'kubectl auth can-i list pods -n default'",
        ),
        (
            "HTTP/1.1 500 Oops\r\nconnection: close\r\ncontent-length: 12\r\n\r\nfirst\nsecond",
            "error: the API server answered 500: first; try again, or see --log-file",
        ),
    ] {
        let server = server(answer);
        assert_eq!(pods(&format!("server: 'http://{server}'"), "", 3), said);
    }
    let page = server("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 14\r\n\r\n<html>\n</html>");
    let line = pods(&format!("server: 'http://{page}'"), "", 3);
    assert!(line.starts_with("error: the answer could not be read: "), "{line}");
}

#[test]
fn a_login_plugin_that_does_not_work_is_one_line() {
    let plugin = |script: &str| {
        let user =
            format!("exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['-c', '{script}']}}");
        pods("server: 'http://127.0.0.1:1'", &user, 3)
    };
    assert_eq!(
        plugin("exit 7"),
        "error: cannot log in to context 'here': the login plug-in 'sh' failed (exit status: 7); try it by hand"
    );
    let garbage = plugin("echo oops");
    assert!(
        garbage.starts_with("error: cannot log in to context 'here': the login plug-in 'sh' printed no credential: "),
        "{garbage}"
    );
}

const DUMP: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: cart-1, namespace: shop}
spec: {containers: [{name: app}]}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {ports: none}
";

fn dump(folder: &Path) -> String {
    let path = folder.join("dump.yaml");
    std::fs::write(&path, DUMP).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_unknown_name_comes_with_a_near_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = dump(folder.path());
    for (arguments, said) in [
        (
            &["endpoints", "cart-2.shop"][..],
            "no pod 'cart-2' in namespace 'shop': did you mean 'cart-1'?",
        ),
        (
            &["endpoints", "cart-1.shpo"],
            "no namespace 'shpo': did you mean 'shop'?",
        ),
        (&["pods", "-n", "shpo"], "no namespace 'shpo': did you mean 'shop'?"),
        (&["services", "crat"], "no service 'crat': did you mean 'cart'?"),
    ] {
        let output = run(&[arguments, &["--from", &path]].concat(), &[]);
        assert_eq!(complaint(&output, 5), format!("error: {said}"));
    }
}

#[test]
fn a_malformed_object_of_a_dump_is_shown_as_far_as_it_goes_and_said_to_be_incomplete() {
    let folder = tempfile::tempdir().unwrap();
    let path = dump(folder.path());
    let output = run(&["services", "--from", &path], &[]);
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{line}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("cart"));
    assert!(
        line.starts_with("INCOMPLETE: services 'shop/cart', field 'spec.ports' not readable (")
            && line.lines().count() == 1,
        "{line}"
    );
    let pods = run(&["pods", "--from", &path], &[]);
    assert_eq!(
        (pods.status.code(), pods.stderr),
        (Some(0), Vec::new()),
        "of another kind"
    );
}

#[test]
fn what_a_dump_has_nothing_of_is_said_beside_what_is_computed_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = dump(folder.path());
    let output = run(&["who-sees", "cart.shop", "--from", &path], &[]);
    let lines = String::from_utf8(output.stderr).unwrap();
    assert!(
        lines.contains(
            "note: the dump has no endpointslices.discovery.k8s.io, no object of Istio: taken as none in the cluster"
        ),
        "{lines}"
    );
}

#[test]
fn a_dump_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.yaml");
    std::fs::write(&broken, "kind: Pod\nmetadata: [").unwrap();
    let broken = broken.to_str().unwrap();
    for (path, said) in [
        ("/nonexistent", "cannot read '/nonexistent': "),
        (broken, &*format!("'{broken}', document 1, line ")),
    ] {
        let line = complaint(&run(&["pods", "--from", path], &[]), 2);
        assert!(line.starts_with(&format!("error: {said}")), "{line}");
    }
}

#[test]
fn a_watch_ends_with_its_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(&folder, &format!("server: 'http://{}'", served()), "");
    let mut child = Command::new(env!("CARGO_BIN_EXE_sidescope"))
        .args(["pods", "--watch", "-o", "json", "--kubeconfig", &path])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    assert!(
        line.starts_with("{\"apiVersion\":") && line.ends_with("}\n"),
        "a whole document in one line: {line}"
    );
    drop(output);
    let end = child.wait_with_output().unwrap();
    assert_eq!(
        (end.status.code(), String::from_utf8(end.stderr).unwrap()),
        (Some(0), String::new())
    );
}

/// A server with one list of each kind, streamed, and nothing after that: the connection stays open.
fn served() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let end = "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"1\",\
                       \"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n";
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n\r\n{end}").as_bytes());
            open.push(stream);
        }
    });
    address
}

#[test]
fn a_value_that_no_flag_can_have_is_refused_with_those_that_it_can() {
    for (arguments, said) in [
        (
            &["endpoints", "a", "--status", "sick"],
            "'sick' is no status: use healthy, unhealthy, draining, unknown, timeout, degraded",
        ),
        (
            &["endpoints", "a", "--address", "10.0.0.1:80"],
            "'10.0.0.1:80' is no address: write 10.0.0.1, fd00::1, unix://PATH or envoy://NAME/ID; a port goes to --port",
        ),
        (
            &["endpoints", "a", "--istio-version", "newest"],
            "'newest' is no version of Istio: write it as 1.31, 1.31.2 or 1.31-dev",
        ),
    ] {
        let output = run(arguments, &[]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(output.stdout.is_empty());
        let line = text.lines().next().unwrap();
        assert!(
            line.starts_with("error: invalid value") && line.ends_with(said),
            "{text}"
        );
    }
}

/// A dump with a pod and a Service, and the lines of one command each over it.
#[test]
fn what_names_nothing_is_misuse_and_is_told_in_one_line() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("world.yaml");
    let world = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: b}\nspec: {clusterIP: 10.1.0.1, ports: [{port: 80}]}\n\
                 ---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: b, annotations: {sidecar.istio.io/status: '{}'}}\n\
                 spec: {containers: [{name: istio-proxy, image: istio/proxyv2:1.31.0, args: [proxy, sidecar]}]}\n\
                 status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}\n";
    std::fs::write(&path, world).unwrap();
    let from = path.display().to_string();
    let once = "error: standard input can be read only once: give a file for all but one '-'";
    for (arguments, code, said) in [
        (
            &["explain", "web.b", "", "--from", &from][..],
            2,
            "error: no host is named: write HOST or HOST:PORT",
        ),
        (
            &["who-sees", "", "--from", &from],
            2,
            "error: no host is named: write HOST or HOST:PORT",
        ),
        (
            &["endpoints", "", "--from", &from],
            2,
            "error: no pod is named: write [kind/]NAME[.NAMESPACE]",
        ),
        (
            &["explain", "deploy/", "s.b", "--from", &from],
            2,
            "error: no pod is named: write [kind/]NAME[.NAMESPACE]",
        ),
        (
            &["diff", "web.b", "--without", "sidecar//x", "--from", &from],
            2,
            "error: --without 'sidecar//x': write it as KIND/NAMESPACE/NAME",
        ),
        (&["diff", "web.b", "--from", "-", "--with", "-"], 2, once),
        (&["lint", "--from", "-", "--with", "-"], 2, once),
        (
            &["explain", "web.b", "http://s.b/x", "--from", &from],
            2,
            "error: 'http://s.b/x' is a URL, not a host: write 's.b'",
        ),
        (
            &["explain", "web.b", "S.B.svc.cluster.local", "--from", &from],
            5,
            "error: no host 'S.B.svc.cluster.local' there: did you mean 's.b.svc.cluster.local'?",
        ),
    ] {
        let line = complaint(&run(arguments, &[]), code);
        assert!(line.starts_with(said), "{line}");
    }
}

#[test]
fn a_revision_that_no_control_plane_has_is_refused_with_those_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/oncall-bookinfo-typo-hides-ratings/world.yaml");
    let from = root.display().to_string();
    let pod = "deploy/productpage-v1.bookinfo";
    for command in [
        &["pods"][..],
        &["endpoints", pod],
        &["explain", pod, "reviews"],
        &["who-sees", "reviews.bookinfo"],
        &["lint"],
        &["diff", pod, "--without", "sidecar/bookinfo/reviews"],
    ] {
        let output = run(&[command, &["--from", &from, "--revision", "zz"]].concat(), &[]);
        let wanted = "error: no control plane of revision 'zz' in namespace 'istio-system': there is 'default'";
        assert_eq!(complaint(&output, 2), wanted, "{command:?}");
    }
    let endpoints = |version: &str| {
        let arguments = [
            "endpoints",
            pod,
            "--from",
            &from,
            "--revision",
            "default",
            "--istio-version",
            version,
        ];
        let output = run(&arguments, &[]);
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).unwrap()
    };
    let newer = "note: istio 1.99 is newer than any that was judged: the rules of 1.31 are applied\n";
    assert_eq!((endpoints("1.99").as_str(), endpoints("1.31").as_str()), (newer, ""));
}

#[test]
fn a_settings_file_without_end_is_no_settings_file() {
    let line = complaint(&run(&["config", "--config", "/dev/zero"], &[]), 2);
    assert_eq!(
        line,
        "error: cannot read settings of '/dev/zero': it is longer than settings ever are (1 MiB)"
    );
}
