//! Server-Sent Events (WHATWG HTML, section 9.2): the stream that Streamable HTTP answers with.
//!
//! The decoder takes bytes in any pieces and gives events; what is too long is an error and never cut off. The
//! encoder writes only what decodes to the same event again: text that would end a field is refused, so nothing
//! in a payload can begin an event of its own.
//!
//! ```
//! use interlock_wire::sse::{Decoder, Event, Limits};
//!
//! let mut stream = Vec::new();
//! Event::message(r#"{"jsonrpc":"2.0","method":"ping","id":1}"#).write(&mut stream)?;
//! let mut decoder = Decoder::new(Limits::default());
//! decoder.feed(&stream)?;
//! assert_eq!(decoder.next().map(|event| event.data), Some(br#"{"jsonrpc":"2.0","method":"ping","id":1}"#.to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decoder;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use decoder::{Decoder, Limits, SseError};

/// What a stream is sent as (WHATWG HTML, section 9.2.5).
pub const MEDIA_TYPE: &str = "text/event-stream";

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event` field; empty where there is none, which means `message`.
    pub event: String,
    /// The `id` field of this event; an empty one clears what a reconnecting client would name. What holds
    /// across events is [`Decoder::last_event_id`].
    pub id: Option<String>,
    /// How long a client waits before it reconnects, in milliseconds.
    pub retry: Option<u64>,
    /// The `data` fields, joined by LF. Bytes, because what is no UTF-8 is for the reader of the message to
    /// refuse, which knows whose answer it would have been.
    pub data: Vec<u8>,
}

/// Why an event cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// The data holds a carriage return, which would be read as the end of a line. JSON never needs one.
    #[error("a carriage return in the data of an event")]
    CarriageReturn,
    /// The data is not UTF-8, which event streams always are.
    #[error("the data of an event is not UTF-8")]
    NotUtf8,
    /// A field of one line holds the end of one, or a NUL.
    #[error("`{field}` of an event holds the end of a line or a NUL")]
    NotOneLine {
        /// The field's name.
        field: &'static str,
    },
}

impl Event {
    /// An event that carries a message and nothing else (MCP, "Streamable HTTP").
    pub fn message(data: impl Into<Vec<u8>>) -> Self {
        Self { data: data.into(), ..Self::default() }
    }

    /// What kind of event it is.
    pub fn kind(&self) -> &str {
        if self.event.is_empty() { "message" } else { &self.event }
    }

    /// Writes the event. Nothing is written of one that cannot be.
    ///
    /// # Errors
    /// [`EncodeError`] for what would be read as something else.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check()?;
        if !self.event.is_empty() {
            field("event", self.event.as_bytes(), out);
        }
        if let Some(id) = &self.id {
            field("id", id.as_bytes(), out);
        }
        if let Some(retry) = self.retry {
            field("retry", retry.to_string().as_bytes(), out);
        }
        for line in self.data.split(|byte| *byte == b'\n') {
            field("data", line, out);
        }
        out.push(b'\n');
        Ok(())
    }

    fn check(&self) -> Result<(), EncodeError> {
        if memchr::memchr(b'\r', &self.data).is_some() {
            return Err(EncodeError::CarriageReturn);
        }
        if std::str::from_utf8(&self.data).is_err() {
            return Err(EncodeError::NotUtf8);
        }
        one_line("event", &self.event)?;
        self.id.as_deref().map_or(Ok(()), |id| one_line("id", id))
    }
}

/// Writes a comment, which every reader ignores: it keeps a quiet connection open (MCP 2026-07-28, "Streamable
/// HTTP", "Receiving Messages").
///
/// # Errors
/// [`EncodeError`] for text of more than one line.
pub fn write_comment(text: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    one_line("comment", text)?;
    out.push(b':');
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\n\n");
    Ok(())
}

fn one_line(field: &'static str, text: &str) -> Result<(), EncodeError> {
    if text.contains(['\r', '\n', '\0']) { Err(EncodeError::NotOneLine { field }) } else { Ok(()) }
}

/// Always with the space that a reader takes away: the text may begin with one.
fn field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.push(b'\n');
}
