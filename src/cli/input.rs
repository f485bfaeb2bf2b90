//! Where a headless command's objects come from: a cluster that is followed, or a dump.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::args::{Cli, ClusterArgs, ScopeArgs};
use super::exit::{Ended, Exit};
use super::print;
use super::recorded::Recorded;
use crate::app::Namespaces;
use crate::app::moment::Moment;
use crate::app::view::capture;
use crate::mesh::model::{Diagnostic, Key, Kind, Text};
use crate::mesh::scope::{self, Settings, Version};
use crate::mesh::world::{Failure, World};
use crate::runtime::clock::now;
use crate::runtime::live::{Follow, Live};
use crate::runtime::plugin;
use crate::sources::kubernetes::{Asking, ClusterInfo, ConnectError, ConnectOptions, Connection, connect};
use crate::sources::{files, recording};

/// Objects, complete as far as they can be.
pub(super) enum Input {
    /// From files: all there is, and what of it could not be read.
    Dump(Box<World>, Vec<Diagnostic>),
    /// From a cluster: it goes on. With the namespace of the context.
    Live(Box<Live>, Text),
    /// From a recording: as it was at one time.
    Recording(Box<Recorded>),
}

impl Input {
    /// The objects.
    pub(super) fn world(&self) -> &World {
        match self {
            Input::Dump(world, _) => world,
            Input::Live(live, _) => &live.world,
            Input::Recording(recorded) => &recorded.world,
        }
    }

    /// Of when the objects are.
    pub(super) fn as_of(&self) -> Timestamp {
        match self {
            Input::Dump(..) | Input::Live(..) => now(),
            Input::Recording(recorded) => recorded.at,
        }
    }

    /// What of objects of these kinds could not be read.
    pub(super) fn strange(&self, kinds: &[Kind]) -> Vec<String> {
        let of_kinds = |diagnostic: &&Diagnostic| kinds.contains(&diagnostic.kind);
        match self {
            Input::Dump(_, strange) => strange.iter().filter(of_kinds).map(ToString::to_string).collect(),
            Input::Live(live, _) => live.strange().filter(of_kinds).map(ToString::to_string).collect(),
            Input::Recording(recorded) => recorded.unfollowed(kinds),
        }
    }

    /// Where a draft goes that names no namespace, and whose choice that is: what `-n` says, else where the pod is that it
    /// is tried on, else what the context says.
    pub(super) fn home(&self, scope: &ScopeArgs, pod: Option<&Key>) -> Home {
        let (namespace, whose) = match (scope.namespaces.first(), pod, self) {
            (Some(namespace), ..) => (namespace.as_str().into(), "as -n says"),
            (None, Some(pod), _) => (pod.namespace.clone(), "where the pod is"),
            (None, None, Input::Live(_, namespace)) => (namespace.clone(), "as the context says"),
            (None, None, Input::Dump(..) | Input::Recording(_)) => ("default".into(), "since -n says nothing"),
        };
        Home { namespace, whose }
    }

    /// Says which kinds a dump has no object of, though every cluster with a mesh does: beside an answer that is computed
    /// from all kinds.
    pub(super) fn say_absent(&self) {
        if let Input::Dump(world, _) = self
            && let Some(lacks) = lacks(world)
        {
            print::err(&format!("note: the dump has no {lacks}: taken as none in the cluster"));
        }
    }
}

/// Where a draft goes that names no namespace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Home {
    pub(super) namespace: Text,
    /// Why there, in words.
    pub(super) whose: &'static str,
}

impl From<ConnectError> for Ended {
    fn from(error: ConnectError) -> Self {
        let exit = match error {
            ConnectError::Login { .. } => Exit::Cluster,
            ConnectError::NoKubeconfig
            | ConnectError::Unreadable(_)
            | ConnectError::NoContext(_)
            | ConnectError::UnknownContext { .. }
            | ConnectError::BrokenContext { .. } => Exit::Usage,
        };
        Ended::new(exit, error.to_string())
    }
}

/// A cluster's failure, with what to do about it.
pub(super) fn cluster_failure(failure: &Failure, cluster: &ClusterInfo) -> Ended {
    let next = match failure {
        Failure::Unreachable(cause) if cause.contains("certificate") => {
            format!(
                "see certificate-authority of context '{}' in the kubeconfig",
                cluster.context
            )
        }
        Failure::Unreachable(_) | Failure::TimedOut => format!("is {} right and up?", cluster.route()),
        Failure::Unauthorized(_) => format!("log in to context '{}' again", cluster.context),
        Failure::Forbidden {
            verb,
            resource,
            namespace,
        } => can_i(verb, resource, namespace),
        Failure::Interrupted(_) | Failure::Status(..) | Failure::Malformed(_) => {
            "try again, or see --log-file".to_owned()
        }
    };
    Ended::new(Exit::Cluster, format!("{failure}; {next}"))
}

/// The command that shows whether a right is there.
fn can_i(verb: &str, resource: &str, namespace: &str) -> String {
    let place = if namespace.is_empty() {
        "-A".to_owned()
    } else {
        format!("-n {namespace}")
    };
    format!("see 'kubectl auth can-i {verb} {resource} {place}'")
}

/// What a person may override of the control plane.
pub(super) fn settings(cluster: &ClusterArgs) -> Settings {
    Settings {
        istio_namespace: Some(cluster.istio_namespace.as_str().into()),
        revision: cluster.revision.as_deref().map(Text::from),
        istio_version: cluster.istio_version.as_deref().map(Text::from),
    }
}

/// Refuses a revision that no control plane has, with those that there are; where none may be read, nothing is known.
pub(super) fn check_revision(world: &World, cluster: &ClusterArgs) -> Result<(), Ended> {
    let may_be_more = world.coverage.gaps(&[Kind::Istiod]).next().is_some();
    let Some(known) = scope::unknown_revision(world, &settings(cluster)).filter(|_| !may_be_more) else {
        return Ok(());
    };
    let known: Vec<String> = known.iter().map(|name| format!("'{name}'")).collect();
    let wanted = cluster.revision.as_deref().unwrap_or_default();
    let line = format!(
        "no control plane of revision '{wanted}' in namespace '{}': there is {}",
        cluster.istio_namespace,
        known.join(", ")
    );
    Err(Ended::new(Exit::Usage, line))
}

/// The kinds of a command, and those that a revision is looked up in.
pub(super) fn with_planes(kinds: &[Kind], cluster: &ClusterArgs) -> Vec<Kind> {
    let planes = [Kind::Istiod, Kind::RevisionTag];
    let more = planes
        .iter()
        .filter(|kind| cluster.revision.is_some() && !kinds.contains(kind));
    kinds.iter().chain(more).copied().collect()
}

/// Says once what must be known of the release that is to be assumed.
pub(super) fn say_version(cluster: &ClusterArgs) {
    let version = cluster.istio_version.as_deref().and_then(Version::parse);
    let newer = version.filter(|version| *version > Version::JUDGED);
    if let Some(caveat) = newer.and_then(Version::caveat) {
        print::err(&format!("note: {caveat}"));
    }
}

/// Connects as the flags say.
pub(super) async fn connection(cluster: &ClusterArgs) -> Result<Connection, Ended> {
    Ok(connect(&connect_options(cluster), now, plugin::run).await?)
}

/// What the flags say about the cluster.
pub(super) fn connect_options(cluster: &ClusterArgs) -> ConnectOptions {
    ConnectOptions {
        kubeconfig: cluster.kubeconfig.clone(),
        context: cluster.context.clone(),
        as_user: cluster.as_user.clone(),
        as_groups: cluster.as_groups.clone(),
        asking: Asking::Allowed,
    }
}

/// How kinds are followed, as the flags say.
pub(super) fn follow(kinds: &[Kind], cluster: &ClusterArgs, shown: &Namespaces, info: &ClusterInfo) -> Follow {
    let chosen = match shown {
        Namespaces::All => [].as_slice(),
        Namespaces::Some(names) => names,
    };
    let root = Text::from(cluster.istio_namespace.as_str());
    let mut namespaces: Vec<Text> = chosen.to_vec();
    for more in [root.clone(), info.namespace.clone()] {
        if !namespaces.contains(&more) {
            namespaces.push(more);
        }
    }
    Follow {
        kinds: kinds.to_vec(),
        istio_namespace: root,
        namespaces: namespaces.into(),
        strategy: cluster.list_strategy.into(),
        request_timeout: cluster.request_timeout,
    }
}

/// The namespaces to show: as asked for, else the context's, else (in a dump) all.
pub(super) fn shown(scope: &ScopeArgs, default: Option<&ClusterInfo>) -> Namespaces {
    match (scope.all_namespaces, scope.namespaces.as_slice(), default) {
        (true, ..) | (false, [], None) => Namespaces::All,
        (false, [], Some(info)) => Namespaces::Some(vec![info.namespace.clone()]),
        (false, names, _) => Namespaces::Some(names.iter().map(|name| name.as_str().into()).collect()),
    }
}

/// The objects of a dump, or of a recording at a time.
pub(super) fn read(cli: &Cli, path: &Path, at: Option<Moment>) -> Result<Input, Ended> {
    let input = load(cli, path, at)?;
    check_revision(input.world(), &cli.cluster)?;
    Ok(input)
}

fn load(cli: &Cli, path: &Path, at: Option<Moment>) -> Result<Input, Ended> {
    if recording::is_recording(path) {
        return Ok(Input::Recording(Box::new(Recorded::load(cli, path, at)?)));
    }
    if at.is_some() {
        let line = format!("'{}' is no recording: it is of no time; leave out --at", path.display());
        return Err(Ended::new(Exit::Usage, line));
    }
    let mut loaded = files::load(path).map_err(|error| Ended::new(Exit::Usage, error.to_string()))?;
    let strange = std::mem::take(&mut loaded.diagnostics);
    let mut world = World::default();
    for delta in loaded.into_deltas() {
        world.apply(delta);
    }
    Ok(Input::Dump(Box::new(world), strange))
}

/// Refuses to read standard input (`-`) more than once: there would be nothing left.
pub(super) fn check_standard_input<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Result<(), Ended> {
    if paths.filter(|path| path.as_os_str() == "-").count() > 1 {
        let line = "standard input can be read only once: give a file for all but one '-'";
        return Err(Ended::new(Exit::Usage, line));
    }
    Ok(())
}

/// Kinds that a cluster with a mesh always has objects of, and a dump has not: most often they were not asked for.
fn lacks(world: &World) -> Option<String> {
    const EXPECTED: [Kind; 4] = [Kind::Namespace, Kind::Service, Kind::EndpointSlice, Kind::Pod];
    const MESH: [Kind; 8] = [
        Kind::Sidecar,
        Kind::VirtualService,
        Kind::DestinationRule,
        Kind::ServiceEntry,
        Kind::Gateway,
        Kind::EnvoyFilter,
        Kind::MeshConfigMap,
        Kind::Istiod,
    ];
    let is_absent = |kind: &Kind| world.count(*kind) == 0;
    let mut lacks: Vec<&str> = EXPECTED.into_iter().filter(is_absent).map(Kind::plural).collect();
    if MESH.iter().all(is_absent) {
        lacks.push("object of Istio");
    }
    (!lacks.is_empty()).then(|| lacks.join(", no "))
}

/// The namespaces that were named, shared.
pub(super) fn names(shown: &Namespaces) -> Arc<[Text]> {
    match shown {
        Namespaces::All => [].into(),
        Namespaces::Some(names) => names.as_slice().into(),
    }
}

/// The flags that name this cluster, for commands that a person is told.
pub(super) fn cluster_flags(cluster: &ClusterArgs) -> String {
    let kubeconfig = cluster.kubeconfig.as_ref().map(|path| path.display().to_string());
    capture::cluster_flags(kubeconfig.as_deref(), cluster.context.as_deref())
}
