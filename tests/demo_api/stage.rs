//! A server with a small cluster, and the ways to talk to it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::GroupVersionKind;
use kube::{Client, Config};
use serde_json::{Value, json};
use sidescope::demo::admin::{Admin, AdminAnswer, Ran};
use sidescope::demo::definitions;
use sidescope::demo::options::Options;
use sidescope::demo::server::serve;
use sidescope::demo::store::Store;

/// An Envoy that repeats what it was asked.
struct Echo;

impl Admin for Echo {
    fn answer(&self, namespace: &str, pod: &str, port: u16, path: &str) -> AdminAnswer {
        match port {
            15000 => AdminAnswer::text(200, format!("{namespace}/{pod}{path}")),
            _ => AdminAnswer::Refused,
        }
    }

    fn run(&self, _: &str, _: &str, _: &str, command: &[String]) -> Ran {
        Ran {
            stdout: Bytes::from(command.join(" ")),
            ..Ran::nothing()
        }
    }
}

/// A server with a small cluster; it ends with the test.
pub(crate) struct Demo {
    pub store: Arc<Store>,
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
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    #[expect(clippy::disallowed_methods, reason = "the test runs the server, as runtime would")]
    pub(crate) async fn with(options: Options) -> Self {
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

    pub(crate) fn client(&self) -> Client {
        self.client_of(None)
    }

    pub(crate) fn client_of(&self, token: Option<&str>) -> Client {
        let mut config = Config::new(format!("http://{}", self.address).parse().unwrap());
        config.default_retry = false;
        config.auth_info.token = token.map(|token| token.to_owned().into());
        Client::try_from(config).unwrap()
    }

    pub(crate) fn pods(&self) -> Api<DynamicObject> {
        Api::all_with(self.client(), &resource("", "v1", "Pod"))
    }

    pub(crate) fn sidecars(&self) -> Api<DynamicObject> {
        Api::namespaced_with(
            self.client(),
            "bookinfo",
            &resource("networking.istio.io", "v1", "Sidecar"),
        )
    }

    /// A request in plain HTTP: status, headers and body.
    pub(crate) async fn ask(
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

    pub(crate) async fn get(&self, path: &str) -> Value {
        serde_json::from_str(&self.ask("GET", path, &[], "").await.2).unwrap()
    }
}

pub(crate) fn resource(group: &str, version: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

pub(crate) fn sidecar(namespace: &str, hosts: &[&str]) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Sidecar",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {"egress": [{"hosts": hosts}]},
    })
}

pub(crate) fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "bookinfo", "creationTimestamp": "2026-11-23T04:54:30Z",
            "labels": {"app": name.split('-').next()}},
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "app:1"}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1",
            "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "state": {"running": {}}}]},
    })
}

pub(crate) fn of(value: Value) -> DynamicObject {
    serde_json::from_value(value).unwrap()
}

pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, kube::Error>) -> (u16, String) {
    let refusal = result.unwrap_err();
    let kube::Error::Api(status) = &refusal else {
        panic!("{refusal:?}")
    };
    (status.code, status.message.clone())
}

pub(crate) async fn next<S: futures::Stream>(stream: &mut Pin<Box<S>>) -> S::Item {
    tokio::time::timeout(Duration::from_secs(10), stream.next())
        .await
        .expect("an event")
        .expect("no end")
}
