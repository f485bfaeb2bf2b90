//! An answer whose bytes go wrong on their way. Not here: requests that are refused, and watches that tell badly.

use bytes::Bytes;
use futures::Stream;
use futures::stream::unfold;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;

use super::answer::{Answer, Body, Break};
use crate::demo::options::Flaw;

/// The answer with this done to its body; its head says nothing of it.
pub(super) fn on_its_way(answer: Answer, flaw: Flaw) -> Answer {
    answer.map(|body| StreamBody::new(frames(body, flaw)).boxed_unsync())
}

/// What is left of a body.
struct Way {
    body: Body,
    /// Read and not handed on yet.
    held: Bytes,
    /// How many bytes may still be handed on.
    left: usize,
    broken: bool,
}

fn frames(body: Body, flaw: Flaw) -> impl Stream<Item = Result<Frame<Bytes>, Break>> {
    let left = match flaw {
        Flaw::Ends(bytes) | Flaw::Breaks(bytes) | Flaw::Stalls(bytes) => bytes,
        Flaw::Drips(_) => usize::MAX,
    };
    let way = Way {
        body,
        held: Bytes::new(),
        left,
        broken: false,
    };
    unfold(way, move |mut way| async move {
        if way.broken {
            return None;
        }
        if way.left == 0 {
            match flaw {
                Flaw::Ends(_) => return None,
                Flaw::Breaks(_) => {
                    way.broken = true;
                    return Some((Err(Break), way));
                }
                Flaw::Stalls(_) | Flaw::Drips(_) => std::future::pending::<()>().await,
            }
        }
        let next = way.next(flaw).await?;
        Some((next.map(Frame::data), way))
    })
}

impl Way {
    /// The next bytes that may be handed on; none at the end.
    async fn next(&mut self, flaw: Flaw) -> Option<Result<Bytes, Break>> {
        while self.held.is_empty() {
            match self.body.frame().await? {
                Ok(frame) => self.held = frame.into_data().unwrap_or_default(),
                Err(error) => return Some(Err(error)),
            }
        }
        let most = match flaw {
            Flaw::Drips(apart) => {
                tokio::time::sleep(apart).await;
                1
            }
            Flaw::Ends(_) | Flaw::Breaks(_) | Flaw::Stalls(_) => self.left,
        };
        let bytes = self.held.split_to(most.min(self.held.len()));
        self.left -= bytes.len();
        Some(Ok(bytes))
    }
}
