//! Which Sidecar object governs a pod (scope rules §3).
//!
//! istio: `pilot/pkg/model/push_context.go`, `initSidecarScopes`, `doGetSidecarScope`.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::mesh::model::{Kind, Sidecar, Text};
use crate::mesh::world::World;

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
