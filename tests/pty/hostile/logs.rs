//! What a log may not hold: secrets, tokens, whole objects. And what steers whoever reads it with `cat`.

use serde_json::json;

use super::cluster::serve;
use crate::corpus::TOKEN;
use crate::session::Start;

/// What is in objects alone: nothing of it may be in a log.
const BODIES: &[&str] = &[
    "ISTIO_META_WORKLOAD_NAME",
    "terminationMessagePolicy",
    "PILOT_CERT_PROVIDER",
    "example.org/note",
];

#[test]
fn a_log_has_no_secret_no_token_and_no_object() {
    let (cluster, client) = serve();
    let (log, plugin) = (cluster.path("log"), cluster.path("plugin"));
    let config: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(cluster.path("config")).unwrap()).unwrap();
    // a token in the kubeconfig, a password in the URL, and the same token from a plug-in
    let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap();
    let mut exec = config.clone();
    exec["clusters"][0]["cluster"]["server"] = server.replace("http://", "http://me:URLSECRET@").into();
    exec["users"][0]["user"] = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": "sh",
        "args": ["-c", format!("echo PLUGINSECRET >&2; echo '{{\"status\": {{\"token\": \"{TOKEN}\"}}}}'")],
        "env": [{"name": "X", "value": "ENVSECRET"}],
    }});
    std::fs::write(&plugin, exec.to_string()).unwrap();
    let token = format!("Bearer {TOKEN}");
    let secrets = ["URLSECRET", "ENVSECRET", token.as_str()];
    for arguments in [
        &["pods", "-A"][..],
        &["endpoints", &client, "--live"],
        &["lint", "-A"],
        &["record", &cluster.path("r"), "--for", "1s"],
        &["traffic", &client, "--exec", "istio-proxy"],
    ] {
        cluster.run(&[arguments, &["--log-file", &log]].concat());
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sidescope"));
        let output = command
            .args(arguments)
            .args(["--kubeconfig", &plugin, "--log-file", &log])
            .output()
            .unwrap();
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8(text).unwrap();
            assert!(
                !secrets.iter().any(|secret| text.contains(secret)),
                "{arguments:?}: {text}"
            );
        }
    }
    let arguments = ["--kubeconfig", &plugin, "--log-file", &log, "-A", "--pod", &client];
    let mut session = Start {
        size: (120, 40),
        ..crate::session::demo(&arguments)
    }
    .open();
    session.wait_for("live");
    session.press("1y");
    session.wait_for("kind: Pod");
    session.press("\x1b:log\r");
    session.wait_for("╭");
    session.press("\x1bQ");
    session.wait_for_end();
    let raw = String::from_utf8_lossy(&session.raw).into_owned();
    assert!(
        !secrets.iter().any(|secret| raw.contains(secret)),
        "the screen tells no secret"
    );

    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.lines().count() > 10, "there is a log:\n{text}");
    for secret in secrets.iter().chain(BODIES) {
        assert!(!text.contains(secret), "'{secret}' is in the log:\n{text}");
    }
    let longest = text.lines().map(str::len).max().unwrap();
    assert!(
        longest < 2_000,
        "a line of {longest} bytes holds more than a message:\n{text}"
    );
    super::scan::assert_lines("the log", text.as_bytes());
}
