//! What happened while nobody could look: made anew under the same name, gone with its namespace or its definition.

use std::time::Duration;

use sidescope::demo::kinds::Resource;
use sidescope::sources::kubernetes::ListStrategy;

use crate::case::{Begins, Case, QUIET, WITHIN, play};
use crate::edits::Edit;
use crate::network::Network;
use crate::reader::Reader;

/// The watches go on where they were.
const AWAY: Case = Case {
    begins: Begins::Down,
    badge: Some("retry"),
    ..QUIET
};

const CASES: &[Case] = &[
    Case {
        name: "a pod, a service and a Sidecar made anew under their names",
        edits: ANEW,
        marks: ANEW_TOLD,
        ..AWAY
    },
    Case {
        name: "the same, and what happened is forgotten",
        edits: &[ANEW[0], ANEW[1], ANEW[2], Edit::Forget],
        marks: ANEW_FOUND,
        ..AWAY
    },
    Case {
        name: "the same, lists by pages",
        strategy: ListStrategy::Paged,
        edits: &[ANEW[0], ANEW[1], ANEW[2], Edit::Forget],
        marks: ANEW_FOUND,
        ..AWAY
    },
    Case {
        name: "a namespace deleted",
        edits: &[Edit::DeleteNamespace("kube-system")],
        marks: NAMESPACE,
        ..AWAY
    },
    Case {
        name: "a namespace deleted while everybody looks",
        edits: &[Edit::DeleteNamespace("kube-system")],
        marks: NAMESPACE,
        ..QUIET
    },
    Case {
        name: "the definition of Sidecars removed and installed again",
        edits: &[
            Edit::RemoveKind(Resource::Sidecars),
            Edit::InstallKind(Resource::Sidecars),
        ],
        marks: KIND,
        ..AWAY
    },
    Case {
        name: "the same while everybody looks",
        edits: &[
            Edit::RemoveKind(Resource::Sidecars),
            Edit::InstallKind(Resource::Sidecars),
        ],
        marks: KIND,
        ..QUIET
    },
];

const ANEW: &[Edit] = &[
    Edit::Recreate(Resource::Pods, "bookinfo", "reviews-v1"),
    Edit::Recreate(Resource::Services, "bookinfo", "reviews"),
    Edit::Recreate(Resource::Sidecars, "bookinfo", ""),
];

/// What was there went, and what is there came. The endpoints went with the service that owned them.
const ANEW_FOUND: &[&str] = &[
    "endpoints -10.244.1.31:9080 gone",
    "endpoints -10.244.2.31:9080 gone",
    "endpoints -10.244.2.32:9080 gone",
    "pods +bookinfo reviews-v1-gwnvtv6vx8-44m52",
    "pods -bookinfo reviews-v1-gwnvtv6vx8-44m52",
    "services +bookinfo reviews",
    "services -bookinfo reviews",
    "sidecars +bookinfo default",
    "sidecars -bookinfo default",
];
/// Where each step is told, so is the moment without a Sidecar, in which one row more was there.
const ANEW_TOLD: &[&str] = &[
    ANEW_FOUND[0],
    ANEW_FOUND[1],
    ANEW_FOUND[2],
    "endpoints -172.18.0.4:6443 gone",
    ANEW_FOUND[3],
    ANEW_FOUND[4],
    ANEW_FOUND[5],
    ANEW_FOUND[6],
    ANEW_FOUND[7],
    ANEW_FOUND[8],
];

const NAMESPACE: &[&str] = &[
    "endpoints -10.244.0.3:53 gone",
    "endpoints -10.244.0.3:9153 gone",
    "endpoints -10.244.0.4:53 gone",
    "endpoints -10.244.0.4:9153 gone",
    "pods -kube-system coredns-7d764666f9-4zq8k",
    "pods -kube-system coredns-7d764666f9-x9wdl",
    "services -kube-system kube-dns",
];
/// They went and came back as they were; for that moment one row more was there.
const KIND: &[&str] = &[
    "endpoints -172.18.0.4:6443 gone",
    "sidecars ~bookinfo default",
    "sidecars ~bookinfo reviews",
];

#[tokio::test(start_paused = true)]
async fn what_happened_while_nobody_could_look() {
    play(CASES).await;
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_installed_long_after_it_went_is_there_within_seconds() {
    let network = Network::start();
    let mut reader = Reader::settled(&network, ListStrategy::Auto).await;
    let before = reader.shown();
    Edit::RemoveKind(Resource::Sidecars).make(&network);
    reader
        .until("the Sidecars to go", |reader| reader.title('4').contains("-2"))
        .await;
    network.take_asked();
    reader.look_for(Duration::from_secs(300)).await;
    let asked = network.take_asked();
    let versions = 3;
    let asked = asked.iter().filter(|(_, path)| path.contains("/sidecars")).count();
    assert!(asked <= (300 / 4 + 1) * versions, "{asked} requests in five minutes");
    Edit::InstallKind(Resource::Sidecars).make(&network);
    let took = reader
        .until("them again", |reader| reader.shown().rows == before.rows)
        .await;
    assert!(took <= WITHIN, "{took:?}");
}
