//! Pods and namespaces without sidecars, gateways among sidecars (§15, §21.5).

use std::sync::Arc;

use super::{Spot, Subject};
use crate::mesh::model::{Kind, Namespace, Pod};
use crate::mesh::scope::Governing;

/// What the labels of a namespace say about injection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Injection {
    Enabled,
    /// It says no, or is in ambient mode: that is meant.
    Declined,
    Unsaid,
}

fn injection(namespace: &Namespace) -> Injection {
    let labels = &namespace.meta.labels;
    let says = |name: &str, value: &str| labels.get(name).is_some_and(|label| *label == value);
    if says("istio-injection", "enabled") {
        Injection::Enabled
    } else if labels.get("istio-injection").is_some() || says("istio.io/dataplane-mode", "ambient") {
        Injection::Declined
    } else if labels.get("istio.io/rev").is_some() {
        Injection::Enabled
    } else {
        Injection::Unsaid
    }
}

/// Whether a pod is left out of injection by what it says or is.
fn is_exempt(pod: &Pod) -> bool {
    const INJECT: &str = "sidecar.istio.io/inject";
    let (label, annotation) = (pod.meta.labels.get(INJECT), pod.meta.annotations.get(INJECT));
    let declines = label.or(annotation).is_some_and(|value| *value == "false");
    let is_over = matches!(pod.phase.as_str(), "Succeeded" | "Failed");
    let redirection = pod.meta.annotations.get("ambient.istio.io/redirection");
    declines || is_over || pod.host_network || redirection.is_some_and(|value| *value == "enabled")
}

/// SC080
pub(super) fn no_proxy(subject: &Subject<'_>) -> Vec<Spot> {
    let namespaces = subject
        .world
        .namespaces
        .iter()
        .filter(|namespace| injection(namespace) == Injection::Enabled);
    let pods = namespaces.flat_map(|namespace| subject.world.pods.in_namespace(&namespace.meta.key.name));
    let bare = pods.filter(|pod| pod.proxy.is_none() && !is_exempt(pod));
    bare.map(|pod| Spot::at(Kind::Pod, &pod.meta.key, "spec.containers", ""))
        .collect()
}

/// SC081: Kubernetes' own namespaces and the root are left out.
pub(super) fn not_injected(subject: &Subject<'_>) -> Vec<Spot> {
    let is_system = |name: &str| name.starts_with("kube-") || name == subject.root().as_str();
    let unsaid = subject.world.namespaces.iter().filter(|namespace| {
        let name = &namespace.meta.key.name;
        let mut pods = subject.world.pods.in_namespace(name).peekable();
        let is_bare = pods.peek().is_some() && pods.all(|pod: &Arc<Pod>| pod.proxy.is_none());
        injection(namespace) == Injection::Unsaid && !is_system(name) && is_bare
    });
    unsaid
        .map(|namespace| Spot::at(Kind::Namespace, &namespace.meta.key, "metadata.labels", ""))
        .collect()
}

/// SC082
pub(super) fn gateway_among_sidecars(subject: &Subject<'_>) -> Vec<Spot> {
    let proxies = &subject.survey.proxies;
    let gateways = proxies.iter().filter(|proxy| proxy.governing == Governing::Gateway);
    let neighbour = |namespace: &str| {
        let mut others = proxies.iter();
        others.find(|other| other.governing == Governing::BuiltIn && other.pod.namespace == *namespace)
    };
    gateways
        .filter_map(|gateway| {
            let other = neighbour(&gateway.pod.namespace)?;
            let spot = Spot::at(Kind::Pod, &gateway.pod, "metadata.namespace", &gateway.pod.namespace);
            Some(spot.because(format!("pod {} has a sidecar", other.pod.name)))
        })
        .collect()
}
