//! Options of a TCP header, as tcpdump's `print-tcp.c` prints them between brackets.

use std::fmt::Write as _;

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

/// Options that are printed.
pub(super) struct Options<'s> {
    /// What was captured of them and behind them.
    pub(super) bytes: &'s [u8],
    /// How many are left by the header's word.
    pub(super) left: usize,
    /// What sequence numbers of the other end are relative to.
    pub(super) base: u32,
}

/// Why printing of options ends before their end.
pub(super) enum Stop {
    /// No more was captured.
    Cut,
    /// They contradict themselves.
    Bad,
}

impl Options<'_> {
    pub(super) fn print(&mut self, line: &mut String) -> Result<(), Stop> {
        let mut separator = "";
        while self.left > 0 {
            line.push_str(separator);
            separator = ",";
            let kind = self.byte()?;
            let has_length = !matches!(kind, 0 | 1);
            let stated = if has_length { usize::from(self.byte()?) } else { 1 };
            // a length that the option states holds its two first bytes too
            if has_length && (stated < 2 || stated > self.left) {
                return Err(Stop::Bad);
            }
            self.left -= if has_length { 2 } else { 1 };
            match OPTIONS.iter().find(|(known, _)| *known == kind) {
                Some((_, name)) => line.push_str(name),
                None => {
                    let _ = write!(line, "unknown-{kind}");
                }
            }
            let used = self.data(line, kind, stated.saturating_sub(2))?;
            self.bytes = self.bytes.get(used..).unwrap_or_default();
            self.left -= used;
            if used + if has_length { 2 } else { 1 } != stated {
                let _ = write!(line, "[len {stated}]");
            }
            if kind == 0 {
                break;
            }
        }
        Ok(())
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
        self.bytes.get(from..from + length).ok_or(Stop::Cut)
    }

    fn number(&self, from: usize) -> Result<u32, Stop> {
        let bytes = self.look(from, 4)?.first_chunk().ok_or(Stop::Cut)?;
        Ok(u32::from_be_bytes(*bytes))
    }

    /// Prints what an option of so many bytes holds; how many of them that took.
    fn data(&self, line: &mut String, kind: u8, stated: usize) -> Result<usize, Stop> {
        match kind {
            0 | 1 | 4 => return Ok(0),
            2 => {
                let bytes = self.look(0, 2)?.first_chunk().ok_or(Stop::Cut)?;
                let _ = write!(line, " {}", u16::from_be_bytes(*bytes));
                return Ok(2);
            }
            3 => {
                let scale = self.look(0, 1)?.first().copied().unwrap_or_default();
                let _ = write!(line, " {scale}");
                return Ok(1);
            }
            5 if !stated.is_multiple_of(8) => line.push_str(" invalid sack"),
            5 => {
                let _ = write!(line, " {} ", stated / 8);
                for at in (0..stated).step_by(8) {
                    let (from, to) = (self.number(at)?, self.number(at + 4)?);
                    let (from, to) = (from.wrapping_sub(self.base), to.wrapping_sub(self.base));
                    let _ = write!(line, "{{{from}:{to}}}");
                }
            }
            6 | 7 | 11 | 12 | 13 => {
                let _ = write!(line, " {}", self.number(0)?);
                return Ok(4);
            }
            8 => {
                self.look(0, 8)?;
                let _ = write!(line, " val {} ecr {}", self.number(0)?, self.number(4)?);
                return Ok(8);
            }
            34 if stated == 0 => line.push_str("  cookiereq"),
            34 => {
                let cookie = self.look(0, stated)?;
                let _ = write!(line, "  cookie {}", hex(cookie));
            }
            _ => {
                let bytes = self.look(0, stated)?;
                if !bytes.is_empty() {
                    let _ = write!(line, " 0x{}", hex(bytes));
                }
            }
        }
        Ok(stated)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
