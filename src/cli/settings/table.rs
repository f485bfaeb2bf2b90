//! The table of settings: a line each.

use std::time::Duration;

use clap::ValueEnum;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::super::args::{Cli, duration, values};
use crate::mesh::model::nearest;

/// A setting.
pub(super) struct Setting {
    /// The id of its flag.
    pub(super) id: &'static str,
    /// For which commands environment and file count.
    pub(super) about: About,
    /// Makes a value hold; its variant is the setting's type.
    pub(super) put: Put,
    /// The value that holds; null: nothing is said.
    pub(super) get: fn(&Cli) -> Json,
    /// The setting that says the opposite: who says one means none of the other.
    pub(super) rival: Option<&'static str>,
}

/// How a value is made to hold, by its type.
#[derive(Clone, Copy)]
pub(super) enum Put {
    Text(fn(&mut Cli, &str) -> Result<(), String>),
    Texts(fn(&mut Cli, &[String]) -> Result<(), String>),
    Switch(fn(&mut Cli, bool)),
}

impl Put {
    /// What stands in the file, in words.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Put::Text(_) => "a text in quotes",
            Put::Texts(_) => "a text in quotes, or a list of them",
            Put::Switch(_) => "true or false",
        }
    }
}

/// For which commands environment and file count; a flag always does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum About {
    /// All that ask a cluster.
    Cluster,
    /// The screen over a cluster: with what it begins.
    Start,
    /// Every screen.
    Look,
    /// All.
    Everything,
}

const fn text(
    id: &'static str,
    about: About,
    put: fn(&mut Cli, &str) -> Result<(), String>,
    get: fn(&Cli) -> Json,
) -> Setting {
    Setting {
        id,
        about,
        put: Put::Text(put),
        get,
        rival: None,
    }
}

/// Every setting, in the order of README.
pub(super) static SETTINGS: &[Setting] = &[
    text(
        "theme",
        About::Look,
        |cli, text| choice(text).map(|theme| cli.screen.theme = theme),
        |cli| json!(cli.screen.theme.name()),
    ),
    Setting {
        id: "ascii",
        about: About::Look,
        put: Put::Switch(|cli, on| cli.screen.ascii = Some(on)),
        get: |cli| json!(cli.screen.ascii),
        rival: None,
    },
    text(
        "retention",
        About::Look,
        |cli, text| duration(text).map(|time| cli.screen.retention = time),
        |cli| json!(time(cli.screen.retention)),
    ),
    Setting {
        id: "privacy",
        about: About::Look,
        put: Put::Switch(|cli, on| cli.screen.privacy = on),
        get: |cli| json!(cli.screen.privacy),
        rival: None,
    },
    Setting {
        id: "mouse",
        about: About::Look,
        put: Put::Switch(|cli, on| cli.screen.mouse = on),
        get: |cli| json!(cli.screen.mouse),
        rival: None,
    },
    Setting {
        id: "state",
        about: About::Start,
        put: Put::Switch(|cli, on| cli.screen.state = on),
        get: |cli| json!(cli.screen.remembers()),
        rival: None,
    },
    Setting {
        id: "utc",
        about: About::Everything,
        put: Put::Switch(|cli, on| cli.log.utc = on),
        get: |cli| json!(cli.log.utc),
        rival: None,
    },
    Setting {
        id: "namespaces",
        about: About::Start,
        put: Put::Texts(|cli, texts| {
            cli.scope.namespaces = filled(texts)?;
            cli.settled_scope.namespaces.clone_from(&cli.scope.namespaces);
            Ok(())
        }),
        get: |cli| list(&cli.scope.namespaces),
        rival: Some("all_namespaces"),
    },
    Setting {
        id: "all_namespaces",
        about: About::Start,
        put: Put::Switch(|cli, on| {
            cli.scope.all_namespaces = on;
            cli.settled_scope.all_namespaces = on;
        }),
        get: |cli| json!(cli.scope.all_namespaces),
        rival: Some("namespaces"),
    },
    text(
        "pod",
        About::Start,
        |cli, text| name(text).map(|pod| cli.pod = Some(pod)),
        |cli| json!(cli.pod),
    ),
    text(
        "kubeconfig",
        About::Cluster,
        |cli, text| name(text).map(|path| cli.cluster.kubeconfig = Some(path.into())),
        |cli| json!(cli.cluster.kubeconfig),
    ),
    text(
        "context",
        About::Cluster,
        |cli, text| name(text).map(|context| cli.cluster.context = Some(context)),
        |cli| json!(cli.cluster.context),
    ),
    text(
        "as_user",
        About::Cluster,
        |cli, text| name(text).map(|user| cli.cluster.as_user = Some(user)),
        |cli| json!(cli.cluster.as_user),
    ),
    Setting {
        id: "as_groups",
        about: About::Cluster,
        put: Put::Texts(|cli, texts| filled(texts).map(|texts| cli.cluster.as_groups = texts)),
        get: |cli| list(&cli.cluster.as_groups),
        rival: None,
    },
    text(
        "request_timeout",
        About::Cluster,
        |cli, text| duration(text).map(|time| cli.cluster.request_timeout = time),
        |cli| json!(time(cli.cluster.request_timeout)),
    ),
    text(
        "list_strategy",
        About::Cluster,
        |cli, text| choice(text).map(|strategy| cli.cluster.list_strategy = strategy),
        |cli| {
            json!(
                cli.cluster
                    .list_strategy
                    .to_possible_value()
                    .map(|value| value.get_name().to_owned())
            )
        },
    ),
    text(
        "istio_namespace",
        About::Cluster,
        |cli, text| name(text).map(|namespace| cli.cluster.istio_namespace = namespace),
        |cli| json!(cli.cluster.istio_namespace),
    ),
    text(
        "revision",
        About::Cluster,
        |cli, text| name(text).map(|revision| cli.cluster.revision = Some(revision)),
        |cli| json!(cli.cluster.revision),
    ),
    text(
        "istio_version",
        About::Cluster,
        |cli, text| values::istio_version(text).map(|version| cli.cluster.istio_version = Some(version)),
        |cli| json!(cli.cluster.istio_version),
    ),
    text(
        "log_file",
        About::Everything,
        |cli, text| name(text).map(|path| cli.log.log_file = Some(path.into())),
        |cli| json!(cli.log.log_file),
    ),
];

/// Settings whose text is a path: in the file `~/` is the home.
pub(super) const PATHS: &[&str] = &["kubeconfig", "log_file"];

/// Settings with a second flag that says no.
pub(super) const OPPOSITES: &[(&str, &str)] = &[("state", "no_state")];

/// One of a few words.
fn choice<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        match nearest(text, &names) {
            Some(near) => format!("no '{text}': did you mean '{near}'?"),
            None => format!("no '{text}': use {}", names.join(", ")),
        }
    })
}

fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("is empty: leave the line out instead".to_owned());
    }
    Ok(text.to_owned())
}

fn filled(texts: &[String]) -> Result<Vec<String>, String> {
    texts.iter().map(|text| name(text)).collect()
}

/// No list is nothing said.
fn list(names: &[String]) -> Json {
    if names.is_empty() { Json::Null } else { json!(names) }
}

/// As it is written for the flag: 0 is no bound.
fn time(time: Duration) -> String {
    SignedDuration::try_from(time).map_or_else(|_| "0".to_owned(), |time| format!("{time:#}"))
}
