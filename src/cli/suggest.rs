//! `suggest`: watches what Envoys count, then prints the smallest Sidecar that keeps what was used.

mod document;

use std::collections::BTreeMap;
use std::time::Duration;

use self::document::Document;
use super::actual::{admin_port, silent};
use super::args::{Cli, SuggestArgs, SuggestFormat};
use super::exit::{Ended, Exit};
use super::headless::{self, find, gather_from, no_such_table};
use super::reference::{PodReference, check_namespace};
use super::{input, print};
use crate::app::view::counted;
use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::scope;
use crate::mesh::suggest::{self, Aim, NoSuggestion, Plan, Used};
use crate::output::Language;
use crate::runtime::clock::now;
use crate::runtime::counting::{Target, Watched, watch};
use crate::runtime::live::Live;
use crate::sources::kubernetes::Connection;

/// As a shell says it of what Ctrl-c ended.
const INTERRUPTED: u8 = 130;

/// Prints a suggestion.
pub(super) async fn suggest(cli: &Cli, args: &SuggestArgs) -> Result<Exit, Ended> {
    let reference = args.pod.as_deref().map(PodReference::parse).transpose()?;
    if reference.is_none() && cli.scope.namespaces.len() != 1 {
        let line = "for whom? Name a pod, or one namespace with -n";
        return Err(Ended::new(Exit::Usage, line));
    }
    let connection = input::connection(&cli.cluster).await?;
    let kinds = scope::needed_kinds();
    let (mut live, shown) = gather_from(cli, &connection, kinds, Kind::Pod, reference.as_ref()).await?;
    let aim = match &reference {
        Some(reference) => Aim::Pod(find(reference, &live.world, &shown)?),
        None => {
            let namespace = cli.scope.namespaces.first().map(|name| Text::from(name.as_str()));
            let namespace = namespace.unwrap_or_default();
            check_namespace(&live.world, &namespace)?;
            Aim::Namespace(namespace)
        }
    };
    let settings = input::settings(&cli.cluster);
    let plan = suggest::plan(&live.world, &settings, &aim, now()).map_err(refused)?;
    let before = live.world.clone();
    let watched = count(&mut live, &connection, &plan, args).await?;
    // pods come and go in ten minutes; one that was named and is gone is judged as it was
    let at = now();
    let (world, plan, is_past) = match suggest::plan(&live.world, &settings, &aim, at) {
        Ok(plan) => (&live.world, plan, false),
        Err(_) => (&before, plan, true),
    };
    let used = used(&plan, &watched);
    let made = suggest::suggest(world, &settings, &plan, &used, at);
    let made = made.map_err(|(pod, state)| no_such_table(&state, &pod))?;
    let mut missing = headless::missing(world, kinds);
    missing.extend(live.strange().map(ToString::to_string));
    let document = Document {
        world,
        is_past,
        aim: &aim,
        plan: &plan,
        watched: &watched,
        made: &made,
        missing: &missing,
        at,
    };
    match args.output {
        SuggestFormat::Yaml if made.is_of_nothing => {}
        SuggestFormat::Yaml => print::out(&document.yaml().map_err(|error| Ended::new(Exit::Internal, error))?)?,
        SuggestFormat::Json => print::document(&document.report(), Language::Json)?,
    }
    Ok(exit(&document, &plan, &watched))
}

/// What was used, by pods that are there; what one used that is gone meanwhile its successors will.
fn used(plan: &Plan, watched: &Watched) -> Vec<Used> {
    let mut used: BTreeMap<&Key, Used> = BTreeMap::new();
    for counted in watched.envoys.iter().filter(|counted| counted.answers > 0) {
        let Some(pod) = plan.pods.iter().find(|pod| **pod == counted.pod).or(plan.pods.first()) else {
            continue;
        };
        let entry = used.entry(pod).or_default();
        entry.pod = pod.clone();
        entry.endpoints.extend(counted.used.iter().cloned());
    }
    used.into_values().collect()
}

/// What a reader must know besides, and the code that says so.
fn exit(document: &Document<'_>, plan: &Plan, watched: &Watched) -> Exit {
    if document.made.is_of_nothing {
        print::err(&document.nothing());
    }
    for finding in &document.made.findings {
        print::err(&format!("lint: {finding}"));
    }
    let incomplete = headless::say_incomplete(document.missing);
    let unheard = plan.pods.iter().filter(|pod| !watched.answered(pod)).count();
    if unheard > 0 {
        let all = plan.pods.len();
        print::err(&format!(
            "INCOMPLETE: {unheard} of {all} Envoys did not answer: what they use may be hidden"
        ));
    }
    if !document.made.lost.is_empty() {
        print::err(&format!(
            "{} in use cannot be kept",
            counted(document.made.lost.len(), "row")
        ));
    }
    if watched.interrupted {
        Exit::Code(INTERRUPTED)
    } else if incomplete != Exit::Ok || unheard > 0 {
        Exit::Cluster
    } else if document.made.lost.is_empty() && !document.made.is_of_nothing {
        Exit::Ok
    } else {
        Exit::No
    }
}

/// Watches the Envoys of the plan's pods.
///
/// # Errors
/// None of them answered: why the first did not.
async fn count(live: &mut Live, connection: &Connection, plan: &Plan, args: &SuggestArgs) -> Result<Watched, Ended> {
    let target = |pod: &Key| {
        let port = admin_port(&live.world, pod, args.proxy_admin_port).map_err(|reason| no_such_table(&reason, pod))?;
        Ok(Target { pod: pod.clone(), port })
    };
    let targets: Vec<Target> = plan.pods.iter().map(target).collect::<Result<_, Ended>>()?;
    // the flag's 0 is no bound elsewhere; here it is no wait
    let time = if args.watched == Duration::MAX {
        Duration::ZERO
    } else {
        args.watched
    };
    if !time.is_zero() {
        let count = targets.len();
        let envoys = if count == 1 {
            "1 Envoy".to_owned()
        } else {
            format!("{count} Envoys")
        };
        print::err(&format!(
            "watching {envoys} for {time:?}; Ctrl-c ends it with what was seen so far"
        ));
    }
    let watched = watch(&connection.client, live, &targets, time).await;
    if watched.envoys.iter().all(|counted| counted.answers == 0) {
        if watched.interrupted {
            return Err(Ended::new(
                Exit::Code(INTERRUPTED),
                "interrupted before any Envoy had answered",
            ));
        }
        let first = watched
            .envoys
            .iter()
            .find_map(|counted| Some((counted.silence.as_ref()?, &counted.pod)));
        let (silence, pod) = first.ok_or_else(|| Ended::new(Exit::Internal, "no Envoy was asked"))?;
        return Err(silent(silence, pod, &connection.cluster));
    }
    Ok(watched)
}

fn refused(reason: NoSuggestion) -> Ended {
    let line = match reason {
        NoSuggestion::NoTable(pod, state) => return no_such_table(&state, &pod),
        NoSuggestion::Gateway(pod) => format!("pod '{}' is a gateway: no Sidecar counts for it", pod.name),
        NoSuggestion::NoLabels(pod) => format!(
            "pod '{}' has no label of its own to select it by: label it, or suggest for its namespace with -n {}",
            pod.name, pod.namespace
        ),
        NoSuggestion::Root(namespace) => format!(
            "'{namespace}' is the root namespace: a Sidecar without selector there is the default of the whole mesh; name a pod"
        ),
        NoSuggestion::NoPods(namespace) => format!(
            "no pod of namespace '{namespace}' would be governed by a Sidecar of its own; see 'sidescope pods -n {namespace}'"
        ),
        NoSuggestion::Shadowed(pod, other) => {
            format!(
                "pod '{}' would go on to be governed by Sidecar '{other}'; see 'sidescope lint'",
                pod.name
            )
        }
        NoSuggestion::NotCounted(pod) => format!(
            "istiod takes no notice of Sidecars in namespace '{}': see discoverySelectors of the mesh config",
            pod.namespace
        ),
    };
    Ended::new(Exit::No, line)
}

impl Watched {
    /// Whether a pod's Envoy answered at all.
    fn answered(&self, pod: &Key) -> bool {
        let mut counted = self.envoys.iter();
        counted.any(|counted| counted.pod == *pod && counted.answers > 0)
    }
}
