//! Which names an object tells of.

use serde_json::Value;

use super::{Mask, Sort};
use crate::app::message::EnvoyTable;
use crate::mesh::diff::ObjectText;
use crate::mesh::model::{Key, Kind, Labels, Object, Pod, Service};

/// Labels whose values are names of what runs there.
const NAMING: &[&str] = &[
    "app",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "k8s-app",
    "service.istio.io/canonical-name",
    "istio",
    "job-name",
];

/// Fields of configuration whose texts are hosts or names.
const HOSTS: &[&str] = &[
    "host",
    "hosts",
    "gateways",
    "address",
    "addresses",
    "exportTo",
    "externalName",
];
const NAMES: &[&str] = &["name", "namespace", "namespaces", "serviceAccountName", "nodeName"];

impl Mask {
    /// All that an object tells of.
    pub(super) fn object(&mut self, object: &Object) {
        let meta = object.meta();
        self.key(sort_of(object.kind()), &meta.key);
        self.labels(&meta.labels);
        if let Some(provenance) = object.provenance() {
            for manager in provenance.managers.iter() {
                self.learn(Sort::Manager, &manager.manager);
            }
            if let Some(ObjectText(text)) = ObjectText::of(provenance) {
                self.fields(text.get("spec").unwrap_or(&Value::Null));
            }
        }
        if let Object::Pod(pod) = object {
            self.pod(pod);
        } else if let Object::Service(service) = object {
            self.service(service);
        } else if let Object::EndpointSlice(slice) = object {
            self.learn(Sort::Service, &slice.service);
            for endpoint in slice.endpoints.iter() {
                self.learn(Sort::Node, &endpoint.node);
                if let Some(pod) = &endpoint.pod {
                    self.key(Sort::Pod, pod);
                }
                endpoint.addresses.iter().for_each(|address| self.host(address));
            }
        } else if let Object::Event(event) = object {
            self.key(Sort::Object, &event.object);
        }
    }

    /// The hosts of an Envoy's clusters.
    pub(super) fn envoy(&mut self, table: &EnvoyTable) {
        for row in table.rows.iter() {
            self.host(row.row.cluster.host());
            self.host(&row.hostname);
        }
    }

    fn key(&mut self, sort: Sort, key: &Key) {
        self.learn(Sort::Namespace, &key.namespace);
        self.learn(sort, &key.name);
    }

    fn pod(&mut self, pod: &Pod) {
        self.learn(Sort::Node, &pod.node);
        self.learn(Sort::Node, &pod.printed.nominated_node);
        self.learn(Sort::Account, &pod.service_account);
        for owner in pod.owner.iter().chain(&pod.workload()) {
            self.learn(Sort::Workload, &owner.name);
        }
        pod.ips.iter().for_each(|ip| self.host(ip));
    }

    fn service(&mut self, service: &Service) {
        let addresses = service.cluster_ips.iter().chain(service.external_ips.iter());
        let addresses = addresses.chain(service.load_balancer.iter());
        addresses.for_each(|address| self.host(address));
        self.host(&service.external_name);
        self.labels(&service.selector);
    }

    fn labels(&mut self, labels: &Labels) {
        for name in NAMING {
            if let Some(value) = labels.get(name) {
                self.learn(Sort::App, value);
            }
        }
    }

    /// A host: of a service by its parts, any other whole. Addresses are known by their shape.
    pub(super) fn host(&mut self, host: &str) {
        let host = host.trim_start_matches("*.");
        if host.parse::<std::net::IpAddr>().is_ok() {
            return;
        }
        let parts: Vec<&str> = host.split('.').collect();
        match parts.as_slice() {
            [service, namespace, "svc", ..] => {
                self.learn(Sort::Service, service);
                self.learn(Sort::Namespace, namespace);
            }
            [namespace, "svc", ..] => self.learn(Sort::Namespace, namespace),
            _ => self.learn(Sort::Host, host),
        }
    }

    /// Fields of configuration, however deep: each knows by its name what it holds.
    fn fields(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    if HOSTS.contains(&name.as_str()) {
                        texts(field, &mut |text| self.reference(text));
                    } else if NAMES.contains(&name.as_str()) {
                        texts(field, &mut |text| {
                            let sort = if name.starts_with("namespace") {
                                Sort::Namespace
                            } else {
                                Sort::Object
                            };
                            // a port or subset is called so too: short words of protocols stay
                            if !super::words::is_common(text) {
                                self.learn(sort, text);
                            }
                        });
                    }
                    self.fields(field);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.fields(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// `host`, `namespace/host`, `namespace/name`.
    fn reference(&mut self, text: &str) {
        match text.split_once('/') {
            Some((namespace, host)) => {
                self.learn(Sort::Namespace, namespace);
                self.host(host);
            }
            None => self.host(text),
        }
    }
}

fn texts(value: &Value, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(values) => values.iter().for_each(|value| texts(value, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
    }
}

fn sort_of(kind: Kind) -> Sort {
    match kind {
        Kind::Namespace => Sort::Namespace,
        Kind::Pod => Sort::Pod,
        Kind::Service => Sort::Service,
        Kind::Node => Sort::Node,
        Kind::EndpointSlice
        | Kind::Sidecar
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
        | Kind::MeshConfigMap
        | Kind::Istiod
        | Kind::RevisionTag
        | Kind::Event => Sort::Object,
    }
}

#[cfg(test)]
pub(super) fn known(names: &[(Sort, &str)]) -> Mask {
    let mut mask = Mask::default();
    for (sort, name) in names {
        mask.learn(*sort, name);
    }
    mask
}
