//! Certificates that are made anew while the screen is up: they are read again when the old ones are refused.

use std::path::Path;
use std::process::Command;

use crate::bed::Bed;
use crate::session::{Session, Start};

/// A certificate of nobody that the server knows, with its key.
#[track_caller]
fn foreign(certificate: &Path, key: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"])
        .args(["-subj", "/O=system:masters/CN=somebody"])
        .arg("-out")
        .arg(certificate)
        .arg("-keyout")
        .arg(key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn open(bed: &Bed, config: &str) -> Session {
    let (program, home) = (bed.program(), bed.home());
    Start {
        program: &program,
        arguments: &[
            "exec",
            "--",
            env!("CARGO_BIN_EXE_sidescope"),
            "--kubeconfig",
            config,
            "-A",
        ],
        environment: &[("SIDESCOPE_TESTBED", &home)],
        size: (120, 40),
    }
    .open()
}

/// The screen is refused with these files made foreign, and alive once they are the bed's again.
fn comes_alive(files: [&str; 2], said: &str) {
    let bed = Bed::with_bookinfo();
    let pki = Path::new(&bed.home()).join("pki");
    let (folder, config) = bed.altered_kubeconfig(&format!("{}/", pki.display()), "");
    let mend = || {
        for file in ["ca.crt", "admin.crt", "admin.key"] {
            std::fs::copy(pki.join(file), folder.path().join(file)).unwrap();
        }
    };
    mend();
    let [certificate, key] = files.map(|file| folder.path().join(file));
    foreign(&certificate, &key);
    let mut session = open(&bed, &config);
    session.wait_for(said);
    mend();
    // at once, not when the wait is over
    session.press("\x12");
    session.wait_for("● live");
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
}

#[test]
fn a_client_certificate_that_was_made_anew_is_used() {
    comes_alive(["admin.crt", "admin.key"], "login expired");
}

#[test]
fn an_authority_that_was_made_anew_is_trusted() {
    comes_alive(["ca.crt", "unused.key"], "retry");
}
