//! Which Sidecar object governs a pod (scope rules §3).
//!
//! istio: `pilot/pkg/model/push_context.go`, `initSidecarScopes`, `doGetSidecarScope`.

use std::sync::Arc;

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use crate::mesh::model::{Key, Kind, Labels, Object, Sidecar, Text};
use crate::mesh::world::{Change, World};

use super::discovery::Discovery;
use super::reason::ids;
use super::table::Governing;
use super::topology::WorkloadLabels;

/// All Sidecars that istiod takes notice of, in the order in which they are tried.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sidecars {
    by_namespace: FxHashMap<Text, Vec<Arc<Sidecar>>>,
    root_default: Option<Arc<Sidecar>>,
}

/// Whose governing Sidecar may be another one after a change of the world: all of them, and often more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Regoverned {
    /// No pod's.
    Nobody,
    /// This pod's.
    Pod(Key),
    /// That of pods in this namespace.
    Namespace(Text),
    /// Any pod's.
    Everybody,
}

impl Regoverned {
    /// By a change, where a Sidecar of some namespaces (the root ones) may govern any pod.
    pub(crate) fn by(change: &Change, is_root: impl FnOnce(&Text) -> bool) -> Self {
        let Some((kind, key)) = change.identity() else {
            return Self::Nobody;
        };
        let all_of = |namespace: &Text| {
            if is_root(namespace) {
                Self::Everybody
            } else {
                Self::Namespace(namespace.clone())
            }
        };
        let (before, after) = (change.before.as_ref(), change.after.as_ref());
        match kind {
            Kind::Pod => Self::Pod(key.clone()),
            Kind::Sidecar if before.and_then(claim) != after.and_then(claim) => all_of(&key.namespace),
            // discovery selectors
            Kind::Namespace if before.map(labels) != after.map(labels) => all_of(&key.name),
            // a Sidecar may select by zone
            Kind::Node if before.map(labels) != after.map(labels) => Self::Everybody,
            Kind::MeshConfigMap | Kind::Istiod | Kind::RevisionTag => Self::Everybody,
            Kind::Sidecar
            | Kind::Namespace
            | Kind::Node
            | Kind::Service
            | Kind::EndpointSlice
            | Kind::VirtualService
            | Kind::DestinationRule
            | Kind::ServiceEntry
            | Kind::WorkloadEntry
            | Kind::Gateway
            | Kind::EnvoyFilter
            | Kind::HTTPRoute
            | Kind::GRPCRoute
            | Kind::TCPRoute
            | Kind::TLSRoute
            | Kind::Event => Self::Nobody,
        }
    }
}

fn labels(object: &Object) -> &Labels {
    &object.meta().labels
}

/// By what a Sidecar is chosen, besides its name; what else it says is for those whom it governs.
fn claim(object: &Object) -> Option<(Option<Timestamp>, &Labels, Option<&Labels>)> {
    let Object::Sidecar(sidecar) = object else { return None };
    let meta = &sidecar.meta;
    Some((meta.created, &meta.labels, sidecar.selector.as_ref()))
}

/// Why a Sidecar that could have governed a pod does not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Passed {
    /// Its selector does not fit the pod.
    SelectorDiffers,
    /// Its selector fits too, but another that fits is older (or of equal age and first by name).
    YoungerSelector,
    /// It has no selector, and one with a selector fits.
    BehindSelector,
    /// It has no selector, and another without one is older (or of equal age and first by name).
    YoungerDefault,
    /// It is the root namespace's default, and the pod's own namespace has one that fits.
    BehindOwnNamespace,
}

ids!(Passed {
    SelectorDiffers => "selectorDiffers",
    YoungerSelector => "youngerSelector",
    BehindSelector => "behindSelector",
    YoungerDefault => "youngerDefault",
    BehindOwnNamespace => "behindOwnNamespace",
});

impl Sidecars {
    /// Every Sidecar of the world, those with a selector first, each group by age, name, namespace.
    pub(crate) fn of(world: &World, discovery: &Discovery, root_namespace: &Text) -> Self {
        let counted = world.sidecars.iter();
        let mut all: Vec<&Arc<Sidecar>> = counted
            .filter(|sidecar| discovery.has(Kind::Sidecar, &sidecar.meta))
            .collect();
        all.sort_by(|a, b| {
            let (a, b) = (&a.meta, &b.meta);
            let by_key = || {
                a.key
                    .name
                    .cmp(&b.key.name)
                    .then_with(|| a.key.namespace.cmp(&b.key.namespace))
            };
            a.created.cmp(&b.created).then_with(by_key)
        });
        all.sort_by_key(|sidecar| sidecar.selector.is_none());
        let is_root_default =
            |sidecar: &&&Arc<Sidecar>| sidecar.selector.is_none() && sidecar.meta.key.namespace == *root_namespace;
        let root_default = all.iter().find(is_root_default).map(|found| Arc::clone(found));
        let mut by_namespace: FxHashMap<Text, Vec<Arc<Sidecar>>> = FxHashMap::default();
        for sidecar in all {
            let namespace = sidecar.meta.key.namespace.clone();
            by_namespace.entry(namespace).or_default().push(Arc::clone(sidecar));
        }
        Self {
            by_namespace,
            root_default,
        }
    }

    fn of_namespace(&self, namespace: &str) -> &[Arc<Sidecar>] {
        self.by_namespace.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The Sidecar that governs a sidecar proxy; `None` for istiod's built-in one.
    pub(crate) fn choose(&self, namespace: &str, labels: &WorkloadLabels) -> (Governing, Option<&Arc<Sidecar>>) {
        if let Some(own) = self
            .of_namespace(namespace)
            .iter()
            .find(|sidecar| fits(sidecar, labels))
        {
            return (Governing::Own(own.meta.key.clone()), Some(own));
        }
        match &self.root_default {
            Some(default) => (Governing::RootDefault(default.meta.key.clone()), Some(default)),
            None => (Governing::BuiltIn, None),
        }
    }

    /// Whether a pod's labels decide which Sidecar of its namespace governs it.
    pub(crate) fn ask_for_labels(&self, namespace: &str) -> bool {
        let mut selectors = self
            .of_namespace(namespace)
            .iter()
            .filter_map(|own| own.selector.as_ref());
        selectors.any(|selector| !selector.is_empty())
    }

    /// The object behind an answer of [`Self::choose`].
    pub(crate) fn find(&self, governing: &Governing) -> Option<&Arc<Sidecar>> {
        let key = governing.key()?;
        self.of_namespace(&key.namespace)
            .iter()
            .find(|sidecar| sidecar.meta.key == *key)
    }

    /// All that could have governed a pod of this namespace but do not, with the reason, in the order in which they
    /// are tried.
    pub(crate) fn passed_over(&self, namespace: &str, labels: &WorkloadLabels) -> Vec<(Arc<Sidecar>, Passed)> {
        let (governing, winner) = self.choose(namespace, labels);
        let has_winner_selector = winner.is_some_and(|winner| winner.selector.is_some());
        let reason = |sidecar: &Sidecar| match (fits(sidecar, labels), sidecar.selector.is_some()) {
            (false, _) => Passed::SelectorDiffers,
            (true, true) => Passed::YoungerSelector,
            (true, false) if has_winner_selector => Passed::BehindSelector,
            (true, false) => Passed::YoungerDefault,
        };
        let is_winner = |sidecar: &Sidecar| Some(&sidecar.meta.key) == governing.key();
        let own = self
            .of_namespace(namespace)
            .iter()
            .filter(|sidecar| !is_winner(sidecar));
        let mut passed: Vec<_> = own.map(|sidecar| (Arc::clone(sidecar), reason(sidecar))).collect();
        if let (Governing::Own(_), Some(default)) = (&governing, &self.root_default)
            && default.meta.key.namespace != *namespace
        {
            passed.push((Arc::clone(default), Passed::BehindOwnNamespace));
        }
        passed
    }
}

fn fits(sidecar: &Sidecar, labels: &WorkloadLabels) -> bool {
    sidecar
        .selector
        .as_ref()
        .is_none_or(|selector| labels.matches(selector))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::model::{Key, Labels, Meta};
    use crate::mesh::world::{Delta, World};

    fn sidecar(namespace: &str, name: &str, created: i64, selector: Option<Labels>) -> Delta {
        let meta = Meta {
            key: Key::new(namespace, name),
            created: jiff::Timestamp::from_second(created).ok(),
            ..Meta::default()
        };
        Delta::Put(
            Sidecar {
                meta,
                selector,
                ..Sidecar::default()
            }
            .into(),
        )
    }

    fn chosen(world: &World, namespace: &str, labels: Labels) -> String {
        let discovery = Discovery::everything();
        let sidecars = Sidecars::of(world, &discovery, &"istio-system".into());
        let labels = WorkloadLabels {
            own: labels,
            ..WorkloadLabels::default()
        };
        format!("{:?}", sidecars.choose(namespace, &labels).0)
    }

    #[test]
    fn the_oldest_selector_that_fits_beats_any_default() {
        let mut world = World::default();
        world.apply(sidecar("shop", "old-default", 1, None));
        world.apply(sidecar("shop", "b", 3, Some(Labels::from([("app", "web")]))));
        world.apply(sidecar("shop", "a", 3, Some(Labels::from([("app", "web")]))));
        assert_eq!(chosen(&world, "shop", Labels::from([("app", "web")])), "Own(shop/a)");
        assert_eq!(chosen(&world, "shop", Labels::default()), "Own(shop/old-default)");
    }

    #[test]
    fn only_what_it_is_chosen_by_makes_a_sidecar_govern_others() {
        let mut world = World::default();
        let regoverned = |changes: &[Change]| {
            let by = |change| Regoverned::by(change, |namespace| *namespace == "istio-system");
            changes.iter().map(by).collect::<Vec<_>>()
        };
        let shop = || vec![Regoverned::Namespace("shop".into())];
        let created = world.apply(sidecar("shop", "a", 1, None));
        assert_eq!(regoverned(&created), shop());
        let Delta::Put(Object::Sidecar(wider)) = sidecar("shop", "a", 1, None) else {
            unreachable!()
        };
        let mut wider = (*wider).clone();
        wider.outbound_mode = Some("ALLOW_ANY".into());
        let edited = world.apply(Delta::Put(wider.into()));
        assert_eq!(regoverned(&edited), [Regoverned::Nobody]);
        let selects = world.apply(sidecar("shop", "a", 1, Some(Labels::from([("app", "web")]))));
        assert_eq!(regoverned(&selects), shop());
        let recreated = world.apply(sidecar("shop", "a", 2, Some(Labels::from([("app", "web")]))));
        assert_eq!(regoverned(&recreated), shop());
        let root = world.apply(sidecar("istio-system", "default", 1, None));
        assert_eq!(regoverned(&root), [Regoverned::Everybody]);
    }

    #[test]
    fn an_empty_selector_fits_every_pod_and_is_no_root_default() {
        let mut world = World::default();
        world.apply(sidecar("istio-system", "all", 1, Some(Labels::default())));
        assert_eq!(chosen(&world, "shop", Labels::default()), "BuiltIn");
        assert_eq!(
            chosen(&world, "istio-system", Labels::default()),
            "Own(istio-system/all)"
        );
        world.apply(sidecar("istio-system", "default", 2, None));
        assert_eq!(
            chosen(&world, "shop", Labels::default()),
            "RootDefault(istio-system/default)"
        );
    }
}
