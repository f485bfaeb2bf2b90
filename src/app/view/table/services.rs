//! Services: `kubectl get service -o wide`, how many endpoints are ready, and whether the chosen pod has it in scope.
//!
//! Kubernetes: `pkg/printers/internalversion/printers.go`, `printService`.

use std::collections::BTreeMap;

use super::object;
use crate::app::view::Role;
use crate::app::view::column::{Column, Output, Place, Spec, Table};
use crate::app::view::value::{Datum, Value};
use crate::mesh::model::{Service, ServicePort, Text};
use crate::mesh::scope::EndpointTable;
use crate::mesh::world::World;

/// The table of services.
#[derive(Debug)]
pub enum Services {}

/// A service, with what its other columns follow from.
#[derive(Clone, Copy, Debug)]
pub struct ServiceRow<'a> {
    /// The service.
    pub service: &'a Service,
    /// Where its endpoints are.
    pub world: &'a World,
    /// The table of the chosen pod; `None` if no pod is chosen or it has none.
    pub seen_by: Option<&'a EndpointTable>,
}

impl Table for Services {
    type Row<'a> = ServiceRow<'a>;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
}

static COLUMNS: &[Column<Services>] = &[
    Column {
        spec: object::NAMESPACE,
        datum: |row| object::namespace(&row.service.meta.key.namespace),
    },
    Column {
        spec: object::NAME,
        datum: |row| object::name(&row.service.meta.key.name),
    },
    Column {
        spec: Spec {
            id: "type",
            head: "TYPE",
            min: 9,
            max: 12,
            priority: 6,
            help: "ClusterIP, NodePort, LoadBalancer or ExternalName.",
            ..Spec::NEW
        },
        datum: |row| Value::Text(row.service.service_type.clone()).into(),
    },
    Column {
        spec: Spec {
            id: "clusterIP",
            head: "CLUSTER-IP",
            min: 10,
            max: 39,
            priority: 4,
            help: "Its virtual address; 'None' for a headless service.",
            ..Spec::NEW
        },
        datum: |row| {
            row.service
                .cluster_ips
                .first()
                .map_or(Value::None, Value::or_none)
                .into()
        },
    },
    Column {
        spec: Spec {
            id: "externalIP",
            head: "EXTERNAL-IP",
            min: 11,
            max: 40,
            priority: 7,
            help: "Addresses from outside the cluster.",
            ..Spec::NEW
        },
        datum: |row| external_ip(row.service).into(),
    },
    Column {
        spec: Spec {
            id: "ports",
            head: "PORT(S)",
            min: 7,
            comfort: 30,
            max: 60,
            priority: 3,
            help: "Its ports, with node ports.",
            ..Spec::NEW
        },
        datum: |row| ports(&row.service.ports).into(),
    },
    Column {
        spec: object::AGE,
        datum: |row| object::age(&row.service.meta),
    },
    Column {
        spec: Spec {
            id: "endpoints",
            head: "ENDPOINTS",
            min: 9,
            max: 11,
            priority: 2,
            output: Output::Extra,
            searched: false,
            derived: true,
            buried: Some("gone"),
            help: "Endpoints that are ready, of how many.",
            ..Spec::NEW
        },
        datum: endpoints,
    },
    Column {
        spec: Spec {
            id: "inScope",
            head: "IN SCOPE",
            min: 8,
            max: 8,
            priority: 2,
            output: Output::Extra,
            searched: false,
            derived: true,
            buried: Some(""),
            help: "Whether the chosen pod can reach it by name.",
            ..Spec::NEW
        },
        datum: in_scope,
    },
    Column {
        spec: Spec {
            id: "selector",
            head: "SELECTOR",
            min: 8,
            max: 60,
            priority: 8,
            output: Output::Wide,
            place: Place::Wide,
            help: "The labels of its pods.",
            ..Spec::NEW
        },
        datum: |row| Value::Labels(row.service.selector.clone()).into(),
    },
];

/// Kubernetes: `getServiceExternalIP`.
fn external_ip(service: &Service) -> Value {
    let listed = || Value::List(service.external_ips.clone());
    match service.service_type.as_str() {
        "ClusterIP" | "NodePort" => listed(),
        "LoadBalancer" => {
            let mut all: Vec<Text> = service.load_balancer.to_vec();
            all.sort_unstable();
            all.dedup();
            all.extend(service.external_ips.iter().cloned());
            if all.is_empty() {
                Value::Word("<pending>")
            } else {
                Value::List(all.into())
            }
        }
        "ExternalName" => Value::Text(service.external_name.clone()),
        _ => Value::Unknown,
    }
}

/// Kubernetes: `makePortString`.
fn ports(ports: &[ServicePort]) -> Value {
    let pieces: Vec<Text> = ports
        .iter()
        .map(|port| match port.node_port {
            0 => format!("{}/{}", port.number, port.protocol).into(),
            node_port => format!("{}:{node_port}/{}", port.number, port.protocol).into(),
        })
        .collect();
    Value::List(pieces.into())
}

fn endpoints(row: &ServiceRow<'_>) -> Datum {
    let (ready, total) = count_endpoints(row.world, row.service);
    let role = match (ready, total) {
        (_, 0) => Role::Dim,
        (0, _) => Role::Bad,
        _ if ready < total => Role::Warn,
        _ => Role::Text,
    };
    Datum::new(role, Value::Ratio(ready, total))
}

/// Endpoints of a service's slices that are ready, and all of them. An endpoint without the condition counts as ready;
/// one that has an address of each family counts once.
///
/// Kubernetes: <https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions>
pub fn count_endpoints(world: &World, service: &Service) -> (u64, u64) {
    let mut by_family: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for slice in world.slices_of(&service.meta.key) {
        let (ready, total) = by_family.entry(slice.address_type.as_str()).or_default();
        for endpoint in slice.endpoints.iter() {
            *ready += u64::from(endpoint.ready != Some(false));
            *total += 1;
        }
    }
    by_family
        .into_values()
        .max_by_key(|(_, total)| *total)
        .unwrap_or_default()
}

fn in_scope(row: &ServiceRow<'_>) -> Datum {
    let Some(table) = row.seen_by else {
        return Value::Empty.into();
    };
    let key = &row.service.meta.key;
    let prefix = format!("{}.{}.svc.", key.name, key.namespace);
    let at = table.hosts.partition_point(|host| host.as_str() < prefix.as_str());
    if table.hosts.get(at).is_some_and(|host| host.starts_with(&prefix)) {
        Datum::new(Role::Good, Value::Word("yes"))
    } else {
        Datum::new(Role::Dim, Value::Word("no"))
    }
}

/// Whether something is wrong with a service: what `!` keeps.
pub fn is_faulty(row: &ServiceRow<'_>) -> bool {
    let (ready, total) = count_endpoints(row.world, row.service);
    ready < total || (total == 0 && !row.service.selector.is_empty())
}
