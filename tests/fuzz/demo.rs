//! The API server of the demo: requests, patches, selectors, and the frames of forwarded ports.

use std::cell::{Cell, OnceCell};
use std::net::SocketAddr;
use std::sync::{Arc, Once};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sidescope::demo::admin::{Admin, AdminAnswer, Ran};
use sidescope::demo::definitions;
use sidescope::demo::options::Options;
use sidescope::demo::server::serve;
use sidescope::demo::store::Store;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::Target;
use crate::invariants::Outcome;

/// No answer to one request is longer: the largest is a whole schema.
const LONGEST_ANSWER: usize = 8 << 20;
/// Of an answer that goes on this much is read.
const WATCHED: usize = 3;

/// `METHOD PATH`, headers, an empty line, a body.
pub(crate) const REQUEST: Target = Target {
    seeds: &[],
    words: &[
        "GET ",
        "PATCH ",
        "PUT ",
        "DELETE ",
        "POST ",
        "/api/v1/",
        "/apis/networking.istio.io/v1/",
        "namespaces/bookinfo/",
        "?labelSelector=",
        "&fieldSelector=",
        "&watch=true",
        "&limit=1",
        "&continue=",
        "&resourceVersion=",
        "a in (b)",
        "%20notin%20(",
        "metadata.name=a",
        "%2C",
        "content-type: application/json-patch+json\n",
        "content-type: application/merge-patch+json\n",
        "content-type: application/strategic-merge-patch+json\n",
        "content-type: application/apply-patch+yaml\n",
        "content-type: application/vnd.kubernetes.protobuf\n",
        "accept: application/json;as=Table;g=meta.k8s.io;v=v1\n",
        "\"op\":\"add\",\"path\":\"/-\"",
        "\"$patch\":\"delete\"",
        "~1",
        "\"$setElementOrder/a\":[",
        "k8s\0",
    ],
    longest: crate::FILE,
    read: |bytes| with_server(|server| server.runtime.block_on(request(server.address, bytes))),
};

/// What follows the upgrade of a forwarded port; the first byte chooses SPDY, SPDY in a WebSocket, or channels.
pub(crate) const FORWARD: Target = Target {
    seeds: &[],
    words: &[
        "\u{1}",
        "\0\0\0\u{1}",
        "\0\0\0\u{5}error",
        "\0\0\0\u{9}requestid",
        "\0\0\0\u{4}port",
        "\0\0\0\u{5}15000",
        "GET /clusters HTTP/1.1\r\nhost: a\r\n\r\n",
        "x\u{1}",
        "\0\0\0\0\0",
        "\u{7f}\u{7f}\u{7f}\u{7f}",
    ],
    longest: crate::FILE,
    read: |bytes| with_server(|server| server.runtime.block_on(forward(server.address, bytes))),
};

struct Server {
    runtime: Runtime,
    address: SocketAddr,
}

/// An Envoy that repeats what it was asked.
struct Echo;

impl Admin for Echo {
    fn answer(&self, _: &str, _: &str, port: u16, path: &str) -> AdminAnswer {
        match port {
            15000 => AdminAnswer::text(200, path.to_owned()),
            _ => AdminAnswer::Refused,
        }
    }

    fn run(&self, _: &str, _: &str, _: &str, _: &[String]) -> Ran {
        Ran::nothing()
    }
}

thread_local! {
    static SERVER: OnceCell<Server> = const { OnceCell::new() };
    /// What panicked on this thread, tasks of the server among it, which keep it to themselves.
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// One server for a target: it must outlive whatever it is asked.
fn with_server(ask: impl FnOnce(&Server) -> Outcome) -> Outcome {
    static COUNTED: Once = Once::new();
    COUNTED.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            told(panic);
        }));
    });
    SERVER.with(|server| {
        let before = PANICS.get();
        let outcome = ask(server.get_or_init(Server::start));
        assert_eq!(PANICS.get(), before, "a task of the server panicked");
        outcome
    })
}

impl Server {
    fn start() -> Self {
        let store = Arc::new(Store::new(|| "2026-11-23T05:00:00Z".parse().unwrap()));
        definitions::install_all(&store, "2026-10-01T00:00:00Z".parse().unwrap()).unwrap();
        let sidecar = json!({"apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": {"name": "default", "namespace": "bookinfo"},
            "spec": {"egress": [{"hosts": ["./*", "istio-system/*"]}]}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ratings", "namespace": "bookinfo", "labels": {"app": "ratings"}},
            "spec": {"nodeName": "n", "containers": [{"name": "app", "image": "a"}, {"name": "istio-proxy", "image": "b"}]}});
        for object in [sidecar, pod] {
            store.put(object, "kubectl-create").unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (address, server) = runtime
            .block_on(serve(store, Arc::new(Echo), Options::default()))
            .unwrap();
        drop(runtime.spawn(server));
        Self { runtime, address }
    }
}

/// Sends it; what cannot be written as a request of HTTP is none.
async fn request(address: SocketAddr, bytes: &[u8]) -> Outcome {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((bytes, &[][..]), |end| (&bytes[..end], &bytes[end + 2..]));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let (method, path) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .unwrap_or(("GET", "/"));
    let path: String = path.chars().map(|c| if c == ' ' { '+' } else { c }).collect();
    let mut request = http::Request::builder().method(method).uri(path).header("host", "demo");
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        request = request.header(name.trim(), value.trim());
    }
    let Ok(mut request) = request.body(Full::new(Bytes::copy_from_slice(body))) else {
        return Outcome::Read(0, Vec::new());
    };
    // how long the body is, and where a connection goes, is for the client to say
    for name in [
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "expect",
        "te",
        "trailer",
    ] {
        request.headers_mut().remove(name);
    }
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let answer = async {
        let answer = match sender.send_request(request).await {
            Ok(answer) => answer,
            // a head that is too long for any server
            Err(_) if head.len() > 8192 => return Outcome::Read(0, Vec::new()),
            Err(error) => panic!(
                "no answer to {:?}: {error:?}",
                head.chars().take(300).collect::<String>()
            ),
        };
        let (parts, mut body) = answer.into_parts();
        let is_watch = head.contains("watch");
        let (mut read, mut frames) = (Vec::new(), 0);
        while !(is_watch && frames == WATCHED) {
            let next = body.frame();
            let frame = if is_watch {
                tokio::time::timeout(std::time::Duration::from_millis(5), next)
                    .await
                    .unwrap_or(None)
            } else {
                next.await
            };
            let Some(frame) = frame else { break };
            read.extend_from_slice(frame.unwrap().data_ref().unwrap_or(&Bytes::new()));
            frames += 1;
            assert!(read.len() <= LONGEST_ANSWER, "an answer without end");
        }
        if parts.status.as_u16() < 400 {
            return Outcome::Read(0, Vec::new());
        }
        match serde_json::from_slice::<Value>(&read) {
            // a real one answers some mistakes with 500, too
            Ok(status) => {
                assert_ne!(status["reason"], "InternalError", "{status}");
                // kube-apiserver's own words may be of several lines
                let message = status["message"].as_str().unwrap_or("a refusal");
                Outcome::Echoed(message.replace('\n', " "))
            }
            Err(_) => Outcome::Read(read.len(), Vec::new()),
        }
    };
    tokio::pin!(answer);
    tokio::select! {
        outcome = &mut answer => outcome,
        ended = connection => match ended {
            // what was answered may still be to be read
            Ok(()) => answer.await,
            Err(error) if head.len() > 8192 || error.is_parse() => Outcome::Read(0, Vec::new()),
            Err(error) => panic!("the connection ended: {error:?}"),
        },
    }
}

async fn forward(address: SocketAddr, bytes: &[u8]) -> Outcome {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let upgrade = match first % 3 {
        0 => {
            "POST /api/v1/namespaces/bookinfo/pods/ratings/portforward HTTP/1.1\r\nhost: demo\r\nconnection: upgrade\r\nupgrade: SPDY/3.1\r\n\
              x-stream-protocol-version: portforward.k8s.io\r\n\r\n"
        }
        1 => {
            "GET /api/v1/namespaces/bookinfo/pods/ratings/portforward HTTP/1.1\r\nhost: demo\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
              sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: SPDY/3.1+portforward.k8s.io\r\n\r\n"
        }
        _ => {
            "GET /api/v1/namespaces/bookinfo/pods/ratings/portforward?ports=15000&ports=9 HTTP/1.1\r\nhost: demo\r\nconnection: upgrade\r\n\
              upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
              sec-websocket-protocol: v4.channel.k8s.io\r\n\r\n"
        }
    };
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.split();
    let write = async {
        // a server that has enough of it hangs up
        let _ = to.write_all(rest).await;
        let _ = to.shutdown().await;
    };
    let read = async {
        let mut all = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            all.extend_from_slice(&buffer[..count]);
            assert!(all.len() <= LONGEST_ANSWER, "frames without end");
        }
        all
    };
    let (answered, ()) = tokio::join!(read, write);
    assert!(
        answered.starts_with(b"HTTP/1.1 101 "),
        "{:?}",
        String::from_utf8_lossy(&answered[..answered.len().min(200)])
    );
    Outcome::Read(answered.len(), Vec::new())
}
