//! Whatever an API server answers, to every question that is asked of one.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use kube::Client;
use kube::client::Body;
use sidescope::mesh::model::{Key, Kind, Text};
use sidescope::mesh::world::{Failure, SourceState};
use sidescope::sources::kubernetes::{
    ListStrategy, Listed, Pulse, WatchSettings, answers, dry_run, events, fetch, follow, names,
};
use tokio::sync::{mpsc, watch};

use crate::Target;
use crate::invariants::Outcome;

/// The status on a line of its own, then the body.
pub(crate) const ANSWER: Target = Target {
    seeds: &[],
    words: &[
        "200\n",
        "403\n",
        "404\n",
        "410\n",
        "429\n",
        "500\n",
        "\n{\"type\":\"ADDED\",\"object\":",
        "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"1\"",
        "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}",
        "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n",
        "\"items\":[",
        "\"continue\":\"a\"",
        "\"message\":\"sendInitialEvents\"",
        "\"gitVersion\":\"v1.36.1\"",
    ],
    longest: crate::FILE,
    read: |bytes| {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(ask(bytes))
    },
};

/// A server that answers always the same; so often.
fn client(bytes: &[u8], times: usize) -> Client {
    let (code, body) = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) if end < 5 => (std::str::from_utf8(&bytes[..end]).ok(), &bytes[end + 1..]),
        Some(_) | None => (None, bytes),
    };
    let code = code
        .and_then(|code| code.trim().parse().ok())
        .filter(|code| (200..600).contains(code));
    let (code, body) = (code.unwrap_or(200), Bytes::copy_from_slice(body));
    let answered = Arc::new(AtomicUsize::new(0));
    let service = tower::service_fn(move |_: Request<Body>| {
        let (body, is_over) = (body.clone(), answered.fetch_add(1, Ordering::Relaxed) >= times);
        async move {
            if is_over {
                std::future::pending::<()>().await;
            }
            // in two pieces, as a network has it
            let half = body.len() / 2;
            let pieces =
                [body.slice(..half), body.slice(half..)].map(|piece| Ok::<_, std::io::Error>(Frame::data(piece)));
            let body: UnsyncBoxBody<Bytes, std::io::Error> = if half == 0 {
                Full::from(body).map_err(|never| match never {}).boxed_unsync()
            } else {
                StreamBody::new(futures::stream::iter(pieces)).boxed_unsync()
            };
            Ok::<_, Infallible>(Response::builder().status(code).body(body).unwrap())
        }
    });
    Client::new(service, "default")
}

async fn ask(bytes: &[u8]) -> Outcome {
    let client = client(bytes, usize::MAX);
    let key = Key::new("shop", "a");
    let (mut size, mut said) = (0, Vec::new());
    let mut take = |read: Result<usize, Failure>| match read {
        Ok(more) => size += more,
        Err(failure) => said.push(failure.to_string()),
    };
    take(
        names(&client, Listed::Kind(Kind::Pod), None)
            .await
            .map(|names| format!("{names:?}").len()),
    );
    take(
        events(&client, Kind::Pod, &key)
            .await
            .map(|events| format!("{events:?}").len()),
    );
    take(
        fetch(&client, Kind::Sidecar, &key)
            .await
            .map(|object| format!("{object:?}").len()),
    );
    take(answers(&client).await.map(|()| 0));
    let object = serde_json::json!({"apiVersion": "networking.istio.io/v1"});
    take(
        dry_run(&client, Kind::Sidecar, &key, &object)
            .await
            .map(|warnings| format!("{warnings:?}").len()),
    );
    for (kind, strategy) in [
        (Kind::Pod, ListStrategy::Stream),
        (Kind::Sidecar, ListStrategy::Paged),
        (Kind::Service, ListStrategy::Auto),
    ] {
        let (more, lines) = watched(bytes, kind, strategy).await;
        size += more;
        said.extend(lines);
    }
    Outcome::Read(size, said)
}

/// What comes of following a kind for a while, before a server that answers some times and then no more.
async fn watched(bytes: &[u8], kind: Kind, strategy: ListStrategy) -> (usize, Vec<String>) {
    let (out, mut from) = mpsc::channel(64);
    let (_namespaces, namespaces) = watch::channel(Arc::from([Text::from("shop")]));
    let (_relist, relist) = watch::channel(0);
    let settings = WatchSettings {
        pulse: Pulse::default(),
        istio_namespace: "istio-system".into(),
        strategy,
        request_timeout: Duration::from_secs(10),
        namespaces,
        relist,
    };
    let following = follow(client(bytes, 3), kind, settings, out);
    let (mut size, mut said) = (0, Vec::new());
    let taking = async {
        while let Some(message) = from.recv().await {
            size += format!("{:?}", message.deltas).len();
            said.extend(message.diagnostics.into_iter().map(|one| one.problem));
            if let Some((of, _, SourceState::Retrying { failure, .. })) = message.state {
                assert_eq!(of, kind);
                said.push(failure.to_string());
            }
        }
    };
    let both = futures::future::join(following, taking);
    // the clock goes on as soon as nothing else does
    let _ = tokio::time::timeout(Duration::from_secs(120), both).await;
    (size / 3, said)
}
