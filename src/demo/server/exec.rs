//! `pods/exec` over WebSocket: a command whose output is known beforehand, told as a kubelet tells it.
//!
//! Channel 1 is standard output, 2 standard error, 3 the status at the end. There is no input: nothing that runs here asks
//! for any. Mirrors `k8s.io/cri-streaming/pkg/streaming/remotecommand`.

use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::answer::Answer;
use super::forward::{Protocol, Session, agree, switching, websocket};
use super::request::Query;
use crate::demo::admin::{Admin, Ran, RunEnd};
use crate::demo::reference::ResourceRef;
use crate::demo::refusal::Refusal;
use crate::demo::store::Store;
use crate::demo::tree::text;

/// Bytes of one message.
const PIECE: usize = 32 * 1024;

/// Upgrades a connection; the session is for the caller to run.
///
/// # Errors
/// 404 without the pod, 400 for a container that it has not, without a command, and for what is no WebSocket.
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
    let asked = query.all("container").next().unwrap_or_default();
    let container = container_of(&pod, asked)
        .ok_or_else(|| Refusal::bad_request(format!("container {asked} is not valid for pod {}", target.name)))?;
    let command: Vec<String> = query.all("command").map(str::to_owned).collect();
    if command.is_empty() {
        return Err(Refusal::bad_request(
            "you must specify at least 1 command for the container",
        ));
    }
    let protocol = match agree(request.method(), request.headers())? {
        protocol @ Protocol::Channels(_) => protocol,
        Protocol::Tunnel | Protocol::Spdy => {
            return Err(Refusal::bad_request("the demo runs commands over a WebSocket only"));
        }
    };
    let ran = admin.run(&target.namespace, &target.name, container, &command);
    let answer = switching(protocol, request.headers());
    let session = async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            tell(ran, &command, TokioIo::new(upgraded)).await;
        }
    };
    Ok((answer, Box::pin(session)))
}

/// A container by its name, or the first.
fn container_of<'p>(pod: &'p Value, asked: &str) -> Option<&'p str> {
    let lists = ["/spec/containers", "/spec/initContainers"];
    let lists = lists
        .iter()
        .filter_map(|list| pod.pointer(list).and_then(Value::as_array));
    let mut names = lists.flatten().map(|container| text(container, "/name"));
    names.find(|name| asked.is_empty() || *name == asked)
}

async fn tell(ran: Ran, command: &[String], io: TokioIo<hyper::upgrade::Upgraded>) {
    let mut socket = websocket(io).await;
    let status = Bytes::from(status(ran.end, command).to_string());
    for (channel, bytes) in [(1_u8, &ran.stdout), (2, &ran.stderr), (3, &status)] {
        for piece in bytes.chunks(PIECE) {
            let message = [&[channel], piece].concat();
            if socket.send(Message::binary(message)).await.is_err() {
                return;
            }
        }
    }
    // how the client says goodbye is its own matter
    let _ = socket.close(None).await;
    while let Some(Ok(_)) = socket.next().await {}
}

fn status(end: RunEnd, command: &[String]) -> Value {
    match end {
        RunEnd::Exit(0) => json!({"metadata": {}, "status": "Success"}),
        RunEnd::Exit(code) => json!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: error executing command {command:?}, exit code {code}"),
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
        }),
        RunEnd::NoProgram => {
            let program = command.first().map_or("", String::as_str);
            json!({
                "metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500,
                "message": format!(
                    "Internal error occurred: error executing command in container: failed to exec in container: failed to start \
                     exec: OCI runtime exec failed: exec failed: unable to start container process: exec: {program:?}: executable \
                     file not found in $PATH: unknown"
                ),
            })
        }
    }
}
