//! Properties of the scope engine over the worlds of the corpus: the order of events does not matter, a cache that is
//! told of changes gives what a fresh one gives, nothing that can be read makes it panic, and a change costs only what
//! depends on it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use sidescope::mesh::model::{Labels, Meta, Object, Service, Text};
use sidescope::mesh::scope::{Cache, EndpointTable, NoTable, Settings, endpoint_table};
use sidescope::mesh::world::{Delta, World};
use sidescope::sources::files::{self, Loader};

/// The objects of each world of the corpus, with the path of its text.
static WORLDS: LazyLock<Vec<(PathBuf, Vec<Object>)>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = folders
        .map(|folder| folder.join("world.yaml"))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), files::load(&path).unwrap().objects))
        .collect()
});

fn world_of(objects: &[Object]) -> World {
    let mut world = World::default();
    let loaded = files::Loaded {
        objects: objects.to_vec(),
        ..files::Loaded::default()
    };
    for delta in loaded.into_deltas() {
        world.apply(delta);
    }
    world
}

type Outcome = Result<EndpointTable, NoTable>;

/// The tables of all pods, each from scratch.
fn from_scratch(world: &World) -> Vec<Outcome> {
    let pods = world.pods.keys();
    pods.map(|pod| endpoint_table(world, pod, &Settings::default()))
        .collect()
}

fn from_cache(world: &World, cache: &mut Cache) -> Vec<Outcome> {
    let pods = world.pods.keys();
    pods.map(|pod| cache.table(world, pod).map(|table| EndpointTable::clone(&table)))
        .collect()
}

/// Another version of an object: something that rules read is different.
fn vary(object: &Object, others: &[Object], choice: usize) -> Object {
    let of_kind = |other: &&Object| other.kind() == object.kind();
    let same_kind: Vec<&Object> = others.iter().filter(of_kind).collect();
    let donor = same_kind[choice % same_kind.len()];
    // A namespace, a node or a control plane keeps what it is and gets the donor's labels.
    let keeps = matches!(
        object,
        Object::Namespace(_) | Object::Node(_) | Object::Istiod(_) | Object::MeshConfigMap(_)
    );
    let mut varied = if keeps { object.clone() } else { (*donor).clone() };
    let labels = [
        donor.meta().labels.clone(),
        object.meta().labels.clone(),
        Labels::default(),
    ];
    let meta = Meta {
        key: object.key().clone(),
        labels: labels[choice % 3].clone(),
        created: if choice.is_multiple_of(2) {
            object.meta().created
        } else {
            donor.meta().created
        },
        ..varied.meta().clone()
    };
    set_meta(&mut varied, meta, choice);
    varied
}

fn set_meta(object: &mut Object, meta: Meta, choice: usize) {
    macro_rules! set {
        ($($variant:ident $field:ident $plural:literal $class:ident,)*) => {
            match object {
                $(Object::$variant(object) => Arc::make_mut(object).meta = meta,)*
            }
        };
    }
    sidescope::kinds!(set);
    if let Object::Pod(pod) = object {
        Arc::make_mut(pod).ready ^= choice.is_multiple_of(3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cache_gives_after_every_step_what_a_fresh_one_gives(
        world in any::<prop::sample::Index>(),
        steps in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..4, any::<u16>()), 1..24),
    ) {
        let (_, objects) = &WORLDS[world.index(WORLDS.len())];
        let mut world = world_of(objects);
        let mut cache = Cache::new(Settings::default());
        prop_assert_eq!(from_cache(&world, &mut cache), from_scratch(&world));
        for (object, what, choice) in steps {
            let object = &objects[object.index(objects.len())];
            let delta = match what {
                0 => Delta::Remove(object.kind(), object.key().clone()),
                1 => Delta::Put(object.clone()),
                _ => Delta::Put(vary(object, objects, choice.into())),
            };
            cache.apply(&world.apply(delta));
            prop_assert_eq!(from_cache(&world, &mut cache), from_scratch(&world));
        }
    }

    #[test]
    fn the_order_of_events_does_not_matter(
        (objects, order) in any::<prop::sample::Index>().prop_flat_map(|world| {
            let objects = WORLDS[world.index(WORLDS.len())].1.clone();
            (Just(objects.clone()), Just(objects).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(from_scratch(&world_of(&order)), from_scratch(&world_of(&objects)));
    }

    #[test]
    fn no_text_makes_it_panic(
        world in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_usize..6), 1..12),
    ) {
        let text = fs::read_to_string(&WORLDS[world.index(WORLDS.len())].0).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, other, how) in cuts {
            let at = at.index(lines.len());
            let donor = lines[other.index(lines.len())].clone();
            strain(&mut lines[at], &donor, how);
        }
        let mut loader = Loader::default();
        if loader.add_bytes("strained", lines.join("\n").as_bytes()).is_ok() {
            let world = world_of(&loader.finish().objects);
            let mut cache = Cache::new(Settings::default());
            prop_assert_eq!(from_cache(&world, &mut cache), from_scratch(&world));
        }
    }
}

/// Spoils a line of YAML so that it often still is YAML.
fn strain(line: &mut String, donor: &str, how: usize) {
    let value = |line: &str| {
        line.rsplit_once([' ', '/'])
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    };
    let keep = line
        .rsplit_once(' ')
        .map(|(start, _)| start.to_owned())
        .unwrap_or_default();
    *line = match how {
        0 => format!("{keep} {}", value(donor)),
        1 => format!("{keep} '*'"),
        2 => format!("{keep} '~/*'"),
        3 => format!("{keep} \"\\u00e9*/\u{1f980}//..\""),
        4 => format!("{keep} 4294967295"),
        _ => format!("{keep} ''"),
    };
}

/// A world with one scoped pod that has a table.
fn bookinfo() -> (World, sidescope::mesh::model::Key) {
    let folder = "oncall-bookinfo-typo-hides-ratings";
    let (_, objects) = WORLDS
        .iter()
        .find(|(path, _)| path.parent().unwrap().ends_with(folder))
        .unwrap();
    let world = world_of(objects);
    let has_table = |pod: &&sidescope::mesh::model::Key| {
        let table = endpoint_table(&world, pod, &Settings::default());
        table.is_ok_and(|table| table.governing.key().is_some())
    };
    let pod = world.pods.keys().find(has_table).unwrap().clone();
    (world, pod)
}

#[test]
fn a_slice_event_remakes_the_rows_of_one_service() {
    let (mut world, pod) = bookinfo();
    let mut cache = Cache::new(Settings::default());
    let table = cache.table(&world, &pod).unwrap();
    let host = table
        .hosts
        .iter()
        .find(|host| host.starts_with("reviews.") || host.starts_with("details."))
        .unwrap();
    let name = host.split('.').next().unwrap();
    let slice = world.slices.iter().find(|slice| slice.service == name).unwrap();
    let mut slice = (**slice).clone();
    slice.endpoints = slice.endpoints[1..].into();
    let before = cache.counters();
    cache.apply(&world.apply(Delta::Put(slice.into())));
    let after_table = cache.table(&world, &pod).unwrap();
    let after = cache.counters();
    assert_ne!(after_table.rows, table.rows);
    assert_eq!((after.planes, after.scopes), (before.planes, before.scopes));
    assert_eq!((after.shards - before.shards, after.services - before.services), (1, 1));
    assert_eq!(after.tables - before.tables, 1);
}

#[test]
fn a_service_edit_remakes_the_rows_of_one_service() {
    let (mut world, pod) = bookinfo();
    let mut cache = Cache::new(Settings::default());
    let table = cache.table(&world, &pod).unwrap();
    let of_table = |service: &&Arc<Service>| {
        let host = format!("{}.{}.svc.", service.meta.key.name, service.meta.key.namespace);
        table.hosts.iter().any(|known| known.starts_with(&host))
    };
    let mut service = (**world.services.iter().find(of_table).unwrap()).clone();
    service.ports = [].into();
    let before = cache.counters();
    cache.apply(&world.apply(Delta::Put(service.into())));
    let after_table = cache.table(&world, &pod).unwrap();
    let after = cache.counters();
    assert_ne!(after_table.rows, table.rows);
    assert_eq!((after.planes, after.scopes), (before.planes, before.scopes + 1));
    assert_eq!((after.shards - before.shards, after.services - before.services), (1, 1));
}

#[test]
fn what_the_pod_cannot_see_costs_nothing() {
    let (mut world, pod) = bookinfo();
    let mut cache = Cache::new(Settings::default());
    let table = cache.table(&world, &pod).unwrap();
    let before = cache.counters();
    let mut other = (**world.sidecars.iter().next().unwrap()).clone();
    other.meta.key.namespace = Text::from("elsewhere");
    cache.apply(&world.apply(Delta::Put(other.into())));
    let after = cache.table(&world, &pod).unwrap();
    assert!(Arc::ptr_eq(&after.rows, &table.rows));
    assert_eq!(cache.counters().scopes, before.scopes);
    assert_eq!(cache.counters().services, before.services);
    let asked_again = cache.counters();
    cache.table(&world, &pod).unwrap();
    assert_eq!(cache.counters(), asked_again);
}
