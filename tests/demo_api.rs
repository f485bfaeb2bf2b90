//! The demo's API server, as its clients see it: kube's client, and plain HTTP where kube has no words for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use kube::core::GroupVersionKind;
use kube::runtime::watcher;
use kube::{Client, Config};
use serde_json::{Value, json};
use sidescope::demo::admin::{Admin, AdminAnswer};
use sidescope::demo::definitions;
use sidescope::demo::kinds::Resource;
use sidescope::demo::options::{Access, FaultSwitch, Faults, Options, Rights, Rule, User, WatchList};
use sidescope::demo::refusal::Reason;
use sidescope::demo::server::serve;
use sidescope::demo::store::{ResourceRef, Store};

/// An Envoy that repeats what it was asked.
struct Echo;

impl Admin for Echo {
    fn answer(&self, namespace: &str, pod: &str, port: u16, path: &str) -> AdminAnswer {
        match port {
            15000 => AdminAnswer::text(200, format!("{namespace}/{pod}{path}")),
            _ => AdminAnswer::Refused,
        }
    }
}

/// A server with a small cluster; it ends with the test.
struct Demo {
    store: Arc<Store>,
    address: SocketAddr,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.server.abort();
    }
}

const NOW: &str = "2026-11-23T05:00:00Z";

impl Demo {
    async fn start() -> Self {
        Self::with(Options::default()).await
    }

    #[expect(clippy::disallowed_methods, reason = "the test runs the server, as runtime would")]
    async fn with(options: Options) -> Self {
        let store = Arc::new(Store::new(|| NOW.parse().unwrap()));
        definitions::install_all(&store, "2026-10-01T00:00:00Z".parse().unwrap()).unwrap();
        store
            .put(sidecar("bookinfo", &["./*", "istio-system/*"]), "kubectl-create")
            .unwrap();
        for name in ["details", "productpage", "ratings", "reviews-a", "reviews-b"] {
            store.put(pod(name), "kube-controller-manager").unwrap();
        }
        let (address, server) = serve(Arc::clone(&store), Arc::new(Echo), options).await.unwrap();
        Self {
            store,
            address,
            server: tokio::spawn(server),
        }
    }

    fn client(&self) -> Client {
        self.client_of(None)
    }

    fn client_of(&self, token: Option<&str>) -> Client {
        let mut config = Config::new(format!("http://{}", self.address).parse().unwrap());
        config.default_retry = false;
        config.auth_info.token = token.map(|token| token.to_owned().into());
        Client::try_from(config).unwrap()
    }

    fn pods(&self) -> Api<DynamicObject> {
        Api::all_with(self.client(), &resource("", "v1", "Pod"))
    }

    fn sidecars(&self) -> Api<DynamicObject> {
        Api::namespaced_with(
            self.client(),
            "bookinfo",
            &resource("networking.istio.io", "v1", "Sidecar"),
        )
    }

    /// A request in plain HTTP: status, headers and body.
    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, http::HeaderMap, String) {
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let mut request = http::Request::builder().method(method).uri(path).header("host", "demo");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let answer = async {
            let answer = sender.send_request(request).await.unwrap();
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            (
                parts.status.as_u16(),
                parts.headers,
                String::from_utf8(body.to_vec()).unwrap(),
            )
        };
        tokio::select! {
            answer = answer => answer,
            ended = connection => panic!("the connection ended: {ended:?}"),
        }
    }

    async fn get(&self, path: &str) -> Value {
        serde_json::from_str(&self.ask("GET", path, &[], "").await.2).unwrap()
    }
}

fn resource(group: &str, version: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

fn sidecar(namespace: &str, hosts: &[&str]) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {"egress": [{"hosts": hosts}]},
    })
}

fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "bookinfo", "creationTimestamp": "2026-11-23T04:54:30Z",
            "labels": {"app": name.split('-').next()}},
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "app:1"}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1",
            "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "state": {"running": {}}}]},
    })
}

fn of(value: Value) -> DynamicObject {
    serde_json::from_value(value).unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, kube::Error>) -> (u16, String) {
    let refusal = result.unwrap_err();
    let kube::Error::Api(status) = &refusal else {
        panic!("{refusal:?}")
    };
    (status.code, status.message.clone())
}

async fn next<S: futures::Stream>(stream: &mut Pin<Box<S>>) -> S::Item {
    tokio::time::timeout(Duration::from_secs(10), stream.next())
        .await
        .expect("an event")
        .expect("no end")
}

#[tokio::test]
async fn lists_come_whole_by_page_and_by_selector() {
    let demo = Demo::start().await;
    let pods = demo.pods();
    let all = pods.list(&ListParams::default()).await.unwrap();
    let names: Vec<_> = all.items.iter().map(|pod| pod.metadata.name.clone().unwrap()).collect();
    assert_eq!(names, ["details", "productpage", "ratings", "reviews-a", "reviews-b"]);
    assert_eq!(all.metadata.resource_version.unwrap(), demo.store.version().to_string());

    let first = pods.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!((first.items.len(), first.metadata.remaining_item_count), (2, Some(3)));
    // what happens between two pages does not show in the second
    demo.store
        .delete(&ResourceRef::new(Resource::Pods, "bookinfo", "ratings"))
        .unwrap();
    let token = first.metadata.continue_.unwrap();
    let second = pods
        .list(&ListParams::default().limit(2).continue_token(&token))
        .await
        .unwrap();
    let names: Vec<_> = second
        .items
        .iter()
        .map(|pod| pod.metadata.name.clone().unwrap())
        .collect();
    assert_eq!(names, ["ratings", "reviews-a"]);
    assert_eq!(second.metadata.resource_version, first.metadata.resource_version);

    let chosen = pods
        .list(
            &ListParams::default()
                .labels("app=reviews")
                .fields("status.phase=Running"),
        )
        .await
        .unwrap();
    assert_eq!(chosen.items.len(), 2);
    let none = pods
        .list(&ListParams::default().fields("spec.nodeName!=n1"))
        .await
        .unwrap();
    assert_eq!(none.items.len(), 0);
}

#[tokio::test]
async fn an_expired_page_is_410_and_offers_to_go_on() {
    let demo = Demo::start().await;
    let first = demo.get("/api/v1/pods?limit=2").await;
    demo.store.forget_history();
    demo.store.put(pod("another"), "a").unwrap();
    let path = format!(
        "/api/v1/pods?limit=2&continue={}",
        first["metadata"]["continue"].as_str().unwrap()
    );
    let (code, _, body) = demo.ask("GET", &path, &[], "").await;
    let status: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, &status["reason"]), (410, &json!("Expired")));
    let rest = demo
        .get(&format!(
            "/api/v1/pods?continue={}",
            status["metadata"]["continue"].as_str().unwrap()
        ))
        .await;
    let names: Vec<_> = rest["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| &pod["metadata"]["name"])
        .collect();
    assert_eq!(names, ["ratings", "reviews-a", "reviews-b"]);
}

#[tokio::test]
async fn items_of_built_in_lists_carry_no_kind_and_custom_lists_end_with_their_metadata() {
    let demo = Demo::start().await;
    let (_, headers, pods) = demo.ask("GET", "/api/v1/pods?limit=1", &[], "").await;
    assert!(
        pods.starts_with(r#"{"kind":"PodList","apiVersion":"v1","metadata":{"#),
        "{pods}"
    );
    assert!(pods.contains(r#""items":[{"metadata":{"#), "{pods}");
    assert_eq!(headers["date"], "Mon, 23 Nov 2026 05:00:00 GMT");
    let (_, _, sidecars) = demo
        .ask("GET", "/apis/networking.istio.io/v1alpha3/sidecars", &[], "")
        .await;
    let head = r#"{"apiVersion":"networking.istio.io/v1alpha3","items":[{"apiVersion":"networking.istio.io/v1alpha3","kind":"Sidecar","#;
    assert!(sidecars.starts_with(head), "{sidecars}");
    let version = demo.store.version();
    assert!(sidecars.ends_with(&format!(
        "],\"kind\":\"SidecarList\",\"metadata\":{{\"resourceVersion\":\"{version}\"}}}}\n"
    )));
}

#[tokio::test]
async fn a_streaming_list_ends_with_its_bookmark_and_then_tells_edits() {
    let demo = Demo::start().await;
    let stream = watcher(demo.sidecars(), watcher::Config::default().streaming_lists());
    let mut stream = Box::pin(stream);
    assert!(matches!(next(&mut stream).await, Ok(watcher::Event::Init)));
    assert!(matches!(next(&mut stream).await, Ok(watcher::Event::InitApply(_))));
    assert!(matches!(next(&mut stream).await, Ok(watcher::Event::InitDone)));
    let patch = json!({"spec": {"egress": [{"hosts": ["./*"]}]}});
    demo.sidecars()
        .patch("default", &PatchParams::default(), &Patch::Merge(&patch))
        .await
        .unwrap();
    let Ok(watcher::Event::Apply(edited)) = next(&mut stream).await else {
        panic!("no edit")
    };
    assert_eq!(
        (edited.metadata.generation, &edited.data["spec"]),
        (Some(2), &patch["spec"])
    );
    demo.sidecars()
        .delete("default", &DeleteParams::default())
        .await
        .unwrap();
    assert!(matches!(next(&mut stream).await, Ok(watcher::Event::Delete(_))));
}

#[tokio::test]
async fn a_server_without_streaming_lists_says_422_and_serves_the_paged_ones() {
    let options = Options::default();
    options.faults.set(Faults {
        watch_list: WatchList::Refused,
        ..Faults::default()
    });
    let demo = Demo::with(options).await;
    let mut streaming = Box::pin(watcher(demo.pods(), watcher::Config::default().streaming_lists()));
    let refusal = loop {
        if let Err(refusal) = next(&mut streaming).await {
            break refusal;
        }
    };
    let watcher::Error::WatchStartFailed(kube::Error::Api(status)) = refusal else {
        panic!("{refusal:?}")
    };
    let expected = "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch \
                    unless the WatchList feature gate is enabled";
    assert_eq!((status.code, status.message.as_str()), (422, expected));

    let mut paged = Box::pin(watcher(demo.pods(), watcher::Config::default().page_size(2)));
    let mut seen = 0;
    loop {
        match next(&mut paged).await.unwrap() {
            watcher::Event::InitApply(_) => seen += 1,
            watcher::Event::InitDone => break,
            watcher::Event::Init | watcher::Event::Apply(_) | watcher::Event::Delete(_) => {}
        }
    }
    assert_eq!(seen, 5);
}

#[tokio::test]
async fn a_watch_tells_what_enters_and_leaves_its_selection() {
    let demo = Demo::start().await;
    let version = demo.store.version().to_string();
    let params = WatchParams::default().labels("app=reviews").timeout(20);
    let mut events = Box::pin(demo.pods().watch(&params, &version).await.unwrap());
    let mut moved = pod("details");
    moved["metadata"]["labels"]["app"] = json!("reviews");
    demo.store.put(moved, "kubectl-label").unwrap();
    demo.store.put(pod("details"), "kubectl-label").unwrap();
    demo.store
        .delete(&ResourceRef::new(Resource::Pods, "bookinfo", "reviews-a"))
        .unwrap();
    let told: Vec<String> = vec![
        next(&mut events).await,
        next(&mut events).await,
        next(&mut events).await,
    ]
    .into_iter()
    .map(|event| match event.unwrap() {
        WatchEvent::Added(pod) => format!("+{}", pod.metadata.name.unwrap()),
        WatchEvent::Deleted(pod) => format!(
            "-{}@{}",
            pod.metadata.name.unwrap(),
            pod.metadata.resource_version.unwrap()
        ),
        WatchEvent::Modified(_) | WatchEvent::Bookmark(_) | WatchEvent::Error(_) => "unexpected".to_owned(),
    })
    .collect();
    let now = demo.store.version();
    assert_eq!(
        told,
        [
            "+details".to_owned(),
            format!("-details@{}", now - 1),
            format!("-reviews-a@{now}")
        ]
    );
}

#[tokio::test]
async fn a_watch_from_a_forgotten_version_is_told_410_in_the_stream() {
    let demo = Demo::start().await;
    demo.store.forget_history();
    let mut events = Box::pin(demo.pods().watch(&WatchParams::default(), "3").await.unwrap());
    let WatchEvent::Error(status) = next(&mut events).await.unwrap() else {
        panic!("no error")
    };
    let expected = format!("too old resource version: 3 ({})", demo.store.version());
    assert_eq!(
        (status.code, status.reason.as_str(), &status.message),
        (410, "Expired", &expected)
    );
}

#[tokio::test]
async fn bookmarks_come_when_nothing_else_does() {
    let demo = Demo::with(Options {
        bookmark_every: Duration::from_millis(20),
        ..Options::default()
    })
    .await;
    let version = demo.store.version();
    let mut events = Box::pin(
        demo.pods()
            .watch(&WatchParams::default(), &version.to_string())
            .await
            .unwrap(),
    );
    demo.store.put(sidecar("other", &["./*"]), "a").unwrap();
    // the version moves on although no pod changed
    loop {
        let WatchEvent::Bookmark(bookmark) = next(&mut events).await.unwrap() else {
            panic!("no bookmark")
        };
        let told: u64 = bookmark.metadata.resource_version.parse().unwrap();
        if told > version {
            assert_eq!(told, demo.store.version());
            break;
        }
    }
}

#[tokio::test]
async fn objects_are_created_replaced_and_deleted_with_the_servers_refusals() {
    let demo = Demo::start().await;
    let sidecars = demo.sidecars();
    assert_eq!(
        refused(sidecars.get("nosuch").await),
        (404, "sidecars.networking.istio.io \"nosuch\" not found".to_owned())
    );
    let twice = sidecars
        .create(&PostParams::default(), &of(sidecar("bookinfo", &["./*"])))
        .await;
    assert_eq!(
        refused(twice),
        (
            409,
            "sidecars.networking.istio.io \"default\" already exists".to_owned()
        )
    );

    let live = sidecars.get("default").await.unwrap();
    let mut next = live.clone();
    next.data["spec"] = json!({"egress": [{"hosts": ["~/*"]}]});
    let replaced = sidecars
        .replace("default", &PostParams::default(), &next)
        .await
        .unwrap();
    assert_eq!(
        (replaced.metadata.generation, replaced.metadata.uid),
        (Some(2), live.metadata.uid)
    );
    let stale = sidecars.replace("default", &PostParams::default(), &next).await;
    let expected = "Operation cannot be fulfilled on sidecars.networking.istio.io \"default\": the object has been modified; please \
                    apply your changes to the latest version and try again";
    assert_eq!(refused(stale), (409, expected.to_owned()));

    let dry = DeleteParams {
        dry_run: true,
        ..DeleteParams::default()
    };
    sidecars.delete("default", &dry).await.unwrap();
    sidecars.get("default").await.unwrap();
    let gone = sidecars
        .delete("default", &DeleteParams::default())
        .await
        .unwrap()
        .unwrap_right();
    assert!(gone.is_success());
    assert!(refused(sidecars.get("default").await).0 == 404);
    let homeless = Api::<DynamicObject>::namespaced_with(
        demo.client(),
        "nosuch",
        &resource("networking.istio.io", "v1", "Sidecar"),
    );
    let lost = homeless
        .create(&PostParams::default(), &of(sidecar("nosuch", &["./*"])))
        .await;
    assert_eq!(refused(lost), (404, "namespaces \"nosuch\" not found".to_owned()));
}

#[tokio::test]
async fn unknown_fields_are_refused_when_strict_and_warned_of_else() {
    let demo = Demo::start().await;
    let mut typo = sidecar("bookinfo", &["./*"]);
    typo["metadata"]["name"] = json!("typo");
    typo["spec"]["egresss"] = json!([]);
    let path = "/apis/networking.istio.io/v1/namespaces/bookinfo/sidecars";
    let json_body = [("content-type", "application/json")];
    let (code, _, body) = demo
        .ask(
            "POST",
            &format!("{path}?fieldValidation=Strict"),
            &json_body,
            &typo.to_string(),
        )
        .await;
    let expected = "Sidecar in version \"v1\" cannot be handled as a Sidecar: strict decoding error: unknown field \"spec.egresss\"";
    assert_eq!(
        (code, serde_json::from_str::<Value>(&body).unwrap()["message"].as_str()),
        (400, Some(expected))
    );
    let (code, headers, body) = demo.ask("POST", path, &json_body, &typo.to_string()).await;
    assert_eq!(
        (code, headers["warning"].to_str().unwrap()),
        (201, r#"299 - "unknown field \"spec.egresss\"""#)
    );
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap()["spec"],
        json!({"egress": [{"hosts": ["./*"]}]})
    );
}

#[tokio::test]
async fn what_the_schema_forbids_is_422_with_its_causes() {
    let demo = Demo::start().await;
    let patch = json!({"spec": {"outboundTrafficPolicy": {"mode": "FOO"}}});
    let result = demo
        .sidecars()
        .patch("default", &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    let kube::Error::Api(status) = result.unwrap_err() else {
        panic!("no status")
    };
    let causes = status.details.as_ref().map(|details| details.causes.clone()).unwrap();
    assert_eq!(
        (status.code, causes[0].field.as_str()),
        (422, "spec.outboundTrafficPolicy.mode")
    );
    assert_eq!(
        causes[0].message,
        r#"Unsupported value: "FOO": supported values: "REGISTRY_ONLY", "ALLOW_ANY""#
    );
}

#[tokio::test]
async fn server_side_apply_tells_whose_fields_are_in_the_way() {
    let demo = Demo::start().await;
    let sidecars = demo.sidecars();
    let config = sidecar("bookinfo", &["./*"]);
    let result = sidecars
        .patch("default", &PatchParams::apply("argocd"), &Patch::Apply(&config))
        .await;
    let kube::Error::Api(status) = result.unwrap_err() else {
        panic!("no status")
    };
    let expected =
        "Apply failed with 1 conflict: conflict with \"kubectl-create\" using networking.istio.io/v1: .spec.egress";
    assert_eq!((status.code, status.message.as_str()), (409, expected));
    let causes = status.details.as_ref().map(|details| details.causes.clone()).unwrap();
    assert_eq!(
        (causes[0].reason.as_str(), causes[0].field.as_str()),
        ("FieldManagerConflict", ".spec.egress")
    );
    let dry = PatchParams::apply("argocd").force().dry_run();
    sidecars.patch("default", &dry, &Patch::Apply(&config)).await.unwrap();
    let forced = sidecars
        .patch("default", &PatchParams::apply("argocd").force(), &Patch::Apply(&config))
        .await
        .unwrap();
    let managers: Vec<_> = forced
        .metadata
        .managed_fields
        .unwrap()
        .into_iter()
        .map(|entry| entry.manager.unwrap())
        .collect();
    assert_eq!(
        (managers, forced.metadata.generation),
        (vec!["argocd".to_owned(), "kubectl-create".to_owned()], Some(2))
    );
}

#[tokio::test]
async fn kubectl_gets_its_columns_from_the_server() {
    let demo = Demo::start().await;
    let table = [(
        "accept",
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    )];
    let (_, _, body) = demo
        .ask("GET", "/api/v1/namespaces/bookinfo/pods?limit=1", &table, "")
        .await;
    let body: Value = serde_json::from_str(&body).unwrap();
    let headers: Vec<_> = body["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].clone())
        .collect();
    let expected = [
        "Name",
        "Ready",
        "Status",
        "Restarts",
        "Age",
        "IP",
        "Node",
        "Nominated Node",
        "Readiness Gates",
    ];
    assert_eq!(
        (&body["kind"], headers),
        (&json!("Table"), expected.map(Value::from).to_vec())
    );
    let cells = json!([
        "details", "1/1", "Running", "0", "5m30s", "10.0.0.1", "n1", "<none>", "<none>"
    ]);
    assert_eq!(
        (&body["rows"][0]["cells"], &body["rows"][0]["object"]["kind"]),
        (&cells, &json!("PartialObjectMetadata"))
    );
    let path = "/apis/networking.istio.io/v1/namespaces/bookinfo/sidecars/default?includeObject=None";
    let (_, _, body) = demo.ask("GET", path, &table, "").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["rows"], json!([{"cells": ["default", "0s"]}]));
}

#[tokio::test]
async fn discovery_names_what_is_served_and_forgets_a_kind_without_definition() {
    let demo = Demo::start().await;
    let discovery = kube::Discovery::new(demo.client()).run_aggregated().await.unwrap();
    let (sidecars, capabilities) = discovery
        .resolve_gvk(&GroupVersionKind::gvk("networking.istio.io", "v1", "Sidecar"))
        .unwrap();
    assert_eq!(
        (sidecars.plural.as_str(), capabilities.subresources.len()),
        ("sidecars", 1)
    );
    let versions: Vec<_> = discovery
        .get("networking.istio.io")
        .unwrap()
        .versions()
        .map(str::to_owned)
        .collect();
    assert_eq!(versions, ["v1", "v1beta1", "v1alpha3"]);
    let definition = ResourceRef::new(Resource::CustomResourceDefinitions, "", "sidecars.networking.istio.io");
    demo.store.delete(&definition).unwrap();
    assert_eq!(refused(demo.sidecars().list(&ListParams::default()).await).0, 404);
    definitions::install(&demo.store, Resource::Sidecars, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(
        demo.sidecars().list(&ListParams::default()).await.unwrap().items.len(),
        0
    );
}

#[tokio::test]
async fn rights_are_checked_by_kind_and_namespace() {
    let user = |rights| User {
        name: "oncall".to_owned(),
        rights,
    };
    let users = BTreeMap::from([
        (
            "narrow".to_owned(),
            user(Rights::Only(vec![Rule::new(
                &["get", "list"],
                &["pods"],
                &["bookinfo"],
            )])),
        ),
        (
            "blind".to_owned(),
            user(Rights::AllBut(vec![Rule::new(&[], &["sidecars"], &[])])),
        ),
    ]);
    let demo = Demo::with(Options {
        access: Access::Tokens(users),
        ..Options::default()
    })
    .await;
    let pods = resource("", "v1", "Pod");
    let list = ListParams::default();
    let unknown = Api::<DynamicObject>::all_with(demo.client(), &pods).list(&list).await;
    assert_eq!(refused(unknown), (401, "Unauthorized".to_owned()));
    let narrow = demo.client_of(Some("narrow"));
    let all = Api::<DynamicObject>::all_with(narrow.clone(), &pods).list(&list).await;
    let expected =
        "pods is forbidden: User \"oncall\" cannot list resource \"pods\" in API group \"\" at the cluster scope";
    assert_eq!(refused(all), (403, expected.to_owned()));
    let one = Api::<DynamicObject>::namespaced_with(narrow, "bookinfo", &pods)
        .list(&list)
        .await;
    assert_eq!(one.unwrap().items.len(), 5);
    let kind = resource("networking.istio.io", "v1", "Sidecar");
    let denied = Api::<DynamicObject>::namespaced_with(demo.client_of(Some("blind")), "bookinfo", &kind)
        .get("default")
        .await;
    let expected = "sidecars.networking.istio.io \"default\" is forbidden: User \"oncall\" cannot get resource \"sidecars\" in API \
                    group \"networking.istio.io\" in the namespace \"bookinfo\"";
    assert_eq!(refused(denied), (403, expected.to_owned()));
}

#[tokio::test]
async fn troubles_can_be_switched_on_and_off() {
    let faults = FaultSwitch::default();
    let demo = Demo::with(Options {
        faults: faults.clone(),
        ..Options::default()
    })
    .await;
    let rule = Rule::new(&["list"], &["pods"], &[]);
    faults.set(Faults {
        refused: vec![(rule, Reason::ServiceUnavailable)],
        ..Faults::default()
    });
    assert_eq!(refused(demo.pods().list(&ListParams::default()).await).0, 503);
    demo.sidecars().list(&ListParams::default()).await.unwrap();
    faults.set(Faults::default());
    demo.pods().list(&ListParams::default()).await.unwrap();
}

#[tokio::test]
async fn a_pod_on_a_node_takes_its_time_to_go() {
    let demo = Demo::with(Options {
        termination: Duration::from_millis(20),
        ..Options::default()
    })
    .await;
    let pods = Api::<DynamicObject>::namespaced_with(demo.client(), "bookinfo", &resource("", "v1", "Pod"));
    let version = demo.store.version().to_string();
    let mut events = Box::pin(pods.watch(&WatchParams::default(), &version).await.unwrap());
    pods.delete("ratings", &DeleteParams::default()).await.unwrap();
    let WatchEvent::Modified(going) = next(&mut events).await.unwrap() else {
        panic!("it did not linger")
    };
    assert_eq!(
        going.metadata.deletion_timestamp.unwrap().0.to_string(),
        "2026-11-23T05:00:30Z"
    );
    assert!(matches!(next(&mut events).await, Ok(WatchEvent::Deleted(_))));
}

#[tokio::test]
async fn a_forwarded_port_answers_many_requests_on_one_stream() {
    let demo = Demo::start().await;
    let pods = Api::<k8s_openapi::api::core::v1::Pod>::namespaced(demo.client(), "bookinfo");
    let mut forward = pods.portforward("ratings", &[15000]).await.unwrap();
    let stream = forward.take_stream(15000).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let requests = async {
        for path in ["/clusters?format=json", "/server_info"] {
            let request = http::Request::get(path)
                .header("host", "x")
                .body(Empty::<Bytes>::new())
                .unwrap();
            let body = sender
                .send_request(request)
                .await
                .unwrap()
                .into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes();
            assert_eq!(body, format!("bookinfo/ratings{path}"));
        }
    };
    tokio::select! {
        () = requests => {}
        ended = connection => panic!("the connection ended: {ended:?}"),
    }
    forward.abort();
}

#[tokio::test]
async fn a_port_on_which_nothing_listens_is_told_on_the_error_channel() {
    let demo = Demo::start().await;
    let pods = Api::<k8s_openapi::api::core::v1::Pod>::namespaced(demo.client(), "bookinfo");
    let mut forward = pods.portforward("ratings", &[9999]).await.unwrap();
    let told = forward.take_error(9999).unwrap().await.unwrap();
    assert!(
        told.ends_with("failed to connect to localhost:9999 inside the pod: connect: connection refused"),
        "{told}"
    );
    assert_eq!(
        refused(pods.portforward("nosuch", &[15000]).await.map(drop)),
        (404, "pods \"nosuch\" not found".to_owned())
    );
}

#[tokio::test]
async fn a_body_over_three_mebibytes_is_413() {
    let demo = Demo::start().await;
    let path = "/api/v1/namespaces/bookinfo/configmaps";
    let (code, _, body) = demo
        .ask(
            "POST",
            path,
            &[("content-type", "application/json")],
            &"x".repeat(3 * 1024 * 1024 + 1),
        )
        .await;
    assert_eq!(
        (code, body.contains("Request entity too large: limit is 3145728")),
        (413, true)
    );
}

#[tokio::test]
async fn five_thousand_pods_are_streamed_to_a_watcher() {
    let demo = Demo::start().await;
    let mut one = demo.store.put(pod("crowd"), "crowd").unwrap();
    for number in 0..5_000 {
        one["metadata"]["name"] = json!(format!("crowd-{number}"));
        demo.store.load(one.clone()).unwrap();
    }
    let objects = watcher(demo.pods(), watcher::Config::default().streaming_lists())
        .try_take_while(|event| futures::future::ready(Ok(!matches!(event, watcher::Event::InitDone))))
        .try_filter(|event| futures::future::ready(matches!(event, watcher::Event::InitApply(_))));
    let count = objects
        .try_fold(0, |count, _| futures::future::ready(Ok(count + 1)))
        .await
        .unwrap();
    assert_eq!(count, 5_006);
}
