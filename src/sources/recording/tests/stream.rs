//! A mesh in motion: endpoints that come and go, pods that are rolled out and fail, now and then an edit of a Sidecar.
//! Always the same one.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::mesh::model::{
    ContainerPort, EgressListener, EndpointSlice, FieldManager, Key, Kind, Labels, Meta, Owner, Pod, PodPrinted,
    Provenance, Proxy, Sidecar, SliceEndpoint, SlicePort, Text, Uid,
};
use crate::mesh::world::{CoverageMap, Delta, World};

/// Pods behind each service.
const PODS: usize = 8;

pub(super) struct Stream {
    pub(super) world: World,
    services: usize,
    /// Pods of each service, by their number.
    pods: Vec<Vec<u64>>,
    made: u64,
    state: u64,
    now: Timestamp,
    /// What comes next in any case.
    then: Option<Delta>,
}

impl Stream {
    pub(super) fn new(services: usize) -> Self {
        let mut stream = Self {
            world: World::default(),
            services,
            pods: vec![Vec::new(); services],
            made: 0,
            state: 0x9e37_79b9_7f4a_7c15,
            now: "2026-11-22T02:51:00Z".parse().unwrap(),
            then: None,
        };
        for service in 0..services {
            for _ in 0..PODS {
                stream.made += 1;
                stream.pods[service].push(stream.made);
                let pod = stream.pod(service, stream.made, true);
                stream.world.apply(Delta::Put(pod.into()));
            }
            let slice = stream.slice(service, None);
            stream.world.apply(Delta::Put(slice.into()));
            let sidecar = sidecar(service, 1, stream.now);
            stream.world.apply(Delta::Put(sidecar.into()));
        }
        stream.world.coverage = CoverageMap::all_complete();
        stream
    }

    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % below as u64).unwrap()
    }

    /// Of 100 events 55 are of slices, 43 of pods, 2 of Sidecars.
    pub(super) fn next_delta(&mut self) -> Delta {
        self.now += SignedDuration::from_millis(20);
        if let Some(delta) = self.then.take() {
            self.world.apply(delta.clone());
            return delta;
        }
        let service = self.random(self.services);
        let delta = match self.random(100) {
            0..55 => {
                let down = self.random(PODS + 1);
                Delta::Put(self.slice(service, Some(down)).into())
            }
            55..90 => {
                let which = self.random(PODS);
                let number = self.pods[service][which];
                let key = pod_key(service, number);
                let ready = self.world.pods.get(&key).is_none_or(|pod| !pod.ready);
                Delta::Put(self.pod(service, number, ready).into())
            }
            90..98 if self.pods[service].len() < PODS => {
                self.made += 1;
                self.pods[service].push(self.made);
                Delta::Put(self.pod(service, self.made, false).into())
            }
            90..98 => {
                let number = self.pods[service].remove(0);
                let key = pod_key(service, number);
                self.made += 1;
                self.pods[service].push(self.made);
                let pod = self.pod(service, self.made, false);
                self.then = Some(Delta::Put(pod.into()));
                Delta::Remove(Kind::Pod, key)
            }
            _ => {
                let key = Key::new(namespace(service), "default");
                let before = self
                    .world
                    .sidecars
                    .get(&key)
                    .map_or(0, |sidecar| sidecar.meta.generation);
                Delta::Put(sidecar(service, before + 1, self.now).into())
            }
        };
        self.world.apply(delta.clone());
        delta
    }

    fn second(&self) -> Timestamp {
        Timestamp::from_second(self.now.as_second()).unwrap()
    }

    fn pod(&mut self, service: usize, number: u64, ready: bool) -> Pod {
        let key = pod_key(service, number);
        let known = self.world.pods.get(&key).cloned();
        let app = format!("service-{service}");
        let hash = format!("{:x}", 0xabcd_1234_u64.wrapping_mul(service as u64 + 7));
        let labels = Labels::from([
            ("app", app.as_str()),
            ("pod-template-hash", &hash),
            ("security.istio.io/tlsMode", "istio"),
            ("service.istio.io/canonical-name", &app),
            ("service.istio.io/canonical-revision", "v1"),
            ("version", "v1"),
        ]);
        let env = Labels::from([
            ("ISTIO_META_CLUSTER_ID", "Kubernetes"),
            ("ISTIO_META_MESH_ID", "cluster.local"),
            ("ISTIO_META_WORKLOAD_NAME", app.as_str()),
            ("TRUST_DOMAIN", "cluster.local"),
        ]);
        let restarts = known.as_ref().map_or(0, |pod| pod.printed.restarts);
        let created = known.as_ref().map_or(Some(self.second()), |pod| pod.meta.created);
        let fails = !ready && self.random(4) == 0;
        Pod {
            meta: Meta {
                key,
                uid: Uid(u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)),
                created,
                labels,
                ..Meta::default()
            },
            owner: Some(Owner {
                kind: "ReplicaSet".into(),
                name: format!("{app}-{hash}").into(),
            }),
            node: format!("ip-10-2-{}-17.eu-west-1.compute.internal", number % 40).into(),
            service_account: app.as_str().into(),
            phase: "Running".into(),
            ips: [ip(number)].into(),
            ready,
            ready_since: Some(self.second()),
            started: created,
            printed: PodPrinted {
                ready: if ready { 2 } else { 1 },
                total: 2,
                status: if fails { "CrashLoopBackOff" } else { "Running" }.into(),
                restarts: restarts + u32::from(fails),
                last_restart: fails.then(|| self.second()),
                ..PodPrinted::default()
            },
            ports: [ContainerPort {
                name: "http".into(),
                number: 8080,
                protocol: "TCP".into(),
            }]
            .into(),
            proxy: Some(Arc::new(Proxy {
                image_tag: "1.31.0".into(),
                env,
                args: ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"]
                    .map(Text::from)
                    .into(),
                ..Proxy::default()
            })),
            ..Pod::default()
        }
    }

    /// The slice of a service, one of its endpoints not ready (which is another each time).
    fn slice(&mut self, service: usize, down: Option<usize>) -> EndpointSlice {
        let pods = self.pods[service].clone();
        let endpoints = pods.iter().enumerate().map(|(nth, number)| {
            let ready = down != Some(nth);
            SliceEndpoint {
                addresses: [ip(*number)].into(),
                ready: Some(ready),
                serving: Some(ready),
                terminating: Some(false),
                pod: Some(pod_key(service, *number)),
                node: format!("ip-10-2-{}-17.eu-west-1.compute.internal", number % 40).into(),
                zone: ["eu-west-1a", "eu-west-1b", "eu-west-1c"][service % 3].into(),
            }
        });
        let app = format!("service-{service}");
        let meta = Meta {
            key: Key::new(namespace(service), format!("{app}-x7k2p")),
            uid: Uid(service as u128),
            generation: 0,
            labels: Labels::from([
                ("kubernetes.io/service-name", app.as_str()),
                (
                    "endpointslice.kubernetes.io/managed-by",
                    "endpointslice-controller.k8s.io",
                ),
            ]),
            ..Meta::default()
        };
        EndpointSlice {
            meta,
            service: app.into(),
            address_type: "IPv4".into(),
            ports: [SlicePort {
                name: "http".into(),
                number: 8080,
            }]
            .into(),
            endpoints: endpoints.collect(),
        }
    }
}

fn namespace(service: usize) -> String {
    format!("team-{}", service / 10)
}

fn pod_key(service: usize, number: u64) -> Key {
    let suffix = format!("{:x}", number.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40);
    Key::new(namespace(service), format!("service-{service}-6f9c8d7b5-{suffix}"))
}

fn ip(number: u64) -> Text {
    format!("10.{}.{}.{}", 100 + number / 65_536, number / 256 % 256, number % 256).into()
}

fn sidecar(service: usize, generation: i64, at: Timestamp) -> Sidecar {
    let at = Timestamp::from_second(at.as_second()).unwrap();
    let hosts: Vec<String> = (0..12 + generation % 3)
        .map(|n| format!("team-{n}/service-{n}.team-{n}.svc.cluster.local"))
        .collect();
    let text = serde_json::json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
        "metadata": { "name": "default", "namespace": namespace(service), "generation": generation },
        "spec": { "egress": [{ "hosts": hosts }], "outboundTrafficPolicy": { "mode": "REGISTRY_ONLY" } },
    });
    Sidecar {
        meta: Meta {
            key: Key::new(namespace(service), "default"),
            uid: Uid(7),
            generation,
            created: Some(at),
            ..Meta::default()
        },
        provenance: Provenance {
            managers: [FieldManager {
                manager: "argocd-controller".into(),
                operation: "Apply".into(),
                time: Some(at),
                subresource: Text::default(),
                fields: ["spec.egress", "spec.outboundTrafficPolicy"].map(Text::from).into(),
            }]
            .into(),
            text: lz4_flex::compress_prepend_size(text.to_string().as_bytes()).into(),
        },
        egress: [EgressListener {
            hosts: hosts.iter().map(|host| Text::from(host.as_str())).collect(),
            ..EgressListener::default()
        }]
        .into(),
        outbound_mode: Some("REGISTRY_ONLY".into()),
        ..Sidecar::default()
    }
}
