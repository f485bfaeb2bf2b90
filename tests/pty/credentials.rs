//! Credentials that are made anew while the screen is up: they are read again when the old ones are refused, without a
//! restart and without a key.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use sidescope::demo::options::Rights;

use crate::corpus::{Served, TOKEN};
use crate::rights::Empty;
use crate::session::Start;

/// A kubeconfig of this server and this user, beside the cluster's own.
fn write(path: &Path, served: &Served, user: &Value) {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://{}", served.address)}}],
        "users": [{"name": "oncall", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "oncall", "namespace": "bookinfo"}}],
    });
    std::fs::write(path, config.to_string()).unwrap();
}

/// Begins with what the server refuses, and goes on once `mend` was done.
fn comes_alive_after(user: &Value, mend: impl Fn(&Path, &Served)) {
    let now = || "2026-11-23T05:00:00Z".parse().unwrap();
    let served = Served::new(now, Arc::new(Empty), Rights::All);
    let config = served.folder.path().join("rotated");
    std::fs::write(config.with_file_name("token"), "of-yesterday").unwrap();
    write(&config, &served, user);
    let mut session = Start {
        size: (120, 30),
        ..crate::session::demo(&["--kubeconfig", config.to_str().unwrap()])
    }
    .open();
    session.wait_for("login expired");
    mend(&config, &served);
    // as soon as somebody asks again, which a key does
    session.press("\x12");
    session.wait_for("● live");
    session.wait_for("reviews-v1");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
}

#[test]
fn a_token_that_is_made_anew_in_its_file_is_used() {
    comes_alive_after(&json!({"tokenFile": "token"}), |config, _| {
        std::fs::write(config.with_file_name("token"), TOKEN).unwrap();
    });
}

#[test]
fn a_token_that_is_made_anew_in_the_kubeconfig_is_used() {
    comes_alive_after(&json!({"token": "of-yesterday"}), |config, served| {
        write(config, served, &json!({"token": TOKEN}));
    });
}
