//! SPDY/3.1 as far as port-forward uses it: a stream for errors and one for data for each connection.
//!
//! No flow control, as in the Go library on the other side, and no settings. Frames are bounded, streams are, and what waits to
//! be sent is.

use std::collections::HashMap;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Pod;
use super::deflate::{Deflater, Headers, Inflater};

/// The longest frame that is read.
const MOST_BYTES: usize = 1024 * 1024;
/// Streams open at once.
const MOST_STREAMS: usize = 256;
/// Frames that wait to be sent.
const QUEUE: usize = 16;
/// Bytes that wait between a port and its client.
const BUFFER: usize = 64 * 1024;
const FIN: u8 = 1;

const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GOAWAY: u16 = 7;

/// A frame as it was read.
enum Frame {
    Control { kind: u16, body: Vec<u8> },
    Data { stream: u32, flags: u8, body: Vec<u8> },
}

/// What has been opened.
struct Session {
    pod: Pod,
    out: mpsc::Sender<Bytes>,
    inflater: Inflater,
    deflater: Deflater,
    /// Error streams by request.
    errors: HashMap<String, u32>,
    /// The client's side of data streams.
    data: HashMap<u32, WriteHalf<DuplexStream>>,
    tasks: JoinSet<()>,
}

/// Serves forwarded ports until the client is done.
pub(super) async fn serve<S>(io: S, pod: Pod)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut reader, writer) = tokio::io::split(io);
    let (out, queue) = mpsc::channel(QUEUE);
    let mut tasks = JoinSet::new();
    tasks.spawn(send(writer, queue));
    let mut session = Session {
        pod,
        out,
        inflater: Inflater::new(),
        deflater: Deflater::default(),
        errors: HashMap::new(),
        data: HashMap::new(),
        tasks,
    };
    while let Some(frame) = read(&mut reader).await {
        if session.take(frame).await.is_none() {
            return;
        }
        while session.tasks.try_join_next().is_some() {}
    }
}

impl Session {
    /// Handles a frame; none ends the session.
    async fn take(&mut self, frame: Frame) -> Option<()> {
        match frame {
            Frame::Data { stream, flags, body } => {
                if let Some(writer) = self.data.get_mut(&stream)
                    && (writer.write_all(&body).await.is_err() || flags & FIN != 0)
                {
                    self.data.remove(&stream);
                }
                Some(())
            }
            Frame::Control { kind: SYN_STREAM, body } => self.open(&body).await,
            Frame::Control { kind: PING, body } => self.send(control(PING, 0, &body)).await,
            Frame::Control { kind: RST_STREAM, body } => {
                if let Some(stream) = word(&body, 0) {
                    self.data.remove(&stream);
                }
                Some(())
            }
            Frame::Control { kind: GOAWAY, .. } => None,
            Frame::Control { .. } => Some(()),
        }
    }

    async fn open(&mut self, body: &[u8]) -> Option<()> {
        let stream = word(body, 0)? & 0x7fff_ffff;
        let headers = self.inflater.read(body.get(10..)?)?;
        if self.errors.len() + self.data.len() >= MOST_STREAMS {
            return self
                .send(control(
                    RST_STREAM,
                    0,
                    &[stream.to_be_bytes(), 3_u32.to_be_bytes()].concat(),
                ))
                .await;
        }
        let block = self.deflater.write(&Headers::new());
        self.send(control(SYN_REPLY, 0, &[&stream.to_be_bytes()[..], &block].concat()))
            .await?;
        let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
        let request = header("requestid");
        if header("streamtype") == "error" {
            self.errors.insert(request, stream);
            return Some(());
        }
        let error = self.errors.remove(&request);
        let port: u16 = header("port").parse().unwrap_or_default();
        if let Some(fault) = self.pod.find_fault(port) {
            if let Some(error) = error {
                self.send(data(error, FIN, fault.as_bytes())).await?;
            }
            return self.send(data(stream, FIN, &[])).await;
        }
        let (near, far) = tokio::io::duplex(BUFFER);
        let (reader, writer) = tokio::io::split(near);
        self.data.insert(stream, writer);
        let (pod, out) = (self.pod.clone(), self.out.clone());
        self.tasks.spawn(async move { pod.serve_http(far, port).await });
        self.tasks.spawn(pump(reader, stream, error, out));
        Some(())
    }

    async fn send(&self, frame: Bytes) -> Option<()> {
        self.out.send(frame).await.ok()
    }
}

/// Carries what a port says to the client, then closes both streams.
async fn pump(mut reader: ReadHalf<DuplexStream>, stream: u32, error: Option<u32>, out: mpsc::Sender<Bytes>) {
    let mut buffer = vec![0; BUFFER / 2];
    while let Ok(count) = reader.read(&mut buffer).await {
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        if out.send(data(stream, 0, bytes)).await.is_err() {
            return;
        }
    }
    for stream in [Some(stream), error].into_iter().flatten() {
        if out.send(data(stream, FIN, &[])).await.is_err() {
            return;
        }
    }
}

async fn send<W: AsyncWrite + Unpin>(mut writer: W, mut queue: mpsc::Receiver<Bytes>) {
    while let Some(frame) = queue.recv().await {
        if writer.write_all(&frame).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}

/// Reads a frame; none at the end, or when it is not to be borne.
async fn read<R: AsyncRead + Unpin>(reader: &mut R) -> Option<Frame> {
    let mut head = [0; 8];
    reader.read_exact(&mut head).await.ok()?;
    let [first, second, third, fourth, flags, length @ ..] = head;
    let length = length
        .iter()
        .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    if length > MOST_BYTES {
        return None;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.ok()?;
    Some(if first & 0x80 == 0 {
        Frame::Data {
            stream: u32::from_be_bytes([first, second, third, fourth]),
            flags,
            body,
        }
    } else {
        Frame::Control {
            kind: u16::from_be_bytes([third, fourth]),
            body,
        }
    })
}

fn control(kind: u16, flags: u8, body: &[u8]) -> Bytes {
    frame([0x80, 3].into_iter().chain(kind.to_be_bytes()), flags, body)
}

fn data(stream: u32, flags: u8, body: &[u8]) -> Bytes {
    frame(stream.to_be_bytes().into_iter(), flags, body)
}

fn frame(head: impl Iterator<Item = u8>, flags: u8, body: &[u8]) -> Bytes {
    let [_, length @ ..] = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    head.chain([flags]).chain(length).chain(body.iter().copied()).collect()
}

fn word(body: &[u8], at: usize) -> Option<u32> {
    body.get(at..at + 4)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u32::from_be_bytes)
}
