//! Media types of requests (MCP, "Streamable HTTP", "Sending Messages").

use thiserror::Error;

use super::Fields;

const JSON: &str = "application/json";
const STREAM: &str = crate::sse::MEDIA_TYPE;
const USUAL_ACCEPT: &[u8] = b"application/json, text/event-stream";

/// What a request sends, or wants to be sent, that is not the protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MediaError {
    /// 415: the body is not said to be JSON in UTF-8.
    #[error("`Content-Type` must be application/json, in UTF-8 where it says so")]
    ContentType,
    /// 415: the body is packed. What was judged would not be what was sent.
    #[error("a body with a `Content-Encoding` is not read")]
    ContentEncoding,
    /// 406: the answer may be JSON or a stream, and the client does not take both.
    #[error("`Accept` must admit {needed}")]
    Accept {
        /// What it must admit.
        needed: &'static str,
    },
}

impl MediaError {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::ContentType | Self::ContentEncoding => 415,
            Self::Accept { .. } => 406,
        }
    }
}

/// Checks what the body of a POST is said to be: exactly `application/json`, with `charset=utf-8` or without, and
/// not packed.
///
/// # Errors
/// [`MediaError`], whose status is 415.
pub fn check_content(fields: Fields<'_>) -> Result<(), MediaError> {
    let content_type = fields.one("Content-Type").ok().flatten().ok_or(MediaError::ContentType)?;
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(JSON));
    let charset = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        name.eq_ignore_ascii_case("charset") && bare.eq_ignore_ascii_case("utf-8")
    };
    let rest: Vec<&str> = parts.collect();
    if !is_json || rest.len() > 1 || !rest.iter().all(|part| charset(part)) {
        return Err(MediaError::ContentType);
    }
    let packed =
        fields.all("Content-Encoding").any(|value| !value.trim_ascii().eq_ignore_ascii_case(b"identity"));
    if packed { Err(MediaError::ContentEncoding) } else { Ok(()) }
}

/// Checks what a POST takes as an answer: JSON and a stream.
///
/// # Errors
/// [`MediaError::Accept`], whose status is 406.
pub fn check_accept(fields: Fields<'_>) -> Result<(), MediaError> {
    // As the protocol itself writes it, and so does nearly every client.
    if fields.all("Accept").eq([USUAL_ACCEPT]) {
        return Ok(());
    }
    if admits(fields, JSON) && admits(fields, STREAM) {
        return Ok(());
    }
    Err(MediaError::Accept { needed: "application/json and text/event-stream" })
}

/// Checks what a GET takes as an answer: a stream.
///
/// # Errors
/// [`MediaError::Accept`], whose status is 406.
pub fn check_accept_stream(fields: Fields<'_>) -> Result<(), MediaError> {
    if admits(fields, STREAM) { Ok(()) } else { Err(MediaError::Accept { needed: STREAM }) }
}

/// RFC 9110, section 12.5.1: of the ranges that match, the most specific one decides.
fn admits(fields: Fields<'_>, wanted: &str) -> bool {
    let mut best = (0, false);
    for value in fields.all("Accept") {
        let value = String::from_utf8_lossy(value);
        for range in value.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let specific = parts.next().map_or(0, |range| specificity(range, wanted));
            let refused = parts.any(is_zero_weight);
            if specific > best.0 {
                best = (specific, !refused);
            }
        }
    }
    best.1
}

fn specificity(range: &str, wanted: &str) -> u8 {
    let group = wanted.split('/').next().unwrap_or_default();
    match range.split_once('/') {
        _ if range.eq_ignore_ascii_case(wanted) => 3,
        Some((kind, "*")) if kind.eq_ignore_ascii_case(group) => 2,
        Some(("*", "*")) => 1,
        _ => 0,
    }
}

/// RFC 9110, section 12.4.2: a weight of 0 is a refusal.
fn is_zero_weight(part: &str) -> bool {
    let Some((name, weight)) = part.split_once('=') else { return false };
    let weight = weight.trim();
    name.trim().eq_ignore_ascii_case("q")
        && weight.starts_with('0')
        && weight.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}
