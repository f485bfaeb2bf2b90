//! The header blocks of SPDY: names and values, deflated as one stream against a dictionary known to both sides.
//!
//! What is sent is deflated without compression, so it needs no dictionary; what is received needs it.

use std::collections::BTreeMap;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// The window of deflate.
const WINDOW: usize = 32 * 1024;
/// Bytes that one block of headers may come to.
const MOST_BYTES: usize = 64 * 1024;
/// A zlib header that names its dictionary: two bytes, then the dictionary's checksum.
const ZLIB_HEADER: usize = 6;

/// The headers of one stream, by lower-case name.
pub(super) type Headers = BTreeMap<String, String>;

/// The receiving side of a connection's headers.
pub(super) struct Inflater {
    state: Box<DecompressorOxide>,
    window: Vec<u8>,
    at: usize,
    /// Bytes of the zlib header still to come.
    header: usize,
}

/// The sending side of a connection's headers.
#[derive(Default)]
pub(super) struct Deflater {
    started: bool,
}

impl Inflater {
    pub(super) fn new() -> Self {
        let dictionary = dictionary();
        let mut window = vec![0; WINDOW];
        if let Some(start) = window.get_mut(..dictionary.len()) {
            start.copy_from_slice(&dictionary);
        }
        Self {
            state: Box::default(),
            window,
            at: dictionary.len(),
            header: ZLIB_HEADER,
        }
    }

    /// Reads one block; none if it makes no sense, after which the connection is of no use.
    pub(super) fn read(&mut self, block: &[u8]) -> Option<Headers> {
        parse(&self.inflate(block)?)
    }

    fn inflate(&mut self, block: &[u8]) -> Option<Vec<u8>> {
        let skipped = self.header.min(block.len());
        self.header -= skipped;
        let mut input = block.get(skipped..)?;
        let mut output = Vec::new();
        loop {
            let (status, read, written) = decompress(
                &mut self.state,
                input,
                &mut self.window,
                self.at,
                TINFL_FLAG_HAS_MORE_INPUT,
            );
            output.extend_from_slice(self.window.get(self.at..self.at + written)?);
            self.at = (self.at + written) % WINDOW;
            input = input.get(read..)?;
            if output.len() > MOST_BYTES {
                return None;
            }
            if status == TINFLStatus::NeedsMoreInput {
                return Some(output);
            }
            if status != TINFLStatus::HasMoreOutput {
                return None;
            }
        }
    }
}

impl Deflater {
    /// Writes one block.
    pub(super) fn write(&mut self, headers: &Headers) -> Vec<u8> {
        let mut plain = count(headers.len());
        for text in headers.iter().flat_map(|(name, value)| [name, value]) {
            plain.extend(count(text.len()));
            plain.extend_from_slice(text.as_bytes());
        }
        let mut block = Vec::new();
        if !std::mem::replace(&mut self.started, true) {
            block.extend([0x78, 0x01]);
        }
        // stored blocks: one byte of type, the length and its complement
        for piece in plain.chunks(usize::from(u16::MAX)) {
            let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
            block.push(0);
            block.extend(length.to_le_bytes());
            block.extend((!length).to_le_bytes());
            block.extend_from_slice(piece);
        }
        // an empty one: Go's reader hands out what it has read only then
        block.extend([0, 0, 0, 0xff, 0xff]);
        block
    }
}

fn count(number: usize) -> Vec<u8> {
    u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes().to_vec()
}

fn parse(plain: &[u8]) -> Option<Headers> {
    let mut rest = plain;
    let mut headers = Headers::new();
    for _ in 0..number(&mut rest)? {
        let (name, value) = (text(&mut rest)?, text(&mut rest)?);
        headers.insert(name.to_lowercase(), value);
    }
    Some(headers)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_at_checked(4)?;
    *rest = tail;
    Some(u32::from_be_bytes(head.try_into().ok()?))
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(String::from_utf8_lossy(head).into_owned())
}

/// The dictionary of SPDY/3: words with their lengths, then a text.
fn dictionary() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1423);
    for word in WORDS {
        bytes.extend(count(word.len()));
        bytes.extend_from_slice(word.as_bytes());
    }
    bytes.extend_from_slice(TAIL.as_bytes());
    bytes
}

const WORDS: [&str; 65] = [
    "options",
    "head",
    "post",
    "put",
    "delete",
    "trace",
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "connection",
    "content-base",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "retry-after",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "method",
    "get",
    "status",
    "200 OK",
    "version",
    "HTTP/1.1",
    "url",
    "public",
    "set-cookie",
    "keep-alive",
    "origin",
];
const TAIL: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_the_one_of_the_protocol() {
        let (mut a, mut b) = (1_u32, 0_u32);
        for byte in dictionary() {
            a = (a + u32::from(byte)) % 65_521;
            b = (b + a) % 65_521;
        }
        assert_eq!(b << 16 | a, 0xe3c6_a7c2);
    }

    #[test]
    fn what_is_written_is_read() {
        let headers = Headers::from([
            ("port".to_owned(), "15000".to_owned()),
            ("streamtype".to_owned(), "data".to_owned()),
        ]);
        let mut out = Deflater::default();
        let (first, second) = (out.write(&headers), out.write(&Headers::new()));
        let mut inflater = Inflater::new();
        // the sender's header names no dictionary, so it has two bytes only
        inflater.header = 2;
        assert_eq!(inflater.read(&first), Some(headers));
        assert_eq!(inflater.read(&second), Some(Headers::new()));
    }

    #[test]
    fn blocks_that_zlib_deflated_against_the_dictionary_are_read() {
        let bytes = |hex: &str| -> Vec<u8> {
            let digits: Vec<char> = hex.chars().collect();
            digits
                .chunks(2)
                .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
                .collect()
        };
        let first = "78f9e3c6a7c202256f703a2b294a4dcc851625aca9a0808614cb45a024cc6a088c0e032083b308128f99a0f4cd68809a92919227000000ffff";
        let second = "c26a2ca8844aa4c45400000000ffff";
        let headers = |kind: &str| {
            let pairs = [
                ("streamtype", kind),
                ("port", "15000"),
                ("requestid", "0"),
                ("version", "keep-alive"),
            ];
            Headers::from(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())))
        };
        let mut inflater = Inflater::new();
        assert_eq!(inflater.read(&bytes(first)), Some(headers("error")));
        assert_eq!(inflater.read(&bytes(second)), Some(headers("data")));
    }
}
