//! Headers between the HTTP library and the protocol's rules.

use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};
use interlock_wire::http::{self, HeaderError, ParamHeaders};
use interlock_wire::{Message, Version};

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
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

/// What a message says in headers, too; `params` are those of the tool that it calls.
///
/// # Errors
/// Where a header must not say it.
pub(super) fn of_message(
    message: &Message,
    version: Version,
    params: &ParamHeaders,
) -> Result<HeaderMap, HeaderError> {
    let mut map = HeaderMap::new();
    for (name, value) in http::headers(message, version, params)? {
        let name: Option<HeaderName> = name.parse().ok();
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            map.insert(name, value);
        }
    }
    Ok(map)
}
