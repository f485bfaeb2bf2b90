//! Packets while a screen is up: a capture is read on a thread of its own, and passed on as far as the loop has time.
//!
//! Anything that gives bytes of pcap can be the source: see [`Packets`]. Not here: what packets mean, how many are kept.
//! Invariants: what waits is bounded; a flood never holds up the loop; what of a live source nobody had time for is
//! counted; a source that ends or breaks is told once, with its reason.

use std::any::Any;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use jiff::tz::TimeZone;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::capture::interface_name;
use crate::app::message::{CaptureState, Captured};
use crate::app::view::tcpdump::Printer;
use crate::mesh::model::Text;
use crate::sources::packets::Capture;

/// Packets that wait for the loop: eight turns' worth.
pub(super) const QUEUE: usize = 4096;

/// Opens the stream of bytes. Runs on the capture's own thread, within tokio: it may wait, and start tasks.
pub type Open = Box<dyn FnOnce() -> io::Result<Box<dyn Read + Send>> + Send>;
/// What the source itself says of its end (its standard error, a status); asked once the stream is over.
pub type LastWords = Box<dyn FnOnce() -> Option<String> + Send>;

/// Where packets come from: a stream of pcap or pcapng, and what there is to know of it.
pub struct Packets {
    /// What it is, in a few words: `tcpdump -i eth0`, `file reviews.pcap`.
    pub from: Text,
    /// Whether it waits for us.
    pub pace: Pace,
    /// Only packets to this port.
    pub port: Option<u16>,
    /// Its bytes.
    pub open: Open,
    /// Why it ended, if it says so.
    pub last_words: LastWords,
    /// Dropped with the screen: ends what captures (a process, a connection). `()` where there is nothing to end.
    pub keep: Box<dyn Any + Send>,
}

impl fmt::Debug for Packets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Packets");
        out.field("from", &self.from).field("pace", &self.pace);
        out.field("port", &self.port).finish_non_exhaustive()
    }
}

/// What becomes of packets that come faster than the loop takes them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// They wait: a file.
    Waits,
    /// They are let go, and counted.
    Live,
}

/// What the thread tells the loop.
#[derive(Debug)]
pub(super) enum News {
    /// The next packet.
    Packet(Box<Captured>),
    /// How the capture does: before the first packet, after the last.
    State(CaptureState),
}

/// A capture that is read; what captures ends with this.
#[derive(Default)]
pub(super) struct Reading {
    /// What it is.
    pub(super) from: Text,
    missed: Arc<AtomicU64>,
    _keep: Option<Box<dyn Any + Send>>,
}

impl Reading {
    /// How many packets nobody had time for.
    pub(super) fn missed(&self) -> u64 {
        self.missed.load(Relaxed)
    }
}

/// Starts to read. A thread of its own, since nobody can end a read of a pipe that gives nothing: it ends with its
/// source, with the loop at the next packet, or with the process.
///
/// # Errors
/// If the system gives no thread.
pub(super) fn start(source: Packets, zone: TimeZone, out: Sender<News>) -> io::Result<Reading> {
    let missed = Arc::new(AtomicU64::new(0));
    let reading = Reading {
        from: source.from,
        missed: Arc::clone(&missed),
        _keep: Some(source.keep),
    };
    let tokio = Handle::current();
    let (open, last_words, pace, port) = (source.open, source.last_words, source.pace, source.port);
    std::thread::Builder::new()
        .name("sidescope-capture".to_owned())
        .spawn(move || {
            let _tokio = tokio.enter();
            // nobody takes news any more: the loop has ended
            let _ = out.blocking_send(News::State(CaptureState::Reading));
            let reader = Reader {
                pace,
                port,
                out: &out,
                missed: &missed,
            };
            let state = match reader.run(open, &zone) {
                Ok(()) => CaptureState::Ended,
                Err(why) => CaptureState::Broken(last_words().unwrap_or(why).into()),
            };
            let _ = out.blocking_send(News::State(state));
        })?;
    Ok(reading)
}

struct Reader<'a> {
    pace: Pace,
    port: Option<u16>,
    out: &'a Sender<News>,
    missed: &'a AtomicU64,
}

impl Reader<'_> {
    /// Reads to the end, or until nobody wants more; why not, in words.
    fn run(&self, open: Open, zone: &TimeZone) -> Result<(), String> {
        let bytes = open().map_err(|error| error.to_string())?;
        let mut printer = Printer::new(zone, interface_name);
        for packet in Capture::open(bytes).map_err(|error| error.to_string())? {
            let packet = packet.map_err(|error| error.to_string())?;
            if self.port.is_some_and(|port| !packet.is_to_port(port)) {
                continue;
            }
            let line = printer.line(&packet).into();
            let news = News::Packet(Box::new(Captured { packet, line }));
            if !self.pass(news) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Passes a packet on; `false` if nobody takes it any more.
    fn pass(&self, news: News) -> bool {
        match self.pace {
            Pace::Waits => self.out.blocking_send(news).is_ok(),
            Pace::Live => match self.out.try_send(news) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    self.missed.fetch_add(1, Relaxed);
                    true
                }
                Err(TrySendError::Closed(_)) => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    const CAPTURE: &[u8] = include_bytes!("../../tests/captures/ethernet.pcap");

    fn source(bytes: Vec<u8>, pace: Pace) -> Packets {
        Packets {
            from: "a test".into(),
            pace,
            port: None,
            open: Box::new(move || Ok(Box::new(io::Cursor::new(bytes)))),
            last_words: Box::new(|| None),
            keep: Box::new(()),
        }
    }

    /// Lines and states, in order.
    async fn told(source: Packets, queue: usize) -> (Vec<String>, u64) {
        let (out, mut news) = mpsc::channel(queue);
        let reading = start(source, TimeZone::UTC, out).unwrap();
        let mut told = Vec::new();
        while let Some(news) = news.recv().await {
            told.push(match news {
                News::Packet(captured) => captured.line.into_string(),
                News::State(state) => format!("{state:?}"),
            });
        }
        (told, reading.missed())
    }

    #[tokio::test]
    async fn a_file_is_passed_on_whole_through_however_small_a_queue() {
        let (told, missed) = told(source(CAPTURE.to_vec(), Pace::Waits), 1).await;
        let text = include_str!("../../tests/captures/ethernet.txt");
        let lines: Vec<&str> = std::iter::once("Reading")
            .chain(text.lines())
            .chain(["Ended"])
            .collect();
        assert_eq!(told, lines);
        assert_eq!(missed, 0);
    }

    #[tokio::test]
    async fn of_a_live_source_what_nobody_takes_is_let_go_and_counted() {
        let (out, mut news) = mpsc::channel(4);
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let mut live = source(CAPTURE.to_vec(), Pace::Live);
        live.last_words = Box::new(|| None);
        // the stream's reader is dropped once all of it was read
        let open = live.open;
        live.open = Box::new(move || {
            struct Told(Box<dyn Read + Send>, std::sync::mpsc::Sender<()>);
            impl Read for Told {
                fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                    self.0.read(buffer)
                }
            }
            impl Drop for Told {
                fn drop(&mut self) {
                    let _ = self.1.send(());
                }
            }
            Ok(Box::new(Told(open()?, end)))
        });
        let reading = start(live, TimeZone::UTC, out).unwrap();
        ended.recv().unwrap();
        let mut packets = 0;
        while let Some(news) = news.recv().await {
            packets += u64::from(matches!(news, News::Packet(_)));
        }
        let all = include_str!("../../tests/captures/ethernet.txt").lines().count() as u64;
        assert_eq!((packets, packets + reading.missed()), (3, all));
    }

    #[tokio::test]
    async fn what_breaks_says_why_in_the_words_of_the_source_if_it_has_any() {
        let (plain, _) = told(source(b"no capture".to_vec(), Pace::Waits), 8).await;
        assert_eq!(plain.len(), 2);
        assert!(
            plain[1].starts_with("Broken(") && plain[1].contains("no pcap"),
            "{plain:?}"
        );
        let mut silent = source(Vec::new(), Pace::Live);
        silent.last_words = Box::new(|| Some("tcpdump: eth9: No such device exists".to_owned()));
        let (with_words, _) = told(silent, 8).await;
        assert_eq!(with_words[1], "Broken(\"tcpdump: eth9: No such device exists\")");
        let mut cut = source(CAPTURE[..1000].to_vec(), Pace::Waits);
        cut.port = Some(1);
        let (cut, _) = told(cut, 8).await;
        assert_eq!(cut.len(), 2, "packets to other ports are not passed on: {cut:?}");
        assert!(cut[1].contains("middle of a packet"), "{cut:?}");
    }
}
