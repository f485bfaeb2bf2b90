//! Options of a TCP header, as tcpdump prints them between brackets.
//!
//! tcpdump: `tcp_print` and `print_tcp_fastopen_option` of `print-tcp.c`. It ends in one of two ways where too little was
//! captured: `ND_TCHECK_LEN` (before the data of an option) closes what it has opened, `GET_` (elsewhere) does not.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use super::mptcp;

/// Names of TCP options, by their kinds.
const OPTIONS: &[(u8, &str)] = &[
    (0, "eol"),
    (1, "nop"),
    (2, "mss"),
    (3, "wscale"),
    (4, "sackOK"),
    (5, "sack"),
    (6, "echo"),
    (7, "echoreply"),
    (8, "TS"),
    (11, "cc"),
    (12, "ccnew"),
    (13, ""),
    (19, "md5"),
    (20, "scps"),
    (28, "uto"),
    (29, "tcp-ao"),
    (30, "mptcp"),
    (34, "tfo"),
    (254, "exp"),
];

/// TCP Fast Open, as the experiment that it was (RFC 6994).
const FAST_OPEN: u16 = 0xf989;
/// Bytes of an MD5 signature.
const SIGNATURE: usize = 16;

/// Options that are printed.
pub(super) struct Options<'s> {
    /// What was captured of them and behind them.
    pub(super) bytes: &'s [u8],
    /// How many are left by the header's word.
    pub(super) left: usize,
    /// What sequence numbers of the other end are relative to.
    pub(super) base: u32,
    /// Those of the segment.
    pub(super) flags: u8,
    /// Whether all of the segment's payload was captured.
    pub(super) is_whole: bool,
    /// What is said to be cut if too little was captured; Multipath TCP's printer leaves its own name there.
    pub(super) layer: &'static str,
}

/// Why printing of options ends before their end.
enum Stop {
    /// Of an option's data no more was captured.
    Lacks,
    /// Of what stands before it no more was captured.
    Cut,
    /// They contradict themselves.
    Bad,
}

impl Options<'_> {
    /// Prints them up to the bracket; breaks where the line ends with them.
    pub(super) fn print(&mut self, line: &mut String) -> ControlFlow<()> {
        let mut separator = "";
        while self.left > 0 {
            line.push_str(separator);
            let is_first = separator.is_empty();
            match self.option(line) {
                Ok(0) => break,
                Ok(_) => separator = ",",
                Err(stop) => {
                    let _ = match stop {
                        Stop::Cut => write!(line, " [|{}]", self.layer),
                        Stop::Lacks => write!(line, " [|{}]{}", self.layer, if is_first { "" } else { ">" }),
                        Stop::Bad => write!(line, "[bad opt]{}", if is_first { "" } else { "]" }),
                    };
                    return ControlFlow::Break(());
                }
            }
        }
        line.push(']');
        ControlFlow::Continue(())
    }

    /// Prints the next one; its kind.
    fn option(&mut self, line: &mut String) -> Result<u8, Stop> {
        let kind = self.byte()?;
        let has_length = !matches!(kind, 0 | 1);
        let stated = if has_length { usize::from(self.byte()?) } else { 1 };
        // a length that the option states holds its two first bytes too
        if has_length && (stated < 2 || stated > self.left) {
            return Err(Stop::Bad);
        }
        let own = if has_length { 2 } else { 1 };
        self.left -= own;
        match OPTIONS.iter().find(|(known, _)| *known == kind) {
            Some((_, name)) => line.push_str(name),
            None => {
                let _ = write!(line, "unknown-{kind}");
            }
        }
        let used = self.data(line, kind, stated.saturating_sub(2))?;
        self.bytes = self.bytes.get(used..).unwrap_or_default();
        self.left -= used;
        if used + own != stated {
            let _ = write!(line, "[len {stated}]");
        }
        Ok(kind)
    }

    /// Takes a byte.
    fn byte(&mut self) -> Result<u8, Stop> {
        let (byte, rest) = self.bytes.split_first().ok_or(Stop::Cut)?;
        self.bytes = rest;
        Ok(*byte)
    }

    /// Looks at so many bytes from a place on.
    fn look(&self, from: usize, length: usize) -> Result<&[u8], Stop> {
        if from + length > self.left {
            return Err(Stop::Bad);
        }
        self.bytes.get(from..from + length).ok_or(Stop::Lacks)
    }

    fn short(&self) -> Result<u16, Stop> {
        let bytes = self.look(0, 2)?.first_chunk().ok_or(Stop::Lacks)?;
        Ok(u16::from_be_bytes(*bytes))
    }

    fn number(&self, from: usize) -> Result<u32, Stop> {
        let bytes = self.look(from, 4)?.first_chunk().ok_or(Stop::Lacks)?;
        Ok(u32::from_be_bytes(*bytes))
    }

    /// Prints what an option of so many bytes holds; how many of them that took.
    fn data(&mut self, line: &mut String, kind: u8, stated: usize) -> Result<usize, Stop> {
        match kind {
            0 | 1 | 4 => return Ok(0),
            2 => {
                let _ = write!(line, " {}", self.short()?);
                return Ok(2);
            }
            3 => {
                let scale = self.look(0, 1)?.first().copied().unwrap_or_default();
                let _ = write!(line, " {scale}");
                return Ok(1);
            }
            5 => self.ranges(line, stated)?,
            6 | 7 | 11 | 12 | 13 => {
                let _ = write!(line, " {}", self.number(0)?);
                return Ok(4);
            }
            8 => {
                self.look(0, 8)?;
                let _ = write!(line, " val {} ecr {}", self.number(0)?, self.number(4)?);
                return Ok(8);
            }
            19 => return self.signature(line),
            20 => {
                let [cap, id] = self.short()?.to_be_bytes();
                let _ = write!(line, " cap {cap:02x} id {id}");
                return Ok(2);
            }
            28 => {
                let timeout = self.short()?;
                // minutes where the first bit says so, which stands last here
                let seconds = u32::from(timeout >> 1) * if timeout & 1 == 0 { 1 } else { 60 };
                let _ = write!(line, " 0x{timeout:x} {seconds}");
                return Ok(2);
            }
            29 => self.authentication(line, stated)?,
            30 => {
                self.look(0, stated)?;
                self.layer = "mptcp";
                let content = self.bytes.get(..stated).unwrap_or_default();
                mptcp::print(line, content, self.flags).ok_or(Stop::Bad)?;
            }
            34 => {
                let cookie = self.look(0, stated)?;
                line.push(' ');
                fast_open(line, cookie);
            }
            254 => {
                let content = self.look(0, stated)?;
                let (magic, cookie) = content.split_first_chunk().ok_or(Stop::Bad)?;
                match u16::from_be_bytes(*magic) {
                    FAST_OPEN => {
                        line.push_str("-tfo");
                        fast_open(line, cookie);
                    }
                    magic => {
                        let _ = write!(line, "-{magic:04x}");
                    }
                }
            }
            _ => {
                if stated > 0 {
                    line.push_str(" 0x");
                }
                self.bytes_from(line, 0, stated)?;
            }
        }
        Ok(stated)
    }

    /// Prints bytes of an option up to its end, one by one: as many as there are.
    fn bytes_from(&self, line: &mut String, from: usize, end: usize) -> Result<(), Stop> {
        for at in from..end {
            hex(line, self.look(at, 1)?);
        }
        Ok(())
    }

    /// Of selective acknowledgements.
    fn ranges(&self, line: &mut String, stated: usize) -> Result<(), Stop> {
        if !stated.is_multiple_of(8) {
            line.push_str(" invalid sack");
            return Ok(());
        }
        let _ = write!(line, " {} ", stated / 8);
        for at in (0..stated).step_by(8) {
            let (from, to) = (self.number(at)?, self.number(at + 4)?);
            let (from, to) = (from.wrapping_sub(self.base), to.wrapping_sub(self.base));
            let _ = write!(line, "{{{from}:{to}}}");
        }
        Ok(())
    }

    /// As tcpdump does without the secret.
    fn signature(&self, line: &mut String) -> Result<usize, Stop> {
        let signature = self.look(0, SIGNATURE)?;
        let why = if self.is_whole {
            "shared secret not supplied with -M"
        } else {
            "snaplen too short"
        };
        let _ = write!(line, " {why}, can't check - ");
        hex(line, signature);
        Ok(SIGNATURE)
    }

    /// RFC 5925.
    fn authentication(&self, line: &mut String, stated: usize) -> Result<(), Stop> {
        if stated < 2 {
            line.push_str(" (invalid)");
            return Ok(());
        }
        for (at, name) in [" keyid ", " rnextkeyid "].into_iter().enumerate() {
            let id = self.look(at, 1)?.first().copied().unwrap_or_default();
            let _ = write!(line, "{name}{id}");
        }
        if stated > 2 {
            line.push_str(" mac 0x");
        }
        self.bytes_from(line, 2, stated)
    }
}

/// RFC 7413.
fn fast_open(line: &mut String, cookie: &[u8]) {
    match cookie.len() {
        0 => line.push_str(" cookiereq"),
        4 | 6 | 8 | 10 | 12 | 14 | 16 => {
            line.push_str(" cookie ");
            hex(line, cookie);
        }
        _ => line.push_str(" (invalid)"),
    }
}

fn hex(line: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(line, "{byte:02x}");
    }
}
