//! sidescope in a terminal of this process: what it writes, and when.

use std::io::Read;
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use regex::Regex;

const ROWS: u16 = 40;
const COLUMNS: u16 = 120;

/// A row that is in force: no tombstone (`-`), and not one that only Envoy still has (`<`).
const ROW: &str = r"(?m)^[▸ ][+~ ] +(?:[=>?] +)?[0-9.]+:[0-9]+ ";

pub(crate) struct Screen {
    child: Box<dyn Child + Send + Sync>,
    _terminal: Box<dyn MasterPty + Send>,
    written: Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
    row: Regex,
}

impl Screen {
    /// Starts sidescope on a pod's namespace, with the pod chosen.
    pub(crate) fn open(kubeconfig: &Path, pod: &str) -> Self {
        let size = PtySize {
            rows: ROWS,
            cols: COLUMNS,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let (_, namespace) = pod.rsplit_once('.').expect("--pod is NAME.NAMESPACE");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sidescope"));
        command.args(["-n", namespace, "--pod", pod]);
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
        let [rows, columns] = [ROWS, COLUMNS].map(|size| NonZero::new(size).unwrap());
        let parser = vt100::Parser::new(rows, columns, 0);
        let row = Regex::new(ROW).unwrap();
        Self {
            child,
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

    fn wait(&mut self, deadline: Duration, is_due: impl Fn(&Self) -> bool) -> Instant {
        let end = Instant::now() + deadline;
        while let Some(at) = self.next(end) {
            if is_due(self) {
                return at;
            }
        }
        panic!(
            "what was waited for did not come in {deadline:?}; the screen is\n{}",
            self.text()
        );
    }

    /// Takes in the next bytes; None at the end of the time.
    fn next(&mut self, end: Instant) -> Option<Instant> {
        match self.written.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok((at, bytes)) => {
                self.parser.process(&bytes);
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
