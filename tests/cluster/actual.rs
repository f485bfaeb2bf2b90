//! What Envoy itself says: byte for byte as istioctl prints it, and whether it has followed.

use crate::assert_same;
use crate::bed::{Bed, PROXIES};

/// Filters as both programs take them.
const FILTERS: &[&[&str]] = &[
    &[],
    &["--port", "9080"],
    &["--status", "healthy"],
    &["--address", "10.244.1.29"],
    &["--cluster", "OUTBOUND|9080||details.bookinfo.svc.cluster.local"],
    &["--port", "53", "--address", "10.0.0.1"],
];

#[track_caller]
fn assert_same_actual(bed: &Bed, when: &str) {
    for pod in PROXIES {
        for filter in FILTERS {
            let real = bed.istioctl_with(pod, filter);
            let ours = bed.printed(&[&["endpoints", pod, "--live"], *filter].concat());
            assert_same(&format!("endpoints {pod} --live {filter:?}, {when}"), &real, &ours);
        }
    }
}

#[test]
fn envoys_own_table_is_printed_as_istioctl_prints_it() {
    let bed = Bed::with_bookinfo();
    assert_same_actual(&bed, "before any edit");
    bed.apply("edits/one-exact-host.yaml");
    assert_same_actual(&bed, "after an edit");
}

#[test]
fn an_edit_is_waited_for_and_an_envoy_that_cannot_be_asked_is_said() {
    let bed = Bed::with_bookinfo();
    for edit in ["own-namespace", "one-exact-host", "excluded-namespace"] {
        bed.kubectl(&["apply", "-f", &format!("../edits/{edit}.yaml")]);
        let waited = bed.sidescope(&["endpoints", PROXIES[0], "--wait=10s", "-o", "name"]);
        let said = String::from_utf8_lossy(&waited.stderr);
        assert_eq!(waited.status.code(), Some(0), "{edit}: {said}");
        assert!(said.starts_with("Envoy follows: 0 pending, after "), "{said}");
        let actual = bed.printed(&["endpoints", PROXIES[0], "--live", "-o", "name"]);
        let computed = bed.printed(&["endpoints", PROXIES[0], "--bootstrap", "-o", "name"]);
        assert_same(&format!("after {edit}"), &actual, &computed);
    }
    let denied = bed.sidescope(&["--context", "viewer", "endpoints", PROXIES[0], "--live"]);
    assert_eq!(denied.status.code(), Some(3));
    let said = String::from_utf8_lossy(&denied.stderr);
    assert!(said.contains("--verb=get,create --resource=pods/portforward"), "{said}");
}
