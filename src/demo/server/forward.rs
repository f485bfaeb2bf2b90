//! `pods/portforward`: streams to a port of a pod, ended here by an HTTP server that asks [`Admin`].
//!
//! Three ways in, as clients have them: WebSocket channels (`v4.channel.k8s.io`, kube), SPDY through a WebSocket
//! (`SPDY/3.1+portforward.k8s.io`, kubectl) and SPDY itself (istioctl, older kubectl). Mirrors
//! `k8s.io/cri-streaming/pkg/streaming/portforward`.

mod channels;
mod deflate;
mod spdy;

use std::convert::Infallible;
use std::sync::Arc;

use futures::future::BoxFuture;
use http::header::{CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::answer::{Answer, page};
use super::request::Query;
use crate::demo::admin::{Admin, AdminAnswer};
use crate::demo::reference::ResourceRef;
use crate::demo::refusal::Refusal;
use crate::demo::store::Store;
use crate::demo::tree::text;

/// A pod whose ports are forwarded.
#[derive(Clone)]
pub(super) struct Pod {
    admin: Arc<dyn Admin>,
    namespace: Arc<str>,
    name: Arc<str>,
}

/// What a client and this server speak over the upgraded connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// WebSocket, one channel for data and one for errors for each port.
    Channels(&'static str),
    /// WebSocket, whose messages carry SPDY.
    Tunnel,
    /// SPDY on the bare connection.
    Spdy,
}

/// A session to be run once the answer is on its way.
pub(super) type Session = BoxFuture<'static, ()>;

const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";
const SPDY: &str = "SPDY/3.1";
const STREAM_PROTOCOL: HeaderName = HeaderName::from_static("x-stream-protocol-version");

/// Whether a request wants a WebSocket, for which `create` is needed besides `get`.
pub(super) fn is_websocket(headers: &HeaderMap) -> bool {
    header(headers, &UPGRADE).eq_ignore_ascii_case("websocket")
}

/// Upgrades a connection; the session is for the caller to run.
///
/// # Errors
/// 404 without the pod, 400 for a pod on no node and for a request that is no upgrade.
pub(super) fn accept(
    store: &Store,
    admin: &Arc<dyn Admin>,
    target: &ResourceRef,
    query: &Query,
    request: Request<Incoming>,
) -> Result<(Answer, Session), Refusal> {
    let pod = store
        .get(target)
        .ok_or_else(|| Refusal::not_found(target.resource, &target.name))?;
    if text(&pod, "/spec/nodeName").is_empty() {
        return Err(Refusal::bad_request(format!(
            "pod {} does not have a host assigned",
            target.name
        )));
    }
    let protocol = agree(request.method(), request.headers())?;
    let ports: Vec<u16> = query
        .all("ports")
        .flat_map(|list| list.split(','))
        .filter_map(|port| port.parse().ok())
        .collect();
    if ports.is_empty() && matches!(protocol, Protocol::Channels(_)) {
        return Err(Refusal::bad_request("query parameter \"ports\" is required"));
    }
    let pod = Pod {
        admin: Arc::clone(admin),
        namespace: target.namespace.as_str().into(),
        name: target.name.as_str().into(),
    };
    let answer = switching(protocol, request.headers());
    let session = async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else {
            return;
        };
        let io = TokioIo::new(upgraded);
        match protocol {
            Protocol::Spdy => spdy::serve(io, pod).await,
            Protocol::Tunnel => channels::tunnel(websocket(io).await, pod).await,
            Protocol::Channels(_) => channels::serve(websocket(io).await, pod, &ports).await,
        }
    };
    Ok((answer, Box::pin(session)))
}

pub(super) fn agree(method: &Method, headers: &HeaderMap) -> Result<Protocol, Refusal> {
    let upgrade = header(headers, &UPGRADE);
    if upgrade.eq_ignore_ascii_case(SPDY) && method == Method::POST {
        return Ok(Protocol::Spdy);
    }
    if !is_websocket(headers) {
        return Err(Refusal::bad_request("Upgrade request required"));
    }
    let offered: Vec<&str> = headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .collect();
    [TUNNEL, "v4.channel.k8s.io", "v5.channel.k8s.io"]
        .into_iter()
        .find(|known| offered.contains(known))
        .map(|known| {
            if known == TUNNEL {
                Protocol::Tunnel
            } else {
                Protocol::Channels(known)
            }
        })
        .ok_or_else(|| {
            Refusal::bad_request(format!(
                "unable to upgrade: none of the protocols {offered:?} is served"
            ))
        })
}

pub(super) fn switching(protocol: Protocol, headers: &HeaderMap) -> Answer {
    let mut answer = page(StatusCode::SWITCHING_PROTOCOLS.as_u16(), "text/plain", "");
    let out = answer.headers_mut();
    out.clear();
    out.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    match protocol {
        Protocol::Spdy => {
            out.insert(UPGRADE, HeaderValue::from_static(SPDY));
            out.insert(STREAM_PROTOCOL, HeaderValue::from_static("portforward.k8s.io"));
        }
        Protocol::Tunnel | Protocol::Channels(_) => {
            let chosen = if let Protocol::Channels(name) = protocol {
                name
            } else {
                TUNNEL
            };
            out.insert(UPGRADE, HeaderValue::from_static("websocket"));
            out.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(chosen));
            let key = derive_accept_key(header(headers, &SEC_WEBSOCKET_KEY).as_bytes());
            if let Ok(key) = HeaderValue::from_str(&key) {
                out.insert(SEC_WEBSOCKET_ACCEPT, key);
            }
        }
    }
    answer
}

fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

pub(super) async fn websocket<S: AsyncRead + AsyncWrite + Unpin>(io: S) -> WebSocketStream<S> {
    WebSocketStream::from_raw_socket(io, Role::Server, None).await
}

impl Pod {
    /// Why nothing can be forwarded to a port; none if something listens.
    fn find_fault(&self, port: u16) -> Option<String> {
        match self.admin.answer(&self.namespace, &self.name, port, "/") {
            AdminAnswer::Page { .. } => None,
            AdminAnswer::Refused => Some(format!(
                "error forwarding port {port} to pod {}, uid : failed to connect to localhost:{port} inside the pod: connect: \
                 connection refused",
                self.name
            )),
        }
    }

    /// Answers HTTP requests on a forwarded connection until it ends.
    async fn serve_http<S: AsyncRead + AsyncWrite + Unpin>(&self, io: S, port: u16) {
        let service = hyper::service::service_fn(|request: Request<Incoming>| {
            let answer = self.respond(port, &request);
            async move { Ok::<_, Infallible>(answer) }
        });
        // how a forwarded connection ends is its client's matter
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(io), service)
            .await;
    }

    fn respond(&self, port: u16, request: &Request<Incoming>) -> Response<Full<bytes::Bytes>> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let answer = if matches!(*request.method(), Method::GET | Method::HEAD) {
            self.admin.answer(&self.namespace, &self.name, port, path)
        } else {
            AdminAnswer::text(405, "Method Not Allowed\n")
        };
        let (code, content_type, body) = match answer {
            AdminAnswer::Page {
                status,
                content_type,
                body,
            } => (status, content_type, body),
            AdminAnswer::Refused => (
                503,
                "text/plain",
                bytes::Bytes::from_static(b"nothing listens any more\n"),
            ),
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(http::header::SERVER, HeaderValue::from_static("envoy"));
        response
    }
}
