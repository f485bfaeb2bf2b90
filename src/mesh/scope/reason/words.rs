//! Reasons in plain words.

use std::fmt;

use super::Reason;
use crate::mesh::model::{Key, Text};
use crate::mesh::scope::sidecars::Passed;
use crate::mesh::scope::table::Governing;

/// Texts in quotes, parted by commas.
pub(super) fn list(texts: &[Text]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("'{text}'")).collect();
    quoted.join(", ")
}

/// Numbers parted by commas; `none` if there are none.
pub(super) fn numbers(numbers: &[u32]) -> String {
    if numbers.is_empty() {
        return "none".to_owned();
    }
    let texts: Vec<String> = numbers.iter().map(u32::to_string).collect();
    texts.join(", ")
}

/// By which delegates of a VirtualService; empty if it does it itself.
pub(super) fn through(delegates: &[Key]) -> String {
    if delegates.is_empty() {
        return String::new();
    }
    let names: Vec<String> = delegates.iter().map(Key::to_string).collect();
    format!(" through its delegate VirtualService {}", names.join(", "))
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Passed::SelectorDiffers => "its selector does not fit the pod",
            Passed::YoungerSelector => "its selector fits too, but that of an older one fits as well",
            Passed::BehindSelector => "it has no selector, and one with a selector fits",
            Passed::YoungerDefault => "an older one without a selector comes first",
            Passed::BehindOwnNamespace => "it is the root's default, and the pod's own namespace has one",
        })
    }
}

impl fmt::Display for Reason {
    /// In plain words, with the objects' names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Governed(governing) => governed(f, governing),
            Reason::Exported { to, by_default } => {
                let by = if *by_default {
                    ", by the mesh config's default"
                } else {
                    ""
                };
                write!(f, "exported to {}{by}", list(to))
            }
            Reason::EgressDefault { sidecar: Some(key) } => write!(f, "Sidecar {key} has no egress: imports '*/*'"),
            Reason::EgressDefault { sidecar: None } => write!(f, "without a Sidecar '*/*' is imported"),
            Reason::EgressHost {
                sidecar,
                listener,
                host,
                text,
            } => write!(f, "egress[{listener}].hosts[{host}] '{text}' of Sidecar {sidecar}"),
            Reason::VirtualService {
                object: (kind, key),
                delegates,
                listener,
            } => {
                let through = through(delegates);
                write!(
                    f,
                    "{} {key}, selected by egress[{listener}], sends to it{through}",
                    kind.name()
                )
            }
            Reason::DestinationInOwnNamespace { namespace } => {
                write!(
                    f,
                    "'{namespace}' is the pod's own namespace, where exportTo is not asked"
                )
            }
            Reason::DestinationIsKubernetes { namespace } => {
                write!(
                    f,
                    "in namespace '{namespace}' it is a Kubernetes Service, which is preferred"
                )
            }
            Reason::DestinationIsOldest { namespace } => {
                write!(f, "of the namespaces that have it, '{namespace}' has the oldest")
            }
            Reason::DestinationIsTie { namespace } => {
                write!(
                    f,
                    "several namespaces have one of equal age: istiod takes any, here '{namespace}'"
                )
            }
            Reason::DestinationIsFirstByName { namespace } => {
                write!(f, "of the namespaces that have it, '{namespace}' is the first by name")
            }
            Reason::GatewayImportsAll => write!(f, "a gateway gets all that is exported to its namespace"),
            Reason::OnlyPort { port } => write!(f, "only port {port} is asked for"),
            Reason::ReplacedEntry { entry } => write!(f, "the Kubernetes Service replaces ServiceEntry {entry}"),
            Reason::MergedPorts { from: (kind, key) } => write!(f, "ports of {} {key} are added", kind.name()),
            Reason::Rule { rules, by_selector } => {
                let names: Vec<String> = rules.iter().map(Key::to_string).collect();
                let how = if *by_selector {
                    ", whose selector fits the pod"
                } else {
                    ""
                };
                write!(f, "DestinationRule {} applies{how}", names.join(" with "))
            }
            Reason::Subset { rule, subset } => write!(f, "subset '{subset}' of DestinationRule {rule}"),
            Reason::Ready => write!(f, "ready"),
            Reason::NoHealth => write!(f, "of a kind that has no health, which counts as healthy"),
            Reason::DrainingListed => write!(f, "draining, but listed: its Service keeps sessions"),
            Reason::UnreadyListed => write!(f, "not ready, but listed: istiod sends unready endpoints too"),
            Reason::Distributed { rule: Some(key) } => {
                write!(f, "'distribute' of DestinationRule {key} keeps its locality")
            }
            Reason::Distributed { rule: None } => write!(f, "'distribute' of the mesh config keeps its locality"),
            Reason::ListedBy { object: (kind, key) } => write!(f, "listed by {} {key}", kind.name()),
            Reason::DnsTargetIsAddress => write!(f, "the DNS target is an IP address"),
            Reason::Ingress { sidecar, listener } => write!(f, "ingress[{listener}] of Sidecar {sidecar}"),
            Reason::OwnService { object: (kind, key) } => write!(f, "{} {key} leads to this pod", kind.name()),
            Reason::Bootstrap => write!(f, "Envoy's own, from its bootstrap"),
            Reason::DependsOnPast => write!(f, "depends on past events: exportTo of the Service holds '~'"),
            Reason::OnlyActual => write!(f, "only Envoy has it"),
            Reason::Patched { filter } => {
                write!(
                    f,
                    "EnvoyFilter {filter} changes the cluster in a way that is not computed"
                )
            }
            Reason::SlicesDiffer => write!(f, "two slices differ about it, and istiod keeps either"),
        }
    }
}

fn governed(f: &mut fmt::Formatter<'_>, governing: &Governing) -> fmt::Result {
    match governing {
        Governing::Own(key) => write!(f, "Sidecar {key} governs the pod"),
        Governing::RootDefault(key) => write!(f, "Sidecar {key}, the mesh's default, governs the pod"),
        Governing::BuiltIn => write!(f, "no Sidecar governs the pod"),
        Governing::Gateway => write!(f, "the pod is a gateway, which no Sidecar governs"),
    }
}
