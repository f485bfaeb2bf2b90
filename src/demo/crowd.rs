//! `--pods N`: a large cluster around the story, to see how everything behaves at scale.
//!
//! N pods with sidecars, ten to a Service, in up to 200 namespaces, on a node for each hundred, with Deployments, `ReplicaSets` and
//! endpoint slices, and a hundred Sidecars. Each kind is cast from a few molds: one object is made as the story makes its own,
//! owners and field managers included, and all others differ from it in names, addresses and uids (`blanks`). Nobody recorded
//! such a cluster, so all Envoys answer "not recorded".

mod blanks;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::kinds::Resource;
use super::reference::ResourceRef;
use super::store::{Mold, Store};
use super::story::slices;
use super::story::{Stage, StoryError};
use blanks::{Blank, Owner, Place};

/// Pods behind one Service, from one Deployment.
const PODS_A_SERVICE: usize = 10;
const MOST_NAMESPACES: usize = 200;
const SIDECARS: usize = 100;
const PODS_A_NODE: usize = 100;
const ZONES: [&str; 3] = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
/// Whole days since the workloads of a mold were made.
const AGES: [i64; 5] = [0, 2, 5, 11, 30];
/// Who makes everything that a person would.
const MANAGER: &str = "argocd-controller";

/// How many there are of each.
#[derive(Clone, Copy, Debug)]
struct Size {
    pods: usize,
    services: usize,
    namespaces: usize,
    nodes: usize,
}

/// Puts a crowd of this many pods into a store in which the stage is set.
///
/// # Errors
/// When a template cannot be used or the store refuses a prototype, which a test rules out.
pub fn join(store: &Store, stage: &Stage, pods: usize) -> Result<(), StoryError> {
    let services = pods.div_ceil(PODS_A_SERVICE);
    let size = Size {
        pods,
        services,
        namespaces: services.clamp(1, MOST_NAMESPACES),
        nodes: pods.div_ceil(PODS_A_NODE).max(ZONES.len()),
    };
    let start = store.now();
    namespaces(store, size, start)?;
    nodes(store, stage, size, start)?;
    for (number, days) in AGES.into_iter().enumerate() {
        let age = SignedDuration::from_hours(24 * days + 1);
        let made = start.checked_sub(age).unwrap_or(start);
        let mine = (0..size.services).filter(|service| service % AGES.len() == number);
        workloads(store, stage, size, made, &mine.collect::<Vec<_>>())?;
    }
    sidecars(store, size, start)
}

fn namespaces(store: &Store, size: Size, start: Timestamp) -> Result<(), StoryError> {
    for number in 0..size.namespaces {
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": blanks::namespace(number), "labels": {"istio-injection": "enabled"}},
        });
        store.put_at(object, MANAGER, start)?;
    }
    Ok(())
}

/// First one for each namespace, then some for one app each.
fn sidecars(store: &Store, size: Size, start: Timestamp) -> Result<(), StoryError> {
    for number in 0..SIDECARS.min(size.services) {
        let (at, round) = (number % size.namespaces, number / size.namespaces);
        let neighbour = blanks::namespace((at + 1) % size.namespaces);
        let mut hosts = vec!["./*".to_owned(), "istio-system/*".to_owned(), format!("{neighbour}/*")];
        if number % 3 == 0 {
            let far = Place {
                size,
                service: (at + 7) % size.namespaces,
                pod: 0,
            };
            let (app, namespace) = (Blank::App.value(far), Blank::Namespace.value(far));
            hosts.push(format!("{namespace}/{app}.{namespace}.svc.cluster.local"));
        }
        let mut spec = json!({"egress": [{"hosts": hosts}]});
        let mut name = "default".to_owned();
        if let (Some(spec), 1..) = (spec.as_object_mut(), round) {
            name = Blank::App.value(Place {
                size,
                service: number,
                pod: 0,
            });
            spec.insert("workloadSelector".to_owned(), json!({"labels": {"app": name}}));
        }
        let object = json!({
            "apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
            "metadata": {"name": name, "namespace": blanks::namespace(at)}, "spec": spec,
        });
        store.put_at(object, MANAGER, start)?;
    }
    Ok(())
}

fn nodes(store: &Store, stage: &Stage, size: Size, start: Timestamp) -> Result<(), StoryError> {
    let blanks = [Blank::Node(0), Blank::Host(0), Blank::NodeUid];
    for (number, zone) in ZONES.into_iter().enumerate() {
        let vars = json!({
            "name": Blank::Node(0).marker(), "ip": Blank::Host(0).marker(), "podCIDR": "10.64.0.0/10", "zone": zone,
            "created": start.to_string(),
        });
        let scratch = Store::new(move || start);
        make(&scratch, stage, "node", &vars, Blank::NodeUid)?;
        let target = ResourceRef::new(Resource::Nodes, "", &Blank::Node(0).marker());
        let mold = mold(&scratch, &target, &blanks)?;
        let mine = (0..size.nodes).filter(|node| node % ZONES.len() == number);
        // a node's number is that of the first pod on it
        cast(store, &mold, &blanks, mine.map(|pod| Place { size, service: 0, pod }));
    }
    Ok(())
}

/// Some Services with all that hangs on them, made at one time.
fn workloads(store: &Store, stage: &Stage, size: Size, made: Timestamp, mine: &[usize]) -> Result<(), StoryError> {
    let app = Blank::App.marker();
    let vars = json!({
        "namespace": Blank::Namespace.marker(), "app": app, "workload": app, "name": app, "hash": Blank::Hash.marker(),
        "suffix": Blank::Suffix(0).marker(), "node": Blank::Node(0).marker(), "hostIP": Blank::Host(0).marker(),
        "ip": Blank::Address(0).marker(), "clusterIP": Blank::ClusterAddress.marker(), "version": "v1",
        "image": format!("registry.example.com/{app}:1.0.0"), "port": 8080, "portName": "http",
        "replicas": Blank::Replicas.marker().parse::<u32>().unwrap_or_default(), "created": made.to_string(),
    });
    let scratch = Store::new(move || made);
    let (workload, hash) = (app.clone(), Blank::Hash.marker());
    let replica_set = format!("{workload}-{hash}");
    let pod = format!("{replica_set}-{}", Blank::Suffix(0).marker());
    let plan = [
        (Resource::Services, "service", app, Blank::Uid(Owner::Service)),
        (
            Resource::Deployments,
            "deployment",
            workload,
            Blank::Uid(Owner::Deployment),
        ),
        (
            Resource::ReplicaSets,
            "replicaset",
            replica_set,
            Blank::Uid(Owner::ReplicaSet),
        ),
        (Resource::Pods, "pod", pod, Blank::PodUid(0)),
    ];
    for (resource, template, name, uid) in plan {
        make(&scratch, stage, template, &vars, uid)?;
        let target = ResourceRef::new(resource, &Blank::Namespace.marker(), &name);
        let blanks = Blank::of_a_pod();
        let mold = mold(&scratch, &target, &blanks)?;
        let each = if resource == Resource::Pods { PODS_A_SERVICE } else { 1 };
        let places = mine.iter().flat_map(|service| {
            let first = service * PODS_A_SERVICE;
            (first..size.pods.min(first + each)).map(|pod| Place {
                size,
                service: *service,
                pod,
            })
        });
        cast(store, &mold, &blanks, places);
    }
    endpoints(store, &scratch, size, made, mine)
}

/// The slices of some Services: a mold for each number of endpoints.
fn endpoints(store: &Store, scratch: &Store, size: Size, made: Timestamp, mine: &[usize]) -> Result<(), StoryError> {
    let namespace = Blank::Namespace.marker();
    let service = ResourceRef::new(Resource::Services, &namespace, &Blank::App.marker());
    let service = scratch.get(&service).ok_or(StoryError::Missing(service))?;
    for endpoints in 1..=PODS_A_SERVICE {
        let places = mine
            .iter()
            .filter(|service| blanks::replicas(**service, size) == endpoints);
        let places = places.map(|service| Place {
            size,
            service: *service,
            pod: service * PODS_A_SERVICE,
        });
        let pods = (0..endpoints).map(pod).collect::<Vec<_>>();
        let zones = (0..endpoints).map(|nth| (Blank::Node(nth).marker(), json!(Blank::Zone(nth).marker())));
        let zones: Map<String, Value> = zones.collect();
        let mut slice = slices::slice(&service, &pods.iter().collect::<Vec<_>>(), &zones);
        let name = format!("{}-{}", Blank::App.marker(), Blank::SliceSuffix.marker());
        merge_metadata(
            &mut slice,
            &json!({"name": name, "uid": Blank::Uid(Owner::Slice).marker()}),
        );
        scratch.put_at(slice, "kube-controller-manager", made)?;
        let blanks = Blank::of_a_slice(endpoints);
        let target = ResourceRef::new(Resource::EndpointSlices, &namespace, &name);
        let mold = mold(scratch, &target, &blanks)?;
        scratch.delete(&target)?;
        cast(store, &mold, &blanks, places);
    }
    Ok(())
}

/// As much of a pod as a slice wants to know.
fn pod(nth: usize) -> Value {
    let name = [Blank::App.marker(), Blank::Hash.marker(), Blank::Suffix(nth).marker()].join("-");
    json!({
        "metadata": {"namespace": Blank::Namespace.marker(), "name": name, "uid": Blank::PodUid(nth).marker()},
        "spec": {"nodeName": Blank::Node(nth).marker()},
        "status": {"podIP": Blank::Address(nth).marker(), "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// Makes the object of a template as the story would, with a uid that is a blank.
fn make(scratch: &Store, stage: &Stage, template: &str, vars: &Value, uid: Blank) -> Result<(), StoryError> {
    let document = json!({"use": template, "vars": vars, "merge": {"metadata": {"uid": uid.marker()}}});
    stage.put(scratch, &document, MANAGER)
}

fn mold(scratch: &Store, target: &ResourceRef, blanks: &[Blank]) -> Result<Arc<Mold>, StoryError> {
    let object = scratch.get(target).ok_or_else(|| StoryError::Missing(target.clone()))?;
    let markers = blanks.iter().map(|blank| blank.marker()).collect::<Vec<_>>();
    let markers = markers.iter().map(String::as_str).collect::<Vec<_>>();
    Ok(Arc::new(Mold::of(target.resource, object, &markers)))
}

fn cast(store: &Store, mold: &Arc<Mold>, blanks: &[Blank], places: impl Iterator<Item = Place>) {
    store.seed(
        mold,
        places.map(|place| blanks.iter().map(|blank| blank.value(place)).collect()),
    );
}

fn merge_metadata(object: &mut Value, with: &Value) {
    super::patch::merge(object, &json!({"metadata": with}));
}

#[cfg(test)]
mod tests;
