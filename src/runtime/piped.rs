//! A stream of bytes that a signal ends: what came before it is read, then it is over.
//!
//! A read of a pipe that gives nothing cannot be ended. So a thread reads: it ends with its source, at the next piece that
//! nobody takes, or with the process. A second signal ends the process at once, for whoever does not read what is printed.

use std::io::{self, ErrorKind, Read};

use tokio::sync::{mpsc, oneshot};

use super::signals;

/// Pieces that wait to be read.
const QUEUE: usize = 16;
/// Bytes of one.
const PIECE: usize = 64 * 1024;

/// What comes of the stream; an empty piece is its end.
type Pieces = mpsc::Receiver<io::Result<Vec<u8>>>;

/// The stream. Read it on a thread that may wait.
#[derive(Debug)]
pub struct Piped {
    pieces: Pieces,
    piece: Vec<u8>,
    at: usize,
    is_over: bool,
}

/// Whether a signal has ended a stream.
#[derive(Debug)]
pub struct Signalled(oneshot::Receiver<u8>);

impl Signalled {
    /// The exit code that says which one did; asked for once the stream is over.
    pub fn code(mut self) -> Option<u8> {
        self.0.try_recv().ok()
    }
}

/// Reads to the end, or until a signal asks the program to end.
///
/// # Errors
/// If the system gives no thread.
pub fn until_signal(from: impl Read + Send + 'static) -> io::Result<(Piped, Signalled)> {
    let (out, pieces) = mpsc::channel(QUEUE);
    let (tell, told) = oneshot::channel();
    let last = out.clone();
    tokio::spawn(async move {
        let code = signals::end().await;
        // whoever read may be gone
        let _ = tell.send(code);
        let _ = last.send(Ok(Vec::new())).await;
        std::process::exit(signals::end().await.into());
    });
    std::thread::Builder::new()
        .name("sidescope-capture".to_owned())
        .spawn(move || pass(from, &out))?;
    let piped = Piped {
        pieces,
        piece: Vec::new(),
        at: 0,
        is_over: false,
    };
    Ok((piped, Signalled(told)))
}

/// Hands pieces on until there are no more, or nobody wants more.
fn pass(mut from: impl Read, out: &mpsc::Sender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = match from.read(&mut piece) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read,
        };
        let is_last = !matches!(read, Ok(1..));
        let piece = read.map(|count| {
            piece.truncate(count);
            piece
        });
        if out.blocking_send(piece).is_err() || is_last {
            return;
        }
    }
}

impl Read for Piped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() && !self.is_over {
            let next = tokio::task::block_in_place(|| self.pieces.blocking_recv());
            self.at = 0;
            self.piece = next.unwrap_or_else(|| Ok(Vec::new()))?;
            self.is_over = self.piece.is_empty();
        }
        let count = self.piece.get(self.at..).unwrap_or_default().read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn all_of_a_stream_comes_through_and_its_end_is_no_signal() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * PIECE + 7).collect();
        let (mut piped, signalled) = until_signal(io::Cursor::new(bytes.clone())).unwrap();
        let mut read = Vec::new();
        piped.read_to_end(&mut read).unwrap();
        assert!(read == bytes, "{} of {}", read.len(), bytes.len());
        assert_eq!(piped.read(&mut [0]).unwrap(), 0, "an end stays one");
        assert_eq!(signalled.code(), None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn an_error_of_the_source_is_passed_on() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(ErrorKind::IsADirectory.into())
            }
        }
        let (mut piped, _) = until_signal(Broken).unwrap();
        assert_eq!(piped.read(&mut [0; 4]).unwrap_err().kind(), ErrorKind::IsADirectory);
    }
}
