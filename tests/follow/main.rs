//! Following a kind, against an API server that is a script: what is asked, what is answered, what comes of it.
//!
//! Not here: a real server (`tests/cluster`), the built-in one (`tests/demo_*.rs`). Time is tokio's paused clock: a wait
//! of a minute takes none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail loudly and has tasks of its own"
)]

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::Client;
use kube::client::Body;
use sidescope::mesh::model::{Key, Kind, Text};
use sidescope::mesh::world::{Coverage, Failure, ListScope, SourceState, World};
use sidescope::sources::kubernetes::{ListStrategy, Pulse, SourceMessage, WatchSettings, follow};
use tokio::sync::{mpsc, watch};
use tower_test::mock;

/// One exchange: what the path and query must contain, and the answer.
type Exchange = (&'static [&'static str], u16, String);

/// The body of an answer.
type Answer = UnsyncBoxBody<Bytes, std::io::Error>;

/// A body in which nothing comes and that does not end.
const SILENCE: &str = "silence";

/// A follower of `kind` and the server that it asks.
struct Scene {
    world: World,
    states: Vec<(ListScope, SourceState)>,
    diagnostics: Vec<String>,
    from: mpsc::Receiver<SourceMessage>,
    _steer: (watch::Sender<Arc<[Text]>>, watch::Sender<u64>),
}

impl Scene {
    /// Starts a follower before a server that answers these requests in this order and then no more.
    fn start(kind: Kind, strategy: ListStrategy, script: Vec<Exchange>) -> Self {
        let (service, handle) = mock::pair::<Request<Body>, Response<Answer>>();
        let (out, from) = mpsc::channel(64);
        let (namespaces, namespaces_seen) = watch::channel(Arc::from([Text::from("shop")]));
        let (relist, relist_seen) = watch::channel(0);
        let settings = WatchSettings {
            istio_namespace: "istio-system".into(),
            strategy,
            request_timeout: Duration::from_secs(10),
            namespaces: namespaces_seen,
            relist: relist_seen,
            pulse: Pulse::default(),
        };
        tokio::spawn(follow(Client::new(service, "default"), kind, settings, out));
        tokio::spawn(async move {
            let mut handle = pin!(handle);
            for (expected, code, body) in script {
                let (request, send) = handle.next_request().await.expect("one more request");
                let uri = request.uri().to_string();
                for part in expected {
                    assert!(uri.contains(part), "'{part}' is not in '{uri}'");
                }
                let body = if body == SILENCE {
                    StreamBody::new(futures::stream::pending()).boxed_unsync()
                } else {
                    Full::from(body).map_err(|never| match never {}).boxed_unsync()
                };
                send.send_response(Response::builder().status(code).body(body).unwrap());
            }
            // the script is over: the next request is never answered
            let _unanswered = handle.next_request().await;
            std::future::pending::<()>().await;
        });
        let (states, diagnostics) = (Vec::new(), Vec::new());
        Self {
            world: World::default(),
            states,
            diagnostics,
            from,
            _steer: (namespaces, relist),
        }
    }

    /// Takes messages in until this holds.
    async fn until(&mut self, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            let message = self.from.recv().await.expect("the follower goes on");
            self.diagnostics
                .extend(message.diagnostics.iter().map(|diagnostic| diagnostic.path.clone()));
            self.states
                .extend(message.state.map(|(_, scope, state)| (scope, state)));
            for delta in message.deltas {
                self.world.apply(delta);
            }
        }
    }

    fn services(&self) -> Vec<String> {
        self.world.services.keys().map(Key::to_string).collect()
    }

    fn is_complete(&self, kind: Kind) -> bool {
        self.world.coverage.get(kind) == Coverage::Complete
    }
}

fn service(name: &str, version: u32) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Service","metadata":{{"name":"{name}","namespace":"shop","uid":"{name}","resourceVersion":"{version}"}},"spec":{{"ports":[{{"port":80}}]}}}}"#
    )
}

fn event(kind: &str, object: &str) -> String {
    format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n")
}

fn bookmark(version: u32, ends_list: bool) -> String {
    let annotations = if ends_list {
        r#","annotations":{"k8s.io/initial-events-end":"true"}"#
    } else {
        ""
    };
    event(
        "BOOKMARK",
        &format!(r#"{{"kind":"Service","metadata":{{"resourceVersion":"{version}"{annotations}}}}}"#),
    )
}

fn page(next: &str, items: &[String]) -> String {
    format!(
        r#"{{"metadata":{{"resourceVersion":"50","continue":"{next}"}},"items":[{}]}}"#,
        items.join(",")
    )
}

fn status(code: u16, message: &str) -> String {
    format!(r#"{{"kind":"Status","status":"Failure","message":"{message}","code":{code}}}"#)
}

#[tokio::test(start_paused = true)]
async fn a_streamed_list_is_complete_at_its_bookmark_and_goes_on_from_there() {
    let initial = [
        event("ADDED", &service("a", 3)),
        event("ADDED", &service("b", 4)),
        bookmark(9, true),
    ]
    .concat();
    let more = [
        event("DELETED", &service("a", 11)),
        event("MODIFIED", &service("c", 12)),
    ]
    .concat();
    let script: Vec<Exchange> = vec![
        (
            &[
                "/api/v1/services?",
                "watch=1",
                "sendInitialEvents=true",
                "allowWatchBookmarks=true",
            ],
            200,
            initial,
        ),
        (&["watch=1", "resourceVersion=9"], 200, more),
        (&["watch=1", "resourceVersion=12"], 200, String::new()),
    ];
    let mut scene = Scene::start(Kind::Service, ListStrategy::Auto, script);
    scene.until(|scene| scene.is_complete(Kind::Service)).await;
    assert_eq!(scene.services(), ["shop/a", "shop/b"]);
    scene.until(|scene| scene.services() == ["shop/b", "shop/c"]).await;
    scene
        .until(|scene| matches!(scene.states.last(), Some((_, SourceState::Retrying { attempt: 1, .. }))))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_stream_lists_is_read_by_pages() {
    let refusal =
        "ListOptions.meta.k8s.io \\\"\\\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden";
    let script: Vec<Exchange> = vec![
        (&["sendInitialEvents=true"], 422, status(422, refusal)),
        (&["/api/v1/services?limit=500"], 200, page("to ken", &[service("a", 1)])),
        (&["limit=500&continue=to%20ken"], 200, page("", &[service("b", 2)])),
        (
            &["watch=1", "resourceVersion=50"],
            200,
            event("ADDED", &service("c", 51)),
        ),
    ];
    let mut scene = Scene::start(Kind::Service, ListStrategy::Auto, script);
    scene.until(|scene| scene.services().len() == 1).await;
    assert!(!scene.is_complete(Kind::Service), "half a list is no list");
    scene
        .until(|scene| scene.services() == ["shop/a", "shop/b", "shop/c"])
        .await;
    assert!(scene.is_complete(Kind::Service));
}

#[tokio::test(start_paused = true)]
async fn an_expired_watch_is_listed_anew_and_what_is_gone_is_gone() {
    let gone = event("ERROR", &status(410, "too old resource version: 50 (60)"));
    let script: Vec<Exchange> = vec![
        (&["limit=500"], 200, page("", &[service("a", 1), service("b", 2)])),
        (&["watch=1", "resourceVersion=50"], 200, gone),
        (&["limit=500"], 200, page("", &[service("b", 2)])),
    ];
    let mut scene = Scene::start(Kind::Service, ListStrategy::Paged, script);
    scene.until(|scene| scene.services() == ["shop/a", "shop/b"]).await;
    scene.until(|scene| scene.services() == ["shop/b"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_cut_inside_an_object_loses_nothing_and_clears_nothing() {
    let half = format!(
        "{}{}",
        event("ADDED", &service("b", 61)),
        &event("ADDED", &service("c", 62))[..40]
    );
    let script: Vec<Exchange> = vec![
        (&["limit=500"], 200, page("", &[service("a", 1)])),
        (&["watch=1", "resourceVersion=50"], 200, half),
        (
            &["watch=1", "resourceVersion=61"],
            200,
            event("ADDED", &service("c", 62)),
        ),
    ];
    let mut scene = Scene::start(Kind::Service, ListStrategy::Paged, script);
    scene
        .until(|scene| scene.services() == ["shop/a", "shop/b", "shop/c"])
        .await;
    assert!(scene.is_complete(Kind::Service));
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_a_kind_that_never_changes_is_dialled_anew_without_a_word() {
    let script: Vec<Exchange> = vec![
        (&["limit=500"], 200, page("", &[service("a", 1)])),
        (&["watch=1", "resourceVersion=50"], 200, SILENCE.to_owned()),
        (&["watch=1", "resourceVersion=50"], 200, SILENCE.to_owned()),
        (
            &["watch=1", "resourceVersion=50"],
            200,
            event("ADDED", &service("b", 51)),
        ),
    ];
    let mut scene = Scene::start(Kind::Service, ListStrategy::Paged, script);
    scene.until(|scene| scene.services() == ["shop/a", "shop/b"]).await;
    let is_broken = |state: &SourceState| matches!(state, SourceState::Retrying { .. });
    assert!(!scene.states.iter().any(|(_, state)| is_broken(state)));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_falls_silent_half_way_is_broken() {
    let script: Vec<Exchange> = vec![(&["sendInitialEvents=true"], 200, SILENCE.to_owned())];
    let mut scene = Scene::start(Kind::Service, ListStrategy::Auto, script);
    let is_broken = |state: &SourceState| matches!(state, SourceState::Retrying { .. });
    scene
        .until(|scene| scene.states.iter().any(|(_, state)| is_broken(state)))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_strange_object_is_a_diagnostic_and_not_a_failed_list() {
    let strange = service("b", 2).replace(r#"[{"port":80}]"#, r#""none""#);
    let script: Vec<Exchange> = vec![(&["limit=500"], 200, page("", &[service("a", 1), strange]))];
    let mut scene = Scene::start(Kind::Service, ListStrategy::Paged, script);
    scene.until(|scene| scene.is_complete(Kind::Service)).await;
    assert_eq!(scene.services(), ["shop/a", "shop/b"]);
    assert_eq!(scene.diagnostics, ["spec.ports"]);
}

#[tokio::test(start_paused = true)]
async fn older_versions_are_tried_and_then_the_kind_is_absent_until_it_is_installed() {
    let script: Vec<Exchange> = vec![
        (
            &["/apis/networking.istio.io/v1/sidecars"],
            404,
            "404 page not found".to_owned(),
        ),
        (
            &["/apis/networking.istio.io/v1beta1/sidecars"],
            404,
            "404 page not found".to_owned(),
        ),
        (
            &["/apis/networking.istio.io/v1alpha3/sidecars"],
            404,
            "404 page not found".to_owned(),
        ),
        (&["/apis/networking.istio.io/v1/sidecars"], 200, page("", &[])),
    ];
    let mut scene = Scene::start(Kind::Sidecar, ListStrategy::Paged, script);
    scene
        .until(|scene| scene.world.coverage.get(Kind::Sidecar) == Coverage::Absent)
        .await;
    assert!(scene.states.contains(&(ListScope::All, SourceState::Absent)));
    scene.until(|scene| scene.is_complete(Kind::Sidecar)).await;
}

#[tokio::test(start_paused = true)]
async fn where_the_cluster_may_not_be_listed_the_chosen_namespaces_are() {
    let script: Vec<Exchange> = vec![
        (
            &["/api/v1/services?limit=500"],
            403,
            status(403, "services is forbidden"),
        ),
        (
            &["/api/v1/namespaces/shop/services?limit=500"],
            200,
            page("", &[service("a", 1)]),
        ),
    ];
    let mut scene = Scene::start(Kind::Service, ListStrategy::Paged, script);
    let partial = Coverage::Partial {
        readable: [Text::from("shop")].into(),
    };
    scene
        .until(|scene| scene.world.coverage.get(Kind::Service) == partial)
        .await;
    assert_eq!(scene.services(), ["shop/a"]);
    let refused = |state: &SourceState| {
        matches!(
            state,
            SourceState::Denied {
                failure: Failure::Forbidden {
                    verb: "list",
                    resource: "services",
                    ..
                },
                ..
            }
        )
    };
    assert!(
        scene
            .states
            .iter()
            .any(|(scope, state)| *scope == ListScope::All && refused(state))
    );
}

#[tokio::test(start_paused = true)]
async fn a_failing_server_is_asked_again_and_what_was_listed_stays() {
    let script: Vec<Exchange> = vec![
        (&["limit=500"], 200, page("", &[service("a", 1)])),
        (
            &["watch=1", "resourceVersion=50"],
            500,
            status(500, "etcd has no leader"),
        ),
        (
            &["watch=1", "resourceVersion=50"],
            200,
            event("ADDED", &service("b", 51)),
        ),
    ];
    let mut scene = Scene::start(Kind::Service, ListStrategy::Paged, script);
    let wanted = Failure::Status(500, "etcd has no leader".into());
    let failed = |state: &SourceState| matches!(state, SourceState::Retrying { failure, .. } if *failure == wanted);
    scene
        .until(|scene| scene.states.iter().any(|(_, state)| failed(state)))
        .await;
    assert_eq!(scene.services(), ["shop/a"]);
    scene.until(|scene| scene.services() == ["shop/a", "shop/b"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_the_server_does_not_know_is_absent_and_not_forbidden() {
    let forbidden = || status(403, "httproutes.gateway.networking.k8s.io is forbidden");
    let other = r#"{"kind":"APIResourceList","resources":[{"name":"gateways"}]}"#;
    let script: Vec<Exchange> = vec![
        (&["/v1/httproutes?"], 403, forbidden()),
        (&["/apis/gateway.networking.k8s.io/v1"], 200, other.to_owned()),
        (&["/v1beta1/httproutes?"], 403, forbidden()),
        (
            &["/apis/gateway.networking.k8s.io/v1beta1"],
            404,
            "404 page not found".to_owned(),
        ),
    ];
    let mut scene = Scene::start(Kind::HTTPRoute, ListStrategy::Paged, script);
    scene
        .until(|scene| scene.world.coverage.get(Kind::HTTPRoute) == Coverage::Absent)
        .await;
    assert_eq!(scene.states.last(), Some(&(ListScope::All, SourceState::Absent)));
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_the_server_knows_may_be_forbidden() {
    let known = r#"{"kind":"APIResourceList","resources":[{"name":"httproutes"}]}"#;
    let script: Vec<Exchange> = vec![
        (&["/v1/httproutes?"], 403, status(403, "httproutes is forbidden")),
        (&["/apis/gateway.networking.k8s.io/v1"], 200, known.to_owned()),
        (&["/v1/namespaces/shop/httproutes?"], 200, page("", &[])),
    ];
    let mut scene = Scene::start(Kind::HTTPRoute, ListStrategy::Paged, script);
    let partial = Coverage::Partial {
        readable: [Text::from("shop")].into(),
    };
    scene
        .until(|scene| scene.world.coverage.get(Kind::HTTPRoute) == partial)
        .await;
}
