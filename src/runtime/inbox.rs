//! The loop's sources: each turn visits every one once, in order, and takes at most its budget.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use crossterm::event::Event;
use futures::{Stream, StreamExt as _};
use jiff::Timestamp;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep};

use super::packets::News;
use super::signals::{Caught, Signals};
use crate::app::Message;
use crate::sources::kubernetes::SourceMessage;

/// Keys a turn: more than anybody types, so that a paste without brackets does not hold up the rest for long.
const INPUT: usize = 64;
/// Source messages that wait beside the channel; the loop takes as many a turn as its time allows.
const DELTAS: usize = 8;
/// Results of effects a turn.
const EFFECTS: usize = 64;
/// Packets a turn: well below a millisecond, however many come.
const PACKETS: usize = 512;

/// Terminal events as they come; none while the terminal is somebody else's.
pub(super) type Input = Pin<Box<dyn Stream<Item = io::Result<Event>>>>;

/// What the loop waits for.
pub(super) struct Inbox {
    pub(super) input: Option<Input>,
    pub(super) signals: Signals,
    pub(super) deltas: Receiver<SourceMessage>,
    pub(super) effects: Receiver<Message>,
    pub(super) packets: Receiver<News>,
    /// The frame that is being written.
    pub(super) writing: Option<JoinHandle<io::Result<()>>>,
    /// Resolves when the terminal hangs up.
    pub(super) hangup: Pin<Box<dyn Future<Output = ()>>>,
    /// Source messages that no turn had time for yet.
    pub(super) waiting: VecDeque<SourceMessage>,
    /// Of those that were at some time, which may be told: none that is later. `None`: all.
    pub(super) until: Option<Timestamp>,
    /// No source will say anything more.
    pub(super) is_at_end: bool,
}

/// What came in one turn, besides source messages, which wait in the inbox.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) input: Vec<Event>,
    pub(super) signals: Vec<Caught>,
    pub(super) effects: Vec<Message>,
    pub(super) packets: Vec<News>,
    /// The frame is on the terminal, or why not.
    pub(super) written: Option<io::Result<()>>,
    /// The terminal is gone.
    pub(super) hangup: bool,
    /// The time that was waited for has come.
    pub(super) tick: bool,
}

impl Inbox {
    /// Waits until any source has something, or `wake` has come.
    pub(super) async fn turn(&mut self, wake: Option<Instant>) -> Turn {
        let mut sleep = wake.map(|wake| Box::pin(tokio::time::sleep_until(wake)));
        std::future::poll_fn(|cx| self.poll(cx, sleep.as_mut())).await
    }

    fn poll(&mut self, cx: &mut Context<'_>, sleep: Option<&mut Pin<Box<Sleep>>>) -> Poll<Turn> {
        let mut turn = Turn::default();
        let mut any = self.poll_input(cx, &mut turn);
        while let Poll::Ready(caught) = self.signals.poll(cx) {
            turn.signals.push(caught);
            any = true;
        }
        any |= self.poll_deltas(cx);
        any |= matches!(
            self.effects.poll_recv_many(cx, &mut turn.effects, EFFECTS),
            Poll::Ready(1..)
        );
        any |= matches!(
            self.packets.poll_recv_many(cx, &mut turn.packets, PACKETS),
            Poll::Ready(1..)
        );
        if let Some(writing) = &mut self.writing
            && let Poll::Ready(done) = Pin::new(writing).poll(cx)
        {
            self.writing = None;
            turn.written = Some(done.unwrap_or_else(|error| Err(io::Error::other(error))));
            any = true;
        }
        if let Some(sleep) = sleep {
            // Timers only fire when this thread rests; in a flood it does not.
            turn.tick = sleep.deadline() <= Instant::now() || sleep.as_mut().poll(cx).is_ready();
            any |= turn.tick;
        }
        if any || turn.hangup {
            Poll::Ready(turn)
        } else {
            Poll::Pending
        }
    }

    /// Whether a message is due, or the first one came, or will come no more.
    fn poll_deltas(&mut self, cx: &mut Context<'_>) -> bool {
        let (was_empty, was_at_end) = (self.waiting.is_empty(), self.is_at_end);
        while self.waiting.len() < DELTAS && !self.is_at_end {
            match self.deltas.poll_recv(cx) {
                Poll::Ready(Some(message)) => self.waiting.push_back(message),
                Poll::Ready(None) => self.is_at_end = true,
                Poll::Pending => break,
            }
        }
        let is_news = was_empty && !self.waiting.is_empty() || was_at_end != self.is_at_end;
        is_news && self.until.is_some() || self.is_due()
    }

    /// Whether the first message that waits may be told.
    pub(super) fn is_due(&self) -> bool {
        self.waiting
            .front()
            .is_some_and(|first| first.at.is_none_or(|at| self.until.is_none_or(|until| at <= until)))
    }

    /// The first message that waits, if it may be told.
    pub(super) fn next_due(&mut self) -> Option<SourceMessage> {
        self.is_due().then(|| self.waiting.pop_front())?
    }

    fn poll_input(&mut self, cx: &mut Context<'_>, turn: &mut Turn) -> bool {
        turn.hangup = self.hangup.as_mut().poll(cx).is_ready();
        if let Some(input) = &mut self.input {
            while turn.input.len() < INPUT
                && let Poll::Ready(event) = input.poll_next_unpin(cx)
            {
                match event {
                    Some(Ok(event)) => turn.input.push(event),
                    // Interrupted: the reader was woken, not the terminal.
                    Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                    Some(Err(_)) | None => {
                        turn.hangup = true;
                        break;
                    }
                }
            }
        }
        !turn.input.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::message::CaptureState;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use tokio::sync::mpsc;

    fn keys(count: usize) -> Input {
        let key = || Ok(Event::Key(KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE)));
        let keys = futures::stream::iter((0..count).map(move |_| key()));
        Box::pin(keys.chain(futures::stream::pending()))
    }

    type Ends = (mpsc::Sender<SourceMessage>, mpsc::Sender<Message>, mpsc::Sender<News>);

    fn inbox(input: Input) -> (Inbox, Ends) {
        let (deltas, from_sources) = mpsc::channel(64);
        let (effects, from_effects) = mpsc::channel(256);
        let (packets, from_captures) = mpsc::channel(2 * PACKETS);
        let inbox = Inbox {
            input: Some(input),
            signals: Signals::new().unwrap(),
            deltas: from_sources,
            effects: from_effects,
            packets: from_captures,
            writing: None,
            hangup: Box::pin(std::future::pending()),
            waiting: VecDeque::new(),
            until: None,
            is_at_end: false,
        };
        (inbox, (deltas, effects, packets))
    }

    #[tokio::test]
    async fn a_turn_takes_from_every_source_and_from_none_without_bound() {
        let (mut inbox, (deltas, effects, packets)) = inbox(keys(10_000));
        for _ in 0..64 {
            deltas.try_send(SourceMessage::default()).unwrap();
        }
        for _ in 0..200 {
            effects.try_send(Message::Tick).unwrap();
        }
        for _ in 0..2 * PACKETS {
            packets.try_send(News::State(CaptureState::Reading)).unwrap();
        }
        let turn = inbox.turn(Some(Instant::now())).await;
        assert_eq!(
            (turn.input.len(), inbox.waiting.len(), turn.effects.len()),
            (INPUT, DELTAS, EFFECTS)
        );
        assert_eq!(turn.packets.len(), PACKETS);
        assert!(turn.tick, "a flood of everything else does not hide the time");
    }

    #[tokio::test]
    async fn a_source_that_waits_makes_a_turn_at_once() {
        let (mut inbox, _ends) = inbox(keys(0));
        inbox.waiting.push_back(SourceMessage::default());
        let turn = inbox.turn(None).await;
        assert!(turn.input.is_empty() && !turn.tick);
    }

    #[tokio::test]
    async fn nothing_to_do_is_no_turn() {
        let (mut inbox, _ends) = inbox(keys(0));
        let turn = futures::poll!(std::pin::pin!(inbox.turn(None)));
        assert!(turn.is_pending());
    }

    #[tokio::test]
    async fn input_that_ends_means_that_the_terminal_is_gone() {
        let (mut inbox, _ends) = inbox(Box::pin(futures::stream::empty()));
        assert!(inbox.turn(None).await.hangup);
    }

    #[tokio::test]
    async fn all_channels_closed_is_not_a_turn() {
        let (mut inbox, ends) = inbox(keys(0));
        drop(ends);
        assert!(futures::poll!(std::pin::pin!(inbox.turn(None))).is_pending());
    }
}
