//! Whether anybody still reads what is printed: `... --watch | head -1` ends with its reader, not with the next event, and
//! a terminal that hung up is known as such, though its keyboard only spins and no SIGHUP need come.

use std::io;
use std::os::fd::AsFd as _;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Ends when the reader of standard output is gone; never where it is a file, or cannot be watched (kqueue and some
/// devices: there SIGHUP has to do).
pub async fn nobody_reads() {
    #[expect(
        deprecated,
        reason = "its successor is unsafe, which this crate forbids; an owned descriptor is all that it asks for"
    )]
    let watched = io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .and_then(|out| AsyncFd::with_interest(out, Interest::READABLE | Interest::ERROR));
    let Ok(watched) = watched else {
        return std::future::pending().await;
    };
    while let Ok(mut ready) = watched.ready(Interest::READABLE | Interest::ERROR).await {
        let state = ready.ready();
        if state.is_error() || state.is_read_closed() || state.is_write_closed() {
            return;
        }
        ready.clear_ready();
    }
    std::future::pending::<()>().await;
}

/// Whether the reader of standard output is gone, asked at once. A terminal's keyboard is read only where it is not:
/// crossterm's reader takes the end of input for a key yet to come, and would never return.
pub(super) fn is_anybody_there() -> bool {
    let out = io::stdout();
    let mut watched = [PollFd::new(&out, PollFlags::empty())];
    let asked = poll(&mut watched, Some(&Timespec::default()));
    asked.is_err() || !watched[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}
