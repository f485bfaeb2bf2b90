//! The signals that end or wake the program.

use std::io;
use std::task::{Context, Poll, Waker};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal that matters here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Caught {
    /// The end is asked for: 128 and the number of the signal.
    End {
        /// The exit code.
        code: u8,
    },
    /// The program was stopped, and goes on.
    Continued,
    /// The terminal has another size.
    Resized,
}

/// Signals, caught as long as the process lives: dropping this does not bring the default actions back.
///
/// SIGTSTP is left to its default action: a process whose parent is in another session (a terminal's or ssh's own
/// child) is then not stopped at all, instead of for ever.
#[derive(Debug)]
pub(super) struct Signals {
    caught: [(Signal, Caught); 6],
}

/// The exit code of the first signal from now on that asks the program to end; never where signals cannot be caught.
pub(super) fn end() -> impl Future<Output = u8> + use<> {
    let signals = Signals::new();
    async move {
        let Ok(mut signals) = signals else {
            return std::future::pending().await;
        };
        loop {
            if let Caught::End { code } = std::future::poll_fn(|cx| signals.poll(cx)).await {
                return code;
            }
        }
    }
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        let ending = |kind: SignalKind| -> io::Result<(Signal, Caught)> {
            let code = u8::try_from(128 + kind.as_raw_value()).unwrap_or(u8::MAX);
            Ok((signal(kind)?, Caught::End { code }))
        };
        let continued = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());
        Ok(Self {
            caught: [
                ending(SignalKind::terminate())?,
                ending(SignalKind::hangup())?,
                ending(SignalKind::interrupt())?,
                ending(SignalKind::quit())?,
                (signal(continued)?, Caught::Continued),
                // crossterm tells of it too, but loses it where a key comes at the same moment.
                (signal(SignalKind::window_change())?, Caught::Resized),
            ],
        })
    }

    /// Drops interrupts that came while somebody else had the terminal: they were for them.
    pub(super) fn forget_interrupts(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let interrupts = self.caught.iter_mut();
        for (signal, _) in interrupts.filter(|(_, caught)| matches!(caught, Caught::End { code: 130 | 131 })) {
            while signal.poll_recv(&mut cx) == Poll::Ready(Some(())) {}
        }
    }

    /// The first signal that came since the last call.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Caught> {
        for (signal, caught) in &mut self.caught {
            if let Poll::Ready(Some(())) = signal.poll_recv(cx) {
                return Poll::Ready(*caught);
            }
        }
        Poll::Pending
    }
}
