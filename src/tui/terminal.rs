//! The terminal itself: taken, written to, and given back as it was, once, whoever asks.
//!
//! Several threads meet here: the one that writes frames, the loop that leaves, a panic hook. So the state has a lock,
//! no frame follows the give-back, and a terminal that takes no bytes (a stalled ssh) delays the give-back only a
//! little.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{Command, queue};

/// How long a frame that is being written may hold up the give-back.
const PATIENCE: Duration = Duration::from_millis(250);

/// What may be asked of a terminal beyond cursor and alternate screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Features {
    /// Bracketed paste and unambiguous keys; a terminal without them ignores the request.
    #[default]
    Modern,
    /// Nothing: consoles that would print the request.
    Basic,
}

/// Whether the mouse's clicks come to the program; if not, the terminal's own selection works.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mouse {
    /// The terminal keeps it.
    #[default]
    Off,
    /// The program gets it.
    On,
}

/// Asks for clicks and the wheel, in the encoding that has no bound on columns; not for every move, as crossterm's own
/// command does: nothing is made of moves, and over a slow connection they are many bytes.
struct TakeMouse;

impl Command for TakeMouse {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        f.write_str("\x1b[?1000h\x1b[?1006h")
    }
}

/// The opposite.
struct GiveMouse;

impl Command for GiveMouse {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        f.write_str("\x1b[?1006l\x1b[?1000l")
    }
}

/// The terminal, from the moment it is taken until it is given back.
#[derive(Debug)]
pub struct Tty<W>
where
    for<'a> &'a W: Write,
{
    out: W,
    features: Features,
    mouse: Mouse,
    state: Mutex<State>,
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: bool,
    writing: bool,
}

impl<W> Tty<W>
where
    for<'a> &'a W: Write,
{
    /// The terminal behind `out` (unbuffered: a file), not yet taken.
    pub fn new(out: W, features: Features, mouse: Mouse) -> Self {
        Self {
            out,
            features,
            mouse,
            state: Mutex::default(),
            written: Condvar::new(),
        }
    }

    /// Takes the terminal: raw mode, alternate screen, no cursor, bracketed paste, unambiguous keys.
    pub fn enter(&self) -> io::Result<()> {
        let mut state = self.lock();
        if state.taken {
            return Ok(());
        }
        enable_raw_mode()?;
        state.taken = true;
        (&self.out).write_all(&self.opening()?)
    }

    /// Writes one frame in one piece. After the give-back frames are dropped.
    pub fn write(&self, frame: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        while state.writing {
            state = self.written.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.taken {
            return Ok(());
        }
        state.writing = true;
        drop(state);
        let result = (&self.out).write_all(frame);
        self.lock().writing = false;
        self.written.notify_all();
        result
    }

    /// Gives the terminal back as it was. Does nothing if it is not taken.
    ///
    /// The line discipline comes first: a terminal that takes no more bytes blocks what follows.
    pub fn leave(&self) -> io::Result<()> {
        let state = self.lock();
        let (mut state, timeout) = self
            .written
            .wait_timeout_while(state, PATIENCE, |state| state.writing)
            .unwrap_or_else(PoisonError::into_inner);
        if !std::mem::take(&mut state.taken) {
            return Ok(());
        }
        drop(state);
        let restored = disable_raw_mode();
        if timeout.timed_out() {
            return restored;
        }
        (&self.out).write_all(&self.closing()?).and(restored)
    }

    fn opening(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, Hide)?;
        if self.features == Features::Modern {
            queue!(
                bytes,
                EnableBracketedPaste,
                PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES)
            )?;
        }
        self.queue_mouse(&mut bytes, TakeMouse)?;
        Ok(bytes)
    }

    /// The opposite of [`Tty::opening`], in the opposite order: a terminal keeps keyboard flags for each screen.
    fn closing(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.queue_mouse(&mut bytes, GiveMouse)?;
        if self.features == Features::Modern {
            queue!(bytes, PopKeyboardEnhancementFlags, DisableBracketedPaste)?;
        }
        queue!(bytes, SetAttribute(Attribute::Reset), LeaveAlternateScreen, Show)?;
        Ok(bytes)
    }

    fn queue_mouse(&self, bytes: &mut Vec<u8>, command: impl Command) -> io::Result<()> {
        match self.mouse {
            Mouse::Off => Ok(()),
            Mouse::On => queue!(bytes, command),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held must not keep the terminal from being given back.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W> Drop for Tty<W>
where
    for<'a> &'a W: Write,
{
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _ = self.leave();
    }
}
