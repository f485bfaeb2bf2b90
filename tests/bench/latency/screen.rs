//! sidescope in a terminal of this process: what it writes, and when.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use regex::Regex;

/// A row that is in force: no tombstone (`-`), and not one that only Envoy still has (`<`).
const ROW: &str = r"(?m)^[▸ ][+~ ] +(?:[=>?] +)?[0-9.]+:[0-9]+ ";

/// A program asks where the cursor is, and waits for the answer.
const WHERE: &[u8] = b"\x1b[6n";

pub(crate) struct Screen {
    child: Box<dyn Child + Send + Sync>,
    _terminal: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    written: Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
    row: Regex,
}

impl Screen {
    /// Starts sidescope with these arguments on a terminal of so many columns and rows; it remembers nothing.
    pub(crate) fn open(kubeconfig: &Path, arguments: &[&str], size: (u16, u16)) -> Self {
        let arguments = [arguments, &["--no-state"]].concat();
        Self::open_program(env!("CARGO_BIN_EXE_sidescope"), kubeconfig, &arguments, size)
    }

    /// Starts any program so.
    pub(crate) fn open_program(
        program: &str,
        kubeconfig: &Path,
        arguments: &[&str],
        (columns, rows): (u16, u16),
    ) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("KUBECONFIG", kubeconfig);
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, written) = sync_channel(1 << 16);
        thread::spawn(move || {
            let mut bytes = vec![0; 1 << 16];
            // A terminal whose last process is gone gives an error or no bytes, by the system's taste.
            while let Ok(length @ 1..) = reader.read(&mut bytes) {
                if send.send((Instant::now(), bytes[..length].to_vec())).is_err() {
                    break;
                }
            }
        });
        let [rows, columns] = [rows, columns].map(|size| NonZero::new(size).unwrap());
        let parser = vt100::Parser::new(rows, columns, 0);
        let row = Regex::new(ROW).unwrap();
        Self {
            child,
            keys: pair.master.take_writer().unwrap(),
            _terminal: pair.master,
            written,
            parser,
            row,
        }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// When the program first wrote anything.
    pub(crate) fn first_bytes(&mut self, deadline: Duration) -> Instant {
        self.wait(deadline, |_| true)
    }

    /// When the bytes were written that showed the first rows.
    pub(crate) fn wait_for_table(&mut self, deadline: Duration) -> Instant {
        self.wait(deadline, |screen| screen.rows() > 0)
    }

    /// When the bytes were written that left this many rows in force.
    pub(crate) fn wait_for_rows(&mut self, rows: usize, deadline: Duration) -> Instant {
        self.wait(deadline, |screen| screen.rows() == rows)
    }

    /// When the bytes were written that made what is on the screen so.
    pub(crate) fn wait_until(&mut self, deadline: Duration, is_so: impl Fn(&str) -> bool) -> Instant {
        self.wait(deadline, |screen| is_so(&screen.text()))
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Lets time pass while what is written is read.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while self.next(end).is_some() {}
    }

    /// How many endpoints are on the screen that are in force.
    pub(crate) fn rows(&self) -> usize {
        self.row.find_iter(&self.text()).count()
    }

    /// What a person would see now.
    pub(crate) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// The same; none if it did not come in time.
    pub(crate) fn try_until(&mut self, deadline: Duration, is_so: impl Fn(&str) -> bool) -> Option<Instant> {
        self.try_wait(deadline, |screen| is_so(&screen.text()))
    }

    fn wait(&mut self, deadline: Duration, is_due: impl Fn(&Self) -> bool) -> Instant {
        self.try_wait(deadline, is_due).unwrap_or_else(|| {
            panic!(
                "what was waited for did not come in {deadline:?}; the screen is\n{}",
                self.text()
            )
        })
    }

    fn try_wait(&mut self, deadline: Duration, is_due: impl Fn(&Self) -> bool) -> Option<Instant> {
        let end = Instant::now() + deadline;
        while let Some(at) = self.next(end) {
            if is_due(self) {
                return Some(at);
            }
        }
        None
    }

    /// Takes in the next bytes; None at the end of the time.
    fn next(&mut self, end: Instant) -> Option<Instant> {
        match self.written.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok((at, bytes)) => {
                self.parser.process(&bytes);
                if bytes.windows(WHERE.len()).any(|part| part == WHERE) {
                    let (row, column) = self.parser.screen().cursor_position();
                    self.press(&format!("\x1b[{};{}R", row + 1, column + 1));
                }
                Some(at)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("sidescope ended; the screen is\n{}", self.text()),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself, which was said where it was noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
