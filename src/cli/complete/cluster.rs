//! Names from the kubeconfig and the cluster that the words typed so far mean, within [`PATIENCE`].

use std::ffi::OsString;
use std::time::Duration;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use tokio::time::timeout;

use crate::cli::args::Cli;
use crate::cli::{input, settings, variable};
use crate::mesh::model::{Key, Kind};
use crate::runtime::Host;
use crate::runtime::clock::now;
use crate::runtime::plugin;
use crate::sources::kubernetes::{Asking, ConnectOptions, Listed, connect, contexts, names};

/// A person waits for a Tab; a login plug-in and the API server together get no more.
const PATIENCE: Duration = Duration::from_secs(1);

/// What an argument names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Contexts,
    Namespaces,
    /// `[kind/]NAME[.NAMESPACE]`
    Pods,
    PodNames,
    ServiceNames,
    SidecarNames,
    /// `NAME.NAMESPACE` of services.
    Hosts,
    /// `KIND/NAMESPACE/NAME`
    Objects,
}

/// Kinds that a pod may be named by, besides its own.
const WORKLOADS: &[(&str, Listed)] = &[
    ("pod", Listed::Kind(Kind::Pod)),
    ("svc", Listed::Kind(Kind::Service)),
    ("deploy", Listed::Workload("apps", "deployments")),
    ("rs", Listed::Workload("apps", "replicasets")),
    ("sts", Listed::Workload("apps", "statefulsets")),
    ("ds", Listed::Workload("apps", "daemonsets")),
    ("job", Listed::Workload("batch", "jobs")),
];

/// Kinds that `--without` takes away, as people write them.
const OBJECTS: &[(&str, Kind)] = &[
    ("sidecar", Kind::Sidecar),
    ("virtualservice", Kind::VirtualService),
    ("destinationrule", Kind::DestinationRule),
    ("serviceentry", Kind::ServiceEntry),
];

/// What the words typed so far say about where names come from.
pub(super) struct Typed {
    /// `None`: it is not the cluster that is asked.
    connect: Option<ConnectOptions>,
    /// The first namespace; else the context's.
    namespace: Option<String>,
    is_all: bool,
}

impl Typed {
    /// Reads flags, environment and settings as a run would; what is wrong with them counts as not said.
    pub(super) fn of(words: &[OsString], index: usize) -> Self {
        let before = words.iter().take(index);
        let after = words.iter().skip(index + 1);
        let rest: Vec<OsString> = before.chain(after).cloned().collect();
        let lenient = Cli::command().ignore_errors(true).try_get_matches_from(rest).ok();
        let mut deepest = lenient.as_ref();
        let mut command = None;
        while let Some((name, matches)) = deepest.and_then(ArgMatches::subcommand) {
            (command, deepest) = (Some(name.to_owned()), Some(matches));
        }
        let texts = |id: &str| -> Vec<String> {
            let raw = deepest.and_then(|matches| matches.try_get_raw(id).ok().flatten());
            raw.into_iter()
                .flatten()
                .map(|value| value.to_string_lossy().into_owned())
                .collect()
        };
        // the cluster of the demo is its own, objects may come from files
        let is_elsewhere =
            matches!(command.as_deref(), Some("demo" | "replay" | "export")) || !texts("from").is_empty();
        let mut said = vec!["sidescope".to_owned()];
        for (id, flag) in [
            ("kubeconfig", "--kubeconfig"),
            ("context", "--context"),
            ("as_user", "--as"),
            ("as_groups", "--as-group"),
            ("config", "--config"),
        ] {
            for text in texts(id) {
                said.push(format!("{flag}={text}"));
            }
        }
        let connect = options(&said).filter(|_| !is_elsewhere);
        let flag = |id: &str| {
            let flag = deepest.and_then(|matches| matches.try_get_one::<bool>(id).ok().flatten());
            flag.copied().unwrap_or_default()
        };
        Self {
            connect,
            namespace: texts("namespaces").into_iter().next(),
            is_all: flag("all_namespaces"),
        }
    }

    /// The names, not yet only those that begin with this word.
    pub(super) fn names(&self, wanted: Wanted, word: &str) -> Vec<String> {
        let Some(connect) = &self.connect else {
            return Vec::new();
        };
        let list = |listed, is_all| self.keys(connect, listed, is_all);
        let plain = |key: Key| key.name.to_string();
        let dotted = |key: Key| format!("{}.{}", key.name, key.namespace);
        match wanted {
            Wanted::Contexts => {
                let contexts = contexts(connect).unwrap_or_default();
                contexts.into_iter().map(|context| context.name.to_string()).collect()
            }
            Wanted::Namespaces => list(Listed::Kind(Kind::Namespace), true)
                .into_iter()
                .map(plain)
                .collect(),
            Wanted::PodNames => list(Listed::Kind(Kind::Pod), self.is_all)
                .into_iter()
                .map(plain)
                .collect(),
            Wanted::ServiceNames => list(Listed::Kind(Kind::Service), self.is_all)
                .into_iter()
                .map(plain)
                .collect(),
            Wanted::SidecarNames => list(Listed::Kind(Kind::Sidecar), self.is_all)
                .into_iter()
                .map(plain)
                .collect(),
            Wanted::Hosts => list(Listed::Kind(Kind::Service), true)
                .into_iter()
                .map(dotted)
                .collect(),
            Wanted::Objects => {
                let Some((kind, listed)) = OBJECTS.iter().find(|(kind, _)| word.starts_with(&format!("{kind}/")))
                else {
                    return OBJECTS.iter().map(|(kind, _)| format!("{kind}/")).collect();
                };
                let keys = list(Listed::Kind(*listed), true).into_iter();
                keys.map(|key| format!("{kind}/{}/{}", key.namespace, key.name))
                    .collect()
            }
            Wanted::Pods => {
                let (kind, listed) = match word.split_once('/') {
                    None => (None, Listed::Kind(Kind::Pod)),
                    Some((kind, _)) => match WORKLOADS.iter().find(|(name, _)| *name == kind) {
                        Some((_, listed)) => (Some(kind), *listed),
                        None => return Vec::new(),
                    },
                };
                let is_dotted = self.is_all || word.contains('.');
                let keys = list(listed, is_dotted).into_iter();
                let names = keys.map(|key| if is_dotted { dotted(key) } else { plain(key) });
                names
                    .map(|name| kind.map_or_else(|| name.clone(), |kind| format!("{kind}/{name}")))
                    .collect()
            }
        }
    }

    /// Asks the cluster; nothing where it does not answer in time.
    fn keys(&self, connect_with: &ConnectOptions, listed: Listed, is_all: bool) -> Vec<Key> {
        let Ok(host) = Host::new() else {
            return Vec::new();
        };
        let asked = async {
            let connection = connect(connect_with, now, plugin::run).await.ok()?;
            let namespace = self.namespace.as_deref().unwrap_or(&connection.cluster.namespace);
            let namespace = (!is_all).then_some(namespace);
            names(&connection.client, listed, namespace).await.ok()
        };
        let answered = host.block_on(async { timeout(PATIENCE, asked).await });
        answered.ok().flatten().unwrap_or_default()
    }
}

/// How to connect by these flags, environment and settings.
fn options(said: &[String]) -> Option<ConnectOptions> {
    let matches = Cli::command().try_get_matches_from(said).ok()?;
    let mut cli = Cli::from_arg_matches(&matches).ok()?;
    // settings that are wrong are for a run to tell
    drop(settings::settle(&mut cli, &matches, &variable));
    Some(ConnectOptions {
        asking: Asking::Never,
        ..input::connect_options(&cli.cluster)
    })
}
