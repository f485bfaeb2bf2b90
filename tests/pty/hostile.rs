//! Text that would steer a terminal, hide, or break columns, in every place where text comes in: nothing of it reaches a
//! terminal, the clipboard, standard output or standard error.
//!
//! What a login plug-in itself writes before the screen is up is not meant: it has the terminal then, as with kubectl.

mod cluster;
mod files;
mod frames;
mod headless;
mod logs;
mod refusals;
mod scan;
mod screen;
mod tour;

/// Hostile texts: what they are, and they. Each begins with what is to be seen of it.
pub(crate) const TEXTS: &[(&str, &str)] = &[
    ("C0", "c0\x07\x08\x0b\x0c\x0e\x0f\x1a"),
    ("line breaks", "nl\nnewline\rreturn\ttab"),
    ("DEL", "del\x7f\x7f"),
    ("NUL", "nul\0"),
    ("C1", "c1\u{80}\u{84}\u{85}\u{8d}\u{98}\u{9f}"),
    ("CSI", "csi\x1b[2J\x1b[31;1m\x1b[6n\x1b[?1049l"),
    ("CSI in C1", "csi1\u{9b}2J\u{9b}31m"),
    ("OSC 52", "clip\x1b]52;c;ZXZpbA==\x07"),
    ("OSC 8", "link\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\"),
    ("title", "title\x1b]0;owned\x07"),
    ("title in C1", "title1\u{9d}0;owned\u{9c}"),
    ("DCS", "dcs\x1bP+q544e\x1b\\"),
    ("DCS in C1", "dcs1\u{90}+q544e\u{9c}"),
    ("APC, PM, SOS", "apc\x1b_x\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\"),
    ("keyboard and charset", "esc\x1b>\x1b=\x1b(0\x1bc"),
    ("overrides", "bidi\u{202e}txt\u{202a}\u{202b}\u{202c}\u{202d}"),
    ("isolates", "iso\u{2066}a\u{2067}b\u{2068}c\u{2069}"),
    ("marks", "mark\u{200e}\u{200f}\u{61c}"),
    ("zero width", "zero\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}"),
    ("separators", "sep\u{2028}\u{2029}\u{85}"),
    (
        "combining pile",
        "pile\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{489}\u{489}\u{489}\u{489}",
    ),
    ("tags and selectors", "tag\u{e0041}\u{e007f}\u{fe0f}\u{e0100}"),
    ("CJK", "日本語の名前"),
    ("emoji family", "fam👩\u{200d}👩\u{200d}👧\u{200d}👦"),
    ("tones and flags", "tone👍🏽🇩🇪☀\u{fe0f}1\u{fe0f}\u{20e3}"),
    ("ligatures", "lig\u{644}\u{627}ꓸꓼ"),
    ("shell", "sh$(id)`id`;id|id'\"&"),
    ("very long", include_str!("hostile/long.txt")),
];

/// A short beginning, then a hostile text that is always the same for it.
pub(crate) fn poisoned(text: &str) -> String {
    let sum = text
        .bytes()
        .fold(7_usize, |sum, byte| sum * 31 % 65_521 + usize::from(byte));
    format!("{text}{}", TEXTS[sum % TEXTS.len()].1)
}

/// All of them in one.
pub(crate) fn all() -> String {
    TEXTS.iter().map(|(_, text)| *text).collect()
}
