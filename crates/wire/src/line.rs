//! Messages as lines: one message a line, LF only (MCP, "stdio").

use std::collections::VecDeque;
use std::mem;

/// Cuts a stream of bytes into lines.
///
/// Holds at most one line of the allowed length and what was fed since the lines were last taken. A longer
/// line is reported once, as soon as it is too long, and skipped up to its LF, however far that is.
#[derive(Debug)]
pub struct LineDecoder {
    max_bytes: usize,
    /// The line that has begun; empty while skipping.
    partial: Vec<u8>,
    skipping: bool,
    ready: VecDeque<Line>,
}

/// How much is kept of a line that is too long.
pub const HEAD: usize = 1_024;

/// What [`LineDecoder`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A line without its LF.
    Complete(Vec<u8>),
    /// A line longer than allowed; its bytes are gone.
    TooLong {
        /// How many bytes of it had come, and were dropped, when it was found too long.
        bytes_dropped_so_far: usize,
        /// Its first bytes, at most [`HEAD`], for finding out whose answer it would have been.
        head: Vec<u8>,
    },
}

impl LineDecoder {
    /// A decoder of lines of at most `max_bytes`, not counting the LF.
    pub const fn new(max_bytes: usize) -> Self {
        Self { max_bytes, partial: Vec::new(), skipping: false, ready: VecDeque::new() }
    }

    /// Takes what has been read.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
            self.extend(line);
            self.end_line();
            bytes = rest.split_first().map_or(&[], |(_, rest)| rest);
        }
        self.extend(bytes);
    }

    /// The next line of what has been fed.
    #[expect(clippy::should_implement_trait, reason = "more may come after `None`, unlike with an iterator")]
    pub fn next(&mut self) -> Option<Line> {
        self.ready.pop_front()
    }

    /// Whether [`next`](Self::next) has a line.
    pub fn has_next(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The last line, where the stream ended without an LF. What is ready comes first, by [`next`](Self::next).
    pub fn finish(&mut self) -> Option<Line> {
        self.skipping = false;
        let line = mem::take(&mut self.partial);
        (!line.is_empty()).then_some(Line::Complete(line))
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.skipping {
            return;
        }
        let length = self.partial.len() + bytes.len();
        if length > self.max_bytes {
            self.skipping = true;
            let mut head = mem::take(&mut self.partial);
            head.extend(bytes.iter().take(HEAD.saturating_sub(head.len())));
            head.truncate(HEAD);
            head.shrink_to_fit();
            self.ready.push_back(Line::TooLong { bytes_dropped_so_far: length, head });
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self) {
        if !mem::take(&mut self.skipping) {
            self.ready.push_back(Line::Complete(mem::take(&mut self.partial)));
        }
    }
}

#[cfg(test)]
mod tests;
