//! Which Sidecar is to be written: its name, its selector, the object it takes the place of, the pods it would govern.
//!
//! The pods are those that istiod's own rules give it ([`Cache::governing`] in a world with the draft).

use std::sync::Arc;

use jiff::Timestamp;

use crate::mesh::model::{Key, Labels, Meta, Pod, Sidecar, Text};
use crate::mesh::scope::{Cache, Drafting, Governing, NoTable, Settings};
use crate::mesh::world::{Delta, World};

/// Labels that controllers and injection add to what a workload's template says.
const ADDED: &[&str] = &[
    "pod-template-hash",
    "pod-template-generation",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/job-completion-index",
    "controller-uid",
    "job-name",
    "istio.io/rev",
    "security.istio.io/tlsMode",
    "service.istio.io/canonical-name",
    "service.istio.io/canonical-revision",
    "sidecar.istio.io/inject",
    "istio-locality",
    "kubernetes.io/hostname",
];

/// Where a pod is, is no workload's: and of these istiod takes its own, not the pod's.
const PLACES: &str = "topology.";

/// For whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Aim {
    /// This pod, and those that its workload's labels select with it.
    Pod(Key),
    /// All pods of a namespace that no Sidecar with a selector governs.
    Namespace(Text),
}

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its namespace and name.
    pub key: Key,
    /// `workloadSelector`; `None` for a namespace's default.
    pub selector: Option<Labels>,
    /// The Sidecar that governs the pods now, if one does: all it says besides egress hosts is kept. One of this key is
    /// replaced.
    pub base: Option<Arc<Sidecar>>,
    /// Pods that it would govern, in order; the one that was named first.
    pub pods: Vec<Key>,
    /// Pods with a proxy in the namespace that it would not govern, and why.
    pub apart: Vec<(Key, Apart)>,
}

impl Plan {
    /// Whether an object of this name is there now, and takes the place of.
    pub fn replaces(&self) -> bool {
        self.base.as_ref().is_some_and(|base| base.meta.key == self.key)
    }

    /// The Sidecar without any line; `at` is its age if it is new.
    pub(super) fn frame(&self, at: Timestamp) -> Sidecar {
        let replaced = self.base.as_ref().filter(|_| self.replaces());
        let meta = replaced.map_or_else(
            || Meta {
                key: self.key.clone(),
                created: Timestamp::from_second(at.as_second()).ok(),
                ..Meta::default()
            },
            |base| base.meta.clone(),
        );
        Sidecar {
            meta,
            selector: self.selector.clone(),
            ..self.base.as_ref().map(|base| (**base).clone()).unwrap_or_default()
        }
    }
}

/// Why a pod of the namespace would not be governed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Apart {
    /// Another Sidecar governs it, and would go on to.
    By(Key),
    /// The selector is not for it.
    NotSelected,
    /// Its istiod takes no notice of Sidecars here.
    NotCounted,
    /// It is a gateway: no Sidecar counts for it.
    Gateway,
    /// It has no table.
    NoTable(NoTable),
}

/// Why nothing is suggested: each is a state that a reader can act on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoSuggestion {
    /// The pod has no proxy that could be governed.
    NoTable(Key, NoTable),
    /// The pod is a gateway.
    Gateway(Key),
    /// The pod has no label of its own to select it by.
    NoLabels(Key),
    /// A Sidecar without selector in this namespace would be the default of the whole mesh.
    Root(Text),
    /// No pod of this namespace has a sidecar that a namespace's Sidecar would govern.
    NoPods(Text),
    /// Another Sidecar would govern the pod all the same.
    Shadowed(Key, Key),
    /// The pod's istiod takes no notice of Sidecars in its namespace.
    NotCounted(Key),
}

/// What is to be written for an aim.
///
/// # Errors
/// Nothing can be; why.
pub fn plan(world: &World, settings: &Settings, aim: &Aim, at: Timestamp) -> Result<Plan, NoSuggestion> {
    let mut cache = Cache::new(settings.clone());
    let mut plan = match aim {
        Aim::Pod(pod) => for_pod(world, &mut cache, pod)?,
        Aim::Namespace(namespace) => for_namespace(world, &mut cache, namespace)?,
    };
    plan.find_pods(world, settings, at);
    if let Aim::Pod(pod) = aim
        && plan.takes_place_of_default(world, &mut cache, pod)
    {
        plan.find_pods(world, settings, at);
    }
    let of_base = plan.base.as_ref().and_then(|base| base.selector.clone());
    if let (Aim::Pod(pod), None, Some(selector)) = (aim, &plan.selector, of_base)
        && !plan.pods.contains(pod)
    {
        // without its selector it would stand behind another
        plan.selector = Some(selector);
        plan.find_pods(world, settings, at);
    }
    match aim {
        Aim::Pod(pod) => match plan.apart.iter().find(|(key, _)| key == pod) {
            Some((_, Apart::By(other))) => return Err(NoSuggestion::Shadowed(pod.clone(), other.clone())),
            Some((_, Apart::NotSelected | Apart::NotCounted)) => return Err(NoSuggestion::NotCounted(pod.clone())),
            Some((_, Apart::Gateway)) => return Err(NoSuggestion::Gateway(pod.clone())),
            Some((_, Apart::NoTable(state))) => return Err(NoSuggestion::NoTable(pod.clone(), state.clone())),
            None => plan.pods.sort_by_key(|key| key != pod),
        },
        Aim::Namespace(namespace) if plan.pods.is_empty() => return Err(NoSuggestion::NoPods(namespace.clone())),
        Aim::Namespace(_) => {}
    }
    Ok(plan)
}

fn for_pod(world: &World, cache: &mut Cache, key: &Key) -> Result<Plan, NoSuggestion> {
    let no_table = |state: NoTable| NoSuggestion::NoTable(key.clone(), state);
    let drafting = Drafting::of(cache, world, key).map_err(no_table)?;
    let base = drafting.sidecar().cloned();
    if let (Governing::Own(own), Some(base)) = (drafting.governing(), &base)
        && let Some(selector) = &base.selector
    {
        return Ok(Plan {
            key: own.clone(),
            // one without labels is for all pods, as none is: lint would rather see none
            selector: Some(selector.clone()).filter(|selector| !selector.is_empty()),
            base: Some(Arc::clone(base)),
            pods: Vec::new(),
            apart: Vec::new(),
        });
    }
    let pod = world.pods.get(key).ok_or_else(|| no_table(NoTable::NoSuchPod))?;
    if *drafting.governing() == Governing::Gateway {
        return Err(NoSuggestion::Gateway(key.clone()));
    }
    let own = pod
        .meta
        .labels
        .iter()
        .filter(|(name, _)| !ADDED.contains(&name.as_str()) && !name.starts_with(PLACES));
    let labels: Labels = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    if labels.is_empty() {
        return Err(NoSuggestion::NoLabels(key.clone()));
    }
    let name = pod.workload().map_or_else(|| key.name.clone(), |owner| owner.name);
    Ok(Plan {
        key: free_key(world, &key.namespace, &name),
        selector: Some(labels),
        base,
        pods: Vec::new(),
        apart: Vec::new(),
    })
}

fn for_namespace(world: &World, cache: &mut Cache, namespace: &Text) -> Result<Plan, NoSuggestion> {
    let mut base = None;
    let mut key = None;
    for pod in world.pods.in_namespace(namespace) {
        let Ok(drafting) = Drafting::of(cache, world, &pod.meta.key) else {
            continue;
        };
        if drafting.root() == namespace {
            return Err(NoSuggestion::Root(namespace.clone()));
        }
        match drafting.governing() {
            Governing::Own(own) if drafting.sidecar().is_some_and(|sidecar| sidecar.selector.is_none()) => {
                key = Some(own.clone());
                base = drafting.sidecar().cloned();
                break;
            }
            Governing::RootDefault(_) => base = drafting.sidecar().cloned(),
            Governing::Own(_) | Governing::BuiltIn | Governing::Gateway => {}
        }
    }
    Ok(Plan {
        key: key.unwrap_or_else(|| free_key(world, namespace, "default")),
        selector: None,
        base,
        pods: Vec::new(),
        apart: Vec::new(),
    })
}

/// A name that no Sidecar of the namespace has.
fn free_key(world: &World, namespace: &Text, name: &str) -> Key {
    let is_free = |key: &Key| world.sidecars.get(key).is_none();
    let plain = Key::new(namespace.clone(), name);
    if is_free(&plain) {
        return plain;
    }
    let numbered = (2_u32..).map(|nth| Key::new(namespace.clone(), format!("{name}-{nth}")));
    numbered.into_iter().find(is_free).unwrap_or(plain)
}

impl Plan {
    /// Why no Sidecar of its own namespace governs a pod.
    fn unfit(&self, pod: &Pod) -> Apart {
        let fits = self
            .selector
            .as_ref()
            .is_none_or(|selector| selector.is_subset_of(&pod.meta.labels));
        if fits { Apart::NotCounted } else { Apart::NotSelected }
    }

    /// Takes the place of the namespace's own Sidecar if that governs none but these pods: beside a new one it would
    /// govern nothing. Not in the root namespace, whose Sidecar is the mesh's.
    fn takes_place_of_default(&mut self, world: &World, cache: &mut Cache, pod: &Key) -> bool {
        let Some(base) = self.base.as_ref().filter(|base| base.selector.is_none()) else {
            return false;
        };
        let key = base.meta.key.clone();
        let is_root = Drafting::of(cache, world, pod).map_or(true, |drafting| *drafting.root() == key.namespace);
        if is_root || key.namespace != self.key.namespace {
            return false;
        }
        let mut pods = world.pods.in_namespace(&key.namespace).map(|pod| &pod.meta.key);
        let is_governed = |pod: &Key, cache: &mut Cache| match cache.governing(world, pod) {
            Ok(governing) => governing.key() == Some(&key),
            Err(_) => false,
        };
        if pods.any(|pod| is_governed(pod, cache) && !self.pods.contains(pod)) {
            return false;
        }
        self.key = key;
        self.selector = None;
        true
    }

    /// Parts the pods of the namespace into those that it would govern and the others.
    fn find_pods(&mut self, world: &World, settings: &Settings, at: Timestamp) {
        let mut after = world.clone();
        after.apply(Delta::Put(self.frame(at).into()));
        self.pods.clear();
        self.apart.clear();
        let mut cache = Cache::new(settings.clone());
        for pod in world.pods.in_namespace(&self.key.namespace) {
            if pod.proxy.is_none() {
                continue;
            }
            let key = pod.meta.key.clone();
            match cache.governing(&after, &key) {
                Ok(Governing::Own(own)) if own == self.key => self.pods.push(key),
                Ok(Governing::Own(other)) => self.apart.push((key, Apart::By(other))),
                Ok(Governing::Gateway) => self.apart.push((key, Apart::Gateway)),
                Ok(Governing::BuiltIn | Governing::RootDefault(_)) => self.apart.push((key, self.unfit(pod))),
                Err(state) => self.apart.push((key, Apart::NoTable(state))),
            }
        }
    }
}
