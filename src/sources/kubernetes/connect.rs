//! From kubeconfig, context and flags to a client, with errors a person can act on.
//!
//! Not here: whether the server answers; the first request shows that.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::failure::{chain, failure_of, first_line};
use crate::mesh::model::Text;
use crate::mesh::world::Failure;

/// What the command line says about the cluster; all optional.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// `--kubeconfig`; else `KUBECONFIG` (merged), else `~/.kube/config`, else the pod's own service account.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`; else the current one.
    pub context: Option<String>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`.
    pub as_groups: Vec<String>,
}

/// A cluster that can be asked.
#[derive(Clone)]
pub struct Connection {
    /// The client for the screen: a login plug-in it starts may not read the terminal.
    pub client: Client,
    /// What it is connected to.
    pub cluster: ClusterInfo,
}

/// What a person calls the cluster.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClusterInfo {
    /// The kubeconfig's context; `in-cluster` without one.
    pub context: Text,
    /// The API server's URL.
    pub server: Text,
    /// The context's namespace; `default` if it has none.
    pub namespace: Text,
    /// The kubeconfig's user.
    pub user: Text,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing says where a cluster is.
    #[error("no kubeconfig found: set KUBECONFIG or --kubeconfig, or try 'sidescope demo'")]
    NoKubeconfig,
    /// The file is there but cannot be used.
    #[error("cannot read the kubeconfig: {0}")]
    Unreadable(String),
    /// No such context.
    #[error("no context '{name}' in the kubeconfig{}", hint(.near))]
    UnknownContext {
        /// As asked for.
        name: String,
        /// The nearest name there is, else all of them.
        near: Vec<String>,
    },
    /// The file names a cluster, user, certificate or proxy that cannot be used.
    #[error("context '{context}' cannot be used: {reason}")]
    BrokenContext {
        /// The context.
        context: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The login plug-in failed or the token is refused.
    #[error("cannot log in to context '{context}': {reason}")]
    Login {
        /// The context.
        context: String,
        /// In the plug-in's or server's words.
        reason: String,
    },
}

fn hint(near: &[String]) -> String {
    match near {
        [] => ": it has none; see 'kubectl config get-contexts'".to_owned(),
        [one] => format!(": did you mean '{one}'?"),
        many => format!(": it has {}", many.join(", ")),
    }
}

/// Until the TCP and TLS handshakes are done.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes a client, without asking the server anything.
pub async fn connect(options: &ConnectOptions) -> Result<Connection, ConnectError> {
    let (mut config, cluster) = match kubeconfig(options)? {
        Some(kubeconfig) => from_kubeconfig(kubeconfig, options).await?,
        None => from_pod()?,
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // a sick server must show as such: kube's own policy would try for minutes behind our back
    config.default_retry = false;
    config.auth_info.impersonate.clone_from(&options.as_user);
    config.auth_info.impersonate_groups = (!options.as_groups.is_empty()).then(|| options.as_groups.clone());
    config.headers.push((
        HeaderName::from_static("user-agent"),
        HeaderValue::from_static(USER_AGENT),
    ));
    log_in(&config, &cluster).await?;
    if let Some(exec) = &mut config.auth_info.exec {
        // from here on the terminal is the screen's: a plug-in that refreshes a token gets neither stdin nor stderr
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
    let client = client(config, &cluster)?;
    Ok(Connection { client, cluster })
}

const USER_AGENT: &str = concat!("sidescope/", env!("CARGO_PKG_VERSION"));

/// A client for a server without a login, under this name: the built-in one.
///
/// # Errors
/// A URL that is none.
pub fn connect_to(url: &str, name: &str) -> Result<Connection, ConnectError> {
    let uri: http::Uri = url.parse().map_err(|error| broken(name, &error))?;
    let mut config = Config::new(uri);
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.default_retry = false;
    let cluster = ClusterInfo {
        context: name.into(),
        server: url.into(),
        namespace: "default".into(),
        user: name.into(),
    };
    let client = client(config, &cluster)?;
    Ok(Connection { client, cluster })
}

/// Lets a login plug-in ask its questions now, while the terminal is still the person's.
async fn log_in(config: &Config, cluster: &ClusterInfo) -> Result<(), ConnectError> {
    if config.auth_info.exec.is_none() {
        return Ok(());
    }
    let asked = client(config.clone(), cluster)?.apiserver_version().await;
    match asked.as_ref().map_err(failure_of) {
        Err(Failure::Unauthorized(reason) | Failure::Status(401, reason)) => Err(ConnectError::Login {
            context: cluster.context.to_string(),
            reason: reason.to_string(),
        }),
        // anything else is the source's to show, and to get over
        Ok(_) | Err(_) => Ok(()),
    }
}

fn client(config: Config, cluster: &ClusterInfo) -> Result<Client, ConnectError> {
    Client::try_from(config).map_err(|error| {
        if let kube::Error::Auth(auth) = &error {
            let reason = first_line(&chain(auth)).to_string();
            return ConnectError::Login {
                context: cluster.context.to_string(),
                reason,
            };
        }
        broken(&cluster.context, &error)
    })
}

fn broken(context: &str, error: &dyn std::error::Error) -> ConnectError {
    ConnectError::BrokenContext {
        context: context.to_owned(),
        reason: first_line(&chain(error)).to_string(),
    }
}

/// The merged kubeconfig; `None` if there is no file at all.
fn kubeconfig(options: &ConnectOptions) -> Result<Option<Kubeconfig>, ConnectError> {
    let read = match &options.kubeconfig {
        Some(path) => Kubeconfig::read_from(path).map(Some),
        None => match Kubeconfig::read() {
            Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(KubeconfigError::FindPath) => Ok(None),
            other => other.map(Some),
        },
    };
    read.map_err(|error| {
        if let KubeconfigError::ReadConfig(cause, path) = &error {
            return ConnectError::Unreadable(format!("{}: {cause}", path.display()));
        }
        ConnectError::Unreadable(first_line(&chain(&error)).to_string())
    })
}

async fn from_kubeconfig(
    kubeconfig: Kubeconfig,
    options: &ConnectOptions,
) -> Result<(Config, ClusterInfo), ConnectError> {
    let names: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let Some(name) = options
        .context
        .clone()
        .or_else(|| kubeconfig.current_context.clone())
        .filter(|n| !n.is_empty())
    else {
        return Err(ConnectError::Unreadable(
            "it has no current context: choose one with --context".to_owned(),
        ));
    };
    if !names.contains(&name) {
        let near = nearest(&name, &names).map_or(names, |near| vec![near]);
        return Err(ConnectError::UnknownContext { name, near });
    }
    let context = kubeconfig
        .contexts
        .iter()
        .find(|context| context.name == name)
        .and_then(|c| c.context.clone());
    let user = context.and_then(|context| context.user).unwrap_or_default();
    let chosen = KubeConfigOptions {
        context: Some(name.clone()),
        ..KubeConfigOptions::default()
    };
    let config = Config::from_custom_kubeconfig(kubeconfig, &chosen)
        .await
        .map_err(|error| broken(&name, &error))?;
    let cluster = ClusterInfo {
        context: name.into(),
        server: config.cluster_url.to_string().into(),
        namespace: config.default_namespace.as_str().into(),
        user: user.into(),
    };
    Ok((config, cluster))
}

fn from_pod() -> Result<(Config, ClusterInfo), ConnectError> {
    let config = Config::incluster().map_err(|_| ConnectError::NoKubeconfig)?;
    let cluster = ClusterInfo {
        context: "in-cluster".into(),
        server: config.cluster_url.to_string().into(),
        namespace: config.default_namespace.as_str().into(),
        user: "service account".into(),
    };
    Ok((config, cluster))
}

/// The name most like `name`, if any is like it at all.
pub fn nearest<S: AsRef<str>>(name: &str, names: &[S]) -> Option<String> {
    let likeness = |other: &&S| strsim::jaro_winkler(name, other.as_ref());
    let best = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) >= 0.75).then(|| best.as_ref().to_owned())
}
