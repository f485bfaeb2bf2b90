//! A pseudo-terminal with a program in it, and the screen that a terminal would show.

#![allow(
    clippy::disallowed_methods,
    clippy::large_stack_arrays,
    reason = "a test of a terminal has threads and a deadline of its own"
)]

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use vt100::MouseProtocolMode;

/// Longer than anything takes here, also on a busy machine; only a failure waits for it.
const DEADLINE: Duration = Duration::from_secs(30);

/// A program in a pseudo-terminal.
pub(crate) struct Session {
    child: Running,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// All that came.
    pub(crate) raw: Vec<u8>,
    /// Home, settings and state of the program: empty at first.
    pub(crate) home: TempDir,
    termios: String,
}

/// What to run, and in what surroundings.
pub(crate) struct Start<'a> {
    pub(crate) program: &'a str,
    pub(crate) arguments: &'a [&'a str],
    pub(crate) environment: &'a [(&'a str, &'a str)],
    pub(crate) size: (u16, u16),
}

/// The demo on a terminal of a usual size, with these further arguments.
pub(crate) fn demo<'a>(arguments: &'a [&'a str]) -> Start<'a> {
    Start {
        program: env!("CARGO_BIN_EXE_sidescope"),
        arguments,
        environment: &[],
        size: (100, 30),
    }
}

impl Start<'_> {
    pub(crate) fn open(self) -> Session {
        let (width, height) = self.size;
        let size = pty_size(width, height);
        let pair = native_pty_system().openpty(size).unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(self.program);
        command.args(self.arguments);
        command.env_clear();
        command.cwd(home.path());
        let place = home.path().to_str().unwrap();
        let surroundings = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("HOME", place),
            ("XDG_STATE_HOME", place),
            ("XDG_CONFIG_HOME", place),
            ("TMPDIR", place),
        ];
        for (name, value) in surroundings.iter().chain(self.environment) {
            command.env(name, value);
        }
        let termios = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let (send, output) = sync_channel(1024);
        let mut reader = pair.master.try_clone_reader().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Session {
            child: Running(child),
            keys: pair.master.take_writer().unwrap(),
            master: pair.master,
            output,
            parser: vt100::Parser::new(NonZero::new(height).unwrap(), NonZero::new(width).unwrap(), 0),
            raw: Vec::new(),
            home,
            termios,
        }
    }
}

impl Session {
    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.master.resize(pty_size(width, height)).unwrap();
        self.parser
            .screen_mut()
            .set_size(NonZero::new(height).unwrap(), NonZero::new(width).unwrap());
    }

    /// Another size of the window only: what a terminal would show is of no interest meanwhile. None: 0.
    pub(crate) fn resize_unseen(&mut self, (width, height): (u16, u16)) {
        self.master.resize(pty_size(width, height)).unwrap();
    }

    /// How long it was on a processor, in hundredths of a second. None where the system does not tell.
    pub(crate) fn processor_ticks(&self) -> Option<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.0.process_id()?)).ok()?;
        // behind the name in brackets; user and system time are the 14th and 15th of all
        let (_, fields) = stat.rsplit_once(')')?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        ticks.map(|field| field.parse::<u64>().ok()).sum()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(process(&self.child), signal).unwrap();
    }

    /// Stops the terminal from taking bytes, as a stalled connection does.
    pub(crate) fn stall(&self) {
        let terminal = std::fs::File::open(self.master.tty_name().unwrap()).unwrap();
        rustix::termios::tcflow(terminal, rustix::termios::Action::OOff).unwrap();
    }

    /// What the program has of the system: open files, threads. None where the system does not tell.
    pub(crate) fn resources(&self) -> Vec<usize> {
        let process = format!("/proc/{}", self.child.0.process_id().unwrap());
        let count = |what: &str| Some(std::fs::read_dir(format!("{process}/{what}")).ok()?.count());
        ["fd", "task"].into_iter().filter_map(count).collect()
    }

    /// Waits until this holds of what the program has of the system.
    pub(crate) fn wait_until_process(&mut self, what: &str, holds: impl Fn(&[usize]) -> bool) {
        self.wait(what, |session| holds(&session.resources()));
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Waits until this holds of the screen.
    pub(crate) fn wait_until(&mut self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) {
        self.wait(what, |session| holds(session.screen()));
    }

    /// Waits until this holds of a frame that has come whole.
    pub(crate) fn wait_until_frame(&mut self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) {
        let last = |raw: &[u8], mark: &[u8]| raw.windows(mark.len()).rposition(|window| window == mark);
        self.wait(what, |session| {
            last(&session.raw, b"\x1b[?2026h") <= last(&session.raw, b"\x1b[?2026l") && holds(session.screen())
        });
    }

    /// Waits until these bytes have come so many times.
    pub(crate) fn wait_until_times(&mut self, what: &str, bytes: &[u8], times: usize) {
        self.wait(what, |session| {
            let windows = session.raw.windows(bytes.len());
            windows.filter(|window| *window == bytes).count() >= times
        });
    }

    /// Waits until this holds.
    pub(crate) fn wait(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !holds(self) {
            assert!(
                started.elapsed() < DEADLINE,
                "no {what} within {DEADLINE:?}; the screen is\n{}",
                self.parser.screen().contents()
            );
            match self.output.recv_timeout(Duration::from_millis(100)) {
                Ok(bytes) => self.take_in(&bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => panic!(
                    "the program ended before {what}; the screen is\n{}",
                    self.parser.screen().contents()
                ),
            }
        }
    }

    /// Waits until this text is on the screen.
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_until(&format!("'{text}'"), |screen| screen.contents().contains(text));
    }

    /// Waits for the program's end and gives its exit code; all its output has been taken in by then.
    pub(crate) fn wait_for_end(&mut self) -> u32 {
        let started = Instant::now();
        loop {
            match self.output.recv_timeout(Duration::from_millis(100)) {
                Ok(bytes) => self.take_in(&bytes),
                Err(RecvTimeoutError::Disconnected) => return self.child.0.wait().unwrap().exit_code(),
                Err(RecvTimeoutError::Timeout) => {}
            }
            assert!(
                started.elapsed() < DEADLINE,
                "it has not ended within {DEADLINE:?}; the screen is\n{}",
                self.parser.screen().contents()
            );
        }
    }

    /// The line discipline is as it was before the program took the terminal.
    pub(crate) fn assert_cooked(&self) {
        assert_eq!(format!("{:?}", self.master.get_termios()), self.termios);
    }

    /// The terminal is as it was before the program took it.
    pub(crate) fn assert_restored(&self) {
        self.assert_cooked();
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "bracketed paste is off");
        assert_eq!(
            screen.mouse_protocol_mode(),
            MouseProtocolMode::None,
            "the mouse is the terminal's own"
        );
        let raw = String::from_utf8_lossy(&self.raw);
        assert_eq!(
            raw.matches("\x1b[>1u").count(),
            raw.matches("\x1b[<1u").count(),
            "keyboard flags are popped as often as pushed"
        );
        assert_eq!(
            raw.matches("\x1b[?2026h").count(),
            raw.matches("\x1b[?2026l").count(),
            "no synchronized update is left open"
        );
    }

    /// Closes the terminal, as a window that is closed does, and waits for the program's end.
    pub(crate) fn close(self) -> u32 {
        let Session {
            mut child,
            master,
            mut keys,
            output,
            ..
        } = self;
        // The reader's thread ends, and closes its side, with the next output that nobody takes.
        drop(output);
        keys.write_all(b"j").unwrap();
        drop((master, keys));
        let (ended, end) = sync_channel(1);
        let pid = process(&child);
        std::thread::spawn(move || ended.send(child.0.wait().unwrap().exit_code()));
        end.recv_timeout(DEADLINE).unwrap_or_else(|_| {
            let _ = kill_process(pid, Signal::KILL);
            panic!("it has not ended within {DEADLINE:?}")
        })
    }

    fn take_in(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.raw.extend_from_slice(bytes);
    }
}

/// A child that does not outlive its test, should that fail half-way.
struct Running(Box<dyn Child + Send + Sync>);

fn process(child: &Running) -> Pid {
    let id = child.0.process_id().unwrap();
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is none the worse for it.
        let _ = self.0.kill();
    }
}

fn pty_size(width: u16, height: u16) -> PtySize {
    PtySize {
        rows: height,
        cols: width,
        pixel_width: 0,
        pixel_height: 0,
    }
}
