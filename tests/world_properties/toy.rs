//! A toy scope engine: one Sidecar a namespace, hosts of the form `NAMESPACE/NAME`, rows from slices. Pure, and slow.

use std::sync::Arc;

use sidescope::mesh::history::{Outcome, Tables};
use sidescope::mesh::model::{Key, Text};
use sidescope::mesh::scope::{
    Address, Backend, Class, Cluster, Direction, EndpointTable, Governing, Health, Locality, NoTable, PlaneName,
    Reason, Row, Why,
};
use sidescope::mesh::world::{Change, World};

use crate::universe::{contents, nothing};

/// The toy as an engine; it keeps nothing, and checks that it is told of every change of the world it is asked about.
#[derive(Clone, Debug)]
pub(crate) struct Toy {
    /// The world as it was told of it; `None` if that is not checked.
    told: Option<World>,
    /// How many tables were made.
    pub(crate) made: usize,
}

impl Toy {
    /// An engine that has followed up to this world.
    pub(crate) fn at(world: &World) -> Self {
        Self {
            told: Some(world.clone()),
            made: 0,
        }
    }

    /// An engine that believes what it is asked about.
    pub(crate) fn trusting() -> Self {
        Self { told: None, made: 0 }
    }
}

impl Tables for Toy {
    fn table(&mut self, world: &World, pod: &Key) -> Outcome {
        if let Some(told) = &self.told {
            assert!(contents(world) == contents(told), "the engine was not told of a change");
        }
        self.made += 1;
        table(world, pod)
    }

    fn follow(&mut self, changes: &[Change]) {
        for change in changes {
            if let Some(told) = &mut self.told {
                told.apply_change(change);
            }
        }
    }
}

/// The table of a pod.
pub(crate) fn table(world: &World, pod: &Key) -> Result<Arc<EndpointTable>, NoTable> {
    let found = world.pods.get(pod).ok_or(NoTable::NoSuchPod)?;
    let sidecar = world.sidecars.in_namespace(&pod.namespace).next();
    let mut rows = Vec::new();
    let mut hosts = Vec::new();
    for service in world.services.iter() {
        let key = &service.meta.key;
        let line = match sidecar {
            None => Some("*/*"),
            Some(sidecar) => sidecar
                .egress
                .iter()
                .flat_map(|listener| listener.hosts.iter())
                .map(Text::as_str)
                .find(|host| lets_in(host, &pod.namespace, key)),
        };
        let Some(line) = line else { continue };
        let host = Text::from(format!("{}.{}.svc.cluster.local", key.name, key.namespace));
        hosts.push(host.clone());
        let why = Why::of([Reason::EgressHost {
            sidecar: sidecar.map(|sidecar| sidecar.meta.key.clone()).unwrap_or_default(),
            listener: 0,
            host: 0,
            text: line.into(),
        }]);
        for port in service.ports.iter() {
            let cluster = Arc::new(Cluster::Traffic {
                direction: Direction::Outbound,
                port: port.number.into(),
                subset: Text::default(),
                host: host.clone(),
            });
            for slice in world.slices_of(key) {
                for endpoint in slice.endpoints.iter() {
                    let ip = endpoint.addresses[0].clone();
                    rows.push(Row {
                        health: if endpoint.ready == Some(true) {
                            Health::Healthy
                        } else {
                            Health::Unhealthy
                        },
                        backend: Arc::new(Backend {
                            pod: endpoint.pod.clone(),
                            node: endpoint.node.clone(),
                            locality: Arc::new(Locality {
                                zone: zone(world, &found.node),
                                ..Locality::default()
                            }),
                            // A subset's labels are the pod's: a pod's change reaches the row.
                            weight: labels_weight(world, &key.namespace, &ip),
                        }),
                        address: Address::Socket(ip, slice.ports[0].number),
                        cluster: Arc::clone(&cluster),
                        class: Class::Exact,
                        why: Arc::clone(&why),
                    });
                }
            }
        }
    }
    rows.sort_by(Row::order);
    // As Envoy does: one host an address and cluster.
    rows.dedup_by(|a, b| a.order(b).is_eq());
    hosts.sort();
    Ok(Arc::new(EndpointTable {
        pod: pod.clone(),
        plane: PlaneName {
            revision: "default".into(),
            version: "1.31.0".into(),
            namespace: "istio-system".into(),
            assumed: false,
        },
        governing: match sidecar {
            Some(sidecar) => Governing::Own(sidecar.meta.key.clone()),
            None => Governing::BuiltIn,
        },
        rows: rows.into(),
        hosts: hosts.into(),
        gaps: nothing(),
        caveats: nothing(),
    }))
}

fn lets_in(host: &str, own: &str, service: &Key) -> bool {
    let (namespace, name) = host.split_once('/').unwrap();
    let namespace = if namespace == "." { own } else { namespace };
    (namespace == "*" || service.namespace == namespace) && (name == "*" || service.name == name)
}

fn labels_weight(world: &World, namespace: &str, ip: &str) -> u32 {
    let pods = world.pods_with_ip(ip);
    let pods = pods.filter(|pod| pod.meta.key.namespace == *namespace);
    let second = pods.filter(|pod| pod.meta.labels.get("v").is_some_and(|v| v == "2"));
    u32::try_from(1 + second.count()).unwrap()
}

fn zone(world: &World, node: &str) -> Text {
    let node = world.nodes.get(&Key::new("", node));
    node.and_then(|node| node.meta.labels.get("zone").cloned())
        .unwrap_or_default()
}
