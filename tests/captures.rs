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

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
    #[test]
    fn whatever_bytes_a_capture_has_it_ends(at in 24usize..6_000, with: [u8; 4], cut in 0usize..6_000) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
        for name in ["ethernet.pcap", "cooked2.pcap", "odd.pcap", "section.pcapng"] {
            let mut bytes = fs::read(folder.join(name)).unwrap();
            let count = lines(&bytes, None).0.len();
            if let Some(place) = bytes.get_mut(at..at + 4) {
                place.copy_from_slice(&with);
            }
            bytes.truncate(cut.max(24));
            proptest::prop_assert!(lines(&bytes, None).0.len() <= count * 4);
        }
    }
}
