//! What a cache answers beside tables and explanations agrees with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sidescope::mesh::model::{Key, Kind, Text};
use sidescope::mesh::scope::{Cache, EndpointTable, Unexplained};
use sidescope::mesh::world::World;

/// Asks everything of a world of which these are all tables.
pub(crate) fn check(name: &str, world: &World, cache: &mut Cache, tables: &BTreeMap<Key, Arc<EndpointTable>>) {
    let mut governed: BTreeMap<Key, usize> = BTreeMap::new();
    for (pod, table) in tables {
        assert_eq!(
            cache.governing(world, pod),
            Ok(table.governing.clone()),
            "{name}: {pod}"
        );
        if let Some(sidecar) = table.governing.key() {
            *governed.entry(sidecar.clone()).or_default() += 1;
        }
        let scope = cache.scope_of(world, pod).unwrap();
        let hosts: BTreeSet<&Text> = scope.hosts().collect();
        assert_eq!(hosts, table.hosts.iter().collect(), "{name}: {pod}");
        let forked = cache.fork(pod).table(world, pod).unwrap();
        assert_eq!(forked, *table, "{name}: {pod}");
        cache.forget(pod);
        assert_eq!(cache.table(world, pod).unwrap(), *table, "{name}: {pod} anew");
        check_hosts(name, world, cache, pod);
    }
    assert_eq!(
        cache.governed(world).into_iter().collect::<BTreeMap<_, _>>(),
        governed,
        "{name}"
    );
    for pod in world.pods.keys().filter(|pod| !tables.contains_key(pod)) {
        let state = cache.table(world, pod).unwrap_err();
        let unexplained = cache.explain(world, pod, "any.host", None);
        assert_eq!(unexplained, Err(Unexplained::NoTable(state.clone())), "{name}: {pod}");
        assert_eq!(cache.governing(world, pod), Err(state), "{name}: {pod}");
    }
}

/// The host of each Service is one that the Service is a candidate for.
fn check_hosts(name: &str, world: &World, cache: &mut Cache, pod: &Key) {
    for service in world.services.keys() {
        let host = cache.host_of(world, pod, service).unwrap();
        let explanation = cache.explain(world, pod, &host, None).unwrap();
        let object = (Kind::Service, service.clone());
        let is_there = explanation.candidates.iter().any(|one| one.object == object);
        assert!(is_there, "{name}: {host} from {pod}: {explanation:#?}");
    }
}
