//! The headers that repeat parts of a modern request (2026-07-28, "Streamable HTTP", "Request Metadata").

use std::borrow::Cow;

use interlock_json::Value;

use super::{Fields, HeaderError, METHOD, NAME, PROTOCOL_VERSION, ParamHeaders, Rejection, decode, encode};
use crate::message::{Message, Shape};
use crate::version::{Era, Version};

/// The member of `params` that `Mcp-Name` repeats.
fn named_by(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        // The extension io.modelcontextprotocol/tasks, "Routing Headers".
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

/// Checks that the headers of a modern request say what its body says, except for those that repeat arguments
/// ([`ParamHeaders::check`]), which need the tool's definition. For notifications no headers are defined.
///
/// # Errors
/// [`Rejection`] with 400 and -32020.
pub fn check_request(message: &Message, fields: Fields<'_>) -> Result<(), Rejection> {
    let Shape::Request(request) = message.shape() else { return Ok(()) };
    // Methods are values and compared with case.
    if fields.needed(METHOD)? != request.method {
        return Err(HeaderError::Mismatch { name: METHOD.into() }.into());
    }
    let Some(member) = named_by(&request.method) else { return Ok(()) };
    // The extension wants it of clients, and does not say that a server refuses a request without.
    if member == "taskId" && !fields.has(NAME) {
        return Ok(());
    }
    let value = fields.needed(NAME)?;
    let said = decode(value).ok_or(HeaderError::Base64 { name: NAME.into() })?;
    match name(request.params, member) {
        Some(name) if name == said => Ok(()),
        _ => Err(HeaderError::Mismatch { name: NAME.into() }.into()),
    }
}

/// The headers of a message as it will be sent. They are made of the message itself, after whatever was
/// rewritten in it, so that no header can tell of an older one. `params` are those of the tool that is called.
///
/// A legacy message names its version from 2025-06-18 on, and not with `initialize`, which negotiates it
/// (2025-06-18, "Protocol Version Header").
///
/// # Errors
/// [`HeaderError::Range`] for a number that a header must not repeat.
pub fn headers(
    message: &Message,
    version: Version,
    params: &ParamHeaders,
) -> Result<Vec<(Cow<'static, str>, String)>, HeaderError> {
    let mut headers = Vec::new();
    let method = message.method();
    if version >= Version::V2025_06_18 && method.as_deref() != Some("initialize") {
        headers.push((PROTOCOL_VERSION.into(), version.as_str().to_owned()));
    }
    let (Era::Modern, Some(method)) = (version.era(), method) else { return Ok(headers) };
    headers.push((METHOD.into(), encode(&method).into_owned()));
    if let Some(name) = named_by(&method).and_then(|member| name(message.params(), member)) {
        headers.push((NAME.into(), encode(&name).into_owned()));
    }
    if method == "tools/call" {
        let arguments = message.params().and_then(|params| params.get("arguments"));
        headers.extend(params.write(arguments)?.into_iter().map(|(name, value)| (name.into(), value)));
    }
    Ok(headers)
}

fn name<'m>(params: Option<Value<'m>>, member: &str) -> Option<Cow<'m, str>> {
    params?.get(member)?.as_str()
}
