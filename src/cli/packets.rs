//! Packets for the screen, by the flags: a file, standard input, an interface of this machine.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use super::args::PacketArgs;
use super::exit::{Ended, Exit};
use crate::runtime::capture;
use crate::runtime::packets::{Pace, Packets};

/// Where keys come from while standard input is a capture.
const KEYBOARD: &str = "/dev/tty";

/// What packets are read from; `None` if none are asked for.
pub(super) fn source(args: &PacketArgs) -> Result<Option<Packets>, Ended> {
    match (&args.pcap, &args.iface) {
        (Some(path), _) if path == Path::new("-") => standard_input(args.dst_port).map(Some),
        (Some(path), _) => file(path, args.dst_port).map(Some),
        (None, Some(interface)) => {
            let started = capture::of_interface(interface, args.dst_port);
            let failed = |error| Ended::new(Exit::Usage, format!("cannot run tcpdump: {error}"));
            started.map(Some).map_err(failed)
        }
        (None, None) if args.dst_port.is_some() => {
            let line = "--dst-port chooses packets: name a source of them, --pcap FILE or --iface NAME";
            Err(Ended::new(Exit::Usage, line))
        }
        (None, None) => Ok(None),
    }
}

fn stream(from: String, pace: Pace, port: Option<u16>, open: impl FnOnce() -> Opened + Send + 'static) -> Packets {
    Packets {
        from: from.into(),
        pace,
        port,
        open: Box::new(open),
        last_words: Box::new(|| None),
        keep: Box::new(()),
    }
}

type Opened = io::Result<Box<dyn Read + Send>>;

/// A file that is whole, or a pipe with a name, which has no bytes before its writer is there.
fn file(path: &Path, port: Option<u16>) -> Result<Packets, Ended> {
    let unreadable = |error| Ended::new(Exit::Usage, format!("cannot read '{}': {error}", path.display()));
    let kind = path.metadata().map_err(unreadable)?.file_type();
    if kind.is_fifo() {
        let path = path.to_owned();
        let from = format!("pipe {}", path.display());
        return Ok(stream(from, Pace::Live, port, move || Ok(Box::new(File::open(path)?))));
    }
    let file = open(path)?;
    let from = format!("file {}", path.display());
    Ok(stream(from, Pace::Waits, port, move || Ok(Box::new(file))))
}

/// Opens a capture.
///
/// # Errors
/// It cannot be read, or is a directory.
pub(super) fn open(path: &Path) -> Result<File, Ended> {
    let unreadable = |error| Ended::new(Exit::Usage, format!("cannot read '{}': {error}", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        let line = format!("'{}' is a directory: name a capture in it", path.display());
        return Err(Ended::new(Exit::Usage, line));
    }
    Ok(file)
}

fn standard_input(port: Option<u16>) -> Result<Packets, Ended> {
    let usage = |line: &str| Err(Ended::new(Exit::Usage, line));
    if io::stdin().is_terminal() {
        return usage("'--pcap -' reads a capture from standard input: tcpdump -U -w - ... | sidescope --pcap -");
    }
    // kqueue, which crossterm waits with there, cannot watch it
    let has_keyboard = !cfg!(target_os = "macos") && File::open(KEYBOARD).is_ok();
    if !has_keyboard {
        return usage(
            "with '--pcap -' keys cannot be read here: give the capture as a file, --pcap <(tcpdump -U -w - ...)",
        );
    }
    let open = || Ok(Box::new(io::stdin()) as Box<dyn Read + Send>);
    Ok(stream("standard input".to_owned(), Pace::Live, port, open))
}
