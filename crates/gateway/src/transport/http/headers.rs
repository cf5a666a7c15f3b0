//! Headers between the HTTP library and the protocol's rules.

use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};
use interlock_wire::http::{self, HeaderError, ParamHeaders};
use interlock_wire::{Message, Version};

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Whether the gateway itself says what this header holds.
pub(super) fn is_reserved(name: &HeaderName) -> bool {
    const OWN: [HeaderName; 9] = [
        header::HOST,
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
        header::ACCEPT,
        header::ACCEPT_ENCODING,
        header::UPGRADE,
        header::TE,
    ];
    OWN.contains(name) || name.as_str().starts_with("mcp-") || *name == LAST_EVENT_ID
}

/// The header lines of a request, as the protocol's rules read them.
pub(super) fn lines(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// Adds what a message says in headers, too; `params` are those of the tool that it calls.
///
/// # Errors
/// Where a header must not say it.
pub(super) fn add_of_message(
    message: &Message,
    version: Version,
    params: &ParamHeaders,
    headers: &mut HeaderMap,
) -> Result<(), HeaderError> {
    for (name, value) in http::headers(message, version, params)? {
        let name = known(&name).or_else(|| name.parse().ok());
        if let (Some(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    Ok(())
}

/// The headers of nearly every message, which need not be read.
fn known(name: &str) -> Option<HeaderName> {
    match name {
        http::PROTOCOL_VERSION => Some(PROTOCOL_VERSION),
        http::METHOD => Some(METHOD),
        http::NAME => Some(NAME),
        _ => None,
    }
}
