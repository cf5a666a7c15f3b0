use std::fmt;

use interlock_json::{ScanError, ScanErrorKind};
use thiserror::Error;

use crate::id::RequestId;
use crate::likely::{Likely, likely};
use crate::reply;

/// JSON-RPC 2.0 section 5.1: the text is not JSON.
pub(crate) const PARSE_ERROR: i64 = -32700;
/// JSON-RPC 2.0 section 5.1: the JSON is not a message.
pub(crate) const INVALID_REQUEST: i64 = -32600;
/// JSON-RPC 2.0 section 5.1: the params are not the method's.
pub(crate) const INVALID_PARAMS: i64 = -32602;

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct Refusal {
    /// What is wrong.
    pub kind: RefusalKind,
    /// The JSON-RPC error code: -32700, -32600 or -32602.
    pub code: i64,
    /// Whom to answer: the id of the refused request, where it is certain. Never that of a response.
    pub id: Option<RequestId>,
    /// The message's method, cut off after 256 characters, where it is certain.
    pub method: Option<String>,
    /// Where the refused message was certainly a response: the request it was to answer, which will get no
    /// better answer.
    pub response_to: Option<RequestId>,
    /// Where the text could not be read at all: the request it probably was to answer. Only for failing that
    /// request, never for more.
    pub likely_response_to: Option<RequestId>,
}

/// What can be wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RefusalKind {
    /// Not a JSON text that every reader understands alike.
    #[error(transparent)]
    Json(#[from] ScanError),
    /// A line too long to be kept.
    #[error("a line of more than {limit} bytes")]
    LongLine {
        /// The limit that was exceeded.
        limit: usize,
    },
    /// A line that some readers would take for two.
    #[error("a line holds a carriage return")]
    CarriageReturn,
    /// Neither an object nor, where there are batches, an array.
    #[error("a message must be an object")]
    NotAnObject,
    /// An array in a protocol version other than 2025-03-26.
    #[error("batches exist only in protocol version 2025-03-26")]
    Batch,
    /// An array without messages (JSON-RPC 2.0 section 6).
    #[error("a batch must hold a message")]
    EmptyBatch,
    /// An array of too many messages.
    #[error("a batch holds at most {limit} messages")]
    LongBatch {
        /// The limit that was exceeded.
        limit: usize,
    },
    /// `initialize` in a batch (MCP 2025-03-26, "Lifecycle": it must not be part of one).
    #[error("`initialize` must not be part of a batch")]
    InitializeInBatch,
    /// `jsonrpc` is missing or not the string `2.0`.
    #[error("`jsonrpc` must be \"2.0\"")]
    Jsonrpc,
    /// A key that is the protocol's for readers who ignore case.
    #[error("`{key}` in {place} is not `{of}`, but could be taken for it")]
    CaseVariant {
        /// Where the key stands.
        place: Place,
        /// The key.
        key: Box<str>,
        /// The protocol's key.
        of: &'static str,
    },
    /// The id is neither a string nor an integer.
    #[error("`id` must be a string or an integer")]
    InvalidId,
    /// A method that must be answered came as a notification, or a result without an id.
    #[error("`id` is missing")]
    MissingId,
    /// A notification came with an id.
    #[error("a notification has no `id`")]
    UnexpectedId,
    /// `method` is not a string.
    #[error("`method` must be a string")]
    InvalidMethod,
    /// No `method`, no `result`, no `error`.
    #[error("a message needs a `method`, a `result` or an `error`")]
    NoMethod,
    /// More than one of `method`, `result` and `error`.
    #[error("a message has one of `method`, `result` and `error`")]
    Ambiguous,
    /// `result` is not an object (MCP, "Responses").
    #[error("`result` must be an object")]
    InvalidResult,
    /// `error` is not an object with an integer `code` and a string `message`.
    #[error("`error` must have an integer `code` and a string `message`")]
    InvalidError,
    /// `params` is not an object (MCP allows no positional ones).
    #[error("`params` must be an object")]
    InvalidParams,
    /// `_meta` beside `params`, where MCP knows none and servers of payments look for it.
    #[error("`_meta` belongs in `params`")]
    MisplacedMeta,
    /// A member of `params` or `_meta` that the method needs is missing.
    #[error("`{key}` is missing in {place}")]
    MissingMember {
        /// Where the member belongs.
        place: Place,
        /// The member's key.
        key: &'static str,
    },
    /// A member of `params`, `result` or `_meta` has the wrong type.
    #[error("`{key}` in {place} must be {expected}")]
    InvalidMember {
        /// Where the member stands.
        place: Place,
        /// The member's key.
        key: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

/// An object of the protocol inside a message.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The message itself.
    Message,
    /// `params`
    Params,
    /// `_meta` of `params` or `result`.
    Meta,
    /// `ref` of `params`
    Reference,
    /// `notifications` of `params`
    Notifications,
    /// One of `inputRequests`, or its `params`.
    InputRequest,
    /// `result`
    Result,
    /// `error`
    Error,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "the message",
            Self::Params => "`params`",
            Self::Meta => "`_meta`",
            Self::Reference => "`ref`",
            Self::Notifications => "`notifications`",
            Self::InputRequest => "`inputRequests`",
            Self::Result => "`result`",
            Self::Error => "`error`",
        })
    }
}

impl RefusalKind {
    /// The JSON-RPC error code.
    pub const fn code(&self) -> i64 {
        match self {
            Self::Json(error) => match error.kind {
                // JSON by its grammar, but not a message that can be judged.
                ScanErrorKind::DuplicateKey { .. }
                | ScanErrorKind::TooDeep { .. }
                | ScanErrorKind::TooLarge { .. }
                | ScanErrorKind::LoneSurrogate => INVALID_REQUEST,
                _ => PARSE_ERROR,
            },
            Self::InvalidParams | Self::MissingMember { .. } | Self::InvalidMember { .. } => INVALID_PARAMS,
            _ => INVALID_REQUEST,
        }
    }
}

impl Refusal {
    /// A refusal of a message of which nothing is certain.
    pub fn new(kind: RefusalKind) -> Self {
        Self { code: kind.code(), kind, id: None, method: None, response_to: None, likely_response_to: None }
    }

    /// A refusal of a line of more than `limit` bytes, by its head.
    pub fn of_long_line(head: &[u8], limit: usize) -> Self {
        let refusal = Self::new(RefusalKind::LongLine { limit });
        match likely(head) {
            Likely::Call(id) => Self { id, ..refusal },
            Likely::Response(id) => Self { likely_response_to: Some(id), ..refusal },
            Likely::Unknown => refusal,
        }
    }

    /// The error to answer with, as a line without its end; `None` where it is not certain whom to answer.
    pub fn answer(&self) -> Option<String> {
        let id = self.id.as_ref()?;
        Some(reply::error(id, self.code, &self.to_string(), None))
    }
}
