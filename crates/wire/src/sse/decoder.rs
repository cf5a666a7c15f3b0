//! WHATWG HTML, section 9.2.6, "Interpreting an event stream".

use std::collections::VecDeque;
use std::mem;

use thiserror::Error;

use super::Event;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a stream may hold at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one event's data.
    pub data: usize,
    /// Bytes of one line, its field's name included; comments and unknown fields as well.
    pub line: usize,
    /// Bytes of an event's id.
    pub id: usize,
    /// Bytes of an event's kind.
    pub event: usize,
}

impl Default for Limits {
    /// Data for one message of the size allowed by default, on one line.
    fn default() -> Self {
        let data = interlock_json::Limits::default().bytes;
        Self { data, line: data + 64, id: 1_024, event: 256 }
    }
}

/// Why a stream is read no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SseError {
    /// A line that is too long.
    #[error("a line of more than {limit} bytes in an event stream")]
    LongLine {
        /// The limit that was exceeded.
        limit: usize,
    },
    /// An event whose data is too long.
    #[error("an event with more than {limit} bytes of data")]
    LongData {
        /// The limit that was exceeded.
        limit: usize,
    },
    /// A field of an event that is too long.
    #[error("an event whose `{field}` has more than {limit} bytes")]
    LongField {
        /// The field's name.
        field: &'static str,
        /// The limit that was exceeded.
        limit: usize,
    },
    /// A field that must be text is not UTF-8.
    #[error("an event whose `{field}` is not UTF-8")]
    NotUtf8 {
        /// The field's name.
        field: &'static str,
    },
}

/// Reads events from a stream that comes in pieces.
///
/// Holds at most one event and one line of the allowed size, and the events of what was fed since they were last
/// taken. After an error it reads nothing any more: where the next event begins cannot be known.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    begun: Begun,
    /// The line that has begun.
    line: Vec<u8>,
    /// A CR ended the line before; an LF now belongs to it.
    after_return: bool,
    event: Event,
    has_data: bool,
    last_event_id: Option<String>,
    retry: Option<u64>,
    ready: VecDeque<Event>,
    failed: Option<SseError>,
}

/// How much of a byte order mark has been seen at the very beginning.
#[derive(Clone, Copy, Debug)]
enum Begun {
    Mark(usize),
    Yes,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            begun: Begun::Mark(0),
            line: Vec::new(),
            after_return: false,
            event: Event::default(),
            has_data: false,
            last_event_id: None,
            retry: None,
            ready: VecDeque::new(),
            failed: None,
        }
    }

    /// Takes what has been read. Events before an error are still given.
    ///
    /// # Errors
    /// [`SseError`] for what exceeds a limit or is not text; from then on always the same one.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let bytes = self.begin(bytes);
        let outcome = self.lines(bytes);
        self.failed = outcome.err();
        outcome
    }

    /// The next event of what has been fed.
    #[expect(clippy::should_implement_trait, reason = "more may come after `None`, unlike with an iterator")]
    pub fn next(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    /// What a client that reconnects sends as `Last-Event-ID` (WHATWG HTML, section 9.2.4): the id of the last
    /// block that had one, whether or not it was an event.
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref().filter(|id| !id.is_empty())
    }

    /// How long the server asks a client to wait before it reconnects, in milliseconds.
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// Whether an event has begun that has not ended. At the end of a stream it is lost: the specification has
    /// it discarded.
    pub fn is_inside_event(&self) -> bool {
        self.has_data || !self.line.is_empty()
    }

    /// Takes a byte order mark away at the very beginning.
    fn begin<'b>(&mut self, mut bytes: &'b [u8]) -> &'b [u8] {
        while let Begun::Mark(seen) = self.begun {
            let Some((first, rest)) = bytes.split_first() else { break };
            if BYTE_ORDER_MARK.get(seen) == Some(first) {
                bytes = rest;
                let seen = seen + 1;
                self.begun = if seen == BYTE_ORDER_MARK.len() { Begun::Yes } else { Begun::Mark(seen) };
            } else {
                // It only began like one.
                self.line.extend(BYTE_ORDER_MARK.iter().take(seen));
                self.begun = Begun::Yes;
            }
        }
        bytes
    }

    fn lines(&mut self, mut bytes: &[u8]) -> Result<(), SseError> {
        if mem::take(&mut self.after_return) {
            match bytes.split_first() {
                None => self.after_return = true,
                Some((b'\n', rest)) => bytes = rest,
                Some(_) => {}
            }
        }
        while let Some(at) = memchr::memchr2(b'\r', b'\n', bytes) {
            let (line, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
            self.extend(line)?;
            self.end_line()?;
            bytes = match rest {
                [b'\r', b'\n', rest @ ..] => rest,
                [b'\r'] => {
                    self.after_return = true;
                    &[]
                }
                [_, rest @ ..] => rest,
                [] => &[],
            };
        }
        self.extend(bytes)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        let limit = self.limits.line;
        if self.line.len().saturating_add(bytes.len()) > limit {
            self.line = Vec::new();
            return Err(SseError::LongLine { limit });
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), SseError> {
        let line = mem::take(&mut self.line);
        if line.is_empty() {
            self.dispatch();
        } else {
            self.field(&line)?;
        }
        // Small lines share their memory; that of a large one is not kept for ever.
        if line.capacity() <= 4_096 {
            self.line = line;
            self.line.clear();
        }
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), SseError> {
        let (name, value) = match memchr::memchr(b':', line).and_then(|at| line.split_at_checked(at)) {
            Some((name, rest)) => (name, rest.strip_prefix(b":").unwrap_or(rest)),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => self.data(value)?,
            b"event" => self.event.event = text("event", value, self.limits.event)?,
            // A NUL makes the field one to ignore.
            b"id" if memchr::memchr(0, value).is_none() => {
                self.event.id = Some(text("id", value, self.limits.id)?);
            }
            b"retry" => self.event.retry = milliseconds(value).or(self.event.retry),
            // A comment has no name; other names mean nothing.
            _ => {}
        }
        Ok(())
    }

    fn data(&mut self, value: &[u8]) -> Result<(), SseError> {
        let limit = self.limits.data;
        let joint = usize::from(self.has_data);
        if self.event.data.len().saturating_add(joint).saturating_add(value.len()) > limit {
            return Err(SseError::LongData { limit });
        }
        if self.has_data {
            self.event.data.push(b'\n');
        }
        self.event.data.extend_from_slice(value);
        self.has_data = true;
        Ok(())
    }

    fn dispatch(&mut self) {
        let event = mem::take(&mut self.event);
        if event.id.is_some() {
            self.last_event_id.clone_from(&event.id);
        }
        self.retry = event.retry.or(self.retry);
        if mem::take(&mut self.has_data) {
            self.ready.push_back(event);
        }
    }
}

fn text(field: &'static str, value: &[u8], limit: usize) -> Result<String, SseError> {
    if value.len() > limit {
        return Err(SseError::LongField { field, limit });
    }
    std::str::from_utf8(value).map(str::to_owned).map_err(|_| SseError::NotUtf8 { field })
}

/// ASCII digits only; everything else is ignored, and so is a number beyond all waiting.
fn milliseconds(value: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(value).ok().filter(|_| value.iter().all(u8::is_ascii_digit))?;
    digits.parse().ok()
}
