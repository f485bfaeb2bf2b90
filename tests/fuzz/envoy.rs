//! What an Envoy answers.

use sidescope::runtime::actual;
use sidescope::sources::envoy;

use crate::Target;
use crate::invariants::Outcome;

/// `/clusters?format=json`.
pub(crate) const CLUSTERS: Target = Target {
    seeds: &[],
    words: &[
        "\"cluster_statuses\":[",
        "\"host_statuses\":[",
        "\"name\":\"outbound|80||a.b.svc.cluster.local\"",
        "\"stats\":[{\"name\":\"rq_total\",\"value\":\"",
        "\"address\":{\"socket_address\":{\"address\":\"10.0.0.1\",\"port_value\":80}}",
        "\"pipe\":{\"path\":\"",
        "\"envoy_internal_address\":{",
        "\"weight\":4294967296",
        "outbound_.80_._.a",
        "inbound|0||",
        "\"health_status\":{\"eds_health_status\":\"",
    ],
    longest: crate::FILE,
    read: |bytes| {
        let hosts = envoy::parse(bytes);
        let table = actual::read(bytes);
        assert_eq!(hosts.is_ok(), table.is_ok());
        if let (Ok(hosts), Ok(table)) = (&hosts, &table) {
            assert!(table.rows.len() <= hosts.len());
            assert_eq!(table.rows.len(), table.counters.len());
        }
        Outcome::of_result(&hosts)
    },
};
