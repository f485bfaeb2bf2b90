//! How a seed becomes something that nobody wrote.

use proptest::prelude::*;
use proptest::sample::Index;

/// No case is longer.
const LONGEST: usize = 256 * 1024;
/// In a short run bombs are so much shorter.
const SHORTER: usize = 16;
/// What opens a level takes its full length in every run: it is the stack that it tries.
const NESTS: &[&str] = &["[", "{\"a\":", "- ", "{a: "];
/// What repeats.
const REPEATS: &[&str] = &[
    "a: ",
    "(",
    "((a|",
    "\"",
    "\\",
    "'",
    "&a [*a,",
    "*",
    ".",
    "0",
    "9",
    "-",
    ",",
    ":",
    "/",
    "|",
    "=",
    "!",
    "%",
    "%61",
    "?",
    "\n",
    "\r\n",
    "\n---\n",
    "\t",
    " ",
    "<<: *a\n",
    "a=b,",
    "a.",
    "[a]\n",
    "a.b.c=1\n",
    "{}",
    "[],",
    "\0",
    "\u{202e}",
    "\u{301}",
    "\u{1f469}\u{200d}",
];

/// Words that have broken parsers before.
const WORDS: &[&str] = &[
    "18446744073709551616",
    "18446744073709551615",
    "-9223372036854775809",
    "4294967296",
    "65536",
    "-1",
    "-0",
    "1e999",
    "1e-999",
    "NaN",
    ".inf",
    "0x",
    "0o7",
    "1_0",
    "010",
    "٣",
    "true",
    "null",
    "~",
    "{}",
    "[]",
    "\"\"",
    "''",
    "",
    " ",
    "\0",
    "\u{1b}[2J",
    "\u{7}",
    "\r",
    "\n",
    "\r\n",
    "\t",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{202e}",
    "\u{200d}",
    "e\u{301}",
    "İ",
    "ß",
    "ﬁ",
    "🏽",
    "\\u0000",
    "\\ud800",
    "\\",
    "\"",
    "'",
    "`",
    "$",
    "%",
    "%00",
    "%zz",
    "*",
    "**",
    "?",
    "|",
    "&a ",
    "*a",
    "<<",
    "!!binary ",
    "!!float ",
    "\n---\n",
    "...",
    "..",
    "/",
    "//",
    "://",
    "../",
    ":",
    "::",
    ":0",
    "[::1]:80",
    "fe80::1%eth0",
    "1.2.3.4.5",
    "@",
    "#",
    ";",
    ",",
    "=",
    "==",
    "!=",
    "(",
    ")",
    "(?",
    "{1000}{1000}",
    "\\p{Greek}",
    "-",
    "--",
    "+",
    "9999-12-31T23:59:59Z",
    "-9999-01-01T00:00:00Z",
    "2026-02-30T25:61:61Z",
    "PT1H",
    "1h1h",
    "99999999999h",
    "__proto__",
    "istio-proxy",
    "1.31",
    "1.999999",
];

/// A change of bytes.
#[derive(Clone, Debug)]
enum Change {
    /// What stands behind a place is gone.
    Cut(Index),
    /// What stands before it is gone.
    Behead(Index),
    /// So many bytes are gone.
    Drop(Index, usize),
    /// Bits are turned.
    Flip(Index, u8),
    /// Any bytes come in.
    Insert(Index, Vec<u8>),
    /// Hostile words, this often.
    Word(Index, Index, usize),
    /// So many bytes once more, this often.
    Repeat(Index, usize, usize),
    /// From another place of another seed on.
    Splice(Index, Index, Index),
    /// So many bytes of another seed.
    Graft(Index, Index, Index, usize),
}

/// A seed and what is done to it.
#[derive(Clone, Debug)]
pub(crate) struct Mutation {
    seed: Index,
    changes: Vec<Change>,
}

/// Any mutation.
pub(crate) fn mutations() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    let few = || prop_oneof![4 => 1usize..12, 1 => 12usize..400];
    let often = || prop_oneof![6 => 1usize..4, 1 => 4usize..2000];
    let change = prop_oneof![
        1 => at().prop_map(Change::Cut),
        1 => at().prop_map(Change::Behead),
        2 => (at(), few()).prop_map(|(at, length)| Change::Drop(at, length)),
        3 => (at(), 1u8..).prop_map(|(at, bits)| Change::Flip(at, bits)),
        2 => (at(), proptest::collection::vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        5 => (at(), at(), often()).prop_map(|(at, word, times)| Change::Word(at, word, times)),
        2 => (at(), few(), often()).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        1 => (at(), at(), at()).prop_map(|(at, seed, from)| Change::Splice(at, seed, from)),
        2 => (at(), at(), at(), few()).prop_map(|(at, seed, from, length)| Change::Graft(at, seed, from, length)),
    ];
    (at(), proptest::collection::vec(change, 1..6)).prop_map(|(seed, changes)| Mutation { seed, changes })
}

impl Mutation {
    /// What becomes of one of these seeds. `words` are as likely as all others together.
    pub(crate) fn apply(&self, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
        let mut bytes = self.seed.get(seeds).clone();
        for change in &self.changes {
            change.apply(&mut bytes, seeds, words);
            bytes.truncate(LONGEST);
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
        let place = |at: &Index, length: usize| at.index(length + 1);
        let length = bytes.len();
        match self {
            Change::Cut(at) => bytes.truncate(place(at, length)),
            Change::Behead(at) => drop(bytes.drain(..place(at, length))),
            Change::Drop(at, count) => {
                let from = place(at, length);
                drop(bytes.drain(from..length.min(from + count)));
            }
            Change::Flip(at, bits) => {
                if let Some(byte) = bytes.get_mut(place(at, length)) {
                    *byte ^= bits;
                }
            }
            Change::Insert(at, more) => put(bytes, place(at, length), more),
            Change::Word(at, word, times) => {
                let nth = word.index(2 * WORDS.len());
                let word = match nth.checked_sub(WORDS.len()) {
                    Some(nth) if !words.is_empty() => words[nth % words.len()],
                    Some(nth) => WORDS[nth],
                    None => WORDS[nth],
                };
                put(bytes, place(at, length), &word.as_bytes().repeat(*times));
            }
            Change::Repeat(at, count, times) => {
                let from = place(at, length);
                let piece = bytes[from..length.min(from + count)].repeat(*times);
                put(bytes, from, &piece);
            }
            Change::Splice(at, seed, from) => {
                let other = seed.get(seeds);
                bytes.truncate(place(at, length));
                bytes.extend_from_slice(&other[place(from, other.len())..]);
            }
            Change::Graft(at, seed, from, count) => {
                let other = seed.get(seeds);
                let from = place(from, other.len());
                put(bytes, place(at, length), &other[from..other.len().min(from + count)]);
            }
        }
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, more: &[u8]) {
    let more = &more[..more.len().min(LONGEST)];
    bytes.splice(at..at, more.iter().copied());
}

/// Texts without end of one thing, so long. Those that try the stack are so in every run, the others where `is_whole`.
pub(crate) fn bombs(longest: usize, is_whole: bool) -> impl Iterator<Item = Vec<u8>> {
    let of = |text: &str, length: usize| text.as_bytes().repeat(length / text.len());
    let length = if is_whole { longest } else { longest / SHORTER };
    let bytes = [Vec::new(), vec![0xff; length], vec![b'a'; length]];
    let nests = NESTS.iter().map(move |text| of(text, longest));
    let repeats = REPEATS.iter().map(move |text| of(text, length));
    bytes.into_iter().chain(nests).chain(repeats)
}
