//! `metadata`: identity, age, labels, and the annotations that somebody reads.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::wire::{Int, List, Map, MapKey, Str, Time};
use crate::mesh::model::{Interner, Key, Labels, Meta, Owner, Uid};

/// Annotations that are kept; each is read by a rule (scope rules, in brackets) or a view.
const KEPT_ANNOTATIONS: &[&str] = &[
    // The pod's revision, and what was injected (product: revisions; §1.4).
    "istio.io/rev",
    "sidecar.istio.io/status",
    "sidecar.istio.io/inject",
    "inject.istio.io/templates",
    // What the proxy was told besides the mesh config (§1.4, §10.1).
    "proxy.istio.io/config",
    "proxy.istio.io/overrides",
    "sidecar.istio.io/interceptionMode",
    "sidecar.istio.io/bootstrapOverride",
    "status.sidecar.istio.io/port",
    // Ambient (§8.6).
    "ambient.istio.io/redirection",
    // Services and ServiceEntries (§2, §8.5, §8.8).
    "networking.istio.io/exportTo",
    "networking.istio.io/traffic-distribution",
    "istio.io/connect-strategy",
    "traffic.istio.io/nodeSelector",
    // WorkloadEntries (§9.3).
    "proxy.istio.io/health-checks-enabled",
    // Namespaces (multi-cluster).
    "topology.istio.io/controlPlaneClusters",
    // Deployments: which rollout a pod belongs to.
    "deployment.kubernetes.io/revision",
];

/// `ObjectMeta`, as far as it is read.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ObjectMeta<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    namespace: Str<'a>,
    uid: Str<'a>,
    creation_timestamp: Time,
    deletion_timestamp: Time,
    generation: Int<i64>,
    labels: Map<'a>,
    annotations: Annotations<'a>,
    owner_references: List<OwnerReference<'a>>,
}

/// `v1/ObjectReference`, as far as it is read: what an Event or an endpoint is about.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ObjectReference<'a> {
    #[serde(borrow)]
    pub(super) kind: Str<'a>,
    pub(super) namespace: Str<'a>,
    pub(super) name: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OwnerReference<'a> {
    #[serde(borrow)]
    kind: Str<'a>,
    name: Str<'a>,
    controller: Option<bool>,
}

impl ObjectMeta<'_> {
    /// `None` if there is no name.
    pub(super) fn convert(&self, interner: &mut Interner) -> Option<Meta> {
        if self.name.is_empty() {
            return None;
        }
        Some(Meta {
            key: Key {
                namespace: self.namespace.text(interner),
                name: self.name.text(interner),
            },
            uid: if self.uid.is_empty() {
                Uid::default()
            } else {
                Uid::from(&*self.uid)
            },
            created: self.creation_timestamp.0,
            deleting: self.deletion_timestamp.0,
            generation: self.generation.0,
            labels: self.labels.labels(interner),
            annotations: self.annotations.labels(interner),
        })
    }

    pub(super) fn owner(&self, interner: &mut Interner) -> Option<Owner> {
        let owners = &self.owner_references;
        let owner = owners.iter().find(|owner| owner.controller == Some(true))?;
        Some(Owner {
            kind: owner.kind.text(interner),
            name: owner.name.text(interner),
        })
    }
}

/// The map of annotations without those that nobody reads: some are as large as the object.
#[derive(Default)]
struct Annotations<'a>(Vec<(&'static str, Str<'a>)>);

impl Annotations<'_> {
    fn labels(&self, interner: &mut Interner) -> Labels {
        interner.labels(self.0.iter().map(|(key, value)| (*key, &**value)))
    }
}

struct AnnotationsVisitor<'a>(PhantomData<Str<'a>>);

impl<'de: 'a, 'a> Visitor<'de> for AnnotationsVisitor<'a> {
    type Value = Annotations<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of strings")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Annotations::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while let Some(key) = entries.next_key_seed(MapKey)? {
            match KEPT_ANNOTATIONS.iter().find(|known| **known == &*key) {
                Some(known) => kept.push((*known, entries.next_value()?)),
                None => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Annotations(kept))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Annotations<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(AnnotationsVisitor(PhantomData))
    }
}

/// An object reduced to its key.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct KeyOnly<'a> {
    #[serde(borrow)]
    metadata: NameOnly<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NameOnly<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    namespace: Str<'a>,
}

impl KeyOnly<'_> {
    pub(super) fn key(&self) -> Option<Key> {
        let NameOnly { name, namespace } = &self.metadata;
        (!name.is_empty()).then(|| Key::new(&**namespace, &**name))
    }
}
