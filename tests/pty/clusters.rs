//! Clusters that cannot be reached or want a login: a state on the screen, never an end, and the terminal in between.

mod contexts;

use std::net::TcpListener;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sidescope::demo::options::{Faults, Rights};
use tempfile::TempDir;

use crate::corpus::Served;
use crate::rights::Empty;
use crate::session::{Session, Start};

/// Opens the screen with a kubeconfig for a server that is not there.
fn open(folder: &TempDir, user: &str) -> Session {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = folder.path().join("config");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\nclusters: [{{name: c, cluster: {{server: 'http://{nobody}'}}}}]\n\
         users: [{{name: u, user: {{{user}}}}}]\ncontexts: [{{name: here, context: {{cluster: c, user: u}}}}]\n"
    );
    std::fs::write(&path, text).unwrap();
    Start {
        program: env!("CARGO_BIN_EXE_sidescope"),
        arguments: &["--kubeconfig", path.to_str().unwrap()],
        environment: &[],
        size: (100, 30),
    }
    .open()
}

#[test]
fn a_server_that_is_not_there_is_a_state_and_everything_else_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = open(&folder, "");
    session.wait_for("cannot reach the API server: Connection refused");
    session.press(":log\r");
    // of which kind depends on who was told first; only the log puts a kind before the words
    session.wait_for(": cannot reach the API server: Connection refused");
    session.press("\x03");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}

#[test]
fn a_login_plugin_may_ask_before_the_screen_opens() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("login");
    std::fs::write(
        &script,
        "printf 'Password: ' >&2; read -r answer; [ \"$answer\" = secret ] || exit 1\n\
         echo '{\"status\": {\"token\": \"t\"}}'\n",
    )
    .unwrap();
    let user = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, command: sh, args: ['{}']}}",
        script.display()
    );
    let mut session = open(&folder, &user);
    session.wait_for("Password: ");
    assert!(!session.screen().alternate_screen());
    session.press("secret\r");
    session.wait_for("cannot reach the API server: Connection refused");
    session.press("\x03");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}

#[test]
fn a_server_whose_clock_is_ahead_is_told() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server's clock is ours, but for the trouble"
    )]
    let cluster = Served::new(Timestamp::now, Arc::new(Empty), Rights::All);
    cluster.faults.set(Faults {
        clock: SignedDuration::from_hours(1),
        ..Faults::default()
    });
    let config = cluster.path("config");
    let mut session = Start {
        arguments: &["--kubeconfig", &config, "-A"],
        ..crate::session::demo(&[])
    }
    .open();
    session.wait_for("live");
    session.press(":sources\r");
    // 3600 s, or 3599 where the second was nearly over
    session.wait_for("the server's clock differs from ours by 3");
}
