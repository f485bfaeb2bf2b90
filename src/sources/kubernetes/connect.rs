//! From kubeconfig, context and flags to a client, with errors a person can act on.
//!
//! Not here: whether the server answers; the first request shows that.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::failure::{chain, first_line, without_number};
use super::login;
pub use super::login::{Asking, Plugin, Ran, RunPlugin};
use super::rotation::{Rotation, print_of};
use crate::mesh::model::{Text, nearest};

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
    /// Whether a login plug-in may use the terminal.
    pub asking: Asking,
}

/// A context of the kubeconfig, as far as the kubeconfig tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ContextInfo {
    /// Its name.
    pub name: Text,
    /// Its cluster's name.
    pub cluster: Text,
    /// That cluster's server; empty if it is not said.
    pub server: Text,
    /// Its namespace; empty if it has none.
    pub namespace: Text,
}

/// A cluster that can be asked.
#[derive(Clone)]
pub struct Connection {
    /// The client; a login plug-in that it starts may not read the terminal.
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
    /// The proxy on the way to the server, without its password; empty if there is none.
    pub proxy: Text,
}

impl ClusterInfo {
    /// Where requests go.
    pub fn route(&self) -> String {
        match self.proxy.as_str() {
            "" => format!("'{}'", self.server),
            proxy => format!("'{}' through the proxy '{proxy}'", self.server),
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing says where a cluster is.
    #[error("no kubeconfig found: set KUBECONFIG or --kubeconfig, or try 'sidescope demo'")]
    NoKubeconfig,
    /// The file is there but cannot be used.
    #[error("cannot read the kubeconfig{}; see KUBECONFIG or --kubeconfig", colon(.0))]
    Unreadable(String),
    /// It does not say which context to use.
    #[error("the kubeconfig has no current context: {}", choose(.0))]
    NoContext(Vec<String>),
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
    /// The login plug-in failed.
    #[error("cannot log in to context '{context}': {reason}")]
    Login {
        /// The context.
        context: String,
        /// What failed, and what to do.
        reason: String,
    },
}

fn colon(reason: &str) -> String {
    // a path comes before the reason, as in other programs' messages
    if reason.starts_with('\'') {
        format!(" {reason}")
    } else {
        format!(": {reason}")
    }
}

fn choose(names: &[String]) -> String {
    if names.is_empty() {
        "it has no context at all; see KUBECONFIG or --kubeconfig".to_owned()
    } else {
        format!("choose one with --context; it has {}", names.join(", "))
    }
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

/// Makes a client, without asking the server anything. A login plug-in may use the terminal meanwhile. What the kubeconfig
/// says of the context is read again when the server refuses what it said before.
pub async fn connect(
    options: &ConnectOptions,
    clock: fn() -> Timestamp,
    run: RunPlugin,
) -> Result<Connection, ConnectError> {
    let made = make(options, clock, run).await?;
    if made.of == IN_CLUSTER {
        return Ok(Connection {
            client: made.client,
            cluster: made.cluster,
        });
    }
    // later a current context may be another
    let options = ConnectOptions {
        context: Some(made.cluster.context.to_string()),
        asking: Asking::Never,
        ..options.clone()
    };
    let rotation = Rotation::new(options, clock, run, &made);
    Ok(Connection {
        client: rotation.wrap(made.client.default_namespace()),
        cluster: made.cluster,
    })
}

/// A client, and what it was made of.
pub(super) struct Made {
    pub(super) client: Client,
    pub(super) cluster: ClusterInfo,
    /// See [`print_of`]; [`IN_CLUSTER`] of a pod's own account, whose files kube itself reads again.
    pub(super) of: u64,
}

const IN_CLUSTER: u64 = 0;

/// Makes a client of what is there now.
pub(super) async fn make(
    options: &ConnectOptions,
    clock: fn() -> Timestamp,
    run: RunPlugin,
) -> Result<Made, ConnectError> {
    let (mut config, cluster, of) = match kubeconfig(options)? {
        Some(kubeconfig) => {
            let read = kubeconfig.clone();
            let (config, cluster) = from_kubeconfig(kubeconfig, options).await?;
            let of = print_of(&read, &cluster.context);
            (config, cluster, of)
        }
        None => {
            let (config, cluster) = from_pod()?;
            (config, cluster, IN_CLUSTER)
        }
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
    check_token(&config, &cluster)?;
    let renewal = login::log_in(&mut config.auth_info, options.asking, clock, run).await;
    let renewal = renewal.map_err(|error| ConnectError::Login {
        context: cluster.context.to_string(),
        reason: error.to_string(),
    })?;
    let client = client(config, &cluster)?;
    let client = match renewal {
        Some(renewal) => renewal.wrap(client),
        None => client,
    };
    Ok(Made { client, cluster, of })
}

/// kube takes it for granted, and panics where it is not so, that a token can stand in a header.
fn check_token(config: &Config, cluster: &ClusterInfo) -> Result<(), ConnectError> {
    // what it holds is secret: no other way leads to it
    let written = serde_json::to_value(&config.auth_info).unwrap_or_default();
    let tokens = [
        "/token",
        "/auth-provider/config/id-token",
        "/auth-provider/config/access-token",
    ];
    let mut tokens = tokens.iter().filter_map(|path| written.pointer(path)?.as_str());
    if tokens.all(|token| HeaderValue::from_str(token).is_ok()) {
        return Ok(());
    }
    Err(ConnectError::Login {
        context: cluster.context.to_string(),
        reason: "its token has characters that no token has; see its user in the kubeconfig".to_owned(),
    })
}

/// The contexts of the kubeconfig, in its order.
///
/// # Errors
/// There is no kubeconfig, or it cannot be read.
pub fn contexts(options: &ConnectOptions) -> Result<Vec<ContextInfo>, ConnectError> {
    let kubeconfig = kubeconfig(options)?.ok_or(ConnectError::NoKubeconfig)?;
    let server = |name: &str| {
        let named = kubeconfig.clusters.iter().find(|cluster| cluster.name == name);
        named.and_then(|cluster| cluster.cluster.as_ref()?.server.clone())
    };
    let contexts = kubeconfig.contexts.iter().map(|named| {
        let context = named.context.clone().unwrap_or_default();
        ContextInfo {
            name: named.name.as_str().into(),
            server: server(&context.cluster)
                .map(|url| without_password(&url))
                .unwrap_or_default(),
            cluster: context.cluster.into(),
            namespace: context.namespace.unwrap_or_default().into(),
        }
    });
    Ok(contexts.collect())
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
        proxy: Text::default(),
    };
    let client = client(config, &cluster)?;
    Ok(Connection { client, cluster })
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
        reason: without_number(&first_line(&chain(error)).replace("'\"", "'").replace("\"'", "'")),
    }
}

/// The kubeconfig, merged from several files as kubectl does; `None` if there is no file at all.
pub(super) fn kubeconfig(options: &ConnectOptions) -> Result<Option<Kubeconfig>, ConnectError> {
    if let Some(path) = &options.kubeconfig {
        return read(path).map(Some);
    }
    let named: Vec<PathBuf> = std::env::split_paths(&list())
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    if named.is_empty() {
        // as every client; no home: no kubeconfig
        let usual = std::env::home_dir().map(|home| home.join(".kube").join("config"));
        return usual
            .filter(|path| path.try_exists().unwrap_or(true))
            .map(|path| read(&path))
            .transpose();
    }
    let mut merged: Option<Kubeconfig> = None;
    // a file of the list that is not there counts as empty
    for path in named.iter().map(PathBuf::as_path).filter(|path| path.exists()) {
        let next = read(path)?;
        merged = Some(match merged {
            Some(before) => before.merge(next).map_err(|error| unreadable(&error, Some(path)))?,
            None => next,
        });
    }
    Ok(merged)
}

#[expect(
    clippy::disallowed_methods,
    reason = "KUBECONFIG is part of what a kubeconfig is, as for every client"
)]
fn list() -> OsString {
    std::env::var_os("KUBECONFIG").unwrap_or_default()
}

/// No kubeconfig is longer: one of a thousand contexts, each with its certificates, is below it.
const MOST_MIB: u64 = 4;

fn read(path: &Path) -> Result<Kubeconfig, ConnectError> {
    bounded(path).map_err(|error| unreadable(&error, Some(path)))
}

fn bounded(path: &Path) -> Result<Kubeconfig, KubeconfigError> {
    let failed = |error: io::Error| KubeconfigError::ReadConfig(error, path.to_owned());
    let too_long = || failed(io::Error::other(format!("it is larger than {MOST_MIB} MiB")));
    let metadata = std::fs::metadata(path).map_err(failed)?;
    // kube resolves the names of files in it; what has no length of its own, such as a pipe, has none beside it
    if metadata.is_dir() || metadata.is_file() && metadata.len() > 0 {
        if metadata.len() > MOST_MIB << 20 {
            return Err(too_long());
        }
        return Kubeconfig::read_from(path);
    }
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take((MOST_MIB << 20) + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if u64::try_from(text.len()).is_ok_and(|read| read > MOST_MIB << 20) {
        return Err(too_long());
    }
    Kubeconfig::from_yaml(&text)
}

fn unreadable(error: &KubeconfigError, path: Option<&Path>) -> ConnectError {
    if let KubeconfigError::ReadConfig(cause, path) = error {
        let cause = without_number(&cause.to_string());
        return ConnectError::Unreadable(format!("'{}': {cause}", path.display()));
    }
    let reason = chain(error).replace("failed to parse kubeconfig YAML: error: ", "it is no kubeconfig: ");
    let reason = first_line(&reason);
    ConnectError::Unreadable(match path {
        Some(path) => format!("'{}': {reason}", path.display()),
        None => reason.to_string(),
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
        return Err(ConnectError::NoContext(names));
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
        server: without_password(&config.cluster_url.to_string()),
        namespace: config.default_namespace.as_str().into(),
        user: user.into(),
        proxy: config.proxy_url.as_ref().map(proxy).unwrap_or_default(),
    };
    Ok((config, cluster))
}

/// A URL as it may be shown: who logs in by it, and how, is left out, and what it asks for.
fn without_password(url: &str) -> Text {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if scheme.is_empty() {
        format!("{host}{path}").into()
    } else {
        format!("{scheme}://{host}{path}").into()
    }
}

/// A proxy's URL as it may be shown.
fn proxy(url: &http::Uri) -> Text {
    let scheme = url.scheme_str().unwrap_or("http");
    let authority = url.authority().map_or("", |authority| authority.as_str());
    without_password(&format!("{scheme}://{authority}"))
}

fn from_pod() -> Result<(Config, ClusterInfo), ConnectError> {
    let config = Config::incluster().map_err(|_| ConnectError::NoKubeconfig)?;
    let cluster = ClusterInfo {
        context: "in-cluster".into(),
        server: config.cluster_url.to_string().into(),
        namespace: config.default_namespace.as_str().into(),
        user: "service account".into(),
        proxy: config.proxy_url.as_ref().map(proxy).unwrap_or_default(),
    };
    Ok((config, cluster))
}
