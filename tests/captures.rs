//! Captures as `tcpdump -n -r` (4.99.3) prints them, line for line.
//!
//! A case is a capture and its text: `NAME.pcap` (or `.pcapng`) and `NAME.txt`; `NAME.dst-PORT.txt` is what
//! `tcpdump -n -r NAME.pcap dst port PORT` prints. `tests/captures/README.md` says where they come from.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use sidescope::app::view::tcpdump::Printer;
use sidescope::sources::packets::{Capture, CaptureError};

/// The only interface of a machine without any.
fn loopback(index: u32) -> Option<String> {
    (index == 1).then(|| "lo".to_owned())
}

/// The lines of a capture, and how it ended.
fn lines(bytes: &[u8], port: Option<u16>) -> (Vec<String>, Option<CaptureError>) {
    let zone = TimeZone::UTC;
    let mut printer = Printer::new(&zone, loopback);
    let mut lines = Vec::new();
    let capture = match Capture::open(bytes) {
        Ok(capture) => capture,
        Err(error) => return (lines, Some(error)),
    };
    for packet in capture {
        match packet {
            Ok(packet) if port.is_none_or(|port| packet.is_to_port(port)) => lines.push(printer.line(&packet)),
            Ok(_) => {}
            Err(error) => return (lines, Some(error)),
        }
    }
    (lines, None)
}

/// Every text with the capture it belongs to and the port it is of.
fn cases() -> Vec<(PathBuf, PathBuf, Option<u16>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let mut cases = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let text = entry.unwrap().path();
        let name = text.file_name().unwrap().to_str().unwrap();
        let Some(name) = name.strip_suffix(".txt") else {
            continue;
        };
        let (name, port) = match name.split_once(".dst-") {
            Some((name, port)) => (name, Some(port.parse().unwrap())),
            None => (name, None),
        };
        let capture = [".pcap", ".pcapng"].map(|ending| folder.join(format!("{name}{ending}")));
        let capture = capture.into_iter().find(|path| path.exists());
        cases.push((
            text.clone(),
            capture.unwrap_or_else(|| panic!("no capture for {name}")),
            port,
        ));
    }
    cases.sort();
    cases
}

#[test]
fn every_capture_is_printed_as_tcpdump_prints_it() {
    let cases = cases();
    assert!(cases.len() >= 8, "too few cases: {cases:?}");
    for (text, capture, port) in cases {
        let expected = fs::read_to_string(&text).unwrap();
        let (actual, ended) = lines(&fs::read(&capture).unwrap(), port);
        assert_eq!(ended, None, "{}", capture.display());
        assert!(!actual.is_empty(), "{}: no packets", capture.display());
        let actual = actual.join("\n") + "\n";
        if actual != expected {
            let diff = similar::TextDiff::from_lines(&expected, &actual);
            panic!(
                "{}\n{}",
                text.display(),
                diff.unified_diff().context_radius(0).header("tcpdump", "sidescope")
            );
        }
    }
}

#[test]
fn a_capture_that_breaks_off_is_printed_up_to_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let whole = fs::read(folder.join("ethernet.pcap")).unwrap();
    let (all, _) = lines(&whole, None);
    let (some, ended) = lines(&whole[..whole.len() - 3], None);
    assert_eq!(ended, Some(CaptureError::Truncated));
    assert_eq!(some, all[..all.len() - 1]);
    for (bytes, why) in [
        (&b""[..], CaptureError::NotACapture),
        (
            b"no capture at all, but long enough to be one",
            CaptureError::NotACapture,
        ),
        (&whole[..20], CaptureError::NotACapture),
    ] {
        assert_eq!(lines(bytes, None), (Vec::new(), Some(why)));
    }
    let mut hostile = whole[..24].to_vec();
    hostile.extend([0; 8]);
    hostile.extend([0xff; 8]);
    hostile.extend(&whole);
    assert_eq!(
        lines(&hostile, None),
        (Vec::new(), Some(CaptureError::Damaged(0))),
        "a length that no packet has"
    );
}

/// The head of a pcap of this link type.
fn head(link: u32) -> Vec<u8> {
    let words = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, link];
    words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect()
}

/// A packet of 40 bytes that say nothing.
fn blank() -> Vec<u8> {
    let mut bytes: Vec<u8> = [0u32, 0, 40, 40].iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend([0; 40]);
    bytes
}

#[test]
fn a_link_type_that_is_not_read_is_refused_by_its_name() {
    for (link, words) in [
        (127, "link type 127 (IEEE802_11_RADIO)"),
        (147, "link type 147,"),
        (0x4400_0069, "link type 105 (IEEE802_11)"),
    ] {
        let (lines, ended) = lines(&[head(link), blank()].concat(), None);
        let ended = ended.unwrap().to_string();
        assert!(lines.is_empty() && ended.contains(words), "{link}: {lines:?} {ended}");
    }
}

/// A block of pcapng with its least significant byte first, or last.
fn block(kind: u32, body: &[u8], big: bool) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = u32::try_from(body.len() + 12).unwrap();
    [word(kind, big), word(length, big), body, word(length, big)].concat()
}

fn word(word: u32, big: bool) -> Vec<u8> {
    let bytes = if big { word.to_be_bytes() } else { word.to_le_bytes() };
    bytes.to_vec()
}

fn section(big: bool) -> Vec<u8> {
    let version = if big { [0, 1, 0, 0] } else { [1, 0, 0, 0] };
    block(
        0x0a0d_0d0a,
        &[word(0x1a2b_3c4d, big), version.to_vec(), vec![0xff; 8]].concat(),
        big,
    )
}

/// An interface of a link type, its clock so many seconds behind.
fn interface(link: u16, behind: u8, big: bool) -> Vec<u8> {
    let pair = |a: u16, b: u16| {
        if big {
            [a.to_be_bytes(), b.to_be_bytes()]
        } else {
            [a.to_le_bytes(), b.to_le_bytes()]
        }
    };
    let mut offset = vec![0; 8];
    offset[if big { 7 } else { 0 }] = behind;
    let head = [
        pair(link, 0).concat(),
        word(0, big),
        pair(14, 8).concat(),
        offset,
        pair(0, 0).concat(),
    ];
    block(1, &head.concat(), big)
}

fn packet(interface: u32, frame: &[u8], big: bool) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap();
    let words = [interface, 0, 1_000_000, length, length].map(|number| word(number, big));
    block(6, &[words.concat(), frame.to_vec()].concat(), big)
}

#[test]
fn each_interface_of_a_capture_is_read_by_its_own_description() {
    let ip = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/raw.pcap")).unwrap();
    let ip = &ip[24 + 16..24 + 16 + 50];
    let family = [[0, 0, 0, 2].as_slice(), ip].concat();
    let capture = [
        section(false),
        interface(101, 0, false),
        interface(127, 0, false),
        packet(0, ip, false),
        packet(1, ip, false),
        packet(7, ip, false),
        section(true),
        interface(0, 7, true),
        packet(0, &family, true),
        packet(1, ip, true),
    ];
    let (lines, ended) = lines(&capture.concat(), None);
    let tcp = "IP 10.0.0.1.40000 > 10.0.0.2.9080: Flags [P.], seq";
    let expected = [
        format!("00:00:01.000000 {tcp} 1:11, ack 1, win 502, length 10"),
        "00:00:01.000000 link type 127 is not read, length 50".to_owned(),
        "00:00:01.000000 interface 7 is nowhere described, length 50".to_owned(),
        format!("00:00:08.000000 {tcp} 0:10, ack 1, win 502, length 10"),
        "00:00:01.000000 interface 1 is nowhere described, length 50".to_owned(),
    ];
    assert_eq!((lines, ended), (expected.to_vec(), None));
    let alone = [section(false), interface(127, 0, false), packet(0, ip, false)].concat();
    let (none, ended) = self::lines(&alone, None);
    assert!(none.is_empty() && ended.unwrap().to_string().contains("IEEE802_11_RADIO"));
}

/// All captures there are, with how many packets each has.
fn captures() -> Vec<(PathBuf, Vec<u8>, usize)> {
    let mut captures: Vec<_> = cases().into_iter().map(|(_, capture, _)| capture).collect();
    captures.dedup();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        let count = lines(&bytes, None).0.len();
        (path, bytes, count)
    };
    captures.into_iter().map(read).collect()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(8))]
    #[test]
    fn whatever_bytes_a_capture_has_it_ends(
        changes in proptest::collection::vec((0.0..1.0f64, proptest::num::u8::ANY), 0..12),
        cut in 0.0..1.5f64,
    ) {
        for (path, mut bytes, count) in captures() {
            let length = bytes.len();
            for (at, with) in &changes {
                bytes[place(*at, length)] = *with;
            }
            bytes.truncate(place(cut, length));
            let (all, _) = lines(&bytes, None);
            let some = lines(&bytes, Some(9080)).0.len();
            proptest::prop_assert!(all.len() <= count * 4 && some <= all.len(), "{}", path.display());
        }
    }
}

/// A place at this part of a length.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "captures are short"
)]
fn place(part: f64, length: usize) -> usize {
    ((length as f64 * part) as usize).min(length)
}
