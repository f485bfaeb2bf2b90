//! What `mesh::suggest` drafts, for every world of the corpus: nothing in use is lost, nothing is found wrong with it, and
//! no line of it could be left out.
//!
//! Used is what a pod's Envoy counted: here chosen rows of the pod's own table. Rows, hosts and findings are asked anew,
//! from worlds with the draft, not from what the suggestion says of itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use sidescope::mesh::diff::tables;
use sidescope::mesh::lint::{Finding, Level, lint};
use sidescope::mesh::model::{EgressListener, Key, Kind, Sidecar};
use sidescope::mesh::scope::{Cluster, Direction, EndpointTable, Governing, Reason, Row, Settings, endpoint_table};
use sidescope::mesh::suggest::{Aim, Because, Suggestion, Used, plan, suggest};
use sidescope::mesh::world::{Delta, World};
use sidescope::sources::files;

/// Of each world so many pods.
const PODS: usize = 1;

fn worlds(root: &Path, into: &mut Vec<PathBuf>) {
    for name in ["world.yaml", "base.yaml"] {
        if root.join(name).is_file() {
            into.push(root.join(name));
            return;
        }
    }
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    for folder in &folders {
        worlds(folder, into);
    }
}

fn load(path: &Path) -> World {
    let mut world = World::default();
    for delta in files::load(path).unwrap().into_deltas() {
        world.apply(delta);
    }
    world
}

fn with(world: &World, sidecar: Sidecar) -> World {
    let mut after = world.clone();
    after.apply(Delta::Put(sidecar.into()));
    after
}

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn is_outbound(row: &Row) -> bool {
    matches!(
        &*row.cluster,
        Cluster::Traffic {
            direction: Direction::Outbound,
            ..
        }
    )
}

/// Every `nth` row of the services' own.
fn used(table: &EndpointTable, nth: usize) -> Used {
    let rows = table.rows.iter().filter(|row| is_outbound(row)).step_by(nth);
    Used {
        pod: table.pod.clone(),
        endpoints: rows
            .map(|row| (row.address.clone(), Arc::clone(&row.cluster)))
            .collect(),
    }
}

/// Rows in use that are gone, or can be reached no more by the name of their service.
fn lost(before: &EndpointTable, after: &EndpointTable, used: &Used) -> Vec<String> {
    let is_used = |row: &Row| {
        used.endpoints
            .contains(&(row.address.clone(), Arc::clone(&row.cluster)))
    };
    let by_route = |row: &Row| {
        row.why
            .chain
            .iter()
            .any(|why| matches!(why, Reason::VirtualService { .. }))
    };
    let gone = tables(before, after).removed;
    let mut lost: Vec<String> = gone
        .iter()
        .filter(|(_, row)| is_used(row))
        .map(|(_, row)| row.cluster.name())
        .collect();
    let named: BTreeSet<String> = before
        .rows
        .iter()
        .filter(|row| is_used(row) && !by_route(row))
        .map(|row| row.cluster.name())
        .collect();
    let unnamed = after
        .rows
        .iter()
        .filter(|row| by_route(row) && named.contains(&row.cluster.name()));
    lost.extend(unnamed.map(|row| format!("{} by its own name", row.cluster)));
    lost
}

/// Checks a suggestion for one pod; how many lines it has.
fn check(place: &str, world: &World, before: &EndpointTable, used: &Used, made: &Suggestion) -> usize {
    let settings = Settings::default();
    let pod = &before.pod;
    let after = with(world, made.sidecar.clone());
    let table = endpoint_table(&after, pod, &settings).unwrap();
    assert_eq!(
        table.governing,
        Governing::Own(made.sidecar.meta.key.clone()),
        "{place}"
    );
    assert_eq!(
        lost(before, &table, used),
        Vec::<String>::new(),
        "{place}: {:?}",
        made.listeners
    );
    assert!(made.lost.is_empty(), "{place}: {:?}", made.lost);
    assert_eq!(
        made.kept,
        before
            .rows
            .iter()
            .filter(|row| used
                .endpoints
                .contains(&(row.address.clone(), Arc::clone(&row.cluster))))
            .count()
    );
    let found = lint(&after, &settings).into_iter();
    let about = found.filter(|one| one.object == (Kind::Sidecar, made.sidecar.meta.key.clone()));
    let known: BTreeSet<_> = lint(world, &settings)
        .iter()
        .map(|one| (one.lint.code, one.object.clone()))
        .collect();
    // that it is for pods of the root namespace alone is what was asked for; who else has this selector is no new fault
    let is_meant = |one: &Finding| one.lint.code == "SC006" || known.contains(&(one.lint.code, one.object.clone()));
    let findings: Vec<String> = about
        .filter(|one| one.lint.level >= Level::Warning && !is_meant(one))
        .map(|one| one.to_string())
        .collect();
    assert_eq!(findings, Vec::<String>::new(), "{place}: {:?}", made.listeners);
    let mut lines = 0;
    for (at, listener) in made.listeners.iter().enumerate() {
        for (nth, line) in listener.lines.iter().enumerate() {
            lines += 1;
            let is_needed = match &line.because {
                // what they are for is no row: whose routes there are, what lint asks for
                Because::Route(_) | Because::ControlPlane => continue,
                Because::Used(ports) if ports.is_empty() => continue,
                Because::Used(_) | Because::Wider(_) => {
                    let less = with(world, without(&made.sidecar, at, nth));
                    !lost(before, &endpoint_table(&less, pod, &settings).unwrap(), used).is_empty()
                }
            };
            assert!(
                is_needed,
                "{place}: '{}' could be left out of {:?}",
                line.text, made.listeners
            );
        }
    }
    lines
}

fn without(sidecar: &Sidecar, listener: usize, line: usize) -> Sidecar {
    let mut egress: Vec<EgressListener> = sidecar.egress.to_vec();
    let mut hosts = egress[listener].hosts.to_vec();
    hosts.remove(line);
    egress[listener].hosts = hosts.into();
    Sidecar {
        egress: egress.into(),
        ..sidecar.clone()
    }
}

#[test]
fn suggestions_for_every_world_lose_nothing_are_found_right_and_have_no_line_too_many() {
    let settings = Settings::default();
    let mut paths = Vec::new();
    worlds(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"), &mut paths);
    let (mut tried, mut lines, mut failed) = (0, 0, 0);
    let mut refused = std::collections::BTreeMap::<String, usize>::new();
    for path in &paths {
        let world = load(path);
        let pods: Vec<Key> = world
            .pods
            .iter()
            .filter(|pod| pod.proxy.is_some())
            .map(|pod| pod.meta.key.clone())
            .collect();
        let mut left = PODS;
        for pod in pods {
            let Ok(before) = endpoint_table(&world, &pod, &settings) else {
                continue;
            };
            if left == 0 {
                break;
            }
            let aim = Aim::Pod(pod.clone());
            let plan = match plan(&world, &settings, &aim, now()) {
                Ok(plan) => plan,
                Err(reason) => {
                    let name = format!("{reason:?}");
                    *refused.entry(name.split('(').next().unwrap().to_owned()).or_default() += 1;
                    continue;
                }
            };
            assert_eq!(plan.pods[0], pod);
            left -= 1;
            for nth in [1, 3] {
                let used = used(&before, nth);
                let made = suggest(&world, &settings, &plan, std::slice::from_ref(&used), now()).unwrap();
                let place = format!("{} {pod} every {nth}", path.display());
                let outcome = std::panic::catch_unwind(|| check(&place, &world, &before, &used, &made));
                lines += outcome.as_ref().copied().unwrap_or(0);
                failed += usize::from(outcome.is_err());
                tried += 1;
            }
        }
    }
    eprintln!(
        "{} worlds, {tried} suggestions, {lines} lines; no suggestion: {refused:?}",
        paths.len()
    );
    assert_eq!(failed, 0);
    assert!(tried > 100, "the corpus is gone");
    assert!(!refused.contains_key("Shadowed"), "{refused:?}");
}

/// A pod of its own Deployment, and a Sidecar without a selector beside it.
fn small(pods: &[&str]) -> World {
    let sidecar = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: ours, namespace: shop}\n\
                   spec: {egress: [{hosts: ['./*', 'istio-system/*']}]}\n";
    let pods = pods.iter().map(|name| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}, \
             annotations: {{sidecar.istio.io/status: '{{\"revision\":\"default\"}}'}}}}\n\
             spec: {{containers: [{{name: istio-proxy, image: 'istio/proxyv2:1.31.0', args: [proxy, sidecar]}}]}}\n\
             status: {{phase: Running, podIP: 10.0.0.1, podIPs: [{{ip: 10.0.0.1}}]}}\n"
        )
    });
    let text: String = [sidecar.to_owned()].into_iter().chain(pods).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.yaml");
    fs::write(&path, text).unwrap();
    load(&path)
}

#[test]
fn a_sidecar_that_governs_only_the_pod_is_written_anew_and_one_that_governs_others_stays() {
    let settings = Settings::default();
    let pod = Key::new("shop", "web");
    let alone = small(&["web"]);
    let plan_of = |world: &World| plan(world, &settings, &Aim::Pod(pod.clone()), now()).unwrap();
    let plan = plan_of(&alone);
    assert_eq!(
        (plan.key.to_string().as_str(), plan.selector.is_none()),
        ("shop/ours", true)
    );
    assert!(plan.replaces());
    assert_eq!(plan.pods, std::slice::from_ref(&pod));
    let made = suggest(&alone, &settings, &plan, &[], now()).unwrap();
    let found = lint(&with(&alone, made.sidecar), &settings);
    let shadowed = found.iter().filter(|one| one.lint.code == "SC001");
    assert_eq!(shadowed.count(), 0, "{found:?}");
    let both = plan_of(&small(&["web", "other"]));
    assert_eq!(
        (both.key.to_string().as_str(), both.selector.is_some()),
        ("shop/web", true)
    );
}
