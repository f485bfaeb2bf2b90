//! Servers that refuse in hostile words, and login plug-ins that fail in them.

#![allow(clippy::disallowed_methods, reason = "a test has servers of its own")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::scan::{assert_lines, take_apart};
use super::{TEXTS, all};
use crate::session::{Session, Start};

/// A server that answers every request like this.
fn server(answer: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                // a client that goes away is no failure of the test
                let _ = stream
                    .read(&mut request)
                    .and_then(|_| stream.write_all(answer.as_bytes()));
            });
        }
    });
    address
}

fn answer(code: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {code}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn status(code: u16, words: &str) -> String {
    let text = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": words, "reason": words,
        "details": {"name": words, "kind": words, "causes": [{"reason": words, "message": words, "field": words}]},
    });
    answer(&format!("{code} No"), "application/json", &text.to_string())
}

fn config(folder: &Path, server: &str, user: &serde_json::Value) -> String {
    let path = folder.join("config");
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": server}}], "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    });
    std::fs::write(&path, text.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// As YAML too takes it.
fn escaped(config: &serde_json::Value) -> String {
    let escape = |c: char| {
        let is_taken = c == '\n' || !c.is_control() && !"\u{2028}\u{2029}\u{feff}".contains(c);
        if is_taken {
            c.to_string()
        } else {
            format!("\\u{:04x}", u32::from(c))
        }
    };
    config.to_string().chars().map(escape).collect()
}

fn run(arguments: &[&str]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidescope"));
    let output = command.args(arguments).env_remove("KUBECONFIG").output().unwrap();
    assert_lines(&format!("stdout of {arguments:?}"), &output.stdout);
    assert_lines(&format!("stderr of {arguments:?}"), &output.stderr);
    (String::from_utf8(output.stderr).unwrap(), output.status.code().unwrap())
}

fn screen(config: &str) -> Session {
    Start {
        size: (120, 30),
        ..crate::session::demo(&["--kubeconfig", config])
    }
    .open()
}

#[test]
fn what_a_server_says_is_shown_and_steers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let words = all();
    for (what, answer) in [
        ("401", status(401, &words)),
        ("403", status(403, &words)),
        ("429", status(429, &words)),
        ("500", status(500, &words)),
        ("plain", answer("500 No", "text/plain", &words)),
        ("a page", answer("200 OK", "text/html", &format!("<h1>{words}</h1>"))),
        ("a head", format!("HTTP/1.1 500 {}\r\n\r\n", "\x1b[2J\u{9b}2J")),
    ] {
        let address = server(answer);
        let path = config(folder.path(), &format!("http://{address}"), &json!({}));
        let (line, code) = run(&["pods", "--kubeconfig", &path]);
        assert_eq!(code, 3, "{what}: {line}");
        let mut session = screen(&path);
        session.wait_for("Pods");
        session.press(":sources\r");
        session.wait_for("╭");
        session.press("\x1b");
        session.press(":log\r");
        session.wait_for("╭");
        session.press("\x1b");
        session.press("\x03");
        assert_eq!(session.wait_for_end(), 0);
        take_apart(what, &session.raw);
    }
}

#[test]
fn what_a_login_plugin_says_behind_the_screen_is_shown_and_steers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("runs");
    let words = folder.path().join("words");
    std::fs::write(&words, all()).unwrap();
    // the first token is old at once, then it fails
    let script = format!(
        "if [ -e {0} ]; then cat {1} >&2; exit 1; fi; : > {0}; \
         echo '{{\"status\": {{\"token\": \"t\", \"expirationTimestamp\": \"2020-01-01T00:00:00Z\"}}}}'",
        count.display(),
        words.display()
    );
    let user = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": "sh", "args": ["-c", script],
    }});
    let address = server(status(401, &all()));
    let path = config(folder.path(), &format!("http://{address}"), &user);
    let mut session = screen(&path);
    session.wait_for("the login plug-in 'sh' failed");
    session.press("\x03");
    assert_eq!(session.wait_for_end(), 0);
    take_apart("a plug-in", &session.raw);
}

#[test]
fn names_of_a_kubeconfig_are_shown_and_steer_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let named = |list: &str, what: &str| -> serde_json::Value {
        let each = TEXTS.iter().map(|(_, text)| match list {
            "clusters" => json!({"name": text, what: {"server": format!("http://127.0.0.1:9/{text}")}}),
            "users" => json!({"name": text, what: {"token": text, "username": text}}),
            _ => json!({"name": text, what: {"cluster": text, "user": text, "namespace": text}}),
        });
        each.collect()
    };
    for (_, text) in TEXTS {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": text,
            "clusters": named("clusters", "cluster"), "users": named("users", "user"),
            "contexts": named("contexts", "context"),
        });
        std::fs::write(&path, escaped(&config)).unwrap();
        let path = path.to_str().unwrap();
        let (line, code) = run(&["pods", "--kubeconfig", path]);
        assert!([2, 3].contains(&code), "{code}: {line}");
        run(&["pods", "--kubeconfig", path, "--context", "none"]);
        let mut completed = Command::new(env!("CARGO_BIN_EXE_kubectl_complete-sidescope"));
        let completed = completed
            .args(["pods", "--context", ""])
            .env("KUBECONFIG", path)
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(completed.stdout).unwrap(),
            ":4\n",
            "no such name is offered"
        );
    }
    // a context that can be used, among those that cannot
    let mut config: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    config["current-context"] = "good".into();
    let lists = [(
        "clusters",
        json!({"name": "good", "cluster": {"server": "http://127.0.0.1:9"}}),
    )];
    for (list, entry) in lists.into_iter().chain([
        ("users", json!({"name": TEXTS[5].1, "user": {}})),
        (
            "contexts",
            json!({"name": "good", "context": {"cluster": "good", "user": TEXTS[5].1}}),
        ),
    ]) {
        config[list].as_array_mut().unwrap().insert(0, entry);
    }
    std::fs::write(&path, escaped(&config)).unwrap();
    let mut session = screen(path.to_str().unwrap());
    session.wait_for("Connection refused");
    session.press("C");
    session.wait_for("Contexts");
    session.press("G");
    session.press("\r");
    session.wait_until("the choice to be made", |screen| {
        !screen.contents().contains("Contexts")
    });
    session.press("\x03");
    assert_eq!(session.wait_for_end(), 0);
    take_apart("contexts", &session.raw);
}
