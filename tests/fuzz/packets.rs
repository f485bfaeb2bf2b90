//! Captures.

use jiff::tz::TimeZone;
use sidescope::app::view::tcpdump::Printer;
use sidescope::sources::packets::Capture;

use crate::Target;
use crate::invariants::Outcome;

/// A pcap or pcapng stream, to the lines that are printed of it.
pub(crate) const CAPTURE: Target = Target {
    seeds: &["tests/captures/*.pcap", "tests/captures/*.pcapng"],
    words: &[
        "\u{a}\r\r\n",
        "M<+\u{1a}",
        "\x01\0\0\0",
        "\x06\0\0\0",
        "\x03\0\0\0",
        "E\0\0\u{14}",
        "\x08\0E\0",
        "\x7f\x7f\x7f\x7f",
        "\0\0\0\0",
    ],
    longest: crate::FILE,
    read: |bytes| {
        let capture = match Capture::open(bytes) {
            Ok(capture) => capture,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let zone = TimeZone::UTC;
        let mut printer = Printer::new(&zone, |index| (index == 1).then(|| "lo".to_owned()));
        let (mut size, mut said) = (0, Vec::new());
        for packet in capture {
            match packet {
                Ok(packet) => {
                    let line = printer.line(&packet);
                    assert!(!line.contains(char::is_control), "{line:?}");
                    size += line.len();
                }
                Err(error) => said.push(error.to_string()),
            }
        }
        assert!(said.len() <= 1, "it ends once");
        Outcome::Read(size, said)
    },
};
