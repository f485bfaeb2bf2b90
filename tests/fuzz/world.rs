//! Objects that say odd things to istiod's rules: versions, flags, exportTo, protocols, hosts, ports, localities, selectors.

use sidescope::app::view::Shown;
use sidescope::mesh::lint::lint;
use sidescope::mesh::model::{Key, Kind};
use sidescope::mesh::scope::{Cache, Settings};
use sidescope::mesh::world::{ListScope, World};
use sidescope::output::endpoint_table;
use sidescope::sources::files::Loader;

use crate::Target;
use crate::invariants::Outcome;

/// So many pods of a world are asked for their tables.
const PODS: usize = 3;

/// A dump, to the tables and findings that it gives.
pub(crate) const WORLD: Target = Target {
    seeds: &["tests/corpus/*world.yaml"],
    words: &[
        "exportTo: [\".\", \"*\", \"~\"]",
        "- \"*/*\"",
        "- ~/*",
        "- ./*",
        "*.",
        ".svc.cluster.local",
        "istio/pilot:1.28",
        "istio/pilot:1.999",
        "PILOT_ENABLE_",
        "\"false\"",
        "UDP",
        "HTTP2",
        "grpc-web",
        "http-",
        "r/z/s",
        "r/*",
        "0.0.0.0",
        "::",
        "240.240.0.1",
        "unix:///a",
        "0",
        "65535",
        "-1",
        "DISTRIBUTE",
        "LOCALHOST",
        "clusterIP: None",
        "ExternalName",
        "workloadSelector: {labels: {}}",
        "10.0.0.0/33",
        "::/0",
        "istio.io/rev: a",
        "subset: v1",
        "MESH_EXTERNAL",
        "STATIC",
        "DNS_ROUND_ROBIN",
    ],
    longest: crate::FILE,
    read: |bytes| {
        let mut loader = Loader::default();
        if let Err(error) = loader.add_bytes("world.yaml", bytes) {
            return Outcome::Refused(error.to_string());
        }
        let mut world = World::default();
        for delta in loader.finish().into_deltas() {
            world.apply(delta);
        }
        let mut pods: Vec<Key> = Vec::new();
        world.each_in(Kind::Pod, &ListScope::All, &mut |pod| pods.push(pod.key().clone()));
        let mut cache = Cache::new(Settings::default());
        let mut rows = 0;
        for pod in pods.iter().take(PODS) {
            let Ok(table) = cache.table(&world, pod) else { continue };
            let text = endpoint_table(table.rows.iter().map(|row| (row, false)), true);
            assert!(!text.chars().any(|c| c != '\n' && c.is_control()), "{text:?}");
            rows += table.rows.len();
        }
        let findings = lint(&world, &Settings::default());
        let said = findings
            .iter()
            .map(|finding| Shown::from(finding.consequence()).to_string());
        // a host is imported by each listener at most, and has its endpoints once for each port
        Outcome::Read(rows, said.filter(|line| line.len() > 100_000).collect())
    },
};
