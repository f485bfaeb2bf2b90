//! The history of pods' tables with istiod's own rules, on the worlds of the corpus: what is kept up, in steps or in
//! batches, and what is found afterwards, is what tables from scratch say.
//!
//! `SIDESCOPE_CORPUS=DIR` tries the worlds under that folder too, in longer histories.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sidescope::mesh::history::{Cause, History, Progress};
use sidescope::mesh::model::{EgressListener, Key, Kind, Labels, Object, Provenance, Text};
use sidescope::mesh::scope::{Cache, Settings, endpoint_table};
use sidescope::mesh::world::{Change, Delta, World};
use sidescope::sources::files;

use crate::pods::{Said, by_definition, effects, said};
use crate::universe::{list_all, second};

const EVENTS: usize = 12;
const EVENTS_OF_ALL: usize = 120;

/// Numbers without a pattern, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

fn worlds_under(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            worlds_under(&path, found);
        } else if path.ends_with("world.yaml") {
            found.push(path);
        }
    }
}

/// An object of the world comes, goes, or is another than it was.
fn event(objects: &[Object], dice: &mut Dice) -> Delta {
    let kinds = [
        Kind::EndpointSlice,
        Kind::EndpointSlice,
        Kind::Pod,
        Kind::Sidecar,
        Kind::Sidecar,
        Kind::Service,
        Kind::VirtualService,
        Kind::DestinationRule,
        Kind::ServiceEntry,
    ];
    let kind = kinds[dice.below(kinds.len())];
    let of_kind: Vec<&Object> = objects.iter().filter(|object| object.kind() == kind).collect();
    let object = match of_kind.len() {
        0 => &objects[dice.below(objects.len())],
        count => of_kind[dice.below(count)],
    };
    match dice.below(6) {
        0 => Delta::Remove(object.kind(), object.key().clone()),
        1 | 2 => Delta::Put(object.clone()),
        _ => Delta::Put(varied(object.clone(), dice)),
    }
}

/// The text of an object that was varied: the old one would say that nothing has changed.
fn unread() -> Provenance {
    Provenance::default()
}

fn varied(mut object: Object, dice: &mut Dice) -> Object {
    match &mut object {
        Object::EndpointSlice(slice) => {
            let slice = Arc::make_mut(slice);
            let mut endpoints = slice.endpoints.to_vec();
            let at = dice.below(endpoints.len());
            if dice.below(2) == 0 {
                endpoints.truncate(at);
            } else if let Some(endpoint) = endpoints.get_mut(at) {
                endpoint.ready = Some(endpoint.ready == Some(false));
            }
            slice.endpoints = endpoints.into();
        }
        Object::Pod(pod) => {
            let pod = Arc::make_mut(pod);
            let version = if dice.below(2) == 0 { "v1" } else { "v2" };
            let other = (Text::from("version"), Text::from(version));
            let labels = pod.meta.labels.iter().map(|(key, value)| (key.clone(), value.clone()));
            pod.meta.labels = labels.chain([other]).collect();
            pod.ready = dice.below(2) == 0;
        }
        Object::Sidecar(sidecar) => {
            let hosts = [["./*"].as_slice(), &["*/*"], &["~/*"], &["./*", "istio-system/*"]];
            let hosts = hosts[dice.below(hosts.len())];
            let sidecar = Arc::make_mut(sidecar);
            sidecar.egress = [EgressListener {
                hosts: hosts.iter().map(|host| Text::from(*host)).collect(),
                ..EgressListener::default()
            }]
            .into();
            sidecar.provenance = unread();
        }
        Object::Service(service) => {
            let service = Arc::make_mut(service);
            let forms = [".", "*", "~", "istio-system"];
            let form = forms[dice.below(forms.len())];
            service.meta.annotations = Labels::from([("networking.istio.io/exportTo", form)]);
            service.ports = service.ports.iter().take(1 + dice.below(2)).cloned().collect();
            service.provenance = unread();
        }
        Object::VirtualService(route) => {
            let route = Arc::make_mut(route);
            route.export_to = [Text::from(".")].into();
            route.provenance = unread();
        }
        Object::DestinationRule(rule) => {
            let rule = Arc::make_mut(rule);
            rule.export_to = [Text::from(".")].into();
            rule.provenance = unread();
        }
        Object::ServiceEntry(entry) => {
            let entry = Arc::make_mut(entry);
            entry.export_to = [Text::from(".")].into();
            entry.provenance = unread();
        }
        Object::Namespace(namespace) => Arc::make_mut(namespace).meta.labels = Labels::default(),
        Object::Node(node) => Arc::make_mut(node).meta.labels = Labels::default(),
        Object::MeshConfigMap(_)
        | Object::Istiod(_)
        | Object::RevisionTag(_)
        | Object::WorkloadEntry(_)
        | Object::Gateway(_)
        | Object::EnvoyFilter(_)
        | Object::HTTPRoute(_)
        | Object::GRPCRoute(_)
        | Object::TCPRoute(_)
        | Object::TLSRoute(_)
        | Object::Event(_) => {}
    }
    object
}

/// A world that follows events with its history and its scope engine.
#[derive(Clone)]
struct Follower {
    world: World,
    history: History,
    cache: Cache,
}

impl Follower {
    fn at(objects: &[Object]) -> Self {
        let (mut world, mut history) = (World::default(), History::default());
        for object in objects {
            history.apply(&mut world, second(0), Delta::Put(object.clone()));
        }
        list_all(&mut world, &mut history);
        Self {
            world,
            history,
            cache: Cache::new(Settings::default()),
        }
    }

    fn apply(&mut self, at: usize, delta: Delta) {
        let at = second(i64::try_from(at).unwrap());
        let changes: Vec<Change> = self.history.apply(&mut self.world, at, delta);
        self.cache.apply(&changes);
    }

    fn advance(&mut self, pod: &Key) {
        self.history.advance(&self.world, pod, &mut self.cache, usize::MAX);
    }

    fn walk_back(&mut self, pod: &Key) {
        let fork = || Box::new(self.cache.fork(pod)) as _;
        if let Some(mut walk) = self.history.older(&self.world, pod, fork) {
            while walk.run(1) == Progress::More {}
            self.history.absorb(&mut walk);
        }
    }
}

/// Marks that nothing tells the cause of, with what changed then: each change must have been thought to matter.
fn unexplained(history: &History, pod: &Key) -> Vec<String> {
    let marks = history.pod(pod).unwrap().marks().iter();
    marks
        .filter(|(_, mark)| mark.cause == Cause::Unknown)
        .map(|(id, mark)| {
            let then = history.journal().iter().filter(|entry| entry.at == mark.at);
            let changes = then.flat_map(|entry| entry.changes.iter().map(Change::identity));
            format!("{} {}: {:?}", id.address, id.cluster, changes.collect::<Vec<_>>())
        })
        .collect()
}

/// Follows one pod in three ways through random events, and compares what each says with the definition.
fn check(name: &str, objects: &[Object], pod: &Key, events: usize, dice: &mut Dice) {
    let [mut eager, mut batched, mut late] = [0; 3].map(|_| Follower::at(objects));
    for follower in [&mut eager, &mut batched] {
        follower.history.follow(pod);
        follower.advance(pod);
    }
    for at in 1..=events {
        let delta = event(objects, dice);
        eager.apply(at, delta.clone());
        eager.advance(pod);
        batched.apply(at, delta.clone());
        if dice.below(4) == 0 {
            batched.advance(pod);
        }
        late.apply(at, delta);
    }
    batched.advance(pod);
    late.history.follow(pod);
    late.advance(pod);
    late.walk_back(pod);
    let from_scratch = |world: &World, pod: &Key| endpoint_table(world, pod, &Settings::default()).map(Arc::new);
    let (definition, by_entry) = by_definition(&late.history, &late.world, pod, &from_scratch);
    for (how, follower) in [
        ("entry by entry", &eager),
        ("in batches", &batched),
        ("afterwards", &late),
    ] {
        let found: Said = said(&follower.history, pod);
        assert!(
            found == definition,
            "{name}, {pod}, {how}: {found:#?}\nis not\n{definition:#?}"
        );
        assert_eq!(effects(&follower.history, pod), by_entry, "{name}, {pod}, {how}");
        assert_eq!(unexplained(&follower.history, pod), [""; 0], "{name}, {pod}, {how}");
    }
}

#[test]
fn the_past_of_a_table_is_the_same_however_it_is_found() {
    let mut worlds = Vec::new();
    worlds_under(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"), &mut worlds);
    let mut events = EVENTS;
    #[expect(clippy::disallowed_methods, reason = "a test is asked for more by the environment")]
    let more = std::env::var_os("SIDESCOPE_CORPUS");
    if let Some(corpus) = more {
        worlds_under(Path::new(&corpus), &mut worlds);
        events = EVENTS_OF_ALL;
    }
    assert!(!worlds.is_empty());
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for path in worlds {
        let objects = files::load(&path).unwrap().objects;
        let world = Follower::at(&objects).world;
        let with_table = |pod: &&Key| endpoint_table(&world, pod, &Settings::default()).is_ok();
        let pods: Vec<&Key> = world.pods.keys().filter(with_table).collect();
        if !pods.is_empty() {
            let pod = pods[dice.below(pods.len())];
            check(&path.display().to_string(), &objects, pod, events, &mut dice);
        }
    }
}
