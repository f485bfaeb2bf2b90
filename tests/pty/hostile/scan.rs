//! What came to a terminal, taken apart: text, and the sequences that are the program's own. Anything else fails.

use regex::Regex;

/// All sequences that the program sends, and what for.
const OURS: &[(&str, &str)] = &[
    (r"^\[\d+;\d+H$", "the cursor moves"),
    (r"^\[[0-9;]*m$", "a style"),
    (r"^\[2J$", "a terminal of which nothing is known is cleared"),
    (r"^\[\?(25|1049)[hl]$", "cursor and alternate screen"),
    (r"^\[\?2004[hl]$", "bracketed paste"),
    (r"^\[\?2026[hl]$", "a synchronized update"),
    (r"^\[\?(1000|1006)[hl]$", "the mouse, where asked for"),
    (r"^\[[<>]1u$", "unambiguous keys"),
    (r"^\]52;c;[A-Za-z0-9+/=]*$", "the clipboard"),
];

/// What nobody sees, or what turns text around; told apart here anew, not by the program's own table.
const UNSEEN: &[(char, char)] = &[
    ('\0', '\u{1f}'),
    ('\u{7f}', '\u{9f}'),
    ('\u{300}', '\u{36f}'),
    ('\u{483}', '\u{489}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{20d0}', '\u{20f0}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{1f1e6}', '\u{1f1ff}'),
    ('\u{1f3fb}', '\u{1f3ff}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// What came, without what is the program's own.
pub(crate) struct Seen {
    pub(crate) text: String,
    /// What was put into the clipboard, decoded, in order.
    pub(crate) copied: Vec<String>,
}

/// The first character of a text that is not to be seen, with what is around it.
pub(crate) fn unseen(text: &str, allowed: &[char]) -> Option<String> {
    let is_unseen = |c: char| UNSEEN.iter().any(|(first, last)| (*first..=*last).contains(&c)) && !allowed.contains(&c);
    let (at, _) = text.char_indices().find(|(_, c)| is_unseen(*c))?;
    let around = text.char_indices().skip_while(|(other, _)| other + 60 < at).take(90);
    Some(around.map(|(_, c)| c).collect::<String>()).map(|around| format!("{around:?}"))
}

/// Fails unless these lines, as headless commands print them, hold nothing but what is seen.
#[track_caller]
pub(crate) fn assert_lines(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: no UTF-8: {error}"));
    // tones of skin break columns alone: JSON, which has none, leaves them
    let tones: Vec<char> = if text.starts_with('{') {
        ('\u{1f3fb}'..='\u{1f3ff}').collect()
    } else {
        Vec::new()
    };
    if let Some(around) = unseen(text, &[&tones[..], &['\n']].concat()) {
        panic!("{what}: {around}");
    }
}

/// Takes apart what came to a terminal; fails at the first thing that is not ours.
#[track_caller]
pub(crate) fn take_apart(what: &str, bytes: &[u8]) -> Seen {
    let ours: Vec<Regex> = OURS.iter().map(|(pattern, _)| Regex::new(pattern).unwrap()).collect();
    let all = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: no UTF-8: {error}"));
    let mut seen = Seen {
        text: String::new(),
        copied: Vec::new(),
    };
    let mut pieces = all.split('\x1b');
    seen.text.push_str(pieces.next().unwrap_or_default());
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        if piece.starts_with(']') {
            // a string of the clipboard ends with ESC \
            assert!(
                ours.iter().any(|one| one.is_match(piece)),
                "{what}: a foreign string {piece:?}"
            );
            seen.copied.push(decoded(piece.rsplit(';').next().unwrap()));
            let end = pieces.next().unwrap_or_default();
            let rest = end
                .strip_prefix('\\')
                .unwrap_or_else(|| panic!("{what}: {piece:?} ends with {end:?}"));
            seen.text.push_str(rest);
            continue;
        }
        let is_final = |c: char| ('@'..='~').contains(&c) && c != '[';
        let end = piece
            .find(is_final)
            .unwrap_or_else(|| panic!("{what}: no end of {piece:?}"))
            + 1;
        let (sequence, rest) = piece.split_at(end);
        assert!(
            ours.iter().any(|one| one.is_match(sequence)),
            "{what}: a foreign sequence {piece:?}"
        );
        seen.text.push_str(rest);
    }
    // the line discipline of the terminal itself makes \r\n of the lines before and after the screen
    if let Some(around) = unseen(&seen.text.replace("\r\n", "\n"), &['\n']) {
        panic!("{what}: {around}");
    }
    seen
}

fn decoded(base64: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in base64.bytes().filter(|digit| *digit != b'=') {
        let value = DIGITS.iter().position(|one| *one == digit).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_foreign_sequence_is_found() {
    assert_eq!(decoded("MTAuMC4wLjE="), "10.0.0.1");
    let seen = take_apart("ours", b"\x1b[?2026h\x1b[1;2Ha\x1b]52;c;YQ==\x1b\\b\x1b[?2026l");
    assert_eq!((seen.text.as_str(), seen.copied), ("ab", vec!["a".to_owned()]));
    for foreign in [
        "\x1b]0;owned\x07",
        "\x1b[6n",
        "\x1bPq\x1b\\",
        "\x1bc",
        "a\u{9b}2J",
        "\u{202e}",
        "\x07",
        "e\u{301}",
    ] {
        let found = std::panic::catch_unwind(|| take_apart("foreign", foreign.as_bytes()));
        assert!(found.is_err(), "{foreign:?}");
    }
}
