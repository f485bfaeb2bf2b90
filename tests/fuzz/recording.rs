//! Recordings.

use std::io::Cursor;

use sidescope::sources::recording::Recording;

use crate::Target;
use crate::invariants::Outcome;

/// A recording, played from its beginning and from its end.
pub(crate) const RECORDING: Target = Target {
    seeds: &["tests/recording/format-1.recording"],
    words: &[
        "sidescope recording 1\n",
        "\"kinds\":[\"pods\"]",
        "\"started\":\"",
        "\"zone\":\"Europe/Vienna\"",
        "\x01\0\0\0",
        "\x02",
        "\x7f",
    ],
    longest: crate::FILE,
    read: |bytes| {
        let mut recording = match Recording::open(Cursor::new(bytes)) {
            Ok(recording) => recording,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        assert!(recording.begins() <= recording.ends() && recording.damaged() <= bytes.len() as u64);
        let (mut deltas, mut said, mut last) = (0, Vec::new(), recording.begins());
        loop {
            match recording.next_frame() {
                Ok(Some(frame)) => {
                    assert!(last <= frame.at && frame.at <= recording.ends(), "time goes forwards");
                    last = frame.at;
                    deltas += frame.deltas.len();
                }
                Ok(None) => break,
                Err(error) => {
                    said.push(error.to_string());
                    break;
                }
            }
        }
        if let Err(error) = recording.known_at(recording.ends()) {
            said.push(error.to_string());
        }
        Outcome::Read(deltas, said)
    },
};
