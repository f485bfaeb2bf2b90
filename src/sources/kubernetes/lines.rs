//! Splits a watch's bytes into lines, one object each, without copying a line that came whole.

use bytes::{Bytes, BytesMut};

/// An object is at most 1.5 MiB in etcd; in JSON, with managedFields, four times that is far beyond any real one.
pub(super) const LINE_BYTES: usize = 8 * 1024 * 1024;

/// A line longer than [`LINE_BYTES`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineTooLong;

/// What came and has no line end yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: BytesMut,
}

impl Lines {
    /// Takes in a chunk and gives the lines that are now whole, without their ends, empty ones left out.
    pub(super) fn push(&mut self, chunk: &Bytes) -> Result<Vec<Bytes>, LineTooLong> {
        let mut lines = Vec::new();
        let mut chunk = chunk.clone();
        while let Some(end) = memchr::memchr(b'\n', &chunk) {
            let mut line = chunk.split_to(end);
            drop(chunk.split_to(1));
            if !self.rest.is_empty() {
                self.rest.extend_from_slice(&line);
                line = self.rest.split().freeze();
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
        self.rest.extend_from_slice(&chunk);
        if self.rest.len() > LINE_BYTES {
            Err(LineTooLong)
        } else {
            Ok(lines)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_cut_gives_the_same_lines(text in "[ab\n]{0,60}", cuts in proptest::collection::vec(0usize..60, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.push(text.len());
            cuts.sort_unstable();
            let (mut lines, mut seen, mut from) = (Lines::default(), Vec::new(), 0);
            for cut in cuts {
                seen.extend(lines.push(&Bytes::copy_from_slice(&text.as_bytes()[from..cut])).unwrap());
                from = cut;
            }
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            let expected: Vec<&str> = whole.split('\n').filter(|line| !line.is_empty()).collect();
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_line_without_an_end_is_bounded() {
        let mut lines = Lines::default();
        let chunk = Bytes::from(vec![b'x'; LINE_BYTES]);
        assert_eq!(lines.push(&chunk), Ok(vec![]));
        assert_eq!(lines.push(&chunk), Err(LineTooLong));
    }
}
