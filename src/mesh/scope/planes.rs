//! Which control plane a pod belongs to (product: revisions), and what a reader must know of it.

use std::sync::Arc;

use crate::mesh::model::{Istiod, Key, Pod, Text};
use crate::mesh::world::World;

use super::plane::Plane;
use super::settings::Settings;
use super::version::Version;

/// A control plane, by what it is made from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct PlaneKey {
    /// Its Deployment; `None` where none is known.
    pub(crate) istiod: Option<Key>,
    /// The namespace it runs in.
    pub(crate) namespace: Text,
}

/// What was found for a pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Choice {
    pub(crate) key: PlaneKey,
    /// The pod does not say so itself.
    pub(crate) is_assumed: bool,
}

const DEFAULT_NAMESPACE: &str = "istio-system";

/// The control plane of a pod: of its revision, else the only one, else the default one, else one that is made up.
pub(crate) fn choose(world: &World, settings: &Settings, pod: &Pod) -> Choice {
    let istiods: Vec<&Arc<Istiod>> = world
        .istiods
        .iter()
        .filter(|istiod| is_candidate(istiod, settings))
        .collect();
    let wanted = settings
        .revision
        .clone()
        .or_else(|| revision_of(pod))
        .map(|name| resolve_tag(world, name));
    let same = wanted
        .as_ref()
        .and_then(|wanted| istiods.iter().find(|istiod| runs(istiod) == *wanted));
    let only = || istiods.first().filter(|_| istiods.len() == 1);
    let default = || istiods.iter().find(|istiod| runs(istiod) == "default");
    let found = same.or_else(only).or_else(default).or(istiods.first());
    let namespace = match (found, &settings.istio_namespace) {
        (Some(istiod), _) => istiod.meta.key.namespace.clone(),
        (None, Some(given)) => given.clone(),
        (None, None) => Text::from(DEFAULT_NAMESPACE),
    };
    Choice {
        key: PlaneKey {
            istiod: found.map(|istiod| istiod.meta.key.clone()),
            namespace,
        },
        is_assumed: same.is_none(),
    }
}

fn is_candidate(istiod: &Istiod, settings: &Settings) -> bool {
    let is_istiod = istiod.meta.labels.get("app").is_some_and(|app| *app == "istiod");
    let is_named = istiod.meta.key.name == "istiod" || istiod.meta.key.name.starts_with("istiod-");
    let is_there = settings
        .istio_namespace
        .as_ref()
        .is_none_or(|namespace| istiod.meta.key.namespace == *namespace);
    (is_istiod || is_named) && is_there
}

/// The revision that an istiod serves.
fn runs(istiod: &Istiod) -> Text {
    let environment = istiod.env.get("REVISION");
    let found = environment.or_else(|| istiod.meta.labels.get("istio.io/rev"));
    found
        .filter(|revision| !revision.is_empty())
        .cloned()
        .unwrap_or_else(|| Text::from("default"))
}

/// Every revision that an istiod serves.
pub(crate) fn revisions(world: &World) -> Vec<Text> {
    let istiods = world.istiods.iter();
    istiods
        .filter(|istiod| is_candidate(istiod, &Settings::default()))
        .map(|istiod| runs(istiod))
        .collect()
}

/// The revisions and tags that there are, if the one to assume is none of them; `None` where it is, where none is to be
/// assumed, and where no control plane is known.
pub fn unknown_revision(world: &World, settings: &Settings) -> Option<Vec<Text>> {
    let wanted = resolve_tag(world, settings.revision.clone()?);
    let istiods = world.istiods.iter().filter(|istiod| is_candidate(istiod, settings));
    let mut known: Vec<Text> = istiods.map(|istiod| runs(istiod)).collect();
    if known.is_empty() || known.contains(&wanted) {
        return None;
    }
    let tags = world.revision_tags.iter();
    known.extend(tags.filter_map(|tag| tag.meta.labels.get("istio.io/tag").cloned()));
    known.sort();
    known.dedup();
    Some(known)
}

/// The revision or tag that a pod names: its annotation, else what its injection noted.
fn revision_of(pod: &Pod) -> Option<Text> {
    let annotations = &pod.meta.annotations;
    let noted = || {
        let status = annotations.get("sidecar.istio.io/status")?;
        let (_, rest) = status.split_once("\"revision\":")?;
        let revision = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        Some(Text::from(revision))
    };
    let found = annotations.get("istio.io/rev").cloned().or_else(noted);
    found.filter(|revision| !revision.is_empty())
}

/// The revision behind a tag; a name that is no tag is a revision.
fn resolve_tag(world: &World, name: Text) -> Text {
    let mut tags = world.revision_tags.iter();
    let tag = tags.find(|tag| tag.meta.labels.get("istio.io/tag").is_some_and(|label| *label == name));
    tag.and_then(|tag| tag.meta.labels.get("istio.io/rev"))
        .cloned()
        .unwrap_or(name)
}

/// Prepares a control plane from scratch.
pub(crate) fn prepare(world: &World, key: &PlaneKey, settings: &Settings) -> Plane {
    let istiod = key.istiod.as_ref().and_then(|key| world.istiods.get(key));
    Plane::of(
        world,
        &key.namespace,
        istiod.map(|istiod| &**istiod),
        settings.istio_version.as_ref(),
    )
}

/// Sentences about a control plane that a reader of its tables must know.
pub(crate) fn caveats(plane: &Plane) -> Vec<Text> {
    let mut caveats = Vec::new();
    let mut say = |text: String| caveats.push(Text::from(text));
    if !plane.is_version_known {
        say(format!(
            "istiod's version cannot be read: the rules of {} are assumed, --istio-version overrides",
            Version::JUDGED
        ));
    } else if let Some(caveat) = plane.version.caveat() {
        say(caveat);
    }
    for name in plane.unreadable.iter() {
        say(format!(
            "istiod's '{name}' comes from elsewhere and cannot be read: its default is assumed"
        ));
    }
    if plane.virtual_services.leaves_routes_out {
        say("TCPRoutes count from Gateway API 1.6 on, whose version is not read: they are left out".to_owned());
    }
    if plane.mesh.has_network_gateways {
        say("the mesh has gateways to other networks, whose endpoints are not computed".to_owned());
    }
    caveats
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::model::{Labels, Meta, RevisionTag};
    use crate::mesh::world::Delta;

    fn istiod(name: &str, revision: &str) -> Delta {
        let meta = Meta {
            key: Key::new("istio-system", name),
            ..Meta::default()
        };
        Delta::Put(
            Istiod {
                meta,
                env: Labels::from([("REVISION", revision)]),
                ..Istiod::default()
            }
            .into(),
        )
    }

    fn pod(annotation: &str, value: &str) -> Pod {
        let meta = Meta {
            annotations: Labels::from([(annotation, value)]),
            ..Meta::default()
        };
        Pod { meta, ..Pod::default() }
    }

    fn chosen(world: &World, pod: &Pod) -> (String, bool) {
        let choice = choose(world, &Settings::default(), pod);
        (
            choice.key.istiod.map(|key| key.name.to_string()).unwrap_or_default(),
            choice.is_assumed,
        )
    }

    #[test]
    fn a_pod_belongs_to_the_plane_of_its_revision_or_tag() {
        let mut world = World::default();
        world.apply(istiod("istiod", "default"));
        world.apply(istiod("istiod-canary", "canary"));
        let tag = RevisionTag {
            meta: Meta {
                key: Key::new("", "istio-revision-tag-next"),
                labels: Labels::from([("istio.io/tag", "next"), ("istio.io/rev", "canary")]),
                ..Meta::default()
            },
        };
        world.apply(Delta::Put(tag.into()));
        let canary = ("istiod-canary".to_owned(), false);
        assert_eq!(chosen(&world, &pod("istio.io/rev", "canary")), canary);
        assert_eq!(chosen(&world, &pod("istio.io/rev", "next")), canary);
        let status = r#"{"containers":["istio-proxy"],"revision":"canary"}"#;
        assert_eq!(chosen(&world, &pod("sidecar.istio.io/status", status)), canary);
        assert_eq!(
            chosen(&world, &pod("istio.io/rev", "gone")),
            ("istiod".to_owned(), true)
        );
        assert_eq!(chosen(&World::default(), &Pod::default()), (String::new(), true));
    }
}
