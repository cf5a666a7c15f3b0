//! The identifiers of legacy sessions and of places in their streams.

use super::{Fields, HeaderError, LAST_EVENT_ID, Rejection, SESSION_ID};

/// Bytes of a session's id at most.
pub const MOST_SESSION_ID: usize = 1_024;
/// Bytes of an event's id at most.
pub const MOST_EVENT_ID: usize = 1_024;

/// The session that a request names: visible ASCII only (2025-03-26, "Session Management").
///
/// # Errors
/// [`HeaderError`] where there are two, or what there is can be no session of anybody's.
pub fn session_id<'h>(fields: Fields<'h>) -> Result<Option<&'h str>, HeaderError> {
    visible(fields, SESSION_ID, MOST_SESSION_ID)
}

/// The event after which a client wants its stream resumed (2025-03-26, "Resumability and Redelivery").
///
/// # Errors
/// [`HeaderError`] where there are two, or what there is can be no event of anybody's.
pub fn event_id<'h>(fields: Fields<'h>) -> Result<Option<&'h str>, HeaderError> {
    visible(fields, LAST_EVENT_ID, MOST_EVENT_ID)
}

/// The session of a GET or DELETE. Only sessions have those methods: 2026-07-28 has neither (405; "Streamable HTTP",
/// "Earlier Streamable HTTP Revisions").
///
/// # Errors
/// [`Rejection`] with 405 where no session is named, and 400 where what is named can be none.
pub fn session_of_stream<'h>(fields: Fields<'h>) -> Result<&'h str, Rejection> {
    let named = session_id(fields).map_err(|error| Rejection::invalid(error.to_string()))?;
    named.ok_or_else(|| Rejection {
        status: 405,
        ..Rejection::invalid("only a session is read or ended this way")
    })
}

fn visible<'h>(fields: Fields<'h>, name: &'static str, most: usize) -> Result<Option<&'h str>, HeaderError> {
    let Some(id) = fields.one(name)? else { return Ok(None) };
    if id.is_empty() || id.len() > most || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(HeaderError::Characters { name: name.into() });
    }
    Ok(Some(id))
}
