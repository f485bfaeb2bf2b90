//! What differs by kind on the way into the store, a line a kind (the `strategy.go` files of `k8s.io/kubernetes/pkg/registry`).

use serde_json::{Map, Value};

use super::{defaults, immutable, names};
use crate::demo::kinds::Resource;
use crate::demo::reference::ResourceRef;
use crate::demo::refusal::Cause;

type Fields = Map<String, Value>;

/// The rules of one kind.
struct Strategy {
    /// The form of its names.
    name: names::Rule,
    /// Fills in what is missing and the writer then owns.
    fill: fn(&mut Fields),
    /// Fills in what nobody owns, given the object as it was and a number that is this write's own.
    allocate: fn(&mut Fields, Option<&Value>, u64),
    /// What changed between two states although it may not.
    fixed: fn(&Value, &Value) -> Vec<Cause>,
}

/// The rules of a kind of which nothing is known but its schema.
const PLAIN: Strategy = Strategy {
    name: names::DNS_SUBDOMAIN,
    fill: |_| {},
    allocate: |_, _, _| {},
    fixed: |_, _| Vec::new(),
};

const fn of(resource: Resource) -> Strategy {
    match resource {
        Resource::Namespaces => Strategy {
            name: names::DNS_LABEL,
            fill: defaults::namespace,
            allocate: defaults::new_namespace,
            ..PLAIN
        },
        Resource::Services => Strategy {
            name: names::DNS_LABEL,
            fill: defaults::service,
            allocate: defaults::new_service,
            fixed: immutable::service,
        },
        Resource::Pods => Strategy {
            fill: defaults::pod,
            allocate: defaults::new_pod,
            fixed: immutable::pod,
            ..PLAIN
        },
        Resource::Deployments => Strategy {
            fill: defaults::deployment,
            fixed: immutable::selector,
            ..PLAIN
        },
        Resource::ReplicaSets => Strategy {
            fixed: immutable::selector,
            ..PLAIN
        },
        Resource::EndpointSlices => Strategy {
            fixed: immutable::address_type,
            ..PLAIN
        },
        Resource::ConfigMaps => Strategy {
            fixed: immutable::config_map,
            ..PLAIN
        },
        Resource::Nodes
        | Resource::Events
        | Resource::MutatingWebhookConfigurations
        | Resource::CustomResourceDefinitions
        | Resource::Sidecars
        | Resource::VirtualServices
        | Resource::DestinationRules
        | Resource::ServiceEntries
        | Resource::WorkloadEntries
        | Resource::Gateways
        | Resource::EnvoyFilters
        | Resource::ProxyConfigs
        | Resource::HttpRoutes
        | Resource::GrpcRoutes
        | Resource::TcpRoutes
        | Resource::TlsRoutes => PLAIN,
    }
}

/// Fills in what is missing and the writer then owns.
pub(super) fn fill(resource: Resource, object: &mut Value) {
    if let Some(fields) = object.as_object_mut() {
        (of(resource).fill)(fields);
    }
}

/// Fills in what nobody owns. `live` is the object as it was, whose addresses stay; `version` makes a new address its own.
pub(super) fn allocate(resource: Resource, object: &mut Value, live: Option<&Value>, version: u64) {
    if let Some(fields) = object.as_object_mut() {
        (of(resource).allocate)(fields, live, version);
    }
}

/// What is wrong with an object's name, labels and annotations.
pub(super) fn faults(target: &ResourceRef, object: &Value) -> Vec<Cause> {
    names::faults(&of(target.resource).name, target, object)
}

/// What a client changed although it may not.
pub(super) fn changed_although_fixed(resource: Resource, live: &Value, next: &Value) -> Vec<Cause> {
    (of(resource).fixed)(live, next)
}
