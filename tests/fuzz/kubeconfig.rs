//! Kubeconfigs, and what a login plug-in prints.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use sidescope::runtime::plugin;
use sidescope::sources::kubernetes::{Asking, ConnectOptions, connect, contexts};

use crate::Target;
use crate::invariants::Outcome;

/// The contexts of a kubeconfig. Nobody logs in: it might name any program.
pub(crate) const CONTEXTS: Target = Target {
    seeds: &[],
    words: &[
        "contexts:\n- ",
        "{name: a, context: {cluster: c, user: u, namespace: n}}",
        "clusters:\n- ",
        "server: https://[::1]:6443\n",
        "users:\n- ",
        "exec:\n",
        "current-context: a\n",
        "certificate-authority-data: AA==\n",
        "extensions:\n- ",
        "&a",
        "*a",
        "<<: *a",
    ],
    longest: crate::FILE,
    read: |bytes| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, bytes).unwrap();
        let found = contexts(&options(&path));
        match found {
            Ok(found) => Outcome::of(&found),
            Err(error) => Outcome::Refused(error.to_string()),
        }
    },
};

/// What a login plug-in prints: an `ExecCredential`.
pub(crate) const LOGIN: Target = Target {
    seeds: &[],
    words: &[
        "\"status\":{",
        "\"token\":\"",
        "\"expirationTimestamp\":\"",
        "\"clientCertificateData\":\"-----BEGIN CERTIFICATE-----\\n",
        "\"kind\":\"ExecCredential\"",
        "\\n",
        "\\u007f",
    ],
    longest: crate::FILE,
    read: |bytes| {
        let folder = tempfile::tempdir().unwrap();
        let (config, printed) = (folder.path().join("config"), folder.path().join("printed"));
        fs::write(&printed, bytes).unwrap();
        let user = format!(
            "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: cat, args: ['{}']}}",
            printed.display()
        );
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: here\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:1'}}}}]\n\
             users: [{{name: u, user: {{{user}}}}}]\ncontexts: [{{name: here, context: {{cluster: c, user: u}}}}]\n"
        );
        fs::write(&config, text).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let connected = runtime.block_on(connect(&options(&config), Timestamp::now, plugin::run));
        match connected {
            Ok(_) => Outcome::Read(0, Vec::new()),
            Err(error) => Outcome::Refused(error.to_string()),
        }
    },
};

fn options(path: &Path) -> ConnectOptions {
    ConnectOptions {
        kubeconfig: Some(path.to_owned()),
        asking: Asking::Never,
        ..ConnectOptions::default()
    }
}
