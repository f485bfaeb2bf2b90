//! Port-forward over WebSocket: a byte in front of each message says which stream it belongs to.
//!
//! Each port has a channel for data (even) and one for errors (odd); each begins with the port number, as two bytes, low one
//! first.

use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{Pod, spdy};

/// Bytes that wait between a port and its client.
const BUFFER: usize = 64 * 1024;
/// Messages that wait to be sent.
const QUEUE: usize = 16;
/// Ports of one session.
const MOST_PORTS: usize = 16;

/// Serves forwarded ports until the client or all ports are done.
pub(super) async fn serve<S>(socket: WebSocketStream<S>, pod: Pod, ports: &[u16])
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sink, stream) = socket.split();
    let (out, queue) = mpsc::channel(QUEUE);
    // the tasks of this session: they end with it
    let mut tasks = JoinSet::new();
    tasks.spawn(send(sink, queue));
    let mut writers = Vec::new();
    for (port, data) in ports.iter().copied().take(MOST_PORTS).zip((0_u8..).step_by(2)) {
        let [low, high] = port.to_le_bytes();
        let error = data + 1;
        for channel in [data, error] {
            if out.send(Message::binary(vec![channel, low, high])).await.is_err() {
                return;
            }
        }
        if let Some(fault) = pod.find_fault(port) {
            let message = [&[error], fault.as_bytes()].concat();
            if out.send(Message::binary(message)).await.is_err() {
                return;
            }
            writers.push(None);
            continue;
        }
        let (near, far) = tokio::io::duplex(BUFFER);
        let (reader, writer) = tokio::io::split(near);
        let pod = pod.clone();
        tasks.spawn(async move { pod.serve_http(far, port).await });
        tasks.spawn(pump(reader, Some(data), out.clone()));
        writers.push(Some(writer));
    }
    drop(out);
    receive(stream, writers).await;
}

/// Serves SPDY inside a WebSocket.
pub(super) async fn tunnel<S>(socket: WebSocketStream<S>, pod: Pod)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sink, mut stream) = socket.split();
    let (out, queue) = mpsc::channel(QUEUE);
    let (near, far) = tokio::io::duplex(BUFFER);
    let (reader, mut writer) = tokio::io::split(near);
    let mut tasks = JoinSet::new();
    tasks.spawn(send(sink, queue));
    tasks.spawn(pump(reader, None, out));
    tasks.spawn(spdy::serve(far, pod));
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Binary(bytes) = message
            && writer.write_all(&bytes).await.is_err()
        {
            return;
        }
    }
}

/// Sends what is queued; when nothing can come any more, says goodbye.
async fn send<S>(mut sink: SplitSink<WebSocketStream<S>, Message>, mut queue: mpsc::Receiver<Message>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = queue.recv().await {
        if sink.send(message).await.is_err() {
            return;
        }
    }
    // the client may have gone first
    let _ = sink.send(Message::Close(None)).await;
}

/// Carries what a port says to the client.
async fn pump(mut reader: ReadHalf<DuplexStream>, channel: Option<u8>, out: mpsc::Sender<Message>) {
    let mut buffer = vec![0; BUFFER / 2];
    while let Ok(count) = reader.read(&mut buffer).await {
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        let message: Vec<u8> = channel.into_iter().chain(bytes.iter().copied()).collect();
        if out.send(Message::Binary(Bytes::from(message))).await.is_err() {
            return;
        }
    }
}

/// Carries what the client says to its ports, until it leaves.
async fn receive<S>(mut stream: SplitStream<WebSocketStream<S>>, mut writers: Vec<Option<WriteHalf<DuplexStream>>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = stream.next().await {
        let Message::Binary(bytes) = message else { continue };
        match bytes.split_first() {
            // v5: the client closes a channel
            Some((255, [channel])) => {
                if let Some(writer) = writers.get_mut(usize::from(channel / 2)).and_then(Option::take) {
                    drop(writer);
                }
            }
            Some((channel, bytes)) if channel % 2 == 0 => {
                if let Some(Some(writer)) = writers.get_mut(usize::from(channel / 2))
                    && writer.write_all(bytes).await.is_err()
                {
                    return;
                }
            }
            Some(_) | None => {}
        }
    }
}
