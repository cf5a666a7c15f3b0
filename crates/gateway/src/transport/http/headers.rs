//! The headers of Streamable HTTP.

use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};
use interlock_wire::{Era, Message, Version};

use super::entry::only;
use super::refused::HttpRefused;

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

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

/// What a message says in headers, too (2026-07-28, "Streamable HTTP", "Standard MCP Headers").
pub(super) fn of_message(message: &Message, version: Version) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if version.era() == Era::Legacy {
        return headers;
    }
    let Some(method) = message.method() else { return headers };
    let named = match &*method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        _ => None,
    };
    let name = named.and_then(|key| message.params()?.get(key)?.as_str());
    for (header, text) in [(METHOD, Some(method)), (NAME, name)] {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(header, value);
        }
    }
    headers
}

/// Whether the headers of a modern request say what its body says. The body decides; a header that disagrees was
/// meant to mislead somebody on the way (2026-07-28, "Server Validation").
pub(super) fn agree(message: &Message, named: Option<&str>, headers: &HeaderMap) -> Result<(), HttpRefused> {
    let wrong = |name: &HeaderName| {
        HttpRefused::mismatch(format!("the header `{name}` is missing or does not say what the body says"))
    };
    let meta = message.params().and_then(|params| params.get("_meta"));
    let version = meta.and_then(|meta| meta.get("io.modelcontextprotocol/protocolVersion")?.as_str());
    if named != version.as_deref() {
        return Err(wrong(&PROTOCOL_VERSION));
    }
    for (name, expected) in of_message(message, Version::V2026_07_28) {
        let Some(name) = name else { continue };
        if only(headers, &name)? != expected.to_str().ok() {
            return Err(wrong(&name));
        }
    }
    Ok(())
}
