//! Questions to Envoy's admin port, one after the other over one kept-open stream.

use std::pin::Pin;
use std::pin::pin;

use bytes::Bytes;
use futures::future::{Either, select};
use http::Request;
use http::header::HOST;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// 20,000 endpoints are about 40 MB of JSON.
const ANSWER_BYTES: usize = 128 * 1024 * 1024;
/// Of an answer that is an error only its first line matters.
const REASON_CHARS: usize = 200;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The stream ended, was refused or broke: dial again.
    #[error("Envoy's admin port does not answer: {0}")]
    Closed(String),
    /// Envoy (or the demo, for what was not recorded) answers with an error.
    #[error("Envoy answers {status}: {reason}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The first line of the answer.
        reason: String,
    },
    /// The answer is longer than anybody's.
    #[error("Envoy's answer is larger than 128 MiB")]
    TooLarge,
}

type Stream<S> = TokioIo<S>;

/// An open admin port.
pub struct Admin<S: AsyncRead + AsyncWrite + Unpin> {
    requests: SendRequest<Empty<Bytes>>,
    // driven along with each question, so that no task is needed
    connection: Pin<Box<Connection<Stream<S>, Empty<Bytes>>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Admin<S> {
    /// Speaks HTTP over this stream.
    ///
    /// # Errors
    /// The stream is closed.
    pub async fn over(stream: S) -> Result<Self, AdminError> {
        let (requests, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| closed(&error))?;
        Ok(Self {
            requests,
            connection: Box::pin(connection),
        })
    }

    /// `GET /clusters?format=json`.
    ///
    /// # Errors
    /// No answer, an error, or one that is too large. After [`AdminError::Closed`] it can be asked no more.
    pub async fn clusters(&mut self) -> Result<Bytes, AdminError> {
        let request = Request::get("/clusters?format=json").header(HOST, "localhost");
        let request = request
            .body(Empty::new())
            .map_err(|error| AdminError::Closed(error.to_string()))?;
        let Self { requests, connection } = self;
        let asked = pin!(answer(requests, request));
        match select(asked, connection).await {
            Either::Left((answer, _)) => answer,
            // the last bytes may have come with the end of the connection
            Either::Right((Ok(()), asked)) => asked.await,
            Either::Right((Err(error), _)) => Err(closed(&error)),
        }
    }
}

async fn answer(requests: &mut SendRequest<Empty<Bytes>>, request: Request<Empty<Bytes>>) -> Result<Bytes, AdminError> {
    requests.ready().await.map_err(|error| closed(&error))?;
    let response = requests.send_request(request).await.map_err(|error| closed(&error))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
    let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => closed(&error),
        Err(_) => AdminError::TooLarge,
    })?;
    let bytes = body.to_bytes();
    if status.is_success() {
        return Ok(bytes);
    }
    let text = String::from_utf8_lossy(&bytes);
    let reason = text
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(REASON_CHARS)
        .collect();
    Err(AdminError::Status {
        status: status.as_u16(),
        reason,
    })
}

fn closed(error: &hyper::Error) -> AdminError {
    AdminError::Closed(error.to_string())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    /// Reads one request and writes these bytes.
    async fn reply(server: &mut DuplexStream, bytes: &str) -> String {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(server.read_u8().await.unwrap());
        }
        server.write_all(bytes.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    }

    #[tokio::test]
    async fn one_stream_serves_many_questions_and_outlives_an_error() {
        let (client, mut server) = duplex(1024);
        let mut admin = Admin::over(client).await.unwrap();
        let (answer, request) = futures::join!(
            admin.clusters(),
            reply(&mut server, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        );
        assert!(
            request.starts_with("GET /clusters?format=json HTTP/1.1\r\n"),
            "{request}"
        );
        assert_eq!(answer.unwrap(), "{}");
        let (answer, _) = futures::join!(
            admin.clusters(),
            reply(&mut server, "HTTP/1.1 503 No\r\ncontent-length: 9\r\n\r\nbusy\nmore")
        );
        assert!(
            matches!(answer, Err(AdminError::Status { status: 503, ref reason }) if reason == "busy"),
            "{answer:?}"
        );
        let (answer, _) = futures::join!(
            admin.clusters(),
            reply(
                &mut server,
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n7\r\n0\r\n\r\n"
            )
        );
        assert_eq!(answer.unwrap(), "7");
    }

    #[tokio::test]
    async fn stream_that_ends_half_way_or_speaks_no_http_is_closed() {
        for bytes in [
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
            "nonsense\r\n\r\n",
            "",
        ] {
            let (client, mut server) = duplex(1024);
            let mut admin = Admin::over(client).await.unwrap();
            let (answer, ()) = futures::join!(admin.clusters(), async move {
                reply(&mut server, bytes).await;
            });
            assert!(matches!(answer, Err(AdminError::Closed(_))), "{bytes}: {answer:?}");
        }
    }
}
