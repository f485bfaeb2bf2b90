//! Surroundings that fail: no home, a full disk, pipes and folders in the place of files, odd terminals and sizes. It ends
//! with a line and by the table of exit codes, or goes on; it never hangs, and never spins.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::session::{Session, Start, demo};

const SIDESCOPE: &str = env!("CARGO_BIN_EXE_sidescope");

fn quit(session: &mut Session) {
    session.press("Q");
    assert_eq!(session.wait_for_end(), 0);
    session.assert_restored();
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Makes something at a path.
type Make = fn(&Path);

/// Runs a shell's line with the program as its argument, in a pseudo-terminal.
fn shell<'a>(arguments: &'a [&'a str]) -> Session {
    Start {
        program: "sh",
        ..demo(arguments)
    }
    .open()
}

/// Waits until it uses no processor: over ten looks in a row at most a hundredth of a second.
fn wait_for_rest(session: &mut Session, what: &str) {
    let (since, looks) = (Cell::new(0), Cell::new(0));
    session.wait(&format!("rest: {what}"), |session| {
        let Some(ticks) = session.processor_ticks() else {
            return true;
        };
        if ticks > since.get() + 1 {
            since.set(ticks);
            looks.set(0);
        }
        looks.set(looks.get() + 1);
        looks.get() > 10
    });
}

#[test]
fn it_rests_whatever_became_of_its_terminal() {
    let mut session = demo(&["demo"]).open();
    session.wait_for("HEALTHY");
    wait_for_rest(&mut session, "a screen");
    session.resize(1, 1);
    wait_for_rest(&mut session, "one cell");
    session.resize(100, 30);
    session.wait_for("HEALTHY");
    session.stall();
    session.press("jjj");
    wait_for_rest(&mut session, "a terminal that takes no bytes");
    session.signal(Signal::TERM);
    assert_eq!(session.wait_for_end(), 143);
}

#[test]
fn a_window_of_one_cell_and_a_storm_of_sizes_leave_a_whole_screen() {
    let mut session = Start {
        size: (1, 1),
        ..demo(&["demo"])
    }
    .open();
    session.wait_until_times("a first frame", b"\x1b[?2026l", 1);
    let mut random = 1_u32;
    for at in 0..400 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let size = |bits: u32, most: u32| u16::try_from((random >> bits) % most).unwrap();
        session.resize_unseen(if at % 7 == 0 {
            (0, 0)
        } else {
            (size(8, 220), size(20, 70))
        });
        if at % 50 == 0 {
            session.press(["1", "2", "3", "4", "5", "6", "`", "?"][at / 50]);
        }
    }
    session.resize(100, 30);
    session.press("\x1b\x1b`");
    session.wait_until("the whole screen", |screen| {
        let text = screen.contents();
        text.contains("Services") && text.contains("HEALTHY") && screen.contents().lines().count() == 30
    });
    wait_for_rest(&mut session, "after the storm");
    quit(&mut session);
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_goes_without_a_signal_ends_it() {
    // in a session of its own nobody sends it SIGHUP
    let mut session = shell(&["-c", "trap '' HUP; exec setsid -w \"$0\" demo", SIDESCOPE]);
    session.wait_for("HEALTHY");
    assert_eq!(session.close(), 129);
}

#[test]
fn odd_terminals_and_homes_are_no_reason_to_fail() {
    for unset in ["TERM", "LANG", "HOME", "PATH"] {
        let line = format!("unset {unset}; exec \"$0\" demo");
        let mut session = shell(&["-c", &line, SIDESCOPE]);
        session.wait_for("HEALTHY");
        quit(&mut session);
    }
    let line = "unset HOME XDG_STATE_HOME XDG_CONFIG_HOME TMPDIR; exec \"$0\" demo";
    let mut session = shell(&["-c", line, SIDESCOPE]);
    session.wait_for("HEALTHY");
    quit(&mut session);
    for (name, value) in [
        ("TERM", "dumb"),
        ("TERM", "linux"),
        ("TERM", "vt100"),
        ("LANG", "C"),
        ("LC_ALL", "POSIX"),
        ("LANG", "de_DE.ISO-8859-1"),
        ("TZ", "Nowhere/Land"),
    ] {
        let environment = [(name, value)];
        let mut session = Start {
            environment: &environment,
            ..demo(&["demo"])
        }
        .open();
        session.wait_for("HEALTHY");
        quit(&mut session);
        let is_ascii = session.raw.is_ascii();
        assert_eq!(
            is_ascii,
            name.starts_with('L') || value == "linux" || value == "dumb",
            "{name}={value}"
        );
    }
}

#[test]
fn a_home_that_takes_nothing_is_told_in_the_log_alone() {
    // not for root either
    for home in ["/dev/null/home", "/proc"] {
        let environment = [("HOME", home), ("XDG_STATE_HOME", home), ("XDG_CONFIG_HOME", home)];
        let mut session = Start {
            environment: &environment,
            ..demo(&["demo"])
        }
        .open();
        session.wait_for("HEALTHY");
        session.press(":log\r");
        session.wait_for("╭");
        session.press("\x1b");
        quit(&mut session);
    }
}

/// A shell's line that lets no file grow beyond so many blocks, as a disk that is full.
const FULL_DISK: &str = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";

#[test]
fn a_full_disk_stops_what_is_written_and_nothing_else() {
    let mut session = shell(&["-c", FULL_DISK, SIDESCOPE, "--log-file", "all.log", "demo"]);
    session.wait_for("HEALTHY");
    for kind in ["txt", "json", "svg"] {
        session.press(&format!(":save view.{kind}\r"));
        session.wait_for(&format!("cannot write 'view.{kind}': File too large"));
        assert!(
            !session.home.path().join(format!("view.{kind}")).exists(),
            "no half of a file is left"
        );
    }
    session.press("R");
    session.wait_for("File too large");
    session.press("2");
    session.wait_for("PORT(S)");
    wait_for_rest(&mut session, "a full disk");
    quit(&mut session);

    for path in ["/dev/full", "all.log"] {
        let mut session = shell(&["-c", "exec \"$0\" \"$@\"", SIDESCOPE, "--log-file", path, "demo"]);
        session.wait_for("HEALTHY");
        quit(&mut session);
    }
}

#[test]
fn settings_that_are_a_pipe_or_a_folder_are_said_and_never_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("sidescope");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("config.toml");
    let place = home.path().to_str().unwrap();
    let environment = [("XDG_CONFIG_HOME", place)];
    let open = || {
        Start {
            size: (200, 30),
            environment: &environment,
            ..demo(&["demo"])
        }
        .open()
    };
    // at the start
    let cases: [(Make, &str); 2] = [
        (|path| pipe(path), "nobody writes into this pipe"),
        (|path| fs::create_dir(path).unwrap(), "Is a directory"),
    ];
    for (make, said) in cases {
        make(&path);
        let mut session = open();
        session.wait_for(said);
        assert_eq!(session.wait_for_end(), 2);
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
    // while the screen is up
    fs::write(&path, "").unwrap();
    let mut session = open();
    session.wait_for("HEALTHY");
    for (make, said) in cases {
        let draft = folder.join("draft");
        make(&draft);
        fs::remove_file(&path).unwrap();
        fs::rename(&draft, &path).unwrap();
        session.wait_for(said);
        session.press("2");
        session.wait_for("PORT(S)");
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
        fs::write(&path, "").unwrap();
        session.wait_for("settings: as they were");
        session.press("`");
        session.wait_for("HEALTHY");
    }
    fs::write(&path, "theme = 'light'\n").unwrap();
    session.wait_for("settings: theme light");
    quit(&mut session);
}

#[test]
fn state_drafts_and_recordings_that_are_pipes_or_folders_are_said() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("sidescope");
    fs::create_dir(&folder).unwrap();
    let place = home.path().to_str().unwrap();
    let environment = [("XDG_STATE_HOME", place)];
    for is_pipe in [true, false] {
        for name in ["state.json", "state.lock"] {
            let path = folder.join(name);
            if is_pipe {
                pipe(&path);
            } else {
                fs::create_dir(&path).unwrap();
            }
            let mut session = Start {
                environment: &environment,
                ..demo(&["demo"])
            }
            .open();
            session.wait_for("HEALTHY");
            quit(&mut session);
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
        }
    }
    let mut session = demo(&["demo"]).open();
    session.wait_for("HEALTHY");
    pipe(&session.home.path().join("pipe.txt"));
    fs::create_dir(session.home.path().join("folder.txt")).unwrap();
    for (keys, said) in [
        (":save pipe.txt\r", "'pipe.txt' is there already"),
        (":save folder.txt\r", "'folder.txt' is there already"),
        (":record pipe.txt\r", "there is a 'pipe.txt' already"),
        (":record folder.txt\r", "there is a 'folder.txt' already"),
        (":what-if pipe.txt\r", "it is no file"),
        (":what-if folder.txt\r", "it is no file"),
    ] {
        session.press(keys);
        session.wait_for(said);
        session.press("\x1b");
    }
    quit(&mut session);
}

/// Runs a command whose reader goes after so many bytes: nothing is said, and the code is 0.
fn assert_silent(command: &mut Command, first: usize) {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut bytes = vec![0; first];
    std::io::Read::read_exact(&mut stdout, &mut bytes).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{command:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error_of_any_command() {
    use std::sync::Arc;

    let now = || "2026-11-23T05:00:00Z".parse().unwrap();
    let rights = sidescope::demo::options::Rights::All;
    let cluster = crate::corpus::Served::new(now, Arc::new(crate::rights::Empty), rights);
    let client = format!("{}.bookinfo", crate::corpus::pod("productpage-v1"));
    let recording = cluster.path("r");
    assert_eq!(cluster.run(&["record", &recording, "--for", "1s"]).code, Some(0));
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/ethernet.pcap");
    for arguments in [
        &["pods", "-A"][..],
        &["pods", "-A", "-o", "json"],
        &["pods", "-A", "-o", "yaml"],
        &["pods", "-A", "-o", "name"],
        &["pods", "-A", "--watch"],
        &["pods", "-A", "--watch", "-o", "json"],
        &["services", "-A"],
        &["services", "-A", "--watch"],
        &["sidecars", "-A"],
        &["sidecars", "-A", "--watch"],
        &["endpoints", &client],
        &["endpoints", &client, "--watch"],
        &["endpoints", &client, "--watch", "-o", "json"],
        &["endpoints", &client, "--live"],
        &["endpoints", &client, "--live", "--raw", "-o", "json"],
        &["explain", &client, "reviews.bookinfo"],
        &["explain", &client, "reviews.bookinfo", "-o", "json"],
        &["who-sees", "reviews.bookinfo"],
        &["diff", &client, "--without", "sidecar/bookinfo/reviews", "-o", "json"],
        &["lint", "-A", "-o", "json"],
        &["traffic", "--pcap", capture, "-o", "packets"],
        &["traffic", "--pcap", capture, "-o", "json"],
        &["traffic", &client, "--pcap", capture],
        &["traffic", &client],
        &["pods", "--columns", "help"],
        &["export", &recording, "--markdown"],
        &["config"],
        &["config", "-o", "json"],
        &["config", "--keys"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["--version"],
        &["pods", "--help"],
    ] {
        for first in [0, 1] {
            let mut command = cluster.command(arguments);
            if matches!(
                arguments[0],
                "completions" | "man" | "--help" | "--version" | "export" | "config"
            ) {
                command = Command::new(SIDESCOPE);
                command.args(arguments).env_clear();
            }
            assert_silent(&mut command, first);
        }
    }
}

#[test]
fn a_command_that_waits_ends_by_a_signal() {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::ExitStatusExt as _;

    let server = "demo --serve";
    for (signal, number) in [(Signal::TERM, 15), (Signal::INT, 2), (Signal::HUP, 1)] {
        let mut command = Command::new(SIDESCOPE);
        let command = command
            .args(server.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let code = output
            .status
            .code()
            .or(output.status.signal().map(|signal| 128 + signal));
        assert_eq!(code, Some(128 + number), "{signal:?}");
        assert!(output.stderr.is_empty());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_is_full_is_said_by_every_command() {
    let world = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/corpus/oncall-bookinfo-typo-hides-ratings/world.yaml"
    );
    for arguments in [
        &["pods", "--from", world][..],
        &["pods", "--from", world, "-o", "json"],
        &["pods", "--from", world, "-o", "yaml"],
        &["lint", "--from", world],
        &["config"],
        &["completions", "zsh"],
        &["man"],
        &["--help"],
        &["demo", "--serve"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(SIDESCOPE).args(arguments).stdout(full).output().unwrap();
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{arguments:?}: {line}");
        assert_eq!(
            line,
            "error: cannot write to standard output: No space left on device (os error 28)\n"
        );
    }
}
