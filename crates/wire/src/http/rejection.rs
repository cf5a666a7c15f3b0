//! What a refused request is answered, and the status that goes with every error.

use std::fmt::Write as _;

use interlock_json::canonical::write_str;
use thiserror::Error;

use super::{HeaderError, MediaError};
use crate::id::RequestId;
use crate::refusal::{INVALID_REQUEST, PARSE_ERROR, Refusal};
use crate::reply;
use crate::version::{Era, Version};

/// JSON-RPC: no such method.
const METHOD_NOT_FOUND: i64 = -32_601;
/// 2026-07-28, `HeaderMismatch`.
const HEADER_MISMATCH: i64 = -32_020;
/// 2026-07-28, `MissingRequiredClientCapability`.
const MISSING_CAPABILITY: i64 = -32_021;
/// 2026-07-28, `UnsupportedProtocolVersion`.
const UNSUPPORTED_VERSION: i64 = -32_022;

/// Why a request is refused, and how.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Rejection {
    /// The HTTP status.
    pub status: u16,
    /// The JSON-RPC error code.
    pub code: i64,
    /// In words.
    pub reason: String,
    /// `error.data` as JSON.
    pub data: Option<String>,
}

impl Rejection {
    /// The version that a request names is not spoken here: 400 and -32022 with those that are (2026-07-28,
    /// "Versioning", "Protocol Version Negotiation").
    pub fn unsupported_version(requested: &str, supported: &[Version]) -> Self {
        let mut data = String::from("{\"supported\":[");
        for (index, version) in supported.iter().enumerate() {
            let _ = write!(data, "{}\"{version}\"", if index == 0 { "" } else { "," });
        }
        data.push_str("],\"requested\":");
        write_str(requested, &mut data);
        data.push('}');
        let reason = "the protocol version is not spoken here".to_owned();
        Self { status: 400, code: UNSUPPORTED_VERSION, reason, data: Some(data) }
    }

    /// The method of a modern request is not known: 404 and -32601 (2026-07-28, "Streamable HTTP", "Protocol
    /// Version Header"). A legacy request is answered with 200.
    pub fn unknown_method(method: &str, era: Era) -> Self {
        let method: String = method.chars().take(256).collect();
        let status = if era == Era::Modern { 404 } else { 200 };
        let reason = format!("`{method}` is not a method that is known here");
        Self { status, code: METHOD_NOT_FOUND, reason, data: None }
    }

    /// The client did not declare what the request needs: 400 and -32021 (2026-07-28, "Per-request protocol
    /// fields"). `required` is the JSON of the missing capabilities.
    pub fn missing_capability(required: &str) -> Self {
        let reason = "the request needs a capability that the client did not declare".to_owned();
        let data = Some(format!("{{\"requiredCapabilities\":{required}}}"));
        Self { status: 400, code: MISSING_CAPABILITY, reason, data }
    }

    /// A legacy request that must name its session, and does not: 400 (2025-03-26, "Session Management").
    pub fn no_session() -> Self {
        Self::invalid("the header `Mcp-Session-Id` is missing")
    }

    /// The session is not there any more, or never was the asker's: 404, after which a client begins a new one
    /// (2025-03-26, "Session Management").
    pub fn unknown_session() -> Self {
        Self { status: 404, ..Self::invalid("there is no such session") }
    }

    /// A request that is none of its version: 400 and -32600.
    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self { status: 400, code: INVALID_REQUEST, reason: reason.into(), data: None }
    }

    /// The error to answer with. Without an id it has none (2026-07-28, "Streamable HTTP", "Sending Messages").
    pub fn body(&self, id: Option<&RequestId>) -> String {
        if let Some(id) = id {
            return reply::error(id, self.code, &self.reason, self.data.as_deref());
        }
        let with_null = reply::error("null", self.code, &self.reason, self.data.as_deref());
        with_null.replacen("\"id\":null,", "", 1)
    }
}

impl From<HeaderError> for Rejection {
    fn from(error: HeaderError) -> Self {
        Self { status: 400, code: HEADER_MISMATCH, reason: error.to_string(), data: None }
    }
}

impl From<MediaError> for Rejection {
    fn from(error: MediaError) -> Self {
        Self { status: error.status(), ..Self::invalid(error.to_string()) }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        let status = status_of_refusal(&refusal);
        Self { status, code: refusal.code, reason: refusal.to_string(), data: None }
    }
}

/// The status of a message that could not be read, or is none: 413 for one that is too large (RFC 9110, section
/// 15.5.14), otherwise 400.
pub fn status_of_refusal(refusal: &Refusal) -> u16 {
    use crate::refusal::RefusalKind::{Json, LongLine};
    use interlock_json::ScanErrorKind::TooLarge;
    match &refusal.kind {
        LongLine { .. } => 413,
        Json(error) if matches!(error.kind, TooLarge { .. }) => 413,
        _ => 400,
    }
}

/// The status of an answer with this error code (`None`: a result) whose stream has not begun.
///
/// Legacy answers are 200. Of modern ones the specification gives a status to -32601 (404) and to its own codes
/// and messages that are none (400). Errors of a method itself, such as an unknown tool, stay 200: to a client of
/// both eras a 400 without a modern code says that the server is a legacy one.
pub fn status_of_answer(code: Option<i64>, era: Era) -> u16 {
    match (era, code) {
        (Era::Legacy, _) | (Era::Modern, None) => 200,
        (Era::Modern, Some(METHOD_NOT_FOUND)) => 404,
        (Era::Modern, Some(code)) => match code {
            HEADER_MISMATCH | MISSING_CAPABILITY | UNSUPPORTED_VERSION | PARSE_ERROR | INVALID_REQUEST => 400,
            _ => 200,
        },
    }
}
