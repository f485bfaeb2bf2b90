//! A tcpdump in a container of a pod, as a stream of bytes: what it captures, and how it ended.
//!
//! Only when asked. It ends with its reader at the next packet, or with a signal; nothing stays in the cluster.

use std::io::{self, Read};
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, join, select};
use kube::Client;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::packets::{Pace, Packets};
use super::signals;
use crate::app::view::capture::words;
use crate::mesh::model::Key;
use crate::mesh::world::Failure;
use crate::sources::kubernetes::{Exec, ExecEnd};

/// Pieces of output that wait to be read.
const QUEUE: usize = 16;
/// Bytes of one.
const PIECE: usize = 16 * 1024;
/// Of what tcpdump says besides, so much is kept.
const SAID: usize = 8 * 1024;

/// Its status comes right behind its output.
const SOON: Duration = Duration::from_secs(2);

/// How a capture in a container ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By itself.
    Itself(ExecEnd),
    /// By Ctrl-c or another signal: the exit code that says so.
    Interrupted(u8),
}

/// What is captured: read it from a thread that may wait.
#[derive(Debug)]
pub struct Captured {
    from: mpsc::Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Captured {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            let next = tokio::task::block_in_place(|| self.from.blocking_recv());
            self.piece = next.unwrap_or_default();
            self.at = 0;
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.at += count;
        Ok(count)
    }
}

/// Captures in a container; the other end tells how it ended, once the stream has.
///
/// # Errors
/// It is not allowed, or there is no such pod or container.
pub async fn in_container(
    client: &Client,
    pod: &Key,
    container: &str,
    port: Option<u16>,
) -> Result<(Captured, oneshot::Receiver<Ended>), Failure> {
    let mut exec = Exec::start(client, pod, container, &words(port)).await?;
    let (out, from) = mpsc::channel(QUEUE);
    let (told, end) = oneshot::channel();
    let (stdout, stderr) = (exec.stdout(), exec.stderr());
    tokio::spawn(async move {
        let reading = pin!(join(pass(stdout, out), listen(stderr)));
        let ended = match select(reading, pin!(signals::end())).await {
            Either::Left((((), said), _)) => Ended::Itself(exec.end(&said).await),
            Either::Right((code, _)) => Ended::Interrupted(code),
        };
        // whoever asked may be gone
        let _ = told.send(ended);
    });
    let captured = Captured {
        from,
        piece: Vec::new(),
        at: 0,
    };
    Ok((captured, end))
}

/// Says an end in words, if there is something to say.
pub type Said = Box<dyn FnOnce(&ExecEnd) -> Option<String> + Send>;

/// The words for what a person at a screen must know.
pub struct Words {
    /// Why it could not be started.
    pub refused: Box<dyn FnOnce(&Failure) -> String + Send>,
    /// Why it ended; `None` if that says itself.
    pub ended: Said,
}

/// The same for a screen: it begins when the screen opens it.
pub fn of_container(client: Client, pod: Key, container: String, port: Option<u16>, words: Words) -> Packets {
    let (tell, told) = std::sync::mpsc::channel();
    let Words { refused, ended: said } = words;
    Packets {
        from: format!("tcpdump in {container} of {}", pod.name).into(),
        pace: Pace::Live,
        port,
        open: Box::new(move || {
            let started = Handle::current().block_on(in_container(&client, &pod, &container, port));
            let (captured, end) = started.map_err(|failure| io::Error::other(refused(&failure)))?;
            // the words are asked for by this same thread
            let _ = tell.send(end);
            Ok(Box::new(captured))
        }),
        last_words: Box::new(move || {
            let end = told.try_recv().ok()?;
            match Handle::current().block_on(ended(end))? {
                Ended::Itself(end) => said(&end),
                Ended::Interrupted(_) => None,
            }
        }),
        keep: Box::new(()),
    }
}

/// How it ended, if that is known soon after its last byte.
pub async fn ended(end: oneshot::Receiver<Ended>) -> Option<Ended> {
    tokio::time::timeout(SOON, end).await.ok()?.ok()
}

/// Hands output on until it ends, or nobody wants more.
async fn pass(from: Option<impl AsyncRead + Unpin>, out: mpsc::Sender<Vec<u8>>) {
    let Some(mut from) = from else {
        return;
    };
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        match from.read_buf(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(_) if out.send(piece).await.is_err() => return,
            Ok(_) => {}
        }
    }
}

/// The beginning of what is said; the rest is read and let go.
async fn listen(from: Option<impl AsyncRead + Unpin>) -> String {
    let mut said = Vec::new();
    if let Some(mut from) = from {
        let mut piece = Vec::with_capacity(PIECE);
        while matches!(from.read_buf(&mut piece).await, Ok(count) if count > 0) {
            let room = SAID.saturating_sub(said.len()).min(piece.len());
            said.extend(piece.drain(..room));
            piece.clear();
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}
