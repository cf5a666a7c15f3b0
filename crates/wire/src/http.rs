//! The header rules of Streamable HTTP, without any HTTP library: names and values go in, decisions come out.
//!
//! Modern requests (2026-07-28) repeat parts of their body in headers, for those who route without reading
//! bodies. The body decides; a header that says something else, says it twice or is missing is a refusal with
//! status 400 and -32020. Legacy requests name a session and the version that it negotiated.
//!
//! ```
//! use interlock_json::Limits;
//! use interlock_wire::http::{Fields, ParamHeaders, check_request, headers};
//! use interlock_wire::{Message, Version};
//!
//! let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","_meta":{
//!   "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
//! let message = Message::parse(body.to_vec(), &Limits::default())?;
//! let written = headers(&message, Version::V2026_07_28, &ParamHeaders::default())?;
//! let fields: Vec<(&str, &[u8])> = written.iter().map(|(name, value)| (&**name, value.as_bytes())).collect();
//! check_request(&message, Fields::new(&fields))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod judge;
mod media;
mod param;
mod rejection;
mod request;
mod session;
#[cfg(test)]
mod tests;
mod value;

use std::borrow::Cow;

use thiserror::Error;

pub use judge::{batch_version, version_of};
pub use media::{MediaError, check_accept, check_accept_stream, check_content};
pub use param::{ParamHeaders, SchemaError};
pub use rejection::{Rejection, status_of_answer, status_of_refusal};
pub use request::{check_request, headers};
pub use session::{MOST_EVENT_ID, MOST_SESSION_ID, event_id, session_id, session_of_stream};
pub use value::{decode, encode};

/// The version that a message is written in.
pub const PROTOCOL_VERSION: &str = "MCP-Protocol-Version";
/// The body's method.
pub const METHOD: &str = "Mcp-Method";
/// The body's `params.name` or `params.uri`.
pub const NAME: &str = "Mcp-Name";
/// What the names of headers that repeat an argument begin with.
pub const PARAM_PREFIX: &str = "Mcp-Param-";
/// The session of a legacy client.
pub const SESSION_ID: &str = "Mcp-Session-Id";
/// Where a legacy client's stream broke off.
pub const LAST_EVENT_ID: &str = "Last-Event-ID";

/// The header fields of one request, in any order, as they came: one entry a line.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'h> {
    fields: &'h [(&'h str, &'h [u8])],
}

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// It must be there.
    #[error("the header `{name}` is missing")]
    Missing {
        /// The header's name.
        name: Cow<'static, str>,
    },
    /// It is there more than once: some readers take the first, some the last.
    #[error("the header `{name}` is there more than once")]
    Duplicate {
        /// The header's name.
        name: Cow<'static, str>,
    },
    /// It holds characters that no header may hold (RFC 9110, section 5.5).
    #[error("the header `{name}` holds characters other than visible ASCII and spaces")]
    Characters {
        /// The header's name.
        name: Cow<'static, str>,
    },
    /// It is marked as base64 and is none, or not the base64 of a text.
    #[error("the header `{name}` is not the base64 that it says it is")]
    Base64 {
        /// The header's name.
        name: Cow<'static, str>,
    },
    /// It says something else than the body.
    #[error("the header `{name}` does not say what the body says")]
    Mismatch {
        /// The header's name.
        name: Cow<'static, str>,
    },
    /// The body holds nothing that it could repeat.
    #[error("the header `{name}` repeats nothing that the body holds")]
    Unexpected {
        /// The header's name.
        name: Cow<'static, str>,
    },
    /// An integer that some readers cannot hold (2026-07-28, "Streamable HTTP", "Schema Extension").
    #[error("the argument that the header `{name}` repeats is not an integer from -(2^53)+1 to 2^53-1")]
    Range {
        /// The header's name.
        name: Cow<'static, str>,
    },
}

impl<'h> Fields<'h> {
    /// The fields of a request.
    pub const fn new(fields: &'h [(&'h str, &'h [u8])]) -> Self {
        Self { fields }
    }

    /// Every value of a field; names are compared without case (RFC 9110, section 5.1).
    pub fn all(self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        self.fields.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// Whether a field is there.
    pub fn has(self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Whether a field is there that repeats an argument.
    pub fn has_params(self) -> bool {
        let repeats =
            |name: &str| name.get(..PARAM_PREFIX.len()).is_some_and(|n| n.eq_ignore_ascii_case(PARAM_PREFIX));
        self.fields.iter().any(|(name, _)| repeats(name))
    }

    /// The value of a field that may be there once, without the spaces around it.
    ///
    /// # Errors
    /// [`HeaderError`] where it is there twice, or holds what no header may hold.
    pub fn one(self, name: &str) -> Result<Option<&'h str>, HeaderError> {
        let named = || Cow::Owned(name.to_owned());
        let mut values = self.all(name);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(HeaderError::Duplicate { name: named() });
        }
        let text = std::str::from_utf8(value).ok().map(|text| text.trim_matches([' ', '\t']));
        match text {
            Some(text) if text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) => Ok(Some(text)),
            _ => Err(HeaderError::Characters { name: named() }),
        }
    }

    /// The value of a field that must be there once.
    fn needed(self, name: &'static str) -> Result<&'h str, HeaderError> {
        self.one(name)?.ok_or(HeaderError::Missing { name: name.into() })
    }
}
