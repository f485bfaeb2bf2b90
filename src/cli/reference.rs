//! Which pod a person means: `[kind/]NAME[.NAMESPACE]`, as istioctl reads it.
//!
//! istioctl: `istioctl/pkg/util/handlers/handlers.go`, `InferPodInfoFromTypedResource`. Where a name holds dots, the
//! last one parts the namespace, unless a pod of the full name is in the namespace that is shown.

use crate::mesh::model::{Key, Pod, Text, nearest};
use crate::mesh::world::World;

/// What was asked for, in parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PodReference {
    kind: Workload,
    name: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Workload {
    Pod,
    Of(&'static str),
    Service,
}

/// Kinds a pod may be found by, with kubectl's short names.
const KINDS: &[(&[&str], Workload)] = &[
    (&["pod", "pods", "po"], Workload::Pod),
    (&["deployment", "deployments", "deploy"], Workload::Of("Deployment")),
    (&["replicaset", "replicasets", "rs"], Workload::Of("ReplicaSet")),
    (&["statefulset", "statefulsets", "sts"], Workload::Of("StatefulSet")),
    (&["daemonset", "daemonsets", "ds"], Workload::Of("DaemonSet")),
    (&["job", "jobs"], Workload::Of("Job")),
    (&["service", "services", "svc"], Workload::Service),
];

/// There is no such pod: one line that says so and what comes near.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotFound {
    /// No name at all.
    #[error("no pod is named: write [kind/]NAME[.NAMESPACE]")]
    Empty,
    /// The part before the slash is no kind that has pods.
    #[error("'{0}' is no kind with pods: use pod, deploy, rs, sts, ds, job or svc")]
    Kind(String),
    /// No such namespace.
    #[error("no namespace '{namespace}'{}", did_you_mean(.near.as_ref(), "kubectl get namespaces"))]
    Namespace {
        /// As asked for.
        namespace: String,
        /// The nearest there is.
        near: Option<String>,
    },
    /// No such pod or workload.
    #[error(
        "no {kind} '{name}' in namespace '{namespace}'{}",
        did_you_mean(.near.as_ref(), &format!("sidescope pods -n {namespace}"))
    )]
    Pod {
        /// `pod`, `Deployment` ...
        kind: String,
        /// As asked for.
        name: String,
        /// Where it was looked for.
        namespace: String,
        /// The nearest there is, there or elsewhere.
        near: Option<String>,
    },
}

/// The nearest name, else the command that lists them all.
fn did_you_mean(near: Option<&String>, list: &str) -> String {
    near.map_or_else(|| format!("; see '{list}'"), |near| format!(": did you mean '{near}'?"))
}

impl PodReference {
    /// Takes the text apart.
    ///
    /// # Errors
    /// No name, or a kind that has no pods.
    pub fn parse(text: &str) -> Result<Self, NotFound> {
        if text.is_empty() || text.ends_with('/') {
            return Err(NotFound::Empty);
        }
        let Some((kind, name)) = text.split_once('/') else {
            return Ok(Self {
                kind: Workload::Pod,
                name: text.to_owned(),
            });
        };
        let lower = kind.to_lowercase();
        let found = KINDS.iter().find(|(names, _)| names.contains(&lower.as_str()));
        let (_, kind) = found.ok_or_else(|| NotFound::Kind(kind.to_owned()))?;
        Ok(Self {
            kind: *kind,
            name: name.to_owned(),
        })
    }

    /// The pod that the text names, if it is one, without asking whether it is there.
    pub fn key(&self, default: &str) -> Key {
        let parted = self
            .name
            .rsplit_once('.')
            .filter(|(name, namespace)| !name.is_empty() && !namespace.is_empty());
        let (name, namespace) = parted.unwrap_or((&self.name, default));
        Key::new(namespace, name)
    }

    /// The pod it means, looked for in `default` if it names no namespace.
    ///
    /// # Errors
    /// No such namespace, no such pod; with the nearest name there is.
    pub fn find(&self, world: &World, default: &str) -> Result<Key, NotFound> {
        if let Some(key) = self.find_in(world, default, &self.name) {
            return Ok(key);
        }
        let parted = self
            .name
            .rsplit_once('.')
            .filter(|(name, namespace)| !name.is_empty() && !namespace.is_empty());
        let (name, namespace) = parted.unwrap_or((&self.name, default));
        if let Some(key) = self.find_in(world, namespace, name) {
            return Ok(key);
        }
        check_namespace(world, namespace)?;
        Err(self.nothing_like(world, name, namespace))
    }

    fn find_in(&self, world: &World, namespace: &str, name: &str) -> Option<Key> {
        let pods = || world.pods.in_namespace(namespace);
        let first = match self.kind {
            Workload::Pod => {
                return world
                    .pods
                    .get(&Key::new(namespace, name))
                    .map(|pod| pod.meta.key.clone());
            }
            Workload::Of(kind) => first_running(pods().filter(|pod| belongs(pod, kind, name))),
            Workload::Service => {
                let service = world.services.get(&Key::new(namespace, name))?;
                let selector = &service.selector;
                let chosen = pods().filter(|pod| !selector.is_empty() && selector.is_subset_of(&pod.meta.labels));
                first_running(chosen)
            }
        };
        first.map(|pod| pod.meta.key.clone())
    }

    fn nothing_like(&self, world: &World, name: &str, namespace: &str) -> NotFound {
        let near = match self.kind {
            Workload::Pod => {
                let here: Vec<Text> = world
                    .pods
                    .in_namespace(namespace)
                    .map(|pod| pod.meta.key.name.clone())
                    .collect();
                let elsewhere = world.pods.iter().find(|pod| pod.meta.key.name == *name);
                let elsewhere = elsewhere.map(|pod| format!("{}.{}", pod.meta.key.name, pod.meta.key.namespace));
                let prefix = here.iter().find(|pod| pod.starts_with(name)).map(ToString::to_string);
                elsewhere.or(prefix).or_else(|| nearest(name, &here))
            }
            Workload::Service => {
                let services = world.services.in_namespace(namespace);
                let names: Vec<&str> = services.map(|service| service.meta.key.name.as_str()).collect();
                nearest(name, &names).map(|near| format!("svc/{near}"))
            }
            Workload::Of(_) => {
                let mut names: Vec<String> = world
                    .pods
                    .in_namespace(namespace)
                    .filter_map(|pod| workload(pod))
                    .map(|w| w.1)
                    .collect();
                names.dedup();
                nearest(name, &names)
            }
        };
        let kind = match self.kind {
            Workload::Pod => "pod".to_owned(),
            Workload::Of(kind) => format!("pod of {}", kind.to_lowercase()),
            Workload::Service => "pod of service".to_owned(),
        };
        NotFound::Pod {
            kind,
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            near,
        }
    }
}

/// An error if no object is in this namespace and no Namespace has this name, with the nearest name.
pub(crate) fn check_namespace(world: &World, namespace: &str) -> Result<(), NotFound> {
    let known = world.namespaces.get(&Key::new("", namespace)).is_some()
        || world.pods.in_namespace(namespace).next().is_some()
        || world.services.in_namespace(namespace).next().is_some();
    // a dump often has no Namespace objects, and they may not be readable: then nothing can be said
    if known || world.namespaces.is_empty() {
        return Ok(());
    }
    let names: Vec<Text> = world.namespaces.keys().map(|key| key.name.clone()).collect();
    Err(NotFound::Namespace {
        namespace: namespace.to_owned(),
        near: nearest(namespace, &names),
    })
}

fn first_running<'a>(pods: impl Iterator<Item = &'a std::sync::Arc<Pod>>) -> Option<&'a std::sync::Arc<Pod>> {
    let mut pods: Vec<_> = pods.collect();
    pods.sort_by_key(|pod| (pod.meta.deleting.is_some(), !pod.ready, pod.phase != "Running"));
    pods.first().copied()
}

fn belongs(pod: &Pod, kind: &str, name: &str) -> bool {
    let owned = pod
        .owner
        .as_ref()
        .is_some_and(|owner| owner.kind == *kind && owner.name == *name);
    owned || workload(pod).is_some_and(|(of, workload)| of == kind && workload == name)
}

fn workload(pod: &Pod) -> Option<(String, String)> {
    pod.workload()
        .map(|owner| (owner.kind.to_string(), owner.name.to_string()))
}
