//! Packets of this machine: the system's tcpdump as a stream of pcap.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Handle;

use super::packets::{Pace, Packets};
use crate::mesh::model::Socket;
use crate::sources::packets::{Link, decode};

/// The head of a capture, and that of each of its packets.
const HEAD: usize = 24;
const RECORD: usize = 16;
/// Before a recording begins, each time.
const BETWEEN: Duration = Duration::from_secs(3);
/// Of what tcpdump says at its end, so much is read.
const LAST_WORDS: u64 = 8 * 1024;

/// Tells a person a line.
type Tell = fn(&str);

/// A tcpdump that runs; ends with this.
#[derive(Debug)]
pub struct Running {
    kept: Kept,
    /// Ends with what it says itself: the line that is its reason if it fails.
    says: JoinHandle<Option<String>>,
    tell: Tell,
}

impl Running {
    /// Why it failed, if it did; asked for once its output is over.
    pub fn failure(self) -> Option<String> {
        let Self { mut kept, says, tell } = self;
        let reason = says.join().ok()??;
        // one that cannot be waited for is one of which nothing else is known
        if kept.0.wait().is_ok_and(|status| status.success()) {
            tell(&reason);
            return None;
        }
        Some(reason)
    }

    /// Ends it as Ctrl-c does: it says how many packets it took and lost.
    pub fn stop(self) {
        if kill_process(Pid::from_child(&self.kept.0), Signal::INT).is_ok()
            && let Ok(Some(last)) = self.says.join()
        {
            (self.tell)(&last);
        }
    }
}

/// A process that ends with this; its output is somebody else's.
#[derive(Debug)]
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

fn end(child: &mut Child) {
    // one that has ended already needs no end
    let _ = child.kill();
    let _ = child.wait();
}

/// Captures TCP on an interface, to a port if one is given: what it captures, and what becomes of it. What tcpdump says
/// itself is told line by line, but for the one why it fails.
///
/// # Errors
/// It cannot be started.
pub fn on_interface(interface: &str, port: Option<u16>, tell: Tell) -> io::Result<(ChildStdout, Running)> {
    let mut child = tcpdump(interface, port).stderr(Stdio::piped()).spawn()?;
    let out = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let from = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let kept = Kept(child);
    let says = std::thread::Builder::new()
        .name("sidescope-tcpdump".to_owned())
        .spawn(move || pass_on(from, tell))?;
    Ok((out, Running { kept, says, tell }))
}

/// Tells lines as they come; the last one if it may be the reason of an end.
fn pass_on(from: ChildStderr, tell: Tell) -> Option<String> {
    let mut held: Option<String> = None;
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        // what stands in brackets behind a reason says it once more
        if held.is_some() && line.starts_with('(') {
            continue;
        }
        if let Some(before) = held.take() {
            tell(&before);
        }
        if is_reason(&line) {
            held = Some(line);
        } else {
            tell(&line);
        }
    }
    held
}

/// Whether it is tcpdump's own line, and not what it says at every start.
fn is_reason(line: &str) -> bool {
    line.starts_with("tcpdump: ") && !line.contains("listening on")
}

/// The same for a screen: what tcpdump says itself is kept for the reason of its end.
///
/// # Errors
/// It cannot be started.
pub fn of_interface(interface: &str, port: Option<u16>) -> io::Result<Packets> {
    let mut child = tcpdump(interface, port).stderr(Stdio::piped()).spawn()?;
    let out = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let says = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
    Ok(Packets {
        from: format!("tcpdump -i {interface}").into(),
        pace: Pace::Live,
        port: None,
        open: Box::new(|| Ok(Box::new(out))),
        last_words: Box::new(|| reason(says)),
        keep: Box::new(Kept(child)),
    })
}

fn tcpdump(interface: &str, port: Option<u16>) -> Command {
    let mut command = Command::new("tcpdump");
    command.args(["-i", interface, "-n", "-U", "-s", "256", "-w", "-"]);
    match port {
        Some(port) => command.arg(format!("tcp and dst port {port}")),
        None => command.arg("tcp"),
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Why tcpdump ended, by what it says: its own last line, without what it says at every start and in brackets behind.
fn reason(says: impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    // what could be read counts
    let _ = says.take(LAST_WORDS).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Some(text.lines().rfind(|line| is_reason(line))?.trim().to_owned())
}

/// Whether an address is called at this moment.
pub type IsCalled = Box<dyn Fn(SocketAddr) -> bool + Send>;

/// A recording (pcap of Ethernet, least byte first, microseconds), played as quickly as it was recorded, again and again:
/// for the demo. Conversations with an address that is not called when they begin are left out, and so is the rest of one
/// that is called no longer.
pub fn of_recording(from: &'static str, recording: &'static [u8], is_called: IsCalled) -> Packets {
    Packets {
        from: from.into(),
        pace: Pace::Live,
        port: None,
        open: Box::new(move || Ok(Box::new(Played::new(recording, is_called)))),
        last_words: Box::new(|| None),
        keep: Box::new(()),
    }
}

/// A recording that is played.
struct Played {
    recording: &'static [u8],
    /// What follows of it.
    rest: &'static [u8],
    /// When the last packet was recorded; `None` before the first.
    last: Option<Duration>,
    /// What can be read now.
    ready: &'static [u8],
    is_called: IsCalled,
    /// Conversations that are left out, until it begins anew.
    left_out: BTreeSet<[Socket; 2]>,
}

impl Played {
    fn new(recording: &'static [u8], is_called: IsCalled) -> Self {
        let (head, rest) = recording.split_at_checked(HEAD).unwrap_or_default();
        Self {
            recording,
            rest,
            last: None,
            ready: head,
            is_called,
            left_out: BTreeSet::new(),
        }
    }

    /// The next packet, and how long after the last one it comes; from the end on to the beginning.
    fn next(&mut self) -> Option<(Duration, &'static [u8])> {
        if self.rest.is_empty() {
            self.rest = self.recording.get(HEAD..)?;
            self.last = None;
            self.left_out.clear();
        }
        let number = |at: usize| {
            let bytes = self.rest.get(at..at + 4)?.first_chunk()?;
            Some(u32::from_le_bytes(*bytes))
        };
        let at = Duration::from_secs(number(0)?.into()) + Duration::from_micros(number(4)?.into());
        let length = RECORD + usize::try_from(number(8)?).ok()?;
        let (packet, rest) = self.rest.split_at_checked(length)?;
        let wait = self.last.map_or(BETWEEN, |last| at.saturating_sub(last));
        (self.rest, self.last) = (rest, Some(at));
        Some((wait, packet))
    }
}

impl Played {
    /// Whether a packet is seen at this moment: one end of it, the lower port, is called.
    fn is_seen(&mut self, packet: &[u8]) -> bool {
        let frame = packet.get(RECORD..).unwrap_or_default();
        let packet = decode(Link::Ethernet, frame, u32::MAX, Timestamp::UNIX_EPOCH);
        let Some((from, to)) = packet.ends() else { return false };
        let called = if from.port < to.port { from } else { to };
        let conversation = [from.min(to), from.max(to)];
        let is_seen = !self.left_out.contains(&conversation) && (self.is_called)((called.ip, called.port).into());
        if !is_seen {
            self.left_out.insert(conversation);
        }
        is_seen
    }
}

impl Read for Played {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty()
            && let Some((wait, packet)) = self.next()
        {
            Handle::current().block_on(tokio::time::sleep(wait));
            if self.is_seen(packet) {
                self.ready = packet;
            }
        }
        self.ready.read(buffer)
    }
}

/// The name of an interface of this machine.
#[cfg(target_os = "linux")]
pub fn interface_name(index: u32) -> Option<String> {
    use rustix::net::{AddressFamily, SocketType, netdevice, socket};
    let any = socket(AddressFamily::UNIX, SocketType::DGRAM, None).ok()?;
    netdevice::index_to_name(any, index).ok()
}

/// The name of an interface of this machine: not known here, where no capture names one by its number.
#[cfg(not(target_os = "linux"))]
pub fn interface_name(_: u32) -> Option<String> {
    None
}

/// Waits so long.
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;

    #[test]
    fn a_recording_is_played_as_it_was_recorded_and_begins_again() {
        let recording = include_bytes!("../../assets/demo/packets.pcap");
        let mut played = Played::new(recording, Box::new(|_| true));
        assert_eq!(played.ready, &recording[..HEAD]);
        let mut bytes = HEAD;
        let mut time = Duration::ZERO;
        let (wait, first) = played.next().unwrap();
        assert_eq!(wait, BETWEEN);
        bytes += first.len();
        while !played.rest.is_empty() {
            let (wait, packet) = played.next().unwrap();
            bytes += packet.len();
            time += wait;
        }
        assert_eq!(bytes, recording.len());
        assert_eq!(
            time,
            Duration::from_micros(1_397_733),
            "08:22:15.516803 to 08:22:16.914536"
        );
        assert_eq!(played.next(), Some((BETWEEN, first)));
    }

    #[test]
    fn of_a_recording_only_what_is_called_is_seen() {
        let recording = include_bytes!("../../assets/demo/packets.pcap");
        let hidden = Arc::new(AtomicBool::new(false));
        let is_hidden = Arc::clone(&hidden);
        let reviews: SocketAddr = "10.244.2.32:9080".parse().unwrap();
        let is_called = move |to| to != reviews || !is_hidden.load(Relaxed);
        let mut played = Played::new(recording, Box::new(is_called));
        let mut seen = |hides: Option<usize>| {
            let mut seen = 0;
            for packet in 0..60 {
                if hides == Some(packet) {
                    hidden.store(true, Relaxed);
                }
                let (_, packet) = played.next().unwrap();
                seen += usize::from(played.is_seen(packet));
            }
            seen
        };
        assert_eq!(seen(None), 60);
        let some = seen(Some(30));
        assert!(
            (27..60).contains(&some),
            "what was hidden half-way goes on no longer: {some}"
        );
        assert_eq!(seen(None), 27, "all but the 33 to and from there");
    }

    #[test]
    fn what_tcpdump_says_last_of_itself_is_the_reason() {
        let says = |text: &str| reason(text.as_bytes());
        assert_eq!(
            says("tcpdump: listening on eth0\ntcpdump: pcap_loop: The interface disappeared\n0 packets captured\n")
                .as_deref(),
            Some("tcpdump: pcap_loop: The interface disappeared")
        );
        assert_eq!(
            says("tcpdump: eth9: No such device exists\n(No such device exists)\n").as_deref(),
            Some("tcpdump: eth9: No such device exists")
        );
        assert_eq!(says("tcpdump: listening on eth0, link-type EN10MB (Ethernet)\n"), None);
    }
}
