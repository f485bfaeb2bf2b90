//! Pods by what made them, with sums that follow each change of a pod.
//!
//! istio: `pkg/kube/inject/kubeutil.go`, `GetDeployMetaFromPod`: how a pod's workload is named.

use std::collections::{BTreeMap, BTreeSet};

use super::view::table::pods::is_faulty;
use crate::mesh::model::{Key, Pod, Text};

/// A workload's identity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WorkloadId {
    /// Its namespace.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
    /// Such as `Deployment`; `Pod` for a pod that nothing made.
    pub kind: Text,
}

impl WorkloadId {
    /// What made this pod, as far as the pod tells.
    pub fn of(pod: &Pod) -> Self {
        let (kind, name) = match &pod.owner {
            None => ("Pod".into(), pod.meta.key.name.clone()),
            Some(owner) => match (owner.kind.as_str(), stem(pod, &owner.name)) {
                ("ReplicaSet", Some(stem)) => ("Deployment".into(), stem),
                ("Job", _) => match cron_job(&owner.name) {
                    Some(name) => ("CronJob".into(), name),
                    None => (owner.kind.clone(), owner.name.clone()),
                },
                _ => (owner.kind.clone(), owner.name.clone()),
            },
        };
        Self {
            namespace: pod.meta.key.namespace.clone(),
            name,
            kind,
        }
    }
}

/// The Deployment's name in that of its `ReplicaSet`: what stands before the hash of the template.
fn stem(pod: &Pod, replica_set: &Text) -> Option<Text> {
    let hash = pod.meta.labels.get("pod-template-hash")?;
    let stem = replica_set.strip_suffix(hash.as_str())?.strip_suffix('-')?;
    Some(stem.into())
}

/// The name of the `CronJob` in that of its `Job`: what stands before the time, 8 to 10 digits.
fn cron_job(job: &Text) -> Option<Text> {
    let (name, time) = job.rsplit_once('-')?;
    let is_time = (8..=10).contains(&time.len()) && time.bytes().all(|byte| byte.is_ascii_digit());
    is_time.then(|| name.into())
}

/// A workload's pods and their sums.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Workload {
    /// Its pods, in order.
    pub pods: BTreeSet<Key>,
    /// Pods that are ready.
    pub ready: usize,
    /// Pods with an Envoy or ztunnel.
    pub proxies: usize,
    /// Pods with which something is wrong.
    pub faulty: usize,
    /// Restarts of all of them.
    pub restarts: u64,
}

/// All workloads.
#[derive(Clone, Debug, Default)]
pub struct WorkloadIndex {
    by_id: BTreeMap<WorkloadId, Workload>,
}

impl WorkloadIndex {
    /// A workload.
    pub fn get(&self, id: &WorkloadId) -> Option<&Workload> {
        self.by_id.get(id)
    }

    /// A workload with its own identity, to borrow both.
    pub fn find(&self, id: &WorkloadId) -> Option<(&WorkloadId, &Workload)> {
        self.by_id.get_key_value(id)
    }

    /// All of them, by namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = (&WorkloadId, &Workload)> {
        self.by_id.iter()
    }

    /// A pod changed: the workloads whose sums are others now.
    pub fn follow(&mut self, before: Option<&Pod>, after: Option<&Pod>) -> Vec<WorkloadId> {
        let mut touched = Vec::new();
        if let Some(pod) = before {
            let id = WorkloadId::of(pod);
            if let Some(workload) = self.by_id.get_mut(&id) {
                workload.pods.remove(&pod.meta.key);
                workload.ready = workload.ready.saturating_sub(usize::from(pod.ready));
                workload.proxies = workload.proxies.saturating_sub(usize::from(pod.proxy.is_some()));
                workload.faulty = workload.faulty.saturating_sub(usize::from(is_faulty(pod)));
                workload.restarts = workload.restarts.saturating_sub(pod.printed.restarts.into());
                if workload.pods.is_empty() {
                    self.by_id.remove(&id);
                }
            }
            touched.push(id);
        }
        if let Some(pod) = after {
            let id = WorkloadId::of(pod);
            let workload = self.by_id.entry(id.clone()).or_default();
            workload.pods.insert(pod.meta.key.clone());
            workload.ready += usize::from(pod.ready);
            workload.proxies += usize::from(pod.proxy.is_some());
            workload.faulty += usize::from(is_faulty(pod));
            workload.restarts += u64::from(pod.printed.restarts);
            if touched.first() != Some(&id) {
                touched.push(id);
            }
        }
        touched
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::model::{Labels, Meta, Owner};

    fn pod(name: &str, kind: &str, owner: &str, ready: bool) -> Pod {
        Pod {
            meta: Meta {
                key: Key::new("shop", name),
                labels: Labels::from([("pod-template-hash", "7d4f")]),
                ..Meta::default()
            },
            owner: (!kind.is_empty()).then(|| Owner {
                kind: kind.into(),
                name: owner.into(),
            }),
            ready,
            ..Pod::default()
        }
    }

    #[test]
    fn a_pod_belongs_to_what_a_person_wrote() {
        let cases = [
            ("", "", "Pod shop/x"),
            ("ReplicaSet", "web-7d4f", "Deployment shop/web"),
            ("ReplicaSet", "bare", "ReplicaSet shop/bare"),
            ("StatefulSet", "db", "StatefulSet shop/db"),
            ("Job", "backup-28391040", "CronJob shop/backup"),
            ("Job", "migrate-1", "Job shop/migrate-1"),
        ];
        for (kind, owner, expected) in cases {
            let id = WorkloadId::of(&pod("x", kind, owner, true));
            assert_eq!(format!("{} {}/{}", id.kind, id.namespace, id.name), expected);
        }
    }

    #[test]
    fn sums_follow_the_pods_and_nothing_is_left_when_they_are_gone() {
        let mut index = WorkloadIndex::default();
        let (a, b) = (
            pod("a", "ReplicaSet", "web-7d4f", true),
            pod("b", "ReplicaSet", "web-7d4f", false),
        );
        index.follow(None, Some(&a));
        let touched = index.follow(None, Some(&b));
        assert_eq!(touched.len(), 1);
        assert_eq!(
            (
                index.get(&touched[0]).unwrap().ready,
                index.get(&touched[0]).unwrap().pods.len()
            ),
            (1, 2)
        );
        let better = pod("b", "ReplicaSet", "web-7d4f", true);
        index.follow(Some(&b), Some(&better));
        assert_eq!(index.get(&touched[0]).unwrap().ready, 2);
        index.follow(Some(&a), None);
        index.follow(Some(&better), None);
        assert_eq!(index.iter().count(), 0);
    }
}
