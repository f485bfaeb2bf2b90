//! Login plug-ins: the command that a kubeconfig's `user.exec` names, and the credential that it prints.
//!
//! client-go: `plugin/pkg/client/auth/exec/exec.go`. Invariants: the plug-in runs once at the start, with the terminal if it
//! may ask; later, when its token is about to expire or was refused, without one, one run at a time. One that is given up
//! is killed (its process is `runtime`'s).
//!
//! # Decisions
//! * Not kube's own: that runs a plug-in three times for each client, so that a person is asked as often, and puts the
//!   whole output of one that fails into its error. Revisit when kube runs it once.

use std::io::{self, IsTerminal as _};
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::ByteString;
use kube::Client;
use kube::client::Body;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::failure::first_line;

/// A token is renewed so long before it expires.
const EARLY: SignedDuration = SignedDuration::from_secs(60);

/// Why a plug-in gave no credential: what failed, and what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum LoginError {
    /// It did not run.
    #[error("cannot run the login plug-in '{command}': {cause}; {hint}")]
    NotRun {
        command: String,
        cause: String,
        hint: String,
    },
    /// It ended with an error.
    #[error("the login plug-in '{command}' failed ({status}){said}; try it by hand")]
    Failed {
        command: String,
        status: String,
        said: String,
    },
    /// What it printed is no credential.
    #[error("the login plug-in '{command}' printed no credential: {cause}; try it by hand")]
    Garbled { command: String, cause: String },
    /// It has to ask and there is nobody to answer.
    #[error("the login plug-in '{command}' has to ask, and there is no terminal for it; log in first")]
    MustAsk { command: String },
    /// It did not end in time.
    #[error("the login plug-in '{command}' has not ended within {} s; try it by hand", .after.as_secs())]
    Endless { command: String, after: Duration },
    /// It printed more than any credential is.
    #[error("the login plug-in '{command}' printed more than {most} MiB, which no credential is; try it by hand")]
    TooMuch { command: String, most: u64 },
}

/// Whether a plug-in may ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Asking {
    /// The terminal is the person's: the plug-in may use it, unless the kubeconfig says otherwise.
    #[default]
    Allowed,
    /// The terminal is the screen's.
    Never,
}

/// A plug-in's process, to be started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plugin {
    /// A path, or a name on the `PATH`.
    pub command: String,
    /// What follows it.
    pub arguments: Vec<String>,
    /// Besides what this process has.
    pub environment: Vec<(String, String)>,
    /// Whether it may read the terminal.
    pub asks: bool,
    /// Whose the terminal is.
    pub asking: Asking,
}

/// How a plug-in's process ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ran {
    /// By itself.
    Ended(Output),
    /// It was stopped as it took a terminal that was not its own.
    MustAsk,
    /// It was given up after so long.
    Endless(Duration),
    /// It was given up when it had printed more than so many MiB.
    TooMuch(u64),
}

/// Runs a plug-in; given up with the future, the process ends. Processes are the runtime's: `runtime::plugin` has one.
pub type RunPlugin = fn(Plugin) -> BoxFuture<'static, io::Result<Ran>>;

/// What a plug-in prints.
///
/// Kubernetes: `client.authentication.k8s.io/v1`, `ExecCredential`.
#[derive(Deserialize)]
struct Printed {
    status: Option<Credential>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Credential {
    expiration_timestamp: Option<Timestamp>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Runs the plug-in until it ends, or is given up with this future.
async fn ask(plugin: &ExecConfig, asking: Asking, run: RunPlugin) -> Result<Credential, LoginError> {
    let command = plugin.command.clone().unwrap_or_default();
    let asks = match (&plugin.interactive_mode, asking) {
        (Some(ExecInteractiveMode::Always), Asking::Never) => return Err(LoginError::MustAsk { command }),
        (Some(ExecInteractiveMode::Never), _) | (_, Asking::Never) => false,
        (Some(ExecInteractiveMode::Always | ExecInteractiveMode::IfAvailable) | None, Asking::Allowed) => {
            std::io::stdin().is_terminal()
        }
    };
    let cluster = plugin.cluster.as_ref().filter(|_| plugin.provide_cluster_info);
    let mut told = json!({
        "apiVersion": plugin.api_version,
        "kind": "ExecCredential",
        "spec": { "interactive": asks },
    });
    if let (Some(cluster), Some(spec)) = (cluster, told.get_mut("spec")) {
        *spec = json!({ "interactive": asks, "cluster": cluster });
    }
    let environment = plugin.env.iter().flatten();
    let environment = environment.filter_map(|one| Some((one.get("name")?.clone(), one.get("value")?.clone())));
    let told = ("KUBERNETES_EXEC_INFO".to_owned(), told.to_string());
    let ran = run(Plugin {
        command: command.clone(),
        arguments: plugin.args.clone().unwrap_or_default(),
        environment: environment.chain([told]).collect(),
        asks,
        asking,
    });
    let output = match ran.await {
        Ok(Ran::Ended(output)) => output,
        Ok(Ran::MustAsk) => return Err(LoginError::MustAsk { command }),
        Ok(Ran::Endless(after)) => return Err(LoginError::Endless { command, after }),
        Ok(Ran::TooMuch(most)) => return Err(LoginError::TooMuch { command, most }),
        Err(error) => {
            return Err(LoginError::NotRun {
                command,
                cause: super::failure::without_number(&error.to_string()),
                hint: plugin
                    .install_hint
                    .as_deref()
                    .map_or_else(|| "is it installed?".to_owned(), |hint| first_line(hint).to_string()),
            });
        }
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().rev().find(|line| !line.trim().is_empty());
        return Err(LoginError::Failed {
            command,
            status: output.status.to_string(),
            said: said.map_or_else(String::new, |line| format!(": {}", first_line(line))),
        });
    }
    let garbled = |cause: String| LoginError::Garbled {
        command: command.clone(),
        cause,
    };
    let printed: Printed = serde_saphyr::from_slice(&output.stdout)
        .map_err(|error| garbled(first_line(&error.to_string().replace("error: ", "")).to_string()))?;
    let credential = printed.status.ok_or_else(|| garbled("it has no status".to_owned()))?;
    if credential.token.is_none() && credential.client_certificate_data.is_none() {
        return Err(garbled("it has neither token nor certificate".to_owned()));
    }
    Ok(credential)
}

/// Lends the plug-in the terminal if it may ask, and puts what it gives into `auth`: from here on that needs no plug-in.
///
/// `None` if there is no plug-in, or if what it gave is a certificate or a token for ever.
pub(super) async fn log_in(
    auth: &mut AuthInfo,
    asking: Asking,
    clock: fn() -> Timestamp,
    run: RunPlugin,
) -> Result<Option<Renewal>, LoginError> {
    let Some(plugin) = auth.exec.take() else {
        return Ok(None);
    };
    let credential = ask(&plugin, asking, run).await?;
    if let (Some(certificate), Some(key)) = (credential.client_certificate_data, credential.client_key_data) {
        auth.client_certificate_data = Some(base64(certificate));
        auth.client_key_data = Some(base64(key).into());
    }
    let Some(token) = credential.token else {
        return Ok(None);
    };
    let header = header(&token, &plugin)?;
    let token = Token {
        header,
        expires: credential.expiration_timestamp,
        is_refused: false,
    };
    Ok(Some(Renewal {
        plugin: Arc::new(plugin),
        token: Arc::new(Mutex::new(token)),
        clock,
        run,
    }))
}

/// A kubeconfig has certificates and keys in this form.
fn base64(text: String) -> String {
    let encoded = serde_json::to_value(ByteString(text.into_bytes())).unwrap_or_default();
    encoded.as_str().unwrap_or_default().to_owned()
}

fn header(token: &str, plugin: &ExecConfig) -> Result<HeaderValue, LoginError> {
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| LoginError::Garbled {
        command: plugin.command.clone().unwrap_or_default(),
        cause: "its token has characters that no token has".to_owned(),
    })?;
    header.set_sensitive(true);
    Ok(header)
}

struct Token {
    header: HeaderValue,
    /// Never, if absent.
    expires: Option<Timestamp>,
    /// The server would not have it.
    is_refused: bool,
}

/// A token and the plug-in that renews it.
#[derive(Clone)]
pub(super) struct Renewal {
    plugin: Arc<ExecConfig>,
    token: Arc<Mutex<Token>>,
    clock: fn() -> Timestamp,
    run: RunPlugin,
}

impl Renewal {
    /// The same client, with the token in each request.
    pub(super) fn wrap(self, client: Client) -> Client {
        let namespace = client.default_namespace().to_owned();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (client, renewal) = (client.clone(), self.clone());
            async move { renewal.send(&client, request).await }
        });
        Client::new(service, namespace)
    }

    async fn send(
        &self,
        client: &Client,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
        let header = self.header().await?;
        request.headers_mut().insert(AUTHORIZATION, header.clone());
        let response = client.send(request).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            let mut token = self.token.lock().await;
            // requests that were under way with an older token say nothing of this one
            token.is_refused |= token.header == header;
        }
        Ok(response)
    }

    /// The header with a token that is good for a while, renewed if need be.
    async fn header(&self) -> Result<HeaderValue, LoginError> {
        let mut token = self.token.lock().await;
        let soon = (self.clock)().saturating_add(EARLY).unwrap_or(Timestamp::MAX);
        if !token.is_refused && token.expires.is_none_or(|expires| expires > soon) {
            return Ok(token.header.clone());
        }
        let credential = ask(&self.plugin, Asking::Never, self.run).await?;
        *token = Token {
            header: header(&credential.token.unwrap_or_default(), &self.plugin)?,
            expires: credential.expiration_timestamp,
            is_refused: false,
        };
        Ok(token.header.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(script: &str) -> ExecConfig {
        serde_json::from_value(json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "sh",
            "args": ["-c", script],
            "interactiveMode": "Never",
        }))
        .unwrap()
    }

    /// To its end, whatever it does.
    fn run(plugin: Plugin) -> BoxFuture<'static, io::Result<Ran>> {
        let output = std::process::Command::new(plugin.command)
            .args(plugin.arguments)
            .envs(plugin.environment)
            .output();
        Box::pin(std::future::ready(output.map(Ran::Ended)))
    }

    async fn complaint(script: &str) -> String {
        let ended = ask(&plugin(script), Asking::Never, run).await;
        ended.map(|_| ()).unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_plugin_that_fails_is_told_by_its_last_line() {
        assert_eq!(
            complaint("echo first >&2; echo 'session expired' >&2; echo >&2; exit 7").await,
            "the login plug-in 'sh' failed (exit status: 7): session expired; try it by hand"
        );
    }

    #[tokio::test]
    async fn what_is_no_credential_is_said_to_be_none() {
        assert!(
            complaint("echo '<html>'")
                .await
                .starts_with("the login plug-in 'sh' printed no credential: ")
        );
        assert_eq!(
            complaint("echo '{}'").await,
            "the login plug-in 'sh' printed no credential: it has no status; try it by hand"
        );
        assert_eq!(
            complaint("echo '{\"status\": {}}'").await,
            "the login plug-in 'sh' printed no credential: it has neither token nor certificate; try it by hand"
        );
    }

    #[tokio::test]
    async fn a_plugin_that_is_not_there_comes_with_its_hint() {
        let mut absent = plugin("");
        absent.command = Some("/nonexistent/corp-login".to_owned());
        absent.install_hint = Some("get it at corp.example\nand more".to_owned());
        assert_eq!(
            ask(&absent, Asking::Allowed, run)
                .await
                .map(|_| ())
                .unwrap_err()
                .to_string(),
            "cannot run the login plug-in '/nonexistent/corp-login': No such file or directory; get it at corp.example"
        );
    }

    #[tokio::test]
    async fn a_plugin_that_must_ask_is_not_run_behind_the_screen() {
        let mut asks = plugin("exit 1");
        asks.interactive_mode = Some(ExecInteractiveMode::Always);
        assert!(matches!(
            ask(&asks, Asking::Never, run).await,
            Err(LoginError::MustAsk { .. })
        ));
    }

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    /// A plug-in whose token is the number of its run, good for so many seconds from noon.
    async fn renewal(folder: &tempfile::TempDir, good_for: i64) -> Renewal {
        let count = folder.path().join("runs");
        let script = format!(
            "echo run >> {0}; printf '{{\"status\": {{\"token\": \"%s\", \"expirationTimestamp\": \"{1}\"}}}}' $(wc -l < {0})",
            count.display(),
            noon() + SignedDuration::from_secs(good_for)
        );
        let mut auth = AuthInfo {
            exec: Some(plugin(&script)),
            ..AuthInfo::default()
        };
        log_in(&mut auth, Asking::Allowed, noon, run).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_plugin_runs_once_as_long_as_its_token_is_good() {
        let folder = tempfile::tempdir().unwrap();
        let renewal = renewal(&folder, 3600).await;
        for _ in 0..3 {
            assert_eq!(renewal.header().await.unwrap(), "Bearer 1");
        }
        renewal.token.lock().await.is_refused = true;
        assert_eq!(
            renewal.header().await.unwrap(),
            "Bearer 2",
            "a refused token is renewed"
        );
    }

    #[tokio::test]
    async fn a_token_about_to_expire_is_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let renewal = renewal(&folder, 59).await;
        assert_eq!(renewal.header().await.unwrap(), "Bearer 2");
        assert_eq!(
            renewal.header().await.unwrap(),
            "Bearer 3",
            "it is no longer good than the first"
        );
    }
}
